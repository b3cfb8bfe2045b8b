//! What an HSM is, and how it opens.

use std::path::{Path, PathBuf};

use kmip::Secret;

use crate::{
    Hsm, Result,
    module::{ModuleConfig, ModuleHsm},
    soft::{Master, MasterSource, SoftHsm},
};

/// What an HSM is, and how it opens. There is no secret in it, only where each is: whoever opens the HSM reads them.
pub enum Opening {
    /// The embedded software HSM.
    Embedded {
        /// The file of its master.
        master: PathBuf,
        /// What the master is sealed under.
        seal: Seal,
        /// The most unsealed keys in memory.
        cache_keys_max: usize,
        /// Whether locked keys may be wrapped for another HSM.
        keys_may_move: bool,
        /// Whether every signature is verified before it leaves, or those of RSA alone.
        verify_signatures: bool,
    },
    /// A PKCS#11 module.
    Module {
        /// The module and its token, without the PIN.
        config: ModuleConfig,
        /// The file of the PIN; none for a token with a PIN pad of its own.
        pin: Option<PathBuf>,
    },
}

/// What a master is sealed under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seal {
    /// Nothing: its file is closed to others.
    Nothing,
    /// The passphrase that is the line of this file.
    Passphrase(PathBuf),
    /// The contents of this file, a systemd credential.
    Credential(PathBuf),
}

/// A file that holds a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretFile<'a> {
    /// The secret is its one line.
    Line(&'a Path),
    /// The secret is all of it.
    Whole(&'a Path),
}

impl Opening {
    /// Opens it in this process, which reads the secrets by `read`.
    pub fn open(&self, read: &dyn Fn(SecretFile<'_>) -> Result<Secret>) -> Result<Box<dyn Hsm>> {
        Ok(match self {
            Self::Embedded {
                master,
                seal,
                cache_keys_max,
                keys_may_move,
                verify_signatures,
            } => {
                let master = Master::load(&seal.source(master.clone(), read)?)?;
                let hsm = SoftHsm::new(master, *cache_keys_max);
                Box::new(
                    hsm.with_keys_that_may_move(*keys_may_move)
                        .with_signatures_verified(*verify_signatures),
                )
            }
            Self::Module { config, pin } => {
                let pin = pin.as_deref().map(|pin| read(SecretFile::Line(pin)));
                let config = ModuleConfig {
                    pin: pin.transpose()?.unwrap_or_default(),
                    ..config.clone()
                };
                Box::new(ModuleHsm::open(&config)?)
            }
        })
    }
}

impl Seal {
    /// The master of a file, with what opens it.
    pub fn source(
        &self,
        file: PathBuf,
        read: &dyn Fn(SecretFile<'_>) -> Result<Secret>,
    ) -> Result<MasterSource> {
        Ok(match self {
            Self::Nothing => MasterSource::File(file),
            Self::Passphrase(path) => MasterSource::Passphrase {
                file,
                passphrase: read(SecretFile::Line(path))?,
            },
            Self::Credential(path) => MasterSource::Credential {
                file,
                secret: read(SecretFile::Whole(path))?,
            },
        })
    }
}
