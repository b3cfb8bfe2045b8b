//! Messages of an administrator in one vault.

use kmip::{
    BatchErrorContinuationOption, OperationCode, ResultStatus, V2_1,
    attribute::{Attribute, AttributeList, Attributes, Name, UniqueIdentifier},
    client::{CallError, incoming, outgoing},
    message::{OutgoingItem, RequestHeader, Response, ResponseItem, write_request},
    payload::{
        Operation,
        get_attributes::{GetAttributes, GetAttributesRequest},
        locate::{Locate, LocateRequest},
        register::Register,
    },
};

use super::facts;
use crate::{
    admin::{Admin, Deed, protocol::KeyFacts},
    error::{Error, Result},
    fault::Fault,
    identity::{Caller, Peer},
};

/// Messages of an administrator in one vault.
pub(super) struct Exchange<'a> {
    admin: &'a Admin,
    caller: Caller,
}

impl<'a> Exchange<'a> {
    pub(super) fn new(admin: &'a Admin, uid: u32, vault: &str) -> Result<Self> {
        let vault = admin.vault(vault)?.name.clone();
        Ok(Self {
            admin,
            caller: Caller::new(Peer::Administrator { uid, vault }),
        })
    }

    /// What is done by messages, which the service records.
    pub(super) fn deed<R>(mut self, act: impl FnOnce(&mut Self) -> Result<R> + 'a) -> Deed<'a, R> {
        Deed {
            is_service_recorded: true,
            lets_others_pass: true,
            ..Deed::new(move || act(&mut self))
        }
    }

    /// Calls one operation.
    pub(super) fn call<O: Operation>(&mut self, request: &O::Request) -> Result<O::Response> {
        let items = self.send(&[outgoing::<O>(request, V2_1)])?;
        let item = items.first().ok_or_else(silent)?;
        incoming::<O>(item, V2_1).map_err(|error| failed(item, error))
    }

    /// Does all items or none, in their order.
    pub(super) fn together(&mut self, items: &[OutgoingItem]) -> Result<Vec<ResponseItem>> {
        let header = RequestHeader {
            batch_error_continuation_option: Some(BatchErrorContinuationOption::Undo),
            ..RequestHeader::plain(V2_1, items.len())
        };
        let answers = self.ask(&header, items)?;
        let mut each = answers.iter();
        match each.find(|own| own.result_status == ResultStatus::OperationFailed) {
            None => Ok(answers),
            Some(item) => Err(match incoming::<Register>(item, V2_1) {
                Err(error) => failed(item, error),
                Ok(_) => silent(),
            }),
        }
    }

    fn send(&mut self, items: &[OutgoingItem]) -> Result<Vec<ResponseItem>> {
        self.ask(&RequestHeader::plain(V2_1, items.len()), items)
    }

    fn ask(&mut self, header: &RequestHeader, items: &[OutgoingItem]) -> Result<Vec<ResponseItem>> {
        let message = write_request(header, items, V2_1);
        let service = &self.admin.parts.service;
        let reply = service.respond(&mut self.caller, message.bytes());
        Ok(Response::read(&reply).map_err(Error::internal)?.items)
    }

    /// The identifier of the object with this identifier or name.
    pub(super) fn find(&mut self, key: &str) -> Result<UniqueIdentifier> {
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
    pub(super) fn attributes(&mut self, ids: &[UniqueIdentifier]) -> Result<Vec<Attributes>> {
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

    pub(super) fn facts(&mut self, ids: &[UniqueIdentifier]) -> Result<Vec<KeyFacts>> {
        Ok(self.attributes(ids)?.iter().map(facts::facts).collect())
    }

    pub(super) fn fact(&mut self, id: UniqueIdentifier) -> Result<KeyFacts> {
        self.facts(&[id])?.pop().ok_or_else(silent)
    }
}

fn silent() -> Error {
    Error::internal("the service did not answer")
}

/// The service's refusal, in the words that any client gets, and the way out of the one that is met most.
fn failed(item: &ResponseItem, error: CallError) -> Error {
    let CallError::Refused { reason, message } = error else {
        return Error::internal(error);
    };
    let message = message.unwrap_or_else(|| "the service refused".to_owned());
    let is_active_destroyed = item.operation == Some(OperationCode::Destroy)
        && reason == Some(Fault::WrongState.reason(V2_1));
    let way_out = if is_active_destroyed {
        "; `keyhold key revoke` does that"
    } else {
        ""
    };
    Error::new(Fault::of(reason, V2_1), format!("{message}{way_out}"))
}
