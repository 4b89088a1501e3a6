//! DynamoDB as one process sees it: what commits together, and what each mode costs.

mod clock;
mod counting;
mod figures;
mod large;
mod powertools;
mod start;
mod together;
mod transaction;
mod undone;
