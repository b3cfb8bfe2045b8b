//! Requests and attributes in few words.

mod material;

pub use self::material::*;

use kmip::{
    BlockCipherMode, CryptographicAlgorithm, CryptographicUsageMask, ObjectType, RecommendedCurve,
    RevocationReasonCode, State, ValidityIndicator, Version,
    attribute::{
        Attribute, AttributeKind, AttributeList, AttributeReference, CryptographicDomainParameters,
        CryptographicParameters, Name, RevocationReason, UniqueIdentifier, VendorAttribute,
    },
    object::ManagedObject,
    payload::{
        activate::{Activate, ActivateRequest},
        certify::{Certify, CertifyRequest},
        create::{
            Create, CreateKeyPair, CreateKeyPairRequest, CreateKeyPairResponse, CreateRequest,
        },
        destroy::{Destroy, DestroyRequest},
        encrypt::EncryptRequest,
        get::GetRequest,
        get_attributes::{GetAttributes, GetAttributesRequest},
        locate::{Locate, LocateRequest},
        register::{Register, RegisterRequest},
        revoke::{Revoke, RevokeRequest},
        validate::{Validate, ValidateRequest},
    },
    ttlv::AnyValue,
};

use crate::Client;

/// Encrypt and Decrypt.
pub const CIPHER: CryptographicUsageMask =
    CryptographicUsageMask(CryptographicUsageMask::Encrypt.0 | CryptographicUsageMask::Decrypt.0);
/// MAC Generate and MAC Verify.
pub const MAC: CryptographicUsageMask = CryptographicUsageMask(
    CryptographicUsageMask::MACGenerate.0 | CryptographicUsageMask::MACVerify.0,
);
/// Wrap Key and Unwrap Key.
pub const WRAP: CryptographicUsageMask =
    CryptographicUsageMask(CryptographicUsageMask::WrapKey.0 | CryptographicUsageMask::UnwrapKey.0);

/// An identifier as a request carries it.
#[must_use]
pub fn id(id: &str) -> Option<UniqueIdentifier> {
    Some(id.into())
}

/// The text of an identifier.
#[must_use]
pub fn text(id: &UniqueIdentifier) -> String {
    match id {
        UniqueIdentifier::Text(text) => text.clone(),
        other => panic!("{other:?} is no identifier that a server makes"),
    }
}

/// A Name.
#[must_use]
pub fn name(text: &str) -> Attribute {
    Attribute::Name(Name::text(text))
}

/// A client's own attribute, `x-…` in 1.x.
#[must_use]
pub fn custom(name: &str, value: &str) -> Attribute {
    Attribute::Vendor(VendorAttribute {
        vendor_identification: VendorAttribute::CLIENT.to_owned(),
        attribute_name: name.to_owned(),
        value: AnyValue::text(value),
    })
}

/// The attributes of an AES key.
#[must_use]
pub fn aes(bits: i32, mask: CryptographicUsageMask) -> Vec<Attribute> {
    symmetric(CryptographicAlgorithm::AES, bits, mask)
}

/// The attributes of a symmetric key.
#[must_use]
pub fn symmetric(
    algorithm: CryptographicAlgorithm,
    bits: i32,
    mask: CryptographicUsageMask,
) -> Vec<Attribute> {
    vec![
        Attribute::CryptographicAlgorithm(algorithm),
        Attribute::CryptographicLength(bits),
        Attribute::CryptographicUsageMask(mask),
    ]
}

/// What makes a key one that never leaves (1.4 and later).
#[must_use]
pub fn locked() -> [Attribute; 2] {
    [Attribute::Sensitive(true), Attribute::Extractable(false)]
}

/// A list of attributes.
pub fn list(attributes: impl IntoIterator<Item = Attribute>) -> AttributeList {
    attributes.into_iter().collect()
}

/// Creates a symmetric key.
pub fn create(client: &mut Client, attributes: impl IntoIterator<Item = Attribute>) -> String {
    let response = client.call::<Create>(&CreateRequest {
        object_type: ObjectType::SymmetricKey,
        attributes: list(attributes),
        protection_storage_masks: None,
    });
    assert_eq!(response.object_type, ObjectType::SymmetricKey);
    text(&response.unique_identifier)
}

/// A kind of key pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pair {
    /// RSA of so many bits.
    Rsa(i32),
    /// A curve.
    Ec(RecommendedCurve, i32),
    /// Ed25519.
    Ed25519,
}

/// The request for a key pair that signs and verifies, and does whatever else its algorithm can.
pub fn pair(
    kind: Pair,
    private: impl IntoIterator<Item = Attribute>,
    public: impl IntoIterator<Item = Attribute>,
) -> CreateKeyPairRequest {
    let mut common = match kind {
        Pair::Rsa(bits) => vec![
            Attribute::CryptographicAlgorithm(CryptographicAlgorithm::RSA),
            Attribute::CryptographicLength(bits),
        ],
        Pair::Ec(curve, bits) => vec![
            Attribute::CryptographicAlgorithm(CryptographicAlgorithm::ECDSA),
            Attribute::CryptographicLength(bits),
            domain(curve),
        ],
        Pair::Ed25519 => vec![
            Attribute::CryptographicAlgorithm(CryptographicAlgorithm::Ed25519),
            Attribute::CryptographicLength(256),
        ],
    };
    if kind == Pair::Ed25519 {
        common.push(domain(RecommendedCurve::CURVE25519));
    }
    let (mut sign, mut verify) = (CryptographicUsageMask::Sign, CryptographicUsageMask::Verify);
    if matches!(kind, Pair::Rsa(_)) {
        sign = sign | CryptographicUsageMask::Decrypt;
        verify = verify | CryptographicUsageMask::Encrypt;
    }
    CreateKeyPairRequest {
        common_attributes: list(common),
        private_key_attributes: list(
            [Attribute::CryptographicUsageMask(sign)]
                .into_iter()
                .chain(private),
        ),
        public_key_attributes: list(
            [Attribute::CryptographicUsageMask(verify)]
                .into_iter()
                .chain(public),
        ),
        common_protection_storage_masks: None,
        private_protection_storage_masks: None,
        public_protection_storage_masks: None,
    }
}

