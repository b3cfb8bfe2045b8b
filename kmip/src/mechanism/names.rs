//! Names of mechanisms for people and for JSON: a family, and what tells its members apart.

use std::fmt::{Display, Formatter, Result};

use super::{Cipher, Derivation, Hash, Mac, Padding, Prehash, Prf, Signing};

impl Display for Signing {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::RsaPkcs1(hash) => hashed(f, "rsa-pkcs1", *hash),
            Self::RsaPss { hash, .. } => hashed(f, "rsa-pss", Some(*hash)),
            Self::Dsa(hash) => hashed(f, "dsa", *hash),
            Self::Ecdsa(hash) => hashed(f, "ecdsa", *hash),
            Self::Eddsa => f.write_str("eddsa"),
            Self::MlDsa => f.write_str("ml-dsa"),
            Self::SlhDsa => f.write_str("slh-dsa"),
            Self::InContext { prehash, .. } => match prehash {
                None => f.write_str("in-context"),
                Some(Prehash::Hash(hash)) => hashed(f, "prehashed", Some(*hash)),
                Some(Prehash::Shake128) => f.write_str("prehashed-shake128"),
                Some(Prehash::Shake256) => f.write_str("prehashed-shake256"),
            },
        }
    }
}

impl Display for Cipher {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::AesEcb(padding) => padded(f, "aes-ecb", *padding),
            Self::AesCbc(padding) => padded(f, "aes-cbc", *padding),
            Self::AesCtr => f.write_str("aes-ctr"),
            Self::AesGcm { .. } => f.write_str("aes-gcm"),
            Self::AesCfb => f.write_str("aes-cfb"),
            Self::AesOfb => f.write_str("aes-ofb"),
            Self::AesCcm { .. } => f.write_str("aes-ccm"),
            Self::AesXts => f.write_str("aes-xts"),
            Self::TripleDesEcb(padding) => padded(f, "3des-ecb", *padding),
            Self::TripleDesCbc(padding) => padded(f, "3des-cbc", *padding),
            Self::TripleDesCfb => f.write_str("3des-cfb"),
            Self::TripleDesOfb => f.write_str("3des-ofb"),
            Self::ChaCha20 => f.write_str("chacha20"),
            Self::ChaCha20Poly1305 { .. } => f.write_str("chacha20-poly1305"),
            Self::AesKeyWrap => f.write_str("aes-kw"),
            Self::AesKeyWrapPadded => f.write_str("aes-kwp"),
            Self::RsaPkcs1 => f.write_str("rsa-pkcs1"),
            Self::RsaOaep { hash, .. } => hashed(f, "rsa-oaep", Some(*hash)),
        }
    }
}

impl Display for Mac {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Hmac(hash) => hashed(f, "hmac", Some(*hash)),
            Self::AesCmac => f.write_str("aes-cmac"),
            Self::TripleDesCmac => f.write_str("3des-cmac"),
            Self::AesCbcMac => f.write_str("aes-cbc-mac"),
            Self::TripleDesCbcMac => f.write_str("3des-cbc-mac"),
        }
    }
}

impl Display for Derivation {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Pbkdf2 { hash, .. } => hashed(f, "pbkdf2", Some(*hash)),
            Self::Digest(hash) => hashed(f, "digest", Some(*hash)),
            Self::Hmac(hash) => hashed(f, "hmac", Some(*hash)),
            Self::Encrypt(cipher) => cipher.fmt(f),
            Self::Counter(prf) => write!(f, "kdf-counter {prf}"),
            Self::Feedback(prf) => write!(f, "kdf-feedback {prf}"),
            Self::DoublePipeline(prf) => write!(f, "kdf-double-pipeline {prf}"),
            Self::Hkdf(hash) => hashed(f, "hkdf", Some(*hash)),
            Self::HkdfExtract(hash) => hashed(f, "hkdf-extract", Some(*hash)),
            Self::HkdfExpand(hash) => hashed(f, "hkdf-expand", Some(*hash)),
            Self::Agreement => f.write_str("agreement"),
            Self::X963(hash) => hashed(f, "agreement x963", Some(*hash)),
            Self::OneStep(hash) => hashed(f, "agreement one-step", Some(*hash)),
        }
    }
}

impl Display for Prf {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Hmac(hash) => hashed(f, "hmac", Some(*hash)),
            Self::AesCmac => f.write_str("aes-cmac"),
        }
    }
}

fn hashed(f: &mut Formatter<'_>, family: &str, hash: Option<Hash>) -> Result {
    f.write_str(family)?;
    hash.map_or(Ok(()), |hash| write!(f, " {}", hash.name()))
}

fn padded(f: &mut Formatter<'_>, family: &str, padding: Padding) -> Result {
    f.write_str(family)?;
    match padding {
        Padding::None => Ok(()),
        padding => write!(f, " {}", padding.name()),
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{Curve, Kept, KeySpec},
        *,
    };

    #[test]
    fn every_kind_of_key_reads_back_from_its_name() {
        let mut specs: Vec<_> = [128, 192, 256, 512]
            .map(|bits| KeySpec::Aes { bits })
            .into();
        specs.extend([112, 168].map(|bits| KeySpec::TripleDes { bits }));
        specs.extend([KeySpec::ChaCha20, KeySpec::ChaCha20Poly1305]);
        specs.extend([2048, 3072].map(|bits| KeySpec::Rsa { bits }));
        specs.extend(Curve::ALL.iter().map(|curve| KeySpec::Ec(*curve)));
        specs.extend(Hash::ALL.iter().map(|hash| KeySpec::Hmac {
            hash: *hash,
            bits: 256,
        }));
        specs.extend(Kept::ALL.iter().map(|algorithm| KeySpec::Kept {
            algorithm: *algorithm,
            bits: algorithm.default_bits(),
        }));
        for spec in specs {
            assert_eq!(spec.to_string().parse(), Ok(spec), "{spec}");
        }
        for name in ["", "3des", "chacha20-128", "des", "rc4-x", "unknown-128"] {
            assert!(name.parse::<KeySpec>().is_err(), "{name}");
        }
    }

    #[test]
    fn a_mechanism_is_named_by_family_and_member() {
        assert_eq!(Signing::RsaPkcs1(None).to_string(), "rsa-pkcs1");
        assert_eq!(
            Signing::Ecdsa(Some(Hash::Sha3_256)).to_string(),
            "ecdsa sha3-256"
        );
        assert_eq!(Cipher::AesCbc(Padding::Pkcs5).to_string(), "aes-cbc pkcs5");
        assert_eq!(Cipher::AesGcm { tag_bytes: 16 }.to_string(), "aes-gcm");
        assert_eq!(
            Cipher::TripleDesCbc(Padding::AnsiX923).to_string(),
            "3des-cbc x923"
        );
        assert_eq!(Mac::AesCmac.to_string(), "aes-cmac");
        assert_eq!(Mac::Hmac(Hash::Sha512).to_string(), "hmac sha512");
    }
}
