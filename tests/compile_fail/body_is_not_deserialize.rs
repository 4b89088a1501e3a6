//! A body type that serde cannot make.
use sqs_runtime::{Consumer, extract::Json};

struct Order;

async fn place(_: Json<Order>) {}

fn main() {
    let _: Consumer = Consumer::new(place);
}
