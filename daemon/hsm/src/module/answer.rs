//! What a locked key answers to a challenge, by which two HSMs tell whether they have the same one.

use cryptoki::object::ObjectHandle;
use kmip::{CryptographicUsageMask as Usage, mechanism::KeySpec};

use super::{
    ModuleHsm, cipher,
    error::Result,
    listed, own, pairwise,
    reference::{LockedKey, WrappedKey},
    seat::{Loaded, Seat},
    sign,
    template::Home,
    wrapping,
};
use crate::{Encryption, soft::answer::Answering};

impl ModuleHsm {
    /// A private key answers with its public half, once it has proved to have it; a secret one that is wrapped by what it
    /// computes. What an object of the token computes is for those who may, so it does not answer.
    pub(super) fn answer_locked(
        &self,
        key: LockedKey<'_>,
        challenge: &[u8; 16],
    ) -> crate::Result<Option<Vec<u8>>> {
        let spec = key.spec();
        self.pool.run(|seat| match &key {
            _ if spec.is_asymmetric() => seat.with_key(key, |seat, loaded| {
                if let LockedKey::Wrapped(key) = &key {
                    pairwise::agrees(self, seat, loaded, key.usage)?;
                }
                Ok(Some(loaded.public.to_vec()))
            }),
            // That it is there is all that can be found out.
            LockedKey::Token(_) => seat.with_key(key, |_, _| Ok(None)),
            LockedKey::Wrapped(key) => {
                let under = own::id(key.under);
                seat.with_key(LockedKey::Token(own::aes(&under)), |seat, under| {
                    // A copy of its own, because the key may be for something else.
                    let asked = WrappedKey {
                        usage: Usage::Encrypt | Usage::MACGenerate,
                        ..*key
                    };
                    let handle = wrapping::unwrap(seat, under.handle, &asked, Home::Session)
                        .map_err(wrapping::not_unwrapped)?;
                    let answer = self.computed(seat, handle, spec, challenge);
                    seat.session.destroy_object(handle)?;
                    answer
                })
            }
        })
    }

    fn computed(
        &self,
        seat: &Seat,
        handle: ObjectHandle,
        spec: KeySpec,
        challenge: &[u8; 16],
    ) -> Result<Option<Vec<u8>>> {
        let key = Loaded::secret(handle, spec);
        match Answering::of(spec) {
            Some(Answering::Encrypting(own)) if listed::cipher(&self.capabilities.cipher, &own) => {
                let iv = own.iv_bytes();
                let input = Encryption {
                    iv: iv.and_then(|bytes| challenge.get(..bytes)),
                    associated: &[],
                    plain: challenge,
                };
                let made = cipher::encrypt(seat, &key, &self.settings, &own, input)?;
                Ok(Some(made.data))
            }
            Some(Answering::Authenticating(mac)) if self.capabilities.mac.contains(&mac) => {
                sign::mac(seat, &key, mac, challenge).map(Some)
            }
            _ => Ok(None),
        }
    }
}
