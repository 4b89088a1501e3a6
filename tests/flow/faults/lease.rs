//! A claim before, a completion after.

use super::{
    fault::Point,
    plans::{alone, is_felt, kills, kills_after_a_fault, pairs},
    way::Way,
};

#[tokio::test(start_paused = true)]
async fn every_fault_alone() {
    assert!(alone(Way::Lease).await >= 200);
}

#[tokio::test(start_paused = true)]
async fn every_pair_of_faults_at_one_message() {
    let is_of_one = |one: Point, other: Point| one.0.record == other.0.record;
    assert!(pairs(Way::Lease, "pairs at one message", |_| true, is_of_one).await >= 800);
}

#[tokio::test(start_paused = true)]
async fn every_pair_of_felt_faults_at_two_messages() {
    let is_of_two = |one: Point, other: Point| one.0.record != other.0.record && is_felt(other);
    assert!(pairs(Way::Lease, "pairs at two messages", is_felt, is_of_two).await >= 600);
}

#[tokio::test(start_paused = true)]
async fn a_process_that_dies_at_any_request() {
    assert!(kills(Way::Lease).await >= 100);
}

#[tokio::test(start_paused = true)]
async fn a_process_that_dies_at_any_request_after_a_fault() {
    assert!(kills_after_a_fault(Way::Lease).await >= 350);
}
