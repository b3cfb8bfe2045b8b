//! What the state and the limits of a base mean for what comes of it.

use kmip::{
    CryptographicUsageMask as Mask, DerivationMethod, HashingAlgorithm, ObjectType, ResultReason,
    Secret,
    attribute::{Attribute, AttributeKind, AttributeReference, UsageLimits},
    payload::{
        activate::{Activate, ActivateRequest},
        attribute::{DeleteAttribute, DeleteAttributeRequest},
        derive::DerivationParameters,
    },
    ttlv::Timestamp,
};

use super::{aes, derive, hashing, key, links, mask, request, value};
use crate::{fixture::Fixture, rekey::rekey, trust};

#[test]
fn a_base_that_is_not_active_or_spent_derives_nothing() {
    let mut fixture = Fixture::new();
    let mut attributes = aes(256);
    attributes[2] = mask(Mask::DeriveKey);
    let limits = UsageLimits {
        usage_limits_total: 1,
        usage_limits_count: None,
        usage_limits_unit: kmip::UsageLimitsUnit::Object,
    };
    attributes.push(Attribute::UsageLimits(limits));
    let base = fixture.create(attributes).unwrap();
    let asked = request(
        &[&base],
        DerivationMethod::HASH,
        hashing(HashingAlgorithm::SHA256),
        aes(128),
    );
    let answer = derive(&mut fixture, &asked);
    assert_eq!(answer, Err(ResultReason::WrongKeyLifecycleState));
    fixture
        .call::<Activate>(&ActivateRequest {
            unique_identifier: Some(base.as_str().into()),
        })
        .unwrap();
    assert!(derive(&mut fixture, &asked).is_ok());
    assert_eq!(
        derive(&mut fixture, &asked),
        Err(ResultReason::PermissionDenied)
    );
}

#[test]
fn what_comes_from_a_locked_key_is_locked() {
    let mut fixture = Fixture::new();
    let locked = [Attribute::Sensitive(true), Attribute::Extractable(false)];
    let with = |usage| [&[mask(usage)][..], &locked].concat();
    let base = key(&mut fixture, with(Mask::DeriveKey));
    let mixed = DerivationParameters {
        derivation_data: vec![Secret::from(&[7; 32][..])],
        ..hashing(HashingAlgorithm::SHA256)
    };
    let hmac = DerivationMethod::HMAC;
    for free in [Attribute::Sensitive(false), Attribute::Extractable(true)] {
        let attributes = [&aes(256)[..], &[free]].concat();
        let asked = request(&[&base], hmac, mixed.clone(), attributes);
        let refused = derive(&mut fixture, &asked);
        assert_eq!(refused, Err(ResultReason::InvalidAttributeValue));
    }
    let derived = derive(
        &mut fixture,
        &request(&[&base], hmac, mixed.clone(), aes(256)),
    )
    .unwrap();
    assert_eq!(value(&mut fixture, &derived), Err(ResultReason::Sensitive));
    let mut data = request(
        &[&base],
        hmac,
        mixed.clone(),
        vec![Attribute::CryptographicLength(256)],
    );
    data.object_type = ObjectType::SecretData;
    let derived = derive(&mut fixture, &data).unwrap();
    assert_eq!(value(&mut fixture, &derived), Err(ResultReason::Sensitive));
    // A base that computes the same for anybody's data gives nothing that is to be kept.
    let shown = key(&mut fixture, with(Mask::DeriveKey | Mask::MACGenerate));
    let refused = derive(&mut fixture, &request(&[&shown], hmac, mixed, aes(256)));
    assert_eq!(
        refused,
        Err(ResultReason::IncompatibleCryptographicUsageMask)
    );
}

#[test]
fn a_derived_key_is_one_whatever_becomes_of_its_links() {
    let mut fixture = Fixture::new();
    let derives = |mut attributes: Vec<Attribute>| {
        attributes[2] = mask(Mask::DeriveKey);
        let kept = [
            Attribute::Sensitive(true),
            Attribute::Extractable(false),
            Attribute::ActivationDate(Timestamp(0)),
        ];
        [&attributes[..], &kept].concat()
    };
    let made_here = trust::mark("pkcs11-local", true);
    let base = [&derives(aes(256))[..], &[made_here]].concat();
    let base = fixture.create(base).unwrap();
    let from = |base: &str, method| {
        let mixed = DerivationParameters {
            derivation_data: vec![Secret::from(&[7; 32][..])],
            ..hashing(HashingAlgorithm::SHA256)
        };
        request(&[base], method, mixed, derives(aes(256)))
    };
    let derived = derive(&mut fixture, &from(&base, DerivationMethod::HKDF)).unwrap();
    // Whoever derives it again, and says that the second may make MACs, has everything that comes of it.
    let again = from(&derived, DerivationMethod::HMAC);
    let refusal = Err(ResultReason::IncompatibleCryptographicUsageMask);
    assert_eq!(derive(&mut fixture, &again), refusal);
    fixture
        .call::<DeleteAttribute>(&DeleteAttributeRequest {
            unique_identifier: Some(derived.as_str().into()),
            current_attribute: None,
            attribute_reference: Some(AttributeReference::Standard(AttributeKind::Link)),
            attribute_index: None,
        })
        .unwrap();
    assert!(links(&mut fixture, &derived).is_empty());
    assert_eq!(derive(&mut fixture, &again), refusal, "without its links");
    // A key that replaces it is generated, and nobody has a second one.
    let new = rekey(&mut fixture, &derived, None, []).unwrap();
    let new = from(&new, DerivationMethod::HMAC);
    assert!(derive(&mut fixture, &new).is_ok());
}
