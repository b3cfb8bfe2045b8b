//! An embedded HSM that fails when it is told to, and counts what it is asked.

use std::{
    sync::{
        Condvar, Mutex,
        atomic::{AtomicI64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use hsm::{
    Base, Begun, Capabilities, CustodyMode, Decryption, Departure, Derived, Deriving, Encrypted,
    Encryption, Error, Generated, Hsm, Input, KeyRef, Material, Parcel, Result, Sealed, Target,
    Task, Terms, Transport, Trial, Wrapped,
    soft::{self, Master, SoftHsm},
};
use kmip::{
    Secret,
    mechanism::{Cipher, Hash, KeySpec, Mac, Signing},
};

/// How it fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Not at all.
    None,
    /// It is not there.
    Away,
    /// It is there and takes no keys.
    Full,
    /// What it computes is wrong, which it notices.
    Lies,
    /// It does not answer before this is over.
    Hangs,
}

/// An embedded HSM that fails when it is told to.
pub(crate) struct Flaky {
    own: SoftHsm,
    less: Option<Capabilities>,
    fault: Mutex<Fault>,
    changed: Condvar,
    /// How often it was asked to use a key.
    pub(crate) uses: AtomicUsize,
    /// The keys that were made and not destroyed.
    pub(crate) keys: AtomicI64,
}

impl Flaky {
    pub(crate) fn new() -> Self {
        // The heap may be there already.
        drop(soft::start(soft::SECURE_HEAP_BYTES));
        Self {
            own: SoftHsm::new(Master::ephemeral().unwrap(), 100).with_keys_that_may_move(true),
            less: None,
            fault: Mutex::new(Fault::None),
            changed: Condvar::new(),
            uses: AtomicUsize::new(0),
            keys: AtomicI64::new(0),
        }
    }

    /// One that does less than the others.
    pub(crate) fn with_less(change: impl FnOnce(&mut Capabilities)) -> Self {
        let mut own = Self::new();
        let mut less = own.own.capabilities().clone();
        change(&mut less);
        own.less = Some(less);
        own
    }

    pub(crate) fn set(&self, fault: Fault) {
        *self.fault.lock().unwrap() = fault;
        self.changed.notify_all();
    }

    fn pass(&self) -> Result<Fault> {
        let fault = self.fault.lock().unwrap();
        let limit = Duration::from_secs(30);
        let hangs = |fault: &mut Fault| *fault == Fault::Hangs;
        let (fault, late) = self
            .changed
            .wait_timeout_while(fault, limit, hangs)
            .unwrap();
        assert!(!late.timed_out(), "nobody ended the hanging");
        match *fault {
            Fault::Away => Err(Error::Unavailable("it is away".to_owned())),
            other => Ok(other),
        }
    }

    fn used(&self) -> Result<()> {
        self.uses.fetch_add(1, Ordering::SeqCst);
        match self.pass()? {
            Fault::Lies => Err(Error::Failed("a wrong answer was held back".to_owned())),
            _ => Ok(()),
        }
    }

    fn making<T>(&self, make: impl FnOnce(&SoftHsm) -> Result<T>) -> Result<T> {
        if self.pass()? == Fault::Full {
            return Err(Error::Failed("it is full".to_owned()));
        }
        let made = make(&self.own)?;
        self.keys.fetch_add(1, Ordering::SeqCst);
        Ok(made)
    }
}

impl Hsm for Flaky {
    fn keeps_keys(&self) -> bool {
        false
    }

    fn capabilities(&self) -> &Capabilities {
        let own = self.own.capabilities();
        self.less.as_ref().unwrap_or(own)
    }

    fn generate(&self, spec: KeySpec, terms: &Terms) -> Result<Generated> {
        self.making(|own| own.generate(spec, terms))
    }

    fn import(&self, material: &Material, terms: &Terms) -> Result<KeyRef> {
        self.making(|own| own.import(material, terms))
    }

    fn export(&self, key: &KeyRef) -> Result<Material> {
        self.pass()?;
        self.own.export(key)
    }

    fn destroy(&self, key: &KeyRef) -> Result<()> {
        self.pass()?;
        self.keys.fetch_sub(1, Ordering::SeqCst);
        self.own.destroy(key)
    }

    fn random(&self, out: &mut [u8]) -> Result<()> {
        self.used()?;
        self.own.random(out)
    }

    fn seed(&self, offered: &[u8]) -> Result<()> {
        self.pass()?;
        self.own.seed(offered)
    }

    fn seal(&self, plain: &Secret, label: &[u8]) -> Result<Sealed> {
        self.pass()?;
        self.own.seal(plain, label)
    }

    fn open(&self, sealed: &Sealed, label: &[u8]) -> Result<Secret> {
        self.used()?;
        self.own.open(sealed, label)
    }

    fn sign(&self, key: &KeyRef, mechanism: Signing, input: Input<'_>) -> Result<Vec<u8>> {
        self.used()?;
        self.own.sign(key, mechanism, input)
    }

    fn encrypt(&self, key: &KeyRef, cipher: &Cipher, input: Encryption<'_>) -> Result<Encrypted> {
        self.used()?;
        self.own.encrypt(key, cipher, input)
    }

    fn decrypt(&self, key: &KeyRef, cipher: &Cipher, input: Decryption<'_>) -> Result<Secret> {
        self.used()?;
        self.own.decrypt(key, cipher, input)
    }

    fn begin(&self, key: &KeyRef, task: Task<'_>) -> Result<Option<Begun>> {
        self.used()?;
        self.own.begin(key, task)
    }

    fn mac(&self, key: &KeyRef, mechanism: Mac, message: &[u8]) -> Result<Vec<u8>> {
        self.used()?;
        self.own.mac(key, mechanism, message)
    }

    fn derive(&self, base: Base<'_>, how: &Deriving<'_>, target: &Target<'_>) -> Result<Derived> {
        self.making(|own| own.derive(base, how, target))
    }

    fn decapsulate(&self, key: &KeyRef, ciphertext: &[u8], target: &Target<'_>) -> Result<Derived> {
        self.making(|own| own.decapsulate(key, ciphertext, target))
    }

    fn self_test(&self) -> Result<Vec<Trial>> {
        self.pass()?;
        self.own.self_test()
    }

    fn departure(&self, key: &KeyRef) -> Result<Departure> {
        self.pass()?;
        self.own.departure(key)
    }

    fn transport(&self, spec: KeySpec, terms: &Terms) -> Result<Transport> {
        match terms.custody {
            CustodyMode::Wrapped => self.making(|own| own.transport(spec, terms)),
            // That of a journey is nobody's key.
            CustodyMode::Resident => {
                self.pass()?;
                self.own.transport(spec, terms)
            }
        }
    }

    fn wrap_for(&self, key: &KeyRef, public: &[u8], hashes: &[Hash]) -> Result<Parcel> {
        self.pass()?;
        self.own.wrap_for(key, public, hashes)
    }

    fn unwrap(&self, under: &KeyRef, wrapped: &Wrapped<'_>, terms: &Terms) -> Result<Generated> {
        self.making(|own| own.unwrap(under, wrapped, terms))
    }

    fn answer(&self, key: &KeyRef, challenge: &[u8; 16]) -> Result<Option<Vec<u8>>> {
        self.pass()?;
        self.own.answer(key, challenge)
    }

    fn health(&self) -> Result<()> {
        self.pass()?;
        self.own.health()
    }
}
