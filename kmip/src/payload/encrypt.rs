//! Encrypt and Decrypt (KMIP 2.1 §6.1.18, §6.1.10).

use super::operation;
use crate::{
    Secret,
    attribute::{CryptographicParameters, UniqueIdentifier},
    ttlv::{Bytes, structure},
};

operation! {
    /// Encrypt.
    Encrypt since V1_2: EncryptRequest -> EncryptResponse;
    /// Decrypt.
    Decrypt since V1_2: DecryptRequest -> DecryptResponse;
}

structure! {
    /// Encrypt, request.
    #[derive(Default)]
    pub struct EncryptRequest {
        /// The key; the placeholder when absent.
        unique_identifier: Option<UniqueIdentifier> = UniqueIdentifier;
        /// How; the key's own parameters when absent.
        cryptographic_parameters: Option<CryptographicParameters> = CryptographicParameters;
        /// The plaintext.
        data: Option<Secret> = Data;
        /// The IV, counter or nonce.
        iv_counter_nonce: Option<Bytes> = IVCounterNonce;
        /// The stream that this part belongs to.
        correlation_value: Option<Bytes> = CorrelationValue since V1_3;
        /// Whether this is the first part.
        init_indicator: Option<bool> = InitIndicator since V1_3;
        /// Whether this is the last part.
        final_indicator: Option<bool> = FinalIndicator since V1_3;
        /// What is authenticated without being encrypted.
        authenticated_encryption_additional_data: Option<Bytes> = AuthenticatedEncryptionAdditionalData since V1_4;
    }
}

structure! {
    /// Encrypt, response.
    pub struct EncryptResponse {
        /// The key.
        unique_identifier: UniqueIdentifier = UniqueIdentifier;
        /// The ciphertext.
        data: Option<Bytes> = Data;
        /// The IV, where the server made it.
        iv_counter_nonce: Option<Bytes> = IVCounterNonce;
        /// The stream.
        correlation_value: Option<Bytes> = CorrelationValue since V1_3;
        /// The tag of an authenticating mode.
        authenticated_encryption_tag: Option<Bytes> = AuthenticatedEncryptionTag since V1_4;
    }
}

structure! {
    /// Decrypt, request.
    #[derive(Default)]
    pub struct DecryptRequest {
        /// The key; the placeholder when absent.
        unique_identifier: Option<UniqueIdentifier> = UniqueIdentifier;
        /// How; the key's own parameters when absent.
        cryptographic_parameters: Option<CryptographicParameters> = CryptographicParameters;
        /// The ciphertext.
        data: Option<Bytes> = Data;
        /// The IV, counter or nonce.
        iv_counter_nonce: Option<Bytes> = IVCounterNonce;
        /// The stream that this part belongs to.
        correlation_value: Option<Bytes> = CorrelationValue since V1_3;
        /// Whether this is the first part.
        init_indicator: Option<bool> = InitIndicator since V1_3;
        /// Whether this is the last part.
        final_indicator: Option<bool> = FinalIndicator since V1_3;
        /// What was authenticated without being encrypted.
        authenticated_encryption_additional_data: Option<Bytes> = AuthenticatedEncryptionAdditionalData since V1_4;
        /// The tag of an authenticating mode.
        authenticated_encryption_tag: Option<Bytes> = AuthenticatedEncryptionTag since V1_4;
    }
}

structure! {
    /// Decrypt, response.
    pub struct DecryptResponse {
        /// The key.
        unique_identifier: UniqueIdentifier = UniqueIdentifier;
        /// The plaintext.
        data: Option<Secret> = Data;
        /// The stream.
        correlation_value: Option<Bytes> = CorrelationValue since V1_3;
    }
}
