//! What `doctor` finds in templates that are broken on purpose, and what it does not find in those that are not.

use std::{collections::BTreeSet, fs, path::Path};

use sqs_runtime_cli::doctor::{Finding, RULES, examine};

use crate::support::{files, fixtures, root};

/// The code, the resource and the line of a finding.
type Place = (&'static str, &'static str, usize);

/// Of each broken template all that is wrong with it.
const BROKEN: [(&str, &[Place]); 35] = [
    ("SQS101.yaml", &[("SQS101", "Mapping", 2)]),
    ("SQS102.json", &[("SQS102", "Mapping", 9)]),
    ("SQS103.yaml", &[("SQS103", "Mapping", 8)]),
    ("SQS104.yaml", &[("SQS104", "Mapping", 10)]),
    ("SQS105.yaml", &[("SQS105", "Mapping", 9)]),
    ("SQS106.yaml", &[("SQS106", "Consumer", 11), ("SQS106", "Unlimited", 32)]),
    ("SQS107.yaml", &[("SQS107", "Mapping", 9)]),
    ("SQS201.yaml", &[("SQS201", "Orders", 11), ("SQS201", "Returns", 15)]),
    ("SQS202.yaml", &[("SQS202", "Orders", 7)]),
    ("SQS203.yaml", &[("SQS203", "Orders", 2), ("SQS203", "Returns", 11)]),
    ("SQS204.json", &[("SQS204", "Orders", 7)]),
    ("SQS205.yaml", &[("SQS205", "Policy", 9), ("SQS205", "Policy", 13)]),
    ("SQS301.yaml", &[("SQS301", "Orders", 2)]),
    ("SQS302.yaml", &[("SQS302", "Orders", 8)]),
    ("SQS303.yaml", &[("SQS303", "Dead", 12)]),
    ("SQS304.yaml", &[("SQS304", "Ledger", 9)]),
    ("SQS305.yaml", &[("SQS305", "Consumer", 23)]),
    ("SQS401.yaml", &[("SQS401", "Keys", 24), ("SQS401", "Sorted", 39)]),
    ("SQS402.yaml", &[("SQS402", "Misnamed", 26), ("SQS402", "Simple", 28)]),
    ("SQS403.yaml", &[("SQS403", "Consumer", 8)]),
    ("SQS501.yaml", &[("SQS501", "Role", 22)]),
    ("SQS502.yaml", &[("SQS502", "Role", 22)]),
    ("SQS503.yaml", &[("SQS503", "Role", 23)]),
    ("SQS504.yaml", &[("SQS504", "Role", 29), ("SQS504", "Role", 43)]),
    ("SQS505.yaml", &[("SQS505", "Role", 29)]),
    ("SQS506.yaml", &[("SQS506", "Role", 29), ("SQS506", "Role", 36)]),
    ("SQS507.yaml", &[("SQS507", "Role", 22)]),
    ("SQS601.yaml", &[("SQS601", "Backlog", 6), ("SQS601", "Errors", 18)]),
    ("SQS602.yaml", &[("SQS602", "Alarm", 17)]),
    ("SQS603.yaml", &[("SQS603", "Dead", 10)]),
    ("SQS604.yaml", &[("SQS604", "Logs", 2)]),
    ("public/flag-missing.yaml", &[("SQS505", "OrderFunction", 33), ("SQS101", "OrderFunction", 44)]),
    (
        "public/max-receive-count-1.json",
        &[
            ("SQS302", "Queue", 11),
            ("SQS303", "DeadLetterQueue", 15),
            ("SQS603", "DeadLetterQueue", 15),
            ("SQS504", "FunctionRole", 30),
            ("SQS505", "FunctionRole", 30),
        ],
    ),
    (
        "public/no-dead-letter-queue.yaml",
        &[
            ("SQS301", "TaskQueue", 12),
            ("SQS201", "TaskQueue", 16),
            ("SQS505", "TaskFunction", 18),
            ("SQS101", "TaskFunction", 26),
        ],
    ),
    ("public/visibility-3x.yaml", &[("SQS201", "WorkQueue", 20), ("SQS602", "WorkDeadLetterAlarm", 35)]),
];

