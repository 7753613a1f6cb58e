//! `mails`: mails about accounts that wait to be sent. A row is there until SES has accepted it.

use domain::mails::AccountMail;
use domain::{CaregiverId, Email, MailId, Result, TokenId};
use jiff::Timestamp;
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{DateTime, doc};
use serde::{Deserialize, Serialize};

use super::convert::{date, document, id, oid, time};
use super::{Query, Store, Write};

const NAME: &str = "mails";

/// Mails about accounts.
pub struct Mails<'a>(pub(super) &'a Store);

/// A mail about an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Its id.
    pub id: MailId,
    /// What it tells.
    pub kind: AccountMail,
    /// Whom.
    pub caregiver: CaregiverId,
    /// Where, when it is not their present address.
    pub to: Option<Email>,
    /// The token of its link.
    pub token: Option<TokenId>,
    /// With what client something was done.
    pub device: Option<String>,
    /// When it happened.
    pub at: Timestamp,
    /// When it is sent, or tried again.
    pub next_at: Timestamp,
    /// How often it was tried.
    pub attempts: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    #[serde(rename = "_id")]
    id: ObjectId,
    mail: AccountMail,
    caregiver: ObjectId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    to: Option<Email>,
    #[serde(default)]
    token: Option<ObjectId>,
    #[serde(default)]
    device: Option<String>,
    at: DateTime,
    next_at: DateTime,
    attempts: i64,
}

impl Mails<'_> {
    /// Takes a mail that is due to send it, and puts it off until `again` for everybody else: of
    /// two who try, one gets it. Index: `_id_`.
    pub async fn claim(&self, mail: MailId, now: Timestamp, again: Timestamp) -> Result<Option<Waiting>> {
        let filter = doc! { "_id": oid(mail.0), "nextAt": { "$lte": date(now) } };
        let change = doc! { "$set": { "nextAt": date(again) }, "$inc": { "attempts": 1 } };
        self.0.change_first::<Row>(Query::of(NAME, filter), change).await?.map(Row::read).transpose()
    }

    /// Mails whose time has come, longest waiting first. Index: `mails_next`.
    pub async fn due(&self, now: Timestamp, limit: u32) -> Result<Vec<MailId>> {
        let query = Query::of(NAME, doc! { "nextAt": { "$lte": date(now) } }).sort(doc! { "nextAt": 1 }).limit(limit);
        Ok(self.0.every::<Row>(query).await?.into_iter().map(|row| MailId(id(row.id))).collect())
    }

    /// Adds one.
    pub fn add(mail: &Waiting) -> Result<Write> {
        Ok(Write::insert(NAME, document(&Row::of(mail))?))
    }

    /// Puts one off.
    pub fn put_off(mail: MailId, until: Timestamp) -> Write {
        Write::update(NAME, doc! { "_id": oid(mail.0) }, doc! { "$set": { "nextAt": date(until) } })
    }

    /// Removes one: it was accepted, or there is nobody to send it to any more.
    pub fn remove(mail: MailId) -> Write {
        Write::delete(NAME, doc! { "_id": oid(mail.0) })
    }
}

impl Row {
    fn of(mail: &Waiting) -> Self {
        Self {
            id: oid(mail.id.0),
            mail: mail.kind,
            caregiver: oid(mail.caregiver.0),
            to: mail.to.clone(),
            token: mail.token.map(|token| oid(token.0)),
            device: mail.device.clone(),
            at: date(mail.at),
            next_at: date(mail.next_at),
            attempts: i64::from(mail.attempts),
        }
    }

    fn read(self) -> Result<Waiting> {
        Ok(Waiting {
            id: MailId(id(self.id)),
            kind: self.mail,
            caregiver: CaregiverId(id(self.caregiver)),
            to: self.to,
            token: self.token.map(|token| TokenId(id(token))),
            device: self.device,
            at: time(self.at)?,
            next_at: time(self.next_at)?,
            attempts: u32::try_from(self.attempts).unwrap_or(u32::MAX),
        })
    }
}
