//! Sign and Signature Verify (KMIP 2.1 §6.1.55, §6.1.56).

use super::operation;
use crate::{
    Secret, ValidityIndicator,
    attribute::{CryptographicParameters, UniqueIdentifier},
    ttlv::{Bytes, structure},
};

operation! {
    /// Sign.
    Sign since V1_2: SignRequest -> SignResponse;
    /// Signature Verify.
    SignatureVerify since V1_2: SignatureVerifyRequest -> SignatureVerifyResponse;
}

structure! {
    /// Sign, request.
    #[derive(Default)]
    pub struct SignRequest {
        /// The private key; the placeholder when absent.
        unique_identifier: Option<UniqueIdentifier> = UniqueIdentifier;
        /// How; the key's own parameters when absent.
        cryptographic_parameters: Option<CryptographicParameters> = CryptographicParameters;
        /// The message.
        data: Option<Secret> = Data;
        /// Its digest.
        digested_data: Option<Bytes> = DigestedData since V1_4;
        /// The stream that this part belongs to.
        correlation_value: Option<Bytes> = CorrelationValue since V1_3;
        /// Whether this is the first part.
        init_indicator: Option<bool> = InitIndicator since V1_3;
        /// Whether this is the last part.
        final_indicator: Option<bool> = FinalIndicator since V1_3;
    }
}

structure! {
    /// Sign, response.
    pub struct SignResponse {
        /// The private key.
        unique_identifier: UniqueIdentifier = UniqueIdentifier;
        /// The signature: RSA's as PKCS #1, ECDSA's as DER, Ed25519's as RFC 8032.
        signature_data: Option<Bytes> = SignatureData;
        /// The stream.
        correlation_value: Option<Bytes> = CorrelationValue since V1_3;
    }
}

structure! {
    /// Signature Verify, request.
    #[derive(Default)]
    pub struct SignatureVerifyRequest {
        /// The public key; the placeholder when absent.
        unique_identifier: Option<UniqueIdentifier> = UniqueIdentifier;
        /// How; the key's own parameters when absent.
        cryptographic_parameters: Option<CryptographicParameters> = CryptographicParameters;
        /// The message.
        data: Option<Secret> = Data;
        /// Its digest.
        digested_data: Option<Bytes> = DigestedData since V1_4;
        /// The signature.
        signature_data: Option<Bytes> = SignatureData;
        /// The stream that this part belongs to.
        correlation_value: Option<Bytes> = CorrelationValue since V1_3;
        /// Whether this is the first part.
        init_indicator: Option<bool> = InitIndicator since V1_3;
        /// Whether this is the last part.
        final_indicator: Option<bool> = FinalIndicator since V1_3;
    }
}

structure! {
    /// Signature Verify, response.
    pub struct SignatureVerifyResponse {
        /// The public key.
        unique_identifier: UniqueIdentifier = UniqueIdentifier;
        /// Whether the signature is the message's.
        validity_indicator: Option<ValidityIndicator> = ValidityIndicator;
        /// The message recovered, by algorithms that do so.
        data: Option<Secret> = Data;
        /// The stream.
        correlation_value: Option<Bytes> = CorrelationValue since V1_3;
    }
}
