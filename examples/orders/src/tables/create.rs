//! Makes the tables that the environment names.

use std::{error::Error, fmt};

use aws_sdk_dynamodb::{
    Client,
    error::ProvideErrorMetadata,
    types::{
        AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType, TableStatus,
        TimeToLiveSpecification,
    },
};
use tokio::time::{Duration, interval};

use super::Names;
use crate::causes::causes;

/// A table could not be made.
#[derive(Debug)]
pub struct CreateError {
    table: String,
    why: String,
}

/// One table to make.
struct Wanted<'a> {
    name: &'a str,
    key: &'static str,
    /// The attribute by which DynamoDB forgets rows.
    ttl: Option<&'static str>,
}

/// Makes every table that has a name, billed on demand, and waits until it can be used; one that is there already is left as
/// it is. Gives the names of those that were made.
///
/// # Errors
///
/// If a table cannot be made or does not become active.
pub async fn create(client: &Client, names: &Names) -> Result<Vec<String>, CreateError> {
    let wanted = |name: &'_ Option<String>, key, ttl| name.clone().map(|name| (name, key, ttl));
    let all = [
        wanted(&names.idempotency, "id", Some("expiration")),
        wanted(&names.orders, "orderId", None),
        wanted(&names.stock, "sku", None),
        wanted(&names.outbox, "orderId", Some("expiration")),
    ];
    let mut made = Vec::new();
    for (name, key, ttl) in all.into_iter().flatten() {
        if create_one(client, &Wanted { name: &name, key, ttl }).await? {
            made.push(name);
        }
    }
    Ok(made)
}

async fn create_one(client: &Client, wanted: &Wanted<'_>) -> Result<bool, CreateError> {
    let failed = |why: String| CreateError { table: wanted.name.to_owned(), why };
    let schema = KeySchemaElement::builder().attribute_name(wanted.key).key_type(KeyType::Hash).build();
    let attribute = AttributeDefinition::builder().attribute_name(wanted.key).attribute_type(ScalarAttributeType::S);
    let request = client.create_table().table_name(wanted.name).billing_mode(BillingMode::PayPerRequest);
    let request = request.key_schema(schema.map_err(|error| failed(error.to_string()))?);
    let request = request.attribute_definitions(attribute.build().map_err(|error| failed(error.to_string()))?);
    match request.send().await {
        Ok(_) => {}
        Err(error) if error.code() == Some("ResourceInUseException") => return Ok(false),
        Err(error) => return Err(failed(causes(&error))),
    }
    wait_until_active(client, wanted.name).await.map_err(failed)?;
    if let Some(attribute) = wanted.ttl {
        expire(client, wanted.name, attribute).await.map_err(failed)?;
    }
    Ok(true)
}

async fn wait_until_active(client: &Client, name: &str) -> Result<(), String> {
    const TRIES: u32 = 60;
    let mut ticks = interval(Duration::from_secs(1));
    for _ in 0..TRIES {
        ticks.tick().await;
        let described = client.describe_table().table_name(name).send().await.map_err(|error| causes(&error))?;
        let status = described.table().and_then(|table| table.table_status());
        if status == Some(&TableStatus::Active) {
            return Ok(());
        }
    }
    Err("it does not become active".to_owned())
}

async fn expire(client: &Client, name: &str, attribute: &str) -> Result<(), String> {
    let ttl = TimeToLiveSpecification::builder().attribute_name(attribute).enabled(true).build();
    let ttl = ttl.map_err(|error| error.to_string())?;
    let sent = client.update_time_to_live().table_name(name).time_to_live_specification(ttl).send().await;
    sent.map(drop).map_err(|error| causes(&error))
}

impl fmt::Display for CreateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the table {} was not made: {}", self.table, self.why)
    }
}

impl Error for CreateError {}
