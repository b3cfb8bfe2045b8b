//! Heads of requests: what is asked for, in which encoding, and how its body ends (RFC 9110, RFC 9112).

use httparse::{EMPTY_HEADER, Header, Request};
use kmip::text::Encoding;

/// The most bytes of a head.
pub(super) const HEAD_BYTES_MAX: usize = 16 * 1024;
const HEADERS_MAX: usize = 64;
const PATH: &str = "/kmip";

/// A request for KMIP, of which the body follows.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// How long the head is.
    pub(super) bytes: usize,
    /// How the body ends.
    pub(super) body: Body,
    /// The media type of the body, and of the answer's.
    pub(super) media: &'static str,
    /// The text it is; none when it is TTLV.
    pub(super) text: Option<Encoding>,
    /// Whether the client waits to be asked for the body.
    pub(super) expects_continue: bool,
    /// Whether another request may follow.
    pub(super) keeps_alive: bool,
}

/// How a body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Body {
    /// After so many bytes.
    Whole(usize),
    /// With the last of its chunks.
    Chunked,
}

/// Why a request is no request for KMIP.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: Status,
    /// Whether only the head of the answer was asked for.
    pub(super) is_head: bool,
}

impl From<Status> for Refusal {
    fn from(status: Status) -> Self {
        Self {
            status,
            is_head: false,
        }
    }
}

macro_rules! statuses {
    ($($name:ident = $line:literal, $words:literal;)*) => {
        /// The status of a refusal.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Status {
            $($name,)*
        }

        impl Status {
            /// Number and phrase.
            pub(super) const fn line(self) -> &'static str {
                match self { $(Self::$name => $line,)* }
            }

            /// What is wrong, for people.
            pub(super) const fn words(self) -> &'static str {
                match self { $(Self::$name => $words,)* }
            }
        }
    };
}

statuses! {
    BadRequest = "400 Bad Request", "this is no request of HTTP/1.1";
    NotFound = "404 Not Found", "KMIP is served at /kmip";
    MethodNotAllowed = "405 Method Not Allowed", "only POST is served";
    LengthRequired = "411 Length Required", "a body needs a Content-Length, or chunks";
    ContentTooLarge = "413 Content Too Large", "the body is longer than messages may be";
    UnsupportedMediaType = "415 Unsupported Media Type",
        "a body is application/octet-stream, text/xml, application/xml or application/json, in UTF-8 and not compressed";
    ExpectationFailed = "417 Expectation Failed", "only 100-continue can be expected";
    HeadTooLarge = "431 Request Header Fields Too Large", "the head of the request is too long";
    NotImplemented = "501 Not Implemented", "chunked is the only transfer coding that is served";
    VersionNotSupported = "505 HTTP Version Not Supported", "only HTTP/1.1 is served";
}

impl Head {
    /// Reads a whole head, of a body of at most so many bytes.
    pub(super) fn parse(bytes: &[u8], body_bytes_max: usize) -> Result<Self, Refusal> {
        let mut headers = [EMPTY_HEADER; HEADERS_MAX];
        let mut request = Request::new(&mut headers);
        match request.parse(bytes) {
            Ok(httparse::Status::Complete(_)) => {}
            Ok(httparse::Status::Partial) => return Err(Status::BadRequest.into()),
            Err(httparse::Error::TooManyHeaders) => return Err(Status::HeadTooLarge.into()),
            Err(httparse::Error::Version) => return Err(Status::VersionNotSupported.into()),
            Err(_) => return Err(Status::BadRequest.into()),
        }
        let is_head = request.method == Some("HEAD");
        read(&request, bytes.len(), body_bytes_max).map_err(|status| Refusal { status, is_head })
    }
}

