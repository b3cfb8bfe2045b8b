//! What clients send over HTTPS: VAST Data's storage in TTLV, others in XML and JSON.

use keyhold_tests::{
    Appliance, Batch, Client, Https, VERSIONS, answer, objects::*, pki::client_config_of,
};
use kmip::{
    CryptographicUsageMask as Mask, ObjectType, OperationCode, QueryFunction, ResultReason,
    RevocationReasonCode, State, Tag, V1_4, V2_1, Version,
    attribute::{Attribute, AttributeKind, SingleAttribute},
    client::incoming,
    payload::{
        attribute::{AddAttribute, AddAttributeRequest},
        check::{Check, CheckRequest},
        create::{Create, CreateRequest},
        discover::{DiscoverVersions, DiscoverVersionsRequest},
        get::Get,
        locate::Locate,
        query::{Query, QueryRequest},
        rekey::{ReKey, ReKeyRequest},
    },
    text::Encoding,
    ttlv::Writer,
};
use rustls::{
    ClientConnection, StreamOwned, SupportedProtocolVersion,
    pki_types::ServerName,
    version::{TLS12, TLS13},
};

use crate::*;

const ENCODINGS: [Option<Encoding>; 3] = [None, Some(Encoding::Xml), Some(Encoding::Json)];

/// A client that posts its messages.
fn posting(
    appliance: &Appliance,
    version: Version,
    encoding: Option<Encoding>,
    tls: &'static SupportedProtocolVersion,
) -> Client {
    let config = client_config_of(
        &appliance.file("ca.pem"),
        Some(&appliance.identity()),
        &[tls],
    );
    let name = ServerName::try_from("localhost").unwrap();
    let connection = ClientConnection::new(config, name).unwrap();
    let stream = StreamOwned::new(connection, appliance.tcp());
    Client::over(Https::over(stream, encoding), version)
}

fn add(client: &mut Client, key: &str, attribute: Attribute) {
    client.call::<AddAttribute>(&AddAttributeRequest {
        unique_identifier: id(key),
        new_attribute: SingleAttribute {
            index: None,
            attribute,
        },
    });
}

/// The one object of a name, which stands in a Template-Attribute.
fn located(client: &mut Client, name: &str) -> String {
    let mut payload = Writer::new(V1_4);
    payload.integer(Tag::MaximumItems, 1);
    payload.structure(Tag::TemplateAttribute, |writer| name_item(writer, name));
    let mut batch = Batch::new(V1_4);
    batch.add_raw(OperationCode::Locate, payload.bytes());
    let response = client.send(batch);
    let found = answer::<Locate>(&response.items[0], V1_4).unwrap();
    let [found] = &found.unique_identifier[..] else {
        panic!("one object has this name");
    };
    text(found)
}

/// VAST Data's sequence. Each of its steps opens a connection of its own.
fn storage(connect: &mut dyn FnMut() -> Client) {
    let versions = connect().call::<DiscoverVersions>(&DiscoverVersionsRequest {
        protocol_version: vec![V1_4.into()],
    });
    assert!(versions.protocol_version == [V1_4.into()]);
    let policy = Attribute::OperationPolicyName("default".to_owned());
    let wanted = aes(256, CIPHER).into_iter().chain([policy.clone()]);
    let key = create(&mut connect(), wanted);
    add(&mut connect(), &key, name("vast-1"));
    add(
        &mut connect(),
        &key,
        Attribute::ObjectGroup("vast".to_owned()),
    );
    activate(&mut connect(), &key);
    assert_eq!(located(&mut connect(), "vast-1"), key);
    let got = connect().call::<Get>(&get(&key));
    assert_eq!(got.object_type, ObjectType::SymmetricKey);
    let kinds = [
        AttributeKind::State,
        AttributeKind::ActivationDate,
        AttributeKind::OperationPolicyName,
    ];
    let told = attributes(&mut connect(), &key, &kinds);
    assert!(told.contains(&Attribute::State(State::Active)));
    assert!(told.contains(&policy));
    assert_eq!(told.len(), 3);
    let usable = CheckRequest {
        unique_identifier: id(&key),
        cryptographic_usage_mask: Some(CIPHER),
        ..CheckRequest::default()
    };
    connect().call::<Check>(&usable);

    let replaced = connect().call::<ReKey>(&ReKeyRequest {
        unique_identifier: id(&key),
        ..ReKeyRequest::default()
    });
    let new = text(&replaced.unique_identifier);
    assert_eq!(located(&mut connect(), "vast-1"), new, "the name moves");
    let kept = [AttributeKind::OperationPolicyName];
    assert_eq!(attributes(&mut connect(), &new, &kept), [policy]);
    let renewed = connect().call::<Get>(&get(&new));
    assert!(renewed.object != got.object);
    revoke(&mut connect(), &new, RevocationReasonCode::Superseded);
    destroy(&mut connect(), &new);
    revoke(&mut connect(), &key, RevocationReasonCode::Superseded);
    destroy(&mut connect(), &key);
    let gone = connect().refused::<Get>(&get(&key));
    assert_eq!(gone, ResultReason::ItemNotFound);
}

