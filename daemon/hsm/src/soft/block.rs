//! The modes of block ciphers that only encrypt, and ChaCha20: at once, or in parts.

use kmip::{Secret, mechanism::Padding};
use openssl::{cipher::CipherRef, cipher_ctx::CipherCtx};
use zeroize::Zeroizing;

use super::engine::{decryption_failed, failed};
use crate::{Error, Finished, Result, Stream, padding};

/// A cipher with its key, from where it starts.
#[derive(Clone, Copy)]
pub(super) struct Mode<'a> {
    pub(super) cipher: &'a CipherRef,
    pub(super) key: &'a [u8],
    pub(super) iv: Option<&'a [u8]>,
    /// How the last block is filled, and how long blocks are; a key stream has none to fill.
    pub(super) blocks: Option<(Padding, usize)>,
}

impl Mode<'_> {
    /// Encrypts at once.
    pub(super) fn encrypt(&self, plain: &[u8]) -> Result<Vec<u8>> {
        let fill = match self.blocks {
            Some((padding, block_bytes)) => padding::fill(padding, block_bytes, plain.len())?,
            None => Zeroizing::default(),
        };
        let mut context = self.context(true)?;
        // Room for the last block from the start, so that no half-filled copy is left behind by a reallocation.
        let mut out = Vec::with_capacity(plain.len() + 2 * BLOCK_BYTES_MAX);
        feed(&mut context, plain, &mut out)?;
        feed(&mut context, &fill, &mut out)?;
        context.cipher_final_vec(&mut out).map_err(failed)?;
        Ok(out)
    }

    /// Decrypts at once.
    pub(super) fn decrypt(&self, data: &[u8]) -> Result<Secret> {
        if let Some((padding, block_bytes)) = self.blocks {
            padding::check_whole(padding, block_bytes, data.len())?;
        }
        let mut context = self.context(false)?;
        let mut out = Zeroizing::new(Vec::with_capacity(data.len() + 2 * BLOCK_BYTES_MAX));
        feed(&mut context, data, &mut out)?;
        context
            .cipher_final_vec(&mut out)
            .map_err(|_| decryption_failed())?;
        let plain = Secret::new(std::mem::take(&mut *out));
        match self.blocks {
            Some((padding, block_bytes)) => padding::unpadded(padding, block_bytes, plain),
            None => Ok(plain),
        }
    }

    /// Begins to encrypt or decrypt in parts.
    pub(super) fn stream(&self, encrypts: bool) -> Result<Box<dyn Stream>> {
        Ok(Box::new(Parts {
            context: self.context(encrypts)?,
            encrypts,
            blocks: self.blocks,
            taken: 0,
            held: Zeroizing::default(),
        }))
    }

    fn context(&self, encrypts: bool) -> Result<CipherCtx> {
        let mut context = CipherCtx::new().map_err(failed)?;
        let (cipher, key) = (Some(self.cipher), Some(self.key));
        if encrypts {
            context.encrypt_init(cipher, key, self.iv)
        } else {
            context.decrypt_init(cipher, key, self.iv)
        }
        .map_err(failed)?;
        context.set_padding(false);
        Ok(context)
    }
}

/// An encryption or decryption in parts.
struct Parts {
    context: CipherCtx,
    encrypts: bool,
    blocks: Option<(Padding, usize)>,
    /// How many bytes came.
    taken: usize,
    /// The last whole block decrypted, which may be padding.
    held: Zeroizing<Vec<u8>>,
}

impl Stream for Parts {
    fn update(&mut self, part: &[u8]) -> Result<Secret> {
        self.taken = self
            .taken
            .checked_add(part.len())
            .ok_or(Error::BadInput("longer than can be counted"))?;
        let room = self.held.len() + part.len() + 2 * BLOCK_BYTES_MAX;
        let mut out = Zeroizing::new(Vec::with_capacity(room));
        out.extend_from_slice(&self.held);
        feed(&mut self.context, part, &mut out)?;
        if let (false, Some((padding, block_bytes))) = (self.encrypts, self.blocks)
            && padding != Padding::None
        {
            let kept = out.len().saturating_sub(block_bytes);
            self.held = Zeroizing::new(out.split_off(kept));
        }
        Ok(Secret::new(std::mem::take(&mut *out)))
    }

    fn finish(&mut self) -> Result<Finished> {
        let mut out = Zeroizing::new(Vec::with_capacity(2 * BLOCK_BYTES_MAX));
        match (self.encrypts, self.blocks) {
            (true, Some((padding, block_bytes))) => {
                let fill = padding::fill(padding, block_bytes, self.taken)?;
                feed(&mut self.context, &fill, &mut out)?;
            }
            (false, Some((padding, block_bytes))) => {
                padding::check_whole(padding, block_bytes, self.taken)?;
                out.extend_from_slice(&self.held);
            }
            (_, None) => {}
        }
        self.context
            .cipher_final_vec(&mut out)
            .map_err(|_| decryption_failed())?;
        let data = Secret::new(std::mem::take(&mut *out));
        let data = match (self.encrypts, self.blocks) {
            (false, Some((padding, block_bytes))) => padding::unpadded(padding, block_bytes, data)?,
            _ => data,
        };
        Ok(Finished { data, tag: None })
    }
}

fn feed(context: &mut CipherCtx, data: &[u8], out: &mut Vec<u8>) -> Result<()> {
    if !data.is_empty() {
        context.cipher_update_vec(data, out).map_err(failed)?;
    }
    Ok(())
}

/// The longest block of any cipher.
const BLOCK_BYTES_MAX: usize = 16;
