//! What libkmip and its relatives send: Percona's servers, MongoDB's drivers.

use keyhold_tests::{Batch, Client, answer, objects::*, pki::client_config_of};
use kmip::{
    BlockCipherMode, CryptographicAlgorithm, CryptographicUsageMask as Mask, KeyFormatType,
    ObjectType, OperationCode, PaddingMethod, ResultReason, SecretDataType, State, Tag, V1_0, V1_2,
    V1_4,
    attribute::{Attribute, CryptographicParameters},
    message::Response,
    payload::{
        create::Create,
        encrypt::{Decrypt, DecryptRequest, Encrypt, EncryptRequest},
        get::Get,
        locate::Locate,
    },
    ttlv::{Timestamp, Value, Writer},
};
use rustls::version::{TLS12, TLS13};

use crate::*;

/// libkmip as pg_tde and Percona Server have it: 1.0, a response of at most 8,192 bytes, a time stamp, no item identifier.
fn libkmip(client: &mut Client, operation: OperationCode, payload: &Writer) -> Response {
    let mut batch = Batch::new(client.version);
    batch.header.maximum_response_size = Some(8192);
    batch.header.time_stamp = Some(Timestamp(1_700_000_000));
    batch.add_raw(operation, payload.bytes());
    let response = client.send(batch);
    assert_eq!(response.items.len(), 1);
    assert_eq!(
        response.items[0].unique_batch_item_id, None,
        "what was not sent is not echoed"
    );
    assert_eq!(
        response.header.server_correlation_value, None,
        "1.0 has no such field"
    );
    response
}

#[test]
fn libkmip_pages_in_1_0_until_a_page_is_empty() {
    let appliance = appliance();
    let mut made: Vec<_> = (0..40)
        .map(|_| {
            // A new connection for each operation.
            let client = &mut appliance.client(V1_4);
            let own = [
                Attribute::ObjectGroup(String::new()),
                Attribute::CryptographicUsageMask(CIPHER),
            ];
            register(client, aes_object(&[1; 16]), own)
        })
        .collect();
    made.reverse();
    let mut found = Vec::new();
    for page in 0.. {
        let client = &mut appliance.client(V1_0);
        let mut payload = Writer::new(V1_0);
        payload.integer(Tag::MaximumItems, 16);
        payload.integer(Tag::OffsetItems, page * 16);
        attribute_item(&mut payload, "Object Type", |writer| {
            ObjectType::SymmetricKey.write(Tag::AttributeValue, writer);
        });
        attribute_item(&mut payload, "Object Group", |writer| {
            writer.text(Tag::AttributeValue, "")
        });
        let response = libkmip(client, OperationCode::Locate, &payload);
        let ids = answer::<Locate>(&response.items[0], V1_0)
            .unwrap()
            .unique_identifier;
        if ids.is_empty() {
            break;
        }
        found.extend(ids.iter().map(text));
        assert!(page < 10, "it would page for ever");
    }
    assert_eq!(found, made);
}

#[test]
fn pg_tde_finds_one_key_or_none_and_gets_it_before_it_is_active() {
    let appliance = appliance();
    let locate_one = |name: &str| {
        let client = &mut appliance.client(V1_0);
        let mut payload = Writer::new(V1_0);
        payload.integer(Tag::MaximumItems, 16);
        attribute_item(&mut payload, "Object Type", |writer| {
            ObjectType::SymmetricKey.write(Tag::AttributeValue, writer);
        });
        name_item(&mut payload, name);
        let response = libkmip(client, OperationCode::Locate, &payload);
        let located = answer::<Locate>(&response.items[0], V1_0).unwrap();
        located
            .unique_identifier
            .iter()
            .map(text)
            .collect::<Vec<_>>()
    };
    assert_eq!(locate_one("tde-key"), [""; 0]);
    let client = &mut appliance.client(V1_4);
    let attributes = aes(128, CIPHER).into_iter().chain([name("tde-key")]);
    let mut object = aes_object(&[7; 16]);
    if let kmip::object::ManagedObject::SymmetricKey(key) = &mut object {
        // One of its versions says how a point is compressed, of a key that has none.
        key.key_block.key_compression_type =
            Some(kmip::KeyCompressionType::ECPublicKeyTypeUncompressed);
    }
    let key = register(client, object, attributes);
    register(
        client,
        aes_object(&[8; 16]),
        aes(128, CIPHER).into_iter().chain([name("tde-key-2")]),
    );
    assert_eq!(locate_one("tde-key"), [key.as_str()]);
    let client = &mut appliance.client(V1_0);
    let got = client.call::<Get>(&get(&key)).object;
    assert_eq!(bytes(&got), [7; 16]);
    assert_eq!(got.key_block().unwrap().key_format_type, KeyFormatType::Raw);
    // `validate` opens TLS and closes again.
    drop(appliance.client(V1_0));
    assert!(
        !appliance.logged().contains("ERROR"),
        "{}",
        appliance.logged()
    );
}

#[test]
fn mongodb_registers_without_a_name_and_a_missing_key_is_not_found() {
    let appliance = appliance();
    let client = &mut appliance.client(V1_0);
    let key = register(client, aes_object(&[9; 32]), aes(256, CIPHER));
    activate(client, &key);
    assert_eq!(bytes(&client.call::<Get>(&get(&key)).object), [9; 32]);
    let client = &mut appliance.client(V1_4);
    assert_eq!(state(client, &key), State::Active);
    let client = &mut appliance.client(V1_0);
    assert_eq!(
        client.refused::<Get>(&get("0d2f7d1c-none")),
        ResultReason::ItemNotFound
    );
}

