//! `keyhold key adopt`: keys that others made in a vault's HSM.

use clap::Args;

use super::{Failure, Output, daemon::Daemon, key};
use crate::admin::protocol::{Foreign, ForeignFacts, KeyAdopt, KeyForeign};

#[derive(Args)]
pub(super) struct Adopt {
    /// The vault, on whose HSM the keys are
    #[arg(long, value_name = "NAME")]
    vault: String,
    #[command(flatten)]
    which: Which,
    /// Its name in the vault; a public half gets the ending `.public` [default: its label]
    #[arg(long, value_name = "NAME", conflicts_with = "list")]
    name: Option<String>,
    /// Give the HSM's object the same name as its label; nothing of it is changed otherwise
    #[arg(long, conflicts_with = "list")]
    relabel: bool,
    /// It may be used at once
    #[arg(long, conflicts_with = "list")]
    active: bool,
    #[command(flatten)]
    daemon: Daemon,
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct Which {
    /// Tell the keys that are there, and what stands in the way of each
    #[arg(long)]
    list: bool,
    /// The keys with this label
    #[arg(long, value_name = "LABEL")]
    label: Option<String>,
    /// The key with this CKA_ID, in hexadecimal digits
    #[arg(long, value_name = "HEX")]
    id: Option<String>,
    /// Every key that may be adopted
    #[arg(long)]
    all: bool,
}

impl Adopt {
    pub(super) fn run(self, output: &Output) -> Result<(), Failure> {
        let which = match (self.which.label, self.which.id) {
            (Some(label), _) => Foreign::Label(label),
            (_, Some(id)) => Foreign::Id(id),
            _ if self.which.list => {
                let all = self.daemon.call(KeyForeign { vault: self.vault })?;
                return list(output, &all);
            }
            _ => Foreign::All,
        };
        let keys = self.daemon.call(KeyAdopt {
            vault: self.vault,
            which,
            name: self.name,
            relabel: self.relabel,
            active: self.active,
        })?;
        key::list(output, &keys)
    }
}

fn list(output: &Output, all: &[ForeignFacts]) -> Result<(), Failure> {
    let headings = ["CKA_ID", "LABEL", "KIND", "USAGE", "PROTECTION", "ADOPTION"];
    output.list(all, &headings, |own| {
        let protection = match (
            own.is_locked,
            own.was_always_sensitive,
            own.was_never_extractable,
        ) {
            (true, true, true) => "locked, and always was",
            (true, ..) => "locked, and was not always",
            (false, ..) => "may be taken out of the HSM",
        };
        vec![
            own.id.clone(),
            own.label.clone(),
            own.kind.clone(),
            own.usage.join(", "),
            protection.to_owned(),
            own.trouble.clone().unwrap_or_else(|| "possible".to_owned()),
        ]
    })
}
