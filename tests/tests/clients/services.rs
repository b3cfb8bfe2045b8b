//! What databases, backup and cloud storage send.

use keyhold_tests::{Batch, Client, PIN, VERSIONS, answer, objects::*, pki::client_config_of};
use kmip::{
    BlockCipherMode, CryptographicAlgorithm, CryptographicUsageMask as Mask, KeyFormatType,
    ObjectType, PaddingMethod, QueryFunction, RevocationReasonCode, SecretDataType, State, V1_0,
    V1_1, V1_2, V1_3, V1_4,
    attribute::{Attribute, CryptographicParameters},
    message::ProtocolVersion,
    payload::{
        create::{Create, CreateRequest},
        destroy::{Destroy, DestroyRequest},
        discover::{DiscoverVersions, DiscoverVersionsRequest},
        encrypt::{Decrypt, DecryptRequest, Encrypt, EncryptRequest},
        get::{Get, GetRequest},
        get_attributes::{GetAttributes, GetAttributesRequest},
        locate::{Locate, LocateRequest},
        query::{Query, QueryRequest},
    },
    ttlv::{Bytes, Timestamp},
};
use rustls::version::TLS12;

use crate::*;

#[test]
fn ceph_csi_takes_1_4_alone_and_its_marks_back() {
    let appliance = appliance();
    let client = &mut appliance.client(V1_4);
    let mut batch = Batch::new(V1_4);
    batch.add::<DiscoverVersions>(&DiscoverVersionsRequest {
        protocol_version: vec![ProtocolVersion::from(V1_4)],
    });
    batch.id(b"\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff\x00");
    let response = client.send(batch);
    let item = &response.items[0];
    assert_eq!(item.unique_batch_item_id.as_ref().unwrap().0.len(), 16);
    let versions = answer::<DiscoverVersions>(item, V1_4)
        .unwrap()
        .protocol_version;
    assert_eq!(versions, [ProtocolVersion::from(V1_4)], "exactly one");

    // Rook: register for export alone, get, destroy at once.
    let key = register(
        client,
        aes_object(&[4; 32]),
        [Attribute::CryptographicUsageMask(Mask::Export)],
    );
    assert_eq!(bytes(&client.call::<Get>(&get(&key)).object), [4; 32]);
    client.call::<Destroy>(&DestroyRequest {
        unique_identifier: id(&key),
    });
}

#[test]
fn scylladb_gets_a_key_and_all_its_attributes_in_one_batch() {
    let appliance = appliance();
    for version in [V1_1, V1_2, V1_3, V1_4] {
        let client = &mut appliance.client(version);
        client.call::<Query>(&QueryRequest {
            query_function: vec![QueryFunction::QueryOperations, QueryFunction::QueryObjects],
        });
        let space = custom("key-namespace", &format!("scylla {version}"));
        let wanted = || {
            [
                Attribute::ObjectType(ObjectType::SymmetricKey),
                Attribute::State(State::Active),
                space.clone(),
            ]
            .into_iter()
            .chain(aes(128, CIPHER))
        };
        assert_eq!(locate(client, wanted()), [""; 0]);
        let key = create_active(client, aes(128, CIPHER).into_iter().chain([space.clone()]));
        assert_eq!(locate(client, wanted()), [key.as_str()]);
        let mut batch = Batch::new(version);
        batch.header.batch_order_option = Some(true);
        batch.add::<Get>(&GetRequest {
            key_format_type: Some(KeyFormatType::Raw),
            ..get(&key)
        });
        batch.add::<GetAttributes>(&GetAttributesRequest {
            unique_identifier: id(&key),
            attribute_reference: Vec::new(),
        });
        let response = client.send(batch);
        assert_eq!(
            bytes(&answer::<Get>(&response.items[0], version).unwrap().object).len(),
            16
        );
        let all = answer::<GetAttributes>(&response.items[1], version)
            .unwrap()
            .attributes;
        assert!(all.iter().any(|attribute| *attribute == space));
    }
}

