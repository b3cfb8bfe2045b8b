//! How a key is, or is to be, wrapped (KMIP 2.1 §3.3, §7.18).

use crate::{
    EncodingOption, WrappingMethod,
    attribute::{AttributeReference, CryptographicParameters, UniqueIdentifier},
    ttlv::{Bytes, structure},
};

structure! {
    /// Encryption Key Information.
    #[derive(Debug, Eq)]
    pub struct EncryptionKeyInformation {
        /// The wrapping key.
        unique_identifier: UniqueIdentifier = UniqueIdentifier;
        /// How it wraps.
        cryptographic_parameters: Option<CryptographicParameters> = CryptographicParameters;
    }
}

structure! {
    /// MAC/Signature Key Information.
    #[derive(Debug, Eq)]
    pub struct MACSignatureKeyInformation {
        /// The authenticating key.
        unique_identifier: Option<UniqueIdentifier> = UniqueIdentifier;
        /// How it authenticates.
        cryptographic_parameters: Option<CryptographicParameters> = CryptographicParameters;
    }
}

structure! {
    /// Key Wrapping Data: how a Key Value is wrapped.
    #[derive(Debug, Eq)]
    pub struct KeyWrappingData {
        /// Encrypted, authenticated or both.
        wrapping_method: WrappingMethod = WrappingMethod;
        /// The encrypting key.
        encryption_key_information: Option<EncryptionKeyInformation> = EncryptionKeyInformation;
        /// The authenticating key.
        mac_signature_key_information: Option<MACSignatureKeyInformation> = MACSignatureKeyInformation;
        /// The MAC or signature.
        mac_signature: Option<Bytes> = MACSignature;
        /// The IV, counter or nonce.
        iv_counter_nonce: Option<Bytes> = IVCounterNonce;
        /// What an authenticating mode authenticates besides. This field is ours: the standard has none for it.
        authenticated_encryption_additional_data: Option<Bytes> = AuthenticatedEncryptionAdditionalData;
        /// Whether the Key Value was wrapped in TTLV or the bare material.
        encoding_option: Option<EncodingOption> = EncodingOption since V1_1;
    }
}

structure! {
    /// Key Wrapping Specification: how Get is to wrap a key.
    #[derive(Debug, Eq)]
    pub struct KeyWrappingSpecification {
        /// Encrypt, authenticate or both.
        wrapping_method: WrappingMethod = WrappingMethod;
        /// The encrypting key.
        encryption_key_information: Option<EncryptionKeyInformation> = EncryptionKeyInformation;
        /// The authenticating key.
        mac_signature_key_information: Option<MACSignatureKeyInformation> = MACSignatureKeyInformation;
        /// Attributes to wrap with the key.
        attribute_name: Vec<AttributeReference> = AttributeName;
        /// The IV, counter or nonce, where it is the client's. This field is ours: the standard has the server make it.
        iv_counter_nonce: Option<Bytes> = IVCounterNonce;
        /// What an authenticating mode authenticates besides. This field is ours, too.
        authenticated_encryption_additional_data: Option<Bytes> = AuthenticatedEncryptionAdditionalData;
        /// Whether to wrap the Key Value in TTLV or the bare material.
        encoding_option: Option<EncodingOption> = EncodingOption since V1_1;
    }
}
