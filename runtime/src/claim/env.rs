//! A store that the environment names.

use aws_config::BehaviorVersion;
use aws_sdk_dynamodb::Client;

use super::{
    Idempotency,
    dynamodb::{DynamoDbStore, Table},
};
use crate::{Error, error::Kind};

impl Idempotency {
    /// Claims in the store that the environment names.
    ///
    /// | `IDEMPOTENCY_TABLE` | store |
    /// | --- | --- |
    /// | a name | the DynamoDB table of that name, with credentials, region and endpoint as every AWS SDK finds them |
    /// | `memory` | this process's memory, where nothing is at stake |
    /// | not set, or empty | memory for `replay` and tests; a deployment does not start |
    ///
    /// `IDEMPOTENCY_NAMESPACE` sets the [`namespace`](Self::namespace).
    ///
    /// # Errors
    ///
    /// If the table cannot be read: it is missing, has another key schema, or the role has no access. Found here, once,
    /// rather than with every message.
    pub async fn from_env() -> Result<Self, Error> {
        let idempotency = match setting("IDEMPOTENCY_TABLE").as_deref() {
            None => Self::unnamed(),
            Some("memory") => Self::memory(),
            Some(table) => Self::new(dynamodb(table).await?),
        };
        Ok(match setting("IDEMPOTENCY_NAMESPACE") {
            Some(namespace) => idempotency.namespace(namespace),
            None => idempotency,
        })
    }
}

async fn dynamodb(table: &str) -> Result<DynamoDbStore, Error> {
    let config = aws_config::load_defaults(BehaviorVersion::v2026_01_12()).await;
    let store = DynamoDbStore::new(Client::new(&config), Table::new(table));
    store.probe().await.map_err(Kind::Store)?;
    Ok(store)
}

#[expect(clippy::disallowed_methods, reason = "a `from_env` constructor reads the environment")]
fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
