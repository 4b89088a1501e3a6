//! What the first delivery must come to, where no deadline cuts it: I5, I11 and I21 as a table.

use sqs_runtime::outcome::ReasonClass;

use super::{
    case::{Case, End},
    fault::{Applied, Fault, Reply, Scope, Stage},
    way::Way,
};

/// Outcome, reason and number of runs of a record.
pub(super) type Expected = (&'static str, Option<ReasonClass>, usize);

/// What the client knows of a write in the end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Known {
    Landed,
    Nothing,
    NotWritten,
}

/// Whether a read is answered: the SDK tries it twice.
fn is_read(read: Option<Fault>) -> bool {
    read.is_none_or(|fault| fault.scope == Scope::FirstAttempt)
}

/// A retry of the SDK heals what hits one attempt; else a read does, if the write is there.
fn known(write: Option<Fault>, read: Option<Fault>) -> Known {
    let Some(write) = write.filter(|fault| fault.scope.lasts()) else { return Known::Landed };
    match write {
        Fault { reply: Reply::Throttled, .. } => Known::NotWritten,
        Fault { applied: Applied::Now, .. } if is_read(read) => Known::Landed,
        _ => Known::Nothing,
    }
}

/// What the client knows of a transaction: tries under one token heal what passes; else a read does, if anything was left
/// open. `Landed` where its conditions hold means that they spoke where they do not.
fn transacted(faults: &[Fault], read: Option<Fault>, holds: bool) -> Known {
    let ends_at_once = faults.iter().any(|fault| fault.reply == Reply::Mismatched);
    // A copy that is under way may still land once the condition holds.
    if !ends_at_once && !holds && faults.iter().any(|fault| fault.reply.leaves_doubt()) {
        return Known::Nothing;
    }
    if !ends_at_once && !faults.iter().any(|fault| fault.scope.lasts()) {
        return Known::Landed;
    }
    let is_in_doubt = faults.iter().any(|fault| fault.reply.leaves_doubt());
    let is_there = holds && faults.iter().any(|fault| fault.applied == Applied::Now);
    match is_in_doubt {
        false => Known::NotWritten,
        true if is_there && is_read(read) => Known::Landed,
        true => Known::Nothing,
    }
}

/// What lets the handler run; an outcome if it does not.
fn begun(way: Way, case: &Case, record: usize) -> Result<(), Expected> {
    let at = |stage| case.fault_at(stage, record);
    if !is_read(at(Stage::Look)) {
        return Err(("retry", Some(ReasonClass::StoreUnavailable), 0));
    }
    let claimed = if way.claims() { known(at(Stage::Claim), at(Stage::ReadAfterClaim)) } else { Known::Landed };
    match claimed {
        Known::Landed => Ok(()),
        Known::NotWritten => Err(("retry", Some(ReasonClass::StoreUnavailable), 0)),
        Known::Nothing => Err(("retry", Some(ReasonClass::ClaimUnknown), 0)),
    }
}

/// What a handler that returned comes to, with its writes.
fn committed(case: &Case, record: usize, end: End) -> Expected {
    let faults: Vec<_> = case.faults_at(Stage::Transact, record).collect();
    let read = case.fault_at(Stage::ReadAfterSettle, record);
    match (transacted(&faults, read, end == End::Succeeds), end) {
        (Known::Landed, End::Fails) => ("retry", Some(ReasonClass::ConditionRefused), 1),
        (Known::Landed, End::IsRejected) => ("rejected", Some(ReasonClass::Handler), 1),
        (Known::Landed, _) => ("done", None, 1),
        (Known::NotWritten, _) => ("retry", Some(ReasonClass::NotCommitted), 1),
        (Known::Nothing, _) => ("retry", Some(ReasonClass::CommitUnknown), 1),
    }
}

fn expected(way: Way, case: &Case, record: usize) -> Result<Expected, Expected> {
    begun(way, case, record)?;
    let at = |stage| case.fault_at(stage, record);
    Ok(match case.turn.end(record, 1) {
        End::Panics => ("retry", Some(ReasonClass::Panic), 1),
        end @ (End::Fails | End::IsRejected) if case.turn.by_condition => committed(case, record, end),
        End::Fails => ("retry", Some(ReasonClass::Handler), 1),
        End::IsRejected => ("rejected", Some(ReasonClass::Handler), 1),
        End::Succeeds if way.transacts() => committed(case, record, End::Succeeds),
        End::Succeeds => match known(at(Stage::Settle), at(Stage::ReadAfterSettle)) {
            Known::Landed => ("done", None, 1),
            _ => ("retry", Some(ReasonClass::CommitUnknown), 1),
        },
    })
}

/// Whether a record's outcome and its number of runs are the expected ones.
pub(super) fn agrees(way: Way, case: &Case, record: usize, came: Expected) -> bool {
    // What was left open in company, for all that travelled, may come to either where the operation by itself is hit too.
    let was_open = case.faults.iter().any(|(at, fault)| at.stage.travels() && fault.reply.leaves_doubt());
    if (was_open && case.faults.len() > 1)
        || case.kill.is_some()
        || case.faults.iter().any(|(_, fault)| fault.reply == Reply::Never)
    {
        return true;
    }
    came == expected(way, case, record).unwrap_or_else(|unstarted| unstarted)
}
