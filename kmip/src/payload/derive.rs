//! Derive Key (KMIP 2.1 §6.1.13).

use super::operation;
use crate::{
    DerivationMethod, ObjectType, Secret,
    attribute::{AttributeList, CryptographicParameters, UniqueIdentifier},
    ttlv::{Bytes, structure},
};

operation! {
    /// Derive Key: a key or secret data computed from others.
    DeriveKey since V1_0: DeriveKeyRequest -> DeriveKeyResponse;
}

/// Methods of ours: KMIP 2.1 §11 leaves the values from 80000000 on to extensions.
impl DerivationMethod {
    /// The first half of HKDF: the base object under the salt (RFC 5869 §2.2).
    pub const HKDF_EXTRACT: Self = Self(0x8000_0041);
    /// The second half of HKDF: what comes of a base object that was extracted (RFC 5869 §2.3).
    pub const HKDF_EXPAND: Self = Self(0x8000_0042);
    /// Asymmetric Key, where what is agreed on is hashed behind a counter, in front of the salt (SP 800-56C §4.1).
    pub const ONE_STEP: Self = Self(0x8000_0043);

    /// Whether two sides come to the same by it, each with a private key.
    #[must_use]
    pub const fn agrees(self) -> bool {
        matches!(self, Self::AsymmetricKey | Self::ONE_STEP)
    }
}

structure! {
    /// Derivation Parameters (KMIP 2.1 §7.13).
    #[derive(Default)]
    pub struct DerivationParameters {
        /// The hash function, cipher or algorithm of the method.
        cryptographic_parameters: Option<CryptographicParameters> = CryptographicParameters;
        /// Where a feedback or a cipher begins.
        initialization_vector: Option<Bytes> = InitializationVector;
        /// What the method mixes with the key; more than one are one after the other.
        derivation_data: Vec<Secret> = DerivationData;
        /// The salt of PBKDF2 and HKDF.
        salt: Option<Bytes> = Salt;
        /// How often PBKDF2 repeats.
        iteration_count: Option<i32> = IterationCount;
        /// What goes into a block of SP 800-108, where it is not a counter of 32 bits in front of the data
        /// (`mechanism::parameters::block`). This field is ours.
        block: Option<Bytes> = PKCS11InputParameters;
        /// How many bytes of what comes of SP 800-108 are another key's, and come before. This field is ours.
        skipped_bytes: Option<i32> = OffsetItems;
    }
}

structure! {
    /// Derive Key, request.
    pub struct DeriveKeyRequest {
        /// What to derive: a symmetric key or secret data.
        object_type: ObjectType = ObjectType;
        /// The base object first; then secret data to mix in, the public key to agree with, or keys that go in besides.
        unique_identifier: Vec<UniqueIdentifier> = UniqueIdentifier;
        /// How.
        derivation_method: DerivationMethod = DerivationMethod;
        /// With what.
        derivation_parameters: DerivationParameters = DerivationParameters;
        /// The new object's attributes.
        attributes: AttributeList = Attributes | TemplateAttribute;
    }
}

structure! {
    /// Derive Key, response.
    pub struct DeriveKeyResponse {
        /// The new object.
        unique_identifier: UniqueIdentifier = UniqueIdentifier;
    }
}
