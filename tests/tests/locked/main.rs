//! Locked means locked: every face, every operation and every kind of key, on every backend; no byte of a key anywhere.

mod changes;
mod cryptoki;
mod derivations;
mod faces;
mod keys;
mod module;
mod operations;
mod remains;
mod uses;
mod walk;
mod wrappings;
