//! Where hot reads are kept: ElastiCache, Redis protocol.

use domain::Secret;
use url::Url;

use crate::env::{ConfigError, Env, Variable, wrong};

const ADDRESS: Variable = Variable {
    name: "CACHE_URL",
    what: "Address of the cache; when it is not set, the endpoint is looked up by `CACHE_NAME`.",
    must: "redis://host:port or rediss://host:port; with CACHE_USER the latter, without a password",
    default: None,
};
const NAME: Variable = Variable {
    name: "CACHE_NAME",
    what: "Name of the ElastiCache replication group: without CACHE_URL its primary endpoint is used, over TLS; with CACHE_USER passwords are made for it.",
    must: "the name of an ElastiCache replication group, unless CACHE_URL is set without CACHE_USER",
    default: None,
};

const USER: Variable = Variable {
    name: "CACHE_USER",
    what: "User of the cache whose password is made from the IAM role of the process; without it nobody signs in, or who CACHE_URL says.",
    must: "the name of an ElastiCache user with IAM authentication",
    default: None,
};

pub(crate) const VARIABLES: &[Variable] = &[ADDRESS, NAME, USER];

/// Where hot reads are kept.
#[derive(Clone, Debug)]
pub enum Cache {
    /// `CACHE_URL`: at this address. It may hold a password.
    Url(Secret),
    /// `CACHE_NAME`: the replication group of this name.
    Named {
        /// The group.
        name: String,
        /// `CACHE_URL`: its address, always over TLS; asked for on first use when it is not known.
        url: Option<Url>,
        /// `CACHE_USER`: who signs in, with a password that the role of the process makes.
        user: Option<String>,
    },
}

impl Cache {
    /// Reads the section; one of the first two variables is required.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        let name = || env.required(&NAME).map(str::to_owned);
        let user = env.set(&USER).map(str::to_owned);
        match (env.set(&ADDRESS), user) {
            (None, user) => Ok(Self::Named { name: name()?, url: None, user }),
            (Some(url), None) if url.starts_with("redis://") || url.starts_with("rediss://") => {
                Ok(Self::Url(Secret::new(url.to_owned())))
            }
            // A password that is made for TLS must not travel without it, nor beside another one.
            (Some(_), user @ Some(_)) => {
                let plain = |url: &Url| {
                    url.scheme() == "rediss" && url.has_host() && url.username().is_empty() && url.password().is_none()
                };
                Ok(Self::Named { name: name()?, url: Some(env.parse_where(&ADDRESS, plain)?), user })
            }
            (Some(_), None) => Err(wrong(&ADDRESS)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use test_case::test_case;

    fn read(url: &str, name: &str, user: &str) -> Result<Cache, String> {
        let env = Env::default().with("CACHE_URL", url).with("CACHE_NAME", name).with("CACHE_USER", user);
        Cache::from_env(&env).map_err(|error| error.to_string())
    }

    #[test]
    fn an_address_alone_is_used_as_it_is() {
        let Ok(Cache::Url(url)) = read("redis://:secret@127.0.0.1:6379", "bianca", "") else { panic!("an address") };
        assert_eq!(url.expose(), "redis://:secret@127.0.0.1:6379");
    }

    #[test]
    fn a_user_signs_in_at_a_known_address_or_at_one_that_is_looked_up() {
        let Ok(Cache::Named { name, url, user }) = read("rediss://cache.example:6379", "group", "user") else {
            panic!("a group with its address")
        };
        let address = url.unwrap().to_string();
        assert_eq!(
            (name.as_str(), address.as_str(), user.as_deref()),
            ("group", "rediss://cache.example:6379", Some("user"))
        );
        assert!(matches!(read("", "group", "user"), Ok(Cache::Named { url: None, user: Some(_), .. })));
        assert!(matches!(read("", "group", ""), Ok(Cache::Named { url: None, user: None, .. })));
    }

    #[test_case("", "", "" => "CACHE_NAME is not set"; "nothing")]
    #[test_case("http://127.0.0.1", "", "" => "CACHE_URL has a wrong value"; "another scheme")]
    #[test_case("rediss://cache.example:6379", "", "user" => "CACHE_NAME is not set"; "a user of no group")]
    #[test_case("redis://cache.example:6379", "group", "user" => "CACHE_URL has a wrong value"; "a user in the clear")]
    #[test_case("rediss://:secret@cache.example:6379", "group", "user" => "CACHE_URL has a wrong value"; "two passwords")]
    fn what_cannot_be_meant_stops_the_program(url: &str, name: &str, user: &str) -> String {
        read(url, name, user).unwrap_err().split(';').next().unwrap().to_owned()
    }
}
