//! Which private key is the half of which public one: a digest of the public half, noted on both records. Links say it as
//! well, but those clients delete and add.

use hsm::{Material, encoding};
use kmip::{
    ObjectType,
    attribute::{Attribute, Attributes, VendorAttribute},
    mechanism::{Hash, KeySpec},
    ttlv::{AnyValue, ItemType},
};
use store::{Custody, Record};

use crate::error::Result;

/// Notes of which pair a half is. Of RSA alone, because no other private key unwraps anything.
pub(crate) fn note(attributes: &mut Attributes, spec: KeySpec, spki: &[u8]) -> Result<()> {
    if !matches!(spec, KeySpec::Rsa { .. }) {
        return Ok(());
    }
    attributes
        .vendor
        .retain(|(_, own)| !(own.vendor_identification == OWN.0 && own.attribute_name == OWN.1));
    let noted = VendorAttribute {
        vendor_identification: OWN.0.to_owned(),
        attribute_name: OWN.1.to_owned(),
        value: AnyValue {
            item_type: ItemType::ByteString,
            body: digest(spki)?,
        },
    };
    attributes.add(Attribute::Vendor(noted))?;
    Ok(())
}

/// Notes of which pair a private key is that came in.
pub(crate) fn note_brought(attributes: &mut Attributes, key: &Material) -> Result<()> {
    match key {
        Material::Private {
            spec: spec @ KeySpec::Rsa { .. },
            pkcs8,
        } => note(attributes, *spec, &encoding::pkcs8_to_spki(pkcs8)?),
        _ => Ok(()),
    }
}

/// Notes of which pair a new public key is.
pub(crate) fn note_public(record: &mut Record) -> Result<()> {
    match (record.object_type, record.spec, &record.custody) {
        (ObjectType::PublicKey, Some(spec), Custody::Public(spki)) => {
            note(&mut record.attributes, spec, spki)
        }
        _ => Ok(()),
    }
}

/// Whether two keys are a pair. Where it was not yet noted when they were made, and cannot be told any more, any two of
/// a length may be.
pub(crate) fn may_be_pair(private: &Record, public: &Record) -> Result<bool> {
    let noted = match (noted(public), &public.custody) {
        (Some(noted), _) => Some(noted.to_vec()),
        (None, Custody::Public(spki)) if public.spec == private.spec => Some(digest(spki)?),
        (None, _) => None,
    };
    Ok(match (self::noted(private), noted) {
        (Some(own), Some(other)) => own == other,
        _ => private.spec == public.spec,
    })
}

fn noted(record: &Record) -> Option<&[u8]> {
    let mut all = record.attributes.vendor_of(OWN.0, OWN.1);
    all.next().map(|(_, own)| own.value.body.as_slice())
}

/// The same however the public key was encoded.
fn digest(spki: &[u8]) -> Result<Vec<u8>> {
    let pkcs1 = encoding::spki_to_pkcs1_public(spki)?;
    Ok(hsm::public::hash(Hash::Sha256, &pkcs1)?)
}

const OWN: (&str, &str) = (VendorAttribute::SERVER, "Public Half");
