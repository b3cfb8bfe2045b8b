//! Attributes added, changed and deleted, each by its rules and in the words of each version.

use keyhold_tests::{Appliance, Client, VERSIONS, objects::*};
use kmip::{
    ObjectType, ResultReason, V1_4,
    attribute::{
        ApplicationSpecificInformation, Attribute, AttributeKind, AttributeReference, Name,
        SingleAttribute,
    },
    payload::{
        attribute::{
            AddAttribute, AddAttributeRequest, DeleteAttribute, DeleteAttributeRequest,
            ModifyAttribute, ModifyAttributeRequest,
        },
        get::Get,
        get_attributes::{GetAttributes, GetAttributesRequest},
    },
};

on_each_backend!(
    attributes_are_added_changed_and_deleted,
    names_are_unique_and_freed_by_destroy,
    what_the_server_sets_is_read_only,
    clients_have_attributes_of_their_own,
    what_is_sensitive_stays_so
);

fn add(
    client: &mut Client,
    key: &str,
    attribute: Attribute,
) -> Result<Option<SingleAttribute>, ResultReason> {
    client
        .try_call::<AddAttribute>(&AddAttributeRequest {
            unique_identifier: id(key),
            new_attribute: SingleAttribute {
                index: None,
                attribute,
            },
        })
        .map(|response| response.attribute)
        .map_err(|refused| refused.reason.unwrap())
}

fn modify(
    client: &mut Client,
    key: &str,
    index: u32,
    current: Attribute,
    attribute: Attribute,
) -> Result<Option<SingleAttribute>, ResultReason> {
    let is_2 = client.version.is_2();
    client
        .try_call::<ModifyAttribute>(&ModifyAttributeRequest {
            unique_identifier: id(key),
            current_attribute: is_2.then_some(SingleAttribute {
                index: None,
                attribute: current,
            }),
            new_attribute: SingleAttribute {
                index: (!is_2).then_some(index),
                attribute,
            },
        })
        .map(|response| response.attribute)
        .map_err(|refused| refused.reason.unwrap())
}

fn delete(
    client: &mut Client,
    key: &str,
    index: i32,
    current: Attribute,
) -> Result<Option<SingleAttribute>, ResultReason> {
    let is_2 = client.version.is_2();
    let reference = match (&current, current.kind()) {
        (_, Some(kind)) => AttributeReference::Standard(kind),
        (Attribute::Vendor(vendor), None) => AttributeReference::Vendor {
            vendor_identification: vendor.vendor_identification.clone(),
            attribute_name: vendor.attribute_name.clone(),
        },
        (other, None) => panic!("{other:?} has no reference"),
    };
    client
        .try_call::<DeleteAttribute>(&DeleteAttributeRequest {
            unique_identifier: id(key),
            current_attribute: is_2.then_some(SingleAttribute {
                index: None,
                attribute: current,
            }),
            attribute_reference: (!is_2).then_some(reference),
            attribute_index: (!is_2).then_some(index),
        })
        .map(|response| response.attribute)
        .map_err(|refused| refused.reason.unwrap())
}

/// What a 1.x response echoes; 2.x has no room for it.
fn echo(client: &Client, index: u32, attribute: Attribute) -> Option<SingleAttribute> {
    // The index 0 is left out, as it may be since 1.1 and as every client takes it.
    (!client.version.is_2()).then_some(SingleAttribute {
        index: (index > 0).then_some(index),
        attribute,
    })
}

