//! Every row as it was after every write, and the rules that no write may break.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::{executor::ProcessId, heard::Heard, process::Place};
use crate::claim::{
    FencingToken, IdempotencyKey, Owner,
    protocol::{Row, Status},
};

/// What else it may be where claims or successes are missing.
pub(super) const OTHER_STORE: &str = "or the consumer has another store than `Process::idempotency`";

/// What a write is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Write {
    Claim,
    Complete,
    Mark,
    GiveUp,
    Renew,
    Forget,
}

/// Who writes: its owner, and the fence of its lease where it has one.
#[derive(Clone, Copy, Debug)]
pub(super) struct By {
    pub(super) owner: Owner,
    pub(super) fence: Option<FencingToken>,
}

/// A handler that runs, under which key if it was claimed.
struct Run {
    id: u64,
    key: Option<IdempotencyKey>,
    place: Place,
}

/// What a handler that starts meets, itself included.
pub(super) struct Together {
    pub(super) run: u64,
    pub(super) of_key: usize,
    pub(super) of_process: usize,
    pub(super) of_place: usize,
}

/// What was committed, and what went wrong.
#[derive(Default)]
pub(super) struct Ledger {
    /// Within the retention.
    commits: BTreeMap<IdempotencyKey, u32>,
    ever_committed: BTreeSet<IdempotencyKey>,
    /// By message id.
    keys: BTreeMap<String, IdempotencyKey>,
    /// Owners whose handler wants effects with its success.
    wanting: Vec<Owner>,
    /// Owners whose claim was written.
    claimed: HashSet<Owner>,
    /// Ids of messages of which a handler succeeded.
    handled: BTreeSet<String>,
    /// Handlers that succeeded in invocations that go on.
    succeeded: Vec<(Owner, Place)>,
    /// By key: effects that happened, and transactions that committed.
    effects: BTreeMap<IdempotencyKey, (u64, u64)>,
    running: Vec<Run>,
    next_run: u64,
    /// Workers whose clocks or timers are off, or that stood still: they may notice too late that they lost a lease.
    late: BTreeSet<ProcessId>,
    /// Owners whose completion was sent.
    completing: Vec<Owner>,
    /// What a store of the user's own said.
    pub(super) heard: Heard,
    pub(super) violations: Vec<String>,
    /// How many writes changed a row.
    pub(super) writes: u64,
}

impl Ledger {
    /// Whether work of this key is done.
    pub(super) fn is_committed(&self, key: &IdempotencyKey) -> bool {
        self.commits.contains_key(key)
    }

    /// The row of a key is gone: its retention was over.
    pub(super) fn forgets(&mut self, key: &IdempotencyKey) {
        self.commits.remove(key);
    }

    /// Notes which key a message has.
    pub(super) fn names(&mut self, message_id: &str, key: &IdempotencyKey) {
        self.keys.insert(message_id.to_owned(), key.clone());
    }

    /// A handler succeeded with a message.
    pub(super) fn handles(&mut self, message_id: &str) {
        self.handled.insert(message_id.to_owned());
    }

    pub(super) fn is_handled(&self, message_id: &str) -> bool {
        self.handled.contains(message_id)
    }

    /// A claim of that owner was written.
    pub(super) fn is_granted(&mut self, owner: Owner) {
        self.claimed.insert(owner);
    }

    /// The work of a key is done. How often that was said within its retention.
    pub(super) fn is_done_now(&mut self, key: &IdempotencyKey) -> u32 {
        self.ever_committed.insert(key.clone());
        let commits = self.commits.entry(key.clone()).or_default();
        *commits += 1;
        *commits
    }

    /// Whether a claim of that owner was ever written.
    pub(super) fn is_claimed(&self, owner: Owner) -> bool {
        self.claimed.contains(&owner)
    }

    /// A handler that ran under that owner succeeded, and wants effects to happen with that or not.
    pub(super) fn succeeds(&mut self, owner: Owner, place: Place, wants_effects: bool) {
        self.succeeded.push((owner, place));
        self.wanting.extend(wants_effects.then_some(owner));
    }

    /// The store was told of the success of that owner, whatever comes of it.
    pub(super) fn is_told(&mut self, owner: Owner) {
        self.succeeded.retain(|(of, _)| *of != owner);
    }

    /// An invocation that was on time is answered: the store was told of every success of its handlers.
    pub(super) fn answers_in_time(&mut self, place: Place) {
        let unsent = self.succeeded.iter().filter(|(_, of)| *of == place).count();
        if unsent > 0 {
            self.violation(format!("the store was never told of a success: {unsent} of them; {OTHER_STORE}"));
        }
        self.answers_late(place);
    }

    /// One that was held up may be answered too late for all that it should have done.
    pub(super) fn answers_late(&mut self, place: Place) {
        self.succeeded.retain(|(_, of)| *of != place);
    }

    /// A process is gone.
    pub(super) fn ends_all(&mut self, process: ProcessId) {
        self.succeeded.retain(|(_, of)| of.process != process);
    }

    pub(super) fn is_wanting(&self, owner: Owner) -> bool {
        self.wanting.contains(&owner)
    }

    /// Effects happened, in a transaction that committed or not.
    pub(super) fn happened(&mut self, key: &IdempotencyKey, effects: u32, is_committed: bool) {
        let (happened, committed) = self.effects.entry(key.clone()).or_default();
        *happened += u64::from(effects);
        *committed += u64::from(is_committed && effects > 0);
        if happened != committed {
            let what = format!("I6: {happened} effects for {committed} commits of {key:?}");
            self.violation(what);
        }
    }

