//! KMIP over HTTPS on the same port: what HTTP promises, and how it ends when the other side does not keep to it.

use std::{
    io::{Read, Write},
    time::Duration,
};

use rustls::version::{TLS12, TLS13};

use crate::{
    harness::{BOTH, Daemon, Stream, connect, discover_versions, exchange, is_success, now},
    stream::impatient,
};

fn stream(daemon: &Daemon) -> Stream {
    connect(daemon.kmip, daemon.client(Some(&daemon.identity()), BOTH))
}

fn send(stream: &mut impl Write, parts: &[&[u8]]) {
    stream.write_all(&parts.concat()).unwrap();
    stream.flush().unwrap();
}

/// A request with a body of bytes.
fn post(fields: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST /kmip HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n{fields}\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// One answer: its status line, its head and its body.
struct Answer {
    status: String,
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn has(&self, field: &str) -> bool {
        self.head.lines().any(|line| line == field)
    }
}

fn answer(stream: &mut impl Read) -> Answer {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("Content-Length: "));
    let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    stream.read_exact(&mut body).unwrap();
    Answer {
        status: head.lines().next().unwrap().to_owned(),
        head,
        body,
    }
}

/// An answer of KMIP, whose item is a success and has this mark.
fn served(stream: &mut impl Read, mark: &[u8]) -> Answer {
    let answer = answer(stream);
    assert_eq!(answer.status, "HTTP/1.1 200 OK");
    assert!(
        answer.has("Content-Type: application/octet-stream"),
        "{}",
        answer.head
    );
    assert!(answer.has("Cache-Control: no-cache"), "{}", answer.head);
    assert!(is_success(&answer.body));
    assert!(answer.body.windows(mark.len()).any(|window| window == mark));
    answer
}

/// A refusal, after which the connection ends.
fn refused(stream: &mut impl Read, status: &str) -> Answer {
    let answer = answer(stream);
    assert_eq!(answer.status, format!("HTTP/1.1 {status}"));
    assert!(answer.has("Connection: close"), "{}", answer.head);
    assert_eq!(stream.read(&mut [0; 1]).unwrap_or(0), 0, "it goes on");
    answer
}

#[test]
fn one_port_serves_both_in_both_versions_of_tls() {
    let (_folder, daemon) = Daemon::fresh();
    let identity = daemon.identity();
    for version in [&TLS12, &TLS13] {
        let mut bare = connect(daemon.kmip, daemon.client(Some(&identity), &[version]));
        assert!(exchange(&mut bare).is_ok());
        let mut http = connect(daemon.kmip, daemon.client(Some(&identity), &[version]));
        send(&mut http, &[&post("", &discover_versions(b"mark"))]);
        let answer = served(&mut http, b"mark");
        assert!(!answer.head.contains("Connection"));
        assert!(answer.head.contains("\r\nDate: "));
    }
}

#[test]
fn requests_follow_each_other_on_one_connection() {
    let (_folder, daemon) = Daemon::fresh();
    let mut stream = stream(&daemon);
    for mark in [b"one", b"two"] {
        send(&mut stream, &[&post("", &discover_versions(mark))]);
        served(&mut stream, mark);
    }
    // Several in one piece, an empty line between them, and one that comes byte by byte.
    let pipelined = [
        post("", &discover_versions(b"first")),
        b"\r\n".to_vec(),
        post(
            "Content-Type: application/octet-stream\r\n",
            &discover_versions(b"second"),
        ),
        post("", &discover_versions(b"third")),
    ];
    send(&mut stream, &[&pipelined.concat()]);
    for mark in [&b"first"[..], b"second", b"third"] {
        served(&mut stream, mark);
    }
    for byte in post("", &discover_versions(b"slow")) {
        send(&mut stream, &[&[byte]]);
    }
    served(&mut stream, b"slow");
    send(
        &mut stream,
        &[&post("Connection: close\r\n", &discover_versions(b"last"))],
    );
    let last = served(&mut stream, b"last");
    assert!(last.has("Connection: close"));
    assert_eq!(stream.read(&mut [0; 1]).unwrap_or(0), 0);
}

