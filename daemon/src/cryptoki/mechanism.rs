//! CKM_: the mechanisms served here, and what they are in KMIP's Cryptographic Parameters.

use cryptoki_sys as ck;
use kmip::{
    BlockCipherMode, CryptographicAlgorithm, HashingAlgorithm, MaskGenerator, PaddingMethod,
    attribute::CryptographicParameters,
    mechanism::{Curve, Hash, KeySpec, parameters::hashing_algorithm},
    ttlv::Bytes,
};

use super::{Arguments, Garbled, Ulong, codec::number};

/// What a mechanism is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    AesCbc(PaddingMethod),
    AesCtr,
    AesEcb,
    AesGcm,
    Digest(Hash),
    Ecdsa(Option<Hash>),
    Eddsa,
    GenerateAes,
    GenerateEc,
    GenerateRsa,
    GenerateSecret,
    Hmac(Hash),
    Oaep,
    RsaPkcs(Option<Hash>),
    RsaPss(Option<Hash>),
}

/// One mechanism.
pub(crate) struct Row {
    pub(crate) kind: Ulong,
    pub(crate) meaning: Meaning,
    /// The functions it serves, as `CKF_` bits.
    pub(crate) flags: Ulong,
    /// The sizes of keys, in the unit that the standard gives the mechanism.
    pub(crate) sizes: (Ulong, Ulong),
}

const SIGN: Ulong = ck::CKF_HW | ck::CKF_SIGN | ck::CKF_VERIFY;
const CRYPT: Ulong = ck::CKF_HW | ck::CKF_ENCRYPT | ck::CKF_DECRYPT;
const PAIR: Ulong = ck::CKF_HW | ck::CKF_GENERATE_KEY_PAIR;
const KEY: Ulong = ck::CKF_HW | ck::CKF_GENERATE;
const RSA_BITS: (Ulong, Ulong) = (2048, 4096);
const EC_BITS: (Ulong, Ulong) = (256, 521);
const EDWARDS_BITS: (Ulong, Ulong) = (255, 255);
const AES_BYTES: (Ulong, Ulong) = (16, 32);
const HMAC_BYTES: (Ulong, Ulong) = (1, 1024);
const NO_KEY: (Ulong, Ulong) = (0, 0);

macro_rules! rows {
    ($($kind:ident $meaning:expr, $flags:expr, $sizes:ident;)*) => {
        &[$(Row { kind: ck::$kind, meaning: $meaning, flags: $flags, sizes: $sizes },)*]
    };
}

const ROWS: &[Row] = rows! {
    CKM_RSA_PKCS_KEY_PAIR_GEN Meaning::GenerateRsa, PAIR, RSA_BITS;
    CKM_EC_KEY_PAIR_GEN Meaning::GenerateEc, PAIR, EC_BITS;
    CKM_EC_EDWARDS_KEY_PAIR_GEN Meaning::GenerateEc, PAIR, EDWARDS_BITS;
    CKM_AES_KEY_GEN Meaning::GenerateAes, KEY, AES_BYTES;
    CKM_GENERIC_SECRET_KEY_GEN Meaning::GenerateSecret, KEY, HMAC_BYTES;
    CKM_RSA_PKCS Meaning::RsaPkcs(None), SIGN | CRYPT, RSA_BITS;
    CKM_SHA256_RSA_PKCS Meaning::RsaPkcs(Some(Hash::Sha256)), SIGN, RSA_BITS;
    CKM_SHA384_RSA_PKCS Meaning::RsaPkcs(Some(Hash::Sha384)), SIGN, RSA_BITS;
    CKM_SHA512_RSA_PKCS Meaning::RsaPkcs(Some(Hash::Sha512)), SIGN, RSA_BITS;
    CKM_RSA_PKCS_PSS Meaning::RsaPss(None), SIGN, RSA_BITS;
    CKM_SHA256_RSA_PKCS_PSS Meaning::RsaPss(Some(Hash::Sha256)), SIGN, RSA_BITS;
    CKM_SHA384_RSA_PKCS_PSS Meaning::RsaPss(Some(Hash::Sha384)), SIGN, RSA_BITS;
    CKM_SHA512_RSA_PKCS_PSS Meaning::RsaPss(Some(Hash::Sha512)), SIGN, RSA_BITS;
    CKM_RSA_PKCS_OAEP Meaning::Oaep, CRYPT, RSA_BITS;
    CKM_ECDSA Meaning::Ecdsa(None), SIGN, EC_BITS;
    CKM_ECDSA_SHA256 Meaning::Ecdsa(Some(Hash::Sha256)), SIGN, EC_BITS;
    CKM_ECDSA_SHA384 Meaning::Ecdsa(Some(Hash::Sha384)), SIGN, EC_BITS;
    CKM_ECDSA_SHA512 Meaning::Ecdsa(Some(Hash::Sha512)), SIGN, EC_BITS;
    CKM_EDDSA Meaning::Eddsa, SIGN, EDWARDS_BITS;
    CKM_SHA256_HMAC Meaning::Hmac(Hash::Sha256), SIGN, HMAC_BYTES;
    CKM_SHA384_HMAC Meaning::Hmac(Hash::Sha384), SIGN, HMAC_BYTES;
    CKM_SHA512_HMAC Meaning::Hmac(Hash::Sha512), SIGN, HMAC_BYTES;
    CKM_AES_ECB Meaning::AesEcb, CRYPT, AES_BYTES;
    CKM_AES_CBC Meaning::AesCbc(PaddingMethod::None), CRYPT, AES_BYTES;
    CKM_AES_CBC_PAD Meaning::AesCbc(PaddingMethod::PKCS5), CRYPT, AES_BYTES;
    CKM_AES_CTR Meaning::AesCtr, CRYPT, AES_BYTES;
    CKM_AES_GCM Meaning::AesGcm, CRYPT, AES_BYTES;
    CKM_SHA_1 Meaning::Digest(Hash::Sha1), ck::CKF_DIGEST, NO_KEY;
    CKM_SHA224 Meaning::Digest(Hash::Sha224), ck::CKF_DIGEST, NO_KEY;
    CKM_SHA256 Meaning::Digest(Hash::Sha256), ck::CKF_DIGEST, NO_KEY;
    CKM_SHA384 Meaning::Digest(Hash::Sha384), ck::CKF_DIGEST, NO_KEY;
    CKM_SHA512 Meaning::Digest(Hash::Sha512), ck::CKF_DIGEST, NO_KEY;
};

