//! Query.

use kmip::{
    ClientRegistrationMethod, DestroyAction, ObjectType, OperationCode, ProfileName,
    ProtectionStorageMask, QueryFunction, RNGMode, ShreddingAlgorithm, UnwrapMode, V2_1, Version,
    payload::{
        constraint::{DefaultsInformation, ObjectDefaults},
        create::ProtectionStorageMasks,
        query::{
            CapabilityInformation, CredentialInformation, ProfileInformation, Query, QueryRequest,
            QueryResponse, ServerInformation,
        },
    },
};

use super::{Handler, ROUTES, account::CREDENTIALS, constraint};
use crate::{context::Context, error::Result, policy::Access, service::Service, template};

/// The kinds of objects served.
pub const OBJECT_TYPES: &[ObjectType] = &[
    ObjectType::Certificate,
    ObjectType::SymmetricKey,
    ObjectType::PublicKey,
    ObjectType::PrivateKey,
    ObjectType::SplitKey,
    ObjectType::Template,
    ObjectType::SecretData,
    ObjectType::OpaqueObject,
    ObjectType::PGPKey,
    ObjectType::CertificateRequest,
    ObjectType::User,
    ObjectType::Group,
    ObjectType::PasswordCredential,
    ObjectType::DeviceCredential,
    ObjectType::OneTimePasswordCredential,
    ObjectType::HashedPasswordCredential,
];

/// Whether a version of the protocol has objects of this type.
pub(super) fn is_known_in(object_type: ObjectType, version: Version) -> bool {
    let is_gone = object_type == ObjectType::Template && version.is_2();
    !is_gone && object_type.since().is_some_and(|since| since <= version)
}

impl Handler for Query {
    const ACCESS: Access = Access::None;

    fn is_light(_: &Service, _: &QueryRequest) -> bool {
        true
    }

    fn handle(context: &mut Context<'_>, request: QueryRequest) -> Result<QueryResponse> {
        let mut response = QueryResponse::default();
        for function in request.query_function {
            if function == QueryFunction::QueryDefaultsInformation {
                response.defaults_information = defaults(context)?;
            } else {
                tell(&mut response, function, context);
            }
        }
        Ok(response)
    }
}

/// Adds what one function asks for; functions that the server has nothing to say to, or does not know, add nothing.
fn tell(response: &mut QueryResponse, function: QueryFunction, context: &Context<'_>) {
    match function {
        QueryFunction::QueryOperations => response.operation = operations(context),
        QueryFunction::QueryObjects => {
            let known = OBJECT_TYPES.iter().copied();
            response.object_type = known
                .filter(|own| is_known_in(*own, context.version))
                .collect();
        }
        QueryFunction::QueryServerInformation => {
            response.vendor_identification = Some("Keyhold".to_owned());
            response.server_information = Some(ServerInformation {
                server_name: Some("keyhold".to_owned()),
                server_version: Some(env!("CARGO_PKG_VERSION").to_owned()),
                product_name: Some("Keyhold".to_owned()),
            });
        }
        QueryFunction::QueryApplicationNamespaces => {
            let known = template::NAMESPACES.iter();
            response.application_namespace = known.map(ToString::to_string).collect();
        }
        QueryFunction::QueryRNGs => response.rng_parameters = vec![template::generator()],
        QueryFunction::QueryProfiles => response.profile_information = profiles(context.version),
        QueryFunction::QueryClientRegistrationMethods => {
            response.client_registration_method = REGISTRATION.to_vec();
        }
        QueryFunction::QueryCapabilities => response.capability_information = vec![capabilities()],
        QueryFunction::QueryStorageProtectionMasks => {
            response.protection_storage_masks = Some(ProtectionStorageMasks {
                protection_storage_mask: vec![ProtectionStorageMask::Software],
            });
        }
        QueryFunction::QueryCredentialInformation => {
            response.credential_information = Some(CredentialInformation {
                credential_type: CREDENTIALS.iter().map(|own| own.0).collect(),
            });
        }
        _ => {}
    }
}

/// What new objects of the vault have where the client does not say, if anything.
fn defaults(context: &Context<'_>) -> Result<Option<DefaultsInformation>> {
    let mut own = context.defaults()?.object_defaults;
    if context.version < V2_1 {
        // KMIP 2.0 §7.22: defaults are for one type, and know no groups.
        own.retain(|own| own.object_groups.is_none());
        own = own.iter().flat_map(for_each_type).collect();
    }
    if context.version.is_3() {
        let groups = own.iter_mut().filter_map(|own| own.object_groups.as_mut());
        groups.for_each(constraint::linked);
    }
    Ok((!own.is_empty()).then_some(DefaultsInformation {
        object_defaults: own,
    }))
}

fn for_each_type(own: &ObjectDefaults) -> Vec<ObjectDefaults> {
    let types = own.object_types.iter().flat_map(|own| &own.object_type);
    own.object_type
        .iter()
        .chain(types)
        .map(|object_type| ObjectDefaults {
            object_type: Some(*object_type),
            object_types: None,
            ..own.clone()
        })
        .collect()
}

/// The operations served. Test cases also count those that a server sends itself.
fn operations(context: &Context<'_>) -> Vec<OperationCode> {
    let is_tested = context.service.conformance.is_some();
    let sent = [OperationCode::Notify, OperationCode::Put];
    let mut all: Vec<_> = ROUTES
        .iter()
        .filter(|route| context.service.serves(route, context.version))
        .map(|route| route.code)
        .chain(sent.into_iter().filter(|_| is_tested))
        .collect();
    all.sort_unstable();
    all
}

fn capabilities() -> CapabilityInformation {
    CapabilityInformation {
        streaming_capability: Some(true),
        asynchronous_capability: Some(true),
        attestation_capability: Some(false),
        batch_undo_capability: Some(true),
        batch_continue_capability: Some(true),
        unwrap_mode: Some(UnwrapMode::Processed),
        destroy_action: Some(DestroyAction::KeyMaterialDeleted),
        // Keys are overwritten in memory; what a disk keeps of their sealed form is not this program's to shred.
        shredding_algorithm: Some(ShreddingAlgorithm::Unsupported),
        rng_mode: Some(RNGMode::SharedInstantiation),
        quantum_safe_capability: Some(true),
    }
}

/// How clients come by their credentials: `keyhold dev` has one ready, `keyhold client issue` makes one when asked, `enroll` takes
/// the certificate of a key that the client made, and a certificate of a trusted authority is admitted as it is.
const REGISTRATION: &[ClientRegistrationMethod] = &[
    ClientRegistrationMethod::ServerPreGenerated,
    ClientRegistrationMethod::ServerOnDemand,
    ClientRegistrationMethod::ClientGenerated,
    ClientRegistrationMethod::ClientRegistered,
];

/// The server's side of every profile that the version has a name for, those of older versions too, which are served as well.
fn profiles(version: Version) -> Vec<ProfileInformation> {
    ProfileName::ALL
        .iter()
        .filter(|profile| {
            let since = profile.since().unwrap_or(version);
            let name = profile.xml_name().unwrap_or_default();
            since <= version && name.contains("Server")
        })
        .map(|profile| ProfileInformation {
            profile_name: *profile,
        })
        .collect()
}
