//! A key of ChaCha20, alone or with Poly1305 (RFC 8439).

use kmip::{Secret, mechanism::Cipher};
use openssl::cipher::CipherRef;

use super::{
    aead::Aead,
    block::Mode,
    ciphers::{self, ChaChaEngine},
    ffi::SecureBytes,
    input::{check_made_tag, check_tag, made_or_given, needed_tag, unauthenticated},
};
use crate::{Begun, Decryption, Encrypted, Encryption, Error, Result};

/// A key of 32 bytes.
pub(super) struct ChaChaKey {
    bytes: SecureBytes,
    engine: &'static ChaChaEngine,
}

impl ChaChaKey {
    /// Takes a key whose length was checked.
    pub(super) fn new(bytes: &Secret) -> Result<Self> {
        Ok(Self {
            bytes: SecureBytes::new(bytes.expose())?,
            engine: ciphers::chacha()?,
        })
    }

    /// The key itself, for HMAC.
    pub(super) const fn bytes(&self) -> &[u8] {
        self.bytes.expose()
    }

    /// Encrypts.
    pub(super) fn encrypt(&self, cipher: &Cipher, input: Encryption<'_>) -> Result<Encrypted> {
        let (iv, made) = made_or_given(cipher, input.iv)?;
        match cipher {
            Cipher::ChaCha20 => {
                unauthenticated(input.associated, None)?;
                let block = block(&iv)?;
                Ok(Encrypted {
                    data: self.mode(&block).encrypt(input.plain)?,
                    iv: made,
                    tag: None,
                })
            }
            Cipher::ChaCha20Poly1305 { tag_bytes } => {
                check_made_tag(*tag_bytes, TAGS, 12)?;
                let sealed = self
                    .aead(*tag_bytes, &iv, input.associated)?
                    .seal(input.plain)?;
                Ok(Encrypted { iv: made, ..sealed })
            }
            _ => Err(Error::KeyTypeMismatch),
        }
    }

    /// Decrypts; nothing leaves before the tag is right.
    pub(super) fn decrypt(&self, cipher: &Cipher, input: Decryption<'_>) -> Result<Secret> {
        let iv = input.iv.ok_or(Error::BadInput("the nonce is missing"));
        match cipher {
            Cipher::ChaCha20 => {
                unauthenticated(input.associated, input.tag)?;
                let block = block(iv?)?;
                self.mode(&block).decrypt(input.data)
            }
            Cipher::ChaCha20Poly1305 { tag_bytes } => {
                check_tag(*tag_bytes, TAGS)?;
                let tag = needed_tag(input.tag, *tag_bytes)?;
                self.aead(*tag_bytes, iv?, input.associated)?
                    .open(input.data, tag)
            }
            _ => Err(Error::KeyTypeMismatch),
        }
    }

    /// Begins to encrypt in parts.
    pub(super) fn encrypt_parts(
        &self,
        cipher: &Cipher,
        iv: Option<&[u8]>,
        associated: &[u8],
    ) -> Result<Option<Begun>> {
        let (iv, made) = made_or_given(cipher, iv)?;
        let stream = match cipher {
            Cipher::ChaCha20 => {
                unauthenticated(associated, None)?;
                let block = block(&iv)?;
                self.mode(&block).stream(true)?
            }
            Cipher::ChaCha20Poly1305 { tag_bytes } => {
                check_made_tag(*tag_bytes, TAGS, 12)?;
                self.aead(*tag_bytes, &iv, associated)?.stream()?
            }
            _ => return Err(Error::KeyTypeMismatch),
        };
        Ok(Some(Begun { stream, iv: made }))
    }

    /// Begins to decrypt in parts what is not authenticated.
    pub(super) fn decrypt_parts(
        &self,
        cipher: &Cipher,
        iv: Option<&[u8]>,
    ) -> Result<Option<Begun>> {
        match cipher {
            Cipher::ChaCha20 => {
                let block = block(iv.ok_or(Error::BadInput("the nonce is missing"))?)?;
                let stream = self.mode(&block).stream(false)?;
                Ok(Some(Begun { stream, iv: None }))
            }
            Cipher::ChaCha20Poly1305 { .. } => Ok(None),
            _ => Err(Error::KeyTypeMismatch),
        }
    }

    fn mode<'a>(&'a self, block: &'a [u8]) -> Mode<'a> {
        Mode {
            cipher: &self.engine.plain,
            key: self.bytes.expose(),
            iv: Some(block),
            blocks: None,
        }
    }

    fn aead<'a>(&'a self, tag_bytes: u8, iv: &'a [u8], associated: &'a [u8]) -> Result<Aead<'a>> {
        if iv.len() != NONCE_BYTES {
            return Err(Error::BadInput("a ChaCha20-Poly1305 nonce has 12 bytes"));
        }
        let cipher: &CipherRef = &self.engine.poly1305;
        Ok(Aead {
            cipher,
            key: self.bytes.expose(),
            iv,
            associated,
            tag_bytes,
            is_ccm: false,
        })
    }
}

/// What ChaCha20 starts from: a counter, zero where only a nonce is given, and the nonce.
fn block(iv: &[u8]) -> Result<[u8; BLOCK_BYTES]> {
    let counter_bytes = match iv.len() {
        8 | NONCE_BYTES | BLOCK_BYTES => BLOCK_BYTES - iv.len(),
        _ => return Err(Error::BadInput("a ChaCha20 nonce has 8 or 12 bytes")),
    };
    let mut block = [0; BLOCK_BYTES];
    for (to, from) in block.iter_mut().skip(counter_bytes).zip(iv) {
        *to = *from;
    }
    Ok(block)
}

const BLOCK_BYTES: usize = 16;
const NONCE_BYTES: usize = 12;
/// As GCM's.
const TAGS: &[u8] = &[4, 8, 12, 13, 14, 15, 16];
