//! The policy file: roles and what they may do.

use std::{collections::BTreeMap, fmt, sync::Arc};

use kmip::OperationCode;
use serde::Deserialize;

use super::{Policy, Role};
use crate::ops;

/// The file's shape.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    #[serde(default)]
    role: BTreeMap<String, FileRole>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileRole {
    allow: Vec<String>,
    #[serde(default)]
    own_objects_only: bool,
    #[serde(default)]
    compromised_keys_too: bool,
}

/// Why a policy cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyError(String);

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for PolicyError {}

/// The roles that are there when the file names none of their names.
const BUILT_IN: &[(&str, &[&str])] = &[
    (Policy::ADMINISTRATOR, &["*"]),
    (
        "user",
        &["create", "read", "release", "use", "manage", "destroy"],
    ),
    ("operator", &["read", "manage"]),
    ("consumer", &["read", "use"]),
    ("auditor", &["read"]),
];

impl Default for Policy {
    fn default() -> Self {
        let roles = BUILT_IN.iter().map(|(name, allow)| {
            let operations = allow.iter().flat_map(|word| expand(word)).collect();
            (
                (*name).to_owned(),
                Arc::new(Role {
                    operations,
                    ..Role::default()
                }),
            )
        });
        Self {
            roles: roles.collect(),
        }
    }
}

impl Policy {
    /// Reads a policy file's text; errors name the line or the role.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        let file: File = toml::from_str(text).map_err(|error| PolicyError(error.to_string()))?;
        if file.version != 1 {
            return Err(PolicyError(format!(
                "version {} is not known; this program reads version 1",
                file.version
            )));
        }
        let mut policy = Self::default();
        for (name, role) in file.role {
            let mut operations = std::collections::BTreeSet::new();
            for word in &role.allow {
                let found = expand(word);
                if found.is_empty() {
                    return Err(PolicyError(format!(
                        "role {name:?} allows {word:?}, which is neither an operation nor one of \
                         create, read, release, use, manage, destroy, administer, *"
                    )));
                }
                operations.extend(found);
            }
            policy.roles.insert(
                name,
                Arc::new(Role {
                    operations,
                    own_objects_only: role.own_objects_only,
                    compromised_keys_too: role.compromised_keys_too,
                }),
            );
        }
        Ok(policy)
    }
}

/// The operations of a word: an operation's name, a class of access, or all.
fn expand(word: &str) -> Vec<OperationCode> {
    ops::ROUTES
        .iter()
        .filter(|route| word == "*" || route.name() == word || route.access.name() == word)
        .map(|route| route.code)
        .collect()
}
