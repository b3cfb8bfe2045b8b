//! Create Split Key and Join Split Key (KMIP 2.1 §6.1.10, §6.1.27).

use super::{create::ProtectionStorageMasks, operation};
use crate::{
    ObjectType, SecretDataType, SplitKeyMethod,
    attribute::{AttributeList, UniqueIdentifier},
    ttlv::{BigInteger, structure},
};

operation! {
    /// Create Split Key: the parts of a key.
    CreateSplitKey since V1_2: CreateSplitKeyRequest -> CreateSplitKeyResponse;
    /// Join Split Key: a key of its parts.
    JoinSplitKey since V1_2: JoinSplitKeyRequest -> JoinSplitKeyResponse;
}

structure! {
    /// Create Split Key, request.
    pub struct CreateSplitKeyRequest {
        /// What to make.
        object_type: ObjectType = ObjectType;
        /// The key to be split; a new one when absent.
        unique_identifier: Option<UniqueIdentifier> = UniqueIdentifier;
        /// How many parts to make.
        split_key_parts: i32 = SplitKeyParts;
        /// How many of them make the key.
        split_key_threshold: i32 = SplitKeyThreshold;
        /// How to split.
        split_key_method: SplitKeyMethod = SplitKeyMethod;
        /// The prime of Polynomial Sharing Prime Field.
        prime_field_size: Option<BigInteger> = PrimeFieldSize;
        /// Attributes of the parts.
        attributes: AttributeList = Attributes | TemplateAttribute;
        /// How they may be protected.
        protection_storage_masks: Option<ProtectionStorageMasks> = ProtectionStorageMasks since V2_0;
    }
}

structure! {
    /// Create Split Key, response.
    pub struct CreateSplitKeyResponse {
        /// What was made; 1.2 alone says it.
        object_type: Option<ObjectType> = ObjectType until V1_3;
        /// The parts, in the order of their identifiers.
        unique_identifier: Vec<UniqueIdentifier> = UniqueIdentifier;
    }
}

structure! {
    /// Join Split Key, request.
    pub struct JoinSplitKeyRequest {
        /// What the parts make.
        object_type: ObjectType = ObjectType;
        /// The parts.
        unique_identifier: Vec<UniqueIdentifier> = UniqueIdentifier;
        /// What the secret data is.
        secret_data_type: Option<SecretDataType> = SecretDataType;
        /// Attributes of the key.
        attributes: AttributeList = Attributes | TemplateAttribute;
        /// How it may be protected.
        protection_storage_masks: Option<ProtectionStorageMasks> = ProtectionStorageMasks since V2_0;
    }
}

structure! {
    /// Join Split Key, response.
    pub struct JoinSplitKeyResponse {
        /// What was made; 1.2 alone says it.
        object_type: Option<ObjectType> = ObjectType until V1_3;
        /// The key.
        unique_identifier: UniqueIdentifier = UniqueIdentifier;
    }
}
