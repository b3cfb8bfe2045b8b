//! Batches: Stop, Continue and Undo, the ID placeholder, identifiers echoed, and the size that a client takes.

use keyhold_tests::{Appliance, Batch, Client, Refused, VERSIONS, answer, objects::*};
use kmip::{
    BatchErrorContinuationOption as Option_, ObjectType, ResultReason, ResultStatus, State,
    UniqueIdentifierEnumeration,
    attribute::UniqueIdentifier,
    payload::{
        activate::{Activate, ActivateRequest},
        create::{Create, CreateKeyPair, CreateRequest},
        get::{Get, GetRequest},
        get_attributes::{GetAttributeList, GetAttributeListRequest},
        locate::{Locate, LocateRequest},
    },
};

on_each_backend!(
    a_batch_stops_at_the_first_failure,
    a_batch_goes_on_where_it_is_told_to,
    a_batch_is_undone_as_a_whole,
    the_placeholder_names_what_was_made,
    identifiers_of_items_are_echoed,
    an_answer_that_is_too_long_changes_nothing,
);

fn creating() -> CreateRequest {
    CreateRequest {
        object_type: ObjectType::SymmetricKey,
        attributes: list(aes(256, CIPHER)),
        protection_storage_masks: None,
    }
}

const PLACEHOLDER: ActivateRequest = ActivateRequest {
    unique_identifier: None,
};

fn activating(key: &str) -> ActivateRequest {
    ActivateRequest {
        unique_identifier: id(key),
    }
}

fn a_batch_stops_at_the_first_failure(appliance: &Appliance) {
    for version in VERSIONS {
        let client = &mut appliance.client(version);
        let (first, last) = (
            create(client, aes(128, CIPHER)),
            create(client, aes(128, CIPHER)),
        );
        for option in [None, Some(Option_::Stop)] {
            let key = create(client, aes(128, CIPHER));
            let mut batch = Batch::new(version);
            batch.header.batch_error_continuation_option = option;
            batch.add::<Activate>(&activating(&key));
            batch.add::<Activate>(&activating("no-such-object"));
            batch.add::<Activate>(&activating(&last));
            let response = client.send(batch);
            assert_eq!(
                response.items.len(),
                2,
                "items behind the failure get no answer"
            );
            assert_eq!(response.header.batch_count, 2);
            assert_eq!(response.items[0].result_status, ResultStatus::Success);
            assert_eq!(
                response.items[1].result_status,
                ResultStatus::OperationFailed
            );
            assert_eq!(
                state(client, &key),
                State::Active,
                "what was done stays done"
            );
            assert_eq!(state(client, &last), State::PreActive);
        }
        assert_eq!(state(client, &first), State::PreActive);
    }
}

fn a_batch_goes_on_where_it_is_told_to(appliance: &Appliance) {
    for version in VERSIONS {
        let client = &mut appliance.client(version);
        let key = create(client, aes(128, CIPHER));
        let mut batch = Batch::new(version).on_error(Option_::Continue);
        batch.add::<Activate>(&activating("no-such-object"));
        batch.add::<Activate>(&activating(&key));
        batch.add::<Activate>(&activating(&key));
        let response = client.send(batch);
        let statuses: Vec<_> = response
            .items
            .iter()
            .map(|item| item.result_status)
            .collect();
        assert_eq!(
            statuses,
            [
                ResultStatus::OperationFailed,
                ResultStatus::Success,
                ResultStatus::OperationFailed
            ]
        );
        assert_eq!(state(client, &key), State::Active);
    }
}

