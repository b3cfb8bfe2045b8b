//! Query (KMIP 2.1 §6.1.40).

use super::{constraint::DefaultsInformation, create::ProtectionStorageMasks, operation};
use crate::{
    AttestationType, ClientRegistrationMethod, CredentialType, DestroyAction, ObjectType,
    OperationCode, ProfileName, QueryFunction, RNGMode, ShreddingAlgorithm, UnwrapMode,
    attribute::RNGParameters, ttlv::structure,
};

operation! {
    /// Query: what the server can do.
    Query since V1_0: QueryRequest -> QueryResponse;
}

structure! {
    /// Query, request.
    pub struct QueryRequest {
        /// What to tell.
        query_function: Vec<QueryFunction> = QueryFunction;
    }
}

structure! {
    /// Query, response.
    #[derive(Default)]
    pub struct QueryResponse {
        /// The operations served.
        operation: Vec<OperationCode> = Operation;
        /// The kinds of objects served.
        object_type: Vec<ObjectType> = ObjectType;
        /// Who made the server.
        vendor_identification: Option<String> = VendorIdentification;
        /// Facts about the server.
        server_information: Option<ServerInformation> = ServerInformation;
        /// The application namespaces for which the server makes data.
        application_namespace: Vec<String> = ApplicationNamespace;
        /// The extensions served.
        extension_information: Vec<ExtensionInformation> = ExtensionInformation since V1_1;
        /// How clients may attest.
        attestation_type: Vec<AttestationType> = AttestationType since V1_2;
        /// How random numbers are made.
        rng_parameters: Vec<RNGParameters> = RNGParameters since V1_3;
        /// The profiles kept.
        profile_information: Vec<ProfileInformation> = ProfileInformation since V1_3;
        /// What the server can do.
        capability_information: Vec<CapabilityInformation> = CapabilityInformation since V1_3;
        /// How clients register.
        client_registration_method: Vec<ClientRegistrationMethod> = ClientRegistrationMethod since V1_3;
        /// What new objects have where the client does not say.
        defaults_information: Option<DefaultsInformation> = DefaultsInformation since V2_0;
        /// How objects can be protected.
        protection_storage_masks: Option<ProtectionStorageMasks> = ProtectionStorageMasks since V2_0;
        /// How clients can be recognised.
        credential_information: Option<CredentialInformation> = CredentialInformation since V3_0;
    }
}

structure! {
    /// Credential Information (KMIP 3.0).
    #[derive(Debug, Eq)]
    pub struct CredentialInformation {
        /// The types of credentials.
        credential_type: Vec<CredentialType> = CredentialType;
    }
}

structure! {
    /// Server Information (KMIP 2.1 §7.34).
    #[derive(Debug, Eq, Default)]
    pub struct ServerInformation {
        /// The server's name.
        server_name: Option<String> = ServerName since V2_0;
        /// Its version.
        server_version: Option<String> = ServerVersion since V2_0;
        /// The product.
        product_name: Option<String> = ProductName since V2_0;
    }
}

structure! {
    /// Extension Information (KMIP 2.1 §7.13).
    #[derive(Debug, Eq)]
    pub struct ExtensionInformation {
        /// The name.
        extension_name: String = ExtensionName;
        /// The tag.
        extension_tag: Option<i32> = ExtensionTag;
        /// The type.
        extension_type: Option<i32> = ExtensionType until V3_0;
    }
}

structure! {
    /// Profile Information (KMIP 2.1 §7.31).
    #[derive(Debug, Eq)]
    pub struct ProfileInformation {
        /// The profile.
        profile_name: ProfileName = ProfileName;
    }
}

structure! {
    /// Capability Information (KMIP 2.1 §7.3).
    #[derive(Debug, Eq, Default)]
    pub struct CapabilityInformation {
        /// Multi-part operations.
        streaming_capability: Option<bool> = StreamingCapability;
        /// Answers that come later.
        asynchronous_capability: Option<bool> = AsynchronousCapability;
        /// Attestation.
        attestation_capability: Option<bool> = AttestationCapability;
        /// Batches that are undone.
        batch_undo_capability: Option<bool> = BatchUndoCapability since V1_4;
        /// Batches that go on after a failure.
        batch_continue_capability: Option<bool> = BatchContinueCapability since V1_4;
        /// How wrapped keys are registered.
        unwrap_mode: Option<UnwrapMode> = UnwrapMode;
        /// What Destroy does to the material.
        destroy_action: Option<DestroyAction> = DestroyAction;
        /// How material is overwritten.
        shredding_algorithm: Option<ShreddingAlgorithm> = ShreddingAlgorithm;
        /// Who shares the generator.
        rng_mode: Option<RNGMode> = RNGMode;
        /// Whether quantum-safe algorithms are served.
        quantum_safe_capability: Option<bool> = QuantumSafeCapability since V2_0;
    }
}
