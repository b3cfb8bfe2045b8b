//! An AES key made ready: every mode of encryption, decryption and authentication.

use aws_lc_rs::aead::{LessSafeKey, UnboundKey};
use kmip::{
    Secret,
    mechanism::{Cipher, Mac, Padding},
};
use openssl::cipher::CipherRef;

use super::{
    aead::Aead,
    block::Mode,
    ciphers::{self, AesEngine},
    ffi::SecureBytes,
    gcm,
    input::{
        check_made_tag, check_tag, made_or_given, needed_iv, needed_tag, no_iv, unauthenticated,
    },
    mac::{self, MacStream},
    wrap, xts,
};
use crate::{Begun, Decryption, Encrypted, Encryption, Error, Result};

/// An AES key: its schedule for GCM, and its bytes for OpenSSL, whose contexts are cheap to key.
pub(super) struct AesKey {
    bytes: SecureBytes,
    gcm: LessSafeKey,
    engine: &'static AesEngine,
}

impl AesKey {
    /// Expands a key whose length was checked.
    pub(super) fn new(bits: u16, bytes: &Secret) -> Result<Self> {
        let engine = ciphers::aes(bits)?;
        let gcm = UnboundKey::new(engine.gcm, bytes.expose())
            .map_err(|_| Error::BadKey("an AES key of the wrong length"))?;
        Ok(Self {
            bytes: SecureBytes::new(bytes.expose())?,
            gcm: LessSafeKey::new(gcm),
            engine,
        })
    }

    /// Encrypts in any mode of AES.
    pub(super) fn encrypt(&self, cipher: &Cipher, input: Encryption<'_>) -> Result<Encrypted> {
        match cipher {
            Cipher::AesGcm { tag_bytes } => {
                check_made_tag(*tag_bytes, GCM_TAGS, 12)?;
                if let Some(sealed) = gcm::seal(&self.gcm, *tag_bytes, input)? {
                    return Ok(sealed);
                }
                let iv = input.iv.unwrap_or_default();
                self.gcm_general(*tag_bytes, iv, input.associated)?
                    .seal(input.plain)
            }
            Cipher::AesCcm { tag_bytes } => {
                check_made_tag(*tag_bytes, CCM_TAGS, 8)?;
                let (iv, made) = made_or_given(cipher, input.iv)?;
                let sealed = self
                    .ccm(*tag_bytes, &iv, input.associated)?
                    .seal(input.plain)?;
                Ok(Encrypted { iv: made, ..sealed })
            }
            _ => {
                unauthenticated(input.associated, None)?;
                let (iv, made) = made_or_given(cipher, input.iv)?;
                let data = match cipher {
                    Cipher::AesXts => xts::encrypt(self.bytes.expose(), &iv, input.plain)?,
                    Cipher::AesKeyWrap => {
                        wrap::wrap(&self.engine.wrap, self.bytes.expose(), input.plain)?
                    }
                    Cipher::AesKeyWrapPadded => wrap::wrap_padded(
                        &self.engine.wrap_padded,
                        self.bytes.expose(),
                        input.plain,
                    )?,
                    _ => self.mode(cipher, Some(&iv))?.encrypt(input.plain)?,
                };
                Ok(Encrypted {
                    data,
                    iv: made,
                    tag: None,
                })
            }
        }
    }

    /// Decrypts in any mode of AES; nothing leaves before the tag is right.
    pub(super) fn decrypt(&self, cipher: &Cipher, input: Decryption<'_>) -> Result<Secret> {
        match cipher {
            Cipher::AesGcm { tag_bytes } => {
                check_tag(*tag_bytes, GCM_TAGS)?;
                let iv = input.iv.ok_or(Error::BadInput("GCM needs the IV"))?;
                let tag = needed_tag(input.tag, *tag_bytes)?;
                if let Some(plain) = gcm::open(&self.gcm, iv, tag, input)? {
                    return Ok(plain);
                }
                self.gcm_general(*tag_bytes, iv, input.associated)?
                    .open(input.data, tag)
            }
            Cipher::AesCcm { tag_bytes } => {
                let iv = input.iv.ok_or(Error::BadInput("CCM needs the nonce"))?;
                let tag = needed_tag(input.tag, *tag_bytes)?;
                self.ccm(*tag_bytes, iv, input.associated)?
                    .open(input.data, tag)
            }
            _ => {
                unauthenticated(input.associated, input.tag)?;
                match cipher {
                    Cipher::AesXts => xts::decrypt(self.bytes.expose(), input.iv, input.data),
                    Cipher::AesKeyWrap => {
                        no_iv(input.iv)?;
                        wrap::unwrap(&self.engine.wrap, self.bytes.expose(), input.data, 24)
                    }
                    Cipher::AesKeyWrapPadded => {
                        no_iv(input.iv)?;
                        wrap::unwrap(
                            &self.engine.wrap_padded,
                            self.bytes.expose(),
                            input.data,
                            16,
                        )
                    }
                    _ => self.mode(cipher, input.iv)?.decrypt(input.data),
                }
            }
        }
    }

