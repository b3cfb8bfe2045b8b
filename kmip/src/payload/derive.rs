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
    }
}

structure! {
    /// Derive Key, request.
    pub struct DeriveKeyRequest {
        /// What to derive: a symmetric key or secret data.
        object_type: ObjectType = ObjectType;
        /// The base object first; then secret data to mix in, or the public key to agree with.
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
