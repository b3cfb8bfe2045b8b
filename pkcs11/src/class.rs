//! Which attributes an object has: those of every object, of its class, and of its type of key (PKCS #11 3.2 §4).

use cryptoki_sys as ck;

use crate::{Ulong, attribute::RSA_PRIVATE};

/// Whether objects of a class have an attribute, and keys of a type where that is known; of a type that is not, whether
/// any key of the class has it.
#[must_use]
pub fn has(class: Ulong, key_type: Option<Ulong>, kind: Ulong) -> bool {
    let of_all = OF_ALL.contains(&kind);
    of_all
        || uses(class).contains(&kind)
        || match class {
            ck::CKO_CERTIFICATE => OF_CERTIFICATE.contains(&kind),
            ck::CKO_DATA => OF_DATA.contains(&kind),
            ck::CKO_PUBLIC_KEY => {
                OF_KEY.contains(&kind)
                    || OF_PUBLIC.contains(&kind)
                    || in_pair(class, key_type, kind)
            }
            ck::CKO_PRIVATE_KEY => {
                OF_KEY.contains(&kind)
                    || OF_PRIVATE.contains(&kind)
                    || in_pair(class, key_type, kind)
            }
            ck::CKO_SECRET_KEY => OF_KEY.contains(&kind) || OF_SECRET.contains(&kind),
            _ => false,
        }
}

/// The flags that say what keys of a class are for, of which each has all (§4.7 to §4.10); none of what is no key.
#[must_use]
pub const fn uses(class: Ulong) -> &'static [Ulong] {
    match class {
        ck::CKO_PUBLIC_KEY => &[
            ck::CKA_ENCRYPT,
            ck::CKA_VERIFY,
            ck::CKA_VERIFY_RECOVER,
            ck::CKA_WRAP,
            ck::CKA_DERIVE,
            ck::CKA_ENCAPSULATE,
        ],
        ck::CKO_PRIVATE_KEY => &[
            ck::CKA_DECRYPT,
            ck::CKA_SIGN,
            ck::CKA_SIGN_RECOVER,
            ck::CKA_UNWRAP,
            ck::CKA_DERIVE,
            ck::CKA_DECAPSULATE,
        ],
        ck::CKO_SECRET_KEY => &[
            ck::CKA_ENCRYPT,
            ck::CKA_DECRYPT,
            ck::CKA_SIGN,
            ck::CKA_VERIFY,
            ck::CKA_WRAP,
            ck::CKA_UNWRAP,
            ck::CKA_DERIVE,
        ],
        _ => &[],
    }
}

fn in_pair(class: Ulong, key_type: Option<Ulong>, kind: Ulong) -> bool {
    let known = HALVES
        .iter()
        .find(|own| key_type.is_some_and(|wanted| own.types.contains(&wanted)));
    // Of a type that is not told, or not served, anything may be true.
    let meant = known.map_or(HALVES, std::slice::from_ref);
    meant.iter().any(|own| match class {
        ck::CKO_PUBLIC_KEY => own.public.contains(&kind),
        _ => own.private.contains(&kind),
    })
}

/// What stands in the halves of pairs of some types.
struct Halves {
    types: &'static [Ulong],
    public: &'static [Ulong],
    private: &'static [Ulong],
}

const HALVES: &[Halves] = &[
    Halves {
        types: &[ck::CKK_RSA],
        public: &[
            ck::CKA_MODULUS,
            ck::CKA_MODULUS_BITS,
            ck::CKA_PUBLIC_EXPONENT,
        ],
        private: &RSA_PRIVATE,
    },
    Halves {
        types: &[ck::CKK_EC, ck::CKK_EC_EDWARDS, ck::CKK_EC_MONTGOMERY],
        public: &[ck::CKA_EC_PARAMS, ck::CKA_EC_POINT],
        // Programs ask private keys for the point, and bring it with them.
        private: &[ck::CKA_EC_PARAMS, ck::CKA_EC_POINT, ck::CKA_VALUE],
    },
    Halves {
        types: &[ck::CKK_DSA, ck::CKK_DH, ck::CKK_X9_42_DH],
        public: PRIME_FIELD,
        private: PRIME_FIELD,
    },
    Halves {
        types: &[ck::CKK_ML_DSA, ck::CKK_ML_KEM, ck::CKK_SLH_DSA],
        public: &[ck::CKA_PARAMETER_SET, ck::CKA_VALUE],
        private: &[ck::CKA_PARAMETER_SET, ck::CKA_VALUE, ck::CKA_SEED],
    },
];

const PRIME_FIELD: &[Ulong] = &[ck::CKA_PRIME, ck::CKA_SUBPRIME, ck::CKA_BASE, ck::CKA_VALUE];

/// §4.3, §4.4.
const OF_ALL: &[Ulong] = &[
    ck::CKA_CLASS,
    ck::CKA_TOKEN,
    ck::CKA_PRIVATE,
    ck::CKA_LABEL,
    ck::CKA_MODIFIABLE,
    ck::CKA_COPYABLE,
    ck::CKA_DESTROYABLE,
    ck::CKA_UNIQUE_ID,
];

/// §4.5; how long data is says a template by which it is derived (§6.62.5).
const OF_DATA: &[Ulong] = &[
    ck::CKA_APPLICATION,
    ck::CKA_OBJECT_ID,
    ck::CKA_VALUE,
    ck::CKA_VALUE_LEN,
];

