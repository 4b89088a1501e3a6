//! In one process: how a message ends by what the mail server says, and what the customer gets.

use std::{net::TcpListener, time::Duration};

use confirmations::{MailServer, by_order, consumer, message_id};
use sqs_runtime::{
    Idempotency,
    batch::Batch,
    outcome::{Outcome, Reason, ReasonClass},
    run::{Pipeline, Replay},
    testkit::ManualClock,
};

use crate::{
    event,
    receiver::{Manner, Receiver},
};

const CONFIRMATIONS: &str = include_str!("../../../../tests/fixtures/confirmations.json");

fn pipeline(server: MailServer) -> Pipeline {
    Pipeline::for_tests(consumer(Idempotency::memory(), server))
}

/// Delivers the event once and then that many times more, and says how each delivery of its message ended.
async fn outcomes(pipeline: &Pipeline, redeliver: u32) -> Vec<Outcome> {
    let replayed = Replay::new().redeliver(redeliver).event(pipeline, event()).await.expect("an SQS event");
    replayed.reports().iter().map(|report| report.outcome(0).expect("one record").clone()).collect()
}

async fn names(pipeline: &Pipeline, redeliver: u32) -> Vec<&'static str> {
    outcomes(pipeline, redeliver).await.iter().map(Outcome::name).collect()
}

/// The `Message-ID` of each mail that was taken.
fn ids(receiver: &Receiver) -> Vec<String> {
    receiver.mails().iter().map(|mail| mail.header("Message-ID").to_owned()).collect()
}

/// The `Message-ID` that the key of order A-1001 asks for.
fn id() -> String {
    let batch = Batch::from_json(event()).expect("an SQS event");
    let record = batch.record(0).expect("a record");
    message_id(&by_order(Idempotency::memory()).key_of(&record).expect("a key"))
}

/// From that moment on tokio's time jumps from one timer to the next, so a time-out is over at once.
async fn waits_end_after(moment: impl Future<Output = ()>) {
    moment.await;
    tokio::time::pause();
}

#[tokio::test]
async fn each_order_gets_one_mail_however_often_its_message_comes() {
    let receiver = Receiver::start([]).await;
    let pipeline = pipeline(receiver.server());
    let replayed = Replay::new().redeliver(2).event(&pipeline, CONFIRMATIONS).await.expect("an SQS event");

    let outcomes = |delivery: usize| -> Vec<&str> {
        replayed.reports()[delivery].records().map(|record| record.outcome.name()).collect()
    };
    let refused = ["rejected"; 3];
    assert_eq!(outcomes(0), [["done", "done", "already done"], refused].concat());
    for delivery in [1, 2] {
        assert_eq!(outcomes(delivery), [["already done"; 3], refused].concat());
    }

    let mut mails = receiver.mails();
    mails.sort_by(|a, b| a.to.cmp(&b.to));
    let told: Vec<_> =
        mails.iter().map(|mail| (mail.from.as_str(), mail.to.join(","), mail.header("Subject"))).collect();
    assert_eq!(
        told,
        [
            ("orders@shop.example", "c-1@customers.example".to_owned(), "Your order A-1001"),
            ("orders@shop.example", "c-2@customers.example".to_owned(), "Your order A-1002"),
        ]
    );
    assert_eq!(mails[0].header("Message-ID"), id());
    assert!(mails[0].text.contains("We charged 49.99."), "{}", mails[0].text);
}

async fn is_tried_again_and_then_sent(manner: Manner) {
    let receiver = Receiver::start([manner]).await;
    assert_eq!(names(&pipeline(receiver.server()), 2).await, ["retry", "done", "already done"], "{manner:?}");
    assert_eq!(ids(&receiver), [id()], "{manner:?}");
}

#[tokio::test]
async fn a_4xx_reply_is_tried_again_and_then_sent() {
    for manner in [Manner::Greet("421 busy"), Manner::Refuse("451 later"), Manner::RefuseText("452 full")] {
        is_tried_again_and_then_sent(manner).await;
    }
}

/// It says nothing of the mail, and would reject all mails alike.
#[tokio::test]
async fn a_5xx_greeting_is_tried_again_and_then_sent() {
    is_tried_again_and_then_sent(Manner::Greet("554 no service")).await;
}

