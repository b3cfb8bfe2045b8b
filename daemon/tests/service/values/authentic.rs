//! Keys that are wrapped with a MAC or a signature: alone, before and after their encryption.

use kmip::{
    BlockCipherMode, CryptographicAlgorithm, CryptographicUsageMask as Mask, EncodingOption,
    HashingAlgorithm, KeyWrapType, RecommendedCurve, ResultReason, Secret, V1_0, V1_4, V2_1, V3_0,
    WrappingMethod,
    attribute::{
        Attribute, AttributeKind, AttributeReference, CryptographicDomainParameters,
        CryptographicParameters, Name,
    },
    object::{
        EncryptionKeyInformation, KeyBlock, KeyMaterial, KeyObject, KeyValue,
        KeyWrappingSpecification, MACSignatureKeyInformation, ManagedObject,
    },
    payload::{
        create::{CreateKeyPair, CreateKeyPairRequest},
        get::{Get, GetRequest},
    },
};

use super::register;
use crate::{
    fixture::{Fixture, NOON, text},
    objects::get,
};

const METHODS: [WrappingMethod; 3] = [
    WrappingMethod::MACSign,
    WrappingMethod::EncryptThenMACSign,
    WrappingMethod::MACSignThenEncrypt,
];

struct Keys {
    kek: String,
    mac: String,
    private: String,
    public: String,
}

fn keys(fixture: &mut Fixture) -> Keys {
    let aes = |mask| {
        vec![
            Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
            Attribute::CryptographicLength(256),
            Attribute::CryptographicUsageMask(mask),
            Attribute::ActivationDate(NOON),
        ]
    };
    let domain = CryptographicDomainParameters {
        qlength: None,
        recommended_curve: Some(RecommendedCurve::P256),
    };
    let mask = |mask| {
        [Attribute::CryptographicUsageMask(mask)]
            .into_iter()
            .collect()
    };
    let pair = fixture
        .call::<CreateKeyPair>(&CreateKeyPairRequest {
            common_attributes: [
                Attribute::CryptographicAlgorithm(CryptographicAlgorithm::EC),
                Attribute::CryptographicDomainParameters(domain),
                Attribute::ActivationDate(NOON),
            ]
            .into_iter()
            .collect(),
            private_key_attributes: mask(Mask::Sign),
            public_key_attributes: mask(Mask::Verify),
            common_protection_storage_masks: None,
            private_protection_storage_masks: None,
            public_protection_storage_masks: None,
        })
        .unwrap();
    Keys {
        kek: fixture
            .create(aes(Mask::WrapKey | Mask::UnwrapKey))
            .unwrap(),
        mac: fixture
            .create(aes(Mask::MACGenerate | Mask::MACVerify))
            .unwrap(),
        private: text(&pair.private_key_unique_identifier),
        public: text(&pair.public_key_unique_identifier),
    }
}

fn how(method: WrappingMethod, kek: &str, by: &str, signs: bool) -> KeyWrappingSpecification {
    let parameters = if signs {
        CryptographicParameters {
            hashing_algorithm: Some(HashingAlgorithm::SHA256),
            ..CryptographicParameters::default()
        }
    } else {
        CryptographicParameters {
            block_cipher_mode: Some(BlockCipherMode::CMAC),
            ..CryptographicParameters::default()
        }
    };
    let encrypts = method != WrappingMethod::MACSign;
    KeyWrappingSpecification {
        iv_counter_nonce: None,
        authenticated_encryption_additional_data: None,
        wrapping_method: method,
        encryption_key_information: encrypts.then(|| EncryptionKeyInformation {
            unique_identifier: kek.into(),
            cryptographic_parameters: Some(CryptographicParameters {
                block_cipher_mode: Some(BlockCipherMode::AESKeyWrapPadding),
                ..CryptographicParameters::default()
            }),
        }),
        mac_signature_key_information: Some(MACSignatureKeyInformation {
            unique_identifier: Some(by.into()),
            cryptographic_parameters: Some(parameters),
        }),
        attribute_name: vec![],
        encoding_option: None,
    }
}

fn wrapped(
    fixture: &mut Fixture,
    id: &str,
    how: KeyWrappingSpecification,
) -> Result<ManagedObject, ResultReason> {
    let request = GetRequest {
        unique_identifier: Some(id.into()),
        key_wrapping_specification: Some(how),
        ..GetRequest::default()
    };
    Ok(fixture.call::<Get>(&request)?.object)
}