/// Every mechanism.
pub(crate) fn mechanisms() -> impl Iterator<Item = &'static Row> {
    ROWS.iter()
}

/// The mechanism, if it serves one of these functions.
pub(crate) fn row(kind: Ulong, functions: Ulong) -> Option<&'static Row> {
    ROWS.iter()
        .find(|row| row.kind == kind && row.flags & functions != 0)
}

/// A mechanism with its parameter.
#[derive(Clone, PartialEq)]
pub(crate) struct Use {
    pub(crate) meaning: Meaning,
    pub(crate) parameters: CryptographicParameters,
    pub(crate) iv: Option<Bytes>,
    pub(crate) additional: Option<Bytes>,
}

/// Hash functions in their two spellings: the mechanism, and the mask generation function made of it.
const HASHES: &[(HashingAlgorithm, Ulong, Ulong)] = &[
    (HashingAlgorithm::SHA1, ck::CKM_SHA_1, ck::CKG_MGF1_SHA1),
    (
        HashingAlgorithm::SHA224,
        ck::CKM_SHA224,
        ck::CKG_MGF1_SHA224,
    ),
    (
        HashingAlgorithm::SHA256,
        ck::CKM_SHA256,
        ck::CKG_MGF1_SHA256,
    ),
    (
        HashingAlgorithm::SHA384,
        ck::CKM_SHA384,
        ck::CKG_MGF1_SHA384,
    ),
    (
        HashingAlgorithm::SHA512,
        ck::CKM_SHA512,
        ck::CKG_MGF1_SHA512,
    ),
];

