//! `conversations` and their `messages`.

use domain::conversations::{Conversation, Message, Speaker, Turn};
use domain::{CallId, Language, MessageId, OrgId, Page, PageRequest, PatientId, Phi, Result, Scope};
use jiff::Timestamp;
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{DateTime, doc};
use serde::{Deserialize, Serialize};

use super::convert::{date, document, id, oid, time, within};
use super::orgs::without_id;
use super::patients::order;
use super::{Legible, Query, Store, Write};

const NAME: &str = "conversations";
const MESSAGES: &str = "messages";

/// Conversations and their turns.
pub struct Conversations<'a>(pub(super) &'a Store);

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    #[serde(rename = "_id")]
    id: ObjectId,
    org: ObjectId,
    patient_id: ObjectId,
    language: Language,
    start_time: DateTime,
    /// The summary; the name is the old backend's.
    history: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct MessageRow {
    #[serde(rename = "_id")]
    id: ObjectId,
    conversation_id: ObjectId,
    item: String,
    order: i64,
    role: Speaker,
    content: String,
    created_at: DateTime,
    heard_ms: Option<i64>,
    complete: bool,
}

impl Conversations<'_> {
    /// One conversation of the scope's organisation. Whether its patient is assigned to the
    /// caller, the service asks the patient. Index: `_id_`.
    pub async fn find(&self, scope: &Scope, conversation: CallId) -> Result<Option<Conversation>> {
        let filter = within(scope, doc! { "_id": oid(conversation.0) });
        self.0.first::<Row>(Query::of(NAME, filter)).await?.map(Row::read).transpose()
    }

    /// A page of a patient's conversations. Index: `conversations_patient`.
    pub async fn list(&self, scope: &Scope, patient: PatientId, request: &PageRequest) -> Result<Page<Conversation>> {
        let filter = within(scope, doc! { "patientId": oid(patient.0) });
        let query = Query::of(NAME, filter);
        let total = self.0.count(query.clone()).await?;
        let query = query.sort(order(request)).skip(request.skip()).limit(request.limit);
        let conversations = self.0.every::<Row>(query).await?.into_iter().map(Row::read).collect::<Result<_>>()?;
        Ok(Page::new(request, conversations, total))
    }

    /// When the patient was last spoken with, apart from `this` call. Index: `conversations_patient`.
    pub async fn last_contact(&self, scope: &Scope, patient: PatientId, this: CallId) -> Result<Option<Timestamp>> {
        let filter = within(scope, doc! { "patientId": oid(patient.0), "_id": { "$ne": oid(this.0) } });
        let query = Query::of(NAME, filter).sort(doc! { "startTime": -1 });
        self.0.first::<Row>(query).await?.map(|row| time(row.start_time)).transpose()
    }

    /// The newest summaries of a patient's conversations. Index: `conversations_patient`.
    pub async fn summaries(&self, patient: PatientId, limit: u32) -> Result<Vec<Phi<String>>> {
        let filter = doc! { "patientId": oid(patient.0), "history": { "$type": "string" } };
        let query = Query::of(NAME, filter).sort(doc! { "startTime": -1 }).limit(limit);
        let found: Vec<Row> = self.0.every(query).await?;
        Ok(found.into_iter().filter_map(|row| row.history.map(Phi::new)).collect())
    }

    /// The turns of a conversation, in spoken order. Index: `messages_order`.
    pub async fn messages(&self, conversation: CallId) -> Result<Vec<Message>> {
        self.messages_of(&[conversation]).await
    }

    /// The turns of a conversation that can be read, in spoken order: for whoever must do what can be done. Index:
    /// `messages_order`.
    pub async fn legible_messages(&self, conversation: CallId) -> Result<Legible<Message>> {
        self.0.legible(turns_of(&[conversation]), MessageRow::read).await
    }

    /// The turns of several conversations, each in spoken order. Index: `messages_order`.
    pub async fn messages_of(&self, conversations: &[CallId]) -> Result<Vec<Message>> {
        self.0.every::<MessageRow>(turns_of(conversations)).await?.into_iter().map(MessageRow::read).collect()
    }

    /// Begins one, or does nothing when it has begun.
    pub fn begin(conversation: &Conversation) -> Result<Write> {
        let row = document(&Row::of(conversation))?;
        Ok(Write::upsert(NAME, doc! { "_id": oid(conversation.id.0) }, doc! { "$setOnInsert": without_id(row) }))
    }

    /// Writes a turn, or writes it again: it is named by its call and the model's item.
    pub fn record(id: MessageId, call: CallId, turn: &Turn) -> Write {
        let filter = doc! { "conversationId": oid(call.0), "item": &turn.item };
        let set = doc! {
            "order": turn.order,
            "role": match turn.speaker { Speaker::Patient => "patient", Speaker::Assistant => "assistant", Speaker::System => "system" },
            "content": turn.text.reveal(),
            "createdAt": date(turn.started_at),
            "heardMs": turn.heard_ms.map(i64::from),
            "complete": turn.complete,
        };
        Write::upsert(MESSAGES, filter, doc! { "$set": set, "$setOnInsert": { "_id": oid(id.0) } })
    }

    /// Writes the summary.
    pub fn summarise(conversation: CallId, summary: &Phi<String>) -> Write {
        Write::update(NAME, doc! { "_id": oid(conversation.0) }, doc! { "$set": { "history": summary.reveal() } })
    }
}

impl Row {
    fn of(conversation: &Conversation) -> Self {
        Self {
            id: oid(conversation.id.0),
            org: oid(conversation.org.0),
            patient_id: oid(conversation.patient.0),
            language: conversation.language,
            start_time: date(conversation.started_at),
            history: conversation.summary.as_ref().map(|summary| summary.reveal().clone()),
        }
    }

    fn read(self) -> Result<Conversation> {
        Ok(Conversation {
            id: CallId(id(self.id)),
            org: OrgId(id(self.org)),
            patient: PatientId(id(self.patient_id)),
            language: self.language,
            started_at: time(self.start_time)?,
            summary: self.history.map(Phi::new),
        })
    }
}

impl MessageRow {
    fn read(self) -> Result<Message> {
        Ok(Message {
            id: MessageId(id(self.id)),
            call: CallId(id(self.conversation_id)),
            turn: Turn {
                item: self.item,
                order: self.order,
                speaker: self.role,
                text: self.content.into(),
                started_at: time(self.created_at)?,
                heard_ms: self.heard_ms.and_then(|heard| u32::try_from(heard).ok()),
                complete: self.complete,
            },
        })
    }
}

fn turns_of(conversations: &[CallId]) -> Query {
    let ids: Vec<ObjectId> = conversations.iter().map(|id| oid(id.0)).collect();
    Query::of(MESSAGES, doc! { "conversationId": { "$in": ids } }).sort(doc! { "conversationId": 1, "order": 1 })
}
