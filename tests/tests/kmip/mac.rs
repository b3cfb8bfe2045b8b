//! MAC, MAC Verify, Hash and RNG Retrieve, checked against OpenSSL's own program.

use std::fs;

use keyhold_tests::{
    Appliance, Client, VERSIONS,
    objects::*,
    programs::{peer, succeed, words},
};
use kmip::{
    BlockCipherMode, CryptographicAlgorithm as Algorithm, HashingAlgorithm as Hash, KeyFormatType,
    ResultReason, Secret, V1_4, V2_1, ValidityIndicator,
    attribute::CryptographicParameters,
    object::{KeyObject, ManagedObject},
    payload::{
        encrypt::{Decrypt, DecryptRequest, Encrypt, EncryptRequest},
        hash::{Hash as HashOperation, HashRequest},
        mac::{MAC as MacOperation, MACRequest, MACVerify, MACVerifyRequest},
        rng::{RNGRetrieve, RNGRetrieveRequest},
    },
    ttlv::Bytes,
};

on_each_backend!(
    macs_agree_with_openssl,
    gmac_is_an_encryption_of_no_data,
    digests_agree_with_openssl,
    random_bytes_differ
);

const MESSAGE: &[u8] = b"a message that is authenticated";

fn macs_agree_with_openssl(appliance: &Appliance) {
    let client = &mut appliance.client(V2_1);
    for (algorithm, hash, name, length) in [
        (Algorithm::HMACSHA1, Hash::SHA1, "SHA1", 20_usize),
        (Algorithm::HMACSHA256, Hash::SHA256, "SHA256", 32),
        (Algorithm::HMACSHA384, Hash::SHA384, "SHA384", 48),
        (Algorithm::HMACSHA512, Hash::SHA512, "SHA512", 64),
    ] {
        let material: Vec<u8> = (7..).take(length).collect();
        let bits = i32::try_from(length * 8).unwrap();
        let key_block = block(KeyFormatType::Raw, &material, Some(algorithm), Some(bits));
        let object = ManagedObject::SymmetricKey(KeyObject { key_block });
        let key = register(client, object, symmetric(algorithm, bits, MAC));
        activate(client, &key);
        let how = format!("-macopt digest:{name} HMAC");
        let expected = mac_of_openssl(appliance, &how, &material);
        for version in VERSIONS
            .into_iter()
            .filter(|version| has_cryptography(*version))
        {
            client.version = version;
            for parameters in [
                None,
                Some(CryptographicParameters {
                    hashing_algorithm: Some(hash),
                    ..CryptographicParameters::default()
                }),
                Some(CryptographicParameters {
                    cryptographic_algorithm: Some(algorithm),
                    ..CryptographicParameters::default()
                }),
            ] {
                let response = client.call::<MacOperation>(&MACRequest {
                    unique_identifier: id(&key),
                    cryptographic_parameters: parameters.clone(),
                    data: Some(MESSAGE.into()),
                    ..MACRequest::default()
                });
                assert_eq!(
                    response.mac_data.unwrap().0,
                    expected,
                    "{algorithm:?} in {version}"
                );
                is_verified(client, &key, parameters.as_ref(), &expected);
            }
        }
    }
}

fn mac_of_openssl(appliance: &Appliance, how: &str, key: &[u8]) -> Vec<u8> {
    let folder = appliance.scratch();
    fs::write(folder.join("in"), MESSAGE).unwrap();
    let line = format!(
        "mac -binary -macopt hexkey:{} -in in -out out {how}",
        hex::encode(key)
    );
    succeed(peer("openssl").args(words(&line)).current_dir(&folder));
    fs::read(folder.join("out")).unwrap()
}