/// How a mechanism with this parameter works; none when they do not fit each other.
pub(crate) fn read_parameter(meaning: Meaning, parameter: Option<&[u8]>) -> Option<Use> {
    let mut usage = Use {
        meaning,
        parameters: CryptographicParameters::default(),
        iv: None,
        additional: None,
    };
    let parameters = &mut usage.parameters;
    match (meaning, parameter) {
        (Meaning::AesEcb, None) => {
            parameters.block_cipher_mode = Some(BlockCipherMode::ECB);
            parameters.padding_method = Some(PaddingMethod::None);
        }
        (Meaning::AesCbc(padding), Some(bytes)) => {
            parameters.block_cipher_mode = Some(BlockCipherMode::CBC);
            parameters.padding_method = Some(padding);
            usage.iv = Some(iv(bytes)?);
        }
        (Meaning::AesCtr, Some(bytes)) => {
            parameters.block_cipher_mode = Some(BlockCipherMode::CTR);
            usage.iv = Some(counter(bytes)?);
        }
        (Meaning::AesGcm, Some(bytes)) => gcm(bytes, &mut usage)?,
        (Meaning::Oaep, Some(bytes)) => oaep(bytes, parameters)?,
        (Meaning::RsaPss(own), Some(bytes)) => pss(own, bytes, parameters)?,
        (Meaning::RsaPkcs(hash), None) => {
            parameters.cryptographic_algorithm = Some(CryptographicAlgorithm::RSA);
            parameters.padding_method = Some(PaddingMethod::PKCS1V15);
            parameters.hashing_algorithm = hash.map(hashing_algorithm);
        }
        (Meaning::Ecdsa(hash), None) => {
            parameters.cryptographic_algorithm = Some(CryptographicAlgorithm::ECDSA);
            parameters.hashing_algorithm = hash.map(hashing_algorithm);
        }
        (Meaning::Eddsa, None) => {
            parameters.cryptographic_algorithm = Some(CryptographicAlgorithm::Ed25519);
        }
        (Meaning::Hmac(hash) | Meaning::Digest(hash), None) => {
            parameters.hashing_algorithm = Some(hashing_algorithm(hash));
        }
        (
            Meaning::GenerateAes
            | Meaning::GenerateEc
            | Meaning::GenerateRsa
            | Meaning::GenerateSecret,
            None,
        ) => {}
        _ => return None,
    }
    Some(usage)
}

/// An IV is an array, so its count stands before it; some clients leave that out.
fn iv(bytes: &[u8]) -> Option<Bytes> {
    let counted = || {
        let mut arguments = Arguments::new(bytes);
        let iv = arguments.bytes().ok()?;
        arguments.end().ok().map(|()| iv)
    };
    let iv = Some(bytes)
        .filter(|bytes| bytes.len() == 16)
        .or_else(counted)?;
    (iv.len() == 16).then(|| Bytes(iv.to_vec()))
}

/// Bits that count, and the block. The HSM counts over the whole block; a narrower counter would differ where it
/// overflows.
fn counter(bytes: &[u8]) -> Option<Bytes> {
    let (bits, block) = bytes.split_at_checked(bytes.len().checked_sub(16)?)?;
    let is_whole = bits == [0, 0, 0, 0, 0, 0, 0, 128] || bits == [0, 0, 0, 128];
    is_whole.then(|| Bytes(block.to_vec()))
}

/// IV, its bits, additional data, bits of the tag. Numbers of bits are lengths to some and numbers to others: how long
/// the whole is tells which.
fn gcm(bytes: &[u8], usage: &mut Use) -> Option<()> {
    let read = |wide: bool| -> Result<_, Garbled> {
        let mut arguments = Arguments::new(bytes);
        let iv = arguments.bytes()?;
        let skipped = if wide { 8 } else { 4 };
        arguments.take(skipped)?;
        let additional = arguments.bytes()?;
        let bits = arguments.take(skipped)?;
        arguments.end()?;
        Ok((iv, additional, bits))
    };
    let (iv, additional, bits) = read(true).or_else(|Garbled| read(false)).ok()?;
    let bits = bits
        .iter()
        .fold(0_u64, |all, byte| (all << 8) | u64::from(*byte));
    if ![96, 104, 112, 120, 128].contains(&bits) || iv.is_empty() {
        return None;
    }
    usage.parameters.block_cipher_mode = Some(BlockCipherMode::GCM);
    usage.parameters.tag_length = i32::try_from(bits / 8).ok();
    usage.iv = Some(Bytes(iv.to_vec()));
    usage.additional = (!additional.is_empty()).then(|| Bytes(additional.to_vec()));
    Some(())
}

fn hashes(
    hash: Ulong,
    mask: Ulong,
    parameters: &mut CryptographicParameters,
) -> Option<HashingAlgorithm> {
    let (name, ..) = HASHES.iter().find(|(_, own, _)| *own == hash)?;
    let (mask_name, ..) = HASHES.iter().find(|(.., own)| *own == mask)?;
    parameters.cryptographic_algorithm = Some(CryptographicAlgorithm::RSA);
    parameters.hashing_algorithm = Some(*name);
    parameters.mask_generator = Some(MaskGenerator::MFG1);
    parameters.mask_generator_hashing_algorithm = Some(*mask_name);
    Some(*name)
}

