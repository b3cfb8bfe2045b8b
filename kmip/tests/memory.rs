//! Decoding takes no more memory than a small multiple of the bytes it reads, whatever they say.

#[cfg(test)]
mod tests {
    use kmip::{
        DecodeErrorKind, Tag, V1_4, V2_1, Version,
        attribute::{AttributeList, Attributes},
        message::{Request, RequestItem, Response},
        payload::{
            attribute::ModifyAttributeRequest, create::CreateRequest,
            discover::DiscoverVersionsRequest, get_attributes::GetAttributesRequest,
            locate::LocateResponse, query::QueryResponse, sign::SignRequest,
        },
        text::Encoding,
        ttlv::{Field, ItemType, Reader, Structure, Writer},
    };
    use peak_alloc::PeakAlloc;

    #[global_allocator]
    static ALLOCATOR: PeakAlloc = PeakAlloc;

    /// The most that any value takes for each byte of its encoding. An attribute of eight bytes, an empty text, becomes
    /// a whole `Attribute`, in a vector that has grown to up to twice its need while the smaller one is still there.
    const BYTES_PER_BYTE_MAX: usize = 64;

    /// The bytes that reading took at most, for each byte read.
    fn cost(bytes: &[u8], read: impl FnOnce(&[u8])) -> usize {
        let before = ALLOCATOR.current_usage();
        ALLOCATOR.reset_peak_usage();
        read(bytes);
        (ALLOCATOR.peak_usage() - before).div_ceil(bytes.len())
    }

    fn payload<T: Structure>(version: Version) -> impl Fn(&[u8]) {
        move |bytes| {
            let _ = T::read_fields(Reader::new(bytes, Tag::RequestPayload, version));
        }
    }

    /// The same items over and over, to about a megabyte.
    fn repeated(fill: impl Fn(&mut Writer)) -> Vec<u8> {
        times(1 << 20, fill)
    }

    /// The same items over and over, to about so many bytes.
    fn times(bytes: usize, fill: impl Fn(&mut Writer)) -> Vec<u8> {
        let mut writer = Writer::new(V2_1);
        while writer.bytes().len() < bytes {
            fill(&mut writer);
        }
        writer.bytes().to_vec()
    }

    fn within(tag: Tag, items: &[u8]) -> Vec<u8> {
        let mut writer = Writer::new(V2_1);
        writer.structure(tag, |writer| writer.encoded(items));
        writer.bytes().to_vec()
    }

    /// Lists of attributes, which are long in memory and short on the wire.
    fn attributes() -> Vec<(&'static str, usize)> {
        let empty_text = |writer: &mut Writer| writer.text(Tag::ObjectGroup, "");
        // Just more than the vector's capacity, and less than the limit of a list.
        let few = times(2050 * 8, empty_text);
        let many = repeated(empty_text);
        let parameters = repeated(|writer| writer.structure(Tag::CryptographicParameters, |_| {}));
        let v1 = repeated(|writer| {
            writer.structure(Tag::Attribute, |writer| {
                writer.text(Tag::AttributeName, "Comment");
                writer.text(Tag::AttributeValue, "");
            });
        });
        let create = payload::<CreateRequest>(V2_1);
        let create_v1 = payload::<CreateRequest>(V1_4);
        let modify = payload::<ModifyAttributeRequest>(V2_1);
        vec![
            ("few groups", cost(&within(Tag::Attributes, &few), &create)),
            (
                "many groups",
                cost(&within(Tag::Attributes, &many), &create),
            ),
            (
                "parameters",
                cost(&within(Tag::Attributes, &parameters), &create),
            ),
            (
                "1.x",
                cost(&within(Tag::TemplateAttribute, &v1), &create_v1),
            ),
            (
                "many in place of one",
                cost(&within(Tag::NewAttribute, &many), &modify),
            ),
            (
                "stored",
                cost(&many, |bytes| drop(Attributes::from_stored(bytes))),
            ),
        ]
    }

    /// Other fields that may stand any number of times.
    fn fields() -> Vec<(&'static str, usize)> {
        let reference = repeated(|writer| writer.text(Tag::AttributeReference, ""));
        let id = repeated(|writer| writer.text(Tag::UniqueIdentifier, ""));
        let version = repeated(|writer| {
            writer.structure(Tag::ProtocolVersion, |writer| {
                writer.integer(Tag::ProtocolVersionMajor, 1);
                writer.integer(Tag::ProtocolVersionMinor, 4);
            });
        });
        let capability = repeated(|writer| writer.structure(Tag::CapabilityInformation, |_| {}));
        vec![
            (
                "references",
                cost(&reference, payload::<GetAttributesRequest>(V2_1)),
            ),
            ("identifiers", cost(&id, payload::<LocateResponse>(V2_1))),
            (
                "versions",
                cost(&version, payload::<DiscoverVersionsRequest>(V2_1)),
            ),
            (
                "capabilities",
                cost(&capability, payload::<QueryResponse>(V2_1)),
            ),
        ]
    }

