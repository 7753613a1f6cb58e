//! The simulator as its clients meet it: over a real WebSocket and real HTTP. One file per behaviour.

mod call;
mod client;
mod conversation;
mod entry;
mod faults;
mod formats;
mod inspect;
mod interruption;
mod languages;
mod responses;
mod session;
mod strictness;
mod text;
mod turns;
