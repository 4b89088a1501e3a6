//! A mark after the handler, and nothing else.

use super::{
    fault::Point,
    plans::{alone, kills, kills_after_a_fault, pairs},
    way::Way,
};

#[tokio::test(start_paused = true)]
async fn every_fault_alone() {
    assert!(alone(Way::MarkAfter).await >= 60);
}

#[tokio::test(start_paused = true)]
async fn every_pair_of_faults_at_one_message() {
    let is_of_one = |one: Point, other: Point| one.0.record == other.0.record;
    assert!(pairs(Way::MarkAfter, "pairs at one message", |_| true, is_of_one).await >= 60);
}

#[tokio::test(start_paused = true)]
async fn a_process_that_dies_at_any_request() {
    assert!(kills(Way::MarkAfter).await >= 40);
}

#[tokio::test(start_paused = true)]
async fn a_process_that_dies_at_any_request_after_a_fault() {
    assert!(kills_after_a_fault(Way::MarkAfter).await >= 40);
}
