//! An AES key made ready: every mode of encryption and decryption.

use aws_lc_rs::aead::{Aad, LessSafeKey, Nonce, UnboundKey};
use kmip::{
    Secret,
    mechanism::{Cipher, Padding},
};
use openssl::{
    cipher::CipherRef,
    cipher_ctx::{CipherCtx, CipherCtxFlags},
};
use zeroize::Zeroizing;

use super::{
    engine::{self, AesEngine, decryption_failed, failed},
    rng,
};
use crate::{Decryption, Encrypted, Encryption, Error, Result};

/// An AES key: its schedule for GCM, and its bytes for OpenSSL, whose contexts are cheap to key.
pub(super) struct AesKey {
    bytes: Secret,
    gcm: LessSafeKey,
    engine: &'static AesEngine,
}

impl AesKey {
    /// Expands a key whose length was checked.
    pub(super) fn new(bits: u16, bytes: Secret) -> Result<Self> {
        let engine = engine::aes(bits)?;
        let gcm = UnboundKey::new(engine.gcm, bytes.expose())
            .map_err(|_| Error::BadKey("an AES key of the wrong length"))?;
        Ok(Self {
            bytes,
            gcm: LessSafeKey::new(gcm),
            engine,
        })
    }

    /// Encrypts in any mode of AES.
    pub(super) fn encrypt(&self, cipher: &Cipher, input: Encryption<'_>) -> Result<Encrypted> {
        if !matches!(cipher, Cipher::AesGcm { .. }) && !input.associated.is_empty() {
            return Err(Error::BadInput("associated data in a mode without any"));
        }
        match cipher {
            Cipher::AesEcb(padding) => {
                no_iv(input.iv)?;
                let data = self.blocks(&self.engine.ecb, None, *padding, input.plain)?;
                Ok(plain_encrypted(data))
            }
            Cipher::AesCbc(padding) => self.with_iv(input.iv, |iv| {
                self.blocks(&self.engine.cbc, Some(iv), *padding, input.plain)
            }),
            // A key stream has no last block to fill: whatever is said of padding, nothing is padded.
            Cipher::AesCtr => self.with_iv(input.iv, |iv| {
                self.blocks(&self.engine.ctr, Some(iv), Padding::Pkcs5, input.plain)
            }),
            Cipher::AesGcm { tag_bytes } => self.seal(*tag_bytes, input),
            Cipher::AesKeyWrap => {
                no_iv(input.iv)?;
                // NIST SP 800-38F §5.3.1: KW takes whole semiblocks, at least two.
                if input.plain.len() < 16 || !input.plain.len().is_multiple_of(8) {
                    return Err(Error::BadInput(
                        "key wrap takes whole 8-byte blocks, at least two",
                    ));
                }
                Ok(plain_encrypted(self.wrap(&self.engine.wrap, input.plain)?))
            }
            Cipher::AesKeyWrapPadded => {
                no_iv(input.iv)?;
                if input.plain.is_empty() {
                    return Err(Error::BadInput(
                        "key wrap with padding takes at least one byte",
                    ));
                }
                Ok(plain_encrypted(
                    self.wrap(&self.engine.wrap_padded, input.plain)?,
                ))
            }
            Cipher::RsaPkcs1 | Cipher::RsaOaep { .. } => Err(Error::KeyTypeMismatch),
        }
    }

    /// Decrypts in any mode of AES; nothing leaves before the tag is right.
    pub(super) fn decrypt(&self, cipher: &Cipher, input: Decryption<'_>) -> Result<Secret> {
        if !matches!(cipher, Cipher::AesGcm { .. })
            && (input.tag.is_some() || !input.associated.is_empty())
        {
            return Err(Error::BadInput(
                "a tag or associated data in a mode without any",
            ));
        }
        match cipher {
            Cipher::AesEcb(padding) => {
                no_iv(input.iv)?;
                self.unblocks(&self.engine.ecb, None, *padding, input.data)
            }
            Cipher::AesCbc(padding) => {
                let iv = needed_iv(input.iv)?;
                self.unblocks(&self.engine.cbc, Some(iv), *padding, input.data)
            }
            Cipher::AesCtr => {
                let iv = needed_iv(input.iv)?;
                // Decryption is encryption.
                let plain = self.blocks(&self.engine.ctr, Some(iv), Padding::Pkcs5, input.data)?;
                Ok(Secret::new(plain))
            }
            Cipher::AesGcm { tag_bytes } => self.open(*tag_bytes, input),
            Cipher::AesKeyWrap => {
                no_iv(input.iv)?;
                self.unwrap(&self.engine.wrap, input.data, 24)
            }
            Cipher::AesKeyWrapPadded => {
                no_iv(input.iv)?;
                self.unwrap(&self.engine.wrap_padded, input.data, 16)
            }
            Cipher::RsaPkcs1 | Cipher::RsaOaep { .. } => Err(Error::KeyTypeMismatch),
        }
    }

