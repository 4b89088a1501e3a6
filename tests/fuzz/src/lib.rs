//! What the fuzz targets check, one module for each: properties of what comes out, not only that nothing panics.
//!
//! A package of its own, outside of the workspace: `Cargo.toml` says why, and `.ci/fuzz` runs it. A property that does not hold
//! panics; libFuzzer then keeps the input. A handler's or the crate's own panic ends the process as well, although the pipeline
//! would have caught it: the hook that libFuzzer sets comes first.

pub mod body;
pub mod envelope;
pub mod event;
pub mod key;
pub mod stored_hash;
pub mod stored_item;

mod captured;
mod row;
mod run;
mod wire;
