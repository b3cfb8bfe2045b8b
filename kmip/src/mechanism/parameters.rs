//! Cryptographic Parameters and attributes of a key ↔ validated mechanisms (KMIP 2.1 §4.16).

use super::{Cipher, Curve, Hash, KeySpec, Mac, Padding, Signing};
use crate::{
    BlockCipherMode, CryptographicAlgorithm, DigitalSignatureAlgorithm, HashingAlgorithm,
    MaskGenerator, PaddingMethod, RecommendedCurve,
    attribute::{CryptographicDomainParameters, CryptographicParameters},
};

/// Why parameters name no mechanism.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// They contradict the key or themselves; the text is safe to show to a client.
    Bad(&'static str),
    /// They name a length of an authentication tag that does not exist; the text is safe to show to a client.
    TagLength(&'static str),
    /// They make sense, but are not served; the text is safe to show to a client.
    Unsupported(&'static str),
}

/// The result of reading parameters.
pub type Result<T> = std::result::Result<T, Unfit>;

/// Hash functions and their names in KMIP.
const HASHES: &[(Hash, HashingAlgorithm)] = &[
    (Hash::Sha1, HashingAlgorithm::SHA1),
    (Hash::Sha224, HashingAlgorithm::SHA224),
    (Hash::Sha256, HashingAlgorithm::SHA256),
    (Hash::Sha384, HashingAlgorithm::SHA384),
    (Hash::Sha512, HashingAlgorithm::SHA512),
    (Hash::Sha3_224, HashingAlgorithm::SHA3224),
    (Hash::Sha3_256, HashingAlgorithm::SHA3256),
    (Hash::Sha3_384, HashingAlgorithm::SHA3384),
    (Hash::Sha3_512, HashingAlgorithm::SHA3512),
];

/// HMAC algorithms, their hash functions and the length of a key in bits where none is asked for.
const HMACS: &[(Hash, CryptographicAlgorithm)] = &[
    (Hash::Sha1, CryptographicAlgorithm::HMACSHA1),
    (Hash::Sha224, CryptographicAlgorithm::HMACSHA224),
    (Hash::Sha256, CryptographicAlgorithm::HMACSHA256),
    (Hash::Sha384, CryptographicAlgorithm::HMACSHA384),
    (Hash::Sha512, CryptographicAlgorithm::HMACSHA512),
    (Hash::Sha3_224, CryptographicAlgorithm::HMACSHA3224),
    (Hash::Sha3_256, CryptographicAlgorithm::HMACSHA3256),
    (Hash::Sha3_384, CryptographicAlgorithm::HMACSHA3384),
    (Hash::Sha3_512, CryptographicAlgorithm::HMACSHA3512),
];

/// Curves and their names in KMIP.
const CURVES: &[(Curve, RecommendedCurve)] = &[
    (Curve::P256, RecommendedCurve::P256),
    (Curve::P384, RecommendedCurve::P384),
    (Curve::P521, RecommendedCurve::P521),
    (Curve::Secp256k1, RecommendedCurve::SECP256K1),
    (Curve::Ed25519, RecommendedCurve::CURVE25519),
];

/// Digital Signature Algorithms: the padding of an RSA one, and the hash.
const SIGNATURES: &[(DigitalSignatureAlgorithm, Option<PaddingMethod>, Hash)] = &[
    (
        DigitalSignatureAlgorithm::SHA1WithRSAEncryption,
        Some(PaddingMethod::PKCS1V15),
        Hash::Sha1,
    ),
    (
        DigitalSignatureAlgorithm::SHA224WithRSAEncryption,
        Some(PaddingMethod::PKCS1V15),
        Hash::Sha224,
    ),
    (
        DigitalSignatureAlgorithm::SHA256WithRSAEncryption,
        Some(PaddingMethod::PKCS1V15),
        Hash::Sha256,
    ),
    (
        DigitalSignatureAlgorithm::SHA384WithRSAEncryption,
        Some(PaddingMethod::PKCS1V15),
        Hash::Sha384,
    ),
    (
        DigitalSignatureAlgorithm::SHA512WithRSAEncryption,
        Some(PaddingMethod::PKCS1V15),
        Hash::Sha512,
    ),
    (
        DigitalSignatureAlgorithm::SHA3256WithRSAEncryption,
        Some(PaddingMethod::PKCS1V15),
        Hash::Sha3_256,
    ),
    (
        DigitalSignatureAlgorithm::SHA3384WithRSAEncryption,
        Some(PaddingMethod::PKCS1V15),
        Hash::Sha3_384,
    ),
    (
        DigitalSignatureAlgorithm::SHA3512WithRSAEncryption,
        Some(PaddingMethod::PKCS1V15),
        Hash::Sha3_512,
    ),
    (DigitalSignatureAlgorithm::ECDSAWithSHA1, None, Hash::Sha1),
    (
        DigitalSignatureAlgorithm::ECDSAWithSHA224,
        None,
        Hash::Sha224,
    ),
    (
        DigitalSignatureAlgorithm::ECDSAWithSHA256,
        None,
        Hash::Sha256,
    ),
    (
        DigitalSignatureAlgorithm::ECDSAWithSHA384,
        None,
        Hash::Sha384,
    ),
    (
        DigitalSignatureAlgorithm::ECDSAWithSHA512,
        None,
        Hash::Sha512,
    ),
];

/// The hash function of a Hashing Algorithm.
pub fn hash(algorithm: HashingAlgorithm) -> Result<Hash> {
    HASHES
        .iter()
        .find(|(_, name)| *name == algorithm)
        .map(|(hash, _)| *hash)
        .ok_or(Unfit::Unsupported("this hashing algorithm is not served"))
}

/// The Hashing Algorithm of a hash function.
#[must_use]
pub fn hashing_algorithm(hash: Hash) -> HashingAlgorithm {
    HASHES
        .iter()
        .find(|(own, _)| *own == hash)
        .map_or(HashingAlgorithm::SHA256, |(_, name)| *name)
}

/// The Recommended Curve of a curve.
#[must_use]
pub fn recommended_curve(curve: Curve) -> RecommendedCurve {
    CURVES
        .iter()
        .find(|(own, _)| *own == curve)
        .map_or(RecommendedCurve::P256, |(_, name)| *name)
}

/// The curve of a Recommended Curve.
pub fn curve(name: RecommendedCurve) -> Result<Curve> {
    CURVES
        .iter()
        .find(|(_, own)| *own == name)
        .map(|(curve, _)| *curve)
        .ok_or(Unfit::Unsupported("this curve is not served"))
}

/// What kind of key an algorithm, a length in bits and domain parameters describe, for Create and Create Key Pair.
pub fn key_spec(
    algorithm: CryptographicAlgorithm,
    length: Option<i32>,
    domain: Option<&CryptographicDomainParameters>,
) -> Result<KeySpec> {
    let bits = |default: u16| match length {
        None => Ok(default),
        Some(bits) => {
            u16::try_from(bits).map_err(|_| Unfit::Bad("the cryptographic length is out of range"))
        }
    };
    if let Some((hash, _)) = HMACS.iter().find(|(_, name)| *name == algorithm) {
        let bits = bits(u16::try_from(hash.digest_bytes() * 8).unwrap_or(256))?;
        let fits = (8..=8192).contains(&bits) && bits.is_multiple_of(8);
        return fits
            .then_some(KeySpec::Hmac { hash: *hash, bits })
            .ok_or(Unfit::Bad("an HMAC key has 8 to 8192 bits, in whole bytes"));
    }
    match algorithm {
        CryptographicAlgorithm::AES => match bits(256)? {
            bits @ (128 | 192 | 256) => Ok(KeySpec::Aes { bits }),
            _ => Err(Unfit::Bad("an AES key has 128, 192 or 256 bits")),
        },
        CryptographicAlgorithm::RSA => match bits(2048)? {
            bits @ 2048..=4096 if bits.is_multiple_of(8) => Ok(KeySpec::Rsa { bits }),
            _ => Err(Unfit::Bad("an RSA key has 2048 to 4096 bits")),
        },
        CryptographicAlgorithm::Ed25519 => Ok(KeySpec::Ec(Curve::Ed25519)),
        CryptographicAlgorithm::EC
        | CryptographicAlgorithm::ECDSA
        | CryptographicAlgorithm::ECDH => ec_spec(length, domain),
        _ => Err(Unfit::Unsupported(
            "this cryptographic algorithm is not served",
        )),
    }
}

fn ec_spec(length: Option<i32>, domain: Option<&CryptographicDomainParameters>) -> Result<KeySpec> {
    if let Some(name) = domain.and_then(|domain| domain.recommended_curve) {
        let curve = curve(name)?;
        if length.is_some_and(|bits| bits != i32::from(curve.bits())) {
            return Err(Unfit::Bad(
                "the cryptographic length is not that of the recommended curve",
            ));
        }
        return Ok(KeySpec::Ec(curve));
    }
    // A length alone has always meant the NIST curve of that length.
    match length {
        None | Some(256) => Ok(KeySpec::Ec(Curve::P256)),
        Some(384) => Ok(KeySpec::Ec(Curve::P384)),
        Some(521) => Ok(KeySpec::Ec(Curve::P521)),
        Some(_) => Err(Unfit::Unsupported(
            "no curve of this length is served; name a recommended curve",
        )),
    }
}

/// The algorithm, length in bits and domain parameters of a kind of key. `client_algorithm` is what the client called
/// it, which is kept where it means the same (ECDSA and EC).
#[must_use]
pub fn key_attributes(
    spec: KeySpec,
    client_algorithm: Option<CryptographicAlgorithm>,
) -> (
    CryptographicAlgorithm,
    i32,
    Option<CryptographicDomainParameters>,
) {
    let domain = |curve| CryptographicDomainParameters {
        qlength: None,
        recommended_curve: Some(recommended_curve(curve)),
    };
    let (algorithm, domain) = match spec {
        KeySpec::Aes { .. } => (CryptographicAlgorithm::AES, None),
        KeySpec::Rsa { .. } => (CryptographicAlgorithm::RSA, None),
        KeySpec::Hmac { hash, .. } => {
            let name = HMACS
                .iter()
                .find(|(own, _)| *own == hash)
                .map(|(_, name)| *name);
            (name.unwrap_or(CryptographicAlgorithm::HMACSHA256), None)
        }
        KeySpec::Ec(Curve::Ed25519) => (
            CryptographicAlgorithm::Ed25519,
            Some(domain(Curve::Ed25519)),
        ),
        KeySpec::Ec(curve) => {
            let same = [
                CryptographicAlgorithm::EC,
                CryptographicAlgorithm::ECDSA,
                CryptographicAlgorithm::ECDH,
            ];
            let kept = client_algorithm.filter(|algorithm| same.contains(algorithm));
            (
                kept.unwrap_or(CryptographicAlgorithm::EC),
                Some(domain(curve)),
            )
        }
    };
    (algorithm, i32::from(spec.bits()), domain)
}

/// How a key of this kind signs by these parameters.
pub fn signing(spec: KeySpec, parameters: &CryptographicParameters) -> Result<Signing> {
    let named = parameters.digital_signature_algorithm;
    let row = named.and_then(|named| SIGNATURES.iter().find(|(name, ..)| *name == named));
    if named.is_some_and(|named| named != DigitalSignatureAlgorithm::RSASSAPSS) && row.is_none() {
        return Err(Unfit::Unsupported(
            "this digital signature algorithm is not served",
        ));
    }
    let hash = match (parameters.hashing_algorithm.map(hash).transpose()?, row) {
        (Some(own), Some((_, _, implied))) if own != *implied => {
            return Err(Unfit::Bad(
                "hashing algorithm and digital signature algorithm contradict each other",
            ));
        }
        (Some(own), _) => Some(own),
        (None, row) => row.map(|(_, _, implied)| *implied),
    };
    match spec {
        KeySpec::Rsa { bits } => rsa_signing(
            bits,
            parameters,
            row.and_then(|(_, padding, _)| *padding),
            hash,
        ),
        KeySpec::Ec(Curve::Ed25519) => Ok(Signing::Eddsa),
        KeySpec::Ec(_) if row.is_some_and(|(_, padding, _)| padding.is_some()) => Err(Unfit::Bad(
            "the digital signature algorithm is RSA's, the key is not",
        )),
        KeySpec::Ec(_) => Ok(Signing::Ecdsa(hash)),
        KeySpec::Aes { .. } | KeySpec::Hmac { .. } => {
            Err(Unfit::Bad("a symmetric key does not sign"))
        }
    }
}

fn rsa_signing(
    bits: u16,
    parameters: &CryptographicParameters,
    implied: Option<PaddingMethod>,
    hash_named: Option<Hash>,
) -> Result<Signing> {
    let pss = parameters.digital_signature_algorithm == Some(DigitalSignatureAlgorithm::RSASSAPSS);
    let implied = if pss {
        Some(PaddingMethod::PSS)
    } else {
        implied
    };
    let padding = match (parameters.padding_method, implied) {
        (Some(own), Some(implied)) if own != implied => {
            return Err(Unfit::Bad(
                "padding method and digital signature algorithm contradict each other",
            ));
        }
        (own, implied) => own.or(implied).unwrap_or(PaddingMethod::PKCS1V15),
    };
    match padding {
        PaddingMethod::PKCS1V15 => Ok(Signing::RsaPkcs1(hash_named)),
        PaddingMethod::PSS => {
            let hash = hash_named.unwrap_or(Hash::Sha256);
            let mask_hash = mask_hash(parameters, hash)?;
            let salt = parameters
                .salt_length
                .map_or_else(|| Ok(hash.digest_bytes()), usize::try_from);
            let room = usize::from(bits)
                .div_ceil(8)
                .saturating_sub(hash.digest_bytes() + 2);
            match salt {
                Ok(salt) if salt <= room => {
                    let salt_bytes = u16::try_from(salt).unwrap_or(u16::MAX);
                    Ok(Signing::RsaPss {
                        hash,
                        mask_hash,
                        salt_bytes,
                    })
                }
                _ => Err(Unfit::Bad("the salt length does not fit the key")),
            }
        }
        _ => Err(Unfit::Unsupported(
            "this padding method is not served for signatures",
        )),
    }
}

/// The hash of MGF1; that of the message or label where none is named.
fn mask_hash(parameters: &CryptographicParameters, hash_of_message: Hash) -> Result<Hash> {
    if parameters
        .mask_generator
        .is_some_and(|generator| generator != MaskGenerator::MFG1)
    {
        return Err(Unfit::Unsupported("this mask generator is not served"));
    }
    if parameters.trailer_field.is_some_and(|trailer| trailer != 1) {
        return Err(Unfit::Unsupported("this trailer field is not served"));
    }
    parameters
        .mask_generator_hashing_algorithm
        .map_or(Ok(hash_of_message), hash)
}

/// How a key of this kind encrypts and decrypts by these parameters.
pub fn cipher(spec: KeySpec, parameters: &CryptographicParameters) -> Result<Cipher> {
    if let Some(algorithm) = parameters.cryptographic_algorithm {
        let fits = match spec {
            KeySpec::Aes { .. } => algorithm == CryptographicAlgorithm::AES,
            KeySpec::Rsa { .. } => algorithm == CryptographicAlgorithm::RSA,
            KeySpec::Ec(_) | KeySpec::Hmac { .. } => true,
        };
        if !fits {
            return Err(Unfit::Bad("the cryptographic algorithm is not the key's"));
        }
    }
    match spec {
        KeySpec::Aes { .. } => aes_cipher(parameters),
        KeySpec::Rsa { .. } => match parameters.padding_method.unwrap_or(PaddingMethod::PKCS1V15) {
            PaddingMethod::PKCS1V15 => Ok(Cipher::RsaPkcs1),
            PaddingMethod::OAEP => {
                let hash = parameters.hashing_algorithm.map_or(Ok(Hash::Sha1), hash)?;
                let label = parameters
                    .p_source
                    .as_ref()
                    .map(|label| label.0.clone())
                    .unwrap_or_default();
                Ok(Cipher::RsaOaep {
                    hash,
                    mask_hash: mask_hash(parameters, hash)?,
                    label,
                })
            }
            _ => Err(Unfit::Unsupported(
                "this padding method is not served for RSA encryption",
            )),
        },
        KeySpec::Ec(_) | KeySpec::Hmac { .. } => {
            Err(Unfit::Bad("a key of this algorithm does not encrypt"))
        }
    }
}

fn aes_cipher(parameters: &CryptographicParameters) -> Result<Cipher> {
    let padding = || match parameters.padding_method {
        None | Some(PaddingMethod::None) => Ok(Padding::None),
        Some(PaddingMethod::PKCS5) => Ok(Padding::Pkcs5),
        Some(_) => Err(Unfit::Unsupported(
            "this padding method is not served for AES",
        )),
    };
    let mode = parameters
        .block_cipher_mode
        .ok_or(Unfit::Bad("no block cipher mode is named"))?;
    match mode {
        BlockCipherMode::ECB => padding().map(Cipher::AesEcb),
        BlockCipherMode::CBC => padding().map(Cipher::AesCbc),
        BlockCipherMode::CTR => Ok(Cipher::AesCtr),
        BlockCipherMode::GCM | BlockCipherMode::AEAD => match parameters.tag_length.unwrap_or(16) {
            bytes @ (4 | 8 | 12..=16) => Ok(Cipher::AesGcm {
                tag_bytes: u8::try_from(bytes).unwrap_or(16),
            }),
            _ => Err(Unfit::TagLength("a GCM tag has 4, 8 or 12 to 16 bytes")),
        },
        BlockCipherMode::NISTKeyWrap => Ok(Cipher::AesKeyWrap),
        BlockCipherMode::AESKeyWrapPadding => Ok(Cipher::AesKeyWrapPadded),
        _ => Err(Unfit::Unsupported("this block cipher mode is not served")),
    }
}

/// How a key of this kind authenticates by these parameters; the key's own hash where none is named.
pub fn mac(spec: KeySpec, parameters: &CryptographicParameters) -> Result<Mac> {
    let KeySpec::Hmac { hash: own, .. } = spec else {
        return Err(Unfit::Unsupported(
            "a key of this algorithm makes no MAC here",
        ));
    };
    let by_algorithm = match parameters.cryptographic_algorithm {
        None => None,
        Some(algorithm) => Some(
            HMACS
                .iter()
                .find(|(_, name)| *name == algorithm)
                .map(|(hash, _)| *hash)
                .ok_or(Unfit::Bad("the cryptographic algorithm is no HMAC"))?,
        ),
    };
    let by_hash = parameters.hashing_algorithm.map(hash).transpose()?;
    match (by_algorithm, by_hash) {
        (Some(one), Some(other)) if one != other => Err(Unfit::Bad(
            "hashing algorithm and cryptographic algorithm contradict each other",
        )),
        (one, other) => Ok(Mac::Hmac(one.or(other).unwrap_or(own))),
    }
}
