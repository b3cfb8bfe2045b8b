//! Names of mechanisms for people and for JSON: a family, and what tells its members apart.

use std::fmt::{Display, Formatter, Result};

use super::{Cipher, Hash, Mac, Padding, Signing};

impl Display for Signing {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::RsaPkcs1(hash) => hashed(f, "rsa-pkcs1", *hash),
            Self::RsaPss { hash, .. } => hashed(f, "rsa-pss", Some(*hash)),
            Self::Ecdsa(hash) => hashed(f, "ecdsa", *hash),
            Self::Eddsa => f.write_str("eddsa"),
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
        Padding::Pkcs5 => f.write_str(" pkcs5"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mechanism_is_named_by_family_and_member() {
        assert_eq!(Signing::RsaPkcs1(None).to_string(), "rsa-pkcs1");
        assert_eq!(
            Signing::Ecdsa(Some(Hash::Sha3_256)).to_string(),
            "ecdsa sha3-256"
        );
        assert_eq!(Cipher::AesCbc(Padding::Pkcs5).to_string(), "aes-cbc pkcs5");
        assert_eq!(Cipher::AesGcm { tag_bytes: 16 }.to_string(), "aes-gcm");
        assert_eq!(Mac::Hmac(Hash::Sha512).to_string(), "hmac sha512");
    }
}
