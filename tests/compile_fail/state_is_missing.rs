//! A consumer whose state was never given.
use sqs_runtime::{Consumer, extract::State};

#[derive(Clone)]
struct Shop;

async fn place(_: State<Shop>) {}

async fn serve() {
    let _ = sqs_runtime::run(Consumer::new(place)).await;
}

fn main() {
    drop(serve());
}
