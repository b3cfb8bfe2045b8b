//! Register.

use hsm::Material;
use kmip::{
    CertificateType, KeyFormatType, ObjectType,
    attribute::{AttributeList, Attributes},
    object::{
        Certificate, KeyBlock, KeyMaterial, KeyValue, ManagedObject, OpaqueObject, SecretData,
    },
    payload::register::{Register, RegisterRequest, RegisterResponse},
};
use store::{Custody, ObjectId};

use super::Handler;
use crate::{
    certificate,
    context::{Context, new_id},
    error::{Error, Result},
    fault::Fault,
    material,
    policy::Access,
    profile, secret_data, template, wrapping,
};

impl Handler for Register {
    const ACCESS: Access = Access::Create;

    fn handle(context: &mut Context<'_>, request: RegisterRequest) -> Result<RegisterResponse> {
        let object = request
            .object
            .ok_or_else(|| Error::new(Fault::MissingData, "the object is missing"))?;
        let object_type = object.object_type().ok_or_else(|| {
            Error::new(
                Fault::WrongObjectType,
                "objects of this type are not served",
            )
        })?;
        if object_type != request.object_type {
            return Err(Error::invalid_field(
                "the object is not of the object type named",
            ));
        }
        let mut new = New::begin(context, object_type, &request.attributes)?;
        let unique_identifier = match object {
            ManagedObject::SymmetricKey(key) => new.symmetric_key(context, key.key_block)?,
            ManagedObject::PrivateKey(key) => new.private_key(context, key.key_block)?,
            ManagedObject::PublicKey(key) => new.public_key(context, key.key_block)?,
            ManagedObject::SecretData(data) => new.secret_data(context, data)?,
            ManagedObject::OpaqueObject(object) => new.opaque(context, &object)?,
            ManagedObject::Certificate(object) => new.certificate(context, object)?,
            ManagedObject::NotServed(_) => {
                return Err(Error::new(Fault::WrongObjectType, "not served"));
            }
        };
        Ok(RegisterResponse { unique_identifier })
    }
}

/// An object on its way in.
struct New {
    id: ObjectId,
    object_type: ObjectType,
    attributes: Attributes,
}

impl New {
    fn begin(context: &Context<'_>, object_type: ObjectType, list: &AttributeList) -> Result<Self> {
        let mut attributes = Attributes::default();
        template::fold(&mut attributes, list)?;
        let id = new_id();
        let is_public = matches!(object_type, ObjectType::PublicKey | ObjectType::Certificate);
        if is_public {
            template::decide_public(&mut attributes);
        } else {
            template::decide_class(&mut attributes, context.vault()?.as_ref());
        }
        template::complete(&mut attributes, &id, object_type, context.now);
        Ok(Self {
            id,
            object_type,
            attributes,
        })
    }

    fn symmetric_key(
        &mut self,
        context: &mut Context<'_>,
        block: KeyBlock,
    ) -> Result<kmip::attribute::UniqueIdentifier> {
        let (block, material) = self.plain(context, block)?;
        let algorithm = self.attributes.cryptographic_algorithm;
        let material = material::symmetric_key(&block, &material, algorithm)?;
        self.key(context, &material, block.key_format_type)
    }

    fn private_key(
        &mut self,
        context: &mut Context<'_>,
        block: KeyBlock,
    ) -> Result<kmip::attribute::UniqueIdentifier> {
        let (block, material) = self.plain(context, block)?;
        let material = material::private_key(&block, &material)?;
        self.key(context, &material, block.key_format_type)
    }

    /// A secret or private key, into the HSM.
    fn key(
        &mut self,
        context: &mut Context<'_>,
        material: &Material,
        format: KeyFormatType,
    ) -> Result<kmip::attribute::UniqueIdentifier> {
        let (spec, bytes) = match material {
            Material::Secret { spec, bytes } => (*spec, bytes),
            Material::Private { spec, pkcs8 } => (*spec, pkcs8),
        };
        self.describe(spec)?;
        profile::check_new_key(
            context.vault()?.as_ref(),
            spec,
            template::usage(&self.attributes)?,
        )?;
        self.attributes.key_format_type = Some(format);
        if self.attributes.extractable == Some(true) {
            self.attributes
                .digest
                .push(template::digest(bytes.expose(), Some(format))?);
        }
        let custody = context.import(material, &template::terms(&self.id, &self.attributes))?;
        self.insert(context, Some(spec), custody)
    }

    fn public_key(
        &mut self,
        context: &mut Context<'_>,
        block: KeyBlock,
    ) -> Result<kmip::attribute::UniqueIdentifier> {
        let (block, material) = self.plain(context, block)?;
        let (spec, spki) = material::public_key(&block, &material)?;
        self.describe(spec)?;
        profile::check_new_key(
            context.vault()?.as_ref(),
            spec,
            template::usage(&self.attributes)?,
        )?;
        self.attributes.key_format_type = Some(block.key_format_type);
        self.attributes
            .digest
            .push(template::digest(&spki, Some(KeyFormatType::X509))?);
        self.insert(context, Some(spec), Custody::Public(spki))
    }

    fn secret_data(
        &mut self,
        context: &mut Context<'_>,
        data: SecretData,
    ) -> Result<kmip::attribute::UniqueIdentifier> {
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
    ) -> Result<kmip::attribute::UniqueIdentifier> {
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
    ) -> Result<kmip::attribute::UniqueIdentifier> {
        let der = object.certificate_value.0;
        let certificate_type = object.certificate_type;
        certificate::describe(&mut self.attributes, certificate_type, &der)?;
        if certificate_type == CertificateType::X509 {
            self.attributes.key_format_type = Some(KeyFormatType::X509);
        }
        self.attributes
            .digest
            .push(template::digest(&der, Some(KeyFormatType::X509))?);
        self.insert(context, None, Custody::Public(der))
    }

    /// The key block without its wrapping, and its material; attributes beside the material become the object's.
    fn plain(
        &mut self,
        context: &mut Context<'_>,
        block: KeyBlock,
    ) -> Result<(KeyBlock, KeyMaterial)> {
        let block = if block.key_wrapping_data.is_some() {
            wrapping::unwrap(context, &block, self.attributes.sensitive == Some(true))?
        } else {
            block
        };
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
            None => Err(Error::new(
                Fault::MissingData,
                "the key value is missing; keys held elsewhere are not served",
            )),
        }
    }

    /// Says what kind of key it is; what the client said must be the same.
    fn describe(&mut self, spec: kmip::mechanism::KeySpec) -> Result<()> {
        let claimed = self.attributes.cryptographic_length;
        if claimed.is_some_and(|length| length != i32::from(spec.bits())) {
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
        spec: Option<kmip::mechanism::KeySpec>,
        custody: Custody,
    ) -> Result<kmip::attribute::UniqueIdentifier> {
        let attributes = std::mem::take(&mut self.attributes);
        let record =
            context.new_record(self.id.clone(), self.object_type, spec, attributes, custody);
        context.insert(record)
    }
}
