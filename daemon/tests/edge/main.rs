//! The edge of the daemon, from outside: the program, its sockets, its certificates, its end.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod activation;
mod called;
mod command;
mod crowded;
mod hanging;
mod harness;
mod https;
mod lasting;
mod life;
mod pages;
mod stream;
mod trust;
mod turned;
mod validated;
