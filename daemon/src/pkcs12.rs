//! PKCS #12: private keys that come and go with their certificates, under a password that is secret data of the vault
//! (KMIP 1.4 §3.35: PKCS#12 Certificate Link and PKCS#12 Password Link).

use hsm::{
    Material,
    encoding::pkcs12::{self, Contents},
};
use kmip::{
    CryptographicUsageMask, KeyFormatType, LinkType, ObjectType, OperationCode, Secret,
    attribute::{Attributes, UniqueIdentifier},
    object::{KeyBlock, KeyValue},
    ttlv::Bytes,
};
use store::{Custody, Record};

use crate::{
    context::{Authorized, Context},
    custody::Value,
    error::{Error, Result},
    fault::Fault,
    links::linked,
    policy::Access,
    secret_data,
};

/// Opens what a client brings with the password that the new key's attributes link to.
pub(crate) fn open(
    context: &mut Context<'_>,
    attributes: &Attributes,
    pfx: &[u8],
) -> Result<Contents> {
    let password = password(context, attributes)?;
    Ok(pkcs12::open(pfx, &password)?)
}

/// The key block of a private key with its certificates. The caller has checked that the key may leave.
pub(crate) fn close(context: &mut Context<'_>, record: &Record, value: &Value) -> Result<KeyBlock> {
    let Value::Key(Material::Private { pkcs8, .. }) = value else {
        return Err(Error::new(
            Fault::KeyFormatNotServed,
            "only private keys are served as PKCS #12",
        ));
    };
    let password = password(context, &record.attributes)?;
    let certificates = certificates(context, &record.attributes)?;
    let name = record.attributes.pkcs12_friendly_name.as_deref();
    let closed = pkcs12::close(
        pkcs8,
        &certificates,
        name.unwrap_or(&record.id.0),
        &password,
    )?;
    Ok(KeyBlock {
        key_format_type: KeyFormatType::PKCS12,
        key_compression_type: None,
        // KMIP 1.4 §2.1.3: the structure says what is in it, and is encrypted as a whole.
        key_value: Some(KeyValue::Wrapped(Bytes(closed))),
        cryptographic_algorithm: None,
        cryptographic_length: None,
        key_wrapping_data: None,
    })
}

/// The password, which is used as what derives keys is.
fn password(context: &mut Context<'_>, attributes: &Attributes) -> Result<Secret> {
    let id = linked(attributes, LinkType::PKCS12PasswordLink).ok_or_else(|| {
        Error::new(
            Fault::MissingData,
            "the key has no PKCS#12 Password Link to the password",
        )
    })?;
    let object = released(context, &UniqueIdentifier::Text(id.0))?;
    context.permitted(&object, CryptographicUsageMask::DeriveKey)?;
    match (context.value(object.record())?, object.record().object_type) {
        (Value::Bytes(joined), ObjectType::SecretData) => Ok(secret_data::split(&joined)?.1),
        _ => Err(Error::new(
            Fault::WrongObjectType,
            "the PKCS#12 Password Link names no secret data",
        )),
    }
}

/// The certificates from the key's own on, as far as the links go.
fn certificates(context: &mut Context<'_>, attributes: &Attributes) -> Result<Vec<Vec<u8>>> {
    let mut all: Vec<Vec<u8>> = Vec::new();
    let mut next = linked(attributes, LinkType::PKCS12CertificateLink);
    while let Some(id) = next {
        let object = released(context, &UniqueIdentifier::Text(id.0))?;
        let record = object.record();
        let (Custody::Public(der), ObjectType::Certificate) = (&record.custody, record.object_type)
        else {
            return Err(Error::new(
                Fault::WrongObjectType,
                "a PKCS#12 Certificate Link names no certificate",
            ));
        };
        if all.contains(der) {
            break;
        }
        if all.len() >= CERTIFICATES_MAX {
            return Err(Error::invalid_field(
                "the chain of PKCS#12 Certificate Links is longer than 32",
            ));
        }
        all.push(der.clone());
        next = linked(&record.attributes, LinkType::PKCS12CertificateLink);
    }
    Ok(all)
}

/// An object that goes with the key, if the principal may have it.
fn released(context: &mut Context<'_>, id: &UniqueIdentifier) -> Result<Authorized> {
    context.another_object(id, OperationCode::Get, Access::Release)
}

const CERTIFICATES_MAX: usize = 32;
