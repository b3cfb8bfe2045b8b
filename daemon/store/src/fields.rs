//! Whether an instance of an attribute has what another asks for: the bits, the amounts, the fields given.

use kmip::{
    attribute::{Attribute, AttributeKind},
    ttlv::Timestamp,
};

/// Whether each optional field of a structure that was given is equal, and the others are as asked.
macro_rules! given {
    ($own:ident, $asked:ident: $($optional:ident)*; $($required:ident)*) => {
        true $(&& ($asked.$optional.is_none() || $own.$optional == $asked.$optional))*
            $(&& $own.$required == $asked.$required)*
    };
}

/// Whether every one of a repeated field that was given stands among the own ones.
macro_rules! among {
    ($own:ident, $asked:ident: $field:ident) => {
        $asked.$field.iter().all(|one| $own.$field.contains(one))
    };
}

/// Whether the instance has all that is asked (KMIP 2.1 §6.1.28). Both are of one kind, else nothing is had.
pub(crate) fn has(own: &Attribute, asked: &Attribute) -> bool {
    use Attribute as A;
    match (own, asked) {
        (A::CryptographicUsageMask(own), A::CryptographicUsageMask(asked)) => own.contains(*asked),
        (A::ProtectionStorageMask(own), A::ProtectionStorageMask(asked)) => own.contains(*asked),
        // "Equal to or larger than": absent counts are less than any that is asked.
        (A::UsageLimits(own), A::UsageLimits(asked)) => {
            own.usage_limits_total >= asked.usage_limits_total
                && own.usage_limits_count >= asked.usage_limits_count
                && own.usage_limits_unit == asked.usage_limits_unit
        }
        (A::CryptographicParameters(own), A::CryptographicParameters(asked)) => {
            given!(own, asked: block_cipher_mode padding_method hashing_algorithm key_role_type
                digital_signature_algorithm cryptographic_algorithm random_iv iv_length tag_length
                fixed_field_length invocation_field_length counter_length initial_counter_value
                salt_length mask_generator mask_generator_hashing_algorithm p_source trailer_field;)
        }
        (A::CryptographicDomainParameters(own), A::CryptographicDomainParameters(asked)) => {
            given!(own, asked: qlength recommended_curve;)
        }
        (A::Digest(own), A::Digest(asked)) => {
            given!(own, asked: digest_value key_format_type; hashing_algorithm)
        }
        (A::RevocationReason(own), A::RevocationReason(asked)) => {
            given!(own, asked: revocation_message; revocation_reason_code)
        }
        (A::ApplicationSpecificInformation(own), A::ApplicationSpecificInformation(asked)) => {
            given!(own, asked: application_data; application_namespace)
        }
        (A::RandomNumberGenerator(own), A::RandomNumberGenerator(asked)) => {
            given!(own, asked: cryptographic_algorithm cryptographic_length hashing_algorithm
                drbg_algorithm recommended_curve fips186_variation prediction_resistance; rng_algorithm)
        }
        _ => has_certificate_name(own, asked),
    }
}

/// The same for the names in certificates, whose alternatives are a set, and for what is compared whole.
fn has_certificate_name(own: &Attribute, asked: &Attribute) -> bool {
    use Attribute as A;
    match (own, asked) {
        (A::X509CertificateSubject(own), A::X509CertificateSubject(asked)) => {
            given!(own, asked: subject_distinguished_name;)
                && among!(own, asked: subject_alternative_name)
        }
        (A::X509CertificateIssuer(own), A::X509CertificateIssuer(asked)) => {
            given!(own, asked: ; issuer_distinguished_name)
                && among!(own, asked: issuer_alternative_name)
        }
        (A::CertificateIdentifier(own), A::CertificateIdentifier(asked)) => {
            given!(own, asked: serial_number; issuer)
        }
        (A::CertificateSubject(own), A::CertificateSubject(asked)) => {
            given!(own, asked: certificate_subject_distinguished_name;)
                && among!(own, asked: certificate_subject_alternative_name)
        }
        (A::CertificateIssuer(own), A::CertificateIssuer(asked)) => {
            given!(own, asked: ; certificate_issuer_distinguished_name)
                && among!(own, asked: certificate_issuer_alternative_name)
        }
        _ => own == asked,
    }
}

