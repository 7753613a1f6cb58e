//! How `caregivers` are changed and removed.

use domain::caregivers::Caregiver;
use domain::{CaregiverId, OrgId, PictureId, Result};
use jiff::Timestamp;
use mongodb::bson::{Bson, Document, doc};

use super::caregivers::{NAME, Row, TAKEN};
use super::convert::{corrupt, date, difference, document, oid};
use super::write::Operation;
use super::{Caregivers, Write, cached};

impl Caregivers<'_> {
    /// Changes what differs between one that was found in the caller's scope and `after`, and
    /// nothing else. The role and the sign-ins must still be those of `before`, so nobody's rights
    /// are put back by whoever changes a name; 409 when another account has the address.
    pub fn alter(before: &Caregiver, after: &Caregiver, now: Timestamp) -> Result<Write> {
        let mut change = difference(&document(&Row::of(before))?, &document(&Row::of(after))?, now);
        let mut seen = doc! { "role": before.role.as_str() };
        let set = change.get_document_mut("$set").map_err(|_| corrupt("change"))?;
        // Whoever verifies the one before in this moment has not verified this one.
        if after.phone != before.phone {
            set.insert("isPhoneVerified", after.phone_verified);
            seen.insert("phone", before.phone.as_ref().map(domain::Phone::as_str));
        }
        if after.email != before.email {
            set.insert("isEmailVerified", after.email_verified);
            seen.insert("email", before.email.as_str());
        }
        Ok(and(Self::change(before, change), seen).or_taken(TAKEN.0, TAKEN.1))
    }

    /// The same for somebody who is invited again. Of two who do it at the same time one comes
    /// second and sees the tokens of the first.
    pub fn invite_again(before: &Caregiver, after: &Caregiver, now: Timestamp) -> Result<Write> {
        let mut write = Self::alter(before, after, now)?;
        if let Operation::Update { update, .. } = &mut write.operation {
            update.insert("$inc", doc! { "sessionEpoch": 1_i64 });
        }
        Ok(write)
    }

    /// Gives one another picture; 409 when they have another one than `caregiver.picture` by now.
    pub fn set_picture(caregiver: &Caregiver, picture: PictureId, now: Timestamp) -> Write {
        let change = doc! { "$set": { "picture": picture.to_string(), "updatedAt": date(now) } };
        and(Self::change(caregiver, change), shown(caregiver))
            .or_conflict("picture_moved_on", "The picture was changed at the same time. Please try again.")
    }

    /// Ends all sign-ins of an account at once, for good: those of older epochs are not looked at.
    pub fn end_sign_ins(caregiver: &Caregiver) -> Write {
        let filter = doc! { "_id": oid(caregiver.id.0), "deleted": { "$ne": true } };
        Write::update(NAME, filter, doc! { "$set": { "sessionEpoch": i64::from(caregiver.epoch) + 1 } })
            .touching(cached::key(NAME, caregiver.id.0))
    }

    /// Changes some fields of an account, whose sign-ins must still be those of `caregiver.epoch`:
    /// of two who change what opens an account at the same time one comes second and is refused.
    pub(super) fn change(caregiver: &Caregiver, change: Document) -> Write {
        let mut filter = doc! { "_id": oid(caregiver.id.0), "deleted": { "$ne": true } };
        // Accounts from before there were epochs have no such field.
        let epoch = if caregiver.epoch == 0 {
            doc! { "$in": [0_i64, Bson::Null] }
        } else {
            doc! { "$eq": i64::from(caregiver.epoch) }
        };
        filter.insert("sessionEpoch", epoch);
        Write::update(NAME, filter, change)
            .or_conflict("account_moved_on", "The account was changed at the same time. Please try again.")
            .touching(cached::key(NAME, caregiver.id.0))
    }

    /// Removes somebody who never came, as long as they have not come since and were not invited
    /// again; 409 otherwise.
    pub fn lapse(caregiver: &Caregiver, now: Timestamp) -> Write {
        let mut unused = doc! { "role": caregiver.role.as_str() };
        if !caregiver.email_verified {
            unused.insert("isEmailVerified", doc! { "$ne": true });
        }
        and(Self::remove(caregiver, now), unused)
    }

    /// Removes one that was found in the caller's scope: their sign-ins end and their address is
    /// free. 409 when their rights or their picture are not those of `caregiver` any more.
    pub fn remove(caregiver: &Caregiver, now: Timestamp) -> Write {
        and(Self::change(caregiver, removal(now)), shown(caregiver))
    }

    /// Removes everybody of an organisation that is removed; `known` are those whom the cache may
    /// keep.
    pub fn remove_all(org: OrgId, known: &[CaregiverId], now: Timestamp) -> Write {
        let write = Write::update_all(NAME, doc! { "org": oid(org.0), "deleted": { "$ne": true } }, removal(now));
        known.iter().fold(write, |write, caregiver| write.touching(cached::key(NAME, caregiver.0)))
    }
}

/// They still have the picture that was seen, or none.
fn shown(caregiver: &Caregiver) -> Document {
    doc! { "picture": caregiver.picture.map(|picture| picture.to_string()) }
}

fn removal(now: Timestamp) -> Document {
    doc! {
        "$set": { "deleted": true, "deletedAt": date(now) },
        "$inc": { "sessionEpoch": 1_i64 },
        "$unset": {
            "email": "", "password": "", "ssoProvider": "", "ssoProviderId": "", "mfaSecret": "",
            "mfaBackupCodes": "", "places": "", "picture": "",
        },
    }
}

fn and(mut write: Write, condition: Document) -> Write {
    if let Operation::Update { filter, .. } = &mut write.operation {
        filter.extend(condition);
    }
    write
}
