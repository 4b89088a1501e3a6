//! The metrics that alarms and dashboards read: a name that nobody publishes is a line that stays flat and an alarm that never rings.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use sqs_runtime::metrics::Metric;
use sqs_runtime_cli::doctor;

use super::{Node, Rule, TEMPLATES, Template, each};

/// Of DynamoDB's and ECS' those that are read; `doctor` knows all of SQS' and Lambda's.
const OTHERS: [(&str, &str); 3] = [
    ("AWS/DynamoDB", "ReadThrottleEvents"),
    ("AWS/DynamoDB", "WriteThrottleEvents"),
    ("ECS/ContainerInsights", "RunningTaskCount"),
];

/// A metric that something reads: its namespace, its name, and its dimensions with what these are set to.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Read {
    namespace: String,
    name: String,
    dimensions: Vec<(String, String)>,
}

impl Read {
    /// By an alarm, or within a calculation.
    fn by_resource(metric: Node<'_>) -> Option<Self> {
        let dimension = |node: Node<'_>| Some((node.string("Name")?.to_owned(), node.at("Value")?.words().concat()));
        Some(Self {
            namespace: metric.string("Namespace")?.to_owned(),
            name: metric.string("MetricName")?.to_owned(),
            dimensions: metric.list("Dimensions").into_iter().filter_map(dimension).collect(),
        })
    }

    /// By a line of a dashboard, in which `.` is what stands above it.
    fn by_dashboard(line: &[&str]) -> Self {
        let [namespace, name, dimensions @ ..] = line else { panic!("{line:?}") };
        assert!(dimensions.len().is_multiple_of(2), "{line:?}");
        let dimensions = dimensions.chunks(2).map(|pair| (pair[0].to_owned(), reference(pair[1]).to_owned()));
        Self { namespace: (*namespace).to_owned(), name: (*name).to_owned(), dimensions: dimensions.collect() }
    }

    /// Whether somebody publishes it.
    fn is_known(&self) -> bool {
        match self.namespace.as_str() {
            "SqsRuntime" => Metric::ALL.iter().any(|metric| metric.name() == self.name),
            "AWS/SQS" | "AWS/Lambda" => doctor_knows(&self.namespace, &self.name),
            _ => OTHERS.contains(&(&self.namespace, &self.name)),
        }
    }
}

/// `Queue.QueueName` of `${Queue.QueueName}`.
fn reference(text: &str) -> &str {
    text.strip_prefix("${").and_then(|text| text.strip_suffix('}')).unwrap_or(text)
}

fn doctor_knows(namespace: &str, name: &str) -> bool {
    let alarm = json!({"Type": "AWS::CloudWatch::Alarm", "Properties": {"Namespace": namespace, "MetricName": name}});
    let template = json!({"Resources": {"Alarm": alarm}}).to_string();
    doctor::examine(&template).expect("a template").is_empty()
}

/// What alarms, calculations and policies of scaling read, wherever it stands.
fn by_resources(node: Node<'_>) -> BTreeSet<Read> {
    let values = node.entries().into_iter().map(|(_, value)| value);
    node.items().into_iter().chain(values).flat_map(by_resources).chain(Read::by_resource(node)).collect()
}

/// The dashboards of a template.
fn dashboards(template: &Template) -> Result<Vec<Value>, String> {
    let bodies = template.of_type("AWS::CloudWatch::Dashboard").into_iter().map(|(name, dashboard)| {
        let body = dashboard.at("Properties.DashboardBody").and_then(|body| body.intrinsic("Fn::Sub"));
        serde_json::from_str(body.ok_or("no body")?).map_err(|error| format!("{name}: {error}"))
    });
    bodies.collect()
}

fn widgets(dashboard: &Value) -> impl Iterator<Item = Node<'_>> {
    Node(dashboard).list("widgets").into_iter()
}

fn by_dashboard(dashboard: &Value) -> BTreeSet<Read> {
    let read = |widget: Node<'_>| {
        let mut above: Vec<String> = Vec::new();
        let lines = widget.list("properties.metrics").into_iter().map(move |line| {
            let words = line.items().into_iter().filter_map(Node::as_str).enumerate();
            above = words.map(|(at, word)| if word == "." { above[at].clone() } else { word.to_owned() }).collect();
            Read::by_dashboard(&above.iter().map(String::as_str).collect::<Vec<_>>())
        });
        lines.collect::<Vec<_>>()
    };
    widgets(dashboard).flat_map(read).collect()
}

fn all(template: &Template) -> Result<BTreeSet<Read>, String> {
    let of_dashboards: Vec<_> = dashboards(template)?.iter().map(by_dashboard).collect();
    Ok(of_dashboards.into_iter().flatten().chain(by_resources(template.root())).collect())
}

#[test]
fn every_metric_that_is_read_is_one_that_somebody_publishes() -> Rule {
    each(TEMPLATES, |template| {
        let read = all(template)?;
        assert!(read.len() >= 4, "{read:?}");
        let unknown: Vec<_> = read.iter().filter(|read| !read.is_known()).collect();
        assert!(unknown.is_empty(), "{unknown:?}");
        Ok(())
    })
}

