//! Every result reason and status of the protocol (KMIP 2.1 §11.48, §11.49).

use super::{Version, table::open_enum};

open_enum! {
    /// Result Reason Enumeration.
    ResultReason {
        ItemNotFound = 0x1, "ItemNotFound", "Item Not Found", V1_0;
        ResponseTooLarge = 0x2, "ResponseTooLarge", "Response Too Large", V1_0;
        AuthenticationNotSuccessful = 0x3, "AuthenticationNotSuccessful", "Authentication Not Successful", V1_0;
        InvalidMessage = 0x4, "InvalidMessage", "Invalid Message", V1_0;
        OperationNotSupported = 0x5, "OperationNotSupported", "Operation Not Supported", V1_0;
        MissingData = 0x6, "MissingData", "Missing Data", V1_0;
        InvalidField = 0x7, "InvalidField", "Invalid Field", V1_0;
        FeatureNotSupported = 0x8, "FeatureNotSupported", "Feature Not Supported", V1_0;
        OperationCanceledByRequester = 0x9, "OperationCanceledByRequester", "Operation Canceled By Requester", V1_0;
        CryptographicFailure = 0xA, "CryptographicFailure", "Cryptographic Failure", V1_0;
        IllegalOperation = 0xB, "IllegalOperation", "Illegal Operation", V1_0;
        PermissionDenied = 0xC, "PermissionDenied", "Permission Denied", V1_0;
        ObjectArchived = 0xD, "ObjectArchived", "Object archived", V1_0;
        IndexOutOfBounds = 0xE, "IndexOutOfBounds", "Index Out of Bounds", V1_0;
        ApplicationNamespaceNotSupported = 0xF, "ApplicationNamespaceNotSupported", "Application Namespace Not Supported", V1_0;
        KeyFormatTypeNotSupported = 0x10, "KeyFormatTypeNotSupported", "Key Format Type Not Supported", V1_0;
        KeyCompressionTypeNotSupported = 0x11, "KeyCompressionTypeNotSupported", "Key Compression Type Not Supported", V1_0;
        EncodingOptionError = 0x12, "EncodingOptionError", "Encoding Option Error", V1_1;
        KeyValueNotPresent = 0x13, "KeyValueNotPresent", "Key Value Not Present", V1_2;
        AttestationRequired = 0x14, "AttestationRequired", "Attestation Required", V1_2;
        AttestationFailed = 0x15, "AttestationFailed", "Attestation Failed", V1_2;
        Sensitive = 0x16, "Sensitive", "Sensitive", V1_4;
        NotExtractable = 0x17, "NotExtractable", "Not Extractable", V1_4;
        ObjectAlreadyExists = 0x18, "ObjectAlreadyExists", "Object Already Exists", V1_4;
        InvalidTicket = 0x19, "InvalidTicket", "Invalid Ticket", V2_0;
        UsageLimitExceeded = 0x1A, "UsageLimitExceeded", "Usage Limit Exceeded", V2_0;
        NumericRange = 0x1B, "NumericRange", "Numeric Range", V2_0;
        InvalidDataType = 0x1C, "InvalidDataType", "Invalid Data Type", V2_0;
        ReadOnlyAttribute = 0x1D, "ReadOnlyAttribute", "Read Only Attribute", V2_0;
        MultiValuedAttribute = 0x1E, "MultiValuedAttribute", "Multi Valued Attribute", V2_0;
        UnsupportedAttribute = 0x1F, "UnsupportedAttribute", "Unsupported Attribute", V2_0;
        AttributeInstanceNotFound = 0x20, "AttributeInstanceNotFound", "Attribute Instance Not Found", V2_0;
        AttributeNotFound = 0x21, "AttributeNotFound", "Attribute Not Found", V2_0;
        AttributeReadOnly = 0x22, "AttributeReadOnly", "Attribute Read Only", V2_0;
        AttributeSingleValued = 0x23, "AttributeSingleValued", "Attribute Single Valued", V2_0;
        BadCryptographicParameters = 0x24, "BadCryptographicParameters", "Bad Cryptographic Parameters", V2_0;
        BadPassword = 0x25, "BadPassword", "Bad Password", V2_0;
        CodecError = 0x26, "CodecError", "Codec Error", V2_0;
        IllegalObjectType = 0x28, "IllegalObjectType", "Illegal Object Type", V2_0;
        IncompatibleCryptographicUsageMask = 0x29, "IncompatibleCryptographicUsageMask", "Incompatible Cryptographic Usage Mask", V2_0;
        InternalServerError = 0x2A, "InternalServerError", "Internal Server Error", V2_0;
        InvalidAsynchronousCorrelationValue = 0x2B, "InvalidAsynchronousCorrelationValue", "Invalid Asynchronous Correlation Value", V2_0;
        InvalidAttribute = 0x2C, "InvalidAttribute", "Invalid Attribute", V2_0;
        InvalidAttributeValue = 0x2D, "InvalidAttributeValue", "Invalid Attribute Value", V2_0;
        InvalidCorrelationValue = 0x2E, "InvalidCorrelationValue", "Invalid Correlation Value", V2_0;
        InvalidCSR = 0x2F, "InvalidCSR", "Invalid CSR", V2_0;
        InvalidObjectType = 0x30, "InvalidObjectType", "Invalid Object Type", V2_0;
        KeyWrapTypeNotSupported = 0x32, "KeyWrapTypeNotSupported", "Key Wrap Type Not Supported", V2_0;
        MissingInitializationVector = 0x34, "MissingInitializationVector", "Missing Initialization Vector", V2_0;
        NonUniqueNameAttribute = 0x35, "NonUniqueNameAttribute", "Non Unique Name Attribute", V2_0;
        ObjectDestroyed = 0x36, "ObjectDestroyed", "Object Destroyed", V2_0;
        ObjectNotFound = 0x37, "ObjectNotFound", "Object Not Found", V2_0;
        NotAuthorised = 0x39, "NotAuthorised", "Not Authorised", V2_0;
        ServerLimitExceeded = 0x3A, "ServerLimitExceeded", "Server Limit Exceeded", V2_0;
        UnknownEnumeration = 0x3B, "UnknownEnumeration", "Unknown Enumeration", V2_0;
        UnknownMessageExtension = 0x3C, "UnknownMessageExtension", "Unknown Message Extension", V2_0;
        UnknownTag = 0x3D, "UnknownTag", "Unknown Tag", V2_0;
        UnsupportedCryptographicParameters = 0x3E, "UnsupportedCryptographicParameters", "Unsupported Cryptographic Parameters", V2_0;
        UnsupportedProtocolVersion = 0x3F, "UnsupportedProtocolVersion", "Unsupported Protocol Version", V2_0;
        WrappingObjectArchived = 0x40, "WrappingObjectArchived", "Wrapping Object Archived", V2_0;
        WrappingObjectDestroyed = 0x41, "WrappingObjectDestroyed", "Wrapping Object Destroyed", V2_0;
        WrappingObjectNotFound = 0x42, "WrappingObjectNotFound", "Wrapping Object Not Found", V2_0;
        WrongKeyLifecycleState = 0x43, "WrongKeyLifecycleState", "Wrong Key Lifecycle State", V2_0;
        ProtectionStorageUnavailable = 0x44, "ProtectionStorageUnavailable", "Protection Storage Unavailable", V2_0;
        PKCS11CodecError = 0x45, "PKCS_11CodecError", "PKCS#11 Codec Error", V2_0;
        PKCS11InvalidFunction = 0x46, "PKCS_11InvalidFunction", "PKCS#11 Invalid Function", V2_0;
        PKCS11InvalidInterface = 0x47, "PKCS_11InvalidInterface", "PKCS#11 Invalid Interface", V2_0;
        PrivateProtectionStorageUnavailable = 0x48, "PrivateProtectionStorageUnavailable", "Private Protection Storage Unavailable", V2_0;
        PublicProtectionStorageUnavailable = 0x49, "PublicProtectionStorageUnavailable", "Public Protection Storage Unavailable", V2_0;
        UnknownObjectGroup = 0x4A, "UnknownObjectGroup", "Unknown Object Group", V2_1;
        ConstraintViolation = 0x4B, "ConstraintViolation", "Constraint Violation", V2_1;
        DuplicateProcessRequest = 0x4C, "DuplicateProcessRequest", "Duplicate Process Request", V2_1;
        CircularLinkError = 0x4D, "CircularLinkError", "Circular Link Error", V3_0;
        GeneralFailure = 0x100, "GeneralFailure", "General Failure", V1_0;
    }
}

open_enum! {
    /// Result Status Enumeration.
    ResultStatus {
        Success = 0x0, "Success", "Success", V1_0;
        OperationFailed = 0x1, "OperationFailed", "Operation Failed", V1_0;
        OperationPending = 0x2, "OperationPending", "Operation Pending", V1_0;
        OperationUndone = 0x3, "OperationUndone", "Operation Undone", V1_0;
    }
}
