//! The rules of `template.yaml`: settings that deploy without complaint and lose or repeat messages when they are
//! wrong.
//!
//! `sam validate` knows the shape of a template; it does not know that a visibility timeout follows from a function's
//! timeout, or that one line decides whether failed messages are deleted. Each test here is one such rule and says what
//! breaks without it.

use std::collections::BTreeSet;

use saphyr::{LoadableYamlNode as _, YamlOwned};

/// Reading a template can fail; a broken rule is a panic of the test.
type Rule = Result<(), String>;

const FUNCTION: &str = "OrdersFunction";
const TABLE: &str = "IdempotencyTable";

#[test]
fn a_message_stays_invisible_for_as_long_as_lambda_may_work_on_it() -> Rule {
    let template = Template::read()?;
    let visibility = template.queue()?.number("VisibilityTimeout").unwrap_or(30);
    let timeout = template.function()?.number("Timeout").unwrap_or(3);
    let window = template.event()?.number("MaximumBatchingWindowInSeconds").unwrap_or(0);

    assert!(
        visibility >= 6 * timeout + window,
        "a visibility timeout of {visibility} s is less than 6 x {timeout} s + {window} s: messages come back, and run a \
         second time, while Lambda still retries the batch they are in"
    );
    Ok(())
}

#[test]
fn what_fails_again_and_again_goes_to_a_dead_letter_queue() -> Rule {
    let template = Template::read()?;
    let queue = template.queue()?;

    assert!(
        template.dead_letter_queue().is_ok(),
        "no queue of this template is the dead-letter queue of the orders: a message that cannot succeed is run until \
         its retention ends, and is then gone"
    );
    let receives = queue.number("RedrivePolicy.maxReceiveCount");
    assert!(
        receives.is_some_and(|count| count >= 5),
        "maxReceiveCount is {receives:?}, less than 5: throttling, timeouts and deployments burn receives too, so good \
         messages end in the dead-letter queue"
    );
    Ok(())
}

#[test]
fn dead_letters_are_kept_for_longer_than_the_messages_of_the_queue() -> Rule {
    const FOUR_DAYS: i64 = 345_600;
    let template = Template::read()?;
    let kept = template.queue()?.number("MessageRetentionPeriod");
    let dead_kept = template.dead_letter_queue()?.number("MessageRetentionPeriod");

    assert!(
        dead_kept.unwrap_or(FOUR_DAYS) > kept.unwrap_or(FOUR_DAYS),
        "dead letters are kept for {dead_kept:?} s, messages for {kept:?} s: a message keeps its age when it is moved, so it \
         may be deleted before anybody has seen it"
    );
    Ok(())
}

#[test]
fn lambda_reads_which_messages_failed() -> Rule {
    let template = Template::read()?;
    let types = template.event()?.strings("FunctionResponseTypes");

    assert!(
        types.contains(&"ReportBatchItemFailures"),
        "without ReportBatchItemFailures Lambda ignores the function's answer and deletes failed messages with the rest"
    );
    Ok(())
}

#[test]
fn the_mapping_counts_what_it_polls_and_drops() -> Rule {
    let metrics = Template::read()?.event()?.strings("MetricsConfig.Metrics").join(", ");
    assert_eq!(
        metrics, "EventCount",
        "without it nothing tells of messages that the mapping itself left out or dropped"
    );
    Ok(())
}

#[test]
fn concurrency_is_limited_where_it_costs_no_receives() -> Rule {
    let template = Template::read()?;
    let limit = template.event()?.number("ScalingConfig.MaximumConcurrency");

    assert!(
        limit.is_some_and(|limit| (2..=1000).contains(&limit)),
        "MaximumConcurrency is {limit:?}, not 2 to 1000: a backlog takes the account's whole concurrency"
    );
    assert!(
        template.function()?.at("ReservedConcurrentExecutions").is_none(),
        "with ReservedConcurrentExecutions batches are throttled after they were received: each time costs every \
         message in them one receive, until good messages are dead letters"
    );
    Ok(())
}

#[test]
fn the_queue_invokes_a_published_version() -> Rule {
    let template = Template::read()?;
    let function = template.function()?;

    assert!(
        function.string("AutoPublishAlias").is_some(),
        "without AutoPublishAlias the queue invokes $LATEST: a deployment changes code under running batches and nothing can \
         be rolled back"
    );
    assert_eq!(
        function.flag("AutoPublishAliasAllProperties"),
        Some(true),
        "without AutoPublishAliasAllProperties only new code is published: a changed timeout or variable stays in $LATEST, \
         where nothing invokes it"
    );
    // An event of the function follows its alias by SAM's rules. A mapping that stands alone has to name it.
    for (name, mapping) in template.of_type("AWS::Lambda::EventSourceMapping") {
        let target = mapping.at("Properties.FunctionName").and_then(|node| node.intrinsic("Ref"));
        assert_eq!(target, Some("OrdersFunction.Alias"), "{name} does not invoke the alias");
    }
    Ok(())
}

