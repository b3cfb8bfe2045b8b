//! Keys wrapped under keys: what Get returns is unwrapped by another implementation, and what it wraps is registered.

use keyhold_tests::{Appliance, Client, VERSIONS, objects::*, programs::run_python};
use kmip::{
    BlockCipherMode as Mode, CryptographicAlgorithm, CryptographicUsageMask, EncodingOption,
    KeyFormatType, ResultReason, V1_0, V1_1, V2_0, V2_1, Version, WrappingMethod,
    attribute::{Attribute, AttributeKind, AttributeReference, CryptographicParameters},
    object::{
        EncryptionKeyInformation, KeyBlock, KeyMaterial, KeyObject, KeyValue, KeyWrappingData,
        KeyWrappingSpecification, ManagedObject,
    },
    payload::{
        get::{Get, GetRequest},
        register::Register,
    },
    ttlv::Bytes,
};

use crate::keys::OpenSsl;

on_each_backend!(
    what_is_wrapped_is_unwrapped_elsewhere,
    what_was_wrapped_elsewhere_is_registered,
    a_wrapping_key_must_be_one,
);

const KEK: [u8; 32] = *b"the key that other keys go under";

/// Wraps and unwraps by Python's `cryptography`: the arguments are the mode, the direction, key, data and IV.
const PYTHON: &str = r#"
import sys
from cryptography.hazmat.primitives import keywrap
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
mode, way, key, data, iv = sys.argv[1], sys.argv[2], *map(bytes.fromhex, sys.argv[3:6])
run = {
    ("kw", "wrap"): lambda: keywrap.aes_key_wrap(key, data),
    ("kw", "unwrap"): lambda: keywrap.aes_key_unwrap(key, data),
    ("kwp", "wrap"): lambda: keywrap.aes_key_wrap_with_padding(key, data),
    ("kwp", "unwrap"): lambda: keywrap.aes_key_unwrap_with_padding(key, data),
    ("gcm", "wrap"): lambda: AESGCM(key).encrypt(iv, data, b""),
    ("gcm", "unwrap"): lambda: AESGCM(key).decrypt(iv, data, b""),
}
print(run[mode, way]().hex())
"#;

fn elsewhere(mode: Mode, way: &str, data: &[u8], iv: &[u8]) -> Vec<u8> {
    let mode = match mode {
        Mode::NISTKeyWrap => "kw",
        Mode::AESKeyWrapPadding => "kwp",
        _ => "gcm",
    };
    let hex = run_python(
        PYTHON,
        &[
            mode,
            way,
            &hex::encode(KEK),
            &hex::encode(data),
            &hex::encode(iv),
        ],
    );
    hex::decode(hex).unwrap()
}

fn information(kek: &str, mode: Mode) -> Option<EncryptionKeyInformation> {
    Some(EncryptionKeyInformation {
        unique_identifier: kek.into(),
        cryptographic_parameters: Some(CryptographicParameters {
            block_cipher_mode: Some(mode),
            ..CryptographicParameters::default()
        }),
    })
}

fn wrapped(
    client: &mut Client,
    key: &str,
    kek: &str,
    mode: Mode,
    names: &[AttributeKind],
) -> KeyBlock {
    let bare = client.version >= V1_1 && names.is_empty();
    let got = client.call::<Get>(&GetRequest {
        key_wrapping_specification: Some(KeyWrappingSpecification {
            iv_counter_nonce: None,
            authenticated_encryption_additional_data: None,
            wrapping_method: WrappingMethod::Encrypt,
            encryption_key_information: information(kek, mode),
            mac_signature_key_information: None,
            attribute_name: names
                .iter()
                .copied()
                .map(AttributeReference::Standard)
                .collect(),
            encoding_option: bare.then_some(EncodingOption::NoEncoding),
        }),
        ..get(key)
    });
    got.object.key_block().unwrap().clone()
}

/// What is inside of a wrapped key block, unwrapped elsewhere.
fn inside(block: &KeyBlock, mode: Mode) -> Vec<u8> {
    let how = block
        .key_wrapping_data
        .as_ref()
        .expect("it says how it is wrapped");
    assert_eq!(how.wrapping_method, WrappingMethod::Encrypt);
    let data = match block.key_value.as_ref().unwrap() {
        KeyValue::Wrapped(bytes) => bytes.0.clone(),
        KeyValue::Plain {
            key_material: KeyMaterial::Bytes(bytes),
            ..
        } => bytes.expose().to_vec(),
        KeyValue::Plain { .. } => panic!("wrapped material is bytes"),
    };
    let iv = how.iv_counter_nonce.clone().unwrap_or_default();
    elsewhere(mode, "unwrap", &data, &iv.0)
}

fn kek(client: &mut Client) -> String {
    let kek = register(client, aes_object(&KEK), aes(256, WRAP));
    activate(client, &kek);
    kek
}

