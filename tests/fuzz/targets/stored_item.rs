//! The fuzz target `stored_item`: see `fuzz::stored_item`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::stored_item::check(data));
