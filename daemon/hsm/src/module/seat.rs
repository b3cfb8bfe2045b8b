//! A logged-in session and the object handles it has resolved.

use std::{
    collections::HashMap,
    sync::{Arc, OnceLock},
};

use super::{
    error::{Cure, Fault, Result},
    library::Library,
    reference::TokenKey,
};
use crate::Error;
use cryptoki::{
    object::{Attribute, ObjectClass, ObjectHandle},
    session::Session,
};
use kmip::mechanism::KeySpec;

/// A session of the pool.
pub(super) struct Seat {
    pub(super) session: Session,
    pub(super) library: Arc<Library>,
    /// Keys by CKA_ID, as they were used last.
    keys: HashMap<Vec<u8>, Loaded>,
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
    ) -> Self {
        Self {
            session,
            library,
            keys: HashMap::new(),
            beacon,
        }
    }

    /// Works with a key, and once more with a fresh handle when the module does not know the one it gave.
    pub(super) fn with_key<T>(
        &mut self,
        key: TokenKey<'_>,
        work: impl Fn(&Self, &Loaded) -> Result<T>,
    ) -> Result<T> {
        let loaded = self.resolve(key)?;
        match work(self, &loaded) {
            Err(fault) if fault.cure == Cure::Resolve => {
                self.forget(key.id);
                let loaded = self.resolve(key)?;
                work(self, &loaded)
            }
            other => other,
        }
    }

    /// The one token object a reference names.
    pub(super) fn resolve(&mut self, key: TokenKey<'_>) -> Result<Loaded> {
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

    /// Forgets the handle of a key.
    pub(super) fn forget(&mut self, id: &[u8]) {
        self.keys.remove(id);
    }

    /// Forgets every handle.
    pub(super) fn forget_all(&mut self) {
        self.keys.clear();
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
