//! One conditional write and one consistent read, each bounded in time.

use std::{sync::Arc, time::Duration};

use aws_sdk_dynamodb::{
    config::{Builder, timeout::TimeoutConfig},
    error::SdkError,
    operation::update_item::UpdateItemError,
    types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure},
};

use super::{
    DynamoDbStore,
    expression::Expression,
    fate::Fate,
    item::{self, Item},
    witness::Witness,
};
use crate::claim::{
    IdempotencyKey, Lease, StoreError,
    protocol::{Found, Row, Write},
};

/// The longest that an operation takes with all its retries, where nothing else limits it.
pub(super) const MAX_OPERATION: Duration = Duration::from_secs(10);

/// The longest that one attempt of it takes: a connection that died does not answer.
const MAX_ATTEMPT: Duration = Duration::from_secs(2);

/// The values of a write's expressions.
pub(super) type Values = Vec<(&'static str, AttributeValue)>;

pub(super) fn text(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

pub(super) fn number(number: u64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

/// The values by which a lease names itself.
pub(super) fn held(lease: &Lease) -> Values {
    vec![
        (":inprogress", text("INPROGRESS")),
        (":me", text(lease.owner().to_text())),
        (":fence", number(lease.fencing_token().0)),
    ]
}

impl DynamoDbStore {
    /// Timeouts that leave room for three attempts, and a witness of what those meet.
    pub(super) fn for_one_operation(&self, time_left: Option<Duration>) -> (Builder, Witness) {
        let operation = time_left.unwrap_or(MAX_OPERATION).min(MAX_OPERATION);
        let attempt = (operation / 3).min(MAX_ATTEMPT);
        let timeouts = TimeoutConfig::builder().operation_timeout(operation).operation_attempt_timeout(attempt).build();
        let witness = Witness::new(Arc::clone(&self.server_clock));
        (Builder::new().timeout_config(timeouts).interceptor(witness.clone()), witness)
    }

    /// Writes, and gives the row that was written.
    pub(super) async fn write_row(
        &self,
        key: &IdempotencyKey,
        expression: &Expression,
        values: Values,
        time_left: Option<Duration>,
    ) -> Result<Write<Row>, Fate> {
        match self.update(key, expression, values, ReturnValue::AllNew, time_left).await? {
            Write::Refused(found) => Ok(Write::Refused(found)),
            Write::Written(new) => match new.as_ref().and_then(|item| item::row(&self.table, item)) {
                Some(row) => Ok(Write::Written(row)),
                None => Err(Fate::Unknown(StoreError::new("the write did not return its row"))),
            },
        }
    }

    /// Writes.
    pub(super) async fn write(
        &self,
        key: &IdempotencyKey,
        expression: &Expression,
        values: Values,
        time_left: Option<Duration>,
    ) -> Result<Write, Fate> {
        let written = self.update(key, expression, values, ReturnValue::None, time_left).await?;
        Ok(match written {
            Write::Written(_) => Write::Written(()),
            Write::Refused(found) => Write::Refused(found),
        })
    }

    async fn update(
        &self,
        key: &IdempotencyKey,
        expression: &Expression,
        values: Values,
        returned: ReturnValue,
        time_left: Option<Duration>,
    ) -> Result<Write<Option<Item>>, Fate> {
        let values = values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let (config, witness) = self.for_one_operation(time_left);
        let sent = self
            .client
            .update_item()
            .table_name(self.table.name())
            .set_key(Some(self.key(key)))
            .update_expression(&expression.update)
            .condition_expression(&expression.condition)
            .set_expression_attribute_names(Some(expression.names.clone()))
            .set_expression_attribute_values(Some(values))
            .return_values(returned)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .customize()
            .config_override(config)
            .send();
        let error = match sent.await {
            Ok(output) => return Ok(Write::Written(output.attributes)),
            Err(error) => error,
        };
        match refusal(&error) {
            // An attempt that the SDK made before may have landed, whatever the last one was told.
            None if witness.is_in_doubt() => Err(Fate::of(&error).in_doubt()),
            None => Err(Fate::of(&error)),
            Some(Some(item)) => Ok(Write::Refused(item::found(&self.table, Some(item)))),
            // Refused without saying by what: ask.
            Some(None) => Ok(Write::Refused(self.read(key, time_left).await?)),
        }
    }

    /// What is stored now; strongly consistent.
    pub(super) async fn read(&self, key: &IdempotencyKey, time_left: Option<Duration>) -> Result<Found, Fate> {
        let sent = self
            .client
            .get_item()
            .table_name(self.table.name())
            .set_key(Some(self.key(key)))
            .consistent_read(true)
            .customize()
            .config_override(self.for_one_operation(time_left).0)
            .send();
        let output = sent.await.map_err(|error| Fate::of(&error).in_doubt())?;
        Ok(item::found(&self.table, output.item()))
    }

    pub(super) fn key(&self, key: &IdempotencyKey) -> Item {
        self.table.key(key).into_iter().map(|(name, value)| (name, text(value))).collect()
    }
}

/// The item that a condition met, if that is what the error says.
fn refusal(error: &SdkError<UpdateItemError, aws_sdk_dynamodb::config::http::HttpResponse>) -> Option<Option<&Item>> {
    match error.as_service_error()? {
        UpdateItemError::ConditionalCheckFailedException(refused) => Some(refused.item()),
        _ => None,
    }
}
