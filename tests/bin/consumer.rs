//! A consumer with one handler that does what its message says.

fn main() {}
