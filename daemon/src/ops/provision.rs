//! Re-Provision (KMIP 2.1 §6.1.46): a client gets the certificate that it will come with next.

use kmip::{
    CertificateType, CryptographicUsageMask,
    attribute::AttributeList,
    mechanism::Hash,
    object::{Certificate, CertificateRequest, ManagedObject},
    payload::provision::{ReProvision, ReProvisionRequest, ReProvisionResponse},
    ttlv::{Bytes, Timestamp},
};
use store::{Client, Successor};

use super::{Handler, register::register};
use crate::{
    authority::{
        CLOCK_SECONDS, Issue, Purpose,
        extension::{Extension, SIGNING_USAGE},
        request::Requested,
        subject,
    },
    certificate,
    context::Context,
    error::{Error, Result},
    fault::Fault,
    identity::Peer,
    policy::Access,
    profile,
};

impl Handler for ReProvision {
    const ACCESS: Access = Access::Create;

    fn handle(
        context: &mut Context<'_>,
        request: ReProvisionRequest,
    ) -> Result<ReProvisionResponse> {
        let client = client(context)?;
        let certificate = match (request.certificate_request, request.certificate) {
            (Some(request), None) => issued(context, &client, &request)?,
            (None, Some(own)) if own.certificate_type == CertificateType::X509 => {
                own.certificate_value.0
            }
            (None, Some(_)) => {
                return Err(Error::invalid_field("clients come with X.509 certificates"));
            }
            (Some(_), Some(_)) => {
                return Err(Error::invalid_field(
                    "a certificate request and a certificate are given",
                ));
            }
            // The answer has no place for the private key of a certificate that the server would make alone.
            (None, None) => {
                return Err(Error::new(
                    Fault::FeatureNotServed,
                    "a certificate request or a certificate is needed",
                ));
            }
        };
        let successor = successor(context, &certificate)?;
        context.note = Some(
            format!(
                "client {}, key SHA-256 {}",
                client.name,
                hex::encode(successor.spki_sha256)
            )
            .into(),
        );
        context.tx.put_successor(Client {
            successor: Some(successor),
            ..client
        });
        context.effects.vaults = true;
        let object = ManagedObject::Certificate(Certificate {
            certificate_type: CertificateType::X509,
            certificate_value: Bytes(certificate),
        });
        let unique_identifier = register(context, object, &AttributeList::default())?;
        Ok(ReProvisionResponse {
            unique_identifier: Some(unique_identifier),
        })
    }
}

/// The client that asks: by its own certificate, for itself, and not as a user or by a ticket that it was lent.
fn client(context: &Context<'_>) -> Result<Client> {
    let who = context.principal;
    let unfit = || {
        Error::new(
            Fault::FeatureNotServed,
            "only a client that was enrolled with a certificate is provisioned anew",
        )
    };
    let Peer::Certificate(facts) = &who.origin.peer else {
        return Err(unfit());
    };
    let known = context.service.directory.client_by_key(&facts.spki_sha256);
    let client = known.ok_or_else(unfit)?;
    if who.ticket.is_some() || who.name != client.name || who.vault != client.vault {
        return Err(Error::not_permitted());
    }
    if client.spki_sha256 != facts.spki_sha256 || client.revoked.is_some() {
        return Err(Error::not_permitted());
    }
    Ok((*client).clone())
}

/// A certificate of the vault's authority, for the key of a request. Its subject is the client, whatever is asked for.
fn issued(
    context: &mut Context<'_>,
    client: &Client,
    request: &CertificateRequest,
) -> Result<Vec<u8>> {
    let asked = Requested::read(
        request.certificate_request_type,
        &request.certificate_request_value.0,
    )?;
    let authority = context.authority()?;
    if !authority.purposes.contains(&Purpose::ClientAuth) {
        return Err(Error::new(
            Fault::FeatureNotServed,
            "the vault's authority certifies no clients",
        ));
    }
    let vault = context.vault()?;
    let spec = hsm::public::spec(&asked.spki)?;
    profile::check_new_key(&vault, spec, CryptographicUsageMask::Sign)?;
    let issue = Issue {
        subject: &subject::common_name(&client.name),
        spki: &asked.spki,
        begins: Timestamp(context.now.0.saturating_sub(CLOCK_SECONDS)),
        ends: None,
        extensions: vec![
            Extension::basic_constraints(false),
            Extension::key_usage(SIGNING_USAGE),
            Extension::extended_key_usage(&[Purpose::ClientAuth]),
        ],
    };
    authority.issue(context, &issue)
}

/// What is known of a client by its certificate.
fn successor(context: &Context<'_>, der: &[u8]) -> Result<Successor> {
    let certificate = certificate::parse(der)?;
    let expires = Timestamp(certificate.validity().not_after.timestamp());
    if expires <= context.now {
        return Err(Error::invalid_field("the certificate has ended"));
    }
    if certificate.is_ca() {
        return Err(Error::invalid_field("an authority is no client"));
    }
    let hash = hsm::public::hash(Hash::Sha256, certificate.public_key().raw)?;
    let spki_sha256 = <[u8; 32]>::try_from(hash.as_slice()).map_err(Error::internal)?;
    if context
        .service
        .directory
        .client_by_key(&spki_sha256)
        .is_some()
    {
        return Err(Error::invalid_field(
            "the key is a client's already; a new certificate has a new key",
        ));
    }
    let serial = certificate.raw_serial();
    let start = serial.iter().take_while(|byte| **byte == 0).count();
    Ok(Successor {
        spki_sha256,
        serial: hex::encode(serial.get(start..).unwrap_or_default()),
        issued: context.now,
        expires,
    })
}
