//! What a receipt handle can do.

use std::time::Duration;

use super::site::{Site, cleared, received};
use crate::{
    batch::{QueueArn, Record},
    queue::{EntryAnswer, QueueError, VisibilityChange},
};

async fn change(site: &impl Site, records: &[Record], timeout: Duration) -> Vec<EntryAnswer> {
    let changes: Vec<_> = records.iter().map(|record| VisibilityChange { record: record.clone(), timeout }).collect();
    let answers = site.client().change_visibility(QueueArn::new(&site.arn()), &changes, None).await;
    if answers.len() != records.len() {
        panic!("{} entries have {} answers", records.len(), answers.len());
    }
    answers
}

async fn give_back(site: &impl Site, record: &Record) {
    if let [Err(error)] = &change(site, std::slice::from_ref(record), Duration::ZERO).await[..] {
        panic!("a message that is in flight cannot be given back: {error}");
    }
}

async fn receive_again(site: &impl Site) -> Option<Record> {
    site.receive().await.records().find_map(Result::ok)
}

/// A visibility timeout of 0 makes a message visible, with a new receipt handle and one receive more.
pub async fn a_message_that_is_given_back_is_visible_at_once(site: &impl Site) {
    let records = received(site, &["back"]).await;
    for record in &records {
        give_back(site, record).await;
        match receive_again(site).await {
            Some(again) if again.receive_count() == Some(2) => cleared(site, &[again]).await,
            other => panic!("a message that was given back is not received a second time: {other:?}"),
        }
    }
}

/// A visibility timeout hides it.
pub async fn a_message_that_is_hidden_is_not_received(site: &impl Site) {
    let records = received(site, &["hidden"]).await;
    if change(site, &records, Duration::from_secs(600)).await.iter().any(Result::is_err) {
        panic!("a message that is in flight cannot be hidden for longer");
    }
    if let Some(record) = receive_again(site).await {
        panic!("a message that is hidden is received: {record:?}");
    }
    cleared(site, &records).await;
}

/// SQS hides nothing for longer than 12 hours since its receive, and says so.
pub async fn past_12_hours_is_an_error_and_no_clamp(site: &impl Site) {
    let records = received(site, &["long"]).await;
    let answers = change(site, &records, Duration::from_secs(12 * 3_600 + 1)).await;
    if answers.iter().any(Result::is_ok) {
        panic!("more than 12 hours are granted");
    }
    cleared(site, &records).await;
}

/// A delete that was lost on its way back can be made again.
pub async fn what_is_deleted_is_gone_and_may_be_deleted_again(site: &impl Site) {
    let records = received(site, &["deleted"]).await;
    cleared(site, &records).await;
    if let Some(record) = receive_again(site).await {
        panic!("a message that was deleted is received: {record:?}");
    }
    let arn = site.arn();
    if site.client().delete(QueueArn::new(&arn), &records, None).await.iter().any(Result::is_err) {
        panic!("deleting once more is an error");
    }
}

/// A handle whose message is gone is known as lost: nobody tries it again.
pub async fn a_receipt_of_a_deleted_message_is_lost(site: &impl Site) {
    let records = received(site, &["lost"]).await;
    cleared(site, &records).await;
    let answers = change(site, &records, Duration::from_secs(60)).await;
    if !answers.iter().all(|answer| answer.as_ref().is_err_and(QueueError::is_lost)) {
        panic!("the receipt handle of a message that is gone is not lost: {answers:?}");
    }
}

/// One entry's failure is no other's.
pub async fn each_entry_of_a_call_has_its_own_answer(site: &impl Site) {
    let records = received(site, &["one", "two", "three"]).await;
    let [_, two, _] = &records[..] else { panic!("three were received") };
    cleared(site, std::slice::from_ref(two)).await;
    let answers = change(site, &records, Duration::from_secs(60)).await;
    if !matches!(&answers[..], [Ok(()), Err(_), Ok(())]) {
        panic!("entries do not have answers of their own: {answers:?}");
    }
    let rest: Vec<_> =
        records.into_iter().enumerate().filter(|(place, _)| *place != 1).map(|(_, record)| record).collect();
    cleared(site, &rest).await;
}

/// Ten is SQS's limit.
pub async fn ten_entries_fit_one_call(site: &impl Site) {
    let bodies: Vec<String> = (0..10).map(|n| format!("ten {n}")).collect();
    let records = received(site, &bodies.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let answers = change(site, &records, Duration::from_secs(60)).await;
    if answers.iter().any(Result::is_err) {
        panic!("ten entries do not fit one call: {answers:?}");
    }
    cleared(site, &records).await;
}

/// A queue that does not exist is a mistake of the deployment, and none that passes.
pub async fn a_queue_that_is_not_there_is_denied(site: &impl Site) {
    let arn = format!("{}-that-is-not-there", site.arn().trim_end_matches(".fifo"));
    match site.client().attributes(QueueArn::new(&arn), None).await {
        Err(error) if error.is_denied() => {}
        other => panic!("a queue that is not there is not denied: {other:?}"),
    }
}

/// Visibility timeout and redrive policy are read.
pub async fn the_attributes_say_when_messages_go_where(site: &impl Site) {
    match site.client().attributes(QueueArn::new(&site.arn()), None).await {
        Ok(attributes) if attributes.visibility_timeout.is_some() && attributes.redrive_policy.is_some() => {}
        other => panic!("visibility timeout and redrive policy are not read: {other:?}"),
    }
}