    /// Runs an encryption with the IV given, or with one made here and returned.
    fn with_iv(
        &self,
        given: Option<&[u8]>,
        encrypt: impl FnOnce(&[u8]) -> Result<Vec<u8>>,
    ) -> Result<Encrypted> {
        if given.is_some() {
            return Ok(plain_encrypted(encrypt(needed_iv(given)?)?));
        }
        let mut iv = [0; BLOCK_BYTES];
        rng::fill(&mut iv)?;
        Ok(Encrypted {
            data: encrypt(&iv)?,
            iv: Some(iv.to_vec()),
            tag: None,
        })
    }

    fn blocks(
        &self,
        cipher: &CipherRef,
        iv: Option<&[u8]>,
        padding: Padding,
        plain: &[u8],
    ) -> Result<Vec<u8>> {
        whole_blocks(padding, plain)?;
        let mut context = CipherCtx::new().map_err(failed)?;
        context
            .encrypt_init(Some(cipher), Some(self.bytes.expose()), iv)
            .map_err(failed)?;
        context.set_padding(padding == Padding::Pkcs5);
        // Room for the last block from the start, so that no half-filled copy is left behind by a reallocation.
        let mut out = Vec::with_capacity(plain.len() + 2 * BLOCK_BYTES);
        if !plain.is_empty() {
            context.cipher_update_vec(plain, &mut out).map_err(failed)?;
        }
        context.cipher_final_vec(&mut out).map_err(failed)?;
        Ok(out)
    }

    fn unblocks(
        &self,
        cipher: &CipherRef,
        iv: Option<&[u8]>,
        padding: Padding,
        data: &[u8],
    ) -> Result<Secret> {
        whole_blocks(Padding::None, data)?;
        if padding == Padding::Pkcs5 && data.is_empty() {
            return Err(Error::BadInput("padded data has at least one block"));
        }
        let mut context = CipherCtx::new().map_err(failed)?;
        context
            .decrypt_init(Some(cipher), Some(self.bytes.expose()), iv)
            .map_err(failed)?;
        context.set_padding(padding == Padding::Pkcs5);
        let mut out = Zeroizing::new(Vec::with_capacity(data.len() + 2 * BLOCK_BYTES));
        if !data.is_empty() {
            context
                .cipher_update_vec(data, &mut out)
                .map_err(|_| decryption_failed())?;
        }
        context
            .cipher_final_vec(&mut out)
            .map_err(|_| decryption_failed())?;
        Ok(Secret::new(std::mem::take(&mut *out)))
    }

    fn wrap(&self, cipher: &CipherRef, plain: &[u8]) -> Result<Vec<u8>> {
        let mut context = CipherCtx::new().map_err(failed)?;
        context.set_flags(CipherCtxFlags::FLAG_WRAP_ALLOW);
        context
            .encrypt_init(Some(cipher), Some(self.bytes.expose()), None)
            .map_err(failed)?;
        let mut out = Vec::with_capacity(plain.len() + 2 * BLOCK_BYTES);
        context.cipher_update_vec(plain, &mut out).map_err(failed)?;
        Ok(out)
    }

    fn unwrap(&self, cipher: &CipherRef, data: &[u8], bytes_min: usize) -> Result<Secret> {
        if data.len() < bytes_min || !data.len().is_multiple_of(8) {
            return Err(Error::BadInput("wrapped data is whole 8-byte blocks"));
        }
        let mut context = CipherCtx::new().map_err(failed)?;
        context.set_flags(CipherCtxFlags::FLAG_WRAP_ALLOW);
        context
            .decrypt_init(Some(cipher), Some(self.bytes.expose()), None)
            .map_err(failed)?;
        let mut out = Zeroizing::new(Vec::with_capacity(data.len() + 2 * BLOCK_BYTES));
        context
            .cipher_update_vec(data, &mut out)
            .map_err(|_| decryption_failed())?;
        Ok(Secret::new(std::mem::take(&mut *out)))
    }

    fn seal(&self, tag_bytes: u8, input: Encryption<'_>) -> Result<Encrypted> {
        match tag_bytes {
            12..=16 => {}
            4 | 8 => {
                return Err(Error::BadInput(
                    "so short a tag is only checked, never made",
                ));
            }
            _ => return Err(Error::Unsupported),
        }
        let mut made = [0; NONCE_BYTES];
        let nonce = match input.iv {
            None => {
                rng::fill(&mut made)?;
                made
            }
            Some(iv) => match <[u8; NONCE_BYTES]>::try_from(iv) {
                Ok(nonce) => nonce,
                Err(_) => return self.seal_general(tag_bytes, iv, input),
            },
        };
        let mut data = vec![0; input.plain.len()];
        let mut tag = vec![0; BLOCK_BYTES];
        self.gcm
            .seal_out_of_place_scatter(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(input.associated),
                input.plain,
                &mut data,
                &[],
                &mut tag,
            )
            .map_err(failed)?;
        // NIST SP 800-38D §7.1: a shorter tag is the leftmost part of the whole one.
        tag.truncate(tag_bytes.into());
        Ok(Encrypted {
            data,
            iv: input.iv.is_none().then(|| nonce.to_vec()),
            tag: Some(tag),
        })
    }

