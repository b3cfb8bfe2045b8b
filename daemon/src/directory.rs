//! Vaults and clients, held in memory as the store has them.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use arc_swap::ArcSwap;
use aws_lc_rs::{hmac, rand::SystemRandom};
use kmip::{Secret, ttlv::Timestamp};
use store::{Client, Store, Vault};
use subtle::ConstantTimeEq;

use crate::pin::{self, Refused};

/// The vaults and clients of the appliance.
pub struct Directory {
    store: Arc<dyn Store>,
    now: ArcSwap<Contents>,
    generation: AtomicU64,
    /// Tags of the PINs that were proven, so that a login is slow once and a guess always.
    /// Held while a client is read and changed.
    changing: Mutex<()>,
    proven: Mutex<HashMap<(String, String), [u8; 32]>>,
    /// The key of the tags, which does not outlive the process.
    tag_key: hmac::Key,
    /// Whose secrets are being guessed at, so that one guess is counted before the next is made.
    turns: Mutex<HashMap<(String, String), Turn>>,
    /// Wrong guesses of an account's secrets since the last right one, and when the last was made.
    guesses: Mutex<HashMap<(String, String), (u32, Timestamp)>>,
}

/// Held by whoever guesses.
type Turn = Arc<Mutex<()>>;

#[derive(Default)]
struct Contents {
    vaults: HashMap<String, Arc<Vault>>,
    clients: HashMap<[u8; 32], Arc<Client>>,
}

/// A guess at the secret of an account of a vault, or at one of its PINs.
pub(crate) struct Guess<'a> {
    pub(crate) vault: &'a str,
    pub(crate) account: &'a str,
    pub(crate) now: Timestamp,
}

impl<'a> Guess<'a> {
    /// A guess at the PIN of the vault's `user` or `so`: whoever guesses at the one does not lock the other.
    pub(crate) const fn at_pin(vault: &'a str, user: &'a str, now: Timestamp) -> Self {
        Self {
            vault,
            account: user,
            now,
        }
    }

    fn key(&self) -> (String, String) {
        (self.vault.to_owned(), self.account.to_owned())
    }
}

/// How many more wrong guesses at a PIN are taken before it rests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Patience {
    /// The last guess was right, or is long ago.
    Whole,
    /// There was a wrong one.
    Low,
    /// The next wrong one is the last.
    Last,
    /// None: it rests.
    Spent,
}

/// Wrong guesses after which an account's secrets rest, and for how many seconds.
const GUESSES_MAX: u32 = 10;
const REST_SECONDS: i64 = 60;

/// The most accounts whose wrong guesses are counted.
const GUESSED_MAX: usize = 10_000;

impl Directory {
    /// Reads the store.
    pub fn load(store: Arc<dyn Store>) -> store::Result<Self> {
        let random = SystemRandom::new();
        let tag_key = hmac::Key::generate(hmac::HMAC_SHA256, &random)
            .map_err(|_| store::Error::Unavailable("no random bytes".to_owned()))?;
        let own = Self {
            changing: Mutex::new(()),
            proven: Mutex::new(HashMap::new()),
            tag_key,
            store,
            now: ArcSwap::default(),
            generation: AtomicU64::new(0),
            turns: Mutex::default(),
            guesses: Mutex::new(HashMap::new()),
        };
        own.reload()?;
        Ok(own)
    }

    /// Counts the changes, so that what was derived from the directory can be told stale.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Makes everything derived from the directory stale.
    pub fn touch(&self) {
        self.generation.fetch_add(1, Ordering::Release);
    }

    /// The vault with this name.
    #[must_use]
    pub fn vault(&self, name: &str) -> Option<Arc<Vault>> {
        self.now.load().vaults.get(name).cloned()
    }

    /// Every vault, by name.
    #[must_use]
    pub fn vaults(&self) -> Vec<Arc<Vault>> {
        let mut vaults: Vec<_> = self.now.load().vaults.values().cloned().collect();
        vaults.sort_by(|one, other| one.name.cmp(&other.name));
        vaults
    }

