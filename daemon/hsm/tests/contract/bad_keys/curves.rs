//! Scalars, points and seeds that are no key of their curve.

use hsm::{Material, soft::PlainKey};
use openssl::{
    ec::{Asn1Flag, EcGroup, EcKey},
    nid::Nid,
    pkey::PKey,
};

use super::{EDWARDS, P256, private, refused};
use crate::make::{EC_P256, ED25519, der, pkcs8, sequence};

const ORDER: &str = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
const SCALAR: &str = "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721";
const POINT: &str = "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299";
const GENERATOR: &str = "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";

fn unhex(text: &str) -> Vec<u8> {
    hex::decode(text).unwrap()
}

fn scalar(bytes: &[u8], public: Option<&[u8]>) -> Material {
    let mut elements = vec![der(2, &[1]), der(4, bytes)];
    if let Some(public) = public {
        elements.push(der(0xa1, &der(3, &[&[0], public].concat())));
    }
    private(P256, pkcs8(EC_P256, &sequence(&elements)))
}

#[test]
fn scalars() {
    let order = unhex(ORDER);
    let mut above = order.clone();
    above[31] += 1;
    let keys = vec![
        ("scalar 0", scalar(&[0; 32], None)),
        ("no scalar", scalar(&[], None)),
        ("the order", scalar(&order, None)),
        ("above the order", scalar(&above, None)),
        ("all ones", scalar(&[0xff; 32], None)),
        ("a scalar of 33 bytes", scalar(&[1; 33], None)),
    ];
    refused(&keys, 6);
}

#[test]
fn points() {
    let (good, point) = (unhex(SCALAR), unhex(POINT));
    // The key is good as it stands, so what is refused below is refused for what was changed.
    for good in [scalar(&good, Some(&point)), scalar(&good, None)] {
        assert!(PlainKey::from_material(&good).is_ok());
    }
    let mut off_curve = point.clone();
    off_curve[64] ^= 1;
    let mut explicit = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    explicit.set_asn1_flag(Asn1Flag::EXPLICIT_CURVE);
    let explicit = PKey::from_ec_key(EcKey::generate(&explicit).unwrap()).unwrap();
    let explicit = explicit.private_key_to_pkcs8().unwrap();
    let keys = vec![
        (
            "another key's point",
            scalar(&good, Some(&unhex(GENERATOR))),
        ),
        ("a point off the curve", scalar(&good, Some(&off_curve))),
        ("the point at infinity", scalar(&good, Some(&[0]))),
        ("a point cut short", scalar(&good, Some(&point[..64]))),
        ("explicit curve parameters", private(P256, explicit)),
    ];
    refused(&keys, 5);
}

#[test]
fn ed25519_seeds() {
    let seed = |contents: &[u8]| private(EDWARDS, pkcs8(ED25519, contents));
    assert!(PlainKey::from_material(&seed(&der(4, &[7; 32]))).is_ok());
    // RFC 5958: version 1 carries the public key, here of another seed.
    let wrong_pair = sequence(&[
        der(2, &[1]),
        der(0x30, &unhex(ED25519)),
        der(4, &der(4, &[7; 32])),
        der(0x81, &[&[0][..], &[9; 32]].concat()),
    ]);
    let keys = vec![
        ("a seed of 31 bytes", seed(&der(4, &[7; 31]))),
        ("a seed of 33 bytes", seed(&der(4, &[7; 33]))),
        ("a seed not wrapped", seed(&[7; 32])),
        (
            "a seed beside another public key",
            private(EDWARDS, wrong_pair),
        ),
    ];
    refused(&keys, 4);
}