#[test]
fn names_with_a_slip_are_not_known() {
    for (namespace, name) in [
        ("SqsRuntime", "MessageDone"),
        ("AWS/SQS", "ApproximateNumberOfVisibleMessages"),
        ("AWS/Lambda", "Error"),
        ("AWS/DynamoDB", "ThrottledWrites"),
        ("Runtime", "MessagesDone"),
    ] {
        let read = Read { namespace: namespace.into(), name: name.into(), dimensions: Vec::new() };
        assert!(!read.is_known(), "{read:?}");
    }
}

/// CloudWatch finds a metric only under exactly the dimensions that it was published with.
#[test]
fn the_runtimes_metrics_are_read_as_they_are_written() -> Rule {
    each(TEMPLATES, |template| {
        let namespace = template.setting("SQS_RUNTIME_METRICS_NAMESPACE").and_then(Node::as_str);
        let named = template.setting("SQS_RUNTIME_SERVICE").map(|service| service.words().concat());
        let service = named.map_or_else(|| template.function_name().map(str::to_owned), Ok)?;
        let dimensions =
            [("service".to_owned(), service), ("queue".to_owned(), format!("{}.QueueName", template.queue_name()?))];
        let read = all(template)?;
        let is_ours = |read: &&Read| !read.namespace.starts_with("AWS/") && !read.namespace.starts_with("ECS/");
        let ours: Vec<_> = read.iter().filter(is_ours).collect();
        assert!(!ours.is_empty());
        for read in ours {
            assert_eq!(Some(read.namespace.as_str()), namespace, "{read:?}: the function publishes elsewhere");
            assert_eq!(read.dimensions, dimensions, "{read:?}");
        }
        Ok(())
    })
}

#[test]
fn a_message_rings_before_its_last_receive() -> Rule {
    for name in TEMPLATES {
        let template = Template::with(name, &[("MaxReceiveCount", "9")])?;
        let alarms = template.of_type("AWS::CloudWatch::Alarm");
        let formula = |alarm: Node<'_>| {
            alarm.at("Expression").and_then(|it| it.intrinsic("Fn::Sub")) == Some("receives - (9 - 1)")
        };
        let (name, alarm) = alarms
            .into_iter()
            .find(|(_, alarm)| alarm.list("Properties.Metrics").into_iter().any(formula))
            .ok_or_else(|| format!("{name}: no alarm on the receives"))?;
        assert_eq!(alarm.number("Properties.Threshold"), Some(0), "{name}");
        assert_eq!(alarm.string("Properties.ComparisonOperator"), Some("GreaterThanOrEqualToThreshold"), "{name}");
    }
    Ok(())
}

#[test]
fn one_failure_at_night_is_no_ratio() -> Rule {
    each(TEMPLATES, |template| {
        let alarms = template.of_type("AWS::CloudWatch::Alarm");
        let formulas = alarms.iter().flat_map(|(_, alarm)| alarm.list("Properties.Metrics"));
        let formulas: Vec<_> = formulas.filter_map(|metric| metric.string("Expression")).collect();
        let ratio = "IF(received < 20, 0, 100 * (retried + rejected + not_started) / received)";
        assert!(formulas.contains(&ratio), "{formulas:?}");
        Ok(())
    })
}

#[test]
fn the_dashboard_has_its_rows_and_nothing_lies_on_another() -> Rule {
    let template = Template::read("template.yaml")?;
    let dashboards = dashboards(&template)?;
    let [dashboard] = &*dashboards else { return Err(format!("{} dashboards", dashboards.len())) };
    let mut taken = BTreeSet::new();
    for widget in widgets(dashboard) {
        let [x, y, width, height] = ["x", "y", "width", "height"].map(|side| widget.number(side).expect("a number"));
        assert!(x + width <= 24, "CloudWatch has 24 columns");
        let cells = (x..x + width).flat_map(|x| (y..y + height).map(move |y| (x, y)));
        cells.for_each(|cell| assert!(taken.insert(cell), "{cell:?} is taken twice"));
    }
    let titles: Vec<_> = widgets(dashboard).filter_map(|widget| widget.string("properties.title")).collect();
    for row in ["Orders done", "Queue: ", "Dead letters", "Function: ", "Store: ", "Top errors"] {
        assert!(titles.iter().any(|title| title.starts_with(row)), "no {row} in {titles:?}");
    }
    let query = widgets(dashboard).find_map(|widget| widget.string("properties.query")).ok_or("no query")?;
    let [(group, _)] = &*template.of_type("AWS::Logs::LogGroup") else { panic!("one log group") };
    assert!(query.starts_with(&format!("SOURCE '${{{group}}}' | ")), "{query}");
    // `log.rs` holds the names of the fields.
    for field in ["errorKind", "outcome"] {
        assert!(query.contains(field), "{query}");
    }
    Ok(())
}
