//! Mail.

use domain::Email;
use url::Url;

use crate::env::{ConfigError, Env, Variable};
use crate::{Stage, Web};

const FROM: Variable = Variable {
    name: "MAIL_FROM",
    what: "Sender of every mail; its domain or address must be an identity verified in SES.",
    must: "an e-mail address",
    default: None,
};
pub(crate) const VARIABLES: &[Variable] = &[FROM];

/// Mail.
#[derive(Clone, Debug)]
pub struct Mail {
    /// `MAIL_FROM`, required.
    pub from: Email,
    /// `APP_URL`, default the local address: links point to it.
    pub app_url: Url,
}

impl Mail {
    /// Reads the section; `None` on a developer's machine or in a test where `MAIL_FROM` is not set.
    pub fn from_env_or_none(env: &Env) -> Result<Option<Self>, ConfigError> {
        let local = Stage::from_env(env)? == Stage::Local;
        if local && env.set(&FROM).is_none() { Ok(None) } else { Self::from_env(env).map(Some) }
    }

    /// Reads the section.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        Ok(Self { from: env.parse(&FROM)?, app_url: Web::from_env(env)?.app_url })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_developers_machine_may_do_without_mail() {
        assert!(Mail::from_env_or_none(&Env::default()).unwrap().is_none());
        let error = Mail::from_env_or_none(&Env::default().with("STAGE", "prod")).unwrap_err().to_string();
        assert!(error.starts_with("MAIL_FROM is not set"), "{error}");
        let env = Env::default().with("MAIL_FROM", "bianca@demo.example");
        assert_eq!(Mail::from_env_or_none(&env).unwrap().unwrap().from.as_str(), "bianca@demo.example");
    }
}
