//! Mechanisms as the numbers and parameters of PKCS #11 (table).
//!
//! Messages are hashed here and signed as digests, so that a module needs few mechanisms and a long message crosses to
//! it in 64 bytes.

use cryptoki_sys as ck;
use kmip::{
    der,
    mechanism::{Hash, KeySpec, Mac, Signing},
};

use super::raw::{Mechanism, Parameter};
use crate::{
    Error, Input, Result,
    soft::engine::{Digested, bounded, digested},
};

/// A signature as one call of a module.
pub(super) struct Task<'a> {
    pub(super) mechanism: Mechanism<'static>,
    /// What is signed.
    pub(super) digest: Digested<'a>,
    /// What the module is given, when that is not the digest itself.
    block: Option<Vec<u8>>,
    /// The exact length of the signature.
    pub(super) signature_bytes: usize,
}

impl<'a> Task<'a> {
    /// Prepares a signature with a key of this kind.
    pub(super) fn new(spec: KeySpec, signing: Signing, input: Input<'a>) -> Result<Self> {
        match (spec, signing) {
            (KeySpec::Rsa { bits }, Signing::RsaPkcs1(hash)) => Self::pkcs1(bits, hash, input),
            (KeySpec::Rsa { bits }, Signing::RsaPss { .. }) => Self::pss(bits, signing, input),
            (KeySpec::Ec(curve), Signing::Eddsa) if curve.is_edwards() => match input {
                Input::Message(message) => Ok(Self {
                    mechanism: without_parameter(ck::CKM_EDDSA),
                    digest: Digested::Given(bounded(message)?),
                    block: None,
                    signature_bytes: 2 * curve.field_bytes(),
                }),
                Input::Digest(_) | Input::InContext { .. } => {
                    Err(Error::BadInput("EdDSA signs messages, not digests"))
                }
            },
            (KeySpec::Ec(curve), Signing::Ecdsa(hash)) if curve.is_weierstrass() => {
                let digest = digested(hash, input)?;
                if digest.as_ref().is_empty() {
                    return Err(Error::BadInput("an empty digest"));
                }
                Ok(Self {
                    mechanism: without_parameter(ck::CKM_ECDSA),
                    // The rest does not count, and some modules refuse it.
                    block: digest
                        .as_ref()
                        .get(..curve.field_bytes())
                        .map(<[u8]>::to_vec),
                    digest,
                    signature_bytes: 2 * curve.field_bytes(),
                })
            }
            _ => Err(Error::KeyTypeMismatch),
        }
    }

    fn pkcs1(bits: u16, hash: Option<Hash>, input: Input<'a>) -> Result<Self> {
        let digest = digested(hash, input)?;
        let task = Self {
            mechanism: without_parameter(ck::CKM_RSA_PKCS),
            block: hash.map(|hash| digest_info(hash, digest.as_ref())),
            digest,
            signature_bytes: usize::from(bits.div_ceil(8)),
        };
        if task.block().len() + 11 > task.signature_bytes {
            return Err(Error::BadInput("longer than the modulus less eleven bytes"));
        }
        Ok(task)
    }

    fn pss(bits: u16, signing: Signing, input: Input<'a>) -> Result<Self> {
        let Signing::RsaPss {
            hash,
            mask_hash,
            salt_bytes,
        } = signing
        else {
            return Err(Error::KeyTypeMismatch);
        };
        let signature_bytes = usize::from(bits.div_ceil(8));
        // RFC 8017 §9.1.1: emLen ≥ hLen + sLen + 2.
        if hash.digest_bytes() + usize::from(salt_bytes) + 2 > signature_bytes {
            return Err(Error::BadInput("the salt does not fit the modulus"));
        }
        Ok(Self {
            mechanism: Mechanism {
                number: ck::CKM_RSA_PKCS_PSS,
                parameter: Parameter::Pss {
                    hash: hash_number(hash),
                    mask: mask_number(mask_hash).ok_or(Error::Unsupported)?,
                    salt_bytes,
                },
            },
            digest: digested(Some(hash), input)?,
            block: None,
            signature_bytes,
        })
    }

