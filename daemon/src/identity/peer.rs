//! The other side of a connection: what its certificate or the kernel says of it.

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
    /// A client that listens, in whose name the daemon looks up what it tells it.
    Listener {
        /// Its vault.
        vault: String,
        /// Its name.
        client: String,
    },
    /// The appliance itself, which does in this vault what nobody asks for just then.
    Appliance {
        /// The vault.
        vault: String,
        /// What it is about, in one word.
        task: &'static str,
    },
}

/// What identity takes from a client certificate: never its common name alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateFacts {
    /// SHA-256 of all of it.
    pub sha256: [u8; 32],
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
            Self::Listener { client, .. } => write!(f, "listener {client}"),
            Self::Appliance { task, .. } => f.write_str(task),
        }
    }
}
