//! Register.

mod delivered;
mod kinds;

pub(super) use self::kinds::credential;

use hsm::{Material, stack::wiped};
use kmip::{
    CertificateType, KeyFormatType, ObjectType,
    attribute::{AttributeList, Attributes, Digest, UniqueIdentifier},
    mechanism::KeySpec,
    object::{
        Certificate, KeyBlock, KeyMaterial, KeyObject, KeyValue, ManagedObject, OpaqueObject,
        SecretData,
    },
    payload::{
        create::ProtectionStorageMasks,
        register::{Register, RegisterRequest, RegisterResponse},
    },
};
use store::{Custody, ObjectId};

use super::{Handler, import::Incoming, query::is_known_in, wrapping};
use crate::{
    certificate,
    context::Context,
    der,
    error::{Error, Result},
    fault::Fault,
    halves, marks, material,
    policy::{Access, is_secret},
    profile, secret_data, template,
};

impl Handler for Register {
    const ACCESS: Access = Access::Create;

    fn handle(context: &mut Context<'_>, request: RegisterRequest) -> Result<RegisterResponse> {
        let object = request
            .object
            .ok_or_else(|| Error::new(Fault::MissingData, "the object is missing"))?;
        if object.object_type() != request.object_type {
            return Err(Error::invalid_field(
                "the object is not of the object type named",
            ));
        }
        let masks = request.protection_storage_masks.as_ref();
        let unique_identifier = take_in(context, object, &request.attributes, masks)?;
        Ok(RegisterResponse { unique_identifier })
    }
}

/// Takes an object in.
pub(super) fn register(
    context: &mut Context<'_>,
    object: ManagedObject,
    attributes: &AttributeList,
) -> Result<UniqueIdentifier> {
    take_in(context, object, attributes, None)
}

fn take_in(
    context: &mut Context<'_>,
    object: ManagedObject,
    attributes: &AttributeList,
    masks: Option<&ProtectionStorageMasks>,
) -> Result<UniqueIdentifier> {
    let object_type = object.object_type();
    if !is_known_in(object_type, context.version) {
        return Err(Error::new(
            Fault::WrongObjectType,
            "the version of the request has no objects of this type",
        ));
    }
    let mut new = New::begin(context, object_type, attributes)?;
    if object_type != ObjectType::Template {
        context.protect(&mut new.attributes, masks, Fault::StorageUnavailable)?;
    }
    new.take(context, object)
}

/// Takes an object in as another server had it.
pub(super) fn import(
    context: &mut Context<'_>,
    object: ManagedObject,
    incoming: Incoming,
) -> Result<UniqueIdentifier> {
    let object_type = incoming.object_type;
    if !is_known_in(object_type, context.version) || object_type == ObjectType::Template {
        return Err(Error::new(
            Fault::WrongObjectType,
            "objects of this type are not imported",
        ));
    }
    let mut attributes = incoming.given.clone();
    // What is made of the value is compared with what is given.
    attributes.digest = Default::default();
    New::complete(
        context,
        object_type,
        incoming.id.clone(),
        attributes,
        Some(incoming),
    )?
    .take(context, object)
}

/// An object on its way in.
struct New {
    id: ObjectId,
    object_type: ObjectType,
    attributes: Attributes,
    /// As another server had it.
    incoming: Option<Incoming>,
}

impl New {
    fn begin(
        context: &mut Context<'_>,
        object_type: ObjectType,
        list: &AttributeList,
    ) -> Result<Self> {
        let mut attributes = Attributes::default();
        context.fold(&mut attributes, list)?;
        context.add_defaults(&mut attributes, object_type)?;
        Self::complete(context, object_type, context.new_id(), attributes, None)
    }

    fn complete(
        context: &Context<'_>,
        object_type: ObjectType,
        id: ObjectId,
        mut attributes: Attributes,
        incoming: Option<Incoming>,
    ) -> Result<Self> {
        if is_secret(object_type) {
            template::decide_class(&mut attributes, context.vault()?.as_ref());
        } else if object_type != ObjectType::Template {
            template::decide_public(&mut attributes);
        }
        template::complete(&mut attributes, &id, object_type, context.now);
        Ok(Self {
            id,
            object_type,
            attributes,
            incoming,
        })
    }

