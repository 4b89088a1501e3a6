//! The real `lambda_runtime` drives a consumer, as a process of its own behind a Runtime API that the test plays.
//!
//! What goes over the wire is what Lambda acts on: which messages it deletes, and which it gives back to the queue.

mod answer;
mod child;
mod collector;
mod events;
mod fake_runtime_api;
mod function;
mod http;
mod log;
mod observed;
mod poison;
pub(crate) mod record;
mod sqs;
mod told;
mod traced;

use std::{collections::HashSet, time::Duration};

use self::{
    events::{
        BLOCK, FAIL, HANG, MEET, PANIC, REJECT, SHARE, SUCCEED, UNDECODABLE, WAIT_THEN_BLOCK, batch,
        batch_with_a_nameless_first,
    },
    fake_runtime_api::Invocation,
    function::Function,
};

/// The names of a response that lets Lambda delete every message.
const NOBODY: [&str; 0] = [];

/// The time of an invocation that runs out: a second of it is the reserve for the answer.
const SHORT: Duration = Duration::from_secs(3);

const S3_EVENT: &str = include_str!("../../fixtures/not-sqs/s3.json");

/// The process still serves: a batch of one message succeeds.
async fn assert_serves(function: &mut Function) -> anyhow::Result<()> {
    let answer = function.invoke(Invocation::new(batch(&[("afterwards", SUCCEED)]))).await?;
    assert_eq!(answer.failed_ids()?, NOBODY);
    Ok(())
}

#[tokio::test]
async fn a_response_names_exactly_the_messages_that_failed_and_the_process_goes_on() -> anyhow::Result<()> {
    let mut function = Function::start(&[]).await?;
    let event = batch(&[
        ("fails", FAIL),
        ("succeeds", SUCCEED),
        ("panics", PANIC),
        ("succeeds-too", SUCCEED),
        ("rejected", REJECT),
        ("undecodable", UNDECODABLE),
    ]);

    let answer = function.invoke(Invocation::new(event)).await?;

    assert_eq!(answer.failed_ids()?, ["fails", "panics", "rejected", "undecodable"]);
    assert_serves(&mut function).await
}

#[tokio::test]
async fn an_event_of_another_source_fails_the_invocation_and_the_process_goes_on() -> anyhow::Result<()> {
    let mut function = Function::start(&[]).await?;

    let answer = function.invoke(Invocation::new(S3_EVENT)).await?;

    assert_eq!(answer.error_type()?, "NotAnSqsEvent");
    assert_serves(&mut function).await
}

