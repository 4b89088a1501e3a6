//! One transaction of the mark and a business write, and no claim before it.

use super::{
    fault::Point,
    plans::{alone, chains, is_felt, kills, kills_after_a_fault, pairs},
    way::Way,
};

#[tokio::test(start_paused = true)]
async fn every_fault_alone() {
    assert!(alone(Way::CommitOnly).await >= 150);
}

#[tokio::test(start_paused = true)]
async fn every_pair_of_felt_faults_at_one_message() {
    let is_of_one = |one: Point, other: Point| one.0.record == other.0.record && is_felt(other);
    assert!(pairs(Way::CommitOnly, "pairs at one message", is_felt, is_of_one).await >= 90);
}

#[tokio::test(start_paused = true)]
async fn a_transaction_that_is_told_one_thing_and_then_another() {
    assert!(chains(Way::CommitOnly).await >= 200);
}

#[tokio::test(start_paused = true)]
async fn a_process_that_dies_at_any_request() {
    assert!(kills(Way::CommitOnly).await >= 80);
}

#[tokio::test(start_paused = true)]
async fn a_process_that_dies_at_any_request_after_a_fault() {
    assert!(kills_after_a_fault(Way::CommitOnly).await >= 350);
}
