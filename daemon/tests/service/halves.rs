//! What a private key unwraps whose public half the security officer trusts, and what clients do to the tie of both.

use kmip::{
    CryptographicAlgorithm, CryptographicUsageMask as Mask, EncodingOption, HashingAlgorithm,
    KeyFormatType, KeyWrapType, LinkType, MaskGenerator, ObjectType, PaddingMethod, ResultReason,
    V2_1, V3_0, WrappingMethod,
    attribute::{
        Attribute, AttributeKind, AttributeReference, CryptographicParameters, Link,
        RevocationReason, SingleAttribute,
    },
    object::{
        EncryptionKeyInformation, KeyBlock, KeyWrappingData, KeyWrappingSpecification,
        ManagedObject,
    },
    payload::{
        attribute::{AddAttribute, AddAttributeRequest, DeleteAttribute, DeleteAttributeRequest},
        create::{CreateKeyPair, CreateKeyPairRequest},
        destroy::{Destroy, DestroyRequest},
        get::{Get, GetRequest},
        import::{Import, ImportRequest},
        obliterate::{Obliterate, ObliterateRequest},
        register::{Register, RegisterRequest},
        rekey::{ReKeyKeyPair, ReKeyKeyPairRequest},
        revoke::{Revoke, RevokeRequest},
    },
};

use crate::{
    fixture::{NOON, text},
    objects::list,
    trust::{Own, TRUSTED, WRAP_WITH_TRUSTED, mark},
};

/// A pair of RSA by which keys are wrapped and unwrapped.
struct Pair {
    private: String,
    public: String,
}

fn oaep() -> CryptographicParameters {
    CryptographicParameters {
        padding_method: Some(PaddingMethod::OAEP),
        hashing_algorithm: Some(HashingAlgorithm::SHA256),
        mask_generator: Some(MaskGenerator::MFG1),
        mask_generator_hashing_algorithm: Some(HashingAlgorithm::SHA256),
        ..CryptographicParameters::default()
    }
}

fn by(id: &str) -> EncryptionKeyInformation {
    EncryptionKeyInformation {
        unique_identifier: id.into(),
        cryptographic_parameters: Some(oaep()),
    }
}

impl Own {
    fn pair(&mut self) -> Pair {
        let active = Attribute::ActivationDate(NOON);
        let request = CreateKeyPairRequest {
            common_attributes: list([
                Attribute::CryptographicAlgorithm(CryptographicAlgorithm::RSA),
                Attribute::CryptographicLength(2048),
                active,
            ]),
            private_key_attributes: list([Attribute::CryptographicUsageMask(Mask::UnwrapKey)]),
            public_key_attributes: list([Attribute::CryptographicUsageMask(Mask::WrapKey)]),
            common_protection_storage_masks: None,
            private_protection_storage_masks: None,
            public_protection_storage_masks: None,
        };
        let made = self.call::<CreateKeyPair>(&request).unwrap();
        Pair {
            private: text(&made.private_key_unique_identifier),
            public: text(&made.public_key_unique_identifier),
        }
    }

    /// A pair whose public half is trusted.
    fn trusted_pair(&mut self) -> Pair {
        let pair = self.pair();
        self.is_officer();
        self.add(&pair.public, mark(TRUSTED, true)).unwrap();
        self.is_nobody_special();
        pair
    }

    /// A key that leaves under what is trusted alone, as it is under a public key.
    fn leaves(&mut self, pair: &Pair) -> KeyBlock {
        let wants = mark(WRAP_WITH_TRUSTED, true);
        let key = self.create(Mask::Encrypt, &[wants]).unwrap();
        self.wrapped(&key, &pair.public).unwrap()
    }

    fn wrapped(&mut self, key: &str, under: &str) -> Result<KeyBlock, ResultReason> {
        let request = GetRequest {
            unique_identifier: Some(key.into()),
            key_wrapping_specification: Some(KeyWrappingSpecification {
                iv_counter_nonce: None,
                authenticated_encryption_additional_data: None,
                wrapping_method: WrappingMethod::Encrypt,
                encryption_key_information: Some(by(under)),
                mac_signature_key_information: None,
                attribute_name: Vec::new(),
                encoding_option: Some(EncodingOption::NoEncoding),
            }),
            ..GetRequest::default()
        };
        let object = self.call::<Get>(&request)?.object;
        Ok(object.key_block().unwrap().clone())
    }

    /// Takes a wrapped key in by a private one: whether it leaves under what is trusted alone.
    fn comes(
        &mut self,
        wrapped: &KeyBlock,
        private: &str,
        more: &[Attribute],
    ) -> Result<bool, ResultReason> {
        let mut attributes = vec![Attribute::CryptographicUsageMask(Mask::Encrypt)];
        attributes.extend(more.iter().cloned());
        let request = RegisterRequest {
            object_type: ObjectType::SymmetricKey,
            attributes: list(attributes),
            object: Some(symmetric(wrapped, private)),
            protection_storage_masks: None,
        };
        let id = text(&self.call::<Register>(&request)?.unique_identifier);
        Ok(self.has(&id, &mark(WRAP_WITH_TRUSTED, true)))
    }

