//! The same by KMIP and by the PKCS#11 module.

use cryptoki_sys as ck;
use keyhold_tests::{
    Appliance, Backend, Client, PIN,
    api::{self, Act, Mechanism, Parameter, bytes as value, flag, number, with_module},
    objects::*,
};
use kmip::{
    BlockCipherMode, CryptographicAlgorithm, CryptographicUsageMask, EncodingOption,
    HashingAlgorithm, KeyFormatType, MaskGenerator, ObjectType, PaddingMethod, ResultReason,
    WrappingMethod,
    attribute::{Attribute, AttributeKind, CryptographicParameters},
    object::{
        EncryptionKeyInformation, KeyBlock, KeyObject, KeyValue, KeyWrappingData, ManagedObject,
    },
    payload::{get::Get, register::Register},
    ttlv::Bytes,
};

use super::*;

/// RSA with OAEP, and the AES key between by key wrap with padding, or none between.
fn parameters(hash: &str, has_between: bool) -> CryptographicParameters {
    let hash = match hash {
        "sha1" => HashingAlgorithm::SHA1,
        _ => HashingAlgorithm::SHA256,
    };
    CryptographicParameters {
        block_cipher_mode: has_between.then_some(BlockCipherMode::AESKeyWrapPadding),
        padding_method: Some(PaddingMethod::OAEP),
        hashing_algorithm: Some(hash),
        mask_generator: Some(MaskGenerator::MFG1),
        mask_generator_hashing_algorithm: Some(hash),
        ..CryptographicParameters::default()
    }
}

fn wrapped(
    under: &str,
    how: CryptographicParameters,
    format: KeyFormatType,
    algorithm: (CryptographicAlgorithm, i32),
    bytes: Vec<u8>,
) -> KeyObject {
    let key_block = KeyBlock {
        key_format_type: format,
        key_compression_type: None,
        key_value: Some(KeyValue::Wrapped(Bytes(bytes))),
        cryptographic_algorithm: Some(algorithm.0),
        cryptographic_length: Some(algorithm.1),
        key_wrapping_data: Some(KeyWrappingData {
            authenticated_encryption_additional_data: None,
            wrapping_method: WrappingMethod::Encrypt,
            encryption_key_information: Some(EncryptionKeyInformation {
                unique_identifier: under.into(),
                cryptographic_parameters: Some(how),
            }),
            mac_signature_key_information: None,
            mac_signature: None,
            iv_counter_nonce: None,
            encoding_option: Some(EncodingOption::NoEncoding),
        }),
    };
    KeyObject { key_block }
}

fn usage(mask: CryptographicUsageMask) -> Attribute {
    Attribute::CryptographicUsageMask(mask)
}

fn located(client: &mut Client, named: &str, kind: ObjectType) -> String {
    let found = locate(client, [name(named), Attribute::ObjectType(kind)]);
    let [found] = found.as_slice() else {
        panic!("{named}: {found:?}");
    };
    found.clone()
}

fn registers(backend: Backend) {
    let bench = Bench::new(Appliance::start(backend));
    let client = &mut bench.client();
    let kek = located(client, "kek", ObjectType::PrivateKey);
    bench.private("rsa", "-algorithm RSA -pkeyopt rsa_keygen_bits:2048");
    bench.wrap("rsa");
    let whole = fs::read(bench.path("rsa.wrapped")).unwrap();
    let kind = (CryptographicAlgorithm::RSA, 2048);
    let of = |how, bytes: &[u8]| {
        let key = wrapped(&kek, how, KeyFormatType::PKCS8, kind, bytes.to_vec());
        ManagedObject::PrivateKey(key)
    };
    let signs_and = |more: Vec<Attribute>| {
        let mut all = vec![usage(CryptographicUsageMask::Sign), name("by kmip")];
        all.push(Attribute::ActivationDate(kmip::ttlv::Timestamp(1)));
        all.extend(more);
        all
    };
    let in_one = || of(parameters(&bench.hash, true), &whole);
    let open = [Attribute::Sensitive(false), Attribute::Extractable(true)];
    let refused = client.refused::<Register>(&registration(in_one(), signs_and(open.into())));
    assert_eq!(refused, ResultReason::InvalidAttributeValue);
    let own = register(client, in_one(), signs_and(locked().into()));
    signs(&bench, &own, "rsa");
    is_locked(client, &own);
    let public = located(client, "by kmip.public", ObjectType::PublicKey);
    let links = attributes(client, &own, &[AttributeKind::Link]);
    assert!(format!("{links:?}").contains(&public), "{links:?}");

    // The key between is for the HSM alone: no client has it, and with it the key.
    let first = |mask| {
        let how = parameters(&bench.hash, false);
        let kind = (CryptographicAlgorithm::AES, 256);
        let key = wrapped(&kek, how, KeyFormatType::Raw, kind, whole[..384].to_vec());
        registration(
            ManagedObject::SymmetricKey(key),
            locked().into_iter().chain([usage(mask)]),
        )
    };
    for mask in [
        CryptographicUsageMask::UnwrapKey,
        CryptographicUsageMask::Decrypt,
    ] {
        client.refused::<Register>(&first(mask));
    }
    let gone = client.refused::<Get>(&get(&kek));
    assert_ne!(gone, ResultReason::ItemNotFound);
}

