//! `keyhold vault`: vaults made, changed and told.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::{Failure, Output, daemon::Daemon, moving::Move, rows};
use crate::{
    admin::protocol::{
        Class, Custody, InitToken, PinChange, Profile, SecretText, VaultCreate, VaultFacts,
        VaultList, VaultSet, VaultShow,
    },
    files,
};

/// `keyhold vault …`.
#[derive(Args)]
pub(super) struct Vault {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Make a vault
    Create(Create),
    /// Change a vault; what is not named stays
    Set(Set),
    /// Move a vault into another HSM, or its locked keys into another custody: asked again, it goes on where it was cut short
    Move(Move),
    /// List the vaults
    List {
        #[command(flatten)]
        daemon: Daemon,
    },
    /// Show one vault
    Show {
        /// Its name
        name: String,
        #[command(flatten)]
        daemon: Daemon,
    },
}

#[derive(Args)]
struct Create {
    /// Its name, which is also its PKCS#11 token's label
    name: String,
    /// The HSM of its keys, by its name in the configuration [default: the only one]
    #[arg(long, value_name = "NAME")]
    backend: Option<String>,
    /// Where its new locked keys are kept [default: in the HSM, if that keeps keys]
    #[arg(long, value_enum)]
    custody: Option<Custody>,
    /// Its keys' class where a request does not say
    #[arg(long, value_enum, default_value_t)]
    class: Class,
    /// What it serves
    #[arg(long, value_enum, default_value_t)]
    profile: Profile,
    /// The file whose one line is the user's PIN
    #[arg(long, value_name = "FILE")]
    pin_file: Option<PathBuf>,
    /// The file whose one line is the security officer's PIN
    #[arg(long, value_name = "FILE")]
    so_pin_file: Option<PathBuf>,
    /// What comes of C_InitToken by the security officer
    #[arg(long, value_enum, default_value_t)]
    init_token: InitToken,
    #[command(flatten)]
    daemon: Daemon,
}

#[derive(Args)]
struct Set {
    /// Its name
    name: String,
    /// Where its new locked keys are kept; those that are there stay where they are, unless `vault move --custody` moves them
    #[arg(long, value_enum)]
    custody: Option<Custody>,
    /// Its keys' class where a request does not say
    #[arg(long, value_enum)]
    class: Option<Class>,
    /// What it serves
    #[arg(long, value_enum)]
    profile: Option<Profile>,
    /// The file whose one line is the user's new PIN
    #[arg(long, value_name = "FILE", conflicts_with = "no_pin")]
    pin_file: Option<PathBuf>,
    /// Ask no user PIN any more
    #[arg(long)]
    no_pin: bool,
    /// The file whose one line is the security officer's new PIN
    #[arg(long, value_name = "FILE", conflicts_with = "no_so_pin")]
    so_pin_file: Option<PathBuf>,
    /// Have no security officer's PIN any more
    #[arg(long)]
    no_so_pin: bool,
    /// What comes of C_InitToken by the security officer
    #[arg(long, value_enum)]
    init_token: Option<InitToken>,
    #[command(flatten)]
    daemon: Daemon,
}

impl Vault {
    pub(super) fn run(self, output: &Output) -> Result<(), Failure> {
        match self.action {
            Action::Create(own) => {
                let command = VaultCreate {
                    name: own.name,
                    backend: own.backend,
                    custody: own.custody,
                    class: own.class,
                    profile: own.profile,
                    user_pin: own.pin_file.as_deref().map(pin).transpose()?,
                    so_pin: own.so_pin_file.as_deref().map(pin).transpose()?,
                    init_token: own.init_token,
                };
                show(output, &own.daemon.call(command)?)
            }
            Action::Set(own) => {
                let command = VaultSet {
                    name: own.name,
                    custody: own.custody,
                    class: own.class,
                    profile: own.profile,
                    user_pin: change(own.pin_file.as_deref(), own.no_pin)?,
                    so_pin: change(own.so_pin_file.as_deref(), own.no_so_pin)?,
                    init_token: own.init_token,
                };
                show(output, &own.daemon.call(command)?)
            }
            Action::Move(own) => own.run(output),
            Action::List { daemon } => {
                let headings = [
                    "VAULT", "BACKEND", "CUSTODY", "CLASS", "PROFILE", "PINS", "CLIENTS", "CREATED",
                ];
                output.list(&daemon.call(VaultList {})?, &headings, |vault| {
                    vec![
                        vault.name.clone(),
                        vault.backend.clone(),
                        word(&vault.custody),
                        word(&vault.class),
                        word(&vault.profile),
                        pins(vault),
                        vault.clients.to_string(),
                        vault.created.clone(),
                    ]
                })
            }
            Action::Show { name, daemon } => show(output, &daemon.call(VaultShow { name })?),
        }
    }
}

fn show(output: &Output, vault: &VaultFacts) -> Result<(), Failure> {
    output.say(vault, |vault| {
        let objects = vault.objects.map(|objects| objects.to_string());
        rows(&[
            ("vault", vault.name.clone()),
            ("backend", vault.backend.clone()),
            ("custody", word(&vault.custody)),
            ("class", word(&vault.class)),
            ("profile", word(&vault.profile)),
            ("PINs", pins(vault)),
            ("token", vault.token_label.clone()),
            ("init token", word(&vault.init_token)),
            ("clients", vault.clients.to_string()),
            ("objects", objects.unwrap_or_default()),
            ("created", vault.created.clone()),
        ])
    })
}

fn pins(vault: &VaultFacts) -> String {
    match (vault.has_user_pin, vault.has_so_pin) {
        (true, true) => "user, SO",
        (true, false) => "user",
        (false, true) => "SO",
        (false, false) => "none",
    }
    .to_owned()
}

/// The word that the command line has for a value.
pub(super) fn word(value: &impl clap::ValueEnum) -> String {
    value
        .to_possible_value()
        .map(|value| value.get_name().to_owned())
        .unwrap_or_default()
}

fn change(file: Option<&Path>, clear: bool) -> Result<Option<PinChange>, Failure> {
    match file {
        Some(file) => pin(file).map(|pin| Some(PinChange::Set(pin))),
        None => Ok(clear.then_some(PinChange::Clear)),
    }
}

fn pin(file: &Path) -> Result<SecretText, Failure> {
    files::read_secret_line(file)
        .map(SecretText)
        .map_err(Failure::failed)
}
