//! `caregivers`. What opens their accounts is in the same documents and in `credentials.rs`; how one
//! is changed and removed is in `caregiver_changes.rs`.

use domain::caregivers::{Caregiver, Credentials, Preferences, Theme};
use domain::{CaregiverId, Email, Language, OrgId, Page, PageRequest, PictureId, Result, Role, Scope};
use jiff::Timestamp;
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{DateTime, Document, deserialize_from_document as read, doc};
use serde::{Deserialize, Serialize};

use super::convert::{corrupt, date, document, id, oid, time, within};
use super::orgs::without_id;
use super::patients::order;
use super::{Query, Store, Write, cached, credentials};

pub(super) const NAME: &str = "caregivers";
pub(super) const TAKEN: (&str, &str) = ("email_taken", "There is an account with this address already.");

/// Caregivers.
pub struct Caregivers<'a>(pub(super) &'a Store);

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "the document has these fields since the old backend")]
pub(super) struct Row {
    #[serde(rename = "_id")]
    id: ObjectId,
    org: ObjectId,
    name: String,
    /// Gone when the account was removed: the address can be used again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    phone: Option<String>,
    role: Role,
    #[serde(default)]
    is_email_verified: bool,
    #[serde(default)]
    is_phone_verified: bool,
    #[serde(default)]
    account_locked: bool,
    #[serde(default)]
    mfa_enabled: bool,
    #[serde(default)]
    session_epoch: i64,
    #[serde(default)]
    preferred_language: Language,
    #[serde(default)]
    theme_preference: Theme,
    #[serde(default)]
    alert_preferences: Preferences,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    picture: Option<PictureId>,
    #[serde(default)]
    deleted: bool,
    created_at: DateTime,
}

/// Somebody of an organisation.
#[derive(Clone, Copy, Debug)]
pub struct Member {
    /// Who.
    pub id: CaregiverId,
    /// What they may do.
    pub role: Role,
    /// Their picture.
    pub picture: Option<PictureId>,
}

#[derive(Deserialize)]
struct MemberRow {
    #[serde(rename = "_id")]
    id: ObjectId,
    role: Role,
    #[serde(default)]
    picture: Option<PictureId>,
}

/// Those of a scope that were not removed.
fn visible(scope: &Scope) -> Document {
    within(scope, doc! { "deleted": { "$ne": true } })
}

fn one(scope: &Scope, caregiver: CaregiverId) -> Document {
    let mut filter = visible(scope);
    filter.insert("_id", oid(caregiver.0));
    filter
}

