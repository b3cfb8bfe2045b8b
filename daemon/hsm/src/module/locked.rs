//! Locked keys made and taken over, in either custody: as objects of the token, or wrapped.

use std::{cell::Cell, thread::sleep, time::Duration};

use cryptoki::object::ObjectHandle;
use kmip::mechanism::KeySpec;

use super::{
    ModuleHsm, check, error, listed, make,
    own::{self, Name},
    pairwise,
    reference::{self, LockedKey, Reference, TokenKey, WrappedKey},
    seat::{Loaded, Seat},
    template::{self, Home},
    wrapping,
};
use crate::{CustodyMode, Error, Generated, KeyRef, Material, Result, Terms};

impl ModuleHsm {
    /// Makes a locked key, or a key pair.
    pub(super) fn generate_locked(&self, spec: KeySpec, terms: &Terms) -> Result<Generated> {
        check(listed::key(&self.capabilities.generate, spec))?;
        let is_wrapped = terms.custody == CustodyMode::Wrapped;
        check(!is_wrapped || !template::is_changed_by_padding(spec))?;
        if spec.is_asymmetric() {
            let (key, public) = self.make(spec, terms, |seat, home| {
                make::pair(seat, spec, terms.usage, home)
            })?;
            return Ok(Generated {
                key,
                public: Some(public),
                digest: None,
            });
        }
        let (key, _) = self.make(spec, terms, |seat, home| {
            let handle = make::secret(seat, spec, terms.usage, home)?;
            Ok((handle, Vec::new()))
        })?;
        Ok(Generated {
            key,
            public: None,
            digest: None,
        })
    }

    /// Takes a key over that was validated, and whose public half is known.
    pub(super) fn import_locked(
        &self,
        valid: &Material,
        public: &[u8],
        terms: &Terms,
    ) -> Result<KeyRef> {
        let import = &self.capabilities.import;
        let spec = valid.spec();
        check(match spec {
            // Odd moduli are only ever imported, and validation has bounded them.
            KeySpec::Rsa { .. } => import
                .iter()
                .any(|listed| matches!(listed, KeySpec::Rsa { .. })),
            // Made fit for the module, whatever its length.
            KeySpec::Hmac { hash, .. } => import.iter().any(
                |listed| matches!(listed, KeySpec::Hmac { hash: of_row, .. } if *of_row == hash),
            ),
            _ => listed::key(import, spec),
        })?;
        let made = self.make(spec, terms, |seat, home| {
            let handle = make::import(seat, valid, terms.usage, home)?;
            Ok((handle, public.to_vec()))
        });
        made.map(|(key, _)| key)
    }

