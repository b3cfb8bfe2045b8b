//! Keys and data made in every member of a group, or in none.

use std::sync::Arc;

use kmip::{Secret, mechanism::KeySpec};

use super::{Group, member::Member, reference::Copies};
use crate::{
    Base, CustodyMode, Derived, Deriving, Error, Generated, KeyRef, Material, Result, Sealed,
    Target, Terms, module::listed,
};

/// What was made in members, by their names.
pub(super) type Made<T> = Vec<(Arc<Member>, T)>;

impl Group {
    /// Every member, if none is left out.
    pub(super) fn whole(&self) -> Result<&[Arc<Member>]> {
        match self.members.iter().find(|own| !own.is_in()) {
            None => Ok(&self.members),
            Some(out) => Err(out.unavailable()),
        }
    }

    /// Makes a key in one member, and copies it to the others.
    pub(super) fn generate_in_all(&self, spec: KeySpec, terms: &Terms) -> Result<Generated> {
        self.whole()?;
        self.check(terms.exportable, |own| listed::key(&own.generate, spec))?;
        let terms = kept(terms);
        let first = self.least_busy()?;
        let made = first.call(|hsm| hsm.generate(spec, &terms))?;
        let all = self.spread(first, &made.key, spec, &terms)?;
        Ok(Generated {
            key: self.named(terms.exportable, &all)?,
            ..made
        })
    }

    /// Copies a key that was made in one member to the others; where one does not take it, it goes from all.
    pub(super) fn spread(
        &self,
        first: &Arc<Member>,
        key: &KeyRef,
        spec: KeySpec,
        terms: &Terms,
    ) -> Result<Made<KeyRef>> {
        let mut all = vec![(Arc::clone(first), key.clone())];
        for other in self.members.iter().filter(|own| !Arc::ptr_eq(own, first)) {
            match self.copy((first, key), other, spec, terms) {
                Ok(copied) => all.push((Arc::clone(other), copied)),
                Err(error) => {
                    undo(&all);
                    return Err(error);
                }
            }
        }
        Ok(all)
    }

    /// Takes a key into every member.
    pub(super) fn import_in_all(&self, material: &Material, terms: &Terms) -> Result<KeyRef> {
        let spec = material.spec();
        self.check(terms.exportable, |own| imports(&own.import, spec))?;
        let terms = kept(terms);
        let all = self.in_all(
            |member| member.call(|hsm| hsm.import(material, &terms)),
            undo,
        )?;
        self.named(terms.exportable, &all)
    }

    /// Derives in every member, each from its own copy of what is derived from: what comes of it is the same everywhere.
    pub(super) fn derive_in_all(
        &self,
        base: Base<'_>,
        how: &Deriving<'_>,
        target: &Target<'_>,
    ) -> Result<Derived> {
        let keys = how.keys.iter().map(|key| self.copies(key));
        let keys = keys.collect::<Result<Vec<_>>>()?;
        let bases = match base {
            Base::Key(key) => Some(self.copies(key)?),
            Base::Bytes(_) => None,
        };
        self.derived_in_all(target, |member, target| {
            let keys = keys.iter().map(|key| own(key, member));
            let keys = keys.collect::<Result<Vec<_>>>()?;
            let how = Deriving {
                keys: &keys,
                ..*how
            };
            let key = bases.as_ref().map(|key| own(key, member)).transpose()?;
            let base = key.as_ref().map_or(base, Base::Key);
            member.call(|hsm| hsm.derive(base, &how, target))
        })
    }

    /// Decapsulates in every member.
    pub(super) fn decapsulate_in_all(
        &self,
        key: &KeyRef,
        ciphertext: &[u8],
        target: &Target<'_>,
    ) -> Result<Derived> {
        let copies = self.copies(key)?;
        self.derived_in_all(target, |member, target| {
            let key = own(&copies, member)?;
            member.call(|hsm| hsm.decapsulate(&key, ciphertext, target))
        })
    }

