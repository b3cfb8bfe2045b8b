//! What the daemon does for each operation: one file a family, and the table of routes.

mod discover;

use kmip::{
    OperationCode, Version,
    payload::Operation,
    ttlv::{Reader, Structure, Writer},
};
use zeroize::Zeroizing;

use crate::{context::Context, error::Result, policy::Access, service::Service};

/// What the daemon does for an operation.
pub trait Handler: Operation {
    /// What it does to objects, for the policy.
    const ACCESS: Access;

    /// Whether a request is answered in microseconds, without a disk or an HSM module.
    fn is_light(_: &Service, _: &Self::Request) -> bool {
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
    /// Reads the payload, handles it and writes the answer's payload.
    pub run: fn(&mut Context<'_>, Reader<'_>) -> Result<Zeroizing<Vec<u8>>>,
    /// Whether the payload is answered in microseconds.
    pub is_light: fn(&Service, Reader<'_>) -> bool,
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
        run: |context, payload| {
            let request = O::Request::read_fields(payload)?;
            let response = O::handle(context, request)?;
            let mut writer = Writer::new(context.version);
            response.write_fields(&mut writer);
            Ok(writer.into_bytes())
        },
        is_light: |service, payload| {
            O::Request::read_fields(payload).is_ok_and(|request| O::is_light(service, &request))
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
    discover::DiscoverVersions,
}

/// The route of an operation.
#[must_use]
pub fn find(code: OperationCode) -> Option<&'static Route> {
    ROUTES
        .binary_search_by_key(&code, |route| route.code)
        .ok()
        .and_then(|at| ROUTES.get(at))
}

/// The name of an operation, served or not.
#[must_use]
pub fn name(code: OperationCode) -> &'static str {
    code.xml_name().unwrap_or("Unknown")
}
