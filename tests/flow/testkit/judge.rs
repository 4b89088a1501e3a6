//! What Lambda does with each answer, row by row of AWS's table; and the program that says so.

use std::process::Command;

use proptest::{collection::vec, option, prelude::*};
use serde_json::Value;
use sqs_runtime::{
    Outcome,
    batch::Batch,
    response::PartialBatchResponse,
    testkit::judge::{Answer, BatchFate, Flag, MessageFate, Verdict, judge},
};

use super::scratch::Scratch;
use crate::support::{event, fifo_record, record as record_of, root};

const EVENT: &str =
    r#"{"Records":[{"messageId":"a","body":"1"},{"messageId":"b","body":"2"},{"messageId":"c","body":"3"}]}"#;

/// `D` for each message that is deleted, `R` for each that is returned.
fn letters(verdict: &Verdict) -> String {
    verdict.fates().map(|fate| if fate == MessageFate::Deleted { 'D' } else { 'R' }).collect()
}

#[test]
fn these_answers_are_a_success() {
    for (body, fates) in [
        (r#"{"batchItemFailures":[]}"#, "DDD"),
        (r#"{"batchItemFailures":null}"#, "DDD"),
        ("{}", "DDD"),
        (" { } ", "DDD"),
        ("null", "DDD"),
        ("", "DDD"),
        (r#"{"batchItemFailures":[{"itemIdentifier":"b"}]}"#, "DRD"),
        (r#"{"batchItemFailures":[{"itemIdentifier":"c"},{"itemIdentifier":"a"}]}"#, "RDR"),
        ("{\"batchItemFailures\": [ {\n\"itemIdentifier\" : \"\\u0062\"} ]}", "DRD"),
        (r#"{"batchItemFailures":[{"itemIdentifier":"a"},{"itemIdentifier":"b"},{"itemIdentifier":"c"}]}"#, "RRR"),
    ] {
        let verdict = judge(EVENT, Answer::Response(body), Flag::On);
        assert_eq!((&verdict.batch, letters(&verdict).as_str()), (&BatchFate::Success, fates), "{body}");
    }
}

#[test]
fn these_answers_fail_the_whole_batch() {
    for body in [
        r#"{"batchItemFailures":[{"itemIdentifier":""}]}"#,
        r#"{"batchItemFailures":[{"itemIdentifier":null}]}"#,
        r#"{"batchItemFailures":[{"itemIdentifier":"unknown"}]}"#,
        r#"{"batchItemFailures":[{"itemIdentifier":"B"}]}"#,
        r#"{"batchItemFailures":[{"ItemIdentifier":"b"}]}"#,
        r#"{"batchItemFailures":[{"messageId":"b"}]}"#,
        r#"{"batchItemFailures":[{"itemIdentifier":""},{"id":"b"}]}"#,
        r#"{"batchItemFailures":["#,
        "ok",
        "NaN",
        "{} {}",
        "\u{feff}{}",
    ] {
        let verdict = judge(EVENT, Answer::Response(body), Flag::On);
        assert_eq!((&verdict.batch, letters(&verdict).as_str()), (&BatchFate::Failure, "RRR"), "{body}");
    }
}

#[test]
fn of_these_answers_aws_says_nothing() {
    for (body, why) in [
        (r#"{"batchItemFailures":[{"itemIdentifier":"b"},{"itemIdentifier":"b"}]}"#, r#""b" is named twice"#),
        (r#"{"batchItemFailures":[{"itemIdentifier":"b"},{"itemIdentifier":""}]}"#, "1 good entries beside 1 bad ones"),
        (r#"{"batchItemFailures":[{"id":"c"},{"itemIdentifier":"b"}]}"#, "1 good entries beside 1 bad ones"),
        (r#"{"BatchItemFailures":[{"itemIdentifier":"b"}]}"#, r#"no `batchItemFailures`, but "BatchItemFailures""#),
        (r#"{"batch_item_failures":[]}"#, r#"no `batchItemFailures`, but "batch_item_failures""#),
        (r#"{"statusCode":200,"body":"ok"}"#, r#"no `batchItemFailures`, but "statusCode", "body""#),
        (r#"{"batchItemFailures":[],"ok":true}"#, r#"fields beside `batchItemFailures`: "ok""#),
        (r#"{"batchItemFailures":[],"batchItemFailures":[]}"#, "`batchItemFailures` is there twice"),
        (r#"{"batchItemFailures":{}}"#, "`batchItemFailures` is no list"),
        (r#"{"batchItemFailures":"b"}"#, "`batchItemFailures` is no list"),
        (r#"{"batchItemFailures":false}"#, "`batchItemFailures` is no list"),
        (r#"{"batchItemFailures":["b"]}"#, "an entry is no object"),
        (r#"{"batchItemFailures":[null]}"#, "an entry is no object"),
        (r#"{"batchItemFailures":[{}]}"#, "an entry has no field at all"),
        (r#"{"batchItemFailures":[{"itemIdentifier":5}]}"#, "an `itemIdentifier` is no string of valid Unicode"),
        (r#"{"batchItemFailures":[{"itemIdentifier":"\ud800"}]}"#, "an `itemIdentifier` is no string of valid Unicode"),
        (r#"{"batchItemFailures":[{"itemIdentifier":"b","why":"x"}]}"#, "an entry has fields beside `itemIdentifier`"),
        (
            r#"{"batchItemFailures":[{"itemIdentifier":"b","itemIdentifier":"c"}]}"#,
            "an entry has `itemIdentifier` twice",
        ),
        (r#"{"\ud800":1}"#, "the name of a field is no valid Unicode"),
        (r#""ok""#, "the body is neither an object nor null"),
        ("[]", "the body is neither an object nor null"),
        ("true", "the body is neither an object nor null"),
        (" \n", "the body is white space only"),
    ] {
        let verdict = judge(EVENT, Answer::Response(body), Flag::On);
        assert_eq!((verdict.undocumented_because(), letters(&verdict).as_str()), (Some(why), "RRR"), "{body}");
    }
}

#[test]
fn without_the_flag_the_body_is_ignored() {
    for body in ["", "not JSON", r#"{"batchItemFailures":[{"itemIdentifier":"b"}]}"#] {
        let verdict = judge(EVENT, Answer::Response(body), Flag::Off);
        assert_eq!((&verdict.batch, letters(&verdict).as_str()), (&BatchFate::Success, "DDD"), "{body}");
    }
}

#[test]
fn an_error_returns_every_message_with_and_without_the_flag() {
    for flag in [Flag::On, Flag::Off] {
        let verdict = judge(EVENT, Answer::Error, flag);
        assert_eq!((&verdict.batch, letters(&verdict).as_str()), (&BatchFate::Failure, "RRR"));
    }
}

#[test]
fn records_that_share_an_id_share_a_fate_and_one_without_an_id_cannot_be_kept() {
    let event = r#"{"Records":[{"messageId":"a"},{"messageId":"b"},{"messageId":"a"},{"body":"x"},{"messageId":""},7,
        {"messageId":"c","messageId":"d"},{"messageId":"e","body":"\ud800"}]}"#;
    let verdict = judge(event, Answer::Response(r#"{"batchItemFailures":[{"itemIdentifier":"a"}]}"#), Flag::On);
    assert_eq!(letters(&verdict), "RDRDDDDD");
    let ids: Vec<_> = verdict.messages.iter().map(|message| message.id.as_deref()).collect();
    assert_eq!(ids, [Some("a"), Some("b"), Some("a"), None, None, None, None, Some("e")]);
}

#[test]
fn an_event_without_records_cannot_be_judged_and_one_with_an_empty_list_can() {
    for event in ["", "[]", "{}", r#"{"Records":null}"#, r#"{"Records":[],"Records":[]}"#] {
        let verdict = judge(event, Answer::Response("{}"), Flag::On);
        assert_eq!(verdict.undocumented_because(), Some("the event has no list of records"), "{event}");
    }
    assert_eq!(judge(r#"{"Records":[]}"#, Answer::Response("{}"), Flag::On).batch, BatchFate::Success);
}

fn program(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_judge")).args(arguments).current_dir(root()).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn the_program_judges_the_answer_to_the_orders() {
    let files = ["tests/fixtures/orders.json", "tests/fixtures/orders.response.json"];
    let (code, out, err) = program(&files);
    assert_eq!((code, err.as_str()), (Some(0), ""));
    let fates =
        ["deleted", "deleted", "returned", "returned", "returned", "returned", "returned", "deleted", "deleted"];
    let ids = [1, 2, 3, 4, 5, 6, 7, 1, 9];
    let lines: Vec<_> =
        ids.iter().zip(fates).map(|(id, fate)| format!("00000000-0000-4000-8000-{id:012} {fate}\n")).collect();
    assert_eq!(out, lines.concat() + "batch=success\n");

    let (code, out, _) = program(&[files[0], files[1], "--flag", "off"]);
    assert_eq!((code, out.matches(" deleted\n").count(), out.matches("returned").count()), (Some(0), 9, 0), "{out}");
}

#[test]
fn the_program_says_how_it_went_by_its_code() {
    let scratch = Scratch::new("judge");
    let event = "tests/fixtures/malformed/message-id-missing.json";
    let unnamed =
        "00000000-0000-4000-8000-000000000001 deleted\n- deleted\n00000000-0000-4000-8000-000000000003 deleted\n";
    let empty = scratch.file("empty.json", "");
    assert_eq!(program(&[event, &empty]), (Some(0), format!("{unnamed}batch=success\n"), String::new()));

    let newline = scratch.file("newline.json", "\n");
    assert_eq!(program(&[event, &newline]), program(&[event, &empty]));

    let torn = scratch.file("torn.json", "{");
    let (code, out, _) = program(&["--flag=on", event, &torn]);
    assert_eq!(
        (code, out.ends_with("- returned\n00000000-0000-4000-8000-000000000003 returned\nbatch=failure\n")),
        (Some(0), true)
    );

    // Not one byte of it is read as if it were text: replaced, this would be whole.
    let bytes = scratch.file("bytes.json", b"{\"batchItemFailures\":[{\"itemIdentifier\":\"\xff\"}]}");
    assert_eq!(program(&[event, &bytes]), program(&[event, &torn]));
    assert_eq!(program(&[event, &bytes, "--flag=off"]), (Some(0), format!("{unnamed}batch=success\n"), String::new()));

    let other = scratch.file("other.json", "[]");
    let says = "undocumented: the body is neither an object nor null\n";
    assert_eq!(program(&[event, &other]), (Some(3), says.into(), String::new()));

    for (arguments, says) in [
        (&["missing.json", &*empty][..], "missing.json: "),
        (&[event, "missing.json"][..], "missing.json: "),
        (
            &["tests/fixtures/malformed/no-records.json", &*empty][..],
            "tests/fixtures/malformed/no-records.json: the event has no list",
        ),
        (&[event][..], "a file is missing; usage: judge EVENT.json RESPONSE.json"),
        (&[event, &*empty, "third"][..], "third"),
        (&[event, &*empty, "--flag", "maybe"][..], "--flag takes on or off, not maybe"),
        (&[event, &*empty, "--loud"][..], "invalid option '--loud'"),
    ] {
        let (code, out, err) = program(arguments);
        assert_eq!((code, out.as_str(), err.lines().count()), (Some(2), "", 1), "{err}");
        assert!(err.contains(says), "{arguments:?}: {err}");
    }
}

/// A recorded answer to each recorded event is judged as it stands: no answer of this crate is ever undocumented.
#[test]
fn what_the_crate_answers_to_the_fixtures_is_documented() {
    let folder = root().join("tests/fixtures");
    let mut judged = 0;
    for file in std::fs::read_dir(&folder).unwrap().chain(std::fs::read_dir(folder.join("malformed")).unwrap()) {
        let path = file.unwrap().path();
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        let Ok(batch) = Batch::from_json(&*text) else { continue };
        let failed = vec![Outcome::InProgressElsewhere; batch.len()];
        let answer = PartialBatchResponse::fold(&batch, &failed).map(|response| response.to_json());
        let answer = answer.as_deref().map_or(Answer::Error, Answer::Response);
        let verdict = judge(&text, answer, Flag::On);
        assert_eq!(verdict.undocumented_because(), None, "{}", path.display());
        assert!(verdict.fates().all(|fate| fate == MessageFate::Returned), "{}: {verdict:?}", path.display());
        judged += batch.len();
    }
    assert!(judged > 50, "{judged} messages");
}

/// A record of a property: an id out of few or none, on a FIFO queue or not, and whether it succeeds.
type Sketch = (Option<u8>, bool, u8, bool);

fn record(&(id, is_fifo, group, _): &Sketch) -> Value {
    let mut record = if is_fifo { fifo_record("", &group.to_string(), "x") } else { record_of("", "x") };
    record["messageId"] = id.map_or(Value::Null, |id| format!("m-{id}").into());
    record
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever becomes of its messages, the answer to a batch is one that AWS documents; every message that did not succeed comes
    /// back, and with it only copies of it and what is behind it in its group.
    #[test]
    fn an_answer_of_this_crate_loses_no_failure(
        sketches in vec((option::weighted(0.95, 0_u8..6), any::<bool>(), 0_u8..2, any::<bool>()), 0..12)
    ) {
        let json = event(&sketches.iter().map(record).collect::<Vec<_>>());
        let batch = Batch::from_json(&*json).unwrap();
        let outcome = |&(_, _, _, succeeds): &Sketch| if succeeds { Outcome::Done } else { Outcome::InProgressElsewhere };
        let outcomes: Vec<_> = sketches.iter().map(outcome).collect();
        let response = PartialBatchResponse::fold(&batch, &outcomes).map(|response| response.to_json());
        let verdict = judge(&json, response.as_deref().map_or(Answer::Error, Answer::Response), Flag::On);

        prop_assert_eq!(verdict.undocumented_because(), None);
        for (n, (sketch, fate)) in sketches.iter().zip(verdict.fates()).enumerate() {
            let (id, is_fifo, group, succeeds) = *sketch;
            prop_assert!(succeeds || fate.is_returned(), "record {} is lost: {}", n, json);
            let is_cause = |other: &Sketch| !other.3 && (other.0 == id || is_fifo && other.1 && other.2 == group);
            let has_nameless_failure = response.is_err();
            // A copy comes back with its original, wherever that one was pulled back by its own group.
            let is_pulled = |copy: &Sketch| copy.0 == id && sketches.iter().any(|other| !other.3 && copy.1 && other.1 && other.2 == copy.2);
            let may_return = sketches.iter().any(is_cause) || has_nameless_failure || sketches.iter().any(is_pulled);
            prop_assert!(!fate.is_returned() || may_return, "record {} comes back for nothing: {}", n, json);
        }
    }
}