    /// The client with this key or whose successor has it, revoked or not.
    #[must_use]
    pub fn client_by_key(&self, spki_sha256: &[u8; 32]) -> Option<Arc<Client>> {
        self.now.load().clients.get(spki_sha256).cloned()
    }

    /// The client with this name, revoked or not.
    #[must_use]
    pub fn client_by_name(&self, vault: &str, name: &str) -> Option<Arc<Client>> {
        let now = self.now.load();
        let mut clients = now.clients.values();
        clients
            .find(|own| own.vault == vault && own.name == name)
            .cloned()
    }

    /// Every client, by vault and name.
    #[must_use]
    pub fn clients(&self) -> Vec<Arc<Client>> {
        let contents = self.now.load();
        let own = contents.clients.iter();
        let own = own.filter(|(key, client)| **key == client.spki_sha256);
        let mut clients: Vec<_> = own.map(|(_, client)| client.clone()).collect();
        clients.sort_by(|one, other| (&one.vault, &one.name).cmp(&(&other.vault, &other.name)));
        clients
    }

    /// Adds or changes a vault.
    pub fn put_vault(&self, vault: &Vault) -> store::Result<()> {
        self.store.put_vault(vault)?;
        self.reload()
    }

    /// Changes a vault that is as it was read; others change it too, a user the own PIN.
    pub(crate) fn change_vault(&self, before: &Vault, after: Vault) -> store::Result<()> {
        let mut tx = self.store.begin();
        tx.change_vault(before.clone(), after);
        tx.commit()?;
        self.reload()
    }

    /// Adds or changes a client; the next message of a revoked one is refused.
    pub fn put_client(&self, client: &Client) -> store::Result<()> {
        let _changing = lock(&self.changing);
        self.store.put_client(client)?;
        self.reload()
    }

    /// Puts a client's successor in the place of its certificate, now that it came with it: the old one is good for
    /// nothing from now on.
    pub(crate) fn succeed(&self, spki_sha256: &[u8; 32]) -> store::Result<()> {
        let _changing = lock(&self.changing);
        let Some(client) = self.client_by_key(spki_sha256) else {
            return Ok(());
        };
        match &client.successor {
            Some(own) if own.spki_sha256 == *spki_sha256 && client.revoked.is_none() => {
                self.store.put_client(&Client {
                    spki_sha256: own.spki_sha256,
                    serial: own.serial.clone(),
                    issued: own.issued,
                    expires: own.expires,
                    successor: None,
                    ..(*client).clone()
                })?;
                self.reload()
            }
            _ => Ok(()),
        }
    }

    /// Whether a PIN is that of the vault's `user` or `so`.
    ///
    /// # Errors
    /// When it is not, when there is none, and for a minute after ten wrong ones.
    pub fn verify_pin(
        &self,
        vault: &str,
        user: &str,
        given: &Secret,
        now: Timestamp,
    ) -> Result<(), Refused> {
        let known = self.vault(vault).ok_or(Refused::NotSet)?;
        let verifier = vault_pin(&known, user).ok_or(Refused::NotSet)?;
        self.verify(&Guess::at_pin(vault, user, now), user, verifier, given)
    }

    /// How many more wrong guesses are taken at the PIN of the vault's `user` or `so`.
    pub(crate) fn patience(&self, guess: &Guess<'_>) -> Patience {
        let guesses = lock(&self.guesses);
        let Some((wrong, last)) = guesses.get(&guess.key()) else {
            return Patience::Whole;
        };
        let has_rested = guess.now.0 - last.0 >= REST_SECONDS;
        match *wrong {
            GUESSES_MAX.. if has_rested => Patience::Last,
            GUESSES_MAX.. => Patience::Spent,
            wrong if wrong + 1 == GUESSES_MAX => Patience::Last,
            _ => Patience::Low,
        }
    }

