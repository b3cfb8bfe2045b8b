//! What each kind of object carries (KMIP 2.1 §2).

use super::KeyBlock;
use crate::{
    CertificateRequestType, CertificateType, OpaqueDataType, Secret, SecretDataType,
    SplitKeyMethod,
    attribute::AttributeList,
    ttlv::{BigInteger, Bytes, structure},
};

structure! {
    /// Symmetric Key, Public Key or Private Key (KMIP 2.1 §2.8, §2.6, §2.5).
    pub struct KeyObject {
        /// The key.
        key_block: KeyBlock = KeyBlock;
    }
}

structure! {
    /// Certificate (KMIP 2.1 §2.1).
    #[derive(Debug, Eq)]
    pub struct Certificate {
        /// X.509 or PGP.
        certificate_type: CertificateType = CertificateType;
        /// The certificate, DER.
        certificate_value: Bytes = CertificateValue;
    }
}

structure! {
    /// Secret Data (KMIP 2.1 §2.7): a password, a seed.
    pub struct SecretData {
        /// What it is.
        secret_data_type: SecretDataType = SecretDataType;
        /// The data.
        key_block: KeyBlock = KeyBlock;
    }
}

structure! {
    /// Opaque Object (KMIP 2.1 §2.3): bytes that the server does not interpret.
    pub struct OpaqueObject {
        /// What it is, in the client's words.
        opaque_data_type: OpaqueDataType = OpaqueDataType;
        /// The bytes.
        opaque_data_value: Secret = OpaqueDataValue;
    }
}

structure! {
    /// Certificate Request (KMIP 2.1 §2.2).
    #[derive(Debug, Eq)]
    pub struct CertificateRequest {
        /// PKCS #10, CRMF or PEM.
        certificate_request_type: CertificateRequestType = CertificateRequestType;
        /// The request.
        certificate_request_value: Bytes = CertificateRequestValue;
    }
}

structure! {
    /// PGP Key (KMIP 2.1 §2.4).
    pub struct PGPKey {
        /// The version of the key's packets.
        pgp_key_version: i32 = PGPKeyVersion;
        /// The key.
        key_block: KeyBlock = KeyBlock;
    }
}

structure! {
    /// Split Key (KMIP 2.1 §2.9): one part of a key, of which several together make it.
    pub struct SplitKey {
        /// How many parts there are.
        split_key_parts: i32 = SplitKeyParts;
        /// Which of them this is, from 1.
        key_part_identifier: i32 = KeyPartIdentifier;
        /// How many of them make the key.
        split_key_threshold: i32 = SplitKeyThreshold;
        /// How it was split.
        split_key_method: SplitKeyMethod = SplitKeyMethod;
        /// The prime of Polynomial Sharing Prime Field.
        prime_field_size: Option<BigInteger> = PrimeFieldSize;
        /// The part.
        key_block: KeyBlock = KeyBlock;
    }
}

structure! {
    /// Template (KMIP 1.4 §2.2.6): attributes of objects to be made.
    pub struct Template {
        /// The attributes.
        attributes: AttributeList = Attributes | Attribute until V2_0;
    }
}
