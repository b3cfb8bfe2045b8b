//! What we write, the other implementation reads and finds the same in it.

use kmip::{
    CryptographicAlgorithm, KeyFormatType, ObjectType, OperationCode, ResultReason, ResultStatus,
    V1_2, Version,
    attribute::{Attribute, AttributeKind, AttributeReference, Name, SingleAttribute},
    message::{ResponseHeader, ResponseItem, write_response},
    object::{KeyBlock, KeyMaterial, KeyObject, KeyValue, ManagedObject},
    payload::{
        Operation,
        activate::{Activate, ActivateResponse},
        attribute::{AddAttribute, AddAttributeResponse},
        create::{Create, CreateKeyPair, CreateKeyPairResponse, CreateResponse},
        discover::{DiscoverVersions, DiscoverVersionsResponse},
        get::{Get, GetResponse},
        get_attributes::{
            GetAttributeList, GetAttributeListResponse, GetAttributes, GetAttributesResponse,
        },
        locate::{Locate, LocateResponse},
        query::{Query, QueryResponse},
        register::{Register, RegisterResponse},
        rng::{RNGRetrieve, RNGRetrieveResponse},
        sign::{Sign, SignResponse},
    },
    ttlv::{Bytes, Structure, Timestamp, Writer},
};
use kmip_protocol::{
    response::from_slice,
    types::{
        common::{self, AttributeValue},
        response::{self, ResponseMessage, ResponsePayload},
    },
};

const VERSION: Version = V1_2;

fn message(items: &[ResponseItem]) -> ResponseMessage {
    let header = ResponseHeader::plain(VERSION, Timestamp(1_700_000_000), items.len());
    let written = write_response(&header, items, VERSION);
    let read: ResponseMessage = from_slice(written.bytes())
        .unwrap_or_else(|error| panic!("{error:?}: {}", hex::encode(written.bytes())));
    let version = read.header.protocol_version;
    assert_eq!((version.major, version.minor), (1, 2));
    assert_eq!(read.header.timestamp, 1_700_000_000);
    assert_eq!(read.header.batch_count, header.batch_count);
    assert_eq!(read.batch_items.len(), items.len());
    read
}

fn item(operation: OperationCode) -> ResponseItem {
    ResponseItem {
        operation: Some(operation),
        unique_batch_item_id: None,
        result_status: ResultStatus::Success,
        result_reason: None,
        result_message: None,
        asynchronous_correlation_value: None,
        payload: None,
    }
}

/// What the other implementation finds in a successful response.
fn theirs<O: Operation>(response: &O::Response) -> ResponsePayload {
    let mut writer = Writer::new(VERSION);
    response.write_fields(&mut writer);
    let item = ResponseItem {
        payload: Some(writer.into_bytes()),
        ..item(O::CODE)
    };
    let read = message(&[item]).batch_items.remove(0);
    assert_eq!(read.result_status, response::ResultStatus::Success);
    read.payload.unwrap()
}

macro_rules! assert_reads {
    ($operation:ident, $response:expr, $pattern:pat => $check:expr) => {
        match theirs::<$operation>(&$response) {
            $pattern => $check,
            other => panic!("{other:?}"),
        }
    };
}

#[test]
fn identifiers_and_states() {
    assert_reads!(
        Create,
        CreateResponse { object_type: ObjectType::SymmetricKey, unique_identifier: "id".into() },
        ResponsePayload::Create(read) => {
            assert_eq!(read.object_type, common::ObjectType::SymmetricKey);
            assert_eq!(read.unique_identifier.0, "id");
        }
    );
    assert_reads!(
        CreateKeyPair,
        CreateKeyPairResponse {
            private_key_unique_identifier: "private".into(),
            public_key_unique_identifier: "public".into(),
        },
        ResponsePayload::CreateKeyPair(read) => {
            assert_eq!(read.private_key_unique_identifier.0, "private");
            assert_eq!(read.public_key_unique_identifier.0, "public");
        }
    );
    assert_reads!(
        Register,
        RegisterResponse { unique_identifier: "id".into() },
        ResponsePayload::Register(read) => assert_eq!(read.unique_identifier.0, "id")
    );
    assert_reads!(
        Activate,
        ActivateResponse { unique_identifier: "id".into() },
        ResponsePayload::Activate(read) => assert_eq!(read.unique_identifier.0, "id")
    );
    for ids in [&["a", "b", "c"][..], &["a"], &[]] {
        assert_reads!(
            Locate,
            LocateResponse {
                // 1.2 does not have it, so the reader does not see it.
                located_items: Some(3),
                unique_identifier: ids.iter().map(|id| (*id).into()).collect(),
            },
            ResponsePayload::Locate(read) => {
                assert!(read.unique_identifiers.iter().map(|id| &id.0).eq(ids));
            }
        );
    }
}

#[test]
fn a_key() {
    let material = vec![7; 32];
    let key_block = KeyBlock {
        key_format_type: KeyFormatType::Raw,
        key_compression_type: None,
        key_value: Some(KeyValue::plain(KeyMaterial::Bytes(material.clone().into()))),
        cryptographic_algorithm: Some(CryptographicAlgorithm::AES),
        cryptographic_length: Some(256),
        key_wrapping_data: None,
    };
    let response = GetResponse {
        object_type: ObjectType::SymmetricKey,
        unique_identifier: "id".into(),
        object: ManagedObject::SymmetricKey(KeyObject { key_block }),
    };
    assert_reads!(Get, response, ResponsePayload::Get(read) => {
        assert_eq!(read.unique_identifier.0, "id");
        let response::ManagedObject::SymmetricKey(key) = read.cryptographic_object else {
            panic!("another object");
        };
        assert_eq!(key.key_block.key_format_type, common::KeyFormatType::Raw);
        assert_eq!(key.key_block.cryptographic_length, Some(256));
        let algorithm = key.key_block.cryptographic_algorithm;
        assert_eq!(algorithm, Some(common::CryptographicAlgorithm::AES));
        assert_eq!(key.key_block.key_value.key_material, common::KeyMaterial::Bytes(material));
    });
}

