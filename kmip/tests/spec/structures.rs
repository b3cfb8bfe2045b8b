//! The fields of payloads, headers and structures: their tags, their order, and which must be there.

use std::collections::BTreeSet;

use kmip::{
    DecodeErrorKind, Tag, Version,
    object::ManagedObject,
    ttlv::{self, Reader},
};
use serde_json::Value;

use super::{SPEC, number, text, versions};
use crate::samples::{
    Case, Source,
    Table::{self, Message, Request, Response, Structure},
    payloads, structures,
};

/// A field's tag, or that of any managed object.
const ANY_OBJECT: Tag = Tag::SymmetricKey;

/// A table, one of its fields, and why it is an exception.
type Exception = (&'static str, Table, &'static str, &'static str);

/// Fields that are not read or written here.
const ABSENT: &[Exception] = &[
    (
        "Query",
        Request,
        "Object Groups",
        "2.1: no answer here depends on a group",
    ),
    (
        "Query",
        Response,
        "Validation Information",
        "no validation is claimed",
    ),
    (
        "Query",
        Response,
        "Defaults Information",
        "there are no object defaults",
    ),
    (
        "Create",
        Response,
        "Template-Attribute",
        "1.x: what the server chose; Get Attributes tells it",
    ),
    (
        "Create Key Pair",
        Response,
        "Private Key Template-Attribute",
        "as of Create",
    ),
    (
        "Create Key Pair",
        Response,
        "Public Key Template-Attribute",
        "as of Create",
    ),
    ("Register", Response, "Template-Attribute", "as of Create"),
    (
        "Response Header",
        Message,
        "Server Hashed Password",
        "no hashed-password credential",
    ),
    (
        "Profile Information",
        Structure,
        "Profile Version",
        "optional",
    ),
    ("Profile Information", Structure, "Server URI", "optional"),
    ("Profile Information", Structure, "Server Port", "optional"),
    (
        "Extension Information",
        Structure,
        "Extension Enumeration",
        "optional",
    ),
    (
        "Extension Information",
        Structure,
        "Extension Attribute",
        "optional",
    ),
    (
        "Extension Information",
        Structure,
        "Extension Parent Structure Tag",
        "optional",
    ),
    (
        "Extension Information",
        Structure,
        "Extension Description",
        "optional",
    ),
    (
        "Server Information",
        Structure,
        "Server Serial Number",
        "optional",
    ),
    ("Server Information", Structure, "Server Load", "optional"),
    ("Server Information", Structure, "Build Level", "optional"),
    ("Server Information", Structure, "Build Date", "optional"),
    ("Server Information", Structure, "Cluster Info", "optional"),
    (
        "Server Information",
        Structure,
        "Alternate Failover Endpoints",
        "optional",
    ),
    (
        "Server Information",
        Structure,
        "Vendor-Specific",
        "optional",
    ),
];

/// Required fields whose absence is read as something.
const LOOSER: &[Exception] = &[
    (
        "Create",
        Request,
        "Attributes",
        "none is an empty list; what is missing is the operation's to say",
    ),
    ("Create", Request, "Template-Attribute", "as of Attributes"),
    ("Register", Request, "Attributes", "as of Create"),
    ("Register", Request, "Template-Attribute", "as of Create"),
    (
        "Locate",
        Request,
        "Attributes",
        "none is an empty list: everything",
    ),
    (
        "Query",
        Request,
        "Query Function",
        "none is an empty list: nothing is asked",
    ),
    (
        "Delete Attribute",
        Request,
        "Attribute Name",
        "one type for 1.x and 2.x, where it is optional",
    ),
    (
        "Add Attribute",
        Response,
        "Attribute",
        "one type for 1.x and 2.x, where it is gone",
    ),
    (
        "Modify Attribute",
        Response,
        "Attribute",
        "as of Add Attribute",
    ),
    (
        "Delete Attribute",
        Response,
        "Attribute",
        "as of Add Attribute",
    ),
    (
        "Get Attributes",
        Response,
        "Attributes",
        "none is an empty list, and that is 1.x's form of it",
    ),
    (
        "Get Attribute List",
        Response,
        "Attribute Name",
        "none is an empty list",
    ),
    (
        "Get Attribute List",
        Response,
        "Attribute Reference",
        "none is an empty list",
    ),
    (
        "Query",
        Response,
        "Protection Storage Masks",
        "2.x requires it even where it was not asked for, 3.0 no longer",
    ),
    (
        "Authentication Structure in Message Header",
        Structure,
        "Credential",
        "none holds as none is sent",
    ),
    (
        "Usage Limits",
        Structure,
        "Usage Limits Count",
        "a client does not set it (1.4 §3.21)",
    ),
    (
        "Usage limits",
        Structure,
        "Usage Limits Count",
        "a client does not set it (2.1 §4.59)",
    ),
];

/// Fields that must be there although the standard does not always say so.
const STRICTER: &[Exception] = &[(
    "Attribute",
    Structure,
    "Attribute Value",
    "absent only in Notify, which is not served",
)];

/// The exception of a list for a field.
fn exception(list: &'static [Exception], case: &Case, field: &str) -> Option<Exception> {
    list.iter()
        .find(|(name, table, own, _)| *name == case.name && *table == case.table && *own == field)
        .copied()
}

/// The exceptions of a list that were not needed.
fn unneeded(list: &'static [Exception], needed: &[Exception]) -> Vec<Exception> {
    list.iter()
        .filter(|own| !needed.contains(own))
        .copied()
        .collect()
}

/// The standard's rows for a case in a version.
fn standard(case: &Case, version: Version) -> Option<&'static Vec<Value>> {
    let version = version.to_string();
    let table = match case.table {
        Request => &SPEC["payloads"][version][case.name]["request"],
        Response => &SPEC["payloads"][version][case.name]["response"],
        Message => &SPEC["messages"][version][case.name],
        Structure => &SPEC["structures"][version][case.name]["items"],
    };
    table.as_array()
}

/// The tag of a row; a row without one is any managed object.
fn tag(row: &Value) -> Tag {
    row.get("tag")
        .map_or(ANY_OBJECT, |_| Tag(number(row, "tag")))
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
        let is_object = <ManagedObject as ttlv::Value>::takes(item.tag, None, item.tag);
        let tag = if is_object { ANY_OBJECT } else { item.tag };
        items.push((tag, &before[..before.len() - reader.rest().len()]));
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
            assert_eq!(case.table, Structure, "{} in {version}", case.name);
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
        let bytes = (case.encode)(&mut Source::full(version));
        let mut written: Vec<_> = items(&bytes, version).iter().map(|(tag, _)| *tag).collect();
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
