//! Locate: every kind of filter, all of them together, the newest first, page by page.

use keyhold_tests::{Appliance, Client, VERSIONS, objects::*};
use kmip::{
    CryptographicAlgorithm, CryptographicUsageMask, KeyFormatType, ObjectGroupMember, ObjectType,
    ResultReason, RevocationReasonCode, SecretDataType, State, StorageStatusMask, V1_1, V1_3, V2_0,
    Version,
    attribute::{
        ApplicationSpecificInformation, Attribute, AttributeList, CryptographicParameters, Link,
    },
    payload::{
        get::Get,
        locate::{Locate, LocateRequest, LocateResponse},
    },
    ttlv::Timestamp,
};

on_each_backend!(objects_are_found_by_what_they_are);

fn page(
    client: &mut Client,
    attributes: AttributeList,
    offset: Option<i32>,
    most: Option<i32>,
) -> LocateResponse {
    client.call::<Locate>(&LocateRequest {
        maximum_items: most,
        offset_items: offset,
        attributes,
        ..LocateRequest::default()
    })
}

fn objects_are_found_by_what_they_are(appliance: &Appliance) {
    let version = kmip::V1_4;
    let client = &mut appliance.client(version);
    let information = Attribute::ApplicationSpecificInformation(ApplicationSpecificInformation {
        application_namespace: "ssl".to_owned(),
        application_data: Some("example.org".to_owned()),
    });
    let parameters = Attribute::CryptographicParameters(Box::new(CryptographicParameters {
        block_cipher_mode: Some(kmip::BlockCipherMode::CBC),
        padding_method: Some(kmip::PaddingMethod::PKCS5),
        ..CryptographicParameters::default()
    }));
    let key = create_active(
        client,
        aes(256, CIPHER).into_iter().chain([
            name("alpha"),
            name("alpha, too"),
            Attribute::ObjectGroup("group".to_owned()),
            information.clone(),
            parameters,
            custom("color", "red"),
            Attribute::ContactInformation("desk".to_owned()),
        ]),
    );
    let mac = create(
        client,
        symmetric(CryptographicAlgorithm::HMACSHA256, 256, MAC),
    );
    let (private, public) = create_pair(client, Pair::Rsa(2048), []);
    let password = secret_object(SecretDataType::Password, KeyFormatType::Raw, b"a secret");
    let secret = register(
        client,
        password,
        [Attribute::ObjectGroup("group".to_owned())],
    );

    for version in VERSIONS {
        client.version = version;
        by_each_attribute(
            client,
            [&key, &mac, &private, &public, &secret],
            &information,
        );
    }
}

fn by_each_attribute(client: &mut Client, objects: [&str; 5], information: &Attribute) {
    let [key, mac, private, public, secret] = objects;
    let version = client.version;
    let mut found = |attributes: Vec<Attribute>| locate(client, attributes);
    let only = |id: &str| vec![id.to_owned()];
    assert_eq!(
        found(vec![]),
        [secret, private, public, mac, key],
        "{version}: the newest first"
    );
    assert_eq!(found(vec![name("alpha")]), only(key));
    assert_eq!(found(vec![name("alpha, too")]), only(key));
    assert_eq!(found(vec![name("alph")]), [""; 0], "a name is exact");
    assert_eq!(
        found(vec![Attribute::ObjectType(ObjectType::PrivateKey)]),
        only(private)
    );
    assert_eq!(
        found(vec![Attribute::CryptographicAlgorithm(
            CryptographicAlgorithm::HMACSHA256
        )]),
        only(mac)
    );
    assert_eq!(
        found(vec![Attribute::CryptographicLength(2048)]),
        [private, public]
    );
    assert_eq!(
        found(vec![Attribute::CryptographicUsageMask(
            CryptographicUsageMask::MACVerify
        )]),
        only(mac)
    );
    assert_eq!(
        found(vec![Attribute::CryptographicUsageMask(CIPHER)]),
        only(key),
        "all bits are asked for"
    );
    assert_eq!(
        found(vec![Attribute::State(State::Active)]),
        [private, public, key]
    );
    assert_eq!(
        found(vec![Attribute::ObjectGroup("group".to_owned())]),
        [secret, key]
    );
    assert_eq!(
        found(vec![
            Attribute::ObjectGroup("group".to_owned()),
            Attribute::ObjectType(ObjectType::SecretData)
        ]),
        only(secret),
        "filters are ANDed"
    );
    assert_eq!(found(vec![information.clone()]), only(key));
    assert_eq!(
        found(vec![Attribute::ContactInformation("desk".to_owned())]),
        only(key)
    );
    by_its_structures(client, objects);
}

fn by_its_structures(client: &mut Client, objects: [&str; 5]) {
    let [key, mac, private, public, _] = objects;
    let version = client.version;
    let mut found = |attributes: Vec<Attribute>| locate(client, attributes);
    let only = |id: &str| vec![id.to_owned()];
    assert_eq!(found(vec![custom("color", "red")]), only(key));
    assert_eq!(found(vec![custom("color", "blue")]), [""; 0]);
    let partly = Attribute::CryptographicParameters(Box::new(CryptographicParameters {
        block_cipher_mode: Some(kmip::BlockCipherMode::CBC),
        ..CryptographicParameters::default()
    }));
    assert_eq!(
        found(vec![partly]),
        only(key),
        "a structure matches on the fields given"
    );
    let link = Attribute::Link(Link {
        link_type: kmip::LinkType::PublicKeyLink,
        linked_object_identifier: public.into(),
    });
    assert_eq!(found(vec![link]), only(private));
    assert_eq!(
        found(vec![Attribute::UniqueIdentifier(mac.into())]),
        only(mac)
    );
    let since = |date| Attribute::InitialDate(Timestamp(date));
    assert_eq!(
        found(vec![since(0), since(4_000_000_000)]).len(),
        5,
        "two dates are a range"
    );
    assert_eq!(found(vec![since(1), since(2)]), [""; 0]);
    if version >= V2_0 {
        let format = Attribute::KeyFormatType(KeyFormatType::Raw);
        assert_eq!(
            found(vec![
                format,
                Attribute::ObjectType(ObjectType::SymmetricKey)
            ]),
            [mac, key]
        );
    }
}

