//! What can be asked of `keyhold`, and how each command ends.

mod adopt;
mod audit;
mod backup;
mod ca;
mod check;
mod client;
mod completions;
mod daemon;
mod dev;
mod group;
mod hsm_host;
mod import;
mod init;
mod key;
mod man;
mod moving;
mod output;
mod progress;
mod reload;
mod serve;
mod setup;
mod status;
mod trials;
mod user;
mod vault;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub use self::output::{Failure, Output};
use self::output::{printable, rows};
use crate::telemetry::{self, LogFormat};

/// A key-management appliance: keys in HSMs, served over KMIP and PKCS#11, every use recorded.
#[derive(Parser)]
#[command(name = "keyhold", version, propagate_version = true)]
pub struct Arguments {
    /// Answer in JSON, for machines
    #[arg(long, global = true)]
    json: bool,
    /// Log in JSON even to a terminal
    #[arg(long, global = true)]
    log_json: bool,
    /// What to log: error, warn, info, debug, trace, or rules such as `info,keyhold::tls=debug`
    #[arg(
        long,
        global = true,
        value_name = "RULES",
        default_value = "info",
        env = "KEYHOLD_LOG"
    )]
    log: String,
    #[command(subcommand)]
    command: Command,
}

/// The commands.
#[derive(Subcommand)]
enum Command {
    /// Run a ready appliance for one person, set up on its first start
    Dev(dev::Dev),
    /// Set up an appliance: configuration, authority, certificates, store and master key
    Init(init::Init),
    /// Run the appliance that a configuration describes
    Serve(serve::Serve),
    /// Check a configuration and what its HSMs can do
    Check(check::Check),
    /// Read certificates, revocation lists, the policy and who is let in anew
    Reload(reload::Reload),
    /// Tell how the appliance is
    Status(status::Status),
    /// Make, change and list vaults
    Vault(vault::Vault),
    /// List groups of HSMs, compare and repair what their members have
    Group(group::Group),
    /// Make and show the certificate authorities of vaults
    Ca(ca::Ca),
    /// Issue, enrol, list and revoke clients
    Client(client::Client),
    /// Make, list, show and remove users
    User(user::User),
    /// Make, list, activate, revoke and destroy keys
    Key(key::Key),
    /// Verify and watch the audit trail
    Audit(audit::Audit),
    /// Write a backup while the appliance runs
    Backup(backup::Backup),
    /// Restore a backup where no appliance runs
    Restore(backup::Restore),
    /// Hold one HSM apart from the daemon, which starts this by itself
    #[command(hide = true)]
    HsmHost(hsm_host::HsmHost),
    /// Print the completions of a shell
    Completions(completions::Completions),
    /// Print the manual page, or write those of all commands into a directory
    Man(man::Man),
}

impl Arguments {
    /// Runs the command: exit code 0 when it is done, 1 when it was refused or failed, 2 when it was used wrongly.
    #[must_use]
    pub fn run(self) -> ExitCode {
        let output = Output::new(self.json);
        let format = LogFormat::of_standard_error(self.log_json);
        let done = telemetry::start_log(&self.log, format)
            .map_err(|error| Failure::usage(format!("--log: {error}")))
            .and_then(|()| self.command.run(&output));
        match done {
            Ok(()) => ExitCode::SUCCESS,
            Err(failure) => {
                output.failure(&failure);
                failure.exit_code()
            }
        }
    }
}

impl Command {
    fn run(self, output: &Output) -> Result<(), Failure> {
        match self {
            Self::Dev(own) => own.run(output),
            Self::Init(own) => own.run(output),
            Self::Serve(own) => own.run(),
            Self::Check(own) => own.run(output),
            Self::Reload(own) => own.run(output),
            Self::Status(own) => own.run(output),
            Self::Vault(own) => own.run(output),
            Self::Group(own) => own.run(output),
            Self::Ca(own) => own.run(output),
            Self::Client(own) => own.run(output),
            Self::User(own) => own.run(output),
            Self::Key(own) => own.run(output),
            Self::Audit(own) => own.run(output),
            Self::Backup(own) => own.run(output),
            Self::Restore(own) => own.run(output),
            Self::HsmHost(own) => own.run(),
            Self::Completions(own) => own.run(output),
            Self::Man(own) => own.run(output),
        }
    }
}