#[test]
fn register_takes_what_is_wrapped_for_the_embedded_hsm() {
    registers(Backend::Embedded);
}

#[test]
fn register_takes_what_is_wrapped_for_a_token() {
    registers(Backend::SoftHsm);
}

#[test]
fn register_takes_what_is_wrapped_for_kryoptic() {
    registers(Backend::Kryoptic);
}

/// An appliance with an RSA key of its clients' that unwraps, and a key that OpenSSL wrapped for it.
fn prepared(backend: Backend, hash: &str) -> Appliance {
    let bench = Bench::without_transport(Appliance::start(backend));
    bench.json("key create pair --vault dev --type rsa-2048 --usage unwrap-key --locked --active");
    let client = &mut bench.client();
    let public = located(client, "pair.public", ObjectType::PublicKey);
    let told = client.call::<Get>(&get(&public));
    fs::write(bench.path("kek.der"), bytes(&told.object)).unwrap();
    let form = if bytes(&told.object).starts_with(&[0x30, 0x82, 1, 0x0a]) {
        "-RSAPublicKey_in"
    } else {
        "-pubin"
    };
    bench.shell(&format!(
        "openssl rsa {form} -inform DER -in kek.der -out kek.pem"
    ));
    bench.private("own", "-algorithm EC -pkeyopt ec_paramgen_curve:P-256");
    fs::write(bench.path("secret"), [0x42; 32]).unwrap();
    for name in ["own", "secret"] {
        bench.wrap_by(name, hash);
        fs::copy(
            bench.path(&format!("{name}.wrapped")),
            bench.appliance.file(&format!("{name}.wrapped")),
        )
        .unwrap();
    }
    bench.appliance
}

fn unwraps(api: &api::Api, hash: &str) {
    api.initialize().unwrap();
    let session = api.open(true).unwrap();
    api.login(session, ck::CKU_USER, PIN.as_bytes()).unwrap();
    let by = [
        number(ck::CKA_CLASS, ck::CKO_PRIVATE_KEY),
        value(ck::CKA_LABEL, b"pair"),
    ];
    let by = api.find(session, &by).unwrap()[0];
    let (hash, mask) = match hash {
        "sha1" => (ck::CKM_SHA_1, ck::CKG_MGF1_SHA1),
        _ => (ck::CKM_SHA256, ck::CKG_MGF1_SHA256),
    };
    let parameter = Parameter::RsaAes(256, hash, mask);
    let mechanism = Mechanism::new(ck::CKM_RSA_AES_KEY_WRAP, parameter);
    let read = |name: &str| fs::read(api::data().join(name)).unwrap();
    let private = [
        number(ck::CKA_CLASS, ck::CKO_PRIVATE_KEY),
        number(ck::CKA_KEY_TYPE, ck::CKK_EC),
        flag(ck::CKA_SIGN, true),
        flag(ck::CKA_EXTRACTABLE, false),
        flag(ck::CKA_TOKEN, true),
    ];
    let wrapped = read("own.wrapped");
    let key = api
        .unwrap(session, &mechanism, by, &wrapped, &private)
        .unwrap();
    let ecdsa = Mechanism::from(ck::CKM_ECDSA_SHA256);
    let signature = api.once(Act::Sign, session, &ecdsa, key, b"data").unwrap();
    assert_eq!(signature.len(), 64);
    let secret = [
        number(ck::CKA_CLASS, ck::CKO_SECRET_KEY),
        number(ck::CKA_KEY_TYPE, ck::CKK_GENERIC_SECRET),
        flag(ck::CKA_SIGN, true),
        flag(ck::CKA_EXTRACTABLE, false),
    ];
    let wrapped = read("secret.wrapped");
    let key = api
        .unwrap(session, &mechanism, by, &wrapped, &secret)
        .unwrap();
    let hmac = Mechanism::from(ck::CKM_SHA256_HMAC);
    let mac = api.once(Act::Sign, session, &hmac, key, b"data").unwrap();
    assert_eq!(hex::encode(mac), HMAC);
    let mut changed = wrapped;
    *changed.last_mut().unwrap() ^= 1;
    assert!(
        api.unwrap(session, &mechanism, by, &changed, &secret)
            .is_err()
    );
}

/// HMAC-SHA-256 of `data` under 32 bytes of 0x42.
const HMAC: &str = "65d4d0b05c1c869fb905158d0d08448a700e5439723bc29c0b9ed963e00cd628";

#[test]
fn the_module_unwraps_what_openssl_wrapped() {
    with_module(
        || prepared(Backend::Embedded, "sha256"),
        |api| unwraps(api, "sha256"),
    );
}

#[test]
fn the_module_unwraps_what_openssl_wrapped_on_a_token() {
    with_module(
        || prepared(Backend::SoftHsm, "sha256"),
        |api| unwraps(api, "sha256"),
    );
}

#[test]
fn the_module_unwraps_what_openssl_wrapped_on_kryoptic() {
    with_module(
        || prepared(Backend::Kryoptic, "sha1"),
        |api| unwraps(api, "sha1"),
    );
}
