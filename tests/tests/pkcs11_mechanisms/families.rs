//! Mechanisms that differ by their hash function, and what each hash function is called.

use cryptoki_sys as ck;
use keyhold_tests::api::Ulong;

/// A hash function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hash {
    /// Its name at the oracle.
    pub name: &'static str,
    /// Its mechanism.
    pub kind: Ulong,
    /// The mask generation function made of it; none of those that PKCS #11 has none for.
    pub mask: Option<Ulong>,
    /// The length of its digest.
    pub bytes: usize,
    /// Its HMAC, whole and cut.
    pub hmac: (Ulong, Ulong),
    /// The key type of its HMAC, and the mechanism that makes such keys.
    pub key: (Ulong, Ulong),
    /// Its signatures: RSA with PKCS #1 and with PSS, ECDSA.
    pub signs: (Option<Ulong>, Option<Ulong>, Option<Ulong>),
}

macro_rules! hashes {
    ($($name:literal $own:ident $mask:expr, $bytes:literal, $hmac:ident $general:ident, $type:ident $make:ident,
       $pkcs:expr, $pss:expr, $ecdsa:expr;)*) => {
        /// Every hash function.
        pub const HASHES: &[Hash] = &[$(Hash {
            name: $name,
            kind: ck::$own,
            mask: $mask,
            bytes: $bytes,
            hmac: (ck::$hmac, ck::$general),
            key: (ck::$type, ck::$make),
            signs: ($pkcs, $pss, $ecdsa),
        },)*];
    };
}

hashes! {
    "sha1" CKM_SHA_1 Some(ck::CKG_MGF1_SHA1), 20, CKM_SHA_1_HMAC CKM_SHA_1_HMAC_GENERAL,
        CKK_SHA_1_HMAC CKM_SHA_1_KEY_GEN,
        Some(ck::CKM_SHA1_RSA_PKCS), Some(ck::CKM_SHA1_RSA_PKCS_PSS), Some(ck::CKM_ECDSA_SHA1);
    "sha224" CKM_SHA224 Some(ck::CKG_MGF1_SHA224), 28, CKM_SHA224_HMAC CKM_SHA224_HMAC_GENERAL,
        CKK_SHA224_HMAC CKM_SHA224_KEY_GEN,
        Some(ck::CKM_SHA224_RSA_PKCS), Some(ck::CKM_SHA224_RSA_PKCS_PSS), Some(ck::CKM_ECDSA_SHA224);
    "sha256" CKM_SHA256 Some(ck::CKG_MGF1_SHA256), 32, CKM_SHA256_HMAC CKM_SHA256_HMAC_GENERAL,
        CKK_SHA256_HMAC CKM_SHA256_KEY_GEN,
        Some(ck::CKM_SHA256_RSA_PKCS), Some(ck::CKM_SHA256_RSA_PKCS_PSS), Some(ck::CKM_ECDSA_SHA256);
    "sha384" CKM_SHA384 Some(ck::CKG_MGF1_SHA384), 48, CKM_SHA384_HMAC CKM_SHA384_HMAC_GENERAL,
        CKK_SHA384_HMAC CKM_SHA384_KEY_GEN,
        Some(ck::CKM_SHA384_RSA_PKCS), Some(ck::CKM_SHA384_RSA_PKCS_PSS), Some(ck::CKM_ECDSA_SHA384);
    "sha512" CKM_SHA512 Some(ck::CKG_MGF1_SHA512), 64, CKM_SHA512_HMAC CKM_SHA512_HMAC_GENERAL,
        CKK_SHA512_HMAC CKM_SHA512_KEY_GEN,
        Some(ck::CKM_SHA512_RSA_PKCS), Some(ck::CKM_SHA512_RSA_PKCS_PSS), Some(ck::CKM_ECDSA_SHA512);
    "sha512_224" CKM_SHA512_224 None, 28, CKM_SHA512_224_HMAC CKM_SHA512_224_HMAC_GENERAL,
        CKK_SHA512_224_HMAC CKM_SHA512_224_KEY_GEN, None, None, None;
    "sha512_256" CKM_SHA512_256 None, 32, CKM_SHA512_256_HMAC CKM_SHA512_256_HMAC_GENERAL,
        CKK_SHA512_256_HMAC CKM_SHA512_256_KEY_GEN, None, None, None;
    "sha3_224" CKM_SHA3_224 Some(ck::CKG_MGF1_SHA3_224), 28, CKM_SHA3_224_HMAC CKM_SHA3_224_HMAC_GENERAL,
        CKK_SHA3_224_HMAC CKM_SHA3_224_KEY_GEN,
        Some(ck::CKM_SHA3_224_RSA_PKCS), Some(ck::CKM_SHA3_224_RSA_PKCS_PSS), Some(ck::CKM_ECDSA_SHA3_224);
    "sha3_256" CKM_SHA3_256 Some(ck::CKG_MGF1_SHA3_256), 32, CKM_SHA3_256_HMAC CKM_SHA3_256_HMAC_GENERAL,
        CKK_SHA3_256_HMAC CKM_SHA3_256_KEY_GEN,
        Some(ck::CKM_SHA3_256_RSA_PKCS), Some(ck::CKM_SHA3_256_RSA_PKCS_PSS), Some(ck::CKM_ECDSA_SHA3_256);
    "sha3_384" CKM_SHA3_384 Some(ck::CKG_MGF1_SHA3_384), 48, CKM_SHA3_384_HMAC CKM_SHA3_384_HMAC_GENERAL,
        CKK_SHA3_384_HMAC CKM_SHA3_384_KEY_GEN,
        Some(ck::CKM_SHA3_384_RSA_PKCS), Some(ck::CKM_SHA3_384_RSA_PKCS_PSS), Some(ck::CKM_ECDSA_SHA3_384);
    "sha3_512" CKM_SHA3_512 Some(ck::CKG_MGF1_SHA3_512), 64, CKM_SHA3_512_HMAC CKM_SHA3_512_HMAC_GENERAL,
        CKK_SHA3_512_HMAC CKM_SHA3_512_KEY_GEN,
        Some(ck::CKM_SHA3_512_RSA_PKCS), Some(ck::CKM_SHA3_512_RSA_PKCS_PSS), Some(ck::CKM_ECDSA_SHA3_512);
}

/// The hash function of which something holds.
pub fn hash_of(holds: impl Fn(&Hash) -> bool) -> Option<Hash> {
    HASHES.iter().find(|hash| holds(hash)).copied()
}
