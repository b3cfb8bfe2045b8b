//! Derive Key: every method, what it may come from, what it may not become, and what its bases remember.

mod bases;
mod hkdf;
mod methods;
mod refused;

use kmip::{
    CryptographicAlgorithm, CryptographicUsageMask as Mask, DerivationMethod, HashingAlgorithm,
    LinkType, ObjectType, ResultReason,
    attribute::{Attribute, AttributeKind, AttributeReference, CryptographicParameters},
    object::{KeyMaterial, KeyObject, KeyValue, ManagedObject},
    payload::{
        derive::{DerivationParameters, DeriveKey, DeriveKeyRequest},
        get::{Get, GetRequest},
        get_attributes::{GetAttributes, GetAttributesRequest},
        register::{Register, RegisterRequest},
    },
    ttlv::Timestamp,
};

use crate::{
    fixture::{Fixture, text},
    objects::raw,
};

const KEY: [u8; 16] = [
    0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff,
];

fn register(fixture: &mut Fixture, object: ManagedObject, attributes: Vec<Attribute>) -> String {
    let past = Attribute::ActivationDate(Timestamp(0));
    let request = RegisterRequest {
        object_type: object.object_type(),
        attributes: attributes.into_iter().chain([past]).collect(),
        object: Some(object),
        protection_storage_masks: None,
    };
    text(
        &fixture
            .call::<Register>(&request)
            .unwrap()
            .unique_identifier,
    )
}

fn key(fixture: &mut Fixture, attributes: Vec<Attribute>) -> String {
    let key_block = raw(&KEY, Some(CryptographicAlgorithm::AES));
    register(
        fixture,
        ManagedObject::SymmetricKey(KeyObject { key_block }),
        attributes,
    )
}

fn mask(mask: Mask) -> Attribute {
    Attribute::CryptographicUsageMask(mask)
}

fn aes(bits: i32) -> Vec<Attribute> {
    vec![
        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
        Attribute::CryptographicLength(bits),
        mask(Mask::Encrypt | Mask::Decrypt),
    ]
}

fn hashing(hash: HashingAlgorithm) -> DerivationParameters {
    DerivationParameters {
        cryptographic_parameters: Some(CryptographicParameters {
            hashing_algorithm: Some(hash),
            ..CryptographicParameters::default()
        }),
        ..DerivationParameters::default()
    }
}

fn request(
    bases: &[&str],
    method: DerivationMethod,
    parameters: DerivationParameters,
    attributes: Vec<Attribute>,
) -> DeriveKeyRequest {
    DeriveKeyRequest {
        object_type: ObjectType::SymmetricKey,
        unique_identifier: bases.iter().map(|id| (*id).into()).collect(),
        derivation_method: method,
        derivation_parameters: parameters,
        attributes: attributes.into_iter().collect(),
    }
}

fn derive(fixture: &mut Fixture, request: &DeriveKeyRequest) -> Result<String, ResultReason> {
    let response = fixture.call::<DeriveKey>(request)?;
    Ok(text(&response.unique_identifier))
}

fn value(fixture: &mut Fixture, id: &str) -> Result<String, ResultReason> {
    let request = GetRequest {
        unique_identifier: Some(id.into()),
        ..GetRequest::default()
    };
    let object = fixture.call::<Get>(&request)?.object;
    match &object.key_block().unwrap().key_value {
        Some(KeyValue::Plain {
            key_material: KeyMaterial::Bytes(bytes),
            ..
        }) => Ok(hex::encode(bytes.expose())),
        _ => panic!("no bytes"),
    }
}

fn links(fixture: &mut Fixture, id: &str) -> Vec<(LinkType, String)> {
    let request = GetAttributesRequest {
        unique_identifier: Some(id.into()),
        attribute_reference: vec![AttributeReference::Standard(AttributeKind::Link)],
    };
    let response = fixture.call::<GetAttributes>(&request).unwrap();
    let links = response
        .attributes
        .iter()
        .filter_map(|attribute| match attribute {
            Attribute::Link(link) => Some((link.link_type, text(&link.linked_object_identifier))),
            _ => None,
        });
    links.collect()
}

/// A derivation that fails for a reason.
type Refused<'a> = (
    Vec<&'a str>,
    DerivationMethod,
    DerivationParameters,
    Vec<Attribute>,
    ResultReason,
);

fn refused(fixture: &mut Fixture, cases: Vec<Refused<'_>>) {
    for (bases, method, parameters, attributes, reason) in cases {
        let asked = request(&bases, method, parameters, attributes);
        assert_eq!(derive(fixture, &asked), Err(reason), "{bases:?} {method:?}");
    }
}
