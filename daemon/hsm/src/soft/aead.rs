//! Authenticated encryption by OpenSSL: GCM with any IV, CCM, ChaCha20-Poly1305; in parts where nothing unauthenticated
//! could leave.

use kmip::Secret;
use openssl::{cipher::CipherRef, cipher_ctx::CipherCtx};
use zeroize::Zeroizing;

use super::engine::{decryption_failed, failed};
use crate::{Encrypted, Finished, Result, Stream};

/// A cipher with its key, from where it starts.
#[derive(Clone, Copy)]
pub(super) struct Aead<'a> {
    pub(super) cipher: &'a CipherRef,
    pub(super) key: &'a [u8],
    pub(super) iv: &'a [u8],
    pub(super) associated: &'a [u8],
    pub(super) tag_bytes: u8,
    /// CCM must know lengths before it begins.
    pub(super) is_ccm: bool,
}

impl Aead<'_> {
    /// Encrypts at once.
    pub(super) fn seal(&self, plain: &[u8]) -> Result<Encrypted> {
        let mut context = self.sealing(plain.len())?;
        let mut data = Vec::with_capacity(plain.len() + BLOCK_BYTES);
        self.feed(&mut context, plain, &mut data).map_err(failed)?;
        context.cipher_final_vec(&mut data).map_err(failed)?;
        let tag = self.tag(&context)?;
        Ok(Encrypted {
            data,
            iv: None,
            tag: Some(tag),
        })
    }

    /// Decrypts at once: nothing leaves before the tag is right.
    pub(super) fn open(&self, data: &[u8], tag: &[u8]) -> Result<Secret> {
        let mut context = CipherCtx::new().map_err(failed)?;
        context
            .decrypt_init(Some(self.cipher), None, None)
            .and_then(|()| context.set_iv_length(self.iv.len()))
            .map_err(failed)?;
        context.set_tag(tag).map_err(failed)?;
        context
            .decrypt_init(None, Some(self.key), Some(self.iv))
            .map_err(failed)?;
        self.associate(&mut context, data.len())?;
        let mut plain = Zeroizing::new(Vec::with_capacity(data.len() + BLOCK_BYTES));
        self.feed(&mut context, data, &mut plain)
            .map_err(|_| decryption_failed())?;
        // CCM has compared the tag by now, and has no end.
        if !self.is_ccm {
            context
                .cipher_final_vec(&mut plain)
                .map_err(|_| decryption_failed())?;
        }
        Ok(Secret::new(std::mem::take(&mut *plain)))
    }

    /// Begins to encrypt in parts. There is no such decryption, and no CCM: it must know the length first.
    pub(super) fn stream(&self) -> Result<Box<dyn Stream>> {
        Ok(Box::new(Parts {
            context: self.sealing(0)?,
            tag_bytes: self.tag_bytes,
        }))
    }

    fn sealing(&self, plain_bytes: usize) -> Result<CipherCtx> {
        let mut context = CipherCtx::new().map_err(failed)?;
        context
            .encrypt_init(Some(self.cipher), None, None)
            .and_then(|()| context.set_iv_length(self.iv.len()))
            .map_err(failed)?;
        if self.is_ccm {
            context
                .set_tag_length(self.tag_bytes.into())
                .map_err(failed)?;
        }
        context
            .encrypt_init(None, Some(self.key), Some(self.iv))
            .map_err(failed)?;
        self.associate(&mut context, plain_bytes)?;
        Ok(context)
    }

    fn associate(&self, context: &mut CipherCtx, data_bytes: usize) -> Result<()> {
        if self.is_ccm {
            context.set_data_len(data_bytes).map_err(failed)?;
        }
        if !self.associated.is_empty() {
            context
                .cipher_update(self.associated, None)
                .map_err(failed)?;
        }
        Ok(())
    }

    /// CCM makes and compares its tag in the one update, which must come even when there is nothing to encrypt.
    fn feed(
        &self,
        context: &mut CipherCtx,
        data: &[u8],
        out: &mut Vec<u8>,
    ) -> std::result::Result<(), openssl::error::ErrorStack> {
        if self.is_ccm || !data.is_empty() {
            context.cipher_update_vec(data, out)?;
        }
        Ok(())
    }

    fn tag(&self, context: &CipherCtx) -> Result<Vec<u8>> {
        let mut tag = vec![0; self.tag_bytes.into()];
        context.tag(&mut tag).map_err(failed)?;
        Ok(tag)
    }
}

/// An encryption in parts.
struct Parts {
    context: CipherCtx,
    tag_bytes: u8,
}

impl Stream for Parts {
    fn update(&mut self, part: &[u8]) -> Result<Secret> {
        let mut data = Vec::with_capacity(part.len() + BLOCK_BYTES);
        if !part.is_empty() {
            self.context
                .cipher_update_vec(part, &mut data)
                .map_err(failed)?;
        }
        Ok(Secret::new(data))
    }

    fn finish(&mut self) -> Result<Finished> {
        let mut data = Vec::with_capacity(BLOCK_BYTES);
        self.context.cipher_final_vec(&mut data).map_err(failed)?;
        let mut tag = vec![0; self.tag_bytes.into()];
        self.context.tag(&mut tag).map_err(failed)?;
        Ok(Finished {
            data: Secret::new(data),
            tag: Some(tag),
        })
    }
}

const BLOCK_BYTES: usize = 16;
