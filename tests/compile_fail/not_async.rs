//! A function that is not async.
use sqs_runtime::{Consumer, extract::Body};

fn place(_: Body) {}

fn main() {
    let _: Consumer = Consumer::new(place);
}
