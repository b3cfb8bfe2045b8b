//! Key pairs of a group for which others wrap keys that are to come into it, and the arrival of those.

use std::sync::Arc;

use kmip::{
    CryptographicUsageMask as Usage, Secret,
    mechanism::{Hash, KeySpec},
};

use super::{
    Group,
    making::{Made, kept, undo},
    member::is_gone,
};
use crate::{
    Error, Generated, KeyRef, Material, Result, Terms,
    module::listed,
    transport,
    transport::{Transport, Wrapped},
};

impl Group {
    /// A pair of one member, for the time of a journey: whoever sends a key to the group sends it to that member, which gives it
    /// to the others.
    pub(super) fn transport_in_one(&self, spec: KeySpec, terms: &Terms) -> Result<Transport> {
        let member = self.least_busy()?;
        let made = member.call(|hsm| hsm.transport(spec, terms))?;
        Ok(Transport {
            key: self.named(false, &vec![(Arc::clone(member), made.key)])?,
            ..made
        })
    }

    /// The same pair in every member: any of them unwraps what was wrapped for it, and one that lacks it is given it like any
    /// other key.
    pub(super) fn transport_in_all(&self, spec: KeySpec, terms: &Terms) -> Result<Transport> {
        self.whole()?;
        transport::check_pair(spec)?;
        self.check(false, |own| listed::key(&own.generate, spec))?;
        let terms = Terms {
            exportable: false,
            usage: Usage::UnwrapKey,
            ..kept(terms)
        };
        let first = self.least_busy()?;
        let made = first.call(|hsm| hsm.transport(spec, &terms))?;
        let all = self.spread(first, &made.key, spec, &terms)?;
        match self.unwrapped_by_all(&all, &made.public, &made.hashes) {
            Ok(hashes) if !hashes.is_empty() => Ok(Transport {
                key: self.named(false, &all)?,
                public: made.public,
                hashes,
            }),
            other => {
                undo(&all);
                other.and(Err(Error::Unsupported))
            }
        }
    }

    /// Those hash functions with which every member unwraps, found out by doing it.
    fn unwrapped_by_all(
        &self,
        all: &Made<KeyRef>,
        public: &[u8],
        hashes: &[Hash],
    ) -> Result<Vec<Hash>> {
        let mut found = Vec::new();
        for hash in hashes {
            if unwrap_trial(all, public, *hash)? {
                found.push(*hash);
            }
        }
        Ok(found)
    }

    /// Takes a key that came wrapped for a pair of the group into every member: by the first that unwraps it.
    pub(super) fn unwrap_in_all(
        &self,
        under: &KeyRef,
        wrapped: &Wrapped<'_>,
        terms: &Terms,
    ) -> Result<Generated> {
        let copies = self.copies(under)?;
        let terms = kept(terms);
        let mut refused = None;
        for member in self.whole()? {
            let Some(own) = copies.of(&member.name) else {
                continue;
            };
            let own = KeyRef(own.to_vec());
            match member.call(|hsm| hsm.unwrap(&own, wrapped, &terms)) {
                Ok(made) => {
                    let all = self.spread(member, &made.key, wrapped.spec, &terms)?;
                    return Ok(Generated {
                        key: self.named(terms.exportable, &all)?,
                        ..made
                    });
                }
                Err(error) if is_gone(&error) => return Err(error),
                // Another may have what this one lacks, or tell a public half that this one does not.
                Err(error) => refused = refused.or(Some(error)),
            }
        }
        Err(refused.unwrap_or(Error::KeyNotFound))
    }
}

/// Whether every member unwraps a key, of no use to anybody, that was wrapped with a hash function.
fn unwrap_trial(all: &Made<KeyRef>, public: &[u8], hash: Hash) -> Result<bool> {
    let spec = KeySpec::Aes { bits: 256 };
    let material = Material::Secret {
        spec,
        bytes: Secret::new(vec![7; 32]),
    };
    let parcel = transport::wrap(&material, public, &[hash])?;
    let wrapped = parcel.wrapped(spec);
    let terms = kept(&Terms {
        id: b"trial of a transport key".to_vec(),
        label: String::new(),
        exportable: false,
        usage: Usage::Encrypt,
        custody: crate::CustodyMode::Wrapped,
    });
    for (member, key) in all {
        let unwrapped = member.call(|hsm| {
            let made = hsm.unwrap(key, &wrapped, &terms)?;
            hsm.destroy(&made.key)
        });
        match unwrapped {
            Ok(()) => {}
            Err(error) if is_gone(&error) => return Err(error),
            Err(_) => return Ok(false),
        }
    }
    Ok(true)
}
