//! `phrases`: what an organisation's patients say in an emergency.

use domain::emergencies::Severity;
use domain::phrases::{Category, Draft, Listened, Phrase};
use domain::{CaregiverId, Language, OrgId, Page, PageRequest, PhraseId, Result, Scope};
use jiff::Timestamp;
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{DateTime, Document, doc};
use serde::{Deserialize, Serialize};

use super::convert::{date, difference, document, id, oid, time, within};
use super::patients::order;
use super::{Query, Store, Write};

const NAME: &str = "phrases";
const MISSING: (&str, &str) = ("phrase_not_found", "There is no such phrase.");
const TAKEN: (&str, &str) = ("phrase_taken", "There is such a phrase in this language already.");

/// Phrases.
pub struct Phrases<'a>(pub(super) &'a Store);

/// Which phrases are wanted; those of every kind where nothing is said.
#[derive(Clone, Copy, Debug, Default)]
pub struct Kinds {
    /// Their language.
    pub language: Option<Language>,
    /// Their severity.
    pub severity: Option<Severity>,
    /// Their category.
    pub category: Option<Category>,
    /// Whether they are looked for.
    pub active: Option<bool>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    #[serde(rename = "_id")]
    id: ObjectId,
    org: ObjectId,
    phrase: String,
    language: Language,
    severity: Severity,
    category: Category,
    pattern: String,
    is_active: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    tags: Vec<String>,
    created_by: ObjectId,
    modified_by: ObjectId,
    usage_count: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_used: Option<DateTime>,
    created_at: DateTime,
    updated_at: DateTime,
}

/// What a call listens for, as the cache keeps it.
#[derive(Serialize, Deserialize)]
struct Kept {
    phrases: Vec<Listened>,
}

impl Phrases<'_> {
    /// One of an organisation of the scope. Index: `_id_`.
    pub async fn find(&self, scope: &Scope, phrase: PhraseId) -> Result<Option<Phrase>> {
        let query = Query::of(NAME, within(scope, doc! { "_id": oid(phrase.0) }));
        self.0.first::<Row>(query).await?.map(Row::read).transpose()
    }

    /// A page of an organisation's. Index: `phrases_kinds`.
    pub async fn list(&self, org: OrgId, kinds: Kinds, request: &PageRequest) -> Result<Page<Phrase>> {
        let query = Query::of(NAME, filter(org, kinds));
        let total = self.0.count(query.clone()).await?;
        let query = query.sort(order(request)).skip(request.skip()).limit(request.limit);
        let rows = self.0.every::<Row>(query).await?;
        Ok(Page::new(request, rows.into_iter().map(Row::read).collect::<Result<_>>()?, total))
    }

    /// All of an organisation's of these kinds, in the order of their words. Index: `phrases_kinds`.
    pub async fn every(&self, org: OrgId, kinds: Kinds) -> Result<Vec<Phrase>> {
        let query = Query::of(NAME, filter(org, kinds)).sort(doc! { "language": 1, "phrase": 1 });
        self.0.every::<Row>(query).await?.into_iter().map(Row::read).collect()
    }

    /// How many an organisation has in a language. Index: `phrases_phrase`.
    pub async fn count(&self, org: OrgId, language: Language) -> Result<u64> {
        self.0.count(Query::of(NAME, doc! { "org": oid(org.0), "language": language.code() })).await
    }

    /// What calls of an organisation in a language listen for, read through the cache. Index: `phrases_kinds`.
    pub async fn listened(&self, org: OrgId, language: Language) -> Result<Vec<Listened>> {
        let load = async move |store: &Store| {
            let kinds = Kinds { language: Some(language), active: Some(true), ..Kinds::default() };
            let phrases = store.phrases().every(org, kinds).await?;
            let listened = |Phrase { id, draft, .. }| {
                let Draft { severity, category, pattern, .. } = draft;
                Listened { id, severity, category, pattern }
            };
            Ok(Some(Kept { phrases: phrases.into_iter().map(listened).collect() }))
        };
        let kept: Option<Kept> = self.0.kept(key(org, language), load).await?;
        Ok(kept.map(|kept| kept.phrases).unwrap_or_default())
    }

    /// Adds one; 409 `phrase_taken` when its words are taken in its language.
    pub fn add(phrase: &Phrase) -> Result<Write> {
        let add = Write::insert(NAME, document(&Row::of(phrase))?).or_conflict(TAKEN.0, TAKEN.1);
        Ok(add.touching(key(phrase.org, phrase.draft.language)))
    }

    /// Adds many of one organisation; 409 `phrase_taken` when the words of one are taken.
    pub fn add_all(phrases: &[Phrase]) -> Result<Write> {
        let rows = phrases.iter().map(|phrase| document(&Row::of(phrase))).collect::<Result<_>>()?;
        let add = Write::insert_all(NAME, rows).or_conflict(TAKEN.0, TAKEN.1);
        let mut touched: Vec<String> = phrases.iter().map(|phrase| key(phrase.org, phrase.draft.language)).collect();
        touched.sort_unstable();
        touched.dedup();
        Ok(touched.into_iter().fold(add, Write::touching))
    }

    /// Makes `after` of `before`; 409 `phrase_taken` when its words are taken in its language, 404 when it is gone.
    pub fn alter(before: &Phrase, after: &Phrase, now: Timestamp) -> Result<Write> {
        let [was, is] = [before, after].map(|phrase| document(&Row::of(phrase)));
        let change = Write::update(NAME, doc! { "_id": oid(before.id.0) }, difference(&was?, &is?, now));
        let change = change.or_not_found(MISSING.0, MISSING.1).or_taken(TAKEN.0, TAKEN.1);
        let change = change.touching(key(before.org, before.draft.language));
        Ok(change.touching(key(after.org, after.draft.language)))
    }

    /// It led to an alert.
    pub fn used(phrase: PhraseId, now: Timestamp) -> Write {
        let change = doc! { "$inc": { "usageCount": 1_i64 }, "$set": { "lastUsed": date(now) } };
        Write::update(NAME, doc! { "_id": oid(phrase.0) }, change)
    }

    /// Removes one; 404 when it is gone.
    pub fn remove(phrase: &Phrase) -> Write {
        let remove = Write::delete(NAME, doc! { "_id": oid(phrase.id.0) }).or_not_found(MISSING.0, MISSING.1);
        remove.touching(key(phrase.org, phrase.draft.language))
    }

    /// Removes all of an organisation that is removed. Index: `phrases_phrase`.
    pub fn remove_all(org: OrgId) -> Write {
        Write::delete_all(NAME, doc! { "org": oid(org.0) })
    }
}