fn attributes_are_added_changed_and_deleted(appliance: &Appliance) {
    for version in VERSIONS {
        let client = &mut appliance.client(version);
        let key = create(client, aes(128, CIPHER));
        let named = |text: &str| name(&format!("{text} {version}"));
        assert_eq!(
            add(client, &key, named("a")),
            Ok(echo(client, 0, named("a")))
        );
        assert_eq!(
            add(client, &key, named("b")),
            Ok(echo(client, 1, named("b")))
        );
        assert_eq!(
            add(client, &key, named("c")),
            Ok(echo(client, 2, named("c")))
        );
        let changed = modify(client, &key, 1, named("b"), named("d"));
        assert_eq!(changed, Ok(echo(client, 1, named("d"))));
        assert_eq!(
            delete(client, &key, 0, named("a")),
            Ok(echo(client, 0, named("a")))
        );
        let names = [AttributeKind::Name];
        assert_eq!(attributes(client, &key, &names), [named("d"), named("c")]);
        // Indices are stable (KMIP 1.4 §2.1.1): 0 is free, 1 and 2 are what they were.
        assert!(delete(client, &key, 0, named("a")).is_err());
        assert_eq!(
            delete(client, &key, 2, named("c")),
            Ok(echo(client, 2, named("c")))
        );
        assert_eq!(attributes(client, &key, &names), [named("d")]);
        assert_eq!(locate(client, [named("d")]), [key.as_str()]);
        assert_eq!(locate(client, [named("a")]), [""; 0]);

        let group = Attribute::ObjectGroup(format!("group {version}"));
        let information =
            Attribute::ApplicationSpecificInformation(ApplicationSpecificInformation {
                application_namespace: "ssl".to_owned(),
                application_data: Some("example.org".to_owned()),
            });
        let contact = Attribute::ContactInformation("desk".to_owned());
        for attribute in [group, information, contact.clone()] {
            assert_eq!(
                add(client, &key, attribute.clone()),
                Ok(echo(client, 0, attribute.clone()))
            );
            let stored = attributes(client, &key, &[attribute.kind().unwrap()]);
            assert_eq!(stored, [attribute]);
        }
        let expected = if version.is_2() {
            ResultReason::AttributeSingleValued
        } else {
            ResultReason::IllegalOperation
        };
        let second = Attribute::ContactInformation("other desk".to_owned());
        assert_eq!(add(client, &key, second.clone()), Err(expected));
        assert_eq!(
            modify(client, &key, 0, contact, second.clone()),
            Ok(echo(client, 0, second))
        );
    }
}

fn names_are_unique_and_freed_by_destroy(appliance: &Appliance) {
    for version in VERSIONS {
        let client = &mut appliance.client(version);
        // 1.x has another reason for each operation (KMIP 1.4 §11.2, §11.15).
        let (taken, not_added) = if version.is_2() {
            let taken = ResultReason::NonUniqueNameAttribute;
            (taken, taken)
        } else {
            (ResultReason::InvalidField, ResultReason::IllegalOperation)
        };
        let own = name(&format!("only {version}"));
        let first = create(client, aes(128, CIPHER).into_iter().chain([own.clone()]));
        let other = create(client, aes(128, CIPHER));
        assert_eq!(add(client, &other, own.clone()), Err(not_added));
        let again = kmip::payload::create::CreateRequest {
            object_type: ObjectType::SymmetricKey,
            attributes: list(aes(128, CIPHER).into_iter().chain([own.clone()])),
            protection_storage_masks: None,
        };
        assert_eq!(
            client.refused::<kmip::payload::create::Create>(&again),
            taken
        );
        destroy(client, &first);
        assert_eq!(
            locate(client, [own.clone()]),
            [""; 0],
            "what is destroyed is not found by its name"
        );
        let second = create(client, aes(128, CIPHER).into_iter().chain([own.clone()]));
        assert_eq!(locate(client, [own]), [second]);
        assert_eq!(
            state(client, &first),
            kmip::State::Destroyed,
            "the tombstone stays"
        );
    }
}

fn what_the_server_sets_is_read_only(appliance: &Appliance) {
    for version in VERSIONS {
        let client = &mut appliance.client(version);
        let key = create(client, aes(128, CIPHER));
        let expected = if version.is_2() {
            ResultReason::AttributeReadOnly
        } else {
            ResultReason::PermissionDenied
        };
        let before = attributes(client, &key, &[]);
        for (current, wanted) in [
            (
                Attribute::State(kmip::State::PreActive),
                Attribute::State(kmip::State::Active),
            ),
            (
                Attribute::CryptographicLength(128),
                Attribute::CryptographicLength(256),
            ),
            (
                Attribute::ObjectType(ObjectType::SymmetricKey),
                Attribute::ObjectType(ObjectType::OpaqueObject),
            ),
            (
                Attribute::UniqueIdentifier(key.as_str().into()),
                Attribute::UniqueIdentifier("mine".into()),
            ),
            (
                Attribute::CryptographicUsageMask(CIPHER),
                Attribute::CryptographicUsageMask(kmip::CryptographicUsageMask(0xFFF)),
            ),
        ] {
            assert_eq!(
                modify(client, &key, 0, current.clone(), wanted.clone()),
                Err(expected),
                "{wanted:?}"
            );
            assert_eq!(
                delete(client, &key, 0, current),
                Err(expected),
                "{wanted:?}"
            );
        }
        let server = Attribute::DestroyDate(kmip::ttlv::Timestamp(1));
        assert_eq!(add(client, &key, server), Err(expected));
        assert_eq!(attributes(client, &key, &[]), before, "nothing has changed");
    }
}

