//! Secrets: passwords, keys, tokens.

use std::fmt;

use serde::Deserialize;

/// A value that must not be seen: it prints as `[secret]` and is compared, stored or sent only
/// through [`Secret::expose`]. It can be read from a request but never written to a response.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct Secret<T = String>(T);

impl<T> Secret<T> {
    /// Wraps a secret.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The secret itself.
    pub const fn expose(&self) -> &T {
        &self.0
    }
}

impl<T> From<T> for Secret<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

#[cfg(test)]
mod tests {
    use crate::{Phi, Secret};

    #[test]
    fn neither_patient_data_nor_secrets_can_be_printed() {
        let printed = format!("{:?} {} {:?}", Phi::new("Ada"), Phi::new("Ada"), Secret::new("hunter2"));
        assert_eq!(printed, "[redacted] [redacted] [secret]");
    }
}
