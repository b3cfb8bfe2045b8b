//! Clients that listen at an address of their own: asked what they are, told what they may know, given what is new.

use std::sync::Arc;

use keyhold::{
    fault::Fault,
    notices::{Limits, Next, Terms},
    service::Putting,
};
use kmip::{
    OperationCode, PutFunction, QueryFunction, State, V1_0, V1_2, V1_4, V2_1, Version,
    WrappingMethod,
    attribute::{Attribute, AttributeKind},
    object::{EncryptionKeyInformation, KeyValue, KeyWrappingSpecification},
    payload::{
        destroy::{Destroy, DestroyRequest},
        discover::{DiscoverVersions, DiscoverVersionsRequest, DiscoverVersionsResponse},
        notify::{Notify, Put, PutRequest},
        query::{Query, QueryRequest, QueryResponse},
        rekey::{ReKey, ReKeyRequest},
    },
};

use super::{BOTH, Listener, active_key, payload_of, revoke};
use crate::fixture::{Fixture, text};

/// How a client of the vault `one` listens.
fn terms(client: &str, version: Version) -> Terms {
    Terms {
        vault: "one".to_owned(),
        client: client.to_owned(),
        version,
        is_called: true,
        wants_new: true,
        limits: Limits::default(),
    }
}

/// A client that listens, and is not connected yet.
fn listener(fixture: &Fixture, terms: Terms) -> Listener {
    let version = terms.version;
    Listener {
        service: fixture.service.clone(),
        subscription: fixture.service.listen(terms, None, Box::new(|| {})),
        woken: Arc::default(),
        version,
    }
}

impl Listener {
    /// A connection begins, on which the client says which versions it speaks and what it serves.
    fn connect(&mut self, speaks: &[Version], serves: &[OperationCode]) {
        self.subscription.begin();
        let (asked, payload) = self.receive().unwrap();
        assert_eq!(asked, OperationCode::DiscoverVersions);
        let asked: DiscoverVersionsRequest = payload_of::<DiscoverVersions>(&payload, self.version);
        assert!(asked.protocol_version.is_empty(), "all of them");
        self.answer::<DiscoverVersions>(&DiscoverVersionsResponse {
            protocol_version: speaks.iter().map(|own| (*own).into()).collect(),
        });
        let spoken = speaks.iter().copied().filter(|own| *own <= self.version);
        self.version = spoken.max().unwrap_or(self.version);
        let functions = self.queried();
        assert_eq!(functions[0], QueryFunction::QueryOperations);
        self.answer::<Query>(&QueryResponse {
            operation: serves.to_vec(),
            ..QueryResponse::default()
        });
        if self.version >= kmip::V1_3 {
            assert_eq!(self.queried(), [QueryFunction::QueryProfiles]);
            self.answer::<Query>(&QueryResponse::default());
        }
    }

    fn queried(&self) -> Vec<QueryFunction> {
        let (asked, payload) = self.receive().unwrap();
        assert_eq!(asked, OperationCode::Query);
        let request: QueryRequest = payload_of::<Query>(&payload, self.version);
        request.query_function
    }

    fn put(&self) -> PutRequest {
        let (operation, payload) = self.receive().unwrap();
        assert_eq!(operation, OperationCode::Put);
        assert!(self.reply(operation, Some(vec![])));
        payload_of::<Put>(&payload, self.version)
    }
}

#[test]
fn a_client_is_asked_what_it_is_in_versions_that_it_knows() {
    let fixture = Fixture::new();
    let mut speaks_old = listener(&fixture, terms("client 2", V1_4));
    speaks_old.connect(&[V1_2, V1_0], BOTH);
    assert_eq!(speaks_old.version, V1_2);
    assert!(speaks_old.receive().is_none());
    let mut speaks_newer = listener(&fixture, terms("client 2", V1_4));
    speaks_newer.connect(&[V2_1, V1_4, V1_0], BOTH);
    assert_eq!(speaks_newer.version, V1_4, "not newer than configured");

    // 1.0 has no Discover Versions.
    let oldest = listener(&fixture, terms("client 2", V1_0));
    oldest.subscription.begin();
    let functions = oldest.queried();
    assert!(!functions.contains(&QueryFunction::QueryAttestationTypes));
    // Who does not know the question is told in the version that is configured.
    let plain = listener(&fixture, terms("client 2", V1_2));
    plain.subscription.begin();
    let (asked, _) = plain.receive().unwrap();
    assert!(plain.reply(asked, None));
    assert_eq!(plain.receive().unwrap().0, OperationCode::Query);
}

