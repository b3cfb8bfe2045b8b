//! Add, Modify, Delete, Set and Adjust Attribute (KMIP 2.1 §6.1.2, §6.1.34, §6.1.11, §6.1.51, §6.1.3).

use super::operation;
use crate::{
    AdjustmentType,
    attribute::{AttributeReference, SingleAttribute, UniqueIdentifier},
    ttlv::{AnyValue, structure},
};

operation! {
    /// Add Attribute: a new instance.
    AddAttribute since V1_0: AddAttributeRequest -> AddAttributeResponse;
    /// Modify Attribute: another value for an instance.
    ModifyAttribute since V1_0: ModifyAttributeRequest -> ModifyAttributeResponse;
    /// Delete Attribute: one instance less, or all of an attribute.
    DeleteAttribute since V1_0: DeleteAttributeRequest -> DeleteAttributeResponse;
    /// Adjust Attribute: a number more or less, or the opposite.
    AdjustAttribute since V2_0: AdjustAttributeRequest -> AdjustAttributeResponse;
    /// Set Attribute: the value, whether there was one or not.
    SetAttribute since V2_0: SetAttributeRequest -> SetAttributeResponse;
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

structure! {
    /// Adjust Attribute, request.
    pub struct AdjustAttributeRequest {
        /// The object; the placeholder when absent.
        unique_identifier: Option<UniqueIdentifier> = UniqueIdentifier;
        /// Which attribute.
        attribute_reference: AttributeReference = AttributeReference;
        /// How.
        adjustment_type: AdjustmentType = AdjustmentType;
        /// By how much; 1 when absent.
        adjustment_value: Option<AnyValue> = AdjustmentValue;
    }
}

structure! {
    /// Adjust Attribute, response.
    pub struct AdjustAttributeResponse {
        /// The object.
        unique_identifier: UniqueIdentifier = UniqueIdentifier;
    }
}

structure! {
    /// Set Attribute, request.
    pub struct SetAttributeRequest {
        /// The object; the placeholder when absent.
        unique_identifier: Option<UniqueIdentifier> = UniqueIdentifier;
        /// The value.
        new_attribute: SingleAttribute = NewAttribute;
    }
}

structure! {
    /// Set Attribute, response.
    pub struct SetAttributeResponse {
        /// The object.
        unique_identifier: UniqueIdentifier = UniqueIdentifier;
    }
}
