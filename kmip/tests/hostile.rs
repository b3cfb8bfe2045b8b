//! Broken messages: cut, with each bit flipped, with absurd lengths and nesting. None of them panics.

use kmip::{
    DecodeErrorKind, OperationCode, Tag, V1_4, V2_1, Version,
    message::{OutgoingItem, Request, RequestError, RequestHeader, write_request},
    ttlv::{AnyValue, DEPTH_MAX, ItemType, Reader, Value, Writer},
};

use crate::{
    captures::captures,
    fuzz,
    samples::{Make, Source, Table, payloads, request},
};

/// Every reader of the crate, on any bytes.
fn read(bytes: &[u8]) {
    fuzz::message(bytes);
    fuzz::decode(bytes);
}

/// A message of a version with an item for each operation, every field filled.
fn filled(version: Version) -> Vec<Vec<u8>> {
    let mut cases = payloads();
    cases.retain(|case| case.table == Table::Request && version >= case.since);
    cases
        .iter()
        .map(|case| request(case, &mut Source::full(version)))
        .collect()
}

/// Recorded messages of the first, the last and the newest version of the client.
fn recorded() -> Vec<Vec<u8>> {
    let versions = ["v1.0 ", "v1.4 ", "v2.0 "];
    let captures = captures().into_iter();
    captures
        .filter(|capture| {
            versions
                .iter()
                .any(|version| capture.name.contains(version))
        })
        .map(|capture| capture.bytes)
        .collect()
}

fn cut(message: &[u8]) {
    for end in 0..message.len() {
        let front = &message[..end];
        assert!(Request::read(front, 10).is_err());
        read(front);
        // The same with a length that fits, so that the cut goes unnoticed at first.
        if let Some(body) = end.checked_sub(8) {
            let mut front = front.to_vec();
            front[4..8].copy_from_slice(&u32::try_from(body).unwrap().to_be_bytes());
            read(&front);
        }
    }
}

fn flip_each_bit(message: &[u8]) {
    let mut broken = message.to_vec();
    for at in 0..message.len() {
        for bit in 0..8 {
            broken[at] ^= 1 << bit;
            fuzz::message(&broken);
            broken[at] ^= 1 << bit;
        }
    }
}

/// Where the header of each item begins.
fn headers(bytes: &[u8], at: usize, begins: &mut Vec<usize>) {
    let mut reader = Reader::new(bytes, Tag::RequestMessage, V1_4);
    loop {
        let begin = at + bytes.len() - reader.rest().len();
        let Some(item) = reader.next_item().unwrap() else {
            return;
        };
        begins.push(begin);
        if item.item_type == ItemType::Structure {
            headers(item.body(), begin + 8, begins);
        }
    }
}

#[test]
fn recorded_messages_may_be_cut_anywhere() {
    recorded().iter().for_each(|message| cut(message));
}

#[test]
fn filled_messages_may_be_cut_anywhere() {
    filled(V1_4).iter().for_each(|message| cut(message));
    filled(V2_1).iter().for_each(|message| cut(message));
}

#[test]
fn any_bit_of_a_recorded_message_may_be_wrong() {
    recorded().iter().for_each(|message| flip_each_bit(message));
}

#[test]
fn any_bit_of_a_filled_message_may_be_wrong() {
    filled(V2_1)
        .iter()
        .for_each(|message| flip_each_bit(message));
}

#[test]
fn any_byte_of_a_header_may_have_any_value() {
    let messages = captures().into_iter();
    let calls = [
        "v1.0 register_symmetric_key",
        "v1.4 create_key_pair",
        "v2.0 locate",
        "v1.2 sign",
    ];
    let messages = messages.filter(|capture| calls.iter().any(|call| capture.name.ends_with(call)));
    let mut count = 0;
    for capture in messages {
        let mut begins = Vec::new();
        headers(&capture.bytes, 0, &mut begins);
        let mut broken = capture.bytes.clone();
        for at in begins.iter().flat_map(|begin| *begin..begin + 8) {
            for value in 0..=255 {
                broken[at] = value;
                fuzz::message(&broken);
            }
            broken[at] = capture.bytes[at];
        }
        count += 1;
    }
    assert_eq!(count, calls.len());
}