    /// Whether a secret is that of a verifier, which belongs to `owner`; slow the first time.
    pub(crate) fn verify(
        &self,
        guess: &Guess<'_>,
        owner: &str,
        verifier: &str,
        given: &Secret,
    ) -> Result<(), Refused> {
        // What rests takes no guess, right or wrong: whoever guesses on would else be told which one is right.
        self.may_guess(guess)?;
        let who = (guess.vault.to_owned(), owner.to_owned());
        let tag = self.tag(verifier, given);
        let is_proven = || {
            let proven = lock(&self.proven);
            proven.get(&who).is_some_and(|own| own.ct_eq(&tag).into())
        };
        if is_proven() {
            return Ok(());
        }
        self.in_turn(guess, || {
            self.may_guess(guess)?;
            if is_proven() {
                return Ok(());
            }
            let result = pin::verify(verifier, given);
            self.guessed(guess, result.is_ok());
            if result.is_ok() {
                lock(&self.proven).insert(who.clone(), tag);
            }
            result
        })
    }

    /// Makes one guess at an account after the other: those that are made at once would all be made before the first of
    /// them is counted.
    pub(crate) fn in_turn<T>(&self, guess: &Guess<'_>, make: impl FnOnce() -> T) -> T {
        let key = guess.key();
        let turn = lock(&self.turns).entry(key.clone()).or_default().clone();
        let mine = lock(&turn);
        let made = make();
        drop(mine);
        let mut turns = lock(&self.turns);
        drop(turn);
        // Whoever waits has it, too.
        if turns
            .get(&key)
            .is_some_and(|own| Arc::strong_count(own) == 1)
        {
            turns.remove(&key);
        }
        made
    }

    /// Whether another guess may be made now.
    pub(crate) fn may_guess(&self, guess: &Guess<'_>) -> Result<(), Refused> {
        let guesses = lock(&self.guesses);
        match guesses.get(&guess.key()) {
            Some((wrong, last)) if *wrong >= GUESSES_MAX && guess.now.0 - last.0 < REST_SECONDS => {
                Err(Refused::TooManyGuesses)
            }
            _ => Ok(()),
        }
    }

    /// Counts a guess.
    pub(crate) fn guessed(&self, guess: &Guess<'_>, is_right: bool) {
        let mut guesses = lock(&self.guesses);
        if is_right {
            guesses.remove(&guess.key());
            return;
        }
        if guesses.len() >= GUESSED_MAX {
            guesses.retain(|_, (_, last)| guess.now.0 - last.0 < REST_SECONDS);
        }
        // Names that are made up do not fill the memory: beyond this, the vault's own count is used.
        let key = match guesses.len() {
            GUESSED_MAX.. => (guess.vault.to_owned(), String::new()),
            _ => guess.key(),
        };
        let (wrong, last) = guesses.entry(key).or_insert((0, guess.now));
        *wrong = wrong.saturating_add(1);
        *last = guess.now;
    }

    /// A tag of a PIN together with the verifier that it was proven against: another PIN has another verifier.
    fn tag(&self, verifier: &str, pin: &Secret) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.tag_key);
        context.update(verifier.as_bytes());
        context.update(pin.expose());
        let mut tag = [0; 32];
        tag.copy_from_slice(context.sign().as_ref());
        tag
    }

    /// Reads the store anew.
    pub(crate) fn reload(&self) -> store::Result<()> {
        let vaults = self
            .store
            .vaults()?
            .into_iter()
            .map(|vault| (vault.name.clone(), Arc::new(vault)));
        let clients = self
            .store
            .clients()?
            .into_iter()
            .flat_map(|client| {
                let next = client.successor.as_ref().map(|own| own.spki_sha256);
                let client = Arc::new(client);
                let own = (client.spki_sha256, client.clone());
                [Some(own), next.map(|key| (key, client))]
            })
            .flatten();
        self.now.store(Arc::new(Contents {
            vaults: vaults.collect(),
            clients: clients.collect(),
        }));
        self.touch();
        Ok(())
    }
}

/// Whose PINs a vault has, as credentials name them.
pub(crate) const USER: &str = "user";
pub(crate) const OFFICER: &str = "so";

/// The verifier of the vault's `user` or `so`, if it has a PIN.
pub(crate) fn vault_pin<'a>(vault: &'a Vault, which: &str) -> Option<&'a String> {
    match which {
        USER => vault.user_pin.as_ref(),
        OFFICER => vault.so_pin.as_ref(),
        _ => None,
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
