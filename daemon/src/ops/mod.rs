//! What the daemon does for each operation: one file a family, and the table of routes.

mod account;
mod activate;
mod archive;
mod attribute;
mod certify;
mod check;
mod constraint;
mod create;
mod deactivate;
mod derive;
mod destroy;
mod discover;
mod encrypt;
mod get;
mod get_attributes;
mod hash;
mod import;
mod interop;
mod kem;
mod lease;
mod locate;
mod log;
mod login;
mod mac;
mod obliterate;
mod parts;
mod pkcs11;
mod poll;
mod provision;
mod query;
mod register;
mod rekey;
mod revoke;
mod rng;
mod role;
mod sign;
mod split;
mod validate;
mod wrapping;

use kmip::{
    Buffer, OperationCode, Secret, Version,
    attribute::CryptographicParameters,
    mechanism::KeySpec,
    payload::{
        Operation,
        kem::{Decapsulate, Encapsulate, OwnDecapsulate, OwnEncapsulate},
    },
    ttlv::{Reader, Structure, Writer},
};
use store::Record;

pub use self::{
    account::{CREDENTIALS, CREDENTIALS_NOT_SERVED},
    pkcs11::{PKCS11_NOT_SERVED, pkcs11_functions},
    query::OBJECT_TYPES,
};
use crate::{
    context::{Authorized, Context},
    error::{Error, Result},
    fault::Fault,
    lifecycle,
    policy::Access,
    service::{Service, Weight},
};

/// What the daemon does for an operation.
pub trait Handler: Operation {
    /// What it does to objects, for the policy.
    const ACCESS: Access;

    /// Whether only a server under test serves it.
    const IS_FOR_TESTS: bool = false;

    /// Whether it is of a draft that may still change, and served only where the configuration says so.
    const IS_EXPERIMENTAL: bool = false;

    /// Whether a request is answered in microseconds, without a disk or an HSM module.
    fn is_light(_: &Service, _: &Self::Request) -> bool {
        false
    }

    /// Whether a request takes microseconds until its changes are to be committed.
    fn is_light_to_commit(_: &Service, _: &Self::Request) -> bool {
        false
    }

    /// Whether a request is answered in a part of a millisecond, without a disk or an HSM module.
    fn is_brief(_: &Service, _: &Self::Request) -> bool {
        false
    }

    /// Does it.
    fn handle(context: &mut Context<'_>, request: Self::Request) -> Result<Self::Response>;
}

/// A handler without its types.
pub struct Route {
    /// The operation.
    pub code: OperationCode,
    /// The first version that has it.
    pub since: Version,
    /// What it does to objects.
    pub access: Access,
    /// Whether only a server under test serves it.
    pub is_for_tests: bool,
    /// Whether it is of a draft that may still change, and served only where the configuration says so.
    pub is_experimental: bool,
    /// Reads the payload, handles it and writes the answer's payload.
    pub run: fn(&mut Context<'_>, Reader<'_>) -> Result<Buffer>,
    /// How much work the payload is; it is read once for that.
    pub weight: fn(&Service, Reader<'_>) -> Weight,
}

impl Route {
    /// The operation's name, as policies, metrics and the audit trail spell it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.code.xml_name().unwrap_or("Unknown")
    }
}

const fn route<O: Handler>() -> Route {
    Route {
        code: O::CODE,
        since: O::SINCE,
        access: O::ACCESS,
        is_for_tests: O::IS_FOR_TESTS,
        is_experimental: O::IS_EXPERIMENTAL,
        run: |context, payload| {
            let request = O::Request::read_fields(payload)?;
            let response = O::handle(context, request)?;
            let mut writer = Writer::new(context.version);
            response.write_fields(&mut writer);
            Ok(writer.into_bytes())
        },
        weight: |service, payload| match O::Request::read_fields(payload) {
            Ok(request) if O::is_light(service, &request) => Weight::Light,
            Ok(request) if O::is_light_to_commit(service, &request) => Weight::Commit,
            Ok(request) if O::is_brief(service, &request) => Weight::Brief,
            _ => Weight::Heavy,
        },
    }
}

macro_rules! operations {
    ($($family:ident::$operation:ident),* $(,)?) => {
        /// Every operation served, in the order of the codes.
        pub static ROUTES: &[Route] = &[$(route::<kmip::payload::$family::$operation>()),*];
    };
}

operations! {
    create::Create,
    create::CreateKeyPair,
    register::Register,
    rekey::ReKey,
    derive::DeriveKey,
    certify::Certify,
    certify::ReCertify,
    locate::Locate,
    check::Check,
    get::Get,
    get_attributes::GetAttributes,
    get_attributes::GetAttributeList,
    attribute::AddAttribute,
    attribute::ModifyAttribute,
    attribute::DeleteAttribute,
    lease::ObtainLease,
    lease::GetUsageAllocation,
    activate::Activate,
    revoke::Revoke,
    destroy::Destroy,
    archive::Archive,
    archive::Recover,
    validate::Validate,
    query::Query,
    poll::Cancel,
    poll::Poll,
    rekey::ReKeyKeyPair,
    discover::DiscoverVersions,
    encrypt::Encrypt,
    encrypt::Decrypt,
    sign::Sign,
    sign::SignatureVerify,
    mac::MAC,
    mac::MACVerify,
    rng::RNGRetrieve,
    rng::RNGSeed,
    hash::Hash,
    split::CreateSplitKey,
    split::JoinSplitKey,
    import::Import,
    import::Export,
    log::Log,
    login::Login,
    login::Logout,
    login::DelegatedLogin,
    attribute::AdjustAttribute,
    attribute::SetAttribute,
    role::SetEndpointRole,
    pkcs11::PKCS11,
    interop::Interop,
    provision::ReProvision,
    constraint::SetDefaults,
    constraint::SetConstraints,
    constraint::GetConstraints,
    poll::QueryAsynchronousRequests,
    poll::Process,
    log::Ping,
    account::CreateGroup,
    obliterate::Obliterate,
    account::CreateUser,
    account::CreateCredential,
    deactivate::Deactivate,
    kem::Encapsulate,
    kem::Decapsulate,
}

/// The route of an operation.
#[must_use]
pub fn find(code: OperationCode) -> Option<&'static Route> {
    ROUTES
        .binary_search_by_key(&code, |route| route.code)
        .ok()
        .and_then(|at| ROUTES.get(at))
        .or_else(|| {
            let own = OWN.iter().find(|(own, _)| own.0 == code.0);
            own.map(|(_, route)| route)
        })
}

