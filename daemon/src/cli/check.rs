//! `keyhold check`: whether a configuration works, and what its HSMs can do.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Display,
    path::PathBuf,
    sync::Arc,
};

use clap::Args;
use hsm::{Hsm, group::Opener};
use serde::Serialize;
use store::SqliteStore;

use super::{
    Failure, Output,
    trials::{self, Row},
};
use crate::{
    config::{self, Backend, Config, DEFAULT_FILE, Group},
    directory::Directory,
    hosts,
    tls::{self, Terms},
};

/// `keyhold check --config FILE`.
#[derive(Args)]
pub(super) struct Check {
    /// The configuration
    #[arg(long, value_name = "FILE", default_value = DEFAULT_FILE, env = "KEYHOLD_CONFIG")]
    config: PathBuf,
}

/// One thing that was checked.
#[derive(Serialize)]
struct Finding {
    part: String,
    is_good: bool,
    detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    capabilities: Option<Capabilities>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    trials: Vec<Row>,
}

/// What an HSM can do, by name.
#[derive(Serialize)]
struct Capabilities {
    generate: Vec<String>,
    import: Vec<String>,
    sign: Vec<String>,
    cipher: Vec<String>,
    mac: Vec<String>,
    kem: Vec<String>,
    wrapped: Vec<String>,
}

impl Check {
    pub(super) fn run(self, output: &Output) -> Result<(), Failure> {
        let config = Config::load(&self.config).map_err(Failure::failed)?;
        let mut findings = vec![Finding::good(
            "configuration",
            &config.file.display().to_string(),
        )];
        findings.push(check_tls(&config)?);
        findings.extend(config.notify.iter().map(check_notify));
        let started = hosts::start_engine().map_err(|error| error.to_string());
        let mut opened = BTreeMap::new();
        for backend in &config.backends {
            findings.push(check_backend(backend, started.clone(), &mut opened));
        }
        for group in &config.groups {
            findings.push(check_group(group, &opened));
        }
        show(output, &findings)?;
        let failed = findings.iter().filter(|own| !own.is_good).count();
        if failed == 0 {
            return Ok(());
        }
        Err(Failure::failed(format!(
            "{failed} of {} checks failed",
            findings.len()
        )))
    }
}

impl Finding {
    fn new(part: &str, result: Result<String, String>) -> Self {
        let (is_good, detail) = match result {
            Ok(detail) => (true, detail),
            Err(why) => (false, why),
        };
        Self {
            part: part.to_owned(),
            is_good,
            detail,
            capabilities: None,
            trials: Vec::new(),
        }
    }

    fn good(part: &str, detail: &str) -> Self {
        Self::new(part, Ok(detail.to_owned()))
    }
}

/// Certificates, keys and lists. Nobody is enrolled here: the store belongs to the daemon that may be running.
fn check_tls(config: &Config) -> Result<Finding, Failure> {
    let Some(tls) = &config.tls else {
        return Ok(Finding::good("tls", "not configured: local users only"));
    };
    let nobody = SqliteStore::in_memory()
        .and_then(|store| Directory::load(Arc::new(store)))
        .map_err(Failure::failed)?;
    let terms = Terms::load(tls, &Arc::new(nobody));
    let result = terms
        .map(|terms| {
            let ends = time::OffsetDateTime::from_unix_timestamp(terms.server_ends);
            let ends = ends.map_or_else(|_| "never".to_owned(), |end| end.date().to_string());
            format!("the server's certificate ends {ends}")
        })
        .map_err(|error| error.to_string());
    Ok(Finding::new("tls", result))
}

/// What is shown to a client that listens, and whom it is believed by. It is not connected to: it may be away.
fn check_notify(notify: &config::Notify) -> Finding {
    let result = tls::outgoing(notify)
        .map(|_| format!("{} at {}", notify.client, notify.address))
        .map_err(|error| error.to_string());
    Finding::new(&format!("notify {}", notify.client), result)
}

/// HSMs that work, by their names.
type Opened = BTreeMap<String, Arc<dyn Hsm>>;

