//! A PKCS#11 module as an HSM: locked keys are token objects or wrapped by one, exportable keys are sealed under a key of
//! the token.

mod adopt;
mod answer;
mod cipher;
mod config;
mod error;
mod exportable;
mod held;
mod library;
pub(crate) mod listed;
mod locked;
mod login;
mod make;
mod mechanism;
mod oaep;
mod own;
mod pairwise;
mod probe;
mod randomness;
mod raw;
mod reference;
mod reject;
mod sealing;
mod seat;
mod session;
mod sign;
mod spki;
mod template;
mod transport;
mod wrap;
mod wrapping;

use std::sync::OnceLock;

use kmip::{
    CryptographicUsageMask, Secret,
    mechanism::{Cipher, Hash, KeySpec, Mac, Signing},
};

pub use self::config::{ModuleConfig, TokenName};
use self::{
    cipher::Settings,
    library::Library,
    own::Name,
    probe::Probe,
    randomness::Randomness,
    reference::{Binding, LockedKey, Reference},
    sealing::Sealing,
    session::Pool,
};
use crate::{
    Base, Begun, Capabilities, Decryption, Departure, Derived, Deriving, Encrypted, Encryption,
    Error, ForeignKey, Generated, Hsm, Input, KeyRef, Material, Parcel, Result, Sealed, Target,
    Task, Terms, Transport, Trial, Wrapped,
    cache::Cache,
    soft::{
        PlainKey,
        derive::{self, Source},
        known, rng,
        state::State,
    },
};

/// An HSM behind a PKCS#11 module.
pub struct ModuleHsm {
    pool: Pool,
    capabilities: Capabilities,
    settings: Settings,
    sealing: Sealing,
    binding: Binding,
    opened: Cache<PlainKey>,
    keys_may_move: bool,
    /// The token's wrapping key, once one is needed.
    wrapping: OnceLock<Name>,
    mechanisms_disabled: Vec<u64>,
    randomness: Randomness,
    /// Whether the embedded engine, which uses what is not locked and looks at what the module signs, has failed a test.
    engine: State,
}

impl ModuleHsm {
    /// Loads the module, logs in to the token, finds out what it can do and that it can seal.
    ///
    /// The module is initialised once per process; call this before there are threads that might load it too.
    pub fn open(config: &ModuleConfig) -> Result<Self> {
        known::passing(known::first())?;
        let pool = Pool::new(Library::open(&config.path)?, config);
        let (capabilities, mut settings) =
            pool.run(|seat| Probe::run(seat, &config.mechanisms_disabled))?;
        let randomness = Randomness::start(&pool)?;
        let method = sealing::method(&capabilities)?;
        let sealing = pool.create(|seat| Sealing::establish(seat, method))?;
        pool.set_beacon(sealing.id());
        let derive = |purpose| sealing.derived(&pool, &settings, &capabilities, purpose);
        let (binding, rejection) = (Binding::new(&derive(b"bind")?), derive(b"rsa-")?);
        settings.rejection = rejection;
        Ok(Self {
            pool,
            capabilities,
            settings,
            sealing,
            binding,
            opened: Cache::new(config.cache_keys_max),
            keys_may_move: config.keys_may_move,
            wrapping: OnceLock::new(),
            mechanisms_disabled: config.mechanisms_disabled.clone(),
            randomness,
            engine: State::default(),
        })
    }
}

impl Hsm for ModuleHsm {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn generate(&self, spec: KeySpec, terms: &Terms) -> Result<Generated> {
        reference::check_id(&terms.id)?;
        self.passing()?;
        if terms.exportable {
            let (material, public) = self.engine.note(PlainKey::generate(spec))?;
            return Ok(Generated {
                key: self.sealed(&material, terms)?,
                public,
                digest: Some(material.digest()?),
            });
        }
        self.generate_locked(spec, terms)
    }

    fn import(&self, material: &Material, terms: &Terms) -> Result<KeyRef> {
        reference::check_id(&terms.id)?;
        self.passing()?;
        let (valid, key) = PlainKey::brought(material)?;
        if terms.exportable {
            return self.sealed(&valid, terms);
        }
        self.import_locked(&valid, key.public().unwrap_or_default(), terms)
    }

    fn export(&self, key: &KeyRef) -> Result<Material> {
        match self.reference(key)? {
            Reference::Locked(_) => Err(Error::NotExportable),
            Reference::Sealed(sealed) => self.unsealed(sealed),
        }
    }

