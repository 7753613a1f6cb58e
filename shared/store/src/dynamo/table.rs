//! What every table needs.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{BuildError, ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use domain::{Error, Result};
use jiff::Timestamp;

/// An item as DynamoDB gives it.
pub(super) type Item = HashMap<String, AttributeValue>;

/// Makes a table with this key, or this one and the one to sort by, on an emulator; in AWS the template does.
pub(super) async fn create(what: &'static str, client: &Client, table: &str, keys: &[&str]) -> Result<()> {
    let internal = |error: BuildError| Error::internal(error.to_string());
    let mut create = client.create_table().table_name(table).billing_mode(BillingMode::PayPerRequest);
    for (key, kind) in keys.iter().zip([KeyType::Hash, KeyType::Range]) {
        let definition = AttributeDefinition::builder().attribute_name(*key).attribute_type(ScalarAttributeType::S);
        let schema = KeySchemaElement::builder().attribute_name(*key).key_type(kind);
        create = create
            .attribute_definitions(definition.build().map_err(internal)?)
            .key_schema(schema.build().map_err(internal)?);
    }
    match create.send().await {
        Err(error) if error.code() == Some("ResourceInUseException") => Ok(()),
        other => other.map(drop).map_err(|error| unavailable(what, error)),
    }
}

pub(super) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub(super) fn millis(at: Timestamp) -> AttributeValue {
    AttributeValue::N(at.as_millisecond().to_string())
}

pub(super) fn instant(item: &Item, name: &str) -> Option<Timestamp> {
    let millis = item.get(name)?.as_n().ok()?.parse().ok()?;
    Timestamp::from_millisecond(millis).ok()
}

/// DynamoDB's time to live reads seconds.
pub(super) fn seconds(at: Timestamp) -> AttributeValue {
    AttributeValue::N(at.as_second().to_string())
}

/// The answer, or `None` when the condition did not hold.
pub(super) fn unless_refused<T, E, R>(what: &'static str, answer: Result<T, SdkError<E, R>>) -> Result<Option<T>>
where
    SdkError<E, R>: ProvideErrorMetadata,
{
    match answer {
        Ok(done) => Ok(Some(done)),
        Err(error) if error.code() == Some("ConditionalCheckFailedException") => Ok(None),
        Err(error) => Err(unavailable(what, error)),
    }
}

/// Only the code: the service's words can hold what was asked.
pub(super) fn unavailable(what: &'static str, error: impl ProvideErrorMetadata) -> Error {
    Error::unavailable(what, error.code().unwrap_or("no answer").to_owned())
}
