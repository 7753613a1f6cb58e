//! `/v1/sso`.

pub(crate) mod login;
pub(crate) mod nonce;
pub(crate) mod verify;
