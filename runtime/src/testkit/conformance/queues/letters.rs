//! What arrives in a dead-letter queue.

use super::site::{Site, cleared, received};
use crate::{
    batch::{QueueArn, Record},
    outcome::{Reason, ReasonClass},
    queue::{DeadLetter, QueueName},
};

/// Sends a copy of that message to the queue that the redrive policy names.
async fn copied(site: &impl Site, record: &Record) {
    let arn = site.arn();
    let policy = site.client().attributes(QueueArn::new(&arn), None).await.map(|attributes| attributes.redrive_policy);
    let Ok(Some(policy)) = policy else { panic!("the site's queue has no redrive policy: {policy:?}") };
    let to = QueueName::of(&policy.dead_letter_queue);
    let reason = Reason::with_text(ReasonClass::Handler, "out of stock");
    let Some(letter) = DeadLetter::new(record, &reason, to.is_fifo()) else { panic!("a small message leaves room") };
    if let [Err(error)] = &site.client().send(to, &[letter], None).await[..] {
        panic!("a copy is not taken: {error}");
    }
}

/// The copy has the message's body, and says which it was.
pub async fn a_copy_arrives_with_its_body_and_its_reason(site: &impl Site) {
    for record in received(site, &["rejected"]).await {
        copied(site, &record).await;
        let letters = site.take_dead_letters().await;
        if letters != [("rejected".to_owned(), Some(record.message_id().to_owned()))] {
            panic!("the dead-letter queue has not just the copy: {letters:?}");
        }
        cleared(site, &[record]).await;
    }
}

/// At least once: whoever counts by the original's id counts one.
pub async fn a_copy_that_was_sent_twice_has_one_original_id(site: &impl Site) {
    for record in received(site, &["twice"]).await {
        copied(site, &record).await;
        copied(site, &record).await;
        let letters = site.take_dead_letters().await;
        let is_of_it = |(_, original): &(String, Option<String>)| original.as_deref() == Some(record.message_id());
        // A FIFO queue knows the second one.
        if letters.is_empty() || letters.len() > 2 || !letters.iter().all(is_of_it) {
            panic!("copies do not name their original: {letters:?}");
        }
        cleared(site, &[record]).await;
    }
}
