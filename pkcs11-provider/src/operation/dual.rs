//! Two operations of a session at once: one takes what the other encrypts or has decrypted (PKCS #11 3.2 §5.17).

use cryptoki_sys as ck;
use pkcs11::{Result, Rv};
use zeroize::Zeroizing;

use super::{step, verify::of_kind};
use crate::{
    abi::pointer::{In, Out},
    session::{Active, Session},
};

/// The operation that takes the plaintext.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Second {
    Digest,
    Sign,
    Verify,
}

impl Second {
    fn check(self, active: &mut Active) -> Result<()> {
        let is_active = match self {
            Self::Digest => active.digest.is_some(),
            Self::Sign => {
                active.check_proven(ck::CKF_SIGN)?;
                active.sign.is_some()
            }
            Self::Verify => of_kind(active, false).is_ok(),
        };
        if is_active {
            Ok(())
        } else {
            Err(Rv::OPERATION_NOT_INITIALIZED)
        }
    }

    fn take(self, active: &mut Active, plaintext: &[u8]) -> Result<()> {
        match self {
            Self::Digest => step(&mut active.digest, |own| {
                own.update(plaintext);
                Ok(())
            }),
            Self::Sign => step(&mut active.sign, |own| own.update(plaintext)),
            Self::Verify => step(of_kind(active, false)?, |own| own.update(plaintext)),
        }
    }
}

impl Session {
    /// `C_DigestEncryptUpdate` and `C_SignEncryptUpdate`. Nothing is taken where nothing is given out.
    pub(crate) fn encrypt_and(&self, second: Second, part: In<'_>, out: Out<'_>) -> Result<()> {
        let mut active = self.active();
        second.check(&mut active)?;
        // The ciphertext may be written over the plaintext.
        let plaintext = part.bytes().map(|part| Zeroizing::new(part.to_vec()));
        let mut is_given = false;
        step(&mut active.encrypt, |encrypt| {
            let part = plaintext.as_ref().map_err(|rv| *rv)?;
            is_given = encrypt.update(&self.slot.remote, part, out)?.is_some();
            Ok(())
        })?;
        match plaintext {
            Ok(plaintext) if is_given => second.take(&mut active, &plaintext),
            _ => Ok(()),
        }
    }

    /// `C_DecryptDigestUpdate` and `C_DecryptVerifyUpdate`.
    pub(crate) fn decrypt_and(&self, second: Second, part: In<'_>, out: Out<'_>) -> Result<()> {
        let mut active = self.active();
        second.check(&mut active)?;
        active.check_proven(ck::CKF_DECRYPT)?;
        let mut plaintext = None;
        step(&mut active.decrypt, |decrypt| {
            plaintext = decrypt.update(&self.slot.remote, part.bytes()?, out)?;
            Ok(())
        })?;
        match plaintext {
            Some(plaintext) => second.take(&mut active, &plaintext),
            None => Ok(()),
        }
    }
}
