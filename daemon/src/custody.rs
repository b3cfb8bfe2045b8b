//! Where a value lives: made before its record is committed, broken after, opened only for who may have it.

use hsm::{KeyRef, Material, Sealed, Wrapped};
use kmip::{
    ObjectType, Secret,
    attribute::{Attributes, UniqueIdentifier},
    mechanism::{Hash, KeySpec},
    object::ManagedObject,
};
use store::{Custody, ObjectId, Record};

use crate::{
    context::Context,
    doubts,
    error::{Error, Result},
    fault::Fault,
    halves, lifecycle,
    service::Service,
    template, whole,
};

/// An object's value in the clear.
pub(crate) enum Value {
    /// Secret data and opaque objects.
    Bytes(Secret),
    /// A secret or private key.
    Key(Material),
    /// A public key.
    PublicKey {
        /// What kind.
        spec: KeySpec,
        /// DER SubjectPublicKeyInfo.
        spki: Vec<u8>,
    },
}

impl Context<'_> {
    /// The terms under which the vault's HSM is to keep a key.
    pub(crate) fn terms(&self, id: &ObjectId, attributes: &Attributes) -> Result<hsm::Terms> {
        Ok(template::terms(self.vault()?.as_ref(), id, attributes))
    }

    /// Makes the secret key that attributes describe in the vault's HSM, and adds its digest to them.
    pub(crate) fn generate_secret(
        &mut self,
        spec: KeySpec,
        id: &ObjectId,
        attributes: &mut Attributes,
    ) -> Result<Custody> {
        Ok(self.generate(spec, id, attributes)?.0)
    }

    /// Makes a key pair in the vault's HSM: where the private key is, whose digest is added to its attributes, and the
    /// public key.
    pub(crate) fn generate_pair(
        &mut self,
        spec: KeySpec,
        id: &ObjectId,
        private: &mut Attributes,
    ) -> Result<(Custody, Vec<u8>)> {
        let (custody, public) = self.generate(spec, id, private)?;
        let alone = || Error::internal("the HSM made a secret key in place of a pair");
        let public = public.ok_or_else(alone)?;
        halves::note(private, spec, &public)?;
        Ok((custody, public))
    }

    fn generate(
        &mut self,
        spec: KeySpec,
        id: &ObjectId,
        attributes: &mut Attributes,
    ) -> Result<(Custody, Option<Vec<u8>>)> {
        let backend = self.vault()?.backend.clone();
        let terms = self.terms(id, attributes)?;
        self.foresee(&backend, spec, &terms)?;
        let made = self.backend(&backend)?.generate(spec, &terms)?;
        if let Some(digest) = made.digest {
            let format = attributes.key_format_type;
            attributes
                .digest
                .push(template::key_digest(spec, digest, format));
        }
        Ok((self.made(&backend, made.key), made.public))
    }

    /// Takes a key into the vault's HSM.
    pub(crate) fn import(&mut self, material: &Material, terms: &hsm::Terms) -> Result<Custody> {
        let backend = self.vault()?.backend.clone();
        // Clients may choose identifiers, and what others have in the HSM under one is never taken for what may have been made.
        if !terms.exportable && self.backend(&backend)?.holds(material.spec(), &terms.id)? {
            let why = "the HSM has an object with the new key's CKA_ID already";
            return Err(hsm::Error::BadInput(why).into());
        }
        self.foresee(&backend, material.spec(), terms)?;
        let key = self.backend(&backend)?.import(material, terms)?;
        Ok(self.made(&backend, key))
    }

    /// Takes a key into the vault's HSM that was wrapped for another of its keys; where it is, and the public half of a
    /// private one.
    pub(crate) fn unwrap(
        &mut self,
        under: &KeyRef,
        wrapped: &Wrapped<'_>,
        id: &ObjectId,
        attributes: &Attributes,
    ) -> Result<(Custody, Option<Vec<u8>>)> {
        let backend = self.vault()?.backend.clone();
        let terms = self.terms(id, attributes)?;
        self.foresee(&backend, wrapped.spec, &terms)?;
        let made = self.backend(&backend)?.unwrap(under, wrapped, &terms);
        let made = made.map_err(|error| unfit_to_unwrap(error, wrapped.hash))?;
        Ok((self.made(&backend, made.key), made.public))
    }

    /// Notes that a key is about to be made, for the case that nobody gets to know of it.
    fn foresee(&mut self, backend: &str, spec: KeySpec, terms: &hsm::Terms) -> Result<()> {
        if self.effects.foresees(backend, terms) {
            return Ok(());
        }
        let hsm = self.backend(backend)?;
        let foreseen = doubts::foresee(self.service, (backend, hsm), spec, terms)?;
        self.effects.foreseen(foreseen);
        Ok(())
    }

    /// Notes that a key is about to be derived.
    fn foresee_target(&mut self, backend: &str, target: &hsm::Target<'_>) -> Result<()> {
        match *target {
            hsm::Target::Key { spec, terms } => self.foresee(backend, spec, terms),
            hsm::Target::Data { .. } => Ok(()),
        }
    }

    /// Derives in the HSM of the base, which is where the new object lives too.
    pub(crate) fn derive(
        &mut self,
        backend: &str,
        base: hsm::Base<'_>,
        how: &hsm::Deriving<'_>,
        target: &hsm::Target<'_>,
    ) -> Result<Custody> {
        self.foresee_target(backend, target)?;
        let derived = self.backend(backend)?.derive(base, how, target);
        Ok(self.derived(backend, derived.map_err(unfit_to_derive)?))
    }

    /// Decapsulates in the HSM of the private key, which is where the new object lives too.
    pub(crate) fn decapsulate(
        &mut self,
        (backend, key): (&str, &KeyRef),
        ciphertext: &[u8],
        target: &hsm::Target<'_>,
    ) -> Result<Custody> {
        self.foresee_target(backend, target)?;
        let derived = self.backend(backend)?.decapsulate(key, ciphertext, target);
        Ok(self.derived(backend, derived.map_err(unfit_to_derive)?))
    }

    fn derived(&mut self, backend: &str, derived: hsm::Derived) -> Custody {
        match derived {
            hsm::Derived::Key(key) => self.made(backend, key),
            hsm::Derived::Data(sealed) => Custody::Sealed {
                backend: backend.to_owned(),
                sealed: sealed.0,
            },
        }
    }

    fn made(&mut self, backend: &str, key: KeyRef) -> Custody {
        let custody = Custody::Hsm {
            backend: backend.to_owned(),
            key: key.0.clone(),
        };
        self.effects.made(backend, key);
        custody
    }

    /// Random bytes of the vault's HSM.
    pub(crate) fn random(&self, out: &mut [u8]) -> Result<()> {
        let backend = self.vault()?.backend.clone();
        Ok(self.backend(&backend)?.random(out)?)
    }

    /// Seals data under the vault's HSM, bound to its object.
    pub(crate) fn seal(&self, id: &ObjectId, plain: &Secret) -> Result<Custody> {
        let backend = self.vault()?.backend.clone();
        let sealed = self.backend(&backend)?.seal(plain, id.0.as_bytes())?;
        Ok(Custody::Sealed {
            backend,
            sealed: sealed.0,
        })
    }

    /// An object's value in the clear. The caller has checked that it may leave.
    pub(crate) fn value(&self, record: &Record) -> Result<Value> {
        match &record.custody {
            Custody::Hsm { backend, key } => Ok(Value::Key(
                self.backend(backend)?.export(&KeyRef(key.clone()))?,
            )),
            Custody::Sealed { backend, sealed } => {
                let sealed = Sealed(sealed.clone());
                Ok(Value::Bytes(
                    self.backend(backend)?
                        .open(&sealed, record.id.0.as_bytes())?,
                ))
            }
            Custody::Public(bytes) => match (record.object_type, record.spec) {
                (ObjectType::PublicKey, Some(spec)) => Ok(Value::PublicKey {
                    spec,
                    spki: bytes.clone(),
                }),
                _ => Ok(Value::Bytes(Secret::from(&bytes[..]))),
            },
            Custody::Doomed { .. } | Custody::Gone => Err(lifecycle::destroyed()),
            Custody::Unopened { .. } => Err(lifecycle::unopened()),
            Custody::Absent(_) => Err(lifecycle::absent()),
            Custody::Archived => Err(lifecycle::archived()),
        }
    }

    /// Seals an object as it came.
    pub(crate) fn seal_unopened(&self, id: &ObjectId, object: &ManagedObject) -> Result<Custody> {
        match self.seal(id, &whole::encoded(object))? {
            Custody::Sealed { backend, sealed } => Ok(Custody::Unopened { backend, sealed }),
            _ => Err(Error::internal("what was sealed is not")),
        }
    }

    /// The object as it came, if it is kept so. The caller has checked that it may leave.
    pub(crate) fn unopened(&self, record: &Record) -> Result<Option<ManagedObject>> {
        let Custody::Unopened { backend, sealed } = &record.custody else {
            return Ok(None);
        };
        let kept = self
            .backend(backend)?
            .open(&Sealed(sealed.clone()), record.id.0.as_bytes())?;
        whole::decoded(&kept).map(Some)
    }

    /// Breaks an object's value once the item is committed, and says what is left in the record.
    pub(crate) fn doom(&mut self, record: &mut Record) -> Result<()> {
        let before = std::mem::replace(&mut record.custody, Custody::Gone);
        if let Custody::Hsm { backend, key } = before {
            let keeps_keys = self.backend(&backend)?.keeps_keys();
            self.effects
                .broken(record.id.clone(), &backend, KeyRef(key.clone()));
            if keeps_keys {
                record.custody = Custody::Doomed { backend, key };
            }
        }
        Ok(())
    }

    /// Puts a new record in the place of another with its identifier, whose value is broken once the item is committed.
    pub(crate) fn replace(&mut self, mut old: Record, mut new: Record) -> Result<UniqueIdentifier> {
        self.admit(&mut new)?;
        let id = new.id.clone();
        if !old.is_destroyed() {
            let before = std::mem::replace(&mut old.custody, Custody::Gone);
            if let Custody::Hsm { backend, key } = before {
                self.effects.broken(id.clone(), &backend, KeyRef(key));
            }
        }
        // It is another object, and not a change of the one that was.
        self.tx.update(new)?;
        self.set_placeholder(Some(id.clone()));
        Ok(UniqueIdentifier::Text(id.0))
    }

    /// Puts an object's value into the archive, apart from its record. A key that its HSM keeps stays there; one whose
    /// reference is the key itself, sealed, leaves the memory of its HSM as well.
    pub(crate) fn archive(&mut self, record: &mut Record) {
        let custody = std::mem::replace(&mut record.custody, Custody::Archived);
        if let Custody::Hsm { backend, key } = &custody {
            self.effects.put_away(backend, KeyRef(key.clone()));
        }
        self.tx.set_archived(&record.id, Some(custody));
    }

    /// Takes an object's value out of the archive.
    pub(crate) fn recover(&mut self, record: &mut Record) -> Result<()> {
        let custody = self.tx.archived(&record.id)?;
        record.custody = custody
            .ok_or_else(|| Error::internal("the value of an archived object is not there"))?;
        self.tx.set_archived(&record.id, None);
        Ok(())
    }

    /// Takes an exportable key back into its HSM as one that never leaves.
    pub(crate) fn lock(&mut self, record: &mut Record, terms: &hsm::Terms) -> Result<()> {
        let Custody::Hsm { backend, key } = &record.custody else {
            return Ok(());
        };
        let (backend, old) = (backend.clone(), KeyRef(key.clone()));
        let material = self.backend(&backend)?.export(&old)?;
        self.foresee(&backend, material.spec(), terms)?;
        let key = self.backend(&backend)?.import(&material, terms)?;
        self.effects.broken(record.id.clone(), &backend, old);
        record.custody = self.made(&backend, key);
        Ok(())
    }
}

