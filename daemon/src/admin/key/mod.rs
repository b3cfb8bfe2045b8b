//! Keys: made, told, activated, revoked and destroyed by the KMIP messages that any client would send.

mod facts;

use kmip::{
    CryptographicUsageMask as Usage, ObjectType, RevocationReasonCode, StorageStatusMask, V2_1,
    attribute::{Attribute, AttributeList, Attributes, Name, RevocationReason, UniqueIdentifier},
    client::{CallError, incoming, outgoing},
    mechanism::KeySpec,
    message::{OutgoingItem, RequestHeader, Response, ResponseItem, write_request},
    payload::{
        Operation,
        activate::{Activate, ActivateRequest},
        create::{Create, CreateKeyPair, CreateKeyPairRequest, CreateRequest},
        destroy::{Destroy, DestroyRequest},
        get_attributes::{GetAttributes, GetAttributesRequest},
        locate::{Locate, LocateRequest},
        revoke::{Revoke, RevokeRequest},
    },
    ttlv::Timestamp,
};

use super::{
    Admin, Deed, Execute, invalid,
    protocol::{
        Class, KeyActivate, KeyCreate, KeyDestroy, KeyDetails, KeyFacts, KeyList, KeyPage,
        KeyRevoke, KeyShow,
    },
};
use crate::{
    error::{Error, Result},
    fault::Fault,
    identity::{Caller, Peer},
    template,
};

impl Execute for KeyCreate {
    fn prepare(self, admin: &Admin, uid: u32) -> Result<Deed<'_, Vec<KeyFacts>>> {
        let vault = Exchange::new(admin, uid, &self.vault)?;
        let spec: KeySpec = self
            .spec
            .parse()
            .map_err(|error: kmip::mechanism::KeySpecUnknown| invalid(error.to_string()))?;
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
            facts::details(list)
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
                revocation_reason: RevocationReason {
                    revocation_reason_code: code,
                    revocation_message: self.message,
                },
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

/// Messages of an administrator in one vault.
struct Exchange<'a> {
    admin: &'a Admin,
    caller: Caller,
}

impl<'a> Exchange<'a> {
    fn new(admin: &'a Admin, uid: u32, vault: &str) -> Result<Self> {
        let vault = admin.vault(vault)?.name.clone();
        Ok(Self {
            admin,
            caller: Caller::new(Peer::Administrator { uid, vault }),
        })
    }

