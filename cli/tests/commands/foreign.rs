//! Texts that are no templates: each is refused with its line, and none takes the program down.

use std::fs;

use proptest::prelude::*;
use sqs_runtime_cli::doctor::{Unreadable, examine};

use crate::support::{files, fixtures};

/// The line, and what the reason begins with.
const FOREIGN: [(&str, usize, &str); 13] = [
    ("empty.yaml", 1, "nothing stands in it"),
    ("event.json", 1, "not a template: there is no map `Resources` at its top: it looks like an event"),
    (
        "kubernetes.yaml",
        1,
        "not a template: there is no map `Resources` at its top: it looks like a Kubernetes manifest",
    ),
    ("list.yaml", 1, "not a template: it is no map of sections"),
    ("main.tf", 1, "not a template: it is no map of sections"),
    ("no-type.yaml", 4, "not a template: the resource `Returns` has no Type"),
    ("repeated-key.json", 6, "`VisibilityTimeout` stands here for the second time, after line 5"),
    ("repeated-key.yaml", 7, "`VisibilityTimeout` stands here for the second time, after line 5"),
    ("serverless.yaml", 1, "not a template: there is no map `Resources` at its top: it looks like the Serverless"),
    ("tabs.yaml", 2, "not YAML: "),
    ("trailing-comma.json", 7, "not JSON: "),
    ("truncated.yaml", 5, "not YAML: "),
    ("two-documents.yaml", 4, "a second document begins here"),
];

#[test]
fn a_foreign_file_is_refused_with_its_line() {
    for (name, line, reason) in FOREIGN {
        let text = fs::read_to_string(fixtures().join("foreign").join(name)).expect("a fixture");
        let refused = refused(&text);
        assert_eq!(refused.line, Some(line), "{name}: {refused}");
        assert!(refused.reason.starts_with(reason), "{name}: {refused}");
    }
    // The one that is left is no text; the program itself is asked about it.
    assert_eq!(files(&fixtures().join("foreign")).len(), FOREIGN.len() + 1);
}

fn refused(text: &str) -> Unreadable {
    match examine(text) {
        Ok(found) => panic!("{} findings in what is no template", found.len()),
        Err(refused) => refused,
    }
}

#[test]
fn no_depth_and_no_alias_takes_more_than_is_there() {
    let depths = [("[", "["), ("{\"a\":", "{\"a\":"), ("- ", "- "), ("!If [", "!If [")];
    for (start, deeper) in depths {
        let text = start.to_owned() + &deeper.repeat(100_000);
        assert!(refused(&text).line.is_some(), "{start}");
    }
    for (open, close) in [("[", "]"), ("{\"a\":", "}"), ("[{\"a\":", "}]")] {
        let closed = format!("{{\"Resources\": {}1{}}}", open.repeat(5_000), close.repeat(5_000));
        assert!(refused(&closed).reason.contains("levels deep"), "{}", refused(&closed));
    }

    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
        bomb += &format!("a{level}: &a{level} [{aliases}]\n");
    }
    assert_eq!(refused(&bomb).reason, "more than 200000 values");
    assert!(refused("a: &a [*a]").reason.contains("alias"), "{}", refused("a: &a [*a]"));
}

#[test]
fn what_begins_with_a_byte_order_mark_is_read_as_without() {
    let text = fs::read_to_string(fixtures().join("SQS102.json")).expect("a fixture");
    let codes =
        |text: &str| examine(text).map(|found| found.iter().map(|it| (it.rule.code, it.line)).collect::<Vec<_>>());
    assert_eq!(codes(&format!("\u{feff}{text}")), codes(&text));
    assert_eq!(codes(&text), Ok(vec![("SQS102", Some(9))]));
}

#[test]
fn a_name_in_json_may_have_escapes() {
    let text = "{\n\"\\u0052esources\": {\n\"Logs\": {\n\"Type\": \"AWS::Logs::LogGroup\",\n\"\\ud83d\\ude00\": 1\n}}}";
    let found = examine(text).expect("a template");
    let found: Vec<_> = found.iter().map(|it| (it.rule.code, &*it.resource, it.line)).collect();
    assert_eq!(found, [("SQS604", "Logs", Some(3))]);
}

