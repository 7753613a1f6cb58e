//! Sound as plain data: nothing in here waits, reads a clock or touches a socket.

pub mod answer;
pub mod comfort;
pub mod drift;
pub mod echo;
pub mod frame;
pub mod g711;
pub mod jitter;
pub mod pacer;
pub mod queue;
pub mod resample;
pub mod tone;
pub mod voice;
