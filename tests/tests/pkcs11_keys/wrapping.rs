//! Keys under keys: what the module wraps, another implementation unwraps, and the other way round.

use cryptoki::{
    mechanism::{
        Mechanism, MechanismType,
        aead::GcmParams,
        rsa::{PkcsMgfType, PkcsOaepParams, PkcsOaepSource},
    },
    object::{Attribute, AttributeType, KeyType, ObjectClass},
    session::Session,
};

use super::{alone, brought, generated, open, python, secret, value};

const KEK: &[u8; 32] = b"the key that other keys go under";

/// Wraps or unwraps; the arguments are the way, the key, the data and the IV, in hexadecimal.
const PYTHON: &str = r#"
import sys
from cryptography.hazmat.primitives import keywrap, padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
way, key, data, iv = map(bytes.fromhex, sys.argv[1:5])

def cbc(encrypts):
    cipher = Cipher(algorithms.AES(key), modes.CBC(iv))
    pad = padding.PKCS7(128)
    if encrypts:
        filler, run = pad.padder(), cipher.encryptor()
        return run.update(filler.update(data) + filler.finalize()) + run.finalize()
    filler, run = pad.unpadder(), cipher.decryptor()
    return filler.update(run.update(data) + run.finalize()) + filler.finalize()

print({
    "kw wrap": lambda: keywrap.aes_key_wrap(key, data),
    "kw unwrap": lambda: keywrap.aes_key_unwrap(key, data),
    "kwp wrap": lambda: keywrap.aes_key_wrap_with_padding(key, data),
    "kwp unwrap": lambda: keywrap.aes_key_unwrap_with_padding(key, data),
    "gcm wrap": lambda: AESGCM(key).encrypt(iv, data, b"own"),
    "gcm unwrap": lambda: AESGCM(key).decrypt(iv, data, b"own"),
    "cbc wrap": lambda: cbc(True),
    "cbc unwrap": lambda: cbc(False),
}[way.decode()]().hex())
"#;

fn elsewhere(mode: &str, way: &str, data: &[u8], iv: &[u8]) -> Vec<u8> {
    let way = format!("{mode} {way}");
    python(PYTHON, &[way.as_bytes(), KEK, data, iv])
}

/// Each symmetric mechanism both ways, with a key whose bytes are known.
fn round_trip(
    session: &Session,
    mode: &str,
    mechanism: &dyn Fn() -> Mechanism<'static>,
    iv: &[u8],
) {
    let by = brought(
        session,
        KeyType::AES,
        KEK,
        &[
            Attribute::Wrap(true),
            Attribute::Unwrap(true),
            Attribute::Decrypt(true),
        ],
    );
    let key = generated(
        session,
        32,
        &[
            Attribute::Sensitive(false),
            Attribute::Extractable(true),
            Attribute::Encrypt(true),
        ],
    );
    let plain = value(session, key);
    let wrapped = session.wrap_key(&mechanism(), by, key).unwrap();
    assert_eq!(elsewhere(mode, "unwrap", &wrapped, iv), plain, "{mode}");
    let own = [0x5A; 24];
    let wrapped = elsewhere(mode, "wrap", &own, iv);
    let template = open(secret(KeyType::AES, None));
    let back = session
        .unwrap_key(&mechanism(), by, &wrapped, &template)
        .unwrap();
    assert_eq!(value(session, back), own, "{mode}");
    let told = [
        AttributeType::Local,
        AttributeType::AlwaysSensitive,
        AttributeType::NeverExtractable,
        AttributeType::ValueLen,
    ];
    assert_eq!(
        session.get_attributes(back, &told).unwrap(),
        [
            Attribute::Local(false),
            Attribute::AlwaysSensitive(false),
            Attribute::NeverExtractable(false),
            Attribute::ValueLen(24.into()),
        ]
    );
}

#[test]
fn secret_keys_go_under_aes_and_come_back() {
    alone(
        "wrapping::secret_keys_go_under_aes_and_come_back",
        &[],
        |session| {
            let none: &[u8] = &[];
            round_trip(session, "kw", &|| Mechanism::AesKeyWrap, none);
            round_trip(session, "kwp", &|| Mechanism::AesKeyWrapPad, none);
            round_trip(session, "cbc", &|| Mechanism::AesCbcPad([7; 16]), &[7; 16]);
            round_trip(
                session,
                "gcm",
                &|| {
                    let iv = Box::leak(Box::new([9; 12]));
                    Mechanism::AesGcm(GcmParams::new(iv, b"own", 128.into()).unwrap())
                },
                &[9; 12],
            );
        },
    );
}

