//! How a key was wrapped when it was registered, so that it is given back so (Key Wrap Type As Registered).

use kmip::{
    BlockCipherMode, EncodingOption, KeyWrapType, LinkType, Tag, V2_1, WrappingMethod,
    attribute::{
        Attribute, AttributeReference, Attributes, CryptographicParameters, Link, VendorAttribute,
    },
    object::{
        EncryptionKeyInformation, KeyValue, KeyWrappingData, KeyWrappingSpecification,
        ManagedObject,
    },
    payload::get::GetRequest,
    ttlv::{AnyValue, ItemType, Reader, Structure, Writer},
};
use store::Record;

use crate::{
    error::{Error, Result},
    fault::Fault,
    ops::get,
};

/// Remembers how a key was wrapped that came so, with the attributes that came inside. Where the wrapping can be repeated
/// bit by bit, which is the key alone by AES key wrap, the link to the wrapping key says it all.
pub(crate) fn remember(
    attributes: &mut Attributes,
    how: KeyWrappingData,
    inside: Option<&KeyValue>,
) -> Result<()> {
    let attribute = match link(&how) {
        Some(link) => Attribute::Link(link),
        None => Attribute::Vendor(VendorAttribute {
            vendor_identification: VendorAttribute::SERVER.to_owned(),
            attribute_name: NAME.to_owned(),
            value: encoded(how, inside),
        }),
    };
    attributes.add(attribute)?;
    Ok(())
}

/// How an object was wrapped when it was registered, if it was.
pub(crate) fn as_registered(of: &Record) -> Result<Option<KeyWrappingSpecification>> {
    let own = &of.attributes;
    if let Some((_, own)) = own.vendor_of(VendorAttribute::SERVER, NAME).next() {
        let reader = Reader::new(&own.value.body, Tag::KeyWrappingSpecification, V2_1);
        return KeyWrappingSpecification::read_fields(reader)
            .map(Some)
            .map_err(Error::internal);
    }
    let mut links = own.link.iter();
    let link = links.find(|link| link.link_type == LinkType::WrappingKeyLink);
    Ok(link.map(|link| KeyWrappingSpecification {
        iv_counter_nonce: None,
        authenticated_encryption_additional_data: None,
        wrapping_method: WrappingMethod::Encrypt,
        encryption_key_information: Some(EncryptionKeyInformation {
            unique_identifier: link.linked_object_identifier.clone(),
            cryptographic_parameters: Some(CryptographicParameters {
                block_cipher_mode: Some(BlockCipherMode::NISTKeyWrap),
                ..CryptographicParameters::default()
            }),
        }),
        mac_signature_key_information: None,
        attribute_name: Vec::new(),
        encoding_option: Some(EncodingOption::NoEncoding),
    }))
}

/// What is kept unopened, if it is asked for as it came.
pub(crate) fn as_it_came(kept: ManagedObject, request: &GetRequest) -> Result<ManagedObject> {
    let block = kept
        .key_block()
        .ok_or_else(|| Error::internal("what is kept unopened has no key block"))?;
    if request.key_wrapping_specification.is_some()
        || (request.key_wrap_type == Some(KeyWrapType::NotWrapped)
            && block.key_wrapping_data.is_some())
    {
        return Err(Error::new(
            Fault::KeyWrapNotServed,
            "the object is kept wrapped, and given back only as it was registered",
        ));
    }
    get::check_own_format(block, request)?;
    Ok(kept)
}

fn link(how: &KeyWrappingData) -> Option<Link> {
    let by = how.encryption_key_information.as_ref()?;
    let mode = by.cryptographic_parameters.as_ref()?.block_cipher_mode?;
    let is_repeatable = how.wrapping_method == WrappingMethod::Encrypt
        && how.encoding_option == Some(EncodingOption::NoEncoding)
        && mode == BlockCipherMode::NISTKeyWrap;
    is_repeatable.then(|| Link {
        link_type: LinkType::WrappingKeyLink,
        linked_object_identifier: by.unique_identifier.clone(),
    })
}

fn encoded(how: KeyWrappingData, inside: Option<&KeyValue>) -> AnyValue {
    let mut attribute_name: Vec<AttributeReference> = Vec::new();
    if let Some(KeyValue::Plain { attributes, .. }) = inside {
        for name in attributes.iter().filter_map(reference) {
            if !attribute_name.contains(&name) {
                attribute_name.push(name);
            }
        }
    }
    let specification = KeyWrappingSpecification {
        iv_counter_nonce: None,
        authenticated_encryption_additional_data: None,
        wrapping_method: how.wrapping_method,
        encryption_key_information: how.encryption_key_information,
        mac_signature_key_information: how.mac_signature_key_information,
        attribute_name,
        encoding_option: how.encoding_option,
    };
    let mut writer = Writer::new(V2_1);
    specification.write_fields(&mut writer);
    AnyValue {
        item_type: ItemType::ByteString,
        body: writer.bytes().to_vec(),
    }
}

fn reference(attribute: &Attribute) -> Option<AttributeReference> {
    match attribute {
        Attribute::Vendor(own) => Some(AttributeReference::Vendor {
            vendor_identification: own.vendor_identification.clone(),
            attribute_name: own.attribute_name.clone(),
        }),
        other => other.kind().map(AttributeReference::Standard),
    }
}

const NAME: &str = "Key Wrapping Specification";
