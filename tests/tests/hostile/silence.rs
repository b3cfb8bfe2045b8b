//! Clients that fall silent: they are given up, and nobody waits for them.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use keyhold_tests::{Appliance, Backend, objects::*};
use kmip::V2_1;

/// Fails the test unless somebody else is served, and quickly.
fn others_are_served(appliance: &Appliance) {
    let asked = Instant::now();
    locate(&mut appliance.client(V2_1), []);
    assert!(
        asked.elapsed() < Duration::from_secs(3),
        "{:?}",
        asked.elapsed()
    );
}

/// How long the daemon keeps a silent connection.
fn patience(stream: &mut TcpStream) -> Duration {
    let silent = Instant::now();
    stream
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    let mut rest = Vec::new();
    if let Err(error) = stream.read_to_end(&mut rest) {
        assert_eq!(
            error.kind(),
            std::io::ErrorKind::ConnectionReset,
            "it was kept for 30 seconds"
        );
    }
    silent.elapsed()
}

#[test]
fn a_handshake_that_stalls_is_given_up() {
    let appliance = Appliance::start(Backend::Embedded);
    // Nothing, the head of a record, and half of a handshake's first record.
    for begun in [
        &[][..],
        &[0x16, 0x03, 0x01],
        &[0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01],
    ] {
        let mut stalled = appliance.tcp();
        stalled.write_all(begun).unwrap();
        others_are_served(&appliance);
        let patience = patience(&mut stalled);
        assert!(patience < Duration::from_secs(15), "{patience:?}");
    }
}

#[test]
fn many_stalled_handshakes_stop_nobody() {
    let appliance = Appliance::start(Backend::Embedded);
    let stalled: Vec<_> = (0..300).map(|_| appliance.tcp()).collect();
    others_are_served(&appliance);
    drop(stalled);
}

#[test]
fn half_a_message_and_then_silence_is_given_up() {
    let appliance = Appliance::start(Backend::Embedded);
    let mut client = appliance.client(V2_1);
    client
        .write(&[
            0x42, 0x00, 0x78, 0x01, 0x00, 0x00, 0x01, 0x00, 0x42, 0x00, 0x77,
        ])
        .unwrap();
    let silent = Instant::now();
    others_are_served(&appliance);
    assert!(client.read().is_err(), "it was answered");
    assert!(
        silent.elapsed() < Duration::from_secs(30),
        "{:?}",
        silent.elapsed()
    );
    others_are_served(&appliance);
}

#[test]
fn who_only_connects_is_no_error() {
    let appliance = Appliance::start(Backend::Embedded);
    for _ in 0..20 {
        drop(appliance.tcp());
    }
    others_are_served(&appliance);
    let logged = appliance.logged();
    assert!(
        !logged.contains("ERROR") && !logged.contains("WARN"),
        "{logged}"
    );
}
