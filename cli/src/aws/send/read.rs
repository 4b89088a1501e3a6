//! The events of a fixture.

use serde_json::value::RawValue;
use sqs_runtime::batch::Batch;

/// The events of a file, one behind the other as `replay` reads them.
///
/// # Errors
///
/// If one of them is no event of SQS, or there is none.
pub fn events(bytes: &[u8]) -> Result<Vec<Batch>, String> {
    let values = serde_json::Deserializer::from_slice(bytes).into_iter::<Box<RawValue>>();
    let batch = |value: Result<_, serde_json::Error>| {
        Batch::from_raw(value.map_err(|error| error.to_string())?).map_err(|error| error.to_string())
    };
    let batches: Vec<_> = values.map(batch).collect::<Result<_, _>>()?;
    if batches.is_empty() { Err("it is empty".to_owned()) } else { Ok(batches) }
}

#[cfg(test)]
mod tests {
    use super::events;

    #[test]
    fn a_file_has_one_event_or_several_and_nothing_else() {
        let event = r#"{"Records":[{"messageId":"m-1","body":"x"}]}"#;
        assert_eq!(events(format!("{event}\n{event}").as_bytes()).map(|events| events.len()), Ok(2));
        for wrong in ["", " ", "{", r#"{"Records":1}"#, &format!("{event} x")] {
            assert!(events(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }
}
