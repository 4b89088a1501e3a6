//! `send`: the messages of fixtures to a queue.
//!
//! Each is a new message, with a new id. Of what SQS said of the old one only the group is sent again; a FIFO queue gets a
//! deduplication id of its own for each, for it would drop a second message with an old one without a word.

mod batches;
mod entry;
mod letter;
mod read;
pub mod report;

use aws_sdk_sqs::{Client, types::SendMessageBatchRequestEntry};

use self::batches::Batches;
pub use self::{
    letter::{GroupChange, Letter, Unreadable, letters},
    read::events,
};
use super::said::said;

/// A queue that messages are sent to.
#[derive(Clone, Debug)]
pub struct Target {
    /// Its URL.
    pub url: String,
    /// What deduplication ids begin with: another one for each time that somebody sends.
    pub run: String,
}

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Sent, under that id.
    Sent(String),
    /// Refused, or nobody knows.
    Failed(String),
}

impl Target {
    /// Whether it is a FIFO queue.
    #[must_use]
    pub fn is_fifo(&self) -> bool {
        self.url.ends_with(".fifo")
    }
}

/// Sends the letters in their order, as few calls as SQS allows, and says what became of each.
pub async fn send(client: &Client, to: &Target, letters: &[Letter]) -> Vec<Fate> {
    let mut fates: Vec<Option<Fate>> = letters.iter().map(|_| None).collect();
    let mut batches = Batches::new(letters, to.is_fifo());
    while let Some(places) = batches.next() {
        let answers = call(client, to, letters, &places).await;
        for place in places {
            let fate = answers.as_ref().map_or_else(|why| Fate::Failed(why.clone()), |answers| fate(answers, place));
            if let (Fate::Failed(_), Some(letter)) = (&fate, letters.get(place)) {
                batches.stop(letter);
            }
            if let Some(slot) = fates.get_mut(place) {
                *slot = Some(fate);
            }
        }
        // What refuses a whole call would refuse the next one too.
        if answers.is_err() {
            break;
        }
    }
    fates.into_iter().zip(letters).map(|(fate, letter)| fate.unwrap_or_else(|| unsent(letter))).collect()
}

fn unsent(letter: &Letter) -> Fate {
    let why = if letter.is_too_large() { "it has more than 1 MiB" } else { "one before it failed" };
    Fate::Failed(format!("not sent: {why}"))
}

/// One call with the letters at these places.
async fn call(client: &Client, to: &Target, letters: &[Letter], places: &[usize]) -> Result<Answers, String> {
    let chosen = places.iter().filter_map(|place| Some((*place, letters.get(*place)?)));
    let entries: Result<Vec<_>, _> = chosen.map(|(place, letter)| entry::of(place, letter, to)).collect();
    ask(client, to, entries.map_err(|error| error.to_string())?).await
}

type Answers = aws_sdk_sqs::operation::send_message_batch::SendMessageBatchOutput;

async fn ask(client: &Client, to: &Target, entries: Vec<SendMessageBatchRequestEntry>) -> Result<Answers, String> {
    let request = client.send_message_batch().queue_url(&to.url).set_entries(Some(entries));
    request.send().await.map_err(|error| said(&error))
}

/// What the answer says of one place. One of which it says nothing may have been sent.
fn fate(answers: &Answers, place: usize) -> Fate {
    let id = place.to_string();
    if let Some(sent) = answers.successful().iter().find(|entry| entry.id() == id) {
        return Fate::Sent(sent.message_id().to_owned());
    }
    let failed = answers.failed().iter().find(|entry| entry.id() == id);
    Fate::Failed(failed.map_or_else(
        || "it may have been sent: SQS says nothing of it".to_owned(),
        |entry| format!("{}: {}", entry.code(), entry.message().unwrap_or_default()),
    ))
}
