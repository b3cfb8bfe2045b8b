//! Words for numbers: which vocabulary stands under a tag, and how texts spell tags and values.

use std::{collections::HashMap, sync::LazyLock};

use super::*;

/// The spelling of one vocabulary's values in texts.
#[derive(Clone, Copy)]
pub(crate) struct Words {
    /// Whether values are sums of the vocabulary's bits.
    pub(crate) is_mask: bool,
    /// The word of a value, or of a bit.
    pub(crate) name_of: fn(u32) -> Option<&'static str>,
    /// The value, or the bit, of a word as clients spell it.
    pub(crate) number_of: fn(&str) -> Option<u32>,
}

/// An enumeration or a mask with its words.
pub(super) trait Vocabulary {
    const WORDS: Words;
}

/// Whether two spellings are of one word: case, spaces and punctuation do not count, because the rules for them are
/// read differently in the field (KMIP Profiles 2.1 §5.2, §5.3).
pub(crate) fn is_same(one: &str, other: &str) -> bool {
    folded(one).eq(folded(other))
}

fn folded(text: &str) -> impl Iterator<Item = u8> {
    // What no word has counts, so that it never makes another word.
    text.bytes()
        .filter(|byte| *byte != b' ' && !byte.is_ascii_punctuation())
        .map(|byte| byte.to_ascii_lowercase())
}

/// The tag of a name as clients spell it.
pub(crate) fn tag_of(name: &str) -> Option<Tag> {
    static TAGS: LazyLock<HashMap<Vec<u8>, Tag>> = LazyLock::new(|| {
        let names = |tag: &Tag| [tag.name(), tag.xml_name()].into_iter().flatten();
        let rows = Tag::ALL
            .iter()
            .flat_map(|tag| names(tag).map(|name| (name, *tag)));
        rows.map(|(name, tag)| (folded(name).collect(), tag))
            .collect()
    });
    // No name is longer, and a long one need not be looked at.
    if name.len() > 100 {
        return None;
    }
    TAGS.get(&folded(name).collect::<Vec<_>>()).copied()
}

/// The words of the attribute with this name in 1.x: its value stands under Attribute Value, whatever it is.
pub(crate) fn words_of_attribute(name: &str) -> Option<Words> {
    tag_of(name).and_then(words_of)
}

macro_rules! words {
    ($($tag:ident)* $(; $($other:ident)+ = $vocabulary:expr)*) => {
        /// The vocabulary of the enumerations or masks under a tag.
        pub(crate) const fn words_of(tag: Tag) -> Option<Words> {
            match tag {
                $(Tag::$tag => Some($tag::WORDS),)*
                $($(Tag::$other)|+ => Some($vocabulary),)*
                _ => None,
            }
        }
    };
}

words! {
    AdjustmentType AlternativeNameType AsynchronousIndicator AttestationType BatchErrorContinuationOption
    BlockCipherMode CancellationResult CertificateRequestType CertificateType ClientRegistrationMethod CredentialType
    CryptographicAlgorithm CryptographicUsageMask DRBGAlgorithm DeactivationReasonCode DerivationMethod DestroyAction
    DigitalSignatureAlgorithm EncodingOption EndpointRole Ephemeral FIPS186Variation HashingAlgorithm InteropFunction
    KEMAlgorithm KeyCompressionType KeyFormatType KeyRoleType KeyValueLocationType KeyWrapType LinkType NISTKeyType
    NameType OTPAlgorithm ObjectClass ObjectClassMask ObjectGroupMember ObjectType OpaqueDataType PKCS11Function
    PKCS11ReturnCode PaddingMethod ProcessingStage ProfileName ProtectionLevel ProtectionStorageMask PutFunction
    QueryFunction RNGAlgorithm RNGMode RecommendedCurve ResultReason ResultStatus RevocationReasonCode RotateNameType
    SecretDataType ShreddingAlgorithm SplitKeyMethod SplitKeyPolynomial State StorageStatusMask TicketType UnwrapMode
    UsageLimitsUnit ValidationAuthorityType ValidationType ValidityIndicator WrappingMethod;
    Operation = OperationCode::WORDS;
    MaskGeneratorHashingAlgorithm = HashingAlgorithm::WORDS;
    OTPDigest PasswordSaltAlgorithm = CryptographicAlgorithm::WORDS;
    Data = DataEnumeration::WORDS;
    ExtensionType = ItemType::WORDS;
    MaskGenerator = MASK_GENERATORS;
    AttributeReference Tag = TAGS;
    UniqueIdentifier LinkedObjectIdentifier CertificateLink ChildLink DerivationObjectLink DerivedObjectLink NextLink
    ParentLink PKCS12CertificateLink PKCS12PasswordLink PreviousLink PrivateKeyLink PublicKeyLink ReplacedObjectLink
    ReplacementObjectLink WrappingKeyLink CredentialLink PasswordLink GroupLink SplitKeyBaseLink
    JoinedSplitKeyPartsLink CertificateRequestLink = UniqueIdentifierEnumeration::WORDS
}

/// Tags as values, found by their index.
const TAGS: Words = Words {
    is_mask: false,
    name_of: |number| Tag(number).xml_name(),
    number_of: |text| tag_of(text).map(|tag| tag.0),
};

/// The standard's table calls MGF1 of RFC 8017 by a slip "MFG1"; its test cases, and so the field, do not.
const MASK_GENERATORS: Words = Words {
    is_mask: false,
    name_of: |number| match MaskGenerator(number) {
        MaskGenerator::MFG1 => Some("MGF1"),
        other => other.xml_name(),
    },
    number_of: |text| {
        if is_same(text, "MGF1") {
            return Some(MaskGenerator::MFG1.0);
        }
        (MaskGenerator::WORDS.number_of)(text)
    },
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_differ_in_case_and_punctuation_only() {
        for (one, other) in [
            ("PKCS_11Function", "PKCS#11 Function"),
            ("usagelimits", "Usage Limits"),
            ("X_509", "x.509"),
        ] {
            assert!(is_same(one, other), "{one} {other}");
        }
        assert!(!is_same("State", "States") && !is_same("AES", "DES"));
        assert!(!is_same("É", "") && !is_same("State\0", "State"));
    }

    #[test]
    fn no_two_tags_have_one_spelling() {
        for tag in Tag::ALL {
            for name in [tag.name(), tag.xml_name()].into_iter().flatten() {
                assert_eq!(tag_of(name), Some(*tag), "{name}");
                assert_eq!(tag_of(&name.to_uppercase()), Some(*tag), "{name}");
            }
        }
        assert_eq!(tag_of(""), None);
        assert_eq!(tag_of(&"x".repeat(1000)), None);
    }

    #[test]
    fn no_two_values_of_a_vocabulary_have_one_spelling() {
        for words in Tag::ALL.iter().filter_map(|tag| words_of(*tag)) {
            let numbers = (0..32).map(|bit| 1 << bit).chain(0..300);
            for number in numbers {
                if let Some(name) = (words.name_of)(number) {
                    assert_eq!((words.number_of)(name), Some(number), "{name}");
                }
            }
        }
    }

    #[test]
    fn words_of_1_x_are_found_by_the_name_of_the_attribute() {
        let words = words_of_attribute("Cryptographic Usage Mask").unwrap();
        assert!(words.is_mask);
        assert_eq!((words.number_of)("wrap key"), Some(0x10));
        assert!(words_of_attribute("x-State").is_none());
    }
}