/// Wraps or unwraps with RSA: the way, the key in DER, the data.
const RSA: &str = r#"
import sys
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
way, key, data = map(bytes.fromhex, sys.argv[1:4])
oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), b"own")
how = {"oaep": oaep, "pkcs": padding.PKCS1v15()}[way.decode()]
print(serialization.load_der_public_key(key).encrypt(data, how).hex())
"#;

#[test]
fn keys_wrapped_elsewhere_for_an_rsa_key_come_in() {
    alone(
        "wrapping::keys_wrapped_elsewhere_for_an_rsa_key_come_in",
        &[],
        |session| {
            let (public, private) = session
                .generate_key_pair(
                    &Mechanism::RsaPkcsKeyPairGen,
                    &[Attribute::ModulusBits(2048.into()), Attribute::Wrap(true)],
                    &[Attribute::Unwrap(true), Attribute::Decrypt(true)],
                )
                .unwrap();
            let info = session
                .get_attributes(public, &[AttributeType::PublicKeyInfo])
                .unwrap();
            let [Attribute::PublicKeyInfo(spki)] = &info[..] else {
                panic!("{info:?} is no public key");
            };
            let oaep = || {
                Mechanism::RsaPkcsOaep(PkcsOaepParams::new(
                    MechanismType::SHA256,
                    PkcsMgfType::MGF1_SHA256,
                    PkcsOaepSource::data_specified(b"own"),
                ))
            };
            let own = [0x3C; 32];
            let template = open(secret(KeyType::AES, None));
            for (way, mechanism) in [("oaep", oaep()), ("pkcs", Mechanism::RsaPkcs)] {
                let wrapped = python(RSA, &[way.as_bytes(), spki, &own]);
                let back = session
                    .unwrap_key(&mechanism, private, &wrapped, &template)
                    .unwrap();
                assert_eq!(value(session, back), own, "{way}");
                let wrapped = session.wrap_key(&mechanism, public, back).unwrap();
                let again = session
                    .unwrap_key(&mechanism, private, &wrapped, &template)
                    .unwrap();
                assert_eq!(value(session, again), own, "{way}");
            }
        },
    );
}

/// What is under a key is the private key of a public one, in PKCS #8.
const PRIVATE: &str = r#"
import sys
from cryptography.hazmat.primitives import keywrap, serialization
key, data = map(bytes.fromhex, sys.argv[1:3])
plain = keywrap.aes_key_unwrap_with_padding(key, data)
public = serialization.load_der_private_key(plain, None).public_key()
form = serialization.PublicFormat.SubjectPublicKeyInfo
print(public.public_bytes(serialization.Encoding.DER, form).hex())
"#;

#[test]
fn private_keys_leave_as_pkcs_8() {
    alone("wrapping::private_keys_leave_as_pkcs_8", &[], |session| {
        let by = brought(
            session,
            KeyType::AES,
            KEK,
            &[Attribute::Wrap(true), Attribute::Unwrap(true)],
        );
        let p256 = vec![6, 8, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 3, 1, 7];
        for (mechanism, key_type, public) in [
            (
                Mechanism::EccKeyPairGen,
                KeyType::EC,
                Attribute::EcParams(p256),
            ),
            (
                Mechanism::RsaPkcsKeyPairGen,
                KeyType::RSA,
                Attribute::ModulusBits(2048.into()),
            ),
        ] {
            let (public, private) = session
                .generate_key_pair(&mechanism, &[public], &open(Vec::new()))
                .unwrap();
            let wrapped = session
                .wrap_key(&Mechanism::AesKeyWrapPad, by, private)
                .unwrap();
            let info = session
                .get_attributes(public, &[AttributeType::PublicKeyInfo])
                .unwrap();
            assert_eq!(
                info,
                [Attribute::PublicKeyInfo(python(PRIVATE, &[KEK, &wrapped]))]
            );
            let template = [
                Attribute::Class(ObjectClass::PRIVATE_KEY),
                Attribute::KeyType(key_type),
                Attribute::Sign(true),
            ];
            let back = session
                .unwrap_key(&Mechanism::AesKeyWrapPad, by, &wrapped, &template)
                .unwrap();
            let (signs, data) = if key_type == KeyType::RSA {
                (Mechanism::Sha256RsaPkcs, b"message".as_slice())
            } else {
                (Mechanism::EcdsaSha256, b"message".as_slice())
            };
            let signature = session.sign(&signs, back, data).unwrap();
            session.verify(&signs, public, data, &signature).unwrap();
        }
    });
}
