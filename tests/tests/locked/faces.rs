//! The faces of the daemon that speak KMIP: TTLV over TLS and over the local socket, XML and JSON over HTTPS.

use keyhold_tests::{Appliance, Backend, Client, canary::Canaries};
use kmip::{OperationCode, ResultReason, text::Encoding};

use crate::{
    keys::{self, Known},
    operations::VERSION,
    walk::Walk,
};

/// The embedded HSM in the daemon's own process.
fn in_process() -> Appliance {
    let mut appliance = Appliance::start(Backend::Embedded);
    appliance.reconfigure("isolated = false");
    appliance
}

/// Of these there is one on every face; the others differ from one of them by their numbers.
const ONE_OF_EACH: &[&str] = &[
    "aes-256",
    "hmac-sha256-256",
    "rsa-2048",
    "ec-p256",
    "secret data",
];

/// Operations that must have worked on some locked key, or the walk would prove nothing of them.
const DONE: &[OperationCode] = &[
    OperationCode::ReKey,
    OperationCode::ReKeyKeyPair,
    OperationCode::DeriveKey,
    OperationCode::Certify,
    OperationCode::Locate,
    OperationCode::Check,
    OperationCode::GetAttributes,
    OperationCode::ObtainLease,
    OperationCode::Encrypt,
    OperationCode::Decrypt,
    OperationCode::Sign,
    OperationCode::SignatureVerify,
    OperationCode::MAC,
    OperationCode::MACVerify,
    OperationCode::Archive,
    OperationCode::Recover,
    OperationCode::Revoke,
    OperationCode::Destroy,
];

fn walks(appliance: &Appliance, face: Client, known: &[Known]) {
    let mut canaries = Canaries::default();
    for key in known {
        key.add_to(&mut canaries);
    }
    let mut walk = Walk::new(appliance, face, &canaries);
    let (mut victims, refused) = walk.lock(known);
    for wanted in ONE_OF_EACH {
        let is_there = victims.iter().any(|own| own.name == *wanted);
        assert!(is_there, "{wanted} is not taken: {refused:?}");
    }
    for (kind, reason) in refused {
        // A token does not have every algorithm.
        let is_usual = reason == ResultReason::UnsupportedCryptographicParameters;
        let is_token = appliance.backend() == Backend::SoftHsm;
        assert!(is_usual && is_token, "{kind}: {reason:?}");
    }
    victims.extend(keys::generated(&mut appliance.client(VERSION)));
    for victim in &victims {
        walk.over(victim);
    }
    assert!(walk.asked > 500 * victims.len(), "{}", walk.asked);
    let left: Vec<_> = DONE
        .iter()
        .filter(|code| !walk.done.contains(code))
        .collect();
    assert_eq!(left, [&OperationCode(0); 0]);
}

fn one_of_each() -> Vec<Known> {
    let known = keys::known().into_iter();
    known
        .filter(|own| ONE_OF_EACH.contains(&own.name.as_str()))
        .collect()
}

/// Every kind of key, in TTLV over mutual TLS.
fn over_tls(appliance: &Appliance) {
    walks(appliance, appliance.client(VERSION), &keys::known());
}

/// One key of each sort, over the local socket.
fn over_the_socket(appliance: &Appliance) {
    walks(appliance, appliance.local(VERSION), &one_of_each());
}

fn over_https(appliance: &Appliance, encoding: Encoding) {
    walks(
        appliance,
        appliance.posting(VERSION, Some(encoding)),
        &one_of_each(),
    );
}

macro_rules! on_every_backend {
    ($($backend:ident: $start:expr;)*) => {
        $(mod $backend {
            use super::*;

            #[test]
            fn no_key_leaves_over_tls() {
                over_tls(&$start);
            }

            #[test]
            fn no_key_leaves_over_the_socket() {
                over_the_socket(&$start);
            }

            #[test]
            fn no_key_leaves_as_xml() {
                over_https(&$start, Encoding::Xml);
            }

            #[test]
            fn no_key_leaves_as_json() {
                over_https(&$start, Encoding::Json);
            }
        })*
    };
}

on_every_backend! {
    embedded: Appliance::start(Backend::Embedded);
    in_the_daemon: in_process();
    group: Appliance::on_group();
    softhsm: Appliance::start(Backend::SoftHsm);
}
