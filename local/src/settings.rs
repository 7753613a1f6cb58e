//! What everything is configured with on this machine.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use config::Env;
use domain::Random as _;
use services::SystemRandom;

use crate::Failure;

/// The variables a person set, completed by what this machine can do itself.
///
/// Keys are made once and kept beside the documents: whoever is signed in stays signed in over a
/// restart, and what was sealed can be opened.
pub(crate) fn complete(env: Env, folder: &Path) -> Result<Env, Failure> {
    let env = default(env, "STAGE", || Ok("local".to_owned()))?;
    let env = default(env, "MAIL_FROM", || Ok("bianca@demo.example".to_owned()))?;
    let env = default(env, "RUST_LOG", || Ok("warn".to_owned()))?;
    let env = default(env, "JWT_KEYS", || key(folder, "jwt-key"))?;
    let env = default(env, "DATA_KEYS", || key(folder, "data-key"))?;
    default(env, "AUDIT_KEYS", || key(folder, "audit-key"))
}

fn default(env: Env, name: &str, value: impl FnOnce() -> Result<String, Failure>) -> Result<Env, Failure> {
    if env.has(name) { Ok(env) } else { Ok(env.with(name, value()?)) }
}

fn key(folder: &Path, name: &str) -> Result<String, Failure> {
    let path = folder.join(name);
    if let Ok(kept) = fs::read_to_string(&path)
        && config::Auth::from_env(&Env::default().with("JWT_KEYS", kept.trim())).is_ok()
    {
        return Ok(kept.trim().to_owned());
    }
    let mut seed = [0; 32];
    SystemRandom.fill(&mut seed);
    let key = format!("local:{}", BASE64_STANDARD.encode(seed));
    let written = fs::create_dir_all(folder).and_then(|()| fs::write(&path, &key));
    written.map_err(|error| format!("{} cannot be written: {error}", path.display()))?;
    Ok(key)
}
