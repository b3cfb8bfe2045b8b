//! Locate (KMIP 2.1 §6.1.28).

use super::operation;
use crate::{
    ObjectClassMask, ObjectGroupMember, StorageStatusMask,
    attribute::{AttributeList, UniqueIdentifier},
    ttlv::structure,
};

operation! {
    /// Locate: the objects that have all the attributes named.
    Locate since V1_0: LocateRequest -> LocateResponse;
}

structure! {
    /// Locate, request.
    #[derive(Default)]
    pub struct LocateRequest {
        /// At most this many.
        maximum_items: Option<i32> = MaximumItems;
        /// Without this many of the first.
        offset_items: Option<i32> = OffsetItems since V1_3;
        /// Where they are stored.
        storage_status_mask: Option<StorageStatusMask> = StorageStatusMask;
        /// Which members of an object group.
        object_group_member: Option<ObjectGroupMember> = ObjectGroupMember since V1_1 until V3_0;
        /// Of which classes they are.
        object_class_mask: Option<ObjectClassMask> = ObjectClassMask since V3_0;
        /// What they must have; two instances of a date are a range.
        attributes: AttributeList = Attributes | Attribute;
    }
}

structure! {
    /// Locate, response.
    pub struct LocateResponse {
        /// How many there are in all.
        located_items: Option<i32> = LocatedItems since V1_3;
        /// The objects, the newest first.
        unique_identifier: Vec<UniqueIdentifier> = UniqueIdentifier;
    }
}
