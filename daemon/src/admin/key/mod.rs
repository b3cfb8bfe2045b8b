//! Keys: made, told, activated, revoked, destroyed and given by the KMIP messages that any client would send.

mod adopt;
mod exchange;
mod facts;
mod import;
mod newcomer;
mod put;
mod usage;

use kmip::{
    CryptographicUsageMask as Usage, ObjectType, RevocationReasonCode, StorageStatusMask, V2_1,
    attribute::{AttributeList, Attributes, Name, RevocationReason},
    mechanism::{KeySpec, KeySpecUnknown},
    payload::{
        activate::{Activate, ActivateRequest},
        create::{Create, CreateKeyPair, CreateKeyPairRequest, CreateRequest},
        destroy::{Destroy, DestroyRequest},
        locate::{Locate, LocateRequest},
        revoke::{Revoke, RevokeRequest},
    },
    ttlv::Timestamp,
};

pub(super) use self::adopt::adopted;
use self::{
    exchange::Exchange,
    usage::{PRIVATE, usage},
};
use super::{
    Admin, Deed, Execute, invalid,
    protocol::{
        Class, KeyActivate, KeyCreate, KeyDestroy, KeyDetails, KeyFacts, KeyList, KeyPage,
        KeyRevoke, KeyShow,
    },
};
use crate::{error::Result, template};

impl Execute for KeyCreate {
    fn prepare(self, admin: &Admin, uid: u32) -> Result<Deed<'_, Vec<KeyFacts>>> {
        let vault = Exchange::new(admin, uid, &self.vault)?;
        let spec: KeySpec = self
            .spec
            .parse()
            .map_err(|error: KeySpecUnknown| invalid(error.to_string()))?;
        let usage = usage(spec, &self.usage)?;
        let now = admin.parts.clock.now();
        Ok(vault.deed(move |vault| {
            let ids = if spec.is_asymmetric() {
                let request = self.pair(spec, usage, now);
                let made = vault.call::<CreateKeyPair>(&request)?;
                vec![
                    made.private_key_unique_identifier,
                    made.public_key_unique_identifier,
                ]
            } else {
                let request = CreateRequest {
                    object_type: ObjectType::SymmetricKey,
                    attributes: self.attributes(spec, usage, &self.name, now),
                    protection_storage_masks: None,
                };
                vec![vault.call::<Create>(&request)?.unique_identifier]
            };
            vault.facts(&ids)
        }))
    }
}

impl KeyCreate {
    /// The attributes of a secret or private key.
    fn attributes(&self, spec: KeySpec, usage: Usage, name: &str, now: Timestamp) -> AttributeList {
        let mut list = described(spec, usage, name);
        if let Some(class) = self.class {
            list.sensitive = Some(class == Class::Locked);
            list.extractable = Some(class == Class::Releasable);
        }
        list.activation_date = self.active.then_some(now);
        list.each(V2_1)
    }

    /// A key pair, whose public half has a name of its own: a vault's names are unique.
    fn pair(&self, spec: KeySpec, usage: Usage, now: Timestamp) -> CreateKeyPairRequest {
        let of = |bits: u32| Usage(usage.0 & bits);
        let mut public = described(spec, of(!PRIVATE.0), &format!("{}.public", self.name));
        public.activation_date = self.active.then_some(now);
        CreateKeyPairRequest {
            common_attributes: AttributeList::default(),
            private_key_attributes: self.attributes(spec, of(PRIVATE.0), &self.name, now),
            public_key_attributes: public.each(V2_1),
            common_protection_storage_masks: None,
            private_protection_storage_masks: None,
            public_protection_storage_masks: None,
        }
    }
}

