//! Encrypt and Decrypt: every cipher, checked against OpenSSL's own program and Python's `cryptography`.

use keyhold_tests::{Appliance, Client, VERSIONS, objects::*, programs::run_python};
use kmip::{
    BlockCipherMode as Mode, CryptographicAlgorithm, HashingAlgorithm as Hash, KeyFormatType,
    PaddingMethod as Padding, ResultReason, V1_4, V2_1,
    attribute::CryptographicParameters,
    payload::{
        encrypt::{Decrypt, DecryptRequest, Encrypt, EncryptRequest, EncryptResponse},
        get::{Get, GetRequest},
    },
    ttlv::Bytes,
};

use crate::keys::openssl;

on_each_backend!(
    aes_agrees_with_openssl,
    aes_gcm_agrees_with_another_library,
    the_server_makes_the_iv_where_it_is_asked_to,
    rsa_decrypts_what_others_encrypted,
    what_cannot_be_decrypted_is_refused,
);

fn with(mode: Mode, padding: Option<Padding>) -> CryptographicParameters {
    CryptographicParameters {
        block_cipher_mode: Some(mode),
        padding_method: padding,
        ..CryptographicParameters::default()
    }
}

fn encrypting(
    key: &str,
    parameters: &CryptographicParameters,
    data: &[u8],
    iv: Option<&[u8]>,
) -> EncryptRequest {
    EncryptRequest {
        unique_identifier: id(key),
        cryptographic_parameters: Some(parameters.clone()),
        data: Some(data.into()),
        iv_counter_nonce: iv.map(|iv| Bytes(iv.to_vec())),
        ..EncryptRequest::default()
    }
}

fn decrypting(
    key: &str,
    parameters: &CryptographicParameters,
    data: &[u8],
    iv: Option<&[u8]>,
) -> DecryptRequest {
    DecryptRequest {
        unique_identifier: id(key),
        cryptographic_parameters: Some(parameters.clone()),
        data: Some(Bytes(data.to_vec())),
        iv_counter_nonce: iv.map(|iv| Bytes(iv.to_vec())),
        ..DecryptRequest::default()
    }
}

fn decrypt(client: &mut Client, request: &DecryptRequest) -> Vec<u8> {
    client
        .call::<Decrypt>(request)
        .data
        .expect("plaintext")
        .expose()
        .to_vec()
}

fn aes_agrees_with_openssl(appliance: &Appliance) {
    let client = &mut appliance.client(V2_1);
    let (folder, iv) = (appliance.scratch(), [0x24; 16]);
    for bits in [128_usize, 192, 256] {
        let material: Vec<u8> = (1..).take(bits / 8).collect();
        let key = register(
            client,
            aes_object(&material),
            aes(i32::try_from(bits).unwrap(), CIPHER),
        );
        activate(client, &key);
        for (mode, padding, name) in [
            (Mode::ECB, None, "ecb"),
            (Mode::ECB, Some(Padding::PKCS5), "ecb"),
            (Mode::CBC, Some(Padding::None), "cbc"),
            (Mode::CBC, Some(Padding::PKCS5), "cbc"),
            (Mode::CTR, None, "ctr"),
        ] {
            let whole = padding != Some(Padding::PKCS5) && mode != Mode::CTR;
            let plain: &[u8] = if whole {
                &[0x77; 64]
            } else {
                b"not a whole number of blocks"
            };
            let (cipher, hex) = (format!("-aes-{bits}-{name}"), hex::encode(&material));
            let iv_hex = hex::encode(iv);
            let mut arguments = vec!["enc", &cipher, "-K", &hex];
            if mode != Mode::ECB {
                arguments.extend(["-iv", &iv_hex]);
            }
            if whole {
                arguments.push("-nopad");
            }
            let expected = openssl(&folder, &arguments, plain);
            let parameters = with(mode, padding);
            let iv = (mode != Mode::ECB).then_some(&iv[..]);
            for version in VERSIONS
                .into_iter()
                .filter(|version| has_cryptography(*version))
            {
                client.version = version;
                let encrypted = client.call::<Encrypt>(&encrypting(&key, &parameters, plain, iv));
                assert_eq!(
                    encrypted.data.unwrap().0,
                    expected,
                    "{bits} {name} {padding:?} {version}"
                );
                assert_eq!(
                    decrypt(client, &decrypting(&key, &parameters, &expected, iv)),
                    plain
                );
            }
        }
    }
}

