//! Derivations as they cross the trait: what a key is derived from, how, and into what.

use kmip::{
    Secret,
    mechanism::{Block, Derivation, KeySpec},
};

use crate::{Error, Hsm, KeyRef, Material, Result, Sealed, Terms};

/// What is derived from.
#[derive(Clone, Copy)]
pub enum Base<'a> {
    /// A key of the HSM.
    Key(&'a KeyRef),
    /// Secret data that the HSM has opened.
    Bytes(&'a Secret),
}

/// How it is derived, and what else goes in.
#[derive(Clone, Copy)]
pub struct Deriving<'a> {
    /// How.
    pub mechanism: &'a Derivation,
    /// What the method mixes with the key.
    pub data: &'a [u8],
    /// Where a feedback or a cipher begins.
    pub iv: Option<&'a [u8]>,
    /// The salt.
    pub salt: &'a [u8],
    /// Keys of the HSM that go in beside the base: the salt of HKDF, where it is one, and those of the block.
    pub keys: &'a [KeyRef],
    /// What goes into a block of SP 800-108, where it is not as KMIP has it.
    pub block: Option<&'a Block>,
    /// How many bytes of what is derived are left out in front.
    pub skipped_bytes: usize,
    /// The public key to agree with, DER SubjectPublicKeyInfo.
    pub peer: Option<&'a [u8]>,
}

/// What is made of it.
#[derive(Clone, Copy)]
pub enum Target<'a> {
    /// A secret key. From a key that never leaves comes none that may, but for what is shared with another side.
    Key {
        /// What kind.
        spec: KeySpec,
        /// Under what terms.
        terms: &'a Terms,
    },
    /// Data, sealed at once.
    Data {
        /// How many bytes.
        bytes: usize,
        /// What stands in front of them.
        prefix: &'a [u8],
        /// The label of [`Hsm::seal`].
        label: &'a [u8],
    },
}

/// What was derived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Derived {
    /// A key.
    Key(KeyRef),
    /// Data.
    Data(Sealed),
}

impl Target<'_> {
    /// How many bytes are needed.
    pub(crate) const fn bytes(&self) -> usize {
        match self {
            Self::Key { spec, .. } => spec.secret_bytes(),
            Self::Data { bytes, .. } => *bytes,
        }
    }

    /// Refuses a key that may leave where the base may not.
    pub(crate) fn follows(&self, base_is_exportable: bool) -> Result<()> {
        match self {
            Self::Key { terms, .. } if terms.exportable && !base_is_exportable => {
                Err(Error::NotExportable)
            }
            _ => Ok(()),
        }
    }

    /// Keeps a secret whose length is its own.
    pub(crate) fn keep_whole(&self, hsm: &dyn Hsm, secret: Secret) -> Result<Derived> {
        if secret.len() != self.bytes() {
            return Err(Error::BadInput("the secret is of another length"));
        }
        self.keep(hsm, secret)
    }

    /// Keeps what was derived.
    pub(crate) fn keep(&self, hsm: &dyn Hsm, bytes: Secret) -> Result<Derived> {
        match *self {
            Self::Key { spec, terms } => {
                let material = Material::Secret { spec, bytes };
                hsm.import(&material, terms).map(Derived::Key)
            }
            Self::Data { prefix, label, .. } => {
                let whole = Secret::new([prefix, bytes.expose()].concat());
                hsm.seal(&whole, label).map(Derived::Data)
            }
        }
    }
}
