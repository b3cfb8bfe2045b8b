//! What the other implementation writes, we read and write again byte for byte.

use kmip::message::{OutgoingItem, Request, write_request};
use kmip_protocol::{
    auth::{CredentialType, UsernameAndPasswordCredential},
    request::to_vec,
    types::{
        common::{
            ApplicationData, ApplicationNamespace, AttributeIndex, AttributeName, BlockCipherMode,
            CompromiseOccurrenceDate, CryptographicAlgorithm, CryptographicLength,
            CryptographicParameters, CryptographicUsageMask, Data, DataLength, HashingAlgorithm,
            KeyCompressionType, KeyFormatType, KeyMaterial, ObjectType, PaddingMethod,
            RevocationMessage, RevocationReasonCode, UniqueIdentifier,
        },
        request::{
            Attribute, CommonTemplateAttribute, KeyBlock, KeyValue, ManagedObject,
            PrivateKeyTemplateAttribute, ProtocolVersion, ProtocolVersionMajor,
            ProtocolVersionMinor, PublicKeyTemplateAttribute, QueryFunction, RequestPayload,
            RevocationReason, SymmetricKey, TemplateAttribute,
        },
    },
};

use crate::samples::{Table, payloads};

fn id() -> Option<UniqueIdentifier> {
    Some(UniqueIdentifier(
        "1703250b-4d40-4de2-93a0-c494a1d4ae40".into(),
    ))
}

fn attributes() -> Vec<Attribute> {
    vec![
        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
        Attribute::CryptographicLength(128),
        Attribute::CryptographicUsageMask(CryptographicUsageMask::Encrypt),
        Attribute::Name("a name".into()),
        Attribute::URI("https://example.org/ä".into()),
        Attribute::ObjectType(ObjectType::SymmetricKey),
        Attribute::UniqueIdentifier("id".into()),
        Attribute::OperationPolicyName("default".into()),
        Attribute::ActivationDate(1_700_000_000),
        Attribute::CryptographicParameters(
            CryptographicParameters::default()
                .with_block_cipher_mode(BlockCipherMode::CBC)
                .with_padding_method(PaddingMethod::PKCS5)
                .with_hashing_algorithm(HashingAlgorithm::SHA256),
        ),
        Attribute::ContactInformation("Joe".into()),
    ]
}

fn signing() -> CryptographicParameters {
    CryptographicParameters::default()
        .with_padding_method(PaddingMethod::PKCS1_v1_5)
        .with_hashing_algorithm(HashingAlgorithm::SHA256)
        .with_cryptographic_algorithm(CryptographicAlgorithm::RSA)
}

fn key_block() -> KeyBlock {
    KeyBlock(
        KeyFormatType::Raw,
        Some(KeyCompressionType::ECPUblicKeyTypeUncompressed),
        Some(KeyValue(KeyMaterial::Bytes(vec![7; 17]), None)),
        Some(CryptographicAlgorithm::AES),
        Some(CryptographicLength(128)),
        None,
    )
}

fn objects() -> Vec<RequestPayload> {
    vec![
        RequestPayload::Create(
            ObjectType::SymmetricKey,
            TemplateAttribute::unnamed(attributes()),
        ),
        RequestPayload::Create(
            ObjectType::SymmetricKey,
            TemplateAttribute::named("template".into(), attributes()),
        ),
        RequestPayload::CreateKeyPair(
            Some(CommonTemplateAttribute::unnamed(attributes())),
            Some(PrivateKeyTemplateAttribute::unnamed(vec![Attribute::Name(
                "private".into(),
            )])),
            Some(PublicKeyTemplateAttribute::unnamed(vec![Attribute::Name(
                "public".into(),
            )])),
        ),
        RequestPayload::CreateKeyPair(None, None, None),
        RequestPayload::Register(
            ObjectType::SymmetricKey,
            TemplateAttribute::unnamed(attributes()),
            Some(ManagedObject::SymmetricKey(SymmetricKey(key_block()))),
        ),
        RequestPayload::Locate(attributes()),
        RequestPayload::Locate(vec![]),
        RequestPayload::Get(id(), Some(KeyFormatType::PKCS1), None, None),
        RequestPayload::Get(None, None, None, None),
        RequestPayload::Activate(id()),
        RequestPayload::Revoke(
            id(),
            RevocationReason(
                RevocationReasonCode::KeyCompromise,
                Some(RevocationMessage("stolen".into())),
            ),
            Some(CompromiseOccurrenceDate(6)),
        ),
        RequestPayload::Destroy(id()),
    ]
}

fn others() -> Vec<RequestPayload> {
    let version = |minor| ProtocolVersion(ProtocolVersionMajor(1), ProtocolVersionMinor(minor));
    vec![
        RequestPayload::GetAttributes(
            id(),
            Some(vec![
                AttributeName("State".into()),
                AttributeName("x-Colour".into()),
            ]),
        ),
        RequestPayload::GetAttributes(id(), None),
        RequestPayload::GetAttributeList(id()),
        RequestPayload::AddAttribute(id(), Attribute::ContactInformation("Joe".into())),
        RequestPayload::AddAttribute(
            None,
            Attribute::ApplicationSpecificInformation(
                ApplicationNamespace("ssl".into()),
                ApplicationData("www.example.org".into()),
            ),
        ),
        RequestPayload::ModifyAttribute(id(), Attribute::ObjectGroup("group".into())),
        RequestPayload::DeleteAttribute(
            id(),
            AttributeName("Name".into()),
            Some(AttributeIndex(1)),
        ),
        RequestPayload::DeleteAttribute(id(), AttributeName("x-Colour".into()), None),
        RequestPayload::Query(vec![
            QueryFunction::QueryOperations,
            QueryFunction::QueryObjects,
            QueryFunction::QueryServerInformation,
        ]),
        RequestPayload::DiscoverVersions(vec![version(2), version(0)]),
        RequestPayload::DiscoverVersions(vec![]),
        RequestPayload::Sign(id(), Some(signing()), Data(b"a message".to_vec())),
        RequestPayload::Sign(None, None, Data(vec![])),
        RequestPayload::RNGRetrieve(DataLength(32)),
    ]
}

#[test]
fn requests_are_written_again_byte_for_byte() {
    for payload in objects().into_iter().chain(others()) {
        for credential in [None, Some(Some("secret")), Some(None)] {
            let name = format!("{payload:?}");
            let credential = credential.map(|password| {
                let password = password.map(str::to_owned);
                let own = UsernameAndPasswordCredential::new("alice".into(), password);
                CredentialType::UsernameAndPassword(own)
            });
            let theirs = to_vec(payload.clone(), credential).unwrap();
            let Ok(request) = Request::read(&theirs, 1) else {
                panic!("{name} cannot be read: {}", hex::encode(&theirs));
            };
            let item = &request.items[0];
            let mut cases = payloads().into_iter();
            let case = cases
                .find(|case| {
                    case.table == Table::Request && Some(case.name) == item.operation.name()
                })
                .unwrap();
            let rewritten = (case.recode)(item.payload.rest(), request.version)
                .unwrap_or_else(|error| panic!("{name}: {error}"));
            let item = OutgoingItem {
                operation: item.operation,
                payload: rewritten.into(),
            };
            let ours = write_request(&request.header, &[item], request.version);
            assert_eq!(hex::encode(ours.bytes()), hex::encode(&theirs), "{name}");
        }
    }
}
