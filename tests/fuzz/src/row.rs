//! What a stored row may be taken for, said by other code than the stores': both are to fail closed, so what they take for a row
//! must be one by these words as well.

use sqs_runtime::{
    claim::{
        ClaimAnswer, ClaimRequest, CompleteAnswer, CompleteRequest, FencingToken, IdempotencyKey, IdempotencyStore,
        Lease, MarkRequest, Owner, PayloadHash, ReadAnswer, RenewAnswer, RenewRequest, RowStatus,
    },
    testkit::ManualClock,
};

use super::run::wait;

/// The owner, the payload and the version of every request; seeds name them, so that the fuzzer finds them.
const OWNER: u128 = 0x0123_4567_89ab_cdef_0123_4567_89ab_cdef;
const PAYLOAD: &[u8] = b"x";
const VERSION: &str = "7";

/// What a stored row says, as far as an answer depends on it; `None` where it is no row.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) status: String,
    pub(crate) owner: String,
    pub(crate) validation: String,
    pub(crate) fence: String,
    pub(crate) lease_end: Option<String>,
    pub(crate) version: Option<String>,
}

impl Said {
    fn is(&self, status: &str) -> bool {
        self.status == status
    }

    fn is_ours(&self) -> bool {
        // The case of a hexadecimal number is no part of it.
        self.owner.eq_ignore_ascii_case(&Owner::from_bits(OWNER).to_text())
    }

    fn has_our_payload(&self) -> bool {
        self.validation == PayloadHash::of(PAYLOAD).to_text()
    }
}

/// What the server says to a conditional write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    /// The condition held, and this is the row now.
    Written,
    /// The condition did not hold, and this is the row.
    Refused,
}

fn request() -> ClaimRequest {
    let key = IdempotencyKey::derive("orders", &[b"k"]);
    ClaimRequest::new(key, Owner::from_bits(OWNER), 1_800_000_060_000, 1_801_000_000, PayloadHash::of(PAYLOAD))
        .version(VERSION)
}

/// Asks the store what depends on a stored row. `said` is what the row behind every answer says.
pub(crate) fn ask(store: &impl IdempotencyStore, reply: Reply, said: Option<&Said>) {
    let request = request();
    let lease = Lease::granted(&request, FencingToken(5), 1, request.lease_expires_at_ms);
    wait(async {
        claimed(only(store.claim(std::slice::from_ref(&request), None).await), reply, said);
        let complete = CompleteRequest::new(lease.clone(), request.expires_at_s);
        completed(only(store.complete(&[complete], None).await), reply, said);
        completed(only(store.mark(&[MarkRequest::new(request.clone())], None).await), reply, said);
        renewed(only(store.renew(&[RenewRequest::new(lease, 1_800_000_090_000)], None).await), reply, said);
        let read = only(store.read(std::slice::from_ref(&request.key), None).await);
        self::read(read, said);
    });
}

fn only<T>(answers: Vec<T>) -> T {
    let [answer] = answers.try_into().unwrap_or_else(|_| panic!("one answer for one element"));
    answer
}

/// Only a row that says so is a grant or a success.
fn claimed(answer: ClaimAnswer, reply: Reply, said: Option<&Said>) {
    let holds = |what: &dyn Fn(&Said) -> bool| said.is_some_and(what);
    let is_right = match &answer {
        ClaimAnswer::Acquired(lease) => {
            holds(&|said| {
                said.fence.trim_start_matches(['0', '+']) == lease.fencing_token().0.to_string().trim_start_matches('0')
            }) && (reply == Reply::Written || holds(&|said| said.is("INPROGRESS") && said.is_ours()))
        }
        ClaimAnswer::Completed { .. } => holds(&|said| said.is("COMPLETED") && said.has_our_payload()),
        ClaimAnswer::KeyConflict => holds(&|said| said.is("COMPLETED") && !said.has_our_payload()),
        ClaimAnswer::RejectedBefore { .. } => holds(&|said| said.is("FAILED")),
        ClaimAnswer::InProgress { .. } => holds(&|said| !said.is_ours() || said.is("RELEASED")),
        ClaimAnswer::Corrupt | ClaimAnswer::Unknown(_) | ClaimAnswer::Unavailable(_) => true,
        other => panic!("an answer that nobody knows: {other:?}"),
    };
    assert!(is_right, "{answer:?} of {said:?}");
}

fn read(answer: ReadAnswer, said: Option<&Said>) {
    let ReadAnswer::Row(row) = answer else {
        return assert!(!matches!(answer, ReadAnswer::Nothing) || said.is_none(), "a row is overlooked: {said:?}");
    };
    let said = said.expect("no row is taken for one");
    let status = match row.status {
        RowStatus::InProgress { .. } => "INPROGRESS",
        RowStatus::Completed { .. } => "COMPLETED",
        RowStatus::Released => "RELEASED",
        RowStatus::Rejected { .. } => "FAILED",
        other => panic!("a status that nobody knows: {other:?}"),
    };
    assert_eq!((status, row.payload_hash.to_text()), (&*said.status, said.validation.clone()));
    assert_eq!(row.version.as_deref(), said.version.as_deref());
    assert!(status != "INPROGRESS" || said.lease_end.is_some(), "a lease without an end");
}

fn completed(answer: CompleteAnswer, reply: Reply, said: Option<&Said>) {
    let is_success = |said: &Said| said.is("COMPLETED") && (said.is_ours() || said.has_our_payload());
    let is_right = match &answer {
        CompleteAnswer::Committed | CompleteAnswer::CompletedElsewhere => {
            reply == Reply::Written || said.is_some_and(is_success)
        }
        _ => true,
    };
    assert!(is_right, "{answer:?} of {said:?}");
}

fn renewed(answer: RenewAnswer, reply: Reply, said: Option<&Said>) {
    let is_held = matches!(answer, RenewAnswer::Held { .. });
    let is_ours = said.is_some_and(|said| said.is("INPROGRESS") && said.is_ours());
    assert!(!is_held || reply == Reply::Written || is_ours, "{answer:?} of {said:?}");
}

/// The clock of every store: it stands still.
pub(crate) fn clock() -> ManualClock {
    ManualClock::new()
}
