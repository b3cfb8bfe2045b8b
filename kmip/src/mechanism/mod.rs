//! Keys and mechanisms in their validated form: what can be named here makes sense.
//!
//! This is the one vocabulary of algorithms below the wire. It has three neighbours: Cryptographic Parameters
//! ([`parameters`]), `cryptoki`'s mechanisms in the HSM layer and `CK_MECHANISM` in the PKCS#11 provider.

mod cipher;
mod curve;
mod derivation;
mod kept;
mod names;
pub mod parameters;
mod post_quantum;
pub mod signature;

pub use self::{
    cipher::{Cipher, Mac, Padding},
    curve::{Curve, CurveForm},
    derivation::{Block, BlockPart, Counter, Derivation, Prf},
    kept::{Kept, OldHash},
    post_quantum::{PostQuantum, PostQuantumUse},
};

/// A hash function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Hash {
    /// SHA-1, for verification and old HMAC keys.
    Sha1,
    /// SHA-224.
    Sha224,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
    /// SHA3-224.
    Sha3_224,
    /// SHA3-256.
    Sha3_256,
    /// SHA3-384.
    Sha3_384,
    /// SHA3-512.
    Sha3_512,
    /// SHA-512/224: SHA-512 with a beginning of its own, cut.
    Sha512_224,
    /// SHA-512/256.
    Sha512_256,
}

impl Hash {
    /// Every hash function served. References of keys count places in this list, so it only grows at its end.
    pub const ALL: &'static [Self] = &[
        Self::Sha1,
        Self::Sha224,
        Self::Sha256,
        Self::Sha384,
        Self::Sha512,
        Self::Sha3_224,
        Self::Sha3_256,
        Self::Sha3_384,
        Self::Sha3_512,
        Self::Sha512_224,
        Self::Sha512_256,
    ];

    /// The length of the digest in bytes.
    #[must_use]
    pub const fn digest_bytes(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha224 | Self::Sha3_224 | Self::Sha512_224 => 28,
            Self::Sha256 | Self::Sha3_256 | Self::Sha512_256 => 32,
            Self::Sha384 | Self::Sha3_384 => 48,
            Self::Sha512 | Self::Sha3_512 => 64,
        }
    }
}

impl Hash {
    /// The name in the store and on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "sha1",
            Self::Sha224 => "sha224",
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
            Self::Sha3_224 => "sha3-224",
            Self::Sha3_256 => "sha3-256",
            Self::Sha3_384 => "sha3-384",
            Self::Sha3_512 => "sha3-512",
            Self::Sha512_224 => "sha512-224",
            Self::Sha512_256 => "sha512-256",
        }
    }
}

/// What kind of key, in full: enough to generate one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeySpec {
    /// AES of 128, 192 or 256 bits; with 512 bits the two keys of XTS-AES-256.
    Aes {
        /// Length of the key in bits.
        bits: u16,
    },
    /// A key for HMAC with the hash function named.
    Hmac {
        /// The hash function of the HMAC.
        hash: Hash,
        /// Length of the key in bits, a multiple of eight.
        bits: u16,
    },
    /// An RSA key pair: 2048, 3072 or 4096 bits are made, with the exponent 65537; 1024 to 8192 are taken over.
    Rsa {
        /// Length of the modulus in bits.
        bits: u16,
    },
    /// A DSA key pair, for old signatures.
    Dsa {
        /// Length of the prime p in bits.
        bits: u16,
        /// Length of the prime q, and of each half of a signature, in bits.
        order_bits: u16,
    },
    /// A key pair for Diffie and Hellman's agreement over a prime field.
    Dh {
        /// Length of the prime p in bits.
        bits: u16,
    },
    /// A key pair on an elliptic curve.
    Ec(Curve),
    /// Triple DES with two keys (112 bits in 16 bytes) or three (168 bits in 24).
    TripleDes {
        /// Length of the key in bits, without those of parity.
        bits: u16,
    },
    /// ChaCha20, the cipher alone, of 256 bits.
    ChaCha20,
    /// ChaCha20-Poly1305 of 256 bits (RFC 8439).
    ChaCha20Poly1305,
    /// A secret key that is kept and released, but not used.
    Kept {
        /// What the key is for.
        algorithm: Kept,
        /// Length of the key in bits.
        bits: u16,
    },
    /// A post-quantum key pair.
    PostQuantum(PostQuantum),
}

