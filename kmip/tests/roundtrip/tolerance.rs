//! Tolerant where clients are careless, strict where a mistake would be silent.

use kmip::{
    DecodeErrorKind, Result, Tag, V1_0, V1_4, V2_1, Version,
    attribute::{Attribute, AttributeKind, AttributeReference},
    message::{OutgoingItem, Request, RequestError, RequestHeader, write_request},
    payload::{
        create::CreateRequest, get_attributes::GetAttributesRequest, locate::LocateRequest,
        register::RegisterRequest,
    },
    ttlv::{Reader, Structure, Writer},
};

use super::every_case;
use crate::samples::{Make, Source, Table};

fn read<T: Structure>(version: Version, write: impl FnOnce(&mut Writer)) -> Result<T> {
    let mut writer = Writer::new(version);
    write(&mut writer);
    T::read_fields(Reader::new(writer.bytes(), Tag::RequestPayload, version))
}

/// Where each structure ends, and how many structures are around that place.
fn structures_in(bytes: &[u8], at: usize, depth: usize, ends: &mut Vec<(usize, usize)>) {
    let mut reader = Reader::new(bytes, Tag::RequestPayload, V2_1);
    ends.push((at + bytes.len(), depth));
    loop {
        let begin = at + bytes.len() - reader.rest().len();
        let Some(item) = reader.next_item().unwrap() else {
            return;
        };
        // What a vendor attribute holds is carried, not read.
        if item.item_type == kmip::ttlv::ItemType::Structure && item.tag != Tag::AttributeValue {
            structures_in(item.body(), begin + 8, depth + 1, ends);
        }
    }
}

/// The bytes with another item put in at `at`, and the lengths of the `depth` structures around it corrected.
fn insert(bytes: &[u8], (at, depth): (usize, usize), item: &[u8]) -> Vec<u8> {
    let mut out = [&bytes[..at], item, &bytes[at..]].concat();
    let (mut begin, mut around) = (0, 0);
    while around < depth {
        let length = usize::try_from(u32::from_be_bytes(
            bytes[begin + 4..begin + 8].try_into().unwrap(),
        ))
        .unwrap();
        let next = begin + 8 + length.next_multiple_of(8);
        if bytes[begin + 3] == 1 && begin + 8 <= at && at <= begin + 8 + length {
            let longer = u32::try_from(length + item.len()).unwrap();
            out[begin + 4..begin + 8].copy_from_slice(&longer.to_be_bytes());
            (begin, around) = (begin + 8, around + 1);
        } else {
            begin = next;
        }
    }
    out
}

/// An empty text under a tag.
fn text(tag: Tag) -> Vec<u8> {
    let mut writer = Writer::new(V2_1);
    writer.text(tag, "");
    writer.bytes().to_vec()
}

#[test]
fn vendors_tags_are_passed_over_at_every_level() {
    for (case, version) in every_case() {
        let bytes = (case.encode)(&mut Source::full(version));
        let mut ends = Vec::new();
        structures_in(&bytes, 0, 0, &mut ends);
        for end in ends {
            for tag in [0x54_0000, 0x54_1234, 0x54_FFFF] {
                let more = insert(&bytes, end, &text(Tag(tag)));
                let back = (case.recode)(&more, version).unwrap_or_else(|error| {
                    panic!(
                        "{} in {version}: {error}: {}",
                        case.name,
                        hex::encode(&more)
                    )
                });
                assert_eq!(back, bytes, "{} in {version}", case.name);
            }
        }
    }
}

#[test]
fn foreign_tags_are_refused_at_every_level() {
    for (case, version) in every_case() {
        let bytes = (case.encode)(&mut Source::full(version));
        let mut ends = Vec::new();
        structures_in(&bytes, 0, 0, &mut ends);
        for end in ends {
            // A tag of the standard in the wrong place, one it does not have, one of nobody.
            for tag in [
                Tag::TimeStamp,
                Tag::DRBGAlgorithm,
                Tag(0x42_FFFF),
                Tag(0x55_0000),
                Tag(0),
            ] {
                let more = insert(&bytes, end, &text(tag));
                assert!(
                    (case.recode)(&more, version).is_err(),
                    "{tag:?} in {} in {version}: {}",
                    case.name,
                    hex::encode(&more)
                );
            }
        }
    }
}