#[test]
fn vast_data_posts_ttlv_in_both_versions_of_tls() {
    let appliance = appliance();
    for tls in [&TLS12, &TLS13] {
        storage(&mut || posting(&appliance, V1_4, None, tls));
    }
}

#[test]
fn the_same_in_xml_and_in_json_on_one_connection_each() {
    let appliance = appliance();
    for encoding in [Encoding::Xml, Encoding::Json] {
        let mut client = posting(&appliance, V1_4, Some(encoding), &TLS13);
        let key = create(&mut client, aes(256, CIPHER));
        let label = format!("{encoding:?} \"é\" <&>");
        add(&mut client, &key, name(&label));
        activate(&mut client, &key);
        assert_eq!(located(&mut client, &label), key);
        let got = client.call::<Get>(&get(&key));
        // The other way in gives the same key.
        let same = appliance.client(V1_4).call::<Get>(&get(&key));
        assert!(got == same);
        assert_eq!(state(&mut client, &key), State::Active);
        revoke(
            &mut client,
            &key,
            RevocationReasonCode::CessationOfOperation,
        );
        destroy(&mut client, &key);
        assert_eq!(
            client.refused::<Get>(&get(&key)),
            ResultReason::ItemNotFound
        );
    }
}

#[test]
fn every_version_is_spoken_in_every_encoding() {
    let appliance = appliance();
    for encoding in ENCODINGS {
        for version in VERSIONS {
            let mut client = posting(&appliance, version, encoding, &TLS13);
            let key = create(&mut client, aes(128, Mask::Encrypt));
            assert_eq!(state(&mut client, &key), State::PreActive);
            destroy(&mut client, &key);
        }
    }
}

#[test]
fn a_batch_is_answered_item_by_item() {
    let appliance = appliance();
    for encoding in ENCODINGS {
        let mut client = posting(&appliance, V2_1, encoding, &TLS13);
        let mut batch = Batch::new(V2_1);
        batch.add::<Create>(&CreateRequest {
            object_type: ObjectType::SymmetricKey,
            attributes: list(aes(256, CIPHER)),
            protection_storage_masks: None,
        });
        // The key that was just created.
        batch.add::<Get>(&kmip::payload::get::GetRequest {
            unique_identifier: None,
            ..get("")
        });
        let response = client.send(batch);
        let made = incoming::<Create>(&response.items[0], V2_1).unwrap();
        let got = incoming::<Get>(&response.items[1], V2_1).unwrap();
        assert!(made.unique_identifier == got.unique_identifier);
    }
}

/// KMIP Profiles 2.1, MSGENC-HTTPS-M-1, MSGENC-XML-M-1 and MSGENC-JSON-M-1: 256 bytes are too few for what is served.
#[test]
fn a_query_that_is_too_large_for_the_client_says_so() {
    let appliance = appliance();
    let query = QueryRequest {
        query_function: vec![QueryFunction::QueryOperations, QueryFunction::QueryObjects],
    };
    for encoding in ENCODINGS {
        let mut client = posting(&appliance, V2_1, encoding, &TLS12);
        // As a text the answer is some three times as long as in TTLV.
        let enough = encoding.map_or(2048, |_| 8192);
        let refused = Some(ResultReason::ResponseTooLarge);
        for (bytes_max, expected) in [(256, refused), (enough, None)] {
            let mut batch = Batch::new(V2_1);
            batch.header.maximum_response_size = Some(bytes_max);
            batch.add::<Query>(&query);
            let response = client.send(batch);
            let refused = answer::<Query>(&response.items[0], V2_1).err();
            assert_eq!(
                refused.and_then(|refused| refused.reason),
                expected,
                "{encoding:?}"
            );
        }
    }
}
