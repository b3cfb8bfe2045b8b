//! The structures that attributes hold (KMIP 2.1 §4).

use crate::{
    AlternativeNameType, BlockCipherMode, CryptographicAlgorithm, DRBGAlgorithm,
    DeactivationReasonCode, DigitalSignatureAlgorithm, FIPS186Variation, HashingAlgorithm,
    KeyFormatType, KeyRoleType, KeyValueLocationType, LinkType, MaskGenerator, NameType,
    PaddingMethod, RNGAlgorithm, RecommendedCurve, Result, RevocationReasonCode, RotateNameType,
    Tag, UniqueIdentifierEnumeration, UsageLimitsUnit,
    ttlv::{Bytes, Item, ItemType, Value, Writer, structure},
};

/// Unique Identifier; 2.x may also point into the batch (KMIP 2.1 §4.58).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum UniqueIdentifier {
    /// The identifier itself.
    Text(String),
    /// The identifier that an operation of this batch returned, or the placeholder.
    Enumeration(UniqueIdentifierEnumeration),
    /// The n-th identifier of this batch's responses; negative counts backwards from this item.
    Integer(i32),
    /// The name of the object (3.0).
    Name(String),
}

impl From<&str> for UniqueIdentifier {
    fn from(id: &str) -> Self {
        Self::Text(id.to_owned())
    }
}

impl From<String> for UniqueIdentifier {
    fn from(id: String) -> Self {
        Self::Text(id)
    }
}

impl Value for UniqueIdentifier {
    fn read(item: Item<'_>) -> Result<Self> {
        match item.item_type {
            ItemType::Enumeration if item.version().is_2() => {
                UniqueIdentifierEnumeration::read(item).map(Self::Enumeration)
            }
            ItemType::Integer if item.version().is_2() => item.integer().map(Self::Integer),
            ItemType::NameReference => item.identifier().map(|name| Self::Name(name.to_owned())),
            _ => item.identifier().map(Self::from),
        }
    }

    fn write(&self, tag: Tag, writer: &mut Writer) {
        match self {
            Self::Text(id) if !writer.version().is_3() => writer.text(tag, id),
            Self::Text(id) if Link::type_of(tag).is_some() => {
                writer.item(tag, ItemType::Reference, id.as_bytes());
            }
            Self::Text(id) => writer.item(tag, ItemType::Identifier, id.as_bytes()),
            Self::Name(name) => writer.item(tag, ItemType::NameReference, name.as_bytes()),
            Self::Enumeration(which) => which.write(tag, writer),
            Self::Integer(n) => writer.integer(tag, *n),
        }
    }
}

structure! {
    /// Name (KMIP 2.1 §4.32).
    #[derive(Debug, Eq, Hash)]
    pub struct Name text name_value {
        /// The name.
        name_value: String = NameValue;
        /// How to read it.
        name_type: NameType = NameType;
    }
}

impl Name {
    /// An uninterpreted name.
    #[must_use]
    pub fn text(value: &str) -> Self {
        Self {
            name_value: value.to_owned(),
            name_type: NameType::UninterpretedTextString,
        }
    }
}

structure! {
    /// Cryptographic Parameters (KMIP 2.1 §4.16).
    #[derive(Debug, Eq, Hash, Default)]
    pub struct CryptographicParameters {
        /// The mode of a block cipher.
        block_cipher_mode: Option<BlockCipherMode> = BlockCipherMode;
        /// How the input is padded.
        padding_method: Option<PaddingMethod> = PaddingMethod;
        /// The hash of a signature, a MAC, or OAEP's label.
        hashing_algorithm: Option<HashingAlgorithm> = HashingAlgorithm;
        /// The role of a payment key.
        key_role_type: Option<KeyRoleType> = KeyRoleType;
        /// Hash and signature in one.
        digital_signature_algorithm: Option<DigitalSignatureAlgorithm> = DigitalSignatureAlgorithm since V1_2;
        /// The algorithm, where the key alone does not say it.
        cryptographic_algorithm: Option<CryptographicAlgorithm> = CryptographicAlgorithm since V1_2;
        /// Whether the server makes the IV.
        random_iv: Option<bool> = RandomIV since V1_2;
        /// Length of the IV in bits.
        iv_length: Option<i32> = IVLength since V1_2;
        /// Length of the authentication tag in bytes.
        tag_length: Option<i32> = TagLength since V1_2;
        /// Length of the fixed field of a nonce in bits.
        fixed_field_length: Option<i32> = FixedFieldLength since V1_2;
        /// Length of the invocation field of a nonce in bits.
        invocation_field_length: Option<i32> = InvocationFieldLength since V1_2;
        /// Length of the counter in bits.
        counter_length: Option<i32> = CounterLength since V1_2;
        /// The first value of the counter.
        initial_counter_value: Option<i32> = InitialCounterValue since V1_2;
        /// Length of the salt of RSASSA-PSS in bytes.
        salt_length: Option<i32> = SaltLength since V1_4;
        /// The mask generation function.
        mask_generator: Option<MaskGenerator> = MaskGenerator since V1_4;
        /// The hash of the mask generation function.
        mask_generator_hashing_algorithm: Option<HashingAlgorithm> = MaskGeneratorHashingAlgorithm since V1_4;
        /// OAEP's label.
        p_source: Option<Bytes> = PSource since V1_4;
        /// The trailer of RSASSA-PSS; only 1 exists.
        trailer_field: Option<i32> = TrailerField since V1_4;
    }
}

