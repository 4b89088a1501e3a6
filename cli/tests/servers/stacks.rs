//! Stacks that ministack's CloudFormation deployed from a template, each judged twice: as it is deployed, and by its template.

use aws_sdk_cloudformation::{
    Client,
    config::{BehaviorVersion, Credentials, Region, SharedCredentialsProvider},
};
use aws_sdk_dynamodb::types::TimeToLiveSpecification;
use serde_json::{Value, json};
use sqs_runtime_cli::doctor::examine;

use crate::{
    program::{program, told},
    server::Server,
};

/// What is done on the table.
const REMEMBER: [&str; 4] =
    ["dynamodb:UpdateItem", "dynamodb:GetItem", "dynamodb:PartiQLInsert", "dynamodb:PartiQLUpdate"];

struct Stacks {
    server: Server,
    client: Client,
    tables: aws_sdk_dynamodb::Client,
}

impl Stacks {
    async fn new() -> Self {
        let server = Server::ministack();
        let config = aws_config::SdkConfig::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .credentials_provider(SharedCredentialsProvider::new(Credentials::new("none", "none", None, None, "tests")))
            .region(Region::new("eu-west-1"))
            .endpoint_url(&server.endpoint)
            .build();
        let client = Client::new(&config);
        server.ready(|| client.list_stacks().send()).await;
        Self { server, client, tables: aws_sdk_dynamodb::Client::new(&config) }
    }

    async fn deploy(&self, name: &str, template: &Value) {
        let request = self.client.create_stack().stack_name(name).template_body(template.to_string());
        request.send().await.expect("it is taken");
        let deployed = || async {
            let stacks =
                self.client.describe_stacks().stack_name(name).send().await.map_err(|error| error.to_string())?;
            let status = stacks.stacks().first().and_then(|stack| stack.stack_status()).map(|status| status.as_str());
            if status == Some("CREATE_COMPLETE") { Ok(()) } else { Err(format!("{name}: {status:?}")) }
        };
        self.server.ready(deployed).await;
        if let Some(attribute) = template.pointer("/Resources/Done/Properties/TimeToLiveSpecification/AttributeName") {
            self.forget_by(name, attribute.as_str().expect("a name")).await;
        }
    }

    /// What ministack's CloudFormation leaves undone.
    async fn forget_by(&self, stack: &str, attribute: &str) {
        let request = self.client.describe_stack_resource().stack_name(stack).logical_resource_id("Done");
        let answer = request.send().await.expect("it is there");
        let table = answer.stack_resource_detail().and_then(|it| it.physical_resource_id()).expect("its name");
        let ttl = TimeToLiveSpecification::builder().attribute_name(attribute).enabled(true).build().expect("whole");
        let request = self.tables.update_time_to_live().table_name(table).time_to_live_specification(ttl);
        request.send().await.expect("it is set");
    }

    fn doctor(&self, name: &str, options: &[&str]) -> (Option<i32>, String, String) {
        told(&program(&self.server.endpoint, &[&["doctor", "--stack", name], options].concat()))
    }
}

