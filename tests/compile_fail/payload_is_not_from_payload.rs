//! A compressed payload of a type that says nothing about its format.
use sqs_runtime::{Consumer, extract::Gzip};

#[derive(serde::Deserialize)]
struct Order {}

async fn place(Gzip(_): Gzip<Order>) {}

fn main() {
    let _: Consumer = Consumer::new(place);
}
