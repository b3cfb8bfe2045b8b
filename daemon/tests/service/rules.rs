//! Constraints, defaults, protection, quantum safety, application data and links.

use kmip::{
    CryptographicAlgorithm, CryptographicUsageMask as Mask, LinkType, ObjectType,
    ProtectionStorageMask, QueryFunction, ResultReason, V2_0, V2_1,
    attribute::{
        ApplicationSpecificInformation, Attribute, Link, SingleAttribute, UniqueIdentifier,
    },
    payload::{
        attribute::{AddAttribute, AddAttributeRequest, DeleteAttribute, DeleteAttributeRequest},
        constraint::{
            Constraint, Constraints, DefaultsInformation, GetConstraints, GetConstraintsRequest,
            ObjectDefaults, ObjectGroups, ObjectTypes, SetConstraints, SetConstraintsRequest,
            SetDefaults, SetDefaultsRequest,
        },
        create::{Create, CreateRequest, ProtectionStorageMasks},
        query::{Query, QueryRequest},
    },
};

use crate::{
    fixture::{Fixture, create},
    objects::list,
    rekey::attributes,
};

fn aes(bits: i32, group: Option<&str>) -> Vec<Attribute> {
    let mut all = vec![
        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
        Attribute::CryptographicLength(bits),
        Attribute::CryptographicUsageMask(Mask::Encrypt),
    ];
    all.extend(group.map(|group| Attribute::ObjectGroup(group.into())));
    all
}

fn constraint(group: Option<&str>, bits: i32) -> Constraint {
    Constraint {
        object_types: Some(ObjectTypes {
            object_type: vec![ObjectType::SymmetricKey],
        }),
        object_groups: group.map(|group| ObjectGroups {
            group_link: vec![],
            object_group: vec![group.into()],
        }),
        attributes: list([
            Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
            Attribute::CryptographicLength(bits),
        ]),
    }
}

fn constrain(fixture: &mut Fixture, constraints: Option<Constraints>) -> Result<(), ResultReason> {
    let request = SetConstraintsRequest { constraints };
    fixture.call::<SetConstraints>(&request).map(drop)
}

/// TC-MD-24, and what its constraints mean.
#[test]
fn new_objects_are_as_the_constraints_want_them() {
    let mut fixture = Fixture::new();
    let all = Constraints {
        constraint: vec![constraint(Some("Group1"), 256), constraint(None, 192)],
    };
    constrain(&mut fixture, Some(all.clone())).unwrap();
    let told = fixture
        .call::<GetConstraints>(&GetConstraintsRequest {})
        .unwrap();
    assert!(told.constraints == all);
    let violated = Some(ResultReason::ConstraintViolation);
    for (bits, group, refused) in [
        (192, None, None),
        (256, None, violated),
        (256, Some("Group1"), None),
        (192, Some("Group1"), violated),
        (192, Some("Group2"), None),
    ] {
        let made = fixture.create(aes(bits, group));
        assert_eq!(made.err(), refused, "{bits} {group:?}");
    }
    fixture.as_client(9);
    fixture
        .create(aes(128, None))
        .expect("another vault has none");
    fixture.as_client(1);
    fixture.version = V2_0;
    assert_eq!(
        fixture.create(aes(128, None)).err(),
        Some(ResultReason::InvalidField)
    );
    fixture.version = V2_1;
    constrain(&mut fixture, None).unwrap();
    fixture.create(aes(128, None)).unwrap();
}

#[test]
fn only_administrators_change_what_a_vault_asks() {
    let mut fixture = Fixture::new();
    for client in [2, 3, 4, 5] {
        fixture.as_client(client);
        let refused = constrain(&mut fixture, None);
        assert_eq!(
            refused,
            Err(ResultReason::PermissionDenied),
            "client {client}"
        );
    }
    fixture
        .call::<GetConstraints>(&GetConstraintsRequest {})
        .unwrap();
}

fn defaults(fixture: &mut Fixture, own: Vec<ObjectDefaults>) -> Result<(), ResultReason> {
    let request = SetDefaultsRequest {
        defaults_information: Some(DefaultsInformation {
            object_defaults: own,
        }),
    };
    fixture.call::<SetDefaults>(&request).map(drop)
}

#[test]
fn defaults_say_what_the_client_does_not() {
    let mut fixture = Fixture::new();
    let of = |group: Option<&str>, attributes: Vec<Attribute>| ObjectDefaults {
        object_type: Some(ObjectType::SymmetricKey),
        object_types: None,
        attributes: list(attributes),
        object_groups: group.map(|group| ObjectGroups {
            group_link: vec![],
            object_group: vec![group.into()],
        }),
    };
    let general = vec![
        Attribute::CryptographicLength(192),
        Attribute::Sensitive(true),
        Attribute::Comment("general".into()),
    ];
    let grouped = vec![Attribute::Comment("grouped".into())];
    defaults(
        &mut fixture,
        vec![of(None, general), of(Some("g"), grouped)],
    )
    .unwrap();
    let bare = |more: Option<Attribute>| {
        let mut all = aes(0, None);
        all.retain(|own| !matches!(own, Attribute::CryptographicLength(_)));
        all.extend(more);
        all
    };
    let id = fixture.create(bare(None)).unwrap();
    let made = attributes(&mut fixture, &id);
    assert_eq!(made.cryptographic_length, Some(192));
    assert_eq!(
        (made.sensitive, made.comment.as_deref()),
        (Some(true), Some("general"))
    );
    let id = fixture
        .create(bare(Some(Attribute::ObjectGroup("g".into()))))
        .unwrap();
    assert_eq!(
        attributes(&mut fixture, &id).comment.as_deref(),
        Some("grouped")
    );
    let id = fixture
        .create(bare(Some(Attribute::Sensitive(false))))
        .unwrap();
    assert_eq!(attributes(&mut fixture, &id).sensitive, Some(false));
    let servers = of(None, vec![Attribute::State(kmip::State::Active)]);
    assert_eq!(
        defaults(&mut fixture, vec![servers]),
        Err(ResultReason::AttributeReadOnly)
    );
    let of_nothing = ObjectDefaults::default();
    assert_eq!(
        defaults(&mut fixture, vec![of_nothing]),
        Err(ResultReason::InvalidField)
    );
}

