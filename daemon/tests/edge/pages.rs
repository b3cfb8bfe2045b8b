//! The pages of metrics and health.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
};

use crate::harness::{BOTH, Daemon};

pub(crate) fn get(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn metrics_and_health_are_served_on_loopback() {
    let (_folder, daemon) = Daemon::fresh();
    let identity = daemon.identity();
    let _open = daemon.ask(Some(&identity), BOTH).unwrap();
    daemon.ask(None, BOTH).unwrap_err();
    let metrics = get(daemon.metrics, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
    assert!(metrics.starts_with("HTTP/1.1 200 OK\r\n"), "{metrics}");
    for wanted in [
        "keyhold_operations_total{operation=\"DiscoverVersions\",outcome=\"Success\"} 1",
        "keyhold_handshakes_total 1",
        "keyhold_handshakes_failed_total{reason=\"no_certificate\"} 1",
        "keyhold_connections{face=\"network\"} 1",
        "keyhold_message_seconds_bucket{served=\"inline\",le=\"0.001\"}",
        "keyhold_server_certificate_expiry_timestamp_seconds",
        "# TYPE keyhold_message_seconds histogram",
    ] {
        assert!(metrics.contains(wanted), "{wanted}\n{metrics}");
    }
    let ready = get(daemon.metrics, "GET /readyz HTTP/1.1\r\n\r\n");
    assert!(ready.starts_with("HTTP/1.1 200 OK\r\n"), "{ready}");
    for part in ["store ok", "audit ok", "hsm/embedded ok"] {
        assert!(ready.contains(part), "{ready}");
    }
    assert!(get(daemon.metrics, "GET /healthz HTTP/1.0\r\n\r\n").ends_with("alive\n"));
    assert!(get(daemon.metrics, "GET / HTTP/1.1\r\n\r\n").contains(" 404 "));
    assert!(get(daemon.metrics, "POST /metrics HTTP/1.1\r\n\r\n").contains(" 405 "));
    let head = get(daemon.metrics, "HEAD /metrics HTTP/1.1\r\n\r\n");
    assert!(head.ends_with("\r\n\r\n"), "{head}");
    let endless = "x".repeat(20_000);
    assert_eq!(
        get_unread(daemon.metrics, &endless),
        "",
        "no answer to what is no request"
    );
}

/// As [`get`], for a request that the server closes on before it is read.
fn get_unread(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let mut answer = String::new();
    // Both may meet a closed connection, which is what is wanted.
    let _ = stream.write_all(request.as_bytes());
    let _ = stream.read_to_string(&mut answer);
    answer
}
