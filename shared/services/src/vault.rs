//! What is sealed and what is derived from the data keys.
//!
//! Each use has a key of its own, derived by HKDF (RFC 5869), so that nothing made for one use is
//! good for another.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use domain::tokens::Purpose;
use domain::{Error, Random, Result, Secret, TokenId};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, Prk, Salt};
use ring::hmac::{self, HMAC_SHA256};

/// Keys of this machine's data; the first one seals and derives, all of them open.
pub struct Vault {
    keys: Vec<(String, Prk)>,
}

/// What a derived value is for. The label is part of the key, so it never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// The hash of a backup code.
    BackupCode,
    /// The hash of a code that was sent to a telephone.
    PhoneCode,
    /// The hash of a network address.
    Place,
    /// The hash of an e-mail address.
    Account,
}

impl Use {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::BackupCode => b"backup code",
            Self::PhoneCode => b"phone code",
            Self::Place => b"place",
            Self::Account => b"account",
        }
    }
}

impl Vault {
    /// With the configured keys.
    ///
    /// # Panics
    /// When there is no key; [`config::DataKeys`] never gives none.
    pub fn new(keys: &config::DataKeys) -> Self {
        assert!(!keys.0.is_empty(), "config::DataKeys refuses an empty list");
        let salt = Salt::new(HKDF_SHA256, b"bianca data");
        Self { keys: keys.0.iter().map(|key| (key.kid.clone(), salt.extract(key.key.expose()))).collect() }
    }

    /// A keyed hash of `parts`, made with the newest key.
    pub fn hash(&self, what: Use, parts: &[&[u8]]) -> [u8; 32] {
        mac(&self.keys[0].1, what.label(), parts)
    }

    /// The same with every key, newest first: what was hashed before a rotation is still found.
    pub fn hashes(&self, what: Use, parts: &[&[u8]]) -> Vec<[u8; 32]> {
        self.keys.iter().map(|(_, key)| mac(key, what.label(), parts)).collect()
    }

    /// The token for one use of this id, as each key makes it, newest first. Whoever knows the id
    /// and not the key knows nothing.
    pub fn tokens(&self, purpose: Purpose, id: TokenId) -> impl Iterator<Item = Secret> {
        self.keys.iter().map(move |(_, key)| {
            let id = id.0.bytes();
            let mac = mac(key, b"token", &[purpose.as_str().as_bytes(), &id]);
            Secret::new(BASE64_URL_SAFE_NO_PAD.encode([id.as_slice(), &mac].concat()))
        })
    }

    /// Seals `text`; only the same `owner` can open it, so that it cannot be moved to another.
    pub fn seal(&self, owner: &str, text: &Secret, random: &dyn Random) -> Result<Secret> {
        let (kid, key) = &self.keys[0];
        let mut nonce = [0; NONCE_LEN];
        random.fill(&mut nonce);
        let mut sealed = text.expose().clone().into_bytes();
        let sealing = sealing_key(key);
        let done = sealing.seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(owner.as_bytes()),
            &mut sealed,
        );
        done.map_err(|_| Error::internal("sealing failed"))?;
        Ok(Secret::new(format!("{kid}:{}", BASE64_URL_SAFE_NO_PAD.encode([nonce.as_slice(), &sealed].concat()))))
    }

    /// Opens what was sealed for `owner`.
    ///
    /// # Errors
    /// [`Kind::Internal`](domain::Kind::Internal) when it was sealed with a key that is gone, for
    /// somebody else, or changed.
    pub fn open(&self, owner: &str, sealed: &Secret) -> Result<Secret> {
        let fail = || Error::internal("a sealed value cannot be opened; was its key dropped from DATA_KEYS?");
        let (kid, text) = sealed.expose().split_once(':').ok_or_else(fail)?;
        let (_, key) = self.keys.iter().find(|(name, _)| name == kid).ok_or_else(fail)?;
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).map_err(|_| fail())?;
        let (nonce, sealed) = bytes.split_at_checked(NONCE_LEN).ok_or_else(fail)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| fail())?;
        let mut sealed = sealed.to_vec();
        let opened = sealing_key(key).open_in_place(nonce, Aad::from(owner.as_bytes()), &mut sealed);
        let opened = opened.map_err(|_| fail())?.to_vec();
        String::from_utf8(opened).map(Secret::new).map_err(|_| fail())
    }
}

fn mac(key: &Prk, label: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let info = [label];
    let derived = key.expand(&info, HMAC_SHA256).expect("32 bytes are a length HKDF gives");
    let mut context = hmac::Context::with_key(&hmac::Key::from(derived));
    for part in parts {
        // The length first: "ab" and "c" must not be "a" and "bc".
        context.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        context.update(part);
    }
    context.sign().as_ref().try_into().expect("SHA-256 has 32 bytes")
}

fn sealing_key(key: &Prk) -> LessSafeKey {
    let derived = key.expand(&[b"seal"], &AES_256_GCM).expect("32 bytes are a length HKDF gives");
    LessSafeKey::new(UnboundKey::from(derived))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SystemRandom;
    use config::{DataKeys, Env};
    use domain::Id;

    const ONE: &str = "one:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    const TWO: &str = "two:HwECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

    fn vault(keys: &str) -> Vault {
        Vault::new(&DataKeys::from_env(&Env::default().with("DATA_KEYS", keys)).unwrap())
    }

    #[test]
    fn what_is_sealed_opens_for_its_owner_only_and_after_a_rotation() {
        let secret = Secret::new("JBSWY3DPEHPK3PXP".to_owned());
        let sealed = vault(ONE).seal("ada", &secret, &SystemRandom).unwrap();
        assert!(!sealed.expose().contains("JBSWY3DPEHPK3PXP"));
        let rotated = vault(&format!("{TWO},{ONE}"));
        assert_eq!(rotated.open("ada", &sealed).unwrap().expose(), secret.expose());
        assert!(rotated.open("bob", &sealed).is_err());
        assert!(vault(TWO).open("ada", &sealed).is_err());
        let mut changed = sealed.expose().clone();
        let last = changed.pop().unwrap();
        changed.push(if last == 'A' { 'B' } else { 'A' });
        assert!(rotated.open("ada", &Secret::new(changed)).is_err());
        for garbage in ["", "one", "one:", "one:AAAA", "one:!!", "three:AAAA"] {
            assert!(rotated.open("ada", &Secret::new(garbage.to_owned())).is_err(), "{garbage}");
        }
    }

    #[test]
    fn a_token_is_for_one_id_and_one_purpose() {
        let vault = vault(ONE);
        let id = |n| TokenId(Id::from_bytes([n; 12]));
        let token = |purpose, n| vault.tokens(purpose, id(n)).next().unwrap().expose().clone();
        assert_eq!(token(Purpose::Invite, 1), token(Purpose::Invite, 1));
        assert_ne!(token(Purpose::Invite, 1), token(Purpose::Invite, 2));
        assert_ne!(token(Purpose::Invite, 1), token(Purpose::ResetPassword, 1));
        assert_eq!(token(Purpose::Invite, 1).len(), 59);
    }

    #[test]
    fn hashes_of_different_uses_and_splits_differ() {
        let vault = vault(ONE);
        assert_ne!(vault.hash(Use::Place, &[b"ab", b"c"]), vault.hash(Use::Place, &[b"a", b"bc"]));
        assert_ne!(vault.hash(Use::Place, &[b"a"]), vault.hash(Use::PhoneCode, &[b"a"]));
    }
}
