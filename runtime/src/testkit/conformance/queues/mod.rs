//! What every client of a queue must do: one function for each promise.
//!
//! A client of your own runs all of them with [`all`], in a test, on a [`Site`] that says how messages get into the queue and out of it:
//!
//! ```
//! use sqs_runtime::testkit::{ManualClock, MemoryQueue, QueueSettings, conformance::queues::{self, MemorySite}};
//!
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! let standard = MemoryQueue::new(QueueSettings::new("orders"), ManualClock::new());
//! queues::all(&MemorySite::new(standard)).await;
//! let fifo = MemoryQueue::new(QueueSettings::new("ledger.fifo"), ManualClock::new());
//! queues::all(&MemorySite::new(fifo)).await;
//! # });
//! ```
//!
//! What a new version may add to it, [the suite for stores](super#what-a-new-version-may-add) says for both.
//!
//! Nothing waits: a message that is to be visible is made so. Every function needs an empty queue and leaves one. Each panics if the
//! promise is broken.
#![expect(clippy::panic, clippy::missing_panics_doc, reason = "every function here says what is wrong by panicking")]

mod letters;
mod receives;
mod site;

pub use self::site::{MemorySite, Site};

macro_rules! promises {
    ($($file:ident: $($name:ident),*;)*) => {
        $(pub use self::$file::{$($name),*};)*

        /// Runs every function of this module.
        ///
        /// # Panics
        ///
        /// If the client breaks a promise; the message says which.
        pub async fn all(site: &impl Site) {
            $($(super::subject::named(stringify!($name), $name(site)).await;)*)*
        }

        /// The names of all promises.
        pub const NAMES: &[&str] = &[$($(stringify!($name)),*),*];
    };
}

promises! {
    receives: a_message_that_is_given_back_is_visible_at_once, a_message_that_is_hidden_is_not_received, past_12_hours_is_an_error_and_no_clamp, what_is_deleted_is_gone_and_may_be_deleted_again, a_receipt_of_a_deleted_message_is_lost, each_entry_of_a_call_has_its_own_answer, ten_entries_fit_one_call, a_queue_that_is_not_there_is_denied, the_attributes_say_when_messages_go_where;
    letters: a_copy_arrives_with_its_body_and_its_reason, a_copy_that_was_sent_twice_has_one_original_id;
}
