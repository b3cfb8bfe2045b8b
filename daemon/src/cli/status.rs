//! `keyhold status`: how the appliance is.

use clap::Args;

use super::{Failure, Output, daemon::Daemon, rows};
use crate::admin::protocol::{Status as Ask, StatusFacts};

/// `keyhold status`.
#[derive(Args)]
pub(super) struct Status {
    #[command(flatten)]
    daemon: Daemon,
}

impl Status {
    /// A daemon that answers and does not work is a failure, for scripts.
    pub(super) fn run(self, output: &Output) -> Result<(), Failure> {
        let status = self.daemon.call(Ask {})?;
        output.say(&status, words)?;
        let broken: Vec<_> = status
            .parts
            .iter()
            .filter(|part| part.problem.is_some())
            .map(|part| part.part.as_str())
            .collect();
        if broken.is_empty() {
            Ok(())
        } else {
            Err(Failure::failed(format!(
                "not working: {}",
                broken.join(", ")
            )))
        }
    }
}

fn words(status: &StatusFacts) -> String {
    let seconds = status.uptime_seconds;
    let uptime = format!(
        "{} d {:02}:{:02}:{:02}",
        seconds / 86_400,
        seconds / 3_600 % 24,
        seconds / 60 % 60,
        seconds % 60
    );
    let mut all = vec![
        ("version", status.version.clone()),
        ("process", status.pid.to_string()),
        ("uptime", uptime),
        ("vaults", status.vaults.to_string()),
        ("clients", status.clients.to_string()),
        ("objects", status.objects.to_string()),
    ];
    for part in &status.parts {
        let works = || match &part.memory {
            Some(memory) => format!("works, secrets in {memory} memory"),
            None => "works".to_owned(),
        };
        let state = part.problem.clone().unwrap_or_else(works);
        all.push((&part.part, state));
    }
    let listeners: Vec<_> = status
        .listeners
        .iter()
        .map(|own| {
            let state = if own.is_connected {
                "connected"
            } else {
                "not connected"
            };
            let (name, waiting) = (format!("listener {}", own.client), own.waiting);
            (
                name,
                format!("{state}, KMIP {}, {waiting} waiting", own.version),
            )
        })
        .collect();
    all.extend(
        listeners
            .iter()
            .map(|(name, state)| (name.as_str(), state.clone())),
    );
    let heads: Vec<_> = status
        .audit_heads
        .iter()
        .map(|(stream, head)| {
            let hash = head.hash.get(..16).unwrap_or(&head.hash);
            (format!("audit {stream}"), format!("{} {hash}", head.seq))
        })
        .collect();
    all.extend(
        heads
            .iter()
            .map(|(name, head)| (name.as_str(), head.clone())),
    );
    rows(&all)
}
