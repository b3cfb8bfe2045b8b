//! Batches: the placeholder, identifiers of earlier items, Stop, Continue and Undo, echoes.

use kmip::{
    BatchErrorContinuationOption, CryptographicAlgorithm, CryptographicUsageMask, ObjectType,
    OperationCode, ResultReason, ResultStatus, UniqueIdentifierEnumeration, V1_4, V2_1,
    attribute::{Attribute, AttributeKind, AttributeReference, Name, UniqueIdentifier},
    client::outgoing,
    message::OutgoingItem,
    payload::{
        activate::{Activate, ActivateRequest},
        create::{Create, CreateKeyPair, CreateKeyPairRequest},
        get::{Get, GetRequest},
        get_attributes::{GetAttributes, GetAttributesRequest},
        locate::{Locate, LocateRequest},
    },
};

use crate::fixture::{Fixture, create, read, text};

fn aes(name: &str) -> OutgoingItem {
    let attributes = vec![
        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
        Attribute::CryptographicLength(128),
        Attribute::CryptographicUsageMask(CryptographicUsageMask::Encrypt),
        Attribute::Name(Name::text(name)),
    ];
    outgoing::<Create>(&create(attributes), V2_1)
}

fn activate(id: Option<UniqueIdentifier>) -> OutgoingItem {
    outgoing::<Activate>(
        &ActivateRequest {
            unique_identifier: id,
        },
        V2_1,
    )
}

fn locate(name: &str) -> OutgoingItem {
    let attributes = [Attribute::Name(Name::text(name))].into_iter().collect();
    outgoing::<Locate>(
        &LocateRequest {
            attributes,
            ..LocateRequest::default()
        },
        V2_1,
    )
}

fn get() -> OutgoingItem {
    outgoing::<Get>(&GetRequest::default(), V2_1)
}

#[test]
fn the_placeholder_goes_from_item_to_item() {
    let mut fixture = Fixture::new();
    let items = fixture.batch(None, &[aes("a"), activate(None), get()]);
    let made = text(&read::<Create>(&items[0], V2_1).unwrap().unique_identifier);
    let got = read::<Get>(&items[2], V2_1).unwrap();
    assert_eq!(text(&got.unique_identifier), made);

    let items = fixture.batch(None, &[locate("a"), get()]);
    assert_eq!(
        text(&read::<Get>(&items[1], V2_1).unwrap().unique_identifier),
        made,
        "one match"
    );
    let items = fixture.batch(None, &[aes("b"), locate("nothing"), get()]);
    assert_eq!(
        items[2].result_reason,
        Some(ResultReason::InvalidField),
        "no match clears it"
    );
    let items = fixture.batch(None, &[get()]);
    assert_eq!(
        items[0].result_reason,
        Some(ResultReason::InvalidField),
        "it lives for one batch"
    );
}

#[test]
fn earlier_items_are_named_by_operation_and_position() {
    let mut fixture = Fixture::new();
    let create = UniqueIdentifier::Enumeration(UniqueIdentifierEnumeration::Create);
    let last = UniqueIdentifier::Integer(-1);
    let first = UniqueIdentifier::Integer(0);
    let items = fixture.batch(
        None,
        &[
            aes("a"),
            activate(Some(create)),
            activate(Some(last)),
            aes("c"),
        ],
    );
    assert_eq!(
        items.len(),
        3,
        "the second activation fails, and Stop is the default"
    );
    assert_eq!(
        items[2].result_reason,
        Some(ResultReason::WrongKeyLifecycleState)
    );
    let items = fixture.batch(None, &[aes("d"), aes("e"), activate(Some(first))]);
    let d = text(&read::<Create>(&items[0], V2_1).unwrap().unique_identifier);
    assert_eq!(
        text(&read::<Activate>(&items[2], V2_1).unwrap().unique_identifier),
        d
    );
}

#[test]
fn stop_continue_and_echo() {
    let mut fixture = Fixture::new();
    let bad = || activate(Some("nothing".into()));
    for (option, answered) in [
        (None, 2),
        (Some(BatchErrorContinuationOption::Stop), 2),
        (Some(BatchErrorContinuationOption::Continue), 3),
    ] {
        let name = format!("{option:?}");
        let items = fixture.batch(option, &[aes(&name), bad(), locate(&name)]);
        assert_eq!(items.len(), answered, "{option:?}");
        assert_eq!(items[1].operation, Some(OperationCode::Activate));
        assert_eq!(items[1].result_reason, Some(ResultReason::ObjectNotFound));
        for (position, item) in items.iter().enumerate() {
            assert_eq!(
                item.unique_batch_item_id.as_ref().unwrap().0,
                position.to_be_bytes()
            );
        }
    }
}

