//! Keys made by hand, each with one thing wrong: none is taken over, by any backend.

mod curves;
mod encodings;
mod public;
mod rsa;
mod turned;

use hsm::{Error, Material, soft::PlainKey};
use kmip::{
    Secret,
    mechanism::{Curve, Hash, KeySpec},
};
use openssl::{
    ec::{EcGroup, EcKey},
    nid::Nid,
    pkey::PKey,
};

use crate::{backends, terms};

const RSA: KeySpec = KeySpec::Rsa { bits: 2048 };
const P256: KeySpec = KeySpec::Ec(Curve::P256);
const EDWARDS: KeySpec = KeySpec::Ec(Curve::Ed25519);

type Bad = Vec<(&'static str, Material)>;

/// Every backend refuses each of them as a bad key (or has no such keys at all).
fn refused(keys: &Bad, at_least: usize) {
    assert!(keys.len() >= at_least, "{} bad keys", keys.len());
    for (what, material) in keys {
        let error = PlainKey::from_material(material).err();
        assert!(matches!(error, Some(Error::BadKey(_))), "{what}: {error:?}");
        for (name, hsm) in backends() {
            let error = hsm.import(material, &terms(false)).err();
            assert!(
                matches!(error, Some(Error::BadKey(_) | Error::Unsupported)),
                "{name} {what}: {error:?}"
            );
        }
    }
}

fn secret(spec: KeySpec, bytes: usize) -> Material {
    Material::Secret {
        spec,
        bytes: Secret::new(vec![7; bytes]),
    }
}

fn private(spec: KeySpec, pkcs8: impl Into<Secret>) -> Material {
    Material::Private {
        spec,
        pkcs8: pkcs8.into(),
    }
}

fn good_ec(curve: Nid) -> Vec<u8> {
    let group = EcGroup::from_curve_name(curve).unwrap();
    let key = PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap();
    key.private_key_to_pkcs8().unwrap()
}

#[test]
fn secret_keys() {
    let aes = |bits| KeySpec::Aes { bits };
    let hmac = |bits| KeySpec::Hmac {
        hash: Hash::Sha256,
        bits,
    };
    let keys = vec![
        ("AES-128 a byte short", secret(aes(128), 15)),
        ("AES-128 a byte long", secret(aes(128), 17)),
        ("AES-256 half as long", secret(aes(256), 16)),
        ("AES of 7 bytes", secret(aes(56), 7)),
        ("AES of no bytes", secret(aes(0), 0)),
        ("AES of 512 bits", secret(aes(512), 64)),
        ("HMAC without a key", secret(hmac(0), 0)),
        ("HMAC of half a byte more", secret(hmac(260), 32)),
        ("HMAC of another length", secret(hmac(256), 31)),
        ("HMAC beyond all measure", secret(hmac(8200), 1025)),
        ("RSA as bytes", secret(RSA, 256)),
        ("EC as bytes", secret(P256, 32)),
        (
            "AES as PKCS #8",
            private(aes(128), good_ec(Nid::X9_62_PRIME256V1)),
        ),
    ];
    refused(&keys, 13);
}
