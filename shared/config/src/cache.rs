//! Where hot reads are kept: ElastiCache, Redis protocol.

use domain::Secret;

use crate::env::{ConfigError, Env, Variable, wrong};

const URL: Variable = Variable {
    name: "CACHE_URL",
    what: "Address of the cache; when it is not set, the endpoint is looked up by `CACHE_NAME`.",
    must: "redis://host:port or rediss://host:port",
    default: None,
};
const NAME: Variable = Variable {
    name: "CACHE_NAME",
    what: "Name of the ElastiCache replication group whose primary endpoint is used, over TLS.",
    must: "the name of an ElastiCache replication group, unless CACHE_URL is set",
    default: None,
};

const USER: Variable = Variable {
    name: "CACHE_USER",
    what: "User of the cache whose password is made from the IAM role of the process, for CACHE_NAME; without it nobody signs in.",
    must: "the name of an ElastiCache user with IAM authentication",
    default: None,
};

pub(crate) const VARIABLES: &[Variable] = &[URL, NAME, USER];

/// Where hot reads are kept.
#[derive(Clone, Debug)]
pub enum Cache {
    /// `CACHE_URL`: at this address. It may hold a password.
    Url(Secret),
    /// `CACHE_NAME`: the replication group of this name; its address is asked for on first use.
    Named {
        /// The group.
        name: String,
        /// `CACHE_USER`: who signs in, with a password that the role of the process makes.
        user: Option<String>,
    },
}

impl Cache {
    /// Reads the section; one of the two variables is required.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        match env.set(&URL) {
            Some(url) if url.starts_with("redis://") || url.starts_with("rediss://") => {
                Ok(Self::Url(Secret::new(url.to_owned())))
            }
            Some(_) => Err(wrong(&URL)),
            None => Ok(Self::Named { name: env.required(&NAME)?.to_owned(), user: env.set(&USER).map(str::to_owned) }),
        }
    }
}