fn found(path: &Path) -> Vec<Finding> {
    examine(&read(path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn each_broken_template_has_its_findings_and_no_other() {
    for (name, expected) in BROKEN {
        let found = found(&fixtures().join(name));
        let found: Vec<_> = found.iter().map(|it| (it.rule.code, &*it.resource, it.line.unwrap_or(0))).collect();
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
fn no_broken_template_is_left_out() {
    let named: BTreeSet<_> = BROKEN.iter().map(|(name, _)| fixtures().join(name)).collect();
    let all: BTreeSet<_> = ["", "public"].iter().flat_map(|folder| files(&fixtures().join(folder))).collect();
    assert_eq!(all, named);
}

#[test]
fn every_rule_has_a_broken_template_and_a_section_of_its_page() {
    let codes: BTreeSet<_> = RULES.iter().map(|rule| rule.code.to_owned()).collect();
    assert_eq!(codes.len(), RULES.len(), "two rules have one code");

    let stem = |path: &Path| path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let broken: BTreeSet<_> = files(&fixtures()).iter().map(|path| stem(path)).collect();
    assert_eq!(broken, codes);

    let page = read(&root().join("runtime/docs/doctor.md"));
    let anchors = page.split("<a id=\"").skip(1).filter_map(|rest| rest.split('"').next());
    let anchors: BTreeSet<_> = anchors.map(str::to_uppercase).collect();
    assert_eq!(anchors, codes);
}

#[test]
fn the_page_says_of_each_rule_how_bad_it_is_and_where_aws_says_so() {
    let page = read(&root().join("runtime/docs/doctor.md"));
    for rule in RULES {
        let row = page.lines().find(|line| line.contains(&format!("<a id=\"{}\"", rule.code.to_lowercase())));
        let row = row.unwrap_or_else(|| panic!("{} has no row", rule.code));
        let weight = format!("| {} |", format!("{:?}", rule.weight).to_lowercase());
        assert!(row.contains(&weight), "{row}");
        assert!(row.contains("](https://docs.aws.amazon.com/"), "{row}");
    }
}

#[test]
fn nothing_is_found_in_the_templates_of_this_repository() {
    let examples = fs::read_dir(root().join("examples")).expect("a folder of the project");
    let folders = examples.map(|entry| entry.expect("readable").path()).filter(|path| path.is_dir());
    let is_template = |path: &Path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("template"));
    let templates: Vec<_> =
        folders.chain([root()]).flat_map(|folder| files(&folder)).filter(|path| is_template(path)).collect();
    assert!(!templates.is_empty());
    for template in templates {
        let found: Vec<_> = found(&template).iter().map(|it| format!("{}: {}", it.rule.code, it.finding)).collect();
        assert_eq!(found, Vec::<String>::new(), "{}", template.display());
    }
}

/// Nothing found in a template says little where nothing could be.
#[test]
fn what_is_broken_in_our_template_is_found() {
    let template = read(&root().join("template.yaml"));
    for (from, to, codes) in [
        ("FunctionResponseTypes: [ReportBatchItemFailures]", "BatchSize2: 1", &["SQS101"][..]),
        ("Default: 10\n    MinValue: 1\n", "Default: 100\n    MinValue: 1\n", &["SQS102"]),
        ("Default: 10\n    MinValue: 2\n", "Default: 1\n    MinValue: 2\n", &["SQS105"]),
        ("MemorySize: 256", "ReservedConcurrentExecutions: 9", &["SQS106"]),
        ("Default: 180\n", "Default: 179\n", &["SQS201"]),
        ("Default: 180\n", "Default: 43200\n", &[]),
        ("Default: 345600\n", "Default: 900\n", &["SQS202"]),
        ("Default: 5\n", "Default: 1\n", &["SQS302"]),
        ("Default: 1209600\n", "Default: 345600\n", &["SQS303"]),
        ("AttributeName: id\n          KeyType", "AttributeName: pk\n          KeyType", &["SQS401"]),
        ("AttributeName: expiration", "AttributeName: ttl", &["SQS402"]),
        ("- sqs:DeleteMessage\n", "- sqs:DeleteMessages\n", &["SQS501", "SQS506"]),
        ("- dynamodb:UpdateItem\n", "- dynamodb:PutItem\n", &["SQS502", "SQS506"]),
        ("- sqs:SendMessage\n", "", &["SQS503"]),
        ("- dynamodb:PartiQLInsert\n", "- dynamodb:GetItem\n", &["SQS507"]),
        ("- sqs:ChangeMessageVisibility\n", "- sqs:Change*\n", &["SQS504"]),
        ("Resource: !GetAtt IdempotencyTable.Arn", "Resource: '*'", &["SQS505"]),
        ("MetricName: ApproximateNumberOfMessagesVisible", "MetricName: MessagesVisible", &["SQS601"]),
        ("MetricName: ApproximateNumberOfMessagesVisible", "MetricName: NumberOfMessagesSent", &["SQS602"]),
        ("Value: !GetAtt OrdersDeadLetterQueue.QueueName", "Value: !GetAtt OrdersQueue.QueueName", &["SQS603"]),
        ("RetentionInDays: 30\n", "LogGroupClass: STANDARD\n", &["SQS604"]),
    ] {
        assert!(template.contains(from), "{from}");
        let found = examine(&template.replace(from, to)).unwrap_or_else(|error| panic!("{to}: {error}"));
        let found: Vec<_> = found.iter().map(|it| it.rule.code).collect();
        assert_eq!(found, codes, "{to}");
    }
}

#[test]
fn what_cannot_be_known_is_no_finding() {
    let unknown = files(&fixtures().join("unknown"));
    assert!(unknown.len() >= 3, "{unknown:?}");
    for path in unknown {
        let found: Vec<_> = found(&path).iter().map(|it| format!("{}: {}", it.rule.code, it.finding)).collect();
        assert_eq!(found, Vec::<String>::new(), "{}", path.display());
    }
}