    /// Begins to encrypt in parts, in the modes that can.
    pub(super) fn encrypt_parts(
        &self,
        cipher: &Cipher,
        iv: Option<&[u8]>,
        associated: &[u8],
    ) -> Result<Option<Begun>> {
        let stream = match cipher {
            Cipher::AesGcm { tag_bytes } => {
                check_made_tag(*tag_bytes, GCM_TAGS, 12)?;
                let (iv, made) = made_or_given(cipher, iv)?;
                let stream = self.gcm_general(*tag_bytes, &iv, associated)?.stream()?;
                return Ok(Some(Begun { stream, iv: made }));
            }
            Cipher::AesCcm { .. }
            | Cipher::AesXts
            | Cipher::AesKeyWrap
            | Cipher::AesKeyWrapPadded => return Ok(None),
            _ => {
                unauthenticated(associated, None)?;
                let (iv, made) = made_or_given(cipher, iv)?;
                let stream = self.mode(cipher, Some(&iv))?.stream(true)?;
                Begun { stream, iv: made }
            }
        };
        Ok(Some(stream))
    }

    /// Begins to decrypt in parts, in the modes that do not authenticate.
    pub(super) fn decrypt_parts(
        &self,
        cipher: &Cipher,
        iv: Option<&[u8]>,
    ) -> Result<Option<Begun>> {
        match cipher {
            Cipher::AesGcm { .. }
            | Cipher::AesCcm { .. }
            | Cipher::AesXts
            | Cipher::AesKeyWrap
            | Cipher::AesKeyWrapPadded => Ok(None),
            _ => Ok(Some(Begun {
                stream: self.mode(cipher, iv)?.stream(false)?,
                iv: None,
            })),
        }
    }

    /// The MAC in parts, or whole as one part.
    pub(super) fn mac(&self, mechanism: Mac) -> Result<MacStream> {
        match mechanism {
            Mac::Hmac(hash) => mac::hmac(hash, self.bytes.expose()),
            Mac::AesCmac => mac::cmac(self.engine.cmac, self.bytes.expose()),
            Mac::AesCbcMac => mac::cbc_mac(&self.engine.cbc, self.bytes.expose(), BLOCK_BYTES),
            Mac::TripleDesCmac | Mac::TripleDesCbcMac => Err(Error::KeyTypeMismatch),
        }
    }

    /// The modes that only encrypt, from an IV of one block.
    fn mode<'a>(&'a self, cipher: &Cipher, iv: Option<&'a [u8]>) -> Result<Mode<'a>> {
        let blocks = |padding: Padding| Some((padding, BLOCK_BYTES));
        let (cipher, blocks): (&CipherRef, _) = match cipher {
            Cipher::AesEcb(padding) => {
                no_iv(iv.filter(|iv| !iv.is_empty()))?;
                return Ok(Mode {
                    cipher: &self.engine.ecb,
                    key: self.bytes.expose(),
                    iv: None,
                    blocks: blocks(*padding),
                });
            }
            Cipher::AesCbc(padding) => (&self.engine.cbc, blocks(*padding)),
            Cipher::AesCfb => (&self.engine.cfb, None),
            Cipher::AesOfb => (&self.engine.ofb, None),
            // A key stream has no last block to fill: whatever is said of padding, nothing is padded.
            Cipher::AesCtr => (&self.engine.ctr, None),
            _ => return Err(Error::KeyTypeMismatch),
        };
        Ok(Mode {
            cipher,
            key: self.bytes.expose(),
            iv: Some(needed_iv(iv, BLOCK_BYTES)?),
            blocks,
        })
    }

    fn gcm_general<'a>(
        &'a self,
        tag_bytes: u8,
        iv: &'a [u8],
        associated: &'a [u8],
    ) -> Result<Aead<'a>> {
        if iv.is_empty() || iv.len() > GCM_IV_BYTES_MAX {
            return Err(Error::BadInput("a GCM IV has 1 to 128 bytes"));
        }
        Ok(Aead {
            cipher: &self.engine.gcm_general,
            key: self.bytes.expose(),
            iv,
            associated,
            tag_bytes,
            is_ccm: false,
        })
    }

    fn ccm<'a>(&'a self, tag_bytes: u8, iv: &'a [u8], associated: &'a [u8]) -> Result<Aead<'a>> {
        check_tag(tag_bytes, CCM_TAGS)?;
        // SP 800-38C A.1: what the nonce does not take counts the bytes.
        if !(7..=13).contains(&iv.len()) {
            return Err(Error::BadInput("a CCM nonce has 7 to 13 bytes"));
        }
        Ok(Aead {
            cipher: &self.engine.ccm,
            key: self.bytes.expose(),
            iv,
            associated,
            tag_bytes,
            is_ccm: true,
        })
    }
}

const GCM_TAGS: &[u8] = &[4, 8, 12, 13, 14, 15, 16];
const CCM_TAGS: &[u8] = &[4, 6, 8, 10, 12, 14, 16];
const BLOCK_BYTES: usize = 16;
/// What OpenSSL holds.
const GCM_IV_BYTES_MAX: usize = 128;
