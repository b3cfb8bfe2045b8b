//! What is asked of keys at the admin socket.

use serde::{Deserialize, Serialize};

use super::{
    Class, Command, Foreign, ForeignFacts, KeyDetails, KeyFacts, KeyPage, PutFacts, TransportFacts,
};

commands! {
    /// Makes a key.
    "key.create" KeyCreate true -> Vec<KeyFacts> {
        /// The vault.
        vault: String,
        /// Its name.
        name: String,
        /// Its kind: `aes-256`, `rsa-2048`, `ec-p256` and the like.
        spec: String,
        /// Its class; the vault's default when absent.
        #[serde(default)]
        class: Option<Class>,
        /// What it is for; what is usual for its kind when empty.
        #[serde(default)]
        usage: Vec<String>,
        /// Whether it is active at once.
        #[serde(default)]
        active: bool,
    }

    /// Tells keys and other objects, the newest first.
    "key.list" KeyList false -> KeyPage {
        /// The vault.
        vault: String,
        /// At most so many.
        limit: u32,
        /// Without so many of the first.
        #[serde(default)]
        offset: u32,
        /// Destroyed ones too.
        #[serde(default)]
        destroyed: bool,
    }

    /// Tells one key with all its attributes.
    "key.show" KeyShow false -> KeyDetails {
        /// The vault.
        vault: String,
        /// Its identifier or name.
        key: String,
    }

    /// Activates a key.
    "key.activate" KeyActivate true -> KeyFacts {
        /// The vault.
        vault: String,
        /// Its identifier or name.
        key: String,
    }

    /// Revokes a key.
    "key.revoke" KeyRevoke true -> KeyFacts {
        /// The vault.
        vault: String,
        /// Its identifier or name.
        key: String,
        /// Why: a Revocation Reason Code such as `key-compromise`.
        reason: String,
        /// Why, in words.
        #[serde(default)]
        message: Option<String>,
    }

    /// Destroys a key.
    "key.destroy" KeyDestroy true -> KeyFacts {
        /// The vault.
        vault: String,
        /// Its identifier or name.
        key: String,
    }

    /// Gives a key or another object to a client that listens.
    "key.put" KeyPut true -> PutFacts {
        /// The vault.
        vault: String,
        /// Its identifier or name.
        key: String,
        /// The client's name.
        client: String,
        /// The identifier or name of the object whose place it takes at the client.
        #[serde(default)]
        replaces: Option<String>,
        /// The identifier or name of the key that it is wrapped with.
        #[serde(default)]
        wrapped_with: Option<String>,
    }

    /// Makes a key pair in a vault's HSM for which others wrap keys that are to come there.
    "key.transport" KeyTransport true -> TransportFacts {
        /// The vault.
        vault: String,
        /// Its name.
        name: String,
        /// Its kind; RSA of 3072 bits when absent.
        #[serde(default)]
        spec: Option<String>,
    }

    /// Takes a key into a vault's HSM that was wrapped for a transport key there.
    "key.import" KeyImport true -> Vec<KeyFacts> {
        /// The vault.
        vault: String,
        /// Its name.
        name: String,
        /// Its kind: `aes-256`, `rsa-2048`, `ec-p256` and the like.
        spec: String,
        /// The identifier or name of the transport key.
        under: String,
        /// The hash function of RSAES-OAEP and of its mask: `sha256` and the like.
        hash: String,
        /// What was wrapped, in hexadecimal digits.
        wrapped: String,
        /// The public half of a private key in PEM, where the HSM does not tell it.
        #[serde(default)]
        public: Option<String>,
        /// What it is for; what is usual for its kind when empty.
        #[serde(default)]
        usage: Vec<String>,
        /// Whether it is active at once.
        #[serde(default)]
        active: bool,
    }

    /// Tells the keys of a vault's HSM that Keyhold did not make.
    "key.foreign" KeyForeign false -> Vec<ForeignFacts> {
        /// The vault.
        vault: String,
    }

    /// Takes keys that others made in a vault's HSM into the vault.
    "key.adopt" KeyAdopt true -> Vec<KeyFacts> {
        /// The vault.
        vault: String,
        /// Which.
        which: Foreign,
        /// Its name; its label when absent.
        #[serde(default)]
        name: Option<String>,
        /// Whether its label is changed to the name.
        #[serde(default)]
        relabel: bool,
        /// Whether it is active at once.
        #[serde(default)]
        active: bool,
    }
}