impl Caregivers<'_> {
    /// The account of an address, for signing in. Index: `caregivers_email`.
    pub async fn by_email(&self, email: &Email) -> Result<Option<(Caregiver, Credentials)>> {
        self.with_credentials(doc! { "email": email.as_str(), "deleted": { "$ne": true } }).await
    }

    /// The account that an account at an identity provider opens. Index: `caregivers_sso`.
    pub async fn by_sso(&self, link: &domain::caregivers::SsoLink) -> Result<Option<(Caregiver, Credentials)>> {
        let filter =
            doc! { "ssoProviderId": &link.subject, "ssoProvider": link.provider.as_str(), "deleted": { "$ne": true } };
        self.with_credentials(filter).await
    }

    /// One account with what opens it. Index: `_id_`.
    pub async fn account(&self, caregiver: CaregiverId) -> Result<Option<(Caregiver, Credentials)>> {
        self.with_credentials(doc! { "_id": oid(caregiver.0), "deleted": { "$ne": true } }).await
    }

    async fn with_credentials(&self, filter: Document) -> Result<Option<(Caregiver, Credentials)>> {
        let Some(found) = self.0.first::<Document>(Query::of(NAME, filter)).await? else { return Ok(None) };
        let credentials: credentials::Row = read(found.clone()).map_err(|_| corrupt("password"))?;
        let row: Row = read(found).map_err(|_| corrupt("role"))?;
        Ok(Some((row.read()?, credentials.read()?)))
    }

    /// One caregiver of the scope's organisation, read through the cache. Index: `_id_`.
    pub async fn find(&self, scope: &Scope, caregiver: CaregiverId) -> Result<Option<Caregiver>> {
        let found = self.0.by_id::<Row>(NAME, caregiver.0).await?.filter(|row| !row.deleted);
        let found = found.map(Row::read).transpose()?;
        Ok(found.filter(|caregiver| scope.org().is_none_or(|org| org == caregiver.org)))
    }

    /// A page of the scope's caregivers, optionally of exactly this name or role.
    /// Index: `caregivers_org`, or `caregivers_role` for a role.
    pub async fn list(
        &self,
        scope: &Scope,
        name: Option<&str>,
        role: Option<Role>,
        request: &PageRequest,
    ) -> Result<Page<Caregiver>> {
        let mut filter = visible(scope);
        if let Some(name) = name {
            filter.insert("name", name);
        }
        if let Some(role) = role {
            filter.insert("role", role.as_str());
        }
        let query = Query::of(NAME, filter);
        let total = self.0.count(query.clone()).await?;
        let query = query.sort(order(request)).skip(request.skip()).limit(request.limit);
        let rows = self.0.every::<Row>(query).await?;
        Ok(Page::new(request, rows.into_iter().map(Row::read).collect::<Result<_>>()?, total))
    }

    /// Those of an organisation who are on call and can be read, by name: they are told of alerts. Index: `caregivers_on_call`.
    pub async fn on_call(&self, org: OrgId) -> Result<Vec<Caregiver>> {
        let filter = doc! { "org": oid(org.0), "alertPreferences.onCall": true, "deleted": { "$ne": true } };
        let query = Query::of(NAME, filter).sort(doc! { "name": 1 });
        Ok(self.0.legible(query, Row::read).await?.read)
    }

    /// Those of `ids` that belong to the scope's organisation and can be read, by name. Index: `_id_`.
    pub async fn among(&self, scope: &Scope, ids: &[CaregiverId]) -> Result<Vec<Caregiver>> {
        let ids: Vec<ObjectId> = ids.iter().map(|id| oid(id.0)).collect();
        let filter = within(scope, doc! { "_id": { "$in": ids }, "deleted": { "$ne": true } });
        let query = Query::of(NAME, filter).sort(doc! { "name": 1 });
        Ok(self.0.legible(query, Row::read).await?.read)
    }

    /// The ids of an organisation's caregivers. Index: `caregivers_org`.
    pub async fn ids_of(&self, org: OrgId) -> Result<Vec<CaregiverId>> {
        let filter = doc! { "org": oid(org.0), "deleted": { "$ne": true } };
        let found: Vec<Document> = self.0.every(Query::of(NAME, filter).only(doc! { "_id": 1 })).await?;
        found.iter().map(|row| row.get_object_id("_id").map(id).map(CaregiverId).map_err(|_| corrupt("_id"))).collect()
    }

    /// Everybody of an organisation, as far as removing them needs to know. Index: `caregivers_org`.
    pub async fn members(&self, org: OrgId) -> Result<Vec<Member>> {
        let filter = doc! { "org": oid(org.0), "deleted": { "$ne": true } };
        let found: Vec<MemberRow> =
            self.0.every(Query::of(NAME, filter).only(doc! { "role": 1, "picture": 1 })).await?;
        let member = |row: MemberRow| Member { id: CaregiverId(id(row.id)), role: row.role, picture: row.picture };
        Ok(found.into_iter().map(member).collect())
    }

    /// An organisation's administrators who can be read, by name. Index: `caregivers_role`.
    pub async fn administrators(&self, scope: &Scope, org: OrgId) -> Result<Vec<Caregiver>> {
        if scope.org().is_some_and(|own| own != org) {
            return Ok(Vec::new());
        }
        let filter = doc! { "org": oid(org.0), "role": Role::OrgAdmin.as_str(), "deleted": { "$ne": true } };
        let query = Query::of(NAME, filter).sort(doc! { "name": 1 });
        Ok(self.0.legible(query, Row::read).await?.read)
    }

    /// Adds one, or does nothing when it is there: for seeding.
    pub fn seed(caregiver: &Caregiver, credentials: &Credentials) -> Result<Write> {
        let row = without_id(whole(caregiver, credentials)?);
        Ok(Write::upsert(NAME, doc! { "_id": oid(caregiver.id.0) }, doc! { "$setOnInsert": row })
            .touching(cached::key(NAME, caregiver.id.0)))
    }

    /// Adds one; 409 when the address has an account.
    pub fn add(caregiver: &Caregiver, credentials: &Credentials) -> Result<Write> {
        Ok(Write::insert(NAME, whole(caregiver, credentials)?).or_conflict(TAKEN.0, TAKEN.1))
    }

    /// Replaces what is written about one of the scope, its rights included; 404 outside it, 409
    /// when another account has the address.
    pub fn rewrite(scope: &Scope, caregiver: &Caregiver, now: Timestamp) -> Result<Write> {
        let mut set = without_id(document(&Row::of(caregiver))?);
        set.remove("createdAt");
        set.remove("org");
        // Raised by others at the same time; see `end_sign_ins`.
        set.remove("sessionEpoch");
        set.insert("updatedAt", date(now));
        let mut change = doc! { "$set": set };
        let gone: Document = [("phone", caregiver.phone.is_none()), ("picture", caregiver.picture.is_none())]
            .into_iter()
            .filter(|(_, gone)| *gone)
            .map(|(name, _)| (name.to_owned(), "".into()))
            .collect();
        if !gone.is_empty() {
            change.insert("$unset", gone);
        }
        // An update that matches nothing and one that meets another's address are told apart by
        // looking first; here it is the address.
        Ok(Write::update(NAME, one(scope, caregiver.id), change)
            .or_conflict(TAKEN.0, TAKEN.1)
            .touching(cached::key(NAME, caregiver.id.0)))
    }
}