/// §4.6.
const OF_CERTIFICATE: &[Ulong] = &[
    ck::CKA_CERTIFICATE_TYPE,
    ck::CKA_TRUSTED,
    ck::CKA_CERTIFICATE_CATEGORY,
    ck::CKA_CHECK_VALUE,
    ck::CKA_START_DATE,
    ck::CKA_END_DATE,
    ck::CKA_PUBLIC_KEY_INFO,
    ck::CKA_SUBJECT,
    ck::CKA_ID,
    ck::CKA_ISSUER,
    ck::CKA_SERIAL_NUMBER,
    ck::CKA_VALUE,
    ck::CKA_URL,
    ck::CKA_HASH_OF_SUBJECT_PUBLIC_KEY,
    ck::CKA_HASH_OF_ISSUER_PUBLIC_KEY,
    ck::CKA_JAVA_MIDP_SECURITY_DOMAIN,
    ck::CKA_NAME_HASH_ALGORITHM,
];

/// §4.7, beside the uses of each class.
const OF_KEY: &[Ulong] = &[
    ck::CKA_KEY_TYPE,
    ck::CKA_ID,
    ck::CKA_START_DATE,
    ck::CKA_END_DATE,
    ck::CKA_LOCAL,
    ck::CKA_KEY_GEN_MECHANISM,
    ck::CKA_ALLOWED_MECHANISMS,
];

/// §4.8, beside its uses.
const OF_PUBLIC: &[Ulong] = &[
    ck::CKA_SUBJECT,
    ck::CKA_TRUSTED,
    ck::CKA_WRAP_TEMPLATE,
    ck::CKA_PUBLIC_KEY_INFO,
    ck::CKA_ENCAPSULATE_TEMPLATE,
];

/// §4.9, beside its uses.
const OF_PRIVATE: &[Ulong] = &[
    ck::CKA_SUBJECT,
    ck::CKA_SENSITIVE,
    ck::CKA_EXTRACTABLE,
    ck::CKA_ALWAYS_SENSITIVE,
    ck::CKA_NEVER_EXTRACTABLE,
    ck::CKA_WRAP_WITH_TRUSTED,
    ck::CKA_UNWRAP_TEMPLATE,
    ck::CKA_DERIVE_TEMPLATE,
    ck::CKA_ALWAYS_AUTHENTICATE,
    ck::CKA_PUBLIC_KEY_INFO,
    ck::CKA_DECAPSULATE_TEMPLATE,
];

/// §4.10 beside its uses, and what stands in keys of every type.
const OF_SECRET: &[Ulong] = &[
    ck::CKA_SENSITIVE,
    ck::CKA_EXTRACTABLE,
    ck::CKA_ALWAYS_SENSITIVE,
    ck::CKA_NEVER_EXTRACTABLE,
    ck::CKA_CHECK_VALUE,
    ck::CKA_WRAP_WITH_TRUSTED,
    ck::CKA_TRUSTED,
    ck::CKA_WRAP_TEMPLATE,
    ck::CKA_UNWRAP_TEMPLATE,
    ck::CKA_DERIVE_TEMPLATE,
    ck::CKA_VALUE,
    ck::CKA_VALUE_LEN,
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attribute::ROWS;

    #[test]
    fn every_attribute_that_a_template_may_name_belongs_to_some_objects() {
        let classes = [
            ck::CKO_DATA,
            ck::CKO_CERTIFICATE,
            ck::CKO_PUBLIC_KEY,
            ck::CKO_PRIVATE_KEY,
            ck::CKO_SECRET_KEY,
        ];
        for row in ROWS {
            let told_by_features = [ck::CKA_PROFILE_ID, ck::CKA_MECHANISM_TYPE].contains(&row.kind);
            let belongs = classes.iter().any(|class| has(*class, None, row.kind));
            assert_ne!(belongs, told_by_features, "{:#x}", row.kind);
        }
    }

    #[test]
    fn a_type_of_keys_has_its_own_numbers_and_no_others() {
        let (public, private) = (ck::CKO_PUBLIC_KEY, ck::CKO_PRIVATE_KEY);
        for (class, key_type, kind, expected) in [
            (public, ck::CKK_RSA, ck::CKA_MODULUS, true),
            (public, ck::CKK_RSA, ck::CKA_PRIVATE_EXPONENT, false),
            (public, ck::CKK_RSA, ck::CKA_VALUE, false),
            (private, ck::CKK_RSA, ck::CKA_PRIVATE_EXPONENT, true),
            (private, ck::CKK_RSA, ck::CKA_VALUE, false),
            (private, ck::CKK_RSA, ck::CKA_MODULUS_BITS, false),
            (private, ck::CKK_EC, ck::CKA_VALUE, true),
            (private, ck::CKK_EC, ck::CKA_PRIME_1, false),
            (public, ck::CKK_EC, ck::CKA_VALUE, false),
            (public, ck::CKK_ML_DSA, ck::CKA_VALUE, true),
            (public, ck::CKK_ML_DSA, ck::CKA_SEED, false),
            (private, ck::CKK_VENDOR_DEFINED, ck::CKA_MODULUS, true),
        ] {
            let told = has(class, Some(key_type), kind);
            assert_eq!(told, expected, "{class} {key_type:#x} {kind:#x}");
        }
    }
}
