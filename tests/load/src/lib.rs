//! Load: many calls through the bridge, and what they cost.
//!
//! A fake Asterisk ([`asterisk_sim`]) with a telephone for each call and a minimal model live in this process; the
//! bridge runs in a child process, so that its processor time and memory can be read from the system. All sound is
//! coded ([`sound`]): every frame says whose it is, which it is and when it was sent, so nothing that is lost, mixed
//! up, changed or late goes unnoticed. What is measured and how is in `docs/benchmarks.md`.

pub mod board;
pub mod bridge_side;
pub mod control;
pub mod histogram;
pub mod model;
pub mod phone;
pub mod process;
pub mod report;
pub mod run;
pub mod sound;
