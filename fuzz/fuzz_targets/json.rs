//! Feeds `targets::JSON`.
#![no_main]

targets::feed!(targets::JSON);
