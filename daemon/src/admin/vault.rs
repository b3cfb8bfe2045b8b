//! Vaults: made, changed and told.

use std::sync::Arc;

use kmip::ttlv::Timestamp;
use store::{Filter, Page, Scope, Vault};

use super::{
    Admin, Deed, Execute, check_name, invalid,
    protocol::{
        Class, Custody, InitToken, PinChange, Profile, SecretText, VaultCreate, VaultFacts,
        VaultList, VaultSet, VaultShow,
    },
};
use crate::{
    audit::{APPLIANCE, rfc3339},
    error::{Error, Result},
    fault::Fault,
    pin,
};

impl Execute for VaultCreate {
    fn prepare(self, admin: &Admin, _: u32) -> Result<Deed<'_, VaultFacts>> {
        check_name("vault", &self.name, NAME_BYTES_MAX)?;
        if self.name == APPLIANCE {
            return Err(invalid(
                "the audit trail calls itself so; choose another name",
            ));
        }
        if admin.directory().vault(&self.name).is_some() {
            let message = format!("there is a vault {:?} already", self.name);
            return Err(Error::new(Fault::NameTaken, message));
        }
        let backend = admin.backend(self.backend)?;
        let vault = Vault {
            wrapped: admin.is_wrapped(&backend, self.custody)?,
            backend,
            name: self.name,
            locked_by_default: self.class == Class::Locked,
            strict: self.profile == Profile::Strict,
            created: admin.parts.clock.now(),
            user_pin: verifier(self.user_pin)?,
            so_pin: verifier(self.so_pin)?,
            token: store::Token {
                label: None,
                may_be_initialized: self.init_token == InitToken::Allowed,
            },
            rules: store::Rules::default(),
        };
        let (name, backend) = (vault.name.clone(), vault.backend.clone());
        let mut deed = Deed::on("", &name, move || admin.put_vault(&vault));
        deed.note = Some(format!("backend {backend}"));
        Ok(deed)
    }
}

impl Execute for VaultSet {
    fn prepare(self, admin: &Admin, _: u32) -> Result<Deed<'_, VaultFacts>> {
        let known = admin.vault(&self.name)?;
        let mut vault = (*known).clone();
        let mut changed = Vec::new();
        if self.custody.is_some() {
            vault.wrapped = admin.is_wrapped(&vault.backend, self.custody)?;
            changed.push("custody");
        }
        if let Some(class) = self.class {
            vault.locked_by_default = class == Class::Locked;
            changed.push("class");
        }
        if let Some(profile) = self.profile {
            vault.strict = profile == Profile::Strict;
            changed.push("profile");
        }
        if let Some(change) = self.user_pin {
            vault.user_pin = changed_pin(change)?;
            changed.push("user PIN");
        }
        if let Some(change) = self.so_pin {
            vault.so_pin = changed_pin(change)?;
            changed.push("SO PIN");
        }
        if let Some(own) = self.init_token {
            vault.token.may_be_initialized = own == InitToken::Allowed;
            changed.push("init token");
        }
        if changed.is_empty() {
            return Err(invalid("nothing is to be changed"));
        }
        let mut deed = Deed::on(&self.name, &self.name, move || {
            admin.change_vault(&known, vault)
        });
        deed.note = Some(changed.join(", "));
        Ok(deed)
    }
}

impl Execute for VaultList {
    fn prepare(self, admin: &Admin, _: u32) -> Result<Deed<'_, Vec<VaultFacts>>> {
        Ok(Deed::new(|| {
            let vaults = admin.directory().vaults();
            Ok(vaults.iter().map(|vault| admin.facts(vault)).collect())
        }))
    }
}

impl Execute for VaultShow {
    fn prepare(self, admin: &Admin, _: u32) -> Result<Deed<'_, VaultFacts>> {
        let vault = admin.vault(&self.name)?;
        Ok(Deed::on(&self.name, &self.name, move || {
            let mut facts = admin.facts(&vault);
            facts.objects = Some(admin.count_objects(&vault.name)?);
            Ok(facts)
        }))
    }
}

impl Admin {
    /// The vault with this name.
    pub(super) fn vault(&self, name: &str) -> Result<Arc<Vault>> {
        self.directory().vault(name).ok_or_else(|| {
            let message = format!("there is no vault {name:?}; `keyhold vault list` tells them");
            Error::new(Fault::NoSuchObject, message)
        })
    }

    pub(super) fn directory(&self) -> &crate::directory::Directory {
        self.parts.service.directory()
    }

    /// The backend named, or the only one.
    pub(super) fn backend(&self, name: Option<String>) -> Result<String> {
        let backends = &self.parts.service.backends;
        let names = || backends.keys().cloned().collect::<Vec<_>>().join(", ");
        match name {
            Some(name) if backends.contains_key(&name) => Ok(name),
            Some(name) => Err(invalid(format!(
                "there is no backend {name:?}; there is: {}",
                names()
            ))),
            None if backends.len() == 1 => Ok(names()),
            None => Err(invalid(format!("say which backend: {}", names()))),
        }
    }