/// The date, where the attribute is one.
pub(crate) fn date(attribute: &Attribute) -> Option<(AttributeKind, Timestamp)> {
    use Attribute as A;
    match attribute {
        A::ActivationDate(date)
        | A::ArchiveDate(date)
        | A::CompromiseDate(date)
        | A::CompromiseOccurrenceDate(date)
        | A::DeactivationDate(date)
        | A::DestroyDate(date)
        | A::InitialDate(date)
        | A::LastChangeDate(date)
        | A::OriginalCreationDate(date)
        | A::ProcessStartDate(date)
        | A::ProtectStopDate(date)
        | A::RotateDate(date) => attribute.kind().map(|kind| (kind, *date)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use kmip::{
        BlockCipherMode, CryptographicUsageMask, HashingAlgorithm, KeyFormatType, PaddingMethod,
        UsageLimitsUnit,
        attribute::{CryptographicParameters, Digest, Name, UsageLimits, X509CertificateSubject},
        ttlv::Bytes,
    };

    use super::*;

    #[test]
    fn of_a_mask_all_asked_bits_are_set() {
        let mask = |bits| Attribute::CryptographicUsageMask(CryptographicUsageMask(bits));
        assert!(has(&mask(0b1101), &mask(0b0101)));
        assert!(has(&mask(0b1101), &mask(0)));
        assert!(!has(&mask(0b1101), &mask(0b0010)));
        assert!(!has(&mask(0b1101), &mask(0b0110)));
    }

    #[test]
    fn as_much_is_left_as_asked() {
        let limits = |total, count, unit| {
            Attribute::UsageLimits(UsageLimits {
                usage_limits_total: total,
                usage_limits_count: count,
                usage_limits_unit: unit,
            })
        };
        let own = limits(100, Some(10), UsageLimitsUnit::Byte);
        assert!(has(&own, &limits(100, Some(10), UsageLimitsUnit::Byte)));
        assert!(has(&own, &limits(1, None, UsageLimitsUnit::Byte)));
        assert!(!has(&own, &limits(101, Some(10), UsageLimitsUnit::Byte)));
        assert!(!has(&own, &limits(100, Some(11), UsageLimitsUnit::Byte)));
        assert!(!has(&own, &limits(1, None, UsageLimitsUnit::Object)));
        let unknown = limits(100, None, UsageLimitsUnit::Byte);
        assert!(!has(&unknown, &limits(1, Some(0), UsageLimitsUnit::Byte)));
    }

    #[test]
    fn fields_not_given_match_anything() {
        let own = Box::new(CryptographicParameters {
            block_cipher_mode: Some(BlockCipherMode::CBC),
            padding_method: Some(PaddingMethod::PKCS5),
            ..CryptographicParameters::default()
        });
        let has = |asked| {
            has(
                &Attribute::CryptographicParameters(own.clone()),
                &Attribute::CryptographicParameters(asked),
            )
        };
        let mut asked = Box::<CryptographicParameters>::default();
        assert!(has(asked.clone()));
        asked.padding_method = Some(PaddingMethod::PKCS5);
        assert!(has(asked.clone()));
        asked.trailer_field = Some(1);
        assert!(!has(asked));
    }

    #[test]
    fn fields_that_are_required_are_equal() {
        let digest = |hashing_algorithm, value: Option<&[u8]>, key_format_type| {
            Attribute::Digest(Digest {
                hashing_algorithm,
                digest_value: value.map(|value| Bytes(value.to_vec())),
                key_format_type,
            })
        };
        let (sha256, sha384) = (HashingAlgorithm::SHA256, HashingAlgorithm::SHA384);
        let own = digest(sha256, Some(b"d"), Some(KeyFormatType::Raw));
        assert!(has(&own, &digest(sha256, None, None)));
        assert!(has(&own, &digest(sha256, Some(b"d"), None)));
        assert!(!has(&own, &digest(sha384, Some(b"d"), None)));
        assert!(!has(&own, &digest(sha256, Some(b"e"), None)));
        let (text, uri) = (Name::text("n"), kmip::NameType::URI);
        let other = Name {
            name_type: uri,
            ..text.clone()
        };
        assert!(!has(&Attribute::Name(text), &Attribute::Name(other)));
    }

    #[test]
    fn alternative_names_are_a_set() {
        let subject = |names: &[&[u8]]| {
            Attribute::X509CertificateSubject(X509CertificateSubject {
                subject_distinguished_name: None,
                subject_alternative_name: names.iter().map(|n| Bytes(n.to_vec())).collect(),
            })
        };
        let own = subject(&[b"a", b"b"]);
        assert!(has(&own, &subject(&[b"b"])));
        assert!(has(&own, &subject(&[])));
        assert!(!has(&own, &subject(&[b"a", b"c"])));
    }
}