    fn seal_general(&self, tag_bytes: u8, iv: &[u8], input: Encryption<'_>) -> Result<Encrypted> {
        gcm_iv(iv)?;
        let cipher = &self.engine.gcm_general;
        let mut context = CipherCtx::new().map_err(failed)?;
        context
            .encrypt_init(Some(cipher), None, None)
            .and_then(|()| context.set_iv_length(iv.len()))
            .and_then(|()| context.encrypt_init(None, Some(self.bytes.expose()), Some(iv)))
            .map_err(failed)?;
        let mut data = Vec::with_capacity(input.plain.len() + BLOCK_BYTES);
        feed(&mut context, input.associated, input.plain, &mut data)?;
        context.cipher_final_vec(&mut data).map_err(failed)?;
        let mut tag = vec![0; tag_bytes.into()];
        context.tag(&mut tag).map_err(failed)?;
        Ok(Encrypted {
            data,
            iv: None,
            tag: Some(tag),
        })
    }

    fn open(&self, tag_bytes: u8, input: Decryption<'_>) -> Result<Secret> {
        if !matches!(tag_bytes, 4 | 8 | 12..=16) {
            return Err(Error::Unsupported);
        }
        let iv = input.iv.ok_or(Error::BadInput("GCM needs the IV"))?;
        let tag = input
            .tag
            .filter(|tag| tag.len() == usize::from(tag_bytes))
            .ok_or(Error::BadInput("GCM needs a tag of the length agreed"))?;
        let (Ok(nonce), BLOCK_BYTES) = (Nonce::try_assume_unique_for_key(iv), tag.len()) else {
            return self.open_general(iv, tag, input);
        };
        let mut plain = Zeroizing::new(vec![0; input.data.len()]);
        self.gcm
            .open_separate_gather(
                nonce,
                Aad::from(input.associated),
                input.data,
                tag,
                &mut plain,
            )
            .map_err(|_| decryption_failed())?;
        Ok(Secret::new(std::mem::take(&mut *plain)))
    }

    fn open_general(&self, iv: &[u8], tag: &[u8], input: Decryption<'_>) -> Result<Secret> {
        gcm_iv(iv)?;
        let cipher = &self.engine.gcm_general;
        let mut context = CipherCtx::new().map_err(failed)?;
        context
            .decrypt_init(Some(cipher), None, None)
            .and_then(|()| context.set_iv_length(iv.len()))
            .and_then(|()| context.decrypt_init(None, Some(self.bytes.expose()), Some(iv)))
            .map_err(failed)?;
        let mut plain = Zeroizing::new(Vec::with_capacity(input.data.len() + BLOCK_BYTES));
        feed(&mut context, input.associated, input.data, &mut plain)?;
        context
            .set_tag(tag)
            .and_then(|()| context.cipher_final_vec(&mut plain))
            .map_err(|_| decryption_failed())?;
        Ok(Secret::new(std::mem::take(&mut *plain)))
    }
}

fn feed(context: &mut CipherCtx, associated: &[u8], data: &[u8], out: &mut Vec<u8>) -> Result<()> {
    if !associated.is_empty() {
        context.cipher_update(associated, None).map_err(failed)?;
    }
    if !data.is_empty() {
        context.cipher_update_vec(data, out).map_err(failed)?;
    }
    Ok(())
}

const fn plain_encrypted(data: Vec<u8>) -> Encrypted {
    Encrypted {
        data,
        iv: None,
        tag: None,
    }
}

fn no_iv(iv: Option<&[u8]>) -> Result<()> {
    iv.map_or(Ok(()), |_| {
        Err(Error::BadInput("an IV in a mode without one"))
    })
}

fn needed_iv(iv: Option<&[u8]>) -> Result<&[u8]> {
    iv.filter(|iv| iv.len() == BLOCK_BYTES)
        .ok_or(Error::BadInput("the mode needs an IV of 16 bytes"))
}

fn gcm_iv(iv: &[u8]) -> Result<()> {
    if iv.is_empty() || iv.len() > GCM_IV_BYTES_MAX {
        return Err(Error::BadInput("a GCM IV has 1 to 128 bytes"));
    }
    Ok(())
}

fn whole_blocks(padding: Padding, data: &[u8]) -> Result<()> {
    if padding == Padding::None && !data.len().is_multiple_of(BLOCK_BYTES) {
        return Err(Error::BadInput(
            "without padding the data must be whole blocks",
        ));
    }
    Ok(())
}

const BLOCK_BYTES: usize = 16;
const NONCE_BYTES: usize = 12;
/// What OpenSSL holds.
const GCM_IV_BYTES_MAX: usize = 128;
