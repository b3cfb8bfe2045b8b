//! KMIP 3.0, the draft: messages without counts, identifiers and links with types of their own, users and groups.

mod certificates;
mod kem;
mod life;
mod links;
mod people;
mod uses;

use kmip::{
    CredentialType, CryptographicUsageMask, LinkType, ObjectClassMask, ObjectType, OperationCode,
    QueryFunction, ResultReason, ResultStatus, Tag, UniqueIdentifierEnumeration, V2_1, V3_0,
    attribute::{
        Attribute, AttributeList, AttributeReference, Link, Name, SingleAttribute, UniqueIdentifier,
    },
    client::outgoing,
    message::{ProtocolVersion, write_request},
    object::PasswordCredential,
    payload::{
        account::{CreateCredential, CreateCredentialRequest, CreateUser, CreateUserRequest},
        attribute::{AddAttribute, AddAttributeRequest},
        create::{Create, CreateRequest},
        discover::{DiscoverVersions, DiscoverVersionsRequest},
        get::{Get, GetRequest},
        get_attributes::{GetAttributes, GetAttributesRequest},
        locate::{Locate, LocateRequest},
        query::{Query, QueryRequest},
    },
    ttlv::{ItemType, Reader, dump},
};

use crate::{
    accounts::{aes, password},
    fixture::{Fixture, create, text},
};

pub(super) fn draft() -> Fixture {
    let mut fixture = Fixture::new();
    fixture.version = V3_0;
    fixture
}

pub(super) fn named(name: &str) -> AttributeList {
    [Attribute::Name(Name::text(name))].into_iter().collect()
}

pub(super) fn link(link_type: LinkType, target: &str) -> Attribute {
    Attribute::Link(Link::to(link_type, target))
}

pub(super) fn by_name(link_type: LinkType, name: &str) -> Attribute {
    Attribute::Link(Link {
        link_type,
        linked_object_identifier: UniqueIdentifier::Name(name.to_owned()),
    })
}

impl Fixture {
    /// The bytes of an answer, printed by names, with the type of each item.
    pub(super) fn raw<O: kmip::payload::Operation>(
        &mut self,
        request: &O::Request,
    ) -> (String, Vec<(Tag, ItemType)>) {
        let items = [outgoing::<O>(request, self.version)];
        let message = write_request(&self.header(), &items, self.version);
        let answer = self.service.respond(&mut self.caller, message.bytes());
        let mut types = vec![];
        collect(
            Reader::new(&answer, Tag::ResponseMessage, self.version),
            &mut types,
        );
        (dump(&answer, self.version).unwrap(), types)
    }

    pub(super) fn add(&mut self, id: &str, attribute: Attribute) -> Result<(), ResultReason> {
        let request = AddAttributeRequest {
            unique_identifier: Some(id.into()),
            new_attribute: SingleAttribute {
                index: None,
                attribute,
            },
        };
        self.call::<AddAttribute>(&request).map(drop)
    }

    pub(super) fn attributes(&mut self, id: &str, only: Vec<AttributeReference>) -> Vec<Attribute> {
        let request = GetAttributesRequest {
            unique_identifier: Some(id.into()),
            attribute_reference: only,
        };
        let answer = self.call::<GetAttributes>(&request).unwrap();
        answer.attributes.iter().cloned().collect()
    }

    pub(super) fn locate(
        &mut self,
        attributes: Vec<Attribute>,
        class: Option<ObjectClassMask>,
    ) -> Vec<String> {
        let request = LocateRequest {
            attributes: attributes.into_iter().collect(),
            object_class_mask: class,
            ..LocateRequest::default()
        };
        let found = self.call::<Locate>(&request).unwrap();
        found.unique_identifier.iter().map(text).collect()
    }

    pub(super) fn credential(
        &mut self,
        request: &CreateCredentialRequest,
    ) -> Result<String, ResultReason> {
        let answer = self.call::<CreateCredential>(request)?;
        Ok(text(&answer.unique_identifier))
    }

    pub(super) fn user_with(&mut self, name: &str, credential: &str) -> String {
        let mut attributes = named(name);
        attributes
            .items
            .push((None, link(Link::CREDENTIAL, credential)));
        let answer = self.call::<CreateUser>(&CreateUserRequest { attributes });
        text(&answer.unwrap().unique_identifier)
    }
}

pub(super) fn collect(mut reader: Reader<'_>, types: &mut Vec<(Tag, ItemType)>) {
    while let Some(item) = reader.next_item().unwrap() {
        types.push((item.tag, item.item_type));
        if item.item_type == ItemType::Structure {
            collect(item.structure().unwrap(), types);
        }
    }
}

pub(super) fn aes_with(more: Attribute) -> CreateRequest {
    let mut request = aes();
    request.attributes.items.push((None, more));
    request
}

pub(super) fn of_type(credential_type: CredentialType) -> CreateCredentialRequest {
    CreateCredentialRequest {
        credential_type,
        attributes: AttributeList::default(),
        password_credential: None,
        device_credential: None,
        hashed_password_credential: None,
        otp_credential: None,
        certificate: None,
    }
}

pub(super) fn password_of(text: &str) -> CreateCredentialRequest {
    CreateCredentialRequest {
        password_credential: Some(PasswordCredential {
            password: Some(password(text)),
            ..PasswordCredential::default()
        }),
        ..of_type(CredentialType::Password)
    }
}

