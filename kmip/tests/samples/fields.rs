//! Samples of enumerations, attributes and structures: lists of their members.

use kmip::{attribute::*, message::*, object::*, payload, *};

use super::{Make, Source};

macro_rules! make_fields {
    ($($type:path { $($field:ident),* $(,)? })*) => {
        $(impl Make for $type {
            #[allow(unused_variables, reason = "a structure may have no fields")]
            fn make(source: &mut Source<'_>) -> Self {
                Self { $($field: Make::make(source)),* }
            }
        })*
    };
}

/// Mostly values of the table, sometimes a number that no table has.
macro_rules! make_enums {
    ($($type:ident)*) => {
        $(impl Make for $type {
            fn make(source: &mut Source<'_>) -> Self {
                let at = source.byte();
                if at == 255 || Self::ALL.is_empty() {
                    return Self(u32::from_be_bytes(source.array()));
                }
                Self::ALL[usize::from(at) % Self::ALL.len()]
            }
        })*
    };
}

macro_rules! make_attribute {
    ($($kind:ident)*) => {
        impl Make for Attribute {
            fn make(source: &mut Source<'_>) -> Self {
                if source.byte() & 7 == 7 {
                    return Self::Vendor(Make::make(source));
                }
                let kind = AttributeKind::make(source);
                attribute(kind, source)
            }
        }

        /// An instance of an attribute.
        pub(crate) fn attribute(kind: AttributeKind, source: &mut Source<'_>) -> Attribute {
            match kind {
                $(AttributeKind::$kind => Attribute::$kind(Make::make(source)),)*
            }
        }
    };
}

make_attribute! {
    UniqueIdentifier Name ObjectType CryptographicAlgorithm CryptographicLength CryptographicParameters
    CryptographicDomainParameters CertificateType CertificateIdentifier CertificateSubject CertificateIssuer
    Digest OperationPolicyName CryptographicUsageMask LeaseTime UsageLimits State InitialDate ActivationDate
    ProcessStartDate ProtectStopDate DeactivationDate DestroyDate CompromiseOccurrenceDate CompromiseDate
    RevocationReason ArchiveDate ObjectGroup Link ApplicationSpecificInformation ContactInformation
    LastChangeDate CertificateLength X509CertificateIdentifier X509CertificateSubject X509CertificateIssuer
    CertificateSubjectCN CertificateSubjectO CertificateSubjectOU CertificateSubjectEmail CertificateSubjectC
    CertificateSubjectST CertificateSubjectL CertificateSubjectUID CertificateSubjectSerialNumber
    CertificateSubjectTitle CertificateSubjectDC CertificateSubjectDNQualifier CertificateIssuerCN
    CertificateIssuerO CertificateIssuerOU CertificateIssuerEmail CertificateIssuerC CertificateIssuerST
    CertificateIssuerL CertificateIssuerUID CertificateIssuerSerialNumber CertificateIssuerTitle
    CertificateIssuerDC CertificateIssuerDNQualifier DigitalSignatureAlgorithm Fresh AlternativeName
    KeyValuePresent KeyValueLocation OriginalCreationDate RandomNumberGenerator PKCS12FriendlyName Description
    Comment Sensitive AlwaysSensitive Extractable NeverExtractable KeyFormatType NISTKeyType OpaqueDataType
    ProtectionLevel ProtectionPeriod ProtectionStorageMask QuantumSafe ShortUniqueIdentifier RotateAutomatic
    RotateDate RotateGeneration RotateInterval RotateLatest RotateName RotateOffset CertifyCounter CredentialType
    DeactivationReason DecryptCounter EncryptCounter KeyPartIdentifier NISTSecurityCategory ObjectClass OTPCounter
    SignCounter SignatureVerifyCounter SplitKeyMethod SplitKeyParts SplitKeyPolynomial SplitKeyThreshold
}

