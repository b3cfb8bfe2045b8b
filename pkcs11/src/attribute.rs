//! CKA_ ↔ KMIP: one row for each attribute says its form, where it is kept and who may set it.

use cryptoki_sys as ck;
use kmip::{
    CryptographicUsageMask as Mask,
    attribute::{Attribute, Attributes, VendorAttribute},
    mechanism::Hash,
    ttlv::{AnyValue, ItemType},
};

use crate::{UNAVAILABLE, Ulong, brought::hmac_hash, nested};

/// How a value is encoded in C, and as what it travels in a vendor attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Any bytes.
    Bytes,
    /// `CK_DATE`, or nothing.
    Date,
    /// `CK_BBOOL`.
    Flag,
    /// `CK_ULONG`.
    Number,
    /// Several `CK_ULONG`s.
    Numbers,
    /// An array of `CK_ATTRIBUTE`, packed as in [`crate::nested`].
    Template,
    /// UTF-8.
    Text,
}

/// Where a value is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// It follows from what the object is.
    Known,
    /// In the object's value.
    Material,
    /// In the Cryptographic Usage Mask: as these bits in a private or public key, as those in a secret key.
    Usage(Mask, Mask),
    /// In the vendor attribute of this name.
    Vendor(&'static str),
}

/// What a template may say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Given {
    /// Nothing: the module or the daemon sets it.
    Never,
    /// A value at the object's creation.
    Once,
    /// A value, also another one later.
    Always,
}

/// A row of the table.
pub struct Row {
    /// The attribute.
    pub kind: Ulong,
    /// How its value is encoded.
    pub form: Form,
    /// Where its value is kept.
    pub kept: Kept,
    /// What a template may say of it.
    pub given: Given,
}

/// The vendor whose attributes these are.
pub const VENDOR: &str = VendorAttribute::CLIENT;

/// The vendor attribute that marks an object of one application's session; its value names the application's run.
pub const SESSION: &str = VendorAttribute::SESSION;

