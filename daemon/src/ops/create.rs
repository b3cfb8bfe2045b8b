//! Create and Create Key Pair.

use kmip::{
    KeyFormatType, LinkType, ObjectType, Secret, SecretDataType,
    attribute::{AttributeList, Attributes, Link, UniqueIdentifier},
    mechanism::KeySpec,
    payload::create::{
        Create, CreateKeyPair, CreateKeyPairRequest, CreateKeyPairResponse, CreateRequest,
        CreateResponse, ProtectionStorageMasks,
    },
};
use store::{Custody, ObjectId, Record};

use super::Handler;
use crate::{
    context::Context,
    custody::Value,
    error::{Error, Result},
    fault::Fault,
    material,
    policy::Access,
    profile, secret_data,
    service::Service,
    template,
};

impl Handler for Create {
    const ACCESS: Access = Access::Create;

    fn is_light_to_commit(service: &Service, request: &CreateRequest) -> bool {
        request.object_type == ObjectType::SymmetricKey && service.has_light_backends()
    }

    fn handle(context: &mut Context<'_>, request: CreateRequest) -> Result<CreateResponse> {
        let mut attributes = Attributes::default();
        context.fold(&mut attributes, &request.attributes)?;
        let object_type = request.object_type;
        context.add_defaults(&mut attributes, object_type)?;
        let masks = request.protection_storage_masks.as_ref();
        let unique_identifier = match object_type {
            ObjectType::SecretData => new_secret_data(context, attributes, masks)?,
            ObjectType::SymmetricKey => new_symmetric_key(context, attributes, masks)?,
            _ => {
                return Err(Error::new(
                    Fault::WrongObjectType,
                    "Create makes symmetric keys and secret data",
                ));
            }
        };
        Ok(CreateResponse {
            object_type,
            unique_identifier,
        })
    }
}

fn new_symmetric_key(
    context: &mut Context<'_>,
    mut attributes: Attributes,
    masks: Option<&ProtectionStorageMasks>,
) -> Result<UniqueIdentifier> {
    let spec = template::key_spec(&attributes)?;
    if spec.is_asymmetric() {
        return Err(Error::new(
            Fault::InvalidAttributeValue,
            "the algorithm is not that of a symmetric key",
        ));
    }
    let vault = context.vault()?;
    if context.service.conformance.is_some() {
        // A test case leaves out the mask that KMIP 1.4 §4.1 requires; its key may then be used for nothing.
        attributes.cryptographic_usage_mask.get_or_insert_default();
    }
    profile::check_new_key(&vault, spec, template::usage(&attributes)?)?;
    template::decide_class(&mut attributes, &vault);
    let id = context.new_id();
    describe(
        &mut attributes,
        spec,
        &id,
        ObjectType::SymmetricKey,
        context,
    );
    context.protect(&mut attributes, masks, Fault::StorageUnavailable)?;
    let custody = context.generate_secret(spec, &id, &mut attributes)?;
    let record = context.new_record(
        id,
        ObjectType::SymmetricKey,
        Some(spec),
        attributes,
        custody,
    );
    context.insert(record)
}

/// Random bytes that stand for a password.
fn new_secret_data(
    context: &mut Context<'_>,
    mut attributes: Attributes,
    masks: Option<&ProtectionStorageMasks>,
) -> Result<UniqueIdentifier> {
    let bits = attributes
        .cryptographic_length
        .ok_or_else(|| Error::new(Fault::MissingData, "Cryptographic Length is missing"))?;
    let length = usize::try_from(bits)
        .ok()
        .filter(|bits| bits.is_multiple_of(8) && (8..=SECRET_BITS_MAX).contains(bits))
        .ok_or_else(|| {
            Error::new(
                Fault::InvalidAttributeValue,
                "secret data is made in whole bytes, and not more than 8,192 of them",
            )
        })?;
    let mut bytes = zeroize::Zeroizing::new(vec![0; length / 8]);
    context.random(&mut bytes)?;
    let bytes = Secret::new(std::mem::take(&mut *bytes));
    template::decide_class(&mut attributes, context.vault()?.as_ref());
    let id = context.new_id();
    template::complete(&mut attributes, &id, ObjectType::SecretData, context.now);
    template::generated(&mut attributes, KeyFormatType::Opaque, context.now);
    context.protect(&mut attributes, masks, Fault::StorageUnavailable)?;
    attributes.digest.push(template::digest(
        bytes.expose(),
        Some(KeyFormatType::Opaque),
    )?);
    let custody = context.seal(&id, &secret_data::join(SecretDataType::Password, &bytes))?;
    let record = context.new_record(id, ObjectType::SecretData, None, attributes, custody);
    context.insert(record)
}

/// The longest secret data that the server makes, in bits.
const SECRET_BITS_MAX: usize = 65_536;

impl Handler for CreateKeyPair {
    const ACCESS: Access = Access::Create;