/// Operations of 3.0 under codes of ours in 2.1, which the PKCS#11 module speaks. They are in no answer to Query, because
/// other clients do not know their codes.
static OWN: &[(OperationCode, Route)] = &[
    (
        OwnEncapsulate::CODE,
        own_route::<Encapsulate, OwnEncapsulate>(),
    ),
    (
        OwnDecapsulate::CODE,
        own_route::<Decapsulate, OwnDecapsulate>(),
    ),
];

/// The route of an operation under a code of ours: as of its own, and the same to policies and to the trail.
const fn own_route<O: Handler, Own: Operation>() -> Route {
    Route {
        since: Own::SINCE,
        is_experimental: false,
        ..route::<O>()
    }
}

/// The name of an operation, served or not.
#[must_use]
pub fn name(code: OperationCode) -> &'static str {
    let own = || find(code).and_then(|route| route.code.xml_name());
    code.xml_name().or_else(own).unwrap_or("Unknown")
}

/// Operations of the standard that are not served, each with its reason; with [`ROUTES`] they are all there are.
pub const NOT_SERVED: &[(OperationCode, &str)] = &[
    (OperationCode::Notify, SENT_BY_SERVERS),
    (OperationCode::Put, SENT_BY_SERVERS),
];

const SENT_BY_SERVERS: &str = "sent by servers, never received by them";

/// Data up to this length is worked on where it was read.
const SHORT_BYTES_MAX: usize = 16_384;

fn is_short(data: Option<&Secret>) -> bool {
    data.is_none_or(|data| data.len() <= SHORT_BYTES_MAX)
}

/// A field that the operation needs, although the standard has payloads without it.
fn needed<T>(field: Option<T>, missing: &'static str) -> Result<T> {
    field.ok_or_else(|| Error::new(Fault::MissingData, missing))
}

/// The kind of a key and the parameters of a use: the request's, else the key's own of the lowest index.
fn key_parameters(
    key: &Authorized,
    asked: Option<CryptographicParameters>,
) -> Result<(KeySpec, CryptographicParameters)> {
    let record = key.record();
    let spec = record
        .spec
        .ok_or_else(|| Error::new(Fault::WrongObjectType, "the object is no key"))?;
    let own = || record.attributes.cryptographic_parameters.first();
    let parameters = asked.or_else(|| own().map(|own| (**own).clone()));
    Ok((spec, parameters.unwrap_or_default()))
}

/// The record after an event of its life cycle.
fn transition(
    context: &Context<'_>,
    object: &Authorized,
    event: lifecycle::Event,
) -> Result<Record> {
    let mut record = object.to_changed();
    record.attributes.state = match object.state_at(context.now) {
        Some(state) if record.is_account() => Some(lifecycle::next_of_account(state, event)?),
        Some(state) => Some(lifecycle::next(state, event)?),
        None if record.is_destroyed() => return Err(lifecycle::destroyed()),
        // KMIP 1.4 §3.22: templates have no state, and go as they are.
        None if event == lifecycle::Event::Destroy => None,
        None => {
            return Err(Error::new(
                Fault::WrongObjectType,
                "objects of this type have no state",
            ));
        }
    };
    Ok(record)
}