structure! {
    /// Cryptographic Domain Parameters (KMIP 2.1 §4.15).
    #[derive(Debug, Eq, Hash, Default)]
    pub struct CryptographicDomainParameters {
        /// Length of the subgroup in bits.
        qlength: Option<i32> = Qlength;
        /// The curve.
        recommended_curve: Option<RecommendedCurve> = RecommendedCurve;
    }
}

structure! {
    /// Digest of an object's value (KMIP 2.1 §4.21).
    #[derive(Debug, Eq, Hash)]
    pub struct Digest {
        /// The hash function.
        hashing_algorithm: HashingAlgorithm = HashingAlgorithm;
        /// The digest.
        digest_value: Option<Bytes> = DigestValue;
        /// The encoding that was hashed.
        key_format_type: Option<KeyFormatType> = KeyFormatType since V1_1;
    }
}

structure! {
    /// Usage Limits (KMIP 2.1 §4.59).
    #[derive(Debug, Eq, Hash)]
    pub struct UsageLimits {
        /// What may be protected in all.
        usage_limits_total: i64 = UsageLimitsTotal;
        /// What may still be protected.
        usage_limits_count: Option<i64> = UsageLimitsCount;
        /// Bytes or objects.
        usage_limits_unit: UsageLimitsUnit = UsageLimitsUnit;
    }
}

structure! {
    /// Revocation Reason (KMIP 2.1 §4.49).
    #[derive(Debug, Eq, Hash)]
    pub struct RevocationReason {
        /// Why.
        revocation_reason_code: RevocationReasonCode = RevocationReasonCode;
        /// Why, in words.
        revocation_message: Option<String> = RevocationMessage;
    }
}

structure! {
    /// Link to another object (KMIP 2.1 §4.31).
    #[derive(Debug, Eq, Hash)]
    pub struct Link {
        /// What the other object is to this one.
        link_type: LinkType = LinkType;
        /// The other object.
        linked_object_identifier: UniqueIdentifier = LinkedObjectIdentifier;
    }
}

structure! {
    /// Application Specific Information (KMIP 2.1 §4.3).
    #[derive(Debug, Eq, Hash)]
    pub struct ApplicationSpecificInformation {
        /// Whose data.
        application_namespace: String = ApplicationNamespace;
        /// The data; made by the server when absent.
        application_data: Option<String> = ApplicationData;
    }
}

structure! {
    /// Alternative Name (KMIP 2.1 §4.2).
    #[derive(Debug, Eq, Hash)]
    pub struct AlternativeName {
        /// The name.
        alternative_name_value: String = AlternativeNameValue;
        /// What kind of name.
        alternative_name_type: AlternativeNameType = AlternativeNameType;
    }
}

structure! {
    /// Key Value Location (KMIP 2.1 §4.28).
    #[derive(Debug, Eq, Hash)]
    pub struct KeyValueLocation {
        /// Where the key is.
        key_value_location_value: String = KeyValueLocationValue;
        /// How to read that.
        key_value_location_type: KeyValueLocationType = KeyValueLocationType;
    }
}

