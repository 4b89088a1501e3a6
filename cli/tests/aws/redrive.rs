//! `redrive` on the wire: exactly what SQS is asked, and what its answers come to.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    process::{Command, Stdio},
};

use serde_json::{Value, json};
use sqs_runtime::{Clock as _, SystemClock};
use sqs_runtime_cli::aws::redrive::{Move, Progress, State, cancel, start, watch};

use crate::{
    canned::Canned,
    loopback::{Answers, sqs},
    program::{command, program, told},
};

const DEAD: &str = "arn:aws:sqs:eu-west-1:123456789012:orders-dead";
const ORDERS: &str = "arn:aws:sqs:eu-west-1:123456789012:orders";

fn task() -> Move {
    Move { from: DEAD.to_owned(), to: ORDERS.to_owned(), rate: Some(50) }
}

fn listed(entries: &[Value]) -> Value {
    json!({ "Results": entries })
}

/// A task of somebody's, long over.
fn old() -> Value {
    json!({ "Status": "COMPLETED", "StartedTimestamp": 1_000, "ApproximateNumberOfMessagesMoved": 9 })
}

fn running(moved: i64) -> Value {
    json!({
        "TaskHandle": "task-1", "Status": "RUNNING", "SourceArn": DEAD, "StartedTimestamp": 2_000,
        "ApproximateNumberOfMessagesMoved": moved, "ApproximateNumberOfMessagesToMove": 40,
    })
}

fn over(status: &str) -> Value {
    json!({
        "Status": status, "StartedTimestamp": 2_000, "ApproximateNumberOfMessagesMoved": 40,
        "ApproximateNumberOfMessagesToMove": 40, "FailureReason": "CouldNotDetermineMessageSource",
    })
}

#[tokio::test]
async fn a_task_is_started_with_its_destination_and_its_rate() {
    let canned = Canned::default()
        .then("ListMessageMoveTasks", listed(&[]))
        .then("StartMessageMoveTask", json!({ "TaskHandle": "task-1" }));
    let started = start(&canned.client(), &task()).await.expect("it starts");
    assert_eq!(started.handle, "task-1");
    let expected = json!({ "SourceArn": DEAD, "DestinationArn": ORDERS, "MaxNumberOfMessagesPerSecond": 50 });
    assert_eq!(canned.asked()[1], ("StartMessageMoveTask".to_owned(), expected));
}

#[tokio::test(start_paused = true)]
async fn a_task_is_watched_to_its_end_and_told_from_older_ones() {
    let canned = Canned::default()
        .then("ListMessageMoveTasks", listed(&[old()]))
        .then("StartMessageMoveTask", json!({ "TaskHandle": "task-1" }))
        // Not listed yet.
        .then("ListMessageMoveTasks", listed(&[old()]))
        .then("ListMessageMoveTasks", listed(&[running(0), old()]))
        .then("ListMessageMoveTasks", listed(&[running(30), old()]))
        .then("ListMessageMoveTasks", listed(&[over("COMPLETED"), old()]));
    let (client, clock, mut told) = (canned.client(), SystemClock::new(), Vec::new());
    let started = start(&client, &task()).await.expect("it starts");
    let last = watch(&client, &clock, &started, |progress| told.push(progress.to_string())).await.expect("it ends");
    assert_eq!(last, Progress { started_ms: 2_000, state: State::Completed, moved: 40, of: Some(40) });
    assert_eq!(told, ["0 moved of 40", "30 moved of 40", "40 moved of 40, completed"]);
    assert_eq!(clock.monotonic().as_secs(), 15);
    let asked = canned.asked();
    assert_eq!(asked.len(), 6);
    assert_eq!(asked[5], ("ListMessageMoveTasks".to_owned(), json!({ "SourceArn": DEAD, "MaxResults": 10 })));
}

#[tokio::test(start_paused = true)]
async fn a_task_that_ends_otherwise_says_how() {
    for (status, told) in [
        ("CANCELLED", "40 moved of 40, cancelled"),
        ("FAILED", "40 moved of 40, failed: CouldNotDetermineMessageSource"),
    ] {
        let canned = Canned::default()
            .then("ListMessageMoveTasks", listed(&[]))
            .then("StartMessageMoveTask", json!({ "TaskHandle": "task-1" }))
            .then("ListMessageMoveTasks", listed(&[over(status)]));
        let client = canned.client();
        let started = start(&client, &task()).await.expect("it starts");
        let last = watch(&client, &SystemClock::new(), &started, |_| {}).await.expect("it ends");
        assert_eq!(last.to_string(), told);
    }
}

