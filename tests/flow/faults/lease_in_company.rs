//! Claims, completions and releases of several messages in one request each; what is not done there, by itself.

use super::{
    fault::Point,
    plans::{alone, is_felt, kills, kills_after_a_fault, pairs},
    way::Way,
};

#[tokio::test(start_paused = true)]
async fn every_fault_alone() {
    assert!(alone(Way::LeaseInCompany).await >= 200);
}

#[tokio::test(start_paused = true)]
async fn every_pair_of_faults_at_one_message() {
    let is_of_one = |one: Point, other: Point| one.0.record == other.0.record;
    assert!(pairs(Way::LeaseInCompany, "pairs at one message", |_| true, is_of_one).await >= 1_900);
}

#[tokio::test(start_paused = true)]
async fn every_pair_of_felt_faults_at_two_messages() {
    let is_of_two = |one: Point, other: Point| one.0.record != other.0.record && is_felt(other);
    assert!(pairs(Way::LeaseInCompany, "pairs at two messages", is_felt, is_of_two).await >= 1_900);
}

#[tokio::test(start_paused = true)]
async fn a_process_that_dies_at_any_request() {
    assert!(kills(Way::LeaseInCompany).await >= 80);
}

#[tokio::test(start_paused = true)]
async fn a_process_that_dies_at_any_request_after_a_fault() {
    assert!(kills_after_a_fault(Way::LeaseInCompany).await >= 350);
}
