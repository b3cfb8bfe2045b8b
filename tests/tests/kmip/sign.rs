//! Sign and Signature Verify: every kind of key, checked by OpenSSL's own program and by RustCrypto.

use keyhold_tests::{Appliance, Backend, Client, VERSIONS, objects::*};
use kmip::{
    DigitalSignatureAlgorithm, HashingAlgorithm as Hash, KeyFormatType, PaddingMethod as Padding,
    RecommendedCurve, ResultReason, V1_4, V2_1, ValidityIndicator,
    attribute::{AttributeKind, CryptographicParameters},
    payload::{
        create::CreateKeyPair,
        get::{Get, GetRequest},
        sign::{Sign, SignRequest, SignatureVerify, SignatureVerifyRequest},
    },
    ttlv::Bytes,
};
use p384::ecdsa::signature::Verifier;
use rsa::pkcs8::DecodePublicKey;
use sha2::{Digest, Sha256};

use crate::keys::verifies;

on_each_backend!(
    rsa_signs,
    curves_sign,
    ed25519_signs,
    digests_are_signed,
    nonsense_is_not_signed
);

const MESSAGE: &[u8] = b"a message that is signed";

fn signing(key: &str, parameters: &CryptographicParameters) -> SignRequest {
    SignRequest {
        unique_identifier: id(key),
        cryptographic_parameters: Some(parameters.clone()),
        data: Some(MESSAGE.into()),
        ..SignRequest::default()
    }
}

fn sign(client: &mut Client, key: &str, parameters: &CryptographicParameters) -> Vec<u8> {
    client
        .call::<Sign>(&signing(key, parameters))
        .signature_data
        .expect("a signature")
        .0
}

fn validity(
    client: &mut Client,
    key: &str,
    parameters: &CryptographicParameters,
    message: &[u8],
    signature: &[u8],
) -> ValidityIndicator {
    let response = client.call::<SignatureVerify>(&SignatureVerifyRequest {
        unique_identifier: id(key),
        cryptographic_parameters: Some(parameters.clone()),
        data: Some(message.into()),
        signature_data: Some(Bytes(signature.to_vec())),
        ..SignatureVerifyRequest::default()
    });
    response.validity_indicator.expect("a verdict")
}

fn spki(client: &mut Client, public: &str) -> Vec<u8> {
    bytes(
        &client
            .call::<Get>(&GetRequest {
                key_format_type: Some(KeyFormatType::X509),
                ..get(public)
            })
            .object,
    )
}

/// Signs in every version and lets OpenSSL, and the daemon, verify: what is signed, and nothing else.
fn signs(
    appliance: &Appliance,
    client: &mut Client,
    (private, public): &(String, String),
    parameters: &CryptographicParameters,
    options: &[&str],
) {
    let spki = spki(client, public);
    for version in VERSIONS
        .into_iter()
        .filter(|version| has_cryptography(*version))
    {
        client.version = version;
        let signature = sign(client, private, parameters);
        let folder = appliance.scratch();
        let what = format!("{parameters:?} in {version}");
        assert!(
            verifies(&folder, &spki, MESSAGE, &signature, options),
            "{what}"
        );
        let valid = validity(client, public, parameters, MESSAGE, &signature);
        assert_eq!(valid, ValidityIndicator::Valid, "{what}");
        let other = validity(client, public, parameters, b"another message", &signature);
        assert_eq!(other, ValidityIndicator::Invalid, "{what}");
        let mut forged = signature;
        *forged.last_mut().unwrap() ^= 1;
        let forged = validity(client, public, parameters, MESSAGE, &forged);
        assert_eq!(forged, ValidityIndicator::Invalid, "{what}");
    }
    client.version = V2_1;
}

fn hashed(hash: Hash) -> CryptographicParameters {
    CryptographicParameters {
        hashing_algorithm: Some(hash),
        ..CryptographicParameters::default()
    }
}

fn rsa_signs(appliance: &Appliance) {
    let client = &mut appliance.client(V2_1);
    for bits in [2048, 3072, 4096] {
        let pair = create_pair(client, Pair::Rsa(bits), locked());
        for (padding, mode) in [(Padding::PKCS1V15, "pkcs1"), (Padding::PSS, "pss")] {
            for (hash, name) in [
                (Hash::SHA256, "sha256"),
                (Hash::SHA384, "sha384"),
                (Hash::SHA512, "sha512"),
            ] {
                let parameters = CryptographicParameters {
                    padding_method: Some(padding),
                    ..hashed(hash)
                };
                let mode = format!("rsa_padding_mode:{mode}");
                let mut options = vec!["-digest", name, "-pkeyopt", &mode];
                if padding == Padding::PSS {
                    options.extend(["-pkeyopt", "rsa_pss_saltlen:digest"]);
                }
                signs(appliance, client, &pair, &parameters, &options);
            }
        }
    }
    let (private, public) = create_pair(client, Pair::Rsa(2048), []);
    let named = CryptographicParameters {
        digital_signature_algorithm: Some(DigitalSignatureAlgorithm::SHA256WithRSAEncryption),
        ..CryptographicParameters::default()
    };
    let signature = sign(client, &private, &named);
    let key = rsa::PublicKey::from_public_key_der(&spki(client, &public)).unwrap();
    let scheme = rsa::Pkcs1v15Sign::new::<Sha256>();
    key.verify(scheme, &Sha256::digest(MESSAGE), &signature)
        .expect("RustCrypto agrees");
}

