//! `keyhold ca`: certificate authorities of vaults, made and told.

use clap::{Args, Subcommand};

use super::{Failure, Output, daemon::Daemon, rows};
use crate::{
    admin::protocol::{CaCreate, CaFacts, CaShow},
    authority::Purpose,
};

/// `keyhold ca …`.
#[derive(Args)]
pub(super) struct Ca {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Make a vault's authority, which certifies its clients' public keys; its key is locked in the vault's HSM
    Create(Create),
    /// Show a vault's authority and its certificate
    Show(Show),
}

#[derive(Args)]
struct Create {
    /// The vault
    #[arg(long, value_name = "NAME")]
    vault: String,
    /// Its name, such as `CN=Example authority,O=Example,C=AU` [default: CN=NAME authority]
    #[arg(long, value_name = "NAME")]
    subject: Option<String>,
    /// The kind of its key: ec-p256, ec-p384, ec-p521, ed25519, rsa-3072 and the like
    #[arg(long = "type", value_name = "KIND", default_value = "ec-p256")]
    key: String,
    /// For how many days its own certificate is good
    #[arg(long, value_name = "DAYS", default_value_t = 3650)]
    days: u32,
    /// For how many days certificates are good that it issues
    #[arg(long, value_name = "DAYS", default_value_t = 365)]
    issue_days: u32,
    /// What certificates may be for that it issues
    #[arg(
        long = "purpose",
        value_enum,
        value_delimiter = ',',
        default_values_t = [Purpose::ServerAuth, Purpose::ClientAuth]
    )]
    purposes: Vec<Purpose>,
    #[command(flatten)]
    daemon: Daemon,
}

#[derive(Args)]
struct Show {
    /// The vault
    #[arg(long, value_name = "NAME")]
    vault: String,
    /// Print its certificate alone, in PEM
    #[arg(long)]
    pem: bool,
    #[command(flatten)]
    daemon: Daemon,
}

impl Ca {
    pub(super) fn run(self, output: &Output) -> Result<(), Failure> {
        match self.action {
            Action::Create(own) => {
                let command = CaCreate {
                    vault: own.vault,
                    subject: own.subject,
                    key: own.key,
                    days: own.days,
                    issue_days: own.issue_days,
                    purposes: own.purposes,
                };
                say(output, &own.daemon.call(command)?)
            }
            Action::Show(own) => {
                let facts = own.daemon.call(CaShow { vault: own.vault })?;
                if own.pem && !output.is_json() {
                    return output.line(facts.certificate.trim_end());
                }
                say(output, &facts)
            }
        }
    }
}

fn say(output: &Output, facts: &CaFacts) -> Result<(), Failure> {
    output.say(facts, |facts| {
        let purposes: Vec<_> = facts.purposes.iter().map(|own| own.word()).collect();
        let table = rows(&[
            ("vault", facts.vault.clone()),
            ("name", facts.subject.clone()),
            ("key", format!("{} (locked in the HSM)", facts.key)),
            ("serial number", facts.serial.clone()),
            ("good", format!("{} to {}", facts.begins, facts.ends)),
            ("issues for", format!("{} days", facts.issue_days)),
            ("purposes", purposes.join(", ")),
        ]);
        format!("{table}\n\n{}", facts.certificate.trim_end())
    })
}
