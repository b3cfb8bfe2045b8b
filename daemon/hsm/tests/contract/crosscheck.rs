//! What the backends sign, independent implementations verify; what those encrypt, the backends decrypt.

use std::convert::Infallible;

use hsm::{Decryption, Input, public};
use kmip::mechanism::{Cipher, Curve, Hash, KeySpec, Signing};
use openssl::{bn::BigNum, ecdsa::EcdsaSig, pkey::PKey};
use p384::ecdsa::signature::{Verifier, hazmat::PrehashVerifier};
use rsa::{
    pkcs8::DecodePublicKey,
    rand_core::{TryCryptoRng, TryRng},
    sha2::{Sha256, Sha384, Sha512},
};

use crate::{backends, generate, makes};

const RSA: KeySpec = KeySpec::Rsa { bits: 2048 };

#[test]
fn rsa_signatures_verify_elsewhere() {
    for (name, hsm) in backends() {
        if !makes(hsm.as_ref(), RSA) {
            continue;
        }
        let (key, spki) = generate(hsm.as_ref(), RSA);
        let public = rsa::PublicKey::from_public_key_der(&spki.unwrap()).unwrap();
        let sign = |mechanism, input| hsm.sign(&key, mechanism, input).unwrap();
        let message = Input::Message(b"message");

        let signature = sign(Signing::RsaPkcs1(Some(Hash::Sha256)), message);
        public
            .pkcs1v15_verify::<Sha256>(b"message", &signature)
            .unwrap();
        let signature = sign(Signing::RsaPkcs1(Some(Hash::Sha384)), message);
        public
            .pkcs1v15_verify::<Sha384>(b"message", &signature)
            .unwrap();
        assert!(
            public
                .pkcs1v15_verify::<Sha384>(b"massage", &signature)
                .is_err()
        );

        // PKCS #11's CKM_RSA_PKCS over a whole DigestInfo is CKM_SHA512_RSA_PKCS over the message.
        let mut info = hex::decode("3051300d060960864801650304020305000440").unwrap();
        info.extend(public::hash(Hash::Sha512, b"message").unwrap());
        let signature = sign(Signing::RsaPkcs1(None), Input::Digest(&info));
        public
            .pkcs1v15_verify::<Sha512>(b"message", &signature)
            .unwrap();
        assert_eq!(
            signature,
            sign(Signing::RsaPkcs1(Some(Hash::Sha512)), message),
            "{name}"
        );

        let pss = Signing::RsaPss {
            hash: Hash::Sha256,
            mask_hash: Hash::Sha256,
            salt_bytes: 32,
        };
        if hsm.capabilities().sign.contains(&pss) {
            let signature = sign(pss, message);
            public.pss_verify::<Sha256>(b"message", &signature).unwrap();
            assert_ne!(signature, sign(pss, message), "the salt is random");
        }
    }
}

/// Random enough for a padding that nobody attacks.
struct Counter(u64);

impl TryRng for Counter {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.try_next_u64()
            .map(|next| u32::try_from(next >> 32).unwrap())
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        Ok(self.0)
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        for byte in out {
            *byte = self.try_next_u32()?.to_be_bytes()[0];
        }
        Ok(())
    }
}

impl TryCryptoRng for Counter {}

#[test]
fn rsa_ciphertexts_come_from_elsewhere() {
    for (name, hsm) in backends() {
        if !makes(hsm.as_ref(), RSA) {
            continue;
        }
        let (key, spki) = generate(hsm.as_ref(), RSA);
        let public = rsa::PublicKey::from_public_key_der(&spki.unwrap()).unwrap();
        let oaep = Cipher::RsaOaep {
            hash: Hash::Sha256,
            mask_hash: Hash::Sha256,
            label: vec![],
        };
        for (cipher, data) in [
            (
                Cipher::RsaPkcs1,
                public
                    .pkcs1v15_encrypt_with_rng(&mut Counter(1), b"secret")
                    .unwrap(),
            ),
            (
                oaep,
                public
                    .oaep_encrypt_with_rng::<Sha256, _>(&mut Counter(1), b"secret")
                    .unwrap(),
            ),
        ] {
            if !hsm.capabilities().cipher.contains(&cipher) {
                continue;
            }
            let input = Decryption {
                iv: None,
                associated: &[],
                tag: None,
                data: &data,
            };
            let plain = hsm.decrypt(&key, &cipher, input).unwrap();
            assert_eq!(plain.expose(), b"secret", "{name} {cipher:?}");
        }
    }
}

#[test]
fn p384_signatures_verify_elsewhere() {
    for (name, hsm) in backends() {
        let spec = KeySpec::Ec(Curve::P384);
        if !makes(hsm.as_ref(), spec) {
            continue;
        }
        let (key, spki) = generate(hsm.as_ref(), spec);
        let public = p384::ecdsa::VerifyingKey::from_public_key_der(&spki.unwrap()).unwrap();
        let sign = |mechanism, input: Input<'_>| {
            let bytes = hsm.sign(&key, mechanism, input).unwrap();
            assert_eq!(bytes.len(), 96, "{name}");
            p384::ecdsa::Signature::from_slice(&bytes).unwrap()
        };
        let signature = sign(
            Signing::Ecdsa(Some(Hash::Sha384)),
            Input::Message(b"message"),
        );
        public.verify(b"message", &signature).unwrap();
        assert!(public.verify(b"massage", &signature).is_err());
        for digest in [vec![9; 32], vec![9; 48], (0..64).collect()] {
            let signature = sign(Signing::Ecdsa(None), Input::Digest(&digest));
            public.verify_prehash(&digest, &signature).unwrap();
        }
    }
}

#[test]
fn ecdsa_reads_digests_of_any_length_as_openssl_does() {
    for (name, hsm) in backends() {
        for curve in [Curve::P256, Curve::P384, Curve::P521, Curve::Secp256k1] {
            let spec = KeySpec::Ec(curve);
            if !makes(hsm.as_ref(), spec) {
                continue;
            }
            let (key, spki) = generate(hsm.as_ref(), spec);
            let spki = spki.unwrap();
            let openssl = PKey::public_key_from_der(&spki).unwrap().ec_key().unwrap();
            for length in [1, 19, 20, 28, 31, 32, 33, 48, 49, 63, 64, 65, 66, 67, 128] {
                let digest: Vec<u8> = (1..=length).collect();
                let input = Input::Digest(&digest);
                let mut bytes = hsm.sign(&key, Signing::Ecdsa(None), input).unwrap();
                let (r, s) = bytes.split_at(curve.field_bytes());
                let signature = EcdsaSig::from_private_components(
                    BigNum::from_slice(r).unwrap(),
                    BigNum::from_slice(s).unwrap(),
                )
                .unwrap();
                let at = format!("{name} {curve:?} {length}");
                assert!(signature.verify(&digest, &openssl).unwrap(), "{at}");
                let ours = |bytes: &[u8]| public::verify(&spki, Signing::Ecdsa(None), input, bytes);
                assert_eq!(ours(&bytes), Ok(true), "{at}");
                bytes[5] ^= 4;
                assert_eq!(ours(&bytes), Ok(false), "{at}");
            }
            assert!(
                hsm.sign(&key, Signing::Ecdsa(None), Input::Digest(&[]))
                    .is_err()
            );
        }
    }
}