/// A consumer with all that belongs to it, named by nobody.
fn good() -> Value {
    let allowed = |actions: &[&str], resource: &str| json!({ "Effect": "Allow", "Action": actions, "Resource": { "Fn::GetAtt": [resource, "Arn"] } });
    json!({ "Resources": {
        "Dead": { "Type": "AWS::SQS::Queue", "Properties": { "MessageRetentionPeriod": 1_209_600 } },
        "Orders": { "Type": "AWS::SQS::Queue", "Properties": {
            "VisibilityTimeout": 65,
            "RedrivePolicy": { "deadLetterTargetArn": { "Fn::GetAtt": ["Dead", "Arn"] }, "maxReceiveCount": 5 },
        } },
        "Done": { "Type": "AWS::DynamoDB::Table", "Properties": {
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{ "AttributeName": "id", "AttributeType": "S" }],
            "KeySchema": [{ "AttributeName": "id", "KeyType": "HASH" }],
            "TimeToLiveSpecification": { "AttributeName": "expiration", "Enabled": true },
        } },
        "Role": { "Type": "AWS::IAM::Role", "Properties": {
            "AssumeRolePolicyDocument": { "Version": "2012-10-17", "Statement": [
                { "Effect": "Allow", "Principal": { "Service": "lambda.amazonaws.com" }, "Action": "sts:AssumeRole" },
            ] },
            "ManagedPolicyArns": ["arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"],
            "Policies": [{ "PolicyName": "consume", "PolicyDocument": { "Version": "2012-10-17", "Statement": [
                allowed(&["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"], "Orders"),
                allowed(&REMEMBER, "Done"),
            ] } }],
        } },
        "Consumer": { "Type": "AWS::Lambda::Function", "Properties": {
            "Runtime": "python3.12", "Handler": "index.main", "Code": { "ZipFile": "def main(event, context): pass" },
            "Timeout": 10,
            "Role": { "Fn::GetAtt": ["Role", "Arn"] },
            "Environment": { "Variables": { "IDEMPOTENCY_TABLE": { "Ref": "Done" } } },
        } },
        "Mapping": { "Type": "AWS::Lambda::EventSourceMapping", "Properties": {
            "EventSourceArn": { "Fn::GetAtt": ["Orders", "Arn"] },
            "FunctionName": { "Ref": "Consumer" },
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
            "MaximumBatchingWindowInSeconds": 5,
        } },
        "Alarm": { "Type": "AWS::CloudWatch::Alarm", "Properties": {
            "Namespace": "AWS/SQS", "MetricName": "ApproximateNumberOfMessagesVisible", "Statistic": "Maximum",
            "Dimensions": [{ "Name": "QueueName", "Value": { "Fn::GetAtt": ["Dead", "QueueName"] } }],
            "Period": 60, "EvaluationPeriods": 1, "Threshold": 0, "ComparisonOperator": "GreaterThanThreshold",
        } },
    } })
}

/// The good stack's template with another value there; `null` takes it away.
fn with(path: &str, value: Value) -> Value {
    let mut template = good();
    let place = template.pointer_mut(path).unwrap_or_else(|| panic!("{path}: no such place"));
    *place = value;
    if place.is_null() {
        let (parent, key) = path.rsplit_once('/').expect("a path");
        let parent = template.pointer_mut(parent).and_then(Value::as_object_mut).expect("an object");
        parent.remove(key);
    }
    template
}

fn broken() -> Vec<(&'static str, &'static str, Value)> {
    vec![
        ("SQS101", "Mapping", with("/Resources/Mapping/Properties/FunctionResponseTypes", Value::Null)),
        ("SQS201", "Orders", with("/Resources/Orders/Properties/VisibilityTimeout", json!(64))),
        ("SQS301", "Orders", with("/Resources/Orders/Properties/RedrivePolicy", Value::Null)),
        ("SQS302", "Orders", with("/Resources/Orders/Properties/RedrivePolicy/maxReceiveCount", json!(1))),
        ("SQS303", "Dead", with("/Resources/Dead/Properties/MessageRetentionPeriod", Value::Null)),
        ("SQS401", "Done", with("/Resources/Done/Properties/AttributeDefinitions/0/AttributeType", json!("N"))),
        ("SQS402", "Done", with("/Resources/Done/Properties/TimeToLiveSpecification", Value::Null)),
        (
            "SQS506",
            "Role",
            with(
                "/Resources/Role/Properties/Policies/0/PolicyDocument/Statement/1/Action",
                json!([&REMEMBER[..], &["dynamodb:DeleteItem"]].concat()),
            ),
        ),
        (
            "SQS601",
            "Alarm",
            with("/Resources/Alarm/Properties/MetricName", json!("ApproximateNumberOfVisibleMessages")),
        ),
    ]
}

/// The same consumer behind an alias, with its permissions in a managed policy of its own.
fn roundabout() -> Value {
    let mut template = with("/Resources/Orders/Properties/VisibilityTimeout", json!(64));
    let policies = template.pointer_mut("/Resources/Role/Properties/Policies").expect("policies").take();
    let mut document = policies[0]["PolicyDocument"].clone();
    document["Statement"][0]["Action"] = json!("sqs:*");
    let resources = &mut template["Resources"];
    resources["Role"]["Properties"] = json!({
        "AssumeRolePolicyDocument": resources["Role"]["Properties"]["AssumeRolePolicyDocument"],
        "ManagedPolicyArns": [{ "Ref": "Policy" }],
    });
    resources["Policy"] = json!({ "Type": "AWS::IAM::ManagedPolicy", "Properties": { "PolicyDocument": document } });
    resources["Version"] =
        json!({ "Type": "AWS::Lambda::Version", "Properties": { "FunctionName": { "Ref": "Consumer" } } });
    resources["Live"] = json!({ "Type": "AWS::Lambda::Alias", "Properties": {
        "FunctionName": { "Ref": "Consumer" }, "FunctionVersion": { "Fn::GetAtt": ["Version", "Version"] }, "Name": "live",
    } });
    resources["Mapping"]["Properties"]["FunctionName"] = json!({ "Ref": "Live" });
    template
}

