//! How often keys were used: counted in memory, and written into their records now and then (KMIP 3.0, Counters).
//!
//! A use adds one to a number of its own key: it writes nothing, and no other key's use waits for it. What was counted
//! since it was last written is lost when the process is killed.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    sync::{
        PoisonError, RwLock, RwLockWriteGuard,
        atomic::{AtomicI64, Ordering::Relaxed},
    },
};

use kmip::{ObjectType, attribute::Attributes};
use store::{ObjectId, Record, Store};

/// What a key did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Counted {
    /// It was certified.
    Certify,
    /// It decrypted.
    Decrypt,
    /// It encrypted.
    Encrypt,
    /// It signed.
    Sign,
    /// It verified a signature.
    SignatureVerify,
}

impl Counted {
    const ALL: [Self; 5] = [
        Self::Certify,
        Self::Decrypt,
        Self::Encrypt,
        Self::Sign,
        Self::SignatureVerify,
    ];

    /// Its counter among the attributes.
    const fn counter(self, attributes: &mut Attributes) -> &mut Option<i64> {
        match self {
            Self::Certify => &mut attributes.certify_counter,
            Self::Decrypt => &mut attributes.decrypt_counter,
            Self::Encrypt => &mut attributes.encrypt_counter,
            Self::Sign => &mut attributes.sign_counter,
            Self::SignatureVerify => &mut attributes.signature_verify_counter,
        }
    }
}

/// One key's counters, of which none ever falls.
#[derive(Default)]
struct Counters {
    certify: AtomicI64,
    decrypt: AtomicI64,
    encrypt: AtomicI64,
    sign: AtomicI64,
    signature_verify: AtomicI64,
    /// The sum of all as it was last written.
    written: AtomicI64,
}

impl Counters {
    /// Those of a record, as they were written.
    fn of(attributes: &Attributes) -> Self {
        let stored = |own: Option<i64>| AtomicI64::new(own.unwrap_or(0));
        let own = Self {
            certify: stored(attributes.certify_counter),
            decrypt: stored(attributes.decrypt_counter),
            encrypt: stored(attributes.encrypt_counter),
            sign: stored(attributes.sign_counter),
            signature_verify: stored(attributes.signature_verify_counter),
            written: AtomicI64::new(0),
        };
        own.written.store(own.sum(), Relaxed);
        own
    }

    const fn counter(&self, of: Counted) -> &AtomicI64 {
        match of {
            Counted::Certify => &self.certify,
            Counted::Decrypt => &self.decrypt,
            Counted::Encrypt => &self.encrypt,
            Counted::Sign => &self.sign,
            Counted::SignatureVerify => &self.signature_verify,
        }
    }

    fn sum(&self) -> i64 {
        let counts = Counted::ALL
            .iter()
            .map(|of| self.counter(*of).load(Relaxed));
        counts.fold(0, i64::wrapping_add)
    }

    fn is_written(&self) -> bool {
        self.sum() == self.written.load(Relaxed)
    }

    /// Puts the counts among attributes that do not know of them yet, and tells their sum.
    fn tell(&self, attributes: &mut Attributes) -> i64 {
        let mut sum = 0_i64;
        for of in Counted::ALL {
            let counted = self.counter(of).load(Relaxed);
            sum = sum.wrapping_add(counted);
            let told = of.counter(attributes);
            *told = Some(told.unwrap_or(0).max(counted));
        }
        sum
    }
}

/// The keys in use, apart from each other, so that the first use of one does not hold up all others.
type Shard = RwLock<HashMap<ObjectId, Counters>>;

/// The counters of the keys that were used lately.
pub(crate) struct Uses {
    shards: [Shard; SHARDS],
    hash: RandomState,
}

const SHARDS: usize = 64;

/// The most keys of a shard, beyond which they are written and forgotten before their time.
const KEYS_MAX: usize = 4_096;

/// The most records that are written together.
const TOGETHER_MAX: usize = 64;

