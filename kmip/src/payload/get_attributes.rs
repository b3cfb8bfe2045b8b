//! Get Attributes and Get Attribute List (KMIP 2.1 §6.1.20, §6.1.21).

use super::operation;
use crate::{
    attribute::{AttributeList, AttributeReference, UniqueIdentifier},
    ttlv::structure,
};

operation! {
    /// Get Attributes: their values.
    GetAttributes since V1_0: GetAttributesRequest -> GetAttributesResponse;
    /// Get Attribute List: their names.
    GetAttributeList since V1_0: GetAttributeListRequest -> GetAttributeListResponse;
}

structure! {
    /// Get Attributes, request.
    pub struct GetAttributesRequest {
        /// The object; the placeholder when absent.
        unique_identifier: Option<UniqueIdentifier> = UniqueIdentifier;
        /// Which; all when none is named.
        attribute_reference: Vec<AttributeReference> = AttributeReference | AttributeName;
    }
}

structure! {
    /// Get Attributes, response.
    pub struct GetAttributesResponse {
        /// The object.
        unique_identifier: UniqueIdentifier = UniqueIdentifier;
        /// Its attributes.
        attributes: AttributeList = Attributes | Attribute;
    }
}

structure! {
    /// Get Attribute List, request.
    pub struct GetAttributeListRequest {
        /// The object; the placeholder when absent.
        unique_identifier: Option<UniqueIdentifier> = UniqueIdentifier;
    }
}

structure! {
    /// Get Attribute List, response.
    pub struct GetAttributeListResponse {
        /// The object.
        unique_identifier: UniqueIdentifier = UniqueIdentifier;
        /// The attributes it has.
        attribute_reference: Vec<AttributeReference> = AttributeReference | AttributeName;
    }
}