#[test]
fn http_1_0_is_answered_once() {
    let (_folder, daemon) = Daemon::fresh();
    let mut stream = stream(&daemon);
    let body = discover_versions(b"old");
    let head = format!(
        "POST /kmip HTTP/1.0\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    send(&mut stream, &[head.as_bytes(), &body]);
    assert!(served(&mut stream, b"old").has("Connection: close"));
    assert_eq!(stream.read(&mut [0; 1]).unwrap_or(0), 0);
}

#[test]
fn a_body_in_chunks_is_a_body() {
    let (_folder, daemon) = Daemon::fresh();
    let mut stream = stream(&daemon);
    let head = b"POST /kmip HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
    let body = discover_versions(b"chunks");
    let (one, other) = body.split_at(13);
    let chunk =
        |piece: &[u8]| [format!("{:X}\r\n", piece.len()).as_bytes(), piece, b"\r\n"].concat();
    let whole = [&head[..], &chunk(one), &chunk(other), b"0\r\n\r\n"].concat();
    send(
        &mut stream,
        &[&whole, &post("", &discover_versions(b"next"))],
    );
    served(&mut stream, b"chunks");
    served(&mut stream, b"next");
    for byte in &whole {
        send(&mut stream, &[&[*byte]]);
    }
    served(&mut stream, b"chunks");
    send(&mut stream, &[head, b"x\r\n"]);
    refused(&mut stream, "400 Bad Request");
}

#[test]
fn who_waits_to_be_asked_for_the_body_is_asked() {
    let (_folder, daemon) = Daemon::fresh();
    let mut stream = stream(&daemon);
    let body = discover_versions(b"waited");
    let whole = post("Expect: 100-continue\r\n", &body);
    let (head, body) = whole.split_at(whole.len() - body.len());
    send(&mut stream, &[head]);
    assert_eq!(answer(&mut stream).status, "HTTP/1.1 100 Continue");
    send(&mut stream, &[body]);
    served(&mut stream, b"waited");
    // Who sends it all the same is not asked, and what is refused is refused before its body comes.
    send(&mut stream, &[&whole]);
    served(&mut stream, b"waited");
    let large = b"POST /kmip HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999\r\nExpect: 100-continue\r\n\r\n";
    send(&mut stream, &[large]);
    refused(&mut stream, "413 Content Too Large");
}

#[test]
fn what_is_no_request_for_kmip_is_refused_in_words() {
    let (_folder, daemon) = Daemon::fresh();
    let rows: [(&[u8], &str); 9] = [
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "404 Not Found"),
        (b"POST /kmip2 HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx", "404 Not Found"),
        (b"GET /kmip HTTP/1.1\r\nHost: x\r\n\r\n", "405 Method Not Allowed"),
        (b"POST /kmip HTTP/1.1\r\nHost: x\r\n\r\n", "411 Length Required"),
        (b"POST /kmip HTTP/1.1\r\nHost: x\r\nContent-Length: 1048577\r\n\r\n", "413 Content Too Large"),
        (b"POST /kmip HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 1\r\n\r\nx", "415 Unsupported Media Type"),
        (b"POST /kmip HTTP/1.1\r\nContent-Length: 1\r\n\r\nx", "400 Bad Request"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505 HTTP Version Not Supported"),
        (b"HELP\r\n\r\n", "400 Bad Request"),
    ];
    for (request, status) in rows {
        let mut stream = stream(&daemon);
        // What follows a refusal is not looked at.
        send(
            &mut stream,
            &[request, &post("", &discover_versions(b"smuggled"))],
        );
        let answer = refused(&mut stream, status);
        assert!(answer.body.ends_with(b"\n") && !answer.body.is_empty());
        assert!(answer.has("Content-Type: text/plain; charset=utf-8"));
    }
    let mut stream = stream(&daemon);
    send(&mut stream, &[b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n"]);
    let answer = refused(&mut stream, "404 Not Found");
    assert!(answer.has("Content-Length: 0") && answer.body.is_empty());
}

#[test]
fn heads_without_end_are_refused() {
    let (_folder, daemon) = Daemon::fresh();
    let long = format!("POST /kmip HTTP/1.1\r\nX: {}", "x".repeat(20_000));
    let many = format!("POST /kmip HTTP/1.1\r\n{}\r\n", "X: x\r\n".repeat(100));
    for request in [long, many] {
        let mut stream = stream(&daemon);
        send(&mut stream, &[request.as_bytes()]);
        refused(&mut stream, "431 Request Header Fields Too Large");
    }
}

#[test]
fn a_message_that_is_none_is_answered_in_kmip() {
    let (_folder, daemon) = Daemon::fresh();
    let mut stream = stream(&daemon);
    for (media, body) in [
        ("application/octet-stream", &b""[..]),
        ("application/octet-stream", b"<RequestMessage/>"),
        ("text/xml", b"?"),
        ("application/xml; charset=utf-8", b"<RequestMessage>"),
        ("application/json", b"{}"),
    ] {
        send(
            &mut stream,
            &[&post(&format!("Content-Type: {media}\r\n"), body)],
        );
        let answer = answer(&mut stream);
        assert_eq!(answer.status, "HTTP/1.1 200 OK");
        let own = media.split(';').next().unwrap();
        assert!(
            answer.has(&format!("Content-Type: {own}")),
            "{}",
            answer.head
        );
        let begins: &[u8] = match own {
            "application/octet-stream" => b"\x42\x00\x7B\x01",
            "application/json" => b"{\"tag\":\"ResponseMessage\"",
            _ => b"<ResponseMessage>",
        };
        assert!(answer.body.starts_with(begins));
    }
    // The connection has survived all of it.
    send(&mut stream, &[&post("", &discover_versions(b"after"))]);
    served(&mut stream, b"after");
}

#[test]
fn who_stalls_in_a_head_or_a_body_is_closed() {
    let (_folder, daemon) = impatient();
    let head = b"POST /kmip HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n";
    for begun in [&head[..10], &head[..], &[&head[..], b"half"].concat()] {
        let mut stream = stream(&daemon);
        send(&mut stream, &[&post("", &discover_versions(b"well"))]);
        served(&mut stream, b"well");
        let began = now();
        send(&mut stream, &[begun]);
        assert_eq!(stream.read(&mut [0; 1]).unwrap_or(0), 0);
        let took = began.elapsed();
        assert!(
            (Duration::from_millis(900)..Duration::from_secs(3)).contains(&took),
            "{took:?}"
        );
    }
    // A field every now and then does not help.
    let mut stream = stream(&daemon);
    let began = now();
    send(&mut stream, &[b"POST /kmip HTTP/1.1\r\n"]);
    while began.elapsed() < Duration::from_secs(5) {
        std::thread::sleep(Duration::from_millis(200));
        if stream
            .write_all(b"X: x\r\n")
            .and_then(|()| stream.flush())
            .is_err()
        {
            break;
        }
    }
    assert!(
        began.elapsed() < Duration::from_secs(4),
        "{:?}",
        began.elapsed()
    );
}
