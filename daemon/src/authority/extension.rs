//! Extensions of certificates: what they say, in DER (RFC 5280 §4.2).

use kmip::{CryptographicUsageMask as Mask, mechanism::Hash};

use crate::{
    der::{self, BIT_STRING, BOOLEAN, OCTET_STRING, OID, SEQUENCE},
    error::Result,
};

/// An extension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Extension {
    /// The contents of its identifier.
    pub(crate) oid: Vec<u8>,
    /// Whether who does not understand it must not accept the certificate.
    pub(crate) is_critical: bool,
    /// Its value, DER.
    pub(crate) value: Vec<u8>,
}

pub(crate) const SUBJECT_KEY_IDENTIFIER: &[u8] = &[0x55, 0x1D, 0x0E];
pub(crate) const KEY_USAGE: &[u8] = &[0x55, 0x1D, 0x0F];
pub(crate) const SUBJECT_ALTERNATIVE_NAME: &[u8] = &[0x55, 0x1D, 0x11];
pub(crate) const ISSUER_ALTERNATIVE_NAME: &[u8] = &[0x55, 0x1D, 0x12];
pub(crate) const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1D, 0x13];
pub(crate) const AUTHORITY_KEY_IDENTIFIER: &[u8] = &[0x55, 0x1D, 0x23];
pub(crate) const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1D, 0x25];

impl Extension {
    fn new(oid: &[u8], is_critical: bool, value: Vec<u8>) -> Self {
        Self {
            oid: oid.to_vec(),
            is_critical,
            value,
        }
    }

    /// Whether the subject is an authority; with none below it.
    pub(crate) fn basic_constraints(is_authority: bool) -> Self {
        let value = if is_authority {
            let path = der::element(der::INTEGER, &[&[0]]);
            der::element(SEQUENCE, &[&der::element(BOOLEAN, &[&[0xFF]]), &path])
        } else {
            der::element(SEQUENCE, &[])
        };
        Self::new(BASIC_CONSTRAINTS, true, value)
    }

    /// What the key may do, one bit each from the highest.
    pub(crate) fn key_usage(bits: u8) -> Self {
        let unused = u8::try_from(bits.trailing_zeros().min(7)).unwrap_or(7);
        Self::new(
            KEY_USAGE,
            true,
            der::element(BIT_STRING, &[&[unused], &[bits]]),
        )
    }

    /// What the certificate is for.
    pub(crate) fn extended_key_usage(purposes: &[Purpose]) -> Self {
        let all: Vec<u8> = purposes
            .iter()
            .flat_map(|purpose| der::element(OID, &[PURPOSES, &[purpose.number()]]))
            .collect();
        Self::new(EXTENDED_KEY_USAGE, false, der::element(SEQUENCE, &[&all]))
    }

    /// Other names of the subject, each a GeneralName; critical where there is no name else (RFC 5280 §4.2.1.6).
    pub(crate) fn alternative_names(names: &[Vec<u8>], is_critical: bool) -> Self {
        let value = der::element(SEQUENCE, &[&names.concat()]);
        Self::new(SUBJECT_ALTERNATIVE_NAME, is_critical, value)
    }

    pub(crate) fn subject_key(spki: &[u8]) -> Result<Self> {
        let value = der::element(OCTET_STRING, &[&key_identifier(spki)?]);
        Ok(Self::new(SUBJECT_KEY_IDENTIFIER, false, value))
    }

    pub(crate) fn authority_key(spki: &[u8]) -> Result<Self> {
        let value = der::element(SEQUENCE, &[&der::element(0x80, &[&key_identifier(spki)?])]);
        Ok(Self::new(AUTHORITY_KEY_IDENTIFIER, false, value))
    }

    /// The extension, DER.
    pub(crate) fn encoded(&self) -> Vec<u8> {
        let critical = der::element(BOOLEAN, &[&[0xFF]]);
        let critical: &[u8] = if self.is_critical { &critical } else { &[] };
        let value = der::element(OCTET_STRING, &[&self.value]);
        der::element(
            SEQUENCE,
            &[&der::element(OID, &[&self.oid]), critical, &value],
        )
    }

