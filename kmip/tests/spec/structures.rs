//! The fields of payloads, headers and structures: their tags, their order, and which must be there.

use std::collections::BTreeSet;

use kmip::{
    DecodeErrorKind, OperationCode, ResultReason, ResultStatus, Tag, Version,
    message::{ResponseHeader, ResponseItem, write_response},
    object::ManagedObject,
    ttlv::{self, Reader},
};
use serde_json::Value;

use super::{
    SPEC,
    exceptions::{ABSENT, LOOSER, OURS, STRICTER, exception, is_experimental, unneeded},
    number, text, versions,
};
use crate::samples::{
    Case, Make, Source,
    Table::{Message, Request, Response, Structure},
    payloads, structures,
};

/// A field's tag, or that of any managed object.
const ANY_OBJECT: Tag = Tag::SymmetricKey;

/// The standard's rows for a case in a version.
fn standard(case: &Case, version: Version) -> Option<&'static Vec<Value>> {
    let version = version.to_string();
    let table = match case.table {
        // What servers send has one message only.
        Request => {
            let tables = &SPEC["payloads"][version][case.name];
            tables.get("message").unwrap_or_else(|| &tables["request"])
        }
        Response => &SPEC["payloads"][version][case.name]["response"],
        Message => &SPEC["messages"][version][case.name],
        Structure => &SPEC["structures"][version][case.name]["items"],
    };
    table.as_array()
}

/// The tag of a row; a row without one is any managed object.
fn tag(row: &Value) -> Tag {
    row.get("tag")
        .map_or(ANY_OBJECT, |_| or_any_object(Tag(number(row, "tag"))))
}

/// A tag that stands for every managed object where it is one of theirs.
fn or_any_object(tag: Tag) -> Tag {
    if <ManagedObject as ttlv::Value>::takes(tag, None, tag) {
        ANY_OBJECT
    } else {
        tag
    }
}

/// The items of a structure, each with its bytes.
fn items(bytes: &[u8], version: Version) -> Vec<(Tag, &[u8])> {
    let mut reader = Reader::new(bytes, Tag::RequestPayload, version);
    let mut items = Vec::new();
    loop {
        let before = reader.rest();
        let Some(item) = reader.next_item().unwrap() else {
            return items;
        };
        items.push((
            or_any_object(item.tag),
            &before[..before.len() - reader.rest().len()],
        ));
    }
}

fn every_case() -> impl Iterator<Item = (Case, Version)> {
    versions().flat_map(|version| {
        [payloads(), structures()]
            .into_iter()
            .flatten()
            .filter(move |case| version >= case.since)
            .map(move |case| (case, version))
    })
}