fn whole(caregiver: &Caregiver, credentials: &Credentials) -> Result<Document> {
    let mut row = document(&Row::of(caregiver))?;
    row.extend(document(&credentials::Row::of(credentials))?);
    Ok(row)
}

impl Row {
    pub(super) fn of(caregiver: &Caregiver) -> Self {
        Self {
            id: oid(caregiver.id.0),
            org: oid(caregiver.org.0),
            name: caregiver.name.clone(),
            email: Some(caregiver.email.as_str().to_owned()),
            phone: caregiver.phone.as_ref().map(|phone| phone.as_str().to_owned()),
            role: caregiver.role,
            is_email_verified: caregiver.email_verified,
            is_phone_verified: caregiver.phone_verified,
            account_locked: caregiver.locked,
            mfa_enabled: caregiver.mfa_enabled,
            session_epoch: i64::from(caregiver.epoch),
            preferred_language: caregiver.language,
            theme_preference: caregiver.theme,
            alert_preferences: caregiver.alerts,
            picture: caregiver.picture,
            deleted: false,
            created_at: date(caregiver.created_at),
        }
    }

    fn read(self) -> Result<Caregiver> {
        Ok(Caregiver {
            id: CaregiverId(id(self.id)),
            org: OrgId(id(self.org)),
            name: self.name,
            email: self.email.and_then(|email| email.parse().ok()).ok_or_else(|| corrupt("email"))?,
            phone: self.phone.and_then(|phone| phone.parse().ok()),
            role: self.role,
            email_verified: self.is_email_verified,
            phone_verified: self.is_phone_verified,
            locked: self.account_locked,
            mfa_enabled: self.mfa_enabled,
            epoch: u32::try_from(self.session_epoch).unwrap_or_default(),
            language: self.preferred_language,
            theme: self.theme_preference,
            alerts: self.alert_preferences,
            picture: self.picture,
            created_at: time(self.created_at)?,
        })
    }
}