/// Hash, mask, source, label.
fn oaep(bytes: &[u8], parameters: &mut CryptographicParameters) -> Option<()> {
    let mut arguments = Arguments::new(bytes);
    let (hash, mask) = (arguments.ulong().ok()?, arguments.ulong().ok()?);
    let source = arguments.ulong().ok()?;
    let label = arguments.bytes().ok()?;
    arguments.end().ok()?;
    if source != ck::CKZ_DATA_SPECIFIED && (source != 0 || !label.is_empty()) {
        return None;
    }
    hashes(hash, mask, parameters)?;
    parameters.padding_method = Some(PaddingMethod::OAEP);
    parameters.p_source = (!label.is_empty()).then(|| Bytes(label.to_vec()));
    Some(())
}

/// Hash, mask, length of the salt: a length to some and a number to others.
fn pss(own: Option<Hash>, bytes: &[u8], parameters: &mut CryptographicParameters) -> Option<()> {
    let mut arguments = Arguments::new(bytes);
    let (hash, mask) = (arguments.ulong().ok()?, arguments.ulong().ok()?);
    let salt = arguments.count_or_number().ok()?;
    arguments.end().ok()?;
    let name = hashes(hash, mask, parameters)?;
    // PKCS #11 3.1 §6.1.10: the hash of the parameter is the mechanism's.
    if own.is_some_and(|own| hashing_algorithm(own) != name) {
        return None;
    }
    parameters.padding_method = Some(PaddingMethod::PSS);
    parameters.salt_length = Some(i32::try_from(salt).ok()?);
    Some(())
}

/// Curves by their object identifiers in DER.
const CURVES: &[(Curve, &[u8])] = &[
    (Curve::P256, &[6, 8, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 3, 1, 7]),
    (Curve::P384, &[6, 5, 0x2B, 0x81, 4, 0, 0x22]),
    (Curve::P521, &[6, 5, 0x2B, 0x81, 4, 0, 0x23]),
    (Curve::Secp256k1, &[6, 5, 0x2B, 0x81, 4, 0, 0x0A]),
    (Curve::Ed25519, &[6, 3, 0x2B, 0x65, 0x70]),
];

/// `CKA_EC_PARAMS` of a curve.
pub(crate) fn oid(curve: Curve) -> &'static [u8] {
    CURVES
        .iter()
        .find(|(own, _)| *own == curve)
        .map_or(&[], |(_, oid)| oid)
}

/// The curve of `CKA_EC_PARAMS`.
pub(crate) fn curve_of(parameters: &[u8]) -> Option<Curve> {
    CURVES
        .iter()
        .find(|(_, oid)| *oid == parameters)
        .map(|(curve, _)| *curve)
}

/// The kind of secret key that a mechanism generates in so many bytes.
pub(crate) fn key_spec_of(meaning: Meaning, bytes: &[u8]) -> Option<KeySpec> {
    let bits = u16::try_from(number(bytes)?.checked_mul(8)?).ok()?;
    match meaning {
        Meaning::GenerateAes if [128, 192, 256].contains(&bits) => Some(KeySpec::Aes { bits }),
        Meaning::GenerateSecret if (8..=8192).contains(&bits) => Some(KeySpec::Hmac {
            hash: Hash::Sha256,
            bits,
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_read_in_the_widths_that_clients_send() {
        let mut wide = vec![0, 0, 0, 12];
        wide.extend([7; 12]);
        wide.extend([0, 0, 0, 0, 0, 0, 0, 96, 0, 0, 0, 1, 9]);
        wide.extend([0, 0, 0, 0, 0, 0, 0, 128]);
        let mut narrow = vec![0, 0, 0, 12];
        narrow.extend([7; 12]);
        narrow.extend([0, 0, 0, 96, 0, 0, 0, 1, 9, 0, 0, 0, 128]);
        let read = |bytes: &[u8]| read_parameter(Meaning::AesGcm, Some(bytes));
        let both = [read(&wide).unwrap(), read(&narrow).unwrap()];
        assert!(both[0] == both[1]);
        assert_eq!(both[0].parameters.tag_length, Some(16));
        assert_eq!(both[0].additional, Some(Bytes(vec![9])));
        for cut in 0..wide.len() {
            assert!(read(&wide[..cut]).is_none(), "cut at {cut}");
        }
    }

    #[test]
    fn a_mechanism_takes_its_own_parameter_and_no_other() {
        let iv = [
            0, 0, 0, 16, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
        ];
        let cbc = Meaning::AesCbc(PaddingMethod::None);
        let counted = read_parameter(cbc, Some(&iv)).unwrap();
        let bare = read_parameter(cbc, Some(&iv[4..])).unwrap();
        assert!(counted == bare);
        assert!(read_parameter(cbc, None).is_none());
        assert!(read_parameter(cbc, Some(&iv[..12])).is_none());
        assert!(read_parameter(Meaning::AesEcb, Some(&iv)).is_none());
    }
}
