//! How each mechanism signs: the pairs it takes, its parameters, and what the oracle is asked.

use cryptoki_sys as ck;
use keyhold_tests::api::{Mechanism, Parameter, Ulong};
use serde_json::{Value, json};

use crate::families::{Hash, hash_of};

/// How a mechanism signs with one parameter.
pub struct Case {
    /// The pairs it takes, by the oracle's names; the first and the last are at the ends of its sizes.
    pub pairs: &'static [&'static str],
    pub mechanism: Mechanism,
    pub ask: Value,
    /// Lengths of data that it takes.
    pub lengths: Vec<usize>,
    /// Whether the same signature comes each time.
    pub repeats: bool,
    /// What stands in front of the digest, where the caller makes the whole DigestInfo.
    pub prefix: &'static [u8],
}

/// DigestInfo up to the digest of SHA-256 (RFC 8017 §9.2).
pub const SHA256_INFO: &[u8] =
    b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20";

const RSA: &[&str] = &["rsa-1024", "rsa-2048", "rsa-4096"];
const DSA: &[&str] = &["dsa-1024", "dsa-2048"];
const EC: &[&str] = &["p192", "p224", "p256", "p384", "secp256k1", "bp256", "p521"];

const DSA_HASHES: &[(Ulong, &str)] = &[
    (ck::CKM_DSA_SHA1, "sha1"),
    (ck::CKM_DSA_SHA224, "sha224"),
    (ck::CKM_DSA_SHA256, "sha256"),
    (ck::CKM_DSA_SHA384, "sha384"),
    (ck::CKM_DSA_SHA512, "sha512"),
    (ck::CKM_DSA_SHA3_224, "sha3_224"),
    (ck::CKM_DSA_SHA3_256, "sha3_256"),
    (ck::CKM_DSA_SHA3_384, "sha3_384"),
    (ck::CKM_DSA_SHA3_512, "sha3_512"),
];

/// A case with a parameter or none.
fn case(
    pairs: &'static [&'static str],
    mechanism: Mechanism,
    ask: Value,
    lengths: &[usize],
) -> Case {
    Case {
        pairs,
        mechanism,
        ask,
        lengths: lengths.to_vec(),
        repeats: false,
        prefix: b"",
    }
}

impl Case {
    fn that_repeats(self) -> Self {
        Self {
            repeats: true,
            ..self
        }
    }
}

const ANY: &[usize] = &[0, 1, 300, 5000];

/// The cases of a mechanism that signs.
pub fn cases(kind: Ulong) -> Vec<Case> {
    let plain = || Mechanism::from(kind);
    if let Some(hash) = hash_of(|hash| hash.signs.0 == Some(kind)) {
        let ask = json!({ "padding": "pkcs1", "hash": hash.name });
        return vec![case(RSA, plain(), ask, ANY).that_repeats()];
    }
    if let Some(hash) = hash_of(|hash| hash.signs.1 == Some(kind)) {
        return pss(kind, hash);
    }
    if let Some(hash) = hash_of(|hash| hash.signs.2 == Some(kind)) {
        return vec![case(EC, plain(), json!({ "hash": hash.name }), ANY)];
    }
    if let Some((_, name)) = DSA_HASHES.iter().find(|(own, _)| *own == kind) {
        return vec![case(DSA, plain(), json!({ "hash": name }), &[0, 300])];
    }
    match kind {
        ck::CKM_EDDSA => {
            let bare = Mechanism::new(kind, Parameter::Eddsa(false, vec![]));
            vec![
                case(&["ed25519", "ed448"], plain(), json!({}), ANY).that_repeats(),
                case(&["ed448"], bare, json!({}), ANY).that_repeats(),
            ]
        }
        ck::CKM_ML_DSA => {
            let all: &[&str] = &["ml-dsa-44", "ml-dsa-65", "ml-dsa-87"];
            let hedged = Parameter::Context(ck::CKH_HEDGE_PREFERRED, vec![]);
            vec![
                case(all, plain(), json!({}), ANY),
                case(all, Mechanism::new(kind, hedged), json!({}), &[33]),
            ]
        }
        _ => of_digests(kind),
    }
}

/// PSS with salts of the hash's length, of none and of another, and with another mask.
fn pss(kind: Ulong, hash: Hash) -> Vec<Case> {
    let salted = |mask: Hash, salt: usize| {
        let ask = json!({ "padding": "pss", "hash": hash.name, "mask": mask.name, "salt": salt });
        let salt = Ulong::try_from(salt).unwrap();
        let parameter = Parameter::Pss(hash.kind, mask.mask.unwrap(), salt);
        case(RSA, Mechanism::new(kind, parameter), ask, ANY)
    };
    let other = hash_of(|hash| hash.name == "sha256").unwrap();
    // RFC 8017 §9.1: the longest salt that fits into 1024 bits.
    vec![
        salted(hash, hash.bytes.min(126 - hash.bytes)),
        salted(hash, 0).that_repeats(),
        salted(other, 20),
    ]
}

/// Mechanisms that sign what the caller hashed.
fn of_digests(kind: Ulong) -> Vec<Case> {
    let plain = || Mechanism::from(kind);
    match kind {
        ck::CKM_RSA_PKCS => {
            let ask = json!({ "padding": "pkcs1", "hash": "sha256", "prehashed": true });
            let own = case(RSA, plain(), ask, &[32]).that_repeats();
            vec![Case {
                prefix: SHA256_INFO,
                ..own
            }]
        }
        ck::CKM_RSA_PKCS_PSS => {
            let hash = hash_of(|hash| hash.name == "sha384").unwrap();
            let parameter = Parameter::Pss(hash.kind, hash.mask.unwrap(), 48);
            let ask = json!({
                "padding": "pss", "hash": hash.name, "mask": hash.name, "salt": 48, "prehashed": true
            });
            vec![case(RSA, Mechanism::new(kind, parameter), ask, &[48])]
        }
        ck::CKM_ECDSA => {
            let of = |name| {
                let hash = hash_of(|hash| hash.name == name).unwrap();
                let ask = json!({ "hash": name, "prehashed": true });
                case(EC, plain(), ask, &[hash.bytes])
            };
            vec![of("sha1"), of("sha256"), of("sha512")]
        }
        ck::CKM_DSA => {
            let ask = json!({ "hash": "sha256", "prehashed": true });
            vec![case(DSA, plain(), ask, &[32])]
        }
        _ => Vec::new(),
    }
}

/// Whether a mechanism that signs digests is ML-DSA's, or SLH-DSA's, with a parameter for it.
pub fn hashes_before(kind: Ulong) -> Option<(bool, Mechanism)> {
    let named = Parameter::HashContext(ck::CKH_HEDGE_PREFERRED, vec![], ck::CKM_SHA256);
    match kind {
        ck::CKM_HASH_ML_DSA => Some((true, Mechanism::new(kind, named))),
        ck::CKM_HASH_SLH_DSA => Some((false, Mechanism::new(kind, named))),
        ck::CKM_HASH_ML_DSA_SHA224..=ck::CKM_HASH_ML_DSA_SHAKE256 => Some((true, kind.into())),
        ck::CKM_HASH_SLH_DSA_SHA224..=ck::CKM_HASH_SLH_DSA_SHAKE256 => Some((false, kind.into())),
        _ => None,
    }
}
