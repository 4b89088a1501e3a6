//! What each action does.

use super::{
    END_MS, Protocol, RETENTION_END_S, START, VERSION,
    action::Delivery,
    state::{Attempt, COPIES, End, Held, Settle, Stage, State},
};
use crate::claim::{
    ClaimAnswer, ClaimRequest, CompleteAnswer, CompleteRequest, FailRequest, FencingToken, Lease, MarkRequest, Owner,
    RenewAnswer,
    protocol::{Found, Row, Status, Write, claim, holds, mark, renew, rules::Change},
};

/// What a write met and what it came to.
struct Written {
    met: Option<Row>,
    write: Write<Row>,
}

impl Written {
    fn row(&self) -> Option<&Row> {
        match &self.write {
            Write::Written(row) => Some(row),
            Write::Refused(_) => None,
        }
    }
}

impl Protocol {
    pub(super) fn claim_request(&self, state: &State, place: usize) -> ClaimRequest {
        let payload_hash = self.payload_hashes[usize::from(state.attempts[place].payload)];
        let owner = Owner::from_bits(place as u128);
        let request = ClaimRequest::new(self.key.clone(), owner, END_MS, RETENTION_END_S, payload_hash);
        if self.has.rejections { request.version(VERSION) } else { request }
    }

    pub(super) fn lease(&self, state: &State, place: usize) -> Option<Lease> {
        let Held { fence, end_ms } = state.attempts[place].lease?;
        Some(Lease::granted(&self.claim_request(state, place), FencingToken(fence), 1, end_ms))
    }

    pub(super) fn deliver_claim(&self, state: &mut State, delivery: Delivery) {
        let place = delivery.of;
        let request = self.claim_request(state, place);
        let now_ms = clock(state, delivery.lease_is_over);
        let is_waiting = state.attempts[place].stage == Stage::Claiming;
        let had_commit = has_commit(state);
        let written = state.apply((self.rules.claim)(state.row.0.as_ref(), &request, now_ms));
        if let Some(row) = written.row() {
            state.broken.granted_after_commit |= had_commit;
            state.broken.taken_back |= written.met.as_ref().is_some_and(|met| is_release_of(met, &request));
            state.broken.ran_what_was_rejected |=
                written.met.as_ref().is_some_and(|met| is_rejection_of(met, &request));
            state.note_grant(row.fence.0);
            state.seen.late_claim_granted |= self.is_watched && !is_waiting;
        }
        let was_refused = written.row().is_none();
        let met_itself = written.met.as_ref().is_some_and(|met| met.owner == request.owner);
        let answer = (self.rules.claim_answer)(written.write, &request);
        match &answer {
            ClaimAnswer::Acquired(lease) => {
                // Heard or not: an answer that grants must never be given then.
                state.broken.granted_after_commit |= had_commit;
                state.broken.granted_without_row |= !holds(state.row.0.as_ref(), lease);
                state.seen.own_write_recognised |= self.is_watched && was_refused;
            }
            ClaimAnswer::InProgress { .. } => state.broken.blocked_by_itself |= is_waiting && met_itself,
            _ => {}
        }
        let attempt = &mut state.attempts[place];
        attempt.claims -= 1;
        if delivery.is_heard && is_waiting {
            attempt.hear_claim(answer);
        }
    }

    /// The claim's answer is unknown: one consistent read.
    pub(super) fn heal_claim(&self, state: &mut State, place: usize) {
        let request = self.claim_request(state, place);
        let healed = (self.rules.healed)(state.found(), &request, clock(state, false));
        state.seen.claim_healed |= self.is_watched && matches!(healed, Some(ClaimAnswer::Acquired(_)));
        match healed {
            Some(answer) => state.attempts[place].hear_claim(answer),
            None => state.attempts[place].stage = Stage::Ended(End::Failed),
        }
    }