#[test]
fn new_objects_are_put_and_changes_told_in_every_version() {
    for version in [V1_0, kmip::V1_1, V1_2, kmip::V1_3, V1_4, kmip::V2_0, V2_1] {
        let mut fixture = Fixture::new();
        let mut own = listener(&fixture, terms("client 2", version));
        if version == V1_0 {
            own.subscription.begin();
            own.queried();
            own.answer::<Query>(&QueryResponse::default());
        } else {
            own.connect(&[version], BOTH);
        }
        fixture.version = version;
        let id = active_key(&mut fixture, []);
        let put = own.put();
        assert_eq!(text(&put.unique_identifier), id, "{version}");
        assert_eq!(put.put_function, PutFunction::New);
        let is_told = |kind| put.attributes.iter().any(|own| own.kind() == Some(kind));
        assert!(is_told(AttributeKind::CryptographicUsageMask));
        assert_eq!(is_told(AttributeKind::Fresh), version > V1_0);
        revoke(&mut fixture, &id);
        let told = own.notified().unwrap();
        let state = Attribute::State(State::Deactivated);
        assert!(told.attributes.iter().any(|own| *own == state), "{version}");
    }
}

#[test]
fn who_may_not_have_new_objects_is_given_none() {
    let mut fixture = Fixture::new();
    // An auditor reads attributes, and no keys.
    let mut auditor = listener(&fixture, terms("client 4", V1_4));
    auditor.connect(&[V1_4], BOTH);
    let mut other = listener(
        &fixture,
        Terms {
            vault: "two".to_owned(),
            ..terms("client 9", V1_4)
        },
    );
    other.connect(&[V1_4], BOTH);
    let stranger = listener(&fixture, terms("nobody", V1_4));
    stranger.subscription.begin();
    let id = active_key(&mut fixture, []);
    assert!(auditor.receive().is_none());
    revoke(&mut fixture, &id);
    assert!(auditor.notified().is_some());
    assert!(other.receive().is_none());
    let next = fixture.service.next(&stranger.subscription);
    assert!(matches!(next, Next::End), "nobody of this name is enrolled");
}

#[test]
fn a_rotated_key_replaces_its_predecessor() {
    let mut fixture = Fixture::new();
    let id = active_key(&mut fixture, []);
    let mut own = listener(&fixture, terms("client 2", V1_4));
    own.connect(&[V1_4], BOTH);
    let request = ReKeyRequest {
        unique_identifier: Some(id.as_str().into()),
        ..ReKeyRequest::default()
    };
    let new = fixture.call::<ReKey>(&request).unwrap().unique_identifier;
    let put = own.put();
    assert_eq!(put.unique_identifier, new);
    assert_eq!(put.put_function, PutFunction::Replace);
    let replaced = put.replaced_unique_identifier.unwrap();
    assert_eq!(text(&replaced), id);
}

#[test]
fn what_waits_survives_a_connection_and_not_its_object() {
    let mut fixture = Fixture::new();
    let mut own = listener(&fixture, terms("client 2", V1_4));
    let doomed = active_key(&mut fixture, []);
    let kept = active_key(&mut fixture, []);
    revoke(&mut fixture, &doomed);
    fixture
        .call::<Destroy>(&DestroyRequest {
            unique_identifier: Some(doomed.as_str().into()),
        })
        .unwrap();
    own.connect(&[V1_4], BOTH);
    let (operation, payload) = own.receive().unwrap();
    assert_eq!(operation, OperationCode::Put);
    let put: PutRequest = payload_of::<Put>(&payload, V1_4);
    assert_eq!(text(&put.unique_identifier), kept, "the other is no more");
    // The answer never comes: it is sent again on the next connection, and not for ever.
    for _ in 0..4 {
        own.connect(&[V1_4], BOTH);
        assert_eq!(own.receive().unwrap().0, OperationCode::Put);
    }
    own.connect(&[V1_4], BOTH);
    let (operation, payload) = own.receive().unwrap();
    assert_eq!(operation, OperationCode::Notify);
    let told = payload_of::<Notify>(&payload, V1_4);
    assert_eq!(text(&told.unique_identifier), doomed);
}

