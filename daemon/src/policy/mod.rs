//! What a principal may do: deny by default, by vault and role. Pure.

mod file;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

pub use self::file::PolicyError;
use kmip::{CryptographicUsageMask, ObjectType, OperationCode};
use store::{Record, Scope, is_account};

use crate::{identity::Principal, marks};

/// What an operation does to objects; the policy file may name these classes instead of operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Nothing: what anybody who is authenticated may ask.
    None,
    /// Makes an object.
    Create,
    /// Reads attributes, or finds objects.
    Read,
    /// Releases an object's value.
    Release,
    /// Uses a key, which needs these bits of its usage mask.
    Use(CryptographicUsageMask),
    /// Changes attributes or state.
    Manage,
    /// Destroys.
    Destroy,
    /// Makes users, groups and credentials, and changes what the vault asks of new objects.
    Administer,
}

impl Access {
    /// The name of the class in the policy file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Create => "create",
            Self::Read => "read",
            Self::Release => "release",
            Self::Use(_) => "use",
            Self::Manage => "manage",
            Self::Destroy => "destroy",
            Self::Administer => "administer",
        }
    }
}

/// What the policy says.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It is allowed.
    Allow,
    /// It is not; an invisible object does not exist for the principal.
    Deny {
        /// Whether the principal may know that the object exists.
        visible: bool,
    },
}

/// What the members of a role may do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Role {
    /// The operations.
    pub operations: BTreeSet<OperationCode>,
    /// Whether only on objects that they made themselves.
    pub own_objects_only: bool,
    /// Whether they may decrypt and verify with compromised keys.
    pub compromised_keys_too: bool,
}

impl Role {
    /// What both roles allow.
    #[must_use]
    pub fn with(&self, other: &Self) -> Self {
        Self {
            operations: &self.operations & &other.operations,
            own_objects_only: self.own_objects_only || other.own_objects_only,
            compromised_keys_too: self.compromised_keys_too && other.compromised_keys_too,
        }
    }

    /// Whether users, groups and credentials may be made, seen and changed.
    #[must_use]
    pub fn administers(&self) -> bool {
        self.operations.contains(&OperationCode::CreateUser)
    }
}

/// The roles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    roles: BTreeMap<String, Arc<Role>>,
}

impl Policy {
    /// The role that may do everything in its vault.
    pub const ADMINISTRATOR: &'static str = "administrator";

    /// The role with this name.
    #[must_use]
    pub fn role(&self, name: &str) -> Option<Arc<Role>> {
        self.roles.get(name).cloned()
    }

    /// The names of the roles.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.roles.keys().map(String::as_str)
    }
}

/// Whether a principal may do an operation that names no object.
pub fn decide_operation(who: &Principal, operation: OperationCode, access: Access) -> Decision {
    let public = matches!(
        access,
        Access::None | Access::Read | Access::Release | Access::Use(_)
    );
    // Whether the ticket's rights reach the object is decided with the object.
    if let Some(ticket) = &who.ticket
        && access != Access::None
        && !ticket.names(operation)
    {
        return Decision::Deny { visible: true };
    }
    if access == Access::None
        || (who.role.operations.contains(&operation) && (public || !who.public_only || who.officer))
    {
        Decision::Allow
    } else {
        Decision::Deny { visible: true }
    }
}

/// Whether a principal may do an operation on an object.
pub fn decide(
    who: &Principal,
    operation: OperationCode,
    access: Access,
    what: &Record,
) -> Decision {
    let hidden = what.vault != who.vault
        || (who.role.own_objects_only && what.owner != who.name)
        || (who.public_only && !is_public(what))
        || (is_account(what.object_type) && !who.role.administers());
    if hidden {
        return Decision::Deny { visible: false };
    }
    // A certificate that is a credential is read as any certificate is.
    let only_reads = matches!(access, Access::Read | Access::Release);
    if what.is_account() && !only_reads && !who.role.administers() {
        return Decision::Deny { visible: true };
    }
    if let Some(ticket) = &who.ticket
        && !ticket.allows(operation, Some(what))
    {
        return Decision::Deny { visible: false };
    }
    match decide_operation(who, operation, access) {
        Decision::Allow => Decision::Allow,
        // Who may not even read attributes learns nothing of what exists.
        Decision::Deny { .. } => Decision::Deny {
            visible: who.role.operations.contains(&OperationCode::GetAttributes),
        },
    }
}

/// Which objects a principal may find.
#[must_use]
pub fn scope(who: &Principal) -> Scope {
    Scope {
        vault: who.vault.clone(),
        owner: who.role.own_objects_only.then(|| who.name.clone()),
    }
}

/// Whether values of this kind are kept from whoever may not have them.
#[must_use]
pub const fn is_secret(object_type: ObjectType) -> bool {
    !matches!(
        object_type,
        ObjectType::Certificate
            | ObjectType::CertificateRequest
            | ObjectType::PublicKey
            | ObjectType::Template
    )
}

/// Whether a token shows an object without a login: as it says itself, else as is usual for its kind
/// (PKCS #11 3.2 §4.4, CKA_PRIVATE).
#[must_use]
pub fn is_public(what: &Record) -> bool {
    marks::is_private(what).map_or_else(|| is_usually_public(what.object_type), |own| !own)
}

/// Kinds of objects that are shown without a login where they do not say otherwise.
#[must_use]
pub const fn is_usually_public(object_type: ObjectType) -> bool {
    matches!(object_type, ObjectType::Certificate | ObjectType::PublicKey)
}
