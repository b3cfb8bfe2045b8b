//! Links: a structure with a type until 2.1, an attribute of its own tag for each type from 3.0 on.

use super::{Link, UniqueIdentifier};
use crate::{LinkType, Tag, Version};

macro_rules! links {
    ($($(#[$meta:meta])* $name:ident = $number:expr, $tag:ident;)*) => {
        impl Link {
            $($(#[$meta])* pub const $name: LinkType = $number;)*

            /// Every type of link with the tag it has in 3.0.
            pub const TYPES: &'static [(LinkType, Tag)] = &[$((Self::$name, Tag::$tag)),*];
        }
    };
}

// A type that came with 3.0 has no number in the enumeration, which ended with 2.1; its tag stands for it here.
links! {
    /// The certificate of a public key.
    CERTIFICATE = LinkType::CertificateLink, CertificateLink;
    /// The public key of a private key.
    PUBLIC_KEY = LinkType::PublicKeyLink, PublicKeyLink;
    /// The private key of a public key.
    PRIVATE_KEY = LinkType::PrivateKeyLink, PrivateKeyLink;
    /// What a key was derived from.
    DERIVATION_BASE_OBJECT = LinkType::DerivationBaseObjectLink, DerivationObjectLink;
    /// What was derived from a key.
    DERIVED_KEY = LinkType::DerivedKeyLink, DerivedObjectLink;
    /// What replaced an object.
    REPLACEMENT_OBJECT = LinkType::ReplacementObjectLink, ReplacementObjectLink;
    /// What an object replaced.
    REPLACED_OBJECT = LinkType::ReplacedObjectLink, ReplacedObjectLink;
    /// The parent.
    PARENT = LinkType::ParentLink, ParentLink;
    /// A child.
    CHILD = LinkType::ChildLink, ChildLink;
    /// The one before.
    PREVIOUS = LinkType::PreviousLink, PreviousLink;
    /// The one after.
    NEXT = LinkType::NextLink, NextLink;
    /// The certificate of a PKCS #12 file.
    PKCS12_CERTIFICATE = LinkType::PKCS12CertificateLink, PKCS12CertificateLink;
    /// The password of a PKCS #12 file.
    PKCS12_PASSWORD = LinkType::PKCS12PasswordLink, PKCS12PasswordLink;
    /// The key that wraps.
    WRAPPING_KEY = LinkType::WrappingKeyLink, WrappingKeyLink;
    /// A credential of a user.
    CREDENTIAL = LinkType(Tag::CredentialLink.0), CredentialLink;
    /// The password of a credential.
    PASSWORD = LinkType(Tag::PasswordLink.0), PasswordLink;
    /// A group of an object.
    GROUP = LinkType(Tag::GroupLink.0), GroupLink;
    /// What a part was split from.
    SPLIT_KEY_BASE = LinkType(Tag::SplitKeyBaseLink.0), SplitKeyBaseLink;
    /// A part that a key was joined from.
    JOINED_SPLIT_KEY_PARTS = LinkType(Tag::JoinedSplitKeyPartsLink.0), JoinedSplitKeyPartsLink;
    /// The request of a certificate.
    CERTIFICATE_REQUEST = LinkType(Tag::CertificateRequestLink.0), CertificateRequestLink;
}

impl Link {
    /// A link to an object.
    #[must_use]
    pub fn to(link_type: LinkType, id: &str) -> Self {
        Self {
            link_type,
            linked_object_identifier: UniqueIdentifier::from(id),
        }
    }

    /// The type whose tag in 3.0 this is.
    #[must_use]
    pub fn type_of(tag: Tag) -> Option<LinkType> {
        // The tags of links stand close together, so that others are told at once.
        let near = (Tag::CertificateLink.0..=Tag::CertificateRequestLink.0).contains(&tag.0);
        let mut types = Self::TYPES.iter().filter(|_| near);
        types.find(|(_, own)| *own == tag).map(|(own, _)| *own)
    }

    /// The tag of a type in 3.0; of one that the standard does not have, its own number if that is a tag.
    #[must_use]
    pub fn tag_of(link_type: LinkType) -> Option<Tag> {
        let mut types = Self::TYPES.iter();
        types
            .find(|(own, _)| *own == link_type)
            .map(|(_, tag)| *tag)
    }

    /// Whether a version can say it: types and names that came with 3.0 mean nothing before.
    #[must_use]
    pub fn applies_to(&self, version: Version) -> bool {
        if version.is_3() {
            return Self::tag_of(self.link_type).is_some();
        }
        Self::type_of(Tag(self.link_type.0)).is_none()
            && !matches!(self.linked_object_identifier, UniqueIdentifier::Name(_))
    }
}
