//! Protected health information: a wrapper that prints as redacted.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Patient data. `Debug` and `Display` say `[redacted]`, so that neither a log line nor an error
/// message can carry it; reading it is an explicit [`Phi::reveal`].
#[derive(Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Phi<T>(T);

impl<T> Phi<T> {
    /// Wraps patient data.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The data itself, for whoever may see it.
    pub const fn reveal(&self) -> &T {
        &self.0
    }

    /// The data itself, by value.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> From<T> for Phi<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl From<&str> for Phi<String> {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl<T> fmt::Debug for Phi<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl<T> fmt::Display for Phi<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}
