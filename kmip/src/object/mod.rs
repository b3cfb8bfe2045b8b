//! Managed objects: every kind and what each carries (KMIP 2.1 §2).

mod key_block;
mod material;
mod wrapping;

pub use self::{
    key_block::{KeyBlock, KeyValue},
    material::{
        KeyMaterial, TransparentECPrivateKey, TransparentECPublicKey, TransparentRSAPrivateKey,
        TransparentRSAPublicKey, TransparentSymmetricKey,
    },
    wrapping::{
        EncryptionKeyInformation, KeyWrappingData, KeyWrappingSpecification,
        MACSignatureKeyInformation,
    },
};
use crate::{
    CertificateType, ObjectType, OpaqueDataType, Result, Secret, SecretDataType, Tag,
    error::DecodeErrorKind,
    ttlv::{Bytes, Item, Value, Writer, structure},
};

/// An object as Register and Get carry it, under the tag of its own kind.
#[derive(Clone, PartialEq)]
pub enum ManagedObject {
    /// Certificate.
    Certificate(Certificate),
    /// Opaque Object.
    OpaqueObject(OpaqueObject),
    /// Private Key.
    PrivateKey(KeyObject),
    /// Public Key.
    PublicKey(KeyObject),
    /// Secret Data.
    SecretData(SecretData),
    /// Symmetric Key.
    SymmetricKey(KeyObject),
    /// A kind of the standard that is not served: its tag, for the refusal.
    NotServed(Tag),
}

impl ManagedObject {
    /// What kind of object it is; `None` of one that is not served.
    #[must_use]
    pub const fn object_type(&self) -> Option<ObjectType> {
        Some(match self {
            Self::Certificate(_) => ObjectType::Certificate,
            Self::OpaqueObject(_) => ObjectType::OpaqueObject,
            Self::PrivateKey(_) => ObjectType::PrivateKey,
            Self::PublicKey(_) => ObjectType::PublicKey,
            Self::SecretData(_) => ObjectType::SecretData,
            Self::SymmetricKey(_) => ObjectType::SymmetricKey,
            Self::NotServed(_) => return None,
        })
    }

    /// The key block of a key or of secret data.
    #[must_use]
    pub const fn key_block(&self) -> Option<&KeyBlock> {
        match self {
            Self::PrivateKey(key) | Self::PublicKey(key) | Self::SymmetricKey(key) => {
                Some(&key.key_block)
            }
            Self::SecretData(data) => Some(&data.key_block),
            Self::Certificate(_) | Self::OpaqueObject(_) | Self::NotServed(_) => None,
        }
    }
}

/// The object's tag is its kind, so it takes any of theirs.
impl Value for ManagedObject {
    fn read(item: Item<'_>) -> Result<Self> {
        Ok(match item.tag {
            Tag::Certificate => Self::Certificate(Certificate::read(item)?),
            Tag::OpaqueObject => Self::OpaqueObject(OpaqueObject::read(item)?),
            Tag::PrivateKey => Self::PrivateKey(KeyObject::read(item)?),
            Tag::PublicKey => Self::PublicKey(KeyObject::read(item)?),
            Tag::SecretData => Self::SecretData(SecretData::read(item)?),
            Tag::SymmetricKey => Self::SymmetricKey(KeyObject::read(item)?),
            Tag::SplitKey | Tag::Template | Tag::PGPKey | Tag::CertificateRequest => {
                Self::NotServed(item.tag)
            }
            _ => return Err(item.error(DecodeErrorKind::Unexpected)),
        })
    }

    fn write(&self, _: Tag, writer: &mut Writer) {
        match self {
            Self::Certificate(object) => object.write(Tag::Certificate, writer),
            Self::OpaqueObject(object) => object.write(Tag::OpaqueObject, writer),
            Self::PrivateKey(object) => object.write(Tag::PrivateKey, writer),
            Self::PublicKey(object) => object.write(Tag::PublicKey, writer),
            Self::SecretData(object) => object.write(Tag::SecretData, writer),
            Self::SymmetricKey(object) => object.write(Tag::SymmetricKey, writer),
            Self::NotServed(_) => {}
        }
    }

    fn takes(_: Tag, _: Option<Tag>, found: Tag) -> bool {
        matches!(
            found,
            Tag::Certificate
                | Tag::OpaqueObject
                | Tag::PrivateKey
                | Tag::PublicKey
                | Tag::SecretData
                | Tag::SymmetricKey
                | Tag::SplitKey
                | Tag::Template
                | Tag::PGPKey
                | Tag::CertificateRequest
        )
    }
}

structure! {
    /// Symmetric Key, Public Key or Private Key (KMIP 2.1 §2.8, §2.6, §2.5).
    pub struct KeyObject {
        /// The key.
        key_block: KeyBlock = KeyBlock;
    }
}

structure! {
    /// Certificate (KMIP 2.1 §2.1).
    #[derive(Debug, Eq)]
    pub struct Certificate {
        /// X.509 or PGP.
        certificate_type: CertificateType = CertificateType;
        /// The certificate, DER.
        certificate_value: Bytes = CertificateValue;
    }
}

structure! {
    /// Secret Data (KMIP 2.1 §2.7): a password, a seed.
    pub struct SecretData {
        /// What it is.
        secret_data_type: SecretDataType = SecretDataType;
        /// The data.
        key_block: KeyBlock = KeyBlock;
    }
}

structure! {
    /// Opaque Object (KMIP 2.1 §2.3): bytes that the server does not interpret.
    pub struct OpaqueObject {
        /// What it is, in the client's words.
        opaque_data_type: OpaqueDataType = OpaqueDataType;
        /// The bytes.
        opaque_data_value: Secret = OpaqueDataValue;
    }
}