impl KeySpec {
    /// Whether there is a public and a private half.
    #[must_use]
    pub const fn is_asymmetric(self) -> bool {
        matches!(
            self,
            Self::Rsa { .. }
                | Self::Dsa { .. }
                | Self::Dh { .. }
                | Self::Ec(_)
                | Self::PostQuantum(_)
        )
    }

    /// KMIP's Cryptographic Length in bits.
    #[must_use]
    pub const fn bits(self) -> u16 {
        match self {
            Self::Aes { bits }
            | Self::Hmac { bits, .. }
            | Self::Rsa { bits }
            | Self::Dsa { bits, .. }
            | Self::Dh { bits }
            | Self::TripleDes { bits }
            | Self::Kept { bits, .. } => bits,
            Self::Ec(curve) => curve.bits(),
            Self::PostQuantum(algorithm) => algorithm.bits(),
            Self::ChaCha20 | Self::ChaCha20Poly1305 => 256,
        }
    }

    /// The NIST Security Category (KMIP 3.0): what AES of this length has by definition, and what post-quantum algorithms
    /// are compared with it by. RSA, elliptic curves and what was never compared have none.
    #[must_use]
    pub const fn nist_security_category(self) -> Option<i32> {
        match self {
            Self::Aes { bits: 128 } => Some(1),
            Self::Aes { bits: 192 } => Some(3),
            Self::Aes { .. } => Some(5),
            Self::PostQuantum(algorithm) => Some(algorithm.category()),
            _ => None,
        }
    }

    /// The length of each half of a signature that is a pair of numbers, which KMIP carries as DER and HSMs as r ‖ s;
    /// `None` where a signature is one string.
    #[must_use]
    pub const fn signature_half_bytes(self) -> Option<usize> {
        match self {
            Self::Ec(curve) if curve.is_weierstrass() => Some(curve.field_bytes()),
            Self::Dsa { order_bits, .. } => Some(order_bits.div_ceil(8) as usize),
            _ => None,
        }
    }

    /// The length of a secret key in bytes: DES has a bit of parity in each byte, which is not counted in the length.
    #[must_use]
    pub const fn secret_bytes(self) -> usize {
        let per_byte = match self {
            Self::TripleDes { .. }
            | Self::Kept {
                algorithm: Kept::Des,
                ..
            } => 7,
            _ => 8,
        };
        (self.bits() as usize).div_ceil(per_byte)
    }
}

/// The name in the store and on the command line: `aes-256`, `hmac-sha256-256`, `rsa-2048`, `ec-p256`.
impl std::fmt::Display for KeySpec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Aes { bits } => write!(f, "aes-{bits}"),
            Self::Hmac { hash, bits } => write!(f, "hmac-{}-{bits}", hash.name()),
            Self::Rsa { bits } => write!(f, "rsa-{bits}"),
            Self::Dsa { bits, order_bits } => write!(f, "dsa-{bits}-{order_bits}"),
            Self::Dh { bits } => write!(f, "dh-{bits}"),
            Self::Ec(curve) => write!(f, "ec-{}", curve.name()),
            Self::TripleDes { bits } => write!(f, "3des-{bits}"),
            Self::ChaCha20 => f.write_str("chacha20-256"),
            Self::ChaCha20Poly1305 => f.write_str("chacha20poly1305-256"),
            Self::Kept { algorithm, bits } => write!(f, "{}-{bits}", algorithm.name()),
            Self::PostQuantum(algorithm) => f.write_str(algorithm.name()),
        }
    }
}

