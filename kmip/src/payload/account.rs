//! Create User, Create Group and Create Credential (KMIP 3.0 §6.1).

use super::operation;
use crate::{
    CredentialType,
    attribute::{AttributeList, UniqueIdentifier},
    object::{
        Certificate, DeviceCredential, HashedPasswordCredential, OTPCredential, PasswordCredential,
    },
    ttlv::structure,
};

operation! {
    /// Create Group: a group for objects and users.
    CreateGroup since V3_0: CreateGroupRequest -> CreateGroupResponse;
    /// Create User: somebody who may ask.
    CreateUser since V3_0: CreateUserRequest -> CreateUserResponse;
    /// Create Credential: how somebody is recognised.
    CreateCredential since V3_0: CreateCredentialRequest -> CreateCredentialResponse;
}

structure! {
    /// Create Group, request.
    pub struct CreateGroupRequest {
        /// Its attributes.
        attributes: AttributeList = Attributes;
    }
}

structure! {
    /// Create Group, response.
    pub struct CreateGroupResponse {
        /// The group.
        unique_identifier: UniqueIdentifier = UniqueIdentifier;
    }
}

structure! {
    /// Create User, request.
    pub struct CreateUserRequest {
        /// Its attributes.
        attributes: AttributeList = Attributes;
    }
}

structure! {
    /// Create User, response.
    pub struct CreateUserResponse {
        /// The user.
        unique_identifier: UniqueIdentifier = UniqueIdentifier;
    }
}

structure! {
    /// Create Credential, request.
    pub struct CreateCredentialRequest {
        /// Which of the following it is.
        credential_type: CredentialType = CredentialType;
        /// Its attributes.
        attributes: AttributeList = Attributes;
        /// A password.
        password_credential: Option<PasswordCredential> = PasswordCredential;
        /// A device.
        device_credential: Option<DeviceCredential> = DeviceCredential;
        /// A hashed password.
        hashed_password_credential: Option<HashedPasswordCredential> = HashedPasswordCredential;
        /// A generator of one-time passwords.
        otp_credential: Option<OTPCredential> = OTPCredential;
        /// A certificate.
        certificate: Option<Certificate> = Certificate;
    }
}

structure! {
    /// Create Credential, response.
    pub struct CreateCredentialResponse {
        /// The credential.
        unique_identifier: UniqueIdentifier = UniqueIdentifier;
    }
}
