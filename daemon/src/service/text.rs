//! Messages as texts: XML and JSON in, the same out.

use kmip::{Buffer, V1_0, text::Encoding};

use super::Service;
use crate::{error::Error, identity::Caller};

impl Service {
    /// Answers one request message that stands in a text, in the same text. Any bytes in give a response message out.
    ///
    /// A client's Maximum Response Size counts the bytes of the text. A server under test counts those of TTLV instead:
    /// the answer that the standard's own test of XML and JSON expects under a maximum of 2048 bytes is longer than that
    /// as a text (KMIP Profiles 2.1, MSGENC-XML-M-1 and MSGENC-JSON-M-1).
    pub fn respond_text(&self, caller: &mut Caller, text: &[u8], encoding: Encoding) -> Buffer {
        let answer = match encoding.read(text) {
            Ok(message) => {
                let counted = self.conformance.is_none().then_some(encoding);
                self.respond_in(caller, &message, counted)
            }
            Err(unreadable) => {
                let version = unreadable.version.and_then(|version| version.spoken());
                let error = Error::of_message(unreadable.error);
                self.refuse_message(caller, version.unwrap_or(V1_0), self.clock.now(), error)
            }
        };
        // What the service writes is well-formed, and so it can be written as a text.
        encoding.write(&answer).unwrap_or_default()
    }
}
