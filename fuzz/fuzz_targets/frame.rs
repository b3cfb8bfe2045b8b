//! Feeds `targets::frame`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| targets::frame(bytes));
