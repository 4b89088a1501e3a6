//! How a host answers, or a planted bug in its place.

use serde_json::{Value, json};

use super::Plant;
use crate::run::Report;

/// An event of another source.
pub(super) const FOREIGN: &str = r#"{"Records":[{"eventSource":"aws:s3","s3":{"bucket":{"name":"b"}}}]}"#;

/// The body of the answer; `None` where the invocation errs.
pub(super) fn answer(report: Option<&Report>, plant: Option<Plant>) -> Option<String> {
    let Some(report) = report else {
        return (plant == Some(Plant::EmptySuccessForAForeignEvent)).then(|| "{}".to_owned());
    };
    match report.response() {
        Ok(response) => Some(slipped(response.to_json(), plant)),
        Err(_) if plant == Some(Plant::UnnamedRecordSwallowed) => Some(named_only(report)),
        Err(_) => None,
    }
}

/// The failures that have a name.
fn named_only(report: &Report) -> String {
    let failures = report.records().filter(|record| record.outcome.is_failure());
    let ids: Vec<Value> =
        failures.filter_map(|record| record.message_id).map(|id| json!({ "itemIdentifier": id })).collect();
    json!({ "batchItemFailures": ids }).to_string()
}

fn slipped(body: String, plant: Option<Plant>) -> String {
    let change: fn(&mut Vec<Value>) = match plant {
        Some(Plant::ResponseMissesAFailure) => |failures| drop(failures.pop()),
        Some(Plant::FailureAppendedTwice) => |failures| failures.extend(failures.last().cloned()),
        _ => return body,
    };
    let Ok(mut value) = serde_json::from_str::<Value>(&body) else { return body };
    if let Some(failures) = value.get_mut("batchItemFailures").and_then(Value::as_array_mut) {
        change(failures);
    }
    value.to_string()
}
