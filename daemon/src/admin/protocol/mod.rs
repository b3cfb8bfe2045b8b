//! What is said at the admin socket: one line of JSON asks, one line answers.

mod facts;
mod groups;
mod lines;
mod words;

use std::{collections::BTreeMap, path::PathBuf};

use serde::{Deserialize, Serialize, de::DeserializeOwned};

pub use self::facts::{
    BackupFacts, CaFacts, ClientFacts, ClientIssued, ForeignFacts, KeyDetails, KeyFacts, KeyPage,
    ListenerFacts, MoveFacts, MoveObstacle, PartFacts, PutFacts, ReloadFacts, StatusFacts,
    TransportFacts, UserFacts, VaultFacts,
};
pub use self::groups::{DriftFacts, DriftObject, GroupFacts, GroupMember, OrphanFacts, OrphanName};
pub use self::keys::{
    KeyActivate, KeyAdopt, KeyCreate, KeyDestroy, KeyForeign, KeyImport, KeyList, KeyPut,
    KeyRevoke, KeyShow, KeyTransport,
};
pub use self::lines::{Answer, Call, LINE_BYTES_MAX, Refused};
pub use self::words::{
    Class, Custody, DeviceText, Foreign, InitToken, PinChange, Profile, SecretText,
};
use crate::{audit::Head, authority::Purpose};

/// A command: what is asked, under which name, and what is answered.
pub trait Command: Serialize + DeserializeOwned {
    /// Its name, on the wire and in the trail.
    const NAME: &'static str;
    /// Whether it changes anything.
    const CHANGES: bool;
    /// The answer.
    type Reply: Serialize + DeserializeOwned;
}