fn aes_gcm_agrees_with_another_library(appliance: &Appliance) {
    const PYTHON: &str = "import sys; from cryptography.hazmat.primitives.ciphers.aead import AESGCM; \
         k, n, d, a = map(bytes.fromhex, sys.argv[1:]); print(AESGCM(k).encrypt(n, d, a).hex())";
    let client = &mut appliance.client(V2_1);
    let (material, nonce, associated) = ([0x42; 32], [0x11; 12], b"associated");
    let key = register(client, aes_object(&material), aes(256, CIPHER));
    activate(client, &key);
    let plain = b"a message of no special length";
    let sealed = |associated: &[u8]| {
        let arguments = [&material[..], &nonce, plain, associated].map(hex::encode);
        hex::decode(run_python(
            PYTHON,
            &arguments.each_ref().map(String::as_str),
        ))
        .unwrap()
    };
    let (bare, bound) = (sealed(b""), sealed(associated));
    let parameters = with(Mode::GCM, None);
    for version in VERSIONS
        .into_iter()
        .filter(|version| has_cryptography(*version))
    {
        client.version = version;
        if version < V1_4 {
            // There is no field for the tag yet, so it follows the ciphertext.
            let encrypted =
                client.call::<Encrypt>(&encrypting(&key, &parameters, plain, Some(&nonce)));
            assert_eq!(encrypted.data.unwrap().0, bare);
            assert_eq!(
                decrypt(client, &decrypting(&key, &parameters, &bare, Some(&nonce))),
                plain
            );
            continue;
        }
        let associated = Some(Bytes(associated.to_vec()));
        let encrypted = client.call::<Encrypt>(&EncryptRequest {
            authenticated_encryption_additional_data: associated.clone(),
            ..encrypting(&key, &parameters, plain, Some(&nonce))
        });
        let (data, tag) = bound.split_at(plain.len());
        assert_eq!(encrypted.data.unwrap().0, data);
        assert_eq!(encrypted.authenticated_encryption_tag.unwrap().0, tag);
        let mut request = DecryptRequest {
            authenticated_encryption_additional_data: associated,
            authenticated_encryption_tag: Some(Bytes(tag.to_vec())),
            ..decrypting(&key, &parameters, data, Some(&nonce))
        };
        assert_eq!(decrypt(client, &request), plain);
        request.authenticated_encryption_additional_data = None;
        assert_eq!(
            client.refused::<Decrypt>(&request),
            ResultReason::CryptographicFailure
        );
    }
}

fn the_server_makes_the_iv_where_it_is_asked_to(appliance: &Appliance) {
    let client = &mut appliance.client(V2_1);
    let key = create_active(client, aes(256, CIPHER));
    for version in VERSIONS
        .into_iter()
        .filter(|version| has_cryptography(*version))
    {
        client.version = version;
        for (mode, bytes) in [(Mode::CBC, 16), (Mode::CTR, 16), (Mode::GCM, 12)] {
            let padding = (mode == Mode::CBC).then_some(Padding::PKCS5);
            let mut parameters = with(mode, padding);
            parameters.random_iv = Some(true);
            let mut once = || -> EncryptResponse {
                client.call::<Encrypt>(&encrypting(&key, &parameters, b"same message", None))
            };
            let (first, second) = (once(), once());
            let (iv, other) = (
                first.iv_counter_nonce.unwrap().0,
                second.iv_counter_nonce.unwrap().0,
            );
            assert_eq!(iv.len(), bytes, "{mode:?}");
            assert_ne!(iv, other, "an IV is never used twice");
            let request = DecryptRequest {
                authenticated_encryption_tag: first.authenticated_encryption_tag,
                ..decrypting(
                    &key,
                    &with(mode, padding),
                    &first.data.unwrap().0,
                    Some(&iv),
                )
            };
            assert_eq!(decrypt(client, &request), b"same message");
        }
    }
}

