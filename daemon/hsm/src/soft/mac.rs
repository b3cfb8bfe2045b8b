//! MACs in parts: HMAC, CMAC and CBC-MAC; a whole message is one part.

use aws_lc_rs::cmac;
use kmip::{Secret, mechanism::Hash};
use openssl::{
    cipher::CipherRef,
    cipher_ctx::CipherCtx,
    md_ctx::MdCtx,
    pkey::{PKey, Private},
};
use zeroize::Zeroizing;

use super::engine::{self, failed};
use crate::{Finished, Result, Stream};

/// A MAC being computed.
pub(super) enum MacStream {
    HmacAwsLc(Box<aws_lc_rs::hmac::Context>),
    HmacOpenSsl(MdCtx),
    Cmac(Option<cmac::Context>),
    CbcMac(CbcMac),
}

/// CBC with an IV of zeros, of which the last block is kept.
pub(super) struct CbcMac {
    context: CipherCtx,
    block_bytes: usize,
    taken: usize,
    last: Zeroizing<Vec<u8>>,
}

/// HMAC with the key of anything.
pub(super) fn hmac(hash: Hash, key: &[u8]) -> Result<MacStream> {
    let engine = engine::hash(hash);
    if let Some(algorithm) = engine.hmac {
        let key = aws_lc_rs::hmac::Key::new(algorithm, key);
        let context = aws_lc_rs::hmac::Context::with_key(&key);
        return Ok(MacStream::HmacAwsLc(Box::new(context)));
    }
    hmac_openssl(hash, &PKey::hmac(key).map_err(failed)?)
}

/// HMAC by OpenSSL, with a key of its own.
pub(super) fn hmac_openssl(hash: Hash, key: &PKey<Private>) -> Result<MacStream> {
    let mut context = MdCtx::new().map_err(failed)?;
    context
        .digest_sign_init(Some(engine::hash(hash).md), key)
        .map_err(failed)?;
    Ok(MacStream::HmacOpenSsl(context))
}

/// CMAC (SP 800-38B).
pub(super) fn cmac(algorithm: cmac::Algorithm, key: &[u8]) -> Result<MacStream> {
    let key = cmac::Key::new(algorithm, key).map_err(failed)?;
    Ok(MacStream::Cmac(Some(cmac::Context::with_key(&key))))
}

/// CBC-MAC (ISO/IEC 9797-1 algorithm 1 with padding method 1).
pub(super) fn cbc_mac(cipher: &CipherRef, key: &[u8], block_bytes: usize) -> Result<MacStream> {
    let mut context = CipherCtx::new().map_err(failed)?;
    context
        .encrypt_init(Some(cipher), Some(key), Some(&vec![0; block_bytes]))
        .map_err(failed)?;
    context.set_padding(false);
    Ok(MacStream::CbcMac(CbcMac {
        context,
        block_bytes,
        taken: 0,
        last: Zeroizing::default(),
    }))
}

impl CbcMac {
    fn update(&mut self, part: &[u8]) -> Result<()> {
        for part in part.chunks(PART_BYTES_MAX) {
            self.taken = self.taken.wrapping_add(part.len());
            let mut out = Zeroizing::new(Vec::with_capacity(part.len() + 2 * self.block_bytes));
            self.context
                .cipher_update_vec(part, &mut out)
                .map_err(failed)?;
            if out.len() >= self.block_bytes {
                let before = out.len() - self.block_bytes;
                self.last = Zeroizing::new(out.split_off(before));
            }
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<Vec<u8>> {
        let rest = self.taken % self.block_bytes;
        // Nothing at all is one block of zeros.
        if rest != 0 || self.taken == 0 {
            self.update(&vec![0; self.block_bytes - rest])?;
        }
        Ok(std::mem::take(&mut *self.last))
    }
}

impl MacStream {
    /// Takes a part of the message.
    pub(super) fn take(&mut self, part: &[u8]) -> Result<()> {
        match self {
            Self::HmacAwsLc(context) => {
                context.update(part);
                Ok(())
            }
            Self::HmacOpenSsl(context) => context.digest_sign_update(part).map_err(failed),
            Self::Cmac(Some(context)) => context.update(part).map_err(failed),
            Self::Cmac(None) => Err(failed("a MAC goes on after its end")),
            Self::CbcMac(mac) => mac.update(part),
        }
    }

    /// The whole MAC.
    pub(super) fn end(&mut self) -> Result<Vec<u8>> {
        match self {
            Self::HmacAwsLc(context) => Ok((**context).clone().sign().as_ref().to_vec()),
            Self::HmacOpenSsl(context) => {
                let mut mac = Vec::new();
                context.digest_sign_final_to_vec(&mut mac).map_err(failed)?;
                Ok(mac)
            }
            Self::Cmac(context) => {
                let context = context.take().ok_or_else(|| failed("a MAC ends twice"))?;
                Ok(context.sign().map_err(failed)?.as_ref().to_vec())
            }
            Self::CbcMac(mac) => mac.finish(),
        }
    }
}

impl Stream for MacStream {
    fn update(&mut self, part: &[u8]) -> Result<Secret> {
        self.take(part)?;
        Ok(Secret::default())
    }

    fn finish(&mut self) -> Result<Finished> {
        Ok(Finished {
            data: Secret::new(self.end()?),
            tag: None,
        })
    }
}

/// So much of a message is encrypted at a time, to be forgotten.
const PART_BYTES_MAX: usize = 65_536;
