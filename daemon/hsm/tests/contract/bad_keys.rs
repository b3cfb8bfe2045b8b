//! Keys made by hand, each with one thing wrong: none is taken over, by any backend.

use hsm::{Error, Material, encoding, soft::PlainKey};
use kmip::{
    Secret,
    mechanism::{Curve, Hash, KeySpec},
};
use openssl::{
    bn::{BigNum, BigNumContext},
    ec::{Asn1Flag, EcGroup, EcKey},
    nid::Nid,
    pkey::PKey,
    symm::Cipher,
};

use crate::{
    backends,
    make::{
        EC_P256, ED25519, RSA_ENCRYPTION, RSASSA_PSS, RsaNumbers, X25519, copy, der, next_prime,
        number, pkcs8, prime, sequence,
    },
    terms,
};

const RSA: KeySpec = KeySpec::Rsa { bits: 2048 };
const P256: KeySpec = KeySpec::Ec(Curve::P256);
const EDWARDS: KeySpec = KeySpec::Ec(Curve::Ed25519);
const ORDER: &str = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";

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

fn good_ec(curve: Nid) -> Vec<u8> {
    let group = EcGroup::from_curve_name(curve).unwrap();
    let key = PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap();
    key.private_key_to_pkcs8().unwrap()
}

#[test]
fn encodings_and_other_algorithms() {
    let p256 = good_ec(Nid::X9_62_PRIME256V1);
    let p256_key = PKey::private_key_from_pkcs8(&p256).unwrap();
    let rsa = RsaNumbers::honest(2048);
    let encrypted = p256_key
        .private_key_to_pkcs8_passphrase(Cipher::aes_256_cbc(), b"passphrase")
        .unwrap();
    let sec1 = encoding::pkcs8_to_sec1(&Secret::from(p256.as_slice())).unwrap();
    let edwards = PKey::generate_ed25519().unwrap();
    let edwards_pkcs8 = edwards.private_key_to_pkcs8().unwrap();
    let x25519 = PKey::generate_x25519()
        .unwrap()
        .private_key_to_pkcs8()
        .unwrap();
    let mut huge = p256.clone();
    huge.resize(100_000, 0);
    let cut = p256[..p256.len() - 1].to_vec();
    let trailed = [&p256[..], &[0]].concat();
    let edwards_trailed = [&edwards_pkcs8[..], &[0]].concat();
    let rsa_trailed = [rsa.pkcs8().expose(), &[5, 0]].concat();
    let keys = vec![
        ("nothing", private(P256, vec![])),
        ("zeros", private(P256, vec![0; 138])),
        (
            "text",
            private(RSA, b"-----BEGIN PRIVATE KEY-----".to_vec()),
        ),
        ("PKCS #8 cut short", private(P256, cut)),
        ("PKCS #8 and a byte more", private(P256, trailed)),
        ("Ed25519 and a byte more", private(EDWARDS, edwards_trailed)),
        ("RSA and a NULL more", private(RSA, rsa_trailed)),
        ("PKCS #8 with 100 kB behind it", private(P256, huge)),
        ("encrypted PKCS #8", private(P256, encrypted)),
        (
            "a public key",
            private(P256, p256_key.public_key_to_der().unwrap()),
        ),
        ("SEC 1", private(P256, sec1)),
        ("PKCS #1", private(RSA, rsa.pkcs1())),
        ("RSA as P-256", private(P256, rsa.pkcs8())),
        ("RSA as Ed25519", private(EDWARDS, rsa.pkcs8())),
        (
            "RSA-2048 as RSA-3072",
            private(KeySpec::Rsa { bits: 3072 }, rsa.pkcs8()),
        ),
        (
            "RSA-2048 as RSA-2056",
            private(KeySpec::Rsa { bits: 2056 }, rsa.pkcs8()),
        ),
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
        ("Ed25519 as P-256", private(P256, edwards_pkcs8)),
        ("X25519 as Ed25519", private(EDWARDS, x25519)),
        (
            "X25519 by its number",
            private(EDWARDS, pkcs8(X25519, &der(4, &[7; 32]))),
        ),
        ("RSASSA-PSS", private(RSA, pkcs8(RSASSA_PSS, &rsa.pkcs1()))),
    ];
    refused(&keys, 27);
}

