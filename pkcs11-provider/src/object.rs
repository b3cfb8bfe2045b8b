//! Objects by their handles: what is known of each, and its value once it was read.

use std::{
    borrow::Cow,
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
};

use cryptoki_sys as ck;
use kmip::{
    RevocationReasonCode,
    attribute::{RevocationReason, UniqueIdentifier},
    client::{incoming, outgoing},
    payload::{
        destroy::{Destroy, DestroyRequest},
        get::{Get, GetRequest},
        revoke::{Revoke, RevokeRequest},
    },
};
use pkcs11::{Facts, Material, Result, Rv, Ulong, material::format_wanted};

use crate::{
    error::{Failure, Names},
    handle::Handles,
    pool::Identity,
    public_key::PublicKey,
    remote::{Again, Remote, VERSION},
};

/// An object's value, and the key in it where the work of a public key can be done here.
#[derive(Default)]
pub(crate) struct Value {
    pub(crate) material: Material,
    pub(crate) public: Option<PublicKey>,
}

impl From<Material> for Value {
    fn from(material: Material) -> Self {
        let public = material.public.as_ref().and_then(PublicKey::of);
        Self { material, public }
    }
}

/// One object that the application has a handle of.
pub(crate) struct Object {
    /// The session that it ends with; none of a token object.
    pub(crate) owner: Option<Ulong>,
    /// Whether this is a second handle of a key whose end is not the key's.
    pub(crate) is_alias: bool,
    facts: RwLock<Arc<Facts>>,
    value: Mutex<Option<Arc<Value>>>,
}

impl Object {
    fn new(facts: Facts, owner: Option<Ulong>, is_alias: bool) -> Self {
        Self {
            owner,
            is_alias,
            facts: RwLock::new(Arc::new(facts)),
            value: Mutex::default(),
        }
    }

    /// A copy for a child process. A session object stays its parent's: the child has a handle of it and not its end.
    pub(crate) fn forked(&self) -> Self {
        Self {
            owner: self.owner,
            is_alias: self.is_alias || self.owner.is_some(),
            facts: RwLock::new(self.facts()),
            value: Mutex::new(self.kept().clone()),
        }
    }

