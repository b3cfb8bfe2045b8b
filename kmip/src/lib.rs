//! The KMIP protocol: its words, its encodings and its messages, without any input or output.
//!
//! Bytes become typed requests and typed responses become bytes, for every version from one set of types; the version
//! is a property of the codec. The daemon serves these types and the PKCS#11 provider calls with them.
#![forbid(unsafe_code)]

pub mod attribute;
pub mod client;
pub mod error;
pub mod mechanism;
pub mod message;
pub mod object;
pub mod payload;
mod secret;
pub mod ttlv;
mod vocabulary;

pub use self::{
    error::{DecodeError, DecodeErrorKind, Result},
    secret::Secret,
    vocabulary::*,
};