/// No version of MAC has a field for the IV that GMAC needs, so it is an encryption of nothing beside the message.
fn gmac_is_an_encryption_of_no_data(appliance: &Appliance) {
    let client = &mut appliance.client(V2_1);
    let iv: Vec<u8> = (1..=12).collect();
    let gcm = CryptographicParameters {
        block_cipher_mode: Some(BlockCipherMode::GCM),
        tag_length: Some(16),
        ..CryptographicParameters::default()
    };
    for bytes in [16_usize, 32] {
        let material: Vec<u8> = (3..).take(bytes).collect();
        let bits = i32::try_from(bytes * 8).unwrap();
        let key = register(client, aes_object(&material), aes(bits, CIPHER | MAC));
        activate(client, &key);
        let how = format!(
            "-cipher AES-{bits}-GCM -macopt hexiv:{} GMAC",
            hex::encode(&iv)
        );
        let expected = mac_of_openssl(appliance, &how, &material);
        for version in VERSIONS.into_iter().filter(|version| *version >= V1_4) {
            client.version = version;
            let made = client.call::<Encrypt>(&EncryptRequest {
                unique_identifier: id(&key),
                cryptographic_parameters: Some(gcm.clone()),
                data: Some(Secret::default()),
                iv_counter_nonce: Some(Bytes(iv.clone())),
                authenticated_encryption_additional_data: Some(Bytes(MESSAGE.to_vec())),
                ..EncryptRequest::default()
            });
            assert!(made.data.is_none_or(|own| own.0.is_empty()));
            assert_eq!(made.authenticated_encryption_tag.unwrap().0, expected);
            for (message, is_right) in [(MESSAGE, true), (b"another", false)] {
                let verified = client.try_call::<Decrypt>(&DecryptRequest {
                    unique_identifier: id(&key),
                    cryptographic_parameters: Some(gcm.clone()),
                    data: Some(Bytes::default()),
                    iv_counter_nonce: Some(Bytes(iv.clone())),
                    authenticated_encryption_additional_data: Some(Bytes(message.to_vec())),
                    authenticated_encryption_tag: Some(Bytes(expected.clone())),
                    ..DecryptRequest::default()
                });
                assert_eq!(verified.is_ok(), is_right, "{version}");
            }
            let refused = client.refused::<MacOperation>(&MACRequest {
                unique_identifier: id(&key),
                cryptographic_parameters: Some(gcm.clone()),
                data: Some(MESSAGE.into()),
                ..MACRequest::default()
            });
            let reason = if version.is_2() {
                ResultReason::UnsupportedCryptographicParameters
            } else {
                ResultReason::CryptographicFailure
            };
            assert_eq!(refused, reason, "{version}");
        }
    }
}

fn is_verified(
    client: &mut Client,
    key: &str,
    parameters: Option<&CryptographicParameters>,
    tag: &[u8],
) {
    for (message, tag, verdict) in [
        (MESSAGE, tag, ValidityIndicator::Valid),
        (b"another", tag, ValidityIndicator::Invalid),
        (MESSAGE, &tag[..tag.len() - 1], ValidityIndicator::Invalid),
        (MESSAGE, &[], ValidityIndicator::Invalid),
    ] {
        let verified = client.try_call::<MACVerify>(&MACVerifyRequest {
            unique_identifier: id(key),
            cryptographic_parameters: parameters.cloned(),
            data: Some(message.into()),
            mac_data: Some(Bytes(tag.to_vec())),
            ..MACVerifyRequest::default()
        });
        // A MAC of the wrong length may be called invalid, or be refused; valid it is not.
        match verified {
            Ok(verified) => assert_eq!(verified.validity_indicator, Some(verdict)),
            Err(refused) => assert_eq!(verdict, ValidityIndicator::Invalid, "{refused}"),
        }
    }
}

fn digests_agree_with_openssl(appliance: &Appliance) {
    let client = &mut appliance.client(V2_1);
    for (hash, name) in [
        (Hash::SHA1, "-sha1"),
        (Hash::SHA224, "-sha224"),
        (Hash::SHA256, "-sha256"),
        (Hash::SHA384, "-sha384"),
        (Hash::SHA512, "-sha512"),
        (Hash::SHA3256, "-sha3-256"),
        (Hash::SHA3512, "-sha3-512"),
    ] {
        fs::write(appliance.scratch().join("in"), MESSAGE).unwrap();
        let mut command = peer("openssl");
        command
            .args(["dgst", "-r", name, "in"])
            .current_dir(appliance.scratch());
        let said = succeed(&mut command);
        let expected = said.split_whitespace().next().unwrap().to_owned();
        for version in VERSIONS
            .into_iter()
            .filter(|version| has_cryptography(*version))
        {
            client.version = version;
            let response = client.call::<HashOperation>(&hashing(hash));
            assert_eq!(
                hex::encode(response.data.unwrap().0),
                expected,
                "{hash:?} in {version}"
            );
        }
    }
    let refused = client.refused::<HashOperation>(&hashing(Hash::MD2));
    assert_eq!(refused, ResultReason::UnsupportedCryptographicParameters);
}

fn hashing(hash: Hash) -> HashRequest {
    HashRequest {
        cryptographic_parameters: CryptographicParameters {
            hashing_algorithm: Some(hash),
            ..CryptographicParameters::default()
        },
        data: Some(MESSAGE.into()),
        ..HashRequest::default()
    }
}

fn random_bytes_differ(appliance: &Appliance) {
    let client = &mut appliance.client(V2_1);
    let mut seen = Vec::new();
    for version in VERSIONS
        .into_iter()
        .filter(|version| has_cryptography(*version))
    {
        client.version = version;
        for length in [1, 16, 32, 4096] {
            let data = client
                .call::<RNGRetrieve>(&RNGRetrieveRequest {
                    data_length: length,
                })
                .data;
            assert_eq!(i32::try_from(data.len()).unwrap(), length);
            if length >= 16 {
                let data = data.expose().to_vec();
                assert!(!seen.contains(&data), "the same random bytes twice");
                seen.push(data);
            }
        }
        for length in [-1, i32::MAX] {
            assert!(
                client
                    .try_call::<RNGRetrieve>(&RNGRetrieveRequest {
                        data_length: length
                    })
                    .is_err()
            );
        }
    }
}