#[test]
fn undo_leaves_nothing_behind() {
    let mut fixture = Fixture::new();
    let undo = Some(BatchErrorContinuationOption::Undo);
    let items = fixture.batch(
        undo,
        &[aes("a"), activate(None), activate(None), locate("a")],
    );
    let statuses: Vec<_> = items.iter().map(|item| item.result_status).collect();
    let undone = ResultStatus::OperationUndone;
    assert_eq!(statuses, [undone, undone, ResultStatus::OperationFailed]);
    assert!(
        items[0].payload.is_some(),
        "an undone item keeps its payload"
    );
    assert_eq!(store::Store::count(&*fixture.store).unwrap(), 0);

    let items = fixture.batch(undo, &[aes("a"), activate(None), locate("a")]);
    let found = read::<Locate>(&items[2], V2_1).unwrap();
    assert_eq!(
        found.unique_identifier.len(),
        1,
        "a transaction sees its own changes"
    );
    assert_eq!(store::Store::count(&*fixture.store).unwrap(), 1);
    let events = fixture.trail.events.lock().unwrap();
    assert_eq!(
        events
            .iter()
            .filter(|(.., outcome)| *outcome == "Undone")
            .count(),
        2
    );
}

#[test]
fn the_batch_of_another_version_works_alike() {
    let mut fixture = Fixture::new();
    fixture.version = V1_4;
    let attributes = vec![
        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
        Attribute::CryptographicUsageMask(CryptographicUsageMask::Encrypt),
    ];
    let items = fixture.batch(
        None,
        &[
            outgoing::<Create>(&create(attributes), V1_4),
            outgoing::<GetAttributes>(
                &GetAttributesRequest {
                    unique_identifier: None,
                    attribute_reference: vec![],
                },
                V1_4,
            ),
        ],
    );
    assert!(
        !read::<GetAttributes>(&items[1], V1_4)
            .unwrap()
            .attributes
            .is_empty()
    );
}

fn pair() -> CreateKeyPairRequest {
    CreateKeyPairRequest {
        common_attributes: [
            Attribute::CryptographicAlgorithm(CryptographicAlgorithm::EC),
            Attribute::CryptographicLength(256),
        ]
        .into_iter()
        .collect(),
        private_key_attributes: [Attribute::CryptographicUsageMask(
            CryptographicUsageMask::Sign,
        )]
        .into_iter()
        .collect(),
        public_key_attributes: [Attribute::CryptographicUsageMask(
            CryptographicUsageMask::Verify,
        )]
        .into_iter()
        .collect(),
        common_protection_storage_masks: None,
        private_protection_storage_masks: None,
        public_protection_storage_masks: None,
    }
}

/// KMIP 2.1 §4.58: an identifier is also what an operation returned, or the n-th that was returned.
#[test]
fn identifiers_point_at_what_was_returned() {
    use kmip::UniqueIdentifierEnumeration as Which;
    let mut fixture = Fixture::new();
    let forms = [
        UniqueIdentifier::Enumeration(Which::CreateKeyPairPublicKey),
        UniqueIdentifier::Enumeration(Which::CreateKeyPairPrivateKey),
        UniqueIdentifier::Enumeration(Which::CreateKeyPair),
        UniqueIdentifier::Enumeration(Which::IDPlaceholder),
        UniqueIdentifier::Integer(0),
        UniqueIdentifier::Integer(1),
        UniqueIdentifier::Integer(-1),
        UniqueIdentifier::Integer(99),
    ];
    let mut items = vec![outgoing::<CreateKeyPair>(&pair(), V2_1)];
    items.extend(forms.into_iter().map(|id| {
        outgoing::<GetAttributes>(
            &GetAttributesRequest {
                unique_identifier: Some(id),
                attribute_reference: vec![AttributeReference::Standard(AttributeKind::ObjectType)],
            },
            V2_1,
        )
    }));
    let answers = fixture.batch(Some(BatchErrorContinuationOption::Continue), &items);
    let types: Vec<_> = answers
        .iter()
        .skip(1)
        .map(|answer| {
            let told = read::<GetAttributes>(answer, V2_1).ok()?;
            told.attributes.iter().next().cloned()
        })
        .collect();
    let (public, private) = (
        Some(Attribute::ObjectType(ObjectType::PublicKey)),
        Some(Attribute::ObjectType(ObjectType::PrivateKey)),
    );
    let wanted = [
        &public, &private, &private, &private, &private, &public,
        // The item before told the public key's identifier.
        &public, &None,
    ];
    assert_eq!(types.iter().collect::<Vec<_>>(), wanted);
}
