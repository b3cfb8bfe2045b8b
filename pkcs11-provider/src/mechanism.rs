//! CKM_ ↔ the mechanisms of the protocol: one row each, and how a parameter completes it.

use cryptoki_sys as ck;
use kmip::{
    BlockCipherMode, CryptographicAlgorithm, MaskGenerator, PaddingMethod,
    attribute::CryptographicParameters,
    mechanism::{
        Cipher, Hash, KeySpec, Padding, Signing,
        parameters::{hashing_algorithm, padding_method},
    },
    ttlv::Bytes,
};

use crate::{
    abi::parameter::{Parameter, Shape},
    attribute::{Ulong, size},
    error::{Result, Rv},
};

/// What a mechanism is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    AesCbc(Padding),
    AesCtr,
    AesEcb,
    AesGcm,
    Digest(Hash),
    Ecdsa(Option<Hash>),
    Eddsa,
    GenerateAes,
    GenerateEc,
    GenerateEdwards,
    GenerateRsa,
    /// A key for an HMAC, of the key type shown for it.
    GenerateSecret(Hash, Ulong),
    /// HMAC, whole or cut to the length that the parameter says.
    Hmac(Hash, Ulong, bool),
    Oaep,
    /// PKCS #1 v1.5, signature of a whole DigestInfo or encryption.
    RsaPkcs,
    RsaPkcsHash(Hash),
    /// PSS; without a hash, over a digest made by the caller.
    RsaPss(Option<Hash>),
}

/// A row of the table.
pub(crate) struct Row {
    pub(crate) kind: Ulong,
    pub(crate) meaning: Meaning,
    /// The functions it serves, as `CKF_` bits.
    pub(crate) flags: Ulong,
    /// The sizes of keys, in the unit that the standard gives the mechanism.
    pub(crate) sizes: (Ulong, Ulong),
    pub(crate) shape: Shape,
}

const SIGN: Ulong = ck::CKF_HW | ck::CKF_SIGN | ck::CKF_VERIFY;
const CRYPT: Ulong = ck::CKF_HW | ck::CKF_ENCRYPT | ck::CKF_DECRYPT;
const EC: Ulong = ck::CKF_EC_F_P | ck::CKF_EC_NAMEDCURVE | ck::CKF_EC_UNCOMPRESS;
const PAIR: Ulong = ck::CKF_HW | ck::CKF_GENERATE_KEY_PAIR;
const KEY: Ulong = ck::CKF_HW | ck::CKF_GENERATE;
const RSA_BITS: (Ulong, Ulong) = (2048, 4096);
const EC_BITS: (Ulong, Ulong) = (256, 521);
const EDWARDS_BITS: (Ulong, Ulong) = (255, 255);
const AES_BYTES: (Ulong, Ulong) = (16, 32);
const HMAC_BYTES: (Ulong, Ulong) = (1, 1024);
const NO_KEY: (Ulong, Ulong) = (0, 0);

macro_rules! rows {
    ($($kind:ident $meaning:expr, $flags:expr, $sizes:ident, $shape:ident;)*) => {
        &[$(Row {
            kind: ck::$kind,
            meaning: $meaning,
            flags: $flags,
            sizes: $sizes,
            shape: Shape::$shape,
        },)*]
    };
}

