//! `keyhold vault move`: a vault into another HSM or another custody, with a word on what is in its way before anything moves.

use clap::Args;

use super::{Failure, Output, daemon::Daemon, progress::Progress, rows};
use crate::admin::protocol::{Custody, MoveFacts, MoveObstacle, VaultMove, VaultMoveCheck};

/// `keyhold vault move NAME --to BACKEND`.
#[derive(Args)]
pub(super) struct Move {
    /// Its name
    name: String,
    /// The HSM that it is to go to, by its name in the configuration [default: the one that it is on]
    #[arg(long, value_name = "BACKEND", required_unless_present = "custody")]
    to: Option<String>,
    /// Where its locked keys are kept there [default: in the HSM, if that keeps keys; as before in its own]
    #[arg(long, value_enum)]
    custody: Option<Custody>,
    /// Move it without its certificate authority, which goes on signing in the HSM where its key is
    #[arg(long)]
    leave_authority: bool,
    /// Tell what would be moved and what cannot be, and move nothing
    #[arg(long)]
    check: bool,
    #[command(flatten)]
    daemon: Daemon,
}

impl Move {
    pub(super) fn run(self, output: &Output) -> Result<(), Failure> {
        if self.check {
            return self.show(output);
        }
        let ask = || {
            self.daemon.call(VaultMove {
                name: self.name.clone(),
                to: self.to.clone(),
                custody: self.custody,
                leave_authority: self.leave_authority,
            })
        };
        let mut facts = ask()?;
        let all = facts.moved.saturating_add(facts.left);
        let mut progress = Progress::of_items("moving", all);
        let mut told = 0;
        while facts.left > 0 {
            progress.advance(facts.moved.saturating_sub(told));
            told = facts.moved;
            facts = ask()?;
        }
        drop(progress);
        output.say(&facts, |facts| {
            format!(
                "{} objects of {} are in {} now",
                facts.moved, facts.name, facts.to
            )
        })
    }

    fn show(&self, output: &Output) -> Result<(), Failure> {
        let facts = self.daemon.call(VaultMoveCheck {
            name: self.name.clone(),
            to: self.to.clone(),
            custody: self.custody,
            leave_authority: self.leave_authority,
        })?;
        if output.is_json() {
            output.say(&facts, |_| "")?;
        } else {
            output.line(said(&facts))?;
            list(output, &facts.obstacles, "CANNOT BE MOVED BECAUSE")?;
            list(output, &facts.losses, "DOES LESS THERE")?;
        }
        match facts.obstacles_count {
            0 => Ok(()),
            count => Err(Failure::failed(format!("{count} objects cannot be moved"))),
        }
    }
}

fn list(output: &Output, all: &[MoveObstacle], what: &str) -> Result<(), Failure> {
    if all.is_empty() {
        return Ok(());
    }
    output.list(all, &["OBJECT", "NAME", what], |own| {
        vec![
            own.object.clone(),
            own.name.clone().unwrap_or_default(),
            own.why.clone(),
        ]
    })
}

fn said(facts: &MoveFacts) -> String {
    rows(&[
        ("vault", facts.name.clone()),
        ("to", facts.to.clone()),
        ("keys", facts.exported.to_string()),
        ("locked", facts.wrapped.to_string()),
        ("data", facts.sealed.to_string()),
        ("into the token", facts.housed.to_string()),
        ("obstacles", facts.obstacles_count.to_string()),
        ("losses", facts.losses_count.to_string()),
    ])
}
