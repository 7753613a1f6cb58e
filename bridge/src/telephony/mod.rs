//! The telephone side of a call: one trait that a call is heard through, and Asterisk behind it.

pub mod adopt;
pub mod ari;
pub mod ari_event;
mod ari_listener;
mod ari_rest;
mod asterisk;
pub mod dial;
pub mod leg;
pub mod media;
pub mod rtp;
mod rtp_media;
pub mod switchboard;
mod websocket;
pub mod websocket_message;
mod websocket_playout;