/// Every mechanism served.
pub(crate) const ROWS: &[Row] = rows! {
    CKM_RSA_PKCS_KEY_PAIR_GEN Meaning::GenerateRsa, PAIR, RSA_BITS, None;
    CKM_EC_KEY_PAIR_GEN Meaning::GenerateEc, PAIR | EC, EC_BITS, None;
    CKM_EC_EDWARDS_KEY_PAIR_GEN Meaning::GenerateEdwards, PAIR | EC, EDWARDS_BITS, None;
    CKM_AES_KEY_GEN Meaning::GenerateAes, KEY, AES_BYTES, None;
    CKM_GENERIC_SECRET_KEY_GEN Meaning::GenerateSecret(Hash::Sha256, ck::CKK_GENERIC_SECRET), KEY, HMAC_BYTES, None;
    CKM_SHA_1_KEY_GEN Meaning::GenerateSecret(Hash::Sha1, ck::CKK_SHA_1_HMAC), KEY, HMAC_BYTES, None;
    CKM_SHA224_KEY_GEN Meaning::GenerateSecret(Hash::Sha224, ck::CKK_SHA224_HMAC), KEY, HMAC_BYTES, None;
    CKM_SHA256_KEY_GEN Meaning::GenerateSecret(Hash::Sha256, ck::CKK_SHA256_HMAC), KEY, HMAC_BYTES, None;
    CKM_SHA384_KEY_GEN Meaning::GenerateSecret(Hash::Sha384, ck::CKK_SHA384_HMAC), KEY, HMAC_BYTES, None;
    CKM_SHA512_KEY_GEN Meaning::GenerateSecret(Hash::Sha512, ck::CKK_SHA512_HMAC), KEY, HMAC_BYTES, None;
    CKM_RSA_PKCS Meaning::RsaPkcs, SIGN | CRYPT, RSA_BITS, None;
    CKM_SHA1_RSA_PKCS Meaning::RsaPkcsHash(Hash::Sha1), SIGN, RSA_BITS, None;
    CKM_SHA224_RSA_PKCS Meaning::RsaPkcsHash(Hash::Sha224), SIGN, RSA_BITS, None;
    CKM_SHA256_RSA_PKCS Meaning::RsaPkcsHash(Hash::Sha256), SIGN, RSA_BITS, None;
    CKM_SHA384_RSA_PKCS Meaning::RsaPkcsHash(Hash::Sha384), SIGN, RSA_BITS, None;
    CKM_SHA512_RSA_PKCS Meaning::RsaPkcsHash(Hash::Sha512), SIGN, RSA_BITS, None;
    CKM_SHA3_224_RSA_PKCS Meaning::RsaPkcsHash(Hash::Sha3_224), SIGN, RSA_BITS, None;
    CKM_SHA3_256_RSA_PKCS Meaning::RsaPkcsHash(Hash::Sha3_256), SIGN, RSA_BITS, None;
    CKM_SHA3_384_RSA_PKCS Meaning::RsaPkcsHash(Hash::Sha3_384), SIGN, RSA_BITS, None;
    CKM_SHA3_512_RSA_PKCS Meaning::RsaPkcsHash(Hash::Sha3_512), SIGN, RSA_BITS, None;
    CKM_RSA_PKCS_PSS Meaning::RsaPss(None), SIGN, RSA_BITS, Pss;
    CKM_SHA1_RSA_PKCS_PSS Meaning::RsaPss(Some(Hash::Sha1)), SIGN, RSA_BITS, Pss;
    CKM_SHA224_RSA_PKCS_PSS Meaning::RsaPss(Some(Hash::Sha224)), SIGN, RSA_BITS, Pss;
    CKM_SHA256_RSA_PKCS_PSS Meaning::RsaPss(Some(Hash::Sha256)), SIGN, RSA_BITS, Pss;
    CKM_SHA384_RSA_PKCS_PSS Meaning::RsaPss(Some(Hash::Sha384)), SIGN, RSA_BITS, Pss;
    CKM_SHA512_RSA_PKCS_PSS Meaning::RsaPss(Some(Hash::Sha512)), SIGN, RSA_BITS, Pss;
    CKM_SHA3_224_RSA_PKCS_PSS Meaning::RsaPss(Some(Hash::Sha3_224)), SIGN, RSA_BITS, Pss;
    CKM_SHA3_256_RSA_PKCS_PSS Meaning::RsaPss(Some(Hash::Sha3_256)), SIGN, RSA_BITS, Pss;
    CKM_SHA3_384_RSA_PKCS_PSS Meaning::RsaPss(Some(Hash::Sha3_384)), SIGN, RSA_BITS, Pss;
    CKM_SHA3_512_RSA_PKCS_PSS Meaning::RsaPss(Some(Hash::Sha3_512)), SIGN, RSA_BITS, Pss;
    CKM_RSA_PKCS_OAEP Meaning::Oaep, CRYPT, RSA_BITS, Oaep;
    CKM_ECDSA Meaning::Ecdsa(None), SIGN | EC, EC_BITS, None;
    CKM_ECDSA_SHA1 Meaning::Ecdsa(Some(Hash::Sha1)), SIGN | EC, EC_BITS, None;
    CKM_ECDSA_SHA224 Meaning::Ecdsa(Some(Hash::Sha224)), SIGN | EC, EC_BITS, None;
    CKM_ECDSA_SHA256 Meaning::Ecdsa(Some(Hash::Sha256)), SIGN | EC, EC_BITS, None;
    CKM_ECDSA_SHA384 Meaning::Ecdsa(Some(Hash::Sha384)), SIGN | EC, EC_BITS, None;
    CKM_ECDSA_SHA512 Meaning::Ecdsa(Some(Hash::Sha512)), SIGN | EC, EC_BITS, None;
    CKM_ECDSA_SHA3_224 Meaning::Ecdsa(Some(Hash::Sha3_224)), SIGN | EC, EC_BITS, None;
    CKM_ECDSA_SHA3_256 Meaning::Ecdsa(Some(Hash::Sha3_256)), SIGN | EC, EC_BITS, None;
    CKM_ECDSA_SHA3_384 Meaning::Ecdsa(Some(Hash::Sha3_384)), SIGN | EC, EC_BITS, None;
    CKM_ECDSA_SHA3_512 Meaning::Ecdsa(Some(Hash::Sha3_512)), SIGN | EC, EC_BITS, None;
    CKM_EDDSA Meaning::Eddsa, SIGN | EC, EDWARDS_BITS, Eddsa;
    CKM_SHA_1_HMAC Meaning::Hmac(Hash::Sha1, ck::CKK_SHA_1_HMAC, false), SIGN, HMAC_BYTES, None;
    CKM_SHA224_HMAC Meaning::Hmac(Hash::Sha224, ck::CKK_SHA224_HMAC, false), SIGN, HMAC_BYTES, None;
    CKM_SHA256_HMAC Meaning::Hmac(Hash::Sha256, ck::CKK_SHA256_HMAC, false), SIGN, HMAC_BYTES, None;
    CKM_SHA384_HMAC Meaning::Hmac(Hash::Sha384, ck::CKK_SHA384_HMAC, false), SIGN, HMAC_BYTES, None;
    CKM_SHA512_HMAC Meaning::Hmac(Hash::Sha512, ck::CKK_SHA512_HMAC, false), SIGN, HMAC_BYTES, None;
    CKM_SHA3_224_HMAC Meaning::Hmac(Hash::Sha3_224, ck::CKK_SHA3_224_HMAC, false), SIGN, HMAC_BYTES, None;
    CKM_SHA3_256_HMAC Meaning::Hmac(Hash::Sha3_256, ck::CKK_SHA3_256_HMAC, false), SIGN, HMAC_BYTES, None;
    CKM_SHA3_384_HMAC Meaning::Hmac(Hash::Sha3_384, ck::CKK_SHA3_384_HMAC, false), SIGN, HMAC_BYTES, None;
    CKM_SHA3_512_HMAC Meaning::Hmac(Hash::Sha3_512, ck::CKK_SHA3_512_HMAC, false), SIGN, HMAC_BYTES, None;
    CKM_SHA_1_HMAC_GENERAL Meaning::Hmac(Hash::Sha1, ck::CKK_SHA_1_HMAC, true), SIGN, HMAC_BYTES, Number;
    CKM_SHA224_HMAC_GENERAL Meaning::Hmac(Hash::Sha224, ck::CKK_SHA224_HMAC, true), SIGN, HMAC_BYTES, Number;
    CKM_SHA256_HMAC_GENERAL Meaning::Hmac(Hash::Sha256, ck::CKK_SHA256_HMAC, true), SIGN, HMAC_BYTES, Number;
    CKM_SHA384_HMAC_GENERAL Meaning::Hmac(Hash::Sha384, ck::CKK_SHA384_HMAC, true), SIGN, HMAC_BYTES, Number;
    CKM_SHA512_HMAC_GENERAL Meaning::Hmac(Hash::Sha512, ck::CKK_SHA512_HMAC, true), SIGN, HMAC_BYTES, Number;
    CKM_AES_ECB Meaning::AesEcb, CRYPT, AES_BYTES, None;
    CKM_AES_CBC Meaning::AesCbc(Padding::None), CRYPT, AES_BYTES, Iv;
    CKM_AES_CBC_PAD Meaning::AesCbc(Padding::Pkcs5), CRYPT, AES_BYTES, Iv;
    CKM_AES_CTR Meaning::AesCtr, CRYPT, AES_BYTES, Counter;
    CKM_AES_GCM Meaning::AesGcm, CRYPT, AES_BYTES, Gcm;
    CKM_SHA_1 Meaning::Digest(Hash::Sha1), ck::CKF_DIGEST, NO_KEY, None;
    CKM_SHA224 Meaning::Digest(Hash::Sha224), ck::CKF_DIGEST, NO_KEY, None;
    CKM_SHA256 Meaning::Digest(Hash::Sha256), ck::CKF_DIGEST, NO_KEY, None;
    CKM_SHA384 Meaning::Digest(Hash::Sha384), ck::CKF_DIGEST, NO_KEY, None;
    CKM_SHA512 Meaning::Digest(Hash::Sha512), ck::CKF_DIGEST, NO_KEY, None;
    CKM_SHA3_224 Meaning::Digest(Hash::Sha3_224), ck::CKF_DIGEST, NO_KEY, None;
    CKM_SHA3_256 Meaning::Digest(Hash::Sha3_256), ck::CKF_DIGEST, NO_KEY, None;
    CKM_SHA3_384 Meaning::Digest(Hash::Sha3_384), ck::CKF_DIGEST, NO_KEY, None;
    CKM_SHA3_512 Meaning::Digest(Hash::Sha3_512), ck::CKF_DIGEST, NO_KEY, None;
};

