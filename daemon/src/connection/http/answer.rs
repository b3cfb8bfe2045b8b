//! What is answered over HTTP: a message, or why there is none.

use kmip::ttlv::Timestamp;
use time::{OffsetDateTime, format_description::BorrowedFormatItem, macros::format_description};
use zeroize::Zeroizing;

use super::head::{Head, Refusal, Status};

/// Asks for the body of a client that waits for it.
pub(super) const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// An answer of KMIP is a success of HTTP, whatever it says (KMIP Profiles 2.1 §5.1).
pub(super) fn accepted(head: &Head, message: &[u8], now: Timestamp) -> Zeroizing<Vec<u8>> {
    whole("200 OK", head.media, head.keeps_alive, message, now)
}

/// A refusal in words, after which the connection ends.
pub(super) fn refused(refusal: &Refusal, now: Timestamp) -> Zeroizing<Vec<u8>> {
    let Refusal { status, is_head } = *refusal;
    let words = format!("{}\n", status.words());
    let body = if is_head { "" } else { words.as_str() };
    let mut line = status.line().to_owned();
    if status == Status::MethodNotAllowed {
        line.push_str("\r\nAllow: POST");
    }
    whole(
        &line,
        "text/plain; charset=utf-8",
        false,
        body.as_bytes(),
        now,
    )
}

/// Head and body in one, so that they leave in one piece.
fn whole(
    line: &str,
    media: &str,
    keeps_alive: bool,
    body: &[u8],
    now: Timestamp,
) -> Zeroizing<Vec<u8>> {
    let connection = if keeps_alive {
        ""
    } else {
        "Connection: close\r\n"
    };
    let head = format!(
        "HTTP/1.1 {line}\r\nDate: {}\r\nContent-Type: {media}\r\nContent-Length: {}\r\n\
         Cache-Control: no-cache\r\n{connection}\r\n",
        date(now),
        body.len()
    );
    let mut answer = Zeroizing::new(Vec::with_capacity(head.len() + body.len()));
    answer.extend_from_slice(head.as_bytes());
    answer.extend_from_slice(body);
    answer
}

/// The date as HTTP spells it (RFC 9110 §5.6.7).
fn date(now: Timestamp) -> String {
    const DATE: &[BorrowedFormatItem<'_>] = format_description!(
        "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
    );
    OffsetDateTime::from_unix_timestamp(now.0)
        .ok()
        .and_then(|time| time.format(DATE).ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_whole_and_ends_the_connection() {
        let refusal = Refusal {
            status: Status::MethodNotAllowed,
            is_head: false,
        };
        let expected = "HTTP/1.1 405 Method Not Allowed\r\nAllow: POST\r\n\
            Date: Thu, 01 Jan 1970 00:00:01 GMT\r\nContent-Type: text/plain; charset=utf-8\r\n\
            Content-Length: 20\r\nCache-Control: no-cache\r\nConnection: close\r\n\r\n\
            only POST is served\n";
        assert_eq!(*refused(&refusal, Timestamp(1)), expected.as_bytes());
        let refusal = Refusal {
            is_head: true,
            ..refusal
        };
        assert!(refused(&refusal, Timestamp(1)).ends_with(b"\r\n\r\n"));
    }
}
