//! Feeds `targets::ATTRIBUTES`.
#![no_main]

targets::feed!(targets::ATTRIBUTES);