fn rsa_decrypts_what_others_encrypted(appliance: &Appliance) {
    let client = &mut appliance.client(V2_1);
    let folder = appliance.scratch();
    for bits in [2048, 3072] {
        let (private, public) = create_pair(client, Pair::Rsa(bits), locked());
        let got = client.call::<Get>(&GetRequest {
            key_format_type: Some(KeyFormatType::X509),
            ..get(&public)
        });
        std::fs::write(folder.join("public.der"), bytes(&got.object)).unwrap();
        for (parameters, options) in [
            (
                rsa(Padding::PKCS1V15, None),
                &["rsa_padding_mode:pkcs1"][..],
            ),
            (
                rsa(Padding::OAEP, Some(Hash::SHA1)),
                &[
                    "rsa_padding_mode:oaep",
                    "rsa_oaep_md:sha1",
                    "rsa_mgf1_md:sha1",
                ],
            ),
            (
                rsa(Padding::OAEP, Some(Hash::SHA256)),
                &[
                    "rsa_padding_mode:oaep",
                    "rsa_oaep_md:sha256",
                    "rsa_mgf1_md:sha256",
                ],
            ),
        ] {
            let mut arguments = vec![
                "pkeyutl",
                "-encrypt",
                "-pubin",
                "-keyform",
                "DER",
                "-inkey",
                "public.der",
            ];
            arguments.extend(options.iter().flat_map(|option| ["-pkeyopt", option]));
            let encrypted = openssl(&folder, &arguments, b"a session key");
            for version in VERSIONS
                .into_iter()
                .filter(|version| has_cryptography(*version))
            {
                client.version = version;
                let decrypted =
                    decrypt(client, &decrypting(&private, &parameters, &encrypted, None));
                assert_eq!(decrypted, b"a session key", "{parameters:?} in {version}");
                let own =
                    client.call::<Encrypt>(&encrypting(&public, &parameters, b"another", None));
                let own = decrypting(&private, &parameters, &own.data.unwrap().0, None);
                assert_eq!(decrypt(client, &own), b"another");
            }
        }
    }
}

fn rsa(padding: Padding, hash: Option<Hash>) -> CryptographicParameters {
    CryptographicParameters {
        padding_method: Some(padding),
        hashing_algorithm: hash,
        cryptographic_algorithm: Some(CryptographicAlgorithm::RSA),
        ..CryptographicParameters::default()
    }
}

fn what_cannot_be_decrypted_is_refused(appliance: &Appliance) {
    let client = &mut appliance.client(V2_1);
    let key = create_active(client, aes(128, CIPHER));
    let (private, _) = create_pair(client, Pair::Rsa(2048), []);
    for version in VERSIONS
        .into_iter()
        .filter(|version| has_cryptography(*version))
    {
        client.version = version;
        let gcm = with(Mode::GCM, None);
        let cbc = with(Mode::CBC, Some(Padding::PKCS5));
        let failure = ResultReason::CryptographicFailure;
        for (parameters, data, iv) in [
            (&gcm, &[0; 40][..], Some(&[1; 12][..])),
            (&cbc, &[0; 17], Some(&[1; 16])),
            (&cbc, &[], Some(&[1; 16])),
        ] {
            let refused = client.refused::<Decrypt>(&decrypting(&key, parameters, data, iv));
            assert!(
                [failure, ResultReason::InvalidField].contains(&refused),
                "{refused:?} in {version}"
            );
        }
        for (parameters, iv) in [
            (&with(Mode::CBC, None), Some(&[1; 3][..])),
            (&with(Mode::XTS, None), None),
        ] {
            assert!(
                client
                    .try_call::<Encrypt>(&encrypting(&key, parameters, &[0; 16], iv))
                    .is_err()
            );
        }
        let oaep = rsa(Padding::OAEP, Some(Hash::SHA256));
        for length in [0, 255, 256, 257] {
            let refused =
                client.try_call::<Decrypt>(&decrypting(&private, &oaep, &vec![9; length], None));
            assert!(refused.is_err(), "{length} bytes");
        }
        // What is no PKCS #1 v1.5 encryption decrypts to something, always the same (implicit rejection), or fails:
        // it must not tell where its padding is wrong.
        let v15 = rsa(Padding::PKCS1V15, None);
        let request = decrypting(&private, &v15, &[7; 256], None);
        let outcome = |client: &mut Client| {
            client
                .try_call::<Decrypt>(&request)
                .map(|answer| answer.data.map(|data| data.len()))
        };
        assert_eq!(outcome(client), outcome(client));
    }
}