    /// Whether locked keys are to be kept in the store where the HSM named keeps keys itself, after making sure that it can
    /// do as is asked.
    pub(super) fn is_wrapped(&self, backend: &str, custody: Option<Custody>) -> Result<bool> {
        let hsm = self.hsm(backend)?;
        if self.parts.service.groups.contains_key(backend) {
            return if custody == Some(Custody::Resident) {
                Err(invalid(format!(
                    "the members of the group {backend:?} keep no keys as objects of their own, which could not be copied"
                )))
            } else {
                Ok(hsm.keeps_keys())
            };
        }
        match custody {
            Some(Custody::Resident) if !hsm.keeps_keys() => Err(invalid(format!(
                "the HSM {backend:?} keeps no keys itself: all are in the store, sealed by it"
            ))),
            Some(Custody::Wrapped) if hsm.keeps_keys() && hsm.capabilities().wrapped.is_empty() => {
                Err(invalid(format!(
                    "the HSM {backend:?} has no mechanism that wraps keys and takes them back"
                )))
            }
            other => Ok(other == Some(Custody::Wrapped)),
        }
    }

    fn custody(&self, vault: &Vault) -> Custody {
        let keeps_keys = self.hsm(&vault.backend).is_ok_and(|hsm| hsm.keeps_keys());
        if vault.wrapped || !keeps_keys {
            Custody::Wrapped
        } else {
            Custody::Resident
        }
    }

    fn hsm(&self, backend: &str) -> Result<&dyn hsm::Hsm> {
        let hsm = self.parts.service.backends.get(backend);
        hsm.map(AsRef::as_ref)
            .ok_or_else(|| invalid(format!("the HSM {backend:?} is not configured")))
    }

    pub(super) fn put_vault(&self, vault: &Vault) -> Result<VaultFacts> {
        self.directory().put_vault(vault)?;
        Ok(self.facts(vault))
    }

    /// Changes a vault, unless somebody else has changed it since it was read.
    pub(super) fn change_vault(&self, known: &Vault, vault: Vault) -> Result<VaultFacts> {
        let facts = self.facts(&vault);
        match self.directory().change_vault(known, vault) {
            Ok(()) => Ok(facts),
            Err(store::Error::Conflict) => Err(invalid(format!(
                "the vault {:?} was changed meanwhile, and stays as it is; try again",
                known.name
            ))),
            Err(error) => Err(error.into()),
        }
    }

    fn facts(&self, vault: &Vault) -> VaultFacts {
        let clients = self.directory().clients();
        let clients = clients
            .iter()
            .filter(|client| client.vault == vault.name && client.revoked.is_none());
        VaultFacts {
            name: vault.name.clone(),
            backend: vault.backend.clone(),
            custody: self.custody(vault),
            class: if vault.locked_by_default {
                Class::Locked
            } else {
                Class::Releasable
            },
            profile: if vault.strict {
                Profile::Strict
            } else {
                Profile::Compatible
            },
            created: rfc3339(vault.created),
            has_user_pin: vault.user_pin.is_some(),
            has_so_pin: vault.so_pin.is_some(),
            token_label: vault.token.label.as_ref().unwrap_or(&vault.name).clone(),
            init_token: InitToken::of(vault.token.may_be_initialized),
            clients: clients.count(),
            objects: None,
        }
    }

    fn count_objects(&self, vault: &str) -> Result<u64> {
        let now: Timestamp = self.parts.clock.now();
        let scope = Scope {
            vault: vault.to_owned(),
            owner: None,
        };
        let page = Page {
            offset: 0,
            items_max: Some(0),
            is_counted: true,
        };
        let mut tx = self.parts.service.store.begin();
        Ok(tx
            .locate(&Filter::default(), &scope, page, now)?
            .total
            .unwrap_or_default())
    }
}

fn changed_pin(change: PinChange) -> Result<Option<String>> {
    match change {
        PinChange::Clear => Ok(None),
        PinChange::Set(pin) => verifier(Some(pin)),
    }
}

/// The verifier of a PIN of a sensible length (PKCS #11 tokens tell the same bounds).
fn verifier(pin: Option<SecretText>) -> Result<Option<String>> {
    let Some(SecretText(pin)) = pin else {
        return Ok(None);
    };
    if !pin::is_of_length(&pin) {
        let (least, most) = (pin::BYTES.start(), pin::BYTES.end());
        return Err(invalid(format!("a PIN has {least} to {most} bytes")));
    }
    pin::verifier(&pin).map(Some).map_err(Error::internal)
}

/// A vault's name is also its token's label (PKCS #11 3.1 §3.3, CK_TOKEN_INFO).
const NAME_BYTES_MAX: usize = 32;
