//! What the first delivery must come to, where no deadline cuts it: I5, I11 and I21 as a table.

use sqs_runtime::outcome::ReasonClass;

use super::{
    case::Case,
    fault::{Applied, Fault, Reply, Scope, Stage},
};

/// What the client knows of a write in the end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Known {
    Landed,
    Nothing,
    NotWritten,
}

/// A retry of the SDK heals what hits one attempt; else a read does, if the write is there.
fn known(write: Option<Fault>, read: Option<Fault>) -> Known {
    let Some(write) = write.filter(|fault| fault.scope == Scope::EveryAttempt) else { return Known::Landed };
    let is_read = read.is_none_or(|fault| fault.scope == Scope::FirstAttempt);
    match write {
        Fault { reply: Reply::Throttled, .. } => Known::NotWritten,
        Fault { applied: Applied::Now, .. } if is_read => Known::Landed,
        _ => Known::Nothing,
    }
}

/// Whether a record's outcome and its number of runs are the expected ones.
pub(super) fn agrees(case: &Case, record: usize, outcome: &str, class: Option<ReasonClass>, runs: usize) -> bool {
    if case.kill.is_some() || case.faults.iter().any(|(_, fault)| fault.reply == Reply::Never) {
        return true;
    }
    let at = |stage| case.fault_at(stage, record);
    let expected = match known(at(Stage::Claim), at(Stage::ReadAfterClaim)) {
        Known::NotWritten => ("retry", Some(ReasonClass::StoreUnavailable), 0),
        Known::Nothing => ("retry", Some(ReasonClass::ClaimUnknown), 0),
        Known::Landed if record == 1 => ("retry", Some(ReasonClass::Handler), 1),
        Known::Landed if record == 2 && case.panics => ("retry", Some(ReasonClass::Panic), 1),
        Known::Landed if record == 2 => ("rejected", Some(ReasonClass::Handler), 1),
        Known::Landed => match known(at(Stage::Settle), at(Stage::ReadAfterSettle)) {
            Known::Landed => ("done", None, 1),
            _ => ("retry", Some(ReasonClass::CommitUnknown), 1),
        },
    };
    (outcome, class, runs) == expected
}