    fn handle(
        context: &mut Context<'_>,
        request: CreateKeyPairRequest,
    ) -> Result<CreateKeyPairResponse> {
        let common = &request.common_attributes;
        let mut private = merged(context, common, &request.private_key_attributes)?;
        context.add_defaults(&mut private, ObjectType::PrivateKey)?;
        let mut public = merged(context, common, &request.public_key_attributes)?;
        context.add_defaults(&mut public, ObjectType::PublicKey)?;
        let spec = pair_spec(&private, &public)?;
        let vault = context.vault()?;
        profile::check_new_key(&vault, spec, template::usage(&private)?)?;
        profile::check_new_key(&vault, spec, template::usage(&public)?)?;
        template::decide_class(&mut private, &vault);
        template::decide_public(&mut public);
        let (private_id, public_id) = (context.new_id(), context.new_id());
        describe(
            &mut private,
            spec,
            &private_id,
            ObjectType::PrivateKey,
            context,
        );
        describe(
            &mut public,
            spec,
            &public_id,
            ObjectType::PublicKey,
            context,
        );
        link(&mut private, LinkType::PublicKeyLink, &public_id)?;
        link(&mut public, LinkType::PrivateKeyLink, &private_id)?;
        let masks = [
            request.common_protection_storage_masks.as_ref(),
            request.private_protection_storage_masks.as_ref(),
            request.public_protection_storage_masks.as_ref(),
        ];
        context.protect_pair(&mut private, &mut public, masks)?;
        let (custody, spki) = context.generate_pair(spec, &private_id, &mut private)?;
        let private = context.new_record(
            private_id,
            ObjectType::PrivateKey,
            Some(spec),
            private,
            custody,
        );
        let custody = Custody::Public(spki);
        let mut public = context.new_record(
            public_id,
            ObjectType::PublicKey,
            Some(spec),
            public,
            custody,
        );
        digest_what_may_leave(context, &mut public)?;
        let public_key_unique_identifier = context.insert(public)?;
        // KMIP 1.4 §4.2: the placeholder becomes the private key, which is therefore inserted last.
        let private_key_unique_identifier = context.insert(private)?;
        Ok(CreateKeyPairResponse {
            private_key_unique_identifier,
            public_key_unique_identifier,
        })
    }
}

/// The attributes of one half: its own and those of both.
fn merged(
    context: &mut Context<'_>,
    common: &AttributeList,
    own: &AttributeList,
) -> Result<Attributes> {
    let mut attributes = Attributes::default();
    context.fold(&mut attributes, own)?;
    let described = |attribute: &kmip::attribute::Attribute| {
        attribute
            .kind()
            .is_some_and(|kind| !kind.rule().multiple && !attributes.of(kind).is_empty())
    };
    // KMIP 2.1 §6.1.9: what is said of one half has precedence over what is said of both.
    let rest: AttributeList = common
        .iter()
        .filter(|attribute| !described(attribute))
        .cloned()
        .collect();
    context.fold(
        &mut attributes,
        &AttributeList {
            templates: common.templates.clone(),
            ..rest
        },
    )?;
    Ok(attributes)
}

/// The kind of the pair, which both halves must describe alike where both describe it.
fn pair_spec(private: &Attributes, public: &Attributes) -> Result<KeySpec> {
    let described = if private.cryptographic_algorithm.is_some() {
        private
    } else {
        public
    };
    let spec = template::key_spec(described)?;
    if !spec.is_asymmetric() {
        return Err(Error::new(
            Fault::InvalidAttributeValue,
            "the algorithm is not that of a key pair",
        ));
    }
    let other = if private.cryptographic_algorithm.is_some() {
        public
    } else {
        private
    };
    if other.cryptographic_algorithm.is_some() && template::key_spec(other)? != spec {
        return Err(Error::new(
            Fault::InvalidAttributeValue,
            "the halves of the pair are described differently",
        ));
    }
    Ok(spec)
}

/// Sets what the server knows of a key that it makes.
pub(super) fn describe(
    attributes: &mut Attributes,
    spec: KeySpec,
    id: &ObjectId,
    object_type: ObjectType,
    context: &Context<'_>,
) {
    template::describe(attributes, spec);
    template::complete(attributes, id, object_type, context.now);
    template::generated(
        attributes,
        material::default_format(spec, object_type),
        context.now,
    );
}

/// Adds a link to another object.
pub(super) fn link(attributes: &mut Attributes, link_type: LinkType, to: &ObjectId) -> Result<()> {
    let link = Link {
        link_type,
        linked_object_identifier: UniqueIdentifier::Text(to.0.clone()),
    };
    attributes.add(kmip::attribute::Attribute::Link(link))?;
    Ok(())
}

/// Adds the digest of a value that may leave its HSM; nobody can compute that of a locked key.
pub(super) fn digest_what_may_leave(context: &Context<'_>, record: &mut Record) -> Result<()> {
    let is_public = record.object_type == ObjectType::PublicKey;
    if !is_public && record.attributes.extractable != Some(true) {
        return Ok(());
    }
    let value = context.value(record)?;
    let format = record.attributes.key_format_type;
    let digest = match &value {
        Value::Key(material) => template::key_digest(material.spec(), material.digest()?, format),
        Value::PublicKey {
            spec: KeySpec::Rsa { .. },
            spki,
        } => {
            let pkcs1 = hsm::encoding::spki_to_pkcs1_public(spki)?;
            template::digest(&pkcs1, Some(KeyFormatType::PKCS1))?
        }
        Value::PublicKey { spki, .. } => template::digest(spki, Some(KeyFormatType::X509))?,
        Value::Bytes(joined) if record.object_type == ObjectType::SecretData => {
            template::digest(secret_data::split(joined)?.1.expose(), format)?
        }
        Value::Bytes(bytes) => template::digest(bytes.expose(), format)?,
    };
    record.attributes.digest.push(digest);
    Ok(())
}
