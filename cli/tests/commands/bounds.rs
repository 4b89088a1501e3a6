//! Where a rule begins: the last value that is well and the first that is not.

use crate::support::{codes, resource};

/// A mapping from a queue of that name elsewhere.
fn mapping(queue: &str, says: &str) -> Vec<&'static str> {
    let source = format!("EventSourceArn: 'arn:aws:sqs:eu-west-1:123456789012:{queue}'");
    let says = format!("{source}, FunctionName: consumer, {says}");
    codes(&resource("Mapping", "AWS::Lambda::EventSourceMapping", &says))
}

const FLAG: &str = "FunctionResponseTypes: [ReportBatchItemFailures]";

#[test]
fn of_a_mapping() {
    for (queue, says, expected) in [
        ("orders", "BatchSize: 10", &[][..]),
        ("orders", "BatchSize: 11", &["SQS102"]),
        ("orders", "BatchSize: 11, MaximumBatchingWindowInSeconds: 0", &["SQS102"]),
        ("orders", "BatchSize: 11, MaximumBatchingWindowInSeconds: 1", &[]),
        ("orders", "BatchSize: !ImportValue size", &[]),
        ("orders.fifo", "BatchSize: 10, MaximumBatchingWindowInSeconds: 0", &[]),
        ("orders.fifo", "BatchSize: 11", &["SQS103"]),
        ("orders.fifo", "MaximumBatchingWindowInSeconds: 1", &["SQS103"]),
        ("orders.fifo", "BatchSize: 11, MaximumBatchingWindowInSeconds: 1", &["SQS103"]),
        ("orders", "ScalingConfig: {MaximumConcurrency: 1}", &["SQS105"]),
        ("orders", "ScalingConfig: {MaximumConcurrency: 2}", &[]),
        ("orders", "ScalingConfig: {MaximumConcurrency: 1000}", &[]),
        ("orders", "ScalingConfig: {MaximumConcurrency: 1001}", &["SQS105"]),
        ("orders", "ScalingConfig: {MaximumConcurrency: 2}, ProvisionedPollerConfig: {}", &[]),
        ("orders", "ProvisionedPollerConfig: {MinimumPollers: 2}", &[]),
        ("orders", "FilterCriteria: {Filters: []}", &[]),
        ("orders", "FilterCriteria: {Filters: [{Pattern: '{}'}]}", &["SQS107"]),
    ] {
        assert_eq!(mapping(queue, &format!("{FLAG}, {says}")), expected, "{queue}: {says}");
    }
}

#[test]
fn of_the_flag() {
    for (says, expected) in [
        ("FunctionResponseTypes: ReportBatchItemFailures", &[][..]),
        ("FunctionResponseTypes: [Another, ReportBatchItemFailures]", &[]),
        ("FunctionResponseTypes: [!ImportValue kind]", &[]),
        ("FunctionResponseTypes: []", &["SQS101"]),
        ("FunctionResponseTypes: [reportBatchItemFailures]", &["SQS101"]),
        ("FunctionResponseTypes: null", &["SQS101"]),
    ] {
        assert_eq!(mapping("orders", says), expected, "{says}");
    }
}

/// A queue, its dead-letter queue with an alarm, and a function of 10 s that consumes it.
fn queue(says: &str, letters: &str) -> Vec<&'static str> {
    let event = format!("{{Type: SQS, Properties: {{Queue: !GetAtt Orders.Arn, {FLAG}}}}}");
    let resources = [
        resource("Orders", "AWS::SQS::Queue", says),
        resource("Dead", "AWS::SQS::Queue", letters),
        resource(
            "Consumer",
            "AWS::Serverless::Function",
            &format!("Role: role, Timeout: 10, Events: {{Orders: {event}}}"),
        ),
        resource(
            "Alarm",
            "AWS::CloudWatch::Alarm",
            "Namespace: AWS/SQS, MetricName: ApproximateNumberOfMessagesVisible, Dimensions: [{Name: QueueName, Value: !GetAtt \
             Dead.QueueName}]",
        ),
    ];
    codes(&resources.concat())
}

