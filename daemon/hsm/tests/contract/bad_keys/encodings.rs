//! What is no PKCS #8 of the key that was said.

use hsm::encoding;
use kmip::{
    Secret,
    mechanism::{Curve, KeySpec},
};
use openssl::{nid::Nid, pkey::PKey, symm::Cipher};

use super::{EDWARDS, P256, RSA, good_ec, private, refused};
use crate::make::{RSASSA_PSS, RsaNumbers, X25519, der, pkcs8};

#[test]
fn broken_encodings() {
    let p256 = good_ec(Nid::X9_62_PRIME256V1);
    let p256_key = PKey::private_key_from_pkcs8(&p256).unwrap();
    let rsa = RsaNumbers::honest(2048);
    let encrypted = p256_key
        .private_key_to_pkcs8_passphrase(Cipher::aes_256_cbc(), b"passphrase")
        .unwrap();
    let sec1 = encoding::pkcs8_to_sec1(&Secret::from(p256.as_slice())).unwrap();
    let edwards = PKey::generate_ed25519().unwrap();
    let edwards = edwards.private_key_to_pkcs8().unwrap();
    let behind = |der: &[u8], more: &[u8]| [der, more].concat();
    let keys = vec![
        ("nothing", private(P256, vec![])),
        ("zeros", private(P256, vec![0; 138])),
        (
            "text",
            private(RSA, b"-----BEGIN PRIVATE KEY-----".to_vec()),
        ),
        (
            "PKCS #8 cut short",
            private(P256, p256[..p256.len() - 1].to_vec()),
        ),
        (
            "PKCS #8 and a byte more",
            private(P256, behind(&p256, &[0])),
        ),
        (
            "Ed25519 and a byte more",
            private(EDWARDS, behind(&edwards, &[0])),
        ),
        (
            "RSA and a NULL more",
            private(RSA, behind(rsa.pkcs8().expose(), &[5, 0])),
        ),
        (
            "PKCS #8 with 100 kB behind it",
            private(P256, behind(&p256, &[0; 100_000])),
        ),
        ("encrypted PKCS #8", private(P256, encrypted)),
        (
            "a public key",
            private(P256, p256_key.public_key_to_der().unwrap()),
        ),
        ("SEC 1", private(P256, sec1)),
        ("PKCS #1", private(RSA, rsa.pkcs1())),
    ];
    refused(&keys, 12);
}

#[test]
fn other_algorithms() {
    let p256 = good_ec(Nid::X9_62_PRIME256V1);
    let rsa = RsaNumbers::honest(2048);
    let edwards = PKey::generate_ed25519().unwrap();
    let edwards = edwards.private_key_to_pkcs8().unwrap();
    let x25519 = PKey::generate_x25519().unwrap();
    let x25519 = x25519.private_key_to_pkcs8().unwrap();
    let bits = |bits| KeySpec::Rsa { bits };
    let keys = vec![
        ("RSA as P-256", private(P256, rsa.pkcs8())),
        ("RSA as Ed25519", private(EDWARDS, rsa.pkcs8())),
        ("RSA-2048 as RSA-3072", private(bits(3072), rsa.pkcs8())),
        ("RSA-2048 as RSA-2056", private(bits(2056), rsa.pkcs8())),
        ("P-256 as RSA", private(RSA, p256.clone())),
        (
            "P-256 as P-384",
            private(KeySpec::Ec(Curve::P384), p256.clone()),
        ),
        (
            "P-256 as secp256k1",
            private(KeySpec::Ec(Curve::Secp256k1), p256.clone()),
        ),
        ("P-256 as Ed25519", private(EDWARDS, p256)),
        ("secp256k1 as P-256", private(P256, good_ec(Nid::SECP256K1))),
        ("P-224 as P-256", private(P256, good_ec(Nid::SECP224R1))),
        (
            "brainpool as P-256",
            private(P256, good_ec(Nid::BRAINPOOL_P256R1)),
        ),
        ("Ed25519 as P-256", private(P256, edwards)),
        ("X25519 as Ed25519", private(EDWARDS, x25519)),
        (
            "X25519 by its number",
            private(EDWARDS, pkcs8(X25519, &der(4, &[7; 32]))),
        ),
        ("RSASSA-PSS", private(RSA, pkcs8(RSASSA_PSS, &rsa.pkcs1()))),
    ];
    refused(&keys, 15);
}