#[test]
fn the_function_has_a_role_of_its_own() -> Rule {
    let template = Template::read()?;
    let role = template.role()?;

    assert!(
        role.at("ManagedPolicyArns").is_none(),
        "AWS's managed policies allow their actions on every queue and log group of the account"
    );
    assert!(!role.statements().is_empty(), "the role allows nothing: the function cannot even receive");
    Ok(())
}

#[test]
fn the_role_names_every_action_and_every_resource() -> Rule {
    let template = Template::read()?;

    for statement in template.role()?.statements() {
        for key in ["Action", "Resource"] {
            let words = statement.at(key).map(|node| node.words()).unwrap_or_default();
            assert!(
                !words.is_empty(),
                "a statement without {key}: NotAction and NotResource allow all that they do not name"
            );
            assert!(
                words.iter().all(|word| !word.contains('*')),
                "{key} {words:?} has a wildcard: a mistake in this function reaches other queues and tables"
            );
        }
    }
    Ok(())
}

#[test]
fn the_function_is_built_for_the_system_that_runs_it() -> Rule {
    let template = Template::read()?;
    let resource = template.resource(FUNCTION)?;
    let architecture = template.root().string("Parameters.Architecture.Default");
    let used = resource.at("Properties.Architectures").map(|node| node.items());

    assert_eq!(
        resource.string("Properties.Runtime"),
        Some("provided.al2023"),
        "older runtimes have an older glibc than a Rust binary is linked with, and end of life behind them"
    );
    assert_eq!(architecture, Some("arm64"), "whoever does not choose pays more for x86_64");
    assert!(
        used.is_some_and(|list| list.iter().any(|node| node.intrinsic("Ref") == Some("Architecture"))),
        "the function ignores the parameter Architecture: binary and processor may differ, and nothing starts"
    );
    assert_eq!(
        resource.string("Metadata.BuildMethod"),
        Some("rust-cargolambda"),
        "sam build does not know how to build this, and deploys the sources"
    );
    assert_eq!(
        resource.string("Metadata.BuildProperties.Binary"),
        Some("orders"),
        "sam build takes whatever binary it finds"
    );
    Ok(())
}

#[test]
fn the_table_has_the_key_and_the_expiry_that_the_store_writes() -> Rule {
    let template = Template::read()?;
    let table = template.properties(TABLE)?;
    let keys = list_of(table, "KeySchema", ["AttributeName", "KeyType"]);
    let types = list_of(table, "AttributeDefinitions", ["AttributeName", "AttributeType"]);

    assert_eq!(keys, [[Some("id"), Some("HASH")]], "the store's key is `id` alone: every claim is refused as invalid");
    assert_eq!(types, [[Some("id"), Some("S")]], "the store's key is a string: every claim is refused as invalid");
    assert_eq!(
        table.string("TimeToLiveSpecification.AttributeName"),
        Some("expiration"),
        "the store writes its expiry to `expiration`: under another name no item is ever deleted"
    );
    assert_eq!(
        table.flag("TimeToLiveSpecification.Enabled"),
        Some(true),
        "items are never deleted and the table grows for ever"
    );
    Ok(())
}

#[test]
fn the_table_outlives_the_stack() -> Rule {
    let template = Template::read()?;
    let table = template.resource(TABLE)?;

    for policy in ["DeletionPolicy", "UpdateReplacePolicy"] {
        assert_eq!(
            table.string(policy),
            Some("Retain"),
            "without {policy}: Retain the memory of what is done goes with the stack, and redelivered messages run again"
        );
    }
    Ok(())
}

#[test]
fn the_function_is_told_its_table() -> Rule {
    let template = Template::read()?;
    let named =
        template.function()?.at("Environment.Variables.IDEMPOTENCY_TABLE").and_then(|node| node.intrinsic("Ref"));

    assert_eq!(
        named,
        Some(TABLE),
        "IDEMPOTENCY_TABLE does not name this template's table: the function writes to another, or does not start"
    );
    Ok(())
}

