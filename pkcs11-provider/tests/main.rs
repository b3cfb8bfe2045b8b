//! The module as its hosts use it: loaded as a library, against a responder at its socket.
#![expect(
    unsafe_code,
    reason = "a C interface is tested through its C functions"
)]
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_possible_wrap,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::needless_pass_by_value,
    unreachable_pub,
    clippy::too_many_lines,
    reason = "what the tests share may panic as they may, its numbers are small, and its names say what it does"
)]

#[macro_use]
mod common;

mod abi;
mod codes;
mod failures;
mod fork;
mod garbage;
mod hosts;
mod life;
mod matrix;
mod objects;
mod operations;
mod roles;
mod sessions;
mod surroundings;
mod tls;
mod tools;