fn a_batch_is_undone_as_a_whole(appliance: &Appliance) {
    for version in VERSIONS {
        let client = &mut appliance.client(version);
        let before = locate(client, []).len();
        let key = create(client, aes(128, CIPHER));
        let mut batch = Batch::new(version).on_error(Option_::Undo);
        batch.add::<Activate>(&activating(&key));
        batch.add::<Create>(&creating());
        batch.add::<CreateKeyPair>(&pair(Pair::Rsa(2048), [], []));
        batch.add::<Activate>(&activating("no-such-object"));
        let response = client.send(batch);
        let statuses: Vec<_> = response
            .items
            .iter()
            .map(|item| item.result_status)
            .collect();
        let undone = ResultStatus::OperationUndone;
        assert_eq!(
            statuses,
            [undone, undone, undone, ResultStatus::OperationFailed]
        );
        assert_eq!(state(client, &key), State::PreActive);
        assert_eq!(
            locate(client, []).len(),
            before + 1,
            "nothing but the first key is there"
        );

        let mut batch = Batch::new(version).on_error(Option_::Undo);
        batch.add::<Activate>(&activating(&key));
        batch.add::<Create>(&creating());
        let response = client.send(batch);
        assert!(
            response
                .items
                .iter()
                .all(|item| item.result_status == ResultStatus::Success)
        );
        assert_eq!(state(client, &key), State::Active);
        assert_eq!(locate(client, []).len(), before + 2);
    }
    if appliance.backend() != keyhold_tests::Backend::Embedded {
        let objects =
            keyhold_tests::programs::succeed(&mut appliance.token().tool(&["--list-objects"]));
        // The one that is there is the authority's, which `keyhold dev` makes; of wrapped keys there is none.
        let is_resident = appliance.backend() != keyhold_tests::Backend::Wrapped;
        assert_eq!(
            objects.matches("Private Key Object").count(),
            usize::from(is_resident),
            "the pairs were undone in the HSM too:\n{objects}"
        );
    }
}

fn the_placeholder_names_what_was_made(appliance: &Appliance) {
    for version in VERSIONS {
        let client = &mut appliance.client(version);
        let mut batch = Batch::new(version);
        batch.add::<Create>(&creating());
        batch.add::<Activate>(&PLACEHOLDER);
        batch.add::<Get>(&GetRequest::default());
        let response = client.send(batch);
        let made = answer::<Create>(&response.items[0], version)
            .unwrap()
            .unique_identifier;
        assert_eq!(
            answer::<Activate>(&response.items[1], version)
                .unwrap()
                .unique_identifier,
            made
        );
        let got = answer::<Get>(&response.items[2], version).unwrap();
        assert_eq!(got.unique_identifier, made);
        assert_eq!(bytes(&got.object).len(), 32);

        of_a_pair_it_is_the_private_key(client);
        locate_sets_and_clears_it(client);
        if version.is_2() {
            operations_name_what_they_made(client);
        }
    }
}

/// KMIP 1.4 §4.2.
fn of_a_pair_it_is_the_private_key(client: &mut Client) {
    let version = client.version;
    let mut batch = Batch::new(version);
    batch.add::<CreateKeyPair>(&pair(Pair::Ec(kmip::RecommendedCurve::P256, 256), [], []));
    batch.add::<Activate>(&PLACEHOLDER);
    let response = client.send(batch);
    let pair = answer::<CreateKeyPair>(&response.items[0], version).unwrap();
    let activated = answer::<Activate>(&response.items[1], version)
        .unwrap()
        .unique_identifier;
    assert_eq!(activated, pair.private_key_unique_identifier);
}

/// By one match it is set, and by several cleared (KMIP 1.4 §4.9).
fn locate_sets_and_clears_it(client: &mut Client) {
    let version = client.version;
    let unique = create(
        client,
        aes(128, CIPHER)
            .into_iter()
            .chain([name(&format!("one {version}"))]),
    );
    let locating = |attributes: Vec<_>| LocateRequest {
        attributes: list(attributes),
        ..LocateRequest::default()
    };
    let mut batch = Batch::new(version).on_error(Option_::Continue);
    batch.add::<Locate>(&locating(vec![name(&format!("one {version}"))]));
    batch.add::<Activate>(&PLACEHOLDER);
    batch.add::<Locate>(&locating(Vec::new()));
    batch.add::<Activate>(&PLACEHOLDER);
    let response = client.send(batch);
    let activated = answer::<Activate>(&response.items[1], version)
        .unwrap()
        .unique_identifier;
    assert_eq!(text(&activated), unique);
    assert!(answer::<Activate>(&response.items[3], version).is_err());
    assert!(
        client.try_call::<Activate>(&PLACEHOLDER).is_err(),
        "it lives for one batch"
    );
}