    fn derived_in_all(
        &self,
        target: &Target<'_>,
        derive: impl Fn(&Arc<Member>, &Target<'_>) -> Result<Derived>,
    ) -> Result<Derived> {
        match *target {
            Target::Key { spec, terms } => {
                let terms = kept(terms);
                let target = Target::Key {
                    spec,
                    terms: &terms,
                };
                let key = |member: &Arc<Member>| match derive(member, &target)? {
                    Derived::Key(key) => Ok(key),
                    Derived::Data(_) => Err(OTHER),
                };
                let all = self.in_all(key, undo)?;
                self.named(terms.exportable, &all).map(Derived::Key)
            }
            Target::Data { .. } => {
                let data = |member: &Arc<Member>| match derive(member, target)? {
                    Derived::Data(sealed) => Ok(sealed),
                    Derived::Key(_) => Err(OTHER),
                };
                // What is sealed is nowhere but in what comes back.
                let all = self.in_all(data, |_| ())?;
                sealed(&all).map(Derived::Data)
            }
        }
    }

    /// Seals in every member: each opens it alone.
    pub(super) fn seal_in_all(&self, plain: &Secret, label: &[u8]) -> Result<Sealed> {
        let all = self.in_all(|member| member.call(|hsm| hsm.seal(plain, label)), |_| ())?;
        sealed(&all)
    }

    fn in_all<T>(
        &self,
        make: impl Fn(&Arc<Member>) -> Result<T>,
        undo: impl FnOnce(&Made<T>),
    ) -> Result<Made<T>> {
        let mut all = Vec::new();
        for member in self.whole()? {
            match make(member) {
                Ok(made) => all.push((Arc::clone(member), made)),
                Err(error) => {
                    undo(&all);
                    return Err(error);
                }
            }
        }
        Ok(all)
    }

    /// The reference of what is in members.
    pub(super) fn named(&self, exportable: bool, all: &Made<KeyRef>) -> Result<KeyRef> {
        let own = |member: &Arc<Member>| {
            let found = all.iter().find(|(own, _)| Arc::ptr_eq(own, member));
            found.map(|(own, key)| (own.name.as_str(), key.0.as_slice()))
        };
        let all = self.members.iter().filter_map(own).collect();
        Copies { exportable, all }.encode().map(KeyRef)
    }
}

/// Under what terms members keep keys: one that an HSM keeps as an object of its own could never be copied to another. So
/// nothing is in a member that no reference names, whatever became of its making.
pub(super) fn kept(terms: &Terms) -> Terms {
    Terms {
        custody: CustodyMode::Wrapped,
        ..terms.clone()
    }
}

/// A member's copy of a key.
pub(super) fn own(copies: &Copies<'_>, member: &Member) -> Result<KeyRef> {
    let own = copies.of(&member.name).ok_or(Error::KeyNotFound)?;
    Ok(KeyRef(own.to_vec()))
}

/// One RSA modulus and one length of HMAC key stand for all that are brought.
fn imports(listed: &[KeySpec], spec: KeySpec) -> bool {
    listed.iter().any(|row| match (*row, spec) {
        (KeySpec::Rsa { .. }, KeySpec::Rsa { .. }) => true,
        (KeySpec::Hmac { hash, .. }, KeySpec::Hmac { hash: own, .. }) => hash == own,
        (row, spec) => row == spec,
    })
}

fn sealed(all: &Made<Sealed>) -> Result<Sealed> {
    let all = all
        .iter()
        .map(|(member, sealed)| (member.name.as_str(), sealed.0.as_slice()))
        .collect();
    let copies = Copies {
        exportable: false,
        all,
    };
    copies.encode().map(Sealed)
}

/// Takes away again what was made.
pub(super) fn undo(all: &Made<KeyRef>) {
    for (member, key) in all {
        // Who does not answer now has it in no place of its own: see `kept`.
        drop(member.call(|hsm| hsm.destroy(key)));
    }
}

const OTHER: Error = Error::BadInput("a member derived something else than was asked for");
