//! Exportable keys: sealed under the token's sealing key, kept by the store, and used by the embedded engine.

use std::sync::Arc;

use super::{ModuleHsm, reference::SealedKey, sealing};
use crate::{KeyRef, Material, Result, Terms, soft::PlainKey};

impl ModuleHsm {
    /// An exportable key, opened or from the cache.
    pub(super) fn plain(&self, key: &KeyRef, sealed: SealedKey<'_>) -> Result<Arc<PlainKey>> {
        if let Some(ready) = self.opened.get(&key.0) {
            return Ok(ready);
        }
        let ready = Arc::new(PlainKey::from_validated(&self.unsealed(sealed)?)?);
        self.opened.insert(&key.0, Arc::clone(&ready));
        Ok(ready)
    }

    /// Its material.
    pub(super) fn unsealed(&self, key: SealedKey<'_>) -> Result<Material> {
        let spec = key.spec;
        let label = SealedKey::label(spec, key.id);
        let bytes = sealing::open(&self.pool, &self.settings, key.sealed, &label)?;
        Ok(if spec.is_asymmetric() {
            Material::Private { spec, pkcs8: bytes }
        } else {
            Material::Secret { spec, bytes }
        })
    }

    /// Seals a key, bound to its kind and its identifier.
    pub(super) fn sealed(&self, material: &Material, terms: &Terms) -> Result<KeyRef> {
        let spec = material.spec();
        let label = SealedKey::label(spec, &terms.id);
        let sealed = self
            .sealing
            .seal(&self.pool, &self.settings, material.bytes(), &label)?;
        let key = SealedKey {
            spec,
            id: &terms.id,
            sealed: &sealed.0,
        };
        key.encode().map(KeyRef)
    }
}