    /// Makes a key in the custody that its terms say; gives its reference and its public half.
    pub(super) fn make(
        &self,
        spec: KeySpec,
        terms: &Terms,
        make: impl Fn(&Seat, Home<'_>) -> error::Result<(ObjectHandle, Vec<u8>)>,
    ) -> Result<(KeyRef, Vec<u8>)> {
        match terms.custody {
            CustodyMode::Resident => self.make_resident(spec, terms, make),
            CustodyMode::Wrapped => self.make_wrapped(spec, terms, make),
        }
    }

    /// Makes a token object under an identifier that no other key of its class has; gives its reference, and its public
    /// half, with which it has proved to agree.
    ///
    /// Modules fail now and then for no reason of ours (SoftHSM2 when another thread searches meanwhile), so a failure
    /// is tried again, once what it may have left behind is taken away.
    fn make_resident(
        &self,
        spec: KeySpec,
        terms: &Terms,
        make: impl Fn(&Seat, Home<'_>) -> error::Result<(ObjectHandle, Vec<u8>)>,
    ) -> Result<(KeyRef, Vec<u8>)> {
        let key = TokenKey::of(spec, &terms.id);
        let tries = Cell::new(0);
        let begun = Cell::new(false);
        let made = tried(|| {
            self.pool.create(|seat| {
                let found = seat.find(&key.search())?;
                if tries.replace(tries.get() + 1) == 0 && !found.is_empty() {
                    let text = "the token has an object with the new key's CKA_ID already";
                    return Err(Error::BadInput(text).into());
                }
                for left_behind in found {
                    seat.session.destroy_object(left_behind)?;
                }
                begun.set(true);
                let (handle, public) = make(seat, template::home(terms))?;
                let loaded = Loaded::private(handle, spec, &public);
                pairwise::agrees(self, seat, &loaded, terms.usage)?;
                Ok(public)
            })
        });
        let whole = made.and_then(|public| {
            let key = TokenKey {
                public: &public,
                ..key
            };
            Ok((KeyRef(key.encode(&self.binding)?), public))
        });
        if begun.get() && whole.is_err() {
            // Whatever was said, the key may be there, and no reference will ever name it.
            drop(self.remove(&key));
        }
        whole
    }

    /// Makes a key in a session and takes it out, wrapped. What comes back proves to agree with the public half.
    fn make_wrapped(
        &self,
        spec: KeySpec,
        terms: &Terms,
        make: impl Fn(&Seat, Home<'_>) -> error::Result<(ObjectHandle, Vec<u8>)>,
    ) -> Result<(KeyRef, Vec<u8>)> {
        let method = wrapping::method(&self.settings.wrapped, spec).ok_or(Error::Unsupported)?;
        let name = self.wrapping()?;
        let id = own::id(name);
        let under = LockedKey::Token(own::aes(&id));
        tried(|| {
            self.pool.run(|seat| {
                let (wrapped, public) = seat.with_key(under, |seat, under| {
                    let (key, public) = make(seat, Home::Leaving)?;
                    let wrapped = wrapping::take_out(seat, under.handle, method, spec, key)?;
                    Ok((wrapped, public))
                })?;
                let key = WrappedKey {
                    spec,
                    id: &terms.id,
                    public: &public,
                    usage: terms.usage,
                    under: name,
                    method,
                    wrapped: &wrapped,
                    tag: &[],
                };
                let reference = KeyRef(key.encode(&self.binding)?);
                if let Reference::Locked(key) = Reference::decode(&reference, &self.binding)? {
                    let loaded = seat.resolve(key)?;
                    pairwise::agrees(self, seat, &loaded, terms.usage)?;
                }
                Ok((reference, public))
            })
        })
    }

    /// The token's wrapping key, made when the first key is to be wrapped.
    fn wrapping(&self) -> Result<Name> {
        if let Some(name) = self.wrapping.get() {
            return Ok(*name);
        }
        let name = self.pool.create(|seat| match self.wrapping.get() {
            Some(name) => Ok(*name),
            None => wrapping::establish(seat),
        })?;
        Ok(*self.wrapping.get_or_init(|| name))
    }

    /// Takes every object of a key out of the token, or what of a wrapped one is in its sessions.
    pub(super) fn remove_locked(&self, key: &LockedKey<'_>) -> Result<()> {
        match key {
            LockedKey::Token(key) => {
                // A module overlooks an object now and then, while another thread or process is at the token.
                if !self.remove(key)? {
                    sleep(LOOKED_AGAIN);
                    self.remove(key)?;
                }
                Ok(())
            }
            // The reference is the key: it is gone when the store forgets it.
            LockedKey::Wrapped(key) => {
                self.pool.forget(key.tag);
                Ok(())
            }
        }
    }

    /// Takes every object out of the token that was to be a key.
    pub(super) fn abandon_locked(&self, spec: KeySpec, id: &[u8]) -> Result<()> {
        reference::check_id(id)?;
        self.remove(&TokenKey::of(spec, id)).map(drop)
    }

    /// Whether the token has an object that a key under this identifier would be found as.
    pub(super) fn holds_locked(&self, spec: KeySpec, id: &[u8]) -> Result<bool> {
        reference::check_id(id)?;
        let search = TokenKey::of(spec, id).search();
        self.pool.run(|seat| Ok(!seat.find(&search)?.is_empty()))
    }

    /// Takes every object of a key out of the token, and says whether it saw any.
    pub(super) fn remove(&self, key: &TokenKey<'_>) -> Result<bool> {
        self.pool.destroy(key.id, |seat| make::unmake(seat, key))
    }
}

/// Tries again what fails for no reason that was told.
fn tried<T>(work: impl Fn() -> Result<T>) -> Result<T> {
    let mut tries = 0;
    loop {
        tries += 1;
        match work() {
            Err(Error::Failed(_)) if tries < TRIES_MAX => {}
            other => return other,
        }
    }
}

/// After how long an object is looked for again that must be there and was not seen.
const LOOKED_AGAIN: Duration = Duration::from_millis(20);

/// How often a key is tried to be made.
const TRIES_MAX: u32 = 3;