fn what_is_wrapped_is_unwrapped_elsewhere(appliance: &Appliance) {
    let rsa = OpenSsl::rsa(&appliance.scratch());
    let client = &mut appliance.client(V2_1);
    let (kek, material) = (kek(client), [0x5A; 32]);
    let key = register(client, aes_object(&material), aes(256, CIPHER));
    let key_block = block(
        KeyFormatType::PKCS8,
        &rsa.pkcs8,
        Some(CryptographicAlgorithm::RSA),
        Some(2048),
    );
    let private = register(
        client,
        ManagedObject::PrivateKey(KeyObject { key_block }),
        [Attribute::CryptographicUsageMask(
            CryptographicUsageMask::Sign,
        )],
    );
    for version in VERSIONS {
        client.version = version;
        for mode in [Mode::NISTKeyWrap, Mode::AESKeyWrapPadding, Mode::GCM] {
            let found = inside(&wrapped(client, &key, &kek, mode, &[]), mode);
            if version == V1_0 {
                // There is no Encoding Option yet: the whole Key Value is inside, in TTLV (KMIP 1.0 §2.1.5).
                assert_eq!(found[..4], [0x42, 0x00, 0x45, 0x01]);
                assert!(found.windows(32).any(|window| window == material));
            } else {
                assert_eq!(found, material, "{mode:?} in {version}");
            }
        }
        if version > V1_0 {
            // A DER key is no multiple of eight bytes, which only some of the modes can wrap.
            for mode in [Mode::AESKeyWrapPadding, Mode::GCM] {
                let found = inside(&wrapped(client, &private, &kek, mode, &[]), mode);
                assert_eq!(found, rsa.pkcs8, "{mode:?} in {version}");
            }
        }
        // Attributes asked for travel inside.
        let mode = Mode::AESKeyWrapPadding;
        let names = [
            AttributeKind::CryptographicLength,
            AttributeKind::CryptographicUsageMask,
        ];
        let found = inside(&wrapped(client, &key, &kek, mode, &names), mode);
        assert_eq!(found[..4], [0x42, 0x00, 0x45, 0x01]);
        let mark: &[u8] = if version.is_2() {
            &[0x42, 0x00, 0x2A]
        } else {
            b"Cryptographic Length"
        };
        assert!(found.windows(mark.len()).any(|window| window == mark));
    }
}

fn wrapped_block(bytes: Vec<u8>, kek: &str, mode: Mode, iv: &[u8]) -> ManagedObject {
    ManagedObject::SymmetricKey(KeyObject {
        key_block: KeyBlock {
            key_format_type: KeyFormatType::Raw,
            key_compression_type: None,
            key_value: Some(KeyValue::plain(KeyMaterial::Bytes(bytes.into()))),
            cryptographic_algorithm: Some(CryptographicAlgorithm::AES),
            cryptographic_length: Some(256),
            key_wrapping_data: Some(KeyWrappingData {
                authenticated_encryption_additional_data: None,
                wrapping_method: WrappingMethod::Encrypt,
                encryption_key_information: information(kek, mode),
                mac_signature_key_information: None,
                mac_signature: None,
                iv_counter_nonce: (!iv.is_empty()).then(|| Bytes(iv.to_vec())),
                encoding_option: Some(EncodingOption::NoEncoding),
            }),
        },
    })
}

fn what_was_wrapped_elsewhere_is_registered(appliance: &Appliance) {
    let client = &mut appliance.client(V2_1);
    let (kek, material) = (kek(client), [0xC3; 32]);
    for version in VERSIONS.into_iter().filter(|version| *version >= V1_1) {
        client.version = version;
        for (mode, iv) in [
            (Mode::NISTKeyWrap, &[][..]),
            (Mode::AESKeyWrapPadding, &[]),
            (Mode::GCM, &[8; 12]),
        ] {
            let mut bytes = elsewhere(mode, "wrap", &material, iv);
            let object = wrapped_block(bytes.clone(), &kek, mode, iv);
            let key = register(client, object, aes(256, CIPHER));
            assert_eq!(
                keyhold_tests::objects::bytes(&client.call::<Get>(&get(&key)).object),
                material
            );
            bytes[3] ^= 1;
            let forged = registration(wrapped_block(bytes, &kek, mode, iv), aes(256, CIPHER));
            assert_eq!(
                client.refused::<Register>(&forged),
                ResultReason::CryptographicFailure
            );
        }
    }
}

fn a_wrapping_key_must_be_one(appliance: &Appliance) {
    let client = &mut appliance.client(V2_1);
    let key = create(client, aes(256, CIPHER));
    let sleeping = create(client, aes(256, WRAP));
    let other = create_active(client, aes(256, CIPHER));
    let gone = create(client, aes(256, WRAP));
    destroy(client, &gone);
    for version in VERSIONS {
        client.version = version;
        let mut refused = |kek: &str| {
            client.refused::<Get>(&GetRequest {
                key_wrapping_specification: Some(KeyWrappingSpecification {
                    iv_counter_nonce: None,
                    authenticated_encryption_additional_data: None,
                    wrapping_method: WrappingMethod::Encrypt,
                    encryption_key_information: information(kek, Mode::NISTKeyWrap),
                    mac_signature_key_information: None,
                    attribute_name: Vec::new(),
                    encoding_option: None,
                }),
                ..get(&key)
            })
        };
        let by_version = |version: Version, old, new| if version.is_2() { new } else { old };
        for (kek, old, new) in [
            (
                "no-such-key",
                ResultReason::ItemNotFound,
                ResultReason::WrappingObjectNotFound,
            ),
            (
                &gone,
                ResultReason::ItemNotFound,
                ResultReason::WrappingObjectDestroyed,
            ),
            (
                &sleeping,
                ResultReason::PermissionDenied,
                // 2.0 has a reason for states, and its test cases expect the older one all the same.
                if version == V2_0 {
                    ResultReason::PermissionDenied
                } else {
                    ResultReason::WrongKeyLifecycleState
                },
            ),
            (
                &other,
                ResultReason::PermissionDenied,
                ResultReason::IncompatibleCryptographicUsageMask,
            ),
        ] {
            assert_eq!(
                refused(kek),
                by_version(version, old, new),
                "{kek} in {version}"
            );
        }
    }
}
