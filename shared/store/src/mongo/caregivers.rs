//! `caregivers`.

use domain::caregivers::Caregiver;
use domain::{CaregiverId, Email, Language, OrgId, Result, Role, Scope, Secret};
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{DateTime, Document, doc};
use serde::{Deserialize, Serialize};

use super::convert::{corrupt, date, document, id, oid, time, within};
use super::orgs::without_id;
use super::{Query, Store, Write};

const NAME: &str = "caregivers";

/// Caregivers.
pub struct Caregivers<'a>(pub(super) &'a Store);

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "the document has these fields since the old backend")]
struct Row {
    #[serde(rename = "_id")]
    id: ObjectId,
    org: ObjectId,
    name: String,
    email: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    phone: Option<String>,
    role: Role,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    password: Option<String>,
    #[serde(default)]
    is_email_verified: bool,
    #[serde(default)]
    is_phone_verified: bool,
    #[serde(default)]
    account_locked: bool,
    #[serde(default)]
    preferred_language: Language,
    #[serde(default)]
    deleted: bool,
    created_at: DateTime,
}

impl Caregivers<'_> {
    /// The account of an address, for signing in. Index: `caregivers_email`.
    pub async fn by_email(&self, email: &Email) -> Result<Option<Caregiver>> {
        self.one(doc! { "email": email.as_str(), "deleted": { "$ne": true } }).await
    }

    /// One caregiver of the scope's organisation. Index: `_id_`.
    pub async fn find(&self, scope: &Scope, caregiver: CaregiverId) -> Result<Option<Caregiver>> {
        let found = self.one(doc! { "_id": oid(caregiver.0), "deleted": { "$ne": true } }).await?;
        Ok(found.filter(|caregiver| scope.org().is_none_or(|org| org == caregiver.org)))
    }

    /// Those of `ids` that belong to the scope's organisation, by name. Index: `_id_`.
    pub async fn among(&self, scope: &Scope, ids: &[CaregiverId]) -> Result<Vec<Caregiver>> {
        let ids: Vec<ObjectId> = ids.iter().map(|id| oid(id.0)).collect();
        let filter = within(scope, doc! { "_id": { "$in": ids }, "deleted": { "$ne": true } });
        let query = Query::of(NAME, filter).sort(doc! { "name": 1 });
        self.0.every::<Row>(query).await?.into_iter().map(Row::read).collect()
    }

    /// The ids of an organisation's caregivers. Index: `caregivers_org`.
    pub async fn ids_of(&self, org: OrgId) -> Result<Vec<CaregiverId>> {
        let filter = doc! { "org": oid(org.0), "deleted": { "$ne": true } };
        let found: Vec<Document> = self.0.every(Query::of(NAME, filter).only(doc! { "_id": 1 })).await?;
        found.iter().map(|row| row.get_object_id("_id").map(id).map(CaregiverId).map_err(|_| corrupt("_id"))).collect()
    }

    /// An organisation's administrators, by name. Index: `caregivers_org`.
    pub async fn administrators(&self, scope: &Scope, org: OrgId) -> Result<Vec<Caregiver>> {
        if scope.org().is_some_and(|own| own != org) {
            return Ok(Vec::new());
        }
        let filter = doc! { "org": oid(org.0), "role": Role::OrgAdmin.as_str(), "deleted": { "$ne": true } };
        let query = Query::of(NAME, filter).sort(doc! { "name": 1 });
        self.0.every::<Row>(query).await?.into_iter().map(Row::read).collect()
    }

    /// Adds one, or does nothing when it is there: for seeding.
    pub fn seed(caregiver: &Caregiver) -> Result<Write> {
        let row = document(&Row::of(caregiver))?;
        Ok(Write::upsert(NAME, doc! { "_id": oid(caregiver.id.0) }, doc! { "$setOnInsert": without_id(row) }))
    }

    async fn one(&self, filter: Document) -> Result<Option<Caregiver>> {
        self.0.first::<Row>(Query::of(NAME, filter)).await?.map(Row::read).transpose()
    }
}

impl Row {
    fn of(caregiver: &Caregiver) -> Self {
        Self {
            id: oid(caregiver.id.0),
            org: oid(caregiver.org.0),
            name: caregiver.name.clone(),
            email: caregiver.email.as_str().to_owned(),
            phone: caregiver.phone.as_ref().map(|phone| phone.as_str().to_owned()),
            role: caregiver.role,
            password: caregiver.password_hash.as_ref().map(|hash| hash.expose().clone()),
            is_email_verified: caregiver.email_verified,
            is_phone_verified: caregiver.phone_verified,
            account_locked: caregiver.locked,
            preferred_language: caregiver.language,
            deleted: false,
            created_at: date(caregiver.created_at),
        }
    }

    fn read(self) -> Result<Caregiver> {
        Ok(Caregiver {
            id: CaregiverId(id(self.id)),
            org: OrgId(id(self.org)),
            name: self.name,
            email: self.email.parse().map_err(|_| corrupt("email"))?,
            phone: self.phone.and_then(|phone| phone.parse().ok()),
            role: self.role,
            password_hash: self.password.map(Secret::new),
            email_verified: self.is_email_verified,
            phone_verified: self.is_phone_verified,
            locked: self.account_locked,
            language: self.preferred_language,
            created_at: time(self.created_at)?,
        })
    }
}
