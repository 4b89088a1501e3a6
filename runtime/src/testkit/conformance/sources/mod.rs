//! What a client must do beside that a worker receives through: one function for each promise.
//!
//! A [`QueueSource`](crate::queue::QueueSource) of your own runs all of them with [`all`], in a test, on a [`Site`] that says how messages get
//! into the queue; as a client of queues it runs [those](super::queues) too:
//!
//! ```
//! use sqs_runtime::testkit::{ManualClock, MemoryQueue, QueueSettings, conformance::sources::{self, MemorySite}};
//!
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! for name in ["orders", "ledger.fifo"] {
//!     let clock = ManualClock::new();
//!     let queue = MemoryQueue::new(QueueSettings::new(name), clock.clone());
//!     sources::all(&MemorySite::new(queue, clock)).await;
//! }
//! # });
//! ```
//!
//! What a new version may add to it, [the suite for stores](super#what-a-new-version-may-add) says for all.
//!
//! Time passes as the site has it: on a queue that others keep some seconds. Every function needs an empty queue and leaves one, and a FIFO
//! queue is a new one each time, for it knows deduplication ids for five minutes. On a standard queue those about groups have nothing to
//! look at. Each panics if the promise is broken.
#![expect(clippy::panic, clippy::missing_panics_doc, reason = "every function here says what is wrong by panicking")]

mod contents;
mod groups;
mod opening;
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
        /// If the source breaks a promise; the message says which.
        pub async fn all(site: &impl Site) {
            $($(super::subject::named(stringify!($name), $name(site)).await;)*)*
        }

        /// The names of all promises.
        pub const NAMES: &[&str] = &[$($(stringify!($name)),*),*];
    };
}

promises! {
    opening: a_queue_is_found_with_what_it_is_set_to, a_queue_that_is_not_there_is_denied;
    receives: nothing_to_receive_is_an_empty_list, a_wait_ends_by_itself, what_comes_during_a_wait_is_received, at_most_so_many_are_received, what_was_received_is_hidden_for_the_time_that_was_asked_for, each_receive_is_counted_and_has_a_receipt_of_its_own;
    contents: a_message_comes_as_it_was_sent, a_message_says_when_it_was_sent_and_first_received;
    groups: a_group_and_a_deduplication_id_are_said, a_group_comes_in_its_order, a_group_waits_for_what_is_in_flight, an_attempt_that_is_asked_for_again_brings_the_same;
}
