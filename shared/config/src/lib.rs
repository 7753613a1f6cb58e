//! Configuration: one file per concern, read once at start from a map of variables.
//!
//! A missing or bad value is a [`ConfigError`] that names the variable and what it must be;
//! [`or_exit`] prints it on one line and stops the program with exit code 2. Every variable is a
//! [`Variable`] constant beside the field it fills; `docs/config.md` is generated from them.

mod asterisk;
mod auth;
mod aws;
mod bridge;
mod cache;
mod database;
mod email;
mod env;
mod limits;
mod markdown;
mod openai;
mod pictures;
mod sso;
mod stage;
mod web;

pub use asterisk::{Asterisk, Codec, DialString, Media};
pub use auth::{AuditKeys, Auth, DataKeys, NamedKey};
pub use aws::{Aws, Live, Queues, Tables};
pub use bridge::{Bridge, Recordings};
pub use cache::Cache;
pub use database::Database;
pub use domain::calls::Prices;
pub use email::Mail;
pub use env::{ConfigError, Env, Variable};
pub use limits::Limits;
pub use markdown::markdown;
pub use openai::{Realtime, Text};
pub use pictures::Pictures;
pub use sso::{Sso, SsoProvider};
pub use stage::{Stage, log_filter};
pub use web::Web;

/// The value, or the end of the program: one line on standard error and exit code 2, which tells
/// an operator (and ECS) that trying again without a change is of no use.
pub fn or_exit<T>(result: Result<T, ConfigError>) -> T {
    result.unwrap_or_else(|error| {
        #[expect(clippy::print_stderr, reason = "logging is configured later than this can fail")]
        {
            eprintln!("{error}");
        }
        std::process::exit(2)
    })
}

/// The sections of `docs/config.md`, in the order they are shown.
pub const SECTIONS: &[(&str, &[Variable])] = &[
    ("General", stage::VARIABLES),
    ("Database", database::VARIABLES),
    ("Cache", cache::VARIABLES),
    ("AWS", aws::VARIABLES),
    ("Auth", auth::VARIABLES),
    ("Sign-in with other accounts", sso::VARIABLES),
    ("Addresses", web::VARIABLES),
    ("Rate limits", limits::VARIABLES),
    ("E-mail", email::VARIABLES),
    ("Pictures", pictures::VARIABLES),
    ("OpenAI", openai::VARIABLES),
    ("Asterisk", asterisk::VARIABLES),
    ("Bridge", bridge::VARIABLES),
];