#[tokio::test]
async fn a_5xx_reply_to_the_mail_is_a_rejection() {
    let refused = Manner::Refuse("550 <c-1@customers.example> unknown");
    let receiver = Receiver::start([refused, Manner::RefuseText("554 spam")]).await;
    let outcomes = outcomes(&pipeline(receiver.server()), 1).await;
    assert!(outcomes.iter().all(|outcome| outcome.name() == "rejected"), "{outcomes:?}");
    let reasons: Vec<_> = outcomes.iter().filter_map(Outcome::reason).map(ToString::to_string).collect();
    // The server's words quote the customer's address, so they stay out of the log.
    assert_eq!(reasons, ["the mail server refuses the mail (550)", "the mail server refuses the mail (554)"]);
    assert!(receiver.mails().is_empty());
}

#[tokio::test]
async fn a_refused_connection_is_tried_again() {
    let nobody = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port");
    let server = MailServer::from_url(&format!("smtp://{nobody}")).expect("a URL");
    let outcomes = outcomes(&pipeline(server), 1).await;
    assert!(outcomes.iter().all(|outcome| outcome.name() == "retry"), "{outcomes:?}");
    let reason = outcomes[0].reason().expect("a reason").to_string();
    assert!(reason.contains("the connection to the mail server failed") && reason.contains("refused"), "{reason}");
}

#[tokio::test]
async fn a_server_that_says_nothing_is_given_up_and_tried_again() {
    let receiver = Receiver::start([Manner::SayNothing]).await;
    let pipeline = pipeline(receiver.server());
    let (first, ()) = tokio::join!(outcomes(&pipeline, 0), waits_end_after(receiver.met(1)));
    tokio::time::resume();
    let reason = first[0].reason().expect("a reason").to_string();
    assert_eq!(first[0].name(), "retry");
    assert_eq!(reason, "the mail server took too long; it may have taken the mail");
    assert_eq!(names(&pipeline, 0).await, ["done"]);
    assert_eq!(ids(&receiver), [id()]);
}

#[tokio::test]
async fn a_goodbye_without_an_answer_does_not_repeat_the_mail() {
    let receiver = Receiver::start([Manner::TakeAndIgnoreQuit]).await;
    let pipeline = pipeline(receiver.server());
    let (names, ()) = tokio::join!(names(&pipeline, 1), waits_end_after(receiver.was_left(1)));
    assert_eq!(names, ["done", "already done"]);
    assert_eq!(ids(&receiver), [id()]);
}

#[tokio::test]
async fn a_lost_answer_repeats_the_mail_with_the_same_message_id() {
    let receiver = Receiver::start([Manner::TakeAndHangUp]).await;
    assert_eq!(names(&pipeline(receiver.server()), 2).await, ["retry", "done", "already done"]);
    assert_eq!(ids(&receiver), [id(), id()]);
}

#[tokio::test]
async fn a_send_that_the_deadline_stops_repeats_the_mail_with_the_same_message_id() {
    let receiver = Receiver::start([Manner::TakeAndHoldBack]).await;
    let clock = ManualClock::new();
    let pipeline = Pipeline::for_tests(consumer(Idempotency::memory(), receiver.server()).clock(clock.clone()));
    let deliver = async || {
        let invocation = pipeline.invocation(Some(Duration::from_secs(3)));
        let report = pipeline.run_event(event(), invocation).await.expect("an SQS event");
        report.outcome(0).expect("one record").clone()
    };
    let deadline = async {
        receiver.took(1).await;
        // The last second is kept for the answer.
        clock.advance(Duration::from_secs(2));
    };
    let (stopped, ()) = tokio::join!(deliver(), deadline);
    assert_eq!(stopped.reason().map(Reason::class), Some(ReasonClass::Deadline), "{stopped:?}");

    // The send that was stopped may still take effect: its lease ends 5 s after the deadline, plus what clocks may differ by.
    assert_eq!(deliver().await.name(), "in progress elsewhere");
    clock.advance(Duration::from_secs(8));
    assert_eq!(deliver().await.name(), "done");
    assert_eq!(ids(&receiver), [id(), id()]);
}
