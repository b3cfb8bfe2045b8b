//! Register of what is kept as it came, of templates, and of PKCS #12.

use hsm::Material;
use kmip::{
    CertificateType, CredentialType, KeyFormatType, LinkType, ObjectType, V1_2,
    attribute::{Attribute, AttributeList, Link, UniqueIdentifier},
    object::{
        Certificate, CertificateRequest, KeyBlock, KeyMaterial, KeyValue, ManagedObject, PGPKey,
        SplitKey, Template,
    },
    ttlv::Bytes,
};
use store::Custody;

use super::{New, register};
use crate::{
    context::Context,
    error::{Error, Result},
    fault::Fault,
    links::linked,
    ops::split,
    pkcs12, template, templates, whole,
};

/// Takes in a certificate by which a user is recognised.
pub(in crate::ops) fn credential(
    context: &mut Context<'_>,
    certificate: Certificate,
    attributes: &AttributeList,
) -> Result<UniqueIdentifier> {
    if certificate.certificate_type != CertificateType::X509 {
        return Err(Error::new(
            Fault::FeatureNotServed,
            "the certificates that clients show are those of X.509",
        ));
    }
    let mut new = New::begin(context, ObjectType::Certificate, attributes)?;
    new.attributes.credential_type = Some(CredentialType::Certificate);
    new.certificate(context, certificate)
}

impl New {
    pub(super) fn certificate_request(
        &mut self,
        context: &mut Context<'_>,
        object: CertificateRequest,
    ) -> Result<UniqueIdentifier> {
        let value = &object.certificate_request_value.0;
        self.attributes.digest.push(template::digest(value, None)?);
        let kept = whole::encoded(&ManagedObject::CertificateRequest(object));
        self.insert(context, None, Custody::Public(kept.expose().to_vec()))
    }

    pub(super) fn pgp_key(
        &mut self,
        context: &mut Context<'_>,
        key: PGPKey,
    ) -> Result<UniqueIdentifier> {
        let key_block = self.opaque_block(context, key.key_block)?;
        self.keep(context, &ManagedObject::PGPKey(PGPKey { key_block, ..key }))
    }

    pub(super) fn split_key(
        &mut self,
        context: &mut Context<'_>,
        key: SplitKey,
    ) -> Result<UniqueIdentifier> {
        split::check(&key)?;
        split::describe(&mut self.attributes, &key)?;
        let key_block = self.opaque_block(context, key.key_block)?;
        self.keep(
            context,
            &ManagedObject::SplitKey(SplitKey { key_block, ..key }),
        )
    }

    /// Seals an object as it came.
    fn keep(
        &mut self,
        context: &mut Context<'_>,
        object: &ManagedObject,
    ) -> Result<UniqueIdentifier> {
        let custody = context.seal(&self.id, &whole::encoded(object))?;
        self.insert(context, None, custody)
    }

    /// An object whose value is not opened: it is wrapped and is to stay so, or encrypted under a password that nobody
    /// gave. It is kept, found and given back as it came, and used for nothing.
    pub(super) fn unopened(
        &mut self,
        context: &mut Context<'_>,
        block: &KeyBlock,
        object: &ManagedObject,
    ) -> Result<UniqueIdentifier> {
        self.told(block)?;
        let custody = context.seal_unopened(&self.id, object)?;
        self.insert(context, None, custody)
    }

    /// Takes from a key block what it says of a key that nobody looks into; the attributes must not say otherwise.
    fn told(&mut self, block: &KeyBlock) -> Result<()> {
        let own = &mut self.attributes;
        let algorithm = own
            .cryptographic_algorithm
            .or(block.cryptographic_algorithm);
        let length = own.cryptographic_length.or(block.cryptographic_length);
        if block
            .cryptographic_algorithm
            .is_some_and(|told| Some(told) != algorithm)
            || block
                .cryptographic_length
                .is_some_and(|told| Some(told) != length)
        {
            return Err(Error::invalid_field(
                "the attributes and the key block tell of different keys",
            ));
        }
        own.cryptographic_algorithm = algorithm;
        own.cryptographic_length = length;
        own.key_format_type = Some(block.key_format_type);
        Ok(())
    }