    /// Reads what stands in an Extensions structure.
    pub(crate) fn read_all(mut contents: &[u8]) -> Option<Vec<Self>> {
        let mut all = Vec::new();
        while !contents.is_empty() {
            let mut own = der::take(&mut contents, SEQUENCE)?.contents;
            let oid = der::take(&mut own, OID)?.contents.to_vec();
            let critical = der::take(&mut own, BOOLEAN);
            let value = der::only(OCTET_STRING, own)?.to_vec();
            all.push(Self {
                oid,
                is_critical: critical.is_some_and(|element| element.contents != [0]),
                value,
            });
        }
        Some(all)
    }
}

/// RFC 7093 §2, method 1: the leftmost 160 bits of the SHA-256 of the key's bits.
fn key_identifier(spki: &[u8]) -> Result<Vec<u8>> {
    let mut digest = hsm::public::hash(Hash::Sha256, spki)?;
    digest.truncate(20);
    Ok(digest)
}

/// 1.3.6.1.5.5.7.3.
const PURPOSES: &[u8] = &[0x2B, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03];

macro_rules! purposes {
    ($($(#[$meta:meta])* $name:ident = $number:literal, $word:literal;)*) => {
        /// What a certificate is for (RFC 5280 §4.2.1.12).
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, clap::ValueEnum,
        )]
        #[serde(rename_all = "kebab-case")]
        pub enum Purpose {
            $($(#[$meta])* $name,)*
        }

        impl Purpose {
            const fn number(self) -> u8 {
                match self { $(Self::$name => $number,)* }
            }

            /// The word in the store and on the command line.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }

            /// The purpose with this word.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$name),)* _ => None }
            }

            fn from_oid(oid: &[u8]) -> Option<Self> {
                match oid.strip_prefix(PURPOSES)? { $([$number] => Some(Self::$name),)* _ => None }
            }
        }
    };
}

purposes! {
    /// Servers of TLS
    ServerAuth = 1, "server-auth";
    /// Clients of TLS
    ClientAuth = 2, "client-auth";
    /// Signing of programs
    CodeSigning = 3, "code-signing";
    /// Protection of electronic mail
    EmailProtection = 4, "email-protection";
    /// Trusted timestamps
    TimeStamping = 8, "time-stamping";
}

impl Purpose {
    /// The purposes that an Extended Key Usage asks for; none of one that has others.
    pub(crate) fn read_all(value: &[u8]) -> Option<Vec<Self>> {
        let mut contents = der::only(SEQUENCE, value)?;
        let mut all = Vec::new();
        while !contents.is_empty() {
            all.push(Self::from_oid(der::take(&mut contents, OID)?.contents)?);
        }
        Some(all)
    }
}

/// Key Usage of an authority: signing certificates and revocation lists.
pub(crate) const AUTHORITY_USAGE: u8 = 0x06;

/// Key Usage that needs an authority, which is not issued here.
const RESERVED_USAGE: u8 = AUTHORITY_USAGE;

/// Key Usage for what a Cryptographic Usage Mask allows.
pub(crate) fn usage_of_mask(mask: Mask) -> u8 {
    let rows = [
        (Mask::Sign | Mask::Verify, 0x80),
        (Mask::ContentCommitmentNonRepudiation, 0x40),
        (Mask::WrapKey | Mask::UnwrapKey, 0x20),
        (Mask::Encrypt | Mask::Decrypt, 0x30),
        (Mask::KeyAgreement, 0x08),
        (Mask::CertificateSign, 0x04),
        (Mask::CRLSign, 0x02),
    ];
    rows.into_iter()
        .filter(|(uses, _)| mask.intersects(*uses))
        .fold(0, |bits, (_, own)| bits | own)
}

/// The bits of a Key Usage that a request asks for.
pub(crate) fn requested_usage(value: &[u8]) -> Option<u8> {
    der::only(BIT_STRING, value)?.get(1).copied()
}

/// Whether the usage is an authority's.
pub(crate) const fn is_reserved(usage: u8) -> bool {
    usage & RESERVED_USAGE != 0
}

/// Key Usage where nobody says anything.
pub(crate) const SIGNING_USAGE: u8 = 0x80;
