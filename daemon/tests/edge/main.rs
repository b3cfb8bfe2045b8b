//! The edge of the daemon, from outside: the program, its sockets, its certificates, its end.

mod activation;
mod command;
mod harness;
mod life;
mod pages;
mod stream;
mod trust;