    /// What the module is given.
    pub(super) fn block(&self) -> &[u8] {
        self.block
            .as_deref()
            .unwrap_or_else(|| self.digest.as_ref())
    }
}

const fn without_parameter(number: ck::CK_MECHANISM_TYPE) -> Mechanism<'static> {
    Mechanism {
        number,
        parameter: Parameter::None,
    }
}

/// The CKM_ of a MAC; CBC-MAC's would give half of it only.
pub(super) fn mac_number(mac: Mac) -> Option<ck::CK_MECHANISM_TYPE> {
    match mac {
        Mac::Hmac(hash) => Some(hmac_number(hash)),
        Mac::AesCmac => Some(ck::CKM_AES_CMAC),
        Mac::TripleDesCmac => Some(ck::CKM_DES3_CMAC),
        Mac::AesCbcMac | Mac::TripleDesCbcMac => None,
    }
}

/// The length of a MAC in bytes.
pub(super) const fn mac_bytes(mac: Mac) -> usize {
    match mac {
        Mac::Hmac(hash) => hash.digest_bytes(),
        Mac::AesCmac | Mac::AesCbcMac => 16,
        Mac::TripleDesCmac | Mac::TripleDesCbcMac => 8,
    }
}

/// Whether a key of this kind makes this MAC in a module, which knows a key by its type.
pub(super) fn makes(spec: KeySpec, mac: Mac) -> bool {
    match (spec, mac) {
        // A longer key may have been hashed to fit its own function when it was taken over, and modules refuse shorter ones.
        (KeySpec::Hmac { hash: of_key, .. }, Mac::Hmac(hash)) => {
            let fits = hash.digest_bytes()..=LEAST_BLOCK_BYTES;
            of_key == hash || fits.contains(&spec.secret_bytes())
        }
        (KeySpec::Aes { bits }, Mac::AesCmac) => bits < 512,
        (KeySpec::TripleDes { .. }, Mac::TripleDesCmac) => true,
        _ => false,
    }
}

/// The shortest block of a hash function: a key of HMAC that is no longer is the same key for each (RFC 2104 §2).
const LEAST_BLOCK_BYTES: usize = 64;

fn hmac_number(hash: Hash) -> ck::CK_MECHANISM_TYPE {
    match hash {
        Hash::Sha512_224 => ck::CKM_SHA512_224_HMAC,
        Hash::Sha512_256 => ck::CKM_SHA512_256_HMAC,
        Hash::Sha1 => ck::CKM_SHA_1_HMAC,
        Hash::Sha224 => ck::CKM_SHA224_HMAC,
        Hash::Sha256 => ck::CKM_SHA256_HMAC,
        Hash::Sha384 => ck::CKM_SHA384_HMAC,
        Hash::Sha512 => ck::CKM_SHA512_HMAC,
        Hash::Sha3_224 => ck::CKM_SHA3_224_HMAC,
        Hash::Sha3_256 => ck::CKM_SHA3_256_HMAC,
        Hash::Sha3_384 => ck::CKM_SHA3_384_HMAC,
        Hash::Sha3_512 => ck::CKM_SHA3_512_HMAC,
    }
}

/// The CKM_ of a hash function, as parameters name it.
pub(super) fn hash_number(hash: Hash) -> ck::CK_MECHANISM_TYPE {
    match hash {
        Hash::Sha512_224 => ck::CKM_SHA512_224,
        Hash::Sha512_256 => ck::CKM_SHA512_256,
        Hash::Sha1 => ck::CKM_SHA_1,
        Hash::Sha224 => ck::CKM_SHA224,
        Hash::Sha256 => ck::CKM_SHA256,
        Hash::Sha384 => ck::CKM_SHA384,
        Hash::Sha512 => ck::CKM_SHA512,
        Hash::Sha3_224 => ck::CKM_SHA3_224,
        Hash::Sha3_256 => ck::CKM_SHA3_256,
        Hash::Sha3_384 => ck::CKM_SHA3_384,
        Hash::Sha3_512 => ck::CKM_SHA3_512,
    }
}