#[test]
fn of_a_queue_and_its_dead_letters() {
    const LONG: &str = "MessageRetentionPeriod: 1209600";
    let redrive = |receives: &str| {
        format!("RedrivePolicy: {{deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: {receives}}}")
    };
    let (five, hidden) = (redrive("5"), "VisibilityTimeout: 60");
    let well = format!("{five}, {hidden}");
    assert_eq!(queue(&well, LONG), [""; 0]);
    assert_eq!(queue(&format!("{five}, VisibilityTimeout: 59"), LONG), ["SQS201"]);
    assert_eq!(queue(&five, LONG), ["SQS201"], "30 s is the default");

    assert_eq!(queue(&format!("{}, {hidden}", redrive("3")), LONG), [""; 0]);
    assert_eq!(queue(&format!("{}, {hidden}", redrive("2")), LONG), ["SQS302"]);
    assert_eq!(queue(&format!("{}, {hidden}", redrive("!ImportValue count")), LONG), [""; 0]);

    assert_eq!(queue(&format!("{well}, MessageRetentionPeriod: 301"), LONG), [""; 0]);
    assert_eq!(queue(&format!("{well}, MessageRetentionPeriod: 300"), LONG), ["SQS202"]);

    assert_eq!(queue(&well, "MessageRetentionPeriod: 345601"), [""; 0]);
    assert_eq!(queue(&well, "MessageRetentionPeriod: 345600"), ["SQS303"], "four days is the default");
    assert_eq!(queue(&format!("{well}, MessageRetentionPeriod: 345599"), ""), [""; 0]);
    assert_eq!(queue(&well, ""), ["SQS303"]);

    assert_eq!(queue(&format!("{well}, FifoQueue: true"), &format!("{LONG}, FifoQueue: true")), [""; 0]);
    assert_eq!(queue(&format!("{well}, FifoQueue: true"), LONG), ["SQS304"]);
    assert_eq!(queue(&well, &format!("{LONG}, FifoQueue: true")), ["SQS304"]);
    assert_eq!(queue(&format!("{well}, FifoQueue: !ImportValue kind"), LONG), [""; 0]);

    assert_eq!(queue(&format!("{well}, SqsManagedSseEnabled: true"), LONG), [""; 0]);
    assert_eq!(queue(&format!("{well}, SqsManagedSseEnabled: false"), LONG), ["SQS204"]);
    assert_eq!(queue(&format!("{well}, SqsManagedSseEnabled: false, KmsMasterKeyId: alias/key"), LONG), [""; 0]);
    assert_eq!(queue(&format!("{well}, SqsManagedSseEnabled: false, KmsMasterKeyId: !ImportValue key"), LONG), [""; 0]);
}

#[test]
fn of_reserved_concurrency() {
    let function = |reserved: &str, limits: [&str; 2]| {
        let event = |says: &str| {
            format!("{{Type: SQS, Properties: {{Queue: 'arn:aws:sqs:eu-west-1:123456789012:orders', {FLAG}{says}}}}}")
        };
        let [one, other] = limits.map(event);
        let says =
            format!("Role: role, ReservedConcurrentExecutions: {reserved}, Events: {{One: {one}, Other: {other}}}");
        codes(&resource("Consumer", "AWS::Serverless::Function", &says))
    };
    let (ten, none) = (", ScalingConfig: {MaximumConcurrency: 10}", "");
    assert_eq!(function("20", [ten, ten]), [""; 0]);
    assert_eq!(function("19", [ten, ten]), ["SQS106"]);
    assert_eq!(function("1249", [ten, none]), ["SQS106"]);
    assert_eq!(function("1250", [none, ten]), [""; 0]);
    assert_eq!(function("1", [ten, none]), ["SQS106"]);
    assert_eq!(function("0", [ten, none]), [""; 0]);
    assert_eq!(function("!ImportValue reserved", [ten, ten]), [""; 0]);
    assert_eq!(function("5", [ten, ", ScalingConfig: {MaximumConcurrency: !ImportValue limit}"]), [""; 0]);
    assert_eq!(function("5", [ten, ", ProvisionedPollerConfig: {MaximumPollers: 2}"]), [""; 0]);
}

#[test]
fn of_a_queue_policy() {
    let policy = |statement: &str| {
        let says = format!("Queues: [queue], PolicyDocument: {{Statement: {statement}}}");
        codes(&resource("Policy", "AWS::SQS::QueuePolicy", &says))
    };
    let says = |effect: &str, principal: &str, more: &str| {
        policy(&format!("{{Effect: {effect}, Principal: {principal}, Action: 'sqs:*', Resource: '*'{more}}}"))
    };
    for open in
        ["'*'", "{AWS: '*'}", "{AWS: ['arn:aws:iam::123456789012:root', '*']}", "{Service: s3.amazonaws.com, AWS: '*'}"]
    {
        assert_eq!(says("Allow", open, ""), ["SQS205"], "{open}");
    }
    for closed in [
        "{Service: sns.amazonaws.com}",
        "{AWS: 'arn:aws:iam::123456789012:root'}",
        "!ImportValue principal",
        "{AWS: !ImportValue a}",
    ] {
        assert_eq!(says("Allow", closed, ""), [""; 0], "{closed}");
    }
    assert_eq!(says("Deny", "'*'", ""), [""; 0]);
    assert_eq!(says("!ImportValue effect", "'*'", ""), [""; 0]);
    assert_eq!(says("Allow", "'*'", ", Condition: {StringEquals: {'aws:SourceAccount': '123456789012'}}"), [""; 0]);
    assert_eq!(says("Allow", "'*'", ", Condition: !ImportValue condition"), [""; 0]);
    assert_eq!(policy("!ImportValue statements"), [""; 0]);
}