fn read(request: &Request<'_, '_>, bytes: usize, body_bytes_max: usize) -> Result<Head, Status> {
    let fields = Fields(request.headers);
    let is_current = request.version == Some(1);
    if fields.one("host")?.is_none() && is_current {
        return Err(Status::BadRequest);
    }
    if path(request.path.unwrap_or_default()) != PATH {
        return Err(Status::NotFound);
    }
    if request.method != Some("POST") {
        return Err(Status::MethodNotAllowed);
    }
    let (media, text) = media(fields.one("content-type")?)?;
    if fields
        .one("content-encoding")?
        .is_some_and(|coding| !coding.eq_ignore_ascii_case("identity"))
    {
        return Err(Status::UnsupportedMediaType);
    }
    let expects_continue = match fields.one("expect")? {
        None => false,
        Some(expected) if expected.eq_ignore_ascii_case("100-continue") => is_current,
        Some(_) => return Err(Status::ExpectationFailed),
    };
    let closes = fields.all("connection").any(|value| {
        let mut options = value.split(|byte| *byte == b',');
        options.any(|option| option.trim_ascii().eq_ignore_ascii_case(b"close"))
    });
    Ok(Head {
        bytes,
        body: body(&fields, is_current, body_bytes_max)?,
        media,
        text,
        expects_continue,
        keeps_alive: is_current && !closes,
    })
}

/// The fields of a head.
struct Fields<'a>(&'a [Header<'a>]);

impl<'a> Fields<'a> {
    fn all(&self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        self.0
            .iter()
            .filter(move |field| field.name.eq_ignore_ascii_case(name))
            .map(|field| field.value)
    }

    /// A field that may stand once. Two of them are read differently by those in between, so there is no first one.
    fn one(&self, name: &str) -> Result<Option<&'a str>, Status> {
        let mut all = self.all(name);
        let Some(first) = all.next() else {
            return Ok(None);
        };
        match (std::str::from_utf8(first), all.next()) {
            (Ok(value), None) => Ok(Some(value.trim_ascii())),
            _ => Err(Status::BadRequest),
        }
    }
}

/// The path of a target, which may name the host too.
fn path(target: &str) -> &str {
    let path = match target.split_once("://") {
        Some((_, rest)) => rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/"),
        None => target,
    };
    path.split('?').next().unwrap_or_default()
}

/// The media type and the text it stands for. What says none is bytes (RFC 9110 §8.3).
fn media(content_type: Option<&str>) -> Result<(&'static str, Option<Encoding>), Status> {
    const MEDIA: [(&str, Option<Encoding>); 4] = [
        ("application/octet-stream", None),
        ("text/xml", Some(Encoding::Xml)),
        ("application/xml", Some(Encoding::Xml)),
        ("application/json", Some(Encoding::Json)),
    ];
    let mut parts = content_type
        .unwrap_or("application/octet-stream")
        .split(';');
    let named = parts.next().unwrap_or_default().trim();
    let known = MEDIA
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(named));
    let is_foreign = parts.any(|parameter| {
        parameter.split_once('=').is_some_and(|(name, value)| {
            let value = value.trim().trim_matches('"');
            name.trim().eq_ignore_ascii_case("charset")
                && !["utf-8", "us-ascii"]
                    .iter()
                    .any(|known| value.eq_ignore_ascii_case(known))
        })
    });
    known
        .filter(|_| !is_foreign)
        .copied()
        .ok_or(Status::UnsupportedMediaType)
}

/// How the body ends. Who says it twice means two things, one of them for somebody else (RFC 9112 §6.3).
fn body(fields: &Fields<'_>, is_current: bool, bytes_max: usize) -> Result<Body, Status> {
    let length = fields.one("content-length")?;
    match (fields.one("transfer-encoding")?, length) {
        (Some(_), Some(_)) => Err(Status::BadRequest),
        (Some(coding), None) if coding.eq_ignore_ascii_case("chunked") && is_current => {
            Ok(Body::Chunked)
        }
        (Some(_), None) => Err(Status::NotImplemented),
        (None, None) => Err(Status::LengthRequired),
        (None, Some(digits))
            if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) =>
        {
            Err(Status::BadRequest)
        }
        (None, Some(digits)) => digits
            .parse()
            .ok()
            .filter(|length| *length <= bytes_max)
            .map(Body::Whole)
            .ok_or(Status::ContentTooLarge),
    }
}

#[cfg(test)]
mod tests;
