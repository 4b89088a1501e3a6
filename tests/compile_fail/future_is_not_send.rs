//! A handler that keeps something across an await that must stay on its thread.
use std::rc::Rc;

use sqs_runtime::Consumer;

async fn place() {
    let shared = Rc::new(5);
    std::future::ready(()).await;
    drop(shared);
}

fn main() {
    let _: Consumer = Consumer::new(place);
}
