//! The real clock and real chance.

use domain::{Clock, Random};
use jiff::Timestamp;
use rand::TryRng as _;
use rand::rngs::SysRng;

/// The clock of this machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// The operating system's random source.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) {
        SysRng.try_fill_bytes(bytes).expect("a machine without a random source must not sign or sign in");
    }
}
