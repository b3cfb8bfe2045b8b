//! Messages as texts: every structure comes back from XML and from JSON, in every version; every word is the standard's.

use kmip::{Tag, V1_4, V2_1, text::Encoding, ttlv::Writer};
use proptest::prelude::*;

use crate::{
    captures::captures,
    fuzz,
    roundtrip::{choices, every_case},
    samples::Source,
    spec::{SPEC, number, rows, text},
};

fn wrapped(items: &[u8]) -> Vec<u8> {
    let mut writer = Writer::new(V2_1);
    writer.structure(Tag::RequestPayload, |writer| writer.encoded(items));
    writer.bytes().to_vec()
}

fn written(encoding: Encoding, ttlv: &[u8]) -> String {
    String::from_utf8(encoding.write(ttlv).unwrap().to_vec()).unwrap()
}

fn read(encoding: Encoding, text: &str) -> Vec<u8> {
    match encoding.read(text.as_bytes()) {
        Ok(ttlv) => ttlv.to_vec(),
        Err(unreadable) => panic!("{}: {text}", unreadable.error),
    }
}

/// TTLV to JSON and back, and to XML and back. XML has no way to say the character NUL of the samples.
fn comes_back(ttlv: &[u8], what: &str) {
    let json = written(Encoding::Json, ttlv);
    assert_eq!(
        hex::encode(read(Encoding::Json, &json)),
        hex::encode(ttlv),
        "{what}: {json}"
    );
    let replaced = read(Encoding::Json, &json.replace("\\u0000", "\u{FFFD}"));
    let xml = written(Encoding::Xml, ttlv);
    assert_eq!(
        hex::encode(read(Encoding::Xml, &xml)),
        hex::encode(&replaced),
        "{what}: {xml}"
    );
    assert_eq!(written(Encoding::Xml, &replaced), xml);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn every_structure_comes_back(bytes in choices()) {
        for (case, version) in every_case() {
            let items = (case.encode)(&mut Source::chosen(&bytes, version));
            comes_back(&wrapped(&items), case.name);
        }
    }
}

#[test]
fn every_structure_comes_back_with_all_its_fields() {
    for (case, version) in every_case() {
        let items = (case.encode)(&mut Source::full(version));
        comes_back(&wrapped(&items), case.name);
    }
}

#[test]
fn requests_of_real_clients_come_back() {
    for capture in captures() {
        comes_back(&capture.bytes, &capture.name);
        fuzz::as_texts(&capture.bytes);
    }
}

#[test]
fn every_tag_is_an_element_of_its_name() {
    for row in rows(&SPEC["tags"]) {
        let (name, tag) = (text(row, "xml"), Tag(number(row, "number")));
        let xml = format!("<{name}/>");
        let mut writer = Writer::new(V2_1);
        writer.structure(tag, |_| {});
        assert_eq!(read(Encoding::Xml, &xml), writer.bytes());
        assert_eq!(written(Encoding::Xml, writer.bytes()), xml);
    }
}

/// Which tags' values are spelled by an enumeration or a mask of another name.
const ELSEWHERE: &[(&str, &str)] = &[
    ("ExtensionType", "Item Type"),
    ("MaskGeneratorHashingAlgorithm", "Hashing Algorithm"),
    ("OTPDigest", "Cryptographic Algorithm"),
    ("PasswordSaltAlgorithm", "Cryptographic Algorithm"),
];

/// The rows of a tag's vocabulary in the standard, and the type of its items.
fn vocabulary(tag: &serde_json::Value) -> Option<(&'static [serde_json::Value], &'static str)> {
    let xml = text(tag, "xml");
    let full = ELSEWHERE
        .iter()
        .find_map(|(own, other)| (*own == xml).then_some(*other))
        .unwrap_or_else(|| text(tag, "name"));
    if xml == "Operation" {
        return Some((rows(&SPEC["operations"]), "Enumeration"));
    }
    if ["ResultReason", "ResultStatus"].contains(&xml) {
        let key = if xml == "ResultReason" {
            "result_reasons"
        } else {
            "result_status"
        };
        return Some((rows(&SPEC[key]), "Enumeration"));
    }
    let is_identifier = xml.ends_with("Link") && xml != "Link"
        || ["UniqueIdentifier", "LinkedObjectIdentifier"].contains(&xml);
    let full = if is_identifier {
        "Unique Identifier"
    } else {
        full
    };
    let of = |key: &str| {
        SPEC[key]
            .get(full)
            .map(|table| rows(&table["values"]).as_slice())
    };
    of("enumerations")
        .map(|rows| (rows, "Enumeration"))
        .or_else(|| of("masks").map(|rows| (rows, "Integer")))
}

