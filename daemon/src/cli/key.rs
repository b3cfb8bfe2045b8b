//! `keyhold key`: keys made, told, activated, revoked, destroyed and given to clients.

use clap::{Args, Subcommand};

use super::{
    Failure, Output,
    adopt::Adopt,
    daemon::Daemon,
    import::{Import, TransportKey},
    rows,
    vault::word,
};
use crate::admin::protocol::{
    Class, KeyActivate, KeyCreate, KeyDestroy, KeyDetails, KeyFacts, KeyList, KeyPut, KeyRevoke,
    KeyShow, PutFacts,
};

/// `keyhold key …`.
#[derive(Args)]
pub(super) struct Key {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Make a key or a key pair
    Create(Create),
    /// Take keys that others made in the vault's HSM into the vault, where they are
    Adopt(Adopt),
    /// Make a key pair in the vault's HSM for which others wrap keys that are to come there
    Transport(TransportKey),
    /// Take a key into the vault's HSM that was wrapped for a transport key there; nobody sees it on the way
    Import(Import),
    /// List keys and other objects, the newest first
    List(List),
    /// Show a key with all its attributes
    Show(Named),
    /// Activate a key: from now on it may be used
    Activate(Named),
    /// Revoke a key: it protects nothing any more
    Revoke(Revoke),
    /// Destroy a key for ever; an active one is revoked first
    Destroy(Named),
    /// Give a key or another object to a client that listens (KMIP's Put)
    Put(Put),
}

#[derive(Args)]
struct Create {
    /// Its name; the public half of a pair gets the ending `.public`
    name: String,
    /// The vault
    #[arg(long, value_name = "NAME")]
    vault: String,
    /// Its kind: aes-256, rsa-2048, ec-p256, ed25519, hmac-sha256-256 and the like
    #[arg(long = "type", value_name = "KIND")]
    spec: String,
    /// It never leaves its HSM [default: as the vault says]
    #[arg(long, conflicts_with = "releasable")]
    locked: bool,
    /// It may be read where the policy allows it [default: as the vault says]
    #[arg(long)]
    releasable: bool,
    /// What it is for: encrypt, decrypt, sign, verify, wrap-key, unwrap-key, mac-generate, mac-verify, derive-key, …
    /// [default: what is usual for its kind]
    #[arg(long, value_name = "USAGE", value_delimiter = ',')]
    usage: Vec<String>,
    /// It may be used at once
    #[arg(long)]
    active: bool,
    #[command(flatten)]
    daemon: Daemon,
}

#[derive(Args)]
struct List {
    /// The vault
    #[arg(long, value_name = "NAME")]
    vault: String,
    /// At most so many
    #[arg(long, value_name = "COUNT", default_value_t = 100)]
    limit: u32,
    /// Without so many of the first
    #[arg(long, value_name = "COUNT", default_value_t = 0)]
    offset: u32,
    /// Destroyed ones too
    #[arg(long)]
    destroyed: bool,
    #[command(flatten)]
    daemon: Daemon,
}

#[derive(Args)]
struct Named {
    /// Its identifier or name
    key: String,
    /// The vault
    #[arg(long, value_name = "NAME")]
    vault: String,
    #[command(flatten)]
    daemon: Daemon,
}

#[derive(Args)]
struct Revoke {
    #[command(flatten)]
    named: Named,
    /// Why: unspecified, key-compromise, ca-compromise, affiliation-changed, superseded, cessation-of-operation or
    /// privilege-withdrawn. A compromise makes the key compromised, anything else deactivates it
    #[arg(long, default_value = "unspecified")]
    reason: String,
    /// Why, in words
    #[arg(long, value_name = "TEXT")]
    message: Option<String>,
}

