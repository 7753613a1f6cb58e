//! Calls back: agreed on with a patient in a call, placed once.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::id::{CallId, CallbackId, OrgId, PatientId};

/// The soonest a patient can be called back.
pub const SOONEST: SignedDuration = SignedDuration::from_mins(5);
/// The latest.
pub const LATEST: SignedDuration = SignedDuration::from_hours(7 * 24);
/// How long one is tried while the patient is on the telephone already. After that it is skipped: nobody
/// expects it any more.
pub const TRIED_FOR: SignedDuration = SignedDuration::from_mins(30);

/// A call back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Callback {
    /// Its id.
    pub id: CallbackId,
    /// The patient's organisation.
    pub org: OrgId,
    /// The patient.
    pub patient: PatientId,
    /// The call in which it was agreed on.
    pub call: CallId,
    /// Names it within that call: the same key again is the same call back.
    pub key: String,
    /// When the patient is to be called.
    pub at: Timestamp,
    /// What became of it.
    pub state: State,
    /// When it was agreed on.
    pub created_at: Timestamp,
}

/// What became of a call back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum State {
    /// Its time has not come.
    Waiting,
    /// It became a call.
    Placed {
        /// Which.
        placed: CallId,
    },
    /// It did not become one.
    Skipped {
        /// Why not.
        why: Skipped,
    },
}

/// Why a call back did not become a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Skipped {
    /// The patient does not want to be called, or calls to them pause.
    NotAllowed,
    /// The patient was removed.
    PatientGone,
    /// The patient was on the telephone all the time.
    Busy,
    /// Nobody looked in time.
    Missed,
}

/// Checks when a patient is to be called back.
///
/// # Errors
/// [`Kind::Invalid`](crate::Kind::Invalid) at `at` outside [`SOONEST`] to [`LATEST`] from now.
pub fn checked(at: Timestamp, now: Timestamp) -> Result<Timestamp> {
    let ahead = at.duration_since(now);
    if (SOONEST..=LATEST).contains(&ahead) {
        Ok(at)
    } else {
        Err(Error::field("at", "must be 5 minutes to 7 days from now"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_back_is_neither_at_once_nor_far_away() {
        let now = Timestamp::from_second(1_000_000).unwrap();
        for good in [SOONEST, LATEST] {
            assert_eq!(checked(now + good, now).unwrap(), now + good);
        }
        let a_second = SignedDuration::from_secs(1);
        for wrong in [now - LATEST, now, now + SOONEST - a_second, now + LATEST + a_second] {
            assert_eq!(checked(wrong, now).unwrap_err().fields[0].path, "at");
        }
    }
}
