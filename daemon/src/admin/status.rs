//! How the appliance is.

use std::{collections::BTreeMap, fmt::Display};

use super::{
    Admin, Deed, Execute,
    protocol::{AuditHeads, ListenerFacts, PartFacts, Status, StatusFacts},
};
use crate::{
    audit::{Head, Trail},
    error::Result,
};

impl Execute for Status {
    fn prepare(self, admin: &Admin, _: u32) -> Result<Deed<'_, StatusFacts>> {
        Ok(Deed::new(|| {
            let parts = &admin.parts;
            let clients = admin.directory().clients();
            let clients = clients.iter().filter(|client| client.revoked.is_none());
            Ok(StatusFacts {
                version: env!("CARGO_PKG_VERSION").to_owned(),
                pid: std::process::id(),
                uptime_seconds: parts
                    .clock
                    .instant()
                    .duration_since(admin.started)
                    .as_secs(),
                vaults: admin.directory().vaults().len(),
                clients: clients.count(),
                objects: parts.service.store.count()?,
                parts: admin.health(),
                listeners: admin.listeners(),
                audit_heads: parts.trail.heads(),
            })
        }))
    }
}

impl Execute for AuditHeads {
    fn prepare(self, admin: &Admin, _: u32) -> Result<Deed<'_, BTreeMap<String, Head>>> {
        Ok(Deed::new(|| Ok(admin.parts.trail.heads())))
    }
}

impl Admin {
    fn listeners(&self) -> Vec<ListenerFacts> {
        let all = self.parts.service.subscriptions.all().into_iter();
        all.map(|own| {
            let (terms, facts) = (own.terms(), own.facts());
            ListenerFacts {
                client: terms.client.clone(),
                vault: terms.vault.clone(),
                is_connected: facts.is_connected,
                version: facts.version.to_string(),
                waiting: facts.waiting,
            }
        })
        .collect()
    }

    fn health(&self) -> Vec<PartFacts> {
        let service = &self.parts.service;
        let backends = service.backends.iter();
        let mut parts = vec![
            part("store", service.store.health()),
            part("audit", self.parts.trail.health()),
        ];
        parts.extend(backends.map(|(name, hsm)| PartFacts {
            memory: hsm.memory().ok().map(|memory| memory.to_string()),
            ..part(&format!("hsm {name}"), hsm.health())
        }));
        for (name, group) in &service.groups {
            let members = group.members().into_iter();
            parts.extend(members.map(|own| PartFacts {
                part: format!("hsm {name}/{}", own.name),
                problem: own.trouble,
                memory: None,
            }));
        }
        parts
    }
}

fn part<E: Display>(name: &str, health: std::result::Result<(), E>) -> PartFacts {
    PartFacts {
        part: name.to_owned(),
        problem: health.err().map(|problem| problem.to_string()),
        memory: None,
    }
}
