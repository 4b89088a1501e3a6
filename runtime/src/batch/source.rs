//! Events of other sources: they must be refused, and the error should say where they came from.

/// How much of a foreign source's name goes into an error.
const MAX_NAME: usize = 40;

/// The source that a top-level key gives away. An SQS event has `Records` and nothing else.
pub(super) fn of_event_key(name: &str) -> Option<&'static str> {
    Some(match name {
        "detail-type" | "detail" => "EventBridge",
        "requestContext" | "httpMethod" | "routeKey" => "API Gateway or a function URL",
        "deliveryStreamArn" => "Kinesis Data Firehose",
        "awslogs" => "CloudWatch Logs",
        "TopicArn" => "SNS",
        _ => return None,
    })
}

/// The name as it may stand in a log: short, and without control characters.
pub(super) fn shortened(name: &str) -> Box<str> {
    let name: String = name.chars().take(MAX_NAME).filter(|c| !c.is_control()).collect();
    if name.is_empty() { "a source without a name".into() } else { name.into() }
}
