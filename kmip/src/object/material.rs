//! Key material: bytes of some format, or the numbers of a transparent key (KMIP 2.1 §3.4).

use crate::{
    KeyFormatType, RecommendedCurve, Result, Secret, Tag,
    error::DecodeErrorKind,
    ttlv::{BigInteger, Bytes, Item, ItemType, Value, Writer, structure},
};

/// Key Material.
#[derive(Clone, PartialEq)]
pub enum KeyMaterial {
    /// Raw, Opaque, PKCS#1, PKCS#8, X.509, EC private key and the like.
    Bytes(Secret),
    /// Transparent Symmetric Key.
    Symmetric(TransparentSymmetricKey),
    /// Transparent RSA Private Key.
    RSAPrivate(Box<TransparentRSAPrivateKey>),
    /// Transparent RSA Public Key.
    RSAPublic(TransparentRSAPublicKey),
    /// Transparent DSA Private Key.
    DSAPrivate(TransparentDSAPrivateKey),
    /// Transparent DSA Public Key.
    DSAPublic(TransparentDSAPublicKey),
    /// Transparent DH Private Key.
    DHPrivate(TransparentDHPrivateKey),
    /// Transparent DH Public Key.
    DHPublic(TransparentDHPublicKey),
    /// Transparent EC Private Key, or 1.x's ECDSA, ECDH and ECMQV ones.
    ECPrivate(TransparentECPrivateKey),
    /// Transparent EC Public Key, or 1.x's ECDSA, ECDH and ECMQV ones.
    ECPublic(TransparentECPublicKey),
}

impl KeyMaterial {
    /// Reads the material of a format.
    pub fn read(item: Item<'_>, format: KeyFormatType) -> Result<Self> {
        if item.item_type == ItemType::ByteString {
            return Secret::read(item).map(Self::Bytes);
        }
        match format {
            KeyFormatType::TransparentSymmetricKey => Value::read(item).map(Self::Symmetric),
            KeyFormatType::TransparentRSAPrivateKey => {
                Value::read(item).map(|key| Self::RSAPrivate(Box::new(key)))
            }
            KeyFormatType::TransparentRSAPublicKey => Value::read(item).map(Self::RSAPublic),
            KeyFormatType::TransparentDSAPrivateKey => Value::read(item).map(Self::DSAPrivate),
            KeyFormatType::TransparentDSAPublicKey => Value::read(item).map(Self::DSAPublic),
            KeyFormatType::TransparentDHPrivateKey => Value::read(item).map(Self::DHPrivate),
            KeyFormatType::TransparentDHPublicKey => Value::read(item).map(Self::DHPublic),
            KeyFormatType::TransparentECPrivateKey
            | KeyFormatType::TransparentECDSAPrivateKey
            | KeyFormatType::TransparentECDHPrivateKey
            | KeyFormatType::TransparentECMQVPrivateKey => Value::read(item).map(Self::ECPrivate),
            KeyFormatType::TransparentECPublicKey
            | KeyFormatType::TransparentECDSAPublicKey
            | KeyFormatType::TransparentECDHPublicKey
            | KeyFormatType::TransparentECMQVPublicKey => Value::read(item).map(Self::ECPublic),
            _ => Err(item.error(DecodeErrorKind::TypeMismatch(item.item_type))),
        }
    }

    /// Writes the Key Material item.
    pub fn write(&self, writer: &mut Writer) {
        match self {
            Self::Bytes(bytes) => bytes.write(Tag::KeyMaterial, writer),
            Self::Symmetric(key) => key.write(Tag::KeyMaterial, writer),
            Self::RSAPrivate(key) => key.write(Tag::KeyMaterial, writer),
            Self::RSAPublic(key) => key.write(Tag::KeyMaterial, writer),
            Self::DSAPrivate(key) => key.write(Tag::KeyMaterial, writer),
            Self::DSAPublic(key) => key.write(Tag::KeyMaterial, writer),
            Self::DHPrivate(key) => key.write(Tag::KeyMaterial, writer),
            Self::DHPublic(key) => key.write(Tag::KeyMaterial, writer),
            Self::ECPrivate(key) => key.write(Tag::KeyMaterial, writer),
            Self::ECPublic(key) => key.write(Tag::KeyMaterial, writer),
        }
    }
}