#[tokio::test(start_paused = true)]
async fn a_task_that_is_never_listed_is_not_waited_for_without_end() {
    let canned = Canned::default().then("StartMessageMoveTask", json!({ "TaskHandle": "task-1" }));
    let canned = (0..7).fold(canned, |canned, _| canned.then("ListMessageMoveTasks", listed(&[old()])));
    let client = canned.client();
    let started = start(&client, &task()).await.expect("it starts");
    let error = watch(&client, &SystemClock::new(), &started, |_| {}).await.expect_err("it is not there");
    assert_eq!(error, "SQS does not list the task");
}

#[tokio::test]
async fn a_refusal_keeps_its_words() {
    let canned = Canned::default().then("ListMessageMoveTasks", listed(&[])).then_refuse(
        "StartMessageMoveTask",
        "UnsupportedOperation",
        "There is already a task of 123456789012 running.",
    );
    let error = start(&canned.client(), &task()).await.expect_err("it is refused");
    assert!(error.contains("UnsupportedOperation: There is already a task of ACCOUNT running."), "{error}");
}

#[tokio::test]
async fn a_task_is_cancelled_by_its_handle() {
    let canned = Canned::default().then("CancelMessageMoveTask", json!({ "ApproximateNumberOfMessagesMoved": 12 }));
    assert_eq!(cancel(&canned.client(), "task-1").await, Ok(12));
    assert_eq!(canned.asked(), [("CancelMessageMoveTask".to_owned(), json!({ "TaskHandle": "task-1" }))]);
}

#[test]
fn what_sqs_would_refuse_is_found_before_it_is_asked() {
    assert_eq!(task().mistake(), None);
    for (from, to, says) in [
        (DEAD, "orders", "ARNs"),
        (DEAD, "https://sqs.eu-west-1.amazonaws.com/123456789012/orders", "ARNs"),
        (DEAD, DEAD, "the same queue"),
        (DEAD, "arn:aws:sqs:eu-west-1:123456789012:orders.fifo", "FIFO"),
        (DEAD, "arn:aws:sqs:eu-west-2:123456789012:orders", "two regions"),
    ] {
        let mistake = Move { from: from.to_owned(), to: to.to_owned(), rate: None }.mistake();
        assert!(mistake.is_some_and(|mistake| mistake.contains(says)), "{to}: {mistake:?}");
    }
}

const RUNS: Answers = &[
    ("StartMessageMoveTask", || json!({ "TaskHandle": "task-1" })),
    ("ListMessageMoveTasks", || listed(&[running(7)])),
    ("CancelMessageMoveTask", || json!({ "ApproximateNumberOfMessagesMoved": 12 })),
];

#[tokio::test(flavor = "multi_thread")]
async fn the_program_says_how_a_task_is_cancelled_and_cancels_it() {
    let endpoint = sqs(RUNS).await;
    let (code, out, errors) = told(&program(&endpoint, &["redrive", DEAD, "--to", ORDERS, "--rate", "50"]));
    let goes_on = format!("the task goes on; cancel it with\nsqs-runtime redrive {DEAD} --cancel task-1\n");
    assert_eq!((code, out), (Some(0), format!("orders-dead to orders: started; {goes_on}")));
    assert!(errors.contains("new ids") && !errors.contains("123456789012"), "{errors}");
    let (code, out, errors) = told(&program(&endpoint, &["redrive", DEAD, "--cancel", "task-1"]));
    assert_eq!((code, out.as_str()), (Some(0), "orders-dead: cancelled; about 12 had been moved\n"), "{errors}");
}

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_ends_the_watching_and_not_the_task() {
    let endpoint = sqs(RUNS).await;
    let mut watching = command(&endpoint, &["redrive", DEAD, "--to", ORDERS, "--watch"]);
    let mut watching = watching.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
    let notes = BufReader::new(watching.stderr.take().expect("it is piped"));
    let is_watching = notes.lines().map_while(Result::ok).any(|line| line == "7 moved of 40");
    assert!(is_watching, "it ended before that");
    let killed = Command::new("kill").args(["-INT", &watching.id().to_string()]).status().expect("kill starts");
    assert!(killed.success());
    let mut out = String::new();
    watching.stdout.take().expect("it is piped").read_to_string(&mut out).expect("UTF-8");
    assert_eq!(watching.wait().expect("it ends").code(), Some(1));
    assert!(out.contains("the task goes on") && out.contains("--cancel task-1"), "{out}");
}