#[test]
fn a_field_that_may_stand_once_is_refused_twice() {
    let mut refused = 0;
    for (case, version) in every_case() {
        let bytes = (case.encode)(&mut Source::full(version));
        let mut reader = Reader::new(&bytes, Tag::RequestPayload, version);
        let mut seen = Vec::new();
        loop {
            let before = reader.rest();
            let Some(item) = reader.next_item().unwrap() else {
                break;
            };
            let once = &before[..before.len() - reader.rest().len()];
            seen.push(item.tag);
            let twice = [&bytes[..], once].concat();
            match (case.recode)(&twice, version) {
                Err(error) => {
                    assert_eq!(error.kind, DecodeErrorKind::Duplicate, "{}", case.name);
                    assert!(error.path.contains(&item.tag));
                    refused += 1;
                }
                // Then it is a list, and now longer.
                Ok(back) => assert!(back.len() > bytes.len(), "{:?} in {}", item.tag, case.name),
            }
        }
    }
    assert!(refused > 1000, "only {refused}");
}

/// A request whose batch item is filled by `fill`.
fn request(fill: impl Fn(&mut Writer)) -> Vec<u8> {
    let header = RequestHeader {
        protocol_version: V1_4.into(),
        batch_count: 0,
        ..RequestHeader::make(&mut Source::chosen(&[], V1_4))
    };
    let mut writer = Writer::new(V1_4);
    writer.structure(Tag::RequestMessage, |writer| {
        writer.structure(Tag::RequestHeader, |writer| {
            RequestHeader {
                batch_count: 1,
                ..header.clone()
            }
            .write_fields(writer);
        });
        writer.structure(Tag::BatchItem, |writer| fill(writer));
    });
    writer.bytes().to_vec()
}

fn fault(bytes: &[u8]) -> Option<DecodeErrorKind> {
    match Request::read(bytes, 10) {
        Ok(_) => None,
        Err(RequestError::Unreadable(error, _)) => Some(error.kind.clone()),
        Err(RequestError::VersionNotSpoken(_)) => panic!("not spoken"),
    }
}

#[test]
fn a_batch_item_has_each_of_its_fields_once() {
    let operation = |writer: &mut Writer| writer.enumeration(Tag::Operation, 10);
    let payload = |writer: &mut Writer| writer.structure(Tag::RequestPayload, |_| {});
    let id = |writer: &mut Writer| writer.byte_string(Tag::UniqueBatchItemID, b"id");
    let vendor = |writer: &mut Writer| writer.text(Tag(0x54_0001), "");
    let all: [&dyn Fn(&mut Writer); 4] = [&operation, &id, &payload, &vendor];
    let whole = |writer: &mut Writer| all.iter().for_each(|field| field(writer));
    assert_eq!(fault(&request(whole)), None);
    for field in &all[..3] {
        let twice = request(|writer| {
            whole(writer);
            field(writer);
        });
        assert_eq!(fault(&twice), Some(DecodeErrorKind::Duplicate));
    }
    for (missing, kind) in [
        (0, Some(DecodeErrorKind::Missing)),
        (1, None),
        (2, Some(DecodeErrorKind::Missing)),
    ] {
        let without = request(|writer| {
            for (position, field) in all.iter().enumerate() {
                if position != missing {
                    field(writer);
                }
            }
        });
        assert_eq!(fault(&without), kind);
    }
    let foreign = request(|writer| {
        whole(writer);
        writer.text(Tag::ResultMessage, "");
    });
    assert_eq!(fault(&foreign), Some(DecodeErrorKind::Unexpected));
}

#[test]
fn a_message_has_one_header() {
    let bytes = request(|writer| {
        writer.enumeration(Tag::Operation, 10);
        writer.structure(Tag::RequestPayload, |_| {});
    });
    let header = &bytes[8..8 + 8 + usize::from(bytes[15])];
    assert_eq!(
        fault(&insert(&bytes, (bytes.len(), 1), header)),
        Some(DecodeErrorKind::Duplicate)
    );
}

#[test]
fn a_vendors_item_may_stand_before_the_header() {
    let mut bytes = request(|writer| {
        writer.enumeration(Tag::Operation, 10);
        writer.structure(Tag::RequestPayload, |_| {});
    });
    let mut vendor = Writer::new(V1_4);
    vendor.structure(Tag(0x54_0001), |writer| writer.text(Tag(0x54_0002), ""));
    bytes.splice(8..8, vendor.bytes().iter().copied());
    let length = u32::try_from(bytes.len() - 8).unwrap();
    bytes[4..8].copy_from_slice(&length.to_be_bytes());
    assert_eq!(fault(&bytes), None);
}

