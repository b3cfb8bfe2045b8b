//! A locked key leaves on no path: no type, no format, no wrapping, no version, no door.

use keyhold_tests::{Appliance, Client, VERSIONS, objects::*};
use kmip::{
    BlockCipherMode, EncodingOption, KeyFormatType, KeyWrapType, OpaqueDataType, RecommendedCurve,
    ResultReason, SecretDataType, V1_1, V1_4, V2_1, Version, WrappingMethod,
    attribute::{Attribute, AttributeKind, CryptographicParameters, SingleAttribute},
    object::{EncryptionKeyInformation, KeyWrappingSpecification},
    payload::{
        attribute::{ModifyAttribute, ModifyAttributeRequest},
        get::{Get, GetRequest},
    },
};

on_each_backend!(
    no_locked_key_is_released_on_any_path,
    a_sensitive_key_leaves_only_wrapped,
    a_lock_is_not_undone_by_attributes,
);

/// One locked object of every type that can be locked.
fn locked_objects(client: &mut Client) -> Vec<(&'static str, String)> {
    let with = |attributes: Vec<Attribute>| attributes.into_iter().chain(locked());
    let symmetric_key = create_active(client, with(aes(256, CIPHER)));
    let hmac = create_active(
        client,
        with(symmetric(
            kmip::CryptographicAlgorithm::HMACSHA256,
            256,
            MAC,
        )),
    );
    let (rsa, _) = create_pair(client, Pair::Rsa(2048), locked());
    let (curve, _) = create_pair(client, Pair::Ec(RecommendedCurve::P256, 256), locked());
    let registered = register(client, aes_object(&[5; 32]), with(aes(256, CIPHER)));
    let password = secret_object(SecretDataType::Password, KeyFormatType::Raw, b"password");
    let opaque = opaque_object(OpaqueDataType(0x8000_0001), b"opaque");
    vec![
        ("AES", symmetric_key),
        ("HMAC", hmac),
        ("RSA", rsa),
        ("EC", curve),
        ("registered AES", registered),
        ("secret data", register(client, password, locked())),
        ("opaque object", register(client, opaque, locked())),
    ]
}

/// Every format that a version has, and none.
fn formats(version: Version) -> Vec<Option<KeyFormatType>> {
    let known = KeyFormatType::ALL
        .iter()
        .filter(|format| format.since().is_some_and(|since| since <= version));
    std::iter::once(None)
        .chain(known.copied().map(Some))
        .collect()
}

fn specification(
    wrapping_key: &str,
    mode: BlockCipherMode,
    version: Version,
) -> KeyWrappingSpecification {
    KeyWrappingSpecification {
        iv_counter_nonce: None,
        authenticated_encryption_additional_data: None,
        wrapping_method: WrappingMethod::Encrypt,
        encryption_key_information: Some(EncryptionKeyInformation {
            unique_identifier: wrapping_key.into(),
            cryptographic_parameters: Some(CryptographicParameters {
                block_cipher_mode: Some(mode),
                ..CryptographicParameters::default()
            }),
        }),
        mac_signature_key_information: None,
        attribute_name: Vec::new(),
        encoding_option: (version >= V1_1).then_some(EncodingOption::NoEncoding),
    }
}

fn refusals(version: Version) -> &'static [ResultReason] {
    if version >= V1_4 {
        &[ResultReason::Sensitive, ResultReason::NotExtractable]
    } else {
        &[ResultReason::PermissionDenied]
    }
}

/// Why a key does not wrap, before 2.0 and from then on.
const KEK_REFUSALS: &[ResultReason] = &[
    ResultReason::PermissionDenied,
    ResultReason::IncompatibleCryptographicUsageMask,
];