#[test]
fn an_answer_has_the_form_of_the_draft() {
    let mut fixture = draft();
    let attributes = create(vec![
        Attribute::CryptographicAlgorithm(kmip::CryptographicAlgorithm::AES),
        Attribute::CryptographicLength(256),
        Attribute::CryptographicUsageMask(CryptographicUsageMask::Encrypt),
        Attribute::Name(Name::text("a key")),
    ]);
    let (created, types) = fixture.raw::<Create>(&attributes);
    assert!(created.contains("ResultStatus 0x0"), "{created}");
    for gone in ["BatchCount", "BatchOrderOption", "UniqueBatchItemID"] {
        assert!(!created.contains(gone), "{created}");
    }
    assert!(types.contains(&(Tag::UniqueIdentifier, ItemType::Identifier)));
    let id = fixture
        .locate(vec![Attribute::Name(Name::text("a key"))], None)
        .remove(0);
    let all = GetAttributesRequest {
        unique_identifier: Some(id.as_str().into()),
        attribute_reference: vec![],
    };
    let (told, types) = fixture.raw::<GetAttributes>(&all);
    assert!(told.contains("Name \"a key\""), "{told}");
    assert!(told.contains("ObjectClass 0x1"), "{told}");
    assert!(types.contains(&(Tag::Name, ItemType::TextString)));
    for gone in [
        Tag::NameValue,
        Tag::NameType,
        Tag::Link,
        Tag::ObjectGroup,
        Tag::BatchCount,
    ] {
        assert!(types.iter().all(|(tag, _)| *tag != gone), "{gone:?}");
    }
    fixture.version = V2_1;
    let (told, types) = fixture.raw::<GetAttributes>(&all);
    assert!(!told.contains("ObjectClass"), "{told}");
    assert!(types.contains(&(Tag::UniqueIdentifier, ItemType::TextString)));
    assert!(types.contains(&(Tag::NameValue, ItemType::TextString)));
}

#[test]
fn an_identifier_may_be_a_text_and_must_be_there() {
    let mut fixture = draft();
    let id = fixture.aes_key([]);
    let mut writer = kmip::ttlv::Writer::new(V3_0);
    writer.text(Tag::UniqueIdentifier, &id);
    let item = kmip::message::OutgoingItem {
        operation: OperationCode::Get,
        payload: writer.into_bytes(),
    };
    let items = fixture.batch(None, &[item]);
    assert_eq!(items[0].result_status, ResultStatus::Success);
    let none = outgoing::<Get>(&GetRequest::default(), V3_0);
    let placeholder = GetRequest {
        unique_identifier: Some(UniqueIdentifier::Enumeration(
            UniqueIdentifierEnumeration::IDPlaceholder,
        )),
        ..GetRequest::default()
    };
    let made = || outgoing::<Create>(&aes(), V3_0);
    let items = fixture.batch(None, &[made(), outgoing::<Get>(&placeholder, V3_0)]);
    assert_eq!(items[1].result_status, ResultStatus::Success);
    let items = fixture.batch(None, &[made(), none]);
    assert_eq!(items[1].result_reason, Some(ResultReason::InvalidField));
}

#[test]
fn the_draft_is_told_last_and_spoken_to_who_asks() {
    let mut fixture = draft();
    let all = DiscoverVersionsRequest {
        protocol_version: vec![],
    };
    let versions = fixture
        .call::<DiscoverVersions>(&all)
        .unwrap()
        .protocol_version;
    let draft = ProtocolVersion::from(V3_0);
    assert_eq!(versions.first(), Some(&V2_1.into()));
    assert_eq!(versions.last(), Some(&draft));
    let only = DiscoverVersionsRequest {
        protocol_version: vec![draft.clone()],
    };
    let versions = fixture
        .call::<DiscoverVersions>(&only)
        .unwrap()
        .protocol_version;
    assert_eq!(versions, [draft]);
}

#[test]
fn query_tells_what_the_draft_added() {
    let mut fixture = draft();
    let ask = QueryRequest {
        query_function: vec![
            QueryFunction::QueryOperations,
            QueryFunction::QueryObjects,
            QueryFunction::QueryCredentialInformation,
        ],
    };
    let told = fixture.call::<Query>(&ask).unwrap();
    for code in OperationCode::ALL
        .iter()
        .filter(|code| code.since() == Some(V3_0))
    {
        let is_off = keyhold::ops::find(*code).is_some_and(|route| route.is_experimental);
        let listed = is_off || keyhold::ops::NOT_SERVED.iter().any(|(own, _)| own == code);
        assert!(told.operation.contains(code) || listed, "{code:?}");
    }
    assert!(told.object_type.contains(&ObjectType::User));
    assert!(!told.object_type.contains(&ObjectType::Template));
    let types = told.credential_information.unwrap().credential_type;
    assert!(
        types.contains(&CredentialType::Device) && !types.contains(&CredentialType::Attestation)
    );
    fixture.version = V2_1;
    let told = fixture.call::<Query>(&ask).unwrap();
    assert!(told.credential_information.is_none());
    assert!(!told.operation.contains(&OperationCode::CreateUser));
    assert!(!told.object_type.contains(&ObjectType::User));
    let refused = fixture
        .call::<CreateUser>(&CreateUserRequest {
            attributes: named("x"),
        })
        .err();
    assert_eq!(refused, Some(ResultReason::OperationNotSupported));
}
