//! What is written exactly: one value of each type, and those that are spelled in a way of their own.

use super::*;
use crate::ttlv::ItemType;

/// One of each type, with the values that are spelled in a way of their own.
fn every_type(writer: &mut Writer) {
    writer.structure(Tag::RequestPayload, |writer| {
        writer.integer(Tag::CryptographicLength, -256);
        writer.integer(Tag::CryptographicUsageMask, 0xC);
        writer.integer(Tag::ProtectionStorageMask, 1 << 30 | 1);
        writer.integer(Tag::StorageStatusMask, 0);
        writer.long_integer(Tag::UsageLimitsTotal, (1 << 52) - 1);
        writer.long_integer(Tag::UsageLimitsTotal, -(1 << 52));
        writer.big_integer(Tag::Modulus, &[0x80]);
        writer.enumeration(Tag::CryptographicAlgorithm, 0x2);
        writer.enumeration(Tag::OpaqueDataType, 0x8000_0001);
        writer.enumeration(Tag::AttributeReference, Tag::State.0);
        writer.enumeration(Tag::PKCS11Function, 1);
        writer.boolean(Tag::Sensitive, true);
        writer.text(Tag::UniqueIdentifier, "<\"a\\b\">&\t\u{1}é");
        writer.byte_string(Tag::Data, &[0, 0xAB]);
        writer.date_time(Tag::ActivationDate, 6);
        writer.date_time(Tag::DestroyDate, i64::MAX);
        writer.interval(Tag::LeaseTime, u32::MAX);
        writer.item(
            Tag::TimeStamp,
            ItemType::DateTimeExtended,
            &1_u64.to_be_bytes(),
        );
        writer.structure(Tag(0x54_0001), |_| {});
        writer.text(Tag(0x54_0002), "");
    });
}

#[test]
fn every_type_is_written_exactly_in_xml() {
    let expected = concat!(
        r#"<RequestPayload>"#,
        r#"<CryptographicLength type="Integer" value="-256"/>"#,
        r#"<CryptographicUsageMask type="Integer" value="Encrypt Decrypt"/>"#,
        r#"<ProtectionStorageMask type="Integer" value="Software 0x40000000"/>"#,
        r#"<StorageStatusMask type="Integer" value="0"/>"#,
        r#"<UsageLimitsTotal type="LongInteger" value="4503599627370495"/>"#,
        r#"<UsageLimitsTotal type="LongInteger" value="-4503599627370496"/>"#,
        r#"<Modulus type="BigInteger" value="ffffffffffffff80"/>"#,
        r#"<CryptographicAlgorithm type="Enumeration" value="DES3"/>"#,
        r#"<OpaqueDataType type="Enumeration" value="0x80000001"/>"#,
        r#"<AttributeReference type="Enumeration" value="State"/>"#,
        r#"<PKCS_11Function type="Enumeration" value="C_Initialize"/>"#,
        r#"<Sensitive type="Boolean" value="true"/>"#,
        r#"<UniqueIdentifier type="TextString" value="&lt;&quot;a\b&quot;&gt;&amp;&#9;"#,
        "\u{FFFD}é\"/>",
        r#"<Data type="ByteString" value="00ab"/>"#,
        r#"<ActivationDate type="DateTime" value="1970-01-01T00:00:06+00:00"/>"#,
        r#"<DestroyDate type="DateTime" value="0x7fffffffffffffff"/>"#,
        r#"<LeaseTime type="Interval" value="4294967295"/>"#,
        r#"<TimeStamp type="DateTimeExtended" value="1970-01-01T00:00:00.000001+00:00"/>"#,
        r#"<TTLV tag="0x540001"/>"#,
        r#"<TTLV tag="0x540002" type="TextString" value=""/>"#,
        r#"</RequestPayload>"#,
    );
    let ttlv = written(every_type);
    assert_eq!(text(Encoding::Xml, &ttlv), expected);
    assert_eq!(text(Encoding::Xml, &xml(expected).unwrap()), expected);
}

#[test]
fn every_type_is_written_exactly_in_json() {
    let expected = concat!(
        r#"{"tag":"RequestPayload","value":["#,
        r#"{"tag":"CryptographicLength","type":"Integer","value":-256},"#,
        r#"{"tag":"CryptographicUsageMask","type":"Integer","value":"Encrypt|Decrypt"},"#,
        r#"{"tag":"ProtectionStorageMask","type":"Integer","value":"Software|0x40000000"},"#,
        r#"{"tag":"StorageStatusMask","type":"Integer","value":0},"#,
        r#"{"tag":"UsageLimitsTotal","type":"LongInteger","value":4503599627370495},"#,
        r#"{"tag":"UsageLimitsTotal","type":"LongInteger","value":"0xfff0000000000000"},"#,
        r#"{"tag":"Modulus","type":"BigInteger","value":"0xffffffffffffff80"},"#,
        r#"{"tag":"CryptographicAlgorithm","type":"Enumeration","value":"DES3"},"#,
        r#"{"tag":"OpaqueDataType","type":"Enumeration","value":"0x80000001"},"#,
        r#"{"tag":"AttributeReference","type":"Enumeration","value":"State"},"#,
        r#"{"tag":"PKCS_11Function","type":"Enumeration","value":"C_Initialize"},"#,
        r#"{"tag":"Sensitive","type":"Boolean","value":true},"#,
        r#"{"tag":"UniqueIdentifier","type":"TextString","value":"<\"a\\b\">&\u0009\u0001é"},"#,
        r#"{"tag":"Data","type":"ByteString","value":"00ab"},"#,
        r#"{"tag":"ActivationDate","type":"DateTime","value":"1970-01-01T00:00:06+00:00"},"#,
        r#"{"tag":"DestroyDate","type":"DateTime","value":"0x7fffffffffffffff"},"#,
        r#"{"tag":"LeaseTime","type":"Interval","value":4294967295},"#,
        r#"{"tag":"TimeStamp","type":"DateTimeExtended","value":"1970-01-01T00:00:00.000001+00:00"},"#,
        r#"{"tag":"0x540001","value":[]},"#,
        r#"{"tag":"0x540002","type":"TextString","value":""}]}"#,
    );
    let ttlv = written(every_type);
    assert_eq!(text(Encoding::Json, &ttlv), expected);
    assert_eq!(json(expected).unwrap(), ttlv);
}
