//! Create and Create Key Pair (KMIP 2.1 §6.1.8, §6.1.9).

use super::operation;
use crate::{
    ObjectType, ProtectionStorageMask,
    attribute::{AttributeList, UniqueIdentifier},
    ttlv::structure,
};

operation! {
    /// Create: a new symmetric key.
    Create since V1_0: CreateRequest -> CreateResponse;
    /// Create Key Pair: a new private and public key.
    CreateKeyPair since V1_0: CreateKeyPairRequest -> CreateKeyPairResponse;
}

structure! {
    /// Protection Storage Masks: acceptable ways to protect the object, the best first (KMIP 2.1 §7.36).
    #[derive(Debug, Eq)]
    pub struct ProtectionStorageMasks {
        /// The alternatives.
        protection_storage_mask: Vec<ProtectionStorageMask> = ProtectionStorageMask;
    }
}

structure! {
    /// Create, request.
    pub struct CreateRequest {
        /// What to make.
        object_type: ObjectType = ObjectType;
        /// The new object's attributes.
        attributes: AttributeList = Attributes | TemplateAttribute;
        /// How it may be protected.
        protection_storage_masks: Option<ProtectionStorageMasks> = ProtectionStorageMasks since V2_0;
    }
}

structure! {
    /// Create, response.
    pub struct CreateResponse {
        /// What was made.
        object_type: ObjectType = ObjectType;
        /// The new object.
        unique_identifier: UniqueIdentifier = UniqueIdentifier;
    }
}

structure! {
    /// Create Key Pair, request.
    pub struct CreateKeyPairRequest {
        /// Attributes of both.
        common_attributes: AttributeList = CommonAttributes | CommonTemplateAttribute;
        /// Attributes of the private key.
        private_key_attributes: AttributeList = PrivateKeyAttributes | PrivateKeyTemplateAttribute;
        /// Attributes of the public key.
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
    /// Create Key Pair, response.
    pub struct CreateKeyPairResponse {
        /// The private key.
        private_key_unique_identifier: UniqueIdentifier = PrivateKeyUniqueIdentifier;
        /// The public key.
        public_key_unique_identifier: UniqueIdentifier = PublicKeyUniqueIdentifier;
    }
}
