//! Variables and the map they are read from.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use domain::Secret;

/// One configuration variable, as documented in `docs/config.md`.
#[derive(Clone, Copy, Debug)]
pub struct Variable {
    /// Its name in the environment.
    pub name: &'static str,
    /// What it is, one sentence.
    pub what: &'static str,
    /// What its value must be, completing "NAME must be ...".
    pub must: &'static str,
    /// The value when it is not set; `None` when whoever needs it requires it.
    pub default: Option<&'static str>,
}

/// A missing or bad value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    variable: &'static str,
    must: &'static str,
    missing: bool,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.missing { "is not set; it" } else { "has a wrong value; it" };
        write!(f, "{} {state} must be {}. See docs/config.md.", self.variable, self.must)
    }
}

impl std::error::Error for ConfigError {}

/// The variables a program was started with. An empty value counts as not set, since templates
/// and shells cannot unset what they pass on.
#[derive(Clone, Default)]
pub struct Env(BTreeMap<String, String>);

impl Env {
    /// Those of this process. Called in `main` only.
    pub fn of_process() -> Self {
        std::env::vars().collect()
    }

    /// The value, trimmed, or the default.
    pub fn get(&self, variable: &Variable) -> Option<&str> {
        self.set(variable).or(variable.default)
    }

    /// The value only if it was set.
    pub fn set(&self, variable: &Variable) -> Option<&str> {
        self.0.get(variable.name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    /// The value or an error that it is missing.
    pub fn required(&self, variable: &Variable) -> Result<&str, ConfigError> {
        self.get(variable).ok_or(ConfigError { variable: variable.name, must: variable.must, missing: true })
    }

    /// The value as a secret.
    pub fn secret(&self, variable: &Variable) -> Result<Secret, ConfigError> {
        self.required(variable).map(|value| Secret::new(value.to_owned()))
    }

    /// The parsed value.
    pub fn parse<T: FromStr>(&self, variable: &Variable) -> Result<T, ConfigError> {
        self.required(variable)?.parse().map_err(|_| wrong(variable))
    }

    /// The parsed value, if there is one.
    pub fn parse_optional<T: FromStr>(&self, variable: &Variable) -> Result<Option<T>, ConfigError> {
        self.get(variable).map(|_| self.parse(variable)).transpose()
    }

    /// The parsed value, which must also satisfy `good`.
    pub fn parse_where<T: FromStr>(&self, variable: &Variable, good: impl Fn(&T) -> bool) -> Result<T, ConfigError> {
        self.parse(variable).and_then(|value| if good(&value) { Ok(value) } else { Err(wrong(variable)) })
    }

    /// Sets a variable, for programs that start others and for tests.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    /// Whether a variable of this name was set.
    pub fn has(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|value| !value.trim().is_empty())
    }
}

/// The error that a value is not what it must be.
pub(crate) fn wrong(variable: &Variable) -> ConfigError {
    ConfigError { variable: variable.name, must: variable.must, missing: false }
}

impl FromIterator<(String, String)> for Env {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(pairs: I) -> Self {
        Self(pairs.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PORT: Variable =
        Variable { name: "PORT", what: "A port.", must: "a port number from 1 to 65535", default: Some("8080") };

    #[test]
    fn an_error_names_the_variable_and_what_it_must_be_but_not_the_value() {
        let error = Env::default().with("PORT", "s3cret").parse::<u16>(&PORT).unwrap_err().to_string();
        assert_eq!(error, "PORT has a wrong value; it must be a port number from 1 to 65535. See docs/config.md.");
        let required = Variable { default: None, ..PORT };
        let error = Env::default().parse::<u16>(&required).unwrap_err().to_string();
        assert!(error.starts_with("PORT is not set; it must be a port number"), "{error}");
    }

    #[test]
    fn an_empty_value_is_not_set() {
        assert_eq!(Env::default().with("PORT", "  ").parse::<u16>(&PORT), Ok(8080));
    }

    #[test]
    fn a_condition_refuses_what_parses() {
        assert!(Env::default().with("PORT", "0").parse_where(&PORT, |port: &u16| *port > 0).is_err());
    }
}
