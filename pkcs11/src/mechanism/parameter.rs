//! Parameters of mechanisms as values: what stands in the structures of C, whichever way they came.

use cryptoki_sys as ck;

use crate::{Result, Rv, Ulong};

/// Which structure a mechanism's parameter is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// There is none.
    None,
    /// `CK_CCM_PARAMS`.
    Ccm,
    /// `CK_CHACHA20_PARAMS`.
    ChaCha20,
    /// `CK_SIGN_ADDITIONAL_CONTEXT`, which may be left out.
    Context,
    /// `CK_AES_CTR_PARAMS`.
    Counter,
    /// The initial value of AES key wrap, of this many bytes, which may be left out.
    Default(usize),
    /// `CK_ECDH1_DERIVE_PARAMS`.
    Ecdh,
    /// `CK_EDDSA_PARAMS`, which may be left out.
    Eddsa,
    /// `CK_SP800_108_FEEDBACK_KDF_PARAMS`.
    Feedback,
    /// `CK_GCM_PARAMS`.
    Gcm,
    /// `CK_HASH_SIGN_ADDITIONAL_CONTEXT`.
    HashContext,
    /// `CK_HKDF_PARAMS`.
    Hkdf,
    /// An IV of this many bytes.
    Iv(usize),
    /// `CK_SP800_108_KDF_PARAMS`.
    Kdf,
    /// One number.
    Number,
    /// `CK_RSA_PKCS_OAEP_PARAMS`.
    Oaep,
    /// `CK_SALSA20_CHACHA20_POLY1305_PARAMS`.
    Poly1305,
    /// `CK_RSA_PKCS_PSS_PARAMS`.
    Pss,
    /// `CK_RSA_AES_KEY_WRAP_PARAMS`.
    RsaAes,
}

/// A parameter's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parameter {
    /// None was needed.
    None,
    /// What AES-CCM takes.
    Ccm(Ccm),
    /// Block counter in little-endian, and nonce.
    ChaCha20(Vec<u8>, Vec<u8>),
    /// The context of a signature and how it is made.
    Context(Context),
    /// Bits that count, and the first block.
    Counter(Ulong, Vec<u8>),
    /// Key derivation function, shared information, the other side's public key.
    Ecdh(Ulong, Vec<u8>, Vec<u8>),
    /// IV, additional data, tag length in bits.
    Gcm(Vec<u8>, Vec<u8>, Ulong),
    /// Additional data, tag length in bits; the IV is made where the key is.
    GcmWithoutIv(Vec<u8>, Ulong),
    /// What HKDF takes.
    Hkdf(Hkdf),
    /// An IV.
    Iv(Vec<u8>),
    /// What SP 800-108 takes.
    Kdf(Kdf),
    /// A number.
    Number(Ulong),
    /// RSAES-OAEP's.
    Oaep(Oaep),
    /// Nonce, additional data.
    Poly1305(Vec<u8>, Vec<u8>),
    /// Hash, mask generation function, salt length.
    Pss(Ulong, Ulong, Ulong),
    /// Bits of the AES key between, and how it is under the RSA key.
    RsaAes(Ulong, Oaep),
}

/// The initial values of AES key wrap without and with padding (RFC 3394 §2.2.3.1, RFC 5649 §3), by their length.
#[must_use]
pub const fn initial_value(bytes: usize) -> &'static [u8] {
    match bytes {
        8 => &[0xA6; 8],
        _ => &[0xA6, 0x59, 0x59, 0xA6],
    }
}

/// The context of a signature and how it is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
    /// The context.
    pub bytes: Vec<u8>,
    /// Whether the message's digest is signed, of EdDSA (`phFlag`).
    pub is_prehashed: bool,
    /// Whether nothing random may go in.
    pub is_deterministic: bool,
    /// The mechanism that hashed the message, where the structure names it.
    pub hash: Option<Ulong>,
}

impl Context {
    /// The context of `CK_SIGN_ADDITIONAL_CONTEXT`, or of a digest's, which names its hash. Signatures are hedged unless that
    /// is forbidden (PKCS #11 3.2 §6.67.4).
    ///
    /// # Errors
    /// `MECHANISM_PARAM_INVALID` for a way to hedge that is none.
    pub fn hedged(hedge: Ulong, bytes: Vec<u8>, hash: Option<Ulong>) -> Result<Self> {
        let is_deterministic = match hedge {
            ck::CKH_HEDGE_PREFERRED | ck::CKH_HEDGE_REQUIRED => false,
            ck::CKH_DETERMINISTIC_REQUIRED => true,
            _ => return Err(Rv::MECHANISM_PARAM_INVALID),
        };
        Ok(Self {
            bytes,
            is_prehashed: false,
            is_deterministic,
            hash,
        })
    }
}

