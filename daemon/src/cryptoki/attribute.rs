//! CKA_: the form of each attribute served here, and where its value is kept.

use cryptoki_sys as ck;
use kmip::CryptographicUsageMask as Mask;

use super::Ulong;

/// How a value is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Any bytes, or text.
    Bytes,
    /// `CK_DATE`.
    Date,
    /// `CK_BBOOL`.
    Flag,
    /// `CK_ULONG`.
    Number,
    /// Several of them.
    Numbers,
}

impl Form {
    /// The bytes of one element, of an array.
    pub(super) const fn array_element_bytes(self) -> Option<usize> {
        match self {
            Self::Bytes => Some(1),
            Self::Numbers => Some(8),
            Self::Date | Self::Flag | Self::Number => None,
        }
    }

    /// The bytes of a value that is no array.
    pub(super) const fn fixed_bytes(self) -> usize {
        match self {
            Self::Flag => 1,
            _ => 8,
        }
    }
}

/// Where a value is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kept {
    /// It follows from what the object is.
    Known,
    /// In the object's public value.
    Public,
    /// In the object's value, which a sensitive key does not tell.
    Value,
    /// In the usage mask: as these bits in a private or public key, as those in a secret key.
    Usage(Mask, Mask),
    /// In the vendor attribute of this name, which the PKCS#11 module shares.
    Vendor(&'static str),
}

/// Key derivation and agreement are one flag in PKCS #11.
const DERIVE: Mask = Mask(Mask::DeriveKey.0 | Mask::KeyAgreement.0);

const ROWS: &[(Ulong, Form, Kept)] = &[
    (ck::CKA_CLASS, Form::Number, Kept::Known),
    (ck::CKA_TOKEN, Form::Flag, Kept::Known),
    (ck::CKA_PRIVATE, Form::Flag, Kept::Known),
    (ck::CKA_MODIFIABLE, Form::Flag, Kept::Known),
    (ck::CKA_COPYABLE, Form::Flag, Kept::Known),
    (ck::CKA_DESTROYABLE, Form::Flag, Kept::Known),
    (ck::CKA_UNIQUE_ID, Form::Bytes, Kept::Known),
    (ck::CKA_LABEL, Form::Bytes, Kept::Vendor("pkcs11-label")),
    (ck::CKA_ID, Form::Bytes, Kept::Vendor("pkcs11-id")),
    (ck::CKA_KEY_TYPE, Form::Number, Kept::Known),
    (ck::CKA_CERTIFICATE_TYPE, Form::Number, Kept::Known),
    (ck::CKA_SENSITIVE, Form::Flag, Kept::Known),
    (ck::CKA_EXTRACTABLE, Form::Flag, Kept::Known),
    (ck::CKA_ALWAYS_SENSITIVE, Form::Flag, Kept::Known),
    (ck::CKA_NEVER_EXTRACTABLE, Form::Flag, Kept::Known),
    (ck::CKA_VALUE_LEN, Form::Number, Kept::Known),
    (ck::CKA_MODULUS_BITS, Form::Number, Kept::Known),
    (ck::CKA_EC_PARAMS, Form::Bytes, Kept::Known),
    (
        ck::CKA_ENCRYPT,
        Form::Flag,
        Kept::Usage(Mask::Encrypt, Mask::Encrypt),
    ),
    (
        ck::CKA_DECRYPT,
        Form::Flag,
        Kept::Usage(Mask::Decrypt, Mask::Decrypt),
    ),
    (
        ck::CKA_SIGN,
        Form::Flag,
        Kept::Usage(Mask::Sign, Mask::MACGenerate),
    ),
    (
        ck::CKA_VERIFY,
        Form::Flag,
        Kept::Usage(Mask::Verify, Mask::MACVerify),
    ),
    (
        ck::CKA_WRAP,
        Form::Flag,
        Kept::Usage(Mask::WrapKey, Mask::WrapKey),
    ),
    (
        ck::CKA_UNWRAP,
        Form::Flag,
        Kept::Usage(Mask::UnwrapKey, Mask::UnwrapKey),
    ),
    (
        ck::CKA_DERIVE,
        Form::Flag,
        Kept::Usage(DERIVE, Mask::DeriveKey),
    ),
    (ck::CKA_MODULUS, Form::Bytes, Kept::Public),
    (ck::CKA_PUBLIC_EXPONENT, Form::Bytes, Kept::Public),
    (ck::CKA_EC_POINT, Form::Bytes, Kept::Public),
    (ck::CKA_VALUE, Form::Bytes, Kept::Value),
];

/// Attributes that are not served here, and are no bytes: their values are read over.
const FOREIGN: &[(Ulong, Form)] = &[
    (ck::CKA_TRUSTED, Form::Flag),
    (ck::CKA_LOCAL, Form::Flag),
    (ck::CKA_SIGN_RECOVER, Form::Flag),
    (ck::CKA_VERIFY_RECOVER, Form::Flag),
    (ck::CKA_ALWAYS_AUTHENTICATE, Form::Flag),
    (ck::CKA_WRAP_WITH_TRUSTED, Form::Flag),
    (ck::CKA_START_DATE, Form::Date),
    (ck::CKA_END_DATE, Form::Date),
    (ck::CKA_KEY_GEN_MECHANISM, Form::Number),
    (ck::CKA_NAME_HASH_ALGORITHM, Form::Number),
    (ck::CKA_CERTIFICATE_CATEGORY, Form::Number),
    (ck::CKA_JAVA_MIDP_SECURITY_DOMAIN, Form::Number),
    (ck::CKA_PRIME_BITS, Form::Number),
    (ck::CKA_SUBPRIME_BITS, Form::Number),
    (ck::CKA_VALUE_BITS, Form::Number),
    (ck::CKA_PROFILE_ID, Form::Number),
    (ck::CKA_HW_FEATURE_TYPE, Form::Number),
    (ck::CKA_MECHANISM_TYPE, Form::Number),
    (ck::CKA_ALLOWED_MECHANISMS, Form::Numbers),
];

/// The form of an attribute; of one that is not known, bytes.
pub(crate) fn form(kind: Ulong) -> Form {
    let served = ROWS.iter().map(|(own, form, _)| (*own, *form));
    served
        .chain(FOREIGN.iter().copied())
        .find(|(own, _)| *own == kind)
        .map_or(Form::Bytes, |(_, form)| form)
}

/// Where an attribute is kept that is served here.
pub(crate) fn kept(kind: Ulong) -> Option<Kept> {
    ROWS.iter()
        .find(|(own, ..)| *own == kind)
        .map(|(.., kept)| *kept)
}

/// Every flag of use with its bits, for secret keys or for others.
pub(crate) fn usage(secret: bool) -> impl Iterator<Item = (Ulong, Mask)> {
    ROWS.iter().filter_map(move |(kind, _, kept)| match kept {
        Kept::Usage(_, symmetric) if secret => Some((*kind, *symmetric)),
        Kept::Usage(asymmetric, _) => Some((*kind, *asymmetric)),
        _ => None,
    })
}

/// `CKA_ID` of an object that has none of its own: the bytes of its identifier.
pub(crate) fn id_bytes(id: &str) -> Vec<u8> {
    match uuid::Uuid::try_parse(id) {
        Ok(uuid) => uuid.into_bytes().to_vec(),
        Err(_) => id.bytes().take(16).collect(),
    }
}

/// The identifier whose bytes these are.
pub(crate) fn id_of_bytes(bytes: &[u8]) -> Option<String> {
    let uuid = uuid::Uuid::from_slice(bytes).ok()?;
    Some(uuid.to_string())
}