#[test]
fn what_waits_is_bounded_in_number_and_size() {
    let mut fixture = Fixture::new();
    let bounded = |waiting_max, bytes_max| Terms {
        limits: Limits {
            waiting_max,
            bytes_max,
        },
        ..terms("client 2", V1_4)
    };
    let mut few = listener(&fixture, bounded(2, 1 << 20));
    let mut small = listener(&fixture, bounded(100, 2_500));
    let none = listener(&fixture, bounded(0, 1 << 20));
    let ids: Vec<_> = (0..9).map(|_| active_key(&mut fixture, [])).collect();
    few.connect(&[V1_4], BOTH);
    let given = [few.put(), few.put()].map(|own| text(&own.unique_identifier));
    assert_eq!(given, ids[7..], "the latest");
    assert!(few.receive().is_none());
    small.connect(&[V1_4], BOTH);
    assert_eq!(
        small.subscription_waits(),
        2,
        "as many as there is room for"
    );
    none.subscription.begin();
    assert_eq!(none.subscription_waits(), 0);
}

impl Listener {
    /// How many messages are sent until there is none.
    fn subscription_waits(&self) -> usize {
        let mut count = 0;
        while let Some((operation, _)) = self.receive() {
            self.reply(operation, Some(vec![]));
            count += usize::from(operation == OperationCode::Put);
        }
        count
    }
}

#[test]
fn locked_keys_are_put_to_nobody_and_sensitive_ones_only_wrapped() {
    let mut fixture = Fixture::new();
    let locked = active_key(
        &mut fixture,
        [Attribute::Sensitive(true), Attribute::Extractable(false)],
    );
    let sensitive = active_key(
        &mut fixture,
        [Attribute::Sensitive(true), Attribute::Extractable(true)],
    );
    let locked_kek = [Attribute::Sensitive(true), Attribute::Extractable(false)];
    let kek = active_key(&mut fixture, locked_kek);
    let mut own = listener(&fixture, terms("client 2", V1_4));
    own.connect(&[V1_4], BOTH);
    let wrapped = Putting {
        wrapping: Some(KeyWrappingSpecification {
            iv_counter_nonce: None,
            authenticated_encryption_additional_data: None,
            wrapping_method: WrappingMethod::Encrypt,
            encryption_key_information: Some(EncryptionKeyInformation {
                unique_identifier: kek.as_str().into(),
                cryptographic_parameters: None,
            }),
            mac_signature_key_information: None,
            attribute_name: vec![],
            encoding_option: None,
        }),
        replaced: Some(locked.as_str().into()),
    };
    let plain = Putting::default();
    let refused = |id: &str, how: &Putting| {
        let put = fixture.service.put("one", id, "client 2", how);
        put.map(drop).map_err(|error| error.fault)
    };
    assert_eq!(refused(&locked, &plain), Err(Fault::Sensitive));
    assert_eq!(refused(&locked, &wrapped), Err(Fault::NotExtractable));
    assert_eq!(refused(&sensitive, &plain), Err(Fault::Sensitive));
    assert!(own.receive().is_none(), "nothing of it is on its way");
    assert_eq!(refused(&sensitive, &wrapped), Ok(()));
    let put = own.put();
    assert_eq!(put.put_function, PutFunction::Replace);
    let replaced = put.replaced_unique_identifier.as_ref().unwrap();
    assert_eq!(text(replaced), locked);
    let block = put.object.key_block().unwrap();
    assert!(block.key_wrapping_data.is_some());
    assert!(matches!(block.key_value, Some(KeyValue::Wrapped(_))));
}

#[test]
fn a_refused_put_is_told_to_whoever_asked_for_it() {
    let mut fixture = Fixture::new();
    let id = active_key(&mut fixture, []);
    let mut own = listener(&fixture, terms("client 2", V1_4));
    own.connect(&[V1_4], BOTH);
    let put = |fixture: &Fixture| {
        fixture
            .service
            .put("one", &id, "client 2", &Putting::default())
    };
    let receipts = put(&fixture).unwrap();
    let (operation, _) = own.receive().unwrap();
    assert!(own.reply(operation, None));
    let delivery = receipts[0].try_recv().unwrap();
    assert_eq!(delivery.refusal, Some("NotServed"));
    let last = fixture.trail.events.lock().unwrap().last().cloned();
    assert_eq!(
        last,
        Some(("Put".to_owned(), Some(id.clone()), "NotServed"))
    );
    // Who serves no Put is given nothing.
    let mut deaf = listener(&fixture, terms("client 1", V1_4));
    deaf.connect(&[V1_4], &[OperationCode::Notify]);
    let refused = fixture
        .service
        .put("one", &id, "client 1", &Putting::default());
    assert_eq!(refused.err().map(|error| error.fault), Some(Fault::Busy));
}
