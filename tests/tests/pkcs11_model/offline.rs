//! What somebody computes without the module who has keys of his own: the attacker's pairs, and what his keys open.

use cryptoki_sys as ck;
use keyhold_tests::api::{Attribute, bytes, flag, number};
use openssl::{
    bn::BigNumContext,
    derive::Deriver,
    ec::{EcGroup, EcKey, PointConversionForm},
    encrypt::Decrypter,
    hash::MessageDigest,
    nid::Nid,
    pkey::{PKey, Private},
    rsa::{Padding, Rsa},
    sha::sha256,
    symm::Mode,
};

use crate::{
    crypto::{cbc_opened, ecb, gcm_opened, key_unwrapped},
    kind::{IV, Wrapping},
    play::Blob,
};

/// The attacker's own pairs.
pub struct Attacker {
    rsa: PKey<Private>,
    ec: PKey<Private>,
}

impl Attacker {
    pub fn new() -> Self {
        let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
        Self {
            rsa: PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap(),
            ec: PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap(),
        }
    }

    /// His public RSA key, that wraps.
    pub fn rsa_template(&self) -> Vec<Attribute> {
        let rsa = self.rsa.rsa().unwrap();
        vec![
            number(ck::CKA_CLASS, ck::CKO_PUBLIC_KEY),
            number(ck::CKA_KEY_TYPE, ck::CKK_RSA),
            bytes(ck::CKA_MODULUS, &rsa.n().to_vec()),
            bytes(ck::CKA_PUBLIC_EXPONENT, &rsa.e().to_vec()),
            flag(ck::CKA_WRAP, true),
        ]
    }

    /// His point on P-256.
    pub fn point(&self) -> Vec<u8> {
        let key = self.ec.ec_key().unwrap();
        let mut context = BigNumContext::new().unwrap();
        let form = PointConversionForm::UNCOMPRESSED;
        key.public_key()
            .to_bytes(key.group(), form, &mut context)
            .unwrap()
    }

    /// What he agrees on with somebody's public key: the secret, and a key of 32 bytes that ANSI X9.63 makes of it.
    pub fn agreed(&self, info: &[u8]) -> Option<[Vec<u8>; 2]> {
        let public = PKey::public_key_from_der(info).ok()?;
        let mut deriver = Deriver::new(&self.ec).unwrap();
        deriver.set_peer(&public).ok()?;
        let secret = deriver.derive_to_vec().ok()?;
        let hashed = sha256(&[&secret[..], &[0, 0, 0, 1]].concat()).to_vec();
        Some([secret, hashed])
    }

    /// All that he can make of a wrapped key, with his pair and with the values that he knows.
    pub fn opens(&self, blob: &Blob, known: &[Vec<u8>]) -> Vec<Vec<u8>> {
        let (how, wrapped) = (blob.how, &blob.bytes[..]);
        match how {
            Wrapping::Oaep | Wrapping::Pkcs1 => self.decrypted(how, wrapped).into_iter().collect(),
            Wrapping::RsaAes => {
                let (first, second) = wrapped.split_at_checked(256).unwrap_or_default();
                let between = self.decrypted(Wrapping::Oaep, first);
                let opened = between.and_then(|key| opened(Wrapping::Padded, &[], second, &key));
                opened.into_iter().collect()
            }
            _ => known
                .iter()
                .filter_map(|key| opened(how, &blob.iv, wrapped, key))
                .collect(),
        }
    }

    fn decrypted(&self, how: Wrapping, data: &[u8]) -> Option<Vec<u8>> {
        let mut decrypter = Decrypter::new(&self.rsa).unwrap();
        if how == Wrapping::Pkcs1 {
            decrypter.set_rsa_padding(Padding::PKCS1).unwrap();
        } else {
            decrypter.set_rsa_padding(Padding::PKCS1_OAEP).unwrap();
            decrypter.set_rsa_oaep_md(MessageDigest::sha256()).unwrap();
            decrypter.set_rsa_mgf1_md(MessageDigest::sha256()).unwrap();
        }
        let mut out = vec![0; 512];
        let length = decrypter.decrypt(data, &mut out).ok()?;
        out.truncate(length);
        Some(out)
    }
}

/// What was under an AES key, unchecked.
fn opened(how: Wrapping, iv: &[u8], wrapped: &[u8], key: &[u8]) -> Option<Vec<u8>> {
    match how {
        Wrapping::KeyWrap | Wrapping::Padded => {
            key_unwrapped(wrapped, |block| ecb(Mode::Decrypt, key, block))
        }
        Wrapping::Cbc => cbc_opened(key, &IV, wrapped),
        Wrapping::Gcm | Wrapping::GcmMade => gcm_opened(key, iv, wrapped),
        Wrapping::Oaep | Wrapping::Pkcs1 | Wrapping::RsaAes => None,
    }
}

/// What was under a key stream that has hidden a known key, too: the one byte by byte over the other.
pub fn over(wrapped: &[u8], other: &[u8], known: &[u8]) -> Vec<u8> {
    let both = wrapped.iter().zip(other).zip(known);
    both.map(|((one, other), known)| one ^ other ^ known)
        .collect()
}
