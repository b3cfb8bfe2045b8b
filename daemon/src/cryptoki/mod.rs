//! PKCS #11 for callers that reach it through KMIP's PKCS#11 operation: applications, their sessions and their handles.
//!
//! An application is what `C_Initialize` begins and `C_Finalize` ends; it belongs to the principal who began it, and its
//! one slot is that principal's vault. Nothing of it outlives the process but the objects of its sessions, which are marked
//! with its run, and end with it.

mod application;
mod applications;
mod codec;
mod parameter;
mod session;
mod wrapping;

use std::time::Duration;

pub(crate) use self::{
    application::{Application, User},
    applications::{Applications, run_of},
    codec::{Arguments, Entry, Garbled, Output, Room},
    parameter::{further_keys, read},
    session::{Active, Kind, Session, Use},
    wrapping::{read_to_unwrap, read_to_wrap},
};
/// Bounds of what applications keep here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most applications in all.
    pub all_max: usize,
    /// The most applications of one client.
    pub per_client_max: usize,
    /// The most sessions of one application.
    pub sessions_max: usize,
    /// The most object handles of one application.
    pub handles_max: usize,
    /// The most bytes that one operation in several parts gathers.
    pub parts_bytes_max: usize,
    /// The most bytes that all of them gather.
    pub bytes_max: usize,
    /// How long an application may rest between calls while no connection holds it, and an object of a session be
    /// nobody's.
    pub rest_max: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            all_max: 512,
            per_client_max: 64,
            sessions_max: 64,
            handles_max: 20_000,
            parts_bytes_max: 1024 * 1024,
            bytes_max: 64 * 1024 * 1024,
            rest_max: Duration::from_secs(600),
        }
    }
}

/// The text of a fixed length that the structures of the standard have: filled up with blanks.
pub(crate) fn padded<const N: usize>(text: &str) -> [u8; N] {
    let mut padded = [b' '; N];
    for (place, byte) in padded.iter_mut().zip(text.bytes()) {
        *place = byte;
    }
    padded
}