#[tokio::test]
async fn an_event_that_is_cut_off_fails_the_invocation_and_the_process_goes_on() -> anyhow::Result<()> {
    let mut function = Function::start(&[]).await?;

    let answer = function.invoke(Invocation::new(r#"{"Records":["#)).await?;

    // The runtime refuses it before the consumer sees it, under a name of its own.
    assert!(!answer.error_type()?.is_empty(), "{answer:?}");
    assert_serves(&mut function).await
}

#[tokio::test]
async fn a_message_without_an_id_fails_the_invocation_and_the_process_goes_on() -> anyhow::Result<()> {
    let mut function = Function::start(&[]).await?;
    let event = batch_with_a_nameless_first(&[("", SUCCEED), ("succeeds", SUCCEED)]);

    let answer = function.invoke(Invocation::new(event)).await?;

    assert_eq!(answer.error_type()?, "UnreportableFailure");
    assert_serves(&mut function).await
}

#[tokio::test]
async fn an_invocation_fails_where_the_program_has_it_so_and_the_process_goes_on() -> anyhow::Result<()> {
    let mut function = Function::start(&[("CONSUMER_FAILS", "shared")]).await?;

    let named = function.invoke(Invocation::new(batch(&[("fails", FAIL), ("succeeds", SUCCEED)]))).await?;
    let failed = function.invoke(Invocation::new(batch(&[("shares", SHARE), ("succeeds-too", SUCCEED)]))).await?;

    assert_eq!(named.failed_ids()?, ["fails"]);
    assert_eq!(failed.error_type()?, "FailedByPolicy");
    assert_serves(&mut function).await
}

#[tokio::test]
async fn an_invocation_fails_for_any_failure_where_the_consumer_deletes_what_is_done() -> anyhow::Result<()> {
    let mut function = Function::start(&[("CONSUMER_QUEUE", "acknowledges")]).await?;

    let answer = function.invoke(Invocation::new(batch(&[("fails", FAIL), ("succeeds", SUCCEED)]))).await?;

    assert_eq!(answer.error_type()?, "NotAllAcknowledged");
    assert_serves(&mut function).await
}

#[tokio::test]
async fn before_the_deadline_the_response_names_what_did_not_complete() -> anyhow::Result<()> {
    let mut function = Function::start(&[]).await?;
    let event = batch(&[("hangs", HANG), ("succeeds", SUCCEED)]);

    let answer = function.invoke(Invocation::new(event).deadline_in(SHORT)).await?;

    assert!(answer.time_left.is_some(), "after the deadline, which returns all of the batch: {answer:?}");
    assert_eq!(answer.failed_ids()?, ["hangs"]);
    assert_serves(&mut function).await
}

#[tokio::test]
async fn before_the_deadline_the_response_names_what_never_got_its_turn() -> anyhow::Result<()> {
    let mut function = Function::start(&[("CONSUMER_CONCURRENCY", "1")]).await?;
    let event = batch(&[("succeeds", SUCCEED), ("hangs", HANG), ("waits", SUCCEED)]);

    let answer = function.invoke(Invocation::new(event).deadline_in(SHORT)).await?;

    assert!(answer.time_left.is_some(), "after the deadline, which returns all of the batch: {answer:?}");
    assert_eq!(answer.failed_ids()?, ["hangs", "waits"]);
    assert_serves(&mut function).await
}

#[tokio::test]
async fn handlers_that_block_all_workers_but_one_do_not_hold_back_the_response() -> anyhow::Result<()> {
    let mut function = Function::start(&[("CONSUMER_WORKERS", "3")]).await?;
    let event = batch(&[("blocks", BLOCK), ("blocks-too", BLOCK), ("succeeds", SUCCEED)]);

    let answer = function.invoke(Invocation::new(event).deadline_in(SHORT)).await?;

    assert!(answer.time_left.is_some(), "after the deadline, which returns all of the batch: {answer:?}");
    assert_eq!(answer.failed_ids()?, ["blocks", "blocks-too"]);
    // Two threads are lost for as long as the process lives; one is left.
    assert_serves(&mut function).await
}

#[tokio::test]
async fn a_handler_that_blocks_after_it_has_waited_does_not_hold_back_the_response() -> anyhow::Result<()> {
    let mut function = Function::start(&[("CONSUMER_WORKERS", "3")]).await?;
    let event = batch(&[("blocks", WAIT_THEN_BLOCK), ("succeeds", SUCCEED)]);

    let answer = function.invoke(Invocation::new(event).deadline_in(SHORT)).await?;

    assert!(answer.time_left.is_some(), "after the deadline, which returns all of the batch: {answer:?}");
    assert_eq!(answer.failed_ids()?, ["blocks"]);
    assert_serves(&mut function).await
}

#[tokio::test]
async fn a_deadline_that_is_past_at_the_start_counts_as_unknown() -> anyhow::Result<()> {
    // What `cargo lambda watch` sends: 10 minutes after 1970.
    const TEN_MINUTES: u64 = 600_000;
    let mut function = Function::start(&[]).await?;
    let event = batch(&[("succeeds", SUCCEED), ("succeeds-too", SUCCEED)]);

    let answer = function.invoke(Invocation::new(event).deadline_at(TEN_MINUTES)).await?;

    assert_eq!(answer.failed_ids()?, NOBODY);
    Ok(())
}

#[tokio::test]
async fn two_invocations_run_at_once_where_lambda_allows_two() -> anyhow::Result<()> {
    let mut function = Function::start(&[("AWS_LAMBDA_MAX_CONCURRENCY", "2")]).await?;

    // Each waits for the other.
    let sent = [("one", MEET), ("other", MEET)].map(|message| function.send(Invocation::new(batch(&[message]))));
    let (first, second) = (function.answer().await?, function.answer().await?);

    assert_eq!(first.pending, sent, "answered before both had been handed out");
    assert_eq!(first.failed_ids()?, NOBODY);
    assert_eq!(second.failed_ids()?, NOBODY);
    Ok(())
}

#[tokio::test]
async fn a_consumer_that_says_nothing_about_idempotency_does_not_start() -> anyhow::Result<()> {
    let function = Function::start(&[("CONSUMER_IDEMPOTENCY", "unsaid")]).await?;

    let (status, written) = function.exit().await?;

    assert!(!status.success(), "{status}");
    let advice = |line: &String| line.contains(".idempotency(") && line.contains(".without_idempotency(");
    assert!(written.iter().any(advice), "nothing says what to do: {written:#?}");
    Ok(())
}

#[tokio::test]
async fn the_store_is_ready_before_the_first_message() -> anyhow::Result<()> {
    let mut function = Function::start(&[("CONSUMER_IDEMPOTENCY", "cold")]).await?;
    assert_serves(&mut function).await
}

#[tokio::test]
async fn a_store_that_is_not_ready_is_said_and_ends_nothing() -> anyhow::Result<()> {
    let mut function = Function::start(&[("CONSUMER_IDEMPOTENCY", "unready")]).await?;
    assert_serves(&mut function).await?;
    let written = function.stop().await?;
    let warning = |line: &String| line.contains("is not ready") && line.contains("there is no such table");
    assert!(written.iter().any(warning), "{written:#?}");
    Ok(())
}

#[tokio::test]
async fn the_environment_wins_over_the_programs_concurrency() -> anyhow::Result<()> {
    for (program, environment, failed) in [("1", "2", &[][..]), ("2", "1", &["meets", "meets-too"]), ("2", "", &[])] {
        let settings = [("CONSUMER_CONCURRENCY", program), ("SQS_RUNTIME_CONCURRENCY", environment)];
        let mut function = Function::start(&settings).await?;
        let event = batch(&[("meets", MEET), ("meets-too", MEET)]);

        let answer = function.invoke(Invocation::new(event).deadline_in(SHORT)).await?;

        assert_eq!(answer.failed_ids()?, failed, "{settings:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_concurrency_that_is_no_number_stops_the_start() -> anyhow::Result<()> {
    for value in ["many", "0", "-1", "1.5"] {
        let function = Function::start(&[("SQS_RUNTIME_CONCURRENCY", value)]).await?;

        let (status, output) = function.exit().await?;

        assert!(!status.success());
        let says = "SQS_RUNTIME_CONCURRENCY has to be a number of messages, 1 or more";
        assert_eq!(output.iter().filter(|line| line.contains(says)).count(), 1, "{output:?}");
    }
    Ok(())
}

#[tokio::test]
async fn every_line_of_the_log_is_json_with_a_timestamp_and_a_level() -> anyhow::Result<()> {
    let mut function = Function::start(&[]).await?;
    let failing = batch(&[("fails", FAIL), ("undecodable", UNDECODABLE)]);
    // One line at least of each level: a deadline that makes no sense, messages that fail, an invocation that fails.
    function.invoke(Invocation::new(failing).deadline_at(1)).await?;
    function.invoke(Invocation::new(S3_EVENT)).await?;

    let lines = function.stop().await?;

    let levels = lines.iter().map(|line| log::level_of(line)).collect::<anyhow::Result<HashSet<_>>>()?;
    for level in ["INFO", "WARN", "ERROR"] {
        assert!(levels.contains(level), "no {level}: {lines:#?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_program_may_build_the_runtime_itself_with_layers_around_whole_invocations() -> anyhow::Result<()> {
    let mut function = Function::start(&[("CONSUMER_RUNTIME", "own")]).await?;
    let event = batch(&[("succeeds", SUCCEED), ("fails", FAIL)]);

    let answer = function.invoke(Invocation::new(event)).await?;
    let error = function.invoke(Invocation::new(S3_EVENT)).await?;

    assert_eq!(answer.failed_ids()?, ["fails"]);
    assert_eq!(error.error_type()?, "NotAnSqsEvent");
    let seen = function.stop().await?;
    assert_eq!(seen, [&answer, &error].map(|answer| format!("layer: {}", answer.request_id)));
    Ok(())
}
