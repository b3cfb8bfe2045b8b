//! CKM_: every mechanism served, one row each.

use cryptoki_sys as ck;
use kmip::mechanism::{Hash, Padding, PostQuantumUse, Prehash};

use super::{Block, Meaning, Mode, Row, Shape};
use crate::Ulong;

const SIGN: Ulong = ck::CKF_HW
    | ck::CKF_SIGN
    | ck::CKF_VERIFY
    | ck::CKF_MESSAGE_SIGN
    | ck::CKF_MESSAGE_VERIFY
    | ck::CKF_MULTI_MESSAGE;
const RECOVER: Ulong = ck::CKF_SIGN_RECOVER | ck::CKF_VERIFY_RECOVER;
const CRYPT: Ulong = ck::CKF_HW | ck::CKF_ENCRYPT | ck::CKF_DECRYPT;
const MESSAGES: Ulong = ck::CKF_MESSAGE_ENCRYPT | ck::CKF_MESSAGE_DECRYPT | ck::CKF_MULTI_MESSAGE;
const WRAP: Ulong = ck::CKF_HW | ck::CKF_WRAP | ck::CKF_UNWRAP;
const DERIVE: Ulong = ck::CKF_HW | ck::CKF_DERIVE;
const KEM: Ulong = ck::CKF_HW | ck::CKF_ENCAPSULATE | ck::CKF_DECAPSULATE;
const EC: Ulong = ck::CKF_EC_F_P | ck::CKF_EC_OID | ck::CKF_EC_CURVENAME | ck::CKF_EC_UNCOMPRESS;
const PAIR: Ulong = ck::CKF_HW | ck::CKF_GENERATE_KEY_PAIR;
const KEY: Ulong = ck::CKF_HW | ck::CKF_GENERATE;
const DIGEST: Ulong = ck::CKF_DIGEST;
const RSA_MADE_BITS: (Ulong, Ulong) = (1024, 4096);
/// Keys that are brought may be longer.
const RSA_BITS: (Ulong, Ulong) = (1024, 8192);
const DSA_BITS: (Ulong, Ulong) = (1024, 3072);
const EC_BITS: (Ulong, Ulong) = (160, 521);
const EDWARDS_BITS: (Ulong, Ulong) = (255, 448);
const MONTGOMERY_BITS: (Ulong, Ulong) = (255, 448);
const AGREEMENT_BITS: (Ulong, Ulong) = (160, 521);
const AES_BYTES: (Ulong, Ulong) = (16, 32);
const XTS_BYTES: (Ulong, Ulong) = (32, 64);
const DES2_BYTES: (Ulong, Ulong) = (16, 16);
const DES3_KEY_BYTES: (Ulong, Ulong) = (24, 24);
const DES3_BYTES: (Ulong, Ulong) = (16, 24);
const CHACHA20_BYTES: (Ulong, Ulong) = (32, 32);
const HMAC_BYTES: (Ulong, Ulong) = (1, 1024);
const BASE_BYTES: (Ulong, Ulong) = (14, 1024);
/// Those of public keys (§6.67 to §6.69).
const ML_DSA_BYTES: (Ulong, Ulong) = (1312, 2592);
const ML_KEM_BYTES: (Ulong, Ulong) = (800, 1568);
const SLH_DSA_BYTES: (Ulong, Ulong) = (32, 64);
const NO_KEY: (Ulong, Ulong) = (0, 0);

macro_rules! rows {
    ($($kind:ident $meaning:expr, $flags:expr, $sizes:ident, $shape:ident $(($detail:literal))?;)*) => {
        &[$(Row {
            kind: ck::$kind,
            meaning: $meaning,
            flags: $flags,
            sizes: $sizes,
            shape: Shape::$shape $(($detail))?,
        },)*]
    };
}

