//! Kinds of keys, and what a template says of a new one.

use cryptoki_sys as ck;
use keyhold_tests::api::{Attribute, Mechanism, Parameter, Place, Ulong, bytes, flag, number};

/// A kind of secret key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secret {
    /// AES of so many bytes.
    Aes(usize),
    /// A generic secret of so many bytes.
    Generic(usize),
    /// A key of HMAC with SHA-256.
    Hmac(usize),
    /// Triple DES of three keys.
    TripleDes,
    /// ChaCha20.
    ChaCha20,
}

impl Secret {
    /// Its type.
    pub const fn key_type(self) -> Ulong {
        match self {
            Self::Aes(_) => ck::CKK_AES,
            Self::Generic(_) => ck::CKK_GENERIC_SECRET,
            Self::Hmac(_) => ck::CKK_SHA256_HMAC,
            Self::TripleDes => ck::CKK_DES3,
            Self::ChaCha20 => ck::CKK_CHACHA20,
        }
    }

    /// Its length.
    pub const fn bytes(self) -> usize {
        match self {
            Self::Aes(bytes) | Self::Generic(bytes) | Self::Hmac(bytes) => bytes,
            Self::TripleDes => 24,
            Self::ChaCha20 => 32,
        }
    }

    /// What makes it, with what its template needs.
    pub fn generation(self) -> (Mechanism, Vec<Attribute>) {
        let kind = match self {
            Self::Aes(_) => ck::CKM_AES_KEY_GEN,
            Self::Generic(_) => ck::CKM_GENERIC_SECRET_KEY_GEN,
            Self::Hmac(_) => ck::CKM_SHA256_KEY_GEN,
            Self::TripleDes => ck::CKM_DES3_KEY_GEN,
            Self::ChaCha20 => ck::CKM_CHACHA20_KEY_GEN,
        };
        let template = match self {
            Self::TripleDes | Self::ChaCha20 => Vec::new(),
            other => vec![number(ck::CKA_VALUE_LEN, ulong(other.bytes()))],
        };
        (Mechanism::from(kind), template)
    }
}

/// A kind of key pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pair {
    /// On P-256.
    P256,
    /// Ed25519.
    Ed25519,
    /// X25519.
    X25519,
    /// RSA of 2048 bits.
    Rsa,
    /// ML-KEM-768.
    MlKem,
}

impl Pair {
    /// What makes it, with what the public template needs.
    pub fn generation(self) -> (Mechanism, Attribute) {
        let (kind, needed) = match self {
            Self::P256 => (ck::CKM_EC_KEY_PAIR_GEN, bytes(ck::CKA_EC_PARAMS, P256)),
            Self::Ed25519 => (
                ck::CKM_EC_EDWARDS_KEY_PAIR_GEN,
                bytes(ck::CKA_EC_PARAMS, b"\x06\x03\x2b\x65\x70"),
            ),
            Self::X25519 => (
                ck::CKM_EC_MONTGOMERY_KEY_PAIR_GEN,
                bytes(ck::CKA_EC_PARAMS, b"\x06\x03\x2b\x65\x6e"),
            ),
            Self::Rsa => (
                ck::CKM_RSA_PKCS_KEY_PAIR_GEN,
                number(ck::CKA_MODULUS_BITS, 2048),
            ),
            Self::MlKem => (
                ck::CKM_ML_KEM_KEY_PAIR_GEN,
                number(ck::CKA_PARAMETER_SET, ck::CKP_ML_KEM_768),
            ),
        };
        (Mechanism::from(kind), needed)
    }
}

/// The curve P-256 as `CKA_EC_PARAMS`.
pub const P256: &[u8] = b"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07";

/// What a key is for, as bits; the order is that of [`USES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uses(pub u16);

impl Uses {
    pub const ENCRYPT: Self = Self(1);
    pub const DECRYPT: Self = Self(2);
    pub const SIGN: Self = Self(4);
    pub const VERIFY: Self = Self(8);
    pub const WRAP: Self = Self(16);
    pub const UNWRAP: Self = Self(32);
    pub const DERIVE: Self = Self(64);
    pub const ENCAPSULATE: Self = Self(128);
    pub const DECAPSULATE: Self = Self(256);

    /// Whether all of these are among them.
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// These and others.
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// As entries of a template for a class, which has those of [`USES`] that are told beside it.
    pub fn entries(self, class: Ulong) -> Vec<Attribute> {
        let of_class = USES
            .iter()
            .filter(|(_, _, classes)| classes.contains(&class));
        of_class
            .map(|(kind, own, _)| flag(*kind, self.has(*own)))
            .collect()
    }
}

const SECRET: Ulong = ck::CKO_SECRET_KEY;
const PRIVATE: Ulong = ck::CKO_PRIVATE_KEY;
const PUBLIC: Ulong = ck::CKO_PUBLIC_KEY;

