//! From a peer's certificate or uid to a name, a vault and a role, before any credential is looked at.

use store::Client;

use super::{Admissions, CertificateFacts, Peer, not_authenticated};
use crate::{directory::Directory, error::Result, policy::Policy};

/// What a peer is by itself.
pub(super) struct Standing {
    /// The client's name, `uid:1000`, or `administrator`.
    pub(super) name: String,
    /// The vault.
    pub(super) vault: String,
    /// The role in it.
    pub(super) role: String,
    /// Whether it sees public objects only until it has proven more.
    pub(super) proof_required: bool,
    /// SHA-256 of a certificate that a rule admits: which of them a user's is, a credential says.
    pub(super) certificate: Option<[u8; 32]>,
}

/// What a peer is, if it is anything; `asked` is the vault that its credential names.
pub(super) fn standing(
    peer: &Peer,
    asked: Option<&str>,
    directory: &Directory,
    admissions: &Admissions,
) -> Result<Standing> {
    match peer {
        Peer::Certificate(facts) => {
            let standing = certified(facts, directory, admissions)?;
            if asked.is_some_and(|asked| asked != standing.vault) {
                return Err(not_authenticated());
            }
            Ok(standing)
        }
        Peer::Unix { uid } => local(*uid, asked, directory, admissions),
        Peer::Administrator { uid, vault } => {
            let known = directory.vault(vault).ok_or_else(not_authenticated)?;
            Ok(Standing {
                name: format!("administrator uid:{uid}"),
                vault: known.name.clone(),
                role: Policy::ADMINISTRATOR.to_owned(),
                proof_required: false,
                certificate: None,
            })
        }
        Peer::Listener { vault, client } => {
            let known = directory.client_by_name(vault, client);
            known.map_or_else(|| Err(not_authenticated()), |own| enrolled(&own))
        }
        Peer::Appliance { vault, task } => {
            let known = directory.vault(vault).ok_or_else(not_authenticated)?;
            Ok(Standing {
                name: (*task).to_owned(),
                vault: known.name.clone(),
                role: Policy::ADMINISTRATOR.to_owned(),
                proof_required: false,
                certificate: None,
            })
        }
    }
}

fn certified(
    facts: &CertificateFacts,
    directory: &Directory,
    admissions: &Admissions,
) -> Result<Standing> {
    match directory.client_by_key(&facts.spki_sha256) {
        Some(client) => {
            let standing = enrolled(&client)?;
            if client.spki_sha256 != facts.spki_sha256 {
                directory.succeed(&facts.spki_sha256)?;
            }
            Ok(standing)
        }
        None => admitted(facts, admissions).ok_or_else(not_authenticated),
    }
}

/// A client that is enrolled, as long as it is not revoked.
fn enrolled(client: &Client) -> Result<Standing> {
    if client.revoked.is_some() {
        return Err(not_authenticated());
    }
    Ok(Standing {
        name: client.name.clone(),
        vault: client.vault.clone(),
        role: client.role.clone(),
        proof_required: false,
        certificate: None,
    })
}

fn local(
    uid: u32,
    asked: Option<&str>,
    directory: &Directory,
    admissions: &Admissions,
) -> Result<Standing> {
    let admitted = admissions
        .local_users
        .iter()
        .find(|rule| {
            rule.uid.is_none_or(|own| own == uid) && asked.is_none_or(|asked| asked == rule.vault)
        })
        .ok_or_else(not_authenticated)?;
    directory
        .vault(&admitted.vault)
        .ok_or_else(not_authenticated)?;
    Ok(Standing {
        name: format!("uid:{uid}"),
        vault: admitted.vault.clone(),
        role: admitted.role.clone(),
        proof_required: admitted.pin_required,
        certificate: None,
    })
}

fn admitted(facts: &CertificateFacts, admissions: &Admissions) -> Option<Standing> {
    admissions.certificates.iter().find_map(|rule| {
        let name = facts
            .alternative_names
            .iter()
            .find(|name| matches(&rule.alternative_name, name))?;
        (rule.issuer == facts.issuer).then(|| Standing {
            name: name.clone(),
            vault: rule.vault.clone(),
            role: rule.role.clone(),
            proof_required: false,
            certificate: Some(facts.sha256),
        })
    })
}

fn matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => pattern == name,
    }
}
