//! The simulator as its clients meet it: over a real WebSocket and real HTTP. One file per behaviour.

mod call;
mod client;
mod context;
mod conversation;
mod entry;
mod faults;
mod forced;
mod formats;
mod inspect;
mod interruption;
mod languages;
mod races;
mod responses;
mod session;
mod slow;
mod strictness;
mod text;
mod timing;
mod turns;
