//! Administration, against a service in this process: what is done, what is refused, and what the trail says of it.
#![expect(clippy::unwrap_used, reason = "a test that fails stops")]

mod authorities;
mod clients;
mod harness;
mod imports;
mod keys;
mod moving;
mod upkeep;
mod vaults;