/// The mechanism, if it serves a function.
pub(crate) fn row(kind: Ulong, function: Ulong) -> Result<&'static Row> {
    ROWS.iter()
        .find(|row| row.kind == kind && row.flags & function != 0)
        .ok_or(Rv::MECHANISM_INVALID)
}

impl Meaning {
    /// Whether a key of this kind and key type is one for the mechanism.
    pub(crate) fn takes(self, spec: KeySpec, key_type: Ulong) -> bool {
        match self {
            Self::AesCbc(_) | Self::AesCtr | Self::AesEcb | Self::AesGcm => {
                matches!(spec, KeySpec::Aes { bits } if bits < 512)
            }
            Self::Ecdsa(_) => matches!(spec, KeySpec::Ec(curve) if curve.is_weierstrass()),
            Self::Eddsa => matches!(spec, KeySpec::Ec(curve) if curve.is_edwards()),
            Self::Hmac(_, own, _) => {
                matches!(spec, KeySpec::Hmac { .. })
                    && [ck::CKK_GENERIC_SECRET, own].contains(&key_type)
            }
            Self::Oaep | Self::RsaPkcs | Self::RsaPkcsHash(_) | Self::RsaPss(_) => {
                matches!(spec, KeySpec::Rsa { .. })
            }
            Self::Digest(_)
            | Self::GenerateAes
            | Self::GenerateEc
            | Self::GenerateEdwards
            | Self::GenerateRsa
            | Self::GenerateSecret(..) => false,
        }
    }
}

