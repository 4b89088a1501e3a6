//! What `doctor` takes for known: where one thing more or less decides whether anything is found.

use sqs_runtime_cli::doctor::examine;

use crate::support::{codes, resource};

/// A queue with these properties, and what else there is.
fn queue(properties: &str, beside: &str) -> Vec<&'static str> {
    codes(&format!("{}{beside}", resource("Orders", "AWS::SQS::Queue", properties)))
}

const FLAG: &str = "FunctionResponseTypes: [ReportBatchItemFailures]";
const DEAD: &str =
    "RedrivePolicy: {deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: 5}, ReceiveMessageWaitTimeSeconds: 20";
const DEAD_QUEUE: &str = "  Dead:\n    Type: AWS::SQS::Queue\n    Properties: {MessageRetentionPeriod: 1209600}\n";
const ELSEWHERE: &str =
    "RedrivePolicy: {deadLetterTargetArn: 'arn:aws:sqs:eu-west-1:123456789012:dead', maxReceiveCount: 5}";

#[test]
fn nothing_is_missing_where_more_may_be_added() {
    assert_eq!(queue(DEAD, DEAD_QUEUE), ["SQS603"]);
    for adds in [
        "Transform: Shop::Standards\n",
        "Transform: [AWS::Serverless-2016-10-31, Shop::Standards]\n",
        "Transform: {Name: AWS::Include, Parameters: {Location: 's3://shop/more.yaml'}}\n",
    ] {
        assert_eq!(queue(DEAD, &format!("{DEAD_QUEUE}{adds}")), [""; 0], "{adds}");
    }
    for nested in ["AWS::CloudFormation::Stack", "AWS::Serverless::Application", "Shop::Alarms::MODULE"] {
        assert_eq!(queue(DEAD, &format!("{DEAD_QUEUE}  Nested:\n    Type: {nested}\n")), [""; 0], "{nested}");
    }
    let loop_ = "  Fn::ForEach::Alarms: [Name, [Dead], {'Alarm${Name}': {Type: AWS::CloudWatch::Alarm}}]\n";
    assert_eq!(queue(DEAD, &format!("{DEAD_QUEUE}{loop_}")), [""; 0]);
    let known = "Transform: [AWS::Serverless-2016-10-31, AWS::LanguageExtensions]\n";
    assert_eq!(queue(DEAD, &format!("{DEAD_QUEUE}{known}")), ["SQS603"]);
}

#[test]
fn an_alarm_watches_what_its_dimension_names() {
    let alarm = |name: &str, dimensions: &str| {
        let says = format!("Namespace: AWS/SQS, MetricName: {name}, Dimensions: {dimensions}");
        let alarm = resource("Alarm", "AWS::CloudWatch::Alarm", &says);
        queue(DEAD, &format!("{DEAD_QUEUE}{alarm}"))
    };
    let visible = "ApproximateNumberOfMessagesVisible";
    assert_eq!(alarm(visible, "[{Name: QueueName, Value: !GetAtt Dead.QueueName}]"), [""; 0]);
    assert_eq!(alarm(visible, "[{Name: Stage, Value: a}, {Name: QueueName, Value: !GetAtt Dead.QueueName}]"), [""; 0]);
    assert_eq!(alarm("ApproximateAgeOfOldestMessage", "[{Name: QueueName, Value: !GetAtt Dead.QueueName}]"), [""; 0]);
    for other in
        ["[{Name: QueueName, Value: !GetAtt Orders.QueueName}]", "[{Name: Stage, Value: !GetAtt Dead.QueueName}]", "[]"]
    {
        assert_eq!(alarm(visible, other), ["SQS603"], "{other}");
    }
    assert_eq!(alarm("NumberOfMessagesDeleted", "[{Name: QueueName, Value: !GetAtt Dead.QueueName}]"), ["SQS603"]);
    for unknown in [
        "!ImportValue dimensions",
        "[{Name: !ImportValue name, Value: !GetAtt Dead.QueueName}]",
        "[{Name: QueueName, Value: !ImportValue a}]",
    ] {
        assert_eq!(alarm(visible, unknown), [""; 0], "{unknown}");
    }
    assert_eq!(alarm("!ImportValue metric", "[{Name: QueueName, Value: !GetAtt Dead.QueueName}]"), [""; 0]);
    // An expression has no metric of its own, and an unknown one may be any.
    for (metrics, expected) in [("[{Id: a, Expression: '1 > 0'}]", &["SQS603"][..]), ("!ImportValue metrics", &[])] {
        let alarm = resource("Alarm", "AWS::CloudWatch::Alarm", &format!("Metrics: {metrics}"));
        assert_eq!(queue(DEAD, &format!("{DEAD_QUEUE}{alarm}")), expected, "{metrics}");
    }
}

