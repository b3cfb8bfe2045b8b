//! Messages as texts: what could be read is TTLV as it is written, and is written and read again unchanged.

use kmip::{Tag, text::Encoding, ttlv::Writer};

/// Reads a text as a message.
pub fn text(bytes: &[u8], encoding: Encoding) {
    match encoding.read(bytes) {
        Ok(ttlv) => {
            // Nothing is lost by writing it again, for which JSON has a way in all cases and XML in most.
            let json = Encoding::Json.write(&ttlv).unwrap_or_default();
            assert!(Encoding::Json.read(&json).ok() == Some(ttlv.clone()));
            as_texts(&ttlv);
            super::message(&ttlv);
        }
        Err(unreadable) => assert!(!unreadable.error.to_string().is_empty()),
    }
}

/// Writes any items as texts, which are read and written again unchanged.
pub fn as_texts(bytes: &[u8]) {
    let mut writer = Writer::new(kmip::V2_1);
    writer.structure(Tag::RequestMessage, |writer| writer.encoded(bytes));
    for encoding in [Encoding::Xml, Encoding::Json] {
        let Ok(once) = encoding.write(writer.bytes()) else {
            return;
        };
        match encoding.read(&once) {
            Ok(ttlv) => assert!(encoding.write(&ttlv).ok() == Some(once)),
            Err(unreadable) => panic!("{}", unreadable.error),
        }
    }
}