structure! {
    /// RNG Parameters: how random numbers are made (KMIP 2.1 §7.32).
    #[derive(Debug, Eq, Hash)]
    pub struct RNGParameters {
        /// The construction.
        rng_algorithm: RNGAlgorithm = RNGAlgorithm;
        /// The cipher inside.
        cryptographic_algorithm: Option<CryptographicAlgorithm> = CryptographicAlgorithm;
        /// The cipher's key length in bits.
        cryptographic_length: Option<i32> = CryptographicLength;
        /// The hash inside.
        hashing_algorithm: Option<HashingAlgorithm> = HashingAlgorithm;
        /// The DRBG of NIST SP 800-90A.
        drbg_algorithm: Option<DRBGAlgorithm> = DRBGAlgorithm;
        /// The curve of a dual-EC construction.
        recommended_curve: Option<RecommendedCurve> = RecommendedCurve;
        /// The variation of FIPS 186.
        fips186_variation: Option<FIPS186Variation> = FIPS186Variation;
        /// Whether fresh entropy goes into each request.
        prediction_resistance: Option<bool> = PredictionResistance;
    }
}

structure! {
    /// X.509 Certificate Identifier (KMIP 2.1 §4.62), DER.
    #[derive(Debug, Eq, Hash)]
    pub struct X509CertificateIdentifier {
        /// The issuer's name.
        issuer_distinguished_name: Bytes = IssuerDistinguishedName;
        /// The serial number.
        certificate_serial_number: Bytes = CertificateSerialNumber;
    }
}

structure! {
    /// X.509 Certificate Subject (KMIP 2.1 §4.64), DER.
    #[derive(Debug, Eq, Hash, Default)]
    pub struct X509CertificateSubject {
        /// The subject's name.
        subject_distinguished_name: Option<Bytes> = SubjectDistinguishedName;
        /// Its other names.
        subject_alternative_name: Vec<Bytes> = SubjectAlternativeName;
    }
}

structure! {
    /// X.509 Certificate Issuer (KMIP 2.1 §4.63), DER.
    #[derive(Debug, Eq, Hash)]
    pub struct X509CertificateIssuer {
        /// The issuer's name.
        issuer_distinguished_name: Bytes = IssuerDistinguishedName;
        /// Its other names.
        issuer_alternative_name: Vec<Bytes> = IssuerAlternativeName;
    }
}

structure! {
    /// Certificate Identifier (KMIP 1.0 §3.9), printable.
    #[derive(Debug, Eq, Hash)]
    pub struct CertificateIdentifier {
        /// The issuer's name.
        issuer: String = Issuer;
        /// The serial number.
        serial_number: Option<String> = SerialNumber;
    }
}

structure! {
    /// Certificate Subject (KMIP 1.0 §3.10), printable.
    #[derive(Debug, Eq, Hash, Default)]
    pub struct CertificateSubject {
        /// The subject's name.
        certificate_subject_distinguished_name: Option<String> = CertificateSubjectDistinguishedName;
        /// Its other names.
        certificate_subject_alternative_name: Vec<String> = CertificateSubjectAlternativeName;
    }
}

structure! {
    /// Certificate Issuer (KMIP 1.0 §3.11), printable.
    #[derive(Debug, Eq, Hash)]
    pub struct CertificateIssuer {
        /// The issuer's name.
        certificate_issuer_distinguished_name: String = CertificateIssuerDistinguishedName;
        /// Its other names.
        certificate_issuer_alternative_name: Vec<String> = CertificateIssuerAlternativeName;
    }
}

structure! {
    /// Rotate Name (KMIP 2.1 §4.55).
    #[derive(Debug, Eq, Hash)]
    pub struct RotateName text rotate_name_value {
        /// The name.
        rotate_name_value: String = RotateNameValue;
        /// How to read it.
        rotate_name_type: RotateNameType = RotateNameType;
    }
}

impl RotateName {
    /// An uninterpreted name.
    #[must_use]
    pub fn text(value: &str) -> Self {
        Self {
            rotate_name_value: value.to_owned(),
            rotate_name_type: RotateNameType::UninterpretedTextString,
        }
    }
}

structure! {
    /// Deactivation Reason (KMIP 3.0).
    #[derive(Debug, Eq, Hash)]
    pub struct DeactivationReason {
        /// Why.
        deactivation_reason_code: DeactivationReasonCode = DeactivationReasonCode;
        /// Why, in words.
        deactivation_message: Option<String> = DeactivationMessage;
    }
}