#[test]
fn every_enumeration_and_mask_is_spelled_by_the_words_of_its_tag() {
    let mut spelled = 0;
    for tag in rows(&SPEC["tags"]) {
        let name = text(tag, "xml");
        let Some((words, item_type)) = vocabulary(tag) else {
            let is_enumeration = tag["types"].get("Enumeration").is_some();
            let open = [
                "AttributeValue",
                "AttributeReference",
                "Tag",
                "OpaqueDataType",
            ];
            assert!(
                !is_enumeration || open.contains(&name),
                "{name} has no words"
            );
            continue;
        };
        for word in words {
            let xml = format!(
                "<{name} type=\"{item_type}\" value=\"{}\"/>",
                text(word, "xml")
            );
            let ttlv = read(Encoding::Xml, &xml);
            let value = u32::from_be_bytes(ttlv[8..12].try_into().unwrap());
            assert_eq!(value, number(word, "number"), "{xml}");
            // The slip of the standard's table is read, and not written.
            let xml = xml.replace("MFG1", "MGF1");
            assert_eq!(written(Encoding::Xml, &ttlv), xml);
            assert_eq!(read(Encoding::Xml, &xml), ttlv);
            let full = format!(
                "<{name} type=\"{item_type}\" value=\"{}\"/>",
                text(word, "name")
            );
            if item_type == "Enumeration" {
                assert_eq!(read(Encoding::Xml, &full), ttlv, "{full}");
            }
            spelled += 1;
        }
    }
    assert!(spelled > 800, "only {spelled} words were found");
}

/// A message cut anywhere, and with each of its bytes replaced, in both encodings.
#[test]
fn broken_texts_are_refused_or_read() {
    let capture = captures()
        .into_iter()
        .find(|capture| capture.bytes.len() > 200)
        .unwrap();
    for encoding in [Encoding::Xml, Encoding::Json] {
        let whole = written(encoding, &capture.bytes).into_bytes();
        for at in 0..whole.len() {
            assert!(encoding.read(&whole[..at]).is_err());
            for replacement in *b"<>\"&{}[],:\\ 0x\0\xFF" {
                let mut broken = whole.clone();
                broken[at] = replacement;
                fuzz::text(&broken, encoding);
            }
        }
    }
}

/// What takes longest for each of its bytes: long vocabularies, many attributes, nesting.
#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "the time it takes is what is tested"
)]
fn long_texts_are_read_in_linear_time() {
    let reference = r#"<AttributeReference type="Enumeration" value="Short Unique Identifier"/>"#;
    let unknown = r#"<State type="Enumeration" value="0x80000001"/>"#;
    let attributes = format!("<D {} />", "a=\"\" ".repeat(100_000));
    let comments = "<!---->".repeat(100_000);
    let json = r#"{"value":"x","type":"TextString","tag":"Comment"},"#.repeat(20_000);
    let nested = (0..30).fold(json.trim_end_matches(',').to_owned(), |inner, _| {
        format!(r#"{{"value":[{inner}],"tag":"RequestPayload"}}"#)
    });
    let began = std::time::Instant::now();
    for inside in [
        reference.repeat(15_000),
        unknown.repeat(20_000),
        attributes,
        comments,
    ] {
        let whole = format!("<RequestPayload>{inside}</RequestPayload>");
        read(Encoding::Xml, &whole);
    }
    read(Encoding::Json, &nested);
    // About half a second where nothing is optimised; a quadratic reader takes minutes.
    assert!(began.elapsed().as_secs() < 30, "{:?}", began.elapsed());
}

#[test]
fn the_version_that_is_spoken_does_not_matter_to_a_text() {
    for version in [V1_4, V2_1] {
        let mut writer = Writer::new(version);
        writer.structure(Tag::RequestPayload, |writer| writer.text(Tag::Comment, "é"));
        comes_back(writer.bytes(), "a comment");
    }
}