/// Each use with its attribute, and the classes that have it.
pub const USES: [(Ulong, Uses, &[Ulong]); 9] = [
    (ck::CKA_ENCRYPT, Uses::ENCRYPT, &[SECRET, PUBLIC]),
    (ck::CKA_DECRYPT, Uses::DECRYPT, &[SECRET, PRIVATE]),
    (ck::CKA_SIGN, Uses::SIGN, &[SECRET, PRIVATE]),
    (ck::CKA_VERIFY, Uses::VERIFY, &[SECRET, PUBLIC]),
    (ck::CKA_WRAP, Uses::WRAP, &[SECRET, PUBLIC]),
    (ck::CKA_UNWRAP, Uses::UNWRAP, &[SECRET, PRIVATE]),
    (ck::CKA_DERIVE, Uses::DERIVE, &[SECRET, PRIVATE, PUBLIC]),
    (ck::CKA_ENCAPSULATE, Uses::ENCAPSULATE, &[PUBLIC]),
    (ck::CKA_DECAPSULATE, Uses::DECAPSULATE, &[PRIVATE]),
];

/// What a template says of a new key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Traits {
    pub uses: Uses,
    pub sensitive: Option<bool>,
    pub extractable: Option<bool>,
    pub wrap_with_trusted: bool,
    pub is_token: bool,
    /// What the template should not say.
    pub odd: Option<Odd>,
}

/// What contradicts the rest of a template, or is nobody's to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Odd {
    Local,
    AlwaysSensitive,
    NeverExtractable,
    Trusted,
    Unknown,
    Class,
    TwoLabels,
    NoFlag,
}

impl Odd {
    fn entries(self) -> Vec<Attribute> {
        match self {
            Self::Local => vec![flag(ck::CKA_LOCAL, true)],
            Self::AlwaysSensitive => vec![flag(ck::CKA_ALWAYS_SENSITIVE, true)],
            Self::NeverExtractable => vec![flag(ck::CKA_NEVER_EXTRACTABLE, true)],
            Self::Trusted => vec![flag(ck::CKA_TRUSTED, true)],
            Self::Unknown => vec![bytes(0x8765_4321, b"?")],
            Self::Class => vec![number(ck::CKA_CLASS, ck::CKO_DATA)],
            Self::TwoLabels => vec![bytes(ck::CKA_LABEL, b"one"), bytes(ck::CKA_LABEL, b"two")],
            Self::NoFlag => vec![bytes(ck::CKA_SENSITIVE, b"\x02")],
        }
    }
}

impl Traits {
    /// The entries for a secret or private key.
    pub fn entries(&self, class: Ulong) -> Vec<Attribute> {
        let mut template = self.uses.entries(class);
        template.push(flag(ck::CKA_TOKEN, self.is_token));
        let said = [
            (ck::CKA_SENSITIVE, self.sensitive),
            (ck::CKA_EXTRACTABLE, self.extractable),
            (
                ck::CKA_WRAP_WITH_TRUSTED,
                self.wrap_with_trusted.then_some(true),
            ),
        ];
        template.extend(
            said.iter()
                .filter_map(|(kind, own)| Some(flag(*kind, (*own)?))),
        );
        template.extend(self.odd.map(Odd::entries).unwrap_or_default());
        template
    }
}

/// How a key goes under another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrapping {
    KeyWrap,
    Padded,
    /// With the IV of the caller, which is always the same.
    Gcm,
    /// With an IV that is made inside.
    GcmMade,
    Cbc,
    Oaep,
    Pkcs1,
    RsaAes,
}

/// The IVs are always these.
pub const IV: [u8; 16] = [0x1A; 16];

impl Wrapping {
    /// The mechanism, and where its IV comes; what unwraps is told the IV.
    pub fn mechanism(self, iv: &[u8]) -> (Mechanism, Place) {
        let place = Place::default();
        if self == Self::GcmMade && iv.is_empty() {
            let parameter = Parameter::GcmWrap(place.clone(), Vec::new(), 128);
            return (Mechanism::new(ck::CKM_AES_GCM, parameter), place);
        }
        let (hash, mask) = (ck::CKM_SHA256, ck::CKG_MGF1_SHA256);
        let mechanism = match self {
            Self::KeyWrap => Mechanism::from(ck::CKM_AES_KEY_WRAP),
            Self::Padded => Mechanism::from(ck::CKM_AES_KEY_WRAP_KWP),
            Self::Gcm | Self::GcmMade => {
                let own = if iv.is_empty() { &IV[..12] } else { iv };
                let parameter = Parameter::Gcm(own.to_vec(), Vec::new(), 128);
                Mechanism::new(ck::CKM_AES_GCM, parameter)
            }
            Self::Cbc => Mechanism::iv(ck::CKM_AES_CBC_PAD, &IV),
            Self::Oaep => {
                let parameter = Parameter::Oaep(hash, mask, Vec::new());
                Mechanism::new(ck::CKM_RSA_PKCS_OAEP, parameter)
            }
            Self::Pkcs1 => Mechanism::from(ck::CKM_RSA_PKCS),
            Self::RsaAes => {
                let parameter = Parameter::RsaAes(256, hash, mask);
                Mechanism::new(ck::CKM_RSA_AES_KEY_WRAP, parameter)
            }
        };
        (mechanism, place)
    }

    /// Whether it is GCM.
    pub const fn is_stream(self) -> bool {
        matches!(self, Self::Gcm | Self::GcmMade)
    }
}

/// A length as C has it.
pub fn ulong(length: usize) -> Ulong {
    Ulong::try_from(length).unwrap()
}
