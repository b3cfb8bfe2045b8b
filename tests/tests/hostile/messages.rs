//! Messages that are cut, bent, huge, deep or many: answered or closed, in little memory.

use std::{
    fs,
    io::{Read, Write},
    net::Shutdown,
    os::unix::net::UnixStream,
    time::Duration,
};

use keyhold_tests::{Appliance, Backend, objects::*, programs::root};
use kmip::{ResultReason, ResultStatus, V1_2, V2_1, Version, message::Response};

/// What the daemon may need beyond its memory at rest for whatever one client sends: a frame of a megabyte, a few
/// copies of it, and the pages that allocators keep.
const MEMORY_BYTES_MORE: u64 = 12 << 20;

/// Sends bytes and nothing more, and returns all that comes back.
fn answer_to(appliance: &Appliance, bytes: &[u8]) -> Vec<u8> {
    let mut stream = UnixStream::connect(appliance.file("keyhold.sock")).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    // The daemon may close before everything is sent.
    if stream.write_all(bytes).is_ok() {
        let _ = stream.shutdown(Shutdown::Write);
    }
    let mut answer = Vec::new();
    if let Err(error) = stream.read_to_end(&mut answer) {
        assert_eq!(
            error.kind(),
            std::io::ErrorKind::ConnectionReset,
            "neither answered nor closed"
        );
    }
    answer
}

/// The requests that real clients sent, as they were recorded.
fn recorded() -> Vec<Vec<u8>> {
    let folder = fs::read_dir(root().join("tests/captures")).unwrap();
    let mut files: Vec<_> = folder.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
    files.sort();
    let text: String = files
        .iter()
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    text.lines()
        .map(|line| hex::decode(line.split_whitespace().nth(1).unwrap()).unwrap())
        .collect()
}

/// Lets `attack` do its worst, and looks at what is left of the daemon.
fn survives(attack: impl FnOnce(&Appliance)) {
    let mut appliance = Appliance::start(Backend::Embedded);
    let client = &mut appliance.local(V2_1);
    let key = create(client, aes(128, CIPHER));
    let before = appliance.memory_bytes_peak();
    attack(&appliance);
    appliance.assert_alive();
    let more = appliance.memory_bytes_peak() - before;
    assert!(
        more < MEMORY_BYTES_MORE,
        "{} MiB more than at rest",
        more >> 20
    );
    assert!(
        !appliance.logged().contains("panicked"),
        "{}",
        appliance.logged()
    );
    let client = &mut appliance.client(V2_1);
    assert!(locate(client, []).contains(&key), "it serves as before");
}

#[test]
fn every_prefix_is_answered_or_closed() {
    survives(|appliance| {
        for message in recorded() {
            for length in 0..message.len() {
                let answer = answer_to(appliance, &message[..length]);
                assert!(
                    answer.is_empty(),
                    "{length} of {} bytes were answered",
                    message.len()
                );
            }
        }
    });
}

#[test]
fn every_flipped_byte_is_answered_or_closed() {
    survives(|appliance| {
        for message in recorded() {
            for at in 0..message.len() {
                let mut bent = message.clone();
                bent[at] ^= 0xFF;
                let answer = answer_to(appliance, &bent);
                if !answer.is_empty() {
                    let response = Response::read(&answer);
                    assert!(
                        response.is_ok_and(|response| !response.items.is_empty()),
                        "byte {at}: {answer:02x?}"
                    );
                }
            }
        }
    });
}

fn is_refused(answer: &[u8]) -> bool {
    answer.is_empty()
        || Response::read(answer)
            .unwrap()
            .items
            .iter()
            .all(|item| item.result_status != ResultStatus::Success)
}

#[test]
fn lengths_of_four_gibibytes_are_refused() {
    survives(|appliance| {
        for length in [
            0xFFFF_FFFF_u32,
            0xFFFF_FFF8,
            0x8000_0000,
            0x7FFF_FFF8,
            0x0010_0001,
        ] {
            let mut message = vec![0x42, 0x00, 0x78, 0x01];
            message.extend(length.to_be_bytes());
            message.extend([0x42; 4096]);
            assert!(is_refused(&answer_to(appliance, &message)), "{length:#x}");
        }
        // The same inside, where the message itself is short.
        let [message] = &recorded()[..1] else {
            panic!("no recordings")
        };
        for at in (12..message.len() - 4).step_by(8) {
            let mut bent = message.clone();
            bent[at..at + 4].copy_from_slice(&[0xFF; 4]);
            answer_to(appliance, &bent);
        }
        assert!(
            is_refused(&answer_to(appliance, &vec![0; 1 << 20])),
            "what is no KMIP"
        );
    });
}

