//! A key or another object given to a client that listens (KMIP 2.1 §6.2.3).

use std::{
    sync::mpsc::{Receiver, RecvTimeoutError},
    time::Duration,
};

use kmip::{
    EncodingOption, WrappingMethod,
    attribute::UniqueIdentifier,
    object::{EncryptionKeyInformation, KeyWrappingSpecification},
};

use super::exchange::Exchange;
use crate::{
    admin::{
        Admin, Deed, Execute,
        protocol::{KeyPut, PutFacts},
    },
    error::{Error, Result},
    fault::Fault,
    notices::Delivery,
    service::Putting,
};

/// How long it is waited for what the client says.
const PATIENCE: Duration = Duration::from_secs(5);

impl Execute for KeyPut {
    fn prepare(self, admin: &Admin, uid: u32) -> Result<Deed<'_, PutFacts>> {
        let mut exchange = Exchange::new(admin, uid, &self.vault)?;
        let id = text(&exchange.find(&self.key)?)?;
        let replaced = self.replaces.as_deref().map(|own| exchange.find(own));
        let wrapping = self.wrapped_with.as_deref().map(|own| exchange.find(own));
        let putting = Putting {
            replaced: replaced.transpose()?,
            wrapping: wrapping.transpose()?.map(wrapped_with),
        };
        let (vault, client) = (self.vault, self.client);
        let deed = Deed::on(&vault.clone(), &id.clone(), move || {
            let receipts = admin.parts.service.put(&vault, &id, &client, &putting)?;
            if receipts.is_empty() {
                return Err(deaf(&client, &vault));
            }
            let end = admin.parts.clock.instant() + PATIENCE;
            let mut facts = PutFacts {
                id,
                client,
                taken: 0,
                waiting: 0,
            };
            for receipt in receipts {
                let patience = end.saturating_duration_since(admin.parts.clock.instant());
                match taken(&receipt, patience)? {
                    true => facts.taken += 1,
                    false => facts.waiting += 1,
                }
            }
            Ok(facts)
        });
        Ok(Deed {
            lets_others_pass: true,
            ..deed
        })
    }
}

/// Whether the client has taken it; it has not answered yet, where not.
fn taken(receipt: &Receiver<Delivery>, patience: Duration) -> Result<bool> {
    match receipt.recv_timeout(patience) {
        Ok(Delivery { refusal: None, .. }) => Ok(true),
        Ok(Delivery {
            refusal: Some(reason),
            ..
        }) => Err(Error::new(
            Fault::NotPermitted,
            format!("the client does not take it: {reason}"),
        )),
        Err(RecvTimeoutError::Timeout) => Ok(false),
        Err(RecvTimeoutError::Disconnected) => Err(Error::new(
            Fault::Busy,
            "it was forgotten before the client took it, because the client has gone or does not serve Put",
        )),
    }
}

/// AES key wrap where the wrapping key says nothing else (KMIP 2.1 §7.18).
fn wrapped_with(unique_identifier: UniqueIdentifier) -> KeyWrappingSpecification {
    KeyWrappingSpecification {
        iv_counter_nonce: None,
        authenticated_encryption_additional_data: None,
        wrapping_method: WrappingMethod::Encrypt,
        encryption_key_information: Some(EncryptionKeyInformation {
            unique_identifier,
            cryptographic_parameters: None,
        }),
        mac_signature_key_information: None,
        attribute_name: Vec::new(),
        encoding_option: Some(EncodingOption::NoEncoding),
    }
}

fn text(id: &UniqueIdentifier) -> Result<String> {
    match id {
        UniqueIdentifier::Text(id) => Ok(id.clone()),
        _ => Err(Error::internal("an identifier is a text")),
    }
}

fn deaf(client: &str, vault: &str) -> Error {
    Error::new(
        Fault::NoSuchObject,
        format!(
            "no client {client:?} of the vault {vault:?} listens: it has an entry under [[notify]] and is enrolled, or has \
             turned a connection with Set Endpoint Role; `keyhold status` tells who listens"
        ),
    )
}
