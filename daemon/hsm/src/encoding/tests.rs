//! Every conversion there and back, against OpenSSL's own keys and RFC 8410.

use openssl::{ec::EcGroup, ec::EcKey, rsa::Rsa};

use super::*;
use crate::soft::PlainKey;

fn rsa() -> (Secret, Vec<u8>) {
    let key = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
    (
        Secret::new(key.private_key_to_pkcs8().unwrap()),
        key.public_key_to_der().unwrap(),
    )
}

fn ec(curve: Curve) -> (Secret, Vec<u8>) {
    pair(KeySpec::Ec(curve))
}

fn pair(spec: KeySpec) -> (Secret, Vec<u8>) {
    let (material, spki) = PlainKey::generate(spec).unwrap();
    let Material::Private { pkcs8, .. } = material else {
        panic!("a key pair is private");
    };
    (pkcs8, spki.unwrap())
}

#[test]
fn rsa_goes_through_every_form() {
    let (pkcs8, spki) = rsa();
    assert_eq!(pkcs8_spec(&pkcs8), Ok(KeySpec::Rsa { bits: 2048 }));
    assert_eq!(pkcs8_to_spki(&pkcs8).unwrap(), spki);
    let public = spki_to_pkcs1_public(&spki).unwrap();
    assert_ne!(public, spki);
    assert_eq!(pkcs1_public_to_spki(&public).unwrap(), spki);
    let numbers = spki_to_rsa_numbers(&spki).unwrap();
    assert_eq!(numbers.modulus.len(), 256);
    assert_eq!(numbers.exponent, [1, 0, 1]);
    assert_eq!(rsa_numbers_to_spki(&numbers).unwrap(), spki);
    let pkcs1 = pkcs8_to_pkcs1(&pkcs8).unwrap();
    assert!(pkcs1 != pkcs8);
    assert!(pkcs1_to_pkcs8(&pkcs1).unwrap() == pkcs8);
    let numbers = pkcs8_to_rsa_numbers(&pkcs8).unwrap();
    assert!(rsa_numbers_to_pkcs8(&numbers).unwrap() == pkcs8);
}

#[test]
fn rsa_factors_are_found_from_the_exponents() {
    for _ in 0..5 {
        let (pkcs8, _) = rsa();
        let whole = pkcs8_to_rsa_numbers(&pkcs8).unwrap();
        let bare = RsaPrivateNumbers {
            p: None,
            q: None,
            exponent_p: None,
            exponent_q: None,
            coefficient: None,
            ..whole.clone()
        };
        let found = pkcs8_to_rsa_numbers(&rsa_numbers_to_pkcs8(&bare).unwrap()).unwrap();
        let (p, q) = (found.p.clone(), found.q.clone());
        assert!((&p, &q) == (&whole.p, &whole.q) || (&q, &p) == (&whole.p, &whole.q));
        let again = rsa_numbers_to_pkcs8(&found).unwrap();
        let material = Material::Private {
            spec: KeySpec::Rsa { bits: 2048 },
            pkcs8: again,
        };
        PlainKey::from_material(&material).unwrap();
    }
}

#[test]
fn rsa_numbers_that_are_no_key_are_refused() {
    let (pkcs8, _) = rsa();
    let whole = pkcs8_to_rsa_numbers(&pkcs8).unwrap();
    let bare = |d: Vec<u8>, e: Vec<u8>| RsaPrivateNumbers {
        modulus: whole.modulus.clone(),
        public_exponent: e,
        private_exponent: Secret::new(d),
        p: None,
        q: None,
        exponent_p: None,
        exponent_q: None,
        coefficient: None,
    };
    let d = whole.private_exponent.expose().to_vec();
    let mut wrong = d.clone();
    wrong[10] ^= 1;
    for numbers in [
        bare(wrong, vec![1, 0, 1]),
        bare(vec![], vec![1, 0, 1]),
        bare(d.clone(), vec![]),
        bare(d, vec![2]),
        bare(vec![1], vec![1]),
        bare(vec![0xff; 514], vec![1, 0, 1]),
    ] {
        assert!(matches!(
            rsa_numbers_to_pkcs8(&numbers),
            Err(Error::BadKey(_))
        ));
    }
}

