//! The certificate authorities of vaults, as operators make and see them.

use hsm::Terms;
use store::Vault;

use super::Service;
use crate::{
    authority::{Authority, Options},
    doubts,
    error::{Error, Result},
};

impl Service {
    /// Makes the authority of a vault.
    ///
    /// # Errors
    /// [`crate::fault::Fault::NameTaken`] where there is one, what the HSM and the store say.
    pub fn create_authority(&self, vault: &Vault, options: &Options) -> Result<Authority> {
        let hsm = self.backends.get(&vault.backend).ok_or_else(|| {
            Error::internal(format!("the backend {:?} is not configured", vault.backend))
        })?;
        let foresee = |spec, terms: &Terms| {
            doubts::foresee(self, (&vault.backend, hsm.as_ref()), spec, terms)
        };
        Authority::create(
            self.store.as_ref(),
            (hsm.as_ref(), &foresee),
            vault,
            options,
            self.clock.now(),
        )
    }

    /// The authority of a vault, if it has one.
    ///
    /// # Errors
    /// What the store says.
    pub fn authority(&self, vault: &str) -> Result<Option<Authority>> {
        Authority::find(self.store.begin().as_mut(), vault, self.clock.now())
    }
}
