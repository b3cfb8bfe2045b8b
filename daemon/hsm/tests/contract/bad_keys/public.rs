//! Public keys that are none, or under which anybody could sign.

use hsm::{
    Error, Input, Material,
    encoding::{self, PrimeGroup},
    public, soft,
};
use kmip::{
    Secret,
    mechanism::{Hash, KeySpec, Signing},
};
use openssl::{
    bn::BigNum,
    ec::{Asn1Flag, EcGroup, EcKey},
    nid::Nid,
    pkey::PKey,
};

use super::{RSA, good_ec};
use crate::make::{
    EC_P256, ED448, ED25519, ML_DSA_65, ML_KEM_768, RsaNumbers, SLH_DSA_SHA2_128S, X448, X25519,
    der, number, plus, roca_modulus, sequence,
};

fn rsa(n: &BigNum, e: &BigNum) -> Vec<u8> {
    encoding::rsa_numbers_to_spki(&encoding::RsaPublicNumbers {
        modulus: n.to_vec(),
        exponent: e.to_vec(),
    })
    .unwrap()
}

fn spki(algorithm: &str, key: &[u8]) -> Vec<u8> {
    let algorithm = der(0x30, &hex::decode(algorithm).unwrap());
    sequence(&[algorithm, der(3, &[&[0], key].concat())])
}

fn edwards(point: &[u8]) -> Vec<u8> {
    spki(ED25519, point)
}

fn p256(point: &[u8]) -> Vec<u8> {
    spki(EC_P256, point)
}

/// Keys that are strings of bytes.
fn named_keys(one: [u8; 32]) -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("Ed448 at 0", spki(ED448, &[0; 57])),
        ("Ed448 of 56 bytes", spki(ED448, &[7; 56])),
        ("X25519 at 0", spki(X25519, &[0; 32])),
        ("X25519 at 1", spki(X25519, &one)),
        ("X25519 of 33 bytes", spki(X25519, &[9; 33])),
        ("X448 at 0", spki(X448, &[0; 56])),
        (
            "ML-KEM-768 of other numbers than its modulus has",
            spki(ML_KEM_768, &[0xff; 1184]),
        ),
        ("ML-DSA-65 of a byte less", spki(ML_DSA_65, &[7; 1951])),
        (
            "SLH-DSA-SHA2-128s of a byte more",
            spki(SLH_DSA_SHA2_128S, &[7; 33]),
        ),
    ]
}

#[test]
fn public_keys() {
    let honest = RsaNumbers::honest(2048);
    assert_eq!(public::spec(&rsa(&honest.n, &honest.e)), Ok(RSA));
    let mut one = [0; 32];
    one[0] = 1;
    let short = RsaNumbers::honest(1016);
    let secp160 = {
        let key = PKey::private_key_from_pkcs8(&good_ec(Nid::SECP160R1)).unwrap();
        key.public_key_to_der().unwrap()
    };
    let explicit = {
        let mut group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
        group.set_asn1_flag(Asn1Flag::EXPLICIT_CURVE);
        let key = PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap();
        key.public_key_to_der().unwrap()
    };
    let keys = [
        ("explicit curve parameters", explicit),
        ("nothing", vec![]),
        ("zeros", vec![0; 100]),
        ("RSA of 1016 bits", rsa(&short.n, &short.e)),
        ("e = 3", rsa(&honest.n, &number(3))),
        ("e = 65536", rsa(&honest.n, &number(65_536))),
        ("an even n", rsa(&plus(&honest.n, 1), &honest.e)),
        ("a modulus as ROCA's", rsa(&roca_modulus(), &honest.e)),
        ("a byte more", [rsa(&honest.n, &honest.e), vec![0]].concat()),
        ("off the curve", p256(&[&[4][..], &[1; 64]].concat())),
        ("infinity", p256(&[0])),
        ("secp160r1", secp160),
        ("Ed25519 at 0", edwards(&[0; 32])),
        ("Ed25519 at 1", edwards(&one)),
        ("Ed25519 of 31 bytes", edwards(&[7; 31])),
    ];
    for (what, spki) in keys.into_iter().chain(named_keys(one)) {
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

#[test]
fn keys_of_dsa() {
    let spec = KeySpec::Dsa {
        bits: 1024,
        order_bits: 160,
    };
    let (material, spki) = soft::PlainKey::generate(spec).unwrap();
    assert_eq!(public::spec(&spki.clone().unwrap()), Ok(spec));
    let (group, y) = encoding::spki_to_dsa(&spki.unwrap()).unwrap();
    let Material::Private { pkcs8, .. } = &material else {
        panic!("a pair is private");
    };
    let (_, x) = encoding::pkcs8_to_dsa(pkcs8).unwrap();
    let private = |group: &PrimeGroup, x: &Secret| {
        let pkcs8 = encoding::dsa_to_pkcs8(group, x).unwrap();
        soft::PlainKey::validate(&Material::Private { spec, pkcs8 })
    };
    let public =
        |group: &PrimeGroup, y: &[u8]| public::spec(&encoding::dsa_to_spki(group, y).unwrap());
    let with = |change: &dyn Fn(&mut PrimeGroup)| {
        let mut group = group.clone();
        change(&mut group);
        group
    };
    for (what, group) in [
        ("p not prime", with(&|group| last(&mut group.p, 2))),
        ("q not prime", with(&|group| last(&mut group.q, 2))),
        ("g of another order", with(&|group| last(&mut group.g, 1))),
        ("g of 1", with(&|group| group.g = vec![1])),
        ("q of 8 bits", with(&|group| group.q = vec![251])),
    ] {
        refused(what, public(&group, &y));
        refused(what, private(&group, &x));
    }
    for (what, y) in [("y of 0", &[][..]), ("y of 1", &[1]), ("y of p", &group.p)] {
        refused(what, public(&group, y));
    }
    for (what, x) in [("x of 0", vec![0]), ("x of q", group.q.clone())] {
        refused(what, private(&group, &Secret::new(x)));
    }
}

#[test]
fn keys_of_diffie_and_hellman() {
    let (_, spki) = soft::PlainKey::generate(KeySpec::Dh { bits: 2048 }).unwrap();
    let (safe, _) = encoding::spki_to_dh(&spki.unwrap()).unwrap();
    let public =
        |group: &PrimeGroup, y: &[u8]| public::spec(&encoding::dh_to_spki(group, y).unwrap());
    assert!(public(&safe, &[9]).is_ok());
    let mut below = safe.p.clone();
    last(&mut below, 1);
    for (what, y) in [
        ("y of 1", &[1][..]),
        ("y of p - 1", &below),
        ("y of p", &safe.p),
    ] {
        refused(what, public(&safe, y));
    }
    // A prime that is not safe has small subgroups, and what is no prime is worse.
    let dsa = KeySpec::Dsa {
        bits: 1024,
        order_bits: 160,
    };
    let (_, spki) = soft::PlainKey::generate(dsa).unwrap();
    let (mut group, y) = encoding::spki_to_dsa(&spki.unwrap()).unwrap();
    refused("an unsafe prime", public(&group, &y));
    last(&mut group.p, 2);
    refused("a composite", public(&group, &y));
}

fn last(number: &mut [u8], by: u8) {
    *number.last_mut().unwrap() ^= by;
}

fn refused<T>(what: &str, result: hsm::Result<T>) {
    let error = result.err();
    assert!(matches!(error, Some(Error::BadKey(_))), "{what}: {error:?}");
}
