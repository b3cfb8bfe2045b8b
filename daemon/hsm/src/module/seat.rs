//! A logged-in session and the object handles it has resolved.

use std::{
    collections::HashMap,
    sync::{Arc, OnceLock},
};

use cryptoki::{
    error::{Error as ModuleError, RvError},
    object::{Attribute, ObjectClass, ObjectHandle},
    session::Session,
};
use kmip::mechanism::KeySpec;

use super::{
    error::{Cure, Fault, Result},
    held::Held,
    library::Library,
    own,
    reference::{LockedKey, TokenKey, WrappedKey},
    template::Home,
    wrapping,
};
use crate::Error;

/// A session of the pool.
pub(super) struct Seat {
    pub(super) session: Session,
    pub(super) library: Arc<Library>,
    /// Keys by CKA_ID, as they were used last.
    keys: HashMap<Vec<u8>, Loaded>,
    /// Wrapped keys that are unwrapped in this session.
    unwrapped: Held<Loaded>,
    /// The CKA_ID of the secret key that is always there, once it is.
    beacon: Arc<OnceLock<Vec<u8>>>,
}

/// A key as a session can use it.
#[derive(Clone)]
pub(super) struct Loaded {
    pub(super) handle: ObjectHandle,
    pub(super) spec: KeySpec,
    /// The public half of a key pair, DER SubjectPublicKeyInfo: what the module signs is verified with it.
    pub(super) public: Arc<[u8]>,
}

impl Loaded {
    /// A secret key.
    pub(super) fn secret(handle: ObjectHandle, spec: KeySpec) -> Self {
        Self::private(handle, spec, &[])
    }

    /// A private key and its public half.
    pub(super) fn private(handle: ObjectHandle, spec: KeySpec, public: &[u8]) -> Self {
        Self {
            handle,
            spec,
            public: public.into(),
        }
    }
}

impl Seat {
    pub(super) fn new(
        session: Session,
        library: Arc<Library>,
        beacon: Arc<OnceLock<Vec<u8>>>,
        unwrapped_max: usize,
    ) -> Self {
        Self {
            session,
            library,
            keys: HashMap::new(),
            unwrapped: Held::new(unwrapped_max),
            beacon,
        }
    }

    /// Works with a key, and once more with a fresh handle when the module does not know the one it gave.
    pub(super) fn with_key<T>(
        &mut self,
        key: LockedKey<'_>,
        work: impl Fn(&Self, &Loaded) -> Result<T>,
    ) -> Result<T> {
        let loaded = self.resolve(key)?;
        match work(self, &loaded) {
            Err(fault) if fault.cure == Cure::Resolve => {
                // What the module does not know is not destroyed: its handle may be another's by now.
                self.keys.remove(key.name());
                self.unwrapped.remove(key.name());
                let loaded = self.resolve(key)?;
                work(self, &loaded)
            }
            other => other,
        }
    }

    /// The one object a reference names: of the token, or unwrapped into this session.
    pub(super) fn resolve(&mut self, key: LockedKey<'_>) -> Result<Loaded> {
        match key {
            LockedKey::Token(key) => self.token_object(key),
            LockedKey::Wrapped(key) => self.session_object(&key),
        }
    }

    fn session_object(&mut self, key: &WrappedKey<'_>) -> Result<Loaded> {
        if let Some(loaded) = self.unwrapped.get(key.tag) {
            return Ok(loaded.clone());
        }
        if let Some(oldest) = self.unwrapped.make_room() {
            self.discard(&oldest);
        }
        let handle = match self.unwrap(key) {
            Err(fault) if fault.cure == Cure::Resolve => {
                self.keys.remove(&own::id(key.under));
                self.unwrap(key)?
            }
            other => other?,
        };
        let loaded = Loaded::private(handle, key.spec, key.public);
        self.unwrapped.insert(key.tag, loaded.clone());
        Ok(loaded)
    }

    /// Unwraps a key into the session, without all that is there already if the token has no room beside it.
    fn unwrap(&mut self, key: &WrappedKey<'_>) -> Result<ObjectHandle> {
        let id = own::id(key.under);
        let under = self.token_object(own::aes(&id))?.handle;
        let mut unwrapped = wrapping::unwrap(self, under, key, Home::Session);
        if let Err(ModuleError::Pkcs11(RvError::DeviceMemory | RvError::HostMemory, _)) = unwrapped
        {
            for held in self.unwrapped.clear() {
                self.discard(&held);
            }
            unwrapped = wrapping::unwrap(self, under, key, Home::Session);
        }
        unwrapped.map_err(wrapping::not_unwrapped)
    }

    /// Takes an object out of the session. One that stays is gone with it.
    fn discard(&self, loaded: &Loaded) {
        drop(self.session.destroy_object(loaded.handle));
    }

    fn token_object(&mut self, key: TokenKey<'_>) -> Result<Loaded> {
        if let Some(loaded) = self.keys.get(key.id)
            && (loaded.spec, &*loaded.public) == (key.spec, key.public)
        {
            return Ok(loaded.clone());
        }
        let handle = match self.find(&key.search())?.as_slice() {
            [handle] => *handle,
            [] => return Err(self.absent()),
            _ => {
                return Err(Error::Failed(
                    "several objects of the token carry the key's CKA_ID; remove the copies".into(),
                )
                .into());
            }
        };
        let loaded = Loaded::private(handle, key.spec, key.public);
        if self.keys.len() >= KEYS_MAX {
            self.keys.clear();
        }
        self.keys.insert(key.id.to_vec(), loaded.clone());
        Ok(loaded)
    }

    /// Forgets the handle of a key, and what was unwrapped of it.
    pub(super) fn forget(&mut self, name: &[u8]) {
        self.keys.remove(name);
        if let Some(loaded) = self.unwrapped.remove(name) {
            self.discard(&loaded);
        }
    }

    /// Forgets every handle, and all that was unwrapped.
    pub(super) fn forget_all(&mut self) {
        self.keys.clear();
        for loaded in self.unwrapped.clear() {
            self.discard(&loaded);
        }
    }

    /// The objects that have all these attributes.
    pub(super) fn find(&self, template: &[Attribute]) -> Result<Vec<ObjectHandle>> {
        Ok(self.session.find_objects(template)?)
    }

    /// Whether the token answers, asked by looking for the object that must exist.
    pub(super) fn is_alive(&self) -> bool {
        let Some(id) = self.beacon.get() else {
            return self.session.get_session_info().is_ok();
        };
        let template = [
            Attribute::Class(ObjectClass::SECRET_KEY),
            Attribute::Id(id.clone()),
        ];
        matches!(self.find(&template), Ok(found) if !found.is_empty())
    }

    /// Why an object is not found: it is gone, or the whole token is.
    fn absent(&self) -> Fault {
        if self.is_alive() {
            Error::KeyNotFound.into()
        } else {
            Fault::lost("the token has lost its objects")
        }
    }
}

/// Handles a session keeps; then it starts over.
const KEYS_MAX: usize = 4096;
