//! What storage arrays, firewalls and hypervisors send.

use keyhold_tests::{Batch, Client, PIN, answer, objects::*};
use kmip::{
    BatchErrorContinuationOption, CryptographicAlgorithm, CryptographicUsageMask as Mask,
    KeyFormatType, ObjectType, OperationCode, QueryFunction, ResultReason, SecretDataType, State,
    Tag, V1_0, V1_1, V1_2,
    attribute::{Attribute, AttributeKind, AttributeReference, SingleAttribute},
    message::{Authentication, Credential, Password, UsernameAndPassword},
    payload::{
        attribute::{AddAttribute, AddAttributeRequest, ModifyAttribute, ModifyAttributeRequest},
        get::Get,
        get_attributes::{
            GetAttributeList, GetAttributeListRequest, GetAttributes, GetAttributesRequest,
        },
        locate::Locate,
        query::{Query, QueryRequest},
    },
    ttlv::Writer,
};

use crate::*;

/// "QLKC" and a counter, which vCenter gives to items even where there is only one.
const fn mark(counter: u8) -> [u8; 8] {
    [b'Q', b'L', b'K', b'C', counter, 0, 0, 0]
}

#[test]
fn vcenter_asks_who_the_server_is() {
    let appliance = appliance();
    let client = &mut appliance.client(V1_1);
    let mut batch = Batch::new(V1_1);
    batch.add::<Query>(&QueryRequest {
        query_function: vec![QueryFunction::QueryServerInformation],
    });
    batch.id(&mark(1));
    let item = &client.send(batch).items[0];
    assert_eq!(item.unique_batch_item_id.as_ref().unwrap().0, mark(1));
    let server = answer::<Query>(item, V1_1).unwrap();
    assert!(server.vendor_identification.is_some());
}

#[test]
fn vcenter_marks_a_key_with_three_attributes_in_one_batch() {
    let appliance = appliance();
    let client = &mut appliance.client(V1_1);
    let key = create(client, aes(256, CIPHER));
    let version = AttributeReference::Vendor {
        vendor_identification: "x".to_owned(),
        attribute_name: "Product_Version".to_owned(),
    };
    let asking = GetAttributesRequest {
        unique_identifier: id(&key),
        attribute_reference: vec![version],
    };
    assert!(
        client.call::<GetAttributes>(&asking).attributes.is_empty(),
        "not yet, and no failure"
    );
    let mut batch = Batch::new(V1_1);
    for (counter, attribute, value) in [
        (2, "Product_Version", "8.0.2 build-1"),
        (3, "Vendor", "VMware, Inc."),
        (4, "Product", "VMware vSphere"),
    ] {
        batch.add::<AddAttribute>(&AddAttributeRequest {
            unique_identifier: id(&key),
            new_attribute: SingleAttribute {
                index: None,
                attribute: custom(attribute, value),
            },
        });
        batch.id(&mark(counter));
    }
    let response = client.send(batch);
    for (item, counter) in response.items.iter().zip(2..) {
        assert_eq!(item.unique_batch_item_id.as_ref().unwrap().0, mark(counter));
        answer::<AddAttribute>(item, V1_1).unwrap();
    }
    assert_eq!(response.items.len(), 3);
    let found = client.call::<GetAttributes>(&asking).attributes;
    assert_eq!(
        found.iter().collect::<Vec<_>>(),
        [&custom("Product_Version", "8.0.2 build-1")]
    );
    assert_eq!(
        bytes(&client.call::<Get>(&get(&key)).object).len(),
        32,
        "it never activates"
    );
}

/// A batch as FortiOS sends it: credentials in each, order wanted, on after a failure, marks of six bytes.
fn fortios(items: &[(OperationCode, Writer)], password: &str) -> Batch {
    let mut batch = Batch::new(V1_0).on_error(BatchErrorContinuationOption::Continue);
    batch.header.maximum_response_size = Some(65536);
    batch.header.batch_order_option = Some(true);
    batch.header.authentication = Some(Authentication {
        credential: vec![Credential::UsernameAndPassword(UsernameAndPassword {
            username: "user".to_owned(),
            password: Some(Password(password.as_bytes().into())),
        })],
    });
    for (number, (operation, payload)) in items.iter().enumerate() {
        batch.add_raw(*operation, payload.bytes());
        batch.id(format!("forti{number}").as_bytes());
    }
    batch
}

fn locating(own: &str) -> (OperationCode, Writer) {
    let mut payload = Writer::new(V1_0);
    payload.integer(Tag::MaximumItems, 1);
    payload.structure(Tag::TemplateAttribute, |writer| name_item(writer, own));
    (OperationCode::Locate, payload)
}

