//! Managed objects: every kind and what each carries (KMIP 2.1 §2).

mod credential;
mod key_block;
mod kinds;
mod material;
mod wrapping;

pub use self::{
    credential::{DeviceCredential, HashedPasswordCredential, OTPCredential, PasswordCredential},
    key_block::{KeyBlock, KeyValue},
    kinds::{
        Certificate, CertificateRequest, KeyObject, OpaqueObject, PGPKey, SecretData, SplitKey,
        Template,
    },
    material::{
        KeyMaterial, TransparentDHPrivateKey, TransparentDHPublicKey, TransparentDSAPrivateKey,
        TransparentDSAPublicKey, TransparentECPrivateKey, TransparentECPublicKey,
        TransparentRSAPrivateKey, TransparentRSAPublicKey, TransparentSymmetricKey,
    },
    wrapping::{
        EncryptionKeyInformation, KeyWrappingData, KeyWrappingSpecification,
        MACSignatureKeyInformation,
    },
};
use crate::{
    ObjectType, Result, Tag,
    error::DecodeErrorKind,
    ttlv::{Item, Value, Writer},
};

/// An object as Register and Get carry it, under the tag of its own kind.
#[derive(Clone, PartialEq)]
pub enum ManagedObject {
    /// Certificate.
    Certificate(Certificate),
    /// Certificate Request.
    CertificateRequest(CertificateRequest),
    /// Opaque Object.
    OpaqueObject(OpaqueObject),
    /// PGP Key.
    PGPKey(PGPKey),
    /// Private Key.
    PrivateKey(KeyObject),
    /// Public Key.
    PublicKey(KeyObject),
    /// Secret Data.
    SecretData(SecretData),
    /// Split Key.
    SplitKey(SplitKey),
    /// Symmetric Key.
    SymmetricKey(KeyObject),
    /// Template.
    Template(Template),
}

impl ManagedObject {
    /// What kind of object it is.
    #[must_use]
    pub const fn object_type(&self) -> ObjectType {
        match self {
            Self::Certificate(_) => ObjectType::Certificate,
            Self::CertificateRequest(_) => ObjectType::CertificateRequest,
            Self::OpaqueObject(_) => ObjectType::OpaqueObject,
            Self::PGPKey(_) => ObjectType::PGPKey,
            Self::PrivateKey(_) => ObjectType::PrivateKey,
            Self::PublicKey(_) => ObjectType::PublicKey,
            Self::SecretData(_) => ObjectType::SecretData,
            Self::SplitKey(_) => ObjectType::SplitKey,
            Self::SymmetricKey(_) => ObjectType::SymmetricKey,
            Self::Template(_) => ObjectType::Template,
        }
    }

    /// The key block of a key, of a part of one, or of secret data.
    #[must_use]
    pub const fn key_block(&self) -> Option<&KeyBlock> {
        match self {
            Self::PrivateKey(key) | Self::PublicKey(key) | Self::SymmetricKey(key) => {
                Some(&key.key_block)
            }
            Self::PGPKey(key) => Some(&key.key_block),
            Self::SecretData(data) => Some(&data.key_block),
            Self::SplitKey(key) => Some(&key.key_block),
            Self::Certificate(_)
            | Self::CertificateRequest(_)
            | Self::OpaqueObject(_)
            | Self::Template(_) => None,
        }
    }
}

/// The object's tag is its kind, so it takes any of theirs.
impl Value for ManagedObject {
    fn read(item: Item<'_>) -> Result<Self> {
        Ok(match item.tag {
            Tag::Certificate => Self::Certificate(Value::read(item)?),
            Tag::CertificateRequest => Self::CertificateRequest(Value::read(item)?),
            Tag::OpaqueObject => Self::OpaqueObject(Value::read(item)?),
            Tag::PGPKey => Self::PGPKey(Value::read(item)?),
            Tag::PrivateKey => Self::PrivateKey(Value::read(item)?),
            Tag::PublicKey => Self::PublicKey(Value::read(item)?),
            Tag::SecretData => Self::SecretData(Value::read(item)?),
            Tag::SplitKey => Self::SplitKey(Value::read(item)?),
            Tag::SymmetricKey => Self::SymmetricKey(Value::read(item)?),
            Tag::Template => Self::Template(Value::read(item)?),
            _ => return Err(item.error(DecodeErrorKind::Unexpected)),
        })
    }

    fn write(&self, _: Tag, writer: &mut Writer) {
        match self {
            Self::Certificate(object) => object.write(Tag::Certificate, writer),
            Self::CertificateRequest(object) => object.write(Tag::CertificateRequest, writer),
            Self::OpaqueObject(object) => object.write(Tag::OpaqueObject, writer),
            Self::PGPKey(object) => object.write(Tag::PGPKey, writer),
            Self::PrivateKey(object) => object.write(Tag::PrivateKey, writer),
            Self::PublicKey(object) => object.write(Tag::PublicKey, writer),
            Self::SecretData(object) => object.write(Tag::SecretData, writer),
            Self::SplitKey(object) => object.write(Tag::SplitKey, writer),
            Self::SymmetricKey(object) => object.write(Tag::SymmetricKey, writer),
            Self::Template(object) => object.write(Tag::Template, writer),
        }
    }

    fn takes(_: Tag, _: Option<Tag>, found: Tag) -> bool {
        matches!(
            found,
            Tag::Certificate
                | Tag::CertificateRequest
                | Tag::OpaqueObject
                | Tag::PGPKey
                | Tag::PrivateKey
                | Tag::PublicKey
                | Tag::SecretData
                | Tag::SplitKey
                | Tag::SymmetricKey
                | Tag::Template
        )
    }
}
