//! The messages that are read and written.

use kmip::{
    CryptographicAlgorithm, CryptographicUsageMask, DigitalSignatureAlgorithm, HashingAlgorithm,
    ObjectType, ResultStatus, Version,
    attribute::{Attribute, AttributeList, CryptographicParameters, Name},
    message::{Call, RequestHeader, ResponseHeader, ResponseItem, write_request, write_response},
    payload::{
        Operation,
        create::{CreateRequest, CreateResponse},
        locate::{LocateRequest, LocateResponse},
        sign::{SignRequest, SignResponse},
    },
    ttlv::{Bytes, Structure, Timestamp, Writer},
};

pub(crate) const TIME: i64 = 1_700_000_000;

pub(crate) fn request<O: Operation>(payload: &O::Request, version: Version) -> Writer {
    let header = RequestHeader::plain(version, 1);
    write_request(&header, &[Call::<O>(payload)], version)
}

pub(crate) fn attributes() -> AttributeList {
    [
        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
        Attribute::CryptographicLength(256),
        Attribute::CryptographicUsageMask(
            CryptographicUsageMask::Encrypt | CryptographicUsageMask::Decrypt,
        ),
    ]
    .into_iter()
    .collect()
}

pub(crate) fn create() -> CreateRequest {
    CreateRequest {
        object_type: ObjectType::SymmetricKey,
        attributes: attributes(),
        protection_storage_masks: None,
    }
}

pub(crate) fn locate() -> LocateRequest {
    LocateRequest {
        attributes: [
            Attribute::ObjectType(ObjectType::SymmetricKey),
            Attribute::Name(Name::text(NAME)),
            Attribute::CryptographicLength(256),
        ]
        .into_iter()
        .collect(),
        ..LocateRequest::default()
    }
}

pub(crate) const NAME: &str = "database-key-2025";
pub(crate) const ID: &str = "1703250b-4d40-4de2-93a0-c494a1d4ae40";

pub(crate) fn sign() -> SignRequest {
    SignRequest {
        unique_identifier: Some(ID.into()),
        cryptographic_parameters: Some(CryptographicParameters {
            hashing_algorithm: Some(HashingAlgorithm::SHA256),
            digital_signature_algorithm: Some(DigitalSignatureAlgorithm::ECDSAWithSHA256),
            ..CryptographicParameters::default()
        }),
        data: Some(vec![7; 32].into()),
        ..SignRequest::default()
    }
}

pub(crate) fn signed() -> SignResponse {
    SignResponse {
        unique_identifier: ID.into(),
        signature_data: Some(Bytes(vec![9; 71])),
        correlation_value: None,
    }
}

pub(crate) fn located() -> LocateResponse {
    LocateResponse {
        located_items: None,
        unique_identifier: vec![ID.into()],
    }
}

pub(crate) fn created() -> CreateResponse {
    CreateResponse {
        object_type: ObjectType::SymmetricKey,
        unique_identifier: ID.into(),
    }
}

pub(crate) fn response<O: Operation>(response: &O::Response, version: Version) -> Writer {
    let mut writer = Writer::new(version);
    response.write_fields(&mut writer);
    let item = ResponseItem {
        operation: Some(O::CODE),
        unique_batch_item_id: None,
        result_status: ResultStatus::Success,
        result_reason: None,
        result_message: None,
        asynchronous_correlation_value: None,
        payload: Some(writer.into_bytes()),
    };
    let header = ResponseHeader::plain(version, Timestamp(TIME), 1);
    write_response(&header, &[item], version)
}
