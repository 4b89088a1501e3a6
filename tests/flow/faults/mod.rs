//! Every fault at every request of a batch to DynamoDB, in every way of guarding it: the real SDK and the real pipeline, over a
//! wire that loses, delays and fails requests by plan. The invariants are those of `runtime/docs/invariants.md`.
//!
//! The consumers here have no handler version, so a rejection that is remembered (`FAILED`) is not among the cases: the simulation
//! has them.

mod bench;
mod case;
mod check;
mod clock;
mod commit_only;
mod fault;
mod handler;
mod lease;
mod lease_and_transaction;
mod lease_in_company;
mod ledger;
mod mark_after;
mod message;
mod oracle;
mod plans;
mod row;
mod server;
mod state;
mod way;
mod wire;

use self::{bench::Bench, case::Turn, fault::Stage, plans::undisturbed, way::Way};

/// The operations on one record of a batch that meets no fault.
async fn stages(way: Way, turn: Turn) -> Vec<Stage> {
    let seen = undisturbed(&mut Bench::new(way), turn).await.seen;
    seen.iter().filter(|operation| operation.record == 0).map(|operation| operation.stage).collect()
}

#[tokio::test(start_paused = true)]
async fn without_a_fault_each_record_needs_the_requests_of_its_way() {
    let (first, again) = (Turn::default(), Turn { came_before: true, ..Turn::default() });
    assert_eq!(stages(Way::Lease, first).await, [Stage::Claim, Stage::Settle]);
    let two_succeed = Turn { two_succeed: true, ..first };
    assert_eq!(stages(Way::LeaseInCompany, first).await, [Stage::ClaimTogether, Stage::Settle]);
    assert_eq!(stages(Way::LeaseInCompany, two_succeed).await, [Stage::ClaimTogether, Stage::SettleTogether]);
    assert_eq!(stages(Way::LeaseAndTransaction, first).await, [Stage::Claim, Stage::Transact]);
    assert_eq!(stages(Way::LeaseAndTransaction, again).await, [Stage::Look, Stage::Claim, Stage::Transact]);
    assert_eq!(stages(Way::CommitOnly, first).await, [Stage::Transact]);
    assert_eq!(stages(Way::CommitOnly, again).await, [Stage::Look, Stage::Transact]);
    assert_eq!(stages(Way::MarkAfter, first).await, [Stage::Settle]);
    assert_eq!(stages(Way::MarkAfter, again).await, [Stage::Look, Stage::Settle]);
}