/// What does not fit a derivation is the request's fault, and no failure of cryptography.
fn unfit_to_derive(error: hsm::Error) -> Error {
    match error {
        hsm::Error::BadInput(_) => Error::new(
            Fault::InvalidField,
            "the derivation does not give so many bytes, or its parameters do not fit it",
        )
        .because(error),
        other => other.into(),
    }
}

/// What is wrong with a key that came wrapped. Whoever wrapped it may know: it is his own, and what another wrapped and
/// somebody changed is refused before anything of it is looked at.
fn unfit_to_unwrap(error: hsm::Error, hash: Hash) -> Error {
    let why = match &error {
        hsm::Error::Failed(_) => format!(
            "the key does not unwrap: it was changed, wrapped for another transport key, wrapped with another hash \
             function than {}, or is of another kind",
            hash.name()
        ),
        hsm::Error::BadInput(what) => format!("the wrapped key is not of the form: {what}"),
        hsm::Error::BadKey(what) => format!("the wrapped key is not valid: {what}"),
        hsm::Error::Unsupported => "the HSM takes over no wrapped keys of this kind".to_owned(),
        _ => return error.into(),
    };
    let fault = match &error {
        hsm::Error::Unsupported => Fault::UnsupportedParameters,
        _ => Fault::CryptoFailed,
    };
    Error::new(fault, why).because(error)
}