fn scalar(bytes: &[u8], public: Option<&[u8]>) -> Material {
    let mut elements = vec![der(2, &[1]), der(4, bytes)];
    if let Some(public) = public {
        elements.push(der(0xa1, &der(3, &[&[0], public].concat())));
    }
    private(P256, pkcs8(EC_P256, &sequence(&elements)))
}

#[test]
fn elliptic_curves() {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    let order = hex::decode(ORDER).unwrap();
    let mut above = order.clone();
    above[31] += 1;
    let good =
        hex::decode("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721").unwrap();
    let point = hex::decode("0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299").unwrap();
    // The key is good as it stands, so what is refused below is refused for what was changed.
    for good in [scalar(&good, Some(&point)), scalar(&good, None)] {
        assert!(PlainKey::from_material(&good).is_ok());
    }
    let mut off_curve = point.clone();
    off_curve[64] ^= 1;
    let mut other_point = vec![4];
    other_point.extend(
        hex::decode("6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296").unwrap(),
    );
    other_point.extend(
        hex::decode("4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5").unwrap(),
    );
    let mut explicit = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    explicit.set_asn1_flag(Asn1Flag::EXPLICIT_CURVE);
    let explicit = PKey::from_ec_key(EcKey::generate(&explicit).unwrap()).unwrap();
    assert_eq!(group.degree(), 256);
    let wrong_pair = {
        let mut elements = vec![der(2, &[1]), der(0x30, &hex::decode(ED25519).unwrap())];
        elements.push(der(4, &der(4, &[7; 32])));
        elements.push(der(0x81, &[&[0][..], &[9; 32]].concat()));
        sequence(&elements)
    };
    let keys = vec![
        ("scalar 0", scalar(&[0; 32], None)),
        ("no scalar", scalar(&[], None)),
        ("the order", scalar(&order, None)),
        ("above the order", scalar(&above, None)),
        ("all ones", scalar(&[0xff; 32], None)),
        ("a scalar of 33 bytes", scalar(&[1; 33], None)),
        ("a point of another key", scalar(&good, Some(&other_point))),
        ("a point off the curve", scalar(&good, Some(&off_curve))),
        ("the point at infinity", scalar(&good, Some(&[0]))),
        ("a point cut short", scalar(&good, Some(&point[..64]))),
        (
            "explicit curve parameters",
            private(P256, explicit.private_key_to_pkcs8().unwrap()),
        ),
        (
            "an Ed25519 seed of 31 bytes",
            private(EDWARDS, pkcs8(ED25519, &der(4, &[7; 31]))),
        ),
        (
            "an Ed25519 seed of 33 bytes",
            private(EDWARDS, pkcs8(ED25519, &der(4, &[7; 33]))),
        ),
        (
            "an Ed25519 seed not wrapped",
            private(EDWARDS, pkcs8(ED25519, &[7; 32])),
        ),
        (
            "an Ed25519 seed beside another public key",
            private(EDWARDS, wrong_pair),
        ),
    ];
    refused(&keys, 15);
}

/// An honest key with one number replaced.
fn with(change: impl FnOnce(&mut RsaNumbers)) -> Material {
    let mut key = RsaNumbers::honest(2048);
    change(&mut key);
    private(RSA, key.pkcs8())
}

fn plus(number: &BigNum, more: u32) -> BigNum {
    let mut sum = copy(number);
    sum.add_word(more).unwrap();
    sum
}