    pub(super) fn deliver_settle(&self, state: &mut State, delivery: Delivery) {
        let place = delivery.of;
        let Some((settle, _)) = state.attempts[place].settle else { return };
        let answer = match settle {
            Settle::Complete => self.lease(state, place).map(|lease| self.complete(state, place, lease)),
            Settle::Mark => Some(self.mark(state, delivery)),
            Settle::Release | Settle::Fail => {
                // What it comes to changes no outcome.
                self.lease(state, place).inspect(|lease| self.give_up(state, lease, settle));
                None
            }
        };
        let attempt = &mut state.attempts[place];
        attempt.settle = attempt.settle.map(|(settle, copies)| (settle, copies - 1));
        if let Some(answer) = answer
            && delivery.is_heard
        {
            attempt.hear_completion(&answer);
        }
    }

    fn complete(&self, state: &mut State, place: usize, lease: Lease) -> CompleteAnswer {
        let fence = lease.fence.0;
        let request = CompleteRequest::new(lease, RETENTION_END_S);
        let written = state.apply((self.rules.complete)(state.row.0.as_ref(), &request));
        match written.row() {
            Some(_) => {
                state.attempts[place].committed = true;
                state.broken.completed_after_takeover |= fence != state.last_fence;
            }
            None => self.see_refusal(state, written.met.as_ref(), place),
        }
        (self.rules.complete_answer)(&written.write, &request)
    }

    fn see_refusal(&self, state: &mut State, met: Option<&Row>, place: usize) {
        let is_own =
            met.is_some_and(|met| met.status == Status::Completed && met.owner == Owner::from_bits(place as u128));
        state.seen.own_completion_recognised |= self.is_watched && is_own;
        state.seen.completion_refused |= self.is_watched && !is_own;
    }

    fn mark(&self, state: &mut State, delivery: Delivery) -> CompleteAnswer {
        let request = MarkRequest::new(self.claim_request(state, delivery.of));
        let now_ms = clock(state, delivery.lease_is_over);
        let had_commit = has_commit(state);
        let written = state.apply((self.rules.mark)(state.row.0.as_ref(), &request, now_ms));
        if let Some(row) = written.row() {
            state.broken.granted_after_commit |= had_commit;
            state.attempts[delivery.of].committed = true;
            state.note_grant(row.fence.0);
        }
        mark::answer(&written.write, &request)
    }

    fn give_up(&self, state: &mut State, lease: &Lease, settle: Settle) {
        let row = state.row.0.as_ref();
        let change = if settle == Settle::Fail {
            (self.rules.fail)(row, &FailRequest::new(lease.clone(), VERSION, "rejected"))
        } else {
            (self.rules.release)(row, lease)
        };
        let changes = !matches!(change, Change::Refused);
        state.broken.changed_foreign_row |= changes && row.is_some() && !holds(row, lease);
        state.apply(change);
    }

    /// The answer to the completion or the mark is unknown: one consistent read. A row that is still held says nothing: the
    /// completion may be on its way.
    pub(super) fn heal_completion(&self, state: &mut State, place: usize) {
        let answer = state.row.0.clone().and_then(|row| match self.lease(state, place) {
            Some(lease) if holds(Some(&row), &lease) => None,
            Some(lease) => {
                let request = CompleteRequest::new(lease, RETENTION_END_S);
                Some((self.rules.complete_answer)(&Write::Refused(Found::Row(row)), &request))
            }
            None if row.status == Status::Completed => {
                let request = MarkRequest::new(self.claim_request(state, place));
                Some(mark::answer(&Write::<()>::Refused(Found::Row(row)), &request))
            }
            None => None,
        });
        match answer {
            Some(answer) => state.attempts[place].hear_completion(&answer),
            None => state.attempts[place].stage = Stage::Ended(End::Failed),
        }
    }