/// Deletes a destroyed key from its HSM and notes that nothing is owed any more. What fails stays owed.
pub(crate) fn pay(service: &Service, object: &ObjectId, backend: &str, key: &KeyRef) {
    let Some(hsm) = service.backends.get(backend) else {
        tracing::error!(backend, %object, "the backend of a destroyed key is not configured; its deletion is owed");
        return;
    };
    if let Err(error) = hsm.destroy(key) {
        tracing::warn!(backend, %object, %error, "the deletion of a destroyed key is owed");
        return;
    }
    if hsm.keeps_keys()
        && let Err(error) = settle(service, object)
    {
        tracing::warn!(%object, %error, "a destroyed key is deleted, but still noted as owed");
    }
}

/// Lets an HSM whose references are the keys forget one that it holds ready.
pub(crate) fn forget(service: &Service, backend: &str, key: &KeyRef) {
    let Some(hsm) = service.backends.get(backend) else {
        return;
    };
    if !hsm.keeps_keys()
        && let Err(error) = hsm.destroy(key)
    {
        tracing::warn!(backend, %error, "an archived key stays in the memory of its HSM");
    }
}

fn settle(service: &Service, object: &ObjectId) -> store::Result<()> {
    let mut tx = service.store.begin();
    if let Some(record) = tx.record(object)?
        && matches!(record.custody, Custody::Doomed { .. })
    {
        tx.update(Record {
            custody: Custody::Gone,
            ..(*record).clone()
        })?;
        tx.commit()?;
    }
    Ok(())
}
