//! Import and Export (KMIP 2.1 §6.1.25, §6.1.22).

use super::operation;
use crate::{
    KeyCompressionType, KeyFormatType, KeyWrapType, ObjectType,
    attribute::{AttributeList, UniqueIdentifier},
    object::{KeyWrappingSpecification, ManagedObject},
    ttlv::structure,
};

operation! {
    /// Import: an object with its identifier and all its attributes, as another server had it.
    Import since V1_4: ImportRequest -> ImportResponse;
    /// Export: an object with all its attributes.
    Export since V1_4: ExportRequest -> ExportResponse;
}

structure! {
    /// Import, request.
    pub struct ImportRequest {
        /// The object's identifier.
        unique_identifier: UniqueIdentifier = UniqueIdentifier;
        /// What it is, in 2.x.
        object_type: Option<ObjectType> = ObjectType since V2_0;
        /// Whether an object with this identifier is replaced.
        replace_existing: Option<bool> = ReplaceExisting;
        /// Whether a wrapped key is to be kept as it is, or unwrapped.
        key_wrap_type: Option<KeyWrapType> = KeyWrapType;
        /// All its attributes.
        attributes: AttributeList = Attributes | Attribute;
        /// Its value, under the tag of its own kind; absent of what is destroyed.
        object: Option<ManagedObject> = SymmetricKey;
    }
}

structure! {
    /// Import, response.
    pub struct ImportResponse {
        /// The object.
        unique_identifier: UniqueIdentifier = UniqueIdentifier;
    }
}

structure! {
    /// Export, request.
    #[derive(Default)]
    pub struct ExportRequest {
        /// The object; the placeholder when absent.
        unique_identifier: Option<UniqueIdentifier> = UniqueIdentifier;
        /// In which format.
        key_format_type: Option<KeyFormatType> = KeyFormatType;
        /// Wrapped as registered, or not.
        key_wrap_type: Option<KeyWrapType> = KeyWrapType;
        /// How to compress a point.
        key_compression_type: Option<KeyCompressionType> = KeyCompressionType;
        /// How to wrap the key.
        key_wrapping_specification: Option<KeyWrappingSpecification> = KeyWrappingSpecification;
    }
}

structure! {
    /// Export, response.
    pub struct ExportResponse {
        /// What it is.
        object_type: ObjectType = ObjectType;
        /// The object.
        unique_identifier: UniqueIdentifier = UniqueIdentifier;
        /// All its attributes.
        attributes: AttributeList = Attributes | Attribute;
        /// Its value, under the tag of its own kind; absent of what is destroyed and is no key.
        object: Option<ManagedObject> = SymmetricKey;
    }
}