#[derive(Args)]
struct Put {
    #[command(flatten)]
    named: Named,
    /// The client, which listens and may get the object
    #[arg(long = "to", value_name = "CLIENT")]
    client: String,
    /// The object whose place it takes at the client: an identifier or name
    #[arg(long, value_name = "KEY")]
    replaces: Option<String>,
    /// The key to wrap it with, which the client may use: an identifier or name
    #[arg(long, value_name = "KEY")]
    wrapped_with: Option<String>,
}

impl Key {
    pub(super) fn run(self, output: &Output) -> Result<(), Failure> {
        match self.action {
            Action::Create(own) => own.run(output),
            Action::Adopt(own) => own.run(output),
            Action::Transport(own) => own.run(output),
            Action::Import(own) => own.run(output),
            Action::List(own) => own.run(output),
            Action::Show(Named { key, vault, daemon }) => {
                let details = daemon.call(KeyShow { vault, key })?;
                output.say(&details, show)
            }
            Action::Activate(Named { key, vault, daemon }) => {
                let key = daemon.call(KeyActivate { vault, key })?;
                list(output, &[key])
            }
            Action::Revoke(own) => {
                let Named { key, vault, daemon } = own.named;
                let key = daemon.call(KeyRevoke {
                    vault,
                    key,
                    reason: own.reason,
                    message: own.message,
                })?;
                list(output, &[key])
            }
            Action::Destroy(Named { key, vault, daemon }) => {
                let key = daemon.call(KeyDestroy { vault, key })?;
                list(output, &[key])
            }
            Action::Put(own) => own.run(output),
        }
    }
}

impl Create {
    fn run(self, output: &Output) -> Result<(), Failure> {
        let class = match (self.locked, self.releasable) {
            (true, _) => Some(Class::Locked),
            (false, true) => Some(Class::Releasable),
            (false, false) => None,
        };
        let keys = self.daemon.call(KeyCreate {
            vault: self.vault,
            name: self.name,
            spec: self.spec,
            class,
            usage: self.usage,
            active: self.active,
        })?;
        list(output, &keys)
    }
}

impl Put {
    fn run(self, output: &Output) -> Result<(), Failure> {
        let Named { key, vault, daemon } = self.named;
        let facts = daemon.call(KeyPut {
            vault,
            key,
            client: self.client,
            replaces: self.replaces,
            wrapped_with: self.wrapped_with,
        })?;
        output.say(&facts, |facts| {
            let PutFacts { id, client, .. } = facts;
            match facts.waiting {
                0 => format!("{client} has taken {id}"),
                _ => format!("{id} waits for {client}, which has not answered yet"),
            }
        })
    }
}

impl List {
    fn run(self, output: &Output) -> Result<(), Failure> {
        let page = self.daemon.call(KeyList {
            vault: self.vault,
            limit: self.limit,
            offset: self.offset,
            destroyed: self.destroyed,
        })?;
        if output.is_json() {
            return output.say(&page, |_| "");
        }
        list(output, &page.keys)?;
        let shown = u64::try_from(page.keys.len()).unwrap_or(u64::MAX);
        if shown < page.total {
            let next = u64::from(self.offset).saturating_add(shown);
            output.line(format!(
                "\n{shown} of {}; go on with --offset {next}",
                page.total
            ))?;
        }
        Ok(())
    }
}

pub(super) fn list(output: &Output, keys: &[KeyFacts]) -> Result<(), Failure> {
    let headings = [
        "ID", "NAME", "OBJECT", "KIND", "STATE", "CLASS", "USAGE", "CREATED",
    ];
    output.list(keys, &headings, |key| {
        vec![
            key.id.clone(),
            key.names.join(", "),
            key.object_type.clone(),
            key.algorithm.clone(),
            key.state.clone(),
            key.class.as_ref().map(word).unwrap_or_default(),
            key.usage.join(", "),
            key.created.clone(),
        ]
    })
}

fn show(details: &KeyDetails) -> String {
    let own: Vec<_> = details
        .attributes
        .iter()
        .map(|(name, value)| (name.as_str(), value.clone()))
        .collect();
    rows(&own)
}