structure! {
    /// Transparent Symmetric Key (KMIP 2.1 §3.4.1).
    pub struct TransparentSymmetricKey {
        /// The key.
        key: Secret = Key;
    }
}

structure! {
    /// Transparent RSA Private Key (KMIP 2.1 §3.4.4).
    pub struct TransparentRSAPrivateKey {
        /// The modulus n.
        modulus: BigInteger = Modulus;
        /// The private exponent d.
        private_exponent: Option<BigInteger> = PrivateExponent;
        /// The public exponent e.
        public_exponent: Option<BigInteger> = PublicExponent;
        /// The first prime.
        p: Option<BigInteger> = P;
        /// The second prime.
        q: Option<BigInteger> = Q;
        /// d mod (p − 1).
        prime_exponent_p: Option<BigInteger> = PrimeExponentP;
        /// d mod (q − 1).
        prime_exponent_q: Option<BigInteger> = PrimeExponentQ;
        /// q⁻¹ mod p.
        crt_coefficient: Option<BigInteger> = CRTCoefficient;
    }
}

structure! {
    /// Transparent RSA Public Key (KMIP 2.1 §3.4.5).
    pub struct TransparentRSAPublicKey {
        /// The modulus n.
        modulus: BigInteger = Modulus;
        /// The public exponent e.
        public_exponent: BigInteger = PublicExponent;
    }
}

structure! {
    /// Transparent DSA Private Key (KMIP 2.1 §3.4.2).
    pub struct TransparentDSAPrivateKey {
        /// The prime p.
        p: BigInteger = P;
        /// The order q of the group.
        q: BigInteger = Q;
        /// The generator.
        g: BigInteger = G;
        /// The private number.
        x: BigInteger = X;
    }
}

structure! {
    /// Transparent DSA Public Key (KMIP 2.1 §3.4.3).
    pub struct TransparentDSAPublicKey {
        /// The prime p.
        p: BigInteger = P;
        /// The order q of the group.
        q: BigInteger = Q;
        /// The generator.
        g: BigInteger = G;
        /// The public number.
        y: BigInteger = Y;
    }
}

structure! {
    /// Transparent DH Private Key (KMIP 2.1 §3.4.6).
    pub struct TransparentDHPrivateKey {
        /// The prime p.
        p: BigInteger = P;
        /// The order q of the group.
        q: Option<BigInteger> = Q;
        /// The generator.
        g: BigInteger = G;
        /// The cofactor j.
        j: Option<BigInteger> = J;
        /// The private number.
        x: BigInteger = X;
    }
}

structure! {
    /// Transparent DH Public Key (KMIP 2.1 §3.4.7).
    pub struct TransparentDHPublicKey {
        /// The prime p.
        p: BigInteger = P;
        /// The order q of the group.
        q: Option<BigInteger> = Q;
        /// The generator.
        g: BigInteger = G;
        /// The cofactor j.
        j: Option<BigInteger> = J;
        /// The public number.
        y: BigInteger = Y;
    }
}

structure! {
    /// Transparent EC Private Key (KMIP 2.1 §3.4.8).
    pub struct TransparentECPrivateKey {
        /// The curve.
        recommended_curve: RecommendedCurve = RecommendedCurve;
        /// The private scalar.
        d: BigInteger = D;
    }
}

structure! {
    /// Transparent EC Public Key (KMIP 2.1 §3.4.9).
    #[derive(Debug, Eq)]
    pub struct TransparentECPublicKey {
        /// The curve.
        recommended_curve: RecommendedCurve = RecommendedCurve;
        /// The public point, as SEC 1 encodes it.
        q_string: Bytes = QString;
    }
}
