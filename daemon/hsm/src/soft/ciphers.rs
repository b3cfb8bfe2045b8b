//! The table of ciphers: each fetched once from OpenSSL, beside AWS-LC's of the modes that it computes.

use std::sync::LazyLock;

use aws_lc_rs::{aead, cmac};
use openssl::{
    cipher::{Cipher, CipherRef},
    error::ErrorStack,
};

use super::engine::failed;
use crate::{Error, Result};

/// How AES with one length of key is computed.
pub(super) struct AesEngine {
    /// GCM with a 12-byte IV, by AWS-LC.
    pub(super) gcm: &'static aead::Algorithm,
    /// CMAC, by AWS-LC.
    pub(super) cmac: cmac::Algorithm,
    /// GCM with any other IV, with a short tag to check or in parts, and the other modes: by OpenSSL.
    pub(super) gcm_general: Cipher,
    pub(super) ccm: Cipher,
    pub(super) ecb: Cipher,
    pub(super) cbc: Cipher,
    pub(super) cfb: Cipher,
    pub(super) ofb: Cipher,
    pub(super) ctr: Cipher,
    pub(super) wrap: Cipher,
    pub(super) wrap_padded: Cipher,
}

impl AesEngine {
    fn fetch(
        bits: u16,
        gcm: &'static aead::Algorithm,
        cmac: cmac::Algorithm,
    ) -> std::result::Result<Self, ErrorStack> {
        let fetch = |mode| fetch(&format!("AES-{bits}-{mode}"));
        Ok(Self {
            gcm,
            cmac,
            gcm_general: fetch("GCM")?,
            ccm: fetch("CCM")?,
            ecb: fetch("ECB")?,
            cbc: fetch("CBC")?,
            cfb: fetch("CFB")?,
            ofb: fetch("OFB")?,
            ctr: fetch("CTR")?,
            wrap: fetch("WRAP")?,
            wrap_padded: fetch("WRAP-PAD")?,
        })
    }
}

/// How triple DES is computed.
pub(super) struct TripleDesEngine {
    pub(super) ecb: Cipher,
    pub(super) cbc: Cipher,
    pub(super) cfb: Cipher,
    pub(super) ofb: Cipher,
}

/// How ChaCha20 is computed.
pub(super) struct ChaChaEngine {
    pub(super) plain: Cipher,
    pub(super) poly1305: Cipher,
}

fn fetch(name: &str) -> std::result::Result<Cipher, ErrorStack> {
    openssl::init();
    Cipher::fetch(None, name, None)
}

type Fetched<T> = LazyLock<std::result::Result<T, ErrorStack>>;
static AES_128: Fetched<AesEngine> =
    LazyLock::new(|| AesEngine::fetch(128, &aead::AES_128_GCM, cmac::AES_128));
static AES_192: Fetched<AesEngine> =
    LazyLock::new(|| AesEngine::fetch(192, &aead::AES_192_GCM, cmac::AES_192));
static AES_256: Fetched<AesEngine> =
    LazyLock::new(|| AesEngine::fetch(256, &aead::AES_256_GCM, cmac::AES_256));
static XTS_128: Fetched<Cipher> = LazyLock::new(|| fetch("AES-128-XTS"));
static XTS_256: Fetched<Cipher> = LazyLock::new(|| fetch("AES-256-XTS"));
static TRIPLE_DES: Fetched<TripleDesEngine> = LazyLock::new(|| {
    Ok(TripleDesEngine {
        ecb: fetch("DES-EDE3")?,
        cbc: fetch("DES-EDE3-CBC")?,
        cfb: fetch("DES-EDE3-CFB")?,
        ofb: fetch("DES-EDE3-OFB")?,
    })
});
static CHACHA: Fetched<ChaChaEngine> = LazyLock::new(|| {
    Ok(ChaChaEngine {
        plain: fetch("ChaCha20")?,
        poly1305: fetch("ChaCha20-Poly1305")?,
    })
});

fn ready<T>(fetched: &'static Fetched<T>) -> Result<&'static T> {
    fetched.as_ref().map_err(failed)
}

/// The row of AES with a length of key in bits.
pub(super) fn aes(bits: u16) -> Result<&'static AesEngine> {
    match bits {
        128 => ready(&AES_128),
        192 => ready(&AES_192),
        256 => ready(&AES_256),
        _ => Err(Error::Unsupported),
    }
}

/// XTS with both its keys of so many bytes.
pub(super) fn xts(key_bytes: usize) -> Result<&'static CipherRef> {
    match key_bytes {
        32 => Ok(ready(&XTS_128)?),
        64 => Ok(ready(&XTS_256)?),
        _ => Err(Error::KeyTypeMismatch),
    }
}

/// The row of triple DES.
pub(super) fn triple_des() -> Result<&'static TripleDesEngine> {
    ready(&TRIPLE_DES)
}

/// The row of ChaCha20.
pub(super) fn chacha() -> Result<&'static ChaChaEngine> {
    ready(&CHACHA)
}