fn clients_have_attributes_of_their_own(appliance: &Appliance) {
    let mut key = String::new();
    for version in VERSIONS {
        let client = &mut appliance.client(version);
        if key.is_empty() {
            key = create(
                client,
                aes(128, CIPHER)
                    .into_iter()
                    .chain([custom("Käse", "groß 🔑")]),
            );
        }
        let own = custom(&format!("Version {version}"), "1");
        assert_eq!(
            add(client, &key, own.clone()),
            Ok(echo(client, 0, own.clone()))
        );
        let all = attributes(client, &key, &[]);
        assert!(
            all.contains(&custom("Käse", "groß 🔑")),
            "visible in every version: {all:?}"
        );
        let reference = AttributeReference::Vendor {
            vendor_identification: "x".to_owned(),
            attribute_name: "Käse".to_owned(),
        };
        let some = client.call::<GetAttributes>(&GetAttributesRequest {
            unique_identifier: id(&key),
            attribute_reference: vec![reference],
        });
        assert_eq!(
            some.attributes.iter().collect::<Vec<_>>(),
            [&custom("Käse", "groß 🔑")]
        );
        assert_eq!(locate(client, [custom("Käse", "groß 🔑")]), [key.as_str()]);
        assert_eq!(locate(client, [custom("Käse", "klein")]), [""; 0]);
        let changed = custom(&format!("Version {version}"), "2");
        assert_eq!(
            modify(client, &key, 0, own, changed.clone()),
            Ok(echo(client, 0, changed.clone()))
        );
        assert_eq!(
            delete(client, &key, 0, changed.clone()),
            Ok(echo(client, 0, changed))
        );
        let mine = Attribute::Vendor(kmip::attribute::VendorAttribute {
            vendor_identification: "y".to_owned(),
            attribute_name: "of the server".to_owned(),
            value: kmip::ttlv::AnyValue::text("no"),
        });
        assert!(
            add(client, &key, mine).is_err(),
            "the vendor y is the server"
        );
    }
}

fn what_is_sensitive_stays_so(appliance: &Appliance) {
    for version in VERSIONS.into_iter().filter(|version| *version >= V1_4) {
        let client = &mut appliance.client(version);
        let key = create(client, aes(128, CIPHER));
        client.call::<Get>(&get(&key));
        let (yes, no) = (Attribute::Sensitive(true), Attribute::Sensitive(false));
        assert!(modify(client, &key, 0, no.clone(), yes.clone()).is_ok());
        assert_eq!(client.refused::<Get>(&get(&key)), ResultReason::Sensitive);
        assert!(
            modify(client, &key, 0, yes, no).is_err(),
            "there is no way back"
        );
        let (may, must_not) = (Attribute::Extractable(true), Attribute::Extractable(false));
        assert!(modify(client, &key, 0, may.clone(), must_not.clone()).is_ok());
        assert!(
            modify(client, &key, 0, must_not, may).is_err(),
            "there is no way back"
        );
        assert!(client.try_call::<Get>(&get(&key)).is_err());
        let marks = [
            AttributeKind::AlwaysSensitive,
            AttributeKind::NeverExtractable,
        ];
        assert_eq!(
            attributes(client, &key, &marks),
            [
                Attribute::AlwaysSensitive(false),
                Attribute::NeverExtractable(false)
            ],
            "it was not so always"
        );
        let named = Attribute::Name(Name::text(&format!("still changeable {version}")));
        assert!(add(client, &key, named).is_ok());
    }
}
