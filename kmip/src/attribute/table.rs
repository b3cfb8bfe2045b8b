//! Every attribute: one row each gives the typed record, the single instance and the rules (KMIP 2.1 §4, 1.4 §3).

use super::{
    AlternativeName, ApplicationSpecificInformation, CertificateIdentifier, CertificateIssuer,
    CertificateSubject, CryptographicDomainParameters, CryptographicParameters, DeactivationReason,
    Digest, KeyValueLocation, Link, Many, Name, One, RNGParameters, Refusal, RevocationReason,
    RotateName, Rule, SetBy, Slot, UniqueIdentifier, UsageLimits, VendorAttribute,
    X509CertificateIdentifier, X509CertificateIssuer, X509CertificateSubject,
};
use crate::{
    CertificateType, CredentialType, CryptographicAlgorithm, CryptographicUsageMask,
    DigitalSignatureAlgorithm, KeyFormatType, NISTKeyType, ObjectClass, ObjectType, OpaqueDataType,
    ProtectionLevel, ProtectionStorageMask, Result, SplitKeyMethod, SplitKeyPolynomial, State, Tag,
    V1_0, V1_1, V1_2, V1_3, V1_4, V2_0, V2_1, V3_0,
    ttlv::{Bytes, Interval, Item, Timestamp, Value, Writer},
};

macro_rules! attributes {
    ($($field:ident: $slot:ident<$type:ty> = $kind:ident, $name:literal, $by:ident, $change:ident, $delete:ident,
        $since:ident $(until $until:ident)?;)*) => {
        /// The attributes of one object, typed.
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct Attributes {
            $(#[doc = concat!($name, ".")] pub $field: $slot<$type>,)*
            /// Vendor attributes, each with the index it keeps for life.
            pub vendor: Vec<(u32, VendorAttribute)>,
        }

        /// One instance of an attribute.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Attribute {
            $(#[doc = concat!($name, ".")] $kind($type),)*
            /// A vendor's or client's own attribute.
            Vendor(VendorAttribute),
        }

        /// Which attribute of the standard.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum AttributeKind {
            $(#[doc = concat!($name, ".")] $kind,)*
        }

        impl AttributeKind {
            /// Every attribute, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$kind),*];

            /// The standard's rules for it.
            #[must_use]
            pub const fn rule(self) -> Rule {
                match self {
                    $(Self::$kind => Rule {
                        name: $name,
                        set_by: SetBy::$by,
                        client_changes: attributes!(@ $change),
                        client_deletes: attributes!(@ $delete),
                        multiple: <$slot<$type> as Slot<$type>>::MULTIPLE,
                        since: $since,
                        until: attributes!(@until $($until)?),
                    },)*
                }
            }

            /// The tag it has in 2.x.
            #[must_use]
            pub const fn tag(self) -> Tag {
                match self { $(Self::$kind => Tag::$kind,)* }
            }

            /// The attribute with this tag in 2.x.
            #[must_use]
            pub const fn from_tag(tag: Tag) -> Option<Self> {
                match tag { $(Tag::$kind => Some(Self::$kind),)* _ => None }
            }

            /// The attribute with this name in 1.x.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$kind),)* _ => None }
            }
        }

        impl Attribute {
            /// Which attribute of the standard this is; `None` for a vendor's.
            #[must_use]
            pub const fn kind(&self) -> Option<AttributeKind> {
                match self { $(Self::$kind(_) => Some(AttributeKind::$kind),)* Self::Vendor(_) => None }
            }

            pub(super) fn read_value(kind: AttributeKind, item: Item<'_>) -> Result<Self> {
                match kind { $(AttributeKind::$kind => <$type>::read(item).map(Self::$kind),)* }
            }

            /// Reads a value to where it stays: to hand it on takes as long as to read it.
            pub(super) fn read_into(items: &mut Vec<(Option<u32>, Self)>, kind: AttributeKind, item: &Item<'_>) -> Result<()> {
                match kind { $(AttributeKind::$kind => {
                    let value = <$type>::read(*item)?;
                    items.push((None, Self::$kind(value)));
                })* }
                Ok(())
            }

            pub(super) fn write_value(&self, tag: Tag, writer: &mut Writer) {
                match self {
                    $(Self::$kind(value) => value.write(tag, writer),)*
                    Self::Vendor(vendor) => vendor.value.write(tag, writer),
                }
            }
        }

        impl Attributes {
            /// The instances of one attribute with their indices.
            #[must_use]
            pub fn of(&self, kind: AttributeKind) -> Vec<(u32, Attribute)> {
                match kind {
                    $(AttributeKind::$kind => Slot::each(&self.$field)
                        .map(|(index, value)| (index, Attribute::$kind(value.clone())))
                        .collect(),)*
                }
            }

            /// Shows every instance of the kinds wanted with its index, in the order of the kinds. Vendors' are apart.
            pub fn visit(&self, wanted: fn(AttributeKind) -> bool, see: &mut dyn FnMut(u32, Attribute)) {
                $(if wanted(AttributeKind::$kind) {
                    for (index, value) in Slot::each(&self.$field) {
                        see(index, Attribute::$kind(value.clone()));
                    }
                })*
            }

            /// Adds an instance and tells its index.
            pub fn add(&mut self, attribute: Attribute) -> std::result::Result<u32, Refusal> {
                match attribute {
                    $(Attribute::$kind(value) => Slot::add(&mut self.$field, value),)*
                    Attribute::Vendor(vendor) => Ok(self.add_vendor(vendor)),
                }
            }

            /// Puts an instance back under the index it had: for reading what was stored.
            pub(super) fn put(&mut self, index: u32, attribute: Attribute) {
                match attribute {
                    $(Attribute::$kind(value) => Slot::put(&mut self.$field, index, value),)*
                    Attribute::Vendor(vendor) => self.vendor.push((index, vendor)),
                }
            }

            /// Replaces the instance with this index.
            pub fn replace(&mut self, index: u32, attribute: Attribute) -> std::result::Result<(), Refusal> {
                match attribute {
                    $(Attribute::$kind(value) => Slot::replace(&mut self.$field, index, value),)*
                    Attribute::Vendor(vendor) => self.replace_vendor(index, vendor),
                }
            }

            /// Removes the instance with this index.
            pub fn remove(&mut self, kind: AttributeKind, index: u32) -> std::result::Result<Attribute, Refusal> {
                match kind {
                    $(AttributeKind::$kind => Slot::remove(&mut self.$field, index).map(Attribute::$kind),)*
                }
            }
        }
    };
    (@ Changes) => { true };
    (@ Fixed) => { false };
    (@ Deletes) => { true };
    (@ Stays) => { false };
    (@until) => { None };
    (@until $until:ident) => { Some($until) };
}

