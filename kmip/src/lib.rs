//! The KMIP protocol: its words, its encodings and its messages, without any input or output.
//!
//! Bytes become typed requests and typed responses become bytes, for every version from one set of types; the version
//! is a property of the codec. The daemon serves these types and the PKCS#11 provider calls with them.
//!
//! A payload is written for a version and read by it:
//!
//! ```
//! use kmip::{
//!     Tag, V1_2, V2_1,
//!     attribute::Attribute,
//!     payload::create::CreateRequest,
//!     ttlv::{Reader, Structure, Writer},
//! };
//!
//! let request = CreateRequest {
//!     object_type: kmip::ObjectType::SymmetricKey,
//!     attributes: [Attribute::CryptographicLength(256)].into_iter().collect(),
//!     protection_storage_masks: None,
//! };
//! for version in [V1_2, V2_1] {
//!     let mut writer = Writer::new(version);
//!     request.write_fields(&mut writer);
//!     let reader = Reader::new(writer.bytes(), Tag::RequestPayload, version);
//!     assert!(CreateRequest::read_fields(reader)? == request);
//! }
//! # kmip::Result::Ok(())
//! ```
#![forbid(unsafe_code)]

pub mod attribute;
mod buffer;
pub mod client;
pub mod der;
pub mod error;
pub mod mechanism;
pub mod message;
pub mod object;
pub mod payload;
mod secret;
pub mod text;
pub mod ttlv;
mod vocabulary;

pub use self::{
    buffer::Buffer,
    error::{DecodeError, DecodeErrorKind, Result},
    secret::Secret,
    vocabulary::*,
};