    pub(super) fn deliver_renewal(&self, state: &mut State, delivery: Delivery, which: usize) {
        let place = delivery.of;
        let Some(lease) = self.lease(state, place) else { return };
        let until_ms = renewed_end_ms(which);
        let change = (self.rules.renew)(state.row.0.as_ref(), &lease, until_ms);
        let changes = !matches!(change, Change::Refused);
        state.broken.changed_foreign_row |= changes && !holds(state.row.0.as_ref(), &lease);
        let written = state.apply(change);
        let attempt = &mut state.attempts[place];
        attempt.renewals[which] -= 1;
        if delivery.is_heard {
            match renew::answer(&written.write, &lease, until_ms) {
                RenewAnswer::Held { lease_expires_at_ms } => {
                    attempt.lease = attempt.lease.map(|held| Held { end_ms: lease_expires_at_ms, ..held });
                }
                RenewAnswer::LeaseLost | RenewAnswer::Unknown(_) => attempt.stage = Stage::Ended(End::Failed),
            }
        }
    }
}

impl State {
    fn apply(&mut self, change: Change) -> Written {
        let met = self.row.0.clone();
        let write = match change {
            Change::Refused => Write::Refused(self.found()),
            Change::Put(row) => Write::Written(row),
            Change::Delete => {
                self.row.0 = None;
                return Written { write: Write::Refused(Found::Nothing), met };
            }
        };
        if let Write::Written(row) = &write {
            // A hint and a time that no rule reads; they would only multiply the states.
            self.row.0 = Some(Row { attempts: 0, since_ms: 0, ..row.clone() });
        }
        Written { met, write }
    }

    fn found(&self) -> Found {
        self.row.0.clone().map_or(Found::Nothing, Found::Row)
    }

    fn note_grant(&mut self, fence: u64) {
        self.broken.fence_did_not_grow |= fence <= self.last_fence;
        self.last_fence = self.last_fence.max(fence);
    }
}

impl Attempt {
    fn hear_claim(&mut self, answer: ClaimAnswer) {
        self.stage = match answer {
            ClaimAnswer::Acquired(lease) => {
                self.lease = Some(Held { fence: lease.fence.0, end_ms: lease.expires_at_ms });
                Stage::Running
            }
            ClaimAnswer::Completed { .. } => Stage::Ended(End::Replayed),
            _ => Stage::Ended(End::Failed),
        };
    }

    fn hear_completion(&mut self, answer: &CompleteAnswer) {
        self.stage = Stage::Ended(match answer {
            CompleteAnswer::Committed => End::Committed,
            CompleteAnswer::CompletedElsewhere => End::CompletedElsewhere,
            _ => End::Failed,
        });
    }

    pub(super) fn send(&mut self, settle: Settle) {
        self.settle = Some((settle, COPIES));
        self.stage = match settle {
            Settle::Complete | Settle::Mark => Stage::Completing,
            Settle::Release | Settle::Fail => Stage::Ended(End::Failed),
        };
    }
}

/// The clock that a claim is judged by: any, as far as leases go: the last moment at which the row's lease stands, or the
/// first at which it is over. Where there is no row there may have been one: its fencing tokens are behind the clock by then.
fn clock(state: &State, lease_is_over: bool) -> u64 {
    match state.row.0.as_ref().map(|row| row.status) {
        None => state.last_fence.max(START),
        Some(Status::InProgress { lease_expires_at_ms }) => {
            lease_expires_at_ms + claim::SKEW_MS + u64::from(lease_is_over)
        }
        Some(_) => END_MS + claim::SKEW_MS + u64::from(lease_is_over),
    }
}

pub(super) fn renewed_end_ms(which: usize) -> u64 {
    END_MS + 1 + which as u64
}

pub(super) fn has_commit(state: &State) -> bool {
    state.attempts.iter().any(|attempt| attempt.committed)
}

fn is_release_of(row: &Row, request: &ClaimRequest) -> bool {
    row.status == Status::Released && row.owner == request.owner
}

fn is_rejection_of(row: &Row, request: &ClaimRequest) -> bool {
    row.status == Status::Failed && row.payload_hash == request.payload_hash && row.version == request.version
}
