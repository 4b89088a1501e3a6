//! The messages of the double: orders of some four hundred bytes, as SQS hands them out.

use md5::{Digest, Md5};
use serde_json::{Value, json};

/// The queue's account and name.
pub(super) const QUEUE: &str = "000000000000/orders";

/// Its Amazon Resource Name.
pub(super) const ARN: &str = "arn:aws:sqs:us-east-1:000000000000:orders";

/// What SQS's receipt handles begin with.
const HANDLE: &str = "AQEB";

/// The message of that number.
pub(super) fn message(number: usize, with_attributes: bool) -> Value {
    let body = body(number);
    let mut message = json!({
        "MessageId": format!("{number:08x}-91b2-4a7e-8f3d-{number:012x}"),
        "ReceiptHandle": receipt_handle(number),
        "MD5OfBody": hex(&Md5::digest(&body)),
        "Body": body,
    });
    if with_attributes && let Some(message) = message.as_object_mut() {
        message.insert("Attributes".to_owned(), attributes());
    }
    message
}

/// As long as SQS's are.
pub(super) fn receipt_handle(number: usize) -> String {
    format!("{HANDLE}{number:0>180}")
}

/// The number of a message by its receipt handle.
pub(super) fn of_receipt(receipt_handle: &str) -> Option<usize> {
    receipt_handle.strip_prefix(HANDLE)?.parse().ok()
}

fn body(number: usize) -> String {
    let order = json!({
        "order_id": format!("ord-{number:08}"),
        "customer": "cus_7fQ2mX9Lb4",
        "currency": "EUR",
        "items": [
            {"sku": "TEA-GREEN-250", "quantity": 2, "cents": 1_299},
            {"sku": "FILTER-PAPER-100", "quantity": 3, "cents": 450},
            {"sku": "TEAPOT-GLASS-1L", "quantity": 1, "cents": 4_990},
        ],
        "note": "Please leave the parcel with the neighbours on the second floor; the bell is broken.",
        "placed_at": "2026-11-01T09:30:00Z",
        "total_cents": 8_938,
    });
    order.to_string()
}

fn attributes() -> Value {
    json!({
        "ApproximateFirstReceiveTimestamp": "1793525400012",
        "ApproximateReceiveCount": "1",
        "SenderId": "AROA4EXAMPLE4EXAMPLE4:orders-api",
        "SentTimestamp": "1793525400000",
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_as_large_as_many_are_and_has_its_digest() {
        let plain = message(7, false);
        let body = plain["Body"].as_str().unwrap();
        assert!((350..450).contains(&body.len()), "{}", body.len());
        assert_eq!(plain["MD5OfBody"], hex(&Md5::digest(body)));
        assert_eq!(hex(&Md5::digest("")), "d41d8cd98f00b204e9800998ecf8427e");
        assert!(plain["Attributes"].is_null() && message(7, true)["Attributes"].is_object());
    }

    #[test]
    fn a_receipt_handle_leads_back_to_its_message() {
        assert_eq!(of_receipt(&receipt_handle(1_234_567)), Some(1_234_567));
        assert_eq!((of_receipt("AQEB"), of_receipt("other"), of_receipt("")), (None, None, None));
    }
}