fn check_backend(backend: &Backend, started: Result<(), String>, all: &mut Opened) -> Finding {
    let part = format!("backend {}", backend.name);
    let opened = started.and_then(|()| {
        hosts::open_backend(backend, None)
            .and_then(|hsm| hsm.health().map(|()| hsm))
            .map_err(|error| error.to_string())
    });
    match opened {
        Ok(hsm) => {
            all.insert(backend.name.clone(), Arc::clone(&hsm));
            Finding {
                capabilities: Some(Capabilities::of(hsm.as_ref())),
                trials: hsm.capabilities().trials.iter().map(Row::new).collect(),
                ..Finding::good(&part, &hsm.capabilities().description)
            }
        }
        Err(why) => Finding::new(&part, Err(why)),
    }
}

/// What all members of a group can do. Their trials are told of each.
fn check_group(group: &Group, opened: &Opened) -> Finding {
    let part = format!("group {}", group.name);
    let missing = |member: &&String| !opened.contains_key(*member);
    if let Some(member) = group.members.iter().find(missing) {
        return Finding::new(&part, Err(format!("its member {member} does not work")));
    }
    let members = group.members.iter().filter_map(|name| {
        let own = Arc::clone(opened.get(name)?);
        let opener: Opener = Box::new(move || Ok(Arc::clone(&own)));
        Some((name.clone(), opener))
    });
    match hosts::join(&group.name, members.collect()) {
        Ok(own) if own.capabilities().generate.is_empty() => {
            let why = "there is no kind of key that all its members make and take from each other";
            Finding::new(&part, Err(why.to_owned()))
        }
        Ok(own) => Finding {
            capabilities: Some(Capabilities::of(own.as_ref())),
            ..Finding::good(&part, &group.members.join(", "))
        },
        Err(error) => Finding::new(&part, Err(error.to_string())),
    }
}

impl Capabilities {
    fn of(hsm: &dyn Hsm) -> Self {
        let own = hsm.capabilities();
        Self {
            generate: names(&own.generate),
            import: names(&own.import),
            sign: names(&own.sign),
            cipher: names(&own.cipher),
            mac: names(&own.mac),
            kem: names(&own.decapsulate),
            wrapped: names(&own.wrapped),
        }
    }

    /// What, which, and what parts a family's name from its member's.
    fn rows(&self) -> [(&'static str, &[String], char); 7] {
        [
            ("generate", &self.generate, '-'),
            ("import", &self.import, '-'),
            ("sign", &self.sign, ' '),
            ("cipher", &self.cipher, ' '),
            ("mac", &self.mac, ' '),
            ("kem", &self.kem, '-'),
            ("wrapped", &self.wrapped, '-'),
        ]
    }
}

/// Each name once: what differs in a salt's or a tag's length only is one thing to people.
fn names<T: Display>(all: &[T]) -> Vec<String> {
    let names: BTreeSet<_> = all.iter().map(ToString::to_string).collect();
    names.into_iter().collect()
}

fn show(output: &Output, findings: &[Finding]) -> Result<(), Failure> {
    output.list(findings, &["PART", "STATE", "DETAIL"], |own| {
        let state = if own.is_good { "ok" } else { "FAILED" };
        vec![own.part.clone(), state.to_owned(), own.detail.clone()]
    })?;
    if output.is_json() {
        return Ok(());
    }
    for own in findings {
        let Some(capabilities) = &own.capabilities else {
            continue;
        };
        output.line(format!("\n{} can:", own.part))?;
        for (what, all, apart) in capabilities.rows() {
            output.line(format!("  {what:<9} {}", families(all, apart)))?;
        }
        if !own.trials.is_empty() {
            output.line(format!("\n{} was tried:", own.part))?;
            let lines = trials::lines(&own.trials);
            output.list(&lines, &trials::HEADINGS, |line| line.to_vec())?;
        }
    }
    Ok(())
}

/// A list by its families, each with what its members differ in: people read families, machines get every member.
fn families(all: &[String], apart: char) -> String {
    let mut families: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for name in all {
        let (family, member) = name.split_once(apart).unwrap_or((name, ""));
        let members = families.entry(family).or_default();
        if !member.is_empty() {
            members.insert(member);
        }
    }
    let words: Vec<_> = families
        .into_iter()
        .map(|(family, members)| match members.len() {
            0 => family.to_owned(),
            _ => {
                let members: Vec<_> = members.into_iter().collect();
                format!("{family} ({})", members.join(", "))
            }
        })
        .collect();
    if words.is_empty() {
        "nothing".to_owned()
    } else {
        words.join("; ")
    }
}