fn curves_sign(appliance: &Appliance) {
    let client = &mut appliance.client(V2_1);
    for (curve, bits, hash, name) in [
        (RecommendedCurve::P256, 256, Hash::SHA256, "sha256"),
        (RecommendedCurve::P384, 384, Hash::SHA384, "sha384"),
        (RecommendedCurve::P521, 521, Hash::SHA512, "sha512"),
        (RecommendedCurve::SECP256K1, 256, Hash::SHA256, "sha256"),
        (RecommendedCurve::P256, 256, Hash::SHA512, "sha512"),
    ] {
        if curve == RecommendedCurve::SECP256K1 && appliance.backend() == Backend::Kryoptic {
            let request = pair(Pair::Ec(curve, bits), locked(), []);
            let refused = client.refused::<CreateKeyPair>(&request);
            assert_eq!(refused, ResultReason::UnsupportedCryptographicParameters);
            continue;
        }
        let pair = create_pair(client, Pair::Ec(curve, bits), locked());
        signs(appliance, client, &pair, &hashed(hash), &["-digest", name]);
    }
    let (private, public) = create_pair(client, Pair::Ec(RecommendedCurve::P384, 384), []);
    let signature = sign(client, &private, &hashed(Hash::SHA384));
    let key = p384::ecdsa::VerifyingKey::from_public_key_der(&spki(client, &public)).unwrap();
    let signature = p384::ecdsa::DerSignature::try_from(&signature[..]).unwrap();
    key.verify(MESSAGE, &signature).expect("RustCrypto agrees");
}

fn ed25519_signs(appliance: &Appliance) {
    if appliance.backend() == Backend::Wrapped {
        // SoftHSM2 makes such keys, and does not wrap them: then the vault makes none.
        let request = pair(Pair::Ed25519, locked(), []);
        let refused = appliance.client(V2_1).refused::<CreateKeyPair>(&request);
        assert_eq!(refused, ResultReason::UnsupportedCryptographicParameters);
        return;
    }
    let client = &mut appliance.client(V2_1);
    let pair = create_pair(client, Pair::Ed25519, locked());
    signs(
        appliance,
        client,
        &pair,
        &CryptographicParameters::default(),
        &[],
    );
}

fn digests_are_signed(appliance: &Appliance) {
    let client = &mut appliance.client(V2_1);
    let rsa = create_pair(client, Pair::Rsa(2048), []);
    let curve = create_pair(client, Pair::Ec(RecommendedCurve::P256, 256), []);
    for version in VERSIONS.into_iter().filter(|version| *version >= V1_4) {
        client.version = version;
        for ((private, public), padding) in [
            (&rsa, Some(Padding::PKCS1V15)),
            (&rsa, Some(Padding::PSS)),
            (&curve, None),
        ] {
            let parameters = CryptographicParameters {
                padding_method: padding,
                ..hashed(Hash::SHA256)
            };
            let request = SignRequest {
                data: None,
                digested_data: Some(Bytes(Sha256::digest(MESSAGE).to_vec())),
                ..signing(private, &parameters)
            };
            let signature = client.call::<Sign>(&request).signature_data.unwrap().0;
            let verdict = validity(client, public, &parameters, MESSAGE, &signature);
            assert_eq!(
                verdict,
                ValidityIndicator::Valid,
                "the digest stands for the message"
            );
            let both = SignRequest {
                data: Some(MESSAGE.into()),
                ..request
            };
            assert!(
                client.try_call::<Sign>(&both).is_err(),
                "one of them, and one only"
            );
        }
    }
}

fn nonsense_is_not_signed(appliance: &Appliance) {
    let client = &mut appliance.client(V2_1);
    let (rsa, rsa_public) = create_pair(client, Pair::Rsa(2048), []);
    let (curve, _) = create_pair(client, Pair::Ec(RecommendedCurve::P256, 256), []);
    let aes = create_active(client, aes(128, CIPHER));
    for version in VERSIONS
        .into_iter()
        .filter(|version| has_cryptography(*version))
    {
        client.version = version;
        let rsa_algorithm = CryptographicParameters {
            digital_signature_algorithm: Some(DigitalSignatureAlgorithm::SHA256WithRSAEncryption),
            ..CryptographicParameters::default()
        };
        let odd = CryptographicParameters {
            padding_method: Some(Padding::PKCS5),
            ..hashed(Hash::SHA256)
        };
        for (key, parameters) in [
            (&curve, &rsa_algorithm),
            (&rsa, &odd),
            (&rsa, &hashed(Hash::MD5)),
            (&aes, &hashed(Hash::SHA256)),
            (&rsa_public, &hashed(Hash::SHA256)),
        ] {
            let reason = client.refused::<Sign>(&signing(key, parameters));
            assert_ne!(reason, ResultReason::GeneralFailure, "{parameters:?}");
        }
        let empty = SignRequest {
            data: None,
            ..signing(&rsa, &hashed(Hash::SHA256))
        };
        assert!(client.try_call::<Sign>(&empty).is_err());
        assert_eq!(attributes(client, &rsa, &[AttributeKind::State]).len(), 1);
    }
}
