//! A whole event: any bytes go through the parser, the pipeline, the answer and Lambda's judge.
//!
//! What a record says is compared with serde_json's own reading of the event, where that can read it at all; what becomes of an
//! answer is the judge's word, who reads events by other code.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use sqs_runtime::{
    Consumer, Failure, Outcome,
    batch::{Batch, MalformedRecord, Record},
    extract::{Body, MessageId},
    outcome::{Reason, ReasonClass},
    response::PartialBatchResponse,
    run::Report,
    testkit::judge::{Answer, BatchFate, Flag, MessageFate, judge},
};

use super::run::{is_loggable, pipeline, run};

/// Larger batches are parsed and answered, but not run: that would cost the time of a thousand small ones.
const MAX_RUN: usize = 16;

/// Any bytes as the event of an invocation.
pub fn check(data: &[u8]) {
    let batch = match Batch::from_slice(data) {
        Ok(batch) => batch,
        Err(error) => return assert!(is_loggable(&error.to_string()), "{error}"),
    };
    let text = std::str::from_utf8(data).expect("it was parsed");
    let records: Vec<_> = batch.records().collect();
    assert_eq!(records.len(), batch.len());
    records.iter().enumerate().for_each(|(index, record)| parsed(&batch, index, record));
    compare(&records, text);
    answers(&batch, text, data.len());
    again(&batch, text);
    if batch.len() <= MAX_RUN {
        runs(&batch);
    }
}

/// What holds for every record by itself.
fn parsed(batch: &Batch, index: usize, record: &Result<Record, MalformedRecord>) {
    match record {
        Ok(record) => {
            assert!(!record.message_id().is_empty(), "a record without a name");
            assert_eq!((record.index(), Some(record.message_id())), (index, batch.message_id(index)));
            assert!(is_loggable(&record.display_id()), "{}", record.display_id());
            // Whoever looks at every part of it must get an answer.
            let _ = (record.sent_at(), record.first_received_at(), record.dead_letter_source(), format!("{record:?}"));
        }
        Err(malformed) => {
            assert_eq!((malformed.index(), malformed.is_nameable()), (index, batch.message_id(index).is_some()));
            assert!(is_loggable(&malformed.to_string()), "{malformed}");
        }
    }
    assert!(batch.message_id(index) != Some(""), "an empty name");
}

/// Well-formed records say what serde_json reads there.
fn compare(records: &[Result<Record, MalformedRecord>], text: &str) {
    let Ok(event) = serde_json::from_str::<Value>(text) else { return };
    for (record, value) in records.iter().zip(event["Records"].as_array().expect("a list of records")) {
        let Ok(record) = record else { continue };
        assert_eq!(value["messageId"].as_str(), Some(record.message_id()));
        assert_eq!(value["body"].as_str(), Some(record.body()));
        assert_eq!(value["receiptHandle"].as_str(), record.receipt_handle());
        assert_eq!(value["eventSourceARN"].as_str(), record.queue_arn().map(|arn| arn.as_str()));
        let system = &value["attributes"];
        for (name, ours) in [
            ("SenderId", record.sender_id()),
            ("MessageGroupId", record.message_group_id()),
            ("MessageDeduplicationId", record.message_deduplication_id()),
            ("SequenceNumber", record.sequence_number()),
            ("AWSTraceHeader", record.trace_header()),
        ] {
            // A number is taken as its text, which serde_json does not keep.
            assert!(system[name].is_number() || system[name].as_str() == ours, "{name}");
        }
        let theirs = value["messageAttributes"].as_object().map_or(0, serde_json::Map::len);
        assert_eq!(record.message_attributes().count(), theirs);
        for (name, attribute) in record.message_attributes() {
            let value = &value["messageAttributes"][name];
            assert_eq!(value["dataType"].as_str(), Some(attribute.data_type()));
            assert!(attribute.as_str().is_none_or(|ours| value["stringValue"].as_str() == Some(ours)));
        }
    }
}

/// The answers where everything failed, and where every other record did.
fn answers(batch: &Batch, text: &str, seed: usize) {
    let failed = Outcome::Retry(Reason::new(ReasonClass::Handler));
    let some = |index: usize| if (index + seed).is_multiple_of(2) { Outcome::Done } else { failed.clone() };
    let all = vec![failed.clone(); batch.len()];
    let some: Vec<_> = (0..batch.len()).map(some).collect();
    // A record without an outcome counts as failed.
    for outcomes in [&[][..], &all, &some] {
        let has_failed = |index: usize| outcomes.get(index).is_none_or(Outcome::is_failure);
        answer(batch, text, &PartialBatchResponse::fold(batch, outcomes).ok(), &has_failed);
    }
}

