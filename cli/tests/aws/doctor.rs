//! `doctor --stack` on the wire: what CloudFormation pages, and what becomes of a call that fails.

use aws_sdk_sqs::config::{BehaviorVersion, Credentials, Region};
use serde_json::{Value, json};
use sqs_runtime_cli::doctor::live::{Clients, Examined, examine};

use crate::canned::Canned;

impl Canned {
    fn clients(&self) -> Clients {
        let config = aws_config::SdkConfig::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .http_client(self.clone())
            .credentials_provider(aws_sdk_sqs::config::SharedCredentialsProvider::new(Credentials::new(
                "none", "none", None, None, "tests",
            )))
            .region(Region::new("eu-west-1"))
            .build();
        Clients {
            cloudformation: aws_sdk_cloudformation::Client::new(&config),
            cloudwatch: aws_sdk_cloudwatch::Client::new(&config),
            dynamodb: aws_sdk_dynamodb::Client::new(&config),
            iam: aws_sdk_iam::Client::new(&config),
            lambda: aws_sdk_lambda::Client::new(&config),
            sqs: aws_sdk_sqs::Client::new(&config),
        }
    }

    /// The next page of the stack's resources: their names, physical ids and kinds.
    fn then_list(self, resources: &[(&str, &str, &str)], next: Option<&str>) -> Self {
        let members = resources.iter().map(|(logical, physical, kind)| {
            format!(
                "<member><LogicalResourceId>{logical}</LogicalResourceId><PhysicalResourceId>{physical}</PhysicalResourceId>\
                 <ResourceType>{kind}</ResourceType><ResourceStatus>CREATE_COMPLETE</ResourceStatus></member>"
            )
        });
        let next = next.map_or(String::new(), |token| format!("<NextToken>{token}</NextToken>"));
        let body = format!(
            "<ListStackResourcesResponse><ListStackResourcesResult><StackResourceSummaries>{}</StackResourceSummaries>{next}\
             </ListStackResourcesResult></ListStackResourcesResponse>",
            members.collect::<String>()
        );
        self.then_say("ListStackResources", 200, body)
    }

    fn then_refuse_in_xml(self, operation: &'static str, code: &str, text: &str) -> Self {
        let error = format!("<Error><Type>Sender</Type><Code>{code}</Code><Message>{text}</Message></Error>");
        self.then_say(operation, 400, format!("<ErrorResponse>{error}<RequestId>r</RequestId></ErrorResponse>"))
    }

    fn then_set(self, attributes: &Value) -> Self {
        self.then("GetQueueAttributes", json!({ "Attributes": attributes }))
    }

    /// Nothing is mapped.
    fn then_map_nothing(self) -> Self {
        self.then("event-source-mappings", json!({ "EventSourceMappings": [] }))
    }
}

const QUEUE: &str = "AWS::SQS::Queue";
const ORDERS: (&str, &str, &str) = ("Orders", "https://sqs.eu-west-1.amazonaws.com/123456789012/shop-Orders-1X", QUEUE);
const DEAD: (&str, &str, &str) = ("Dead", "https://sqs.eu-west-1.amazonaws.com/123456789012/shop-Dead-2Y", QUEUE);

/// A queue that waits, beside one for its dead letters.
fn orders() -> Value {
    let policy = r#"{"deadLetterTargetArn":"arn:aws:sqs:eu-west-1:123456789012:shop-Dead-2Y","maxReceiveCount":"1"}"#;
    json!({ "RedrivePolicy": policy, "ReceiveMessageWaitTimeSeconds": "20", "MessageRetentionPeriod": "345600" })
}

fn dead() -> Value {
    json!({ "MessageRetentionPeriod": "1209600" })
}

/// A finding's code, and both names of its resource.
type Place<'a> = (&'a str, &'a str, Option<&'a str>);

/// Where findings are, and what was not read.
fn told(examined: &Examined) -> (Vec<Place<'_>>, Vec<String>) {
    let findings = examined.findings.iter();
    let findings = findings.map(|it| (it.rule.code, it.resource.as_str(), it.physical.as_deref()));
    (findings.collect(), examined.unread.iter().map(ToString::to_string).collect())
}

