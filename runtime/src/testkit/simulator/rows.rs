//! Which row of the protocol's tables an answer of the server was: a simulation that never meets one proves nothing about it.

use super::{
    client,
    server::{Answer, Request},
    store::Way,
};
use crate::claim::{
    ClaimAnswer, ClaimRequest, CompleteAnswer, HeldAnswer, Owner, RenewAnswer,
    protocol::{Row, Status},
};

/// The row in words; `None` for what has no table.
pub(super) fn met(request: &Request, before: Option<&Row>, answer: &Answer, now_ms: u64) -> Option<&'static str> {
    Some(match (request, answer) {
        (Request::Claim(request), Answer::Claim(answer)) => claim(request, before, answer, now_ms),
        (Request::Complete(request), Answer::Complete(answer)) => {
            let is_own = is_completed_by(before, request.lease.owner());
            complete(is_own, answer)
        }
        (Request::Mark(request), Answer::Complete(answer)) => mark(request.claim.owner, before, answer),
        (Request::Release(_), Answer::Held(HeldAnswer::Written)) => "release: written",
        (Request::Release(_), Answer::Held(_)) => "release: refused",
        (Request::Cancel(_), Answer::Held(HeldAnswer::Written)) => "cancel: written",
        (Request::Cancel(_), Answer::Held(_)) => "cancel: refused",
        (Request::Fail(_), Answer::Held(HeldAnswer::Written)) => "reject: written",
        (Request::Fail(_), Answer::Held(_)) => "reject: refused",
        (Request::Renew(_), Answer::Renew(RenewAnswer::Held { .. })) => "renew: held",
        (Request::Renew(_), Answer::Renew(_)) => "renew: the lease was lost",
        (Request::Transact(success, _), answer) => return transacted(success, before, answer),
        _ => return None,
    })
}

/// What was said to a queue and came to no answer.
pub(super) fn unheard(request: client::Request, way: Way) -> Option<&'static str> {
    Some(match (request, way) {
        (client::Request::Delete, Way::LosesTheRequest | Way::Refused) => "queue: a delete that did not land",
        (client::Request::Delete, Way::LosesTheReply) => "queue: a delete without an answer",
        (client::Request::Hide(_), Way::LosesTheRequest | Way::Refused) => "queue: a change that did not land",
        (client::Request::Hide(_), Way::LosesTheReply) => "queue: a change without an answer",
        _ => return None,
    })
}

fn transacted(success: &Request, before: Option<&Row>, answer: &Answer) -> Option<&'static str> {
    let Answer::Complete(answer) = answer else { return None };
    let owner = success.write().map(|(_, by)| by.owner);
    Some(match answer {
        CompleteAnswer::Committed if owner.is_some_and(|owner| is_completed_by(before, owner)) => {
            "transaction: its own write"
        }
        CompleteAnswer::Committed => "transaction: committed",
        CompleteAnswer::CompletedElsewhere => "transaction: another attempt won",
        CompleteAnswer::KeyConflict => "transaction: another payload won",
        _ => "transaction: the lease was lost",
    })
}

fn claim(request: &ClaimRequest, before: Option<&Row>, answer: &ClaimAnswer, now_ms: u64) -> &'static str {
    let is_own = before.is_some_and(|row| row.owner == request.owner);
    match answer {
        ClaimAnswer::Acquired(_) => granted(before, is_own, now_ms),
        ClaimAnswer::Completed { .. } => "claim: done before",
        ClaimAnswer::KeyConflict => "claim: done before with another payload",
        ClaimAnswer::InProgress { .. } if is_own => "claim: its own release",
        ClaimAnswer::InProgress { .. } => "claim: in progress elsewhere",
        ClaimAnswer::RejectedBefore { .. } => "claim: rejected before",
        _ => "claim: not answered",
    }
}

fn granted(before: Option<&Row>, is_own: bool, now_ms: u64) -> &'static str {
    match before.map(|row| (row.status, row.is_expired(now_ms))) {
        None => "claim: granted, nothing was there",
        Some((_, true)) => "claim: granted, expired",
        Some((Status::Released, _)) => "claim: granted, released",
        Some((Status::InProgress { .. }, _)) if is_own => "claim: its own write",
        Some((Status::InProgress { .. }, _)) => "claim: granted, the lease was over",
        Some((Status::Failed, _)) => "claim: granted, another payload or version was rejected",
        Some((Status::Completed, _)) => "claim: granted, although done",
    }
}

fn is_completed_by(before: Option<&Row>, owner: Owner) -> bool {
    before.is_some_and(|row| row.status == Status::Completed && row.owner == owner)
}

fn complete(is_own: bool, answer: &CompleteAnswer) -> &'static str {
    match answer {
        CompleteAnswer::Committed if is_own => "complete: its own write",
        CompleteAnswer::Committed => "complete: committed",
        CompleteAnswer::CompletedElsewhere => "complete: another attempt won",
        CompleteAnswer::KeyConflict => "complete: another payload won",
        _ => "complete: the lease was lost",
    }
}

fn mark(owner: Owner, before: Option<&Row>, answer: &CompleteAnswer) -> &'static str {
    match answer {
        CompleteAnswer::Committed if is_completed_by(before, owner) => "mark: its own write",
        CompleteAnswer::Committed => "mark: committed",
        CompleteAnswer::CompletedElsewhere => "mark: another attempt won",
        CompleteAnswer::KeyConflict => "mark: another payload won",
        _ => "mark: refused",
    }
}