#[tokio::test]
async fn aliases_and_managed_policies_are_followed() {
    let stacks = Stacks::new().await;
    stacks.deploy("shop", &roundabout()).await;
    let (_, out, errors) = stacks.doctor("shop", &["--format", "json"]);
    assert_eq!(errors, "", "{out}");
    let found: Vec<Value> = serde_json::from_str(&out).expect("JSON");
    let codes: Vec<_> = found.iter().map(|it| (it["code"].as_str(), it["resource"].as_str())).collect();
    assert_eq!(codes, [(Some("SQS201"), Some("Orders")), (Some("SQS504"), Some("Role"))]);
}

#[tokio::test]
async fn nothing_is_found_in_a_stack_as_it_should_be() {
    let stacks = Stacks::new().await;
    assert!(examine(&good().to_string()).expect("a template").is_empty());
    stacks.deploy("good", &good()).await;
    assert_eq!(stacks.doctor("good", &[]), (Some(0), "good: nothing found\n".to_owned(), String::new()));
    assert_eq!(stacks.doctor("good", &["--format", "json"]), (Some(0), "[]\n".to_owned(), String::new()));
}

#[tokio::test]
async fn a_stack_is_judged_as_its_template_is() {
    let stacks = Stacks::new().await;
    for (code, resource, template) in broken() {
        let stated = examine(&template.to_string()).expect("a template");
        let stated: Vec<_> = stated.iter().map(|finding| (finding.rule.code, finding.resource.as_str())).collect();
        assert!(stated.contains(&(code, resource)), "{code}: {stated:?}");
        let name = code.to_ascii_lowercase();
        stacks.deploy(&name, &template).await;
        let (ended, out, errors) = stacks.doctor(&name, &["--format", "json"]);
        assert_eq!((ended, errors.as_str()), (Some(1), ""), "{out}");
        let found: Vec<Value> = serde_json::from_str(&out).expect("JSON");
        let text = |finding: &Value, key: &str| finding[key].as_str().unwrap_or_default().to_owned();
        let codes: Vec<_> = found.iter().map(|it| (text(it, "code"), text(it, "resource"))).collect();
        assert_eq!(codes, stated.iter().map(|(code, name)| ((*code).into(), (*name).into())).collect::<Vec<_>>());
        for finding in &found {
            let physical = text(finding, "physical");
            assert!(
                !physical.is_empty() && physical != text(finding, "resource") && finding["line"].is_null(),
                "{finding}"
            );
        }
    }
}

#[tokio::test]
async fn people_see_both_names_and_no_account() {
    let stacks = Stacks::new().await;
    stacks.deploy("shop", &with("/Resources/Orders/Properties/VisibilityTimeout", json!(64))).await;
    let (code, out, errors) = stacks.doctor("shop", &[]);
    assert_eq!((code, errors.as_str()), (Some(1), ""));
    assert!(out.contains("  SQS201 shop Orders (shop-Orders-"), "{out}");
    assert!(out.contains("): VisibilityTimeout is 64 s; Consumer needs 6 x 10 s + 5 s = 65 s\n"), "{out}");
    assert!(!out.contains("000000000000"), "{out}");
}

#[tokio::test]
async fn a_stack_that_is_not_there_is_2() {
    let stacks = Stacks::new().await;
    let (code, out, errors) = stacks.doctor("nowhere", &[]);
    assert_eq!((code, out.as_str()), (Some(2), ""));
    assert!(
        errors.starts_with("nowhere: not read: ValidationError: ") && errors.contains("does not exist"),
        "{errors}"
    );
    assert_eq!(errors.lines().count(), 1, "{errors}");
}
