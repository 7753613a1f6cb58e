//! The registry of live calls.
//!
//! A call has one owner: the cell that holds its lease. The item is also where the API leaves a
//! command for the owner and where the owner says what the call is doing. It disappears with the
//! call, or, when its cell dies, some time after its lease ran out.

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::ReturnValue;
use domain::calls::Speaking;
use domain::{CallId, Error, Result};
use jiff::{SignedDuration, Timestamp};

use super::table::{self, Item, instant, millis, seconds, text, unavailable, unless_refused};

/// What errors call it.
const WHAT: &str = "live calls";

/// How long an item outlives its lease before DynamoDB removes it.
const KEPT: SignedDuration = SignedDuration::from_hours(24);

/// The registry of live calls.
#[derive(Clone)]
pub struct LiveCalls {
    client: Client,
    table: String,
}

/// What the API wants of a live call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// End it now.
    End,
}

impl Command {
    const fn as_str(self) -> &'static str {
        match self {
            Self::End => "end",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        (text == Self::End.as_str()).then_some(Self::End)
    }
}

/// A live call as its owner last described it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Live {
    /// The cell that owns it.
    pub cell: String,
    /// Until when.
    pub leased_until: Timestamp,
    /// What it is doing.
    pub speaking: Speaking,
    /// What the API wants of it.
    pub command: Option<Command>,
    /// Until when somebody may watch it: then its owner tells of every word.
    pub watched_until: Option<Timestamp>,
}

impl LiveCalls {
    /// The registry in `table`.
    pub fn new(aws: &SdkConfig, tables: &config::Tables) -> Self {
        Self { client: Client::new(aws), table: tables.live_calls.clone() }
    }

    /// Takes the call for `cell`, if nobody has it or its owner's lease ran out. A message that
    /// arrives twice makes two claims, and the second fails. `claim` is a number nobody else has:
    /// by it the SDK's own repetition of a request whose answer was lost is told from another's.
    pub async fn claim(&self, call: CallId, cell: &str, claim: u64, now: Timestamp, until: Timestamp) -> Result<bool> {
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .item("callId", text(call.to_string()))
            .item("cell", text(cell))
            .item("claim", text(format!("{claim:016x}")))
            .item("leasedUntil", millis(until))
            .item("expiresAt", seconds(until + KEPT))
            .condition_expression("attribute_not_exists(callId) OR leasedUntil < :now OR claim = :claim")
            .expression_attribute_values(":now", millis(now))
            .expression_attribute_values(":claim", text(format!("{claim:016x}")));
        unless_refused(WHAT, put.send().await).map(|done| done.is_some())
    }

    /// Takes the call for `cell` when its owner's lease ran out, or when it is `cell`'s own already: a cell
    /// that was started again finds the calls of its former life. A command that waits stays. `claim` as
    /// for [`LiveCalls::claim`].
    pub async fn adopt(&self, call: CallId, cell: &str, claim: u64, now: Timestamp, until: Timestamp) -> Result<bool> {
        let claim = text(format!("{claim:016x}"));
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("callId", text(call.to_string()))
            .update_expression("SET cell = :cell, claim = :claim, leasedUntil = :until, expiresAt = :expires")
            .condition_expression(
                "attribute_not_exists(callId) OR leasedUntil < :now OR cell = :cell OR claim = :claim",
            )
            .expression_attribute_values(":cell", text(cell))
            .expression_attribute_values(":claim", claim)
            .expression_attribute_values(":now", millis(now))
            .expression_attribute_values(":until", millis(until))
            .expression_attribute_values(":expires", seconds(until + KEPT));
        unless_refused(WHAT, update.send().await).map(|done| done.is_some())
    }

    /// Keeps the call for `cell` and says what it is doing. `None` when it belongs to another cell
    /// by now: then this one must let go of it.
    pub async fn renew(&self, call: CallId, cell: &str, until: Timestamp, speaking: &Speaking) -> Result<Option<Live>> {
        let speaking = serde_json::to_string(speaking).map_err(|error| Error::internal(error.to_string()))?;
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("callId", text(call.to_string()))
            .update_expression("SET leasedUntil = :until, expiresAt = :expires, speaking = :speaking")
            .condition_expression("cell = :cell")
            .expression_attribute_values(":until", millis(until))
            .expression_attribute_values(":expires", seconds(until + KEPT))
            .expression_attribute_values(":speaking", text(speaking))
            .expression_attribute_values(":cell", text(cell))
            .return_values(ReturnValue::AllNew);
        let done = unless_refused(WHAT, update.send().await)?;
        Ok(done.and_then(|done| done.attributes).as_ref().and_then(read))
    }

    /// Leaves a command for the owner. Gives the owner's cell, or `None` when nobody owns the call:
    /// an owner whose lease ran out is dead or cut off and would never read it.
    pub async fn command(&self, call: CallId, command: Command, now: Timestamp) -> Result<Option<String>> {
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("callId", text(call.to_string()))
            .update_expression("SET command = :command")
            .condition_expression("attribute_exists(callId) AND leasedUntil >= :now")
            .expression_attribute_values(":now", millis(now))
            .expression_attribute_values(":command", text(command.as_str()))
            .return_values(ReturnValue::AllNew);
        let done = unless_refused(WHAT, update.send().await)?;
        Ok(done.and_then(|done| done.attributes).as_ref().and_then(read).map(|live| live.cell))
    }

    /// Somebody watches the call, until then at most. Gives its owner's cell; one that nobody owns yet is not marked.
    pub async fn watch(&self, call: CallId, until: Timestamp) -> Result<Option<String>> {
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("callId", text(call.to_string()))
            .update_expression("SET watchedUntil = :until")
            .condition_expression("attribute_exists(callId)")
            .expression_attribute_values(":until", millis(until))
            .return_values(ReturnValue::AllNew);
        let done = unless_refused(WHAT, update.send().await)?;
        Ok(done.and_then(|done| done.attributes).as_ref().and_then(read).map(|live| live.cell))
    }

    /// What is known of a live call.
    pub async fn find(&self, call: CallId) -> Result<Option<Live>> {
        let get = self.client.get_item().table_name(&self.table).key("callId", text(call.to_string()));
        let found = get.consistent_read(true).send().await.map_err(|error| unavailable(WHAT, error))?;
        Ok(found.item.as_ref().and_then(read))
    }

    /// Lets go of a call that is over.
    pub async fn release(&self, call: CallId, cell: &str) -> Result<()> {
        let delete = self
            .client
            .delete_item()
            .table_name(&self.table)
            .key("callId", text(call.to_string()))
            .condition_expression("cell = :cell")
            .expression_attribute_values(":cell", text(cell));
        unless_refused(WHAT, delete.send().await).map(drop)
    }

    /// Makes the table on an emulator; in AWS the template does.
    pub async fn create_table(&self) -> Result<()> {
        table::create(WHAT, &self.client, &self.table, &["callId"]).await
    }
}

fn read(item: &Item) -> Option<Live> {
    let string = |name: &str| item.get(name).and_then(|value| value.as_s().ok());
    Some(Live {
        cell: string("cell")?.clone(),
        leased_until: instant(item, "leasedUntil")?,
        watched_until: instant(item, "watchedUntil"),
        speaking: string("speaking").and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default(),
        command: string("command").and_then(|command| Command::parse(command)),
    })
}