#[test]
fn curves_go_through_every_form() {
    for curve in Curve::ALL.iter().copied() {
        let (pkcs8, spki) = ec(curve);
        assert_eq!(pkcs8_spec(&pkcs8), Ok(KeySpec::Ec(curve)));
        assert_eq!(pkcs8_to_spki(&pkcs8).unwrap(), spki);
        let (named, point) = spki_to_point(&spki).unwrap();
        assert_eq!(named, curve);
        assert_eq!(point_to_spki(curve, &point).unwrap(), spki);
        let (named, scalar) = pkcs8_to_scalar(&pkcs8).unwrap();
        assert_eq!((named, scalar.len()), (curve, curve.field_bytes()));
        let again = scalar_to_pkcs8(curve, &scalar).unwrap();
        assert_eq!(pkcs8_to_spki(&again).unwrap(), spki);
        assert_eq!(point.len(), curve.point_bytes());
        if !curve.is_weierstrass() {
            assert!(pkcs8_to_sec1(&pkcs8).is_err());
            assert!(spki_to_compressed_point(&spki).is_err());
        } else {
            let (_, compressed) = spki_to_compressed_point(&spki).unwrap();
            assert_eq!(compressed.len(), 1 + curve.field_bytes());
            assert_eq!(point_to_spki(curve, &compressed).unwrap(), spki);
            let compressed = compressed_spki(&spki).unwrap();
            assert_eq!(public::spec(&compressed), Ok(KeySpec::Ec(curve)));
            assert_eq!(spki_to_point(&compressed).unwrap().1, point);
            let sec1 = pkcs8_to_sec1(&pkcs8).unwrap();
            let back = sec1_to_pkcs8(&sec1).unwrap();
            assert_eq!(pkcs8_to_spki(&back).unwrap(), spki);
        }
    }
}

#[test]
fn post_quantum_keys_go_through_every_form() {
    for algorithm in PostQuantum::ALL.iter().copied() {
        let spec = KeySpec::PostQuantum(algorithm);
        let (pkcs8, spki) = pair(spec);
        assert_eq!(pkcs8_spec(&pkcs8), Ok(spec));
        assert_eq!(pkcs8_to_spki(&pkcs8).unwrap(), spki);
        let raw = spki_to_post_quantum(&spki).unwrap();
        assert_eq!(raw.len(), algorithm.public_bytes());
        assert_eq!(post_quantum_to_spki(algorithm, &raw).unwrap(), spki);
        assert!(post_quantum_to_spki(algorithm, &raw[1..]).is_err());
        let expanded = pkcs8_to_post_quantum(&pkcs8).unwrap();
        let again = post_quantum_to_pkcs8(algorithm, &expanded).unwrap();
        assert_eq!(pkcs8_to_spki(&again).unwrap(), spki);
        match pkcs8_to_seed(algorithm, &pkcs8).unwrap() {
            None => assert_eq!(algorithm.kind(), kmip::mechanism::PostQuantumUse::SlhDsa),
            Some(seed) => {
                assert!(pkcs8_to_seed(algorithm, &again).unwrap().is_none());
                let again = post_quantum_to_pkcs8(algorithm, &seed).unwrap();
                assert_eq!(pkcs8_to_spki(&again).unwrap(), spki);
            }
        }
        let short = Secret::from(&expanded.expose()[1..]);
        assert!(post_quantum_to_pkcs8(algorithm, &short).is_err());
    }
}

#[test]
fn keys_over_prime_fields_go_through_every_form() {
    let (pkcs8, spki) = pair(KeySpec::Dsa {
        bits: 1024,
        order_bits: 160,
    });
    let (group, y) = spki_to_dsa(&spki).unwrap();
    assert_eq!((group.p.len(), group.q.len()), (128, 20));
    assert_eq!(dsa_to_spki(&group, &y).unwrap(), spki);
    let (own, x) = pkcs8_to_dsa(&pkcs8).unwrap();
    assert_eq!(own, group);
    assert!(dsa_to_pkcs8(&group, &x).unwrap() == pkcs8);
    let (pkcs8, spki) = pair(KeySpec::Dh { bits: 2048 });
    let (group, y) = spki_to_dh(&spki).unwrap();
    assert_eq!((group.p.len(), group.q.len()), (256, 0));
    assert_eq!(dh_to_spki(&group, &y).unwrap(), spki);
    let (own, x) = pkcs8_to_dh(&pkcs8).unwrap();
    assert_eq!(own, group);
    let again = dh_to_pkcs8(&group, &x).unwrap();
    assert_eq!(pkcs8_to_spki(&again).unwrap(), spki);
    assert!(spki_to_dsa(&spki).is_err());
}

