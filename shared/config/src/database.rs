//! Where documents are kept: MongoDB.

use domain::Secret;

use crate::env::{ConfigError, Env, Variable, wrong};

const URI: Variable = Variable {
    name: "MONGODB_URI",
    what: "Connection string of MongoDB (Atlas in production).",
    must: "a MongoDB connection string such as mongodb+srv://user:password@cluster.example.net",
    default: None,
};
const DATABASE: Variable = Variable {
    name: "MONGODB_DATABASE",
    what: "Name of the database.",
    must: "1 to 38 letters, digits, - or _",
    default: Some("bianca"),
};

pub(crate) const VARIABLES: &[Variable] = &[URI, DATABASE];

/// Where documents are kept.
#[derive(Clone, Debug)]
pub struct Database {
    /// `MONGODB_URI`, required.
    pub uri: Secret,
    /// `MONGODB_DATABASE`, default `bianca`. At most 38 bytes (Atlas limit for a database name).
    pub name: String,
}

impl Database {
    /// Reads the section.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        let uri = env.secret(&URI)?;
        if !["mongodb://", "mongodb+srv://"].iter().any(|scheme| uri.expose().starts_with(scheme)) {
            return Err(wrong(&URI));
        }
        let name = env.parse_where(&DATABASE, |name: &String| {
            (1..=38).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        })?;
        Ok(Self { uri, name })
    }
}
