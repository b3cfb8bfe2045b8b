//! Key formats: every encoding of a key goes in, and comes out in every other.

use keyhold_tests::{Appliance, Client, VERSIONS, objects::*};
use kmip::{
    CryptographicAlgorithm as Algorithm, CryptographicUsageMask, KeyFormatType as Format,
    RecommendedCurve, ResultReason, Secret, V1_3,
    attribute::Attribute,
    object::{
        KeyMaterial, KeyObject, KeyValue, ManagedObject, TransparentECPrivateKey,
        TransparentECPublicKey, TransparentRSAPrivateKey, TransparentRSAPublicKey,
        TransparentSymmetricKey,
    },
    payload::get::{Get, GetRequest},
    ttlv::{BigInteger, Bytes, Writer},
};
use p384::{SecretKey, elliptic_curve::sec1::ToSec1Point, pkcs8::DecodePrivateKey};
use rsa::traits::{PrivateKeyParts, PublicKeyParts};

use crate::keys::OpenSsl;

on_each_backend!(symmetric_keys, rsa_keys, keys_of_p384, keys_of_ed25519);

/// Registers a key in each of its forms and gets it in each of them.
fn all_to_all(
    client: &mut Client,
    kind: fn(KeyObject) -> ManagedObject,
    algorithm: Algorithm,
    bits: i32,
    usage: CryptographicUsageMask,
    forms: &[(Format, KeyMaterial)],
) {
    for (from, material) in forms {
        let key_block = block_of(*from, material.clone(), Some(algorithm), Some(bits));
        let key = register(
            client,
            kind(KeyObject { key_block }),
            [Attribute::CryptographicUsageMask(usage)],
        );
        for (to, expected) in forms {
            let got = in_format(client, &key, Some(*to));
            let same = got.0 == *to && encoded(&got.1) == encoded(expected);
            assert!(same, "{from:?} to {to:?} in {}", client.version);
        }
        let own = in_format(client, &key, None);
        assert!(
            own.0 == *from && encoded(&own.1) == encoded(material),
            "without a wish, it comes as it came: {from:?}"
        );
    }
}

/// Material as it is on the wire, where each number has one encoding.
fn encoded(material: &KeyMaterial) -> Vec<u8> {
    let mut writer = Writer::new(V1_3);
    material.write(&mut writer);
    writer.bytes().to_vec()
}

fn in_format(client: &mut Client, key: &str, format: Option<Format>) -> (Format, KeyMaterial) {
    let got = client.call::<Get>(&GetRequest {
        key_format_type: format,
        ..get(key)
    });
    let block = got.object.key_block().unwrap();
    match &block.key_value {
        Some(KeyValue::Plain { key_material, .. }) => (block.key_format_type, key_material.clone()),
        _ => panic!("{key} came wrapped"),
    }
}

fn der(bytes: &[u8]) -> KeyMaterial {
    KeyMaterial::Bytes(Secret::from(bytes))
}

fn number(bytes: impl AsRef<[u8]>) -> BigInteger {
    let bytes = bytes.as_ref();
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    BigInteger::from_unsigned(&bytes[zeros..])
}

fn symmetric_keys(appliance: &Appliance) {
    for version in VERSIONS {
        let client = &mut appliance.client(version);
        let material = [0xA5; 32];
        let forms = [
            (Format::Raw, der(&material)),
            (
                Format::TransparentSymmetricKey,
                KeyMaterial::Symmetric(TransparentSymmetricKey {
                    key: Secret::from(&material[..]),
                }),
            ),
        ];
        all_to_all(
            client,
            ManagedObject::SymmetricKey,
            Algorithm::AES,
            256,
            CIPHER,
            &forms,
        );
        let key = create(client, aes(256, CIPHER));
        for wrong in [
            Format::PKCS1,
            Format::PKCS8,
            Format::X509,
            Format::ECPrivateKey,
        ] {
            let request = GetRequest {
                key_format_type: Some(wrong),
                ..get(&key)
            };
            assert_eq!(
                client.refused::<Get>(&request),
                ResultReason::KeyFormatTypeNotSupported
            );
        }
    }
}

