//! The consumer and a mail server: what comes to the customer, and how often.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test says what is wrong by panicking"
)]

mod crash;
mod delivery;
#[path = "../../../../tests/shared/dynamodb.rs"]
mod dynamodb;
mod receiver;
mod start;

/// An event of the queue `confirmations` with the confirmation of order A-1001.
fn event() -> String {
    let body = r#"{\"orderId\":\"A-1001\",\"customerId\":\"C-1\",\"totalCents\":4999}"#;
    let queue = "arn:aws:sqs:eu-west-1:123456789012:confirmations";
    format!(r#"{{"Records":[{{"messageId":"m-1","eventSourceARN":"{queue}","body":"{body}"}}]}}"#)
}
