//! Nine arguments.
use sqs_runtime::{Consumer, extract::Body};

type B = Body;

async fn place(_: B, _: B, _: B, _: B, _: B, _: B, _: B, _: B, _: B) {}

fn main() {
    let _: Consumer = Consumer::new(place);
}
