//! What clients write instead, and is taken.

use super::*;
use crate::ttlv::{AnyValue, ItemType, Value, dump};

/// The one item of a text, as it is printed.
fn one(ttlv: &[u8]) -> String {
    dump(ttlv, V2_1).unwrap().trim_end().to_owned()
}

const XML: &[(&str, &str)] = &[
    (
        r#"<cryptographic_length type="integer" value="0x00000100"/>"#,
        "CryptographicLength 256",
    ),
    (
        r#"<k:CryptographicLength xmlns:k="urn:x" type="0x02" value="+256"/>"#,
        "CryptographicLength 256",
    ),
    (
        r#"<TTLV tag="0x42002A" name="n" type="Integer" value="1"></TTLV>"#,
        "CryptographicLength 1",
    ),
    (
        "<?xml version='1.0' encoding='utf-8'?>\n<!-- x -->\n<D type='Integer'\n value='1'>\n<!-- y --></D>\n<?p?>",
        "D 1",
    ),
    (
        r#"<CryptographicUsageMask type="Integer" value="decrypt   Encrypt|0x10"/>"#,
        "CryptographicUsageMask 28",
    ),
    (
        r#"<CryptographicUsageMask type="Integer" value=""/>"#,
        "CryptographicUsageMask 0",
    ),
    (
        r#"<CryptographicAlgorithm type="Enumeration" value="3DES"/>"#,
        "CryptographicAlgorithm 0x2",
    ),
    (
        r#"<CryptographicAlgorithm type="Enumeration" value="0X3"/>"#,
        "CryptographicAlgorithm 0x3",
    ),
    (
        r#"<CryptographicAlgorithm type="Enumeration" value="3"/>"#,
        "CryptographicAlgorithm 0x3",
    ),
    (
        r#"<Operation type="Enumeration" value="Re-key Key Pair"/>"#,
        "Operation 0x1D",
    ),
    (
        r#"<UniqueIdentifier type="Enumeration" value="ID Placeholder"/>"#,
        "UniqueIdentifier 0x1",
    ),
    (
        r#"<HashingAlgorithm type="Enumeration" value="sha-256"/>"#,
        "HashingAlgorithm 0x6",
    ),
    (r#"<Sensitive type="Boolean" value="1"/>"#, "Sensitive true"),
    (
        r#"<Sensitive type="Boolean" value="False"/>"#,
        "Sensitive false",
    ),
    (
        r#"<UniqueIdentifier type="TextString" value="a&#x20;&lt;&#10;b"/>"#,
        "UniqueIdentifier \"a <\\nb\"",
    ),
    (
        "<UniqueIdentifier type='TextString' value='a\nb'/>",
        "UniqueIdentifier \"a b\"",
    ),
    (
        r#"<UniqueIdentifier type="TextString"/>"#,
        "UniqueIdentifier \"\"",
    ),
    (
        r#"<Data type="ByteString" value="0xAbCd"/>"#,
        "Data <2 bytes>",
    ),
    (
        r#"<Modulus type="BigInteger" value="010001"/>"#,
        "Modulus <8 bytes>",
    ),
    (
        r#"<ActivationDate type="DateTime" value="2000-02-02T00:00:00.75+10:00"/>"#,
        "ActivationDate @949413600",
    ),
    (
        r#"<ActivationDate type="DateTime" value="0x0000000000000006"/>"#,
        "ActivationDate @6",
    ),
    (
        r#"<ActivationDate type="Date-Time" value="6"/>"#,
        "ActivationDate @6",
    ),
    (
        r#"<LeaseTime type="Interval" value="0x10"/>"#,
        "LeaseTime 16s",
    ),
    (
        "\u{FEFF}<RequestPayload type='Structure'></RequestPayload>",
        "RequestPayload",
    ),
];

#[test]
fn spellings_of_clients_are_taken_in_xml() {
    for &(text, item) in XML {
        let read = xml(text).unwrap_or_else(|unreadable| panic!("{text}: {}", unreadable.error));
        assert_eq!(one(&read), item, "{text}");
    }
}

const JSON: &[(&str, &str)] = &[
    (
        r#"{"value": 256, "type": "Integer", "tag": "Cryptographic Length"}"#,
        "CryptographicLength 256",
    ),
    (
        r#"{"tag":"0x42002A","name":"x","type":"0x02","value":"0x100","more":[{}]}"#,
        "CryptographicLength 256",
    ),
    (
        r#"{"tag":"CryptographicUsageMask","type":"Integer","value":"Encrypt | decrypt"}"#,
        "CryptographicUsageMask 12",
    ),
    (
        r#"{"tag":"UsageLimitsTotal","type":"LongInteger","value":"0xffffffffffffffff"}"#,
        "UsageLimitsTotal -1",
    ),
    (
        r#"{"tag":"Modulus","type":"BigInteger","value":65537}"#,
        "Modulus <8 bytes>",
    ),
    (
        r#"{"tag":"CryptographicAlgorithm","type":"Enumeration","value":3}"#,
        "CryptographicAlgorithm 0x3",
    ),
    (
        r#"{"tag":"CryptographicAlgorithm","type":"Enumeration","value":"0x00000003"}"#,
        "CryptographicAlgorithm 0x3",
    ),
    (
        r#"{"tag":"Sensitive","type":"Boolean","value":"0x0000000000000001"}"#,
        "Sensitive true",
    ),
    (
        r#"{"tag":"Sensitive","type":"Boolean","value":false}"#,
        "Sensitive false",
    ),
    (
        r#"{"tag":"UniqueIdentifier","type":"TextString","value":"\u0041\n"}"#,
        "UniqueIdentifier \"A\\n\"",
    ),
    (
        r#"{"tag":"ActivationDate","type":"DateTime","value":"0x0000000000000006"}"#,
        "ActivationDate @6",
    ),
    (
        r#"{"tag":"ActivationDate","type":"DateTime","value":6}"#,
        "ActivationDate @6",
    ),
    (
        r#"{"tag":"LeaseTime","type":"Interval","value":"0x00000010"}"#,
        "LeaseTime 16s",
    ),
    (
        " {\"tag\":\"RequestPayload\",\n\"type\":\"Structure\"} ",
        "RequestPayload",
    ),
    (r#"{"tag":"RequestPayload","value":[]}"#, "RequestPayload"),
];

#[test]
fn spellings_of_clients_are_taken_in_json() {
    for &(text, item) in JSON {
        let read = json(text).unwrap_or_else(|unreadable| panic!("{text}: {}", unreadable.error));
        assert_eq!(one(&read), item, "{text}");
    }
}

const ATTRIBUTES: &[(&str, &str, ItemType, u32)] = &[
    (
        "Cryptographic Algorithm",
        r#"type="Enumeration" value="AES""#,
        ItemType::Enumeration,
        3_u32,
    ),
    (
        "Cryptographic Usage Mask",
        r#"type="Integer" value="Encrypt Decrypt""#,
        ItemType::Integer,
        12,
    ),
    (
        "State",
        r#"type="Enumeration" value="Active""#,
        ItemType::Enumeration,
        2,
    ),
    (
        "x-State",
        r#"type="Enumeration" value="0x00000002""#,
        ItemType::Enumeration,
        2,
    ),
    (
        "Cryptographic Length",
        r#"type="Integer" value="12""#,
        ItemType::Integer,
        12,
    ),
];

#[test]
fn the_value_of_an_attribute_of_1_x_is_spelled_by_the_attributes_name() {
    let attribute = |name: &str, value: &str| {
        format!(
            "<Attribute><AttributeName type=\"TextString\" value=\"{name}\"/><AttributeValue {value}/></Attribute>"
        )
    };
    for &(name, value, item_type, number) in ATTRIBUTES {
        let whole = attribute(name, value);
        let expected = written(|writer| {
            writer.structure(Tag::Attribute, |writer| {
                writer.text(Tag::AttributeName, name);
                let value = AnyValue {
                    item_type,
                    body: number.to_be_bytes().to_vec(),
                };
                value.write(Tag::AttributeValue, writer);
            });
        });
        assert_eq!(xml(&whole).unwrap(), expected, "{name}");
        assert_eq!(text(Encoding::Xml, &expected), whole);
        let again = text(Encoding::Json, &expected);
        assert_eq!(json(&again).unwrap(), expected, "{again}");
    }
    assert!(
        xml(&attribute(
            "x-State",
            r#"type="Enumeration" value="Active""#
        ))
        .is_err()
    );
}
