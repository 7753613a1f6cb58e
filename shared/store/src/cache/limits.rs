//! Where the counts of rate limits are kept: in the cache, or, while it does not answer, in this process.

use std::sync::LazyLock;

use domain::hex::hex;
use domain::limits::{Class, Decision, Quota};
use jiff::Timestamp;
use redis::Script;
use sha2::{Digest as _, Sha256};

use super::{Cache, versioned};

static SCRIPT: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("limits.lua")));

/// The longest name that is a key as it is.
const LONGEST: usize = 64;

impl Cache {
    /// Spends one request of each of these quotas of `class`, or, when one refuses, of none. With each quota
    /// comes whom it is counted for: an id or a hash, never patient data; nobody may be named twice for the
    /// same kind of quota. One round trip for all of them.
    ///
    /// The cache's own clock counts. While the cache does not answer, this process counts alone and by `now`,
    /// and says so ([`Decision::local`]): each process then allows the whole quota, which is more than meant
    /// but not everything. That takes no longer than any other question to the cache.
    pub async fn spend(&self, keys: &[(String, Quota)], class: Class, now: Timestamp) -> Decision {
        let keys: Vec<_> = keys.iter().map(|(who, quota)| (key(class, quota, who), *quota)).collect();
        if keys.is_empty() {
            return Decision::judge(&[], now.as_microsecond());
        }
        let mut script = SCRIPT.prepare_invoke();
        for (key, quota) in &keys {
            script.key(key).arg(quota.interval()).arg(quota.depth());
        }
        let answer: Option<Vec<Option<i64>>> =
            self.ask(|mut cache| async move { script.invoke_async(&mut cache).await }).await;
        let judged = answer.and_then(|answer| judge(&keys, &answer));
        judged.unwrap_or_else(|| self.0.alone.spend(&keys, now.as_microsecond()))
    }
}

/// What the script decided, from what it decided on. `None` when the answer is not one of the script's.
fn judge(keys: &[(String, Quota)], answer: &[Option<i64>]) -> Option<Decision> {
    let (now, tats) = answer.split_first()?;
    let cells: Vec<_> = keys.iter().zip(tats).map(|((_, quota), tat)| (*quota, *tat)).collect();
    (cells.len() == keys.len()).then_some(Decision::judge(&cells, (*now)?))
}

/// The key of what is counted for `who`. A name that could be anything is replaced by its hash; `#` is in no
/// name, so nobody can choose a name that is another's hash.
fn key(class: Class, quota: &Quota, who: &str) -> String {
    let harmless = |byte: u8| byte.is_ascii_alphanumeric() || b":_-".contains(&byte);
    let plain = (1..=LONGEST).contains(&who.len()) && who.bytes().all(harmless);
    let mut key = versioned(&format!("limit:{}:{}:", class.as_str(), quota.per.as_str()));
    if plain {
        key.push_str(who);
    } else {
        key.push('#');
        key.push_str(&hex(&Sha256::digest(who)));
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::limits::Per;
    use jiff::SignedDuration;

    const CALLER: Quota = Quota::new(Per::Caller, 2, SignedDuration::from_mins(1));

    #[test]
    fn an_id_is_a_key_as_it_is() {
        assert_eq!(key(Class::SignIn, &CALLER, "6789abcd"), versioned("limit:sign_in:caller:6789abcd"));
    }

    #[test]
    fn what_could_be_anything_is_hashed() {
        let long = "x".repeat(LONGEST + 1);
        let all = ["", "a b", "a\r\nFLUSHALL", "{a}", "é", "#a", &long, "203.0.113.7"];
        let keys: std::collections::BTreeSet<_> = all.iter().map(|who| key(Class::Read, &CALLER, who)).collect();
        assert_eq!(keys.len(), all.len());
        for key in keys {
            let hash = key.strip_prefix(&versioned("limit:read:caller:#")).unwrap();
            assert!(hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()), "{key}");
        }
    }

    #[test]
    fn only_the_scripts_own_answer_is_one() {
        let keys = [("a".to_owned(), CALLER), ("b".to_owned(), CALLER)];
        assert!(judge(&keys, &[Some(5), None, Some(7)]).unwrap().allowed);
        for answer in [&[][..], &[Some(5)], &[Some(5), None], &[None, None, None]] {
            assert_eq!(judge(&keys, answer), None, "{answer:?}");
        }
    }
}
