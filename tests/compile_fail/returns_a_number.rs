//! A handler that returns neither `()` nor a `Result`.
use sqs_runtime::Consumer;

async fn place() -> u32 {
    5
}

fn main() {
    let _: Consumer = Consumer::new(place);
}
