//! Locked keys of the embedded HSM that go to another, and those that come from one.

use kmip::mechanism::{Hash, KeySpec};

use super::{PlainKey, SoftHsm, seal};
use crate::{
    Departure, Error, Generated, Hsm, KeyRef, Parcel, Result, Terms,
    transport::{self, Transport, Wrapped},
};

impl SoftHsm {
    /// Lets locked keys be wrapped for another HSM.
    #[must_use]
    pub const fn with_keys_that_may_move(mut self, may_move: bool) -> Self {
        self.keys_may_move = may_move;
        self
    }

    /// How a key may leave.
    pub(super) fn departure_of(&self, key: &KeyRef) -> Result<Departure> {
        let is_exportable = seal::open_key(&self.master, key)?.exportable;
        Ok(match (is_exportable, self.keys_may_move) {
            (true, _) => Departure::Exported,
            (false, true) => Departure::Wrapped,
            (false, false) => Departure::Forbidden,
        })
    }

    /// Makes a key pair that unwraps.
    pub(super) fn make_transport(&self, spec: KeySpec, terms: &Terms) -> Result<Transport> {
        transport::check_pair(spec)?;
        let terms = Terms {
            exportable: false,
            ..terms.clone()
        };
        let made = self.generate(spec, &terms)?;
        Ok(Transport {
            key: made.key,
            public: made.public.unwrap_or_default(),
            hashes: transport::HASHES.to_vec(),
        })
    }

    /// Wraps a locked key.
    pub(super) fn wrap_locked(
        &self,
        key: &KeyRef,
        public: &[u8],
        hashes: &[Hash],
    ) -> Result<Parcel> {
        let opened = seal::open_key(&self.master, key)?;
        if opened.exportable || !self.keys_may_move {
            return Err(Error::NotExportable);
        }
        transport::wrap(&opened.material, public, hashes)
    }

    /// Takes a locked key over.
    pub(super) fn unwrap_locked(
        &self,
        under: &KeyRef,
        wrapped: &Wrapped<'_>,
        terms: &Terms,
    ) -> Result<Generated> {
        if terms.exportable {
            return Err(Error::Unsupported);
        }
        let pair = seal::open_key(&self.master, under)?.material;
        let material = transport::unwrap(&PlainKey::from_validated(&pair)?, pair.spec(), wrapped)?;
        let (valid, ready) = PlainKey::brought(&material)?;
        let public = ready.public().map(<[u8]>::to_vec);
        if !wrapped.public.is_empty() && public.as_deref() != Some(wrapped.public) {
            let why = "it is not the private half of the public key";
            return Err(Error::BadKey(why));
        }
        Ok(Generated {
            key: seal::seal_key(&self.master, &valid, terms)?,
            public,
            digest: None,
        })
    }
}