/// QS-M-2.
#[test]
fn what_is_called_quantum_safe_is() {
    let mut fixture = Fixture::new();
    for (bits, refused) in [(128, Some(ResultReason::GeneralFailure)), (256, None)] {
        let mut all = aes(bits, None);
        all.push(Attribute::QuantumSafe(true));
        all.push(Attribute::ProtectionLevel(kmip::ProtectionLevel::High));
        assert_eq!(fixture.create(all).err(), refused);
    }
    let id = fixture.create(aes(128, None)).unwrap();
    let added = add(&mut fixture, &id, Attribute::QuantumSafe(true));
    assert_eq!(added, Err(ResultReason::GeneralFailure));
}

fn add(fixture: &mut Fixture, id: &str, attribute: Attribute) -> Result<(), ResultReason> {
    fixture
        .call::<AddAttribute>(&AddAttributeRequest {
            unique_identifier: Some(id.into()),
            new_attribute: SingleAttribute {
                index: None,
                attribute,
            },
        })
        .map(drop)
}

#[test]
fn a_client_may_say_how_its_objects_are_protected() {
    let mut fixture = Fixture::new();
    let mut made = |masks: Vec<ProtectionStorageMask>| {
        let request = CreateRequest {
            protection_storage_masks: Some(ProtectionStorageMasks {
                protection_storage_mask: masks,
            }),
            ..create(aes(256, None))
        };
        fixture.call::<Create>(&request).err()
    };
    let (soft, hard) = (
        ProtectionStorageMask::Software,
        ProtectionStorageMask::Hardware,
    );
    assert_eq!(
        made(vec![hard]),
        Some(ResultReason::ProtectionStorageUnavailable)
    );
    assert_eq!(made(vec![hard, soft]), None);
    assert_eq!(made(vec![soft | hard]), None);
}

#[test]
fn the_server_makes_data_for_the_namespaces_that_it_lists() {
    let mut fixture = Fixture::new();
    let request = QueryRequest {
        query_function: vec![QueryFunction::QueryApplicationNamespaces],
    };
    let told = fixture
        .call::<Query>(&request)
        .unwrap()
        .application_namespace;
    assert!(told.contains(&"LIBRARY-LTO".to_owned()));
    let of = |namespace: &str| {
        Attribute::ApplicationSpecificInformation(ApplicationSpecificInformation {
            application_namespace: namespace.into(),
            application_data: None,
        })
    };
    let id = fixture.aes_key(told.first().map(|namespace| of(namespace)));
    add(&mut fixture, &id, of("LIBRARY-LTO4")).unwrap();
    let made = attributes(&mut fixture, &id).application_specific_information;
    let data: Vec<_> = made
        .iter()
        .filter_map(|own| own.application_data.as_ref())
        .collect();
    assert_eq!(data.len(), 2);
    assert_ne!(data[0], data[1]);
    assert_eq!(
        add(&mut fixture, &id, of("elsewhere")),
        Err(ResultReason::ApplicationNamespaceNotSupported)
    );
}

fn link(link_type: LinkType, to: &str) -> Attribute {
    Attribute::Link(Link {
        link_type,
        linked_object_identifier: UniqueIdentifier::from(to),
    })
}

#[test]
fn links_are_kept_both_ways() {
    let mut fixture = Fixture::new();
    let [one, two] = [(); 2].map(|()| fixture.aes_key([]));
    let (down, up) = (
        link(LinkType::ChildLink, &two),
        link(LinkType::ParentLink, &one),
    );
    add(&mut fixture, &one, down.clone()).unwrap();
    // The server has added it already.
    add(&mut fixture, &two, up.clone()).unwrap();
    let links = |fixture: &mut Fixture, id: &str| {
        let all = attributes(fixture, id).link;
        all.iter().cloned().map(Attribute::Link).collect::<Vec<_>>()
    };
    assert_eq!(links(&mut fixture, &one), std::slice::from_ref(&down));
    assert_eq!(links(&mut fixture, &two), [up]);
    fixture
        .call::<DeleteAttribute>(&DeleteAttributeRequest {
            unique_identifier: Some(one.as_str().into()),
            current_attribute: Some(SingleAttribute {
                index: None,
                attribute: down,
            }),
            attribute_reference: None,
            attribute_index: None,
        })
        .unwrap();
    assert!(links(&mut fixture, &two).is_empty());
    // What is elsewhere may be linked to, and an object not to itself.
    add(&mut fixture, &one, link(LinkType::ParentLink, "elsewhere")).unwrap();
    let own = link(LinkType::ParentLink, &one);
    assert_eq!(
        add(&mut fixture, &one, own),
        Err(ResultReason::InvalidAttributeValue)
    );
}
