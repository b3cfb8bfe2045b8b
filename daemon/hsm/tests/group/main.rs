//! A group of HSMs: load that is shared, members that fail, keys made in all or in none, and copies that are not the same.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that meets what it did not expect stops"
)]

mod flaky;
mod making;
mod mending;
mod serving;
mod transport;

use std::{
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use hsm::{
    CustodyMode, Error, Hsm, KeyRef, Result, Terms,
    group::{Event, Group, Opener, Tell},
};
use kmip::{
    CryptographicUsageMask as Usage,
    mechanism::{Hash, KeySpec, Mac},
};

use self::flaky::Flaky;

const NAMES: [&str; 3] = ["left", "middle", "right"];
const HMAC: KeySpec = KeySpec::Hmac {
    hash: Hash::Sha256,
    bits: 256,
};

/// A group and its members.
struct World {
    group: Group,
    members: Vec<Arc<Flaky>>,
    told: Arc<Mutex<Vec<String>>>,
}

impl World {
    fn new(count: usize) -> Self {
        Self::of((0..count).map(|_| Flaky::new()).collect())
    }

    fn of(members: Vec<Flaky>) -> Self {
        let members: Vec<_> = members.into_iter().map(Arc::new).collect();
        Self::with(&members)
    }

    fn with(members: &[Arc<Flaky>]) -> Self {
        Self::opened(members.to_vec(), |place| {
            let own = Arc::clone(&members[place]);
            Box::new(move || Ok(Arc::clone(&own) as Arc<dyn Hsm>))
        })
        .unwrap()
    }

    fn opened(members: Vec<Arc<Flaky>>, opener: impl Fn(usize) -> Opener) -> Result<Self> {
        let told = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&told);
        let tell: Tell = Arc::new(move |member: &str, event: Event<'_>| {
            let word = match event {
                Event::LeftOut(_) => "left out",
                Event::TakenBack => "taken back",
                Event::Lacks => "lacks a key",
            };
            heard.lock().unwrap().push(format!("{member} {word}"));
        });
        let openers = NAMES.iter().take(members.len()).enumerate();
        let openers = openers.map(|(place, name)| ((*name).to_owned(), opener(place)));
        Ok(Self {
            group: Group::open(openers.collect(), &tell)?,
            members,
            told,
        })
    }

    fn told(&self) -> Vec<String> {
        self.told.lock().unwrap().clone()
    }

    fn uses(&self) -> Vec<usize> {
        use std::sync::atomic::Ordering;
        let uses = self
            .members
            .iter()
            .map(|own| own.uses.load(Ordering::SeqCst));
        uses.collect()
    }

    fn keys(&self) -> Vec<i64> {
        use std::sync::atomic::Ordering;
        let keys = self
            .members
            .iter()
            .map(|own| own.keys.load(Ordering::SeqCst));
        keys.collect()
    }

    fn is_whole(&self) -> bool {
        self.group.members().iter().all(|own| own.trouble.is_none())
    }

    /// Waits until every member is in, which must be soon.
    fn heals(&self) {
        for _ in 0..100 {
            if self.is_whole() {
                return;
            }
            thread::sleep(Duration::from_millis(50));
        }
        panic!("not within five seconds: {:?}", self.group.members());
    }

    fn generate(&self, spec: KeySpec, exportable: bool) -> KeyRef {
        self.group.generate(spec, &terms(exportable)).unwrap().key
    }
}

fn terms(exportable: bool) -> Terms {
    Terms {
        id: b"an identifier".to_vec(),
        label: "a name".to_owned(),
        exportable,
        usage: Usage::Sign | Usage::MACGenerate | Usage::Encrypt | Usage::Decrypt,
        custody: CustodyMode::Resident,
    }
}

fn mac(hsm: &dyn Hsm, key: &KeyRef) -> Result<Vec<u8>> {
    hsm.mac(key, Mac::Hmac(Hash::Sha256), b"message")
}

fn is_unavailable<T>(outcome: &Result<T>) -> bool {
    matches!(outcome, Err(Error::Unavailable(_)))
}
