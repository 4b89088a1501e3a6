//! An argument that cannot be made from a message.
use sqs_runtime::Consumer;

struct Order;

async fn place(_: Order) {}

fn main() {
    let _: Consumer = Consumer::new(place);
}
