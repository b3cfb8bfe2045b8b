//! What clients are told unasked: the roles turned, changes told to whom they concern, objects put.

mod called;
mod dates;
mod put;

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use keyhold::{
    identity::Caller,
    notices::{Next, Subscription},
    service::Service,
};
use kmip::{
    CryptographicAlgorithm, CryptographicUsageMask, EndpointRole, ObjectType, OperationCode,
    ResultReason, ResultStatus, State, V1_2, V2_0, V2_1, Version,
    attribute::{Attribute, AttributeKind, AttributeList, AttributeReference, Name},
    client::outgoing,
    message::{Request, ResponseHeader, ResponseItem, write_response},
    payload::{
        activate::{Activate, ActivateRequest},
        attribute::{DeleteAttribute, DeleteAttributeRequest},
        create::{Create, CreateRequest},
        notify::{Notify, NotifyRequest},
        query::{Query, QueryRequest, QueryResponse},
        revoke::{Revoke, RevokeRequest},
        role::{SetEndpointRole, SetEndpointRoleRequest},
    },
    ttlv::{Structure, Timestamp, Writer},
};

use crate::fixture::{Fixture, peer, text};

/// A client that listens.
struct Listener {
    service: Arc<Service>,
    subscription: Arc<Subscription>,
    woken: Arc<AtomicUsize>,
    version: Version,
}

impl Listener {
    /// A client turns the roles of its connection, and says what it serves.
    fn new(fixture: &mut Fixture, key: u8, version: Version, serves: &[OperationCode]) -> Self {
        let before = (
            std::mem::replace(&mut fixture.caller, Caller::new(peer(key))),
            fixture.version,
        );
        fixture.caller.may_turn();
        fixture.version = version;
        let response = fixture.call::<SetEndpointRole>(&SetEndpointRoleRequest {
            endpoint_role: EndpointRole::Client,
        });
        assert_eq!(response.unwrap().endpoint_role, EndpointRole::Client);
        assert!(fixture.caller.has_turned());
        let woken = Arc::new(AtomicUsize::new(0));
        let bell = woken.clone();
        let wake = Box::new(move || _ = bell.fetch_add(1, Ordering::Relaxed));
        let subscription = fixture.service.subscribe(&fixture.caller, wake).unwrap();
        (fixture.caller, fixture.version) = before;
        let own = Self {
            service: fixture.service.clone(),
            subscription,
            woken,
            version,
        };
        let (asked, _) = own.receive().unwrap();
        assert_eq!(
            asked,
            OperationCode::Query,
            "what the client serves comes first"
        );
        own.answer::<Query>(&QueryResponse {
            operation: serves.to_vec(),
            ..QueryResponse::default()
        });
        own
    }

    /// The next message: what it asks for, and its payload.
    fn receive(&self) -> Option<(OperationCode, Vec<u8>)> {
        let Next::Send(message) = self.service.next(&self.subscription) else {
            return None;
        };
        let Ok(request) = Request::read(&message, 1) else {
            panic!("what is sent is a request");
        };
        assert_eq!(request.version, self.version);
        let item = &request.items[0];
        Some((item.operation, item.payload.rest().to_vec()))
    }

    fn answer<O: kmip::payload::Operation>(&self, response: &O::Response) {
        let mut writer = Writer::new(self.version);
        response.write_fields(&mut writer);
        assert!(self.reply(O::CODE, Some(writer.into_bytes().to_vec())));
    }

    fn reply(&self, operation: OperationCode, payload: Option<Vec<u8>>) -> bool {
        let failed = payload.is_none();
        let header = ResponseHeader::plain(self.version, crate::fixture::NOON, 1);
        let item = ResponseItem {
            operation: Some(operation),
            unique_batch_item_id: None,
            result_status: if failed {
                ResultStatus::OperationFailed
            } else {
                ResultStatus::Success
            },
            result_reason: failed.then_some(ResultReason::OperationNotSupported),
            result_message: None,
            asynchronous_correlation_value: None,
            payload: payload.map(Into::into),
        };
        let message = write_response(&header, &[item], self.version);
        self.service.answered(&self.subscription, message.bytes())
    }

    /// The next Notify, answered.
    fn notified(&self) -> Option<NotifyRequest> {
        let (operation, payload) = self.receive()?;
        assert_eq!(operation, OperationCode::Notify);
        self.reply(operation, Some(vec![]));
        Some(payload_of::<Notify>(&payload, self.version))
    }
}

fn payload_of<O: kmip::payload::Operation>(bytes: &[u8], version: Version) -> O::Request {
    let reader = kmip::ttlv::Reader::new(bytes, kmip::Tag::RequestPayload, version);
    O::Request::read_fields(reader).unwrap()
}

