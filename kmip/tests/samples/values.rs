//! Samples of scalars, and of the types whose fields depend on each other.

use kmip::{attribute::*, message::*, object::*, payload, ttlv::*, *};
// Also the name of an enumeration of the standard.
use kmip::ttlv::ItemType;

use super::{Make, Source};

macro_rules! make {
    ($($type:ty: |$source:ident| $make:expr;)*) => {
        $(impl Make for $type {
            fn make($source: &mut Source<'_>) -> Self {
                $make
            }
        })*
    };
}

make! {
    bool: |source| source.byte() & 1 == 1;
    i32: |source| i32::from_be_bytes(source.array());
    i64: |source| i64::from_be_bytes(source.array());
    String: |source| {
        let letters: Vec<char> = "aZ09 -./äß✓𝛑\u{0}\n".chars().collect();
        let length = source.below(12);
        (0..length).map(|_| letters[source.below(letters.len())]).collect()
    };
    Bytes: |source| {
        let length = source.below(20);
        Self((0..length).map(|_| source.byte()).collect())
    };
    Secret: |source| Bytes::make(source).0.into();
    Timestamp: |source| Self(Make::make(source));
    TimestampExtended: |source| Self(Make::make(source));
    payload::poll::ProcessResponse: |_source| Self {};
    payload::poll::PollResponse: |_source| Self {};
    payload::notify::NotifyResponse: |_source| Self {};
    payload::notify::PutResponse: |_source| Self {};
    Interval: |source| Self(u32::from_be_bytes(source.array()));
    BigInteger: |source| {
        // What is read has been sign-extended to whole words, so the sample is as long.
        let words = source.below(3) + 1;
        let mut magnitude: Vec<_> = (0..words * 8).map(|_| source.byte()).collect();
        magnitude[0] &= 0x7F;
        Self::from_unsigned(&magnitude)
    };
    CryptographicUsageMask: |source| Self(u32::from_be_bytes(source.array()));
    ObjectClassMask: |source| Self(u32::from_be_bytes(source.array()));
    StorageStatusMask: |source| Self(u32::from_be_bytes(source.array()));
    ProtectionStorageMask: |source| Self(u32::from_be_bytes(source.array()));
    Password: |source| Self(String::make(source).into_bytes().into());
    AnyValue: |source| any_value(source);
    UniqueIdentifier: |source| match source.below(8) {
        0 if source.version.is_2() => Self::Enumeration(Make::make(source)),
        3 if source.version.is_2() => Self::Integer(Make::make(source)),
        5 if source.version.is_3() => Self::Name(Make::make(source)),
        _ => Self::Text(Make::make(source)),
    };
    AttributeKind: |source| Self::ALL[source.below(Self::ALL.len())];
    AttributeReference: |source| match source.below(4) {
        3 if source.version.is_3() => Self::Link(Link::TYPES[source.below(20)].0),
        0 if source.version.is_2() => Self::Unknown(Tag::BatchItem),
        1 => Self::Vendor {
            vendor_identification: vendor(source),
            attribute_name: Make::make(source),
        },
        _ => Self::Standard(Make::make(source)),
    };
    VendorAttribute: |source| Self {
        vendor_identification: vendor(source),
        attribute_name: Make::make(source),
        value: Make::make(source),
    };
    SingleAttribute: |source| Self { index: index(source), attribute: Make::make(source) };
    AttributeList: |source| {
        let count = if source.full { 2 } else { source.below(6) };
        let items = (0..count).map(|_| (index(source), Make::make(source))).collect();
        Self { items, templates: Vec::new() }
    };
    // From 3.0 on a name is a text without a type, and a link has the tag of its type.
    Name: |source| match source.version.is_3() {
        true => Self::text(&String::make(source)),
        false => Self { name_value: Make::make(source), name_type: Make::make(source) },
    };
    RotateName: |source| match source.version.is_3() {
        true => Self::text(&String::make(source)),
        false => Self { rotate_name_value: Make::make(source), rotate_name_type: Make::make(source) },
    };
    Link: |source| Self {
        link_type: match source.version.is_3() {
            true => Self::TYPES[source.below(Self::TYPES.len())].0,
            false => Make::make(source),
        },
        linked_object_identifier: Make::make(source),
    };
    Credential: |source| match source.below(6) {
        1 => Self::Device(Make::make(source)),
        2 => Self::Attestation(Make::make(source)),
        3 => Self::OneTimePassword(Make::make(source)),
        4 => Self::HashedPassword(Make::make(source)),
        5 => Self::Ticket(Make::make(source)),
        _ => Self::UsernameAndPassword(Make::make(source)),
    };
    Asynchrony: |source| Self(match source.below(if source.version.is_2() { 3 } else { 2 }) {
        0 => AsynchronousIndicator::Prohibited,
        1 => AsynchronousIndicator::Optional,
        _ => AsynchronousIndicator::Mandatory,
    });
    KeyBlock: |source| key_block(source);
    ManagedObject: |source| match source.below(9) {
        0 => Self::Certificate(Make::make(source)),
        1 => Self::OpaqueObject(Make::make(source)),
        2 => Self::PrivateKey(Make::make(source)),
        3 => Self::PublicKey(Make::make(source)),
        4 => Self::SecretData(Make::make(source)),
        5 => Self::SplitKey(Make::make(source)),
        6 => Self::PGPKey(Make::make(source)),
        7 => Self::CertificateRequest(Make::make(source)),
        _ => Self::SymmetricKey(Make::make(source)),
    };
}

