//! Who asks: from a peer's certificate or uid, and the credentials of a message, to a principal of one vault.

use std::sync::Arc;

use kmip::{
    Secret,
    message::{Authentication, Credential, UsernameAndPassword},
    ttlv::Timestamp,
};

use crate::{
    directory::Directory,
    error::{Error, Result},
    fault::Fault,
    policy::{Policy, Role},
};

/// What a connection knows of the other side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Peer {
    /// A client certificate whose path and possession were verified.
    Certificate(CertificateFacts),
    /// A process at the local socket, as the kernel names it.
    Unix {
        /// Its user.
        uid: u32,
    },
    /// An administrator at the local socket, who was allowed to act in this vault.
    Administrator {
        /// Its user.
        uid: u32,
        /// The vault.
        vault: String,
    },
}

/// What identity takes from a client certificate: never its common name alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateFacts {
    /// SHA-256 of its SubjectPublicKeyInfo.
    pub spki_sha256: [u8; 32],
    /// Its subject, for people.
    pub subject: String,
    /// Its issuer's name, RFC 4514.
    pub issuer: String,
    /// Its subject alternative names: `DNS:…`, `URI:…`, `email:…`, `IP:…`.
    pub alternative_names: Vec<String>,
}

impl std::fmt::Display for Peer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Certificate(facts) => f.write_str(&facts.subject),
            Self::Unix { uid } => write!(f, "uid:{uid}"),
            Self::Administrator { uid, .. } => write!(f, "administrator uid:{uid}"),
        }
    }
}

/// A local user who may use a vault through the local socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalUser {
    /// The user, or any user.
    pub uid: Option<u32>,
    /// The vault.
    pub vault: String,
    /// The role in it.
    pub role: String,
    /// Whether the vault's PIN is asked for anything but its public objects.
    pub pin_required: bool,
}

/// Certificates that are admitted without being enrolled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admission {
    /// The issuer's name, RFC 4514.
    pub issuer: String,
    /// A subject alternative name that the certificate must have; a trailing `*` stands for any ending.
    pub alternative_name: String,
    /// The vault.
    pub vault: String,
    /// The role in it.
    pub role: String,
}

/// Who asks, in one vault.
#[derive(Clone, Debug)]
pub struct Principal {
    /// The client's name, `uid:1000`, or `administrator`.
    pub name: String,
    /// The vault.
    pub vault: String,
    /// The role in it.
    pub role: Arc<Role>,
    /// Whether only public objects are shown: a local user without the PIN.
    pub public_only: bool,
}

/// The rules by which principals are told.
#[derive(Clone, Debug, Default)]
pub struct Admissions {
    /// Users of the local socket.
    pub local_users: Vec<LocalUser>,
    /// Certificates that are not enrolled.
    pub certificates: Vec<Admission>,
}

/// One connection's identity, kept from message to message.
pub struct Caller {
    /// The other side.
    pub peer: Peer,
    description: String,
    known: Option<Known>,
}

struct Known {
    principal: Arc<Principal>,
    credential: Option<(String, Secret)>,
    generation: u64,
}

impl Caller {
    /// A new connection's caller.
    #[must_use]
    pub fn new(peer: Peer) -> Self {
        Self {
            description: peer.to_string(),
            peer,
            known: None,
        }
    }

    /// The other side in words, for the audit trail.
    #[must_use]
    pub fn description(&self) -> &str {
        &self.description
    }

    /// Whether a message's credential was proven on this connection before; proving one takes long on purpose.
    pub(crate) fn has_proven(&self, authentication: Option<&Authentication>) -> bool {
        match (credential(authentication), &self.known) {
            (Ok(None), _) | (Err(_), _) => true,
            (Ok(given), Some(known)) => same(known.credential.as_ref(), given),
            (Ok(Some(_)), None) => false,
        }
    }

    /// The principal of a message. What was established is kept while the credentials, and the directory, stay the
    /// same; a revoked client is refused with its next message.
    pub(crate) fn principal(
        &mut self,
        authentication: Option<&Authentication>,
        directory: &Directory,
        policy: &Policy,
        admissions: &Admissions,
        now: Timestamp,
    ) -> Result<Arc<Principal>> {
        let credential = credential(authentication)?;
        let generation = directory.generation();
        if let Some(known) = &self.known
            && known.generation == generation
            && same(known.credential.as_ref(), credential)
        {
            return Ok(known.principal.clone());
        }
        self.known = None;
        let principal = establish(&self.peer, credential, directory, admissions, now).and_then(
            |(name, vault, role, public_only)| {
                let role = policy.role(&role).ok_or_else(not_authenticated)?;
                Ok(Arc::new(Principal {
                    name,
                    vault,
                    role,
                    public_only,
                }))
            },
        )?;
        let credential = credential.map(|own| (own.username.clone(), password(own)));
        self.known = Some(Known {
            principal: principal.clone(),
            credential,
            generation,
        });
        Ok(principal)
    }
}

