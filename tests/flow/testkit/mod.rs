//! The test kit itself: what it says must be true before anybody trusts a test that uses it.

mod event;
mod fixtures;
mod harness;
mod judge;
mod redelivery;
mod scratch;
