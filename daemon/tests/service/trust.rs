//! What the security officer alone says, and what keys that say more about their use are held to.

use std::slice::from_ref;

use keyhold::pin;
use kmip::{
    BlockCipherMode, CryptographicAlgorithm, CryptographicUsageMask as Mask, EncodingOption,
    KeyFormatType, ObjectType, RecommendedCurve, ResultReason, Secret, WrappingMethod,
    attribute::{
        Attribute, AttributeReference, CryptographicParameters, SingleAttribute, VendorAttribute,
    },
    client::outgoing,
    message::{Authentication, Credential, Password, RequestHeader, UsernameAndPassword},
    object::{EncryptionKeyInformation, KeyObject, KeyWrappingSpecification, ManagedObject},
    payload::{
        Operation,
        activate::{Activate, ActivateRequest},
        attribute::{
            AddAttribute, AddAttributeRequest, DeleteAttribute, DeleteAttributeRequest,
            ModifyAttribute, ModifyAttributeRequest,
        },
        get::{Get, GetRequest},
        get_attributes::{GetAttributes, GetAttributesRequest},
        import::{Export, ExportRequest},
        register::{Register, RegisterRequest},
        rekey::{ReKey, ReKeyRequest},
        sign::{Sign, SignRequest},
    },
    ttlv::{AnyValue, ItemType},
};

use crate::{
    fixture::{Fixture, read, text},
    locked::{ec, pair},
    objects::{list, raw},
};

/// A service whose vault has both PINs.
pub(crate) struct Own {
    pub(crate) fixture: Fixture,
    /// The credential that messages carry.
    credential: Option<Credential>,
}

const PIN: &str = "1234";
const SO_PIN: &str = "12345678";

impl Own {
    pub(crate) fn new() -> Self {
        let fixture = Fixture::new();
        let directory = fixture.service.directory();
        let mut vault = directory.vault("one").unwrap().as_ref().clone();
        let verifier = |text: &str| pin::verifier(&Secret::from(text.as_bytes())).ok();
        vault.user_pin = verifier(PIN);
        vault.so_pin = verifier(SO_PIN);
        directory.put_vault(&vault).unwrap();
        Self {
            fixture,
            credential: None,
        }
    }

    fn is(&mut self, user: &str, pin: &str) {
        self.credential = Some(Credential::UsernameAndPassword(UsernameAndPassword {
            username: user.to_owned(),
            password: Some(Password(Secret::from(pin.as_bytes()))),
        }));
    }

    pub(crate) fn is_officer(&mut self) {
        self.is("so", SO_PIN);
    }

    pub(crate) fn is_nobody_special(&mut self) {
        self.credential = None;
    }

    pub(crate) fn call<O: Operation>(
        &mut self,
        request: &O::Request,
    ) -> Result<O::Response, ResultReason> {
        let version = self.fixture.version;
        let header = RequestHeader {
            authentication: self.credential.clone().map(|own| Authentication {
                credential: vec![own],
            }),
            ..self.fixture.header()
        };
        let response = self
            .fixture
            .send(&header, &[outgoing::<O>(request, version)]);
        read::<O>(&response.items[0], version)
    }

    pub(crate) fn create(
        &mut self,
        mask: Mask,
        more: &[Attribute],
    ) -> Result<String, ResultReason> {
        let mut attributes = vec![
            Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
            Attribute::CryptographicLength(256),
            Attribute::CryptographicUsageMask(mask),
            Attribute::Extractable(true),
            Attribute::Sensitive(false),
        ];
        attributes.extend(more.iter().cloned());
        let request = crate::fixture::create(attributes);
        let id = self.call::<kmip::payload::create::Create>(&request)?;
        let id = text(&id.unique_identifier);
        self.call::<Activate>(&ActivateRequest {
            unique_identifier: Some(id.as_str().into()),
        })?;
        Ok(id)
    }

    pub(crate) fn add(&mut self, id: &str, attribute: Attribute) -> Result<(), ResultReason> {
        let request = AddAttributeRequest {
            unique_identifier: Some(id.into()),
            new_attribute: SingleAttribute {
                index: None,
                attribute,
            },
        };
        self.call::<AddAttribute>(&request).map(drop)
    }

    pub(crate) fn modify(&mut self, id: &str, attribute: Attribute) -> Result<(), ResultReason> {
        let request = ModifyAttributeRequest {
            unique_identifier: Some(id.into()),
            current_attribute: None,
            new_attribute: SingleAttribute {
                index: None,
                attribute,
            },
        };
        self.call::<ModifyAttribute>(&request).map(drop)
    }

    fn delete(&mut self, id: &str, name: &str) -> Result<(), ResultReason> {
        let request = DeleteAttributeRequest {
            unique_identifier: Some(id.into()),
            current_attribute: None,
            attribute_reference: Some(AttributeReference::Vendor {
                vendor_identification: VendorAttribute::CLIENT.to_owned(),
                attribute_name: name.to_owned(),
            }),
            attribute_index: None,
        };
        self.call::<DeleteAttribute>(&request).map(drop)
    }