fn operations_name_what_they_made(client: &mut Client) {
    let version = client.version;
    let by = |which| ActivateRequest {
        unique_identifier: Some(UniqueIdentifier::Enumeration(which)),
    };
    let mut batch = Batch::new(version);
    batch.add::<Create>(&creating());
    batch.add::<Activate>(&by(UniqueIdentifierEnumeration::Create));
    let response = client.send(batch);
    assert!(answer::<Activate>(&response.items[1], version).is_ok());
}

fn identifiers_of_items_are_echoed(appliance: &Appliance) {
    for version in VERSIONS {
        let client = &mut appliance.client(version);
        // Six bytes of FortiOS, eight of vCenter, sixteen of ceph-csi; also in a batch of one, and of a failure.
        for identifier in [&b"forti1"[..], b"QLKC\x07\0\0\0", &[0xAB; 16]] {
            let mut batch = Batch::new(version);
            batch
                .add::<Locate>(&LocateRequest::default())
                .id(identifier);
            let response = client.send(batch);
            assert_eq!(
                response.items[0].unique_batch_item_id.as_ref().unwrap().0,
                identifier
            );
        }
        let mut batch = Batch::new(version).on_error(Option_::Continue);
        batch
            .add::<Activate>(&activating("no-such-object"))
            .id(b"a");
        batch.add_raw(kmip::OperationCode(0x7777), &[]).id(b"b");
        let mut unreadable = kmip::ttlv::Writer::new(version);
        unreadable.boolean(kmip::Tag::UniqueIdentifier, true);
        batch
            .add_raw(kmip::OperationCode::Get, unreadable.bytes())
            .id(b"c");
        batch.add::<Locate>(&LocateRequest::default()).id(b"d");
        let sent = [0x12, 0x7777, 0x0A, 0x08];
        let response = client.send(batch);
        assert_eq!(response.items.len(), 4);
        for ((item, id), operation) in response
            .items
            .iter()
            .zip([b"a", b"b", b"c", b"d"])
            .zip(sent)
        {
            assert_eq!(item.unique_batch_item_id.as_ref().unwrap().0, id);
            assert_eq!(item.operation, Some(kmip::OperationCode(operation)));
        }
        let reasons: Vec<_> = response
            .items
            .iter()
            .map(|item| item.result_reason)
            .collect();
        assert_eq!(reasons[1], Some(ResultReason::OperationNotSupported));
        assert_eq!(reasons[2], Some(ResultReason::InvalidMessage));
        assert_eq!(reasons[3], None);
    }
}

fn an_answer_that_is_too_long_changes_nothing(appliance: &Appliance) {
    for version in VERSIONS {
        let client = &mut appliance.client(version);
        let before = locate(client, []);
        let mut batch = Batch::new(version);
        batch.header.maximum_response_size = Some(150);
        batch.add::<Create>(&creating());
        let response = client.send(batch);
        let refused: Refused = answer::<Create>(&response.items[0], version).err().unwrap();
        assert_eq!(refused.reason, Some(ResultReason::ResponseTooLarge));
        assert_eq!(locate(client, []), before, "the key is not there");

        let key = create(client, aes(128, CIPHER));
        for (limit, fits) in [(100, false), (8192, true)] {
            let mut batch = Batch::new(version);
            batch.header.maximum_response_size = Some(limit);
            batch.add::<GetAttributeList>(&GetAttributeListRequest {
                unique_identifier: id(&key),
            });
            let response = client.send(batch);
            assert_eq!(
                answer::<GetAttributeList>(&response.items[0], version).is_ok(),
                fits
            );
        }
    }
}
