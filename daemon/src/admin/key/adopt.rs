//! Keys that others made in a vault's HSM become objects of the vault: told, tested and registered where they are.

use std::sync::Arc;

use hsm::{ForeignKey, Hsm, KeyRef, public};
use kmip::{
    CryptographicUsageMask as Usage, LinkType, ObjectType, State,
    attribute::{Attribute, Attributes, Link, Name, UniqueIdentifier},
    mechanism::{Hash, KeySpec},
};
use store::{Custody, ObjectId, Record, Vault};

use super::{
    facts,
    usage::{PRIVATE, completed},
};
use crate::{
    admin::{
        Admin, Deed, Execute, invalid,
        protocol::{Foreign, ForeignFacts, KeyAdopt, KeyFacts, KeyForeign},
    },
    error::{Error, Result},
    fault::Fault,
    material, profile, template,
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
            let mut adopted = Vec::new();
            for candidate in &chosen {
                adopted.extend(admin.adopt(&vault, uid, candidate, &self)?);
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
    fn hsm_of(&self, vault: &Vault) -> Result<&Arc<dyn Hsm>> {
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
            let object = identifier(&vault.backend, found.key.as_ref())?;
            let is_here = store.record(&object)?.is_some();
            all.push(Candidate {
                found,
                object,
                is_here,
            });
        }
        Ok(all)
    }

    /// Tests a key and registers it.
    fn adopt(
        &self,
        vault: &Vault,
        uid: u32,
        candidate: &Candidate,
        asked: &KeyAdopt,
    ) -> Result<Vec<KeyFacts>> {
        let found = &candidate.found;
        let (Some(spec), Some(key)) = (found.spec, &found.key) else {
            return Err(invalid("the key cannot be adopted"));
        };
        profile::check_new_key(vault, spec, found.usage)?;
        let usual = if found.label.is_empty() {
            candidate.hex()
        } else {
            found.label.clone()
        };
        let name = asked.name.clone().unwrap_or(usual);
        let label = asked.relabel.then_some(name.as_str());
        self.hsm_of(vault)?.adopt(key, found.usage, label)?;
        let records = self.records(vault, uid, candidate, (spec, key), (&name, asked.active))?;
        let mut tx = self.parts.service.store.begin();
        for record in &records {
            tx.insert(record.clone())?;
        }
        tx.commit()?;
        Ok(records
            .iter()
            .map(|record| facts::facts(&record.attributes))
            .collect())
    }

    /// The key as an object, and its public half as another.
    fn records(
        &self,
        vault: &Vault,
        uid: u32,
        candidate: &Candidate,
        (spec, key): (KeySpec, &KeyRef),
        (name, is_active): (&str, bool),
    ) -> Result<Vec<Record>> {
        let found = &candidate.found;
        let half = |id: &ObjectId, object_type, usage: Usage, name: &str, custody| {
            let now = self.parts.clock.now();
            let mut attributes = Attributes::default();
            template::describe(&mut attributes, spec);
            template::complete(&mut attributes, id, object_type, now);
            attributes.key_format_type = Some(material::default_format(spec, object_type));
            attributes.name.push(Name::text(name));
            attributes.cryptographic_usage_mask = Some(usage);
            // Somebody else has had it.
            attributes.fresh = Some(false);
            if is_active {
                attributes.activation_date = Some(now);
                attributes.state = Some(State::Active);
            }
            Record {
                id: id.clone(),
                vault: vault.name.clone(),
                owner: format!("administrator uid:{uid}"),
                object_type,
                spec: Some(spec),
                attributes,
                custody,
                revision: 0,
            }
        };
        let custody = Custody::Hsm {
            backend: vault.backend.clone(),
            key: key.0.clone(),
        };
        let Some(spki) = &found.public else {
            let id = &candidate.object;
            let mut secret = half(id, ObjectType::SymmetricKey, found.usage, name, custody);
            protect(&mut secret.attributes, found);
            return Ok(vec![secret]);
        };
        let usage = completed(found.usage);
        let of = |bits: u32| Usage(usage.0 & bits);
        let public_id = identifier(&vault.backend, Some(&KeyRef(spki.clone())))?;
        let (id, public_name) = (&candidate.object, format!("{name}.public"));
        let kind = ObjectType::PrivateKey;
        let mut private = half(id, kind, of(PRIVATE.0), name, custody);
        protect(&mut private.attributes, found);
        link(&mut private.attributes, LinkType::PublicKeyLink, &public_id)?;
        let (kind, custody) = (ObjectType::PublicKey, Custody::Public(spki.clone()));
        let mut public = half(&public_id, kind, of(!PRIVATE.0), &public_name, custody);
        template::decide_public(&mut public.attributes);
        link(&mut public.attributes, LinkType::PrivateKeyLink, id)?;
        Ok(vec![private, public])
    }
}

/// It leaves by Keyhold never; whether it has left before is as the HSM says.
fn protect(attributes: &mut Attributes, found: &ForeignKey) {
    attributes.sensitive = Some(true);
    attributes.extractable = Some(false);
    attributes.always_sensitive = Some(found.was_always_sensitive);
    attributes.never_extractable = Some(found.was_never_extractable);
}

fn link(attributes: &mut Attributes, link_type: LinkType, to: &ObjectId) -> Result<()> {
    let link = Link {
        link_type,
        linked_object_identifier: UniqueIdentifier::Text(to.0.clone()),
    };
    attributes.add(Attribute::Link(link))?;
    Ok(())
}

/// An identifier of what an HSM knows a key by.
fn identifier(backend: &str, key: Option<&KeyRef>) -> Result<ObjectId> {
    let key = key.map(|key| key.0.as_slice()).unwrap_or_default();
    let named = [b"adopted", backend.as_bytes(), b"\0", key].concat();
    let digest = public::hash(Hash::Sha256, &named)?;
    let bytes = digest.first_chunk().copied().unwrap_or_default();
    let id = uuid::Builder::from_custom_bytes(bytes).into_uuid();
    Ok(ObjectId(id.to_string()))
}
