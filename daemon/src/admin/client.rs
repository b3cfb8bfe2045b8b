//! Clients: certificates issued or enrolled, told and revoked.

use std::sync::Arc;

use rustls::pki_types::{CertificateDer, pem::PemObject};
use store::Client;

use super::{
    Admin, Deed, Execute, check_name, invalid,
    protocol::{
        ClientEnroll, ClientFacts, ClientIssue, ClientIssued, ClientList, ClientRevoke, SecretText,
    },
};
use crate::{
    audit::rfc3339,
    error::{Error, Result},
    fault::Fault,
    pki::{CLIENT_DAYS, Revocation},
    tls::{self, Enrolment},
};

impl Execute for ClientIssue {
    fn prepare(self, admin: &Admin, _: u32) -> Result<Deed<'_, ClientIssued>> {
        admin.check_new(&self.name, &self.vault, &self.role)?;
        let authority = admin.parts.authority.as_ref().ok_or_else(|| {
            invalid(
                "this appliance has no authority of its own; enroll the certificate of another with \
                 `keyhold client enroll`",
            )
        })?;
        let days = self.days.unwrap_or(CLIENT_DAYS);
        if !(1..=DAYS_MAX).contains(&days) {
            return Err(invalid(format!(
                "a certificate is good for 1 to {DAYS_MAX} days"
            )));
        }
        let now = admin.parts.clock.now();
        let issued = authority
            .issue_client(&self.name, days, now)
            .map_err(Error::internal)?;
        let client = Client {
            name: self.name,
            vault: self.vault,
            role: self.role,
            spki_sha256: issued.spki_sha256,
            serial: issued.serial,
            issued: now,
            expires: issued.expires,
            revoked: None,
            successor: None,
        };
        let deed = deed(&client.clone(), move || {
            admin.directory().put_client(&client)?;
            Ok(ClientIssued {
                client: facts(&client),
                certificate: issued.certificate_pem,
                key: SecretText(issued.key_pem),
                authority: authority.certificate_pem().to_owned(),
            })
        });
        Ok(deed)
    }
}

impl Execute for ClientEnroll {
    fn prepare(self, admin: &Admin, _: u32) -> Result<Deed<'_, ClientFacts>> {
        admin.check_new(&self.name, &self.vault, &self.role)?;
        let certificate = read_certificate(&self.certificate)?;
        let spki_sha256 = certificate.identity.spki_sha256;
        if let Some(other) = admin.directory().client_by_key(&spki_sha256) {
            let message = format!(
                "the certificate's key is that of the client {:?} of the vault {:?}",
                other.name, other.vault
            );
            return Err(Error::new(Fault::NameTaken, message));
        }
        let now = admin.parts.clock.now();
        if certificate.ends < now {
            return Err(invalid(format!(
                "the certificate ended {}",
                rfc3339(certificate.ends)
            )));
        }
        let client = Client {
            name: self.name,
            vault: self.vault,
            role: self.role,
            spki_sha256,
            serial: certificate.serial,
            issued: now,
            expires: certificate.ends,
            revoked: None,
            successor: None,
        };
        Ok(deed(&client.clone(), move || {
            admin.directory().put_client(&client)?;
            Ok(facts(&client))
        }))
    }
}

impl Execute for ClientList {
    fn prepare(self, admin: &Admin, _: u32) -> Result<Deed<'_, Vec<ClientFacts>>> {
        if let Some(vault) = &self.vault {
            admin.vault(vault)?;
        }
        Ok(Deed::new(move || {
            let clients = admin.directory().clients();
            let clients = clients
                .iter()
                .filter(|own| self.vault.as_ref().is_none_or(|vault| own.vault == *vault));
            Ok(clients.map(|client| facts(client)).collect())
        }))
    }
}

impl Execute for ClientRevoke {
    fn prepare(self, admin: &Admin, _: u32) -> Result<Deed<'_, ClientFacts>> {
        admin.vault(&self.vault)?;
        let known = admin.client(&self.name, &self.vault).ok_or_else(|| {
            let message = format!(
                "the vault {:?} has no client {:?}; `keyhold client list` tells them",
                self.vault, self.name
            );
            Error::new(Fault::NoSuchObject, message)
        })?;
        if let Some(when) = known.revoked {
            return Err(invalid(format!("it was revoked {}", rfc3339(when))));
        }
        let mut client = (*known).clone();
        client.revoked = Some(admin.parts.clock.now());
        Ok(deed(&client.clone(), move || {
            admin.directory().put_client(&client)?;
            admin.publish_revocations();
            Ok(facts(&client))
        }))
    }
}

impl Admin {
    /// Whether a client with this name may be enrolled.
    fn check_new(&self, name: &str, vault: &str, role: &str) -> Result<()> {
        // A certificate's common name has at most 64 letters (RFC 5280 appendix A.1, ub-common-name).
        check_name("client", name, 64)?;
        self.vault(vault)?;
        if !self.parts.service.has_role(role) {
            return Err(invalid(format!("the policy has no role {role:?}")));
        }
        match self.client(name, vault) {
            None => Ok(()),
            Some(known) => {
                let is = known.revoked.map_or("", |_| "revoked ");
                let message = format!(
                    "the vault {vault:?} has a {is}client {name:?} already; the trail knows clients by name, \
                     so choose another"
                );
                Err(Error::new(Fault::NameTaken, message))
            }
        }
    }

    fn client(&self, name: &str, vault: &str) -> Option<Arc<Client>> {
        let mut clients = self.directory().clients().into_iter();
        clients.find(|client| client.name == name && client.vault == vault)
    }

    /// Tells other servers of the revoked clients. This one refuses them by their enrolment, so that a list that cannot
    /// be written is no failure of the revocation.
    fn publish_revocations(&self) {
        let Some(authority) = &self.parts.authority else {
            return;
        };
        let revoked: Vec<_> = self
            .directory()
            .clients()
            .iter()
            .filter_map(|client| {
                Some(Revocation {
                    serial: client.serial.clone(),
                    time: client.revoked?,
                })
            })
            .collect();
        if let Err(error) = authority.write_revocations(&revoked, self.parts.clock.now()) {
            tracing::error!(%error, "the list of revoked certificates is not up to date");
        }
    }
}

fn deed<'a, R>(client: &Client, act: impl FnOnce() -> Result<R> + 'a) -> Deed<'a, R> {
    let mut deed = Deed::on(&client.vault, &client.name, act);
    deed.note = Some(format!(
        "role {}, key SHA-256 {}",
        client.role,
        hex::encode(client.spki_sha256)
    ));
    deed
}

fn facts(client: &Client) -> ClientFacts {
    ClientFacts {
        name: client.name.clone(),
        vault: client.vault.clone(),
        role: client.role.clone(),
        key_sha256: hex::encode(client.spki_sha256),
        serial: client.serial.clone(),
        issued: rfc3339(client.issued),
        expires: rfc3339(client.expires),
        revoked: client.revoked.map(rfc3339),
    }
}

fn read_certificate(pem: &str) -> Result<Enrolment> {
    let unreadable = |why: String| invalid(format!("the certificate cannot be read: {why}"));
    let der = CertificateDer::from_pem_slice(pem.as_bytes())
        .map_err(|error| unreadable(format!("no certificate in PEM: {error}")))?;
    tls::certificate_facts(&der).map_err(|error| unreadable(error.to_string()))
}

/// Ten years.
const DAYS_MAX: u32 = 3_653;
