//! The audit trail on the disk: nothing changes, vanishes or moves unseen, and nothing acknowledged is lost.
#![expect(clippy::unwrap_used, reason = "a test that fails stops")]

mod crash;
mod hanging;
mod harness;
mod keeping;
mod tampering;
