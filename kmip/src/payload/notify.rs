//! Notify and Put, which servers send (KMIP 2.1 §6.2.2, §6.2.3).

use super::operation;
use crate::{
    PutFunction,
    attribute::{AttributeList, AttributeReference, UniqueIdentifier},
    object::ManagedObject,
    ttlv::structure,
};

operation! {
    /// Notify: attributes of an object have changed.
    Notify since V1_0: NotifyRequest -> NotifyResponse;
    /// Put: an object for the client to keep.
    Put since V1_0: PutRequest -> PutResponse;
}

structure! {
    /// Notify, request.
    pub struct NotifyRequest {
        /// The object.
        unique_identifier: UniqueIdentifier = UniqueIdentifier;
        /// The attributes as they are now.
        attributes: AttributeList = Attributes | Attribute;
        /// The attributes that are gone.
        attribute_reference: Vec<AttributeReference> = AttributeReference since V2_0;
    }
}

structure! {
    /// Notify, response.
    pub struct NotifyResponse {}
}

structure! {
    /// Put, request.
    pub struct PutRequest {
        /// The object.
        unique_identifier: UniqueIdentifier = UniqueIdentifier;
        /// Whether it is new to the client.
        put_function: PutFunction = PutFunction;
        /// The object whose place it takes.
        replaced_unique_identifier: Option<UniqueIdentifier> = ReplacedUniqueIdentifier;
        /// Its value, under the tag of its own kind.
        object: ManagedObject = SymmetricKey;
        /// Its attributes.
        attributes: AttributeList = Attributes | Attribute;
    }
}

structure! {
    /// Put, response.
    pub struct PutResponse {}
}
