//! The algorithms of FIPS 203, 204 and 205: one row each gives the name and the lengths.

/// What a post-quantum key does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PostQuantumUse {
    /// Encapsulates secrets: ML-KEM (FIPS 203).
    Kem,
    /// Signs: ML-DSA (FIPS 204).
    MlDsa,
    /// Signs by hashing alone: SLH-DSA (FIPS 205).
    SlhDsa,
}

macro_rules! algorithms {
    ($($(#[$meta:meta])* $name:ident: $text:literal, $arc:tt, $kind:ident, $bits:literal, $public:literal, $output:literal, $category:literal;)*) => {
        /// A post-quantum algorithm with its parameter set.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum PostQuantum {
            $($(#[$meta])* $name,)*
        }

        impl PostQuantum {
            /// Every algorithm served, in the order of KMIP's numbers.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The name in the store and on the command line.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// The object identifier in DER, tag and length included.
            #[must_use]
            pub const fn oid(self) -> [u8; 11] {
                // 2.16.840.1.101.3.4, NIST's arc: 3 are signatures, 4 are KEMs.
                let [family, arc] = match self { $(Self::$name => $arc,)* };
                [0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, family, arc]
            }

            /// What its keys do.
            #[must_use]
            pub const fn kind(self) -> PostQuantumUse {
                match self { $(Self::$name => PostQuantumUse::$kind,)* }
            }

            /// The Cryptographic Length in bits: ML-KEM's parameter set, otherwise the public key's length.
            #[must_use]
            pub const fn bits(self) -> u16 {
                match self { $(Self::$name => $bits,)* }
            }

            /// The length of a public key in bytes.
            #[must_use]
            pub const fn public_bytes(self) -> usize {
                match self { $(Self::$name => $public,)* }
            }

            /// The length of a signature or of a ciphertext in bytes.
            #[must_use]
            pub const fn output_bytes(self) -> usize {
                match self { $(Self::$name => $output,)* }
            }

            /// The security category of NIST's call for proposals: 1 is as hard to break as AES-128, 5 as AES-256.
            #[must_use]
            pub const fn category(self) -> i32 {
                match self { $(Self::$name => $category,)* }
            }
        }
    };
}

// FIPS 203 table 3, FIPS 204 table 2, FIPS 205 table 2.
algorithms! {
    /// ML-KEM-512.
    MlKem512: "ml-kem-512", [4, 1], Kem, 512, 800, 768, 1;
    /// ML-KEM-768.
    MlKem768: "ml-kem-768", [4, 2], Kem, 768, 1184, 1088, 3;
    /// ML-KEM-1024.
    MlKem1024: "ml-kem-1024", [4, 3], Kem, 1024, 1568, 1568, 5;
    /// ML-DSA-44.
    MlDsa44: "ml-dsa-44", [3, 17], MlDsa, 10_496, 1312, 2420, 2;
    /// ML-DSA-65.
    MlDsa65: "ml-dsa-65", [3, 18], MlDsa, 15_616, 1952, 3309, 3;
    /// ML-DSA-87.
    MlDsa87: "ml-dsa-87", [3, 19], MlDsa, 20_736, 2592, 4627, 5;
    /// SLH-DSA-SHA2-128s.
    SlhDsaSha2_128s: "slh-dsa-sha2-128s", [3, 20], SlhDsa, 256, 32, 7856, 1;
    /// SLH-DSA-SHA2-128f.
    SlhDsaSha2_128f: "slh-dsa-sha2-128f", [3, 21], SlhDsa, 256, 32, 17_088, 1;
    /// SLH-DSA-SHA2-192s.
    SlhDsaSha2_192s: "slh-dsa-sha2-192s", [3, 22], SlhDsa, 384, 48, 16_224, 3;
    /// SLH-DSA-SHA2-192f.
    SlhDsaSha2_192f: "slh-dsa-sha2-192f", [3, 23], SlhDsa, 384, 48, 35_664, 3;
    /// SLH-DSA-SHA2-256s.
    SlhDsaSha2_256s: "slh-dsa-sha2-256s", [3, 24], SlhDsa, 512, 64, 29_792, 5;
    /// SLH-DSA-SHA2-256f.
    SlhDsaSha2_256f: "slh-dsa-sha2-256f", [3, 25], SlhDsa, 512, 64, 49_856, 5;
    /// SLH-DSA-SHAKE-128s.
    SlhDsaShake128s: "slh-dsa-shake-128s", [3, 26], SlhDsa, 256, 32, 7856, 1;
    /// SLH-DSA-SHAKE-128f.
    SlhDsaShake128f: "slh-dsa-shake-128f", [3, 27], SlhDsa, 256, 32, 17_088, 1;
    /// SLH-DSA-SHAKE-192s.
    SlhDsaShake192s: "slh-dsa-shake-192s", [3, 28], SlhDsa, 384, 48, 16_224, 3;
    /// SLH-DSA-SHAKE-192f.
    SlhDsaShake192f: "slh-dsa-shake-192f", [3, 29], SlhDsa, 384, 48, 35_664, 3;
    /// SLH-DSA-SHAKE-256s.
    SlhDsaShake256s: "slh-dsa-shake-256s", [3, 30], SlhDsa, 512, 64, 29_792, 5;
    /// SLH-DSA-SHAKE-256f.
    SlhDsaShake256f: "slh-dsa-shake-256f", [3, 31], SlhDsa, 512, 64, 49_856, 5;
}
