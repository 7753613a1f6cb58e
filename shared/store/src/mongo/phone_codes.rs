//! `phoneCodes`: codes that were sent to telephones, a document an account. It is there until nothing
//! in it counts any more.

use domain::caregivers::Caregiver;
use domain::phone_codes::{ATTEMPTS, OpenCode, PhoneCodes, WINDOW};
use domain::{CaregiverId, Phone, Result};
use jiff::Timestamp;
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Binary, Bson, DateTime, doc};
use serde::{Deserialize, Serialize};

use super::convert::{binary, corrupt, date, document, oid, time};
use super::{Caregivers, Query, Store, Write};

const NAME: &str = "phoneCodes";
const CROSSED: (&str, &str) = ("phone_codes_moved_on", "Another code was asked for at the same time.");

/// Codes that were sent to telephones.
pub struct CodeLedger<'a>(pub(super) &'a Store);

/// Which state of an account's codes was read; of two who change it one comes second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Version(i64);

impl Version {
    /// The one after a change.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    #[serde(rename = "_id")]
    caregiver: ObjectId,
    version: i64,
    sent: Vec<DateTime>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    open: Option<Open>,
    expires_at: DateTime,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Open {
    number: String,
    #[serde(default)]
    before: Option<String>,
    hash: Binary,
    expires_at: DateTime,
    attempts: i64,
}

impl CodeLedger<'_> {
    /// What is remembered of an account's codes. Index: `_id_`.
    pub async fn of(&self, caregiver: CaregiverId) -> Result<(Version, PhoneCodes)> {
        let found = self.0.first::<Row>(Query::of(NAME, doc! { "_id": oid(caregiver.0) })).await?;
        let Some(row) = found else { return Ok((Version::default(), PhoneCodes::default())) };
        Ok((Version(row.version), row.read()?))
    }

    /// Counts an attempt at the open code and gives the code as it was before; `None` when there is
    /// none that may still be tried. However many try at once, no more are judged than may.
    /// Index: `_id_`.
    pub async fn attempt(&self, caregiver: CaregiverId, now: Timestamp) -> Result<Option<OpenCode>> {
        let filter = doc! {
            "_id": oid(caregiver.0),
            "open.attempts": { "$lt": i64::from(ATTEMPTS) },
            "open.expiresAt": { "$gt": date(now) },
        };
        let change = doc! { "$inc": { "open.attempts": 1_i64, "version": 1_i64 } };
        let before = self.0.change_first::<Row>(Query::of(NAME, filter), change).await?;
        Ok(before.map(Row::read).transpose()?.and_then(|codes| codes.open))
    }

    /// Replaces what was remembered when it was `version`; 409 when it has changed since.
    pub fn replace(caregiver: CaregiverId, version: Version, codes: &PhoneCodes) -> Result<Write> {
        let row = Row::of(caregiver, version.next(), codes);
        if version == Version::default() {
            return Ok(Write::insert(NAME, document(&row)?).or_conflict(CROSSED.0, CROSSED.1));
        }
        let set = super::orgs::without_id(document(&row)?);
        let mut change = doc! { "$set": set };
        if codes.open.is_none() {
            change.insert("$unset", doc! { "open": "" });
        }
        let filter = doc! { "_id": oid(caregiver.0), "version": version.0 };
        Ok(Write::update(NAME, filter, change).or_conflict(CROSSED.0, CROSSED.1))
    }

    /// Uses a code up: of two who enter it at the same time one is refused with a 409.
    pub fn spend(caregiver: CaregiverId, code: &OpenCode) -> Write {
        let filter = doc! { "_id": oid(caregiver.0), "open.hash": binary(&code.hash) };
        Write::update(NAME, filter, doc! { "$unset": { "open": "" }, "$inc": { "version": 1_i64 } })
            .or_conflict("phone_code_used", "This code was used already.")
    }
}

impl Caregivers<'_> {
    /// Makes the number of a code the account's, verified; 409 when the account got another one
    /// since the code was sent.
    pub fn verify_phone(caregiver: &Caregiver, code: &OpenCode, now: Timestamp) -> Write {
        let before = code.before.as_ref().map_or(Bson::Null, |phone| phone.as_str().into());
        let condition = doc! { "phone": { "$in": [before, code.number.as_str()] } };
        let set = doc! { "phone": code.number.as_str(), "isPhoneVerified": true, "updatedAt": date(now) };
        Self::change_from(caregiver, condition, doc! { "$set": set })
    }
}

impl Row {
    fn of(caregiver: CaregiverId, version: Version, codes: &PhoneCodes) -> Self {
        let counts_until = codes.sent.last().map(|newest| *newest + WINDOW);
        let good_until = codes.open.as_ref().map(|open| open.expires_at);
        Self {
            caregiver: oid(caregiver.0),
            version: version.0,
            sent: codes.sent.iter().copied().map(date).collect(),
            open: codes.open.as_ref().map(|open| Open {
                number: open.number.as_str().to_owned(),
                before: open.before.as_ref().map(|phone| phone.as_str().to_owned()),
                hash: binary(&open.hash),
                expires_at: date(open.expires_at),
                attempts: open.attempts.into(),
            }),
            expires_at: date(counts_until.max(good_until).unwrap_or_default()),
        }
    }

    fn read(self) -> Result<PhoneCodes> {
        let number = |text: String| text.parse::<Phone>().map_err(|_| corrupt("number"));
        let open = self.open.map(|open| -> Result<OpenCode> {
            Ok(OpenCode {
                number: number(open.number)?,
                before: open.before.map(number).transpose()?,
                hash: open.hash.bytes.try_into().map_err(|_| corrupt("hash"))?,
                expires_at: time(open.expires_at)?,
                attempts: u32::try_from(open.attempts).unwrap_or(u32::MAX),
            })
        });
        Ok(PhoneCodes { sent: self.sent.into_iter().map(time).collect::<Result<_>>()?, open: open.transpose()? })
    }
}
