//! What texts are written exactly, what is taken in any spelling, and what is refused.

mod refused;
mod spellings;
mod written;

use super::*;

fn xml(text: &str) -> std::result::Result<Vec<u8>, Unreadable> {
    Encoding::Xml
        .read(text.as_bytes())
        .map(|ttlv| ttlv.to_vec())
}

fn json(text: &str) -> std::result::Result<Vec<u8>, Unreadable> {
    Encoding::Json
        .read(text.as_bytes())
        .map(|ttlv| ttlv.to_vec())
}

fn text(encoding: Encoding, ttlv: &[u8]) -> String {
    String::from_utf8(encoding.write(ttlv).unwrap().to_vec()).unwrap()
}

fn written(fill: impl FnOnce(&mut Writer)) -> Vec<u8> {
    let mut writer = Writer::new(V2_1);
    fill(&mut writer);
    writer.bytes().to_vec()
}

#[test]
fn a_message_that_breaks_off_tells_its_version() {
    let whole = concat!(
        "<RequestMessage><RequestHeader><ProtocolVersion>",
        r#"<ProtocolVersionMajor type="Integer" value="1"/><ProtocolVersionMinor type="Integer" value="4"/>"#,
        "</ProtocolVersion></RequestHeader>",
        "<BatchItem><Colour/></BatchItem></RequestMessage>",
    );
    let unreadable = xml(whole).unwrap_err();
    assert_eq!(unreadable.version.unwrap().spoken(), Some(crate::V1_4));
    let told = "RequestMessage/BatchItem holds an item of no known name";
    assert_eq!(unreadable.error.to_string(), told);
    let unreadable = xml("<RequestMessage><RequestHeader>").unwrap_err();
    assert_eq!(unreadable.version, None);
}
