//! The core of a call in virtual time: one binary, because linking is what takes long.

#![expect(clippy::unwrap_used, reason = "a panic in a test is its failure")]
#![expect(clippy::print_stdout, reason = "figures that are worth seeing")]

mod barge_in;
mod common;
mod drain;
mod echo;
mod emergency;
mod greeting;
mod hold;
mod keys;
mod last_words;
mod latency;
mod life;
mod line;
mod machine;
mod mute;
mod observer;
mod opinion;
mod recovery;
mod recycle;
mod robustness;
mod setbacks;
mod slow;
mod steer;
mod tools;
mod transcript;
mod transfer;
mod whose;
