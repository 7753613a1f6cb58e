//! What was answered to requests that may come again.
//!
//! One item a request. While it is carried out the item has a lease and `leasedUntil`; once it is done the second is
//! gone and the answer is there. `expiresAt` is DynamoDB's time to live, which removes items when it gets around to
//! it (hours to days later), so it is compared as well.

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use domain::idempotency::{Answer, Claim, Fingerprint, Kept, LEASE, Lease, REMEMBERED, Slot};
use domain::{Error, Idempotency, Phi, Result};
use jiff::Timestamp;

use super::table::{self, Item, millis, seconds, text, unavailable, unless_refused};

/// What errors call it.
const WHAT: &str = "idempotency";

/// The largest answer that is kept, in bytes; an item may have 400 KiB in all.
const LARGEST: usize = 350_000;

/// Free, or left by an owner whose lease ran out, or this very claim whose answer was lost. An item that was
/// answered has no `leasedUntil`, and what compares it is then false.
const FREE: &str = "attribute_not_exists(slot) OR expiresAt <= :seconds \
    OR (leasedUntil < :now AND fingerprint = :fingerprint) OR (lease = :lease AND attribute_exists(leasedUntil))";

/// The answers that were kept.
#[derive(Clone)]
pub struct KeptAnswers {
    client: Client,
    table: String,
}

impl KeptAnswers {
    /// Those in the table that `tables` names.
    pub fn new(aws: &SdkConfig, tables: &config::Tables) -> Self {
        Self { client: Client::new(aws), table: tables.idempotency.clone() }
    }

    /// Makes the table on an emulator; in AWS the template does.
    pub async fn create_table(&self) -> Result<()> {
        table::create(WHAT, &self.client, &self.table, &["slot"]).await
    }
}

impl Idempotency for KeptAnswers {
    async fn claim(&self, slot: &Slot, fingerprint: &Fingerprint, lease: Lease, now: Timestamp) -> Result<Claim> {
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .item("slot", text(slot.as_str()))
            .item("fingerprint", digest(fingerprint))
            .item("lease", text(lease.to_string()))
            .item("leasedUntil", millis(now + LEASE))
            .item("expiresAt", seconds(now + REMEMBERED))
            .condition_expression(FREE)
            .expression_attribute_values(":now", millis(now))
            .expression_attribute_values(":seconds", seconds(now))
            .expression_attribute_values(":fingerprint", digest(fingerprint))
            .expression_attribute_values(":lease", text(lease.to_string()))
            // Whoever comes late learns everything from this one request.
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let refused = match put.send().await {
            Ok(_) => return Ok(Claim::Mine),
            Err(error) => error.into_service_error(),
        };
        match refused {
            PutItemError::ConditionalCheckFailedException(refused) => {
                let unreadable = || Error::internal("a remembered request cannot be read");
                refused.item().and_then(|item| read(item, fingerprint)).ok_or_else(unreadable)
            }
            error => Err(unavailable(WHAT, error)),
        }
    }

    async fn keep(&self, slot: &Slot, lease: Lease, kept: &Kept, now: Timestamp) -> Result<bool> {
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("slot", text(slot.as_str()))
            // The lease stays: the SDK's own repetition of this request must find it.
            .condition_expression("lease = :lease")
            .expression_attribute_values(":lease", text(lease.to_string()))
            .expression_attribute_values(":status", AttributeValue::N(kept.status.to_string()))
            .expression_attribute_values(":expires", seconds(now + REMEMBERED));
        let update = match kept.answer.as_ref().map(written).transpose()? {
            Some((headers, body)) if headers.len() + body.len() <= LARGEST => update
                .update_expression(
                    "SET answerStatus = :status, expiresAt = :expires, answerHeaders = :headers, answerBody = :body \
                     REMOVE leasedUntil",
                )
                .expression_attribute_values(":headers", text(headers))
                .expression_attribute_values(":body", AttributeValue::B(Blob::new(body))),
            _ => update.update_expression("SET answerStatus = :status, expiresAt = :expires REMOVE leasedUntil"),
        };
        unless_refused(WHAT, update.send().await).map(|done| done.is_some())
    }

    async fn release(&self, slot: &Slot, lease: Lease) -> Result<()> {
        let delete = self
            .client
            .delete_item()
            .table_name(&self.table)
            .key("slot", text(slot.as_str()))
            .condition_expression("lease = :lease AND attribute_exists(leasedUntil)")
            .expression_attribute_values(":lease", text(lease.to_string()));
        unless_refused(WHAT, delete.send().await).map(drop)
    }
}

fn digest(fingerprint: &Fingerprint) -> AttributeValue {
    AttributeValue::B(Blob::new(fingerprint.bytes().as_slice()))
}

fn written(answer: &Answer) -> Result<(String, Vec<u8>)> {
    let headers = serde_json::to_string(&answer.headers).map_err(|error| Error::internal(error.to_string()))?;
    Ok((headers, answer.body.reveal().clone()))
}

/// What an item that was in the way says.
fn read(item: &Item, fingerprint: &Fingerprint) -> Option<Claim> {
    if item.get("fingerprint")?.as_b().ok()?.as_ref() != fingerprint.bytes().as_slice() {
        return Some(Claim::OtherRequest);
    }
    if item.contains_key("leasedUntil") {
        return Some(Claim::InProgress);
    }
    let status = item.get("answerStatus")?.as_n().ok()?.parse().ok()?;
    let answer = match (item.get("answerHeaders"), item.get("answerBody")) {
        (Some(headers), Some(body)) => {
            let headers = serde_json::from_str(headers.as_s().ok()?).ok()?;
            Some(Answer { headers, body: Phi::new(body.as_b().ok()?.clone().into_inner()) })
        }
        _ => None,
    };
    Some(Claim::Done(Kept { status, answer }))
}