    pub(crate) fn has(&mut self, id: &str, attribute: &Attribute) -> bool {
        let request = GetAttributesRequest {
            unique_identifier: Some(id.into()),
            attribute_reference: Vec::new(),
        };
        let told = self.call::<GetAttributes>(&request).unwrap().attributes;
        told.iter().any(|own| own == attribute)
    }

    pub(crate) fn get(&mut self, id: &str, under: Option<&str>) -> Result<(), ResultReason> {
        let request = GetRequest {
            unique_identifier: Some(id.into()),
            key_wrapping_specification: under.map(wrapping),
            ..GetRequest::default()
        };
        self.call::<Get>(&request).map(drop)
    }
}

fn wrapping(under: &str) -> KeyWrappingSpecification {
    KeyWrappingSpecification {
        iv_counter_nonce: None,
        authenticated_encryption_additional_data: None,
        wrapping_method: WrappingMethod::Encrypt,
        encryption_key_information: Some(EncryptionKeyInformation {
            unique_identifier: under.into(),
            cryptographic_parameters: Some(CryptographicParameters {
                block_cipher_mode: Some(BlockCipherMode::NISTKeyWrap),
                ..CryptographicParameters::default()
            }),
        }),
        mac_signature_key_information: None,
        attribute_name: Vec::new(),
        encoding_option: Some(EncodingOption::NoEncoding),
    }
}

pub(crate) fn mark(name: &str, value: bool) -> Attribute {
    vendor(name, ItemType::Boolean, &u64::from(value).to_be_bytes())
}

fn vendor(name: &str, item_type: ItemType, body: &[u8]) -> Attribute {
    Attribute::Vendor(VendorAttribute {
        vendor_identification: VendorAttribute::CLIENT.to_owned(),
        attribute_name: name.to_owned(),
        value: AnyValue {
            item_type,
            body: body.to_vec(),
        },
    })
}

pub(crate) const TRUSTED: &str = "pkcs11-trusted";
pub(crate) const WRAP_WITH_TRUSTED: &str = "pkcs11-wrap-with-trusted";

#[test]
fn only_the_security_officer_says_what_is_trusted() {
    let mut own = Own::new();
    let trusted = mark(TRUSTED, true);
    let refused = Err(ResultReason::PermissionDenied);
    let made = own.create(Mask::WrapKey, from_ref(&trusted));
    assert_eq!(made.err(), refused.err());
    let key = own.create(Mask::WrapKey, &[]).unwrap();
    let denied = own.create(Mask::WrapKey, &[mark(TRUSTED, false)]).unwrap();
    for user in [None, Some(("user", PIN))] {
        own.is_nobody_special();
        if let Some((user, pin)) = user {
            own.is(user, pin);
        }
        assert_eq!(own.add(&key, trusted.clone()), refused);
        assert_eq!(own.modify(&denied, trusted.clone()), refused);
    }
    own.is_officer();
    own.add(&key, trusted.clone()).unwrap();
    own.modify(&denied, trusted.clone()).unwrap();
    own.create(Mask::WrapKey, from_ref(&trusted)).unwrap();
    // Nor does anybody else take it away, or say it twice.
    own.is_nobody_special();
    assert_eq!(own.delete(&key, TRUSTED), refused);
    assert_eq!(own.modify(&key, mark(TRUSTED, false)), refused);
    own.is_officer();
    let twice = own.add(&key, mark(TRUSTED, false));
    assert!(twice.is_err());
    assert!(own.has(&key, &trusted));
}

#[test]
fn what_replaces_a_trusted_key_is_not_trusted() {
    let mut own = Own::new();
    own.is_officer();
    let trusted = mark(TRUSTED, true);
    let key = own.create(Mask::WrapKey, from_ref(&trusted)).unwrap();
    let rekey = ReKeyRequest {
        unique_identifier: Some(key.as_str().into()),
        ..ReKeyRequest::default()
    };
    let by_officer = own.call::<ReKey>(&rekey).unwrap().unique_identifier;
    assert!(own.has(&text(&by_officer), &trusted));
    own.is_nobody_special();
    let rekey = ReKeyRequest {
        unique_identifier: Some(by_officer),
        ..ReKeyRequest::default()
    };
    let by_another = own.call::<ReKey>(&rekey).unwrap().unique_identifier;
    assert!(!own.has(&text(&by_another), &trusted));
}