    fn take(
        mut self,
        context: &mut Context<'_>,
        object: ManagedObject,
    ) -> Result<UniqueIdentifier> {
        if let Some(block) = object.key_block()
            && block.key_value.is_none()
        {
            return self.description(context, block, &object);
        }
        let keeps_wrapped = self.incoming.as_ref().is_some_and(|own| own.keeps_wrapped);
        if let Some(block) = object.key_block()
            && block.key_wrapping_data.is_some()
            && keeps_wrapped
        {
            return self.unopened(context, block, &object);
        }
        match object {
            ManagedObject::Certificate(object) => self.certificate(context, object),
            ManagedObject::CertificateRequest(object) => self.certificate_request(context, object),
            ManagedObject::OpaqueObject(object) => self.opaque(context, &object),
            ManagedObject::PGPKey(key) => self.pgp_key(context, key),
            ManagedObject::PrivateKey(key)
                if key.key_block.key_format_type == KeyFormatType::PKCS12 =>
            {
                wiped(|| self.pkcs12(context, &key.key_block))
            }
            ManagedObject::PrivateKey(key) => wiped(|| self.private_key(context, key.key_block)),
            ManagedObject::PublicKey(key) => self.public_key(context, key.key_block),
            ManagedObject::SecretData(data) => self.secret_data(context, data),
            ManagedObject::SplitKey(key) => self.split_key(context, key),
            ManagedObject::SymmetricKey(key) => self.symmetric_key(context, key.key_block),
            ManagedObject::Template(template) => self.template(context, &template),
        }
    }

    fn symmetric_key(
        &mut self,
        context: &mut Context<'_>,
        block: KeyBlock,
    ) -> Result<UniqueIdentifier> {
        if let Some(delivery) = wrapping::delivery(context, &block)? {
            return self.delivered(context, &block, &delivery);
        }
        let (block, material) = self.plain(context, block)?;
        let algorithm = self.attributes.cryptographic_algorithm;
        let key = material::symmetric_key(&block, &material, algorithm)?;
        self.key(context, &key, block.key_format_type, &material)
    }

    fn private_key(
        &mut self,
        context: &mut Context<'_>,
        block: KeyBlock,
    ) -> Result<UniqueIdentifier> {
        if let Some(delivery) = wrapping::delivery(context, &block)? {
            return self.delivered(context, &block, &delivery);
        }
        let (block, material) = self.plain(context, block)?;
        if block.key_format_type == KeyFormatType::PKCS8
            && let KeyMaterial::Bytes(bytes) = &material
            && der::is_encrypted_pkcs8(bytes.expose())
        {
            let digest = template::digest(bytes.expose(), Some(KeyFormatType::PKCS8))?;
            self.attributes.digest.push(digest);
            let object = ManagedObject::PrivateKey(KeyObject {
                key_block: block.clone(),
            });
            return self.unopened(context, &block, &object);
        }
        let key = material::private_key(&block, &material)?;
        self.key(context, &key, block.key_format_type, &material)
    }

    /// A secret or private key, into the HSM.
    fn key(
        &mut self,
        context: &mut Context<'_>,
        material: &Material,
        format: KeyFormatType,
        came: &KeyMaterial,
    ) -> Result<UniqueIdentifier> {
        let spec = material.spec();
        self.describe(spec)?;
        profile::check_new_key(
            context.vault()?.as_ref(),
            spec,
            template::usage(&self.attributes)?,
        )?;
        self.attributes.key_format_type = Some(format);
        if self.attributes.extractable == Some(true) {
            self.attributes.digest.push(digest(material, format, came)?);
        }
        halves::note_brought(&mut self.attributes, material)?;
        let custody = context.import(material, &context.terms(&self.id, &self.attributes)?)?;
        self.insert(context, Some(spec), custody)
    }

    fn public_key(
        &mut self,
        context: &mut Context<'_>,
        block: KeyBlock,
    ) -> Result<UniqueIdentifier> {
        let (block, material) = self.plain(context, block)?;
        let (spec, spki) = material::public_key(&block, &material)?;
        let digest = match &material {
            KeyMaterial::Bytes(bytes) => {
                template::digest(bytes.expose(), Some(block.key_format_type))?
            }
            _ => template::digest(&spki, Some(KeyFormatType::X509))?,
        };
        self.describe(spec)?;
        profile::check_new_key(
            context.vault()?.as_ref(),
            spec,
            template::usage(&self.attributes)?,
        )?;
        self.attributes.key_format_type = Some(block.key_format_type);
        self.attributes.digest.push(digest);
        self.insert(context, Some(spec), Custody::Public(spki))
    }

