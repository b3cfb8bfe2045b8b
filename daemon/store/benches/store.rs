//! How fast the store is where it matters: reads from memory, look-ups among many, commits from many threads.
#![expect(
    clippy::disallowed_methods,
    reason = "a benchmark measures time and starts threads"
)]

use std::{
    hint::black_box,
    io::Write,
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use criterion::{Criterion, criterion_group, criterion_main};
use kmip::{
    CryptographicAlgorithm, CryptographicUsageMask, HashingAlgorithm, ObjectType, State,
    attribute::{Attribute, Attributes, Digest, Name},
    mechanism::KeySpec,
    ttlv::{Bytes, Timestamp},
};
use store::{Custody, Filter, ObjectId, Options, Page, Record, Scope, SqliteStore, Store};

/// How many groups the objects belong to.
const GROUPS: u64 = 2_000;

const NOW: Timestamp = Timestamp(1_700_000_000);

fn key(n: u64) -> Record {
    // As the daemon makes them: one after the other.
    let id = uuid::Uuid::now_v7();
    let mut attributes = Attributes {
        cryptographic_algorithm: Some(CryptographicAlgorithm::AES),
        cryptographic_length: Some(256),
        cryptographic_usage_mask: Some(CryptographicUsageMask(0xC)),
        state: Some(State::Active),
        initial_date: Some(NOW),
        activation_date: Some(NOW),
        last_change_date: Some(NOW),
        original_creation_date: Some(NOW),
        sensitive: Some(true),
        extractable: Some(false),
        ..Attributes::default()
    };
    attributes.name.push(Name::text(&format!("key {n}")));
    attributes
        .object_group
        .push(format!("group {}", n % GROUPS));
    attributes.digest.push(Digest {
        hashing_algorithm: HashingAlgorithm::SHA256,
        digest_value: Some(Bytes(id.as_bytes().repeat(2))),
        key_format_type: None,
    });
    Record {
        id: ObjectId(id.to_string()),
        vault: "default".to_owned(),
        owner: "alice".to_owned(),
        object_type: ObjectType::SymmetricKey,
        spec: Some(KeySpec::Aes { bits: 256 }),
        attributes,
        custody: Custody::Hsm {
            backend: "soft".to_owned(),
            key: vec![7; 120],
        },
        revision: 0,
    }
}

/// Inserts keys with these numbers, each in a commit of its own, from 64 threads; tells the time it took.
fn insert(store: &SqliteStore, numbers: std::ops::Range<u64>) -> Duration {
    let next = AtomicU64::new(numbers.start);
    let begun = Instant::now();
    thread::scope(|scope| {
        for _ in 0..64 {
            scope.spawn(|| {
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    if n >= numbers.end {
                        break;
                    }
                    let mut transaction = store.begin();
                    let inserted = transaction.insert(key(n));
                    inserted
                        .and_then(|()| transaction.commit())
                        .expect("an insert");
                }
            });
        }
    });
    begun.elapsed()
}

/// How many are found on the first page.
fn locate(store: &SqliteStore, attributes: Vec<Attribute>, items_max: Option<u64>) -> usize {
    let filter = Filter {
        attributes,
        ..Filter::default()
    };
    let scope = Scope {
        vault: "default".to_owned(),
        owner: None,
    };
    let page = Page {
        offset: 0,
        items_max,
        is_counted: false,
    };
    let mut transaction = store.begin();
    let located = transaction.locate(&filter, &scope, page, NOW);
    located.expect("an answer").ids.len()
}

