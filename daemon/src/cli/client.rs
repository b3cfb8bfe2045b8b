//! `keyhold client`: clients issued, enrolled, told and revoked.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde::Serialize;

use super::{Failure, Output, daemon::Daemon, rows};
use crate::{
    admin::protocol::{
        ClientEnroll, ClientFacts, ClientIssue, ClientIssued, ClientList, ClientRevoke,
    },
    files::{self, Audience},
    pki,
};

/// `keyhold client …`.
#[derive(Args)]
pub(super) struct Client {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Make a client's key and certificate, and enrol it
    Issue(Issue),
    /// Enrol a client by a certificate that it has
    Enroll(Enroll),
    /// List the clients
    List {
        /// Of this vault only
        #[arg(long, value_name = "NAME")]
        vault: Option<String>,
        #[command(flatten)]
        daemon: Daemon,
    },
    /// Refuse a client from now on
    Revoke {
        /// Its name
        name: String,
        /// Its vault
        #[arg(long, value_name = "NAME")]
        vault: String,
        #[command(flatten)]
        daemon: Daemon,
    },
}

#[derive(Args)]
struct Issue {
    /// Its name
    name: String,
    /// The vault it is to work in
    #[arg(long, value_name = "NAME")]
    vault: String,
    /// Where NAME.pem, NAME.key and ca.pem are written
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Its role in the policy
    #[arg(long, default_value = "user")]
    role: String,
    /// For how many days the certificate is good [default: 365]
    #[arg(long)]
    days: Option<u32>,
    #[command(flatten)]
    daemon: Daemon,
}

#[derive(Args)]
struct Enroll {
    /// Its name
    name: String,
    /// The file with its certificate, PEM
    certificate: PathBuf,
    /// The vault it is to work in
    #[arg(long, value_name = "NAME")]
    vault: String,
    /// Its role in the policy
    #[arg(long, default_value = "user")]
    role: String,
    #[command(flatten)]
    daemon: Daemon,
}

/// A client with the files it needs.
#[derive(Serialize)]
struct Written {
    client: ClientFacts,
    certificate: PathBuf,
    key: PathBuf,
    authority: PathBuf,
}

impl Client {
    pub(super) fn run(self, output: &Output) -> Result<(), Failure> {
        match self.action {
            Action::Issue(own) => own.run(output),
            Action::Enroll(own) => {
                let certificate = files::read_text(&own.certificate).map_err(Failure::failed)?;
                let command = ClientEnroll {
                    name: own.name,
                    vault: own.vault,
                    role: own.role,
                    certificate,
                };
                show(output, &own.daemon.call(command)?)
            }
            Action::List { vault, daemon } => {
                let headings = ["CLIENT", "VAULT", "ROLE", "SERIAL", "EXPIRES", "REVOKED"];
                output.list(&daemon.call(ClientList { vault })?, &headings, |client| {
                    vec![
                        client.name.clone(),
                        client.vault.clone(),
                        client.role.clone(),
                        client.serial.clone(),
                        client.expires.clone(),
                        client.revoked.clone().unwrap_or_default(),
                    ]
                })
            }
            Action::Revoke {
                name,
                vault,
                daemon,
            } => show(output, &daemon.call(ClientRevoke { name, vault })?),
        }
    }
}

impl Issue {
    fn run(self, output: &Output) -> Result<(), Failure> {
        let certificate = self.out.join(format!("{}.pem", self.name));
        let key = self.out.join(format!("{}.key", self.name));
        // Before the daemon is asked: the key that it makes is kept nowhere else.
        for path in [&certificate, &key] {
            if path.exists() {
                return Err(Failure::failed(format!(
                    "{}: is there already, and is not overwritten",
                    path.display()
                )));
            }
        }
        if !self.out.is_dir() {
            std::fs::create_dir_all(&self.out)
                .map_err(|error| Failure::failed(format!("{}: {error}", self.out.display())))?;
        }
        let issued = self.daemon.call(ClientIssue {
            name: self.name,
            vault: self.vault,
            role: self.role,
            days: self.days,
        })?;
        let secret = issued.key.0.expose();
        files::create(&key, secret, Audience::Owner).map_err(Failure::failed)?;
        files::create(
            &certificate,
            issued.certificate.as_bytes(),
            Audience::Everybody,
        )
        .map_err(Failure::failed)?;
        let authority = self.out.join(pki::CERTIFICATE_FILE);
        write_authority(&authority, &issued)?;
        let written = Written {
            client: issued.client,
            certificate,
            key,
            authority,
        };
        output.say(&written, |written| {
            rows(&[
                ("client", written.client.name.clone()),
                ("vault", written.client.vault.clone()),
                ("role", written.client.role.clone()),
                ("expires", written.client.expires.clone()),
                ("certificate", written.certificate.display().to_string()),
                ("key", written.key.display().to_string()),
                ("authority", written.authority.display().to_string()),
            ])
        })
    }
}

/// One authority serves many clients of a directory; that of another appliance is not overwritten.
fn write_authority(path: &Path, issued: &ClientIssued) -> Result<(), Failure> {
    if !path.exists() {
        return files::create(path, issued.authority.as_bytes(), Audience::Everybody)
            .map_err(Failure::failed);
    }
    if files::read_text(path).map_err(Failure::failed)? == issued.authority {
        return Ok(());
    }
    Err(Failure::failed(format!(
        "{}: is the certificate of another authority, and is not overwritten; the client's own files are written",
        path.display()
    )))
}

fn show(output: &Output, client: &ClientFacts) -> Result<(), Failure> {
    output.say(client, |client| {
        rows(&[
            ("client", client.name.clone()),
            ("vault", client.vault.clone()),
            ("role", client.role.clone()),
            ("key SHA-256", client.key_sha256.clone()),
            ("serial", client.serial.clone()),
            ("expires", client.expires.clone()),
            ("revoked", client.revoked.clone().unwrap_or_default()),
        ])
    })
}
