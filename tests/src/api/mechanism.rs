//! Mechanisms with their parameters: values become the structures of C while a function is called.

use std::ptr::null_mut;

use cryptoki_sys as ck;

use super::{
    Ulong,
    calls::ulong,
    derivation::{self, Kdf},
    wrapping::{self, Place},
};

/// A mechanism as a caller names it.
#[derive(Clone, Debug)]
pub struct Mechanism {
    /// The `CKM_`.
    pub kind: Ulong,
    /// Its parameter.
    pub parameter: Parameter,
}

/// A parameter.
#[derive(Clone, Debug)]
pub enum Parameter {
    /// None.
    None,
    /// Bytes as they are: an IV, or what is no structure at all.
    Bytes(Vec<u8>),
    /// One number.
    Number(Ulong),
    /// Nonce, additional data, length of the tag in bits.
    Gcm(Vec<u8>, Vec<u8>, Ulong),
    /// Length of the data, nonce, additional data, length of the MAC in bytes.
    Ccm(Ulong, Vec<u8>, Vec<u8>, Ulong),
    /// Bits that count, and the first block.
    Counter(Ulong, [u8; 16]),
    /// Block counter, bits that count, nonce.
    ChaCha20(Vec<u8>, Ulong, Vec<u8>),
    /// Nonce and additional data.
    Poly1305(Vec<u8>, Vec<u8>),
    /// Hash, mask generation function, length of the salt in bytes.
    Pss(Ulong, Ulong, Ulong),
    /// Hash, mask generation function, label.
    Oaep(Ulong, Ulong, Vec<u8>),
    /// Bits of the AES key between; of the OAEP that it is under, hash and mask generation function.
    RsaAes(Ulong, Ulong, Ulong),
    /// Where the nonce comes that is made inside, additional data, length of the tag in bits.
    GcmWrap(Place, Vec<u8>, Ulong),
    /// Whether the message is hashed before, and the context.
    Eddsa(bool, Vec<u8>),
    /// Hedge variant and context.
    Context(Ulong, Vec<u8>),
    /// Hedge variant, context, hash.
    HashContext(Ulong, Vec<u8>, Ulong),
    /// Key derivation function, shared information, the other side's public key.
    Ecdh(Ulong, Vec<u8>, Vec<u8>),
    /// Whether it extracts, whether it expands, hash, salt, info.
    Hkdf(bool, bool, Ulong, Option<Vec<u8>>, Vec<u8>),
    /// The same with a salt that is a key, by its handle.
    HkdfKey(bool, bool, Ulong, Ulong, Vec<u8>),
    /// A derivation of SP 800-108.
    Kdf(Kdf),
    /// Pseudorandom function, salt, iterations, password.
    Pbkdf2(Ulong, Vec<u8>, Ulong, Vec<u8>),
}

impl From<Ulong> for Mechanism {
    fn from(kind: Ulong) -> Self {
        Self {
            kind,
            parameter: Parameter::None,
        }
    }
}

impl Mechanism {
    /// A mechanism with its parameter.
    #[must_use]
    pub const fn new(kind: Ulong, parameter: Parameter) -> Self {
        Self { kind, parameter }
    }

    /// A mechanism whose parameter is an IV.
    #[must_use]
    pub fn iv(kind: Ulong, iv: &[u8]) -> Self {
        Self::new(kind, Parameter::Bytes(iv.to_vec()))
    }

    /// Calls with the mechanism as C has it.
    pub(super) fn with<T>(&self, call: impl FnOnce(*mut ck::CK_MECHANISM) -> T) -> T {
        let kind = self.kind;
        match &self.parameter {
            Parameter::None => {
                let mut mechanism = ck::CK_MECHANISM {
                    mechanism: kind,
                    pParameter: null_mut(),
                    ulParameterLen: 0,
                };
                call(&raw mut mechanism)
            }
            Parameter::Bytes(bytes) => {
                let mut mechanism = ck::CK_MECHANISM {
                    mechanism: kind,
                    pParameter: pointer(bytes).cast(),
                    ulParameterLen: ulong(bytes.len()),
                };
                call(&raw mut mechanism)
            }
            Parameter::Number(own) => with(kind, *own, call),
            Parameter::RsaAes(bits, hash, mgf) => {
                wrapping::rsa_aes(kind, (*bits, *hash, *mgf), call)
            }
            Parameter::GcmWrap(place, additional, bits) => {
                wrapping::gcm(kind, place, (additional, *bits), call)
            }
            Parameter::Gcm(..)
            | Parameter::Ccm(..)
            | Parameter::Counter(..)
            | Parameter::ChaCha20(..)
            | Parameter::Poly1305(..) => self.with_cipher(call),
            Parameter::Pss(..)
            | Parameter::Oaep(..)
            | Parameter::Eddsa(..)
            | Parameter::Context(..)
            | Parameter::HashContext(..) => self.with_public_key(call),
            Parameter::Ecdh(..)
            | Parameter::Hkdf(..)
            | Parameter::HkdfKey(..)
            | Parameter::Kdf(_)
            | Parameter::Pbkdf2(..) => derivation::with_derivation(self, call),
        }
    }