    fn destroy(&self, key: &KeyRef) -> Result<()> {
        match Reference::decode(key, &self.binding) {
            Ok(Reference::Locked(key)) => self.remove_locked(&key),
            // The reference is the key: it is gone when the store forgets it.
            Ok(Reference::Sealed(_)) => {
                self.opened.remove(&key.0);
                Ok(())
            }
            Err(_) => Ok(()),
        }
    }

    fn abandon(&self, spec: KeySpec, id: &[u8]) -> Result<()> {
        self.abandon_locked(spec, id)
    }

    fn holds(&self, spec: KeySpec, id: &[u8]) -> Result<bool> {
        self.holds_locked(spec, id)
    }

    fn random(&self, out: &mut [u8]) -> Result<()> {
        self.passing()?;
        self.randomness.fill(&self.pool, out)
    }

    fn seed(&self, offered: &[u8]) -> Result<()> {
        self.pool.run(|seat| Ok(seat.session.seed_random(offered)?))
    }

    fn seal(&self, plain: &Secret, label: &[u8]) -> Result<Sealed> {
        self.engine.passing()?;
        self.sealing.seal(&self.pool, &self.settings, plain, label)
    }

    fn open(&self, sealed: &Sealed, label: &[u8]) -> Result<Secret> {
        self.engine.passing()?;
        sealing::open(&self.pool, &self.settings, &sealed.0, label)
    }

    fn sign(&self, key: &KeyRef, mechanism: Signing, input: Input<'_>) -> Result<Vec<u8>> {
        match self.reference(key)? {
            Reference::Sealed(sealed) => {
                let key = self.plain(key, sealed)?;
                self.engine.note(key.sign(mechanism, input))
            }
            Reference::Locked(key) => {
                self.randomness.passing()?;
                check(listed::signing(&self.capabilities.sign, mechanism))?;
                self.pool.run(|seat| {
                    seat.with_key(key, |seat, loaded| {
                        sign::sign(seat, loaded, mechanism, input)
                    })
                })
            }
        }
    }

    fn encrypt(&self, key: &KeyRef, cipher: &Cipher, input: Encryption<'_>) -> Result<Encrypted> {
        match self.reference(key)? {
            Reference::Sealed(sealed) => self.plain(key, sealed)?.encrypt(cipher, input),
            Reference::Locked(key) => {
                self.check_cipher(key.spec(), cipher)?;
                self.pool.run(|seat| {
                    seat.with_key(key, |seat, loaded| {
                        cipher::encrypt(seat, loaded, &self.settings, cipher, input)
                    })
                })
            }
        }
    }

    fn decrypt(&self, key: &KeyRef, cipher: &Cipher, input: Decryption<'_>) -> Result<Secret> {
        match self.reference(key)? {
            Reference::Sealed(sealed) => self.plain(key, sealed)?.decrypt(cipher, input),
            Reference::Locked(key) => {
                self.check_cipher(key.spec(), cipher)?;
                self.pool.run(|seat| {
                    seat.with_key(key, |seat, loaded| {
                        cipher::decrypt(seat, loaded, &self.settings, cipher, input)
                    })
                })
            }
        }
    }

    fn begin(&self, key: &KeyRef, task: Task<'_>) -> Result<Option<Begun>> {
        match self.reference(key)? {
            Reference::Sealed(sealed) => self.plain(key, sealed)?.begin(task),
            // A session is not kept from part to part: others need it meanwhile, and it may be lost.
            Reference::Locked(_) => Ok(None),
        }
    }

    fn mac(&self, key: &KeyRef, mechanism: Mac, message: &[u8]) -> Result<Vec<u8>> {
        match self.reference(key)? {
            Reference::Sealed(sealed) => self.plain(key, sealed)?.mac(mechanism, message),
            Reference::Locked(key) => {
                check(self.capabilities.mac.contains(&mechanism))?;
                self.pool.run(|seat| {
                    seat.with_key(key, |seat, loaded| {
                        sign::mac(seat, loaded, mechanism, message)
                    })
                })
            }
        }
    }

    fn derive(&self, base: Base<'_>, how: &Deriving<'_>, target: &Target<'_>) -> Result<Derived> {
        // No locked key derives, nor goes in beside the base: security comes before completeness.
        let unsealed = |key| match self.reference(key)? {
            Reference::Sealed(sealed) => self.unsealed(sealed),
            Reference::Locked(_) => Err(Error::Unsupported),
        };
        let keys = how.keys.iter().map(unsealed).collect::<Result<Vec<_>>>()?;
        let derived = |source: &Source<'_>| derive::derive(source, how, &keys, target.bytes());
        let bytes = match base {
            Base::Bytes(bytes) => derived(&Source::Bytes(bytes))?,
            Base::Key(key) => derived(&Source::Key(&unsealed(key)?))?,
        };
        target.keep(self, bytes)
    }

