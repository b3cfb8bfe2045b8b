//! What fuzzing starts from: each operation's messages in each version, recorded messages, records of attributes.

use kmip::{attribute::Attributes, message::*, text::Encoding, *};

use super::{Case, Make, Source, Table, payloads};
use crate::captures::captures;

/// An input with its name.
type Seed = (String, Vec<u8>);

/// The seeds of a fuzz target.
pub(crate) fn seeds(target: &str, text: Option<Encoding>) -> Vec<Seed> {
    let seeds = match target {
        "attributes" => records().into_iter().chain(fields()).collect(),
        _ => messages(),
    };
    let Some(encoding) = text else {
        return seeds;
    };
    // XML has no way to say some letters of the samples.
    let written = |(name, bytes): Seed| Some((name, encoding.write(&bytes).ok()?.to_vec()));
    seeds.into_iter().filter_map(written).collect()
}

/// A request of an operation, and nothing else, with every field of the header.
pub(crate) fn request(case: &Case, source: &mut Source<'_>) -> Vec<u8> {
    let version = source.version;
    let mut header = RequestHeader::make(source);
    header.protocol_version = version.into();
    header.batch_count = 1;
    let item = OutgoingItem {
        operation: OperationCode::from_name(case.name).unwrap(),
        payload: (case.encode)(source).into(),
    };
    write_request(&header, &[item], version).bytes().to_vec()
}

fn response(case: &Case, source: &mut Source<'_>) -> Vec<u8> {
    let version = source.version;
    let mut header = ResponseHeader::make(source);
    header.protocol_version = version.into();
    let item = ResponseItem {
        operation: OperationCode::from_name(case.name),
        unique_batch_item_id: None,
        result_status: ResultStatus::Success,
        result_reason: None,
        result_message: None,
        asynchronous_correlation_value: None,
        payload: Some((case.encode)(source).into()),
    };
    write_response(&header, &[item], version).bytes().to_vec()
}

/// Both payloads of each operation in each version, with every field and with some.
fn each_payload(write: impl Fn(&Case, &mut Source<'_>) -> Vec<u8>) -> Vec<Seed> {
    let some: Vec<u8> = (0..=u8::MAX).map(|at| at.wrapping_mul(37)).collect();
    let mut seeds = Vec::new();
    for version in Version::SPOKEN.iter().copied() {
        for case in payloads() {
            if version < case.since {
                continue;
            }
            let name = format!("{:?}-{}-{version}", case.table, case.name).replace(['#', ' '], "");
            let full = write(&case, &mut Source::full(version));
            let part = write(&case, &mut Source::chosen(&some, version));
            seeds.push((format!("{name}-full"), full));
            seeds.push((format!("{name}-part"), part));
        }
    }
    seeds
}

fn messages() -> Vec<Seed> {
    let mut seeds = each_payload(|case, source| match case.table {
        Table::Request => request(case, source),
        _ => response(case, source),
    });
    let recorded = captures().into_iter();
    seeds.extend(recorded.map(|capture| (capture.name.replace(' ', "-"), capture.bytes)));
    seeds
}

/// The payloads of attributes' operations alone.
fn fields() -> Vec<Seed> {
    let mut seeds = each_payload(|case, source| (case.encode)(source));
    seeds.retain(|(name, _)| {
        ["Attribute", "CreateKeyPair", "Register", "Locate"]
            .iter()
            .any(|family| name.contains(family))
    });
    seeds
}

/// Each attribute as it is stored.
fn records() -> Vec<Seed> {
    let kinds = attribute::AttributeKind::ALL.iter();
    kinds
        .flat_map(|kind| [V2_1, V3_0].map(|version| (*kind, version)))
        .map(|(kind, version)| {
            let mut source = Source::full(version);
            let mut record = Attributes::default();
            for _ in 0..3 {
                // A second value of a single-instance attribute is refused, and that is fine.
                let _ = record.add(super::attribute(kind, &mut source));
            }
            (format!("Record-{kind:?}-{version}"), record.to_stored())
        })
        .collect()
}
