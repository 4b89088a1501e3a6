//! What both sides in Rust share, so that they differ in nothing else: the work, and the client of DynamoDB. And the events, for the bench.

mod client;
mod runs;
mod work;

pub use self::{
    client::{TABLE, store},
    work::{Order, WrongOrder, event, place},
};
