//! Public keys that are none, or under which anybody could sign.

use hsm::{Error, Input, encoding, public};
use kmip::mechanism::{Hash, Signing};
use openssl::{
    bn::BigNum,
    ec::{Asn1Flag, EcGroup, EcKey},
    nid::Nid,
    pkey::PKey,
};

use super::{RSA, good_ec};
use crate::make::{EC_P256, ED25519, RsaNumbers, der, number, plus, roca_modulus, sequence};

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

#[test]
fn public_keys() {
    let honest = RsaNumbers::honest(2048);
    assert_eq!(public::spec(&rsa(&honest.n, &honest.e)), Ok(RSA));
    let mut one = [0; 32];
    one[0] = 1;
    let short = RsaNumbers::honest(1024);
    let p224 = {
        let key = PKey::private_key_from_pkcs8(&good_ec(Nid::SECP224R1)).unwrap();
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
        ("RSA of 1024 bits", rsa(&short.n, &short.e)),
        ("e = 3", rsa(&honest.n, &number(3))),
        ("e = 65536", rsa(&honest.n, &number(65_536))),
        ("an even n", rsa(&plus(&honest.n, 1), &honest.e)),
        ("a modulus as ROCA's", rsa(&roca_modulus(), &honest.e)),
        ("a byte more", [rsa(&honest.n, &honest.e), vec![0]].concat()),
        ("off the curve", p256(&[&[4][..], &[1; 64]].concat())),
        ("infinity", p256(&[0])),
        ("P-224", p224),
        ("Ed25519 at 0", edwards(&[0; 32])),
        ("Ed25519 at 1", edwards(&one)),
        ("Ed25519 of 31 bytes", edwards(&[7; 31])),
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
