//! What is no message, and is refused.

use super::*;

#[test]
fn what_is_no_xml_of_a_message_is_refused() {
    let deep = "<RequestPayload>".repeat(65) + &"</RequestPayload>".repeat(65);
    let rows = [
        "",
        "  ",
        "<",
        "D",
        "<D",
        "<D>",
        "</D>",
        "<D></E>",
        "<!-- -->",
        "{}",
        "<Nothing/>",
        "<TTLV/>",
        "<TTLV tag=\"0x1000000\"/>",
        "<TTLV tag=\"1\" type=\"Integer\" value=\"1\"/>",
        "<D type=\"Number\" value=\"1\"/>",
        "<D type=\"0x0F\" value=\"1\"/>",
        "<D type=\"Integer\"/>",
        "<D type=\"Integer\" value=\"1\"/><D type=\"Integer\" value=\"1\"/>",
        "<D type=\"Integer\" value=\"1\"/>x",
        "<D type=\"Integer\" value=\"1\" value=\"2\"/>",
        "<D type=\"Integer\" value=\"2147483648\"/>",
        "<D type=\"Integer\" value=\"0x100000000\"/>",
        "<D type=\"Integer\" value=\"1.0\"/>",
        "<D type=\"Integer\" value=\"1\"><D/></D>",
        "<D type=\"Integer\">1</D>",
        "<D type=\"LongInteger\" value=\"9223372036854775808\"/>",
        "<D type=\"BigInteger\" value=\"\"/>",
        "<D type=\"BigInteger\" value=\"123\"/>",
        "<D type=\"Boolean\" value=\"2\"/>",
        "<D type=\"ByteString\" value=\"0g\"/>",
        "<D type=\"ByteString\" value=\"é0\"/>",
        "<D type=\"Interval\" value=\"-1\"/>",
        "<D type=\"DateTime\" value=\"now\"/>",
        "<D type=\"TextString\" value=\"&unknown;\"/>",
        "<D type=\"TextString\" value=\"&#0;\"/>",
        "<D type=\"TextString\" value=\"<\u{1}",
        "<CryptographicAlgorithm type=\"Enumeration\" value=\"Caesar\"/>",
        "<CryptographicUsageMask type=\"Integer\" value=\"Encrypt Fly\"/>",
        "<RequestPayload>text</RequestPayload>",
        "<RequestPayload><![CDATA[x]]></RequestPayload>",
        "<RequestPayload>&lt;</RequestPayload>",
        "<!DOCTYPE x [<!ENTITY e \"1\">]><D type=\"Integer\" value=\"&e;\"/>",
        "<?xml version=\"1.0\" encoding=\"UTF-16\"?><RequestPayload/>",
        deep.as_str(),
    ];
    for text in rows {
        assert!(xml(text).is_err(), "{text}");
    }
    assert!(
        Encoding::Xml
            .read(b"<D type=\"TextString\" value=\"\xFF\"/>")
            .is_err()
    );
    let deepest = "<RequestPayload>".repeat(64) + &"</RequestPayload>".repeat(64);
    assert!(xml(&deepest).is_ok());
}

#[test]
fn what_is_no_json_of_a_message_is_refused() {
    let nested = |times| r#"{"tag":"RequestPayload","value":["#.repeat(times) + &"]}".repeat(times);
    let deep = nested(65);
    let brackets = "[".repeat(100_000);
    let buried = format!("{{\"tag\":\"D\",\"value\":{}}}", "[".repeat(100_000));
    let rows = [
        "",
        "null",
        "[]",
        "1",
        "\"D\"",
        "{",
        "{}",
        "<D/>",
        "{\"value\":[]}",
        r#"{"tag":7}"#,
        r#"{"tag":"Nothing"}"#,
        r#"{"tag":"D","tag":"D"}"#,
        r#"{"tag":"D","type":"Integer"}"#,
        r#"{"tag":"D","type":"Integer","value":null}"#,
        r#"{"tag":"D","type":"Integer","value":true}"#,
        r#"{"tag":"D","type":"Integer","value":[1]}"#,
        r#"{"tag":"D","type":"Integer","value":{}}"#,
        r#"{"tag":"D","type":"Integer","value":1.5}"#,
        r#"{"tag":"D","type":"Integer","value":1e2}"#,
        r#"{"tag":"D","type":"Integer","value":1}}"#,
        r#"{"tag":"D","type":"Integer","value":1} {}"#,
        r#"{"tag":"D","type":"TextString","value":1}"#,
        r#"{"tag":"D","type":"TextString","value":"\ud800"}"#,
        r#"{"tag":"D","type":"TextString","value":"\q"}"#,
        r#"{"tag":"D","type":"ByteString","value":12}"#,
        r#"{"tag":"D","type":"BigInteger","value":9223372036854775808}"#,
        r#"{"tag":"D","type":"Interval","value":-1}"#,
        r#"{"tag":"D","value":"x"}"#,
        r#"{"tag":"D","value":[7]}"#,
        deep.as_str(),
        brackets.as_str(),
        buried.as_str(),
    ];
    for text in rows {
        assert!(
            json(text).is_err(),
            "{}",
            text.chars().take(100).collect::<String>()
        );
    }
    assert!(json(&nested(32)).is_ok());
}