const BOTH: &[OperationCode] = &[OperationCode::Notify, OperationCode::Put];

/// A key that is made in one step.
fn key(fixture: &mut Fixture, more: impl IntoIterator<Item = Attribute>) -> String {
    let mask = CryptographicUsageMask::Encrypt | CryptographicUsageMask::WrapKey;
    let own = [
        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
        Attribute::CryptographicLength(128),
        Attribute::CryptographicUsageMask(mask),
    ];
    let made = fixture.call::<Create>(&CreateRequest {
        object_type: ObjectType::SymmetricKey,
        attributes: own.into_iter().chain(more).collect(),
        protection_storage_masks: None,
    });
    text(&made.unwrap().unique_identifier)
}

/// A key that is active from the beginning.
fn active_key(fixture: &mut Fixture, more: impl IntoIterator<Item = Attribute>) -> String {
    let active = Attribute::ActivationDate(crate::fixture::NOON);
    key(fixture, std::iter::once(active).chain(more))
}

fn revoke(fixture: &mut Fixture, id: &str) {
    let request = RevokeRequest {
        unique_identifier: Some(id.into()),
        revocation_reason: Some(kmip::attribute::RevocationReason {
            revocation_reason_code: kmip::RevocationReasonCode::CessationOfOperation,
            revocation_message: None,
        }),
        compromise_occurrence_date: None,
    };
    fixture.call::<Revoke>(&request).unwrap();
}

#[test]
fn a_change_is_told_in_the_words_of_the_listener() {
    let mut fixture = Fixture::new();
    let id = fixture.aes_key([]);
    let listener = Listener::new(&mut fixture, 2, V2_1, BOTH);
    assert!(listener.receive().is_none(), "what was before is not news");
    let later = Timestamp(crate::fixture::NOON.0 + 5);
    fixture.clock.advance_to(later);
    revoke(&mut fixture, &id);
    assert!(listener.woken.load(Ordering::Relaxed) > 0);
    let told = listener.notified().unwrap();
    assert_eq!(text(&told.unique_identifier), id);
    let told: Vec<_> = told.attributes.iter().cloned().collect();
    assert!(told.contains(&Attribute::State(State::Deactivated)));
    assert!(told.contains(&Attribute::LastChangeDate(later)));
    let is_told = |kind| told.iter().any(|own| own.kind() == Some(kind));
    assert!(is_told(AttributeKind::RevocationReason));
    assert!(
        !is_told(AttributeKind::CryptographicAlgorithm),
        "what did not change is no news"
    );
    assert!(listener.receive().is_none());
}

#[test]
fn what_is_gone_is_told_by_its_name() {
    let mut fixture = Fixture::new();
    let id = fixture.aes_key([Attribute::Name(Name::text("a name"))]);
    let listener = Listener::new(&mut fixture, 1, V2_1, BOTH);
    let request = DeleteAttributeRequest {
        unique_identifier: Some(id.as_str().into()),
        current_attribute: None,
        attribute_reference: Some(AttributeReference::Standard(AttributeKind::Name)),
        attribute_index: None,
    };
    fixture.call::<DeleteAttribute>(&request).unwrap();
    let told = listener.notified().unwrap();
    let name = AttributeReference::Standard(AttributeKind::Name);
    assert_eq!(told.attribute_reference, [name]);
}

#[test]
fn nobody_is_told_what_he_may_not_read() {
    let policy = keyhold::policy::Policy::parse(
        "version = 1\n[role.special]\nallow = [\"Create\"]\n[role.user]\nallow = [\"read\", \"create\", \"manage\"]\nown_objects_only = true\n",
    );
    let mut fixture = Fixture::with_policy(policy.unwrap());
    let id = fixture.aes_key([]);
    // Another vault's, one who may read nothing, and one who may read his own.
    let deaf = [9, 6, 2].map(|key| Listener::new(&mut fixture, key, V2_1, BOTH));
    let hears = Listener::new(&mut fixture, 5, V2_1, BOTH);
    revoke(&mut fixture, &id);
    assert!(hears.receive().is_some());
    for listener in deaf {
        assert!(listener.receive().is_none());
    }
}

#[test]
fn what_is_not_committed_is_not_told() {
    let mut fixture = Fixture::new();
    let id = fixture.aes_key([]);
    let listener = Listener::new(&mut fixture, 1, V2_1, BOTH);
    let activate = outgoing::<Activate>(
        &ActivateRequest {
            unique_identifier: Some(id.as_str().into()),
        },
        V2_1,
    );
    let items = fixture.batch(None, &[activate]);
    assert_eq!(
        items[0].result_reason,
        Some(ResultReason::WrongKeyLifecycleState)
    );
    assert!(listener.receive().is_none());
}