/// Hash functions in their two spellings: the mechanism, and the mask generation function made of it.
const HASHES: &[(Hash, Ulong, Ulong)] = &[
    (Hash::Sha1, ck::CKM_SHA_1, ck::CKG_MGF1_SHA1),
    (Hash::Sha224, ck::CKM_SHA224, ck::CKG_MGF1_SHA224),
    (Hash::Sha256, ck::CKM_SHA256, ck::CKG_MGF1_SHA256),
    (Hash::Sha384, ck::CKM_SHA384, ck::CKG_MGF1_SHA384),
    (Hash::Sha512, ck::CKM_SHA512, ck::CKG_MGF1_SHA512),
    (Hash::Sha3_224, ck::CKM_SHA3_224, ck::CKG_MGF1_SHA3_224),
    (Hash::Sha3_256, ck::CKM_SHA3_256, ck::CKG_MGF1_SHA3_256),
    (Hash::Sha3_384, ck::CKM_SHA3_384, ck::CKG_MGF1_SHA3_384),
    (Hash::Sha3_512, ck::CKM_SHA3_512, ck::CKG_MGF1_SHA3_512),
];

fn hash_and_mask(mechanism: Ulong, mask: Ulong) -> Result<(Hash, Hash)> {
    let hash = HASHES.iter().find(|(_, own, _)| *own == mechanism);
    let mask = HASHES.iter().find(|(.., own)| *own == mask);
    match (hash, mask) {
        (Some((hash, ..)), Some((mask, ..))) => Ok((*hash, *mask)),
        _ => Err(Rv::MECHANISM_PARAM_INVALID),
    }
}