/// The name of a run in [`SESSION`], of the SHA-256 of the mark by which its application is known: whoever reads the name
/// cannot call as the application.
#[must_use]
pub fn run_name(sha256: &[u8]) -> String {
    sha256
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

const NONE: Mask = Mask(0);
/// Key derivation and agreement are one flag in PKCS #11.
const DERIVE: Mask = Mask(Mask::DeriveKey.0 | Mask::KeyAgreement.0);

macro_rules! rows {
    ($($kind:ident $form:ident $kept:ident $(($($detail:expr),*))? $given:ident;)*) => {
        &[$(Row {
            kind: ck::$kind,
            form: Form::$form,
            kept: Kept::$kept $(($($detail),*))?,
            given: Given::$given,
        },)*]
    };
}

/// Every attribute served.
pub const ROWS: &[Row] = rows! {
    CKA_CLASS Number Known Once;
    CKA_TOKEN Flag Known Once;
    CKA_UNIQUE_ID Text Known Never;
    CKA_PRIVATE Flag Vendor("pkcs11-private") Once;
    CKA_LABEL Text Vendor("pkcs11-label") Always;
    CKA_ID Bytes Vendor("pkcs11-id") Always;
    CKA_APPLICATION Text Vendor("pkcs11-application") Once;
    CKA_OBJECT_ID Bytes Vendor("pkcs11-object-id") Once;
    CKA_SUBJECT Bytes Vendor("pkcs11-subject") Always;
    CKA_ISSUER Bytes Vendor("pkcs11-issuer") Always;
    CKA_SERIAL_NUMBER Bytes Vendor("pkcs11-serial-number") Always;
    CKA_START_DATE Date Vendor("pkcs11-start-date") Always;
    CKA_END_DATE Date Vendor("pkcs11-end-date") Always;
    CKA_URL Text Vendor("pkcs11-url") Once;
    CKA_HASH_OF_SUBJECT_PUBLIC_KEY Bytes Vendor("pkcs11-hash-of-subject-public-key") Once;
    CKA_HASH_OF_ISSUER_PUBLIC_KEY Bytes Vendor("pkcs11-hash-of-issuer-public-key") Once;
    CKA_NAME_HASH_ALGORITHM Number Vendor("pkcs11-name-hash-algorithm") Once;
    CKA_JAVA_MIDP_SECURITY_DOMAIN Number Vendor("pkcs11-java-midp-security-domain") Once;
    CKA_CERTIFICATE_TYPE Number Known Once;
    CKA_CERTIFICATE_CATEGORY Number Vendor("pkcs11-certificate-category") Once;
    CKA_CHECK_VALUE Bytes Vendor("pkcs11-check-value") Once;
    CKA_TRUSTED Flag Vendor("pkcs11-trusted") Always;
    CKA_MODIFIABLE Flag Vendor("pkcs11-modifiable") Once;
    CKA_COPYABLE Flag Vendor("pkcs11-copyable") Always;
    CKA_DESTROYABLE Flag Vendor("pkcs11-destroyable") Once;
    CKA_WRAP_WITH_TRUSTED Flag Vendor("pkcs11-wrap-with-trusted") Always;
    CKA_WRAP_TEMPLATE Template Vendor("pkcs11-wrap-template") Once;
    CKA_UNWRAP_TEMPLATE Template Vendor("pkcs11-unwrap-template") Once;
    CKA_DERIVE_TEMPLATE Template Vendor("pkcs11-derive-template") Once;
    CKA_ENCAPSULATE_TEMPLATE Template Vendor("pkcs11-encapsulate-template") Once;
    CKA_DECAPSULATE_TEMPLATE Template Vendor("pkcs11-decapsulate-template") Once;
    CKA_ALLOWED_MECHANISMS Numbers Vendor("pkcs11-allowed-mechanisms") Once;
    CKA_KEY_GEN_MECHANISM Number Vendor("pkcs11-key-gen-mechanism") Never;
    CKA_LOCAL Flag Vendor("pkcs11-local") Never;
    CKA_KEY_TYPE Number Vendor("pkcs11-key-type") Once;
    CKA_ALWAYS_AUTHENTICATE Flag Vendor("pkcs11-always-authenticate") Once;
    CKA_SENSITIVE Flag Known Always;
    CKA_EXTRACTABLE Flag Known Always;
    CKA_ALWAYS_SENSITIVE Flag Known Never;
    CKA_NEVER_EXTRACTABLE Flag Known Never;
    CKA_ENCRYPT Flag Usage(Mask::Encrypt, Mask::Encrypt) Once;
    CKA_DECRYPT Flag Usage(Mask::Decrypt, Mask::Decrypt) Once;
    CKA_SIGN Flag Usage(Mask::Sign, Mask::MACGenerate) Once;
    CKA_SIGN_RECOVER Flag Vendor("pkcs11-sign-recover") Once;
    CKA_VERIFY Flag Usage(Mask::Verify, Mask::MACVerify) Once;
    CKA_VERIFY_RECOVER Flag Vendor("pkcs11-verify-recover") Once;
    CKA_WRAP Flag Usage(Mask::WrapKey, Mask::WrapKey) Once;
    CKA_UNWRAP Flag Usage(Mask::UnwrapKey, Mask::UnwrapKey) Once;
    CKA_DERIVE Flag Usage(DERIVE, Mask::DeriveKey) Once;
    CKA_ENCAPSULATE Flag Usage(Mask::Encapsulate, NONE) Once;
    CKA_DECAPSULATE Flag Usage(Mask::Decapsulate, NONE) Once;
    CKA_PARAMETER_SET Number Known Once;
    CKA_VALUE_LEN Number Known Once;
    CKA_MODULUS_BITS Number Known Once;
    CKA_MODULUS Bytes Material Once;
    CKA_PUBLIC_EXPONENT Bytes Material Once;
    CKA_PRIVATE_EXPONENT Bytes Material Once;
    CKA_PRIME_1 Bytes Material Once;
    CKA_PRIME_2 Bytes Material Once;
    CKA_EXPONENT_1 Bytes Material Once;
    CKA_EXPONENT_2 Bytes Material Once;
    CKA_COEFFICIENT Bytes Material Once;
    CKA_PRIME Bytes Material Once;
    CKA_SUBPRIME Bytes Material Once;
    CKA_BASE Bytes Material Once;
    CKA_EC_PARAMS Bytes Known Once;
    CKA_EC_POINT Bytes Material Once;
    CKA_PUBLIC_KEY_INFO Bytes Vendor("pkcs11-public-key-info") Once;
    CKA_VALUE Bytes Material Once;
    CKA_SEED Bytes Material Once;
    CKA_PROFILE_ID Number Known Never;
    CKA_MECHANISM_TYPE Number Known Never;
};

/// Attributes that are not served, and are no bytes: their values are read over.
const FOREIGN: &[(Ulong, Form)] = &[
    (ck::CKA_PRIME_BITS, Form::Number),
    (ck::CKA_SUBPRIME_BITS, Form::Number),
    (ck::CKA_VALUE_BITS, Form::Number),
    (ck::CKA_HW_FEATURE_TYPE, Form::Number),
];

/// The form of an attribute; of one that is not known, bytes.
#[must_use]
pub fn form(kind: Ulong) -> Form {
    let served = ROWS.iter().map(|row| (row.kind, row.form));
    let mut all = served.chain(FOREIGN.iter().copied());
    all.find(|(own, _)| *own == kind)
        .map_or(Form::Bytes, |(_, form)| form)
}

/// The attributes that a sensitive or unextractable key does not tell.
pub const SECRET: &[Ulong] = &[
    ck::CKA_VALUE,
    ck::CKA_SEED,
    ck::CKA_PRIVATE_EXPONENT,
    ck::CKA_PRIME_1,
    ck::CKA_PRIME_2,
    ck::CKA_EXPONENT_1,
    ck::CKA_EXPONENT_2,
    ck::CKA_COEFFICIENT,
];

/// The numbers of an RSA private key in the order of RSAPrivateKey (RFC 8017 §A.1.2).
pub(crate) const RSA_PRIVATE: [Ulong; 8] = [
    ck::CKA_MODULUS,
    ck::CKA_PUBLIC_EXPONENT,
    ck::CKA_PRIVATE_EXPONENT,
    ck::CKA_PRIME_1,
    ck::CKA_PRIME_2,
    ck::CKA_EXPONENT_1,
    ck::CKA_EXPONENT_2,
    ck::CKA_COEFFICIENT,
];

/// The row of an attribute.
pub fn row(kind: Ulong) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.kind == kind)
}