    /// What is done by messages, which the service records.
    fn deed<R>(mut self, act: impl FnOnce(&mut Self) -> Result<R> + 'a) -> Deed<'a, R> {
        Deed {
            is_service_recorded: true,
            ..Deed::new(move || act(&mut self))
        }
    }

    /// Calls one operation.
    fn call<O: Operation>(&mut self, request: &O::Request) -> Result<O::Response> {
        let items = self.send(&[outgoing::<O>(request, V2_1)])?;
        let item = items.first().ok_or_else(silent)?;
        incoming::<O>(item, V2_1).map_err(|error| failed(item, error))
    }

    fn send(&mut self, items: &[OutgoingItem]) -> Result<Vec<ResponseItem>> {
        let header = RequestHeader {
            protocol_version: V2_1.into(),
            maximum_response_size: None,
            client_correlation_value: None,
            server_correlation_value: None,
            asynchronous_indicator: None,
            attestation_capable_indicator: None,
            attestation_type: Vec::new(),
            authentication: None,
            batch_error_continuation_option: None,
            batch_order_option: (items.len() > 1).then_some(true),
            time_stamp: None,
            batch_count: i32::try_from(items.len()).unwrap_or(i32::MAX),
        };
        let message = write_request(&header, items, V2_1);
        let service = &self.admin.parts.service;
        let reply = service.respond(&mut self.caller, message.bytes());
        Ok(Response::read(&reply).map_err(Error::internal)?.items)
    }

    /// The identifier of the object with this identifier or name.
    fn find(&mut self, key: &str) -> Result<UniqueIdentifier> {
        if uuid::Uuid::parse_str(key).is_ok() {
            return Ok(key.into());
        }
        let name: AttributeList = [Attribute::Name(Name::text(key))].into_iter().collect();
        let located = self.call::<Locate>(&LocateRequest {
            attributes: name,
            ..LocateRequest::default()
        })?;
        match <[UniqueIdentifier; 1]>::try_from(located.unique_identifier) {
            Ok([id]) => Ok(id),
            Err(_) => Err(Error::new(
                Fault::NoSuchObject,
                format!("the vault has no key {key:?}; `keyhold key list` tells them"),
            )),
        }
    }

    /// The attributes of objects, in their order. One that vanished meanwhile is left out.
    fn attributes(&mut self, ids: &[UniqueIdentifier]) -> Result<Vec<Attributes>> {
        let mut all = Vec::with_capacity(ids.len());
        for id in ids {
            let request = GetAttributesRequest {
                unique_identifier: Some(id.clone()),
                attribute_reference: Vec::new(),
            };
            let items = self.send(&[outgoing::<GetAttributes>(&request, V2_1)])?;
            let item = items.first().ok_or_else(silent)?;
            match incoming::<GetAttributes>(item, V2_1) {
                Ok(response) => all.push(facts::collect(response.attributes)),
                Err(_) if ids.len() > 1 => {}
                Err(error) => return Err(failed(item, error)),
            }
        }
        Ok(all)
    }

    fn facts(&mut self, ids: &[UniqueIdentifier]) -> Result<Vec<KeyFacts>> {
        Ok(self.attributes(ids)?.iter().map(facts::facts).collect())
    }

    fn fact(&mut self, id: UniqueIdentifier) -> Result<KeyFacts> {
        self.facts(&[id])?.pop().ok_or_else(silent)
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

/// What a key is for, from words such as `wrap-key`. Of a pair, whatever one half does the other undoes.
fn usage(spec: KeySpec, words: &[String]) -> Result<Usage> {
    let mut usage = Usage(0);
    for word in words {
        let bit = Usage::ALL
            .iter()
            .find(|(_, _, full, _)| facts::kebab(full) == *word)
            .map(|(bit, ..)| *bit)
            .ok_or_else(|| {
                let known: Vec<_> = Usage::ALL
                    .iter()
                    .map(|(_, _, full, _)| facts::kebab(full))
                    .collect();
                invalid(format!(
                    "there is no usage {word:?}; there is: {}",
                    known.join(", ")
                ))
            })?;
        usage = usage | bit;
    }
    if words.is_empty() {
        usage = match spec {
            KeySpec::Aes { .. } => {
                Usage::Encrypt | Usage::Decrypt | Usage::WrapKey | Usage::UnwrapKey
            }
            KeySpec::Hmac { .. } => Usage::MACGenerate | Usage::MACVerify,
            KeySpec::Rsa { .. } | KeySpec::Ec(_) => Usage::Sign | Usage::Verify,
        };
    }
    Ok(if spec.is_asymmetric() {
        completed(usage)
    } else {
        usage
    })
}

/// The usage of a pair with what the other half does to match.
fn completed(mut usage: Usage) -> Usage {
    for (private, public) in HALVES {
        if usage.contains(*private) {
            usage = usage | *public;
        }
    }
    for (private, public) in HALVES {
        let is_matched = HALVES
            .iter()
            .any(|(own, other)| other == public && usage.contains(*own));
        if usage.contains(*public) && !is_matched {
            usage = usage | *private;
        }
    }
    usage
}

/// What the private half of a pair does, and what the public half does to match.
const HALVES: &[(Usage, Usage)] = &[
    (Usage::Sign, Usage::Verify),
    (Usage::Decrypt, Usage::Encrypt),
    (Usage::UnwrapKey, Usage::WrapKey),
    (Usage::CertificateSign, Usage::Verify),
    (Usage::CRLSign, Usage::Verify),
];

/// What only a private half does.
const PRIVATE: Usage = Usage(
    Usage::Sign.0
        | Usage::Decrypt.0
        | Usage::UnwrapKey.0
        | Usage::CertificateSign.0
        | Usage::CRLSign.0
        | Usage::KeyAgreement.0
        | Usage::DeriveKey.0
        | Usage::ContentCommitmentNonRepudiation.0,
);

/// The most keys of a page.
const PAGE_MAX: i32 = 1_000;

fn silent() -> Error {
    Error::internal("the service did not answer")
}

/// The service's refusal, in the words that any client gets, and the way out of the one that is met most.
fn failed(item: &ResponseItem, error: CallError) -> Error {
    let CallError::Refused { reason, message } = error else {
        return Error::internal(error);
    };
    let message = message.unwrap_or_else(|| "the service refused".to_owned());
    let is_active_destroyed = item.operation == Some(kmip::OperationCode::Destroy)
        && reason == Some(Fault::WrongState.reason(V2_1));
    let way_out = if is_active_destroyed {
        "; revoke it first with `keyhold key revoke`"
    } else {
        ""
    };
    let fault = Fault::ALL
        .iter()
        .copied()
        .find(|fault| Some(fault.reason(V2_1)) == reason)
        .unwrap_or(Fault::Internal);
    Error::new(fault, format!("{message}{way_out}"))
}
