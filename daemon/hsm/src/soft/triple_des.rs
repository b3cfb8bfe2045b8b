//! A triple DES key made ready, for what is old.

use kmip::{
    Secret,
    mechanism::{Cipher, Mac, Padding},
};
use zeroize::Zeroizing;

use super::{
    block::Mode,
    ciphers::{self, TripleDesEngine},
    ffi::SecureBytes,
    input::{made_or_given, needed_iv, no_iv, unauthenticated},
    mac::{self, MacStream},
};
use crate::{Begun, Decryption, Encrypted, Encryption, Error, Result};

/// Three keys of DES; with two, the first is the third too.
pub(super) struct TripleDesKey {
    /// As it came, for HMAC.
    given: SecureBytes,
    /// Three keys, always.
    bytes: SecureBytes,
    engine: &'static TripleDesEngine,
}

impl TripleDesKey {
    /// Takes a key whose length was checked.
    pub(super) fn new(given: &Secret) -> Result<Self> {
        let bytes = match given.expose().split_at_checked(16) {
            Some((two, [])) => {
                let first = two.get(..8).unwrap_or_default();
                let mut three = Zeroizing::new(Vec::with_capacity(24));
                three.extend_from_slice(two);
                three.extend_from_slice(first);
                SecureBytes::new(&three)?
            }
            _ => SecureBytes::new(given.expose())?,
        };
        Ok(Self {
            given: SecureBytes::new(given.expose())?,
            bytes,
            engine: ciphers::triple_des()?,
        })
    }

    /// Encrypts in any mode of triple DES.
    pub(super) fn encrypt(&self, cipher: &Cipher, input: Encryption<'_>) -> Result<Encrypted> {
        unauthenticated(input.associated, None)?;
        let (iv, made) = made_or_given(cipher, input.iv)?;
        Ok(Encrypted {
            data: self.mode(cipher, Some(&iv))?.encrypt(input.plain)?,
            iv: made,
            tag: None,
        })
    }

    /// Decrypts in any mode of triple DES.
    pub(super) fn decrypt(&self, cipher: &Cipher, input: Decryption<'_>) -> Result<Secret> {
        unauthenticated(input.associated, input.tag)?;
        self.mode(cipher, input.iv)?.decrypt(input.data)
    }

    /// Begins to encrypt in parts.
    pub(super) fn encrypt_parts(
        &self,
        cipher: &Cipher,
        iv: Option<&[u8]>,
        associated: &[u8],
    ) -> Result<Begun> {
        unauthenticated(associated, None)?;
        let (iv, made) = made_or_given(cipher, iv)?;
        Ok(Begun {
            stream: self.mode(cipher, Some(&iv))?.stream(true)?,
            iv: made,
        })
    }

    /// Begins to decrypt in parts.
    pub(super) fn decrypt_parts(&self, cipher: &Cipher, iv: Option<&[u8]>) -> Result<Begun> {
        Ok(Begun {
            stream: self.mode(cipher, iv)?.stream(false)?,
            iv: None,
        })
    }

    /// The MAC in parts, or whole as one part.
    pub(super) fn mac(&self, mechanism: Mac) -> Result<MacStream> {
        match mechanism {
            Mac::Hmac(hash) => mac::hmac(hash, self.given.expose()),
            Mac::TripleDesCmac => mac::cmac(
                aws_lc_rs::cmac::DES_EDE3_FOR_LEGACY_USE_ONLY,
                self.bytes.expose(),
            ),
            Mac::TripleDesCbcMac => {
                mac::cbc_mac(&self.engine.cbc, self.bytes.expose(), BLOCK_BYTES)
            }
            Mac::AesCmac | Mac::AesCbcMac => Err(Error::KeyTypeMismatch),
        }
    }

    fn mode<'a>(&'a self, cipher: &Cipher, iv: Option<&'a [u8]>) -> Result<Mode<'a>> {
        let blocks = |padding: Padding| Some((padding, BLOCK_BYTES));
        let (cipher, blocks) = match cipher {
            Cipher::TripleDesEcb(padding) => {
                no_iv(iv.filter(|iv| !iv.is_empty()))?;
                return Ok(Mode {
                    cipher: &self.engine.ecb,
                    key: self.bytes.expose(),
                    iv: None,
                    blocks: blocks(*padding),
                });
            }
            Cipher::TripleDesCbc(padding) => (&self.engine.cbc, blocks(*padding)),
            Cipher::TripleDesCfb => (&self.engine.cfb, None),
            Cipher::TripleDesOfb => (&self.engine.ofb, None),
            _ => return Err(Error::KeyTypeMismatch),
        };
        Ok(Mode {
            cipher,
            key: self.bytes.expose(),
            iv: Some(needed_iv(iv, BLOCK_BYTES)?),
            blocks,
        })
    }
}

const BLOCK_BYTES: usize = 8;
