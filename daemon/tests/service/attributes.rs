//! Attributes: who may set, change and delete which, indices in 1.x, values in 2.x.

use kmip::{
    CryptographicAlgorithm, CryptographicUsageMask, ResultReason, State, V1_0, V1_4, V2_1,
    attribute::{
        Attribute, AttributeKind, AttributeReference, Name, SingleAttribute, VendorAttribute,
    },
    payload::{
        attribute::{
            AddAttribute, AddAttributeRequest, DeleteAttribute, DeleteAttributeRequest,
            ModifyAttribute, ModifyAttributeRequest,
        },
        get_attributes::{
            GetAttributeList, GetAttributeListRequest, GetAttributes, GetAttributesRequest,
        },
    },
    ttlv::{AnyValue, Timestamp},
};

use crate::fixture::{Fixture, NOON};

fn single(attribute: Attribute) -> SingleAttribute {
    SingleAttribute {
        index: None,
        attribute,
    }
}

fn add(
    fixture: &mut Fixture,
    id: &str,
    attribute: Attribute,
) -> Result<Option<SingleAttribute>, ResultReason> {
    fixture
        .call::<AddAttribute>(&AddAttributeRequest {
            unique_identifier: Some(id.into()),
            new_attribute: single(attribute),
        })
        .map(|response| response.attribute)
}

fn modify(
    fixture: &mut Fixture,
    id: &str,
    current: Option<Attribute>,
    new: SingleAttribute,
) -> Result<Option<SingleAttribute>, ResultReason> {
    fixture
        .call::<ModifyAttribute>(&ModifyAttributeRequest {
            unique_identifier: Some(id.into()),
            current_attribute: current.map(single),
            new_attribute: new,
        })
        .map(|response| response.attribute)
}

fn delete(
    fixture: &mut Fixture,
    id: &str,
    reference: AttributeReference,
    index: Option<i32>,
) -> Result<(), ResultReason> {
    fixture
        .call::<DeleteAttribute>(&DeleteAttributeRequest {
            unique_identifier: Some(id.into()),
            current_attribute: None,
            attribute_reference: Some(reference),
            attribute_index: index,
        })
        .map(drop)
}

fn values(
    fixture: &mut Fixture,
    id: &str,
    reference: AttributeReference,
) -> Vec<(Option<u32>, Attribute)> {
    let request = GetAttributesRequest {
        unique_identifier: Some(id.into()),
        attribute_reference: vec![reference],
    };
    fixture
        .call::<GetAttributes>(&request)
        .unwrap()
        .attributes
        .items
}

fn names() -> AttributeReference {
    AttributeReference::Standard(AttributeKind::Name)
}

fn name(text: &str) -> Attribute {
    Attribute::Name(Name::text(text))
}

fn vendor(vendor: &str, name: &str, value: &str) -> Attribute {
    Attribute::Vendor(VendorAttribute {
        vendor_identification: vendor.into(),
        attribute_name: name.into(),
        value: AnyValue::text(value),
    })
}

#[test]
fn indices_are_kept_for_life_in_1_x() {
    let mut fixture = Fixture::new();
    fixture.version = V1_4;
    let id = fixture.aes_key([]);
    for (text, index) in [("a", 0), ("b", 1), ("c", 2)] {
        let echoed = add(&mut fixture, &id, name(text))
            .unwrap()
            .expect("1.x echoes the attribute");
        assert_eq!(
            (echoed.index.unwrap_or(0), echoed.attribute),
            (index, name(text))
        );
    }
    delete(&mut fixture, &id, names(), Some(1)).unwrap();
    let changed = SingleAttribute {
        index: Some(2),
        attribute: name("d"),
    };
    let echoed = modify(&mut fixture, &id, None, changed).unwrap().unwrap();
    assert_eq!(echoed.index, Some(2));
    assert_eq!(
        values(&mut fixture, &id, names()),
        [(None, name("a")), (Some(2), name("d"))]
    );
    assert_eq!(
        add(&mut fixture, &id, name("e")).unwrap().unwrap().index,
        Some(3),
        "not used again"
    );
    assert_eq!(
        delete(&mut fixture, &id, names(), Some(1)).err(),
        Some(ResultReason::ItemNotFound)
    );
}

