//! What both sides in Rust share, so that they differ in nothing else: the work, and the client of DynamoDB.

mod client;
mod order;
mod runs;

pub use self::{
    client::{TABLE, store},
    order::{Order, WrongOrder, place},
};
