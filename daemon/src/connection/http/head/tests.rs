//! Heads that are taken, and those that are refused, each with its status.

use proptest::{collection::vec, prelude::*};

use super::*;

const HOST: &str = "Host: localhost\r\n";

fn parse(line: &str, fields: &str) -> Result<Head, Status> {
    let head = format!("{line}\r\n{fields}\r\n");
    Head::parse(head.as_bytes(), 1000).map_err(|refusal| refusal.status)
}

fn post(fields: &str) -> Result<Head, Status> {
    parse("POST /kmip HTTP/1.1", &format!("{HOST}{fields}"))
}

#[test]
fn a_content_type_decides_the_encoding() {
    let rows = [
        ("", "application/octet-stream", None),
        ("application/octet-stream", "application/octet-stream", None),
        ("text/xml", "text/xml", Some(Encoding::Xml)),
        (
            "TEXT/XML; charset=\"UTF-8\"",
            "text/xml",
            Some(Encoding::Xml),
        ),
        (
            "application/xml;charset=utf-8",
            "application/xml",
            Some(Encoding::Xml),
        ),
        (
            "application/json ; boundary=x",
            "application/json",
            Some(Encoding::Json),
        ),
    ];
    for (given, media, text) in rows {
        let field = if given.is_empty() {
            String::new()
        } else {
            format!("content-type: {given}\r\n")
        };
        let head = post(&format!("{field}Content-Length: 7\r\n")).unwrap();
        assert_eq!((head.media, head.text), (media, text), "{given}");
        assert_eq!(head.body, Body::Whole(7));
        assert!(head.keeps_alive && !head.expects_continue);
    }
}

#[test]
fn targets_connections_and_expectations_are_read() {
    let length = "Content-Length: 1\r\n";
    for target in ["/kmip", "/kmip?x", "https://localhost:5696/kmip"] {
        assert!(
            parse(
                &format!("POST {target} HTTP/1.1"),
                &format!("{HOST}{length}")
            )
            .is_ok()
        );
    }
    let closing = post(&format!("{length}Connection: keep-alive, Close\r\n")).unwrap();
    assert!(!closing.keeps_alive);
    let old = parse(
        "POST /kmip HTTP/1.0",
        &format!("{length}Expect: 100-continue\r\n"),
    )
    .unwrap();
    assert!(!old.keeps_alive && !old.expects_continue);
    assert!(
        post(&format!("{length}Expect: 100-Continue\r\n"))
            .unwrap()
            .expects_continue
    );
    let chunked = post("Transfer-Encoding: Chunked\r\n").unwrap();
    assert_eq!(chunked.body, Body::Chunked);
}

#[test]
fn every_refusal_has_its_status() {
    let length = "Content-Length: 1\r\n";
    let with = |more: &str| post(&format!("{length}{more}\r\n"));
    let line = |line: &str| parse(line, &format!("{HOST}{length}"));
    let many = "a: b\r\n".repeat(HEADERS_MAX + 1);
    let rows = [
        (line("POST /kmip"), Status::BadRequest),
        (line("POST  /kmip HTTP/1.1"), Status::BadRequest),
        (line("P\u{1}ST /kmip HTTP/1.1"), Status::BadRequest),
        (line("POST / HTTP/1.1"), Status::NotFound),
        (line("POST /kmip/ HTTP/1.1"), Status::NotFound),
        (line("GET /metrics HTTP/1.1"), Status::NotFound),
        (line("POST https://localhost HTTP/1.1"), Status::NotFound),
        (line("GET /kmip HTTP/1.1"), Status::MethodNotAllowed),
        (line("HEAD /kmip HTTP/1.1"), Status::MethodNotAllowed),
        (line("POST /kmip HTTP/2.0"), Status::VersionNotSupported),
        (parse("POST /kmip HTTP/1.1", length), Status::BadRequest),
        (with("Host: other"), Status::BadRequest),
        (with(" folded"), Status::BadRequest),
        (with("name : x"), Status::BadRequest),
        (with(length.trim_end()), Status::BadRequest),
        (with("Transfer-Encoding: chunked"), Status::BadRequest),
        (
            with("Content-Type: text/html"),
            Status::UnsupportedMediaType,
        ),
        (
            with("Content-Type: text/xml; charset=utf-16"),
            Status::UnsupportedMediaType,
        ),
        (with("Content-Encoding: gzip"), Status::UnsupportedMediaType),
        (with("Expect: money"), Status::ExpectationFailed),
        (post(""), Status::LengthRequired),
        (post("Content-Length: 1001\r\n"), Status::ContentTooLarge),
        (
            post("Content-Length: 99999999999999999999999\r\n"),
            Status::ContentTooLarge,
        ),
        (post("Content-Length: -1\r\n"), Status::BadRequest),
        (post("Content-Length: +1\r\n"), Status::BadRequest),
        (post("Content-Length: 1, 1\r\n"), Status::BadRequest),
        (post("Content-Length: \r\n"), Status::BadRequest),
        (
            post("Transfer-Encoding: gzip, chunked\r\n"),
            Status::NotImplemented,
        ),
        (post(&many), Status::HeadTooLarge),
    ];
    for (at, (head, status)) in rows.into_iter().enumerate() {
        assert_eq!(head, Err(status), "row {at}");
    }
    let refusal = Head::parse(b"HEAD /x HTTP/1.1\r\nHost: x\r\n\r\n", 1).unwrap_err();
    assert!(refusal.is_head);
}

proptest! {
    #[test]
    fn any_bytes_are_a_head_or_are_refused(bytes in vec(any::<u8>(), 0..200), at in 0..100_usize) {
        let _ = Head::parse(&bytes, 1000);
        let mut good = b"POST /kmip HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/xml\r\nContent-Length: 10\r\n\r\n".to_vec();
        let end = (at + bytes.len()).min(good.len());
        good.splice(at.min(end)..end, bytes.iter().copied());
        if let Ok(head) = Head::parse(&good, 1000) {
            prop_assert!(!matches!(head.body, Body::Whole(length) if length > 1000));
        }
    }
}
