//! Links and groups in 3.0.

use kmip::{
    CryptographicUsageMask, LinkType, ObjectType, ResultReason, Tag, V2_1,
    attribute::{Attribute, AttributeReference, Link, SingleAttribute},
    payload::{
        account::{CreateGroup, CreateGroupRequest},
        attribute::{
            DeleteAttribute, DeleteAttributeRequest, ModifyAttribute, ModifyAttributeRequest,
        },
        create::{Create, CreateKeyPair, CreateKeyPairRequest},
        get_attributes::{
            GetAttributeList, GetAttributeListRequest, GetAttributes, GetAttributesRequest,
        },
    },
    ttlv::ItemType,
};

use super::*;
use crate::fixture::text;

#[test]
fn links_are_attributes_of_their_own() {
    let mut fixture = draft();
    let pair = CreateKeyPairRequest {
        common_attributes: [
            Attribute::CryptographicAlgorithm(kmip::CryptographicAlgorithm::RSA),
            Attribute::CryptographicLength(2048),
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
    };
    let pair = fixture.call::<CreateKeyPair>(&pair).unwrap();
    let (private, public) = (
        text(&pair.private_key_unique_identifier),
        text(&pair.public_key_unique_identifier),
    );
    let list = GetAttributeListRequest {
        unique_identifier: Some(private.as_str().into()),
    };
    let listed = fixture
        .call::<GetAttributeList>(&list)
        .unwrap()
        .attribute_reference;
    assert!(listed.contains(&AttributeReference::Link(LinkType::PublicKeyLink)));
    let only = AttributeReference::Link(LinkType::PublicKeyLink);
    let told = fixture.attributes(&private, vec![only]);
    assert_eq!(told, [link(LinkType::PublicKeyLink, &public)]);
    assert_eq!(
        fixture.locate(vec![link(LinkType::PublicKeyLink, &public)], None),
        std::slice::from_ref(&private)
    );
    let get = GetAttributesRequest {
        unique_identifier: Some(private.as_str().into()),
        attribute_reference: vec![],
    };
    let (told, types) = fixture.raw::<GetAttributes>(&get);
    assert!(
        told.contains(&format!("PublicKeyLink {public:?}")),
        "{told}"
    );
    assert!(types.contains(&(Tag::PublicKeyLink, ItemType::Reference)));
    // The same link is a structure with a type before.
    fixture.version = V2_1;
    let (told, types) = fixture.raw::<GetAttributes>(&get);
    assert!(told.contains("LinkType 0x102"), "{told}");
    assert!(types.iter().all(|(tag, _)| *tag != Tag::PublicKeyLink));
}

#[test]
fn a_link_is_added_changed_and_deleted_by_its_type() {
    let mut fixture = draft();
    let (one, two, three) = (
        fixture.aes_key([]),
        fixture.aes_key([]),
        fixture.aes_key([]),
    );
    fixture.add(&one, link(LinkType::NextLink, &two)).unwrap();
    fixture
        .add(&one, link(LinkType::ChildLink, &three))
        .unwrap();
    let modify = ModifyAttributeRequest {
        unique_identifier: Some(one.as_str().into()),
        current_attribute: None,
        new_attribute: SingleAttribute {
            index: None,
            attribute: link(LinkType::ChildLink, &two),
        },
    };
    fixture.call::<ModifyAttribute>(&modify).unwrap();
    let delete = |link_type| DeleteAttributeRequest {
        unique_identifier: Some(one.as_str().into()),
        current_attribute: None,
        attribute_reference: Some(AttributeReference::Link(link_type)),
        attribute_index: None,
    };
    fixture
        .call::<DeleteAttribute>(&delete(LinkType::NextLink))
        .unwrap();
    let again = fixture
        .call::<DeleteAttribute>(&delete(LinkType::NextLink))
        .err();
    assert_eq!(again, Some(ResultReason::AttributeNotFound));
    let mut told = fixture.attributes(&one, vec![]);
    told.retain(|own| matches!(own, Attribute::Link(_)));
    assert_eq!(told, [link(LinkType::ChildLink, &two)]);
}

#[test]
fn a_link_does_not_lead_back() {
    let mut fixture = draft();
    let (one, two, three) = (
        fixture.aes_key([]),
        fixture.aes_key([]),
        fixture.aes_key([]),
    );
    let circular = Err(ResultReason::CircularLinkError);
    assert_eq!(
        fixture.add(&one, link(LinkType::ParentLink, &one)),
        circular
    );
    fixture.add(&one, link(LinkType::ParentLink, &two)).unwrap();
    fixture
        .add(&two, link(LinkType::ParentLink, &three))
        .unwrap();
    assert_eq!(
        fixture.add(&three, link(LinkType::ParentLink, &one)),
        circular
    );
    // Of another type it is no circle.
    fixture
        .add(&three, link(LinkType::ChildLink, &one))
        .unwrap();
    fixture.version = V2_1;
    let before = fixture.add(&three, link(LinkType::ParentLink, &one));
    assert_eq!(before, Err(ResultReason::InvalidAttributeValue));
}

#[test]
fn groups_have_members_by_reference_and_by_name() {
    let mut fixture = draft();
    let group = CreateGroupRequest {
        attributes: named("pool"),
    };
    let group = text(
        &fixture
            .call::<CreateGroup>(&group)
            .unwrap()
            .unique_identifier,
    );
    let one = fixture.aes_key([link(Link::GROUP, &group)]);
    let two = fixture.aes_key([by_name(Link::GROUP, "pool")]);
    assert_eq!(fixture.locate(vec![link(Link::GROUP, &group)], None), [one]);
    assert_eq!(
        fixture.locate(vec![by_name(Link::GROUP, "pool")], None),
        std::slice::from_ref(&two)
    );
    let told = fixture.attributes(&two, vec![AttributeReference::Link(Link::GROUP)]);
    assert_eq!(told, [by_name(Link::GROUP, "pool")]);
    let nobody = |link_type| aes_with(by_name(link_type, "none"));
    assert!(
        fixture.call::<Create>(&nobody(Link::GROUP)).is_ok(),
        "a group may come later"
    );
    let missing = fixture.call::<Create>(&nobody(LinkType::ParentLink)).err();
    assert_eq!(missing, Some(ResultReason::ObjectNotFound));
    assert_eq!(
        fixture.locate(vec![Attribute::ObjectType(ObjectType::Group)], None),
        [group]
    );
    // Before 3.0 there is no way to say it.
    fixture.version = V2_1;
    assert!(
        fixture
            .attributes(&two, vec![])
            .iter()
            .all(|own| !matches!(own, Attribute::Link(_)))
    );
    assert_eq!(
        fixture.locate(vec![Attribute::ObjectType(ObjectType::Group)], None),
        [""; 0]
    );
}
