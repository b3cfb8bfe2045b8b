//! Feeds `targets::decode`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| targets::decode(bytes));