#[tokio::test]
async fn all_pages_of_a_stack_are_judged() {
    let canned = Canned::default()
        .then_list(&[ORDERS], Some("page-2"))
        .then_list(&[DEAD], None)
        .then_set(&orders())
        .then_set(&dead())
        .then_map_nothing();
    let examined = examine(&canned.clients(), "shop").await.expect("it is read");
    let (findings, unread) = told(&examined);
    let expected = [("SQS302", "Orders", Some("shop-Orders-1X")), ("SQS603", "Dead", Some("shop-Dead-2Y"))];
    assert_eq!((findings.as_slice(), unread), (&expected[..], Vec::new()));
    assert!(examined.findings.iter().all(|finding| finding.line.is_none()));
    let asked = canned.asked();
    let forms: Vec<_> = asked.iter().filter_map(|(_, form)| form.as_str()).collect();
    assert!(!forms[0].contains("NextToken") && forms[1].contains("NextToken=page-2"), "{forms:?}");
    assert!(forms[..2].iter().all(|form| form.contains("StackName=shop")), "{forms:?}");
}

#[tokio::test]
async fn what_is_not_asked_about_is_not_judged() {
    let nested = ("Nested", "arn:aws:cloudformation:eu-west-1:123456789012:stack/n/1", "AWS::CloudFormation::Stack");
    let logs = ("Logs", "/aws/lambda/shop", "AWS::Logs::LogGroup");
    let canned = Canned::default()
        .then_list(&[ORDERS, DEAD, nested, logs], None)
        .then_set(&orders())
        .then_set(&dead())
        .then_map_nothing();
    let examined = examine(&canned.clients(), "shop").await.expect("it is read");
    // The alarm on the dead letters may be in the nested stack.
    assert_eq!(told(&examined), (vec![("SQS302", "Orders", Some("shop-Orders-1X"))], Vec::new()));
}

#[tokio::test]
async fn a_stack_that_is_not_there_is_named() {
    let canned = Canned::default().then_refuse_in_xml(
        "ListStackResources",
        "ValidationError",
        "Stack with id shop does not exist",
    );
    let refused = examine(&canned.clients(), "shop").await.expect_err("it is not there");
    assert!(
        refused.to_string().starts_with("shop: not read: ValidationError: Stack with id shop does not exist"),
        "{refused}"
    );
}

#[tokio::test]
async fn what_a_refused_call_would_have_said_is_not_judged() {
    let canned = Canned::default()
        .then_list(&[ORDERS, DEAD], None)
        .then_refuse("GetQueueAttributes", "AccessDenied", "arn:aws:iam::123456789012:user/x is not authorized")
        .then_set(&json!({ "MessageRetentionPeriod": "60", "SqsManagedSseEnabled": "false" }))
        .then_map_nothing();
    let examined = examine(&canned.clients(), "shop").await.expect("it is read");
    let (findings, unread) = told(&examined);
    // Nor is the other one held to have no dead-letter queue: it may be that of the first.
    assert_eq!(findings, [("SQS204", "Dead", Some("shop-Dead-2Y"))]);
    let said = "AccessDenied: arn:aws:iam::ACCOUNT:user/x is not authorized";
    assert_eq!(unread, [format!("Orders (shop-Orders-1X): not read: {said}; reading it takes sqs:GetQueueAttributes")]);
}