/// Reads the name that `Display` prints; curves such as `ed25519` are also names of their own.
impl std::str::FromStr for KeySpec {
    type Err = KeySpecUnknown;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let number = |text: &str| text.parse::<u16>().map_err(|_| KeySpecUnknown);
        let post_quantum = PostQuantum::ALL.iter().find(|own| own.name() == name);
        if let Some(algorithm) = post_quantum {
            return Ok(Self::PostQuantum(*algorithm));
        }
        let (family, rest) = name.split_once('-').unwrap_or(("ec", name));
        match family {
            "aes" => Ok(Self::Aes {
                bits: number(rest)?,
            }),
            "rsa" => Ok(Self::Rsa {
                bits: number(rest)?,
            }),
            "dsa" => {
                let (bits, order_bits) = rest.split_once('-').ok_or(KeySpecUnknown)?;
                Ok(Self::Dsa {
                    bits: number(bits)?,
                    order_bits: number(order_bits)?,
                })
            }
            "dh" => Ok(Self::Dh {
                bits: number(rest)?,
            }),
            "ec" => Curve::ALL
                .iter()
                .find(|curve| curve.name() == rest)
                .map(|curve| Self::Ec(*curve))
                .ok_or(KeySpecUnknown),
            "hmac" => {
                let (hash, bits) = rest.rsplit_once('-').ok_or(KeySpecUnknown)?;
                let hash = Hash::ALL
                    .iter()
                    .find(|own| own.name() == hash)
                    .ok_or(KeySpecUnknown)?;
                Ok(Self::Hmac {
                    hash: *hash,
                    bits: number(bits)?,
                })
            }
            "3des" => Ok(Self::TripleDes {
                bits: number(rest)?,
            }),
            "chacha20" if rest == "256" => Ok(Self::ChaCha20),
            "chacha20poly1305" if rest == "256" => Ok(Self::ChaCha20Poly1305),
            _ => Kept::ALL
                .iter()
                .find(|kept| kept.name() == family)
                .ok_or(KeySpecUnknown)
                .and_then(|algorithm| {
                    Ok(Self::Kept {
                        algorithm: *algorithm,
                        bits: number(rest)?,
                    })
                }),
        }
    }
}

/// A name that is no kind of key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeySpecUnknown;

impl std::fmt::Display for KeySpecUnknown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("no such kind of key; kinds are aes-256, rsa-2048, ec-p256, ed25519, ml-dsa-65, hmac-sha256-256 and the like")
    }
}

impl std::error::Error for KeySpecUnknown {}

/// A signature mechanism.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Signing {
    /// RSASSA-PKCS1-v1_5. Without a hash the input is a whole DigestInfo (or any string no longer than the modulus
    /// less eleven bytes), padded as it is and given as the digest: PKCS #11's `CKM_RSA_PKCS`.
    RsaPkcs1(Option<Hash>),
    /// RSASSA-PSS.
    RsaPss {
        /// The hash of the message.
        hash: Hash,
        /// The hash of the mask generation function MGF1.
        mask_hash: Hash,
        /// Length of the salt in bytes.
        salt_bytes: u16,
    },
    /// DSA; without a hash the input is a digest of any length, cut to the order's length.
    Dsa(Option<Hash>),
    /// ECDSA; without a hash the input is a digest of any length, cut to the order's length.
    Ecdsa(Option<Hash>),
    /// Ed25519 or Ed448, over the message itself.
    Eddsa,
    /// ML-DSA (FIPS 204), pure, hedged, over the message itself with an empty context.
    MlDsa,
    /// SLH-DSA (FIPS 205), pure, hedged, over the message itself with an empty context.
    SlhDsa,
    /// EdDSA, ML-DSA or SLH-DSA, whichever the key is of, in a context that comes with the message (RFC 8032 §5.1, FIPS
    /// 204 §5, FIPS 205 §10).
    InContext {
        /// The hash function of the message, of the variants that sign its digest.
        prehash: Option<Prehash>,
        /// Whether nothing random goes in, where anything could.
        deterministic: bool,
    },
}

/// The hash function of a signature of a digest that names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Prehash {
    /// One with digests of one length.
    Hash(Hash),
    /// SHAKE128, of 256 bits.
    Shake128,
    /// SHAKE256, of 512 bits.
    Shake256,
}

impl Prehash {
    /// The length of the digest in bytes (FIPS 204 §5.4).
    #[must_use]
    pub const fn digest_bytes(self) -> usize {
        match self {
            Self::Hash(hash) => hash.digest_bytes(),
            Self::Shake128 => 32,
            Self::Shake256 => 64,
        }
    }
}

impl Signing {
    /// The hash function of the message, where it is one that can be computed before.
    #[must_use]
    pub const fn hash(self) -> Option<Hash> {
        match self {
            Self::RsaPkcs1(hash) | Self::Ecdsa(hash) | Self::Dsa(hash) => hash,
            Self::RsaPss { hash, .. } => Some(hash),
            Self::Eddsa | Self::MlDsa | Self::SlhDsa | Self::InContext { .. } => None,
        }
    }
}
