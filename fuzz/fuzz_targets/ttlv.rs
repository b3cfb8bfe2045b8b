//! Feeds `targets::TTLV`.
#![no_main]

targets::feed!(targets::TTLV);