#[test]
fn the_function_may_tell_its_queues_what_it_is_set_to_tell() -> Rule {
    const SETTING: &str = "Environment.Variables.SQS_RUNTIME_DEAD_LETTER_QUEUE";
    let template = Template::read()?;
    let letters = template.target(template.function()?.at(SETTING), "AWS::SQS::Queue")?;

    assert_eq!(
        letters.0,
        template.dead_letter_queue()?.0,
        "SQS_RUNTIME_DEAD_LETTER_QUEUE names another queue than the redrive policy: dead letters lie in two places"
    );
    for (queue, actions) in [
        (template.queue()?, ["sqs:ChangeMessageVisibility", "sqs:GetQueueUrl"]),
        (letters, ["sqs:SendMessage", "sqs:GetQueueUrl"]),
    ] {
        for action in actions {
            let allows = |statement: &Node<'_>| {
                statement.strings("Action").contains(&action)
                    && template.target(statement.at("Resource"), "AWS::SQS::Queue").is_ok_and(|on| on.0 == queue.0)
            };
            assert!(
                template.role()?.statements().iter().any(allows),
                "the role lacks {action}: failures come back after the visibility timeout, until the redrive policy takes them"
            );
        }
    }
    Ok(())
}

#[test]
fn every_alarm_has_its_page_in_the_runbooks_and_tells_somebody() -> Rule {
    const PAGE: &str = "runtime/docs/runbooks.md#";
    let template = Template::read()?;
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../runtime/docs/runbooks.md");
    let runbooks = std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
    let headings = runbooks.lines().filter_map(|line| line.strip_prefix("# "));
    let sections: BTreeSet<String> = headings.map(|heading| heading.to_lowercase().replace(' ', "-")).collect();

    let mut named = BTreeSet::new();
    for (name, alarm) in template.of_type("AWS::CloudWatch::Alarm") {
        let description = alarm.string("Properties.AlarmDescription").unwrap_or_default();
        let section = description.split_once(PAGE).map(|(_, section)| section.trim().to_owned());
        named.insert(section.ok_or_else(|| format!("{name} names no page of the runbooks"))?);
        for actions in ["AlarmActions", "OKActions"] {
            let words = alarm.at(&format!("Properties.{actions}")).map(Node::words).unwrap_or_default();
            assert!(words.contains(&"AlarmTopicArn"), "{name} has no {actions}: it rings, and nobody hears it");
        }
    }
    assert_eq!(named, sections, "the alarms' pages and those that there are");
    Ok(())
}

#[test]
fn the_queues_take_no_request_without_tls() -> Rule {
    let template = Template::read()?;
    let policies = template.of_type("AWS::SQS::QueuePolicy");
    for (queue, _) in template.of_type("AWS::SQS::Queue") {
        let is_closed = |policy: &Node<'_>| {
            let queues = policy.at("Properties.Queues").map(Node::items).unwrap_or_default();
            let statements = policy.at("Properties.PolicyDocument.Statement").map(Node::items).unwrap_or_default();
            let denies = |statement: &Node<'_>| {
                statement.string("Effect") == Some("Deny")
                    && statement
                        .at("Condition.Bool")
                        .map(Node::entries)
                        .unwrap_or_default()
                        .iter()
                        .any(|(key, value)| *key == "aws:SecureTransport" && value.0.as_str() == Some("false"))
            };
            queues.iter().any(|named| named.intrinsic("Ref") == Some(queue)) && statements.iter().any(denies)
        };
        assert!(policies.iter().any(|(_, policy)| is_closed(policy)), "{queue} can be asked in clear text");
    }
    Ok(())
}

#[test]
fn the_alarm_on_durations_rings_before_the_time_out() -> Rule {
    let template = Template::read()?;
    let threshold = template.resource("OrdersDurationAlarm")?.number("Properties.Threshold");
    let timeout = template.function()?.number("Timeout").unwrap_or(3);
    assert_eq!(threshold, Some(timeout * 800), "80 % of the function's time-out of {timeout} s, in milliseconds");
    Ok(())
}

/// `template.yaml`, read.
struct Template {
    document: YamlOwned,
}

impl Template {
    fn read() -> Result<Self, String> {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../template.yaml");
        let text = std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
        let documents = YamlOwned::load_from_str(&text).map_err(|error| format!("{path}: {error}"))?;
        match documents.into_iter().next() {
            Some(document) => Ok(Self { document }),
            None => Err(format!("{path} is empty")),
        }
    }