    /// What is known of it.
    pub(crate) fn facts(&self) -> Arc<Facts> {
        Arc::clone(&self.facts.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Replaces what is known of it.
    pub(crate) fn learn(&self, facts: Facts) {
        *self.facts.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(facts);
    }

    /// Keeps its value, which was read on another occasion.
    pub(crate) fn keep(&self, value: Value) {
        self.kept().get_or_insert_with(|| Arc::new(value));
    }

    /// Its value, read from the daemon the first time. A value that the daemon does not tell is an empty one, so that
    /// asking for each attribute in it does not cost a refusal each.
    pub(crate) fn value(&self, remote: &Remote) -> Result<Arc<Value>> {
        if let Some(value) = &*self.kept() {
            return Ok(Arc::clone(value));
        }
        // Nothing is locked meanwhile: where the daemon hangs, each of several callers waits once, and all at a time.
        let value = Value::from(self.read_value(remote)?);
        Ok(Arc::clone(
            self.kept().get_or_insert_with(|| Arc::new(value)),
        ))
    }

    fn read_value(&self, remote: &Remote) -> Result<Material> {
        let facts = self.facts();
        // A private key that was imported, or has outlived its public half, carries that with it.
        let mut whole = Material::of_public(facts.value(ck::CKA_PUBLIC_KEY_INFO), facts.spec);
        let half = facts
            .other_half
            .as_ref()
            .filter(|_| facts.class == ck::CKO_PRIVATE_KEY && whole.is_empty());
        if let Some(half) = half {
            whole = read(remote, half, ck::CKO_PUBLIC_KEY, &facts)?;
        }
        let may_be_told = !facts.is_secret() && !facts.id.is_empty();
        if may_be_told {
            whole.merge(read(remote, &facts.id, facts.class, &facts)?);
        }
        Ok(whole)
    }

    fn kept(&self) -> MutexGuard<'_, Option<Arc<Value>>> {
        self.value.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An attribute in C.
    pub(crate) fn attribute(&self, kind: Ulong, remote: &Remote) -> Result<Cow<'static, [u8]>> {
        let facts = self.facts();
        if let Some(value) = facts.value(kind) {
            return Ok(Cow::Owned(value.to_vec()));
        }
        if facts.hides(kind) && facts.has_in_value(kind) {
            return Err(Rv::ATTRIBUTE_SENSITIVE);
        }
        if !facts.has_in_value(kind) {
            return Err(Rv::ATTRIBUTE_TYPE_INVALID);
        }
        let value = self.value(remote)?;
        value
            .material
            .value(kind)
            .map(|value| Cow::Owned(value.to_vec()))
            .ok_or(Rv::ATTRIBUTE_TYPE_INVALID)
    }

    /// What its attributes come to in bytes, its value among them; `None` where the value is not told.
    pub(crate) fn size(&self, remote: &Remote) -> Result<Option<usize>> {
        let facts = self.facts();
        if facts.is_secret() {
            return Ok(None);
        }
        let value = self.value(remote)?.material.bytes();
        let is_told = value > 0 || facts.id.is_empty();
        Ok(is_told.then_some(facts.bytes() + value))
    }

    /// Whether it has all these values.
    pub(crate) fn matches(&self, entries: &[(Ulong, &[u8])], remote: &Remote) -> Result<bool> {
        for (kind, wanted) in entries {
            match self.attribute(*kind, remote) {
                Ok(value) if value == *wanted => {}
                Err(failed @ (Rv::DEVICE_REMOVED | Rv::DEVICE_ERROR | Rv::HOST_MEMORY)) => {
                    return Err(failed);
                }
                _ => return Ok(false),
            }
        }
        Ok(true)
    }
}

/// The request for an object's value.
pub(crate) fn get_request(id: Option<&str>, class: Ulong) -> GetRequest {
    GetRequest {
        unique_identifier: id.map(UniqueIdentifier::from),
        key_format_type: format_wanted(class),
        ..GetRequest::default()
    }
}

fn read(remote: &Remote, id: &str, class: Ulong, facts: &Facts) -> Result<Material> {
    match remote.call::<Get>(&get_request(Some(id), class), Again::May) {
        Ok(response) => Ok(Material::of(&response.object, facts)),
        Err(Failure::Refused(_)) => Ok(Material::default()),
        Err(failure) => Err(failure.seen_by(Names::Object)),
    }
}

/// The objects of one token.
#[derive(Default)]
pub(crate) struct Objects {
    handles: Handles<Object>,
    /// The handle of each object at the daemon that is not an alias.
    by_id: Mutex<HashMap<String, Ulong>>,
    /// The handles of those that end with a session, which are few among many.
    owned: Mutex<BTreeSet<Ulong>>,
}

impl Objects {
    /// A copy for a child process, under the same handles.
    pub(crate) fn forked(&self) -> Self {
        let by_id = self.by_id.lock().unwrap_or_else(PoisonError::into_inner);
        let handles = self.handles.map(|object| Some(object.forked()));
        let first = |handle| handles.find(handle).is_some_and(|object| !object.is_alias);
        let by_id = by_id
            .iter()
            .filter(|(_, handle)| first(**handle))
            .map(|(id, handle)| (id.clone(), *handle))
            .collect();
        Self {
            handles,
            by_id: Mutex::new(by_id),
            owned: Mutex::new(self.owned().clone()),
        }
    }

    /// The object with this handle.
    pub(crate) fn find(&self, handle: Ulong) -> Option<Arc<Object>> {
        self.handles.find(handle)
    }

    /// The handle of an object found at the daemon: the one it has, refreshed, or a new one.
    pub(crate) fn adopt(&self, facts: Facts, owner: Option<Ulong>) -> (Ulong, Arc<Object>) {
        let mut by_id = self.by_id.lock().unwrap_or_else(PoisonError::into_inner);
        let known = by_id
            .get(&facts.id)
            .and_then(|handle| Some((*handle, self.handles.find(*handle)?)));
        if let Some((handle, object)) = known {
            object.learn(facts);
            return (handle, object);
        }
        let id = facts.id.clone();
        let placed = self.place(Object::new(facts, owner, false));
        by_id.insert(id, placed.0);
        placed
    }