fn rsa_keys(appliance: &Appliance) {
    let made = OpenSsl::rsa(&appliance.scratch());
    let key = rsa::PrivateKey::from_pkcs8_der(&made.pkcs8).unwrap();
    let [p, q] = key.primes() else {
        panic!("more than two primes")
    };
    let transparent = TransparentRSAPrivateKey {
        modulus: number(key.n().to_be_bytes()),
        private_exponent: Some(number(key.d().to_be_bytes())),
        public_exponent: Some(number(key.e().to_be_bytes())),
        p: Some(number(p.to_be_bytes())),
        q: Some(number(q.to_be_bytes())),
        prime_exponent_p: Some(number(key.dp().unwrap().to_be_bytes())),
        prime_exponent_q: Some(number(key.dq().unwrap().to_be_bytes())),
        crt_coefficient: Some(number(key.crt_coefficient().unwrap().to_be_bytes())),
    };
    let private = [
        (Format::PKCS1, der(&made.traditional)),
        (Format::PKCS8, der(&made.pkcs8)),
        (
            Format::TransparentRSAPrivateKey,
            KeyMaterial::RSAPrivate(Box::new(transparent)),
        ),
    ];
    let public = [
        (Format::PKCS1, der(&made.pkcs1_public)),
        (Format::X509, der(&made.spki)),
        (
            Format::TransparentRSAPublicKey,
            KeyMaterial::RSAPublic(TransparentRSAPublicKey {
                modulus: number(key.n().to_be_bytes()),
                public_exponent: number(key.e().to_be_bytes()),
            }),
        ),
    ];
    for version in VERSIONS {
        let client = &mut appliance.client(version);
        let (sign, verify) = (CryptographicUsageMask::Sign, CryptographicUsageMask::Verify);
        all_to_all(
            client,
            ManagedObject::PrivateKey,
            Algorithm::RSA,
            2048,
            sign,
            &private,
        );
        all_to_all(
            client,
            ManagedObject::PublicKey,
            Algorithm::RSA,
            2048,
            verify,
            &public,
        );
    }
}

fn keys_of_p384(appliance: &Appliance) {
    let made = OpenSsl::ec(&appliance.scratch(), "P-384");
    let key = SecretKey::from_pkcs8_der(&made.pkcs8).unwrap();
    let point = key.public_key().to_sec1_point(false).as_bytes().to_vec();
    for version in VERSIONS {
        let client = &mut appliance.client(version);
        // 1.3 replaced the three kinds of transparent keys on curves by one.
        let (secret_format, public_format) = if version < V1_3 {
            (
                Format::TransparentECDSAPrivateKey,
                Format::TransparentECDSAPublicKey,
            )
        } else {
            (
                Format::TransparentECPrivateKey,
                Format::TransparentECPublicKey,
            )
        };
        let private = [
            (Format::PKCS8, der(&made.pkcs8)),
            (Format::ECPrivateKey, der(&made.traditional)),
            (
                secret_format,
                KeyMaterial::ECPrivate(TransparentECPrivateKey {
                    recommended_curve: RecommendedCurve::P384,
                    d: number(key.to_bytes()),
                }),
            ),
        ];
        let public = [
            (Format::X509, der(&made.spki)),
            (
                public_format,
                KeyMaterial::ECPublic(TransparentECPublicKey {
                    recommended_curve: RecommendedCurve::P384,
                    q_string: Bytes(point.clone()),
                }),
            ),
        ];
        let (sign, verify) = (CryptographicUsageMask::Sign, CryptographicUsageMask::Verify);
        all_to_all(
            client,
            ManagedObject::PrivateKey,
            Algorithm::ECDSA,
            384,
            sign,
            &private,
        );
        all_to_all(
            client,
            ManagedObject::PublicKey,
            Algorithm::ECDSA,
            384,
            verify,
            &public,
        );
    }
}

fn keys_of_ed25519(appliance: &Appliance) {
    let made = OpenSsl::ed25519(&appliance.scratch());
    let (sign, verify) = (CryptographicUsageMask::Sign, CryptographicUsageMask::Verify);
    for version in VERSIONS {
        let client = &mut appliance.client(version);
        let private = [(Format::PKCS8, der(&made.pkcs8))];
        let public = [(Format::X509, der(&made.spki))];
        all_to_all(
            client,
            ManagedObject::PrivateKey,
            Algorithm::Ed25519,
            256,
            sign,
            &private,
        );
        all_to_all(
            client,
            ManagedObject::PublicKey,
            Algorithm::Ed25519,
            256,
            verify,
            &public,
        );
    }
}

#[test]
fn the_curves_that_are_served_are_registered() {
    let appliance = Appliance::start(keyhold_tests::Backend::Embedded);
    let client = &mut appliance.client(kmip::V2_1);
    for (curve, bits) in [("P-256", 256), ("P-521", 521), ("secp256k1", 256)] {
        let made = OpenSsl::ec(&appliance.scratch(), curve);
        let private = [
            (Format::PKCS8, der(&made.pkcs8)),
            (Format::ECPrivateKey, der(&made.traditional)),
        ];
        let public = [(Format::X509, der(&made.spki))];
        let (sign, verify) = (CryptographicUsageMask::Sign, CryptographicUsageMask::Verify);
        all_to_all(
            client,
            ManagedObject::PrivateKey,
            Algorithm::EC,
            bits,
            sign,
            &private,
        );
        all_to_all(
            client,
            ManagedObject::PublicKey,
            Algorithm::EC,
            bits,
            verify,
            &public,
        );
    }
}