/// Declares the commands: `/// doc` `"name" Type changes -> Reply { fields }`.
macro_rules! commands {
    ($($(#[$meta:meta])* $name:literal $command:ident $changes:literal -> $reply:ty {
        $($(#[$field_meta:meta])* $field:ident: $type:ty,)*
    })*) => {$(
        $(#[$meta])*
        #[derive(Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $command {
            $($(#[$field_meta])* pub $field: $type,)*
        }

        impl Command for $command {
            const NAME: &'static str = $name;
            const CHANGES: bool = $changes;
            type Reply = $reply;
        }
    )*};
}

mod keys;

commands! {
    /// Makes a vault.
    "vault.create" VaultCreate true -> VaultFacts {
        /// Its name.
        name: String,
        /// Its HSM; the only one, when there is one only.
        #[serde(default)]
        backend: Option<String>,
        /// Where its new locked keys are kept; in the HSM, if that keeps keys.
        #[serde(default)]
        custody: Option<Custody>,
        /// Its keys' class where a request does not say.
        #[serde(default)]
        class: Class,
        /// What it serves.
        #[serde(default)]
        profile: Profile,
        /// The user's PIN.
        #[serde(default)]
        user_pin: Option<SecretText>,
        /// The security officer's PIN.
        #[serde(default)]
        so_pin: Option<SecretText>,
        /// Whether a security officer may initialize it anew.
        #[serde(default)]
        init_token: InitToken,
    }

    /// Changes a vault; what is absent stays.
    "vault.set" VaultSet true -> VaultFacts {
        /// Its name.
        name: String,
        /// Where its new locked keys are kept.
        #[serde(default)]
        custody: Option<Custody>,
        /// Its keys' class where a request does not say.
        #[serde(default)]
        class: Option<Class>,
        /// What it serves.
        #[serde(default)]
        profile: Option<Profile>,
        /// The user's PIN.
        #[serde(default)]
        user_pin: Option<PinChange>,
        /// The security officer's PIN.
        #[serde(default)]
        so_pin: Option<PinChange>,
        /// Whether a security officer may initialize it anew.
        #[serde(default)]
        init_token: Option<InitToken>,
    }

    /// Tells the vaults.
    "vault.list" VaultList false -> Vec<VaultFacts> {}

    /// Tells one vault.
    "vault.show" VaultShow false -> VaultFacts {
        /// Its name.
        name: String,
    }

    /// Tells what a move of a vault into another HSM, or another custody, would do, and what is in its way.
    "vault.move.check" VaultMoveCheck false -> MoveFacts {
        /// Its name.
        name: String,
        /// The HSM; its own when absent.
        #[serde(default)]
        to: Option<String>,
        /// Where its locked keys are kept there.
        #[serde(default)]
        custody: Option<Custody>,
        /// Whether its certificate authority stays where it is.
        #[serde(default)]
        leave_authority: bool,
    }

    /// Moves a vault into another HSM, for a second or so: asked again, it goes on, until nothing is left.
    "vault.move" VaultMove true -> MoveFacts {
        /// Its name.
        name: String,
        /// The HSM; its own when absent.
        #[serde(default)]
        to: Option<String>,
        /// Where its locked keys are kept there.
        #[serde(default)]
        custody: Option<Custody>,
        /// Whether its certificate authority stays where it is.
        #[serde(default)]
        leave_authority: bool,
    }

    /// Makes a vault's certificate authority.
    "ca.create" CaCreate true -> CaFacts {
        /// The vault.
        vault: String,
        /// Its name, as RFC 4514 writes it.
        #[serde(default)]
        subject: Option<String>,
        /// The kind of its key.
        key: String,
        /// For how many days its certificate is good.
        days: u32,
        /// For how many days certificates are good that it issues.
        issue_days: u32,
        /// What they may be for.
        purposes: Vec<Purpose>,
    }

    /// Tells a vault's certificate authority.
    "ca.show" CaShow false -> CaFacts {
        /// The vault.
        vault: String,
    }

    /// Makes a client's key and certificate, and enrolls it.
    "client.issue" ClientIssue true -> ClientIssued {
        /// Its name.
        name: String,
        /// The vault it is to work in.
        vault: String,
        /// Its role there.
        role: String,
        /// For how many days.
        #[serde(default)]
        days: Option<u32>,
    }

    /// Enrolls a client by a certificate that it has.
    "client.enroll" ClientEnroll true -> ClientFacts {
        /// Its name.
        name: String,
        /// The vault it is to work in.
        vault: String,
        /// Its role there.
        role: String,
        /// The certificate in PEM.
        certificate: String,
    }

    /// Tells the clients.
    "client.list" ClientList false -> Vec<ClientFacts> {
        /// Of one vault only.
        #[serde(default)]
        vault: Option<String>,
    }

    /// Refuses a client from now on.
    "client.revoke" ClientRevoke true -> ClientFacts {
        /// Its name.
        name: String,
        /// Its vault.
        vault: String,
    }

    /// Makes a user of a vault.
    "user.create" UserCreate true -> UserFacts {
        /// Its name.
        name: String,
        /// Its vault.
        vault: String,
        /// Its role there.
        role: String,
        /// Its password.
        #[serde(default)]
        password: Option<SecretText>,
        /// Whether clients send the password hashed.
        #[serde(default)]
        hashed: bool,
        /// Passwords that are good once each.
        #[serde(default)]
        one_time_passwords: Vec<SecretText>,
        /// The device that it is recognised by.
        #[serde(default)]
        device: Option<DeviceText>,
    }

    /// Tells the users.
    "user.list" UserList false -> Vec<UserFacts> {
        /// Of this vault.
        vault: String,
    }

    /// Tells one user.
    "user.show" UserShow false -> UserFacts {
        /// Its name.
        name: String,
        /// Its vault.
        vault: String,
    }

    /// Removes a user with its credentials.
    "user.remove" UserRemove true -> UserFacts {
        /// Its name.
        name: String,
        /// Its vault.
        vault: String,
    }

    /// Tells the groups of HSMs.
    "group.list" GroupList false -> Vec<GroupFacts> {}

    /// Compares what the members of a group have, for a second or so: asked again, it goes on, until nothing is left.
    "group.drift" GroupDrift false -> DriftFacts {
        /// The group.
        name: String,
        /// Which run this is of: another one begins anew.
        run: String,
    }

    /// Makes in the members of a group what they lack, in the same way.
    "group.repair" GroupRepair true -> DriftFacts {
        /// The group.
        name: String,
        /// Which run this is of: another one begins anew.
        run: String,
        /// The member that is right where they have different keys.
        #[serde(default)]
        from: Option<String>,
    }

    /// Tells the keys in the tokens of a group's members that belong to no object.
    "group.orphans" GroupOrphans false -> Vec<OrphanFacts> {
        /// The group.
        name: String,
    }

    /// Destroys those that were this Keyhold's.
    "group.orphans.destroy" GroupOrphansDestroy true -> Vec<OrphanFacts> {
        /// The group.
        name: String,
        /// The keys.
        orphans: Vec<OrphanName>,
    }

    /// Reads anew what the configuration names that may change at any time: all of it is taken, or nothing.
    "reload" Reload true -> ReloadFacts {}

    /// Tells how the appliance is.
    "status" Status false -> StatusFacts {}

    /// Tells the heads of the audit trail.
    "audit.heads" AuditHeads false -> BTreeMap<String, Head> {}

    /// Writes a backup.
    "backup.create" BackupCreate true -> BackupFacts {
        /// A new directory, as an absolute path.
        directory: PathBuf,
    }
}