    /// An object whose value is kept elsewhere (KMIP 2.1 §4.29): no more is checked than what the client says of it.
    pub(super) fn description(
        &mut self,
        context: &mut Context<'_>,
        block: &KeyBlock,
        object: &ManagedObject,
    ) -> Result<UniqueIdentifier> {
        // KMIP 1.1 §2.1.3: before 1.2 every Key Block has its Key Value.
        if context.version < V1_2 || block.key_wrapping_data.is_some() {
            return Err(Error::new(Fault::MissingData, "the value is missing"));
        }
        self.told(block)?;
        let own = &mut self.attributes;
        own.key_value_present = Some(false);
        let kept = match object {
            ManagedObject::SplitKey(key) => {
                split::check(key)?;
                whole::encoded(object).expose().to_vec()
            }
            ManagedObject::SecretData(_) | ManagedObject::PGPKey(_) => {
                whole::encoded(object).expose().to_vec()
            }
            _ if own.cryptographic_algorithm.is_none() => {
                return Err(Error::new(
                    Fault::MissingData,
                    "Cryptographic Algorithm is missing",
                ));
            }
            _ => Vec::new(),
        };
        let is_key = kept.is_empty();
        let spec = template::key_spec(own).ok().filter(|_| is_key);
        self.insert(context, spec, Custody::Absent(kept))
    }

    /// A key block whose bytes are not looked into, without what travels beside them.
    fn opaque_block(&mut self, context: &mut Context<'_>, block: KeyBlock) -> Result<KeyBlock> {
        let (block, material) = self.plain(context, block)?;
        let KeyMaterial::Bytes(bytes) = &material else {
            return Err(Error::new(
                Fault::KeyFormatNotServed,
                "this key format type is not served for this object",
            ));
        };
        let format = block.key_format_type;
        self.attributes.key_format_type = Some(format);
        self.attributes
            .digest
            .push(template::digest(bytes.expose(), Some(format))?);
        let own = &mut self.attributes;
        if own.cryptographic_algorithm.is_none() {
            own.cryptographic_algorithm = block.cryptographic_algorithm;
        }
        if own.cryptographic_length.is_none() {
            own.cryptographic_length = block.cryptographic_length;
        }
        if own.cryptographic_algorithm != block.cryptographic_algorithm
            || own.cryptographic_length != block.cryptographic_length
        {
            return Err(Error::invalid_field(
                "the attributes and the key block tell of different keys",
            ));
        }
        Ok(KeyBlock {
            key_value: Some(KeyValue::plain(material)),
            ..block
        })
    }

    pub(super) fn template(
        &mut self,
        context: &mut Context<'_>,
        template: &Template,
    ) -> Result<UniqueIdentifier> {
        context.fold(&mut self.attributes, &template.attributes)?;
        templates::trim(&mut self.attributes);
        self.insert(context, None, Custody::Public(Vec::new()))
    }

    /// A private key that comes with its certificates, which become objects of their own.
    pub(super) fn pkcs12(
        &mut self,
        context: &mut Context<'_>,
        block: &KeyBlock,
    ) -> Result<UniqueIdentifier> {
        let pfx = match (&block.key_value, &block.key_wrapping_data) {
            (Some(KeyValue::Wrapped(bytes)), None) => bytes.0.clone(),
            (
                Some(KeyValue::Plain {
                    key_material: KeyMaterial::Bytes(bytes),
                    ..
                }),
                None,
            ) => bytes.expose().to_vec(),
            _ => {
                return Err(Error::invalid_field(
                    "a PKCS #12 structure is not wrapped, and stands in the key value",
                ));
            }
        };
        let opened = pkcs12::open(context, &self.attributes, &pfx)?;
        let name = &mut self.attributes.pkcs12_friendly_name;
        if name.is_none() {
            name.clone_from(&opened.friendly_name);
        }
        let mut issuer = None;
        for der in opened.certificates.into_iter().rev() {
            let name = self.attributes.pkcs12_friendly_name.clone();
            let attributes = name
                .map(Attribute::PKCS12FriendlyName)
                .into_iter()
                .chain(issuer.map(Attribute::Link));
            let object = ManagedObject::Certificate(Certificate {
                certificate_type: CertificateType::X509,
                certificate_value: Bytes(der),
            });
            issuer = Some(Link {
                link_type: LinkType::PKCS12CertificateLink,
                linked_object_identifier: register(context, object, &attributes.collect())?,
            });
        }
        let given = linked(&self.attributes, LinkType::PKCS12CertificateLink);
        if let (Some(link), None) = (issuer, given) {
            self.attributes.link.push(link);
        }
        let spec = hsm::encoding::pkcs8_spec(&opened.pkcs8)?;
        let material = Material::Private {
            spec,
            pkcs8: opened.pkcs8,
        };
        let came = KeyMaterial::Bytes(material.bytes().clone());
        self.key(context, &material, KeyFormatType::PKCS8, &came)
    }
}