#[test]
fn libmongocrypt_registers_a_seed_with_mask_0_and_gets_it() {
    let appliance = appliance();
    let client = &mut appliance.client(V1_0);
    let seed = secret_object(SecretDataType::Seed, KeyFormatType::Opaque, &[0x5E; 96]);
    let key = register(
        client,
        seed.clone(),
        [Attribute::CryptographicUsageMask(Mask(0))],
    );
    activate(client, &key);
    assert!(client.call::<Get>(&get(&key)).object == seed);

    // The delegated form: the server encrypts, and must give back the IV that it made.
    let client = &mut appliance.client(V1_2);
    let key = create_active(client, aes(256, CIPHER));
    let parameters = CryptographicParameters {
        block_cipher_mode: Some(BlockCipherMode::CBC),
        padding_method: Some(PaddingMethod::PKCS5),
        random_iv: Some(true),
        ..CryptographicParameters::default()
    };
    let encrypted = client.call::<Encrypt>(&EncryptRequest {
        unique_identifier: id(&key),
        cryptographic_parameters: Some(parameters.clone()),
        data: Some([0xDA; 96].as_slice().into()),
        ..EncryptRequest::default()
    });
    assert_eq!(encrypted.iv_counter_nonce.as_ref().unwrap().0.len(), 16);
    let decrypted = client.call::<Decrypt>(&DecryptRequest {
        unique_identifier: id(&key),
        // It says RandomIV here too, where it means nothing.
        cryptographic_parameters: Some(parameters),
        data: encrypted.data,
        iv_counter_nonce: encrypted.iv_counter_nonce,
        ..DecryptRequest::default()
    });
    assert_eq!(decrypted.data.unwrap().expose(), [0xDA; 96]);
}

#[test]
fn percona_server_keeps_secrets_in_a_group_and_reads_all_at_its_start() {
    let appliance = appliance();
    let group = || Attribute::ObjectGroup("mysql-1".to_owned());
    let client = &mut appliance.client(V1_4);
    let secret = secret_object(
        SecretDataType::Password,
        KeyFormatType::Opaque,
        b"a keyring entry",
    );
    let own = [
        name("INNODBKey-1"),
        group(),
        Attribute::CryptographicUsageMask(Mask::Export | Mask::DeriveKey),
    ];
    let secret_id = register(client, secret, own);
    activate(client, &secret_id);
    let own = aes(256, CIPHER).into_iter().chain([name("key-1"), group()]);
    let key = register(client, aes_object(&[3; 32]), own);
    activate(client, &key);

    let client = &mut appliance.client(V1_0);
    for (object_type, expected) in [
        (ObjectType::SecretData, &secret_id),
        (ObjectType::SymmetricKey, &key),
    ] {
        let found = locate(client, [Attribute::ObjectType(object_type), group()]);
        assert_eq!(found, std::slice::from_ref(expected));
        client.call::<Get>(&get(expected));
        let names = attributes(client, expected, &[kmip::attribute::AttributeKind::Name]);
        assert_eq!(names.len(), 1);
    }
    revoke(client, &key, kmip::RevocationReasonCode::Unspecified);
    destroy(client, &key);
    assert_eq!(
        client.refused::<Get>(&get(&key)),
        ResultReason::ItemNotFound
    );
}

/// Every operation of libkmip on a connection of its own, in either version of TLS: 1.0 for most, 1.4 for Register.
#[test]
fn libkmip_goes_through_the_whole_life_of_a_key() {
    let appliance = appliance();
    for tls in [&TLS12, &TLS13] {
        let connect = |version| {
            let config = client_config_of(
                &appliance.file("ca.pem"),
                Some(&appliance.identity()),
                &[tls],
            );
            Client::over_tls(appliance.tcp(), config, version).unwrap()
        };
        let one = |operation, payload: &Writer| {
            let response = libkmip(&mut connect(V1_0), operation, payload);
            response.items.into_iter().next().unwrap()
        };
        let of = |key: &str| {
            let mut payload = Writer::new(V1_0);
            payload.text(Tag::UniqueIdentifier, key);
            payload
        };
        let made = register(&mut connect(V1_4), aes_object(&[6; 32]), aes(256, CIPHER));
        let mut payload = Writer::new(V1_0);
        ObjectType::SymmetricKey.write(Tag::ObjectType, &mut payload);
        payload.structure(Tag::TemplateAttribute, |writer| {
            attribute_item(writer, "Cryptographic Algorithm", |writer| {
                CryptographicAlgorithm::AES.write(Tag::AttributeValue, writer);
            });
            attribute_item(writer, "Cryptographic Length", |writer| {
                writer.integer(Tag::AttributeValue, 256);
            });
            attribute_item(writer, "Cryptographic Usage Mask", |writer| {
                writer.integer(Tag::AttributeValue, 12);
            });
        });
        let created = answer::<Create>(&one(OperationCode::Create, &payload), V1_0).unwrap();
        for key in [made, text(&created.unique_identifier)] {
            one(OperationCode::Activate, &of(&key));
            let got = answer::<Get>(&one(OperationCode::Get, &of(&key)), V1_0).unwrap();
            assert_eq!(text(&got.unique_identifier), key, "which it compares");
            assert_eq!(bytes(&got.object).len(), 32);
            assert_eq!(state(&mut connect(V1_4), &key), State::Active);
            let mut revocation = of(&key);
            revocation.structure(Tag::RevocationReason, |writer| {
                writer.enumeration(Tag::RevocationReasonCode, 1);
            });
            one(OperationCode::Revoke, &revocation);
            one(OperationCode::Destroy, &of(&key));
            let gone = one(OperationCode::Get, &of(&key));
            assert_eq!(gone.result_reason, Some(ResultReason::ItemNotFound));
        }
    }
}