pub(crate) fn not_authenticated() -> Error {
    Error::new(Fault::NotAuthenticated, "authentication not successful")
}

fn password(credential: &UsernameAndPassword) -> Secret {
    credential
        .password
        .as_ref()
        .map(|password| password.0.clone())
        .unwrap_or_default()
}

fn same(known: Option<&(String, Secret)>, given: Option<&UsernameAndPassword>) -> bool {
    match (known, given) {
        (None, None) => true,
        (Some((username, secret)), Some(given)) => {
            *username == given.username && *secret == password(given)
        }
        _ => false,
    }
}

/// The one credential that is served; any other cannot be verified, so it fails (KMIP 2.1 §9.4).
fn credential(authentication: Option<&Authentication>) -> Result<Option<&UsernameAndPassword>> {
    match authentication.map(|authentication| authentication.credential.as_slice()) {
        None | Some([]) => Ok(None),
        Some([Credential::UsernameAndPassword(credential)]) => Ok(Some(credential)),
        Some(_) => Err(not_authenticated()),
    }
}

type Established = (String, String, String, bool);

fn establish(
    peer: &Peer,
    credential: Option<&UsernameAndPassword>,
    directory: &Directory,
    admissions: &Admissions,
    now: Timestamp,
) -> Result<Established> {
    match peer {
        Peer::Certificate(facts) => {
            let (name, vault, role) = match directory.client_by_key(&facts.spki_sha256) {
                Some(client) if client.revoked.is_some() => return Err(not_authenticated()),
                Some(client) => (
                    client.name.clone(),
                    client.vault.clone(),
                    client.role.clone(),
                ),
                None => admitted(facts, admissions).ok_or_else(not_authenticated)?,
            };
            if let Some(credential) = credential {
                let (_, asked) = split(&credential.username);
                if asked.is_some_and(|asked| asked != vault) {
                    return Err(not_authenticated());
                }
                second_factor(credential, &vault, directory, now)?;
            }
            Ok((name, vault, role, false))
        }
        Peer::Unix { uid } => local(*uid, credential, directory, admissions, now),
        Peer::Administrator { uid, vault } => {
            let known = directory.vault(vault).ok_or_else(not_authenticated)?;
            Ok((
                format!("administrator uid:{uid}"),
                known.name.clone(),
                Policy::ADMINISTRATOR.to_owned(),
                false,
            ))
        }
    }
}

/// `user@vault` into both parts.
fn split(username: &str) -> (&str, Option<&str>) {
    match username.rsplit_once('@') {
        Some((user, vault)) => (user, Some(vault)),
        None => (username, None),
    }
}

fn local(
    uid: u32,
    credential: Option<&UsernameAndPassword>,
    directory: &Directory,
    admissions: &Admissions,
    now: Timestamp,
) -> Result<Established> {
    let (user, asked) = credential.map_or(("", None), |credential| split(&credential.username));
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
    let proven = match credential {
        Some(credential) if !user.is_empty() => {
            second_factor(credential, &admitted.vault, directory, now)?;
            true
        }
        _ => false,
    };
    let public_only = admitted.pin_required && !proven;
    Ok((
        format!("uid:{uid}"),
        admitted.vault.clone(),
        admitted.role.clone(),
        public_only,
    ))
}

/// A PIN of the vault: the user's or the security officer's.
fn second_factor(
    credential: &UsernameAndPassword,
    vault: &str,
    directory: &Directory,
    now: Timestamp,
) -> Result<()> {
    let (user, _) = split(&credential.username);
    directory
        .verify_pin(vault, user, &password(credential), now)
        .map_err(|refused| not_authenticated().because(refused))
}

fn admitted(facts: &CertificateFacts, admissions: &Admissions) -> Option<(String, String, String)> {
    admissions.certificates.iter().find_map(|rule| {
        let name = facts
            .alternative_names
            .iter()
            .find(|name| matches(&rule.alternative_name, name))?;
        (rule.issuer == facts.issuer).then(|| (name.clone(), rule.vault.clone(), rule.role.clone()))
    })
}

fn matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => pattern == name,
    }
}