fn changed(object: &ManagedObject, change: impl FnOnce(&mut KeyBlock)) -> ManagedObject {
    let ManagedObject::SymmetricKey(KeyObject { key_block }) = object else {
        panic!("no key");
    };
    let mut key_block = key_block.clone();
    change(&mut key_block);
    ManagedObject::SymmetricKey(KeyObject { key_block })
}

fn flipped(block: &mut KeyBlock) {
    block.key_value = match block.key_value.take() {
        Some(KeyValue::Wrapped(mut bytes)) => {
            bytes.0[3] ^= 1;
            Some(KeyValue::Wrapped(bytes))
        }
        Some(KeyValue::Plain {
            key_material: KeyMaterial::Bytes(bytes),
            attributes,
        }) => {
            let mut bytes = bytes.expose().to_vec();
            bytes[3] ^= 1;
            Some(KeyValue::Plain {
                key_material: KeyMaterial::Bytes(Secret::new(bytes)),
                attributes,
            })
        }
        other => other,
    };
}

#[test]
fn a_key_goes_out_and_in_under_every_method() {
    for version in [V1_0, V1_4, V2_1, V3_0] {
        let mut fixture = Fixture::new();
        let keys = keys(&mut fixture);
        let id = fixture.aes_key([Attribute::Name(Name::text("inside"))]);
        fixture.version = version;
        let wanted = get(&mut fixture, &id, None).unwrap();
        for method in METHODS {
            for (by, signs) in [(&keys.mac, false), (&keys.private, true)] {
                for encoding in [None, Some(EncodingOption::NoEncoding)] {
                    // Before 1.1 everything is wrapped in TTLV.
                    let how = KeyWrappingSpecification {
                        encoding_option: encoding.filter(|_| version > V1_0),
                        ..how(method, &keys.kek, by, signs)
                    };
                    let out = wrapped(&mut fixture, &id, how).unwrap();
                    let block = out.key_block().unwrap();
                    let data = block.key_wrapping_data.as_ref().unwrap();
                    assert_eq!(data.wrapping_method, method);
                    assert!(data.mac_signature.is_some());
                    let is_clear = method == WrappingMethod::MACSign;
                    let same = block.key_value == wanted.key_block().unwrap().key_value;
                    assert_eq!(same, is_clear);
                    let mask = Some(Mask::Encrypt);
                    let again = register(&mut fixture, mask, out.clone()).unwrap();
                    assert!(get(&mut fixture, &again, None).unwrap() == wanted);
                    let refused =
                        |fixture: &mut Fixture, bad| register(fixture, mask, bad).err().unwrap();
                    let failed = ResultReason::CryptographicFailure;
                    let bad = changed(&out, flipped);
                    assert_eq!(refused(&mut fixture, bad), failed, "{version} {method:?}");
                    let bad = changed(&out, |block| {
                        let data = block.key_wrapping_data.as_mut().unwrap();
                        data.mac_signature.as_mut().unwrap().0[5] ^= 1;
                    });
                    assert_eq!(refused(&mut fixture, bad), failed, "{version} {method:?}");
                }
            }
        }
    }
}

#[test]
fn the_public_half_may_be_named_and_attributes_travel_inside() {
    let mut fixture = Fixture::new();
    let keys = keys(&mut fixture);
    let id = fixture.aes_key([Attribute::Comment("inside".into())]);
    let how = KeyWrappingSpecification {
        attribute_name: vec![AttributeReference::Standard(AttributeKind::Comment)],
        ..how(WrappingMethod::MACSign, &keys.kek, &keys.private, true)
    };
    let out = wrapped(&mut fixture, &id, how).unwrap();
    let out = changed(&out, |block| {
        let data = block.key_wrapping_data.as_mut().unwrap();
        let by = data.mac_signature_key_information.as_mut().unwrap();
        by.unique_identifier = Some(keys.public.as_str().into());
    });
    let again = register(&mut fixture, Some(Mask::Encrypt), out).unwrap();
    let own = crate::rekey::attributes(&mut fixture, &again);
    assert_eq!(own.comment.as_deref(), Some("inside"));
}