    /// Whether the work of a message is done, as far as its key is known.
    pub(super) fn is_done(&self, message_id: &str) -> Option<bool> {
        self.keys.get(message_id).map(|key| self.ever_committed.contains(key))
    }

    /// A handler starts. How many run for that key now, and how many in that process and in that place.
    pub(super) fn starts(&mut self, key: Option<&IdempotencyKey>, place: Place) -> Together {
        self.next_run += 1;
        self.running.push(Run { id: self.next_run, key: key.cloned(), place });
        let count = |is: &dyn Fn(&Run) -> bool| self.running.iter().filter(|run| is(run)).count();
        Together {
            run: self.next_run,
            of_key: count(&|run| {
                run.key.is_some() && run.key.as_ref() == key && !self.late.contains(&run.place.process)
            }),
            of_process: count(&|run| run.place.process == place.process),
            of_place: count(&|run| run.place == place),
        }
    }

    /// A worker is held up.
    pub(super) fn is_late(&mut self, process: ProcessId) {
        self.late.insert(process);
    }

    /// How many handlers run in a process.
    pub(super) fn runs_of(&self, process: ProcessId) -> usize {
        self.running.iter().filter(|run| run.place.process == process).count()
    }

    pub(super) fn ends(&mut self, run: u64) {
        self.running.retain(|running| running.id != run);
    }

    /// An invocation is answered: what it was told to stop and left behind does not run any more.
    pub(super) fn answers(&mut self, place: Place) {
        self.running.retain(|run| run.place != place);
    }

    /// Notes what is sent: behind its completion a claim is not given up.
    pub(super) fn sends(&mut self, write: Write, owner: Owner) {
        match write {
            Write::Complete | Write::Mark => self.completing.push(owner),
            Write::GiveUp if self.completing.contains(&owner) => {
                self.violation("a claim is given up although its completion was sent".to_owned());
            }
            _ => {}
        }
    }

    pub(super) fn commits(&self) -> usize {
        self.ever_committed.len()
    }

    pub(super) fn violation(&mut self, what: String) {
        self.violations.push(what);
    }

    /// Looks at what a write of that owner made of a row.
    pub(super) fn note(
        &mut self,
        write: Write,
        key: &IdempotencyKey,
        by: Option<By>,
        before: Option<&Row>,
        after: Option<&Row>,
        now_ms: u64,
    ) {
        let is_expired = before.is_some_and(|row| row.is_expired(now_ms));
        if before.is_some() && after.is_none() {
            self.violation(format!("I8: {write:?} deletes a row"));
        }
        let owner = by.map(|by| by.owner);
        self.claimed
            .extend(owner.filter(|_| write == Write::Claim && after.is_some_and(|row| Some(row.owner) == owner)));
        let lease_end = |row: Option<&Row>| row.and_then(lease_end_ms);
        let (ended, ends) = (lease_end(before), lease_end(after));
        let Some(after) = after.filter(|after| Some(*after) != before) else { return };
        self.writes += 1;
        let mut wrong = Vec::new();
        let mut must = |holds: bool, rule: &'static str| wrong.extend((!holds).then_some(rule));
        let was = |status: fn(&Status) -> bool| before.is_some_and(|row| status(&row.status));
        // What is over may be forgotten, by whoever claims.
        let is_forgotten = is_expired && matches!(write, Write::Claim | Write::Mark);
        if is_forgotten {
            self.commits.remove(key);
        }
        let was_completed = !is_forgotten && was(|status| matches!(status, Status::Completed));
        must(!was_completed, "I2, I3: what is done never changes");
        must(owner.is_none_or(|owner| after.owner == owner), "I8: a row belongs to who wrote it last");
        let fence_grew = before.is_none_or(|before| after.fence > before.fence);
        match write {
            Write::Claim | Write::Mark => {
                must(fence_grew, "I9: fences grow with every grant");
                let is_over = !is_forgotten
                    && was(|status| matches!(status, Status::Released))
                    && before.map(|row| row.owner) == owner;
                must(!is_over, "a late copy of a claim that was released is refused");
                let is_same = before.is_some_and(|row| row.version.is_some() && row.version == after.version)
                    && before.is_some_and(|row| row.payload_hash == after.payload_hash);
                let was_rejected = !is_forgotten && was(|status| matches!(status, Status::Failed));
                must(!(was_rejected && is_same), "I19: what a version rejected it does not run again");
            }
            Write::Complete | Write::GiveUp | Write::Renew => {
                let fence = by.and_then(|by| by.fence);
                let is_holder = before.is_some_and(|row| {
                    Some(row.owner) == owner && row.fence == after.fence && fence == Some(row.fence)
                });
                let was_held = was(|status| matches!(status, Status::InProgress { .. }));
                must(is_holder && was_held, "I7, I8: only the holder settles");
                must(write != Write::Renew || ends >= ended, "a renewal never shortens a lease");
            }
            Write::Forget => must(was(|status| matches!(status, Status::Failed)), "only a rejection is forgotten"),
        }
        if after.status == Status::Completed {
            must(self.is_done_now(key) == 1, "I1: a key is committed once");
        }
        let told = wrong.into_iter().map(|rule| format!("{rule}: {write:?} made {after:?} of {before:?}"));
        self.violations.extend(told);
    }
}

fn lease_end_ms(row: &Row) -> Option<u64> {
    match row.status {
        Status::InProgress { lease_expires_at_ms } => Some(lease_expires_at_ms),
        _ => None,
    }
}