    /// A further handle, or the handle of an object that only the module holds.
    pub(crate) fn insert(&self, facts: Facts, owner: Option<Ulong>) -> (Ulong, Arc<Object>) {
        let is_alias = !facts.id.is_empty();
        self.place(Object::new(facts, owner, is_alias))
    }

    fn place(&self, object: Object) -> (Ulong, Arc<Object>) {
        let placed = self.handles.insert(|_| object);
        if placed.1.owner.is_some() {
            self.owned().insert(placed.0);
        }
        placed
    }

    fn owned(&self) -> MutexGuard<'_, BTreeSet<Ulong>> {
        self.owned.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a handle a second one of its object, whose first one is then given anew.
    pub(crate) fn become_alias(&self, handle: Ulong) {
        let Some(object) = self.handles.find(handle) else {
            return;
        };
        let facts = (*object.facts()).clone();
        self.forget_id(&facts.id);
        self.handles
            .replace(handle, Object::new(facts, object.owner, true));
    }

    fn forget_id(&self, id: &str) {
        let mut by_id = self.by_id.lock().unwrap_or_else(PoisonError::into_inner);
        by_id.remove(id);
    }

    /// Takes a handle away.
    pub(crate) fn remove(&self, handle: Ulong) {
        if let Some(object) = self.handles.remove(handle) {
            self.owned().remove(&handle);
            self.forget(&object);
        }
    }

    /// Takes away the handles that fit and returns the objects.
    pub(crate) fn remove_all(&self, fits: impl Fn(&Object) -> bool) -> Vec<Arc<Object>> {
        let removed = self.handles.remove_all(fits);
        removed
            .into_iter()
            .map(|(handle, object)| {
                self.owned().remove(&handle);
                self.forget(&object);
                object
            })
            .collect()
    }

    /// Takes away the objects that end with a session and returns them.
    pub(crate) fn remove_owned(&self, session: Ulong) -> Vec<Arc<Object>> {
        let ending = self.of_sessions().into_iter();
        ending
            .filter(|(_, object)| object.owner == Some(session))
            .map(|(handle, object)| {
                self.remove(handle);
                object
            })
            .collect()
    }

    fn forget(&self, object: &Object) {
        if !object.is_alias {
            self.forget_id(&object.facts().id);
        }
    }

    /// The objects that end with a session, of all sessions.
    pub(crate) fn of_sessions(&self) -> Vec<(Ulong, Arc<Object>)> {
        let owned: Vec<Ulong> = self.owned().iter().copied().collect();
        let with_object = |handle| Some((handle, self.find(handle)?));
        owned.into_iter().filter_map(with_object).collect()
    }
}

/// Destroys an object at the daemon. An active one must be revoked first; one that is not active cannot be, and need not.
pub(crate) fn destroy(
    remote: &Remote,
    identity: &Identity,
    id: &str,
) -> std::result::Result<(), Failure> {
    let revoke = RevokeRequest {
        unique_identifier: Some(id.into()),
        revocation_reason: Some(RevocationReason {
            revocation_reason_code: RevocationReasonCode::CessationOfOperation,
            revocation_message: None,
        }),
        compromise_occurrence_date: None,
    };
    let destroy = DestroyRequest {
        unique_identifier: Some(id.into()),
    };
    let batch = [
        outgoing::<Revoke>(&revoke, VERSION),
        outgoing::<Destroy>(&destroy, VERSION),
    ];
    // A second Destroy of what the first one destroyed would be refused; so it is not repeated.
    let answers = remote.batch_by(&batch, Again::MustNot, identity)?;
    let outcome = answers.get(1).ok_or(Failure::Unreadable)?;
    incoming::<Destroy>(outcome, VERSION)?;
    Ok(())
}
