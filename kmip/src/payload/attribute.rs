//! Add, Modify and Delete Attribute (KMIP 2.1 §6.1.2, §6.1.34, §6.1.11).

use super::operation;
use crate::{
    attribute::{AttributeReference, SingleAttribute, UniqueIdentifier},
    ttlv::structure,
};

operation! {
    /// Add Attribute: a new instance.
    AddAttribute since V1_0: AddAttributeRequest -> AddAttributeResponse;
    /// Modify Attribute: another value for an instance.
    ModifyAttribute since V1_0: ModifyAttributeRequest -> ModifyAttributeResponse;
    /// Delete Attribute: one instance less, or all of an attribute.
    DeleteAttribute since V1_0: DeleteAttributeRequest -> DeleteAttributeResponse;
}

structure! {
    /// Add Attribute, request.
    pub struct AddAttributeRequest {
        /// The object; the placeholder when absent.
        unique_identifier: Option<UniqueIdentifier> = UniqueIdentifier;
        /// The instance to add.
        new_attribute: SingleAttribute = NewAttribute | Attribute;
    }
}

structure! {
    /// Add Attribute, response.
    pub struct AddAttributeResponse {
        /// The object.
        unique_identifier: UniqueIdentifier = UniqueIdentifier;
        /// The instance with its index, in 1.x.
        attribute: Option<SingleAttribute> = Attribute until V2_0;
    }
}

structure! {
    /// Modify Attribute, request.
    pub struct ModifyAttributeRequest {
        /// The object; the placeholder when absent.
        unique_identifier: Option<UniqueIdentifier> = UniqueIdentifier;
        /// Which instance, in 2.x.
        current_attribute: Option<SingleAttribute> = CurrentAttribute since V2_0;
        /// Its new value.
        new_attribute: SingleAttribute = NewAttribute | Attribute;
    }
}

structure! {
    /// Modify Attribute, response.
    pub struct ModifyAttributeResponse {
        /// The object.
        unique_identifier: UniqueIdentifier = UniqueIdentifier;
        /// The instance with its index, in 1.x.
        attribute: Option<SingleAttribute> = Attribute until V2_0;
    }
}

structure! {
    /// Delete Attribute, request: an instance by value (2.x) or by index (1.x), or an attribute by reference.
    pub struct DeleteAttributeRequest {
        /// The object; the placeholder when absent.
        unique_identifier: Option<UniqueIdentifier> = UniqueIdentifier;
        /// Which instance, in 2.x.
        current_attribute: Option<SingleAttribute> = CurrentAttribute since V2_0;
        /// Which attribute.
        attribute_reference: Option<AttributeReference> = AttributeReference | AttributeName;
        /// Which instance, in 1.x; 0 when absent.
        attribute_index: Option<i32> = AttributeIndex until V2_0;
    }
}

structure! {
    /// Delete Attribute, response.
    pub struct DeleteAttributeResponse {
        /// The object.
        unique_identifier: UniqueIdentifier = UniqueIdentifier;
        /// The instance that is gone, in 1.x.
        attribute: Option<SingleAttribute> = Attribute until V2_0;
    }
}