#[test]
fn attributes() {
    let list = [
        Attribute::Name(Name::text("a name")),
        Attribute::CryptographicLength(256),
        Attribute::State(kmip::State::Active),
    ];
    let response = GetAttributesResponse {
        unique_identifier: "id".into(),
        attributes: list.into_iter().collect(),
    };
    assert_reads!(GetAttributes, response, ResponsePayload::GetAttributes(read) => {
        let read = read.attributes.unwrap();
        let names: Vec<_> = read.iter().map(|attribute| attribute.name.0.as_str()).collect();
        assert_eq!(names, ["Name", "Cryptographic Length", "State"]);
        assert_eq!(
            read[0].value,
            AttributeValue::Name(
                common::NameValue("a name".into()),
                common::NameType::UninterpretedTextString
            )
        );
        assert_eq!(read[1].value, AttributeValue::Integer(256));
        assert!(read.iter().all(|attribute| attribute.index.is_none()));
    });
    let response = GetAttributeListResponse {
        unique_identifier: "id".into(),
        attribute_reference: vec![
            AttributeReference::Standard(AttributeKind::State),
            AttributeReference::from_v1_name("x-Colour"),
        ],
    };
    assert_reads!(GetAttributeList, response, ResponsePayload::GetAttributeList(read) => {
        let names: Vec<_> = read.attributes.iter().map(|name| name.0.as_str()).collect();
        assert_eq!(names, ["State", "x-Colour"]);
    });
    let response = AddAttributeResponse {
        unique_identifier: "id".into(),
        attribute: Some(SingleAttribute {
            index: Some(2),
            attribute: Attribute::CryptographicLength(128),
        }),
    };
    assert_reads!(AddAttribute, response, ResponsePayload::AddAttribute(read) => {
        assert_eq!(read.attribute.name.0, "Cryptographic Length");
        assert_eq!(read.attribute.index.map(|index| index.0), Some(2));
    });
}

#[test]
fn facts_about_the_server() {
    let response = QueryResponse {
        operation: vec![
            OperationCode::Create,
            OperationCode::Sign,
            OperationCode::Hash,
        ],
        object_type: vec![ObjectType::SymmetricKey, ObjectType::Certificate],
        vendor_identification: Some("Keyhold".into()),
        ..QueryResponse::default()
    };
    assert_reads!(Query, response, ResponsePayload::Query(read) => {
        use common::Operation::{Create, Hash, Sign};
        assert_eq!(read.operations, Some(vec![Create, Sign, Hash]));
        let types = [common::ObjectType::SymmetricKey, common::ObjectType::Certificate];
        assert_eq!(read.object_types.as_deref(), Some(&types[..]));
        assert_eq!(read.vendor_identification.as_deref(), Some("Keyhold"));
    });
    let response = DiscoverVersionsResponse {
        protocol_version: Version::SPOKEN
            .iter()
            .map(|version| (*version).into())
            .collect(),
    };
    assert_reads!(DiscoverVersions, response, ResponsePayload::DiscoverVersions(read) => {
        let read = read.supported_versions.unwrap();
        let ours = Version::SPOKEN.iter();
        assert!(read.iter().map(|own| (own.major, own.minor)).eq(
            ours.map(|own| (i32::from(own.major), i32::from(own.minor)))
        ));
    });
}

#[test]
fn cryptography() {
    let response = SignResponse {
        unique_identifier: "id".into(),
        signature_data: Some(Bytes(vec![9; 71])),
        correlation_value: Some(Bytes(vec![1])),
    };
    assert_reads!(Sign, response, ResponsePayload::Sign(read) => {
        assert_eq!(read.signature_data, [9; 71]);
    });
    let response = RNGRetrieveResponse {
        data: vec![4; 9].into(),
    };
    assert_reads!(RNGRetrieve, response, ResponsePayload::RNGRetrieve(read) => {
        assert_eq!(read.data, [4; 9]);
    });
}

#[test]
fn a_failure_between_successes() {
    let failure = ResponseItem {
        unique_batch_item_id: Some(Bytes(b"second".to_vec())),
        result_status: ResultStatus::OperationFailed,
        result_reason: Some(ResultReason::ItemNotFound),
        result_message: Some("no such object".into()),
        ..item(OperationCode::Get)
    };
    let read = message(&[
        item(OperationCode::Destroy),
        failure,
        item(OperationCode::Create),
    ]);
    let failure = &read.batch_items[1];
    assert_eq!(
        failure.result_status,
        response::ResultStatus::OperationFailed
    );
    assert_eq!(
        failure.result_reason,
        Some(response::ResultReason::ItemNotFound)
    );
    assert_eq!(failure.result_message.as_deref(), Some("no such object"));
    assert_eq!(failure.unique_batch_item_id.as_ref().unwrap().0, b"second");
    assert!(failure.payload.is_none());
}
