//! The protocol, model checked: every order of events among a few attempts for one key.
//!
//! The rules are the functions of the code itself, called on real rows, requests and leases. Around them the model lets
//! happen:
//!
//! - A request is delivered never, once or twice, at any later moment, also after its attempt ended: the original and one
//!   more by the SDK. A completion whose answer did not come may be sent again without end.
//! - An answer is heard or lost. An attempt without an answer reads, or ends. After a completion it never releases.
//! - An attempt ends at any moment: by a crash, a cancellation or a deadline, which are one here.
//! - Clocks are arbitrary: each claim and each mark is judged at the last moment at which the row's lease stands, or at the
//!   first at which it is over, whatever was so before. Where there is no row, the clock is not behind the fencing tokens
//!   that were granted: tokens that grow across a removed row are promised under this alone.
//! - Rows that are no successes are removed at any moment, far earlier than a table's time to live does it.
//! - Where a run says so: two payloads under one key, rejections (remembered, and forgotten by hand), marks, two renewals.
//!
//! What is explored, in states that differ by more than the names of attempts and the size of fencing tokens:
//!
//! | run | states |
//! | --- | --- |
//! | three attempts | 39,424 |
//! | three attempts, two payloads, rejections and marks | 248,381 |
//! | two attempts with two renewals, each delivered at most once | 143,551 |
//! | two attempts, rejections and marks, watched: states remember what happened | 39,074 |
//! | two attempts with everything, renewals delivered twice (ignored: slow) | 1,246,616 |
//! | four attempts (ignored: slow) | 749,226 |
//!
//! Not covered: the end of the retention, where the promise ends; expired rows that are still there; several versions of a
//! handler; rows that are corrupt; three attempts that renew; that at most one handler runs at a time, which needs clocks.
//! The read after a completion without an answer, and what an attempt does with an answer, are the model's own.

mod action;
mod properties;
mod state;
mod step;
mod tests;

use stateright::{Model, Property};

use self::{
    action::Action,
    state::{Attempt, COPIES, End, Stage, State, Stored},
};
use super::{
    Status,
    rules::{Change, Rules},
};
use crate::claim::{IdempotencyKey, PayloadHash};

/// Where fencing tokens start.
const START: u64 = 1_000;
/// Where every lease ends that was not renewed.
const END_MS: u64 = 1_000_000;
/// Never: within it the promise holds.
const RETENTION_END_S: u64 = u64::MAX;
/// The one version of the handler.
const VERSION: &str = "1";

/// Which of the less usual things happen too.
#[derive(Clone, Copy, Default)]
struct Has {
    /// Rejections that are remembered, and forgotten by hand.
    rejections: bool,
    /// How often each renewal may be delivered.
    renewals: u8,
    marks: bool,
    /// Rows that are not successes may be removed.
    removals: bool,
}

/// The model: so many attempts for one key, under these rules.
struct Protocol {
    rules: Rules,
    /// The payload of each attempt.
    payloads: Vec<u8>,
    has: Has,
    /// Whether states remember what happened.
    is_watched: bool,
    key: IdempotencyKey,
    payload_hashes: [PayloadHash; 2],
}

impl Protocol {
    fn new(rules: Rules, payloads: &[u8], has: Has) -> Self {
        Self {
            rules,
            payloads: payloads.to_vec(),
            has,
            is_watched: false,
            key: IdempotencyKey::derive("orders", &[b"m-1"]),
            payload_hashes: [PayloadHash::of(b"a"), PayloadHash::of(b"b")],
        }
    }
}

impl Model for Protocol {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let attempts = self.payloads.iter().map(|payload| Attempt::new(*payload)).collect();
        let (broken, seen) = Default::default();
        vec![State { row: Stored(None), attempts, last_fence: 0, broken, seen }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        for (place, attempt) in state.attempts.iter().enumerate() {
            self.actions_of(place, attempt, actions);
        }
        if let Some(row) = &state.row.0 {
            if self.has.removals && row.status != Status::Completed {
                actions.push(Action::Remove);
            }
            if self.has.rejections {
                actions.push(Action::Forget);
            }
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = last.clone();
        match action {
            Action::Claim(place) => {
                state.attempts[place].stage = Stage::Claiming;
                state.attempts[place].claims = COPIES;
            }
            Action::DeliverClaim(delivery) => self.deliver_claim(&mut state, delivery),
            Action::ReadAfterClaim(place) => self.heal_claim(&mut state, place),
            Action::Send(place, settle) => state.attempts[place].send(settle),
            Action::SendAgain(place) => {
                state.attempts[place].settle = last.attempts[place].settle.map(|(settle, _)| (settle, COPIES));
            }
            Action::ReadAfterCompletion(place) => self.heal_completion(&mut state, place),
            Action::Deliver(delivery) => self.deliver_settle(&mut state, delivery),
            Action::Renew(place) => {
                let attempt = &mut state.attempts[place];
                attempt.renewals[usize::from(attempt.renewals_sent)] = self.has.renewals;
                attempt.renewals_sent += 1;
            }
            Action::DeliverRenewal(delivery, which) => self.deliver_renewal(&mut state, delivery, which),
            Action::Stop(place) => state.attempts[place].stage = Stage::Ended(End::Failed),
            Action::Remove => {
                state.row.0 = None;
                state.seen.removed |= self.is_watched;
            }
            Action::Forget => {
                if let Change::Put(row) = (self.rules.forget)(last.row.0.as_ref()) {
                    state.row.0 = Some(row);
                    state.seen.rejection_forgotten |= self.is_watched;
                }
            }
        }
        state.attempts.iter_mut().for_each(Attempt::tidy);
        (state != *last).then_some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties::of(self)
    }
}
