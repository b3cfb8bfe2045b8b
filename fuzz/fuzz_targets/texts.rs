//! Feeds `targets::as_texts`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| targets::as_texts(bytes));
