//! Set Attribute and Adjust Attribute.

use kmip::{
    AdjustmentType, ResultReason, State, Tag, V1_4, V2_0, V2_1,
    attribute::{
        Attribute, AttributeKind, AttributeReference, Name, SingleAttribute, VendorAttribute,
    },
    client::outgoing,
    payload::{
        attribute::{AdjustAttribute, AdjustAttributeRequest, SetAttribute, SetAttributeRequest},
        get_attributes::{GetAttributes, GetAttributesRequest},
    },
    ttlv::{AnyValue, Interval, ItemType, Timestamp},
};

use crate::fixture::{Fixture, NOON};

fn set(fixture: &mut Fixture, id: &str, attribute: Attribute) -> Result<(), ResultReason> {
    fixture
        .call::<SetAttribute>(&SetAttributeRequest {
            unique_identifier: Some(id.into()),
            new_attribute: SingleAttribute {
                index: None,
                attribute,
            },
        })
        .map(drop)
}

fn adjust(
    fixture: &mut Fixture,
    id: &str,
    reference: AttributeReference,
    how: AdjustmentType,
    by: Option<AnyValue>,
) -> Result<(), ResultReason> {
    fixture
        .call::<AdjustAttribute>(&AdjustAttributeRequest {
            unique_identifier: Some(id.into()),
            attribute_reference: reference,
            adjustment_type: how,
            adjustment_value: by,
        })
        .map(drop)
}

fn get(fixture: &mut Fixture, id: &str, reference: AttributeReference) -> Vec<Attribute> {
    let answer = fixture.call::<GetAttributes>(&GetAttributesRequest {
        unique_identifier: Some(id.into()),
        attribute_reference: vec![reference],
    });
    answer.unwrap().attributes.iter().cloned().collect()
}

fn integer(value: i32) -> AnyValue {
    AnyValue {
        item_type: ItemType::Integer,
        body: value.to_be_bytes().to_vec(),
    }
}

fn vendor(value: AnyValue) -> Attribute {
    Attribute::Vendor(VendorAttribute {
        vendor_identification: "x".into(),
        attribute_name: "Count".into(),
        value,
    })
}

fn count() -> AttributeReference {
    AttributeReference::from_v1_name("x-Count")
}

#[test]
fn set_adds_what_is_missing_and_replaces_what_is_there() {
    let mut fixture = Fixture::new();
    let id = fixture.aes_key([]);
    for version in [V2_0, V2_1] {
        fixture.version = version;
        for comment in ["one", "two"] {
            let comment = Attribute::Comment(comment.into());
            set(&mut fixture, &id, comment.clone()).unwrap();
            let reference = AttributeReference::Standard(AttributeKind::Comment);
            assert_eq!(get(&mut fixture, &id, reference), [comment]);
        }
    }
    fixture.version = V1_4;
    let request = SetAttributeRequest {
        unique_identifier: Some(id.as_str().into()),
        new_attribute: SingleAttribute {
            index: None,
            attribute: Attribute::Comment("x".into()),
        },
    };
    let items = fixture.batch(None, &[outgoing::<SetAttribute>(&request, V1_4)]);
    assert_eq!(
        items[0].result_reason,
        Some(ResultReason::OperationNotSupported)
    );
}

#[test]
fn set_keeps_the_rules_of_the_attributes() {
    let mut fixture = Fixture::new();
    let id = fixture.aes_key([]);
    for (attribute, reason) in [
        (
            Attribute::State(State::Compromised),
            ResultReason::ReadOnlyAttribute,
        ),
        (
            Attribute::CryptographicLength(128),
            ResultReason::ReadOnlyAttribute,
        ),
        // It has one, and only the client's first word counts.
        (Attribute::Fresh(true), ResultReason::ReadOnlyAttribute),
        (
            Attribute::ActivationDate(NOON),
            ResultReason::WrongKeyLifecycleState,
        ),
        (
            Attribute::Name(Name::text("")),
            ResultReason::InvalidAttributeValue,
        ),
    ] {
        assert_eq!(set(&mut fixture, &id, attribute), Err(reason));
    }
    // One instance is replaced; of several, none is meant.
    set(&mut fixture, &id, Attribute::ObjectGroup("one".into())).unwrap();
    set(&mut fixture, &id, Attribute::ObjectGroup("two".into())).unwrap();
    let groups = AttributeReference::Standard(AttributeKind::ObjectGroup);
    assert_eq!(
        get(&mut fixture, &id, groups),
        [Attribute::ObjectGroup("two".into())]
    );
    let several = fixture.aes_key(["a", "b"].map(|group| Attribute::ObjectGroup(group.into())));
    assert_eq!(
        set(&mut fixture, &several, Attribute::ObjectGroup("c".into())),
        Err(ResultReason::MultiValuedAttribute)
    );
    let other = fixture.aes_key([Attribute::Name(Name::text("taken"))]);
    assert_ne!(other, id);
    assert_eq!(
        set(&mut fixture, &id, Attribute::Name(Name::text("taken"))),
        Err(ResultReason::NonUniqueNameAttribute)
    );
}

