//! `keyhold group`: groups of HSMs told, their copies compared and repaired.

use std::io::{self, IsTerminal, Write};

use clap::{Args, Subcommand};

use super::{Failure, Output, daemon::Daemon, progress::Progress};
use crate::admin::protocol::{
    DriftFacts, GroupDrift, GroupFacts, GroupList, GroupOrphans, GroupOrphansDestroy, GroupRepair,
    OrphanFacts, OrphanName,
};

/// `keyhold group …`.
#[derive(Args)]
pub(super) struct Group {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// List the groups, and how their members are
    List {
        #[command(flatten)]
        daemon: Daemon,
    },
    /// Compare what the members of a group have, and tell what is missing or different
    Drift {
        /// Its name
        name: String,
        #[command(flatten)]
        daemon: Daemon,
    },
    /// Copy what members of a group lack from one that has it
    Repair {
        /// Its name
        name: String,
        /// The member whose keys are right where members have different ones [default: what most of them have]
        #[arg(long, value_name = "MEMBER")]
        from: Option<String>,
        /// Tell the keys in the members' tokens that belong to no object instead, and destroy those that were this Keyhold's
        #[arg(long, conflicts_with = "from")]
        orphans: bool,
        /// Destroy them without asking
        #[arg(long, requires = "orphans")]
        yes: bool,
        #[command(flatten)]
        daemon: Daemon,
    },
}

impl Group {
    pub(super) fn run(self, output: &Output) -> Result<(), Failure> {
        match self.action {
            Action::List { daemon } => list(&daemon, output),
            Action::Drift { name, daemon } => {
                let run = run();
                let facts = walk("comparing", || {
                    daemon.call(GroupDrift {
                        name: name.clone(),
                        run: run.clone(),
                    })
                })?;
                told(
                    output,
                    &facts,
                    &format!(
                        "{} keys and data of {} are compared",
                        facts.compared, facts.group
                    ),
                )?;
                orphans(output, &facts.orphans)?;
                ended(
                    &facts,
                    "are not the same in all members; `keyhold group repair` mends them",
                )
            }
            Action::Repair {
                name,
                orphans: true,
                yes,
                daemon,
                ..
            } => clean(&daemon, output, &name, yes),
            Action::Repair {
                name, from, daemon, ..
            } => {
                let run = run();
                let facts = walk("repairing", || {
                    daemon.call(GroupRepair {
                        name: name.clone(),
                        run: run.clone(),
                        from: from.clone(),
                    })
                })?;
                told(
                    output,
                    &facts,
                    &format!(
                        "{} of {} keys and data of {} are repaired",
                        facts.repaired, facts.compared, facts.group
                    ),
                )?;
                ended(&facts, "could not be repaired")
            }
        }
    }
}

/// A name for one run of a command: who asks by another begins anew.
fn run() -> String {
    std::process::id().to_string()
}

fn list(daemon: &Daemon, output: &Output) -> Result<(), Failure> {
    let groups = daemon.call(GroupList {})?;
    if output.is_json() {
        return output.say(&groups, |_| "");
    }
    let rows: Vec<_> = groups
        .iter()
        .flat_map(|GroupFacts { name, members }| members.iter().map(move |own| (name, own)))
        .map(|(name, own)| {
            let works = || "works".to_owned();
            vec![
                name.clone(),
                own.name.clone(),
                own.problem.clone().unwrap_or_else(works),
                own.calls.to_string(),
                own.failures.to_string(),
            ]
        })
        .collect();
    let headings = ["GROUP", "MEMBER", "STATE", "CALLS", "FAILURES"];
    output.list(&rows, &headings, Clone::clone)
}

/// Asks again and again until all is looked at.
fn walk(
    what: &'static str,
    ask: impl Fn() -> Result<DriftFacts, Failure>,
) -> Result<DriftFacts, Failure> {
    let mut facts = ask()?;
    let mut left = facts.left;
    let mut progress = Progress::of_items(what, left);
    while facts.left > 0 {
        progress.advance(left.saturating_sub(facts.left));
        left = facts.left;
        facts = ask()?;
    }
    Ok(facts)
}