/// How a key signs or authenticates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Authentication {
    /// An HMAC of this many bytes.
    Mac(Hash, usize),
    /// A signature; the hash is computed here when the flag says so, else the caller brings the digest.
    Signature(Signing, bool),
}

/// The way a mechanism with this parameter signs with this key.
pub(crate) fn authentication(
    meaning: Meaning,
    parameter: &Parameter,
    spec: KeySpec,
) -> Result<Authentication> {
    use Authentication::{Mac, Signature};
    match (meaning, parameter) {
        (Meaning::RsaPkcs, _) => Ok(Signature(Signing::RsaPkcs1(None), false)),
        (Meaning::RsaPkcsHash(hash), _) => Ok(Signature(Signing::RsaPkcs1(Some(hash)), true)),
        (Meaning::RsaPss(own), Parameter::Pss(hash, mask, salt)) => {
            let (hash, mask_hash) = hash_and_mask(*hash, *mask)?;
            let room = usize::from(spec.bits().div_ceil(8)).checked_sub(hash.digest_bytes() + 2);
            let fits = room.is_some_and(|room| size(*salt) <= room);
            // PKCS #11 3.1 §6.1.10: the hash of the parameter is the mechanism's.
            if !fits || own.is_some_and(|own| own != hash) {
                return Err(Rv::MECHANISM_PARAM_INVALID);
            }
            let salt_bytes = u16::try_from(*salt).map_err(|_| Rv::MECHANISM_PARAM_INVALID)?;
            let pss = Signing::RsaPss {
                hash,
                mask_hash,
                salt_bytes,
            };
            Ok(Signature(pss, own.is_some()))
        }
        (Meaning::Ecdsa(hash), _) => Ok(Signature(Signing::Ecdsa(hash), hash.is_some())),
        (Meaning::Eddsa, _) => Ok(Signature(Signing::Eddsa, false)),
        (Meaning::Hmac(hash, _, true), Parameter::Number(bytes)) => {
            let bytes = size(*bytes);
            let fits = (1..=hash.digest_bytes()).contains(&bytes);
            fits.then_some(Mac(hash, bytes))
                .ok_or(Rv::MECHANISM_PARAM_INVALID)
        }
        (Meaning::Hmac(hash, _, false), _) => Ok(Mac(hash, hash.digest_bytes())),
        _ => Err(Rv::MECHANISM_INVALID),
    }
}

