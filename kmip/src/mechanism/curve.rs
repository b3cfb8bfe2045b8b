//! Elliptic curves: one row each gives the name, the length, what it is for and its object identifier.

/// What is computed on a curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CurveForm {
    /// y² = x³ + ax + b over a prime field: ECDSA and ECDH.
    Weierstrass,
    /// A twisted Edwards curve: EdDSA (RFC 8032).
    Edwards,
    /// A Montgomery curve: X25519 and X448 (RFC 7748).
    Montgomery,
}

macro_rules! curves {
    ($($(#[$meta:meta])* $name:ident: $text:literal, $bits:literal, $form:ident, $oid:literal;)*) => {
        /// An elliptic curve.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Curve {
            $($(#[$meta])* $name,)*
        }

        impl Curve {
            /// Every curve served. References of module HSMs count the places, so new rows come last.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The name in the store and on the command line.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// The length of the curve in bits, KMIP's Cryptographic Length; of an Edwards curve that of its points.
            #[must_use]
            pub const fn bits(self) -> u16 {
                match self { $(Self::$name => $bits,)* }
            }

            /// What is computed on the curve.
            #[must_use]
            pub const fn form(self) -> CurveForm {
                match self { $(Self::$name => CurveForm::$form,)* }
            }

            /// The object identifier in DER, tag and length included: `CKA_EC_PARAMS` of PKCS #11.
            #[must_use]
            pub const fn oid(self) -> &'static [u8] {
                match self { $(Self::$name => $oid,)* }
            }
        }
    };
}

curves! {
    /// NIST P-256, secp256r1.
    P256: "p256", 256, Weierstrass, b"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07";
    /// NIST P-384, secp384r1.
    P384: "p384", 384, Weierstrass, b"\x06\x05\x2b\x81\x04\x00\x22";
    /// NIST P-521, secp521r1.
    P521: "p521", 521, Weierstrass, b"\x06\x05\x2b\x81\x04\x00\x23";
    /// SECG secp256k1.
    Secp256k1: "secp256k1", 256, Weierstrass, b"\x06\x05\x2b\x81\x04\x00\x0a";
    /// Edwards curve 25519, for Ed25519 signatures only.
    Ed25519: "ed25519", 256, Edwards, b"\x06\x03\x2b\x65\x70";
    /// Edwards curve 448, for Ed448 signatures only.
    Ed448: "ed448", 456, Edwards, b"\x06\x03\x2b\x65\x71";
    /// Montgomery curve 25519, for key agreement only.
    X25519: "x25519", 256, Montgomery, b"\x06\x03\x2b\x65\x6e";
    /// Montgomery curve 448, for key agreement only.
    X448: "x448", 448, Montgomery, b"\x06\x03\x2b\x65\x6f";
    /// NIST P-192, for old keys.
    P192: "p192", 192, Weierstrass, b"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x01";
    /// NIST P-224.
    P224: "p224", 224, Weierstrass, b"\x06\x05\x2b\x81\x04\x00\x21";
    /// brainpoolP160r1 (RFC 5639), for old keys.
    BrainpoolP160r1: "brainpoolp160r1", 160, Weierstrass, b"\x06\x09\x2b\x24\x03\x03\x02\x08\x01\x01\x01";
    /// brainpoolP160t1, the twist of brainpoolP160r1, for old keys.
    BrainpoolP160t1: "brainpoolp160t1", 160, Weierstrass, b"\x06\x09\x2b\x24\x03\x03\x02\x08\x01\x01\x02";
    /// brainpoolP192r1, for old keys.
    BrainpoolP192r1: "brainpoolp192r1", 192, Weierstrass, b"\x06\x09\x2b\x24\x03\x03\x02\x08\x01\x01\x03";
    /// brainpoolP192t1, for old keys.
    BrainpoolP192t1: "brainpoolp192t1", 192, Weierstrass, b"\x06\x09\x2b\x24\x03\x03\x02\x08\x01\x01\x04";
    /// brainpoolP224r1.
    BrainpoolP224r1: "brainpoolp224r1", 224, Weierstrass, b"\x06\x09\x2b\x24\x03\x03\x02\x08\x01\x01\x05";
    /// brainpoolP224t1.
    BrainpoolP224t1: "brainpoolp224t1", 224, Weierstrass, b"\x06\x09\x2b\x24\x03\x03\x02\x08\x01\x01\x06";
    /// brainpoolP256r1.
    BrainpoolP256r1: "brainpoolp256r1", 256, Weierstrass, b"\x06\x09\x2b\x24\x03\x03\x02\x08\x01\x01\x07";
    /// brainpoolP256t1.
    BrainpoolP256t1: "brainpoolp256t1", 256, Weierstrass, b"\x06\x09\x2b\x24\x03\x03\x02\x08\x01\x01\x08";
    /// brainpoolP320r1.
    BrainpoolP320r1: "brainpoolp320r1", 320, Weierstrass, b"\x06\x09\x2b\x24\x03\x03\x02\x08\x01\x01\x09";
    /// brainpoolP320t1.
    BrainpoolP320t1: "brainpoolp320t1", 320, Weierstrass, b"\x06\x09\x2b\x24\x03\x03\x02\x08\x01\x01\x0a";
    /// brainpoolP384r1.
    BrainpoolP384r1: "brainpoolp384r1", 384, Weierstrass, b"\x06\x09\x2b\x24\x03\x03\x02\x08\x01\x01\x0b";
    /// brainpoolP384t1.
    BrainpoolP384t1: "brainpoolp384t1", 384, Weierstrass, b"\x06\x09\x2b\x24\x03\x03\x02\x08\x01\x01\x0c";
    /// brainpoolP512r1.
    BrainpoolP512r1: "brainpoolp512r1", 512, Weierstrass, b"\x06\x09\x2b\x24\x03\x03\x02\x08\x01\x01\x0d";
    /// brainpoolP512t1.
    BrainpoolP512t1: "brainpoolp512t1", 512, Weierstrass, b"\x06\x09\x2b\x24\x03\x03\x02\x08\x01\x01\x0e";
}

impl Curve {
    /// The length of a field element, and of each half of a signature, in bytes; of an Edwards or Montgomery curve that
    /// of a point.
    #[must_use]
    pub const fn field_bytes(self) -> usize {
        self.bits().div_ceil(8) as usize
    }

    /// The length of a public key in bytes, uncompressed.
    #[must_use]
    pub const fn point_bytes(self) -> usize {
        match self.form() {
            CurveForm::Weierstrass => 1 + 2 * self.field_bytes(),
            CurveForm::Edwards | CurveForm::Montgomery => self.field_bytes(),
        }
    }

    /// Whether ECDSA signs on the curve.
    #[must_use]
    pub const fn is_weierstrass(self) -> bool {
        matches!(self.form(), CurveForm::Weierstrass)
    }

    /// Whether EdDSA signs on the curve.
    #[must_use]
    pub const fn is_edwards(self) -> bool {
        matches!(self.form(), CurveForm::Edwards)
    }

    /// Whether keys of the curve agree on secrets and do nothing else.
    #[must_use]
    pub const fn is_montgomery(self) -> bool {
        matches!(self.form(), CurveForm::Montgomery)
    }
}