/// The CKG_ of MGF1 with a hash function, if there is one.
pub(super) fn mask_number(hash: Hash) -> Option<ck::CK_RSA_PKCS_MGF_TYPE> {
    Some(match hash {
        Hash::Sha512_224 | Hash::Sha512_256 => return None,
        Hash::Sha1 => ck::CKG_MGF1_SHA1,
        Hash::Sha224 => ck::CKG_MGF1_SHA224,
        Hash::Sha256 => ck::CKG_MGF1_SHA256,
        Hash::Sha384 => ck::CKG_MGF1_SHA384,
        Hash::Sha512 => ck::CKG_MGF1_SHA512,
        Hash::Sha3_224 => ck::CKG_MGF1_SHA3_224,
        Hash::Sha3_256 => ck::CKG_MGF1_SHA3_256,
        Hash::Sha3_384 => ck::CKG_MGF1_SHA3_384,
        Hash::Sha3_512 => ck::CKG_MGF1_SHA3_512,
    })
}

/// DER DigestInfo of a digest (RFC 8017 §9.2, note 1).
fn digest_info(hash: Hash, digest: &[u8]) -> Vec<u8> {
    // 2.16.840.1.101.3.4.2.x, NIST's arc of hash functions.
    const NIST: [u8; 8] = [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02];
    let nist = |last: u8| [&NIST[..], &[last]].concat();
    let oid = match hash {
        Hash::Sha1 => vec![0x2b, 0x0e, 0x03, 0x02, 0x1a],
        Hash::Sha256 => nist(1),
        Hash::Sha384 => nist(2),
        Hash::Sha512 => nist(3),
        Hash::Sha224 => nist(4),
        Hash::Sha512_224 => nist(5),
        Hash::Sha512_256 => nist(6),
        Hash::Sha3_224 => nist(7),
        Hash::Sha3_256 => nist(8),
        Hash::Sha3_384 => nist(9),
        Hash::Sha3_512 => nist(10),
    };
    let none = der::element(der::NULL, &[]);
    let algorithm = der::element(der::SEQUENCE, &[&der::element(der::OID, &[&oid]), &none]);
    let digest = der::element(der::OCTET_STRING, &[digest]);
    der::element(der::SEQUENCE, &[&algorithm, &digest])
}

#[cfg(test)]
mod tests {
    use kmip::mechanism::Curve;

    use super::*;

    #[test]
    fn digest_infos_begin_as_the_standard_prints_them() {
        // RFC 8017 §9.2, note 1.
        let printed = [
            (Hash::Sha1, "3021300906052b0e03021a05000414"),
            (Hash::Sha256, "3031300d060960864801650304020105000420"),
            (Hash::Sha512, "3051300d060960864801650304020305000440"),
        ];
        for (hash, prefix) in printed {
            let digest = vec![0xee; hash.digest_bytes()];
            let info = digest_info(hash, &digest);
            assert_eq!(
                hex::encode(&info),
                format!("{prefix}{}", hex::encode(&digest))
            );
        }
    }

    #[test]
    fn a_mechanism_does_not_fit_another_kind_of_key() {
        let refused = Task::new(
            KeySpec::Ec(Curve::Ed25519),
            Signing::Ecdsa(None),
            Input::Digest(&[1]),
        );
        assert_eq!(refused.err(), Some(Error::KeyTypeMismatch));
        let refused = Task::new(
            KeySpec::Ec(Curve::P256),
            Signing::Ecdsa(Some(Hash::Sha256)),
            Input::Digest(&[1; 31]),
        );
        assert!(matches!(refused.err(), Some(Error::BadInput(_))));
    }
}