/// A MAC hides nothing: what is sensitive leaves encrypted, in whatever order, and never in the clear.
#[test]
fn what_is_sensitive_does_not_leave_with_a_mac_alone() {
    let mut fixture = Fixture::new();
    let mut keys = keys(&mut fixture);
    let kek = vec![
        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
        Attribute::CryptographicLength(256),
        Attribute::CryptographicUsageMask(Mask::WrapKey),
        Attribute::ActivationDate(NOON),
        Attribute::Sensitive(true),
        Attribute::Extractable(false),
    ];
    keys.kek = fixture.create(kek).unwrap();
    let id = fixture.aes_key([Attribute::Sensitive(true)]);
    for method in METHODS {
        let left = wrapped(&mut fixture, &id, how(method, &keys.kek, &keys.mac, false));
        let refused = (method == WrappingMethod::MACSign).then_some(ResultReason::Sensitive);
        assert_eq!(left.err(), refused, "{method:?}");
    }
    let locked = fixture.aes_key([Attribute::Sensitive(true), Attribute::Extractable(false)]);
    for method in METHODS {
        let left = wrapped(
            &mut fixture,
            &locked,
            how(method, &keys.kek, &keys.mac, false),
        );
        assert!(left.is_err(), "{method:?}");
    }
}

#[test]
fn what_a_method_needs_is_named_and_nothing_else() {
    let mut fixture = Fixture::new();
    let keys = keys(&mut fixture);
    let id = fixture.aes_key([]);
    let both = || {
        how(
            WrappingMethod::EncryptThenMACSign,
            &keys.kek,
            &keys.mac,
            false,
        )
    };
    let named = |method, encrypts: bool, authenticates: bool| KeyWrappingSpecification {
        wrapping_method: method,
        encryption_key_information: both().encryption_key_information.filter(|_| encrypts),
        mac_signature_key_information: both()
            .mac_signature_key_information
            .filter(|_| authenticates),
        ..both()
    };
    let field = ResultReason::InvalidField;
    for (method, encrypts, authenticates, reason) in [
        (WrappingMethod::Encrypt, true, true, field),
        (WrappingMethod::Encrypt, false, true, field),
        (WrappingMethod::MACSign, true, true, field),
        (WrappingMethod::MACSign, false, false, field),
        (WrappingMethod::EncryptThenMACSign, true, false, field),
        (WrappingMethod::MACSignThenEncrypt, false, true, field),
        (
            WrappingMethod::TR31,
            true,
            true,
            ResultReason::KeyWrapTypeNotSupported,
        ),
    ] {
        let how = named(method, encrypts, authenticates);
        let refused = wrapped(&mut fixture, &id, how).err();
        assert_eq!(
            refused,
            Some(reason),
            "{method:?} {encrypts} {authenticates}"
        );
    }
    // The authenticating key must be one, and for this.
    let by = |by: &str, signs| how(WrappingMethod::MACSign, &keys.kek, by, signs);
    for (how, reason) in [
        (by("none", false), ResultReason::WrappingObjectNotFound),
        (
            by(&keys.kek, false),
            ResultReason::IncompatibleCryptographicUsageMask,
        ),
        (
            by(&id, false),
            ResultReason::IncompatibleCryptographicUsageMask,
        ),
    ] {
        assert_eq!(wrapped(&mut fixture, &id, how).err(), Some(reason));
    }
    // Who may not sign does not sign by wrapping: a consumer uses keys, an auditor does not.
    fixture.as_client(5);
    let how = by(&keys.mac, false);
    assert!(wrapped(&mut fixture, &id, how).is_err());
}

#[test]
fn what_came_with_a_mac_is_given_back_so() {
    let mut fixture = Fixture::new();
    let keys = keys(&mut fixture);
    let id = fixture.aes_key([Attribute::Comment("inside".into())]);
    for method in METHODS {
        let how = KeyWrappingSpecification {
            attribute_name: vec![AttributeReference::Standard(AttributeKind::Comment)],
            ..how(method, &keys.kek, &keys.mac, false)
        };
        let out = wrapped(&mut fixture, &id, how).unwrap();
        let again = register(&mut fixture, Some(Mask::Encrypt), out.clone()).unwrap();
        let request = GetRequest {
            unique_identifier: Some(again.as_str().into()),
            key_wrap_type: Some(KeyWrapType::AsRegistered),
            ..GetRequest::default()
        };
        let back = fixture.call::<Get>(&request).unwrap().object;
        // CMAC and AES key wrap make of the same the same.
        assert!(back == out, "{method:?}");
    }
}
