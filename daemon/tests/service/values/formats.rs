//! Objects in every format, out and in again.

use kmip::{
    CertificateType, CryptographicAlgorithm, CryptographicUsageMask, KeyCompressionType,
    KeyFormatType, RecommendedCurve, ResultReason, Secret, SecretDataType,
    attribute::{Attribute, AttributeKind, AttributeReference, CryptographicDomainParameters},
    object::{Certificate, KeyBlock, KeyMaterial, KeyValue, ManagedObject, SecretData},
    payload::{
        create::{CreateKeyPair, CreateKeyPairRequest},
        get::{Get, GetRequest},
        get_attributes::{GetAttributes, GetAttributesRequest},
        register::{Register, RegisterRequest},
    },
    ttlv::Bytes,
};

use super::register;
use crate::{
    fixture::{Fixture, text},
    objects::get,
};

fn pair(fixture: &mut Fixture, attributes: Vec<Attribute>) -> (String, String) {
    let mask = |mask| {
        [Attribute::CryptographicUsageMask(mask)]
            .into_iter()
            .collect()
    };
    let response = fixture
        .call::<CreateKeyPair>(&CreateKeyPairRequest {
            common_attributes: attributes.into_iter().collect(),
            private_key_attributes: mask(CryptographicUsageMask::Sign),
            public_key_attributes: mask(CryptographicUsageMask::Verify),
            common_protection_storage_masks: None,
            private_protection_storage_masks: None,
            public_protection_storage_masks: None,
        })
        .unwrap();
    (
        text(&response.private_key_unique_identifier),
        text(&response.public_key_unique_identifier),
    )
}

fn kinds() -> Vec<Kind> {
    let ec = |curve| {
        vec![
            Attribute::CryptographicAlgorithm(CryptographicAlgorithm::EC),
            Attribute::CryptographicDomainParameters(CryptographicDomainParameters {
                qlength: None,
                recommended_curve: Some(curve),
            }),
        ]
    };
    let rsa = vec![
        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::RSA),
        Attribute::CryptographicLength(2048),
    ];
    let private = vec![
        KeyFormatType::PKCS8,
        KeyFormatType::ECPrivateKey,
        KeyFormatType::TransparentECPrivateKey,
    ];
    let public = vec![KeyFormatType::X509, KeyFormatType::TransparentECPublicKey];
    let mut kinds = vec![
        (
            rsa,
            vec![
                KeyFormatType::PKCS1,
                KeyFormatType::PKCS8,
                KeyFormatType::TransparentRSAPrivateKey,
            ],
            vec![
                KeyFormatType::PKCS1,
                KeyFormatType::X509,
                KeyFormatType::TransparentRSAPublicKey,
            ],
        ),
        (
            ec(RecommendedCurve::CURVE25519),
            vec![KeyFormatType::PKCS8, KeyFormatType::Raw],
            vec![KeyFormatType::X509, KeyFormatType::Raw],
        ),
    ];
    for curve in [
        RecommendedCurve::P256,
        RecommendedCurve::P384,
        RecommendedCurve::P521,
        RecommendedCurve::SECP256K1,
    ] {
        kinds.push((ec(curve), private.clone(), public.clone()));
    }
    kinds.extend(others(&ec));
    kinds
}

type Kind = (Vec<Attribute>, Vec<KeyFormatType>, Vec<KeyFormatType>);

