//! Keys that others made in a vault's HSM become objects of the vault: told, tested and registered where they are.

use std::sync::Arc;

use hsm::{ForeignKey, Hsm, public};
use kmip::{
    attribute::Attributes,
    mechanism::{Hash, KeySpec},
};
use store::{ObjectId, Record, Vault};

use super::{facts, newcomer::Newcomer};
use crate::{
    admin::{
        Admin, Deed, Execute, invalid,
        protocol::{Foreign, ForeignFacts, KeyAdopt, KeyFacts, KeyForeign},
    },
    error::{Error, Result},
    fault::Fault,
    marks,
    service::Service,
};

impl Execute for KeyForeign {
    fn prepare(self, admin: &Admin, _: u32) -> Result<Deed<'_, Vec<ForeignFacts>>> {
        let vault = admin.vault(&self.vault)?;
        Ok(Deed::on(&self.vault, &self.vault, move || {
            let candidates = admin.candidates(&vault)?;
            Ok(candidates.iter().map(Candidate::facts).collect())
        }))
    }
}

impl Execute for KeyAdopt {
    fn prepare(self, admin: &Admin, uid: u32) -> Result<Deed<'_, Vec<KeyFacts>>> {
        let vault = admin.vault(&self.vault)?;
        let chosen = self.choose(admin.candidates(&vault)?)?;
        let whose: Vec<_> = chosen.iter().map(Candidate::hex).collect();
        let on = self.vault.clone();
        let mut deed = Deed::on(&on, &on, move || {
            // The vault takes all of them before the first is touched.
            let records = |own| admin.records(&vault, uid, own, &self);
            let all: Vec<_> = chosen.iter().map(records).collect::<Result<_>>()?;
            let mut adopted = Vec::new();
            for (candidate, records) in chosen.iter().zip(&all) {
                adopted.extend(admin.adopt(&vault, candidate, &self, records)?);
            }
            Ok(adopted)
        });
        deed.note = Some(format!("CKA_ID {}", whose.join(", ")));
        Ok(deed)
    }
}

impl KeyAdopt {
    /// The keys meant, each of which may be adopted.
    fn choose(&self, all: Vec<Candidate>) -> Result<Vec<Candidate>> {
        let is_meant = |own: &Candidate| match &self.which {
            Foreign::Label(label) => own.found.label == *label,
            Foreign::Id(id) => own.hex().eq_ignore_ascii_case(id),
            Foreign::All => own.trouble().is_none(),
        };
        let chosen: Vec<_> = all.into_iter().filter(is_meant).collect();
        if chosen.is_empty() {
            return Err(Error::new(
                Fault::NoSuchObject,
                "the HSM has no such key to adopt; `keyhold key adopt --list` tells them",
            ));
        }
        if let Some(why) = chosen.iter().find_map(Candidate::trouble) {
            return Err(invalid(why));
        }
        if self.name.is_some() && chosen.len() > 1 {
            return Err(invalid("several keys are meant, and one name is given"));
        }
        Ok(chosen)
    }
}

/// A key that is not Keyhold's, and what it would be here.
struct Candidate {
    found: ForeignKey,
    /// The identifier that it has in the store, or would have: of what the HSM knows it by, so that none is adopted twice.
    object: ObjectId,
    is_here: bool,
}

impl Candidate {
    fn hex(&self) -> String {
        hex::encode(&self.found.id)
    }

    /// Why it cannot be adopted.
    fn trouble(&self) -> Option<String> {
        if self.is_here {
            return Some(format!("it was adopted already, as {}", self.object));
        }
        self.found.trouble.clone()
    }

    /// Its name in the vault.
    fn name(&self, asked: &KeyAdopt) -> String {
        let label = &self.found.label;
        let usual = if label.is_empty() {
            self.hex()
        } else {
            label.clone()
        };
        asked.name.clone().unwrap_or(usual)
    }

    fn facts(&self) -> ForeignFacts {
        let found = &self.found;
        ForeignFacts {
            id: self.hex(),
            label: found.label.clone(),
            kind: found
                .spec
                .as_ref()
                .map(KeySpec::to_string)
                .unwrap_or_default(),
            usage: facts::usage(found.usage),
            is_locked: found.is_locked,
            was_always_sensitive: found.was_always_sensitive,
            was_never_extractable: found.was_never_extractable,
            trouble: self.trouble(),
        }
    }
}

impl Admin {
    pub(super) fn hsm_of(&self, vault: &Vault) -> Result<&Arc<dyn Hsm>> {
        let hsm = self.parts.service.backends.get(&vault.backend);
        hsm.ok_or_else(|| Error::internal("the vault's HSM is not configured"))
    }