#[test]
fn a_queue_is_for_dead_letters_if_anything_says_so() {
    let waits = "ReceiveMessageWaitTimeSeconds: 20";
    assert_eq!(queue(waits, ""), ["SQS301"]);
    assert_eq!(queue(&format!("{waits}, RedriveAllowPolicy: {{redrivePermission: allowAll}}"), ""), [""; 0]);
    assert_eq!(queue(&format!("{waits}, QueueName: orders-dlq"), ""), [""; 0]);
    for says in [
        "DeadLetterConfig: {TargetArn: !GetAtt Orders.Arn}",
        "DeadLetterQueue: {Type: SQS, TargetArn: !GetAtt Orders.Arn}",
        "EventInvokeConfig: {DestinationConfig: {OnFailure: {Type: SQS, Destination: !GetAtt Orders.Arn}}}",
        "Environment: {Variables: {DLQ_URL: !Ref Orders}}",
        "Environment: {Variables: {SQS_RUNTIME_DEAD_LETTER_QUEUE: !Ref Orders}}",
    ] {
        let function = resource("Function", "AWS::Serverless::Function", says);
        assert_eq!(queue(waits, &function), [""; 0], "{says}");
    }
    let success = "EventInvokeConfig: {DestinationConfig: {OnSuccess: {Type: SQS, Destination: !GetAtt Orders.Arn}}}";
    let function = resource("Function", "AWS::Serverless::Function", success);
    assert_eq!(queue(waits, &function), ["SQS301"]);
}

#[test]
fn a_mapping_of_another_source_is_none_of_ours() {
    let mapping = |says: &str, beside: &str| {
        let says = format!("FunctionName: consumer, BatchSize: 1, {says}");
        codes(&format!("{}{beside}", resource("Mapping", "AWS::Lambda::EventSourceMapping", &says)))
    };
    assert_eq!(mapping("EventSourceArn: 'arn:aws:sqs:eu-west-1:123456789012:orders'", ""), ["SQS101"]);
    assert_eq!(mapping("EventSourceArn: !ImportValue queue", ""), ["SQS101"]);
    for other in [
        "EventSourceArn: 'arn:aws:kinesis:eu-west-1:123456789012:stream/orders'",
        "EventSourceArn: !ImportValue stream, StartingPosition: LATEST",
        "EventSourceArn: !ImportValue cluster, Topics: [orders]",
        "EventSourceArn: !ImportValue broker, Queues: [orders]",
    ] {
        assert_eq!(mapping(other, ""), [""; 0], "{other}");
    }
    let stream = "  Stream:\n    Type: AWS::Kinesis::Stream\n  Unrelated:\n    Type: AWS::SNS::Topic\n";
    assert_eq!(mapping("EventSourceArn: !GetAtt Stream.Arn", stream), [""; 0]);
    let queue = "  Orders:\n    Type: AWS::SQS::Queue\n    Properties: {RedrivePolicy: !ImportValue policy}\n";
    assert_eq!(mapping("EventSourceArn: !GetAtt Orders.Arn", queue), ["SQS101"]);
}

/// A function and its mapping from the queue of [`ELSEWHERE`], in SAM, with what the mapping and the function say.
fn consumed(queue_says: &str, event: &str, function: &str, beside: &str) -> Vec<&'static str> {
    let says = format!("Role: role, {function}, Events: {{Orders: {event}}}");
    let function = resource("Consumer", "AWS::Serverless::Function", &says);
    queue(&format!("{ELSEWHERE}, {queue_says}"), &format!("{function}{beside}"))
}

