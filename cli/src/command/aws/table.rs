//! Which row of which table: what `explain` and `forget` have in common.

use clap::Args;
use sqs_runtime::claim::{
    IdempotencyKey,
    dynamodb::{DynamoDbStore, Table},
};

use super::client;
use crate::{aws::explain::key, terminal::without_accounts};

#[derive(Args)]
pub(super) struct Row {
    /// The idempotency table's name.
    pub(super) table: String,
    /// A message id, or the parts of another key in their order; or a key as it stands in the table, NAMESPACE#HASH.
    #[arg(required = true)]
    key: Vec<String>,
    /// The namespace of the key: the queue's name, unless the consumer says otherwise.
    #[arg(long)]
    namespace: Option<String>,
    /// The table's partition key, where it is not `id`.
    #[arg(long, default_value = "id")]
    partition_key: String,
    /// The partition that all rows are in, where the table has a sort key too.
    #[arg(long, requires = "sort_key")]
    partition: Option<String>,
    /// The table's sort key, which holds the rows' keys.
    #[arg(long, requires = "partition")]
    sort_key: Option<String>,
}

impl Row {
    pub(super) fn key(&self) -> Result<IdempotencyKey, String> {
        key(&self.key, self.namespace.as_deref()).map_err(|error| error.to_string())
    }

    pub(super) async fn store(&self) -> Result<DynamoDbStore, String> {
        Ok(DynamoDbStore::new(client::dynamodb().await?, self.described()))
    }

    fn described(&self) -> Table {
        let table = Table::new(&self.table);
        match (&self.partition, &self.sort_key) {
            (Some(partition), Some(sort)) => table.composite_key(&self.partition_key, partition, sort),
            _ => table.partition_key(&self.partition_key),
        }
    }

    /// An error with the table that it is about.
    pub(super) fn told(&self, error: &impl ToString) -> String {
        format!("{}: {}", self.table, without_accounts(&error.to_string()))
    }
}
