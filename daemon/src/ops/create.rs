//! Create and Create Key Pair.

use kmip::{
    KeyFormatType, LinkType, ObjectType,
    attribute::{AttributeList, Attributes, Link, UniqueIdentifier},
    mechanism::KeySpec,
    payload::create::{
        Create, CreateKeyPair, CreateKeyPairRequest, CreateKeyPairResponse, CreateRequest,
        CreateResponse,
    },
};
use store::{Custody, ObjectId, Record};

use super::Handler;
use crate::{
    context::{Context, new_id},
    custody::Value,
    error::{Error, Result},
    fault::Fault,
    material,
    policy::Access,
    profile, template,
};

impl Handler for Create {
    const ACCESS: Access = Access::Create;

    fn handle(context: &mut Context<'_>, request: CreateRequest) -> Result<CreateResponse> {
        if request.object_type != ObjectType::SymmetricKey {
            return Err(Error::new(
                Fault::WrongObjectType,
                "Create makes symmetric keys",
            ));
        }
        let mut attributes = Attributes::default();
        template::fold(&mut attributes, &request.attributes)?;
        let spec = template::key_spec(&attributes)?;
        if spec.is_asymmetric() {
            return Err(Error::new(
                Fault::InvalidAttributeValue,
                "the algorithm is not that of a symmetric key",
            ));
        }
        let vault = context.vault()?;
        profile::check_new_key(&vault, spec, template::usage(&attributes)?)?;
        template::decide_class(&mut attributes, &vault);
        let id = new_id();
        describe(
            &mut attributes,
            spec,
            &id,
            ObjectType::SymmetricKey,
            context,
        );
        let custody = context.generate_secret(spec, &template::terms(&id, &attributes))?;
        let mut record =
            context.new_record(id, request.object_type, Some(spec), attributes, custody);
        digest_what_may_leave(context, &mut record)?;
        let unique_identifier = context.insert(record)?;
        Ok(CreateResponse {
            object_type: request.object_type,
            unique_identifier,
        })
    }
}

impl Handler for CreateKeyPair {
    const ACCESS: Access = Access::Create;

    fn handle(
        context: &mut Context<'_>,
        request: CreateKeyPairRequest,
    ) -> Result<CreateKeyPairResponse> {
        let mut private = merged(&request.common_attributes, &request.private_key_attributes)?;
        let mut public = merged(&request.common_attributes, &request.public_key_attributes)?;
        let spec = pair_spec(&private, &public)?;
        let vault = context.vault()?;
        profile::check_new_key(&vault, spec, template::usage(&private)?)?;
        profile::check_new_key(&vault, spec, template::usage(&public)?)?;
        template::decide_class(&mut private, &vault);
        template::decide_public(&mut public);
        let (private_id, public_id) = (new_id(), new_id());
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

        let (custody, spki) =
            context.generate_pair(spec, &template::terms(&private_id, &private))?;
        let mut private = context.new_record(
            private_id,
            ObjectType::PrivateKey,
            Some(spec),
            private,
            custody,
        );
        digest_what_may_leave(context, &mut private)?;
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
fn merged(common: &AttributeList, own: &AttributeList) -> Result<Attributes> {
    let mut attributes = Attributes::default();
    template::fold(&mut attributes, own)?;
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
    template::fold(
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
fn describe(
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

fn link(attributes: &mut Attributes, link_type: LinkType, to: &ObjectId) -> Result<()> {
    let link = Link {
        link_type,
        linked_object_identifier: UniqueIdentifier::Text(to.0.clone()),
    };
    attributes.add(kmip::attribute::Attribute::Link(link))?;
    Ok(())
}

/// Adds the digest of a value that may leave its HSM; nobody can compute that of a locked key.
fn digest_what_may_leave(context: &Context<'_>, record: &mut Record) -> Result<()> {
    let is_public = record.object_type == ObjectType::PublicKey;
    if !is_public && record.attributes.extractable != Some(true) {
        return Ok(());
    }
    let value = context.value(record)?;
    let format = record.attributes.key_format_type;
    let digest = match &value {
        Value::Key(hsm::Material::Secret { bytes, .. }) => {
            template::digest(bytes.expose(), format)?
        }
        Value::Key(hsm::Material::Private {
            spec: KeySpec::Rsa { .. },
            pkcs8,
        }) => {
            let pkcs1 = hsm::encoding::pkcs8_to_pkcs1(pkcs8)?;
            template::digest(pkcs1.expose(), Some(KeyFormatType::PKCS1))?
        }
        Value::Key(hsm::Material::Private { pkcs8, .. }) => {
            template::digest(pkcs8.expose(), Some(KeyFormatType::PKCS8))?
        }
        Value::PublicKey {
            spec: KeySpec::Rsa { .. },
            spki,
        } => {
            let pkcs1 = hsm::encoding::spki_to_pkcs1_public(spki)?;
            template::digest(&pkcs1, Some(KeyFormatType::PKCS1))?
        }
        Value::PublicKey { spki, .. } => template::digest(spki, Some(KeyFormatType::X509))?,
        Value::Bytes(bytes) => template::digest(bytes.expose(), format)?,
    };
    record.attributes.digest.push(digest);
    Ok(())
}