/// Every mechanism served.
pub const ROWS: &[Row] = rows! {
    CKM_RSA_PKCS_KEY_PAIR_GEN Meaning::GenerateRsa, PAIR, RSA_MADE_BITS, None;
    CKM_EC_KEY_PAIR_GEN Meaning::GenerateEc, PAIR | EC, EC_BITS, None;
    CKM_EC_EDWARDS_KEY_PAIR_GEN Meaning::GenerateEdwards, PAIR | EC, EDWARDS_BITS, None;
    CKM_EC_MONTGOMERY_KEY_PAIR_GEN Meaning::GenerateMontgomery, PAIR | EC, MONTGOMERY_BITS, None;
    CKM_ML_KEM_KEY_PAIR_GEN Meaning::GeneratePostQuantum(PostQuantumUse::Kem), PAIR, ML_KEM_BYTES, None;
    CKM_ML_DSA_KEY_PAIR_GEN Meaning::GeneratePostQuantum(PostQuantumUse::MlDsa), PAIR, ML_DSA_BYTES, None;
    CKM_SLH_DSA_KEY_PAIR_GEN Meaning::GeneratePostQuantum(PostQuantumUse::SlhDsa), PAIR, SLH_DSA_BYTES, None;
    CKM_AES_KEY_GEN Meaning::GenerateAes, KEY, AES_BYTES, None;
    CKM_AES_XTS_KEY_GEN Meaning::GenerateXts, KEY, XTS_BYTES, None;
    CKM_DES2_KEY_GEN Meaning::GenerateTripleDes(ck::CKK_DES2), KEY, DES2_BYTES, None;
    CKM_DES3_KEY_GEN Meaning::GenerateTripleDes(ck::CKK_DES3), KEY, DES3_KEY_BYTES, None;
    CKM_CHACHA20_KEY_GEN Meaning::GenerateChaCha20, KEY, CHACHA20_BYTES, None;
    CKM_GENERIC_SECRET_KEY_GEN Meaning::GenerateSecret(Hash::Sha256, ck::CKK_GENERIC_SECRET), KEY, HMAC_BYTES, None;
    CKM_HKDF_KEY_GEN Meaning::GenerateSecret(Hash::Sha256, ck::CKK_HKDF), KEY, HMAC_BYTES, None;
    CKM_SHA_1_KEY_GEN Meaning::GenerateSecret(Hash::Sha1, ck::CKK_SHA_1_HMAC), KEY, HMAC_BYTES, None;
    CKM_SHA224_KEY_GEN Meaning::GenerateSecret(Hash::Sha224, ck::CKK_SHA224_HMAC), KEY, HMAC_BYTES, None;
    CKM_SHA256_KEY_GEN Meaning::GenerateSecret(Hash::Sha256, ck::CKK_SHA256_HMAC), KEY, HMAC_BYTES, None;
    CKM_SHA384_KEY_GEN Meaning::GenerateSecret(Hash::Sha384, ck::CKK_SHA384_HMAC), KEY, HMAC_BYTES, None;
    CKM_SHA512_KEY_GEN Meaning::GenerateSecret(Hash::Sha512, ck::CKK_SHA512_HMAC), KEY, HMAC_BYTES, None;
    CKM_SHA512_224_KEY_GEN Meaning::GenerateSecret(Hash::Sha512_224, ck::CKK_SHA512_224_HMAC), KEY, HMAC_BYTES, None;
    CKM_SHA512_256_KEY_GEN Meaning::GenerateSecret(Hash::Sha512_256, ck::CKK_SHA512_256_HMAC), KEY, HMAC_BYTES, None;
    CKM_SHA3_224_KEY_GEN Meaning::GenerateSecret(Hash::Sha3_224, ck::CKK_SHA3_224_HMAC), KEY, HMAC_BYTES, None;
    CKM_SHA3_256_KEY_GEN Meaning::GenerateSecret(Hash::Sha3_256, ck::CKK_SHA3_256_HMAC), KEY, HMAC_BYTES, None;
    CKM_SHA3_384_KEY_GEN Meaning::GenerateSecret(Hash::Sha3_384, ck::CKK_SHA3_384_HMAC), KEY, HMAC_BYTES, None;
    CKM_SHA3_512_KEY_GEN Meaning::GenerateSecret(Hash::Sha3_512, ck::CKK_SHA3_512_HMAC), KEY, HMAC_BYTES, None;
    CKM_RSA_PKCS Meaning::RsaPkcs, SIGN | RECOVER | CRYPT | WRAP, RSA_BITS, None;
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
    CKM_RSA_PKCS_OAEP Meaning::Oaep, CRYPT | WRAP, RSA_BITS, Oaep;
    CKM_DSA Meaning::Dsa(None), SIGN, DSA_BITS, None;
    CKM_DSA_SHA1 Meaning::Dsa(Some(Hash::Sha1)), SIGN, DSA_BITS, None;
    CKM_DSA_SHA224 Meaning::Dsa(Some(Hash::Sha224)), SIGN, DSA_BITS, None;
    CKM_DSA_SHA256 Meaning::Dsa(Some(Hash::Sha256)), SIGN, DSA_BITS, None;
    CKM_DSA_SHA384 Meaning::Dsa(Some(Hash::Sha384)), SIGN, DSA_BITS, None;
    CKM_DSA_SHA512 Meaning::Dsa(Some(Hash::Sha512)), SIGN, DSA_BITS, None;
    CKM_DSA_SHA3_224 Meaning::Dsa(Some(Hash::Sha3_224)), SIGN, DSA_BITS, None;
    CKM_DSA_SHA3_256 Meaning::Dsa(Some(Hash::Sha3_256)), SIGN, DSA_BITS, None;
    CKM_DSA_SHA3_384 Meaning::Dsa(Some(Hash::Sha3_384)), SIGN, DSA_BITS, None;
    CKM_DSA_SHA3_512 Meaning::Dsa(Some(Hash::Sha3_512)), SIGN, DSA_BITS, None;
    CKM_RSA_AES_KEY_WRAP Meaning::RsaAesKeyWrap, WRAP, RSA_BITS, RsaAes;
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
    CKM_ECDH1_DERIVE Meaning::Agree, DERIVE | EC, AGREEMENT_BITS, Ecdh;
    CKM_ECDH1_COFACTOR_DERIVE Meaning::Agree, DERIVE | EC, AGREEMENT_BITS, Ecdh;
    CKM_ML_KEM Meaning::Kem, KEM, ML_KEM_BYTES, None;
    CKM_ML_DSA Meaning::MlDsa, SIGN, ML_DSA_BYTES, Context;
    CKM_SLH_DSA Meaning::SlhDsa, SIGN, SLH_DSA_BYTES, Context;
    CKM_HASH_ML_DSA Meaning::HashMlDsa(None), SIGN, ML_DSA_BYTES, HashContext;
    CKM_HASH_ML_DSA_SHA224 Meaning::HashMlDsa(Some(Prehash::Hash(Hash::Sha224))), SIGN, ML_DSA_BYTES, Context;
    CKM_HASH_ML_DSA_SHA256 Meaning::HashMlDsa(Some(Prehash::Hash(Hash::Sha256))), SIGN, ML_DSA_BYTES, Context;
    CKM_HASH_ML_DSA_SHA384 Meaning::HashMlDsa(Some(Prehash::Hash(Hash::Sha384))), SIGN, ML_DSA_BYTES, Context;
    CKM_HASH_ML_DSA_SHA512 Meaning::HashMlDsa(Some(Prehash::Hash(Hash::Sha512))), SIGN, ML_DSA_BYTES, Context;
    CKM_HASH_ML_DSA_SHA3_224 Meaning::HashMlDsa(Some(Prehash::Hash(Hash::Sha3_224))), SIGN, ML_DSA_BYTES, Context;
    CKM_HASH_ML_DSA_SHA3_256 Meaning::HashMlDsa(Some(Prehash::Hash(Hash::Sha3_256))), SIGN, ML_DSA_BYTES, Context;
    CKM_HASH_ML_DSA_SHA3_384 Meaning::HashMlDsa(Some(Prehash::Hash(Hash::Sha3_384))), SIGN, ML_DSA_BYTES, Context;
    CKM_HASH_ML_DSA_SHA3_512 Meaning::HashMlDsa(Some(Prehash::Hash(Hash::Sha3_512))), SIGN, ML_DSA_BYTES, Context;
    CKM_HASH_ML_DSA_SHAKE128 Meaning::HashMlDsa(Some(Prehash::Shake128)), SIGN, ML_DSA_BYTES, Context;
    CKM_HASH_ML_DSA_SHAKE256 Meaning::HashMlDsa(Some(Prehash::Shake256)), SIGN, ML_DSA_BYTES, Context;
    CKM_HASH_SLH_DSA Meaning::HashSlhDsa(None), SIGN, SLH_DSA_BYTES, HashContext;
    CKM_HASH_SLH_DSA_SHA224 Meaning::HashSlhDsa(Some(Prehash::Hash(Hash::Sha224))), SIGN, SLH_DSA_BYTES, Context;
    CKM_HASH_SLH_DSA_SHA256 Meaning::HashSlhDsa(Some(Prehash::Hash(Hash::Sha256))), SIGN, SLH_DSA_BYTES, Context;
    CKM_HASH_SLH_DSA_SHA384 Meaning::HashSlhDsa(Some(Prehash::Hash(Hash::Sha384))), SIGN, SLH_DSA_BYTES, Context;
    CKM_HASH_SLH_DSA_SHA512 Meaning::HashSlhDsa(Some(Prehash::Hash(Hash::Sha512))), SIGN, SLH_DSA_BYTES, Context;
    CKM_HASH_SLH_DSA_SHA3_224 Meaning::HashSlhDsa(Some(Prehash::Hash(Hash::Sha3_224))), SIGN, SLH_DSA_BYTES, Context;
    CKM_HASH_SLH_DSA_SHA3_256 Meaning::HashSlhDsa(Some(Prehash::Hash(Hash::Sha3_256))), SIGN, SLH_DSA_BYTES, Context;
    CKM_HASH_SLH_DSA_SHA3_384 Meaning::HashSlhDsa(Some(Prehash::Hash(Hash::Sha3_384))), SIGN, SLH_DSA_BYTES, Context;
    CKM_HASH_SLH_DSA_SHA3_512 Meaning::HashSlhDsa(Some(Prehash::Hash(Hash::Sha3_512))), SIGN, SLH_DSA_BYTES, Context;
    CKM_HASH_SLH_DSA_SHAKE128 Meaning::HashSlhDsa(Some(Prehash::Shake128)), SIGN, SLH_DSA_BYTES, Context;
    CKM_HASH_SLH_DSA_SHAKE256 Meaning::HashSlhDsa(Some(Prehash::Shake256)), SIGN, SLH_DSA_BYTES, Context;
    CKM_SHA_1_HMAC Meaning::Hmac(Hash::Sha1, ck::CKK_SHA_1_HMAC, false), SIGN, HMAC_BYTES, None;
    CKM_SHA224_HMAC Meaning::Hmac(Hash::Sha224, ck::CKK_SHA224_HMAC, false), SIGN, HMAC_BYTES, None;
    CKM_SHA256_HMAC Meaning::Hmac(Hash::Sha256, ck::CKK_SHA256_HMAC, false), SIGN, HMAC_BYTES, None;
    CKM_SHA384_HMAC Meaning::Hmac(Hash::Sha384, ck::CKK_SHA384_HMAC, false), SIGN, HMAC_BYTES, None;
    CKM_SHA512_HMAC Meaning::Hmac(Hash::Sha512, ck::CKK_SHA512_HMAC, false), SIGN, HMAC_BYTES, None;
    CKM_SHA512_224_HMAC Meaning::Hmac(Hash::Sha512_224, ck::CKK_SHA512_224_HMAC, false), SIGN, HMAC_BYTES, None;
    CKM_SHA512_256_HMAC Meaning::Hmac(Hash::Sha512_256, ck::CKK_SHA512_256_HMAC, false), SIGN, HMAC_BYTES, None;
    CKM_SHA3_224_HMAC Meaning::Hmac(Hash::Sha3_224, ck::CKK_SHA3_224_HMAC, false), SIGN, HMAC_BYTES, None;
    CKM_SHA3_256_HMAC Meaning::Hmac(Hash::Sha3_256, ck::CKK_SHA3_256_HMAC, false), SIGN, HMAC_BYTES, None;
    CKM_SHA3_384_HMAC Meaning::Hmac(Hash::Sha3_384, ck::CKK_SHA3_384_HMAC, false), SIGN, HMAC_BYTES, None;
    CKM_SHA3_512_HMAC Meaning::Hmac(Hash::Sha3_512, ck::CKK_SHA3_512_HMAC, false), SIGN, HMAC_BYTES, None;
    CKM_SHA_1_HMAC_GENERAL Meaning::Hmac(Hash::Sha1, ck::CKK_SHA_1_HMAC, true), SIGN, HMAC_BYTES, Number;
    CKM_SHA224_HMAC_GENERAL Meaning::Hmac(Hash::Sha224, ck::CKK_SHA224_HMAC, true), SIGN, HMAC_BYTES, Number;
    CKM_SHA256_HMAC_GENERAL Meaning::Hmac(Hash::Sha256, ck::CKK_SHA256_HMAC, true), SIGN, HMAC_BYTES, Number;
    CKM_SHA384_HMAC_GENERAL Meaning::Hmac(Hash::Sha384, ck::CKK_SHA384_HMAC, true), SIGN, HMAC_BYTES, Number;
    CKM_SHA512_HMAC_GENERAL Meaning::Hmac(Hash::Sha512, ck::CKK_SHA512_HMAC, true), SIGN, HMAC_BYTES, Number;
    CKM_SHA512_224_HMAC_GENERAL Meaning::Hmac(Hash::Sha512_224, ck::CKK_SHA512_224_HMAC, true), SIGN, HMAC_BYTES, Number;
    CKM_SHA512_256_HMAC_GENERAL Meaning::Hmac(Hash::Sha512_256, ck::CKK_SHA512_256_HMAC, true), SIGN, HMAC_BYTES, Number;
    CKM_SHA3_224_HMAC_GENERAL Meaning::Hmac(Hash::Sha3_224, ck::CKK_SHA3_224_HMAC, true), SIGN, HMAC_BYTES, Number;
    CKM_SHA3_256_HMAC_GENERAL Meaning::Hmac(Hash::Sha3_256, ck::CKK_SHA3_256_HMAC, true), SIGN, HMAC_BYTES, Number;
    CKM_SHA3_384_HMAC_GENERAL Meaning::Hmac(Hash::Sha3_384, ck::CKK_SHA3_384_HMAC, true), SIGN, HMAC_BYTES, Number;
    CKM_SHA3_512_HMAC_GENERAL Meaning::Hmac(Hash::Sha3_512, ck::CKK_SHA3_512_HMAC, true), SIGN, HMAC_BYTES, Number;
    CKM_AES_CMAC Meaning::Cmac(Block::Aes, false), SIGN, AES_BYTES, None;
    CKM_AES_CMAC_GENERAL Meaning::Cmac(Block::Aes, true), SIGN, AES_BYTES, Number;
    CKM_DES3_CMAC Meaning::Cmac(Block::TripleDes, false), SIGN, DES3_BYTES, None;
    CKM_DES3_CMAC_GENERAL Meaning::Cmac(Block::TripleDes, true), SIGN, DES3_BYTES, Number;
    CKM_AES_MAC Meaning::CbcMac(Block::Aes, false), SIGN, AES_BYTES, None;
    CKM_AES_MAC_GENERAL Meaning::CbcMac(Block::Aes, true), SIGN, AES_BYTES, Number;
    CKM_DES3_MAC Meaning::CbcMac(Block::TripleDes, false), SIGN, DES3_BYTES, None;
    CKM_DES3_MAC_GENERAL Meaning::CbcMac(Block::TripleDes, true), SIGN, DES3_BYTES, Number;
    CKM_HKDF_DERIVE Meaning::Hkdf, DERIVE, BASE_BYTES, Hkdf;
    CKM_HKDF_DATA Meaning::HkdfData, DERIVE, BASE_BYTES, Hkdf;
    CKM_SP800_108_COUNTER_KDF Meaning::Kdf(Mode::Counter), DERIVE, BASE_BYTES, Kdf;
    CKM_SP800_108_FEEDBACK_KDF Meaning::Kdf(Mode::Feedback), DERIVE, BASE_BYTES, Feedback;
    CKM_SP800_108_DOUBLE_PIPELINE_KDF Meaning::Kdf(Mode::DoublePipeline), DERIVE, BASE_BYTES, Kdf;
    CKM_AES_ECB Meaning::AesEcb, CRYPT, AES_BYTES, None;
    CKM_AES_CBC Meaning::AesCbc(Padding::None), CRYPT, AES_BYTES, Iv(16);
    CKM_AES_CBC_PAD Meaning::AesCbc(Padding::Pkcs5), CRYPT | WRAP, AES_BYTES, Iv(16);
    CKM_AES_CTR Meaning::AesCtr, CRYPT, AES_BYTES, Counter;
    CKM_AES_OFB Meaning::AesOfb, CRYPT, AES_BYTES, Iv(16);
    CKM_AES_CFB128 Meaning::AesCfb, CRYPT, AES_BYTES, Iv(16);
    CKM_AES_GCM Meaning::AesGcm, CRYPT | MESSAGES | WRAP, AES_BYTES, Gcm;
    CKM_AES_CCM Meaning::AesCcm, CRYPT | MESSAGES, AES_BYTES, Ccm;
    CKM_AES_XTS Meaning::AesXts, CRYPT, XTS_BYTES, Iv(16);
    CKM_AES_KEY_WRAP Meaning::AesKeyWrap, WRAP, AES_BYTES, Default(8);
    CKM_AES_KEY_WRAP_PAD Meaning::AesKeyWrapPadded, WRAP, AES_BYTES, Default(4);
    CKM_AES_KEY_WRAP_KWP Meaning::AesKeyWrapPadded, WRAP, AES_BYTES, Default(4);
    CKM_DES3_ECB Meaning::TripleDesEcb, CRYPT, DES3_BYTES, None;
    CKM_DES3_CBC Meaning::TripleDesCbc(Padding::None), CRYPT, DES3_BYTES, Iv(8);
    CKM_DES3_CBC_PAD Meaning::TripleDesCbc(Padding::Pkcs5), CRYPT, DES3_BYTES, Iv(8);
    CKM_CHACHA20 Meaning::ChaCha20, CRYPT, CHACHA20_BYTES, ChaCha20;
    CKM_CHACHA20_POLY1305 Meaning::ChaCha20Poly1305, CRYPT | MESSAGES, CHACHA20_BYTES, Poly1305;
    CKM_SHA_1 Meaning::Digest(Hash::Sha1), DIGEST, NO_KEY, None;
    CKM_SHA224 Meaning::Digest(Hash::Sha224), DIGEST, NO_KEY, None;
    CKM_SHA256 Meaning::Digest(Hash::Sha256), DIGEST, NO_KEY, None;
    CKM_SHA384 Meaning::Digest(Hash::Sha384), DIGEST, NO_KEY, None;
    CKM_SHA512 Meaning::Digest(Hash::Sha512), DIGEST, NO_KEY, None;
    CKM_SHA512_224 Meaning::Digest(Hash::Sha512_224), DIGEST, NO_KEY, None;
    CKM_SHA512_256 Meaning::Digest(Hash::Sha512_256), DIGEST, NO_KEY, None;
    CKM_SHA3_224 Meaning::Digest(Hash::Sha3_224), DIGEST, NO_KEY, None;
    CKM_SHA3_256 Meaning::Digest(Hash::Sha3_256), DIGEST, NO_KEY, None;
    CKM_SHA3_384 Meaning::Digest(Hash::Sha3_384), DIGEST, NO_KEY, None;
    CKM_SHA3_512 Meaning::Digest(Hash::Sha3_512), DIGEST, NO_KEY, None;
};