/// Attributes asked, and how many objects have them all.
fn searches(keys: u64) -> Vec<(&'static str, Vec<Attribute>, u64)> {
    let rare = Attribute::ObjectGroup("group 77".to_owned());
    let date = Attribute::InitialDate(NOW);
    let state = Attribute::State(State::Active);
    let length = |length| Attribute::CryptographicLength(length);
    let name = Attribute::Name(Name::text(&format!("key {keys}")));
    let type_ = Attribute::ObjectType(ObjectType::SymmetricKey);
    let members = keys.div_ceil(GROUPS);
    vec![
        ("no such name", vec![name], 0),
        ("everything", vec![], keys),
        ("all active", vec![state.clone()], keys),
        ("all of a length", vec![length(256)], keys),
        ("none of a length", vec![length(128)], 0),
        ("all sensitive", vec![Attribute::Sensitive(true)], keys),
        ("all of a date", vec![date.clone()], keys),
        (
            "all of a date, a state and a type",
            vec![date.clone(), state.clone(), type_.clone()],
            keys,
        ),
        ("a group", vec![rare.clone()], members),
        (
            "a group of a state, a type and a date",
            vec![rare, state, type_, date],
            members,
        ),
    ]
}

fn memory_kilobytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS"));
    let number = line.and_then(|line| line.split_whitespace().nth(1));
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}

fn among_many(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("store.db");
    let store = SqliteStore::open(&path, &Options::default()).expect("a store");
    let keys = std::env::var("KEYS").map_or(100_000, |keys| keys.parse().expect("a number"));
    let time = insert(&store, 0..keys);
    tell(&format!("{keys} inserts from 64 threads in {time:?}"));
    drop(store);
    let begun = Instant::now();
    let store = SqliteStore::open(&path, &Options::default()).expect("a store");
    tell(&format!("opened in {:?}", begun.elapsed()));
    assert_eq!(locate(&store, vec![], Some(1)), 1);
    tell(&format!("searched in {:?}", begun.elapsed()));

    let some = store.records_after(None, 1).expect("records");
    let id = some.first().expect("a record").id.clone();
    criterion.bench_function("record, hit", |bench| {
        bench.iter(|| store.record(black_box(&id)));
    });
    let ids: Vec<_> = store.records_after(None, 100_000).expect("records");
    let ids: Vec<_> = ids.iter().map(|record| record.id.clone()).collect();
    let mut n = 0;
    criterion.bench_function("record, miss", |bench| {
        bench.iter(|| {
            n = (n + 61_583) % ids.len();
            ids.get(n).map(|id| store.record(id))
        });
    });
    let name = |n: u64| Attribute::Name(Name::text(&format!("key {n}")));
    criterion.bench_function("locate by name, hit", |bench| {
        bench.iter(|| assert_eq!(locate(&store, vec![name(77)], None), 1));
    });
    let mut n = 0;
    criterion.bench_function("locate by name, miss", |bench| {
        bench.iter(|| {
            n = (n + 61_583) % keys;
            assert_eq!(locate(&store, vec![name(n)], None), 1);
        });
    });
    for (what, attributes, total) in searches(keys) {
        let shown = usize::try_from(total.min(10)).expect("a number");
        criterion.bench_function(&format!("locate {what}, first 10"), |bench| {
            bench.iter(|| assert_eq!(locate(&store, attributes.clone(), Some(10)), shown));
        });
    }
    tell("in the end");
}

/// Tells what no benchmark measures, and the memory in use.
fn tell(what: &str) {
    let memory = memory_kilobytes();
    writeln!(std::io::stdout(), "{what}, {memory} kB in memory").expect("an output");
}

fn commits(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("store.db");
    let store = SqliteStore::open(&path, &Options::default()).expect("a store");
    let mut next = 0;
    criterion.bench_function("insert, 64 threads", |bench| {
        bench.iter_custom(|times| {
            let first = next;
            next += times;
            insert(&store, first..next)
        });
    });
    criterion.bench_function("insert, alone", |bench| {
        bench.iter(|| {
            next += 1;
            let mut transaction = store.begin();
            let inserted = transaction.insert(key(next));
            inserted
                .and_then(|()| transaction.commit())
                .expect("an insert");
        });
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10).measurement_time(Duration::from_secs(3));
    targets = among_many, commits
}
criterion_main!(benches);
