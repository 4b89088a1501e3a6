//! The program on an SQS that others wrote: ministack, which the test starts itself. A server that is missing fails the test.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by panicking"
)]

#[path = "../aws/program.rs"]
#[allow(dead_code, reason = "the tests without a server use more of it")]
mod program;
mod queues;
#[path = "../../../tests/servers/server.rs"]
#[allow(dead_code, reason = "the runtime's own tests start other servers too")]
mod server;
#[cfg(feature = "live")]
mod stacks;

use std::{fs, path::Path};

use serde_json::Value;
use sqs_runtime::testkit::event::Event;

use self::{
    program::{program, told},
    queues::Queues,
};

impl Queues {
    fn run(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        told(&program(&self.server.endpoint, arguments))
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let (code, out, errors) = self.run(&[arguments, &["--format", "json"]].concat());
        assert_eq!(code, Some(0), "{out}{errors}");
        serde_json::from_str(&out).expect("JSON")
    }
}

#[tokio::test]
async fn messages_are_seen_and_stay() {
    let queues = Queues::new().await;
    let url = queues.make("orders", Some(4)).await;
    queues.send(&url, "{\"order\":1}", None).await;
    queues.send(&url, "not \u{9b}json", None).await;
    let seen = queues.json(&["peek", &url]);
    let messages = seen["messages"].as_array().expect("an array");
    let mut shapes: Vec<_> = messages.iter().map(|message| message["shape"].as_str().expect("a shape")).collect();
    shapes.sort_unstable();
    assert_eq!((seen["queue"].as_str(), shapes), (Some("orders"), vec!["text of 10 bytes", "{\"order\":0}"]));
    // Visible at once, and one receive older each time.
    let (code, out, errors) = queues.run(&["peek", &url, "--bodies"]);
    assert_eq!(code, Some(0), "{out}{errors}");
    assert!(out.contains("received 2 times") && out.contains("  not \\u{9b}json\n"), "{out}");
    assert!(errors.contains("counts as a receive") && errors.contains("after 4"), "{errors}");
    // The third of four: one is left.
    let (code, out, errors) = queues.run(&["peek", &url]);
    assert_eq!(code, Some(1), "{out}{errors}");
    assert!(out.contains("near its last receive") && errors.contains("--force goes on"), "{out}{errors}");
    assert_eq!(queues.count(&url).await, 2);
}

#[tokio::test]
async fn a_queue_that_is_not_there_is_2() {
    let queues = Queues::new().await;
    let url = queues.make("orders", None).await.replace("orders", "others");
    let (code, out, errors) = queues.run(&["peek", &url]);
    assert_eq!((code, out.as_str()), (Some(2), ""));
    assert!(errors.starts_with("others: ") && errors.contains("sqs:ReceiveMessage"), "{errors}");
}

#[tokio::test]
async fn what_is_recorded_is_sent_again_in_its_groups() {
    let queues = Queues::new().await;
    let url = queues.make("orders.fifo", None).await;
    for (body, group) in [("{\"order\":1}", "a"), ("{\"order\":2}", "b"), ("{\"order\":3}", "a")] {
        queues.send(&url, body, Some(group)).await;
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("recorded-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder");
    let into = folder.to_str().expect("UTF-8");
    let (code, out, errors) = queues.run(&["record", &url, "--into", into]);
    assert_eq!(code, Some(0), "{out}{errors}");
    assert!(errors.contains("groups gave nothing to anybody else"), "{errors}");
    let file = out.trim_end();
    let batch = Event::from_file(file).expect("an event").to_batch();
    let records: Vec<_> = batch.records().map(|record| record.expect("a record")).collect();
    let mut groups: Vec<_> = records.iter().filter_map(|record| record.message_group_id()).collect();
    groups.sort_unstable();
    assert_eq!(groups, ["group-1", "group-1", "group-2"]);
    assert!(records.iter().all(|record| record.body() == "{\"order\":0}"));

    let other = queues.make("others.fifo", None).await;
    // Twice: the second is no repetition of the first.
    for _ in 0..2 {
        let sent = queues.json(&["send", file, "--to", &other]);
        assert_eq!(sent.as_array().map(Vec::len), Some(3), "{sent}");
    }
    assert_eq!(queues.count(&other).await, 6);
    let standard = queues.make("standard", None).await;
    let (code, _, errors) = queues.run(&["send", file, "--to", &standard]);
    assert_eq!(code, Some(2), "{errors}");
    let (code, out, errors) = queues.run(&["send", file, "--to", &standard, "--allow-group-change"]);
    assert_eq!((code, out.as_str()), (Some(0), "standard: 3 of 3 messages sent\n"), "{errors}");
    fs::remove_dir_all(folder).expect("it is removed");
}

#[tokio::test]
async fn what_cannot_be_sent_is_named_and_the_rest_is_sent() {
    let queues = Queues::new().await;
    let url = queues.make("orders", None).await;
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("broken-{}.json", std::process::id()));
    let event =
        r#"{"Records":[{"messageId":"m-1","body":"x"},{"messageId":"m-2","body":7},{"messageId":"m-3","body":"y"}]}"#;
    fs::write(&file, event).expect("a file");
    let (code, out, errors) = queues.run(&["send", file.to_str().expect("UTF-8"), "--to", &url]);
    assert_eq!(code, Some(1), "{errors}");
    assert!(out.contains("record 2: ") && out.ends_with("orders: 2 of 3 messages sent\n"), "{out}");
    assert_eq!(queues.count(&url).await, 2);
    fs::remove_file(file).expect("it is removed");
}

#[tokio::test]
async fn an_empty_queue_is_no_fixture() {
    let queues = Queues::new().await;
    let url = queues.make("orders", None).await;
    let (code, out, errors) = queues.run(&["record", &url, "--into", env!("CARGO_TARGET_TMPDIR")]);
    assert_eq!((code, out.as_str(), errors.as_str()), (Some(1), "the queue gave no message\n", ""));
}