fn no_locked_key_is_released_on_any_path(appliance: &Appliance) {
    let client = &mut appliance.client(V2_1);
    let objects = locked_objects(client);
    let wrapping_key = create_active(client, aes(256, WRAP));
    for version in VERSIONS {
        for client in [
            &mut appliance.client(version),
            &mut appliance.local(version),
        ] {
            for (kind, object) in &objects {
                for format in formats(version) {
                    for wrapping in [
                        None,
                        Some(BlockCipherMode::NISTKeyWrap),
                        Some(BlockCipherMode::AESKeyWrapPadding),
                        Some(BlockCipherMode::GCM),
                    ] {
                        for wrap_type in [
                            None,
                            Some(KeyWrapType::NotWrapped),
                            Some(KeyWrapType::AsRegistered),
                        ] {
                            let request = GetRequest {
                                key_format_type: format,
                                key_wrap_type: wrap_type.filter(|_| version >= V1_4),
                                key_wrapping_specification: wrapping
                                    .map(|mode| specification(&wrapping_key, mode, version)),
                                ..get(object)
                            };
                            let reason = client.refused::<Get>(&request);
                            assert!(
                                refusals(version).contains(&reason),
                                "{kind} as {format:?}, {wrapping:?} in {version}: {reason:?}"
                            );
                            if version < V1_4 {
                                break;
                            }
                        }
                    }
                }
            }
        }
    }
}

fn a_sensitive_key_leaves_only_wrapped(appliance: &Appliance) {
    let client = &mut appliance.client(V2_1);
    let sensitive = [Attribute::Sensitive(true), Attribute::Extractable(true)];
    let key = create_active(client, aes(256, CIPHER).into_iter().chain(sensitive));
    // Whoever gets a key that may be got gets whatever is under it: it has to be one that nobody gets.
    let known = create_active(client, aes(256, WRAP));
    let hidden = [Attribute::Sensitive(true), Attribute::Extractable(false)];
    let wrapping_key = create_active(client, aes(256, WRAP).into_iter().chain(hidden));
    for version in VERSIONS {
        client.version = version;
        let under = |by: &str| GetRequest {
            key_wrapping_specification: Some(specification(
                by,
                BlockCipherMode::NISTKeyWrap,
                version,
            )),
            ..get(&key)
        };
        let reason = client.refused::<Get>(&get(&key));
        assert!(refusals(version).contains(&reason), "{reason:?}");
        let reason = client.refused::<Get>(&under(&known));
        assert!(KEK_REFUSALS.contains(&reason), "{version}: {reason:?}");
        let wrapped = client.call::<Get>(&under(&wrapping_key));
        assert!(
            wrapped
                .object
                .key_block()
                .unwrap()
                .key_wrapping_data
                .is_some()
        );
    }
}

fn a_lock_is_not_undone_by_attributes(appliance: &Appliance) {
    let client = &mut appliance.client(V2_1);
    for (kind, object) in locked_objects(client) {
        for version in VERSIONS.into_iter().filter(|version| *version >= V1_4) {
            client.version = version;
            for (old, new) in [
                (Attribute::Sensitive(true), Attribute::Sensitive(false)),
                (Attribute::Extractable(false), Attribute::Extractable(true)),
                (
                    Attribute::AlwaysSensitive(true),
                    Attribute::AlwaysSensitive(false),
                ),
                (
                    Attribute::NeverExtractable(true),
                    Attribute::NeverExtractable(false),
                ),
            ] {
                let changed = client.try_call::<ModifyAttribute>(&ModifyAttributeRequest {
                    unique_identifier: id(&object),
                    current_attribute: version.is_2().then_some(SingleAttribute {
                        index: None,
                        attribute: old,
                    }),
                    new_attribute: SingleAttribute {
                        index: None,
                        attribute: new.clone(),
                    },
                });
                assert!(changed.is_err(), "{kind}: {new:?}");
            }
            let marks = [
                AttributeKind::Sensitive,
                AttributeKind::AlwaysSensitive,
                AttributeKind::Extractable,
                AttributeKind::NeverExtractable,
            ];
            let expected = [
                Attribute::Sensitive(true),
                Attribute::AlwaysSensitive(true),
                Attribute::Extractable(false),
                Attribute::NeverExtractable(true),
            ];
            assert_eq!(attributes(client, &object, &marks), expected, "{kind}");
        }
    }
}
