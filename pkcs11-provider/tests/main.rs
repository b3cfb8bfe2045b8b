//! The module as its hosts use it: loaded as a library, against a responder at its socket.
#![expect(
    unsafe_code,
    reason = "a C interface is tested through its C functions"
)]
#![allow(
    missing_docs,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_possible_wrap,
    clippy::too_many_lines,
    clippy::needless_pass_by_value,
    clippy::or_fun_call,
    unreachable_pub,
    reason = "tests say what they do by their names, and their numbers are small"
)]

#[macro_use]
mod common;

mod abi;
mod failures;
mod fork;
mod objects;
mod operations;
mod sessions;
mod tools;