#[test]
fn values_are_named_in_2_x() {
    let mut fixture = Fixture::new();
    let id = fixture.aes_key([name("a")]);
    assert_eq!(
        add(&mut fixture, &id, name("b")).unwrap(),
        None,
        "2.x does not echo"
    );
    modify(&mut fixture, &id, Some(name("b")), single(name("c"))).unwrap();
    let missing = modify(&mut fixture, &id, Some(name("b")), single(name("d")));
    assert_eq!(missing.err(), Some(ResultReason::AttributeInstanceNotFound));
    let texts: Vec<_> = values(&mut fixture, &id, names())
        .into_iter()
        .map(|(_, value)| value)
        .collect();
    assert_eq!(texts, [name("a"), name("c")]);
    delete(&mut fixture, &id, names(), None).unwrap();
    assert!(
        values(&mut fixture, &id, names()).is_empty(),
        "a reference deletes every instance"
    );
    assert_eq!(
        delete(&mut fixture, &id, names(), None).err(),
        Some(ResultReason::AttributeNotFound)
    );
}

#[test]
fn the_servers_attributes_are_the_servers() {
    let mut fixture = Fixture::new();
    let id = fixture.aes_key([]);
    for attribute in [
        Attribute::State(State::Compromised),
        Attribute::InitialDate(NOON),
        Attribute::UniqueIdentifier("other".into()),
        Attribute::AlwaysSensitive(true),
        vendor("y", "server", "value"),
    ] {
        let added = add(&mut fixture, &id, attribute.clone()).err();
        assert_eq!(
            added,
            Some(ResultReason::AttributeReadOnly),
            "{attribute:?}"
        );
        let modified = modify(&mut fixture, &id, None, single(attribute.clone())).err();
        assert_eq!(
            modified,
            Some(ResultReason::AttributeReadOnly),
            "{attribute:?}"
        );
    }
    let mask = Attribute::CryptographicUsageMask(CryptographicUsageMask::Sign);
    assert_eq!(
        modify(&mut fixture, &id, None, single(mask.clone())).err(),
        Some(ResultReason::AttributeReadOnly)
    );
    assert_eq!(
        add(&mut fixture, &id, mask).err(),
        Some(ResultReason::AttributeSingleValued)
    );
    let date = Attribute::ActivationDate(Timestamp(NOON.0 + 5));
    assert_eq!(
        modify(&mut fixture, &id, None, single(date)).err(),
        Some(ResultReason::WrongKeyLifecycleState)
    );
    let state = AttributeReference::Standard(AttributeKind::State);
    assert_eq!(
        delete(&mut fixture, &id, state, None).err(),
        Some(ResultReason::AttributeReadOnly)
    );
    let wrong = fixture.create(vec![
        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
        Attribute::CryptographicUsageMask(CryptographicUsageMask::Encrypt),
        Attribute::State(State::Active),
    ]);
    assert_eq!(wrong.err(), Some(ResultReason::AttributeReadOnly));
}

#[test]
fn vendor_attributes_are_seen_across_versions() {
    let mut fixture = Fixture::new();
    fixture.version = V1_0;
    let id = fixture.aes_key([
        vendor("x", "Product", "vSphere"),
        vendor("x", "Product", "again"),
    ]);
    fixture.version = V2_1;
    let reference = AttributeReference::Vendor {
        vendor_identification: "x".into(),
        attribute_name: "Product".into(),
    };
    assert_eq!(values(&mut fixture, &id, reference.clone()).len(), 2);
    add(&mut fixture, &id, vendor("acme", "level", "9")).unwrap();
    fixture.version = V1_4;
    let own = AttributeReference::from_v1_name("acme-level");
    assert_eq!(
        values(&mut fixture, &id, own),
        [(None, vendor("acme", "level", "9"))]
    );
    delete(&mut fixture, &id, reference.clone(), Some(0)).unwrap();
    let left = values(&mut fixture, &id, reference);
    assert_eq!(left, [(Some(1), vendor("x", "Product", "again"))]);
}

#[test]
fn a_version_sees_the_attributes_it_knows() {
    let mut fixture = Fixture::new();
    let id = fixture.aes_key([]);
    for version in kmip::Version::SPOKEN {
        fixture.version = *version;
        let all = fixture
            .call::<GetAttributes>(&GetAttributesRequest {
                unique_identifier: Some(id.as_str().into()),
                attribute_reference: vec![],
            })
            .unwrap();
        for attribute in all.attributes.iter() {
            let kind = attribute.kind().unwrap();
            assert!(kind.rule().applies_to(*version), "{kind:?} in {version}");
        }
        let listed = fixture
            .call::<GetAttributeList>(&GetAttributeListRequest {
                unique_identifier: Some(id.as_str().into()),
            })
            .unwrap();
        assert_eq!(listed.attribute_reference.len(), all.attributes.items.len());
        assert!(
            listed
                .attribute_reference
                .contains(&AttributeReference::Standard(AttributeKind::State))
        );
    }
}
