//! `keyhold reload`: the configuration read anew, with the answer of the daemon.

use clap::Args;

use super::{Failure, Output, daemon::Daemon};
use crate::admin::protocol::{Reload as Ask, ReloadFacts};

/// `keyhold reload`.
#[derive(Args)]
pub(super) struct Reload {
    #[command(flatten)]
    daemon: Daemon,
}

impl Reload {
    /// Waits until the new configuration counts; where it cannot, the old one stays and this fails.
    pub(super) fn run(self, output: &Output) -> Result<(), Failure> {
        let done = self.daemon.call(Ask {})?;
        output.say(&done, words)
    }
}

fn words(done: &ReloadFacts) -> String {
    let reloaded =
        "reloaded: certificates, revocation lists, the policy, and who is let in and called";
    if done.later.is_empty() {
        return reloaded.to_owned();
    }
    let later: Vec<_> = done.later.iter().map(|own| format!("[{own}]")).collect();
    format!(
        "{reloaded}\nfrom the next start on: what changed in {}",
        later.join(", ")
    )
}
