//! Peak memory of a large event.

fn main() {}
