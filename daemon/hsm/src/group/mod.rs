//! A group of HSMs that have the same keys: each is used in turn, one that fails is left out and taken back, and keys are
//! made in all of them or in none.

mod adoption;
mod breaker;
mod capabilities;
mod compare;
mod copying;
mod making;
mod member;
mod reference;
mod serving;
mod streaming;
mod transport;

use std::{
    sync::{Arc, atomic::AtomicUsize},
    thread,
};

use kmip::{
    CryptographicUsageMask, Secret,
    mechanism::{Cipher, Hash, KeySpec, Mac, Signing},
};

pub use self::{
    compare::Standing,
    copying::TRANSPORT_ID,
    member::{Event, MemberFacts, Opener, Tell},
};
use self::{
    member::{Member, is_gone},
    reference::Copies,
};
use crate::{
    Base, Begun, Capabilities, CustodyMode, Decryption, Departure, Derived, Deriving, Encrypted,
    Encryption, Error, ForeignKey, Generated, Hsm, Input, KeyRef, Material, Parcel, Result, Sealed,
    SecureHeap, Target, Task, Terms, Transport, Trial, Wrapped, module::listed,
};

/// HSMs that have the same keys.
pub struct Group {
    members: Vec<Arc<Member>>,
    /// Whose turn it is among those that are as busy as each other.
    turn: AtomicUsize,
    keeps_keys: bool,
    /// Whether all members promise the same, so that each refuses by itself what is not promised.
    is_alike: bool,
    capabilities: Capabilities,
}

impl Group {
    /// Opens every member. One that cannot be opened is left out until it can be, but for the last.
    pub fn open(members: Vec<(String, Opener)>, tell: &Tell) -> Result<Self> {
        let members: Vec<_> = members
            .into_iter()
            .map(|(name, open)| Member::new(name, open, Arc::clone(tell)))
            .collect();
        let failed = open_all(&members);
        let open: Vec<_> = members
            .iter()
            .filter_map(|own| Some((own.name.as_str(), own.hsm()?)))
            .collect();
        if open.is_empty() {
            let first = failed.into_iter().next().map(|(_, error)| error);
            return Err(first.unwrap_or(Error::BadInput("a group without members")));
        }
        let (capabilities, is_alike) =
            (capabilities::common(&open), capabilities::are_alike(&open));
        let keeps_keys = open.iter().any(|(_, hsm)| hsm.keeps_keys());
        for member in &members {
            // Nobody has set it before.
            drop(member.promised.set(capabilities.clone()));
        }
        for (member, error) in failed {
            member.leave_out(&error);
        }
        Ok(Self {
            members,
            turn: AtomicUsize::new(0),
            keeps_keys,
            is_alike,
            capabilities,
        })
    }

    /// How each member is.
    #[must_use]
    pub fn members(&self) -> Vec<MemberFacts> {
        self.members.iter().map(|own| own.facts()).collect()
    }

    /// A member's own HSM, while it is in.
    #[must_use]
    pub fn member(&self, place: usize) -> Option<&dyn Hsm> {
        let member = self.members.get(place).filter(|own| own.is_in())?;
        member.hsm()
    }

    fn copies<'a>(&self, key: &'a KeyRef) -> Result<Copies<'a>> {
        Copies::decode(&key.0).ok_or(Error::KeyNotFound)
    }

    /// Refuses what not all members do, unless each does by itself. Exportable keys are used by the same engine everywhere.
    fn check(&self, exportable: bool, is_listed: impl FnOnce(&Capabilities) -> bool) -> Result<()> {
        if self.is_alike || exportable || is_listed(&self.capabilities) {
            Ok(())
        } else {
            Err(Error::Unsupported)
        }
    }
}

/// Opens members side by side, because each may take its time; gives those that could not be opened, and why.
fn open_all(members: &[Arc<Member>]) -> Vec<(Arc<Member>, Error)> {
    let open = |member: &Arc<Member>| {
        let error = member.opened().err()?;
        Some((Arc::clone(member), error))
    };
    thread::scope(|scope| {
        let started: Vec<_> = members
            .iter()
            .map(|member| {
                let begun = thread::Builder::new().spawn_scoped(scope, move || open(member));
                (member, begun)
            })
            .collect();
        let ended = started.into_iter().map(|(member, begun)| match begun {
            // What panicked is not open, and is opened here or not at all.
            Ok(begun) => begun.join().unwrap_or_else(|_| open(member)),
            Err(_) => open(member),
        });
        ended.flatten().collect()
    })
}

impl Hsm for Group {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn keeps_keys(&self) -> bool {
        self.keeps_keys
    }

    fn generate(&self, spec: KeySpec, terms: &Terms) -> Result<Generated> {
        self.generate_in_all(spec, terms)
    }

    fn import(&self, material: &Material, terms: &Terms) -> Result<KeyRef> {
        self.import_in_all(material, terms)
    }

    fn export(&self, key: &KeyRef) -> Result<Material> {
        self.with_key(&self.copies(key)?, |hsm, own| hsm.export(own))
    }

    fn destroy(&self, key: &KeyRef) -> Result<()> {
        let Ok(copies) = self.copies(key) else {
            return Ok(());
        };
        let mut failed = Ok(());
        for member in &self.members {
            if let Some(own) = copies.of(&member.name) {
                let outcome = member.call(|hsm| hsm.destroy(&KeyRef(own.to_vec())));
                failed = failed.and(outcome);
            }
        }
        failed
    }

    fn abandon(&self, spec: KeySpec, id: &[u8]) -> Result<()> {
        self.each(|hsm| hsm.abandon(spec, id))
    }

