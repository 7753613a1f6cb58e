//! Passwords: argon2id.

use std::sync::LazyLock;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use domain::{Error, Random, Result, Secret};
use tokio::sync::Semaphore;

/// 80 MiB, one pass, one lane: more than the strongest of the equivalent settings in OWASP's Password
/// Storage Cheat Sheet (46 MiB), so that it takes at least 50 ms (`docs/benchmarks.md`).
static ARGON: LazyLock<Argon2<'static>> = LazyLock::new(|| {
    let params = Params::new(81_920, 1, 1, None).expect("the parameters are within argon2's limits");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
});

/// Compared against when there is no account, so that a stranger learns nothing from the time it
/// takes. Whatever the comparison says, the answer is no.
static NOBODY: LazyLock<String> = LazyLock::new(|| {
    let hash = ARGON.hash_password_with_salt(&[0x5a; 64], &[0xa5; 16]);
    hash.expect("argon2 takes any password and a salt of 16 bytes").to_string()
});

/// Passwords that are looked at at once in one process: each takes 80 MiB, and whoever asks for many
/// at once waits instead of taking all there is.
static PLACES: Semaphore = Semaphore::const_new(4);

/// Longest password that is looked at; a longer one costs us more than it gives.
pub const LONGEST: usize = 256;

/// Checks a new password: 8 to 256 bytes, a letter and a digit as the existing app says, and not one
/// that is guessed among the first millions: a common one, a keyboard row, the owner's own name or
/// address (NIST SP 800-63B, 3.1.1.2; the estimate is zxcvbn's, 1 of 4 and below is refused).
///
/// # Errors
/// `validation_failed` naming `password`.
pub fn check(password: &Secret, personal: &[&str]) -> Result<()> {
    let text = password.expose();
    let has = |what: fn(char) -> bool| text.chars().any(what);
    if text.chars().count() < 8 || !has(char::is_alphabetic) || !has(char::is_numeric) {
        return Err(Error::field("password", "must have at least 8 characters, with a letter and a digit"));
    }
    if text.len() > LONGEST {
        return Err(Error::field("password", format!("must have at most {LONGEST} bytes")));
    }
    // Parts of a name or an address are guessed like the whole, and so is the whole without its gaps.
    let bare: Vec<String> = personal
        .iter()
        .map(|text| text.split('@').next().unwrap_or_default().chars().filter(|c| c.is_alphanumeric()).collect())
        .collect();
    let parts = personal.iter().flat_map(|text| text.split(['@', ' ', '.']).chain([*text]));
    let known = parts.chain(bare.iter().map(String::as_str)).filter(|part| part.len() > 2);
    let known: Vec<&str> = known.chain(["bianca"]).collect();
    // Longer ones are not estimated: the estimate takes time that grows faster than they do.
    let start: String = text.chars().take(72).collect();
    if zxcvbn::zxcvbn(&start, &known).score() < zxcvbn::Score::Two {
        return Err(Error::field("password", "must be harder to guess; several unusual words make a good one"));
    }
    Ok(())
}

/// The hash to store, in PHC string form.
pub async fn hash(password: &Secret, random: &dyn Random) -> Result<Secret> {
    let mut salt = [0; 16];
    random.fill(&mut salt);
    let password = password.clone();
    let _place = PLACES.acquire().await.map_err(Error::internal)?;
    let hashed = tokio::task::spawn_blocking(move || {
        ARGON.hash_password_with_salt(password.expose().as_bytes(), &salt).map(|hash| hash.to_string())
    });
    let hashed = hashed.await.map_err(Error::internal)?;
    hashed.map(Secret::new).map_err(|error| Error::internal(error.to_string()))
}

/// Whether a hash was made with weaker settings than ours, and should be made anew.
pub(crate) fn is_outdated(hash: &Secret) -> bool {
    let made = PasswordHash::new(hash.expose()).ok().and_then(|hash| Params::try_from(&hash).ok());
    let ours = ARGON.params();
    !made.is_some_and(|made| {
        made.m_cost() >= ours.m_cost() && made.t_cost() >= ours.t_cost() && made.p_cost() >= ours.p_cost()
    })
}

/// Whether the password belongs to the hash. Takes as long when there is none.
pub async fn verify(password: &Secret, hash: Option<&Secret>) -> Result<bool> {
    let (password, hash) = (password.clone(), hash.cloned());
    let _place = PLACES.acquire().await.map_err(Error::internal)?;
    let verified = tokio::task::spawn_blocking(move || {
        // Looked at in both cases: the first look costs as much as a comparison.
        let nobody = NOBODY.clone();
        let stored = hash.map(|hash| hash.expose().clone());
        // A hash of another kind opens nothing, and must not be told by the time that takes.
        let parsed = stored
            .as_deref()
            .and_then(|hash| PasswordHash::new(hash).ok())
            .filter(|hash| hash.algorithm.as_str() == "argon2id");
        let known = parsed.is_some();
        let parsed = parsed.or_else(|| PasswordHash::new(&nobody).ok());
        let password = password.expose().as_bytes();
        let matches = |hash: &PasswordHash| ARGON.verify_password(password, hash).is_ok();
        parsed.is_some_and(|hash| matches(&hash)) && known && password.len() <= LONGEST
    });
    verified.await.map_err(Error::internal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SystemRandom;

    #[tokio::test]
    async fn only_the_right_password_opens() {
        let secret = |text: &str| Secret::new(text.to_owned());
        let stored = hash(&secret("correct horse 1"), &SystemRandom).await.unwrap();
        assert!(stored.expose().starts_with("$argon2id$v=19$m=81920,t=1,p=1$"));
        assert!(!is_outdated(&stored));
        assert!(verify(&secret("correct horse 1"), Some(&stored)).await.unwrap());
        assert!(!verify(&secret("correct horse 2"), Some(&stored)).await.unwrap());
        assert!(!verify(&secret("anything"), None).await.unwrap());
        assert!(!verify(&secret("anything"), Some(&secret("not a hash"))).await.unwrap());
    }

    #[test]
    fn a_password_that_is_guessed_soon_is_refused() {
        let refused =
            |text: &str| check(&Secret::new(text.to_owned()), &["Nora van Dam", "nora.vandam@demo.example"]).is_err();
        for weak in [
            "short1",
            "password1",
            "12345678a",
            "qwertyui1",
            "Passw0rd1",
            "noravandam1",
            "bianca123",
            "aaaaaaaa1",
            "abcdefgh",
            "12345678",
        ] {
            assert!(refused(weak), "{weak}");
        }
        for good in [
            "correct horse 1",
            "Tulpen im Regen 7",
            "x9-Qv72-lamp",
            "\u{6708}\u{4eae}\u{4ee3}\u{8868}\u{6211}\u{7684}\u{5fc3}7",
        ] {
            assert!(!refused(good), "{good}");
        }
        assert!(refused(&"x1".repeat(200)), "longer than is looked at");
    }

    #[tokio::test]
    async fn two_accounts_with_one_password_have_different_hashes() {
        let password = Secret::new("correct horse 1".to_owned());
        let first = hash(&password, &SystemRandom).await.unwrap();
        let second = hash(&password, &SystemRandom).await.unwrap();
        assert_ne!(first.expose(), second.expose());
    }
}
