//! Objects of keys that are in a vault's HSM before they are in its store.

use hsm::KeyRef;
use kmip::{
    CryptographicUsageMask as Usage, KeyFormatType, LinkType, ObjectType, ProtectionStorageMask,
    State,
    attribute::{Attribute, Attributes, Link, Name, UniqueIdentifier},
    mechanism::KeySpec,
    ttlv::Timestamp,
};
use store::{Custody, ObjectId, Record, Vault};

use super::usage::{PRIVATE, completed};
use crate::{admin::Admin, error::Result, halves, material, profile, rules, template};

/// A key that becomes an object, and its public half that becomes another.
pub(super) struct Newcomer<'a> {
    pub(super) vault: &'a Vault,
    /// The administrator.
    pub(super) uid: u32,
    pub(super) now: Timestamp,
    /// Its name in the vault; a public half gets the ending `.public`.
    pub(super) name: &'a str,
    pub(super) spec: KeySpec,
    pub(super) usage: Usage,
    pub(super) is_active: bool,
    pub(super) key: &'a KeyRef,
    /// Whether its HSM keeps it itself.
    pub(super) in_hardware: bool,
    pub(super) id: &'a ObjectId,
    /// The public half of a pair, DER SubjectPublicKeyInfo, and the identifier of its object.
    pub(super) public: Option<(ObjectId, &'a [u8])>,
}

impl Admin {
    /// Puts new objects to those who listen for them.
    pub(super) fn tell_new(&self, records: &[Record]) {
        let all = records.iter();
        let all: Vec<_> = all.map(|own| (own.vault.clone(), own.id.clone())).collect();
        self.parts.service.tell(Vec::new(), &all);
    }
}

impl Newcomer<'_> {
    /// The key as an object, and its public half as another, if the vault takes them.
    pub(super) fn records(
        &self,
        say: impl FnOnce(&mut Attributes) -> Result<()>,
    ) -> Result<Vec<Record>> {
        profile::check_new_key(self.vault, self.spec, self.usage)?;
        let custody = Custody::Hsm {
            backend: self.vault.backend.clone(),
            key: self.key.0.clone(),
        };
        let mut all = Vec::new();
        if let Some((public_id, spki)) = &self.public {
            let usage = completed(self.usage);
            let of = |bits: u32| Usage(usage.0 & bits);
            let kind = ObjectType::PrivateKey;
            let mut private = self.half(self.id, kind, of(PRIVATE.0), self.name, custody);
            link(&mut private.attributes, LinkType::PublicKeyLink, public_id)?;
            halves::note(&mut private.attributes, self.spec, spki)?;
            all.push(private);
            let (kind, name) = (ObjectType::PublicKey, format!("{}.public", self.name));
            let custody = Custody::Public(spki.to_vec());
            let mut public = self.half(public_id, kind, of(!PRIVATE.0), &name, custody);
            template::decide_public(&mut public.attributes);
            link(&mut public.attributes, LinkType::PrivateKeyLink, self.id)?;
            let digest = template::digest(spki, Some(KeyFormatType::X509))?;
            public.attributes.digest.push(digest);
            halves::note_public(&mut public)?;
            all.push(public);
        } else {
            let kind = ObjectType::SymmetricKey;
            all.push(self.half(self.id, kind, self.usage, self.name, custody));
        }
        if let Some(own) = all.first_mut() {
            if self.in_hardware {
                own.attributes.protection_storage_mask = Some(ProtectionStorageMask::Hardware);
            }
            say(&mut own.attributes)?;
        }
        for record in &all {
            rules::meets(self.vault, record, self.now)?;
        }
        Ok(all)
    }

    fn half(
        &self,
        id: &ObjectId,
        object_type: ObjectType,
        usage: Usage,
        name: &str,
        custody: Custody,
    ) -> Record {
        let mut attributes = Attributes::default();
        template::describe(&mut attributes, self.spec);
        template::complete(&mut attributes, id, object_type, self.now);
        attributes.key_format_type = Some(material::default_format(self.spec, object_type));
        attributes.name.push(Name::text(name));
        attributes.cryptographic_usage_mask = Some(usage);
        if self.is_active {
            attributes.activation_date = Some(self.now);
            attributes.state = Some(State::Active);
        }
        Record {
            id: id.clone(),
            vault: self.vault.name.clone(),
            owner: format!("administrator uid:{}", self.uid),
            object_type,
            spec: Some(self.spec),
            attributes,
            custody,
            revision: 0,
        }
    }
}

fn link(attributes: &mut Attributes, link_type: LinkType, to: &ObjectId) -> Result<()> {
    let link = Link {
        link_type,
        linked_object_identifier: UniqueIdentifier::Text(to.0.clone()),
    };
    attributes.add(Attribute::Link(link))?;
    Ok(())
}