/// The row that a vendor attribute belongs to.
pub fn row_of_vendor(name: &str) -> Option<&'static Row> {
    ROWS.iter()
        .find(|row| matches!(row.kept, Kept::Vendor(own) if own == name))
}

/// Whether a key that PKCS #11 made is one for HMAC with this hash function: a generic secret is for all of them, and KMIP
/// has no algorithm of its own for some.
#[must_use]
pub fn makes_hmac(attributes: &Attributes, hash: Hash) -> bool {
    let told = attributes.vendor_of(VENDOR, "pkcs11-key-type").next();
    let shown = told.and_then(|(_, own)| Form::Number.to_c(&own.value));
    let key_type = shown.as_deref().and_then(number);
    key_type.is_some_and(|own| own == ck::CKK_GENERIC_SECRET || hmac_hash(own) == Some(hash))
}

/// A flag in C.
pub fn flag_bytes(flag: bool) -> Vec<u8> {
    vec![u8::from(flag)]
}

/// A number in C.
pub fn number_bytes(number: Ulong) -> Vec<u8> {
    number.to_ne_bytes().to_vec()
}

/// The number that C bytes are.
pub fn number(bytes: &[u8]) -> Option<Ulong> {
    bytes
        .first_chunk()
        .filter(|_| bytes.len() == size_of::<Ulong>())
        .map(|bytes| Ulong::from_ne_bytes(*bytes))
}

