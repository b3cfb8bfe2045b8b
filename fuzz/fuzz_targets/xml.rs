//! Feeds `targets::XML`.
#![no_main]

targets::feed!(targets::XML);
