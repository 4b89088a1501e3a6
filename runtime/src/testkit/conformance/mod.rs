//! What every idempotency store must do: one function for each promise. [`transactions`] has the same for stores that commit a handler's
//! writes, [`queues`] for clients of queues, and [`sources`] for those that workers receive through.
//!
//! A store of your own runs all of them with [`all`], in a test:
//!
//! ```
//! use sqs_runtime::{claim::MemoryStore, testkit::{ManualClock, conformance}};
//!
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! let clock = ManualClock::new();
//! let store = MemoryStore::new(clock.clone());
//! conformance::all(&store, &clock).await;
//! # });
//! ```
//!
//! The store reads the time from the clock that is given, so that leases and retentions end when a test says so. Every
//! function uses keys of its own, and may run on a store that holds other rows. Each panics if the promise is broken.
//!
//! Some have several requests under way at the same moment: a store that looks at a row, waits, and then writes what it thought
//! right grants a key twice. They see what comes between two waits; a store that never waits, and is asked by several threads, has
//! to be tried with threads beside.
//!
//! # What a new version may add
//!
//! Here, in [`transactions`], in [`queues`] and in [`sources`], whoever passes goes on to pass until a version comes that may break what compiles: the next major one, and
//! before 1.0 the next minor one. Up to then
//!
//! - [`all`] and [`NAMES`] stay as they are: nothing joins them, goes, or has another name;
//! - a promise that is there asks for no more than before. Where it asked for too much it may ask for less;
//! - a promise that is new stands beside them as a function that `all` does not run yet, and the changelog names it: run it by itself if
//!   you want to know early;
//! - the traits that you implement, [`IdempotencyStore`], [`QueueClient`](crate::queue::QueueClient),
//!   [`QueueSource`](crate::queue::QueueSource), [`Counters`](transactions::Counters) and the two sites ([`queues::Site`], [`sources::Site`]), get
//!   new methods with a default only, and what a default does passes.
#![expect(clippy::panic, clippy::missing_panics_doc, reason = "every function here says what is wrong by panicking")]

mod claims;
mod fences;
mod given_up;
mod many;
mod marks;
pub mod queues;
mod races;
mod renewals;
pub mod sources;
mod subject;
mod successes;
#[cfg(test)]
mod tests;
pub mod transactions;

use super::ManualClock;
use crate::claim::IdempotencyStore;

macro_rules! promises {
    ($($file:ident: $($name:ident),*;)*) => {
        $(pub use self::$file::{$($name),*};)*

        /// Runs every function of this module.
        ///
        /// # Panics
        ///
        /// If the store breaks a promise; the message says which.
        pub async fn all(store: &dyn IdempotencyStore, clock: &ManualClock) {
            $($(subject::named(stringify!($name), $name(store, clock)).await;)*)*
        }

        /// The names of all promises.
        pub const NAMES: &[&str] = &[$($(stringify!($name)),*),*];

        /// Each by itself.
        #[cfg(test)]
        const PROMISES: &[(&str, tests::Promise)] =
            &[$($((stringify!($name), |store, clock| Box::pin($name(store, clock)))),*),*];
    };
}

promises! {
    claims: a_free_key_is_granted, a_held_key_is_refused_with_the_end_of_its_lease, ones_own_write_is_recognised, a_lease_is_taken_over_after_its_end_and_the_skew, fences_grow_with_every_grant, attempts_count_what_ended_neither_way, an_expired_row_is_free_whatever_it_says, each_element_of_a_call_has_its_own_answer, a_read_says_where_the_work_stands_and_since_when;
    successes: a_success_is_a_replay_and_keeps_its_result, a_success_with_another_payload_is_a_conflict, a_success_is_never_undone, a_completion_after_a_takeover_is_refused, a_completion_of_what_has_no_row_is_refused, a_late_completion_of_the_registered_owner_is_right, a_completion_of_another_ones_success_is_a_replay_or_a_conflict, a_result_that_could_not_be_kept_leaves_a_note;
    given_up: a_release_frees_the_key_at_once, a_release_after_a_takeover_changes_nothing, a_late_copy_of_a_released_claim_is_refused, a_rejection_blocks_its_payload_and_version_only, a_rejection_after_a_takeover_changes_nothing, a_cancellation_leaves_the_lease_and_is_no_hint_of_a_crash, a_rejection_can_be_forgotten_and_nothing_else_can;
    many: many_claims_in_a_call_are_each_answered_in_their_place, a_claim_among_many_leaves_the_row_of_a_claim, many_completions_in_a_call_are_each_their_own, many_are_given_up_in_a_call_as_one_is;
    renewals: a_renewal_moves_the_end_and_never_back, a_renewal_after_a_takeover_is_refused;
    marks: a_mark_is_a_success_and_respects_a_living_lease, a_mark_keeps_its_result_and_takes_over_what_a_claim_would, a_mark_respects_a_remembered_rejection;
    fences: the_older_of_two_grants_of_an_owner_holds_nothing;
    races: of_claims_at_the_same_moment_one_is_granted, of_calls_at_the_same_moment_one_is_granted_each_key, a_completion_and_a_takeover_at_the_same_moment_exclude_each_other, giving_up_at_the_moment_of_a_takeover_takes_nothing_from_the_winner, a_renewal_and_a_takeover_at_the_same_moment_exclude_each_other, of_marks_at_the_same_moment_one_is_the_success, a_mark_and_a_claim_at_the_same_moment_exclude_each_other, forgetting_at_the_moment_of_a_claim_takes_nothing_from_it;
}