#[test]
fn a_key_that_wants_trust_leaves_under_nothing_else() {
    let mut own = Own::new();
    let wants = mark(WRAP_WITH_TRUSTED, true);
    let key = own.create(Mask::Encrypt, from_ref(&wants)).unwrap();
    let usual = own.create(Mask::WrapKey, &[]).unwrap();
    own.is_officer();
    let trusted = own.create(Mask::WrapKey, &[mark(TRUSTED, true)]).unwrap();
    own.is_nobody_special();
    let refused = Err(ResultReason::NotExtractable);
    assert_eq!(own.get(&key, None), refused);
    assert_eq!(own.get(&key, Some(&usual)), refused);
    own.get(&key, Some(&trusted)).unwrap();
    let export = |under: Option<&str>| ExportRequest {
        unique_identifier: Some(key.as_str().into()),
        key_format_type: None,
        key_wrap_type: None,
        key_compression_type: None,
        key_wrapping_specification: under.map(wrapping),
    };
    for under in [None, Some(usual.as_str())] {
        let exported = own.call::<Export>(&export(under));
        assert_eq!(exported.err(), refused.err());
    }
    own.call::<Export>(&export(Some(&trusted))).unwrap();
    // It stays so, and another may become so.
    assert!(own.delete(&key, WRAP_WITH_TRUSTED).is_err());
    assert!(own.modify(&key, mark(WRAP_WITH_TRUSTED, false)).is_err());
    assert!(own.add(&key, mark(WRAP_WITH_TRUSTED, false)).is_err());
    let open = own.create(Mask::Encrypt, &[]).unwrap();
    own.get(&open, Some(&usual)).unwrap();
    own.add(&open, wants).unwrap();
    assert_eq!(own.get(&open, Some(&usual)), refused);
}

#[test]
fn marks_are_as_true_as_the_object() {
    let mut own = Own::new();
    // Whoever knows a key does not say that it was made here.
    let local = mark("pkcs11-local", true);
    let object = KeyObject {
        key_block: raw(&[7; 32], Some(CryptographicAlgorithm::AES)),
    };
    let request = RegisterRequest {
        object_type: ObjectType::SymmetricKey,
        attributes: list([
            Attribute::CryptographicUsageMask(Mask::Encrypt),
            local.clone(),
        ]),
        object: Some(ManagedObject::SymmetricKey(object)),
        protection_storage_masks: None,
    };
    let brought = own.call::<Register>(&request).unwrap().unique_identifier;
    let brought = text(&brought);
    assert!(!own.has(&brought, &local));
    assert!(own.add(&brought, local.clone()).is_err());
    let made = own.create(Mask::Encrypt, from_ref(&local)).unwrap();
    assert!(own.has(&made, &local));
    // An object does not become one that ends with a session; it only ceases to be one.
    let session = vendor("pkcs11-session", ItemType::TextString, b"run");
    assert!(own.add(&made, session.clone()).is_err());
    let ends = own.create(Mask::Encrypt, &[session]).unwrap();
    own.delete(&ends, "pkcs11-session").unwrap();
    // Nobody shows before a login what was hidden.
    let hidden = own.create(Mask::Encrypt, &[]).unwrap();
    assert!(own.add(&hidden, mark("pkcs11-private", false)).is_err());
}

#[test]
fn a_key_that_wants_a_login_is_not_used_by_a_certificate_alone() {
    let mut own = Own::new();
    let (private, _) = pair(&mut own.fixture, ec(RecommendedCurve::P256), true);
    own.call::<Activate>(&ActivateRequest {
        unique_identifier: Some(private.as_str().into()),
    })
    .unwrap();
    let sign = |own: &mut Own| {
        own.call::<Sign>(&SignRequest {
            unique_identifier: Some(private.as_str().into()),
            cryptographic_parameters: None,
            data: Some(Secret::from(&b"data"[..])),
            digested_data: None,
            correlation_value: None,
            init_indicator: None,
            final_indicator: None,
        })
        .map(drop)
    };
    sign(&mut own).unwrap();
    // It is said of a new key only; here the record is made as a key that said so has it.
    let mut tx = store::Store::begin(&*own.fixture.store);
    let id = store::ObjectId(private.clone());
    let mut record = tx.record(&id).unwrap().unwrap().as_ref().clone();
    let Attribute::Vendor(asks) = mark("pkcs11-always-authenticate", true) else {
        unreachable!()
    };
    record.attributes.vendor.push((0, asks));
    tx.update(record).unwrap();
    tx.commit().unwrap();
    assert_eq!(sign(&mut own), Err(ResultReason::PermissionDenied));
    own.is_officer();
    assert_eq!(sign(&mut own), Err(ResultReason::PermissionDenied));
    own.is("user", PIN);
    sign(&mut own).unwrap();
    assert!(own.delete(&private, "pkcs11-always-authenticate").is_err());
}

#[test]
fn the_form_of_a_key_changes_nothing() {
    let mut own = Own::new();
    let wants = mark(WRAP_WITH_TRUSTED, true);
    let key = own.create(Mask::Encrypt, &[wants]).unwrap();
    for format in [
        None,
        Some(KeyFormatType::Raw),
        Some(KeyFormatType::TransparentSymmetricKey),
    ] {
        let request = GetRequest {
            unique_identifier: Some(key.as_str().into()),
            key_format_type: format,
            ..GetRequest::default()
        };
        let told = own.call::<Get>(&request).err();
        assert_eq!(told, Some(ResultReason::NotExtractable));
    }
}