fn domain(curve: RecommendedCurve) -> Attribute {
    Attribute::CryptographicDomainParameters(CryptographicDomainParameters {
        qlength: None,
        recommended_curve: Some(curve),
    })
}

/// Creates a key pair and activates both halves: the private one, then the public one.
pub fn create_pair(
    client: &mut Client,
    kind: Pair,
    private: impl IntoIterator<Item = Attribute>,
) -> (String, String) {
    let CreateKeyPairResponse {
        private_key_unique_identifier,
        public_key_unique_identifier,
    } = client.call::<CreateKeyPair>(&pair(kind, private, []));
    let (private, public) = (
        text(&private_key_unique_identifier),
        text(&public_key_unique_identifier),
    );
    activate(client, &private);
    activate(client, &public);
    (private, public)
}

/// Has the vault's authority certify a public key, and validates what it made by the authority's own certificate.
pub fn certify(client: &mut Client, public: &str) {
    let made = client.call::<Certify>(&CertifyRequest {
        unique_identifier: id(public),
        certificate_request_type: None,
        certificate_request_value: None,
        attributes: list([Attribute::CertificateSubjectCN("a client".into())]),
        protection_storage_masks: None,
    });
    let told = client.call::<Validate>(&ValidateRequest {
        certificate: Vec::new(),
        unique_identifier: vec![made.unique_identifier],
        validity_date: None,
    });
    assert_eq!(told.validity_indicator, ValidityIndicator::Valid);
}

/// Activates an object.
pub fn activate(client: &mut Client, object: &str) {
    let response = client.call::<Activate>(&ActivateRequest {
        unique_identifier: id(object),
    });
    assert_eq!(text(&response.unique_identifier), object);
}

/// Creates an active symmetric key.
pub fn create_active(
    client: &mut Client,
    attributes: impl IntoIterator<Item = Attribute>,
) -> String {
    let key = create(client, attributes);
    activate(client, &key);
    key
}

/// The request that revokes an object.
#[must_use]
pub fn revocation(object: &str, code: RevocationReasonCode) -> RevokeRequest {
    RevokeRequest {
        unique_identifier: id(object),
        revocation_reason: Some(RevocationReason {
            revocation_reason_code: code,
            revocation_message: Some("by a test".to_owned()),
        }),
        compromise_occurrence_date: None,
    }
}

/// Revokes an object.
pub fn revoke(client: &mut Client, object: &str, code: RevocationReasonCode) {
    client.call::<Revoke>(&revocation(object, code));
}

/// Destroys an object.
pub fn destroy(client: &mut Client, object: &str) {
    client.call::<Destroy>(&DestroyRequest {
        unique_identifier: id(object),
    });
}

/// An Encrypt with AES in GCM, and an IV of the server's.
#[must_use]
pub fn encryption(key: &str, data: &[u8]) -> EncryptRequest {
    EncryptRequest {
        unique_identifier: id(key),
        cryptographic_parameters: Some(CryptographicParameters {
            block_cipher_mode: Some(BlockCipherMode::GCM),
            random_iv: Some(true),
            ..CryptographicParameters::default()
        }),
        data: Some(data.to_vec().into()),
        ..EncryptRequest::default()
    }
}

/// A request for an object's value.
#[must_use]
pub fn get(object: &str) -> GetRequest {
    GetRequest {
        unique_identifier: id(object),
        ..GetRequest::default()
    }
}

/// The request that registers an object.
pub fn registration(
    object: ManagedObject,
    attributes: impl IntoIterator<Item = Attribute>,
) -> RegisterRequest {
    RegisterRequest {
        object_type: object.object_type(),
        attributes: list(attributes),
        object: Some(object),
        protection_storage_masks: None,
    }
}

/// Registers an object.
pub fn register(
    client: &mut Client,
    object: ManagedObject,
    attributes: impl IntoIterator<Item = Attribute>,
) -> String {
    text(
        &client
            .call::<Register>(&registration(object, attributes))
            .unique_identifier,
    )
}

/// Every instance of some attributes of an object.
pub fn attributes(client: &mut Client, object: &str, kinds: &[AttributeKind]) -> Vec<Attribute> {
    let response = client.call::<GetAttributes>(&GetAttributesRequest {
        unique_identifier: id(object),
        attribute_reference: kinds
            .iter()
            .copied()
            .map(AttributeReference::Standard)
            .collect(),
    });
    assert_eq!(text(&response.unique_identifier), object);
    response
        .attributes
        .items
        .into_iter()
        .map(|(_, attribute)| attribute)
        .collect()
}

/// An object's state.
pub fn state(client: &mut Client, object: &str) -> State {
    match attributes(client, object, &[AttributeKind::State]).as_slice() {
        [Attribute::State(state)] => *state,
        other => panic!("not one state: {other:?}"),
    }
}

/// The objects that have all these attributes, the newest first.
pub fn locate(client: &mut Client, wanted: impl IntoIterator<Item = Attribute>) -> Vec<String> {
    let response = client.call::<Locate>(&LocateRequest {
        attributes: list(wanted),
        ..LocateRequest::default()
    });
    response.unique_identifier.iter().map(text).collect()
}

/// Whether a version has Encrypt, Sign, MAC, Hash and their like.
#[must_use]
pub fn has_cryptography(version: Version) -> bool {
    version >= kmip::V1_2
}