/// Where the cache keeps what is listened for.
fn key(org: OrgId, language: Language) -> String {
    format!("phrases:{org}:{language}")
}

/// Every field of the index, whatever is wanted: so it is one range of it, or a few.
fn filter(org: OrgId, kinds: Kinds) -> Document {
    let language: Vec<_> = kinds.language.map_or_else(|| Language::ALL.to_vec(), |one| vec![one]);
    let severity = kinds.severity.map_or_else(|| Severity::ALL.to_vec(), |one| vec![one]);
    let category = kinds.category.map_or_else(|| Category::ALL.to_vec(), |one| vec![one]);
    let active = kinds.active.map_or_else(|| vec![false, true], |one| vec![one]);
    doc! {
        "org": oid(org.0),
        "language": { "$in": language.iter().map(|language| language.code()).collect::<Vec<_>>() },
        "severity": { "$in": severity.iter().map(|severity| severity.as_str()).collect::<Vec<_>>() },
        "category": { "$in": category.iter().map(|category| category.as_str()).collect::<Vec<_>>() },
        "isActive": { "$in": active },
    }
}

impl Row {
    fn of(phrase: &Phrase) -> Self {
        let draft = &phrase.draft;
        Self {
            id: oid(phrase.id.0),
            org: oid(phrase.org.0),
            phrase: draft.phrase.clone(),
            language: draft.language,
            severity: draft.severity,
            category: draft.category,
            pattern: draft.pattern.clone(),
            is_active: draft.active,
            description: draft.description.clone(),
            tags: draft.tags.clone(),
            created_by: oid(phrase.created_by.0),
            modified_by: oid(phrase.modified_by.0),
            usage_count: phrase.usage_count.cast_signed(),
            last_used: phrase.last_used.map(date),
            created_at: date(phrase.created_at),
            updated_at: date(phrase.updated_at),
        }
    }

    fn read(self) -> Result<Phrase> {
        Ok(Phrase {
            id: PhraseId(id(self.id)),
            org: OrgId(id(self.org)),
            draft: Draft {
                phrase: self.phrase,
                language: self.language,
                severity: self.severity,
                category: self.category,
                pattern: self.pattern,
                active: self.is_active,
                description: self.description,
                tags: self.tags,
            },
            created_by: CaregiverId(id(self.created_by)),
            modified_by: CaregiverId(id(self.modified_by)),
            usage_count: self.usage_count.cast_unsigned(),
            last_used: self.last_used.map(time).transpose()?,
            created_at: time(self.created_at)?,
            updated_at: time(self.updated_at)?,
        })
    }
}
