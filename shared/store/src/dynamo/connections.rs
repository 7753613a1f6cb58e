//! Who watches live updates.
//!
//! Connections stand under whose news they hear, so that one consistent query finds everybody who is to be told. What the
//! gateway says of a connection names its id only: a second item per connection leads from there to the first.

use std::collections::BTreeSet;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, Delete, Put, ReturnValue, TransactWriteItem};
use domain::live::{Audience, Connection, LONGEST, Topic};
use domain::{Error, Result};
use jiff::{SignedDuration, Timestamp};

use super::table::{self, Item, instant, millis, seconds, text, unavailable, unless_refused};

/// What errors call it.
const WHAT: &str = "connections";
/// How long an item outlives its connection before DynamoDB removes it, when the gateway did not say that it ended.
const KEPT: SignedDuration = SignedDuration::from_mins(10);

/// Who watches live updates.
#[derive(Clone)]
pub struct Connections {
    client: Client,
    table: String,
}

impl Connections {
    /// Those in the configured table.
    pub fn new(aws: &SdkConfig, tables: &config::Tables) -> Self {
        Self { client: Client::new(aws), table: tables.connections.clone() }
    }

    /// Notes a connection that was made at `now`.
    pub async fn add(&self, connection: &Connection, now: Timestamp) -> Result<()> {
        let expires = seconds(now + LONGEST + KEPT);
        let audience = connection.audience.to_string();
        let found = self
            .put(&audience, &connection.id, expires.clone())
            .item("caregiver", text(connection.caregiver.to_string()))
            .item("session", text(connection.session.to_string()))
            .item("allowedUntil", millis(connection.until));
        let pointer = self.put(&pointer(&connection.id), &connection.id, expires).item("audience_of", text(audience));
        let items =
            [found, pointer].map(|put| Ok(TransactWriteItem::builder().put(put.build().map_err(internal)?).build()));
        let items = items.into_iter().collect::<Result<Vec<_>>>()?;
        let write = self.client.transact_write_items().set_transact_items(Some(items));
        write.send().await.map(drop).map_err(|error| unavailable(WHAT, error))
    }

    fn put(&self, audience: &str, id: &str, expires: AttributeValue) -> aws_sdk_dynamodb::types::builders::PutBuilder {
        Put::builder()
            .table_name(&self.table)
            .item("audience", text(audience))
            .item("connectionId", text(id))
            .item("expiresAt", expires)
    }

    /// A connection by the id that the gateway gave it.
    pub async fn find(&self, id: &str) -> Result<Option<Connection>> {
        let Some(audience) = self.audience(id).await? else { return Ok(None) };
        Ok(self.get(&audience, id).await?.as_ref().and_then(read))
    }

    /// Whose news it hears, as it is stored.
    async fn audience(&self, id: &str) -> Result<Option<String>> {
        let pointer = self.get(&pointer(id), id).await?;
        Ok(pointer.and_then(|item| item.get("audience_of")?.as_s().ok().cloned()))
    }

    async fn get(&self, audience: &str, id: &str) -> Result<Option<Item>> {
        let get = self.client.get_item().table_name(&self.table).consistent_read(true);
        let get = get.key("audience", text(audience)).key("connectionId", text(id));
        get.send().await.map(|found| found.item).map_err(|error| unavailable(WHAT, error))
    }

    /// Those who hear the news of an audience.
    pub async fn of(&self, audience: Audience) -> Result<Vec<Connection>> {
        let query = self
            .client
            .query()
            .table_name(&self.table)
            .consistent_read(true)
            .key_condition_expression("audience = :audience")
            .expression_attribute_values(":audience", text(audience.to_string()));
        let mut pages = query.into_paginator().items().send();
        let mut found = Vec::new();
        while let Some(item) = pages.next().await {
            found.extend(read(&item.map_err(|error| unavailable(WHAT, error))?));
        }
        Ok(found)
    }

    /// Hears about these topics too. Gives all it hears about; `None` when the connection is gone.
    pub async fn subscribe(
        &self,
        connection: &Connection,
        topics: &BTreeSet<Topic>,
    ) -> Result<Option<BTreeSet<Topic>>> {
        self.change(connection, "ADD topics :value", set(topics)).await
    }

    /// Hears no longer about these topics. Gives all it still hears about; `None` when the connection is gone.
    pub async fn unsubscribe(
        &self,
        connection: &Connection,
        topics: &BTreeSet<Topic>,
    ) -> Result<Option<BTreeSet<Topic>>> {
        self.change(connection, "DELETE topics :value", set(topics)).await
    }

    /// Has shown a token that counts until then.
    pub async fn extend(&self, connection: &Connection, until: Timestamp) -> Result<()> {
        self.change(connection, "SET allowedUntil = :value", millis(until)).await.map(drop)
    }

    async fn change(
        &self,
        connection: &Connection,
        expression: &str,
        value: AttributeValue,
    ) -> Result<Option<BTreeSet<Topic>>> {
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("audience", text(connection.audience.to_string()))
            .key("connectionId", text(&connection.id))
            .update_expression(expression)
            .condition_expression("attribute_exists(connectionId)")
            .expression_attribute_values(":value", value)
            .return_values(ReturnValue::AllNew);
        let done = unless_refused(WHAT, update.send().await)?;
        Ok(done.map(|done| done.attributes.as_ref().map(topics).unwrap_or_default()))
    }

    /// Forgets a connection that is gone.
    pub async fn remove(&self, id: &str) -> Result<()> {
        let Some(audience) = self.audience(id).await? else { return Ok(()) };
        let items = [audience, pointer(id)].map(|audience| {
            let delete = Delete::builder().table_name(&self.table);
            let delete = delete.key("audience", text(audience)).key("connectionId", text(id));
            Ok(TransactWriteItem::builder().delete(delete.build().map_err(internal)?).build())
        });
        let items = items.into_iter().collect::<Result<Vec<_>>>()?;
        let write = self.client.transact_write_items().set_transact_items(Some(items));
        write.send().await.map(drop).map_err(|error| unavailable(WHAT, error))
    }

    /// Makes the table on an emulator; in AWS the template does.
    pub async fn create_table(&self) -> Result<()> {
        table::create(WHAT, &self.client, &self.table, &["audience", "connectionId"]).await
    }
}

/// Where the item stands that leads from an id to its connection.
fn pointer(id: &str) -> String {
    format!("connection:{id}")
}

fn internal(error: aws_sdk_dynamodb::error::BuildError) -> Error {
    Error::internal(error.to_string())
}

fn set(topics: &BTreeSet<Topic>) -> AttributeValue {
    AttributeValue::Ss(topics.iter().map(Topic::to_string).collect())
}

fn topics(item: &Item) -> BTreeSet<Topic> {
    let names = item.get("topics").and_then(|value| value.as_ss().ok());
    names.into_iter().flatten().filter_map(|name| name.parse().ok()).collect()
}

fn read(item: &Item) -> Option<Connection> {
    let string = |name: &str| item.get(name).and_then(|value| value.as_s().ok());
    Some(Connection {
        id: string("connectionId")?.clone(),
        audience: string("audience")?.parse().ok()?,
        caregiver: string("caregiver")?.parse().ok()?,
        session: string("session")?.parse().ok()?,
        until: instant(item, "allowedUntil")?,
        topics: topics(item),
    })
}
