//! Where a thumbnail stands, and the command that says so.

use std::time::{Duration, SystemTime};

use lexopt::prelude::*;
use sqs_runtime::{
    Idempotency,
    claim::{IdempotencyKey, RowState, RowStatus, StoreError},
};

use crate::key_of_upload;

/// What the command line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// `status BUCKET KEY SEQUENCER`: how the work of this key stands.
    Status(IdempotencyKey),
    /// Anything else: the consumer's affair.
    Other,
}

/// Reads the command line.
///
/// # Errors
///
/// If it asks for a status, and not for that of one upload.
pub fn asked(mut command_line: lexopt::Parser) -> Result<Question, lexopt::Error> {
    match command_line.next() {
        Ok(Some(Value(command))) if command == "status" => upload(&mut command_line).map(Question::Status),
        _ => Ok(Question::Other),
    }
}

fn upload(command_line: &mut lexopt::Parser) -> Result<IdempotencyKey, lexopt::Error> {
    let mut names = command_line.values()?.map(|name| name.string()).collect::<Result<Vec<_>, _>>()?.into_iter();
    match (names.next(), names.next(), names.next(), names.next()) {
        (Some(bucket), Some(key), Some(sequencer), None) => Ok(key_of_upload(&bucket, &key, &sequencer)),
        _ => Err("usage: thumbnails status BUCKET KEY SEQUENCER".into()),
    }
}

/// Where the thumbnail of an upload stands, in one line: `queued` (not begun, or never sent), `queued again since T` (failed, to be
/// tried again), `processing since T`, `done at T` or `rejected at T: WHY`.
///
/// # Errors
///
/// If the idempotency store does not answer.
pub async fn status(idempotency: &Idempotency, upload: &IdempotencyKey) -> Result<String, StoreError> {
    Ok(line(idempotency.status(upload).await?.as_ref()))
}

fn line(state: Option<&RowState>) -> String {
    let Some(state) = state else { return "queued".to_owned() };
    let since = time(state.since_ms);
    match &state.status {
        RowStatus::InProgress { .. } => format!("processing since {since}"),
        RowStatus::Completed { .. } => format!("done at {since}"),
        RowStatus::Rejected { error } => {
            format!("rejected at {since}: {}", error.as_deref().unwrap_or("no reason is known"))
        }
        _ => format!("queued again since {since}"),
    }
}

fn time(epoch_ms: u64) -> String {
    /// The year 10000, which has no date here.
    const END_MS: u64 = 253_402_300_800_000;
    let time = SystemTime::UNIX_EPOCH + Duration::from_millis(epoch_ms.min(END_MS - 1));
    httpdate::fmt_http_date(time)
}

#[cfg(test)]
mod tests {
    use sqs_runtime::claim::PayloadHash;

    use super::*;

    #[test]
    fn each_status_has_its_line() {
        let at = |since_ms, status| line(Some(&RowState::new(status, since_ms, 1_900_000_000, PayloadHash::of(b""))));
        let now = |status| at(1_800_000_000_123, status);
        let rejected = |error: Option<&str>| RowStatus::Rejected { error: error.map(Into::into) };
        assert_eq!(line(None), "queued");
        assert_eq!(now(RowStatus::Released), "queued again since Fri, 15 Jan 2027 08:00:00 GMT");
        let in_progress = RowStatus::InProgress { lease_expires_at_ms: 0 };
        assert_eq!(now(in_progress), "processing since Fri, 15 Jan 2027 08:00:00 GMT");
        assert_eq!(now(rejected(Some("no image"))), "rejected at Fri, 15 Jan 2027 08:00:00 GMT: no image");
        assert_eq!(now(rejected(None)), "rejected at Fri, 15 Jan 2027 08:00:00 GMT: no reason is known");
        let done = || RowStatus::Completed { result: Default::default() };
        assert_eq!(now(done()), "done at Fri, 15 Jan 2027 08:00:00 GMT");
        assert_eq!(at(u64::MAX, done()), "done at Fri, 31 Dec 9999 23:59:59 GMT");
    }

    #[test]
    fn a_status_is_asked_for_by_three_names() {
        let asked = |words: &[&str]| asked(lexopt::Parser::from_args(words)).map_err(|error| error.to_string());
        assert_eq!(asked(&["status", "b", "a b", "0A"]), Ok(Question::Status(key_of_upload("b", "a b", "0A"))));
        for words in [&[][..], &["replay", "status"], &["--help"]] {
            assert_eq!(asked(words), Ok(Question::Other), "{words:?}");
        }
        for words in [&["status"][..], &["status", "b", "k"], &["status", "b", "k", "e", "more"], &["status", "--all"]]
        {
            assert!(asked(words).is_err(), "{words:?}");
        }
    }
}
