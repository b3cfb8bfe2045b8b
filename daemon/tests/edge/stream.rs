//! Bytes that do not come as they should.

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    os::unix::net::UnixStream,
    time::Duration,
};

use crate::harness::{BOTH, Daemon, discover_versions, exchange, is_success, now, read_message};

/// A daemon that loses patience after a second.
pub(crate) fn impatient() -> (tempfile::TempDir, Daemon) {
    let (folder, daemon) = Daemon::fresh();
    let dir = daemon.dir.clone();
    assert!(daemon.stop().success());
    let path = dir.join("keyhold.toml");
    let text = fs::read_to_string(&path).unwrap();
    let limits = "[server.limits]\nhandshake_seconds_max = 1\nstall_seconds_max = 1\nidle_seconds_max = 3\n\n[tls]";
    fs::write(&path, text.replace("[tls]", limits)).unwrap();
    let daemon = Daemon::start(&dir);
    (folder, daemon)
}

#[test]
fn who_stalls_is_closed_and_who_rests_is_not() {
    let (_folder, daemon) = impatient();
    let identity = daemon.identity();

    let began = now();
    let mut silent = TcpStream::connect(daemon.kmip).unwrap();
    assert_eq!(silent.read(&mut [0; 1]).unwrap_or(0), 0);
    let took = began.elapsed();
    assert!(
        (Duration::from_millis(900)..Duration::from_secs(2)).contains(&took),
        "{took:?}"
    );

    let mut half = daemon.ask(Some(&identity), BOTH).unwrap();
    let began = now();
    half.write_all(&discover_versions(b"half")[..30]).unwrap();
    half.flush().unwrap();
    assert_eq!(half.read(&mut [0; 1]).unwrap_or(0), 0);
    let took = began.elapsed();
    assert!(
        (Duration::from_millis(900)..Duration::from_secs(2)).contains(&took),
        "{took:?}"
    );

    // A message in two pieces with a pause is a message; and rest is longer than a stall.
    let mut slow = daemon.ask(Some(&identity), BOTH).unwrap();
    let message = discover_versions(b"slow");
    let began = now();
    for piece in [&message[..3], &message[3..]] {
        slow.write_all(piece).unwrap();
        slow.flush().unwrap();
        std::thread::sleep(Duration::from_millis(500));
    }
    assert!(is_success(&read_message(&mut slow).unwrap()));
    std::thread::sleep(Duration::from_millis(1200));
    exchange(&mut slow).unwrap();
    let served = began.elapsed();
    assert_eq!(slow.read(&mut [0; 1]).unwrap_or(0), 0, "but not for ever");
    let rested = began.elapsed() - served;
    assert!(
        (Duration::from_millis(2500)..Duration::from_millis(4500)).contains(&rested),
        "{rested:?}"
    );
}

#[test]
fn a_message_that_is_too_large_gets_one_answer() {
    let (_folder, daemon) = Daemon::fresh();
    let mut stream = daemon.ask(Some(&daemon.identity()), BOTH).unwrap();
    let mut message = discover_versions(b"big");
    message[4..8].copy_from_slice(&0x7FFF_FFF0_u32.to_be_bytes());
    stream.write_all(&message).unwrap();
    stream.flush().unwrap();
    let answer = read_message(&mut stream).unwrap();
    assert!(!is_success(&answer));
    let operation_failed = [0x42, 0x00, 0x7F, 0x05, 0, 0, 0, 4, 0, 0, 0, 1];
    assert!(
        answer.windows(12).any(|bytes| bytes == operation_failed),
        "{}",
        hex::encode(&answer)
    );
    assert_eq!(stream.read(&mut [0; 1]).unwrap_or(0), 0, "and that was all");
}

#[test]
fn a_megabyte_is_read_and_memory_is_not_taken_for_promises() {
    let (_folder, daemon) = Daemon::fresh();
    let identity = daemon.identity();
    let resident = || {
        let text = fs::read_to_string(format!("/proc/{}/status", daemon.child.id())).unwrap();
        let line = text
            .lines()
            .find(|line| line.starts_with("VmRSS:"))
            .unwrap()
            .to_owned();
        line.split_whitespace()
            .nth(1)
            .unwrap()
            .parse::<u64>()
            .unwrap()
    };
    let before = resident();
    let mut open = Vec::new();
    for _ in 0..64 {
        let mut stream = daemon.ask(Some(&identity), BOTH).unwrap();
        let mut message = discover_versions(b"promise");
        message[4..8].copy_from_slice(&1_000_000_u32.to_be_bytes());
        stream.write_all(&message).unwrap();
        stream.flush().unwrap();
        open.push(stream);
    }
    std::thread::sleep(Duration::from_millis(300));
    let grown = resident().saturating_sub(before);
    assert!(
        grown < 32 * 1024,
        "64 promises of a megabyte cost {grown} KiB"
    );
    // One keeps its promise: what it sends is no message, which is answered, once all of it is there.
    let kept = open.first_mut().unwrap();
    let sent = discover_versions(b"promise").len();
    kept.write_all(&vec![0; 1_000_008 - sent]).unwrap();
    kept.flush().unwrap();
    assert!(!is_success(&read_message(kept).unwrap()));
    exchange(kept).unwrap();
}

#[test]
fn pipelined_messages_are_answered_in_order() {
    let (_folder, daemon) = Daemon::fresh();
    let mut stream = daemon.ask(Some(&daemon.identity()), BOTH).unwrap();
    let ids: Vec<String> = (0..50).map(|number| format!("item-{number:03}")).collect();
    let all: Vec<u8> = ids
        .iter()
        .flat_map(|id| discover_versions(id.as_bytes()))
        .collect();
    stream.write_all(&all).unwrap();
    stream.flush().unwrap();
    for id in &ids {
        let answer = read_message(&mut stream).unwrap();
        let found = answer.windows(id.len()).any(|bytes| bytes == id.as_bytes());
        assert!(found && is_success(&answer), "{id}");
    }
}

#[test]
fn another_protocol_is_closed_without_a_word() {
    let (_folder, daemon) = Daemon::fresh();
    let mut stream = daemon.ask(Some(&daemon.identity()), BOTH).unwrap();
    stream
        .write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        .unwrap();
    stream.flush().unwrap();
    assert_eq!(stream.read(&mut [0; 1]).unwrap_or(0), 0);
    let mut local = UnixStream::connect(daemon.dir.join("keyhold.sock")).unwrap();
    local.write_all(b"\x16\x03\x01").unwrap();
    assert_eq!(local.read(&mut [0; 1]).unwrap_or(0), 0);
}

#[test]
fn clients_that_only_connect_are_no_errors() {
    let (_folder, daemon) = Daemon::fresh();
    for _ in 0..20 {
        drop(TcpStream::connect(daemon.kmip).unwrap());
        drop(UnixStream::connect(daemon.dir.join("keyhold.sock")).unwrap());
    }
    daemon.ask(Some(&daemon.identity()), BOTH).unwrap();
    let log = daemon.log();
    assert!(
        !log.contains("ERROR") && !log.contains("handshake"),
        "{log}"
    );
}