#[test]
fn adjust_moves_numbers_within_their_range() {
    let mut fixture = Fixture::new();
    let id = fixture.aes_key([vendor(integer(i32::MAX - 3))]);
    use AdjustmentType as How;
    for (how, by, wanted) in [
        (How::Increment, None, Ok(i32::MAX - 2)),
        (How::Increment, Some(2), Ok(i32::MAX)),
        (How::Increment, None, Err(ResultReason::NumericRange)),
        (How::Decrement, Some(i32::MAX), Ok(0)),
        (How::Decrement, None, Ok(-1)),
        (How::Negate, None, Ok(1)),
        (How(99), None, Err(ResultReason::InvalidField)),
    ] {
        let done = adjust(&mut fixture, &id, count(), how, by.map(integer));
        assert_eq!(done, wanted.map(drop), "{how:?} {by:?}");
        if let Ok(value) = wanted {
            assert_eq!(get(&mut fixture, &id, count()), [vendor(integer(value))]);
        }
    }
}

#[test]
fn adjust_negates_truths_and_moves_dates_by_their_rules() {
    let mut fixture = Fixture::new();
    let date = Timestamp(NOON.0 + 100);
    let id = fixture.aes_key([
        Attribute::QuantumSafe(false),
        Attribute::DeactivationDate(date),
        Attribute::ProtectionPeriod(Interval(1)),
    ]);
    let of = AttributeReference::Standard;
    let negate =
        |fixture: &mut Fixture, kind| adjust(fixture, &id, of(kind), AdjustmentType::Negate, None);
    negate(&mut fixture, AttributeKind::QuantumSafe).unwrap();
    assert_eq!(
        get(&mut fixture, &id, of(AttributeKind::QuantumSafe)),
        [Attribute::QuantumSafe(true)]
    );
    // What was sensitive stays so, whichever operation asks.
    negate(&mut fixture, AttributeKind::Sensitive).unwrap();
    assert_eq!(
        negate(&mut fixture, AttributeKind::Sensitive),
        Err(ResultReason::ReadOnlyAttribute)
    );
    let later = |fixture: &mut Fixture, kind| {
        adjust(
            fixture,
            &id,
            of(kind),
            AdjustmentType::Increment,
            Some(integer(60)),
        )
    };
    later(&mut fixture, AttributeKind::DeactivationDate).unwrap();
    assert_eq!(
        get(&mut fixture, &id, of(AttributeKind::DeactivationDate)),
        [Attribute::DeactivationDate(Timestamp(date.0 + 60))]
    );
    assert_eq!(
        later(&mut fixture, AttributeKind::ActivationDate),
        Err(ResultReason::WrongKeyLifecycleState)
    );
    assert_eq!(
        later(&mut fixture, AttributeKind::QuantumSafe),
        Err(ResultReason::InvalidDataType)
    );
    assert_eq!(
        later(&mut fixture, AttributeKind::CryptographicLength),
        Err(ResultReason::ReadOnlyAttribute)
    );
    let down = adjust(
        &mut fixture,
        &id,
        of(AttributeKind::ProtectionPeriod),
        AdjustmentType::Decrement,
        Some(integer(2)),
    );
    assert_eq!(down, Err(ResultReason::NumericRange));
}

#[test]
fn adjust_says_why_not() {
    let mut fixture = Fixture::new();
    let text = AnyValue {
        item_type: ItemType::TextString,
        body: b"one".to_vec(),
    };
    let id = fixture.aes_key([vendor(text.clone())]);
    let mut up =
        |reference, by| adjust(&mut fixture, &id, reference, AdjustmentType::Increment, by);
    assert_eq!(up(count(), None), Err(ResultReason::InvalidDataType));
    assert_eq!(
        up(AttributeReference::from_v1_name("x-Other"), None),
        Err(ResultReason::ItemNotFound)
    );
    assert_eq!(
        up(AttributeReference::Unknown(Tag::BatchItem), None),
        Err(ResultReason::UnsupportedAttribute)
    );
    let number = fixture.aes_key([vendor(integer(1))]);
    let bad = adjust(
        &mut fixture,
        &number,
        count(),
        AdjustmentType::Increment,
        Some(text),
    );
    assert_eq!(bad, Err(ResultReason::InvalidDataType));
}
