//! Payloads: one file a family of operations, each with its request, its response and its [`Operation`].

pub mod account;
pub mod activate;
pub mod archive;
pub mod attribute;
pub mod certify;
pub mod check;
pub mod constraint;
pub mod create;
pub mod deactivate;
pub mod derive;
pub mod destroy;
pub mod discover;
pub mod encrypt;
pub mod get;
pub mod get_attributes;
pub mod hash;
pub mod import;
pub mod interop;
pub mod kem;
pub mod lease;
pub mod locate;
pub mod log;
pub mod login;
pub mod mac;
pub mod notify;
pub mod obliterate;
pub mod pkcs11;
pub mod poll;
pub mod query;
pub mod register;
pub mod rekey;
pub mod revoke;
pub mod rng;
pub mod role;
pub mod sign;
pub mod split;
pub mod validate;

use crate::{OperationCode, Version, ttlv::Structure};

/// An operation of the protocol: its code, the version it came with, what goes in and what comes out.
pub trait Operation {
    /// The code on the wire.
    const CODE: OperationCode;
    /// The first version that has it.
    const SINCE: Version;
    /// The request's payload.
    type Request: Structure;
    /// The response's payload.
    type Response: Structure;
}

/// Declares the operations of a family: `/// doc` `Name since V1_0: Request -> Response;`.
macro_rules! operation {
    ($($(#[$meta:meta])* $name:ident since $since:ident: $request:ident -> $response:ident;)*) => {$(
        $(#[$meta])*
        pub struct $name;

        impl $crate::payload::Operation for $name {
            const CODE: $crate::OperationCode = $crate::OperationCode::$name;
            const SINCE: $crate::Version = $crate::$since;
            type Request = $request;
            type Response = $response;
        }
    )*};
}

use operation;