/// A cipher with what it needs beside the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CipherUse {
    pub(crate) cipher: Cipher,
    pub(crate) iv: Vec<u8>,
    pub(crate) additional: Vec<u8>,
}

/// The way a mechanism with this parameter encrypts.
pub(crate) fn cipher(meaning: Meaning, parameter: Parameter) -> Result<CipherUse> {
    let with = |cipher, iv, additional| {
        Ok(CipherUse {
            cipher,
            iv,
            additional,
        })
    };
    match (meaning, parameter) {
        (Meaning::AesEcb, _) => with(Cipher::AesEcb(Padding::None), Vec::new(), Vec::new()),
        (Meaning::AesCbc(padding), Parameter::Iv(iv)) => {
            with(Cipher::AesCbc(padding), iv, Vec::new())
        }
        // The daemon counts over the whole block; a narrower counter would differ where it overflows.
        (Meaning::AesCtr, Parameter::Counter(128, block)) => {
            with(Cipher::AesCtr, block, Vec::new())
        }
        (Meaning::AesGcm, Parameter::Gcm(iv, additional, bits)) => {
            let tag_bytes = match bits {
                96 | 104 | 112 | 120 | 128 => u8::try_from(bits / 8).unwrap_or(16),
                _ => return Err(Rv::MECHANISM_PARAM_INVALID),
            };
            if iv.is_empty() || iv.len() > 256 {
                return Err(Rv::MECHANISM_PARAM_INVALID);
            }
            with(Cipher::AesGcm { tag_bytes }, iv, additional)
        }
        (Meaning::RsaPkcs, _) => with(Cipher::RsaPkcs1, Vec::new(), Vec::new()),
        (Meaning::Oaep, Parameter::Oaep(hash, mask, label)) => {
            // A widely used caller leaves the hash out when none was asked for, and means RFC 8017's default.
            let hash = if hash == 0 { ck::CKM_SHA_1 } else { hash };
            let (hash, mask_hash) = hash_and_mask(hash, mask)?;
            let oaep = Cipher::RsaOaep {
                hash,
                mask_hash,
                label,
            };
            with(oaep, Vec::new(), Vec::new())
        }
        _ => Err(Rv::MECHANISM_PARAM_INVALID),
    }
}

/// The Cryptographic Parameters of a signature.
pub(crate) fn signing_parameters(signing: Signing) -> CryptographicParameters {
    let mut parameters = CryptographicParameters::default();
    match signing {
        Signing::RsaPkcs1(hash) => {
            parameters.cryptographic_algorithm = Some(CryptographicAlgorithm::RSA);
            parameters.padding_method = Some(PaddingMethod::PKCS1V15);
            parameters.hashing_algorithm = hash.map(hashing_algorithm);
        }
        Signing::RsaPss {
            hash,
            mask_hash,
            salt_bytes,
        } => {
            parameters.cryptographic_algorithm = Some(CryptographicAlgorithm::RSA);
            parameters.padding_method = Some(PaddingMethod::PSS);
            parameters.hashing_algorithm = Some(hashing_algorithm(hash));
            parameters.mask_generator = Some(MaskGenerator::MFG1);
            parameters.mask_generator_hashing_algorithm = Some(hashing_algorithm(mask_hash));
            parameters.salt_length = Some(i32::from(salt_bytes));
        }
        Signing::Ecdsa(hash) => {
            parameters.cryptographic_algorithm = Some(CryptographicAlgorithm::ECDSA);
            parameters.hashing_algorithm = hash.map(hashing_algorithm);
        }
        Signing::Dsa(hash) => {
            parameters.cryptographic_algorithm = Some(CryptographicAlgorithm::DSA);
            parameters.hashing_algorithm = hash.map(hashing_algorithm);
        }
        // The key says which of them it is.
        Signing::Eddsa | Signing::MlDsa | Signing::SlhDsa => {}
    }
    parameters
}