impl Execute for KeyList {
    fn prepare(self, admin: &Admin, uid: u32) -> Result<Deed<'_, KeyPage>> {
        let vault = Exchange::new(admin, uid, &self.vault)?;
        let unsigned =
            |value: u32| i32::try_from(value).map_err(|_| invalid("the page is too far"));
        let (limit, offset) = (unsigned(self.limit)?, unsigned(self.offset)?);
        if !(1..=PAGE_MAX).contains(&limit) {
            return Err(invalid(format!("a page has 1 to {PAGE_MAX} keys")));
        }
        let mask = StorageStatusMask::OnLineStorage | StorageStatusMask::ArchivalStorage;
        let mask = if self.destroyed {
            mask | StorageStatusMask::DestroyedStorage
        } else {
            mask
        };
        Ok(vault.deed(move |vault| {
            let located = vault.call::<Locate>(&LocateRequest {
                maximum_items: Some(limit),
                offset_items: Some(offset),
                storage_status_mask: Some(mask),
                ..LocateRequest::default()
            })?;
            let total = located
                .located_items
                .and_then(|total| u64::try_from(total).ok());
            Ok(KeyPage {
                total: total.unwrap_or_default(),
                keys: vault.facts(&located.unique_identifier)?,
            })
        }))
    }
}

impl Execute for KeyShow {
    fn prepare(self, admin: &Admin, uid: u32) -> Result<Deed<'_, KeyDetails>> {
        let vault = Exchange::new(admin, uid, &self.vault)?;
        Ok(vault.deed(move |vault| {
            let id = vault.find(&self.key)?;
            let list = vault.attributes(&[id])?.pop().unwrap_or_default();
            Ok(facts::details(&list))
        }))
    }
}

impl Execute for KeyActivate {
    fn prepare(self, admin: &Admin, uid: u32) -> Result<Deed<'_, KeyFacts>> {
        let vault = Exchange::new(admin, uid, &self.vault)?;
        Ok(vault.deed(move |vault| {
            let id = vault.find(&self.key)?;
            vault.call::<Activate>(&ActivateRequest {
                unique_identifier: Some(id.clone()),
            })?;
            vault.fact(id)
        }))
    }
}

impl Execute for KeyRevoke {
    fn prepare(self, admin: &Admin, uid: u32) -> Result<Deed<'_, KeyFacts>> {
        let vault = Exchange::new(admin, uid, &self.vault)?;
        let code = RevocationReasonCode::ALL
            .iter()
            .copied()
            .find(|code| code.name().map(facts::kebab).as_deref() == Some(&self.reason))
            .ok_or_else(|| {
                let known = RevocationReasonCode::ALL.iter();
                let known: Vec<_> = known
                    .filter_map(|code| code.name().map(facts::kebab))
                    .collect();
                invalid(format!(
                    "there is no reason {:?}; there is: {}",
                    self.reason,
                    known.join(", ")
                ))
            })?;
        let is_compromise = matches!(
            code,
            RevocationReasonCode::KeyCompromise | RevocationReasonCode::CACompromise
        );
        let now = admin.parts.clock.now();
        Ok(vault.deed(move |vault| {
            let id = vault.find(&self.key)?;
            vault.call::<Revoke>(&RevokeRequest {
                unique_identifier: Some(id.clone()),
                revocation_reason: Some(RevocationReason {
                    revocation_reason_code: code,
                    revocation_message: self.message,
                }),
                // KMIP 2.1 §6.1.48: given with a compromise, and with nothing else.
                compromise_occurrence_date: is_compromise.then_some(now),
            })?;
            vault.fact(id)
        }))
    }
}

impl Execute for KeyDestroy {
    fn prepare(self, admin: &Admin, uid: u32) -> Result<Deed<'_, KeyFacts>> {
        let vault = Exchange::new(admin, uid, &self.vault)?;
        Ok(vault.deed(move |vault| {
            let id = vault.find(&self.key)?;
            vault.call::<Destroy>(&DestroyRequest {
                unique_identifier: Some(id.clone()),
            })?;
            vault.fact(id)
        }))
    }
}

/// The attributes that describe a key.
fn described(spec: KeySpec, usage: Usage, name: &str) -> Attributes {
    let mut attributes = Attributes::default();
    template::describe(&mut attributes, spec);
    attributes.name.push(Name::text(name));
    attributes.cryptographic_usage_mask = Some(usage);
    attributes
}

/// The most keys of a page.
const PAGE_MAX: i32 = 1_000;
