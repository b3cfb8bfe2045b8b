//! An HSM in a process of its own: the same trait on both sides of a socket.
//!
//! The daemon's side is [`RemoteHsm`]; the other process opens what [`Opening`] says and answers by [`serve()`]. Between
//! them is one control socket, over which the process is told what to open and gets channels, and by whose end each
//! learns of the other's. A channel carries one call at a time, so that there are as many as calls in flight.

mod borrowed;
mod call;
mod descriptor;
mod frame;
mod helper;
mod opening;
mod remote;
mod serve;
mod wire;
mod words;

use std::time::Duration;

pub use self::{
    helper::{Event, Start, Terms as HelperTerms},
    opening::{Opening, Seal, SecretFile},
    remote::RemoteHsm,
    serve::{asked, serve},
};

/// How long an HSM's process that is to end has for what it is at: for its module to leave the token in order.
const FAREWELL: Duration = Duration::from_secs(4);
