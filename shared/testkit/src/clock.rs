//! A clock that tests can turn.

use std::sync::{Arc, Mutex};

use domain::Clock;
use jiff::{SignedDuration, Timestamp};

/// A clock that stands still until it is turned.
#[derive(Clone)]
pub struct TestClock(Arc<Mutex<Timestamp>>);

impl TestClock {
    /// Begins at the present: databases remove what is long past.
    pub fn starting_now() -> Self {
        let millis = Timestamp::now().as_millisecond();
        Self(Arc::new(Mutex::new(Timestamp::from_millisecond(millis).unwrap())))
    }

    /// Turns it forward.
    pub fn advance(&self, by: SignedDuration) {
        *self.0.lock().unwrap() += by;
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}