    fn with_public_key<T>(&self, call: impl FnOnce(*mut ck::CK_MECHANISM) -> T) -> T {
        let kind = self.kind;
        match &self.parameter {
            Parameter::Pss(hash, mgf, salt) => {
                let own = ck::CK_RSA_PKCS_PSS_PARAMS {
                    hashAlg: *hash,
                    mgf: *mgf,
                    sLen: *salt,
                };
                with(kind, own, call)
            }
            Parameter::Oaep(hash, mgf, label) => {
                let own = ck::CK_RSA_PKCS_OAEP_PARAMS {
                    hashAlg: *hash,
                    mgf: *mgf,
                    source: ck::CKZ_DATA_SPECIFIED,
                    pSourceData: pointer(label).cast(),
                    ulSourceDataLen: ulong(label.len()),
                };
                with(kind, own, call)
            }
            Parameter::Eddsa(prehash, context) => {
                let own = ck::CK_EDDSA_PARAMS {
                    phFlag: ck::CK_BBOOL::from(*prehash),
                    ulContextDataLen: ulong(context.len()),
                    pContextData: pointer(context),
                };
                with(kind, own, call)
            }
            Parameter::Context(hedge, context) => {
                let own = ck::CK_SIGN_ADDITIONAL_CONTEXT {
                    hedgeVariant: *hedge,
                    pContext: pointer(context),
                    ulContextLen: ulong(context.len()),
                };
                with(kind, own, call)
            }
            Parameter::HashContext(hedge, context, hash) => {
                let own = ck::CK_HASH_SIGN_ADDITIONAL_CONTEXT {
                    hedgeVariant: *hedge,
                    pContext: pointer(context),
                    ulContextLen: ulong(context.len()),
                    hash: *hash,
                };
                with(kind, own, call)
            }
            other => panic!("{other:?} is no public key's"),
        }
    }

    fn with_cipher<T>(&self, call: impl FnOnce(*mut ck::CK_MECHANISM) -> T) -> T {
        let kind = self.kind;
        match &self.parameter {
            Parameter::Gcm(iv, additional, tag_bits) => {
                let own = ck::CK_GCM_PARAMS {
                    pIv: pointer(iv),
                    ulIvLen: ulong(iv.len()),
                    ulIvBits: ulong(iv.len() * 8),
                    pAAD: pointer(additional),
                    ulAADLen: ulong(additional.len()),
                    ulTagBits: *tag_bits,
                };
                with(kind, own, call)
            }
            Parameter::Ccm(data_bytes, nonce, additional, mac_bytes) => {
                let own = ck::CK_CCM_PARAMS {
                    ulDataLen: *data_bytes,
                    pNonce: pointer(nonce),
                    ulNonceLen: ulong(nonce.len()),
                    pAAD: pointer(additional),
                    ulAADLen: ulong(additional.len()),
                    ulMACLen: *mac_bytes,
                };
                with(kind, own, call)
            }
            Parameter::Counter(bits, block) => {
                let own = ck::CK_AES_CTR_PARAMS {
                    ulCounterBits: *bits,
                    cb: *block,
                };
                with(kind, own, call)
            }
            Parameter::ChaCha20(counter, counter_bits, nonce) => {
                let own = ck::CK_CHACHA20_PARAMS {
                    pBlockCounter: pointer(counter),
                    blockCounterBits: *counter_bits,
                    pNonce: pointer(nonce),
                    ulNonceBits: ulong(nonce.len() * 8),
                };
                with(kind, own, call)
            }
            Parameter::Poly1305(nonce, additional) => {
                let own = ck::CK_SALSA20_CHACHA20_POLY1305_PARAMS {
                    pNonce: pointer(nonce),
                    ulNonceLen: ulong(nonce.len()),
                    pAAD: pointer(additional),
                    ulAADLen: ulong(additional.len()),
                };
                with(kind, own, call)
            }
            other => panic!("{other:?} is no cipher's"),
        }
    }
}

/// Calls with a mechanism whose parameter is this structure.
pub(super) fn with<P, T>(
    kind: Ulong,
    mut own: P,
    call: impl FnOnce(*mut ck::CK_MECHANISM) -> T,
) -> T {
    let mut mechanism = ck::CK_MECHANISM {
        mechanism: kind,
        pParameter: (&raw mut own).cast(),
        ulParameterLen: ulong(size_of::<P>()),
    };
    call(&raw mut mechanism)
}

/// Where bytes are; nowhere, when there are none.
pub(super) fn pointer(bytes: &[u8]) -> *mut u8 {
    if bytes.is_empty() {
        null_mut()
    } else {
        bytes.as_ptr().cast_mut()
    }
}