    /// A message with a header and many items.
    fn message(tag: Tag, header: Tag, items: &[u8]) -> Vec<u8> {
        let mut writer = Writer::new(V2_1);
        writer.structure(header, |writer| {
            writer.structure(Tag::ProtocolVersion, |writer| {
                writer.integer(Tag::ProtocolVersionMajor, 2);
                writer.integer(Tag::ProtocolVersionMinor, 1);
            });
            writer.date_time(Tag::TimeStamp, 0);
            writer.integer(Tag::BatchCount, 1);
        });
        writer.encoded(items);
        within(tag, writer.bytes())
    }

    fn batches() -> Vec<(&'static str, usize)> {
        let item = repeated(|writer| {
            writer.structure(Tag::BatchItem, |writer| {
                writer.enumeration(Tag::Operation, 1);
                writer.structure(Tag::RequestPayload, |_| {});
            });
        });
        let answer = repeated(|writer| {
            writer.structure(Tag::BatchItem, |writer| {
                writer.enumeration(Tag::ResultStatus, 0);
            });
        });
        let request = message(Tag::RequestMessage, Tag::RequestHeader, &item);
        let response = message(Tag::ResponseMessage, Tag::ResponseHeader, &answer);
        assert!(Response::read(&response).is_ok());
        vec![
            (
                "items",
                cost(&request, |bytes| drop(Request::read(bytes, usize::MAX))),
            ),
            (
                "answers",
                cost(&response, |bytes| drop(Response::read(bytes))),
            ),
        ]
    }

    /// Messages as texts: what is longest in memory and shortest on the wire.
    fn texts() -> Vec<(&'static str, usize)> {
        let xml = format!("<D>{}</D>", "<D/>".repeat(1 << 18));
        let json = format!(
            "{{\"tag\":\"D\",\"value\":[{{\"tag\":\"D\"}}{}]}}",
            ",{\"tag\":\"D\"}".repeat(1 << 16)
        );
        let escaped = format!(
            "<D type=\"TextString\" value=\"{}\"/>",
            "&lt;".repeat(1 << 18)
        );
        let read = |encoding: Encoding| move |bytes: &[u8]| assert!(encoding.read(bytes).is_ok());
        vec![
            ("XML", cost(xml.as_bytes(), read(Encoding::Xml))),
            ("JSON", cost(json.as_bytes(), read(Encoding::Json))),
            ("entities", cost(escaped.as_bytes(), read(Encoding::Xml))),
        ]
    }

    /// The bytes that reading a Sign request takes at most: its one item, and what it owns of the message.
    fn sign() -> (usize, usize) {
        let (id, data) = ([b'a'; 36], [7; 32]);
        let mut writer = Writer::new(V2_1);
        writer.structure(Tag::BatchItem, |writer| {
            writer.enumeration(Tag::Operation, 0x21);
            writer.structure(Tag::RequestPayload, |writer| {
                writer.item(Tag::UniqueIdentifier, ItemType::TextString, &id);
                writer.structure(Tag::CryptographicParameters, |writer| {
                    writer.enumeration(Tag::HashingAlgorithm, 6);
                });
                writer.byte_string(Tag::Data, &data);
            });
        });
        let bytes = message(Tag::RequestMessage, Tag::RequestHeader, writer.bytes());
        let before = ALLOCATOR.current_usage();
        ALLOCATOR.reset_peak_usage();
        let request = Request::read(&bytes, 1).ok().unwrap();
        let payload = SignRequest::read_fields(request.items[0].payload).unwrap();
        assert!(payload.data.is_some());
        let least = size_of::<RequestItem<'_>>() + id.len() + data.len();
        (ALLOCATOR.peak_usage() - before, least)
    }

    /// One test, because the allocator counts for the whole process.
    #[test]
    fn memory_is_bounded_by_the_input() {
        let many = times(5000 * 8, |writer| writer.text(Tag::ObjectGroup, ""));
        let many = within(Tag::Attributes, &many);
        let mut reader = Reader::new(&many, Tag::Attributes, V2_1);
        let mut list = AttributeList::default();
        let error = AttributeList::accept(&mut list, reader.next_item().unwrap().unwrap());
        assert_eq!(error.unwrap_err().kind, DecodeErrorKind::TooMany);
        assert_eq!(list.items.len(), AttributeList::INSTANCES_MAX);
        // A length that is only announced costs nothing.
        let announced = [
            0x42, 0x00, 0x78, 0x01, 0xFF, 0xFF, 0xFF, 0xF8, 0, 0, 0, 0, 0, 0, 0, 0,
        ];
        assert!(cost(&announced, |bytes| drop(Request::read(bytes, 10))) <= 8);
        let (most, least) = sign();
        assert_eq!(most, least, "nothing is made on the way");
        let mut costs = [attributes(), fields(), batches(), texts()].concat();
        costs.retain(|(_, cost)| *cost > BYTES_PER_BYTE_MAX);
        assert_eq!(costs, []);
    }
}