#[tokio::test]
async fn without_the_mappings_nobody_knows_who_polls() {
    let stack = || Canned::default().then_list(&[ORDERS], None);
    let set = |canned: Canned| canned.then_set(&json!({ "ReceiveMessageWaitTimeSeconds": "0" }));
    let known = examine(&set(stack()).then_map_nothing().clients(), "shop").await.expect("it is read");
    assert_eq!(told(&known).0.iter().map(|(code, ..)| *code).collect::<Vec<_>>(), ["SQS203", "SQS301"]);
    let denied = set(stack()).then_say("event-source-mappings", 403, r#"{"Message":"not authorized"}"#);
    let unknown = examine(&denied.clients(), "shop").await.expect("it is read");
    let (findings, unread) = told(&unknown);
    assert_eq!(findings, [("SQS301", "Orders", Some("shop-Orders-1X"))]);
    assert!(unread.len() == 1 && unread[0].ends_with("lambda:ListEventSourceMappings"), "{unread:?}");
}

#[tokio::test]
async fn what_may_send_dead_letters_unseen_takes_a_queue_for_theirs() {
    let topic = ("Subscription", "arn:aws:sns:eu-west-1:123456789012:shop:1", "AWS::SNS::Subscription");
    let set = json!({ "ReceiveMessageWaitTimeSeconds": "0" });
    let canned = Canned::default().then_list(&[ORDERS, topic], None).then_set(&set).then_map_nothing();
    let examined = examine(&canned.clients(), "shop").await.expect("it is read");
    assert_eq!(told(&examined), (Vec::new(), Vec::new()));
}

const CONSUMER: (&str, &str, &str) = ("Consumer", "shop-Consumer-3Z", "AWS::Lambda::Function");
const DONE: (&str, &str, &str) = ("Done", "shop-Done-4A", "AWS::DynamoDB::Table");
const ROLE: (&str, &str, &str) = ("Role", "shop-Role-5B", "AWS::IAM::Role");
const ALARM: (&str, &str, &str) = ("Alarm", "shop-Alarm-6C", "AWS::CloudWatch::Alarm");

#[tokio::test]
async fn where_everything_is_refused_nothing_is_found_and_all_of_it_named() {
    let denied = |canned: Canned, operation| canned.then_say(operation, 403, r#"{"__type":"AccessDenied"}"#);
    let operations = [
        "GetQueueAttributes",
        "configuration",
        "concurrency",
        "event-source-mappings",
        "DescribeTable",
        "DescribeTimeToLive",
        "DescribeAlarms",
    ];
    let canned = Canned::default().then_list(&[ORDERS, CONSUMER, DONE, ROLE, ALARM], None);
    let canned = operations.into_iter().fold(canned, denied);
    let examined = examine(&canned.clients(), "shop").await.expect("it is read");
    let permissions: Vec<_> = examined.unread.iter().filter_map(|unread| unread.permission).collect();
    assert!(examined.findings.is_empty(), "{:?}", told(&examined));
    assert_eq!(
        permissions,
        [
            "sqs:GetQueueAttributes",
            "lambda:GetFunctionConfiguration",
            "lambda:GetFunctionConcurrency",
            "lambda:ListEventSourceMappings",
            "dynamodb:DescribeTable",
            "dynamodb:DescribeTimeToLive",
            "cloudwatch:DescribeAlarms",
        ]
    );
}

/// A consumer of a queue elsewhere, up to what its role allows.
fn consumer() -> Canned {
    let function = json!({
        "Timeout": 3, "Role": "arn:aws:iam::123456789012:role/shop-Role-5B",
        "Environment": { "Variables": { "IDEMPOTENCY_TABLE": "shop-Done-4A" } },
    });
    let mapping = json!({
        "UUID": "by-hand", "EventSourceArn": "arn:aws:sqs:eu-west-1:123456789012:orders",
        "FunctionArn": "arn:aws:lambda:eu-west-1:123456789012:function:shop-Consumer-3Z",
    });
    let key = json!({ "AttributeName": "id", "KeyType": "HASH" });
    let definition = json!({ "AttributeName": "id", "AttributeType": "S" });
    let table = json!({ "KeySchema": [key], "AttributeDefinitions": [definition] });
    let ttl = json!({ "TimeToLiveStatus": "ENABLED", "AttributeName": "expiration" });
    Canned::default()
        .then_list(&[CONSUMER, DONE, ROLE], None)
        .then("configuration", function)
        .then("concurrency", json!({ "ReservedConcurrentExecutions": 5 }))
        .then("event-source-mappings", json!({ "EventSourceMappings": [mapping] }))
        .then("DescribeTable", json!({ "Table": table }))
        .then("DescribeTimeToLive", json!({ "TimeToLiveDescription": ttl }))
        .then_say(
            "ListAttachedRolePolicies",
            200,
            "<ListAttachedRolePoliciesResponse><ListAttachedRolePoliciesResult/></ListAttachedRolePoliciesResponse>",
        )
}

#[tokio::test]
async fn a_role_lacks_something_only_where_all_of_it_is_known() {
    let by_hand = [("SQS101", "Consumer"), ("SQS106", "Consumer")];
    let empty = consumer().then_say(
        "ListRolePolicies",
        200,
        "<ListRolePoliciesResponse><ListRolePoliciesResult/></ListRolePoliciesResponse>",
    );
    let examined = examine(&empty.clients(), "shop").await.expect("it is read");
    let findings: Vec<_> = examined.findings.iter().map(|it| (it.rule.code, it.resource.as_str())).collect();
    assert_eq!((findings, examined.unread.len()), ([&by_hand[..], &[("SQS502", "Role")]].concat(), 0));

    let denied = consumer().then_refuse_in_xml("ListRolePolicies", "AccessDenied", "not authorized");
    let examined = examine(&denied.clients(), "shop").await.expect("it is read");
    let findings: Vec<_> = examined.findings.iter().map(|it| (it.rule.code, it.resource.as_str())).collect();
    assert_eq!(findings, by_hand);
    assert_eq!(
        examined.unread.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["Role (shop-Role-5B): not read: AccessDenied: not authorized; reading it takes iam:ListRolePolicies"]
    );
}
