//! HKDF in its halves, and with a salt that is a key.

use kmip::{
    CryptographicUsageMask as Mask, DerivationMethod, HashingAlgorithm, LinkType, ResultReason,
    Secret,
    attribute::Attribute,
    payload::derive::{DerivationParameters, DeriveKeyRequest},
    ttlv::{Bytes, Timestamp},
};

use super::{aes, derive, hashing, key, links, mask, request, value};
use crate::fixture::Fixture;

const LOCKED: [Attribute; 2] = [Attribute::Sensitive(true), Attribute::Extractable(false)];

fn asked(bases: &[&str], method: DerivationMethod, salt: &[u8], info: &[u8]) -> DeriveKeyRequest {
    let parameters = DerivationParameters {
        salt: (!salt.is_empty()).then(|| Bytes(salt.to_vec())),
        derivation_data: vec![Secret::from(info)],
        ..hashing(HashingAlgorithm::SHA256)
    };
    let mut attributes = aes(256);
    attributes[2] = mask(Mask::DeriveKey);
    attributes.push(Attribute::ActivationDate(Timestamp(0)));
    request(bases, method, parameters, attributes)
}

#[test]
fn both_halves_are_the_whole() {
    let mut fixture = Fixture::new();
    let base = key(&mut fixture, vec![mask(Mask::DeriveKey)]);
    for salt in [&b""[..], b"salt"] {
        let whole = asked(&[&base], DerivationMethod::HKDF, salt, b"info");
        let whole = derive(&mut fixture, &whole).unwrap();
        let extract = asked(&[&base], DerivationMethod::HKDF_EXTRACT, salt, b"");
        let extracted = derive(&mut fixture, &extract).unwrap();
        let expand = asked(&[&extracted], DerivationMethod::HKDF_EXPAND, b"", b"info");
        let expanded = derive(&mut fixture, &expand).unwrap();
        let [whole, extracted, expanded] =
            [whole, extracted, expanded].map(|id| value(&mut fixture, &id).unwrap());
        assert_eq!(whole, expanded);
        assert_ne!(whole, extracted);
    }
}

#[test]
fn a_salt_may_be_a_key_and_is_a_base_then() {
    let mut fixture = Fixture::new();
    let base = key(&mut fixture, vec![mask(Mask::DeriveKey)]);
    let salt = key(&mut fixture, vec![mask(Mask::DeriveKey)]);
    for method in [DerivationMethod::HKDF, DerivationMethod::HKDF_EXTRACT] {
        let by_key = asked(&[&base, &salt], method, b"", b"");
        let by_key = derive(&mut fixture, &by_key).unwrap();
        let by_bytes = asked(&[&base], method, &super::KEY, b"");
        let by_bytes = derive(&mut fixture, &by_bytes).unwrap();
        assert!(links(&mut fixture, &salt).contains(&(LinkType::DerivedKeyLink, by_key.clone())));
        let values = [by_key, by_bytes].map(|id| value(&mut fixture, &id).unwrap());
        assert_eq!(values[0], values[1]);
    }
    // Other methods have no salt that is a key, and none has two.
    let expand = asked(&[&base, &salt], DerivationMethod::HKDF_EXPAND, b"", b"");
    let refused = derive(&mut fixture, &expand);
    assert_eq!(refused, Err(ResultReason::InvalidObjectType));
    let twice = asked(&[&base, &salt], DerivationMethod::HKDF, b"more", b"");
    let refused = derive(&mut fixture, &twice);
    assert_eq!(refused, Err(ResultReason::InvalidField));
    let unusable = key(&mut fixture, vec![mask(Mask::MACGenerate)]);
    let salted = asked(&[&base, &unusable], DerivationMethod::HKDF, b"", b"");
    let refused = derive(&mut fixture, &salted);
    let wrong_usage = Err(ResultReason::IncompatibleCryptographicUsageMask);
    assert_eq!(refused, wrong_usage);
}

#[test]
fn what_comes_of_a_locked_salt_is_locked() {
    let mut fixture = Fixture::new();
    let base = key(&mut fixture, vec![mask(Mask::DeriveKey)]);
    let locked = [&[mask(Mask::DeriveKey)][..], &LOCKED].concat();
    let salt = key(&mut fixture, locked);
    let mut free = asked(&[&base, &salt], DerivationMethod::HKDF, b"", b"");
    let derived = derive(&mut fixture, &free).unwrap();
    assert_eq!(value(&mut fixture, &derived), Err(ResultReason::Sensitive));
    let shown = [&aes(256)[..], &[Attribute::Sensitive(false)]].concat();
    free.attributes = shown.into_iter().collect();
    let refused = derive(&mut fixture, &free);
    assert_eq!(refused, Err(ResultReason::InvalidAttributeValue));
}

/// What expands is a MAC under the base, and what extracts one under the salt: whoever may make MACs has it.
#[test]
fn what_a_mac_would_show_is_not_kept() {
    let mut fixture = Fixture::new();
    let locked = |usage| [&[mask(usage)][..], &LOCKED].concat();
    let derives = key(&mut fixture, locked(Mask::DeriveKey));
    let makes_macs = key(&mut fixture, locked(Mask::DeriveKey | Mask::MACGenerate));
    let wrong_usage = Err(ResultReason::IncompatibleCryptographicUsageMask);
    for (bases, method, expected) in [
        (vec![&derives], DerivationMethod::HKDF_EXPAND, Ok(())),
        (
            vec![&makes_macs],
            DerivationMethod::HKDF_EXPAND,
            wrong_usage,
        ),
        (vec![&makes_macs], DerivationMethod::HKDF_EXTRACT, Ok(())),
        (vec![&makes_macs], DerivationMethod::HKDF, Ok(())),
        (vec![&makes_macs, &derives], DerivationMethod::HKDF, Ok(())),
        (
            vec![&derives, &makes_macs],
            DerivationMethod::HKDF,
            wrong_usage,
        ),
        (
            vec![&derives, &makes_macs],
            DerivationMethod::HKDF_EXTRACT,
            wrong_usage,
        ),
    ] {
        let bases: Vec<&str> = bases.into_iter().map(String::as_str).collect();
        let answer = derive(&mut fixture, &asked(&bases, method, b"", b""));
        assert_eq!(answer.map(drop), expected, "{bases:?} {method:?}");
    }
}
