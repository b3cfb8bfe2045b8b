//! What 3.0 tells of keys beside their states: how often each was used, and how strong its algorithm is.

use kmip::{
    BlockCipherMode, CryptographicAlgorithm, CryptographicUsageMask as Mask, ResultReason, V2_1,
    attribute::{Attribute, AttributeKind, AttributeReference, CryptographicParameters},
    payload::{
        attribute::{ModifyAttribute, ModifyAttributeRequest},
        create::{CreateKeyPair, CreateKeyPairRequest},
        encrypt::{Decrypt, Encrypt},
        rekey::{ReKey, ReKeyRequest},
    },
};

use super::*;
use crate::{
    fixture::NOON,
    symmetric::{decryption, encryption},
};

/// How often a key encrypted and decrypted, as it is told.
fn counts(fixture: &mut Fixture, id: &str) -> Vec<Attribute> {
    let kinds = [AttributeKind::EncryptCounter, AttributeKind::DecryptCounter];
    fixture.attributes(id, kinds.map(AttributeReference::Standard).to_vec())
}

fn told(encrypted: i64, decrypted: i64) -> Vec<Attribute> {
    vec![
        Attribute::EncryptCounter(encrypted),
        Attribute::DecryptCounter(decrypted),
    ]
}

fn gcm() -> CryptographicParameters {
    CryptographicParameters {
        block_cipher_mode: Some(BlockCipherMode::GCM),
        ..CryptographicParameters::default()
    }
}

#[test]
fn uses_are_counted_at_once_and_written_later() {
    let mut fixture = draft();
    let id = fixture.aes_key([]);
    assert_eq!(counts(&mut fixture, &id), told(0, 0));
    let request = encryption(&id, &gcm(), b"data");
    for _ in 0..3 {
        fixture.call::<Encrypt>(&request).unwrap();
    }
    let answer = fixture.call::<Encrypt>(&request).unwrap();
    fixture
        .call::<Decrypt>(&decryption(&request, &answer))
        .unwrap();
    assert_eq!(counts(&mut fixture, &id), told(4, 1));
    let before = fixture.store_record(&id);
    assert_eq!(
        before.attributes.encrypt_counter, None,
        "nothing was written yet"
    );
    // Written, rested and used again, it goes on from where it was.
    for expected in 5..8 {
        fixture.service.write_uses();
        let written = fixture.store_record(&id);
        assert_eq!(written.attributes.encrypt_counter, Some(expected - 1));
        fixture.service.write_uses();
        fixture.call::<Encrypt>(&request).unwrap();
        assert_eq!(counts(&mut fixture, &id), told(expected, 1));
    }
    fixture.service.write_uses();
    let written = fixture.store_record(&id);
    assert_eq!(
        written.attributes.last_change_date,
        before.attributes.last_change_date
    );
    // Its successor was never used.
    let rekey = ReKeyRequest {
        unique_identifier: Some(id.as_str().into()),
        ..ReKeyRequest::default()
    };
    let new = fixture.call::<ReKey>(&rekey).unwrap();
    let new = text(&new.unique_identifier);
    assert_eq!(counts(&mut fixture, &new), told(0, 0));
    fixture.version = V2_1;
    assert_eq!(counts(&mut fixture, &id), [], "2.1 knows no counters");
}

#[test]
fn what_fails_is_no_use() {
    let mut fixture = draft();
    let id = fixture.aes_key([]);
    let request = encryption(&id, &gcm(), b"data");
    let answer = fixture.call::<Encrypt>(&request).unwrap();
    let mut wrong = decryption(&request, &answer);
    wrong.authenticated_encryption_tag = None;
    assert!(fixture.call::<Decrypt>(&wrong).is_err());
    assert_eq!(counts(&mut fixture, &id), told(1, 0));
    let modify = ModifyAttributeRequest {
        unique_identifier: Some(id.as_str().into()),
        current_attribute: None,
        new_attribute: SingleAttribute {
            index: None,
            attribute: Attribute::EncryptCounter(0),
        },
    };
    let refused = fixture.call::<ModifyAttribute>(&modify).err();
    assert_eq!(refused, Some(ResultReason::AttributeReadOnly));
}

#[test]
fn the_security_category_is_that_of_the_algorithm() {
    let mut fixture = draft();
    let category = AttributeReference::Standard(AttributeKind::NISTSecurityCategory);
    for (bits, expected) in [(128, 1), (192, 3), (256, 5)] {
        let id = fixture.create(vec![
            Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
            Attribute::CryptographicLength(bits),
            Attribute::CryptographicUsageMask(Mask::Encrypt),
        ]);
        let told = fixture.attributes(&id.unwrap(), vec![category.clone()]);
        assert_eq!(told, [Attribute::NISTSecurityCategory(expected)]);
    }
    let wrong = fixture.call::<Create>(&aes_with(Attribute::NISTSecurityCategory(3)));
    assert_eq!(wrong.err(), Some(ResultReason::InvalidAttributeValue));
    for (algorithm, length, expected) in [
        (
            CryptographicAlgorithm::MLDSA44,
            None,
            vec![Attribute::NISTSecurityCategory(2)],
        ),
        (CryptographicAlgorithm::EC, Some(256), vec![]),
    ] {
        let attributes = [
            Attribute::CryptographicAlgorithm(algorithm),
            Attribute::ActivationDate(NOON),
        ];
        let length = length.map(Attribute::CryptographicLength);
        let usage = |mask| {
            [Attribute::CryptographicUsageMask(mask)]
                .into_iter()
                .collect()
        };
        let request = CreateKeyPairRequest {
            common_attributes: attributes.into_iter().chain(length).collect(),
            private_key_attributes: usage(Mask::Sign),
            public_key_attributes: usage(Mask::Verify),
            common_protection_storage_masks: None,
            private_protection_storage_masks: None,
            public_protection_storage_masks: None,
        };
        let made = fixture.call::<CreateKeyPair>(&request).unwrap();
        for id in [
            made.private_key_unique_identifier,
            made.public_key_unique_identifier,
        ] {
            let told = fixture.attributes(&text(&id), vec![category.clone()]);
            assert_eq!(told, expected, "{algorithm:?}");
        }
    }
}