#[test]
fn an_item_that_no_version_knows_reaches_its_route() {
    let item = OutgoingItem {
        operation: kmip::OperationCode(0x8000_0001),
        payload: vec![].into(),
    };
    let header = RequestHeader {
        protocol_version: V2_1.into(),
        batch_count: 1,
        ..RequestHeader::make(&mut Source::chosen(&[], V2_1))
    };
    let bytes = write_request(&header, &[item], V2_1).bytes().to_vec();
    let Ok(request) = Request::read(&bytes, 1) else {
        panic!("unreadable");
    };
    assert_eq!(request.items[0].operation.name(), None);
}

#[test]
fn offset_items_is_taken_in_1_0() {
    // libkmip pages by it in every version.
    let request: LocateRequest = read(V1_0, |writer| {
        writer.integer(Tag::MaximumItems, 16);
        writer.integer(Tag::OffsetItems, 32);
    })
    .unwrap();
    assert_eq!(
        (request.maximum_items, request.offset_items),
        (Some(16), Some(32))
    );
}

fn object_type_attribute(writer: &mut Writer) {
    writer.structure(Tag::Attribute, |writer| {
        writer.text(Tag::AttributeName, "Object Type");
        writer.enumeration(Tag::AttributeValue, 2);
    });
}

#[test]
fn locate_takes_a_template_attribute_and_bare_attributes() {
    for version in Version::SPOKEN.iter().filter(|version| !version.is_2()) {
        let bare: LocateRequest = read(*version, object_type_attribute).unwrap();
        let wrapped: LocateRequest = read(*version, |writer| {
            writer.structure(Tag::TemplateAttribute, object_type_attribute);
        })
        .unwrap();
        assert!(bare == wrapped);
        let expected = Attribute::ObjectType(kmip::ObjectType::SymmetricKey);
        assert!(bare.attributes.iter().eq([&expected]));
    }
}

#[test]
fn only_locate_and_its_like_take_bare_attributes() {
    assert!(
        read::<CreateRequest>(V1_4, |writer| {
            writer.enumeration(Tag::ObjectType, 2);
            object_type_attribute(writer);
        })
        .is_err()
    );
}

#[test]
fn a_template_attribute_names_templates() {
    let request: RegisterRequest = read(V1_0, |writer| {
        writer.enumeration(Tag::ObjectType, 2);
        writer.structure(Tag::TemplateAttribute, |writer| {
            writer.structure(Tag::Name, |writer| {
                writer.text(Tag::NameValue, "template");
                writer.enumeration(Tag::NameType, 1);
            });
        });
    })
    .unwrap();
    assert_eq!(
        request.attributes.templates,
        [kmip::attribute::Name::text("template")]
    );
    assert!(!request.attributes.is_empty());
}

#[test]
fn fields_may_stand_in_any_order() {
    for (case, version) in every_case().filter(|(case, _)| case.table != Table::Structure) {
        let bytes = (case.encode)(&mut Source::full(version));
        let mut reader = Reader::new(&bytes, Tag::RequestPayload, version);
        let mut groups: Vec<(Tag, Vec<u8>)> = Vec::new();
        loop {
            let before = reader.rest();
            let Some(item) = reader.next_item().unwrap() else {
                break;
            };
            let one = &before[..before.len() - reader.rest().len()];
            match groups.last_mut() {
                Some((tag, group)) if *tag == item.tag => group.extend(one),
                _ => groups.push((item.tag, one.to_vec())),
            }
        }
        let reversed: Vec<u8> = groups
            .into_iter()
            .rev()
            .flat_map(|(_, group)| group)
            .collect();
        let back = (case.recode)(&reversed, version);
        assert_eq!(
            back.as_deref(),
            Ok(&bytes[..]),
            "{} in {version}",
            case.name
        );
    }
}

#[test]
fn an_attribute_is_named_by_text_by_tag_or_by_vendor() {
    let request: GetAttributesRequest = read(V1_4, |writer| {
        writer.text(Tag::AttributeName, "State");
        writer.text(Tag::AttributeName, "x-Colour");
        writer.text(Tag::AttributeName, "Colour");
    })
    .unwrap();
    let vendor = AttributeReference::Vendor {
        vendor_identification: "x".into(),
        attribute_name: "Colour".into(),
    };
    let state = AttributeReference::Standard(AttributeKind::State);
    assert_eq!(
        request.attribute_reference,
        [state.clone(), vendor.clone(), vendor.clone()]
    );
    let request: GetAttributesRequest = read(V2_1, |writer| {
        writer.enumeration(Tag::AttributeReference, Tag::State.0);
        writer.structure(Tag::AttributeReference, |writer| {
            writer.text(Tag::VendorIdentification, "x");
            writer.text(Tag::AttributeName, "Colour");
        });
    })
    .unwrap();
    assert_eq!(request.attribute_reference, [state, vendor]);
}