#[test]
fn a_length_of_four_gigabytes_is_cut_short() {
    for item_type in 1..=0x0B {
        for length in [u32::MAX, u32::MAX - 7, u32::MAX - 8, 1 << 31, 9] {
            let mut bytes = vec![0x42, 0x00, 0x78, item_type];
            bytes.extend(length.to_be_bytes());
            bytes.extend([0; 8]);
            let mut reader = Reader::new(&bytes, Tag::RequestMessage, V2_1);
            let error = reader.next_item().err().unwrap();
            assert_eq!(error.kind, DecodeErrorKind::Truncated);
            read(&bytes);
        }
    }
}

/// Structures within structures.
fn nested(tag: Tag, depth: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(depth * 8);
    for level in (0..depth).rev() {
        bytes.extend((tag.0 << 8 | 1).to_be_bytes());
        bytes.extend(u32::try_from(level * 8).unwrap().to_be_bytes());
    }
    bytes
}

#[test]
fn nesting_is_limited() {
    for tag in [
        Tag::RequestMessage,
        Tag::Attributes,
        Tag::Attribute,
        Tag(0x54_0001),
    ] {
        read(&nested(tag, 100_000));
        fuzz::attributes(&nested(tag, 100_000));
    }
    let limit = usize::from(DEPTH_MAX);
    assert!(kmip::ttlv::dump(&nested(Tag::Attribute, limit), V2_1).is_ok());
    let deeper = kmip::ttlv::dump(&nested(Tag::Attribute, limit + 1), V2_1);
    assert_eq!(deeper.err().unwrap().kind, DecodeErrorKind::TooDeep);
}

#[test]
fn a_vendors_attribute_is_checked_to_the_limit_of_nesting() {
    let mut writer = Writer::new(V2_1);
    writer.structure(Tag::Attribute, |writer| {
        writer.text(Tag::VendorIdentification, "x");
        writer.text(Tag::AttributeName, "deep");
        writer.structure(Tag::AttributeValue, |writer| {
            writer.encoded(&nested(Tag::AttributeValue, 100_000));
        });
    });
    let error = kmip::attribute::Attributes::from_stored(writer.bytes())
        .err()
        .unwrap();
    assert_eq!(error.kind, DecodeErrorKind::TooDeep);
}

#[test]
fn a_batch_of_a_million_is_refused_at_its_limit() {
    let item = || OutgoingItem {
        operation: OperationCode::Query,
        payload: vec![].into(),
    };
    let items: Vec<_> = std::iter::repeat_with(item).take(1_000_000).collect();
    let mut header = RequestHeader::make(&mut Source::chosen(&[], V2_1));
    header.protocol_version = V2_1.into();
    header.batch_count = 1_000_000;
    let written = write_request(&header, &items, V2_1);
    let Err(RequestError::Unreadable(error, Some(V2_1))) = Request::read(written.bytes(), 1000)
    else {
        panic!("taken");
    };
    assert_eq!(error.kind, DecodeErrorKind::TooMany);
    assert!(Request::read(written.bytes(), 1_000_000).is_ok());
}

#[test]
fn every_scalar_keeps_the_rules_of_its_type() {
    let cases: &[(ItemType, &[u8])] = &[
        (ItemType::Integer, &[0; 3]),
        (ItemType::Integer, &[0; 8]),
        (ItemType::LongInteger, &[0; 4]),
        (ItemType::BigInteger, &[]),
        (ItemType::BigInteger, &[0; 7]),
        (ItemType::Enumeration, &[0; 5]),
        (ItemType::Boolean, &[0, 0, 0, 0, 0, 0, 0, 2]),
        (ItemType::Boolean, &[1, 0, 0, 0, 0, 0, 0, 1]),
        (ItemType::Boolean, &[1]),
        (ItemType::TextString, &[0xC3]),
        (ItemType::TextString, &[0xED, 0xA0, 0x80]),
        (ItemType::DateTime, &[0; 4]),
        (ItemType::Interval, &[0; 8]),
    ];
    for (item_type, value) in cases {
        let mut writer = Writer::new(V2_1);
        writer.item(Tag::AttributeValue, *item_type, value);
        let mut reader = Reader::new(writer.bytes(), Tag::AttributeValue, V2_1);
        let item = reader.next_item().unwrap().unwrap();
        let error = <AnyValue as Value>::read(item).err().unwrap();
        assert!(
            matches!(error.kind, DecodeErrorKind::ValueInvalid(_)),
            "{item_type:?} {value:?}"
        );
        assert_eq!(error.path, [Tag::AttributeValue]);
    }
}
