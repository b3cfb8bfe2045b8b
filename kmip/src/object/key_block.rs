//! Key Block: a key with its format, its algorithm and how it is wrapped (KMIP 2.1 §3.1).

use super::{KeyMaterial, KeyWrappingData};
use crate::{
    CryptographicAlgorithm, KeyCompressionType, KeyFormatType, Result, Tag,
    attribute::AttributeList,
    error::{DecodeError, DecodeErrorKind},
    ttlv::{
        Bytes, Field, Item, ItemType, Reader, Structure, Value, Writer, read_once,
        structure_passes_over,
    },
};

/// Key Block.
#[derive(Clone, PartialEq)]
pub struct KeyBlock {
    /// How the material is encoded.
    pub key_format_type: KeyFormatType,
    /// How an elliptic curve's point is compressed.
    pub key_compression_type: Option<KeyCompressionType>,
    /// The key; absent where only its description is registered.
    pub key_value: Option<KeyValue>,
    /// The algorithm; may be absent where the format says it.
    pub cryptographic_algorithm: Option<CryptographicAlgorithm>,
    /// The length in bits.
    pub cryptographic_length: Option<i32>,
    /// How the key is wrapped, if it is.
    pub key_wrapping_data: Option<KeyWrappingData>,
}

/// Key Value: plain, or wrapped into bytes (KMIP 2.1 §3.2).
#[derive(Clone, PartialEq)]
pub enum KeyValue {
    /// The material and attributes that travel with it.
    Plain {
        /// The material.
        key_material: KeyMaterial,
        /// The attributes.
        attributes: AttributeList,
    },
    /// Wrapped as a whole, material and attributes in TTLV.
    Wrapped(Bytes),
}

impl KeyValue {
    /// Plain material without attributes.
    #[must_use]
    pub fn plain(key_material: KeyMaterial) -> Self {
        Self::Plain {
            key_material,
            attributes: AttributeList::default(),
        }
    }

    /// Reads a key value, whose material's shape follows from the format.
    pub fn read(item: Item<'_>, format: KeyFormatType) -> Result<Self> {
        if item.item_type == ItemType::ByteString {
            return Bytes::read(item).map(Self::Wrapped);
        }
        let mut reader = item.structure()?;
        let (mut material, mut attributes) = (None, AttributeList::default());
        while let Some(inner) = reader.next_item()? {
            let accepted = match inner.tag {
                Tag::KeyMaterial => read_once(&mut material, inner, |inner| {
                    KeyMaterial::read(inner, format)
                }),
                Tag::Attributes | Tag::Attribute => {
                    <AttributeList as Field>::accept(&mut attributes, inner)
                }
                _ => structure_passes_over(inner),
            };
            accepted.map_err(|error| error.within(item.tag))?;
        }
        let missing =
            || DecodeError::at(Tag::KeyMaterial, DecodeErrorKind::Missing).within(item.tag);
        Ok(Self::Plain {
            key_material: material.ok_or_else(missing)?,
            attributes,
        })
    }

    /// Writes the Key Value item.
    pub fn write(&self, writer: &mut Writer) {
        match self {
            Self::Plain {
                key_material,
                attributes,
            } => writer.structure(Tag::KeyValue, |writer| {
                key_material.write(writer);
                if !attributes.is_empty() {
                    attributes.write_field(Tag::Attributes, Some(Tag::Attribute), writer);
                }
            }),
            Self::Wrapped(bytes) => bytes.write(Tag::KeyValue, writer),
        }
    }
}

impl Structure for KeyBlock {
    fn read_fields(mut reader: Reader<'_>) -> Result<Self> {
        let (mut format, mut compression, mut value) = (None, None, None);
        let (mut algorithm, mut length, mut wrapping) = (None, None, None);
        while let Some(item) = reader.next_item()? {
            let accepted = match item.tag {
                Tag::KeyFormatType => read_once(&mut format, item, KeyFormatType::read),
                Tag::KeyCompressionType => read_once(&mut compression, item, Value::read),
                Tag::KeyValue => read_once(&mut value, item, Ok),
                Tag::CryptographicAlgorithm => read_once(&mut algorithm, item, Value::read),
                Tag::CryptographicLength => read_once(&mut length, item, Value::read),
                Tag::KeyWrappingData => read_once(&mut wrapping, item, Value::read),
                _ => structure_passes_over(item),
            };
            accepted.map_err(|error| error.within(reader.tag()))?;
        }
        let missing =
            || DecodeError::at(Tag::KeyFormatType, DecodeErrorKind::Missing).within(reader.tag());
        let format = format.ok_or_else(missing)?;
        let value = value
            .map(|item| KeyValue::read(item, format).map_err(|error| error.within(reader.tag())));
        Ok(Self {
            key_format_type: format,
            key_compression_type: compression,
            key_value: value.transpose()?,
            cryptographic_algorithm: algorithm,
            cryptographic_length: length,
            key_wrapping_data: wrapping,
        })
    }

    fn write_fields(&self, writer: &mut Writer) {
        self.key_format_type.write(Tag::KeyFormatType, writer);
        self.key_compression_type
            .write_field(Tag::KeyCompressionType, None, writer);
        if let Some(value) = &self.key_value {
            value.write(writer);
        }
        self.cryptographic_algorithm
            .write_field(Tag::CryptographicAlgorithm, None, writer);
        self.cryptographic_length
            .write_field(Tag::CryptographicLength, None, writer);
        self.key_wrapping_data
            .write_field(Tag::KeyWrappingData, None, writer);
    }
}

impl Value for KeyBlock {
    fn read(item: Item<'_>) -> Result<Self> {
        Self::read_fields(item.structure()?)
    }

    fn write(&self, tag: Tag, writer: &mut Writer) {
        writer.structure(tag, |writer| self.write_fields(writer));
    }
}
