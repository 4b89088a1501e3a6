//! The rules of the conditional writes, as a value: the model and the simulator run the code's own, and slips in their place.

pub(crate) mod slips;

use crate::claim::{
    ClaimAnswer, ClaimRequest, CompleteAnswer, CompleteRequest, FailRequest, Lease, MarkRequest,
    protocol::{Found, Row, Write, claim, complete, fail, forget, holds, mark, release, renew},
};

/// What a write does to the row that it met.
pub(crate) enum Change {
    Refused,
    Put(Row),
    /// Only slips delete.
    Delete,
}

impl From<Option<Row>> for Change {
    fn from(next: Option<Row>) -> Self {
        next.map_or(Self::Refused, Self::Put)
    }
}

/// Everything that the store decides, and what its answers mean. [`Rules::default`] are those of the code; a slip
/// replaces one of them.
#[derive(Clone, Copy)]
pub(crate) struct Rules {
    pub(crate) claim: fn(Option<&Row>, &ClaimRequest, u64) -> Change,
    pub(crate) claim_answer: fn(Write<Row>, &ClaimRequest) -> ClaimAnswer,
    pub(crate) healed: fn(Found, &ClaimRequest, u64) -> Option<ClaimAnswer>,
    pub(crate) complete: fn(Option<&Row>, &CompleteRequest) -> Change,
    pub(crate) complete_answer: fn(&Write<Row>, &CompleteRequest) -> CompleteAnswer,
    pub(crate) release: fn(Option<&Row>, &Lease) -> Change,
    pub(crate) fail: fn(Option<&Row>, &FailRequest) -> Change,
    pub(crate) renew: fn(Option<&Row>, &Lease, u64) -> Change,
    pub(crate) mark: fn(Option<&Row>, &MarkRequest, u64) -> Change,
    pub(crate) forget: fn(Option<&Row>) -> Change,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            claim: |row, request, now_ms| {
                claim::allows(row, request, now_ms).then(|| claim::granted(row, request, now_ms)).into()
            },
            claim_answer: claim::answer,
            healed: claim::healed,
            complete: |row, request| held(row, &request.lease).map(|row| complete::completed(row, request, 0)).into(),
            complete_answer: complete::answer,
            release: |row, lease| held(row, lease).map(|row| release::released(row, 0)).into(),
            fail: |row, request| held(row, &request.lease).map(|row| fail::failed(row, request, 0)).into(),
            renew: |row, lease, until_ms| {
                row.filter(|_| renew::allows(row, lease, until_ms)).map(|row| renew::renewed(row, until_ms)).into()
            },
            mark: |row, request, now_ms| {
                claim::allows(row, &request.claim, now_ms).then(|| mark::marked(row, request, now_ms)).into()
            },
            forget: |row| row.filter(|_| forget::allows(row)).map(|row| forget::forgotten(row, 0)).into(),
        }
    }
}

fn held<'a>(row: Option<&'a Row>, lease: &Lease) -> Option<&'a Row> {
    row.filter(|_| holds(row, lease))
}
