//! Stage 7, what we tell SQS about one message: change its visibility, send it to the dead-letter queue, delete it.
//!
//! Here is the seam, [`QueueClient`]; what calls it and the client that speaks to SQS come with later versions. On Lambda
//! nothing of it is needed: the event source mapping deletes what the answer does not name.

mod client;

pub use self::client::{DeadLetter, Entry, EntryAnswer, MAX_ENTRIES, QueueClient, QueueError, VisibilityChange};
