//! A claim before; after it one transaction of the completion and a business write.

use super::{
    fault::{Point, Stage},
    plans::{alone, chains, is_felt, kills, kills_after_a_fault, pairs},
    way::Way,
};

#[tokio::test(start_paused = true)]
async fn every_fault_alone() {
    assert!(alone(Way::LeaseAndTransaction).await >= 350);
}

#[tokio::test(start_paused = true)]
async fn every_pair_of_felt_faults_at_one_message() {
    let is_of_one = |one: Point, other: Point| one.0.record == other.0.record && is_felt(other);
    assert!(pairs(Way::LeaseAndTransaction, "pairs at one message", is_felt, is_of_one).await >= 250);
}

#[tokio::test(start_paused = true)]
async fn every_pair_of_a_felt_fault_at_a_transaction_and_one_at_another_message() {
    let is_of_two =
        |one: Point, other: Point| one.0.stage == Stage::Transact && one.0.record != other.0.record && is_felt(other);
    assert!(pairs(Way::LeaseAndTransaction, "pairs at two messages", is_felt, is_of_two).await >= 700);
}

#[tokio::test(start_paused = true)]
async fn a_transaction_that_is_told_one_thing_and_then_another() {
    assert!(chains(Way::LeaseAndTransaction).await >= 200);
}

#[tokio::test(start_paused = true)]
async fn a_process_that_dies_at_any_request() {
    assert!(kills(Way::LeaseAndTransaction).await >= 150);
}

#[tokio::test(start_paused = true)]
async fn a_process_that_dies_at_any_request_after_a_fault() {
    assert!(kills_after_a_fault(Way::LeaseAndTransaction).await >= 600);
}