fn others(ec: &dyn Fn(RecommendedCurve) -> Vec<Attribute>) -> Vec<Kind> {
    use CryptographicAlgorithm as Named;
    let sized = |algorithm, bits| {
        vec![
            Attribute::CryptographicAlgorithm(algorithm),
            Attribute::CryptographicLength(bits),
        ]
    };
    let agreeing = |curve| {
        let mut attributes = ec(curve);
        attributes[0] = Attribute::CryptographicAlgorithm(Named::ECDH);
        attributes
    };
    let formats = |private, public| {
        (
            vec![KeyFormatType::PKCS8, private],
            vec![KeyFormatType::X509, public],
        )
    };
    let dsa = formats(
        KeyFormatType::TransparentDSAPrivateKey,
        KeyFormatType::TransparentDSAPublicKey,
    );
    let dh = formats(
        KeyFormatType::TransparentDHPrivateKey,
        KeyFormatType::TransparentDHPublicKey,
    );
    let point = formats(
        KeyFormatType::TransparentECPrivateKey,
        KeyFormatType::TransparentECPublicKey,
    );
    let raw = formats(KeyFormatType::Raw, KeyFormatType::Raw);
    let rsa = formats(KeyFormatType::PKCS1, KeyFormatType::PKCS1);
    let named = |algorithm| vec![Attribute::CryptographicAlgorithm(algorithm)];
    [
        (sized(Named::RSA, 1024), rsa),
        (sized(Named::DSA, 1024), dsa),
        (sized(Named::DH, 2048), dh),
        (ec(RecommendedCurve::P192), point.clone()),
        (ec(RecommendedCurve::BRAINPOOLP160T1), point.clone()),
        (ec(RecommendedCurve::BRAINPOOLP512R1), point.clone()),
        (ec(RecommendedCurve::CURVE448), point.clone()),
        (agreeing(RecommendedCurve::CURVE25519), point),
        (agreeing(RecommendedCurve::CURVE448), raw.clone()),
        (named(Named::Ed448), raw.clone()),
        // Expanded keys come back without the seed that made them, so they are not the same encoding again.
        (
            named(Named::MLKEM768),
            (vec![KeyFormatType::PKCS8], raw.1.clone()),
        ),
        (
            named(Named::MLDSA65),
            (vec![KeyFormatType::PKCS8], raw.1.clone()),
        ),
        (named(Named::SLHDSASHA2128f), raw),
    ]
    .into_iter()
    .map(|(attributes, (private, public))| (attributes, private, public))
    .collect()
}

/// What is got in any format and registered again is the same key.
#[test]
fn every_format_goes_out_and_in_again() {
    let mut fixture = Fixture::new();
    for (attributes, private_formats, public_formats) in kinds() {
        let (private, public) = pair(&mut fixture, attributes.clone());
        let halves = [
            (
                private,
                private_formats,
                CryptographicUsageMask::Sign,
                KeyFormatType::PKCS8,
            ),
            (
                public,
                public_formats,
                CryptographicUsageMask::Verify,
                KeyFormatType::X509,
            ),
        ];
        for (id, formats, mask, reference) in halves {
            let wanted = get(&mut fixture, &id, Some(reference)).unwrap();
            for format in formats {
                let object = get(&mut fixture, &id, Some(format)).unwrap();
                assert_eq!(object.key_block().unwrap().key_format_type, format);
                let again = register(&mut fixture, Some(mask), object.clone()).unwrap();
                let as_registered = get(&mut fixture, &again, None).unwrap();
                assert!(
                    as_registered == object,
                    "{attributes:?} {format:?}: not as it was registered"
                );
                let same = get(&mut fixture, &again, Some(reference)).unwrap();
                assert!(same == wanted, "{attributes:?} {format:?}: another key");
            }
            let refused = get(
                &mut fixture,
                &id,
                Some(KeyFormatType::TransparentSymmetricKey),
            )
            .err();
            assert_eq!(refused, Some(ResultReason::KeyFormatTypeNotSupported));
        }
    }
}

#[test]
fn a_certificate_tells_its_names() {
    let mut fixture = Fixture::new();
    let params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let certificate = params
        .self_signed(&rcgen::KeyPair::generate().unwrap())
        .unwrap();
    let der = certificate.der().to_vec();
    let object = ManagedObject::Certificate(Certificate {
        certificate_type: CertificateType::X509,
        certificate_value: Bytes(der.clone()),
    });
    let id = register(&mut fixture, None, object.clone()).unwrap();
    assert!(get(&mut fixture, &id, None).unwrap() == object);
    let request = GetAttributesRequest {
        unique_identifier: Some(id.as_str().into()),
        attribute_reference: vec![
            AttributeReference::Standard(AttributeKind::CertificateSubjectCN),
            AttributeReference::Standard(AttributeKind::CertificateLength),
        ],
    };
    let attributes = fixture.call::<GetAttributes>(&request).unwrap().attributes;
    let values: Vec<_> = attributes.iter().cloned().collect();
    assert!(
        values.contains(&Attribute::CertificateSubjectCN(
            "rcgen self signed cert".into()
        )),
        "{values:?}"
    );
    assert!(values.contains(&Attribute::CertificateLength(
        i32::try_from(der.len()).unwrap()
    )));
    let broken = ManagedObject::Certificate(Certificate {
        certificate_type: CertificateType::X509,
        certificate_value: Bytes(der[..der.len() - 1].to_vec()),
    });
    assert_eq!(
        register(&mut fixture, None, broken).err(),
        Some(ResultReason::InvalidField)
    );
}

