//! Somebody who takes every connection that is to be had, and somebody else who comes then.

use std::{
    fs,
    io::{ErrorKind, Read},
    net::{SocketAddr, TcpStream},
    os::unix::net::UnixStream,
    time::Duration,
};

use rustix::net::{AddressFamily, SocketType, bind, connect, socket};

use crate::{
    harness::{BOTH, Daemon, discover_versions, eventually, is_success, read_message},
    trust::{issued, params},
};

/// A daemon with room for few, whose configuration is changed.
fn small(change: impl FnOnce(String) -> String) -> (tempfile::TempDir, Daemon) {
    let (folder, daemon) = Daemon::fresh();
    let dir = daemon.dir.clone();
    assert!(daemon.stop().success());
    let path = dir.join("keyhold.toml");
    let text = change(fs::read_to_string(&path).unwrap());
    let limits = "[server.limits]\nconnections_max = 8\nhandshake_seconds_max = 60\n\n[tls]";
    fs::write(&path, text.replace("[tls]", limits)).unwrap();
    let daemon = Daemon::start(&dir);
    (folder, daemon)
}

/// How many of these the daemon has not closed.
fn open<S: Read>(streams: &mut [S]) -> usize {
    let is_open = |stream: &mut S| match stream.read(&mut [0; 1]) {
        Err(error) => error.kind() == ErrorKind::WouldBlock,
        Ok(_) => false,
    };
    streams.iter_mut().map(is_open).filter(|open| *open).count()
}

/// Silent connections from another address than everybody else's.
fn from_elsewhere(to: SocketAddr) -> TcpStream {
    let stream = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    bind(&stream, &SocketAddr::from(([127, 0, 0, 2], 0))).unwrap();
    connect(&stream, &to).unwrap();
    let stream = TcpStream::from(stream);
    stream.set_nonblocking(true).unwrap();
    stream
}

#[test]
fn who_only_connects_keeps_nobody_out() {
    let (_folder, daemon) = small(|text| text);
    let mut silent: Vec<_> = (0..16).map(|_| from_elsewhere(daemon.kmip)).collect();
    daemon.ask(Some(&daemon.identity()), BOTH).unwrap();
    eventually("the others are closed", || {
        silent.retain_mut(|own| open(std::slice::from_mut(own)) == 1);
        silent.len() == 2
    });
}

#[test]
fn a_client_has_half_of_the_connections() {
    let (_folder, daemon) = small(|text| text);
    let identity = daemon.identity();
    let _own: Vec<_> = (0..4)
        .map(|_| daemon.ask(Some(&identity), BOTH).unwrap())
        .collect();
    daemon.ask(Some(&identity), BOTH).unwrap_err();
    // It is a client, whoever it is: what it asks is refused, and its connection is not.
    let other = issued(&daemon, &params("other"));
    let refused = daemon.ask(Some(&other), BOTH).unwrap_err();
    assert_eq!(refused, crate::harness::REFUSED_IN_KMIP);
}

#[test]
fn a_local_user_has_half_of_the_connections() {
    let local = "[[local]]\nuid = \"self\"";
    for (is_known, change) in [(true, local), (false, "[[local]]\nuid = 4294967294")] {
        let (_folder, daemon) = small(|text| {
            text.replace("uids = [\"self\", 0]", "uids = [4294967294]")
                .replace("[[local]]\nuid = 0", "[[local]]\nuid = 4294967294")
                .replace(local, change)
        });
        let path = daemon.dir.join("keyhold.sock");
        let mut own: Vec<_> = (0..16)
            .map(|_| {
                let stream = UnixStream::connect(&path).unwrap();
                stream.set_nonblocking(true).unwrap();
                stream
            })
            .collect();
        eventually("half stay", || {
            own.retain_mut(|own| open(std::slice::from_mut(own)) == 1);
            own.len() == 4
        });
        // The ones that stay are served, and whoever goes makes room.
        let mut first = own.remove(0);
        first.set_nonblocking(false).unwrap();
        std::io::Write::write_all(&mut first, &discover_versions(b"one")).unwrap();
        assert_eq!(is_success(&read_message(&mut first).unwrap()), is_known);
        drop(first);
        eventually("there is room again", || {
            let mut again = UnixStream::connect(&path).unwrap();
            again
                .set_read_timeout(Some(Duration::from_secs(20)))
                .unwrap();
            let message = discover_versions(b"again");
            std::io::Write::write_all(&mut again, &message).is_ok()
                && again.read(&mut [0; 1]).is_ok_and(|count| count == 1)
        });
    }
}