    fn random(&self, out: &mut [u8]) -> Result<()> {
        let mut gone = Err(Error::Unsupported);
        for member in self.in_turn() {
            gone = member.call(|hsm| hsm.random(out));
            if !gone.as_ref().is_err_and(is_gone) {
                break;
            }
        }
        gone
    }

    fn seed(&self, offered: &[u8]) -> Result<()> {
        // What takes none is not worse off for it.
        let mut taken = Err(Error::Unsupported);
        for member in &self.members {
            let outcome = member.call(|hsm| hsm.seed(offered));
            taken = taken.or(outcome);
        }
        taken
    }

    fn seal(&self, plain: &Secret, label: &[u8]) -> Result<Sealed> {
        self.seal_in_all(plain, label)
    }

    fn open(&self, sealed: &Sealed, label: &[u8]) -> Result<Secret> {
        let copies = Copies::decode(&sealed.0).ok_or(Error::Corrupt)?;
        self.with_any(&copies, |_, hsm, own| {
            hsm.open(&Sealed(own.to_vec()), label)
        })
    }

    fn sign(&self, key: &KeyRef, mechanism: Signing, input: Input<'_>) -> Result<Vec<u8>> {
        let copies = self.copies(key)?;
        self.check(copies.exportable, |own| {
            listed::signing(&own.sign, mechanism)
        })?;
        self.by_any(&copies, |hsm, own| hsm.sign(own, mechanism, input))
    }

    fn encrypt(&self, key: &KeyRef, cipher: &Cipher, input: Encryption<'_>) -> Result<Encrypted> {
        let copies = self.copies(key)?;
        self.check(copies.exportable, |own| listed::cipher(&own.cipher, cipher))?;
        self.by_any(&copies, |hsm, own| hsm.encrypt(own, cipher, input))
    }

    fn decrypt(&self, key: &KeyRef, cipher: &Cipher, input: Decryption<'_>) -> Result<Secret> {
        let copies = self.copies(key)?;
        self.check(copies.exportable, |own| listed::cipher(&own.cipher, cipher))?;
        self.with_key(&copies, |hsm, own| hsm.decrypt(own, cipher, input))
    }

    fn begin(&self, key: &KeyRef, task: Task<'_>) -> Result<Option<Begun>> {
        let copies = self.copies(key)?;
        self.check(copies.exportable, |own| streaming::is_listed(own, &task))?;
        self.with_any(&copies, |member, hsm, own| {
            let begun = hsm.begin(&KeyRef(own.to_vec()), task)?;
            Ok(begun.map(|begun| streaming::of(member, begun)))
        })
    }

    fn mac(&self, key: &KeyRef, mechanism: Mac, message: &[u8]) -> Result<Vec<u8>> {
        let copies = self.copies(key)?;
        self.check(copies.exportable, |own| own.mac.contains(&mechanism))?;
        self.by_any(&copies, |hsm, own| hsm.mac(own, mechanism, message))
    }

    fn derive(&self, base: Base<'_>, how: &Deriving<'_>, target: &Target<'_>) -> Result<Derived> {
        self.derive_in_all(base, how, target)
    }

    fn decapsulate(&self, key: &KeyRef, ciphertext: &[u8], target: &Target<'_>) -> Result<Derived> {
        self.decapsulate_in_all(key, ciphertext, target)
    }

    fn foreign_keys(&self) -> Result<Vec<ForeignKey>> {
        self.foreign_in_all()
    }

    fn adopt(
        &self,
        key: &KeyRef,
        usage: CryptographicUsageMask,
        label: Option<&str>,
    ) -> Result<()> {
        self.adopt_in_all(key, usage, label)
    }

    fn self_test(&self) -> Result<Vec<Trial>> {
        let mut all = Vec::new();
        for member in &self.members {
            if member.is_in() {
                all.push((member.name.as_str(), member.call(|hsm| hsm.self_test())?));
            }
        }
        let all = all.iter().map(|(name, trials)| (*name, trials.as_slice()));
        Ok(capabilities::trials(all))
    }

    fn departure(&self, key: &KeyRef) -> Result<Departure> {
        self.with_key(&self.copies(key)?, |hsm, own| hsm.departure(own))
    }

    fn transport(&self, spec: KeySpec, terms: &Terms) -> Result<Transport> {
        match terms.custody {
            CustodyMode::Resident => self.transport_in_one(spec, terms),
            CustodyMode::Wrapped => self.transport_in_all(spec, terms),
        }
    }

    fn wrap_for(&self, key: &KeyRef, public: &[u8], hashes: &[Hash]) -> Result<Parcel> {
        let copies = self.copies(key)?;
        self.with_key(&copies, |hsm, own| hsm.wrap_for(own, public, hashes))
    }

    fn unwrap(&self, under: &KeyRef, wrapped: &Wrapped<'_>, terms: &Terms) -> Result<Generated> {
        self.unwrap_in_all(under, wrapped, terms)
    }

    fn answer(&self, key: &KeyRef, challenge: &[u8; 16]) -> Result<Option<Vec<u8>>> {
        self.with_key(&self.copies(key)?, |hsm, own| hsm.answer(own, challenge))
    }

    fn memory(&self) -> Result<SecureHeap> {
        self.with_none(|hsm| hsm.memory())
    }

    /// It serves as long as one member does.
    fn health(&self) -> Result<()> {
        self.with_none(|hsm| hsm.health())
    }

    fn is_whole(&self) -> Result<()> {
        self.each(|hsm| hsm.health())
    }
}