fn getting(key: &str) -> (OperationCode, Writer) {
    let mut payload = Writer::new(V1_0);
    payload.text(Tag::UniqueIdentifier, key);
    (OperationCode::Get, payload)
}

#[test]
fn fortios_logs_in_and_wraps_its_filters_in_a_template() {
    let appliance = appliance();
    let keys = ["vpn-psk-1", "vpn-psk-2"].map(|own| {
        let client = &mut appliance.client(V1_0);
        let key = symmetric(CryptographicAlgorithm::HMACSHA256, 256, Mask(0x180));
        create(client, key.into_iter().chain([name(own)]))
    });
    let client = &mut appliance.client(V1_0);
    let items = [
        locating("vpn-psk-1"),
        locating("vpn-psk-2"),
        locating("vpn-psk"),
        locating("vpn-psk-1"),
    ];
    let response = client.send(fortios(&items, PIN));
    let found: Vec<_> = response
        .items
        .iter()
        .map(|item| {
            answer::<Locate>(item, V1_0)
                .unwrap()
                .unique_identifier
                .iter()
                .map(text)
                .collect::<Vec<_>>()
        })
        .collect();
    let [first, second] = &keys;
    assert_eq!(
        found,
        [
            vec![first.clone()],
            vec![second.clone()],
            vec![],
            vec![first.clone()]
        ]
    );
    let response = client.send(fortios(&[getting(first), getting(second)], PIN));
    for (item, key) in response.items.iter().zip(&keys) {
        assert_eq!(
            text(&answer::<Get>(item, V1_0).unwrap().unique_identifier),
            *key
        );
    }
    let response = client.send(fortios(&[getting(first)], "wrong"));
    assert_eq!(
        response.items[0].result_reason,
        Some(ResultReason::AuthenticationNotSuccessful)
    );
}

#[test]
fn synology_renames_its_secret_by_index() {
    let appliance = appliance();
    // A new connection for each operation.
    for _ in 0..4 {
        let functions = (1..=6).map(QueryFunction).collect();
        let mut client = appliance.client(V1_2);
        client.call::<Query>(&QueryRequest {
            query_function: functions,
        });
    }
    let digest = "c3d1".repeat(32);
    let password = secret_object(
        SecretDataType::Password,
        KeyFormatType::Opaque,
        b"volume key",
    );
    let attributes = [
        Attribute::CryptographicUsageMask(Mask::Verify),
        Attribute::OperationPolicyName("default".to_owned()),
        name(&digest),
    ];
    let secret = register(&mut appliance.client(V1_2), password.clone(), attributes);
    let uuid = name("6ba7b810-9dad-11d1-80b4-00c04fd430c8");
    rename(&appliance, &secret, &uuid);
    assert_eq!(
        locate(&mut appliance.client(V1_2), [uuid]),
        [secret.as_str()]
    );
    assert_eq!(
        locate(&mut appliance.client(V1_2), [name(&digest)]),
        [""; 0]
    );
    let mut client = appliance.client(V1_2);
    activate(&mut client, &secret);
    let names = client.call::<GetAttributeList>(&GetAttributeListRequest {
        unique_identifier: id(&secret),
    });
    let policy = AttributeReference::Standard(AttributeKind::OperationPolicyName);
    assert!(
        names.attribute_reference.contains(&policy),
        "the operation policy name is kept"
    );
    let found = attributes_of(&mut client, &secret);
    assert_eq!(
        found,
        [
            Attribute::ObjectType(ObjectType::SecretData),
            Attribute::State(State::Active)
        ]
    );
    assert!(client.call::<Get>(&get(&secret)).object == password);
}

fn rename(appliance: &Appliance, secret: &str, to: &Attribute) {
    let request = ModifyAttributeRequest {
        unique_identifier: id(secret),
        current_attribute: None,
        new_attribute: SingleAttribute {
            index: Some(0),
            attribute: to.clone(),
        },
    };
    let renamed = appliance.client(V1_2).call::<ModifyAttribute>(&request);
    let echoed = renamed.attribute.expect("the attribute is echoed");
    assert_eq!(echoed.attribute, *to);
}

fn attributes_of(client: &mut Client, object: &str) -> Vec<Attribute> {
    let mut found = attributes(
        client,
        object,
        &[AttributeKind::State, AttributeKind::ObjectType],
    );
    found.sort_by_key(|attribute| attribute.kind() == Some(AttributeKind::State));
    found
}
