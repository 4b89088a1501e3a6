//! Making messages visible again, at once.

use std::time::Duration;

use sqs_runtime::{
    batch::{Batch, QueueArn},
    queue::{EntryAnswer, MAX_ENTRIES, QueueClient, ReceivedMessage, VisibilityChange, event_of},
};

/// A message that stays hidden for a while, since it could not be given back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Its id.
    pub message_id: String,
    /// What SQS said.
    pub why: String,
}

/// In the order in which they came: of a group the first has to be visible before the others.
pub(super) async fn all(client: &dyn QueueClient, queue: QueueArn<'_>, messages: &[ReceivedMessage]) -> Vec<Kept> {
    let mut kept = Vec::new();
    for some in messages.chunks(MAX_ENTRIES) {
        match changes(queue, some) {
            Ok(changes) => {
                let answers = client.change_visibility(queue, &changes, None).await;
                kept.extend(some.iter().zip(answers).filter_map(|(message, answer)| refused(message, &answer)));
            }
            Err(why) => kept.extend(some.iter().map(|message| still_hidden(message, &why))),
        }
    }
    kept
}

fn changes(queue: QueueArn<'_>, messages: &[ReceivedMessage]) -> Result<Vec<VisibilityChange>, String> {
    let batch = Batch::from_json(event_of(queue, messages)).map_err(|error| error.to_string())?;
    let visible = |record| VisibilityChange { record, timeout: Duration::ZERO };
    batch.records().map(|record| record.map(visible).map_err(|error| error.to_string())).collect()
}

fn refused(message: &ReceivedMessage, answer: &EntryAnswer) -> Option<Kept> {
    // A receive that is over hides nothing any more.
    let error = answer.as_ref().err().filter(|error| !error.is_lost())?;
    Some(still_hidden(message, &error.to_string()))
}

fn still_hidden(message: &ReceivedMessage, why: &str) -> Kept {
    Kept { message_id: message.message_id.clone(), why: why.to_owned() }
}
