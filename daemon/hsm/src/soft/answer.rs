//! What a key in the clear answers to a challenge, by which two HSMs tell whether they have the same one.

use kmip::mechanism::{Cipher, KeySpec, Mac, Padding};

use super::PlainKey;
use crate::{Encryption, Result};

/// How a secret key answers; nothing for one that computes nothing.
pub(crate) enum Answering {
    /// By encrypting the challenge, under an IV of its first bytes where there is one.
    Encrypting(Cipher),
    /// By authenticating it.
    Authenticating(Mac),
}

impl Answering {
    /// How keys of a kind do.
    pub(crate) const fn of(spec: KeySpec) -> Option<Self> {
        Some(match spec {
            KeySpec::Aes { bits: 512 } => Self::Encrypting(Cipher::AesXts),
            KeySpec::Aes { .. } => Self::Encrypting(Cipher::AesEcb(Padding::None)),
            KeySpec::TripleDes { .. } => Self::Encrypting(Cipher::TripleDesEcb(Padding::None)),
            KeySpec::ChaCha20 => Self::Encrypting(Cipher::ChaCha20),
            KeySpec::ChaCha20Poly1305 => {
                Self::Encrypting(Cipher::ChaCha20Poly1305 { tag_bytes: 16 })
            }
            KeySpec::Hmac { hash, .. } => Self::Authenticating(Mac::Hmac(hash)),
            _ => return None,
        })
    }
}

impl PlainKey {
    /// See [`crate::Hsm::answer`].
    pub(crate) fn answer(&self, challenge: &[u8; 16]) -> Result<Option<Vec<u8>>> {
        if let Some(public) = self.public() {
            return Ok(Some(public.to_vec()));
        }
        Ok(match Answering::of(self.spec()) {
            None => None,
            Some(Answering::Authenticating(mac)) => Some(self.mac(mac, challenge)?),
            Some(Answering::Encrypting(cipher)) => {
                let iv = cipher.iv_bytes();
                let input = Encryption {
                    iv: iv.and_then(|bytes| challenge.get(..bytes)),
                    associated: &[],
                    plain: challenge,
                };
                Some(self.encrypt(&cipher, input)?.data)
            }
        })
    }
}