make_enums! {
    OperationCode ObjectType AdjustmentType AlternativeNameType AttestationType BatchErrorContinuationOption BlockCipherMode
    CertificateRequestType SplitKeyMethod
    CertificateType ClientRegistrationMethod CryptographicAlgorithm DRBGAlgorithm DestroyAction
    DerivationMethod DigitalSignatureAlgorithm EncodingOption FIPS186Variation HashingAlgorithm InteropFunction KeyCompressionType
    KeyFormatType KeyRoleType KeyValueLocationType KeyWrapType LinkType MaskGenerator NISTKeyType NameType ObjectGroupMember
    PaddingMethod ProfileName ProtectionLevel QueryFunction RNGAlgorithm RNGMode RecommendedCurve RevocationReasonCode
    RotateNameType SecretDataType ShreddingAlgorithm State UniqueIdentifierEnumeration UnwrapMode UsageLimitsUnit
    TicketType ValidityIndicator WrappingMethod OpaqueDataType CancellationResult ProcessingStage
    PKCS11Function PKCS11ReturnCode EndpointRole PutFunction
    CredentialType
    DeactivationReasonCode
    ObjectClass
    OTPAlgorithm
    SplitKeyPolynomial
    KEMAlgorithm
}

make_fields! {
    CryptographicParameters {
        block_cipher_mode, padding_method, hashing_algorithm, key_role_type, digital_signature_algorithm,
        cryptographic_algorithm, random_iv, iv_length, tag_length, fixed_field_length,
        invocation_field_length, counter_length, initial_counter_value, salt_length, mask_generator,
        mask_generator_hashing_algorithm, p_source, trailer_field,
    }
    CryptographicDomainParameters { qlength, recommended_curve }
    Digest { hashing_algorithm, digest_value, key_format_type }
    UsageLimits { usage_limits_total, usage_limits_count, usage_limits_unit }
    RevocationReason { revocation_reason_code, revocation_message }
    ApplicationSpecificInformation { application_namespace, application_data }
    AlternativeName { alternative_name_value, alternative_name_type }
    KeyValueLocation { key_value_location_value, key_value_location_type }
    RNGParameters {
        rng_algorithm, cryptographic_algorithm, cryptographic_length, hashing_algorithm, drbg_algorithm,
        recommended_curve, fips186_variation, prediction_resistance,
    }
    X509CertificateIdentifier { issuer_distinguished_name, certificate_serial_number }
    X509CertificateSubject { subject_distinguished_name, subject_alternative_name }
    X509CertificateIssuer { issuer_distinguished_name, issuer_alternative_name }
    CertificateIdentifier { issuer, serial_number }
    CertificateSubject {
        certificate_subject_distinguished_name, certificate_subject_alternative_name,
    }
    CertificateIssuer { certificate_issuer_distinguished_name, certificate_issuer_alternative_name }
    TransparentSymmetricKey { key }
    TransparentRSAPrivateKey {
        modulus, private_exponent, public_exponent, p, q, prime_exponent_p, prime_exponent_q, crt_coefficient,
    }
    TransparentRSAPublicKey { modulus, public_exponent }
    TransparentDSAPrivateKey { p, q, g, x }
    TransparentDSAPublicKey { p, q, g, y }
    TransparentDHPrivateKey { p, q, g, j, x }
    TransparentDHPublicKey { p, q, g, j, y }
    TransparentECPrivateKey { recommended_curve, d }
    TransparentECPublicKey { recommended_curve, q_string }
    KeyObject { key_block }
    Certificate { certificate_type, certificate_value }
    SecretData { secret_data_type, key_block }
    OpaqueObject { opaque_data_type, opaque_data_value }
    CertificateRequest { certificate_request_type, certificate_request_value }
    PGPKey { pgp_key_version, key_block }
    SplitKey {
        split_key_parts, key_part_identifier, split_key_threshold, split_key_method, prime_field_size, key_block,
    }
    Template { attributes }
    EncryptionKeyInformation { unique_identifier, cryptographic_parameters }
    MACSignatureKeyInformation { unique_identifier, cryptographic_parameters }
    KeyWrappingData {
        wrapping_method, encryption_key_information, mac_signature_key_information, mac_signature,
        iv_counter_nonce, authenticated_encryption_additional_data, encoding_option,
    }
    KeyWrappingSpecification {
        wrapping_method, encryption_key_information, mac_signature_key_information, attribute_name,
        iv_counter_nonce, authenticated_encryption_additional_data, encoding_option,
    }
    ProtocolVersion { protocol_version_major, protocol_version_minor }
    Nonce { nonce_id, nonce_value }
    Authentication { credential }
    UsernameAndPassword { username, password }
    Device {
        device_serial_number, password, device_identifier, network_identifier, machine_identifier,
        media_identifier,
    }
    Attestation { nonce, attestation_type, attestation_measurement, attestation_assertion }
    OneTimePassword { username, password, one_time_password }
    HashedPassword { username, time_stamp, hashing_algorithm, hashed_password }
    Ticket { ticket_type, ticket_value }
    TicketCredential { ticket }
    MessageExtension { vendor_identification, criticality_indicator, vendor_extension }
    RequestHeader {
        protocol_version, maximum_response_size, client_correlation_value, server_correlation_value,
        asynchronous_indicator, attestation_capable_indicator, attestation_type, authentication,
        batch_error_continuation_option, batch_order_option, time_stamp, batch_count,
    }
    ResponseHeader {
        protocol_version, time_stamp, nonce, server_hashed_password, attestation_type,
        client_correlation_value, server_correlation_value, batch_count,
    }
    payload::account::CreateGroupRequest { attributes }
    payload::account::CreateGroupResponse { unique_identifier }
    payload::account::CreateUserRequest { attributes }
    payload::account::CreateUserResponse { unique_identifier }
    payload::account::CreateCredentialRequest {
        credential_type, attributes, password_credential, device_credential, hashed_password_credential,
        otp_credential, certificate,
    }
    payload::account::CreateCredentialResponse { unique_identifier }
    payload::deactivate::DeactivateRequest { unique_identifier, deactivation_reason, deactivation_date }
    payload::deactivate::DeactivateResponse { unique_identifier }
    payload::obliterate::ObliterateRequest { unique_identifier }
    payload::obliterate::ObliterateResponse {}
    payload::query::CredentialInformation { credential_type }
    DeactivationReason { deactivation_reason_code, deactivation_message }
    PasswordCredential {
        password, password_salt, password_salt_algorithm, salted_password, iteration_count,
    }
    DeviceCredential {
        device_serial_number, device_identifier, network_identifier, machine_identifier, media_identifier,
    }
    OTPCredential {
        otp_algorithm, otp_digest, otp_serial, otp_seed, otp_interval, otp_digits, otp_counter,
    }
    HashedPasswordCredential {
        hashing_algorithm, hashed_username_password, hashed_password_username,
    }
    payload::activate::ActivateRequest { unique_identifier }
    payload::activate::ActivateResponse { unique_identifier }
    payload::attribute::AddAttributeRequest { unique_identifier, new_attribute }
    payload::attribute::AddAttributeResponse { unique_identifier, attribute }
    payload::attribute::ModifyAttributeRequest {
        unique_identifier, current_attribute, new_attribute,
    }
    payload::attribute::ModifyAttributeResponse { unique_identifier, attribute }
    payload::attribute::DeleteAttributeRequest {
        unique_identifier, current_attribute, attribute_reference, attribute_index,
    }
    payload::attribute::DeleteAttributeResponse { unique_identifier, attribute }
    payload::archive::ArchiveRequest { unique_identifier }
    payload::archive::ArchiveResponse { unique_identifier }
    payload::archive::RecoverRequest { unique_identifier }
    payload::archive::RecoverResponse { unique_identifier }
    payload::attribute::AdjustAttributeRequest {
        unique_identifier, attribute_reference, adjustment_type, adjustment_value,
    }
    payload::attribute::AdjustAttributeResponse { unique_identifier }
    payload::attribute::SetAttributeRequest { unique_identifier, new_attribute }
    payload::attribute::SetAttributeResponse { unique_identifier }
    payload::check::CheckRequest {
        unique_identifier, usage_limits_count, cryptographic_usage_mask, lease_time,
    }
    payload::check::CheckResponse {
        unique_identifier, usage_limits_count, cryptographic_usage_mask, lease_time,
    }
    payload::constraint::ObjectTypes { object_type }
    payload::constraint::ObjectGroups { object_group, group_link }
    payload::constraint::ObjectDefaults { object_type, object_types, attributes, object_groups }
    payload::constraint::DefaultsInformation { object_defaults }
    payload::constraint::Constraint { object_types, object_groups, attributes }
    payload::constraint::Constraints { constraint }
    payload::constraint::SetDefaultsRequest { defaults_information }
    payload::constraint::SetDefaultsResponse {}
    payload::constraint::SetConstraintsRequest { constraints }
    payload::constraint::SetConstraintsResponse {}
    payload::constraint::GetConstraintsRequest {}
    payload::constraint::GetConstraintsResponse { constraints }
    payload::certify::CertifyRequest {
        unique_identifier, certificate_request_type, certificate_request_value, attributes,
        protection_storage_masks,
    }
    payload::certify::CertifyResponse { unique_identifier }
    payload::certify::ReCertifyRequest {
        unique_identifier, certificate_request_unique_identifier, certificate_request_type,
        certificate_request_value, offset, attributes, protection_storage_masks,
    }
    payload::certify::ReCertifyResponse { unique_identifier }
    payload::create::ProtectionStorageMasks { protection_storage_mask }
    payload::create::CreateRequest { object_type, attributes, protection_storage_masks }
    payload::create::CreateResponse { object_type, unique_identifier }
    payload::create::CreateKeyPairRequest {
        common_attributes, private_key_attributes, public_key_attributes, common_protection_storage_masks,
        private_protection_storage_masks, public_protection_storage_masks,
    }
    payload::create::CreateKeyPairResponse {
        private_key_unique_identifier, public_key_unique_identifier,
    }
    payload::destroy::DestroyRequest { unique_identifier }
    payload::destroy::DestroyResponse { unique_identifier }
    payload::discover::DiscoverVersionsRequest { protocol_version }
    payload::discover::DiscoverVersionsResponse { protocol_version }
    payload::encrypt::EncryptRequest {
        unique_identifier, cryptographic_parameters, data, iv_counter_nonce, correlation_value,
        init_indicator, final_indicator, authenticated_encryption_additional_data,
    }
    payload::encrypt::EncryptResponse {
        unique_identifier, data, iv_counter_nonce, correlation_value, authenticated_encryption_tag,
    }
    payload::encrypt::DecryptRequest {
        unique_identifier, cryptographic_parameters, data, iv_counter_nonce, correlation_value,
        init_indicator, final_indicator, authenticated_encryption_additional_data,
        authenticated_encryption_tag,
    }
    payload::encrypt::DecryptResponse { unique_identifier, data, correlation_value }
    payload::get::GetRequest {
        unique_identifier, key_format_type, key_wrap_type, key_compression_type, key_wrapping_specification,
    }
    payload::get::GetResponse { object_type, unique_identifier, object }
    payload::get_attributes::GetAttributesRequest { unique_identifier, attribute_reference }
    payload::get_attributes::GetAttributesResponse { unique_identifier, attributes }
    payload::get_attributes::GetAttributeListRequest { unique_identifier }
    payload::get_attributes::GetAttributeListResponse { unique_identifier, attribute_reference }
    payload::hash::HashRequest {
        cryptographic_parameters, data, correlation_value, init_indicator, final_indicator,
    }
    payload::hash::HashResponse { data, correlation_value }
    payload::interop::InteropRequest { interop_function, interop_identifier }
    payload::interop::InteropResponse {}
    payload::provision::ReProvisionRequest { certificate_request, certificate }
    payload::provision::ReProvisionResponse { unique_identifier }
    payload::import::ImportRequest {
        unique_identifier, object_type, replace_existing, key_wrap_type, attributes, object,
    }
    payload::import::ImportResponse { unique_identifier }
    payload::import::ExportRequest {
        unique_identifier, key_format_type, key_wrap_type, key_compression_type,
        key_wrapping_specification,
    }
    payload::import::ExportResponse { object_type, unique_identifier, attributes, object }
    payload::derive::DerivationParameters {
        cryptographic_parameters, initialization_vector, derivation_data, salt, iteration_count, block,
        skipped_bytes,
    }
    payload::derive::DeriveKeyRequest {
        object_type, unique_identifier, derivation_method, derivation_parameters, attributes,
    }
    payload::derive::DeriveKeyResponse { unique_identifier }
    payload::kem::KEMParameters { cryptographic_algorithm, kem_algorithm }
    payload::kem::EncapsulateRequest {
        unique_identifier, cryptographic_parameters, object_type, attributes,
    }
    payload::kem::EncapsulateResponse { unique_identifier, data }
    payload::kem::DecapsulateRequest {
        unique_identifier, cryptographic_parameters, data, object_type, attributes,
    }
    payload::kem::DecapsulateResponse { unique_identifier }
    payload::lease::ObtainLeaseRequest { unique_identifier }
    payload::lease::ObtainLeaseResponse { unique_identifier, lease_time, last_change_date }
    payload::lease::GetUsageAllocationRequest { unique_identifier, usage_limits_count }
    payload::lease::GetUsageAllocationResponse { unique_identifier }
    payload::locate::LocateRequest {
        maximum_items, offset_items, storage_status_mask, object_group_member, object_class_mask, attributes,
    }
    payload::locate::LocateResponse { located_items, unique_identifier }
    payload::log::LogRequest { log_message }
    payload::log::LogResponse {}
    payload::log::PingRequest {}
    payload::log::PingResponse {}
    payload::login::LoginRequest { lease_time, request_count, usage_limits }
    payload::login::LoginResponse { ticket }
    payload::login::LogoutRequest { ticket }
    payload::login::LogoutResponse { }
    payload::login::DelegatedLoginRequest { lease_time, request_count, usage_limits, rights }
    payload::login::DelegatedLoginResponse { ticket }
    payload::login::Rights { right }
    payload::login::Right { usage_limits, operations, objects, object_groups }
    payload::login::Operations { operation }
    payload::login::Objects { unique_identifier }
    payload::mac::MACRequest {
        unique_identifier, cryptographic_parameters, data, correlation_value, init_indicator, final_indicator,
    }
    payload::mac::MACResponse { unique_identifier, mac_data, correlation_value }
    payload::mac::MACVerifyRequest {
        unique_identifier, cryptographic_parameters, data, mac_data, correlation_value, init_indicator,
        final_indicator,
    }
    payload::mac::MACVerifyResponse { unique_identifier, validity_indicator, correlation_value }
    payload::notify::NotifyRequest { unique_identifier, attributes, attribute_reference }
    payload::notify::PutRequest {
        unique_identifier, put_function, replaced_unique_identifier, object, attributes,
    }
    payload::role::SetEndpointRoleRequest { endpoint_role }
    payload::role::SetEndpointRoleResponse { endpoint_role }
    payload::pkcs11::PKCS11Request {
        pkcs11_interface, pkcs11_function, correlation_value, pkcs11_input_parameters,
    }
    payload::pkcs11::PKCS11Response {
        pkcs11_interface, pkcs11_function, correlation_value, pkcs11_output_parameters, pkcs11_return_code,
    }
    payload::poll::PollRequest { asynchronous_correlation_value }
    payload::poll::CancelRequest { asynchronous_correlation_value }
    payload::poll::CancelResponse { asynchronous_correlation_value, cancellation_result }
    payload::poll::ProcessRequest { asynchronous_correlation_value }
    payload::poll::QueryAsynchronousRequestsRequest { asynchronous_correlation_values, operations }
    payload::poll::QueryAsynchronousRequestsResponse { asynchronous_request }
    payload::poll::AsynchronousCorrelationValues { asynchronous_correlation_value }
    payload::poll::Operations { operation }
    payload::poll::AsynchronousRequest {
        asynchronous_correlation_value, operation, submission_date, processing_stage,
    }
    payload::query::QueryRequest { query_function }
    payload::query::QueryResponse {
        operation, object_type, vendor_identification, server_information, application_namespace,
        extension_information, attestation_type, rng_parameters, profile_information, capability_information,
        client_registration_method, defaults_information, protection_storage_masks, credential_information,
    }
    payload::query::ServerInformation { server_name, server_version, product_name }
    payload::query::ExtensionInformation { extension_name, extension_tag, extension_type }
    payload::query::ProfileInformation { profile_name }
    payload::query::CapabilityInformation {
        streaming_capability, asynchronous_capability, attestation_capability, batch_undo_capability,
        batch_continue_capability, unwrap_mode, destroy_action, shredding_algorithm, rng_mode,
        quantum_safe_capability,
    }
    payload::register::RegisterRequest { object_type, attributes, object, protection_storage_masks }
    payload::register::RegisterResponse { unique_identifier }
    payload::rekey::ReKeyRequest { unique_identifier, offset, attributes, protection_storage_masks }
    payload::rekey::ReKeyResponse { unique_identifier }
    payload::rekey::ReKeyKeyPairRequest {
        private_key_unique_identifier, unique_identifier, offset, common_attributes, private_key_attributes,
        public_key_attributes, common_protection_storage_masks, private_protection_storage_masks,
        public_protection_storage_masks,
    }
    payload::rekey::ReKeyKeyPairResponse {
        private_key_unique_identifier, public_key_unique_identifier,
    }
    payload::revoke::RevokeRequest {
        unique_identifier, revocation_reason, compromise_occurrence_date,
    }
    payload::revoke::RevokeResponse { unique_identifier }
    payload::rng::RNGRetrieveRequest { data_length }
    payload::rng::RNGRetrieveResponse { data }
    payload::rng::RNGSeedRequest { data }
    payload::rng::RNGSeedResponse { data_length }
    payload::sign::SignRequest {
        unique_identifier, cryptographic_parameters, data, digested_data, correlation_value, init_indicator,
        final_indicator,
    }
    payload::sign::SignResponse { unique_identifier, signature_data, correlation_value }
    payload::sign::SignatureVerifyRequest {
        unique_identifier, cryptographic_parameters, data, digested_data, signature_data, correlation_value,
        init_indicator, final_indicator,
    }
    payload::sign::SignatureVerifyResponse {
        unique_identifier, validity_indicator, data, correlation_value,
    }
    payload::split::CreateSplitKeyRequest {
        object_type, unique_identifier, split_key_parts, split_key_threshold, split_key_method,
        prime_field_size, attributes, protection_storage_masks,
    }
    payload::split::CreateSplitKeyResponse { object_type, unique_identifier }
    payload::split::JoinSplitKeyRequest {
        object_type, unique_identifier, secret_data_type, attributes, protection_storage_masks,
    }
    payload::split::JoinSplitKeyResponse { object_type, unique_identifier }
    payload::validate::ValidateRequest { certificate, unique_identifier, validity_date }
    payload::validate::ValidateResponse { validity_indicator }
}
