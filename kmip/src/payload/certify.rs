//! Certify and Re-certify (KMIP 2.1 §6.1.6, §6.1.45).

use super::{create::ProtectionStorageMasks, operation};
use crate::{
    CertificateRequestType,
    attribute::{AttributeList, UniqueIdentifier},
    ttlv::{Bytes, Interval, structure},
};

operation! {
    /// Certify: a certificate for a public key.
    Certify since V1_0: CertifyRequest -> CertifyResponse;
    /// Re-certify: a new certificate in a certificate's place.
    ReCertify since V1_0: ReCertifyRequest -> ReCertifyResponse;
}

structure! {
    /// Certify, request.
    pub struct CertifyRequest {
        /// The public key, or in 2.x the certificate request; the placeholder when absent.
        unique_identifier: Option<UniqueIdentifier> = UniqueIdentifier;
        /// PKCS #10, CRMF or PEM.
        certificate_request_type: Option<CertificateRequestType> = CertificateRequestType;
        /// A certificate request.
        certificate_request_value: Option<Bytes> = CertificateRequestValue | CertificateRequest;
        /// Attributes of the certificate.
        attributes: AttributeList = Attributes | TemplateAttribute;
        /// How it may be protected.
        protection_storage_masks: Option<ProtectionStorageMasks> = ProtectionStorageMasks since V2_0;
    }
}

structure! {
    /// Certify, response.
    pub struct CertifyResponse {
        /// The certificate.
        unique_identifier: UniqueIdentifier = UniqueIdentifier;
    }
}

structure! {
    /// Re-certify, request.
    pub struct ReCertifyRequest {
        /// The certificate to be replaced; the placeholder when absent.
        unique_identifier: Option<UniqueIdentifier> = UniqueIdentifier;
        /// The certificate request, as an object.
        certificate_request_unique_identifier: Option<UniqueIdentifier> = CertificateRequestUniqueIdentifier since V2_0;
        /// PKCS #10, CRMF or PEM.
        certificate_request_type: Option<CertificateRequestType> = CertificateRequestType;
        /// A certificate request.
        certificate_request_value: Option<Bytes> = CertificateRequestValue | CertificateRequest;
        /// How long after now the new certificate becomes active.
        offset: Option<Interval> = Offset;
        /// Attributes of the new certificate.
        attributes: AttributeList = Attributes | TemplateAttribute;
        /// How it may be protected.
        protection_storage_masks: Option<ProtectionStorageMasks> = ProtectionStorageMasks since V2_0;
    }
}

structure! {
    /// Re-certify, response.
    pub struct ReCertifyResponse {
        /// The new certificate.
        unique_identifier: UniqueIdentifier = UniqueIdentifier;
    }
}
