//! The program, as a user starts it.
#![allow(clippy::expect_used, reason = "a test says what is wrong by panicking")]

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures")
}

fn orders() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_orders"));
    command
        .env_remove("AWS_LAMBDA_RUNTIME_API")
        .env_remove("PAYMENT_URL")
        .env_remove("RUST_LOG")
        .env("RUST_BACKTRACE", "0");
    command
}

fn replay(file: &str, options: &[&str]) -> Output {
    orders().arg("replay").arg(fixtures().join(file)).args(options).output().expect("the program starts")
}

fn lines(bytes: &[u8]) -> Vec<String> {
    String::from_utf8_lossy(bytes).lines().map(String::from).collect()
}

const FAILED: &str = "{\"batchItemFailures\":[\
    {\"itemIdentifier\":\"00000000-0000-4000-8000-000000000003\"},\
    {\"itemIdentifier\":\"00000000-0000-4000-8000-000000000004\"},\
    {\"itemIdentifier\":\"00000000-0000-4000-8000-000000000005\"},\
    {\"itemIdentifier\":\"00000000-0000-4000-8000-000000000006\"},\
    {\"itemIdentifier\":\"00000000-0000-4000-8000-000000000007\"}]}";

#[test]
fn one_line_for_each_delivery_and_a_charge_for_each_order() {
    let output = replay("orders.json", &["--redeliver", "2"]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(lines(&output.stdout), [FAILED; 3]);
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    for charge in [
        "charged orderId=A-1001 totalCents=4999",
        "charged orderId=A-1002 totalCents=2697",
        "charged orderId=A-1009 totalCents=499975000000",
    ] {
        assert_eq!(log.matches(charge).count(), 1, "{charge}\n{log}");
    }
    assert_eq!(log.matches("charged orderId=").count(), 3);
}

#[test]
fn an_event_that_cannot_be_answered_prints_nothing_and_ends_with_2() {
    for file in
        ["not-sqs/s3.json", "malformed/message-id-missing.json", "malformed/no-records.json", "no-such-file.json"]
    {
        let output = replay(file, &[]);
        assert_eq!((output.status.code(), lines(&output.stdout)), (Some(2), vec![]), "{file}");
        assert!(!output.stderr.is_empty(), "{file}: nothing was said");
    }
}

#[test]
fn a_file_may_hold_several_events() {
    let output = replay("ndjson-two-events.json", &["--deadline-ms", "30000"]);
    assert_eq!((output.status.code(), lines(&output.stdout).len()), (Some(0), 2));
}

#[test]
fn standard_input_is_a_dash() {
    let mut child = orders()
        .args(["replay", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    let event = std::fs::read(fixtures().join("standard.json")).expect("a fixture");
    child.stdin.take().expect("piped").write_all(&event).expect("read to the end");
    let output = child.wait_with_output().expect("ends");
    assert_eq!(lines(&output.stdout), [r#"{"batchItemFailures":[]}"#]);
}

#[test]
fn what_the_command_line_does_not_know_ends_with_2_and_the_usage() {
    for arguments in [&["serve"][..], &[][..], &["replay", "--twice"][..]] {
        let output = orders().args(arguments).output().expect("the program starts");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("       replay FILE..."), "{arguments:?}");
    }
}

#[test]
fn on_lambda_it_does_not_start_without_a_store_that_somebody_named() {
    let output = orders()
        .env_remove("IDEMPOTENCY_TABLE")
        .env("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:1")
        .env("AWS_LAMBDA_FUNCTION_NAME", "orders")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
        .output()
        .expect("the program starts");
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("set IDEMPOTENCY_TABLE to the name of a DynamoDB table"), "{said}");
}

#[test]
fn a_subcommand_says_in_one_line_what_it_does_not_understand() {
    let url = ["--queue-url", "http://127.0.0.1:1/orders"];
    let publish = |options: &[&'static str]| [&["publish"][..], &url[..], options].concat();
    for (arguments, says) in [
        (vec!["provider"], "--port is missing"),
        (vec!["provider", "--port", "65536"], "--port takes a number from 0 to 65535, not 65536"),
        (vec!["provider", "--port", "0", "--lose-replies", "2"], "--lose-replies takes a number from 0 to 1, not 2"),
        (vec!["provider", "--port", "0", "more"], "unexpected argument \"more\""),
        (vec!["publish", "--count", "1"], "--queue-url is missing"),
        (vec!["publish", "--count", "1", "--queue-url", "orders"], "--queue-url takes a URL, not orders"),
        (publish(&[]), "--count is missing"),
        (publish(&["--count", "0"]), "--count takes a number from 1 to "),
        (publish(&["--count", "1", "--rate", "0"]), "--rate takes a number from 0.01 to "),
        (publish(&["--count", "1", "--twice"]), "missing argument for option '--twice'"),
        (publish(&["--count", "1", "--fifo-groups", "2"]), "--fifo-groups is for a queue whose URL ends in .fifo"),
        (publish(&["--count", "1", "--fast"]), "invalid option '--fast'"),
    ] {
        let output = orders().args(&arguments).output().expect("the program starts");
        let said = lines(&output.stderr);
        assert_eq!((output.status.code(), output.stdout.len(), said.len()), (Some(2), 0, 1), "{arguments:?}: {said:?}");
        assert!(said.concat().starts_with(says), "{arguments:?}: {said:?}");
    }
}

#[test]
fn help_names_every_subcommand() {
    let said = |arguments: &[&str]| {
        let output = orders().args(arguments).output().expect("the program starts");
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let all = said(&["--help"]);
    for usage in ["orders provider --port P", "orders publish --count N", "       replay FILE...", "PAYMENT_URL"] {
        assert!(all.contains(usage), "{usage} is missing in {all}");
    }
    assert!(said(&["provider", "--help"]).contains("Idempotency-Key"));
    assert!(said(&["publish", "-h"]).contains("AWS_ENDPOINT_URL_SQS"));
}

#[test]
fn without_a_region_nothing_is_sent() {
    let output = orders()
        .args(["publish", "--count", "1", "--queue-url", "http://127.0.0.1:1/orders"])
        .env_clear()
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .output()
        .expect("the program starts");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(lines(&output.stderr), ["no region is named: set AWS_REGION"]);
}