#[test]
fn rsa_numbers() {
    assert!(PlainKey::from_material(&with(|_| ())).is_ok());
    let keys = vec![
        (
            "RSA of 1024 bits",
            private(
                KeySpec::Rsa { bits: 1024 },
                RsaNumbers::honest(1024).pkcs8(),
            ),
        ),
        (
            "e = d = 1",
            with(|key| {
                (key.e, key.d, key.dp, key.dq) = (number(1), number(1), number(1), number(1));
            }),
        ),
        (
            "e = 3",
            private(
                RSA,
                RsaNumbers::of(prime(1024), prime(1024), number(3)).pkcs8(),
            ),
        ),
        ("e = 0", with(|key| key.e = number(0))),
        ("e = 65536", with(|key| key.e = number(65_536))),
        ("another e", with(|key| key.e = number(65_539))),
        (
            "e of 257 bits",
            with(|key| {
                let mut e = number(1);
                e.set_bit(256).unwrap();
                key.e = e;
            }),
        ),
        ("another n", with(|key| key.n = plus(&key.n, 2))),
        ("an even n", with(|key| key.n = plus(&key.n, 1))),
        ("n = 0", with(|key| key.n = number(0))),
        ("another d", with(|key| key.d = plus(&key.d, 2))),
        ("d = 0", with(|key| key.d = number(0))),
        ("a small d", with(|key| key.d = plus(&number(0), 65_537))),
        ("d above n", with(|key| key.d = plus(&key.n, 2))),
        ("another dP", with(|key| key.dp = plus(&key.dp, 1))),
        ("another dQ", with(|key| key.dq = plus(&key.dq, 1))),
        (
            "another qInv",
            with(|key| key.inverse = plus(&key.inverse, 1)),
        ),
        ("qInv = 0", with(|key| key.inverse = number(0))),
        (
            "p and q exchanged without their inverse",
            with(|key| {
                std::mem::swap(&mut key.p, &mut key.q);
                std::mem::swap(&mut key.dp, &mut key.dq);
            }),
        ),
        (
            "p = 1, q = n",
            with(|key| (key.p, key.q) = (number(1), copy(&key.n))),
        ),
        ("p = 0", with(|key| key.p = number(0))),
        ("another p", with(|key| key.p = plus(&key.p, 2))),
        (
            "no factors",
            with(|key| {
                for number_of in [
                    &mut key.p,
                    &mut key.q,
                    &mut key.dp,
                    &mut key.dq,
                    &mut key.inverse,
                ] {
                    *number_of = number(0);
                }
            }),
        ),
    ];
    refused(&keys, 23);
}

#[test]
fn rsa_factors() {
    let e = || number(65_537);
    let p = prime(1024);
    let close = next_prime(&p);
    let same = copy(&p);
    let composite = {
        let mut product = BigNum::new().unwrap();
        let mut context = BigNumContext::new().unwrap();
        product
            .checked_mul(&prime(512), &prime(512), &mut context)
            .unwrap();
        product
    };
    // Their n has 2048 bits only when the factors fill them; the loop takes one that does.
    let full = |make: &dyn Fn() -> RsaNumbers| {
        let mut keys = std::iter::repeat_with(make);
        keys.find(|key| key.n.num_bits() == 2048).unwrap()
    };
    let unequal = full(&|| RsaNumbers::of(prime(1536), prime(512), e()));
    let small = full(&|| RsaNumbers::of(prime(2041), number(101), e()));
    let roca = {
        let numbers = RsaNumbers::honest(2048);
        RsaNumbers {
            n: roca_modulus(),
            ..numbers
        }
    };
    let keys = vec![
        (
            "p = q",
            private(RSA, RsaNumbers::of(copy(&p), same, e()).pkcs8()),
        ),
        (
            "p next to q",
            private(RSA, RsaNumbers::of(close, p, e()).pkcs8()),
        ),
        (
            "a factor that is none",
            private(RSA, RsaNumbers::of(prime(1024), composite, e()).pkcs8()),
        ),
        ("factors of unequal length", private(RSA, unequal.pkcs8())),
        ("a factor of 101", private(RSA, small.pkcs8())),
        ("a modulus as ROCA's", private(RSA, roca.pkcs8())),
        (
            "no PKCS #1 inside",
            private(RSA, pkcs8(RSA_ENCRYPTION, &[0x30, 0])),
        ),
    ];
    refused(&keys, 7);
}

