//! The function with the crate. Claims where the environment names a DynamoDB.

use std::error::Error;

use compare::{Order, TABLE, place, store};
use sqs_runtime::{
    Consumer, Failure, Idempotency,
    claim::dynamodb::{DynamoDbStore, Table},
    extract::Json,
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let consumer = Consumer::new(handle);
    let consumer = match store() {
        Some(client) => {
            let store = DynamoDbStore::new(client, Table::new(TABLE));
            consumer.idempotency(Idempotency::new(store))
        }
        None => consumer.without_idempotency(),
    };
    Ok(sqs_runtime::run(consumer).await?)
}

async fn handle(Json(order): Json<Order>) -> Result<(), Failure> {
    place(&order).map_err(Failure::retry)
}