#[test]
fn veeam_exports_a_pair_and_destroys_it_without_revoking() {
    let appliance = appliance();
    let client = &mut appliance.client(V1_4);
    let made = client.call::<kmip::payload::create::CreateKeyPair>(&pair(Pair::Rsa(2048), [], []));
    for (key, format) in [
        (&made.public_key_unique_identifier, KeyFormatType::X509),
        (&made.public_key_unique_identifier, KeyFormatType::PKCS1),
        (&made.private_key_unique_identifier, KeyFormatType::PKCS1),
        (&made.private_key_unique_identifier, KeyFormatType::PKCS8),
    ] {
        let got = client.call::<Get>(&GetRequest {
            key_format_type: Some(format),
            ..get(&text(key))
        });
        assert_eq!(got.object.key_block().unwrap().key_format_type, format);
        assert!(bytes(&got.object).len() > 200, "never wrapped unasked");
    }
    destroy(client, &text(&made.private_key_unique_identifier));
    destroy(client, &text(&made.public_key_unique_identifier));
}

#[test]
fn truenas_and_mysql_go_through_the_whole_life_of_a_key() {
    let appliance = appliance();
    let client = &mut appliance.client(V1_2);
    let password = secret_object(SecretDataType::Password, KeyFormatType::Raw, b"passphrase");
    let with = [name("tank"), Attribute::CryptographicUsageMask(Mask(0))];
    let secret = register(client, password.clone(), with);
    activate(client, &secret);
    assert!(client.call::<Get>(&get(&secret)).object == password);
    revoke(client, &secret, RevocationReasonCode::CessationOfOperation);
    destroy(client, &secret);

    for version in VERSIONS {
        let client = &mut appliance.client(version);
        let key = create_active(client, aes(256, CIPHER));
        assert_eq!(bytes(&client.call::<Get>(&get(&key)).object).len(), 32);
        revoke(client, &key, RevocationReasonCode::CessationOfOperation);
        destroy(client, &key);
    }
}

/// CBC with PKCS5 padding, as databases and storage use it.
fn cbc() -> CryptographicParameters {
    CryptographicParameters {
        block_cipher_mode: Some(BlockCipherMode::CBC),
        padding_method: Some(PaddingMethod::PKCS5),
        cryptographic_algorithm: Some(CryptographicAlgorithm::AES),
        ..CryptographicParameters::default()
    }
}

fn encrypting(key: &str, data: &[u8], iv: &[u8]) -> EncryptRequest {
    EncryptRequest {
        unique_identifier: id(key),
        cryptographic_parameters: Some(cbc()),
        data: Some(data.into()),
        iv_counter_nonce: Some(Bytes(iv.to_vec())),
        ..EncryptRequest::default()
    }
}

fn decrypting(key: &str, data: Option<Bytes>, iv: Option<&[u8]>) -> DecryptRequest {
    DecryptRequest {
        unique_identifier: id(key),
        cryptographic_parameters: Some(cbc()),
        data,
        iv_counter_nonce: iv.map(|iv| Bytes(iv.to_vec())),
        ..DecryptRequest::default()
    }
}

#[test]
fn edb_encrypts_and_decrypts_with_an_iv_of_its_own() {
    let appliance = appliance();
    let client = &mut appliance.client(V1_2);
    let key = create_active(client, aes(256, CIPHER));
    let iv = [0x33; 16];
    let encrypted = client.call::<Encrypt>(&encrypting(&key, b"data encryption key", &iv));
    let encrypted = encrypted.data.unwrap();
    let request = decrypting(&key, Some(encrypted.clone()), Some(&iv));
    let decrypted = client.call::<Decrypt>(&request);
    assert_eq!(decrypted.data.unwrap().expose(), b"data encryption key");
    // Its variant `thales` puts the IV in front of the ciphertext, and leaves its field out.
    let together = Bytes([&iv[..], &encrypted.0].concat());
    let decrypted = client.call::<Decrypt>(&decrypting(&key, Some(together.clone()), None));
    assert_eq!(decrypted.data.unwrap().expose(), b"data encryption key");
    // In 2.x, where no such client is known, the standard is kept to.
    let strict = &mut appliance.client(kmip::V2_1);
    let reason = strict.refused::<Decrypt>(&decrypting(&key, Some(together), None));
    assert_eq!(reason, kmip::ResultReason::InvalidMessage);
    revoke(client, &key, RevocationReasonCode::CessationOfOperation);
    destroy(client, &key);
}

