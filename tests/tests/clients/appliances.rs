//! What firewalls and hypervisors send.

use keyhold_tests::{Batch, Client, PIN, answer, objects::*, pki::client_config};
use kmip::{
    BatchErrorContinuationOption, CryptographicAlgorithm, CryptographicUsageMask as Mask,
    ObjectType, OperationCode, QueryFunction, ResultReason, State, Tag, V1_0, V1_1,
    attribute::{AttributeReference, SingleAttribute},
    message::{Authentication, Credential, Password, UsernameAndPassword},
    payload::{
        attribute::{AddAttribute, AddAttributeRequest},
        create::{Create, CreateRequest},
        discover::{DiscoverVersions, DiscoverVersionsRequest},
        get::Get,
        get_attributes::{GetAttributes, GetAttributesRequest},
        locate::Locate,
        query::{Query, QueryRequest},
    },
    ttlv::{Value, Writer},
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

/// Its trust is set up by a connection without a certificate, which is refused and no error.
#[test]
fn vcenter_looks_in_without_a_certificate_and_then_asks_for_versions() {
    let appliance = appliance();
    let config = client_config(&appliance.file("ca.pem"), None);
    let stranger = Client::over_tls(appliance.tcp(), config, V1_1);
    let mut batch = Batch::new(V1_1);
    batch.add::<Query>(&QueryRequest {
        query_function: vec![QueryFunction::QueryServerInformation],
    });
    // With TLS 1.3 it learns so when it reads.
    let answered = stranger.and_then(|mut own| own.exchange(&batch.encode()));
    assert!(answered.is_err());
    drop(appliance.tcp());
    let client = &mut appliance.client(V1_1);
    let versions = client.call::<DiscoverVersions>(&DiscoverVersionsRequest {
        protocol_version: vec![],
    });
    assert!(versions.protocol_version.contains(&V1_1.into()));
    assert!(
        !appliance.logged().contains("ERROR"),
        "{}",
        appliance.logged()
    );
}

/// Each of its items has a mark, also where it is alone.
#[test]
fn vcenter_gets_its_mark_back_from_create_and_get() {
    let appliance = appliance();
    let client = &mut appliance.client(V1_1);
    let mut batch = Batch::new(V1_1);
    batch.add::<Create>(&CreateRequest {
        object_type: ObjectType::SymmetricKey,
        attributes: list(aes(256, CIPHER)),
        protection_storage_masks: None,
    });
    batch.id(&mark(7));
    let item = &client.send(batch).items[0];
    assert_eq!(item.unique_batch_item_id.as_ref().unwrap().0, mark(7));
    let key = text(&answer::<Create>(item, V1_1).unwrap().unique_identifier);
    assert_eq!(state(client, &key), State::PreActive);
    let mut batch = Batch::new(V1_1);
    batch.add::<Get>(&get(&key));
    batch.id(&mark(8));
    let item = &client.send(batch).items[0];
    assert_eq!(item.unique_batch_item_id.as_ref().unwrap().0, mark(8));
    answer::<Get>(item, V1_1).unwrap();
}

#[test]
fn fortios_makes_its_keys_with_a_template_and_credentials() {
    let appliance = appliance();
    let client = &mut appliance.client(V1_0);
    let creating = |algorithm: CryptographicAlgorithm, bits, mask| {
        let mut payload = Writer::new(V1_0);
        ObjectType::SymmetricKey.write(Tag::ObjectType, &mut payload);
        payload.structure(Tag::TemplateAttribute, |writer| {
            attribute_item(writer, "Cryptographic Algorithm", |writer| {
                algorithm.write(Tag::AttributeValue, writer);
            });
            attribute_item(writer, "Cryptographic Length", |writer| {
                writer.integer(Tag::AttributeValue, bits);
            });
            attribute_item(writer, "Cryptographic Usage Mask", |writer| {
                writer.integer(Tag::AttributeValue, mask);
            });
            name_item(writer, &format!("forti {algorithm:?} {bits}"));
        });
        (OperationCode::Create, payload)
    };
    let items = [
        creating(CryptographicAlgorithm::AES, 128, 12),
        creating(CryptographicAlgorithm::AES, 256, 12),
        creating(CryptographicAlgorithm::HMACSHA1, 160, 384),
        creating(CryptographicAlgorithm::HMACSHA256, 256, 384),
    ];
    let response = client.send(fortios(&items, PIN));
    let made: Vec<_> = response
        .items
        .iter()
        .map(|item| text(&answer::<Create>(item, V1_0).unwrap().unique_identifier))
        .collect();
    let items: Vec<_> = made.iter().map(|key| getting(key)).collect();
    let response = client.send(fortios(&items, PIN));
    let lengths = response.items.iter().map(|item| {
        let got = answer::<Get>(item, V1_0).unwrap();
        bytes(&got.object).len()
    });
    assert_eq!(lengths.collect::<Vec<_>>(), [16, 32, 20, 32]);
}
