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