#[test]
fn scality_negotiates_asks_and_encrypts_with_an_iv_of_zeros() {
    let appliance = appliance();
    let client = &mut appliance.client(V1_4);
    let offered = [V1_4, V1_3, V1_2].map(ProtocolVersion::from);
    let versions = client.call::<DiscoverVersions>(&DiscoverVersionsRequest {
        protocol_version: offered.to_vec(),
    });
    assert_eq!(versions.protocol_version, offered, "in the client's order");
    for function in [
        QueryFunction::QueryExtensionMap,
        QueryFunction::QueryServerInformation,
        QueryFunction::QueryOperations,
        QueryFunction::QueryObjects,
    ] {
        client.call::<Query>(&QueryRequest {
            query_function: vec![function],
        });
    }
    let bucket = custom("bucket", "invoices");
    let key = create(client, aes(256, CIPHER).into_iter().chain([bucket]));
    activate(client, &key);
    let zeros = [0; 16];
    let encrypted = client.call::<Encrypt>(&encrypting(&key, &[7; 32], &zeros));
    assert_eq!(text(&encrypted.unique_identifier), key, "which it compares");
    let decrypted = client.call::<Decrypt>(&decrypting(&key, encrypted.data, Some(&zeros)));
    assert_eq!(text(&decrypted.unique_identifier), key);
    assert_eq!(decrypted.data.unwrap().expose(), [7; 32]);
    revoke(client, &key, RevocationReasonCode::CessationOfOperation);
    destroy(client, &key);
}

#[test]
fn ceph_gateways_find_make_and_get_a_key_by_its_name() {
    let appliance = appliance();
    let wanted = || name("rgw-photos");
    let client = &mut appliance.client(V1_0);
    assert_eq!(locate(client, [wanted()]), [""; 0]);
    let key = create(client, aes(256, CIPHER).into_iter().chain([wanted()]));
    // The next request comes on a connection of its own.
    let client = &mut appliance.client(V1_0);
    assert_eq!(locate(client, [wanted()]), [key.as_str()]);
    assert_eq!(bytes(&client.call::<Get>(&get(&key)).object).len(), 32);
}

#[test]
fn mongodb_enterprise_polls_the_state_of_its_key() {
    let appliance = appliance();
    for version in [V1_0, V1_1, V1_2] {
        let client = &mut appliance.client(version);
        let key = create_active(client, aes(256, CIPHER));
        assert_eq!(bytes(&client.call::<Get>(&get(&key)).object).len(), 32);
        assert_eq!(state(client, &key), State::Active);
        revoke(client, &key, RevocationReasonCode::CessationOfOperation);
        assert_eq!(state(client, &key), State::Deactivated);
    }
}

/// Its SSE-KMS with a user's name, and what its SSE-S3 is to send.
#[test]
fn ceph_gateways_may_name_a_user_and_have_the_server_encrypt() {
    let appliance = appliance();
    let client = &mut appliance.client(V1_0);
    client.authenticate("user", PIN);
    let key = create(
        client,
        aes(256, CIPHER).into_iter().chain([name("rgw-user")]),
    );
    assert_eq!(locate(client, [name("rgw-user")]), [key.as_str()]);
    let client = &mut appliance.client(V1_4);
    client.authenticate("user", PIN);
    activate(client, &key);
    let sealed = client.call::<Encrypt>(&encryption(&key, b"data key"));
    let opened = client.call::<Decrypt>(&DecryptRequest {
        unique_identifier: id(&key),
        cryptographic_parameters: encryption(&key, b"").cryptographic_parameters,
        data: sealed.data,
        iv_counter_nonce: sealed.iv_counter_nonce,
        authenticated_encryption_tag: sealed.authenticated_encryption_tag,
        ..DecryptRequest::default()
    });
    assert_eq!(opened.data.unwrap().expose(), b"data key");
}

