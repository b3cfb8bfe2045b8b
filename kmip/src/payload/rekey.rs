//! Re-key and Re-key Key Pair (KMIP 2.1 §6.1.43, §6.1.44).

use super::{create::ProtectionStorageMasks, operation};
use crate::{
    attribute::{AttributeList, UniqueIdentifier},
    ttlv::{Interval, structure},
};

operation! {
    /// Re-key: a new symmetric key in the place of another.
    ReKey since V1_0: ReKeyRequest -> ReKeyResponse;
    /// Re-key Key Pair: a new private and public key in the place of others.
    ReKeyKeyPair since V1_1: ReKeyKeyPairRequest -> ReKeyKeyPairResponse;
}

structure! {
    /// Re-key, request.
    #[derive(Default)]
    pub struct ReKeyRequest {
        /// The key to replace; the placeholder when absent.
        unique_identifier: Option<UniqueIdentifier> = UniqueIdentifier;
        /// From the new key's Initial Date to its Activation Date.
        offset: Option<Interval> = Offset;
        /// What the new key is to have beside what it takes over.
        attributes: AttributeList = Attributes | TemplateAttribute;
        /// How it may be protected.
        protection_storage_masks: Option<ProtectionStorageMasks> = ProtectionStorageMasks since V2_0;
    }
}

structure! {
    /// Re-key, response.
    pub struct ReKeyResponse {
        /// The new key.
        unique_identifier: UniqueIdentifier = UniqueIdentifier;
    }
}

structure! {
    /// Re-key Key Pair, request.
    #[derive(Default)]
    pub struct ReKeyKeyPairRequest {
        /// The private key to replace; the placeholder when absent.
        private_key_unique_identifier: Option<UniqueIdentifier> = PrivateKeyUniqueIdentifier until V3_0;
        /// The same in 3.0.
        unique_identifier: Option<UniqueIdentifier> = UniqueIdentifier since V3_0;
        /// From the new keys' Initial Date to their Activation Date.
        offset: Option<Interval> = Offset;
        /// What both are to have beside what they take over.
        common_attributes: AttributeList = CommonAttributes | CommonTemplateAttribute;
        /// What the private key is to have.
        private_key_attributes: AttributeList = PrivateKeyAttributes | PrivateKeyTemplateAttribute;
        /// What the public key is to have.
        public_key_attributes: AttributeList = PublicKeyAttributes | PublicKeyTemplateAttribute;
        /// How both may be protected.
        common_protection_storage_masks: Option<ProtectionStorageMasks> = CommonProtectionStorageMasks since V2_0;
        /// How the private key may be protected.
        private_protection_storage_masks: Option<ProtectionStorageMasks> = PrivateProtectionStorageMasks since V2_0;
        /// How the public key may be protected.
        public_protection_storage_masks: Option<ProtectionStorageMasks> = PublicProtectionStorageMasks since V2_0;
    }
}

structure! {
    /// Re-key Key Pair, response.
    pub struct ReKeyKeyPairResponse {
        /// The new private key.
        private_key_unique_identifier: UniqueIdentifier = PrivateKeyUniqueIdentifier;
        /// The new public key.
        public_key_unique_identifier: UniqueIdentifier = PublicKeyUniqueIdentifier;
    }
}
