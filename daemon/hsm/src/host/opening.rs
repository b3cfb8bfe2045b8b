//! What an HSM is, and how it opens.

use crate::{
    Hsm, Result,
    module::{ModuleConfig, ModuleHsm},
    soft::{Master, MasterSource, SoftHsm},
};

/// What an HSM is, and how it opens.
pub enum Opening {
    /// The embedded software HSM.
    Embedded {
        /// Where its master is, and what opens it.
        master: MasterSource,
        /// The most unsealed keys in memory.
        cache_keys_max: usize,
    },
    /// A PKCS#11 module.
    Module(ModuleConfig),
}

impl Opening {
    /// Opens it in this process.
    pub fn open(&self) -> Result<Box<dyn Hsm>> {
        Ok(match self {
            Self::Embedded {
                master,
                cache_keys_max,
            } => Box::new(SoftHsm::new(Master::load(master)?, *cache_keys_max)),
            Self::Module(module) => Box::new(ModuleHsm::open(module)?),
        })
    }
}
