//! What the service tells clients unasked: who turns the roles, and objects that are put to them.

use std::sync::Arc;

use kmip::{
    EndpointRole, OperationCode, PutFunction, ResultStatus,
    client::{incoming, outgoing},
    message::{Request, RequestHeader, ResponseItem, write_request},
    payload::{
        get::{Get, GetRequest},
        get_attributes::{GetAttributes, GetAttributesRequest},
        notify::{Put, PutRequest},
        role::SetEndpointRole,
    },
};

use super::{Service, batch::Exchange, deferred::Manner, envelope::Sizes};
use crate::{
    audit::{Durability, Event},
    identity::Caller,
    notices::{Change, Subscription},
};

/// Whether the answers turn the roles of their connection.
pub(super) fn turns(request: &Request<'_>, answers: &[ResponseItem]) -> bool {
    let last = answers.iter().rev().find(|item| {
        item.operation == Some(OperationCode::SetEndpointRole)
            && item.result_status == ResultStatus::Success
    });
    let role = last.and_then(|item| incoming::<SetEndpointRole>(item, request.version).ok());
    role.is_some_and(|own| own.endpoint_role == EndpointRole::Client)
}

impl Service {
    /// Begins to tell a client that has turned the roles of its connection; `wake` is called when there is news.
    #[must_use]
    pub fn subscribe(
        &self,
        caller: &Caller,
        wake: Box<dyn Fn() + Send + Sync>,
    ) -> Option<Arc<Subscription>> {
        let (principal, version) = caller.turned()?;
        let generation = self.directory.generation();
        Some(self.subscriptions.add(principal, version, generation, wake))
    }

    /// Tells a client nothing more.
    pub fn unsubscribe(&self, subscription: &Arc<Subscription>) {
        self.subscriptions.remove(subscription);
    }

    /// Tells of what an item has changed.
    pub(crate) fn tell(&self, changes: &[Change]) {
        let generation = self.directory.generation();
        for change in changes {
            self.subscriptions.tell(change, generation);
        }
    }

    /// Puts an object to a client that listens, on each of its connections: how many. The client must be allowed to get
    /// it, and the release is recorded as that of a Get.
    pub fn put(&self, vault: &str, id: &str, client: &str) -> usize {
        let generation = self.directory.generation();
        let listening = self.subscriptions.of(vault, client, generation);
        listening
            .iter()
            .filter(|own| self.put_to(own, id).is_some())
            .count()
    }

    fn put_to(&self, subscription: &Subscription, id: &str) -> Option<()> {
        let version = subscription.version;
        let get = GetRequest {
            unique_identifier: Some(id.into()),
            ..GetRequest::default()
        };
        let attributes = GetAttributesRequest {
            unique_identifier: Some(id.into()),
            attribute_reference: Vec::new(),
        };
        let items = [
            outgoing::<Get>(&get, version),
            outgoing::<GetAttributes>(&attributes, version),
        ];
        let header = RequestHeader::plain(version, items.len());
        let message = write_request(&header, &items, version);
        let request = Request::read_as(message.bytes(), version, 2).ok()?;
        let exchange = Exchange {
            service: self,
            principal: &subscription.principal,
            from: &crate::identity::Peer::Unix { uid: 0 },
            peer: "put by the server",
            message: message.bytes(),
            version,
            now: self.clock.now(),
            manner: Manner::AtOnce,
            may_turn: false,
        };
        let answers = exchange.batch(&request, Sizes::UNLIMITED);
        let [get, attributes] = answers.as_slice() else {
            return None;
        };
        let object = incoming::<Get>(get, version).ok()?;
        let attributes = incoming::<GetAttributes>(attributes, version).ok()?;
        let put = PutRequest {
            unique_identifier: object.unique_identifier,
            put_function: PutFunction::New,
            replaced_unique_identifier: None,
            object: object.object,
            attributes: attributes.attributes,
        };
        let mut event = Event {
            time: self.clock.now(),
            vault: &subscription.principal.vault,
            principal: &subscription.principal.name,
            peer: "put by the server",
            operation: "Put",
            object: Some(id.to_owned()),
            outcome: "Success",
            note: None,
            version: Some(version),
        };
        self.recorded(&mut event, Durability::Grouped, Ok(()))
            .ok()?;
        subscription
            .tell(outgoing::<Put>(&put, version))
            .then_some(())
    }
}
