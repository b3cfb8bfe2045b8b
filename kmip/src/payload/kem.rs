//! Encapsulate and Decapsulate of KMIP 3.0, working draft 19: experimental, for their fields may change until it is final.

use super::operation;
use crate::{
    CryptographicAlgorithm, KEMAlgorithm, ObjectType, OperationCode, V2_1, Version,
    attribute::{AttributeList, UniqueIdentifier},
    ttlv::{Bytes, structure},
};

operation! {
    /// Encapsulate: a new secret, and the ciphertext that gives it to the holder of the private key.
    Encapsulate since V3_0: EncapsulateRequest -> EncapsulateResponse;
    /// Decapsulate: the secret of such a ciphertext.
    Decapsulate since V3_0: DecapsulateRequest -> DecapsulateResponse;
}

/// Encapsulate in 2.1, under a code of ours (KMIP 2.1 §11.38 leaves 8XXXXXXX to extensions): what the PKCS#11 module asks.
pub struct OwnEncapsulate;

impl super::Operation for OwnEncapsulate {
    const CODE: OperationCode = OperationCode(0x8000_0041);
    const SINCE: Version = V2_1;
    type Request = EncapsulateRequest;
    type Response = EncapsulateResponse;
}

/// Decapsulate in 2.1, as [`OwnEncapsulate`].
pub struct OwnDecapsulate;

impl super::Operation for OwnDecapsulate {
    const CODE: OperationCode = OperationCode(0x8000_0042);
    const SINCE: Version = V2_1;
    type Request = DecapsulateRequest;
    type Response = DecapsulateResponse;
}

structure! {
    /// What Cryptographic Parameters say about a key encapsulation.
    #[derive(Default)]
    pub struct KEMParameters {
        /// The key's algorithm.
        cryptographic_algorithm: Option<CryptographicAlgorithm> = CryptographicAlgorithm;
        /// How the secret is encapsulated.
        kem_algorithm: Option<KEMAlgorithm> = KEMAlgorithm;
    }
}

structure! {
    /// Encapsulate, request.
    pub struct EncapsulateRequest {
        /// The public key.
        unique_identifier: Option<UniqueIdentifier> = UniqueIdentifier;
        /// How.
        cryptographic_parameters: Option<KEMParameters> = CryptographicParameters;
        /// What becomes of the secret: a symmetric key or, when absent, secret data.
        object_type: Option<ObjectType> = ObjectType;
        /// The new object's attributes.
        attributes: AttributeList = Attributes;
    }
}

structure! {
    /// Encapsulate, response.
    pub struct EncapsulateResponse {
        /// The new object.
        unique_identifier: UniqueIdentifier = UniqueIdentifier;
        /// The ciphertext.
        data: Bytes = Data;
    }
}

structure! {
    /// Decapsulate, request.
    pub struct DecapsulateRequest {
        /// The private key.
        unique_identifier: Option<UniqueIdentifier> = UniqueIdentifier;
        /// How.
        cryptographic_parameters: Option<KEMParameters> = CryptographicParameters;
        /// The ciphertext.
        data: Bytes = Data;
        /// What becomes of the secret: a symmetric key or, when absent, secret data.
        object_type: Option<ObjectType> = ObjectType;
        /// The new object's attributes.
        attributes: AttributeList = Attributes;
    }
}

structure! {
    /// Decapsulate, response.
    pub struct DecapsulateResponse {
        /// The new object.
        unique_identifier: UniqueIdentifier = UniqueIdentifier;
    }
}