#[test]
fn pages_are_counted_from_the_newest() {
    let appliance = Appliance::start(keyhold_tests::Backend::Embedded);
    let client = &mut appliance.client(V1_3);
    let group = || list([Attribute::ObjectGroup(String::new())]);
    let mut keys: Vec<_> = (0..40)
        .map(|_| {
            create(
                client,
                aes(128, CIPHER).into_iter().chain(group().iter().cloned()),
            )
        })
        .collect();
    keys.reverse();
    for version in VERSIONS {
        client.version = version;
        let ids = |response: LocateResponse| -> Vec<_> {
            response.unique_identifier.iter().map(text).collect()
        };
        let first = page(client, group(), None, Some(16));
        assert_eq!(first.located_items, None, "who does not page is not told");
        assert_eq!(ids(first), keys[..16]);
        let first = page(client, group(), Some(0), Some(16));
        assert_eq!(first.located_items, (version >= V1_3).then_some(40));
        assert_eq!(ids(first), keys[..16]);
        // libkmip pages by Offset Items in 1.0 too, where the field does not exist yet.
        let rest = offset_in_any_version(client, 32, 16);
        assert_eq!(rest, keys[32..], "{version}");
        assert_eq!(
            offset_in_any_version(client, 40, 16),
            [""; 0],
            "{version}: the last page is empty"
        );
        let negative = LocateRequest {
            maximum_items: Some(-1),
            ..LocateRequest::default()
        };
        assert_eq!(
            client.refused::<Locate>(&negative),
            ResultReason::InvalidField
        );
        let none = page(client, list([name("nobody")]), None, None);
        assert_eq!(none.unique_identifier.len(), 0, "no match is a success");
    }
}

/// A Locate with Offset Items, written whatever the version says.
fn offset_in_any_version(client: &mut Client, offset: i32, most: i32) -> Vec<String> {
    use kmip::{Tag, ttlv::Writer};
    let mut payload = Writer::new(client.version);
    payload.integer(Tag::MaximumItems, most);
    payload.integer(Tag::OffsetItems, offset);
    let mut batch = keyhold_tests::Batch::new(client.version);
    batch.add_raw(kmip::OperationCode::Locate, payload.bytes());
    let response = client.send(batch);
    let located = keyhold_tests::answer::<Locate>(&response.items[0], client.version).unwrap();
    located.unique_identifier.iter().map(text).collect()
}

#[test]
fn destroyed_objects_are_found_where_they_are_asked_for() {
    let appliance = Appliance::start(keyhold_tests::Backend::Embedded);
    let client = &mut appliance.client(V2_0);
    let (gone, here) = (
        create(client, aes(128, CIPHER)),
        create(client, aes(128, CIPHER)),
    );
    destroy(client, &gone);
    let mut stored = |version: Version, mask: Option<StorageStatusMask>| {
        client.version = version;
        let response = client.call::<Locate>(&LocateRequest {
            storage_status_mask: mask,
            ..LocateRequest::default()
        });
        response
            .unique_identifier
            .iter()
            .map(text)
            .collect::<Vec<_>>()
    };
    for version in VERSIONS {
        assert!(stored(version, None).contains(&here));
        assert_eq!(
            stored(version, Some(StorageStatusMask::OnLineStorage)),
            [here.as_str()]
        );
        assert_eq!(
            stored(version, Some(StorageStatusMask::ArchivalStorage)),
            [""; 0]
        );
    }
    assert_eq!(
        stored(V2_0, Some(StorageStatusMask::DestroyedStorage)),
        [gone]
    );
}

#[test]
fn fresh_members_of_a_group_are_those_nobody_got() {
    let appliance = Appliance::start(keyhold_tests::Backend::Embedded);
    let client = &mut appliance.client(V1_1);
    let group = Attribute::ObjectGroup("pool".to_owned());
    let keys = [0; 2].map(|_| create(client, aes(128, CIPHER).into_iter().chain([group.clone()])));
    client.call::<Get>(&get(&keys[0]));
    for version in VERSIONS.into_iter().filter(|version| *version >= V1_1) {
        client.version = version;
        let fresh = client.call::<Locate>(&LocateRequest {
            object_group_member: Some(ObjectGroupMember::GroupMemberFresh),
            attributes: list([group.clone()]),
            ..LocateRequest::default()
        });
        assert_eq!(
            fresh.unique_identifier.iter().map(text).collect::<Vec<_>>(),
            [keys[1].clone()]
        );
    }
    revoke_and_destroy(client, &keys[1]);
}

fn revoke_and_destroy(client: &mut Client, key: &str) {
    activate(client, key);
    revoke(client, key, RevocationReasonCode::Unspecified);
    destroy(client, key);
}
