//! What each operation is asked about a locked key, and how it must answer. An operation without a row here fails the test.

use keyhold_tests::objects::*;
use kmip::{
    CryptographicUsageMask, KeyFormatType, KeyWrapType, LinkType, ObjectType, OperationCode,
    QueryFunction, ResultReason, SplitKeyMethod, V2_1, Version,
    attribute::{Attribute, AttributeList, Link, UniqueIdentifier},
    client::outgoing,
    payload::{
        Operation,
        certify::{Certify, CertifyRequest, ReCertify, ReCertifyRequest},
        check::{Check, CheckRequest},
        create::{Create, CreateRequest},
        get::{Get, GetRequest},
        get_attributes::*,
        import::{Export, ExportRequest},
        kem::{DecapsulateRequest, OwnDecapsulate},
        lease::*,
        locate::{Locate, LocateRequest},
        query::{Query, QueryRequest},
        rekey::*,
        split::*,
    },
    ttlv::{Bytes, Interval},
};

use crate::{changes, derivations, keys::Victim, uses, wrappings};

/// How an operation answers what it is asked about a locked key.
pub enum Answers {
    /// It gives values, and gives none of a locked key: every request is refused, for one of these reasons.
    Refuses(&'static [ResultReason]),
    /// It uses or describes keys: it may answer, and what it answers has no key in it.
    Uses,
    /// It names no key, so that it cannot give any.
    NamesNoKey,
}

/// One request.
pub struct Ask {
    /// Under this code, which is another than that of the standard for what 2.1 does not have.
    pub code: OperationCode,
    /// Its payload in [`VERSION`].
    pub payload: Vec<u8>,
    /// Whether it asks for what nobody may have: a locked key, or what comes of it, as one that leaves.
    pub frees: bool,
}

/// The version in which everything is asked.
pub const VERSION: Version = V2_1;

/// What stands beside the victims.
pub struct Beside {
    /// A key that wraps and that somebody may get.
    pub known_kek: String,
    /// A key that wraps and that nobody may get.
    pub hidden_kek: String,
    /// A public key of RSA that wraps, of a pair that somebody may get.
    pub known_public: String,
}

const LEAVES_NOT: &[ResultReason] = &[ResultReason::Sensitive, ResultReason::NotExtractable];

/// How an operation answers.
pub fn answers(code: OperationCode) -> Answers {
    match code {
        OperationCode::Get | OperationCode::Export => Answers::Refuses(LEAVES_NOT),
        OperationCode::CreateSplitKey => Answers::Refuses(SPLIT_NOT),
        _ if USES.contains(&code) => Answers::Uses,
        _ if NAMES_NO_KEY.contains(&code) => Answers::NamesNoKey,
        other => panic!("say here what {other:?} does with locked keys"),
    }
}

/// What uses keys, describes them, or moves them.
const USES: &[OperationCode] = &[
    OperationCode::ReKey,
    OperationCode::ReKeyKeyPair,
    OperationCode::DeriveKey,
    OperationCode::Certify,
    OperationCode::ReCertify,
    OperationCode::Locate,
    OperationCode::Check,
    OperationCode::GetAttributes,
    OperationCode::GetAttributeList,
    OperationCode::AddAttribute,
    OperationCode::ModifyAttribute,
    OperationCode::DeleteAttribute,
    OperationCode::AdjustAttribute,
    OperationCode::SetAttribute,
    OperationCode::ObtainLease,
    OperationCode::GetUsageAllocation,
    OperationCode::Activate,
    OperationCode::Deactivate,
    OperationCode::Revoke,
    OperationCode::Destroy,
    OperationCode::Archive,
    OperationCode::Recover,
    OperationCode::Obliterate,
    OperationCode::Query,
    OperationCode::Encrypt,
    OperationCode::Decrypt,
    OperationCode::Sign,
    OperationCode::SignatureVerify,
    OperationCode::MAC,
    OperationCode::MACVerify,
    OperationCode::JoinSplitKey,
    OperationCode::Encapsulate,
    OperationCode::Decapsulate,
    OperationCode::Create,
];

/// What names no key; PKCS#11 has a test of its own, in `cryptoki.rs`.
const NAMES_NO_KEY: &[OperationCode] = &[
    OperationCode::PKCS11,
    OperationCode::CreateKeyPair,
    OperationCode::Register,
    OperationCode::Import,
    OperationCode::Validate,
    OperationCode::Cancel,
    OperationCode::Poll,
    OperationCode::QueryAsynchronousRequests,
    OperationCode::Process,
    OperationCode::DiscoverVersions,
    OperationCode::RNGRetrieve,
    OperationCode::RNGSeed,
    OperationCode::Hash,
    OperationCode::Log,
    OperationCode::Ping,
    OperationCode::Login,
    OperationCode::Logout,
    OperationCode::DelegatedLogin,
    OperationCode::SetEndpointRole,
    OperationCode::Interop,
    OperationCode::ReProvision,
    OperationCode::SetDefaults,
    OperationCode::SetConstraints,
    OperationCode::GetConstraints,
    OperationCode::CreateGroup,
    OperationCode::CreateUser,
    OperationCode::CreateCredential,
];

/// Why a locked key is not split.
const SPLIT_NOT: &[ResultReason] = &[
    ResultReason::Sensitive,
    ResultReason::NotExtractable,
    ResultReason::InvalidObjectType,
    ResultReason::IllegalObjectType,
];

/// Everything that an operation is asked about a victim.
pub fn asks(code: OperationCode, victim: &Victim, beside: &Beside) -> Vec<Ask> {
    match code {
        OperationCode::Get
        | OperationCode::Export
        | OperationCode::CreateSplitKey
        | OperationCode::JoinSplitKey
        | OperationCode::DeriveKey
        | OperationCode::Decapsulate => values(code, victim, beside),
        OperationCode::Encrypt
        | OperationCode::Decrypt
        | OperationCode::Sign
        | OperationCode::SignatureVerify
        | OperationCode::MAC
        | OperationCode::MACVerify
        // Public keys are what encapsulates, and no victim is one.
        | OperationCode::Encapsulate => uses::asks(code, victim),
        OperationCode::ReKey
        | OperationCode::ReKeyKeyPair
        | OperationCode::Certify
        | OperationCode::ReCertify
        | OperationCode::Create => replacements(code, victim),
        OperationCode::Locate
        | OperationCode::Check
        | OperationCode::GetAttributes
        | OperationCode::GetAttributeList
        | OperationCode::Query
        | OperationCode::ObtainLease
        | OperationCode::GetUsageAllocation => descriptions(code, victim),
        _ => changes::asks(code, victim),
    }
}

/// A victim's value is asked for, or what is made of it.
fn values(code: OperationCode, victim: &Victim, beside: &Beside) -> Vec<Ask> {
    let own = || id(&victim.id);
    match code {
        OperationCode::Get => each::<Get>(gets(victim, beside)),
        OperationCode::Export => each::<Export>(gets(victim, beside).into_iter().map(exported)),
        OperationCode::CreateSplitKey => each::<CreateSplitKey>(splits(victim)),
        OperationCode::JoinSplitKey => one::<JoinSplitKey>(JoinSplitKeyRequest {
            object_type: ObjectType::SymmetricKey,
            unique_identifier: vec![victim.id.as_str().into(); 2],
            secret_data_type: None,
            attributes: list(open(aes(256, CIPHER))),
            protection_storage_masks: None,
        }),
        OperationCode::DeriveKey => derivations::asks(victim),
        OperationCode::Decapsulate => one::<OwnDecapsulate>(DecapsulateRequest {
            unique_identifier: own(),
            cryptographic_parameters: None,
            data: Bytes(vec![7; 1088]),
            object_type: Some(ObjectType::SymmetricKey),
            attributes: list(open(aes(256, CIPHER))),
        }),
        _ => vec![],
    }
}

/// What is asked to stand in a victim's place, or beside it.
fn replacements(code: OperationCode, victim: &Victim) -> Vec<Ask> {
    let own = || id(&victim.id);
    match code {
        OperationCode::ReKey => freely_and_not(|attributes| {
            one::<ReKey>(ReKeyRequest {
                unique_identifier: own(),
                offset: Some(Interval(0)),
                attributes: list(attributes),
                protection_storage_masks: None,
            })
        }),
        OperationCode::ReKeyKeyPair => freely_and_not(|attributes| {
            one::<ReKeyKeyPair>(ReKeyKeyPairRequest {
                private_key_unique_identifier: own(),
                private_key_attributes: list(attributes),
                ..ReKeyKeyPairRequest::default()
            })
        }),
        OperationCode::Certify => one::<Certify>(CertifyRequest {
            unique_identifier: victim.public.as_deref().map_or_else(own, id),
            certificate_request_type: None,
            certificate_request_value: None,
            attributes: AttributeList::default(),
            protection_storage_masks: None,
        }),
        OperationCode::ReCertify => one::<ReCertify>(ReCertifyRequest {
            unique_identifier: own(),
            certificate_request_unique_identifier: None,
            certificate_request_type: None,
            certificate_request_value: None,
            offset: None,
            attributes: AttributeList::default(),
            protection_storage_masks: None,
        }),
        OperationCode::Create => one::<Create>(like(victim)),
        _ => vec![],
    }
}

/// What is asked about a victim.
fn descriptions(code: OperationCode, victim: &Victim) -> Vec<Ask> {
    let own = || id(&victim.id);
    match code {
        OperationCode::Locate => one::<Locate>(LocateRequest {
            attributes: list([Attribute::ObjectGroup(victim.name.clone())]),
            ..LocateRequest::default()
        }),
        OperationCode::Check => one::<Check>(CheckRequest {
            unique_identifier: own(),
            cryptographic_usage_mask: Some(CryptographicUsageMask::Export),
            ..CheckRequest::default()
        }),
        OperationCode::GetAttributes => one::<GetAttributes>(GetAttributesRequest {
            unique_identifier: own(),
            attribute_reference: vec![],
        }),
        OperationCode::GetAttributeList => one::<GetAttributeList>(GetAttributeListRequest {
            unique_identifier: own(),
        }),
        OperationCode::Query => one::<Query>(QueryRequest {
            query_function: QueryFunction::ALL.to_vec(),
        }),
        OperationCode::ObtainLease => one::<ObtainLease>(ObtainLeaseRequest {
            unique_identifier: own(),
        }),
        OperationCode::GetUsageAllocation => one::<GetUsageAllocation>(GetUsageAllocationRequest {
            unique_identifier: own(),
            usage_limits_count: 1,
        }),
        _ => vec![],
    }
}

/// A request for what comes of a victim, once as something that leaves.
fn freely_and_not(ask: impl Fn(Vec<Attribute>) -> Vec<Ask>) -> Vec<Ask> {
    let mut all = freeing(ask(open([])));
    all.extend(ask(vec![]));
    all
}

/// The attributes of a key that may leave.
pub fn open(attributes: impl IntoIterator<Item = Attribute>) -> Vec<Attribute> {
    let leaves = [Attribute::Sensitive(false), Attribute::Extractable(true)];
    attributes.into_iter().chain(leaves).collect()
}

/// A key of the victim's kind that may leave, with links to the victim as if it were the same.
fn like(victim: &Victim) -> CreateRequest {
    let link = Link {
        link_type: LinkType::ReplacedObjectLink,
        linked_object_identifier: UniqueIdentifier::from(victim.id.as_str()),
    };
    CreateRequest {
        object_type: ObjectType::SymmetricKey,
        attributes: list(
            open(aes(256, CIPHER))
                .into_iter()
                .chain([Attribute::Link(link)]),
        ),
        protection_storage_masks: None,
    }
}

/// The victim in every format, wrapped in every way.
fn gets(victim: &Victim, beside: &Beside) -> Vec<GetRequest> {
    let plain = get(&victim.id);
    let formats = KeyFormatType::ALL.iter().map(|format| GetRequest {
        key_format_type: Some(*format),
        ..plain.clone()
    });
    let types = [KeyWrapType::NotWrapped, KeyWrapType::AsRegistered];
    let types = types.map(|wrap| GetRequest {
        key_wrap_type: Some(wrap),
        ..plain.clone()
    });
    let wrapped = wrappings::all(beside, victim)
        .into_iter()
        .map(|how| GetRequest {
            key_wrapping_specification: Some(how),
            ..plain.clone()
        });
    let rest = formats.chain(types).chain(wrapped);
    std::iter::once(plain.clone()).chain(rest).collect()
}

fn exported(get: GetRequest) -> ExportRequest {
    ExportRequest {
        unique_identifier: get.unique_identifier,
        key_format_type: get.key_format_type,
        key_wrap_type: get.key_wrap_type,
        key_compression_type: None,
        key_wrapping_specification: get.key_wrapping_specification,
    }
}

fn splits(victim: &Victim) -> impl Iterator<Item = CreateSplitKeyRequest> {
    SplitKeyMethod::ALL
        .iter()
        .map(|method| CreateSplitKeyRequest {
            object_type: victim.object_type,
            unique_identifier: id(&victim.id),
            split_key_parts: 2,
            split_key_threshold: 2,
            split_key_method: *method,
            prime_field_size: None,
            attributes: list(open([])),
            protection_storage_masks: None,
        })
}

pub fn one<O: Operation>(request: O::Request) -> Vec<Ask> {
    each::<O>([request])
}

pub fn each<O: Operation>(requests: impl IntoIterator<Item = O::Request>) -> Vec<Ask> {
    let asks = requests.into_iter().map(|request| Ask {
        code: O::CODE,
        payload: outgoing::<O>(&request, VERSION).payload.to_vec(),
        frees: false,
    });
    asks.collect()
}

/// Requests that must be refused.
pub fn freeing(asks: Vec<Ask>) -> Vec<Ask> {
    let frees = |ask| Ask { frees: true, ..ask };
    asks.into_iter().map(frees).collect()
}
