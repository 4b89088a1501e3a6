//! Functions that are handlers, what they may return, and what the compiler says of those that are none.

use std::io;

use sqs_runtime::{
    Consumer, Failure,
    extract::{Body, FromRef, Json, MessageId, ReceiveCount, State},
};

use crate::support::{event, outcomes, reasons, record, run};

async fn outcome(consumer: Consumer) -> (&'static str, String) {
    let report = run(consumer, &event(&[record("m-1", "5")])).await;
    (outcomes(&report)[0], reasons(&report).remove(0))
}

#[tokio::test]
async fn none_to_eight_arguments() {
    type B = Body;
    assert_eq!(outcome(Consumer::new(|| async {})).await.0, "done");
    assert_eq!(outcome(Consumer::new(|_: B| async {})).await.0, "done");
    assert_eq!(outcome(Consumer::new(|_: B, _: B, _: B| async {})).await.0, "done");
    assert_eq!(outcome(Consumer::new(|_: B, _: B, _: B, _: B, _: B| async {})).await.0, "done");
    let eight = |_: B, _: B, _: MessageId, _: ReceiveCount, _: Json<u8>, _: B, _: Option<Json<String>>, _: B| async {};
    assert_eq!(outcome(Consumer::new(eight)).await.0, "done");
}

#[tokio::test]
async fn every_error_means_retry_unless_it_says_more() {
    async fn std_error() -> Result<(), io::Error> {
        Err(io::Error::other("disk"))
    }
    async fn boxed() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        Err("boxed".into())
    }
    async fn any() -> anyhow::Result<u32> {
        anyhow::bail!("any")
    }
    async fn text() -> Result<(), &'static str> {
        Err("text")
    }
    async fn string() -> Result<(), String> {
        Err("string".to_owned())
    }
    async fn through_question_marks() -> Result<(), Failure> {
        let bad: Result<(), anyhow::Error> = Err(anyhow::anyhow!("asked"));
        bad?;
        Ok(())
    }
    for (consumer, says) in [
        (Consumer::new(std_error), "disk"),
        (Consumer::new(boxed), "boxed"),
        (Consumer::new(any), "any"),
        (Consumer::new(text), "text"),
        (Consumer::new(string), "string"),
        (Consumer::new(through_question_marks), "asked"),
    ] {
        assert_eq!(outcome(consumer).await, ("retry", says.to_owned()));
    }
}

#[tokio::test]
async fn a_failure_keeps_its_meaning_through_other_errors() {
    async fn rejects() -> Result<(), Failure> {
        Err(Failure::reject("never"))
    }
    assert_eq!(outcome(Consumer::new(rejects)).await, ("rejected", "never".to_owned()));
    async fn later() -> Result<(), Failure> {
        Err(Failure::retry_after(std::time::Duration::from_secs(7)).because("busy"))
    }
    let report = run(Consumer::new(later), &event(&[record("m-1", "x")])).await;
    let reason = report.outcome(0).and_then(|outcome| outcome.reason()).expect("it failed");
    assert_eq!((reason.text(), reason.delay()), (Some("busy"), Some(std::time::Duration::from_secs(7))));
}

#[tokio::test]
async fn a_panic_stays_with_its_message() {
    // `resume_unwind` panics without the hook's noise.
    let consumer = Consumer::new(|body: Body| async move {
        if body.as_str() == "panic" {
            std::panic::resume_unwind(Box::new("boom"));
        }
    });
    let report = run(consumer, &event(&[record("m-1", "x"), record("m-2", "panic"), record("m-3", "x")])).await;
    assert_eq!(outcomes(&report), ["done", "retry", "done"]);
    assert_eq!(reasons(&report)[1], "the handler panicked: boom");
}

#[tokio::test]
async fn state_as_a_whole_and_in_parts() {
    #[derive(Clone)]
    struct App {
        name: &'static str,
    }
    struct Name(&'static str);
    impl FromRef<App> for Name {
        fn from_ref(app: &App) -> Self {
            Self(app.name)
        }
    }
    async fn whole(State(app): State<App>) {
        assert_eq!(app.name, "shop");
    }
    async fn part(State(name): State<Name>, _: Body) {
        assert_eq!(name.0, "shop");
    }
    let app = App { name: "shop" };
    assert_eq!(outcome(Consumer::new(whole).state(app.clone())).await.0, "done");
    assert_eq!(outcome(Consumer::new(part).state(app)).await.0, "done");
}

/// What the compiler says of functions that are no handlers. The texts are rustc's, so they hold for one toolchain: the one
/// that the workspace's `rust-version` names.
#[test]
fn what_is_no_handler_gets_a_note_that_helps() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("compile_fail/*.rs");
}