    fn secret_data(
        &mut self,
        context: &mut Context<'_>,
        data: SecretData,
    ) -> Result<UniqueIdentifier> {
        let (block, material) = self.plain(context, data.key_block)?;
        let bytes = material::secret_data(&block, &material)?;
        self.attributes.key_format_type = Some(block.key_format_type);
        self.attributes.cryptographic_length = i32::try_from(bytes.len().saturating_mul(8)).ok();
        self.attributes.digest.push(template::digest(
            bytes.expose(),
            Some(block.key_format_type),
        )?);
        let custody = context.seal(&self.id, &secret_data::join(data.secret_data_type, &bytes))?;
        self.insert(context, None, custody)
    }

    fn opaque(
        &mut self,
        context: &mut Context<'_>,
        object: &OpaqueObject,
    ) -> Result<UniqueIdentifier> {
        self.attributes.opaque_data_type = Some(object.opaque_data_type);
        self.attributes
            .digest
            .push(template::digest(object.opaque_data_value.expose(), None)?);
        let custody = context.seal(&self.id, &object.opaque_data_value)?;
        self.insert(context, None, custody)
    }

    fn certificate(
        &mut self,
        context: &mut Context<'_>,
        object: Certificate,
    ) -> Result<UniqueIdentifier> {
        let der = object.certificate_value.0;
        let certificate_type = object.certificate_type;
        certificate::describe(&mut self.attributes, certificate_type, &der)?;
        if certificate_type == CertificateType::X509 {
            self.attributes.key_format_type = Some(KeyFormatType::X509);
        }
        self.attributes
            .digest
            .push(template::digest(&der, Some(KeyFormatType::Raw))?);
        self.insert(context, None, Custody::Public(der))
    }

    /// The key block without its wrapping, and its material; attributes beside the material become the object's.
    fn plain(
        &mut self,
        context: &mut Context<'_>,
        block: KeyBlock,
    ) -> Result<(KeyBlock, KeyMaterial)> {
        let how = block.key_wrapping_data.clone();
        let block = if how.is_some() {
            wrapping::unwrap(context, &block, self.attributes.sensitive == Some(true))?
        } else {
            block
        };
        if let Some(how) = how {
            // It has left its last place at least, and may come in again as something else.
            self.attributes.never_extractable = Some(false);
            if wrapping::came_under_trusted(context, &how)? {
                marks::want_trusted(&mut self.attributes)?;
            }
            wrapping::remember(&mut self.attributes, how, block.key_value.as_ref())?;
        }
        match block.key_value.clone() {
            Some(KeyValue::Plain {
                key_material,
                attributes,
            }) => {
                template::fold(&mut self.attributes, &attributes)?;
                Ok((block, key_material))
            }
            Some(KeyValue::Wrapped(_)) => Err(Error::invalid_field(
                "a key that is not wrapped has no wrapped value",
            )),
            None => Err(Error::new(Fault::MissingData, "the key value is missing")),
        }
    }

    /// Says what kind of key it is; what the client said must be the same.
    fn describe(&mut self, spec: KeySpec) -> Result<()> {
        let claimed = self.attributes.cryptographic_length;
        if claimed.is_some_and(|length| !material::is_length_of(length, spec)) {
            return Err(Error::invalid_field(
                "Cryptographic Length is not that of the key",
            ));
        }
        let before = self.attributes.cryptographic_algorithm;
        template::describe(&mut self.attributes, spec);
        if before.is_some_and(|before| Some(before) != self.attributes.cryptographic_algorithm) {
            return Err(Error::invalid_field(
                "Cryptographic Algorithm is not that of the key",
            ));
        }
        Ok(())
    }

    fn insert(
        &mut self,
        context: &mut Context<'_>,
        spec: Option<KeySpec>,
        custody: Custody,
    ) -> Result<UniqueIdentifier> {
        let attributes = std::mem::take(&mut self.attributes);
        let record =
            context.new_record(self.id.clone(), self.object_type, spec, attributes, custody);
        match self.incoming.take() {
            Some(incoming) => incoming.finish(context, record),
            None => context.insert(record),
        }
    }
}

/// The digest of a key in the format that it came in, or of its bytes where that format has none (KMIP 2.1 §4.20).
fn digest(key: &Material, format: KeyFormatType, came: &KeyMaterial) -> Result<Digest> {
    match (came, key) {
        (KeyMaterial::Bytes(bytes), _) => template::digest(bytes.expose(), Some(format)),
        (_, Material::Secret { .. }) => {
            template::digest(key.bytes().expose(), Some(KeyFormatType::Raw))
        }
        (_, Material::Private { .. }) => {
            template::digest(key.bytes().expose(), Some(KeyFormatType::PKCS8))
        }
    }
}