/// The Cryptographic Parameters of an HMAC.
pub(crate) fn mac_parameters(hash: Hash) -> CryptographicParameters {
    CryptographicParameters {
        hashing_algorithm: Some(hashing_algorithm(hash)),
        ..CryptographicParameters::default()
    }
}

/// The Cryptographic Parameters of a cipher.
pub(crate) fn cipher_parameters(cipher: &Cipher) -> CryptographicParameters {
    let algorithm = match cipher {
        Cipher::RsaPkcs1 | Cipher::RsaOaep { .. } => CryptographicAlgorithm::RSA,
        Cipher::TripleDesEcb(_)
        | Cipher::TripleDesCbc(_)
        | Cipher::TripleDesCfb
        | Cipher::TripleDesOfb => CryptographicAlgorithm::DES3,
        Cipher::ChaCha20 => CryptographicAlgorithm::ChaCha20,
        Cipher::ChaCha20Poly1305 { .. } => CryptographicAlgorithm::ChaCha20Poly1305,
        _ => CryptographicAlgorithm::AES,
    };
    let mut parameters = CryptographicParameters {
        cryptographic_algorithm: Some(algorithm),
        tag_length: cipher.tag_bytes().map(i32::from),
        ..CryptographicParameters::default()
    };
    match cipher {
        Cipher::AesEcb(own) | Cipher::TripleDesEcb(own) => {
            parameters.block_cipher_mode = Some(BlockCipherMode::ECB);
            parameters.padding_method = Some(padding_method(*own));
        }
        Cipher::AesCbc(own) | Cipher::TripleDesCbc(own) => {
            parameters.block_cipher_mode = Some(BlockCipherMode::CBC);
            parameters.padding_method = Some(padding_method(*own));
        }
        Cipher::AesCtr => parameters.block_cipher_mode = Some(BlockCipherMode::CTR),
        Cipher::AesCfb | Cipher::TripleDesCfb => {
            parameters.block_cipher_mode = Some(BlockCipherMode::CFB);
        }
        Cipher::AesOfb | Cipher::TripleDesOfb => {
            parameters.block_cipher_mode = Some(BlockCipherMode::OFB);
        }
        Cipher::AesXts => parameters.block_cipher_mode = Some(BlockCipherMode::XTS),
        Cipher::AesGcm { .. } => parameters.block_cipher_mode = Some(BlockCipherMode::GCM),
        Cipher::AesCcm { .. } => parameters.block_cipher_mode = Some(BlockCipherMode::CCM),
        Cipher::ChaCha20Poly1305 { .. } => {
            parameters.block_cipher_mode = Some(BlockCipherMode::AEAD);
        }
        Cipher::ChaCha20 => {}
        Cipher::AesKeyWrap => parameters.block_cipher_mode = Some(BlockCipherMode::NISTKeyWrap),
        Cipher::AesKeyWrapPadded => {
            parameters.block_cipher_mode = Some(BlockCipherMode::AESKeyWrapPadding);
        }
        Cipher::RsaPkcs1 => parameters.padding_method = Some(PaddingMethod::PKCS1V15),
        Cipher::RsaOaep {
            hash,
            mask_hash,
            label,
        } => {
            parameters.padding_method = Some(PaddingMethod::OAEP);
            parameters.hashing_algorithm = Some(hashing_algorithm(*hash));
            parameters.mask_generator = Some(MaskGenerator::MFG1);
            parameters.mask_generator_hashing_algorithm = Some(hashing_algorithm(*mask_hash));
            parameters.p_source = (!label.is_empty()).then(|| Bytes(label.clone()));
        }
    }
    parameters
}

#[cfg(test)]
mod tests {
    use kmip::mechanism::{Curve, parameters};

    use super::*;

