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
pub mod provision;
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

/// Calls a macro with the paths of every operation that has payloads, in the order of their codes.
///
/// ```
/// use kmip::payload::Operation;
///
/// macro_rules! count {
///     ($($operation:path)*) => { [$(<$operation>::CODE),*].len() };
/// }
/// assert!(kmip::each_operation!(count) > 60);
/// ```
#[macro_export]
macro_rules! each_operation {
    ($each:ident) => {
        $each! {
            $crate::payload::create::Create
            $crate::payload::create::CreateKeyPair
            $crate::payload::register::Register
            $crate::payload::rekey::ReKey
            $crate::payload::derive::DeriveKey
            $crate::payload::certify::Certify
            $crate::payload::certify::ReCertify
            $crate::payload::locate::Locate
            $crate::payload::check::Check
            $crate::payload::get::Get
            $crate::payload::get_attributes::GetAttributes
            $crate::payload::get_attributes::GetAttributeList
            $crate::payload::attribute::AddAttribute
            $crate::payload::attribute::ModifyAttribute
            $crate::payload::attribute::DeleteAttribute
            $crate::payload::lease::ObtainLease
            $crate::payload::lease::GetUsageAllocation
            $crate::payload::activate::Activate
            $crate::payload::revoke::Revoke
            $crate::payload::destroy::Destroy
            $crate::payload::archive::Archive
            $crate::payload::archive::Recover
            $crate::payload::validate::Validate
            $crate::payload::query::Query
            $crate::payload::poll::Cancel
            $crate::payload::poll::Poll
            $crate::payload::notify::Notify
            $crate::payload::notify::Put
            $crate::payload::rekey::ReKeyKeyPair
            $crate::payload::discover::DiscoverVersions
            $crate::payload::encrypt::Encrypt
            $crate::payload::encrypt::Decrypt
            $crate::payload::sign::Sign
            $crate::payload::sign::SignatureVerify
            $crate::payload::mac::MAC
            $crate::payload::mac::MACVerify
            $crate::payload::rng::RNGRetrieve
            $crate::payload::rng::RNGSeed
            $crate::payload::hash::Hash
            $crate::payload::split::CreateSplitKey
            $crate::payload::split::JoinSplitKey
            $crate::payload::import::Import
            $crate::payload::import::Export
            $crate::payload::log::Log
            $crate::payload::login::Login
            $crate::payload::login::Logout
            $crate::payload::login::DelegatedLogin
            $crate::payload::attribute::AdjustAttribute
            $crate::payload::attribute::SetAttribute
            $crate::payload::role::SetEndpointRole
            $crate::payload::pkcs11::PKCS11
            $crate::payload::interop::Interop
            $crate::payload::provision::ReProvision
            $crate::payload::constraint::SetDefaults
            $crate::payload::constraint::SetConstraints
            $crate::payload::constraint::GetConstraints
            $crate::payload::poll::QueryAsynchronousRequests
            $crate::payload::poll::Process
            $crate::payload::log::Ping
            $crate::payload::account::CreateGroup
            $crate::payload::obliterate::Obliterate
            $crate::payload::account::CreateUser
            $crate::payload::account::CreateCredential
            $crate::payload::deactivate::Deactivate
            $crate::payload::kem::Encapsulate
            $crate::payload::kem::Decapsulate
        }
    };
}