    fn unlink(&mut self, id: &str) {
        let request = DeleteAttributeRequest {
            unique_identifier: Some(id.into()),
            current_attribute: None,
            attribute_reference: Some(AttributeReference::Standard(AttributeKind::Link)),
            attribute_index: None,
        };
        self.call::<DeleteAttribute>(&request).unwrap();
    }

    fn link(&mut self, id: &str, link_type: LinkType, to: &str) {
        let request = AddAttributeRequest {
            unique_identifier: Some(id.into()),
            new_attribute: SingleAttribute {
                index: None,
                attribute: Attribute::Link(Link::to(link_type, to)),
            },
        };
        self.call::<AddAttribute>(&request).unwrap();
    }

    fn destroy(&mut self, id: &str) {
        let revoke = RevokeRequest {
            unique_identifier: Some(id.into()),
            revocation_reason: Some(RevocationReason {
                revocation_reason_code: kmip::RevocationReasonCode::CessationOfOperation,
                revocation_message: None,
            }),
            compromise_occurrence_date: None,
        };
        self.call::<Revoke>(&revoke).unwrap();
        let unique_identifier = Some(id.into());
        self.call::<Destroy>(&DestroyRequest { unique_identifier })
            .unwrap();
    }

    fn obliterate(&mut self, id: &str) -> Result<(), ResultReason> {
        self.fixture.version = V3_0;
        let request = ObliterateRequest {
            unique_identifier: id.into(),
        };
        let done = self.call::<Obliterate>(&request).map(drop);
        self.fixture.version = V2_1;
        done
    }
}

/// A wrapped key as one that a private key unwraps.
fn symmetric(wrapped: &KeyBlock, private: &str) -> ManagedObject {
    let how = wrapped.key_wrapping_data.clone().unwrap();
    let key_block = KeyBlock {
        key_wrapping_data: Some(KeyWrappingData {
            encryption_key_information: Some(by(private)),
            ..how
        }),
        ..wrapped.clone()
    };
    ManagedObject::SymmetricKey(kmip::object::KeyObject { key_block })
}

#[test]
fn what_came_under_a_trusted_public_key_leaves_under_nothing_less() {
    let mut own = Own::new();
    let (pair, other) = (own.trusted_pair(), own.pair());
    let wrapped = own.leaves(&pair);
    assert_eq!(own.comes(&wrapped, &pair.private, &[]), Ok(true));
    let free = [mark(WRAP_WITH_TRUSTED, false)];
    assert!(own.comes(&wrapped, &pair.private, &free).is_err());
    // What comes under a pair that nobody trusts may do as it says.
    let key = own.create(Mask::Encrypt, &[]).unwrap();
    let open = own.wrapped(&key, &other.public).unwrap();
    assert_eq!(own.comes(&open, &other.private, &[]), Ok(false));
}

#[test]
fn links_do_not_say_which_public_key_is_the_half() {
    let mut own = Own::new();
    let (pair, other) = (own.trusted_pair(), own.pair());
    let wrapped = own.leaves(&pair);
    own.unlink(&pair.private);
    assert_eq!(own.comes(&wrapped, &pair.private, &[]), Ok(true));
    own.link(&pair.private, LinkType::PublicKeyLink, &other.public);
    assert_eq!(own.comes(&wrapped, &pair.private, &[]), Ok(true));
    // Nor is one trusted that says it is the half of a trusted key's pair.
    let key = own.create(Mask::Encrypt, &[]).unwrap();
    let open = own.wrapped(&key, &other.public).unwrap();
    own.unlink(&other.private);
    own.link(&other.private, LinkType::PublicKeyLink, &pair.public);
    assert_eq!(own.comes(&open, &other.private, &[]), Ok(false));
}

#[test]
fn a_trusted_key_that_is_destroyed_stays_trusted() {
    let mut own = Own::new();
    let pair = own.trusted_pair();
    let wrapped = own.leaves(&pair);
    own.destroy(&pair.public);
    assert_eq!(own.comes(&wrapped, &pair.private, &[]), Ok(true));
    let refused = Err(ResultReason::PermissionDenied);
    assert_eq!(own.obliterate(&pair.public), refused);
    let again = ImportRequest {
        unique_identifier: pair.public.as_str().into(),
        object_type: Some(ObjectType::PublicKey),
        replace_existing: Some(true),
        key_wrap_type: None,
        attributes: list([
            Attribute::ObjectType(ObjectType::PublicKey),
            Attribute::State(kmip::State::Destroyed),
        ]),
        object: None,
    };
    assert_eq!(own.call::<Import>(&again).err(), refused.err());
    assert_eq!(own.comes(&wrapped, &pair.private, &[]), Ok(true));
    own.is_officer();
    own.obliterate(&pair.public).unwrap();
    own.is_nobody_special();
    assert_eq!(own.comes(&wrapped, &pair.private, &[]), Ok(false));
}

