//! MAC and MAC Verify (KMIP 2.1 §6.1.32, §6.1.33).

use super::operation;
use crate::{
    Secret, ValidityIndicator,
    attribute::{CryptographicParameters, UniqueIdentifier},
    ttlv::{Bytes, structure},
};

operation! {
    /// MAC.
    MAC since V1_2: MACRequest -> MACResponse;
    /// MAC Verify.
    MACVerify since V1_2: MACVerifyRequest -> MACVerifyResponse;
}

structure! {
    /// MAC, request.
    #[derive(Default)]
    pub struct MACRequest {
        /// The key; the placeholder when absent.
        unique_identifier: Option<UniqueIdentifier> = UniqueIdentifier;
        /// How; the key's own parameters when absent.
        cryptographic_parameters: Option<CryptographicParameters> = CryptographicParameters;
        /// The message.
        data: Option<Secret> = Data;
        /// The stream that this part belongs to.
        correlation_value: Option<Bytes> = CorrelationValue since V1_3;
        /// Whether this is the first part.
        init_indicator: Option<bool> = InitIndicator since V1_3;
        /// Whether this is the last part.
        final_indicator: Option<bool> = FinalIndicator since V1_3;
    }
}

structure! {
    /// MAC, response.
    pub struct MACResponse {
        /// The key.
        unique_identifier: UniqueIdentifier = UniqueIdentifier;
        /// The MAC.
        mac_data: Option<Bytes> = MACData;
        /// The stream.
        correlation_value: Option<Bytes> = CorrelationValue since V1_3;
    }
}

structure! {
    /// MAC Verify, request.
    #[derive(Default)]
    pub struct MACVerifyRequest {
        /// The key; the placeholder when absent.
        unique_identifier: Option<UniqueIdentifier> = UniqueIdentifier;
        /// How; the key's own parameters when absent.
        cryptographic_parameters: Option<CryptographicParameters> = CryptographicParameters;
        /// The message.
        data: Option<Secret> = Data;
        /// The MAC.
        mac_data: Option<Bytes> = MACData;
        /// The stream that this part belongs to.
        correlation_value: Option<Bytes> = CorrelationValue since V1_3;
        /// Whether this is the first part.
        init_indicator: Option<bool> = InitIndicator since V1_3;
        /// Whether this is the last part.
        final_indicator: Option<bool> = FinalIndicator since V1_3;
    }
}

structure! {
    /// MAC Verify, response.
    pub struct MACVerifyResponse {
        /// The key.
        unique_identifier: UniqueIdentifier = UniqueIdentifier;
        /// Whether the MAC is the message's.
        validity_indicator: Option<ValidityIndicator> = ValidityIndicator;
        /// The stream.
        correlation_value: Option<Bytes> = CorrelationValue since V1_3;
    }
}
