//! What storage arrays send.

use keyhold_tests::{Client, PIN, objects::*};
use kmip::{
    CryptographicUsageMask as Mask, KeyFormatType, ObjectType, QueryFunction, SecretDataType,
    State, V1_2,
    attribute::{Attribute, AttributeKind, AttributeReference, SingleAttribute},
    payload::{
        attribute::{ModifyAttribute, ModifyAttributeRequest},
        get::Get,
        get_attributes::{GetAttributeList, GetAttributeListRequest},
        query::{Query, QueryRequest},
    },
};

use crate::*;

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

/// NetApp and others of the SASED profile: an authentication key that is secret data, with attributes of their own.
#[test]
fn netapp_keeps_authentication_keys_with_attributes_of_its_own() {
    let appliance = appliance();
    let client = &mut appliance.client(V1_2);
    client.authenticate("user", PIN);
    let own = custom("NETAPP-KeyUsage", "NSE-AK");
    let mut kept = Vec::new();
    for (number, password) in [b"authentication key 1", b"authentication key 2"]
        .iter()
        .enumerate()
    {
        let object = secret_object(SecretDataType::Password, KeyFormatType::Raw, *password);
        let attributes = [
            Attribute::CryptographicUsageMask(Mask::Verify),
            custom("NETAPP-KeyId", &format!("0000{number}")),
            own.clone(),
        ];
        kept.push((register(client, object.clone(), attributes), object));
    }
    // After a reboot it asks anew, on another connection.
    let client = &mut appliance.client(V1_2);
    client.authenticate("user", PIN);
    assert_eq!(locate(client, [own]).len(), 2);
    for (key, object) in kept {
        assert!(client.call::<Get>(&get(&key)).object == object);
    }
}

/// Arrays of self-encrypting drives find everything and get each: what is theirs, and nothing of the server's own.
#[test]
fn an_array_that_asks_for_everything_gets_what_clients_made() {
    let appliance = appliance();
    let client = &mut appliance.client(V1_2);
    let mut made: Vec<_> = (0..3).map(|_| create(client, aes(256, CIPHER))).collect();
    made.reverse();
    assert_eq!(locate(client, []), made);
    for key in &made {
        assert_eq!(bytes(&client.call::<Get>(&get(key)).object).len(), 32);
    }
}

/// A name that was given away is given again to another.
#[test]
fn synology_renames_what_it_no_longer_needs() {
    let appliance = appliance();
    let uuid = name("6ba7b811-9dad-11d1-80b4-00c04fd430c8");
    let secret = |value: &[u8]| {
        let object = secret_object(SecretDataType::Password, KeyFormatType::Opaque, value);
        let mask = Attribute::CryptographicUsageMask(Mask::Verify);
        (object, [mask, uuid.clone()])
    };
    let (object, attributes) = secret(b"first");
    let first = register(&mut appliance.client(V1_2), object, attributes);
    activate(&mut appliance.client(V1_2), &first);
    let old = name("6ba7b811-9dad-11d1-80b4-00c04fd430c8-deprecated-1");
    rename(&appliance, &first, &old);
    let (object, attributes) = secret(b"second");
    let second = register(&mut appliance.client(V1_2), object, attributes);
    let client = &mut appliance.client(V1_2);
    assert_eq!(locate(client, [uuid.clone()]), [second.as_str()]);
    assert_eq!(locate(client, [old]), [first.as_str()]);
}