#[test]
fn secret_data_keeps_its_type_and_format() {
    let mut fixture = Fixture::new();
    for format in [KeyFormatType::Raw, KeyFormatType::Opaque] {
        let block = KeyBlock {
            key_format_type: format,
            key_compression_type: None,
            key_value: Some(KeyValue::plain(KeyMaterial::Bytes(Secret::from(
                &b"seed"[..],
            )))),
            cryptographic_algorithm: None,
            cryptographic_length: None,
            key_wrapping_data: None,
        };
        let object = ManagedObject::SecretData(SecretData {
            secret_data_type: SecretDataType::Seed,
            key_block: block,
        });
        let id = register(
            &mut fixture,
            Some(CryptographicUsageMask(0)),
            object.clone(),
        )
        .unwrap();
        assert!(get(&mut fixture, &id, None).unwrap() == object);
    }
}

/// KMIP 2.1 §4.22: Sensitive is for any object, so a public key may be one that nobody gets.
#[test]
fn a_public_key_that_is_sensitive_is_kept_back() {
    let mut fixture = Fixture::new();
    let (_, public) = pair(&mut fixture, kinds().swap_remove(1).0);
    let object = get(&mut fixture, &public, None).unwrap();
    let request = RegisterRequest {
        object_type: object.object_type(),
        attributes: [
            Attribute::CryptographicUsageMask(CryptographicUsageMask::Verify),
            Attribute::Sensitive(true),
        ]
        .into_iter()
        .collect(),
        object: Some(object),
        protection_storage_masks: None,
    };
    let registered = fixture.call::<Register>(&request).unwrap();
    let id = text(&registered.unique_identifier);
    let refused = get(&mut fixture, &id, None).err();
    assert_eq!(refused, Some(ResultReason::Sensitive));
}

#[test]
fn points_come_compressed_when_asked() {
    let mut fixture = Fixture::new();
    let asked = |id: &str, compression| GetRequest {
        unique_identifier: Some(id.into()),
        key_compression_type: Some(compression),
        ..GetRequest::default()
    };
    let compressed = KeyCompressionType::ECPublicKeyTypeX962CompressedPrime;
    let all = kinds();
    let p256 = &all[2].0;
    let (_, public) = pair(&mut fixture, p256.clone());
    let whole = get(&mut fixture, &public, Some(KeyFormatType::X509)).unwrap();
    let short = fixture.call::<Get>(&asked(&public, compressed)).unwrap();
    let block = short.object.key_block().unwrap();
    assert_eq!(block.key_compression_type, Some(compressed));
    let Some(KeyValue::Plain {
        key_material: KeyMaterial::ECPublic(point),
        ..
    }) = &block.key_value
    else {
        panic!("no point");
    };
    assert_eq!(point.q_string.0.len(), 33);
    let mask = Some(CryptographicUsageMask::Verify);
    let again = register(&mut fixture, mask, short.object.clone()).unwrap();
    let same = get(&mut fixture, &again, Some(KeyFormatType::X509)).unwrap();
    assert!(same == whole, "another point");
    let hybrid = KeyCompressionType::ECPublicKeyTypeX962Hybrid;
    let refused = fixture.call::<Get>(&asked(&public, hybrid)).err();
    let not_served = Some(ResultReason::KeyCompressionTypeNotSupported);
    assert_eq!(refused, not_served);
    let (_, edwards) = pair(&mut fixture, all[1].0.clone());
    let refused = fixture.call::<Get>(&asked(&edwards, compressed)).err();
    assert_eq!(refused, not_served);
}
