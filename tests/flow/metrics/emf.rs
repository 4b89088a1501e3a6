//! A checker of lines in the embedded metric format, written from AWS's specification and the JSON schema in it
//! (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>).

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// The specification's limits.
const MOST_DIMENSIONS: usize = 30;
const MOST_METRICS: usize = 100;
const MOST_VALUES: usize = 100;
const MOST_BYTES: usize = 256 * 1024;
const UNITS: [&str; 4] = ["Seconds", "Milliseconds", "Count", "None"];

/// What CloudWatch takes from a line.
#[derive(Debug, PartialEq)]
pub(crate) struct Extracted {
    pub(crate) namespace: String,
    pub(crate) dimensions: BTreeMap<String, String>,
    /// Each metric's values, with their unit.
    pub(crate) metrics: BTreeMap<String, (Vec<f64>, String)>,
}

/// What CloudWatch would take from this line, or why it would take nothing.
pub(crate) fn extract(line: &str) -> Result<Extracted, String> {
    if line.len() > MOST_BYTES || line.contains('\n') {
        return Err(format!("{} bytes, or more than one line", line.len()));
    }
    let document: Value = serde_json::from_str(line).map_err(|error| error.to_string())?;
    let root = document.as_object().ok_or("no object")?;
    let aws = root.get("_aws").and_then(Value::as_object).ok_or("no member `_aws`")?;
    only(aws, &["Timestamp", "CloudWatchMetrics"])?;
    // Milliseconds, and neither seconds nor microseconds: from 2001 to 2286.
    let timestamp = aws.get("Timestamp").and_then(Value::as_u64).ok_or("no time")?;
    if !(1_000_000_000_000..10_000_000_000_000).contains(&timestamp) {
        return Err(format!("{timestamp} is no time in milliseconds"));
    }
    let [directive] = aws.get("CloudWatchMetrics").and_then(Value::as_array).ok_or("no directives")?.as_slice() else {
        return Err("one directive is expected".into());
    };
    directive_of(directive.as_object().ok_or("a directive is an object")?, root)
}

fn directive_of(directive: &Map<String, Value>, root: &Map<String, Value>) -> Result<Extracted, String> {
    only(directive, &["Namespace", "Dimensions", "Metrics"])?;
    let namespace = named(directive.get("Namespace"), 1024)?;
    let [dimensions] = directive.get("Dimensions").and_then(Value::as_array).ok_or("no dimensions")?.as_slice() else {
        return Err("one set of dimensions is expected: each is billed".into());
    };
    let dimensions = dimensions.as_array().ok_or("a set of dimensions is an array")?;
    if dimensions.len() > MOST_DIMENSIONS {
        return Err("too many dimensions".into());
    }
    let target = |name: &Value| {
        let name = named(Some(name), 250)?;
        Ok((name.clone(), named(root.get(&name), 1024)?))
    };
    let dimensions = dimensions.iter().map(target).collect::<Result<_, String>>()?;
    let definitions = directive.get("Metrics").and_then(Value::as_array).ok_or("no metrics")?;
    if definitions.len() > MOST_METRICS {
        return Err("too many metrics".into());
    }
    let mut metrics = BTreeMap::new();
    for definition in definitions {
        let (name, metric) = metric(definition.as_object().ok_or("a metric is an object")?, root)?;
        if metrics.insert(name.clone(), metric).is_some() {
            return Err(format!("{name} twice"));
        }
    }
    Ok(Extracted { namespace, dimensions, metrics })
}

fn metric(definition: &Map<String, Value>, root: &Map<String, Value>) -> Result<(String, (Vec<f64>, String)), String> {
    only(definition, &["Name", "Unit", "StorageResolution"])?;
    let name = named(definition.get("Name"), 1024)?;
    let unit = definition.get("Unit").map_or(Ok("None".to_owned()), |unit| named(Some(unit), 32))?;
    if !UNITS.contains(&unit.as_str()) {
        return Err(format!("{unit} is no unit that is used here"));
    }
    let target = root.get(&name).ok_or(format!("{name} has no value"))?;
    let values = target.as_array().map_or(std::slice::from_ref(target), Vec::as_slice);
    if !(1..=MOST_VALUES).contains(&values.len()) {
        return Err(format!("{name} has {} values", values.len()));
    }
    let values = values.iter().map(Value::as_f64).collect::<Option<Vec<_>>>().ok_or(format!("{name} is no number"))?;
    Ok((name, (values, unit)))
}

fn only(object: &Map<String, Value>, members: &[&str]) -> Result<(), String> {
    match object.keys().find(|name| !members.contains(&name.as_str())) {
        Some(name) => Err(format!("`{name}` is no member of the format")),
        None => Ok(()),
    }
}

fn named(value: Option<&Value>, most: usize) -> Result<String, String> {
    let text = value.and_then(Value::as_str).ok_or_else(|| format!("{value:?} is no text"))?;
    if text.trim().is_empty() || text.len() > most || !text.is_ascii() {
        return Err(format!("{text:?} is empty, too long or no ASCII"));
    }
    Ok(text.to_owned())
}

/// The checker can say no.
#[test]
fn what_the_format_forbids_is_refused() {
    let line = |change: fn(&mut Value)| {
        let mut document = serde_json::json!({
            "_aws": {"Timestamp": 1_800_000_000_000_u64, "CloudWatchMetrics": [
                {"Namespace": "n", "Dimensions": [["d"]], "Metrics": [{"Name": "m", "Unit": "Count"}]},
            ]},
            "d": "x", "m": [1, 2.5],
        });
        change(&mut document);
        extract(&document.to_string())
    };
    let extracted = line(|_| {}).unwrap();
    assert_eq!(extracted.metrics["m"], (vec![1.0, 2.5], "Count".to_owned()));
    for change in [
        (|document| document["m"] = serde_json::json!([])) as fn(&mut Value),
        |document| document["m"] = serde_json::json!({"Values": [1], "Counts": [1]}),
        |document| document["m"] = vec![1; 101].into(),
        |document| document["d"] = 1.into(),
        |document| document["d"] = "".into(),
        |document| document["_aws"]["Timestamp"] = 1_800_000_000.into(),
        |document| document["_aws"]["Other"] = 1.into(),
        |document| document["_aws"]["CloudWatchMetrics"][0]["Metrics"][0]["Unit"] = "Messages".into(),
        |document| document["_aws"]["CloudWatchMetrics"][0]["Metrics"][0]["Name"] = "other".into(),
    ] {
        assert!(line(change).is_err());
    }
}
