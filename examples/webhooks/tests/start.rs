//! The program, as a user starts it.
#![allow(clippy::expect_used, reason = "a test says what is wrong by panicking")]

#[path = "support/subscriber.rs"]
mod subscriber;

use subscriber::Subscriber;
use tokio::process::Command;

/// Code, standard output and standard error.
async fn replay(subscribers: &str) -> (Option<i32>, String, String) {
    let event = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/webhooks.json");
    let mut program = Command::new(env!("CARGO_BIN_EXE_webhooks"));
    program.args(["replay", event, "--redeliver", "1"]).env_clear().env("RUST_BACKTRACE", "0");
    let output = program.env("SUBSCRIBERS", subscribers).kill_on_drop(true).output().await.expect("the program starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[tokio::test]
async fn a_setting_that_cannot_be_used_is_said_in_one_line_and_not_quoted() {
    let (code, out, said) = replay("crm=https://crm.example/secret").await;
    assert_eq!((code, out.as_str(), said.lines().count()), (Some(1), "", 1), "{said}");
    assert!(said.contains("SUBSCRIBERS is not NAME=http://") && !said.contains("secret"), "{said}");
}

#[tokio::test]
async fn it_replays_a_batch_and_posts_each_event_once() {
    let subscriber = Subscriber::start([]).await;
    let (code, _, log) = replay(&subscriber.setting()).await;
    assert_eq!(code, Some(0), "{log}");
    let mut bodies: Vec<_> = subscriber.posts().into_iter().map(|post| post.body).collect();
    bodies.sort();
    assert_eq!(bodies, [r#"{"customerId":"C-1","name":"Ada"}"#, r#"{"customerId":"C-2", "balance": 1.50}"#]);
    assert!(log.contains("6 records: 2 done, 1 already done, 3 rejected"), "{log}");
    assert!(!log.contains("Ada") && !log.contains("127.0.0.1"), "{log}");
}
