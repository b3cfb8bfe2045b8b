//! What keys are for, in words of the command line.

use kmip::{
    CryptographicUsageMask as Usage,
    mechanism::{KeySpec, PostQuantumUse},
};

use super::facts::kebab;
use crate::{admin::invalid, error::Result};

/// What a key is for, from words such as `wrap-key`. Of a pair, whatever one half does the other undoes.
pub(super) fn usage(spec: KeySpec, words: &[String]) -> Result<Usage> {
    let mut usage = Usage(0);
    for word in words {
        let bit = Usage::ALL
            .iter()
            .find(|(_, _, full, _)| kebab(full) == *word)
            .map(|(bit, ..)| *bit)
            .or_else(|| draft_bit(word))
            .ok_or_else(|| {
                let known: Vec<_> = Usage::ALL
                    .iter()
                    .map(|(_, _, full, _)| kebab(full))
                    .collect();
                invalid(format!(
                    "there is no usage {word:?}; there is: {}",
                    known.join(", ")
                ))
            })?;
        usage = usage | bit;
    }
    if words.is_empty() {
        usage = match spec {
            // A key that wraps keys is made on purpose: what also decrypts data would show what it wraps.
            KeySpec::Aes { .. }
            | KeySpec::TripleDes { .. }
            | KeySpec::ChaCha20
            | KeySpec::ChaCha20Poly1305
            | KeySpec::Kept { .. } => Usage::Encrypt | Usage::Decrypt,
            KeySpec::Hmac { .. } => Usage::MACGenerate | Usage::MACVerify,
            KeySpec::Dh { .. } => Usage::DeriveKey | Usage::KeyAgreement,
            KeySpec::Ec(curve) if curve.is_montgomery() => Usage::DeriveKey | Usage::KeyAgreement,
            KeySpec::PostQuantum(algorithm) if algorithm.kind() == PostQuantumUse::Kem => {
                Usage::Encapsulate | Usage::Decapsulate
            }
            KeySpec::Rsa { .. }
            | KeySpec::Dsa { .. }
            | KeySpec::Ec(_)
            | KeySpec::PostQuantum(_) => Usage::Sign | Usage::Verify,
        };
    }
    Ok(if spec.is_asymmetric() {
        completed(usage)
    } else {
        usage
    })
}

/// The words of the draft for two bits that 2.1 has other words for.
fn draft_bit(word: &str) -> Option<Usage> {
    match word {
        "encapsulate" => Some(Usage::Encapsulate),
        "decapsulate" => Some(Usage::Decapsulate),
        _ => None,
    }
}

/// The usage of a pair with what the other half does to match.
pub(super) fn completed(mut usage: Usage) -> Usage {
    for (private, public) in HALVES {
        if usage.contains(*private) {
            usage = usage | *public;
        }
    }
    for (private, public) in HALVES {
        let is_matched = HALVES
            .iter()
            .any(|(own, other)| other == public && usage.contains(*own));
        if usage.contains(*public) && !is_matched {
            usage = usage | *private;
        }
    }
    usage
}

/// What the private half of a pair does, and what the public half does to match.
const HALVES: &[(Usage, Usage)] = &[
    (Usage::Sign, Usage::Verify),
    (Usage::Decrypt, Usage::Encrypt),
    (Usage::UnwrapKey, Usage::WrapKey),
    (Usage::Decapsulate, Usage::Encapsulate),
    (Usage::CertificateSign, Usage::Verify),
    (Usage::CRLSign, Usage::Verify),
];

/// What only a private half does.
pub(super) const PRIVATE: Usage = Usage(
    Usage::Sign.0
        | Usage::Decrypt.0
        | Usage::UnwrapKey.0
        | Usage::Decapsulate.0
        | Usage::CertificateSign.0
        | Usage::CRLSign.0
        | Usage::KeyAgreement.0
        | Usage::DeriveKey.0
        | Usage::ContentCommitmentNonRepudiation.0,
);

#[cfg(test)]
mod tests {
    use kmip::mechanism::PostQuantum;

    use super::*;

    #[test]
    fn a_pair_for_secrets_encapsulates_and_decapsulates() {
        let spec = KeySpec::PostQuantum(PostQuantum::MlKem768);
        let both = Usage::Encapsulate | Usage::Decapsulate;
        assert_eq!(usage(spec, &[]).unwrap(), both);
        assert_eq!(usage(spec, &["encapsulate".to_owned()]).unwrap(), both);
        let signs = KeySpec::PostQuantum(PostQuantum::MlDsa44);
        assert_eq!(usage(signs, &[]).unwrap(), Usage::Sign | Usage::Verify);
        assert!(PRIVATE.contains(Usage::Decapsulate) && !PRIVATE.contains(Usage::Encapsulate));
    }
}