impl Default for Uses {
    fn default() -> Self {
        Self {
            shards: std::array::from_fn(|_| Shard::default()),
            hash: RandomState::new(),
        }
    }
}

impl Uses {
    /// Counts a use of a key.
    pub(crate) fn count(&self, store: &dyn Store, key: &Record, of: Counted) {
        let Some(shard) = self.shard(&key.id) else {
            return;
        };
        let known = shard.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = known.get(&key.id) {
            own.counter(of).fetch_add(1, Relaxed);
            return;
        }
        let is_full = known.len() >= KEYS_MAX;
        drop(known);
        if is_full {
            write(store, shard);
            to_change(shard).retain(|_, own| !own.is_written());
        }
        let mut known = to_change(shard);
        let new = || Counters::of(&key.attributes);
        let own = known.entry(key.id.clone()).or_insert_with(new);
        own.counter(of).fetch_add(1, Relaxed);
    }

    /// Adds what was counted to what a key's record says; a key that was never used says so.
    pub(crate) fn tell(&self, key: &Record, attributes: &mut Attributes) {
        if !matches!(
            key.object_type,
            ObjectType::SymmetricKey | ObjectType::PrivateKey | ObjectType::PublicKey
        ) {
            return;
        }
        let known = self.shard(&key.id).map(RwLock::read);
        let known = known.map(|known| known.unwrap_or_else(PoisonError::into_inner));
        let never = Counters::default();
        let own = known.as_ref().and_then(|known| known.get(&key.id));
        own.unwrap_or(&never).tell(attributes);
    }

    /// Forgets the keys that rest, and writes what was counted of the others.
    pub(crate) fn write(&self, store: &dyn Store) {
        for shard in &self.shards {
            to_change(shard).retain(|_, own| !own.is_written());
            write(store, shard);
        }
    }

    fn shard(&self, id: &ObjectId) -> Option<&Shard> {
        let hash = self.hash.hash_one(id);
        let place = usize::try_from(hash % u64::try_from(SHARDS).ok()?).ok()?;
        self.shards.get(place)
    }
}

fn to_change(shard: &Shard) -> RwLockWriteGuard<'_, HashMap<ObjectId, Counters>> {
    shard.write().unwrap_or_else(PoisonError::into_inner)
}

/// Writes what was counted of a shard's keys. What cannot be written now is when the turn comes again.
fn write(store: &dyn Store, shard: &Shard) {
    let known = shard.read().unwrap_or_else(PoisonError::into_inner);
    let used = known.iter().filter(|(_, own)| !own.is_written());
    let used: Vec<_> = used.map(|(id, _)| id.clone()).collect();
    drop(known);
    for some in used.chunks(TOGETHER_MAX) {
        if let Err(error) = write_some(store, shard, some)
            && error != store::Error::Conflict
        {
            tracing::warn!(%error, "how often keys were used cannot be written");
            return;
        }
    }
}

fn write_some(store: &dyn Store, shard: &Shard, some: &[ObjectId]) -> store::Result<()> {
    let known = || shard.read().unwrap_or_else(PoisonError::into_inner);
    let mut tx = store.begin();
    let mut sums = Vec::with_capacity(some.len());
    for id in some {
        let found = tx.record(id)?;
        let mut sum = known().get(id).map_or(0, Counters::sum);
        if let Some(record) = found.filter(|own| !own.is_obliterated()) {
            let mut record = (*record).clone();
            if let Some(own) = known().get(id) {
                sum = own.tell(&mut record.attributes);
            }
            tx.update(record)?;
        }
        sums.push((id, sum));
    }
    tx.commit()?;
    for (id, sum) in sums {
        if let Some(own) = known().get(id) {
            own.written.store(sum, Relaxed);
        }
    }
    Ok(())
}

/// A new key that takes over the attributes of another has not been used yet.
pub(crate) fn begin_anew(attributes: &mut Attributes) {
    for of in Counted::ALL {
        *of.counter(attributes) = None;
    }
}