#[test]
fn a_key_that_is_imported_wrapped_leaves_under_nothing_less() {
    let mut own = Own::new();
    let pair = own.trusted_pair();
    let wrapped = own.leaves(&pair);
    let import = ImportRequest {
        unique_identifier: "brought".into(),
        object_type: Some(ObjectType::SymmetricKey),
        replace_existing: None,
        key_wrap_type: Some(KeyWrapType::NotWrapped),
        attributes: list([
            Attribute::CryptographicUsageMask(Mask::Encrypt),
            Attribute::Sensitive(false),
            Attribute::Extractable(true),
        ]),
        object: Some(symmetric(&wrapped, &pair.private)),
    };
    own.call::<Import>(&import).unwrap();
    assert!(own.has("brought", &mark(WRAP_WITH_TRUSTED, true)));
    let told = own.get("brought", None);
    assert_eq!(told, Err(ResultReason::NotExtractable));
}

#[test]
fn a_pair_that_comes_in_is_known_however_it_is_encoded() {
    let mut own = Own::new();
    let pair = own.pair();
    let mut get = |id: &str, format| {
        let request = GetRequest {
            unique_identifier: Some(id.into()),
            key_format_type: Some(format),
            ..GetRequest::default()
        };
        own.call::<Get>(&request).unwrap().object
    };
    let public = get(&pair.public, KeyFormatType::X509);
    let again = get(&pair.public, KeyFormatType::PKCS1);
    let private = get(&pair.private, KeyFormatType::PKCS8);
    let register = |own: &mut Own, object: ManagedObject, mask| {
        let request = RegisterRequest {
            object_type: object.object_type(),
            attributes: list([
                Attribute::CryptographicUsageMask(mask),
                Attribute::ActivationDate(NOON),
            ]),
            object: Some(object),
            protection_storage_masks: None,
        };
        text(&own.call::<Register>(&request).unwrap().unique_identifier)
    };
    let second = register(&mut own, private, Mask::UnwrapKey);
    for object in [public, again] {
        let trusted = register(&mut own, object, Mask::WrapKey);
        let pair = Pair {
            private: second.clone(),
            public: trusted.clone(),
        };
        own.is_officer();
        own.add(&trusted, mark(TRUSTED, true)).unwrap();
        own.is_nobody_special();
        let wrapped = own.leaves(&pair);
        assert_eq!(own.comes(&wrapped, &second, &[]), Ok(true));
        own.is_officer();
        own.modify(&trusted, mark(TRUSTED, false)).unwrap();
        own.is_nobody_special();
        assert_eq!(own.comes(&wrapped, &second, &[]), Ok(false));
    }
}

#[test]
fn the_pair_that_replaces_a_trusted_one_is_another() {
    let mut own = Own::new();
    let pair = own.trusted_pair();
    let wrapped = own.leaves(&pair);
    let rekey = ReKeyKeyPairRequest {
        private_key_unique_identifier: Some(pair.private.as_str().into()),
        ..ReKeyKeyPairRequest::default()
    };
    let made = own.call::<ReKeyKeyPair>(&rekey).unwrap();
    let next = Pair {
        private: text(&made.private_key_unique_identifier),
        public: text(&made.public_key_unique_identifier),
    };
    let key = own.create(Mask::Encrypt, &[]).unwrap();
    let open = own.wrapped(&key, &next.public).unwrap();
    assert_eq!(own.comes(&open, &next.private, &[]), Ok(false));
    assert_eq!(own.comes(&wrapped, &pair.private, &[]), Ok(true));
}

/// Of pairs made before it was noted, any two of a length may be one once the public key's value is gone.
#[test]
fn a_pair_of_before_is_taken_for_any_of_its_length() {
    let mut own = Own::new();
    let (pair, other) = (own.trusted_pair(), own.pair());
    let wrapped = own.leaves(&pair);
    let key = own.create(Mask::Encrypt, &[]).unwrap();
    let open = own.wrapped(&key, &other.public).unwrap();
    let mut tx = store::Store::begin(&*own.fixture.store);
    for id in [&pair.private, &pair.public, &other.private] {
        let id = store::ObjectId(id.clone());
        let mut record = tx.record(&id).unwrap().unwrap().as_ref().clone();
        record
            .attributes
            .vendor
            .retain(|(_, own)| own.attribute_name != "Public Half");
        tx.update(record).unwrap();
    }
    tx.commit().unwrap();
    assert_eq!(own.comes(&wrapped, &pair.private, &[]), Ok(true));
    assert_eq!(own.comes(&open, &other.private, &[]), Ok(true));
}
