//! A queue that messages are sent to, in batches.
//!
//! - `error`: why not all was sent.

mod error;

use aws_sdk_sqs::{
    Client, error::BuildError, operation::send_message_batch::SendMessageBatchOutput,
    types::SendMessageBatchRequestEntry,
};

pub use self::error::SendError;

/// As many as SQS takes.
pub(crate) const MAX_ENTRIES: u8 = 10;
/// A message that was refused so often will not be taken.
const MAX_TRIES: u32 = 5;

/// A message that waits to be sent.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) order_id: String,
    pub(crate) body: String,
    pub(crate) fifo: Option<Fifo>,
    /// How often the queue has refused it.
    pub(crate) tries: u32,
}

/// What a FIFO queue wants to know.
#[derive(Clone, Debug)]
pub(crate) struct Fifo {
    pub(crate) group: String,
    pub(crate) deduplication: String,
}

/// The queue that messages go to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Queue<'a> {
    client: &'a Client,
    url: &'a str,
}

impl<'a> Queue<'a> {
    pub(crate) fn new(client: &'a Client, url: &'a str) -> Self {
        Self { client, url }
    }

    pub(crate) fn is_fifo(&self) -> bool {
        self.url.ends_with(".fifo")
    }

    /// Sends a batch, and hands back what the queue refused, to be sent again.
    pub(crate) async fn send(&self, batch: Vec<Message>) -> Result<Vec<Message>, SendError> {
        let entries: Result<Vec<_>, _> = batch.iter().enumerate().map(entry).collect();
        let request = self.client.send_message_batch().queue_url(self.url).set_entries(Some(entries?));
        let output = request.send().await.map_err(|error| SendError::request(self.url, &error))?;
        let answers = batch.into_iter().enumerate().map(|(position, message)| refused(&output, position, message));
        answers.filter_map(Result::transpose).collect()
    }
}

/// A message under its position in the batch.
fn entry((position, message): (usize, &Message)) -> Result<SendMessageBatchRequestEntry, BuildError> {
    let fifo = message.fifo.clone().map(|fifo| (fifo.group, fifo.deduplication)).unzip();
    SendMessageBatchRequestEntry::builder()
        .id(position.to_string())
        .message_body(&message.body)
        .set_message_group_id(fifo.0)
        .set_message_deduplication_id(fifo.1)
        .build()
}

/// The message, if the answer does not say that it was taken. A batch of which entries failed is answered with 200.
fn refused(
    output: &SendMessageBatchOutput,
    position: usize,
    mut message: Message,
) -> Result<Option<Message>, SendError> {
    let id = position.to_string();
    if output.successful().iter().any(|entry| entry.id() == id) {
        return Ok(None);
    }
    message.tries += 1;
    if message.tries < MAX_TRIES {
        return Ok(Some(message));
    }
    let failed = output.failed().iter().find(|entry| entry.id() == id);
    let why = failed.map_or("it is not named in the answer", |entry| entry.message().unwrap_or(entry.code()));
    Err(SendError::refused(message.order_id, message.tries, why))
}