/// An answer names ids of the event only, each once, and every failure; none is given where a failure has no name. Lambda
/// understands it, and returns what failed.
fn answer(batch: &Batch, text: &str, response: &Option<PartialBatchResponse>, has_failed: &dyn Fn(usize) -> bool) {
    let failures: Vec<_> = (0..batch.len()).filter(|index| has_failed(*index)).map(|i| batch.message_id(i)).collect();
    let Some(response) = response else {
        // Behind a failure on a FIFO queue others are failed too, which then have no name either.
        let is_unnamed = |index| batch.message_id(index).is_none();
        return assert!((0..batch.len()).any(is_unnamed), "every record has a name, and there is no answer");
    };
    let names: BTreeSet<_> = (0..batch.len()).filter_map(|index| batch.message_id(index)).collect();
    let named: BTreeSet<_> = response.item_identifiers().collect();
    assert_eq!(named.len(), response.item_identifiers().len(), "a name twice");
    assert!(named.iter().all(|id| !id.is_empty() && names.contains(id)), "an invented name");
    assert!(failures.iter().all(|id| id.is_some_and(|id| named.contains(id))), "a failure that is not named");
    let verdict = judge(text, Answer::Response(&response.to_json()), Flag::On);
    let judged_ids = verdict.messages.iter().map(|message| message.id.as_deref());
    if !judged_ids.eq((0..batch.len()).map(|index| batch.message_id(index))) {
        // The judge reads no id out of a record with a name that is no valid Unicode; such names are written with an escape.
        return assert!(text.contains("\\u"), "the judge reads other ids: {:?}", verdict.messages);
    }
    assert_eq!(verdict.batch, BatchFate::Success);
    for (index, judged) in verdict.messages.iter().enumerate() {
        assert!(!has_failed(index) || judged.fate == MessageFate::Returned, "a failed message is deleted");
    }
}

/// A second delivery has the same messages, once more received. What is written with escapes stays as it is.
fn again(batch: &Batch, text: &str) {
    let again = batch.redelivered().expect("the same event");
    assert_eq!(again.len(), batch.len());
    for (one, other) in batch.records().zip(again.records()) {
        let (one, other) = match (one, other) {
            (Ok(one), Ok(other)) => (one, other),
            (one, other) => {
                assert_eq!(one.err(), other.err());
                continue;
            }
        };
        assert_eq!((one.message_id(), one.body()), (other.message_id(), other.body()));
        let raised = one.receive_count().map(|count| count.saturating_add(1));
        assert!(other.receive_count() == raised || text.contains('\\'), "{raised:?}");
        let has_new_handle = one.receipt_handle().is_none() || one.receipt_handle() != other.receipt_handle();
        assert!(has_new_handle || text.contains('\\'), "the handle of the first delivery");
    }
}

async fn handler(body: Body, MessageId(_): MessageId) -> Result<(), Failure> {
    match body.as_str().as_bytes().first() {
        Some(b'!') => Err(Failure::retry("asked")),
        Some(b'?') => Err(Failure::reject("asked")),
        _ => Ok(()),
    }
}

/// Runs the batch, and then its second delivery: nothing is done twice.
fn runs(batch: &Batch) {
    let pipeline = pipeline(Consumer::new(handler));
    let first = run(&pipeline, batch);
    report(batch, &first);
    let second = run(&pipeline, &batch.redelivered().expect("the same event"));
    report(batch, &second);
    for (one, other) in first.records().zip(second.records()) {
        if one.outcome.is_success() {
            assert_eq!((other.outcome.name(), other.runs), ("already done", 0), "done, and then not known as done");
        }
    }
    let mut runs = BTreeMap::new();
    for record in first.records().filter(|record| record.runs > 0) {
        *runs.entry(record.message_id).or_insert(0) += record.runs;
    }
    assert!(runs.iter().all(|(id, runs)| id.is_some() && (*runs == 1 || first.outcome_of(id.unwrap()).is_some())));
}

/// What holds for every report.
fn report(batch: &Batch, report: &Report) {
    assert_eq!(report.records().len(), batch.len());
    for record in report.records() {
        let parsed = batch.record(record.index);
        let may_succeed = parsed.as_ref().is_ok_and(|record| !record.body().starts_with(['!', '?']));
        // A copy comes to what the first record of its message came to, also where it shows only when it is decoded that it is damaged.
        let is_copy = record.message_id.is_some_and(|id| (0..record.index).any(|n| batch.message_id(n) == Some(id)));
        let may_succeed = may_succeed || is_copy && parsed.is_err();
        assert!(may_succeed || record.outcome.is_failure(), "{} is {}", record.index, record.outcome.name());
        assert!(parsed.is_ok() || record.runs == 0, "a malformed record was run");
        if let Some(reason) = record.outcome.reason() {
            assert!(is_loggable(&reason.to_string()), "{reason}");
        }
    }
    let outcomes: Vec<_> = report.records().map(|record| record.outcome.clone()).collect();
    let names = |response: Option<PartialBatchResponse>| {
        response.map(|response| response.item_identifiers().map(String::from).collect::<Vec<_>>())
    };
    let folded = PartialBatchResponse::fold(batch, &outcomes);
    assert_eq!(names(report.response().ok()), names(folded.ok()));
}