impl Form {
    /// Whether C bytes are a value of this form.
    pub fn fits(self, value: &[u8]) -> bool {
        match self {
            Self::Bytes => true,
            Self::Date => matches!(value.len(), 0 | 8),
            Self::Flag => matches!(value, [0 | 1]),
            Self::Number => value.len() == size_of::<Ulong>(),
            Self::Numbers => value.len().is_multiple_of(size_of::<Ulong>()),
            Self::Template => nested::unpacked(value).is_some(),
            Self::Text => std::str::from_utf8(value).is_ok(),
        }
    }

    /// As what a value of this form travels.
    #[must_use]
    pub(crate) const fn item_type(self) -> ItemType {
        match self {
            Self::Bytes | Self::Date | Self::Numbers | Self::Template => ItemType::ByteString,
            Self::Flag => ItemType::Boolean,
            Self::Number => ItemType::LongInteger,
            Self::Text => ItemType::TextString,
        }
    }

    /// A C value as a KMIP value that does not depend on the machine.
    pub fn to_kmip(self, value: &[u8]) -> AnyValue {
        let body = match self {
            Self::Bytes | Self::Date | Self::Template | Self::Text => value.to_vec(),
            Self::Flag => {
                let flag = u64::from(value.iter().any(|byte| *byte != 0));
                flag.to_be_bytes().to_vec()
            }
            Self::Number => wide(value).to_be_bytes().to_vec(),
            Self::Numbers => {
                let numbers = value.chunks_exact(size_of::<Ulong>());
                numbers.flat_map(|one| wide(one).to_be_bytes()).collect()
            }
        };
        AnyValue {
            item_type: self.item_type(),
            body,
        }
    }

    /// A KMIP value in C, if it is of this form.
    pub fn to_c(self, value: &AnyValue) -> Option<Vec<u8>> {
        let narrow = |bytes: &[u8]| {
            let wide = u64::from_be_bytes(*bytes.first_chunk()?);
            Some(number_bytes(Ulong::try_from(wide).unwrap_or(UNAVAILABLE)))
        };
        match (self, value.item_type) {
            (Self::Bytes | Self::Date | Self::Template, ItemType::ByteString)
            | (Self::Text, ItemType::TextString) => Some(value.body.clone()),
            (Self::Flag, ItemType::Boolean) => value.body.last().map(|byte| vec![*byte]),
            (Self::Number, ItemType::LongInteger) => narrow(&value.body),
            (Self::Numbers, ItemType::ByteString) => {
                let numbers = value.body.chunks_exact(8).map(narrow);
                numbers
                    .collect::<Option<Vec<_>>>()
                    .map(|numbers| numbers.concat())
            }
            _ => None,
        }
    }
}

fn wide(value: &[u8]) -> u64 {
    number(value).map_or(0, |number| {
        #[allow(
            clippy::useless_conversion,
            reason = "the number is narrower on some machines"
        )]
        u64::from(number)
    })
}

/// An instance of a row's vendor attribute.
pub fn vendor(name: &str, value: AnyValue) -> Attribute {
    Attribute::Vendor(VendorAttribute {
        vendor_identification: VENDOR.to_owned(),
        attribute_name: name.to_owned(),
        value,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_stands_once() {
        for (position, row) in ROWS.iter().enumerate() {
            assert!(!ROWS[..position].iter().any(|other| other.kind == row.kind));
            if let Kept::Vendor(name) = row.kept {
                assert_eq!(row_of_vendor(name).unwrap().kind, row.kind);
                assert!(name.starts_with("pkcs11-"));
            }
        }
    }

    #[test]
    fn values_survive_the_way_to_the_daemon_and_back() {
        let number = number_bytes(7);
        let numbers = [number_bytes(1), number_bytes(0x1_0000)].concat();
        let cases: &[(Form, &[u8])] = &[
            (Form::Bytes, b"\0\xFF"),
            (Form::Date, b"20261124"),
            (Form::Flag, &[1]),
            (Form::Number, &number),
            (Form::Numbers, &numbers),
            (Form::Text, "Schlüssel".as_bytes()),
        ];
        for (form, value) in cases {
            assert_eq!(form.to_c(&form.to_kmip(value)).as_deref(), Some(*value));
        }
    }
}