/// Whatever is cut off: an answer, and a line that is there.
#[test]
fn every_beginning_of_a_template_is_answered() {
    let all = ["", "public", "unknown"].iter().flat_map(|folder| files(&fixtures().join(folder)));
    for path in all {
        let text = fs::read_to_string(&path).expect("a fixture");
        for (end, _) in text.char_indices().step_by(7) {
            let cut = text.get(..end).unwrap_or_default();
            let lines = cut.lines().count().max(1) + 1;
            let named = match examine(cut) {
                Ok(found) => found.iter().filter_map(|it| it.line).collect(),
                Err(refused) => Vec::from_iter(refused.line),
            };
            assert!(named.iter().all(|line| (1..=lines).contains(line)), "{}: {end}: {named:?}", path.display());
        }
    }
}

/// A value of a template, as much like one as chance makes it.
fn value() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        "[A-Za-z:$*{}. ]{0,12}".prop_map(|text| format!("{text:?}")),
        any::<u32>().prop_map(|number| number.to_string()),
        Just("null".to_owned()),
        Just("{\"Ref\": \"Q\"}".to_owned()),
        Just("{\"Fn::GetAtt\": [\"Q\", \"Arn\"]}".to_owned()),
        Just("{\"Fn::Sub\": \"${Q.Arn}${\"}".to_owned()),
        Just("{\"Condition\": \"Ring\"}".to_owned()),
    ];
    word.prop_recursive(4, 24, 4, |inner| {
        let function = prop_oneof![
            Just("Fn::If"),
            Just("Fn::Join"),
            Just("Fn::Select"),
            Just("Fn::FindInMap"),
            Just("Fn::Sub"),
            Just("Action"),
            Just("Statement"),
            Just("Metrics"),
            Just("SQSPollerPolicy")
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|items| format!("[{}]", items.join(","))),
            (function, inner).prop_map(|(name, value)| format!("{{{name:?}: {value}}}")),
        ]
    })
}

const PROPERTIES: [(&str, &[&str]); 8] = [
    ("AWS::SQS::Queue", &["QueueName", "VisibilityTimeout", "RedrivePolicy", "RedriveAllowPolicy", "FifoQueue"]),
    ("AWS::SQS::QueuePolicy", &["PolicyDocument"]),
    (
        "AWS::Serverless::Function",
        &["Timeout", "Events", "Role", "Policies", "Environment", "ReservedConcurrentExecutions"],
    ),
    (
        "AWS::Lambda::EventSourceMapping",
        &["EventSourceArn", "FunctionName", "BatchSize", "ScalingConfig", "FilterCriteria"],
    ),
    ("AWS::DynamoDB::Table", &["KeySchema", "AttributeDefinitions", "TimeToLiveSpecification"]),
    ("AWS::IAM::Role", &["Policies", "ManagedPolicyArns"]),
    ("AWS::IAM::Policy", &["Roles", "PolicyDocument"]),
    ("AWS::CloudWatch::Alarm", &["Namespace", "MetricName", "Dimensions", "Metrics"]),
];

fn template() -> impl Strategy<Value = String> {
    let resource = prop::sample::select(&PROPERTIES[..]).prop_flat_map(|(kind, names)| {
        prop::collection::vec(value(), names.len()).prop_map(move |values| {
            let pairs: Vec<_> = names.iter().zip(values).map(|(name, value)| format!("{name:?}: {value}")).collect();
            format!("{{\"Type\": {kind:?}, \"Properties\": {{{}}}}}", pairs.join(","))
        })
    });
    (prop::collection::vec(resource, 1..6), value()).prop_map(|(resources, condition)| {
        let named: Vec<_> =
            resources.iter().zip("QRSTUV".chars()).map(|(it, name)| format!("\"{name}\": {it}")).collect();
        let ring = "\"Ring\": {\"Fn::Not\": [{\"Condition\": \"Ring\"}]}";
        format!("{{\"Conditions\": {{{ring}, \"Other\": {condition}}}, \"Resources\": {{{}}}}}", named.join(","))
    })
}

proptest! {
    #[test]
    fn any_text_is_answered(text in "\\PC{0,200}") {
        let _ = examine(&text);
    }

    /// JSON is YAML: the two readers agree about what is in it.
    #[test]
    fn both_readers_find_the_same(text in template()) {
        let codes = |text: &str| -> Vec<_> {
            let found = examine(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
            found.into_iter().map(|it| (it.rule.code, it.resource)).collect()
        };
        prop_assert_eq!(codes(&text), codes(&format!("# YAML\n{text}")));
    }
}