#[test]
fn a_listener_is_told_only_what_it_serves() {
    let mut fixture = Fixture::new();
    let id = fixture.aes_key([]);
    let puts_only = Listener::new(&mut fixture, 1, V2_1, &[OperationCode::Put]);
    let silent = Listener::new(&mut fixture, 1, V2_1, &[]);
    revoke(&mut fixture, &id);
    assert!(puts_only.receive().is_none());
    assert!(silent.notified().is_some(), "who says nothing takes all");
}

#[test]
fn a_refusal_ends_nothing_and_an_answer_to_nothing_does() {
    let mut fixture = Fixture::new();
    let first = fixture.aes_key([]);
    let second = fixture.aes_key([]);
    let listener = Listener::new(&mut fixture, 1, V2_0, BOTH);
    for id in [&first, &second] {
        revoke(&mut fixture, id);
        let (operation, _) = listener.receive().unwrap();
        assert!(listener.reply(operation, None));
    }
    assert!(!listener.reply(OperationCode::Notify, Some(vec![])));
    assert!(
        !fixture
            .service
            .answered(&listener.subscription, b"no message")
    );
}

#[test]
fn whoever_is_revoked_is_told_nothing_more() {
    let mut fixture = Fixture::new();
    let id = fixture.aes_key([]);
    let listener = Listener::new(&mut fixture, 2, V2_1, BOTH);
    let changed = |fixture: &Fixture, revoked| {
        let mut client = crate::fixture::client(2, "one", "user");
        client.revoked = revoked;
        fixture.service.directory().put_client(&client).unwrap();
    };
    changed(&fixture, None);
    let next = fixture.service.next(&listener.subscription);
    assert!(matches!(next, Next::Wait), "who is still enrolled stays");
    changed(&fixture, Some(crate::fixture::NOON));
    revoke(&mut fixture, &id);
    assert!(matches!(
        fixture.service.next(&listener.subscription),
        Next::End
    ));
}

#[test]
fn who_is_gone_is_not_kept() {
    let mut fixture = Fixture::new();
    let id = fixture.aes_key([]);
    let listener = Listener::new(&mut fixture, 1, V2_1, BOTH);
    fixture.service.unsubscribe(&listener.subscription);
    revoke(&mut fixture, &id);
    assert!(listener.receive().is_none());
}

#[test]
fn roles_turn_only_where_they_may_and_only_to_what_there_is() {
    let mut fixture = Fixture::new();
    let turn = |fixture: &mut Fixture, endpoint_role| {
        fixture
            .call::<SetEndpointRole>(&SetEndpointRoleRequest { endpoint_role })
            .map(drop)
    };
    assert_eq!(
        turn(&mut fixture, EndpointRole::Client),
        Err(ResultReason::FeatureNotSupported),
        "over HTTP, each answer ends its exchange"
    );
    fixture.caller.may_turn();
    assert_eq!(
        turn(&mut fixture, EndpointRole(7)),
        Err(ResultReason::InvalidField)
    );
    assert_eq!(turn(&mut fixture, EndpointRole::Server), Ok(()));
    assert!(!fixture.caller.has_turned(), "that is what it was");
    let wake = Box::new(|| {});
    assert!(fixture.service.subscribe(&fixture.caller, wake).is_none());
    fixture.version = V1_2;
    assert_eq!(
        turn(&mut fixture, EndpointRole::Client),
        Err(ResultReason::OperationNotSupported)
    );
    fixture.version = V2_1;
    assert_eq!(turn(&mut fixture, EndpointRole::Client), Ok(()));
    assert!(fixture.caller.has_turned());
}

/// Clients do not send what servers send.
#[test]
fn notify_and_put_are_not_served() {
    let mut fixture = Fixture::new();
    let notify = NotifyRequest {
        unique_identifier: "x".into(),
        attributes: AttributeList::default(),
        attribute_reference: vec![],
    };
    assert_eq!(
        fixture.call::<Notify>(&notify).err(),
        Some(ResultReason::OperationNotSupported)
    );
    let query = fixture.call::<Query>(&QueryRequest {
        query_function: vec![kmip::QueryFunction::QueryOperations],
    });
    let served = query.unwrap().operation;
    assert!(served.contains(&OperationCode::SetEndpointRole));
    assert!(!served.contains(&OperationCode::Notify));
}
