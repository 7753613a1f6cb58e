//! The telephone side of a call: one trait that a call is heard through, and Asterisk behind it.

pub mod ari;
pub mod ari_event;
mod asterisk;
pub mod dial;
pub mod leg;
mod media;
pub mod rtp;