#[test]
fn only_what_is_known_of_both_ends_is_compared() {
    let event = |queue: &str| {
        format!("{{Type: SQS, Properties: {{Queue: {queue}, FunctionResponseTypes: [ReportBatchItemFailures]}}}}")
    };
    let (ours, visible) = (event("!GetAtt Orders.Arn"), "VisibilityTimeout: 30");
    assert_eq!(consumed(visible, &ours, "Timeout: 30", ""), ["SQS201"]);
    assert_eq!(consumed(visible, &ours, "Timeout: 5", ""), [""; 0]);
    assert_eq!(consumed(visible, &ours, "Timeout: !ImportValue seconds", ""), [""; 0]);
    assert_eq!(consumed("VisibilityTimeout: !ImportValue seconds", &ours, "Timeout: 30", ""), [""; 0]);
    // Which queue it is, nobody knows.
    assert_eq!(consumed(visible, &event("!ImportValue queue"), "Timeout: 30", ""), [""; 0]);
    // An event of another kind is no mapping.
    for other in ["{Type: Api, Properties: {Path: /, Method: get}}", "{Type: !ImportValue kind, Properties: {}}"] {
        assert_eq!(consumed("ReceiveMessageWaitTimeSeconds: 20", other, "Timeout: 30", ""), [""; 0], "{other}");
    }
    // Nor is it known which function another mapping invokes.
    let says = format!(
        "EventSourceArn: 'arn:aws:sqs:eu-west-1:123456789012:other', FunctionName: !ImportValue function, {FLAG}"
    );
    let mapping = resource("Mapping", "AWS::Lambda::EventSourceMapping", &says);
    let limited = "{Type: SQS, Properties: {Queue: !GetAtt Orders.Arn, FunctionResponseTypes: [ReportBatchItemFailures], ScalingConfig: \
                   {MaximumConcurrency: 9}}}";
    assert_eq!(consumed("DelaySeconds: 0", limited, "ReservedConcurrentExecutions: 9", &mapping), [""; 0]);
    assert_eq!(consumed("DelaySeconds: 0", limited, "ReservedConcurrentExecutions: 8", &mapping), ["SQS106"]);
}

#[test]
fn only_a_known_redrive_policy_makes_a_dead_letter_queue() {
    let short = "  Letters:\n    Type: AWS::SQS::Queue\n    Properties: {MessageRetentionPeriod: 60, RedriveAllowPolicy: {a: b}}\n";
    let unknown = "RedrivePolicy: {deadLetterTargetArn: !ImportValue dead, maxReceiveCount: 5}, ReceiveMessageWaitTimeSeconds: 20";
    assert_eq!(queue(unknown, short), [""; 0]);
    assert_eq!(queue(&unknown.replace("!ImportValue dead", "!GetAtt Letters.Arn"), short), ["SQS603", "SQS303"]);
}

#[test]
fn a_key_is_judged_by_its_own_type() {
    let table = |definitions: &str, key: &str| {
        let variables = "Environment: {Variables: {IDEMPOTENCY_TABLE: !Ref Done}}";
        let ttl = "TimeToLiveSpecification: {AttributeName: expiration, Enabled: true}";
        let says = format!("AttributeDefinitions: {definitions}, KeySchema: {key}, {ttl}");
        let consumer = resource("Consumer", "AWS::Lambda::Function", variables);
        codes(&format!("{consumer}{}", resource("Done", "AWS::DynamoDB::Table", &says)))
    };
    let key = "[{AttributeName: id, KeyType: HASH}]";
    let two = "[{AttributeName: at, AttributeType: N}, {AttributeName: id, AttributeType: S}]";
    assert_eq!(table(two, key), [""; 0]);
    assert_eq!(table("[{AttributeName: id, AttributeType: N}]", key), ["SQS401"]);
    assert_eq!(table(two, "[{AttributeName: id, KeyType: RANGE}]"), ["SQS401"]);
    assert_eq!(table("!ImportValue definitions", key), [""; 0]);
    assert_eq!(table(two, "[{AttributeName: !ImportValue name, KeyType: HASH}]"), [""; 0]);
    assert_eq!(table(two, "!ImportValue keys"), [""; 0]);
}

#[test]
fn a_foreign_file_is_called_what_all_of_its_signs_say() {
    for (text, is_told) in [("apiVersion: 1\nkind: Pod", true), ("apiVersion: 1", false), ("kind: Pod", false)] {
        let refused = examine(text).expect_err("no template").reason;
        assert_eq!(refused.contains("Kubernetes"), is_told, "{text}: {refused}");
    }
}