/// The index is 1.x's; 0 is written as absent.
fn index(source: &mut Source<'_>) -> Option<u32> {
    (!source.version.is_2() && source.present()).then(|| u32::from(source.byte()) + 1)
}

/// In 1.x the first hyphen ends the vendor's name, so it has none here.
fn vendor(source: &mut Source<'_>) -> String {
    ["x", "y", "", "ACME Ltd.", "ÄÖÜ"][source.below(5)].to_owned()
}

fn any_value(source: &mut Source<'_>) -> AnyValue {
    let (item_type, body) = match source.below(11) {
        0 => (ItemType::Integer, source.array::<4>().to_vec()),
        1 => (ItemType::LongInteger, source.array::<8>().to_vec()),
        2 => (ItemType::BigInteger, source.array::<16>().to_vec()),
        3 => (ItemType::Enumeration, source.array::<4>().to_vec()),
        4 => (
            ItemType::Boolean,
            u64::from(bool::make(source)).to_be_bytes().to_vec(),
        ),
        5 => (ItemType::ByteString, Bytes::make(source).0),
        6 => (ItemType::DateTime, source.array::<8>().to_vec()),
        7 => (ItemType::Interval, source.array::<4>().to_vec()),
        8 => (ItemType::DateTimeExtended, source.array::<8>().to_vec()),
        9 => {
            let mut writer = Writer::new(source.version);
            writer.text(Tag::AttributeName, &String::make(source));
            writer.integer(Tag(0x54_0001), Make::make(source));
            (ItemType::Structure, writer.bytes().to_vec())
        }
        _ => (ItemType::TextString, String::make(source).into_bytes()),
    };
    AnyValue { item_type, body }
}

fn key_material(source: &mut Source<'_>) -> (KeyFormatType, KeyMaterial) {
    match source.below(10) {
        0 => (
            KeyFormatType::TransparentSymmetricKey,
            KeyMaterial::Symmetric(Make::make(source)),
        ),
        1 => (
            KeyFormatType::TransparentRSAPrivateKey,
            KeyMaterial::RSAPrivate(Box::new(Make::make(source))),
        ),
        2 => (
            KeyFormatType::TransparentRSAPublicKey,
            KeyMaterial::RSAPublic(Make::make(source)),
        ),
        3 => (
            KeyFormatType::TransparentECPrivateKey,
            KeyMaterial::ECPrivate(Make::make(source)),
        ),
        4 => (
            KeyFormatType::TransparentECDSAPublicKey,
            KeyMaterial::ECPublic(Make::make(source)),
        ),
        5 => (
            KeyFormatType::TransparentDSAPrivateKey,
            KeyMaterial::DSAPrivate(Make::make(source)),
        ),
        6 => (
            KeyFormatType::TransparentDSAPublicKey,
            KeyMaterial::DSAPublic(Make::make(source)),
        ),
        7 => (
            KeyFormatType::TransparentDHPrivateKey,
            KeyMaterial::DHPrivate(Make::make(source)),
        ),
        8 => (
            KeyFormatType::TransparentDHPublicKey,
            KeyMaterial::DHPublic(Make::make(source)),
        ),
        _ => (KeyFormatType::Raw, KeyMaterial::Bytes(Make::make(source))),
    }
}

fn key_block(source: &mut Source<'_>) -> KeyBlock {
    let (key_format_type, key_material) = key_material(source);
    let wrapped = !source.full && source.byte() & 7 == 7;
    let key_value = if wrapped {
        KeyValue::Wrapped(Make::make(source))
    } else {
        KeyValue::Plain {
            key_material,
            attributes: Make::make(source),
        }
    };
    KeyBlock {
        key_format_type,
        key_compression_type: Make::make(source),
        key_value: source.present().then_some(key_value),
        cryptographic_algorithm: Make::make(source),
        cryptographic_length: Make::make(source),
        key_wrapping_data: Make::make(source),
    }
}
