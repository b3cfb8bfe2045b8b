//! Post-quantum algorithms in PKCS #11 3.2: key types and parameter sets.

use cryptoki_sys as ck;
use kmip::mechanism::{PostQuantum, PostQuantumUse};

use crate::{Result, Rv, Template, Ulong};

/// The `CKK_` of an algorithm's keys.
#[must_use]
pub const fn key_type(algorithm: PostQuantum) -> Ulong {
    match algorithm.kind() {
        PostQuantumUse::Kem => ck::CKK_ML_KEM,
        PostQuantumUse::MlDsa => ck::CKK_ML_DSA,
        PostQuantumUse::SlhDsa => ck::CKK_SLH_DSA,
    }
}

/// `CKA_PARAMETER_SET` of an algorithm's keys.
#[must_use]
pub const fn parameter_set(algorithm: PostQuantum) -> Ulong {
    match algorithm {
        PostQuantum::MlKem512 => ck::CKP_ML_KEM_512,
        PostQuantum::MlKem768 => ck::CKP_ML_KEM_768,
        PostQuantum::MlKem1024 => ck::CKP_ML_KEM_1024,
        PostQuantum::MlDsa44 => ck::CKP_ML_DSA_44,
        PostQuantum::MlDsa65 => ck::CKP_ML_DSA_65,
        PostQuantum::MlDsa87 => ck::CKP_ML_DSA_87,
        PostQuantum::SlhDsaSha2_128s => ck::CKP_SLH_DSA_SHA2_128S,
        PostQuantum::SlhDsaSha2_128f => ck::CKP_SLH_DSA_SHA2_128F,
        PostQuantum::SlhDsaSha2_192s => ck::CKP_SLH_DSA_SHA2_192S,
        PostQuantum::SlhDsaSha2_192f => ck::CKP_SLH_DSA_SHA2_192F,
        PostQuantum::SlhDsaSha2_256s => ck::CKP_SLH_DSA_SHA2_256S,
        PostQuantum::SlhDsaSha2_256f => ck::CKP_SLH_DSA_SHA2_256F,
        PostQuantum::SlhDsaShake128s => ck::CKP_SLH_DSA_SHAKE_128S,
        PostQuantum::SlhDsaShake128f => ck::CKP_SLH_DSA_SHAKE_128F,
        PostQuantum::SlhDsaShake192s => ck::CKP_SLH_DSA_SHAKE_192S,
        PostQuantum::SlhDsaShake192f => ck::CKP_SLH_DSA_SHAKE_192F,
        PostQuantum::SlhDsaShake256s => ck::CKP_SLH_DSA_SHAKE_256S,
        PostQuantum::SlhDsaShake256f => ck::CKP_SLH_DSA_SHAKE_256F,
    }
}

/// The algorithm that a template names by its parameter set, which is one of the key type's.
pub(crate) fn of_template(template: &Template<'_>, kind: Ulong) -> Result<PostQuantum> {
    let is_of_kind = |own: &&PostQuantum| key_type(**own) == kind;
    if !PostQuantum::ALL.iter().any(|own| is_of_kind(&own)) {
        return Err(Rv::ATTRIBUTE_VALUE_INVALID);
    }
    let set = template
        .number(ck::CKA_PARAMETER_SET)
        .ok_or(Rv::TEMPLATE_INCOMPLETE)?;
    let mut own = PostQuantum::ALL.iter().filter(is_of_kind);
    let found = own.find(|own| parameter_set(**own) == set).copied();
    found.ok_or(Rv::ATTRIBUTE_VALUE_INVALID)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_algorithm_is_told_by_its_key_type_and_its_parameter_set() {
        for (position, one) in PostQuantum::ALL.iter().enumerate() {
            let both = |own| (key_type(own), parameter_set(own));
            let others = &PostQuantum::ALL[..position];
            assert!(others.iter().all(|other| both(*other) != both(*one)));
        }
    }
}
