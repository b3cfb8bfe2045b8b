//! Requests of real clients are read, and written again byte for byte.

use kmip::{
    OperationCode, Version,
    message::{OutgoingItem, Request, RequestItem, write_request},
    payload::locate::Locate,
};

use crate::samples::{Table, payloads};

/// A recorded request.
pub(crate) struct Capture {
    /// The client and what it called.
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
}

/// Every request of `tests/captures` of the workspace.
pub(crate) fn captures() -> Vec<Capture> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/captures");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .collect();
    files.sort();
    let mut captures = Vec::new();
    for file in files {
        let client = file.file_stem().unwrap().to_str().unwrap().to_owned();
        for line in std::fs::read_to_string(&file).unwrap().lines() {
            let (call, hex) = line.split_once(' ').unwrap();
            captures.push(Capture {
                name: format!("{client} {call}"),
                bytes: hex::decode(hex).unwrap(),
            });
        }
    }
    captures
}

/// Operations that clients call and that have no payload types.
const NOT_SERVED: &[OperationCode] = &[OperationCode::DeriveKey];

/// Requests that are written otherwise than they came: the client sends fields that its version does not have.
const DIFFERING: &[&str] = &[
    // Offset Items and Object Group Member in 1.0, Encoding Option likewise.
    "v1.0 locate",
    "v1.0 get_wrapped",
    // Fields of Cryptographic Parameters that came with the cryptographic operations in 1.2.
    "v1.0 mac",
    "v1.0 encrypt",
    "v1.0 decrypt",
    "v1.0 sign",
    "v1.0 signature_verify",
    // An empty Template-Attribute, in every version.
    "v1.0 rekey",
    "v1.1 locate",
    "v1.1 mac",
    "v1.1 encrypt",
    "v1.1 decrypt",
    "v1.1 sign",
    "v1.1 signature_verify",
    "v1.1 rekey",
    "v1.2 locate",
    "v1.2 rekey",
    "v1.3 rekey",
    "v1.4 rekey",
    // No Attributes, which 2.0 requires.
    "v2.0 locate_everything",
    "v2.0 rekey",
];

/// The item with its payload read and written, if its operation is served.
fn rewritten(item: &RequestItem<'_>, version: Version, name: &str) -> Option<OutgoingItem> {
    let case = payloads()
        .into_iter()
        .find(|case| case.table == Table::Request && Some(case.name) == item.operation.name())?;
    let payload = (case.recode)(item.payload.rest(), version)
        .unwrap_or_else(|error| panic!("{name}: {error}"));
    Some(OutgoingItem {
        operation: item.operation,
        payload: payload.into(),
    })
}

#[test]
fn clients_requests_are_written_again_byte_for_byte() {
    let (mut rewritten_count, mut not_served, mut differing) = (0, 0, Vec::new());
    for Capture { name, bytes } in captures() {
        let Ok(request) = Request::read(&bytes, 10) else {
            panic!("{name} cannot be read");
        };
        let mut items = Vec::new();
        for item in &request.items {
            match rewritten(item, request.version, &name) {
                Some(item) => items.push(item),
                None => assert!(NOT_SERVED.contains(&item.operation), "{name}"),
            }
        }
        if items.len() < request.items.len() {
            not_served += 1;
            continue;
        }
        let written = write_request(&request.header, &items, request.version);
        rewritten_count += 1;
        if written.bytes() != bytes {
            differing.push(name.trim_start_matches("pykmip-0.11.0-").to_owned());
        }
    }
    assert_eq!(differing, DIFFERING);
    assert!(rewritten_count >= 150, "only {rewritten_count}");
    assert!(not_served < 30, "{not_served}");
}

#[test]
fn the_captures_say_what_was_called() {
    let captures = captures();
    let locate = captures
        .iter()
        .find(|capture| capture.name.ends_with("v1.2 locate"))
        .unwrap();
    let Ok(request) = Request::read(&locate.bytes, 1) else {
        panic!("unreadable");
    };
    assert_eq!(
        request.items[0].operation,
        <Locate as kmip::payload::Operation>::CODE
    );
    let locate =
        <<Locate as kmip::payload::Operation>::Request as kmip::ttlv::Structure>::read_fields(
            request.items[0].payload,
        )
        .unwrap();
    // Offset Items came with 1.3, and the client sends it all the same.
    assert_eq!(
        (locate.maximum_items, locate.offset_items),
        (Some(8), Some(2))
    );
    assert_eq!(locate.attributes.items.len(), 6);
}
