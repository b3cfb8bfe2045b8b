//! The versions of the protocol and those that this build speaks.

use std::{cmp::Ordering, fmt};

/// A protocol version, as it stands in each message's header (KMIP 2.1 §9.16).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Version {
    /// The part that changes when messages stop being compatible.
    pub major: u8,
    /// The part that changes when fields are added.
    pub minor: u8,
}

impl Version {
    /// The versions spoken, the preferred one first. 3.0 comes last, because it is a draft that may still change: only
    /// who asks for it gets it.
    pub const SPOKEN: &'static [Self] = &[V2_1, V2_0, V1_4, V1_3, V1_2, V1_1, V1_0, V3_0];

    /// Whether attributes stand under their own tags (2.0 and later) and not in Template-Attribute.
    #[must_use]
    pub const fn is_2(self) -> bool {
        self.major >= 2
    }

    /// Whether identifiers and references have types of their own, links are attributes of their own and names are plain
    /// texts (3.0 and later).
    #[must_use]
    pub const fn is_3(self) -> bool {
        self.major >= 3
    }
}

/// Compared as one number, because every field that came with a version is compared when it is written.
impl Ord for Version {
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        let number = |version: &Self| u16::from_be_bytes([version.major, version.minor]);
        number(self).cmp(&number(other))
    }
}

impl PartialOrd for Version {
    #[inline]
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

macro_rules! versions {
    ($($name:ident = $major:literal.$minor:literal;)*) => {
        $(
            #[doc = concat!("KMIP ", $major, ".", $minor, ".")]
            pub const $name: Version = Version { major: $major, minor: $minor };
        )*
    };
}

versions! {
    V1_0 = 1 . 0;
    V1_1 = 1 . 1;
    V1_2 = 1 . 2;
    V1_3 = 1 . 3;
    V1_4 = 1 . 4;
    V2_0 = 2 . 0;
    V2_1 = 2 . 1;
    V3_0 = 3 . 0;
}
