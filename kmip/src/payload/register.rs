//! Register (KMIP 2.1 §6.1.47).

use super::{create::ProtectionStorageMasks, operation};
use crate::{
    ObjectType,
    attribute::{AttributeList, UniqueIdentifier},
    object::ManagedObject,
    ttlv::structure,
};

operation! {
    /// Register: an object that the client brings.
    Register since V1_0: RegisterRequest -> RegisterResponse;
}

structure! {
    /// Register, request.
    pub struct RegisterRequest {
        /// What it is.
        object_type: ObjectType = ObjectType;
        /// Its attributes.
        attributes: AttributeList = Attributes | TemplateAttribute;
        /// Its value, under the tag of its own kind.
        object: Option<ManagedObject> = SymmetricKey;
        /// How it may be protected.
        protection_storage_masks: Option<ProtectionStorageMasks> = ProtectionStorageMasks since V2_0;
    }
}

structure! {
    /// Register, response.
    pub struct RegisterResponse {
        /// The new object.
        unique_identifier: UniqueIdentifier = UniqueIdentifier;
    }
}