/// The parameter of RSAES-OAEP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Oaep {
    /// The mechanism that is the hash.
    pub hash: Ulong,
    /// The mask generation function.
    pub mask: Ulong,
    /// The label.
    pub label: Vec<u8>,
}

/// The parameter of AES-CCM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ccm {
    /// The length of the data, without the MAC.
    pub data_bytes: Ulong,
    /// The nonce.
    pub nonce: Vec<u8>,
    /// What is authenticated besides.
    pub additional: Vec<u8>,
    /// The length of the MAC.
    pub mac_bytes: Ulong,
}

/// The parameter of HKDF.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hkdf {
    /// Whether it extracts.
    pub extracts: bool,
    /// Whether it expands.
    pub expands: bool,
    /// The mechanism that is the hash.
    pub hash: Ulong,
    /// The salt.
    pub salt: Salt,
    /// What the key is for.
    pub info: Vec<u8>,
}

/// The salt of HKDF, which means nothing where it does not extract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Salt {
    /// There is none.
    None,
    /// Bytes.
    Bytes(Vec<u8>),
    /// A key, by its handle.
    Key(Ulong),
}

impl Salt {
    /// The salt of a kind (`CKF_HKDF_SALT_`).
    ///
    /// # Errors
    /// `MECHANISM_PARAM_INVALID` for a kind that is none.
    pub fn of_kind(kind: Ulong, bytes: Vec<u8>, key: Ulong) -> Result<Self> {
        match kind {
            ck::CKF_HKDF_SALT_NULL => Ok(Self::None),
            ck::CKF_HKDF_SALT_DATA => Ok(Self::Bytes(bytes)),
            ck::CKF_HKDF_SALT_KEY => Ok(Self::Key(key)),
            _ => Err(Rv::MECHANISM_PARAM_INVALID),
        }
    }
}

impl Parameter {
    /// The handles of keys that go into a derivation beside its base: the salt, or those of a block in their order.
    #[must_use]
    pub fn keys(&self) -> Vec<Ulong> {
        match self {
            Self::Hkdf(Hkdf {
                extracts: true,
                salt: Salt::Key(handle),
                ..
            }) => vec![*handle],
            Self::Kdf(own) => {
                let handles = own.parts.iter().filter_map(|part| match part {
                    Part::Key(handle) => Some(*handle),
                    _ => None,
                });
                handles.collect()
            }
            _ => Vec::new(),
        }
    }
}

/// The most keys that are derived besides: each is an object of its own at the daemon.
pub const FURTHER_KEYS_MAX: usize = 32;

/// The most parts of a block; callers have three or four.
pub const PARTS_MAX: usize = 64;

/// The parameter of a key derivation function of SP 800-108.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kdf {
    /// The mechanism that is the pseudorandom function.
    pub prf: Ulong,
    /// What goes into each block, in this order.
    pub parts: Vec<Part>,
    /// What stands for the block before the first one.
    pub iv: Vec<u8>,
    /// How many keys are wanted besides.
    pub more_keys: Ulong,
}

/// A part of what goes into a block (PKCS #11 3.2 §6.42.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// What the mode iterates over; with the form of the counter, where it is one.
    Iteration(Option<Width>),
    /// A counter of this form.
    Counter(Width),
    /// The length of what is derived, of this form; of the keys, or of all blocks.
    Length {
        /// Whether it counts the blocks' bits, and not the keys'.
        of_blocks: bool,
        /// How the number is written.
        width: Width,
    },
    /// Bytes as they are.
    Bytes(Vec<u8>),
    /// The value of a key, by its handle.
    Key(Ulong),
}

impl Part {
    /// The length of what is derived, by a method (`CK_SP800_108_DKM_LENGTH_`).
    ///
    /// # Errors
    /// `MECHANISM_PARAM_INVALID` for a method that is none.
    pub fn length(method: Ulong, width: Width) -> Result<Self> {
        let of_blocks = match method {
            ck::CK_SP800_108_DKM_LENGTH_SUM_OF_KEYS => false,
            ck::CK_SP800_108_DKM_LENGTH_SUM_OF_SEGMENTS => true,
            _ => return Err(Rv::MECHANISM_PARAM_INVALID),
        };
        Ok(Self::Length { of_blocks, width })
    }
}

/// How a number is written into a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Width {
    /// How many bits it has.
    pub bits: Ulong,
    /// Whether the last byte is the first.
    pub is_little_endian: bool,
}

impl Width {
    /// How many bytes it has: whole ones, and so many at most.
    #[must_use]
    pub fn bytes(self, most: u8) -> Option<u8> {
        let is_whole = self.bits.is_multiple_of(8);
        let bytes = u8::try_from(self.bits / 8).ok();
        bytes.filter(|bytes| is_whole && (1..=most).contains(bytes))
    }
}