    fn root(&self) -> Node<'_> {
        Node(&self.document)
    }

    fn resource(&self, name: &str) -> Result<Node<'_>, String> {
        self.root().at(&format!("Resources.{name}")).ok_or_else(|| format!("template.yaml has no resource {name}"))
    }

    fn properties(&self, name: &str) -> Result<Node<'_>, String> {
        self.resource(name)?.at("Properties").ok_or_else(|| format!("{name} has no properties"))
    }

    fn of_type(&self, kind: &str) -> Vec<(&str, Node<'_>)> {
        let resources = self.root().at("Resources").map(|node| node.entries());
        resources.unwrap_or_default().into_iter().filter(|(_, node)| node.string("Type") == Some(kind)).collect()
    }

    /// The properties of what an `!GetAtt NAME.Arn` points at, if that is a resource of this type.
    fn target(&self, node: Option<Node<'_>>, kind: &str) -> Result<Node<'_>, String> {
        let name = node
            .and_then(|node| node.intrinsic("GetAtt"))
            .and_then(|attribute| attribute.strip_suffix(".Arn"))
            .ok_or_else(|| format!("no !GetAtt NAME.Arn where the ARN of an {kind} belongs"))?;
        if self.resource(name)?.string("Type") != Some(kind) {
            return Err(format!("{name} is not an {kind}"));
        }
        self.properties(name)
    }

    fn function(&self) -> Result<Node<'_>, String> {
        self.properties(FUNCTION)
    }

    /// The properties of the function's event of type SQS: the event source mapping.
    fn event(&self) -> Result<Node<'_>, String> {
        let events = self.function()?.at("Events").map(|node| node.entries());
        events
            .unwrap_or_default()
            .into_iter()
            .find(|(_, event)| event.string("Type") == Some("SQS"))
            .and_then(|(_, event)| event.at("Properties"))
            .ok_or_else(|| format!("{FUNCTION} has no event of type SQS: nothing invokes it"))
    }

    fn queue(&self) -> Result<Node<'_>, String> {
        self.target(self.event()?.at("Queue"), "AWS::SQS::Queue")
    }

    fn dead_letter_queue(&self) -> Result<Node<'_>, String> {
        let named = self.queue()?.at("RedrivePolicy.deadLetterTargetArn");
        self.target(named, "AWS::SQS::Queue")
    }

    fn role(&self) -> Result<Node<'_>, String> {
        self.target(self.function()?.at("Role"), "AWS::IAM::Role")
    }
}

/// A place in the template.
#[derive(Clone, Copy)]
struct Node<'a>(&'a YamlOwned);

impl<'a> Node<'a> {
    /// The node at the end of `path`, whose keys are separated by dots.
    fn at(self, path: &str) -> Option<Self> {
        path.split('.').try_fold(self.0, |node, key| node.as_mapping_get(key)).map(Node)
    }

    fn string(self, path: &str) -> Option<&'a str> {
        self.at(path)?.0.as_str()
    }

    fn number(self, path: &str) -> Option<i64> {
        self.at(path)?.0.as_integer()
    }

    fn flag(self, path: &str) -> Option<bool> {
        self.at(path)?.0.as_bool()
    }

    fn strings(self, path: &str) -> Vec<&'a str> {
        let items = self.at(path).map(Node::items).unwrap_or_default();
        items.into_iter().filter_map(|item| item.0.as_str()).collect()
    }

    fn items(self) -> Vec<Self> {
        self.0.as_vec().map(|items| items.iter().map(Node).collect()).unwrap_or_default()
    }

    fn entries(self) -> Vec<(&'a str, Self)> {
        let entries = self.0.as_mapping().into_iter().flatten();
        entries.filter_map(|(key, value)| Some((key.as_str()?, Node(value)))).collect()
    }

    /// `ARGUMENT` of `!NAME ARGUMENT`, the short form of CloudFormation's functions.
    fn intrinsic(self, name: &str) -> Option<&'a str> {
        let tag = self.0.get_tag()?;
        if tag.handle != "!" || tag.suffix != name {
            return None;
        }
        self.0.get_tagged_node()?.as_str()
    }

    /// Every string in here, however deep, also those under CloudFormation's functions.
    fn words(self) -> Vec<&'a str> {
        if let Some(word) = self.0.as_str() {
            return vec![word];
        }
        if let Some(argument) = self.0.get_tagged_node() {
            return Node(argument).words();
        }
        let values = self.entries().into_iter().map(|(_, value)| value);
        self.items().into_iter().chain(values).flat_map(Node::words).collect()
    }

    /// The statements of all the policies of a role.
    fn statements(self) -> Vec<Self> {
        let policies = self.at("Policies").map(Node::items).unwrap_or_default();
        policies.into_iter().filter_map(|policy| policy.at("PolicyDocument.Statement")).flat_map(Node::items).collect()
    }
}

/// Of each entry of the list at `path`: these two strings.
fn list_of<'a>(node: Node<'a>, path: &str, keys: [&str; 2]) -> Vec<[Option<&'a str>; 2]> {
    let items = node.at(path).map(Node::items).unwrap_or_default();
    items.into_iter().map(|item| keys.map(|key| item.string(key))).collect()
}
