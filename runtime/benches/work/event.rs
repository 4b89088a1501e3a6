//! The event: orders of some 350 bytes, as Lambda's event source mapping hands them out from a standard queue.

/// An event with the messages of these numbers.
#[must_use]
pub fn event(numbers: impl Iterator<Item = usize>, is_wrong: impl Fn(usize) -> bool) -> String {
    let records: Vec<_> = numbers.map(|number| record(number, is_wrong(number))).collect();
    format!(r#"{{"Records":[{}]}}"#, records.join(","))
}

/// The id of the message of that number.
#[must_use]
pub fn message_id(number: usize) -> String {
    format!("{number:08x}-91b2-4a7e-8f3d-c5a60d1e{:04x}", number % 0x1_0000)
}

/// The id of its order.
#[must_use]
pub fn order_id(number: usize) -> String {
    format!("ord-{number:08}")
}

fn record(number: usize, is_wrong: bool) -> String {
    let body = serde_json::Value::from(body(number, is_wrong));
    let (id, handle) = (message_id(number), "AQEBzWwaftRI0KuVm4tP+/7q1rGgNqicHq".repeat(5));
    let (sent, received) = (1_763_000_000_000_usize + number, 1_763_000_000_012_usize + number);
    format!(
        r#"{{"messageId":"{id}","receiptHandle":"{handle}{number:08x}=","body":{body},"attributes":{{"ApproximateReceiveCount":"1","SentTimestamp":"{sent}","SenderId":"AROA4EXAMPLE4EXAMPLE4:orders-api","ApproximateFirstReceiveTimestamp":"{received}"}},"messageAttributes":{{}},"md5OfBody":"{number:08x}e4e68fb7bd0e697a0ae80000","eventSource":"aws:sqs","eventSourceARN":"arn:aws:sqs:eu-central-1:123456789012:orders","awsRegion":"eu-central-1"}}"#
    )
}

fn body(number: usize, is_wrong: bool) -> String {
    let (order, total) = (order_id(number), 2 * 1_299 + 3 * 450 + 4_990 + usize::from(is_wrong));
    format!(
        r#"{{"order_id":"{order}","customer":"cus_7fQ2mX9Lb4","currency":"EUR","items":[{{"sku":"TEA-GREEN-250","quantity":2,"cents":1299}},{{"sku":"FILTER-PAPER-100","quantity":3,"cents":450}},{{"sku":"TEAPOT-GLASS-1L","quantity":1,"cents":4990}}],"note":"Please leave the parcel with the neighbours on the second floor; the bell is broken.","total_cents":{total}}}"#
    )
}