fn told(output: &Output, facts: &DriftFacts, summary: &str) -> Result<(), Failure> {
    if output.is_json() {
        return output.say(facts, |_| "");
    }
    output.line(summary)?;
    if facts.drifted.is_empty() {
        return Ok(());
    }
    let members = facts.members.iter().map(|own| own.to_uppercase());
    let headings: Vec<_> = ["OBJECT", "VAULT", "NAME"]
        .map(str::to_owned)
        .into_iter()
        .chain(members)
        .chain(["WHY".to_owned()])
        .collect();
    let headings: Vec<_> = headings.iter().map(String::as_str).collect();
    output.list(&facts.drifted, &headings, |own| {
        let mut row = vec![
            own.object.clone(),
            own.vault.clone(),
            own.name.clone().unwrap_or_default(),
        ];
        row.extend(own.members.iter().cloned());
        row.push(own.why.clone().unwrap_or_default());
        row
    })
}

/// What is in a token beside what Keyhold knows of may be somebody else's.
fn orphans(output: &Output, orphans: &[OrphanFacts]) -> Result<(), Failure> {
    if output.is_json() || orphans.is_empty() {
        return Ok(());
    }
    output.line("\nkeys in the members' tokens that belong to no object:")?;
    rows(output, orphans)?;
    if orphans.iter().any(|own| own.was_own.is_some()) {
        output
            .line("\n`keyhold group repair --orphans` destroys those that were this Keyhold's")?;
    }
    Ok(())
}

fn rows(output: &Output, orphans: &[OrphanFacts]) -> Result<(), Failure> {
    let headings = ["MEMBER", "ID", "LABEL", "KIND", "WAS THIS KEYHOLD'S"];
    output.list(orphans, &headings, |own| {
        vec![
            own.member.clone(),
            own.id.clone(),
            own.label.clone(),
            own.kind.clone(),
            own.was_own.clone().unwrap_or_else(|| "unknown".to_owned()),
        ]
    })
}

/// Tells what belongs to no object, and destroys what was this Keyhold's, if that is wanted.
fn clean(daemon: &Daemon, output: &Output, name: &str, yes: bool) -> Result<(), Failure> {
    let name = name.to_owned();
    let found = daemon.call(GroupOrphans { name: name.clone() })?;
    let own = found.iter().filter(|own| own.was_own.is_some());
    let own: Vec<_> = own
        .map(|own| OrphanName {
            member: own.member.clone(),
            id: own.id.clone(),
            kind: own.kind.clone(),
        })
        .collect();
    let is_for_machines = output.is_json();
    if !(is_for_machines && yes) {
        rows(output, &found)?;
    }
    let is_wanted = yes || !(own.is_empty() || is_for_machines) && agrees(own.len())?;
    if !is_wanted {
        return Ok(());
    }
    let gone = daemon.call(GroupOrphansDestroy { name, orphans: own })?;
    if is_for_machines {
        return rows(output, &gone);
    }
    output.line(format!("\n{} keys are destroyed", gone.len()))
}

/// Asks whoever is at the terminal.
fn agrees(keys: usize) -> Result<bool, Failure> {
    if !io::stdin().is_terminal() {
        return Err(Failure::failed(format!(
            "nobody can be asked whether the {keys} keys that were this Keyhold's are to be destroyed; say --yes"
        )));
    }
    let question = format!("destroy the {keys} keys that were this Keyhold's for ever? [y/N] ");
    let asked = io::stderr().write_all(question.as_bytes());
    let mut said = String::new();
    asked
        .and_then(|()| io::stdin().read_line(&mut said))
        .map_err(Failure::failed)?;
    Ok(matches!(said.trim(), "y" | "yes"))
}

fn ended(facts: &DriftFacts, what: &str) -> Result<(), Failure> {
    match facts.drifted_count {
        0 => Ok(()),
        count => Err(Failure::failed(format!("{count} objects {what}"))),
    }
}
