//! A vault with more locked keys than a token would like to keep: they leave it as it was, and outlive the daemon.

use keyhold_tests::{
    Appliance, Backend, Batch, Client, Token, answer, objects::*, programs::succeed,
};
use kmip::{
    ObjectType, V2_1,
    payload::create::{Create, CreateRequest},
    payload::mac::{MAC as MacOperation, MACRequest},
};

const KEYS: usize = 1_200;
/// Kryoptic unwraps with every use, which takes it longer.
const KEYS_OF_KRYOPTIC: usize = 300;

fn create_many(client: &mut Client, count: usize) -> Vec<String> {
    let mut batch = Batch::new(V2_1);
    for _ in 0..count {
        let attributes = symmetric(kmip::CryptographicAlgorithm::HMACSHA256, 256, MAC);
        batch.add::<Create>(&CreateRequest {
            object_type: ObjectType::SymmetricKey,
            attributes: list(attributes.into_iter().chain(locked())),
            protection_storage_masks: None,
        });
    }
    let response = client.send(batch);
    let ids = response.items.iter().map(|item| {
        let made = answer::<Create>(item, V2_1).map_err(|_| "refused");
        text(&made.unwrap().unique_identifier)
    });
    ids.collect()
}

fn mac(client: &mut Client, key: &str) -> Vec<u8> {
    let made = client.call::<MacOperation>(&MACRequest {
        unique_identifier: id(key),
        data: Some(b"a message"[..].into()),
        ..MACRequest::default()
    });
    made.mac_data.unwrap().0
}

#[test]
fn more_keys_than_a_token_keeps_are_in_the_store_and_outlive_the_daemon() {
    keys_outlive_the_daemon(Appliance::start(Backend::Wrapped), KEYS);
}

#[test]
fn more_keys_than_kryoptic_keeps_are_in_the_store_and_outlive_the_daemon() {
    let appliance = Appliance::start_with(Some(Token::kryoptic()), &["--wrapped"]);
    keys_outlive_the_daemon(appliance, KEYS_OF_KRYOPTIC);
}

fn keys_outlive_the_daemon(mut appliance: Appliance, count: usize) {
    let client = &mut appliance.client(V2_1);
    let mut keys = Vec::new();
    while keys.len() < count {
        keys.extend(create_many(client, 100));
    }
    keys.iter().for_each(|key| activate(client, key));
    let macs: Vec<_> = keys.iter().map(|key| mac(client, key)).collect();
    assert_eq!(
        appliance.token().count(),
        2,
        "the sealing key and the wrapping key"
    );
    let shown = succeed(&mut appliance.keyhold(&["vault", "show", "dev"]));
    assert!(shown.contains("wrapped"), "{shown}");

    appliance.kill();
    appliance.restart();
    let client = &mut appliance.client(V2_1);
    for (key, before) in keys.iter().zip(&macs) {
        assert_eq!(mac(client, key), *before);
    }
    assert_eq!(appliance.token().count(), 2);
}
