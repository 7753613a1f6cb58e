//! Signing in with accounts of others: Google, Microsoft.
//!
//! Whoever they are, the provider's signed word says it, for a nonce of ours that is good once.
//! What a client writes beside it (an address, a name, an id) is never looked at.

mod link;
mod login;
mod nonce;
mod password;
mod prove;
mod register;

pub(crate) use link::linking;
pub use login::{Steps, login};
pub use nonce::nonce;
pub use password::set_password;
pub use prove::{Shown, verify};