    /// The keys of a vault's HSM that Keyhold did not make.
    fn candidates(&self, vault: &Vault) -> Result<Vec<Candidate>> {
        let store = &self.parts.service.store;
        let mut all = Vec::new();
        for found in self.hsm_of(vault)?.foreign_keys()? {
            // Keyhold gives its keys the identifiers of their objects.
            let own = std::str::from_utf8(&found.id).map(|id| ObjectId(id.to_owned()));
            if let Ok(own) = own
                && store.record(&own)?.is_some()
            {
                continue;
            }
            let object = adopted(&self.parts.service, &vault.backend, &found)?;
            let is_here = store.record(&object)?.is_some();
            all.push(Candidate {
                found,
                object,
                is_here,
            });
        }
        Ok(all)
    }

    /// What a key would be in the vault, if that takes it.
    fn records(
        &self,
        vault: &Vault,
        uid: u32,
        candidate: &Candidate,
        asked: &KeyAdopt,
    ) -> Result<Vec<Record>> {
        let found = &candidate.found;
        let (Some(spec), Some(key)) = (found.spec, &found.key) else {
            return Err(invalid("the key cannot be adopted"));
        };
        let public = match &found.public {
            Some(spki) => Some((identifier(&vault.backend, spki)?, spki.as_slice())),
            None => None,
        };
        let newcomer = Newcomer {
            vault,
            uid,
            now: self.parts.clock.now(),
            name: &candidate.name(asked),
            spec,
            usage: found.usage,
            is_active: asked.active,
            key,
            in_hardware: self.hsm_of(vault)?.keeps_keys(),
            id: &candidate.object,
            public,
        };
        let mut records = newcomer.records(|own| {
            protect(own, found);
            if found.is_generic {
                marks::say_generic(own)?;
            }
            Ok(())
        })?;
        for record in &mut records {
            // Somebody else has had it.
            record.attributes.fresh = Some(false);
        }
        Ok(records)
    }

    /// Tests a key and registers it.
    fn adopt(
        &self,
        vault: &Vault,
        candidate: &Candidate,
        asked: &KeyAdopt,
        records: &[Record],
    ) -> Result<Vec<KeyFacts>> {
        let found = &candidate.found;
        let key = found.key.as_ref();
        let key = key.ok_or_else(|| invalid("the key cannot be adopted"))?;
        let name = candidate.name(asked);
        let label = asked.relabel.then_some(name.as_str());
        let tested = self.hsm_of(vault)?.adopt(key, found.usage, label);
        tested.map_err(|error| match error {
            hsm::Error::BadKey(why) => {
                invalid(format!("{} cannot be adopted: {why}", candidate.hex()))
            }
            other => other.into(),
        })?;
        let mut tx = self.parts.service.store.begin();
        for record in records {
            tx.insert(record.clone())?;
        }
        tx.commit()?;
        self.tell_new(records);
        Ok(records
            .iter()
            .map(|record| facts::facts(&record.attributes))
            .collect())
    }
}

/// It leaves by Keyhold never; whether it has left before is as the HSM says.
fn protect(attributes: &mut Attributes, found: &ForeignKey) {
    attributes.sensitive = Some(true);
    attributes.extractable = Some(false);
    attributes.always_sensitive = Some(found.was_always_sensitive);
    attributes.never_extractable = Some(found.was_never_extractable);
}

/// The identifier that an HSM's key has in the store once it is adopted: of what the HSM knows it by, so that none is adopted
/// twice. The reference of a group's key changes with its members, its CKA_ID does not.
pub(in crate::admin) fn adopted(
    service: &Service,
    backend: &str,
    found: &ForeignKey,
) -> Result<ObjectId> {
    if service.groups.contains_key(backend) {
        let kind = found.spec.as_ref().map(KeySpec::to_string);
        let known = [kind.unwrap_or_default().as_bytes(), b"\0", &found.id].concat();
        return identifier(backend, &known);
    }
    let key = found.key.as_ref();
    identifier(backend, key.map(|key| key.0.as_slice()).unwrap_or_default())
}

/// An identifier of something that an HSM has.
fn identifier(backend: &str, known: &[u8]) -> Result<ObjectId> {
    let named = [b"adopted", backend.as_bytes(), b"\0", known].concat();
    let digest = public::hash(Hash::Sha256, &named)?;
    let bytes = digest.first_chunk().copied().unwrap_or_default();
    let id = uuid::Builder::from_custom_bytes(bytes).into_uuid();
    Ok(ObjectId(id.to_string()))
}
