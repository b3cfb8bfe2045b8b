//! `keyhold user`: users of a vault made, told and removed.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use kmip::Secret;

use super::{Failure, Output, daemon::Daemon, rows};
use crate::{
    admin::protocol::{
        DeviceText, SecretText, UserCreate, UserFacts, UserList, UserRemove, UserShow,
    },
    files,
};

/// `keyhold user …`.
#[derive(Args)]
pub(super) struct User {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Make a user, whom KMIP clients name in their credentials
    Create(Box<Create>),
    /// List the users of a vault
    List {
        /// The vault
        #[arg(long, value_name = "NAME")]
        vault: String,
        #[command(flatten)]
        daemon: Daemon,
    },
    /// Show one user
    Show(One),
    /// Remove a user with its credentials
    Remove(One),
}

#[derive(Args)]
struct One {
    /// Its name
    name: String,
    /// Its vault
    #[arg(long, value_name = "NAME")]
    vault: String,
    #[command(flatten)]
    daemon: Daemon,
}

#[derive(Args)]
struct Create {
    /// Its name
    name: String,
    /// Its vault
    #[arg(long, value_name = "NAME")]
    vault: String,
    /// Its role in the policy; it may do what this and the client's own role both allow
    #[arg(long, default_value = "user")]
    role: String,
    /// The file whose one line is the password, of the user or of its device
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// Clients send the password hashed with the time
    #[arg(long, requires = "password_file")]
    hashed: bool,
    /// The file whose lines are passwords that are good once each
    #[arg(long, value_name = "FILE")]
    one_time_passwords_file: Option<PathBuf>,
    #[command(flatten)]
    device: DeviceText,
    #[command(flatten)]
    daemon: Daemon,
}

impl User {
    pub(super) fn run(self, output: &Output) -> Result<(), Failure> {
        match self.action {
            Action::Create(own) => own.run(output),
            Action::List { vault, daemon } => {
                let headings = ["USER", "VAULT", "ROLE", "CREDENTIALS", "CREATED"];
                output.list(&daemon.call(UserList { vault })?, &headings, |user| {
                    vec![
                        user.name.clone(),
                        user.vault.clone(),
                        user.role.clone(),
                        user.credentials.join(", "),
                        user.created.clone(),
                    ]
                })
            }
            Action::Show(own) => {
                let (name, vault) = (own.name, own.vault);
                show(output, &own.daemon.call(UserShow { name, vault })?)
            }
            Action::Remove(own) => {
                let (name, vault) = (own.name, own.vault);
                show(output, &own.daemon.call(UserRemove { name, vault })?)
            }
        }
    }
}

impl Create {
    fn run(self, output: &Output) -> Result<(), Failure> {
        let password = self
            .password_file
            .map(|file| files::read_secret_line(&file).map(SecretText))
            .transpose()
            .map_err(Failure::failed)?;
        let one_time_passwords = self
            .one_time_passwords_file
            .map(|file| files::read_secret(&file))
            .transpose()
            .map_err(Failure::failed)?
            .map_or_else(Vec::new, |secret| lines(&secret));
        let command = UserCreate {
            name: self.name,
            vault: self.vault,
            role: self.role,
            password,
            hashed: self.hashed,
            one_time_passwords,
            device: Some(self.device),
        };
        show(output, &self.daemon.call(command)?)
    }
}

/// The lines of a file, without those that are empty.
fn lines(secret: &Secret) -> Vec<SecretText> {
    let lines = secret.expose().split(|byte| *byte == b'\n');
    lines
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
        .filter(|line| !line.is_empty())
        .map(|line| SecretText(Secret::from(line)))
        .collect()
}

fn show(output: &Output, user: &UserFacts) -> Result<(), Failure> {
    output.say(user, |user| {
        rows(&[
            ("user", user.name.clone()),
            ("vault", user.vault.clone()),
            ("role", user.role.clone()),
            ("credentials", user.credentials.join(", ")),
            ("identifier", user.id.clone()),
            ("created", user.created.clone()),
        ])
    })
}
