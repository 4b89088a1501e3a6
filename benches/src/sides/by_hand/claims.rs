//! Claims by hand: three conditional writes, by the attributes that Powertools uses too.

use std::{collections::HashMap, time::SystemTime};

use aws_sdk_dynamodb::{
    Client,
    error::SdkError,
    operation::put_item::PutItemError,
    types::{AttributeValue, ReturnValuesOnConditionCheckFailure},
};
use compare::TABLE;

use super::AnyError;

/// For how long a claim is held, in milliseconds.
const LEASE: u128 = 60_000;
/// For how long a message is known, in seconds.
const RETENTION: u128 = 86_400;

/// What a claim came to.
pub(super) enum Claim {
    /// It is the caller's, under this name.
    Granted(String),
    /// The message was handled before.
    Done,
    /// Another handles it.
    Elsewhere,
}

pub(super) struct Claims {
    client: Client,
}

impl Claims {
    pub(super) fn new(client: Client) -> Self {
        Self { client }
    }

    pub(super) async fn claim(&self, id: &str) -> Result<Claim, AnyError> {
        let (owner, now) = (owner()?, epoch_ms());
        let put = self
            .client
            .put_item()
            .table_name(TABLE)
            .item("id", text(id))
            .item("status", text("INPROGRESS"))
            .item("owner", text(&owner))
            .item("in_progress_expiration", number(now + LEASE))
            .item("expiration", number(now / 1_000 + RETENTION))
            .condition_expression(
                "attribute_not_exists(id) OR expiration < :seconds OR (#status = :held AND in_progress_expiration < :now)",
            )
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":seconds", number(now / 1_000))
            .expression_attribute_values(":held", text("INPROGRESS"))
            .expression_attribute_values(":now", number(now))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match put.send().await.map_err(SdkError::into_service_error) {
            Ok(_) => Ok(Claim::Granted(owner)),
            Err(PutItemError::ConditionalCheckFailedException(refused)) => Ok(of_another(refused.item())),
            Err(error) => Err(error.into()),
        }
    }

    pub(super) async fn complete(&self, id: &str, owner: &str) -> Result<(), AnyError> {
        self.client
            .update_item()
            .table_name(TABLE)
            .key("id", text(id))
            .update_expression("SET #status = :done, expiration = :until REMOVE in_progress_expiration")
            .condition_expression("#owner = :owner AND #status = :held")
            .expression_attribute_names("#status", "status")
            .expression_attribute_names("#owner", "owner")
            .expression_attribute_values(":done", text("COMPLETED"))
            .expression_attribute_values(":held", text("INPROGRESS"))
            .expression_attribute_values(":owner", text(owner))
            .expression_attribute_values(":until", number(epoch_ms() / 1_000 + RETENTION))
            .send()
            .await?;
        Ok(())
    }

    pub(super) async fn release(&self, id: &str, owner: &str) -> Result<(), AnyError> {
        self.client
            .delete_item()
            .table_name(TABLE)
            .key("id", text(id))
            .condition_expression("#owner = :owner")
            .expression_attribute_names("#owner", "owner")
            .expression_attribute_values(":owner", text(owner))
            .send()
            .await?;
        Ok(())
    }
}

#[expect(clippy::disallowed_methods, reason = "this side does without the crate, and without its clock")]
fn epoch_ms() -> u128 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_millis()
}

/// What the row says that refused a claim.
fn of_another(row: Option<&HashMap<String, AttributeValue>>) -> Claim {
    let status = row.and_then(|row| row.get("status")).and_then(|status| status.as_s().ok());
    if status.is_some_and(|status| status == "COMPLETED") { Claim::Done } else { Claim::Elsewhere }
}

fn owner() -> Result<String, AnyError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn number(number: u128) -> AttributeValue {
    AttributeValue::N(number.to_string())
}
