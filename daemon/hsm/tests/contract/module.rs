//! A PKCS#11 module as one more backend of the contract.
//!
//! Not part of the suite yet: `main.rs` names this file as `mod module` once `hsm::module` is there.

use hsm::{
    Hsm,
    module::{ModuleConfig, ModuleHsm},
};

/// The module that `KEYHOLD_TEST_MODULE` names, on the token and with the PIN that the run prepared.
pub(crate) fn open() -> Option<(&'static str, Box<dyn Hsm>)> {
    let library = std::env::var_os("KEYHOLD_TEST_MODULE")?;
    let config = ModuleConfig {
        library: library.into(),
        ..ModuleConfig::default()
    };
    Some(("module", Box::new(ModuleHsm::open(config).unwrap())))
}