/// A structure with contents.
fn structure(tag: u32, contents: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x42, (tag >> 8) as u8, tag as u8, 0x01];
    bytes.extend(u32::try_from(contents.len()).unwrap().to_be_bytes());
    bytes.extend(contents);
    bytes
}

/// The header of a request in 1.2 with so many items.
fn header(items: u32) -> Vec<u8> {
    header_of(V1_2, items)
}

fn header_of(version: Version, items: u32) -> Vec<u8> {
    let integer = |tag: u32, value: u32| {
        let mut bytes = vec![0x42, 0x00, tag as u8, 0x02, 0, 0, 0, 4];
        bytes.extend(value.to_be_bytes());
        bytes.extend([0; 4]);
        bytes
    };
    let version = structure(
        0x69,
        &[
            integer(0x6A, version.major.into()),
            integer(0x6B, version.minor.into()),
        ]
        .concat(),
    );
    structure(0x77, &[version, integer(0x0D, items)].concat())
}

#[test]
fn nesting_without_end_is_refused() {
    survives(|appliance| {
        for (outer, depth) in [
            (0x78, 100_000),
            (0x79, 100_000),
            (0x91, 60_000),
            (0x08, 1_000),
        ] {
            // Each level is eight bytes longer than the one inside.
            let levels: Vec<u8> = (0..depth)
                .flat_map(|level: u32| {
                    let mut bytes = vec![0x42, 0x00, outer, 0x01];
                    bytes.extend(((depth - level - 1) * 8).to_be_bytes());
                    bytes
                })
                .collect();
            let operation = [0x42, 0x00, 0x5C, 0x05, 0, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0, 0];
            let item = structure(0x0F, &[&operation[..], &structure(0x79, &levels)].concat());
            let message = structure(0x78, &[header(1), item].concat());
            assert!(
                is_refused(&answer_to(appliance, &message)),
                "{outer:#x} {depth} deep"
            );
            assert!(
                is_refused(&answer_to(appliance, &levels)),
                "{outer:#x} {depth} deep, bare"
            );
        }
    });
}

/// A message that is too long is answered by its beginning, in its own version.
#[test]
fn a_message_that_is_too_long_is_told_so() {
    survives(|appliance| {
        for version in Version::SPOKEN {
            let mut message = structure(0x78, &header_of(*version, 1));
            message[4..8].copy_from_slice(&(64_u32 << 20).to_be_bytes());
            let answer = Response::read(&answer_to(appliance, &message)).unwrap();
            assert_eq!(answer.version, *version);
            let expected = if version.is_2() {
                ResultReason::ServerLimitExceeded
            } else {
                ResultReason::InvalidMessage
            };
            assert_eq!(answer.items[0].result_reason, Some(expected), "{version}");
        }
    });
}

#[test]
fn a_batch_of_a_million_is_refused() {
    survives(|appliance| {
        let operation = [
            0x42, 0x00, 0x5C, 0x05, 0, 0, 0, 4, 0, 0, 0, 0x18, 0, 0, 0, 0,
        ];
        let item = structure(0x0F, &[&operation[..], &structure(0x79, &[])].concat());
        for count in [1_001, 20_000, 1_000_000] {
            let items = item.repeat(count);
            let message = structure(
                0x78,
                &[header(u32::try_from(count).unwrap()), items].concat(),
            );
            assert!(is_refused(&answer_to(appliance, &message)), "{count} items");
        }
        // A count that lies.
        for count in [0, 2, u32::MAX, 1_000_000] {
            let message = structure(0x78, &[header(count), item.clone()].concat());
            assert!(
                is_refused(&answer_to(appliance, &message)),
                "one item said to be {count}"
            );
        }
    });
}

#[test]
fn a_message_of_the_largest_size_is_served() {
    let appliance = Appliance::start(Backend::Embedded);
    let client = &mut appliance.client(V1_2);
    let value = vec![0xA5; 1_000_000];
    let opaque = register(
        client,
        opaque_object(kmip::OpaqueDataType(0x8000_0001), &value),
        [],
    );
    let got = client.call::<kmip::payload::get::Get>(&get(&opaque)).object;
    assert!(got == opaque_object(kmip::OpaqueDataType(0x8000_0001), &value));
}