    const RSA: KeySpec = KeySpec::Rsa { bits: 2048 };

    #[test]
    fn every_mechanism_stands_once_and_serves_something() {
        for (position, row) in ROWS.iter().enumerate() {
            assert!(!ROWS[..position].iter().any(|other| other.kind == row.kind));
            assert_ne!(row.flags & !ck::CKF_HW, 0);
        }
    }

    #[test]
    fn what_is_sent_reads_back_as_what_was_meant() {
        let pss = Parameter::Pss(ck::CKM_SHA384, ck::CKG_MGF1_SHA256, 20);
        for (meaning, parameter, spec) in [
            (Meaning::RsaPkcs, Parameter::None, RSA),
            (Meaning::RsaPkcsHash(Hash::Sha512), Parameter::None, RSA),
            (Meaning::RsaPss(None), pss.clone(), RSA),
            (Meaning::RsaPss(Some(Hash::Sha384)), pss, RSA),
            (
                Meaning::Ecdsa(None),
                Parameter::None,
                KeySpec::Ec(Curve::P521),
            ),
            (
                Meaning::Ecdsa(Some(Hash::Sha256)),
                Parameter::None,
                KeySpec::Ec(Curve::P256),
            ),
            (Meaning::Eddsa, Parameter::None, KeySpec::Ec(Curve::Ed25519)),
        ] {
            let Ok(Authentication::Signature(signing, _)) =
                authentication(meaning, &parameter, spec)
            else {
                panic!("{meaning:?} is a signature");
            };
            let sent = signing_parameters(signing);
            assert_eq!(parameters::signing(spec, &sent), Ok(signing));
        }
    }

    #[test]
    fn ciphers_read_back_as_what_was_meant() {
        let aes = KeySpec::Aes { bits: 256 };
        let oaep = Parameter::Oaep(ck::CKM_SHA256, ck::CKG_MGF1_SHA1, b"label".to_vec());
        for (meaning, parameter, spec) in [
            (Meaning::AesEcb, Parameter::None, aes),
            (
                Meaning::AesCbc(Padding::Pkcs5),
                Parameter::Iv(vec![0; 16]),
                aes,
            ),
            (Meaning::AesCtr, Parameter::Counter(128, vec![0; 16]), aes),
            (
                Meaning::AesGcm,
                Parameter::Gcm(vec![0; 12], Vec::new(), 96),
                aes,
            ),
            (Meaning::RsaPkcs, Parameter::None, RSA),
            (Meaning::Oaep, oaep, RSA),
        ] {
            let used = cipher(meaning, parameter).unwrap();
            let sent = cipher_parameters(&used.cipher);
            assert_eq!(parameters::cipher(spec, &sent), Ok(used.cipher));
        }
    }

    #[test]
    fn parameters_that_make_no_sense_are_refused() {
        let refused = Err(Rv::MECHANISM_PARAM_INVALID);
        let pss = |hash, mask, salt| {
            let parameter = Parameter::Pss(hash, mask, salt);
            authentication(Meaning::RsaPss(Some(Hash::Sha256)), &parameter, RSA).map(drop)
        };
        assert_eq!(pss(ck::CKM_SHA256, ck::CKG_MGF1_SHA256, 222), Ok(()));
        assert_eq!(pss(ck::CKM_SHA256, ck::CKG_MGF1_SHA256, 223), refused);
        assert_eq!(pss(ck::CKM_SHA384, ck::CKG_MGF1_SHA384, 32), refused);
        assert_eq!(pss(ck::CKM_SHA256, 99, 32), refused);
        let gcm = |iv: usize, bits| {
            cipher(
                Meaning::AesGcm,
                Parameter::Gcm(vec![0; iv], Vec::new(), bits),
            )
            .map(drop)
        };
        assert_eq!(gcm(12, 128), Ok(()));
        assert_eq!(gcm(0, 128), refused);
        assert_eq!(gcm(12, 127), refused);
    }
}