#[test]
fn every_field_stands_in_its_place_in_its_versions() {
    let (mut compared, mut absent, mut faults) = (BTreeSet::new(), Vec::new(), Vec::new());
    for (case, version) in every_case() {
        let Some(rows) = standard(&case, version) else {
            let is_expected = case.table == Structure || is_experimental(&case);
            assert!(is_expected, "{} in {version}", case.name);
            continue;
        };
        compared.insert(case.name);
        let mut expected = Vec::new();
        for row in rows {
            match exception(ABSENT, &case, text(row, "field")) {
                Some(exception) => absent.push(exception),
                None => expected.push(tag(row)),
            }
        }
        // Kinds of objects are told apart by nobody here, also where two stand side by side.
        expected.dedup();
        let bytes = (case.encode)(&mut Source::full(version));
        let mut written: Vec<_> = items(&bytes, version).iter().map(|(tag, _)| *tag).collect();
        let is_ours = |own: &Tag| {
            let mut ours = OURS.iter();
            ours.any(|(name, tag, _)| *name == case.name && tag == own)
        };
        written.retain(|tag| !is_ours(tag));
        written.dedup();
        if written != expected {
            let (name, table) = (case.name, case.table);
            faults.push(format!(
                "{name} {table:?} in {version}: {written:?}, not {expected:?}"
            ));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    let every = structures().into_iter().chain(payloads());
    let every = every.filter(|case| !is_experimental(case));
    assert_eq!(compared, every.map(|case| case.name).collect());
    assert_eq!(unneeded(ABSENT, &absent), []);
}

/// Whether the standard requires the field in every version that has it.
fn required_throughout(case: &Case, field: &str) -> bool {
    versions()
        .filter_map(|version| standard(case, version))
        .flatten()
        .filter(|row| text(row, "field") == field)
        .all(is_required)
}

/// Rows of the smallest structures of messages carry no mark: all their fields are required.
fn is_required(row: &Value) -> bool {
    row.get("required").is_none_or(|required| required == "yes")
}

#[test]
fn required_fields_are_required_and_others_are_not() {
    let (mut looser, mut stricter, mut faults) = (Vec::new(), Vec::new(), BTreeSet::new());
    for (case, version) in every_case() {
        let bytes = (case.encode)(&mut Source::full(version));
        let items = items(&bytes, version);
        for row in standard(&case, version).into_iter().flatten() {
            let (field, tag) = (text(row, "field"), tag(row));
            if exception(ABSENT, &case, field).is_some() {
                continue;
            }
            let rest = items.iter().filter(|(other, _)| *other != tag);
            let without: Vec<u8> = rest.flat_map(|(_, bytes)| bytes.to_vec()).collect();
            let loose = exception(LOOSER, &case, field);
            let strict = exception(STRICTER, &case, field);
            let fault = match (case.recode)(&without, version) {
                Ok(_) if !required_throughout(&case, field) => continue,
                Ok(_) if loose.is_some() => {
                    looser.extend(loose);
                    continue;
                }
                Ok(_) => "is not required, but is in the standard".to_owned(),
                Err(error) if error.kind == DecodeErrorKind::Missing && is_required(row) => {
                    continue;
                }
                Err(error) if error.kind == DecodeErrorKind::Missing && strict.is_some() => {
                    stricter.extend(strict);
                    continue;
                }
                Err(error) => format!("is required, but not in the standard of {version}: {error}"),
            };
            faults.insert(format!(
                "{:?}, {:?}, {field:?} {fault}",
                case.name, case.table
            ));
        }
    }
    let faults: Vec<_> = faults.into_iter().collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert_eq!(unneeded(LOOSER, &looser), []);
    assert_eq!(unneeded(STRICTER, &stricter), []);
}

/// The item with this tag, at any depth.
fn find(bytes: &[u8], wanted: Tag, version: Version) -> Option<&[u8]> {
    let mut reader = Reader::new(bytes, Tag::RequestPayload, version);
    while let Some(item) = reader.next_item().unwrap() {
        if item.item_type == ttlv::ItemType::Structure {
            if item.tag == wanted {
                return Some(item.body());
            }
            if let Some(found) = find(item.body(), wanted, version) {
                return Some(found);
            }
        }
    }
    None
}

#[test]
fn structures_that_only_stand_in_others_have_their_fields_in_order() {
    let rows = [
        (
            "Authentication Structure in Message Header",
            Tag::Credential,
            "Credential",
        ),
        ("Key Block", Tag::KeyValue, "Key Value"),
        ("Get Attributes", Tag::Attribute, "Attribute"),
    ];
    for (name, wanted, table) in rows {
        let mut compared = 0;
        for (case, version) in every_case() {
            // In 2.x an Attribute is a vendor's, which has its own case.
            let is_v2_attribute = wanted == Tag::Attribute && version.is_2();
            if case.name != name || case.table == Request || is_v2_attribute {
                continue;
            }
            let bytes = (case.encode)(&mut Source::full(version));
            let inner = find(&bytes, wanted, version).unwrap();
            let mut written: Vec<_> = items(inner, version).iter().map(|(tag, _)| *tag).collect();
            written.dedup();
            let rows = &SPEC["structures"][version.to_string()][table]["items"];
            let expected: Vec<_> = rows.as_array().unwrap().iter().map(tag).collect();
            assert_eq!(written, expected, "{table} in {version}");
            compared += 1;
        }
        assert!(compared >= 5, "{table}");
    }
}

#[test]
fn a_response_item_has_its_fields_in_order() {
    for version in versions() {
        let header = ResponseHeader::make(&mut Source::full(version));
        let item = ResponseItem {
            operation: Some(OperationCode::Get),
            unique_batch_item_id: Some(ttlv::Bytes(vec![1])),
            result_status: ResultStatus::OperationPending,
            result_reason: Some(ResultReason::GeneralFailure),
            result_message: Some("why".into()),
            asynchronous_correlation_value: Some(ttlv::Bytes(vec![2])),
            payload: Some(vec![].into()),
        };
        let message = write_response(&header, &[item], version);
        let item = find(message.bytes(), Tag::BatchItem, version).unwrap();
        let written: Vec<_> = items(item, version).iter().map(|(tag, _)| *tag).collect();
        let rows = SPEC["messages"][version.to_string()]["Response Batch Item"].as_array();
        let mut expected: Vec<_> = rows.unwrap().iter().map(tag).collect();
        // No extension of a response is known here.
        assert_eq!(expected.pop(), Some(Tag::MessageExtension));
        assert_eq!(written, expected, "{version}");
    }
}
