//! Register of keys that the HSM unwraps, and that nobody else sees.

use hsm::Wrapped;
use kmip::{
    CryptographicUsageMask as Mask, KeyFormatType, LinkType, ObjectType, OperationCode, Secret,
    attribute::{Attributes, Link, Name, UniqueIdentifier},
    mechanism::{KeySpec, parameters},
    object::{KeyBlock, KeyMaterial, KeyObject, KeyValue, ManagedObject},
};
use store::{Custody, ObjectId};

use super::{New, register};
use crate::{
    context::Context,
    error::{Error, Result},
    fault::Fault,
    halves, marks,
    ops::wrapping::Delivery,
    policy::Access,
    profile, template,
};

impl New {
    /// Takes a locked key over, and the public half of a private one, unless that is linked already.
    pub(super) fn delivered(
        &mut self,
        context: &mut Context<'_>,
        block: &KeyBlock,
        delivery: &Delivery,
    ) -> Result<UniqueIdentifier> {
        let spec = self.foretold(block)?;
        let usage = template::usage(&self.attributes)?;
        profile::check_new_key(context.vault()?.as_ref(), spec, usage)?;
        // It has left its last place at least.
        self.attributes.never_extractable = Some(false);
        if delivery.wants_trusted {
            marks::want_trusted(&mut self.attributes)?;
        }
        let linked = self.linked_public(context, spec)?;
        let wrapped = Wrapped {
            hash: delivery.hash,
            bytes: &delivery.bytes,
            spec,
            public: linked.as_deref().unwrap_or_default(),
        };
        let (custody, told) =
            context.unwrap(&delivery.under, &wrapped, &self.id, &self.attributes)?;
        if let Some(spki) = told.as_ref().or(linked.as_ref()) {
            halves::note(&mut self.attributes, spec, spki)?;
        }
        let half = match (told, linked) {
            (Some(told), None) => Some((told, public_half(&self.attributes, &self.id))),
            _ => None,
        };
        let id = self.insert(context, Some(spec), custody)?;
        if let Some((spki, attributes)) = half {
            // The private key is what was asked for.
            let own = (context.object.clone(), context.resolve(Some(id.clone()))?);
            let attributes = attributes.each(context.version);
            register(context, public_key(spec, spki), &attributes)?;
            context.object = own.0;
            context.set_placeholder(Some(own.1));
        }
        Ok(id)
    }

    /// The kind of key that is said to come; nobody but the HSM can look.
    fn foretold(&mut self, block: &KeyBlock) -> Result<KeySpec> {
        let own = &mut self.attributes;
        if own.extractable != Some(false) || own.sensitive != Some(true) {
            return Err(Error::new(
                Fault::InvalidAttributeValue,
                "a key that the HSM unwraps is locked: Sensitive, and not Extractable",
            ));
        }
        own.cryptographic_algorithm = own
            .cryptographic_algorithm
            .or(block.cryptographic_algorithm);
        own.cryptographic_length = own.cryptographic_length.or(block.cryptographic_length);
        let spec = template::key_spec(own)?;
        let (object_type, format) = if spec.is_asymmetric() {
            (ObjectType::PrivateKey, KeyFormatType::PKCS8)
        } else {
            (ObjectType::SymmetricKey, KeyFormatType::Raw)
        };
        if self.object_type != object_type {
            return Err(Error::invalid_field(
                "the algorithm is not one of the object type named",
            ));
        }
        if block.key_format_type != format {
            return Err(Error::new(
                Fault::EncodingOption,
                "a private key comes as PKCS #8 and a secret key as its bytes",
            ));
        }
        self.describe(spec)?;
        self.attributes.key_format_type = Some(format);
        Ok(spec)
    }

    /// The public half that is here already.
    fn linked_public(&self, context: &mut Context<'_>, spec: KeySpec) -> Result<Option<Vec<u8>>> {
        let mut links = self.attributes.link.iter();
        let link = links.find(|link| link.link_type == LinkType::PublicKeyLink);
        let Some(link) = link.filter(|_| spec.is_asymmetric()) else {
            return Ok(None);
        };
        let id = link.linked_object_identifier.clone();
        let public = context.another_object(&id, OperationCode::GetAttributes, Access::Read)?;
        match (&public.record().custody, public.record().spec) {
            (Custody::Public(spki), Some(own)) if own == spec => Ok(Some(spki.clone())),
            _ => Err(Error::invalid_field(
                "the public key that is linked is of another kind",
            )),
        }
    }
}

/// The attributes of the public half of a private key.
fn public_half(private: &Attributes, id: &ObjectId) -> Attributes {
    let mut own = Attributes::default();
    for name in private.name.iter() {
        own.name
            .push(Name::text(&format!("{}.public", name.name_value)));
    }
    own.cryptographic_usage_mask = private.cryptographic_usage_mask.map(counterpart);
    own.activation_date = private.activation_date;
    own.link.push(Link {
        link_type: LinkType::PrivateKeyLink,
        linked_object_identifier: UniqueIdentifier::Text(id.0.clone()),
    });
    own
}

/// What a public half does, where the private one does so.
fn counterpart(mask: Mask) -> Mask {
    let signs = Mask::Sign | Mask::CertificateSign | Mask::CRLSign;
    let halves = [
        (signs, Mask::Verify),
        (Mask::Decrypt, Mask::Encrypt),
        (Mask::UnwrapKey, Mask::WrapKey),
        (Mask::Decapsulate, Mask::Encapsulate),
    ];
    let done = halves
        .iter()
        .filter(|(private, _)| mask.intersects(*private));
    done.fold(Mask(0), |all, (_, public)| all | *public)
}

fn public_key(spec: KeySpec, spki: Vec<u8>) -> ManagedObject {
    let (algorithm, length, _) = parameters::key_attributes(spec, None);
    ManagedObject::PublicKey(KeyObject {
        key_block: KeyBlock {
            key_format_type: KeyFormatType::X509,
            key_compression_type: None,
            key_value: Some(KeyValue::plain(KeyMaterial::Bytes(Secret::new(spki)))),
            cryptographic_algorithm: Some(algorithm),
            cryptographic_length: Some(length),
            key_wrapping_data: None,
        },
    })
}
