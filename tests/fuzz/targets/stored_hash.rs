//! The fuzz target `stored_hash`: see `fuzz::stored_hash`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::stored_hash::check(data));