attributes! {
    unique_identifier: One<UniqueIdentifier> = UniqueIdentifier, "Unique Identifier", Server, Fixed, Stays, V1_0;
    name: Many<Name> = Name, "Name", Client, Changes, Deletes, V1_0;
    object_type: One<ObjectType> = ObjectType, "Object Type", Server, Fixed, Stays, V1_0;
    cryptographic_algorithm: One<CryptographicAlgorithm> = CryptographicAlgorithm, "Cryptographic Algorithm", Server, Fixed, Stays, V1_0;
    cryptographic_length: One<i32> = CryptographicLength, "Cryptographic Length", Server, Fixed, Stays, V1_0;
    cryptographic_parameters: Many<Box<CryptographicParameters>> = CryptographicParameters, "Cryptographic Parameters", Client, Changes, Deletes, V1_0;
    cryptographic_domain_parameters: One<CryptographicDomainParameters> = CryptographicDomainParameters, "Cryptographic Domain Parameters", Client, Fixed, Stays, V1_0;
    certificate_type: One<CertificateType> = CertificateType, "Certificate Type", Server, Fixed, Stays, V1_0;
    certificate_identifier: One<CertificateIdentifier> = CertificateIdentifier, "Certificate Identifier", Server, Fixed, Stays, V1_0 until V2_0;
    certificate_subject: One<CertificateSubject> = CertificateSubject, "Certificate Subject", Server, Fixed, Stays, V1_0 until V2_0;
    certificate_issuer: One<CertificateIssuer> = CertificateIssuer, "Certificate Issuer", Server, Fixed, Stays, V1_0 until V2_0;
    digest: Many<Digest> = Digest, "Digest", Server, Fixed, Stays, V1_0;
    operation_policy_name: One<String> = OperationPolicyName, "Operation Policy Name", Either, Fixed, Stays, V1_0 until V2_0;
    cryptographic_usage_mask: One<CryptographicUsageMask> = CryptographicUsageMask, "Cryptographic Usage Mask", Either, Fixed, Stays, V1_0;
    lease_time: One<Interval> = LeaseTime, "Lease Time", Server, Fixed, Stays, V1_0;
    usage_limits: One<UsageLimits> = UsageLimits, "Usage Limits", Either, Changes, Deletes, V1_0;
    state: One<State> = State, "State", Server, Fixed, Stays, V1_0;
    initial_date: One<Timestamp> = InitialDate, "Initial Date", Server, Fixed, Stays, V1_0;
    activation_date: One<Timestamp> = ActivationDate, "Activation Date", Either, Changes, Stays, V1_0;
    process_start_date: One<Timestamp> = ProcessStartDate, "Process Start Date", Either, Changes, Stays, V1_0;
    protect_stop_date: One<Timestamp> = ProtectStopDate, "Protect Stop Date", Either, Changes, Stays, V1_0;
    deactivation_date: One<Timestamp> = DeactivationDate, "Deactivation Date", Either, Changes, Stays, V1_0;
    destroy_date: One<Timestamp> = DestroyDate, "Destroy Date", Server, Fixed, Stays, V1_0;
    compromise_occurrence_date: One<Timestamp> = CompromiseOccurrenceDate, "Compromise Occurrence Date", Server, Fixed, Stays, V1_0;
    compromise_date: One<Timestamp> = CompromiseDate, "Compromise Date", Server, Fixed, Stays, V1_0;
    revocation_reason: One<RevocationReason> = RevocationReason, "Revocation Reason", Server, Fixed, Stays, V1_0;
    archive_date: One<Timestamp> = ArchiveDate, "Archive Date", Server, Fixed, Stays, V1_0;
    object_group: Many<String> = ObjectGroup, "Object Group", Either, Changes, Deletes, V1_0 until V3_0;
    link: Many<Link> = Link, "Link", Either, Changes, Deletes, V1_0 until V3_0;
    application_specific_information: Many<ApplicationSpecificInformation> = ApplicationSpecificInformation, "Application Specific Information", Either, Changes, Deletes, V1_0;
    contact_information: One<String> = ContactInformation, "Contact Information", Either, Changes, Deletes, V1_0;
    last_change_date: One<Timestamp> = LastChangeDate, "Last Change Date", Server, Fixed, Stays, V1_0;
    certificate_length: One<i32> = CertificateLength, "Certificate Length", Server, Fixed, Stays, V1_1;
    x_509_certificate_identifier: One<X509CertificateIdentifier> = X509CertificateIdentifier, "X.509 Certificate Identifier", Server, Fixed, Stays, V1_1;
    x_509_certificate_subject: One<X509CertificateSubject> = X509CertificateSubject, "X.509 Certificate Subject", Server, Fixed, Stays, V1_1;
    x_509_certificate_issuer: One<X509CertificateIssuer> = X509CertificateIssuer, "X.509 Certificate Issuer", Server, Fixed, Stays, V1_1;
    certificate_subject_cn: Many<String> = CertificateSubjectCN, "Certificate Subject CN", Server, Fixed, Stays, V1_4;
    certificate_subject_o: Many<String> = CertificateSubjectO, "Certificate Subject O", Server, Fixed, Stays, V1_4;
    certificate_subject_ou: Many<String> = CertificateSubjectOU, "Certificate Subject OU", Server, Fixed, Stays, V1_4;
    certificate_subject_email: Many<String> = CertificateSubjectEmail, "Certificate Subject Email", Server, Fixed, Stays, V1_4;
    certificate_subject_c: Many<String> = CertificateSubjectC, "Certificate Subject C", Server, Fixed, Stays, V1_4;
    certificate_subject_st: Many<String> = CertificateSubjectST, "Certificate Subject ST", Server, Fixed, Stays, V1_4;
    certificate_subject_l: Many<String> = CertificateSubjectL, "Certificate Subject L", Server, Fixed, Stays, V1_4;
    certificate_subject_uid: Many<String> = CertificateSubjectUID, "Certificate Subject UID", Server, Fixed, Stays, V1_4;
    certificate_subject_serial_number: Many<String> = CertificateSubjectSerialNumber, "Certificate Subject Serial Number", Server, Fixed, Stays, V1_4;
    certificate_subject_title: Many<String> = CertificateSubjectTitle, "Certificate Subject Title", Server, Fixed, Stays, V1_4;
    certificate_subject_dc: Many<String> = CertificateSubjectDC, "Certificate Subject DC", Server, Fixed, Stays, V1_4;
    certificate_subject_dn_qualifier: Many<String> = CertificateSubjectDNQualifier, "Certificate Subject DN Qualifier", Server, Fixed, Stays, V1_4;
    certificate_issuer_cn: Many<String> = CertificateIssuerCN, "Certificate Issuer CN", Server, Fixed, Stays, V1_4;
    certificate_issuer_o: Many<String> = CertificateIssuerO, "Certificate Issuer O", Server, Fixed, Stays, V1_4;
    certificate_issuer_ou: Many<String> = CertificateIssuerOU, "Certificate Issuer OU", Server, Fixed, Stays, V1_4;
    certificate_issuer_email: Many<String> = CertificateIssuerEmail, "Certificate Issuer Email", Server, Fixed, Stays, V1_4;
    certificate_issuer_c: Many<String> = CertificateIssuerC, "Certificate Issuer C", Server, Fixed, Stays, V1_4;
    certificate_issuer_st: Many<String> = CertificateIssuerST, "Certificate Issuer ST", Server, Fixed, Stays, V1_4;
    certificate_issuer_l: Many<String> = CertificateIssuerL, "Certificate Issuer L", Server, Fixed, Stays, V1_4;
    certificate_issuer_uid: Many<String> = CertificateIssuerUID, "Certificate Issuer UID", Server, Fixed, Stays, V1_4;
    certificate_issuer_serial_number: Many<String> = CertificateIssuerSerialNumber, "Certificate Issuer Serial Number", Server, Fixed, Stays, V1_4;
    certificate_issuer_title: Many<String> = CertificateIssuerTitle, "Certificate Issuer Title", Server, Fixed, Stays, V1_4;
    certificate_issuer_dc: Many<String> = CertificateIssuerDC, "Certificate Issuer DC", Server, Fixed, Stays, V1_4;
    certificate_issuer_dn_qualifier: Many<String> = CertificateIssuerDNQualifier, "Certificate Issuer DN Qualifier", Server, Fixed, Stays, V1_4;
    digital_signature_algorithm: Many<DigitalSignatureAlgorithm> = DigitalSignatureAlgorithm, "Digital Signature Algorithm", Server, Fixed, Stays, V1_1;
    fresh: One<bool> = Fresh, "Fresh", Either, Fixed, Stays, V1_1;
    alternative_name: Many<AlternativeName> = AlternativeName, "Alternative Name", Client, Changes, Deletes, V1_2;
    key_value_present: One<bool> = KeyValuePresent, "Key Value Present", Server, Fixed, Stays, V1_2;
    key_value_location: Many<KeyValueLocation> = KeyValueLocation, "Key Value Location", Client, Changes, Deletes, V1_2;
    original_creation_date: One<Timestamp> = OriginalCreationDate, "Original Creation Date", Either, Fixed, Stays, V1_2;
    random_number_generator: One<RNGParameters> = RandomNumberGenerator, "Random Number Generator", Either, Fixed, Stays, V1_3;
    pkcs12_friendly_name: One<String> = PKCS12FriendlyName, "PKCS#12 Friendly Name", Either, Changes, Deletes, V1_4;
    description: One<String> = Description, "Description", Either, Changes, Deletes, V1_4;
    comment: One<String> = Comment, "Comment", Either, Changes, Deletes, V1_4;
    sensitive: One<bool> = Sensitive, "Sensitive", Either, Changes, Stays, V1_4;
    always_sensitive: One<bool> = AlwaysSensitive, "Always Sensitive", Server, Fixed, Stays, V1_4;
    extractable: One<bool> = Extractable, "Extractable", Either, Changes, Stays, V1_4;
    never_extractable: One<bool> = NeverExtractable, "Never Extractable", Server, Fixed, Stays, V1_4;
    key_format_type: One<KeyFormatType> = KeyFormatType, "Key Format Type", Server, Fixed, Stays, V2_0;
    nist_key_type: Many<NISTKeyType> = NISTKeyType, "NIST Key Type", Client, Fixed, Stays, V2_0;
    opaque_data_type: One<OpaqueDataType> = OpaqueDataType, "Opaque Data Type", Server, Fixed, Stays, V2_0;
    protection_level: One<ProtectionLevel> = ProtectionLevel, "Protection Level", Client, Changes, Deletes, V2_0;
    protection_period: One<Interval> = ProtectionPeriod, "Protection Period", Client, Changes, Deletes, V2_0;
    protection_storage_mask: One<ProtectionStorageMask> = ProtectionStorageMask, "Protection Storage Mask", Server, Fixed, Stays, V2_0;
    quantum_safe: One<bool> = QuantumSafe, "Quantum Safe", Client, Changes, Deletes, V2_0;
    short_unique_identifier: One<Bytes> = ShortUniqueIdentifier, "Short Unique Identifier", Server, Fixed, Stays, V2_0;
    rotate_automatic: One<bool> = RotateAutomatic, "Rotate Automatic", Either, Fixed, Stays, V2_1;
    rotate_date: One<Timestamp> = RotateDate, "Rotate Date", Server, Fixed, Stays, V2_1;
    rotate_generation: One<i32> = RotateGeneration, "Rotate Generation", Server, Fixed, Stays, V2_1;
    rotate_interval: One<Interval> = RotateInterval, "Rotate Interval", Either, Fixed, Stays, V2_1;
    rotate_latest: One<bool> = RotateLatest, "Rotate Latest", Server, Fixed, Stays, V2_1;
    rotate_name: One<RotateName> = RotateName, "Rotate Name", Client, Changes, Deletes, V2_1;
    rotate_offset: One<Interval> = RotateOffset, "Rotate Offset", Either, Fixed, Stays, V2_1;
    certify_counter: One<i64> = CertifyCounter, "Certify Counter", Server, Fixed, Stays, V3_0;
    credential_type: One<CredentialType> = CredentialType, "Credential Type", Server, Fixed, Stays, V3_0;
    deactivation_reason: One<DeactivationReason> = DeactivationReason, "Deactivation Reason", Either, Fixed, Stays, V3_0;
    decrypt_counter: One<i64> = DecryptCounter, "Decrypt Counter", Server, Fixed, Stays, V3_0;
    encrypt_counter: One<i64> = EncryptCounter, "Encrypt Counter", Server, Fixed, Stays, V3_0;
    key_part_identifier: One<i32> = KeyPartIdentifier, "Key Part Identifier", Client, Fixed, Stays, V3_0;
    nist_security_category: One<i32> = NISTSecurityCategory, "NIST Security Category", Either, Fixed, Stays, V3_0;
    object_class: One<ObjectClass> = ObjectClass, "Object Class", Either, Fixed, Stays, V3_0;
    otp_counter: One<i32> = OTPCounter, "OTP Counter", Server, Fixed, Stays, V3_0;
    sign_counter: One<i64> = SignCounter, "Sign Counter", Server, Fixed, Stays, V3_0;
    signature_verify_counter: One<i64> = SignatureVerifyCounter, "Signature Verify Counter", Server, Fixed, Stays, V3_0;
    split_key_method: One<SplitKeyMethod> = SplitKeyMethod, "Split Key Method", Client, Fixed, Stays, V3_0;
    split_key_parts: One<i32> = SplitKeyParts, "Split Key Parts", Client, Fixed, Stays, V3_0;
    split_key_polynomial: One<SplitKeyPolynomial> = SplitKeyPolynomial, "Split Key Polynomial", Client, Fixed, Stays, V3_0;
    split_key_threshold: One<i32> = SplitKeyThreshold, "Split Key Threshold", Client, Fixed, Stays, V3_0;
}