/// 2048 bits that are 1 = 65537⁰ modulo every small prime.
fn roca_modulus() -> BigNum {
    let mut context = BigNumContext::new().unwrap();
    let mut product = number(2);
    for odd in (3..168_u32).step_by(2) {
        if (2..odd).all(|divisor| odd % divisor != 0) {
            product.mul_word(odd).unwrap();
        }
    }
    let (mut top, mut rest, mut n) = (number(0), number(0), number(0));
    top.set_bit(2047).unwrap();
    top.set_bit(2046).unwrap();
    rest.checked_rem(&top, &product, &mut context).unwrap();
    n.checked_sub(&top, &rest).unwrap();
    plus(&n, 1)
}

#[test]
fn public_keys() {
    use hsm::{Input, public};
    use kmip::mechanism::Signing;
    let honest = RsaNumbers::honest(2048);
    let rsa = |n: &BigNum, e: &BigNum| {
        encoding::rsa_numbers_to_spki(&encoding::RsaPublicNumbers {
            modulus: n.to_vec(),
            exponent: e.to_vec(),
        })
        .unwrap()
    };
    assert_eq!(public::spec(&rsa(&honest.n, &honest.e)), Ok(RSA));
    let edwards = |point: [u8; 32]| {
        sequence(&[
            der(0x30, &hex::decode(ED25519).unwrap()),
            der(3, &[&[0], &point[..]].concat()),
        ])
    };
    let mut one = [0; 32];
    one[0] = 1;
    let p256 = |point: &[u8]| {
        sequence(&[
            der(0x30, &hex::decode(EC_P256).unwrap()),
            der(3, &[&[0], point].concat()),
        ])
    };
    let short = RsaNumbers::honest(1024);
    let p224 = {
        let key = PKey::private_key_from_pkcs8(&good_ec(Nid::SECP224R1)).unwrap();
        key.public_key_to_der().unwrap()
    };
    let keys = [
        ("nothing", vec![]),
        ("zeros", vec![0; 100]),
        ("RSA of 1024 bits", rsa(&short.n, &short.e)),
        ("e = 3", rsa(&honest.n, &number(3))),
        ("e = 65536", rsa(&honest.n, &number(65_536))),
        ("an even n", rsa(&plus(&honest.n, 1), &honest.e)),
        ("a modulus as ROCA's", rsa(&roca_modulus(), &honest.e)),
        ("a byte more", [rsa(&honest.n, &honest.e), vec![0]].concat()),
        ("off the curve", p256(&[&[4][..], &[1; 64]].concat())),
        ("infinity", p256(&[0])),
        ("P-224", p224),
        ("Ed25519 at 0", edwards([0; 32])),
        ("Ed25519 at 1", edwards(one)),
        (
            "Ed25519 of 31 bytes",
            sequence(&[der(0x30, &hex::decode(ED25519).unwrap()), der(3, &[0; 32])]),
        ),
    ];
    for (what, spki) in keys {
        let refusal = public::spec(&spki);
        assert!(
            matches!(refusal, Err(Error::BadKey(_))),
            "{what}: {refusal:?}"
        );
        let input = Input::Message(b"message");
        for mechanism in [Signing::RsaPkcs1(Some(Hash::Sha256)), Signing::Eddsa] {
            assert!(
                public::verify(&spki, mechanism, input, &[0; 256]).is_err(),
                "{what}"
            );
        }
    }
}