#[test]
fn ceph_csi_encrypts_by_cbc_with_marks_of_sixteen_bytes() {
    let appliance = appliance();
    let client = &mut appliance.client(V1_4);
    let key = create_active(client, aes(256, CIPHER));
    let iv = [0x42; 16];
    let mut batch = Batch::new(V1_4);
    batch.add::<Encrypt>(&encrypting(&key, b"passphrase of a volume", &iv));
    batch.id(&[0xA5; 16]);
    let item = &client.send(batch).items[0];
    assert_eq!(item.unique_batch_item_id.as_ref().unwrap().0, [0xA5; 16]);
    let sealed = answer::<Encrypt>(item, V1_4).unwrap().data;
    let mut batch = Batch::new(V1_4);
    batch.add::<Decrypt>(&decrypting(&key, sealed, Some(&iv)));
    batch.id(&[0x5A; 16]);
    let item = &client.send(batch).items[0];
    assert_eq!(item.unique_batch_item_id.as_ref().unwrap().0, [0x5A; 16]);
    let opened = answer::<Decrypt>(item, V1_4).unwrap().data.unwrap();
    assert_eq!(opened.expose(), b"passphrase of a volume");
}

/// Its health check makes a key and destroys it; its keys may be active from their creation on.
#[test]
fn scality_makes_keys_that_are_active_and_destroys_what_never_was() {
    let appliance = appliance();
    let client = &mut appliance.client(V1_4);
    let now = Attribute::ActivationDate(Timestamp(1));
    let key = create(client, aes(256, CIPHER).into_iter().chain([now]));
    assert_eq!(state(client, &key), State::Active);
    client.call::<Encrypt>(&encrypting(&key, &[7; 32], &[0; 16]));
    let probe = create(client, aes(256, CIPHER));
    destroy(client, &probe);
}

#[test]
fn scylladb_names_a_user_and_asks_for_one_key_at_most() {
    let appliance = appliance();
    let client = &mut appliance.client(V1_4);
    client.authenticate("user", PIN);
    let space = custom("key-namespace", "ks");
    let [older, newer] = [(), ()]
        .map(|()| create_active(client, aes(128, CIPHER).into_iter().chain([space.clone()])));
    let found = client.call::<Locate>(&LocateRequest {
        maximum_items: Some(1),
        attributes: list([space, Attribute::State(State::Active)]),
        ..LocateRequest::default()
    });
    let [found] = &found.unique_identifier[..] else {
        panic!("one, of two");
    };
    assert_eq!(text(found), newer, "and not {older}");
}

/// Its labels are names: of one object, found until it is destroyed, and free then.
#[test]
fn db2_has_one_key_of_a_label() {
    let appliance = appliance();
    for version in [V1_1, V1_2, V1_4] {
        let client = &mut appliance.client(version);
        let label = || name("DB2_master");
        let key = create(client, aes(256, CIPHER).into_iter().chain([label()]));
        let again = CreateRequest {
            object_type: ObjectType::SymmetricKey,
            attributes: list(aes(256, CIPHER).into_iter().chain([label()])),
            protection_storage_masks: None,
        };
        let refused = client.refused::<Create>(&again);
        assert_eq!(refused, kmip::ResultReason::InvalidField, "{version}");
        assert_eq!(locate(client, [label()]), [key.as_str()]);
        destroy(client, &key);
        assert_eq!(locate(client, [label()]), [""; 0]);
    }
}

/// With TLS 1.2 at most, which its settings allow.
#[test]
fn truenas_comes_with_an_older_tls() {
    let appliance = appliance();
    let config = client_config_of(
        &appliance.file("ca.pem"),
        Some(&appliance.identity()),
        &[&TLS12],
    );
    let client = &mut Client::over_tls(appliance.tcp(), config, V1_2).unwrap();
    let password = secret_object(SecretDataType::Password, KeyFormatType::Raw, b"passphrase");
    let with = [name("pool"), Attribute::CryptographicUsageMask(Mask(0))];
    let secret = register(client, password.clone(), with);
    activate(client, &secret);
    assert!(client.call::<Get>(&get(&secret)).object == password);
}