#[test]
fn a_compressed_point_is_understood() {
    let (_, spki) = ec(Curve::P256);
    let (_, point) = spki_to_point(&spki).unwrap();
    let mut compressed = vec![2 + (point[64] & 1)];
    compressed.extend(&point[1..33]);
    assert_eq!(point_to_spki(Curve::P256, &compressed).unwrap(), spki);
}

#[test]
fn ed25519_is_encoded_as_rfc_8410_prints_it() {
    // RFC 8410 §10.3 and §10.1.
    let pkcs8 = hex::decode("302e020100300506032b657004220420d4ee72dbf913584ad5b6d8f1f769f8ad3afe7c28cbf1d4fbe097a88f44755842").unwrap();
    let spki = hex::decode(
        "302a300506032b657003210019bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1",
    )
    .unwrap();
    let pkcs8 = Secret::new(pkcs8);
    assert_eq!(pkcs8_to_spki(&pkcs8).unwrap(), spki);
    let (_, seed) = pkcs8_to_scalar(&pkcs8).unwrap();
    assert!(scalar_to_pkcs8(Curve::Ed25519, &seed).unwrap() == pkcs8);
}

#[test]
fn scalars_and_points_out_of_range_are_refused() {
    let p256 = |scalar: Vec<u8>| scalar_to_pkcs8(Curve::P256, &Secret::new(scalar)).is_err();
    let order =
        hex::decode("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551").unwrap();
    assert!(p256(vec![]));
    assert!(p256(vec![0; 32]));
    assert!(p256(order.clone()));
    assert!(p256([&[1_u8][..], &[0; 32]].concat()));
    let mut last = order;
    last[31] -= 1;
    assert!(!p256(last));
    assert!(!p256([&[0_u8][..], &[1; 32]].concat()));
    assert!(point_to_spki(Curve::P256, &[4; 65]).is_err());
    assert!(point_to_spki(Curve::P256, &[0]).is_err());
    assert!(point_to_spki(Curve::P256, &[]).is_err());
    assert!(point_to_spki(Curve::Ed25519, &[1; 31]).is_err());
    assert!(scalar_to_pkcs8(Curve::Ed25519, &Secret::new(vec![1; 33])).is_err());
}

#[test]
fn bytes_behind_a_structure_or_short_of_it_are_seen() {
    let (pkcs8, spki) = ec(Curve::P384);
    for (der, is_one) in [
        (pkcs8.expose(), true),
        (spki.as_slice(), true),
        (&spki[1..], false),
        (&spki[..spki.len() - 1], false),
        (&[0x30, 0x00], true),
        (&[0x30, 0x80, 0, 0], false),
        (&[0x30, 0x81, 0x01, 0], false),
        (&[], false),
    ] {
        assert_eq!(is_one_der_structure(der), is_one);
    }
    let longer = Secret::new([pkcs8.expose(), &[0]].concat());
    assert!(pkcs8_to_spki(&longer).is_err());
    assert!(spki_to_point(&[spki.as_slice(), &[0]].concat()).is_err());
}

#[test]
fn one_family_is_not_taken_for_another() {
    let (rsa_pkcs8, rsa_spki) = rsa();
    let (ec_pkcs8, ec_spki) = ec(Curve::P256);
    assert!(spki_to_pkcs1_public(&ec_spki).is_err());
    assert!(spki_to_rsa_numbers(&ec_spki).is_err());
    assert!(spki_to_point(&rsa_spki).is_err());
    assert!(pkcs8_to_pkcs1(&ec_pkcs8).is_err());
    assert!(pkcs8_to_sec1(&rsa_pkcs8).is_err());
    assert!(pkcs8_to_scalar(&rsa_pkcs8).is_err());
    let group = EcGroup::from_curve_name(openssl::nid::Nid::SECP160R1).unwrap();
    let other = PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap();
    let other = Secret::new(other.private_key_to_pkcs8().unwrap());
    assert!(pkcs8_spec(&other).is_err());
}
