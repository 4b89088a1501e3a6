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

use serde_json::Value;

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
async fn an_empty_queue_is_no_fixture() {
    let queues = Queues::new().await;
    let url = queues.make("orders", None).await;
    let (code, out, errors) = queues.run(&["record", &url, "--into", env!("CARGO_TARGET_TMPDIR")]);
    assert_eq!((code, out.as_str(), errors.as_str()), (Some(1), "the queue gave no message\n", ""));
}