    fn decapsulate(&self, key: &KeyRef, ciphertext: &[u8], target: &Target<'_>) -> Result<Derived> {
        match self.reference(key)? {
            Reference::Sealed(sealed) => {
                let secret = self.plain(key, sealed)?.decapsulate(ciphertext)?;
                target.keep_whole(self, secret)
            }
            Reference::Locked(_) => Err(Error::Unsupported),
        }
    }

    fn foreign_keys(&self) -> Result<Vec<ForeignKey>> {
        self.pool.run(|seat| self.list_foreign(seat))
    }

    fn adopt(
        &self,
        key: &KeyRef,
        usage: CryptographicUsageMask,
        label: Option<&str>,
    ) -> Result<()> {
        match self.reference(key)? {
            Reference::Locked(key @ LockedKey::Token(_)) => {
                let known = |seat: &mut seat::Seat| self.try_foreign(seat, key, usage, label);
                self.pool.run(known)
            }
            _ => Err(Error::KeyNotFound),
        }
    }

    fn self_test(&self) -> Result<Vec<Trial>> {
        let own = known::first();
        known::passing(own)?;
        let disabled = &self.mechanisms_disabled;
        let (found, _) = self.pool.run(|seat| Probe::run(seat, disabled))?;
        Ok(found.trials)
    }

    fn departure(&self, key: &KeyRef) -> Result<Departure> {
        Ok(match self.reference(key)? {
            Reference::Sealed(_) => Departure::Exported,
            Reference::Locked(LockedKey::Token(_)) => Departure::Never,
            Reference::Locked(_) if self.keys_may_move => Departure::Wrapped,
            Reference::Locked(_) => Departure::Forbidden,
        })
    }

    fn transport(&self, spec: KeySpec, terms: &Terms) -> Result<Transport> {
        reference::check_id(&terms.id)?;
        self.make_transport(spec, terms)
    }

    fn wrap_for(&self, key: &KeyRef, public: &[u8], hashes: &[Hash]) -> Result<Parcel> {
        match self.reference(key)? {
            Reference::Locked(LockedKey::Wrapped(key)) if self.keys_may_move => {
                self.wrap_locked(&key, public, hashes)
            }
            _ => Err(Error::NotExportable),
        }
    }

    fn unwrap(&self, under: &KeyRef, wrapped: &Wrapped<'_>, terms: &Terms) -> Result<Generated> {
        reference::check_id(&terms.id)?;
        match self.reference(under)? {
            Reference::Locked(under) if !terms.exportable => {
                self.unwrap_locked(&under, wrapped, terms)
            }
            _ => Err(Error::Unsupported),
        }
    }

    fn answer(&self, key: &KeyRef, challenge: &[u8; 16]) -> Result<Option<Vec<u8>>> {
        match Reference::decode(key, &self.binding)? {
            Reference::Sealed(sealed) => self.plain(key, sealed)?.answer(challenge),
            Reference::Locked(key) => self.answer_locked(key, challenge),
        }
    }

    fn house(&self, key: &KeyRef, terms: &Terms) -> Result<KeyRef> {
        reference::check_id(&terms.id)?;
        match Reference::decode(key, &self.binding)? {
            Reference::Locked(LockedKey::Wrapped(key)) if !terms.exportable => {
                self.house_locked(&key, terms)
            }
            _ => Err(Error::Unsupported),
        }
    }

    fn health(&self) -> Result<()> {
        self.passing()?;
        self.pool.health()
    }
}

impl ModuleHsm {
    /// Whether nothing has failed a test so far.
    fn passing(&self) -> Result<()> {
        self.engine.passing()?;
        self.randomness.passing()
    }

    /// What a reference names, for a use of it.
    fn reference<'a>(&self, key: &'a KeyRef) -> Result<Reference<'a>> {
        self.engine.passing()?;
        Reference::decode(key, &self.binding)
    }

    fn check_cipher(&self, spec: KeySpec, cipher: &Cipher) -> Result<()> {
        if !cipher::fits(spec, cipher) {
            return Err(Error::KeyTypeMismatch);
        }
        check(listed::cipher(&self.capabilities.cipher, cipher))
    }
}

fn check(is_listed: bool) -> Result<()> {
    if is_listed {
        Ok(())
    } else {
        Err(Error::Unsupported)
    }
}

/// Random bytes for IVs and names, from our own generator: a network HSM would take a round trip for them.
fn random(len: usize) -> Result<Vec<u8>> {
    let mut bytes = vec![0; len];
    rng::fill(&mut bytes)?;
    Ok(bytes)
}
