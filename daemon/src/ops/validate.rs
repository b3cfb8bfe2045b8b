//! Validate.

use hsm::chain::{self, Validity};
use kmip::{
    CertificateType, ObjectType, State, ValidityIndicator,
    attribute::{Attribute, UniqueIdentifier},
    payload::validate::{Validate, ValidateRequest, ValidateResponse},
    ttlv::Timestamp,
};
use store::{Custody, Filter, Page, Record};

use super::Handler;
use crate::{
    authority::Authority,
    certificate,
    context::Context,
    error::{Error, Result},
    fault::Fault,
    lifecycle,
    policy::Access,
};

impl Handler for Validate {
    const ACCESS: Access = Access::Read;

    fn handle(context: &mut Context<'_>, request: ValidateRequest) -> Result<ValidateResponse> {
        let at = request.validity_date.unwrap_or(context.now);
        let count = request.certificate.len() + request.unique_identifier.len();
        if count == 0 || count > chain::CERTIFICATES_MAX {
            return Err(Error::invalid_field("a chain has 1 to 32 certificates"));
        }
        let mut chain = Chain::default();
        for own in &request.certificate {
            if own.certificate_type != CertificateType::X509 {
                return Err(Error::invalid_field(
                    "only X.509 certificates are validated",
                ));
            }
            chain.brought(context, &own.certificate_value.0, at)?;
        }
        for id in request.unique_identifier {
            chain.named(context, id, at)?;
        }
        Ok(ValidateResponse {
            validity_indicator: chain.validity(context, at)?,
        })
    }
}

/// Certificates that are to be a chain.
#[derive(Default)]
struct Chain {
    certificates: Vec<Vec<u8>>,
    /// Those of them that the vault has, and that sign themselves.
    trusted: Vec<Vec<u8>>,
    is_revoked: bool,
}

impl Chain {
    /// A certificate by value; the vault may have it, too.
    fn brought(&mut self, context: &mut Context<'_>, der: &[u8], at: Timestamp) -> Result<()> {
        let identifier = certificate::identifier(&certificate::parse(der)?);
        let filter = Filter {
            attributes: vec![
                Attribute::ObjectType(ObjectType::Certificate),
                Attribute::X509CertificateIdentifier(identifier),
            ],
            ..Filter::default()
        };
        for id in context.locate(&filter, Page::default())?.ids {
            if let Some(record) = context.tx.record(&id)?
                && matches!(&record.custody, Custody::Public(own) if own == der)
            {
                self.had(&record, der, at)?;
            }
        }
        self.certificates.push(der.to_vec());
        Ok(())
    }

    /// A certificate of the vault.
    fn named(
        &mut self,
        context: &mut Context<'_>,
        id: UniqueIdentifier,
        at: Timestamp,
    ) -> Result<()> {
        let object = context.object(Some(id))?;
        let record = object.record();
        if record.is_destroyed() {
            return Err(lifecycle::destroyed());
        }
        let (Custody::Public(der), Some(CertificateType::X509)) =
            (&record.custody, record.attributes.certificate_type)
        else {
            return Err(Error::new(
                Fault::WrongObjectType,
                "only X.509 certificates are validated",
            ));
        };
        self.had(record, der, at)?;
        self.certificates.push(der.clone());
        Ok(())
    }

    /// What the vault knows of a certificate that it has: that it was revoked, or that it is a root.
    fn had(&mut self, record: &Record, der: &[u8], at: Timestamp) -> Result<()> {
        let own = &record.attributes;
        let is_compromised = record.state_at(at) == Some(State::Compromised);
        let is_revoked =
            own.revocation_reason.is_some() && own.deactivation_date.is_none_or(|date| date <= at);
        self.is_revoked |= is_compromised || is_revoked;
        let certificate = certificate::parse(der)?;
        if certificate.subject().as_raw() == certificate.issuer().as_raw() {
            self.trusted.push(der.to_vec());
        }
        Ok(())
    }

    fn validity(mut self, context: &mut Context<'_>, at: Timestamp) -> Result<ValidityIndicator> {
        if self.is_revoked {
            return Ok(ValidityIndicator::Invalid);
        }
        let authority = Authority::find(context.tx, &context.principal.vault, context.now)?;
        self.trusted.extend(authority.map(|own| own.certificate));
        let certificates: Vec<&[u8]> = self.certificates.iter().map(Vec::as_slice).collect();
        let trusted: Vec<&[u8]> = self.trusted.iter().map(Vec::as_slice).collect();
        let lists = context.service.revocation_lists.load();
        let lists: Vec<&[u8]> = lists.iter().map(Vec::as_slice).collect();
        let found = chain::validate(&certificates, &trusted, &lists, at.0)
            .map_err(|error| Error::invalid_field("the chain cannot be read").because(error))?;
        Ok(match found {
            Validity::Valid => ValidityIndicator::Valid,
            Validity::Invalid => ValidityIndicator::Invalid,
            Validity::Unknown => ValidityIndicator::Unknown,
        })
    }
}
