//! Re-Provision (KMIP 2.1 §6.1.46).

use super::operation;
use crate::{
    attribute::UniqueIdentifier,
    object::{Certificate, CertificateRequest},
    ttlv::structure,
};

operation! {
    /// Re-Provision: a new certificate for the client itself, in the place of the one that it connects with.
    ReProvision since V2_0: ReProvisionRequest -> ReProvisionResponse;
}

structure! {
    /// Re-Provision, request.
    #[derive(Debug, Default, Eq)]
    pub struct ReProvisionRequest {
        /// The request for it.
        certificate_request: Option<CertificateRequest> = CertificateRequest;
        /// The certificate itself.
        certificate: Option<Certificate> = Certificate;
    }
}

structure! {
    /// Re-Provision, response.
    #[derive(Debug, Eq)]
    pub struct ReProvisionResponse {
        /// The new certificate, as an object.
        unique_identifier: Option<UniqueIdentifier> = UniqueIdentifier;
    }
}
