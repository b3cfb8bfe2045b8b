//! What it costs to record an event: grouped by one thread, durable by one and by sixty-four.
#![expect(clippy::unwrap_used, reason = "a benchmark that fails stops")]
#![expect(clippy::disallowed_methods, reason = "a benchmark asks for the time")]

use std::{
    hint::black_box,
    sync::atomic::{AtomicU64, Ordering},
    time::Instant,
};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use keyhold::audit::{Durability, Event, FileTrail, Options, Trail, Verification};
use kmip::ttlv::Timestamp;

fn event() -> Event<'static> {
    Event {
        time: Timestamp(1_700_000_000),
        vault: "prod",
        principal: "postgres-primary",
        peer: "CN=postgres-primary,O=Example",
        operation: "Encrypt",
        object: Some("81fbe1d2-ca72-4b92-adfe-7bd89a987010".to_owned()),
        outcome: "Success",
        note: None,
        version: Some(kmip::V2_1),
    }
}

fn appending(criterion: &mut Criterion) {
    let folder = tempfile::tempdir_in(".").unwrap();
    let trail = FileTrail::open(folder.path(), Options::default()).unwrap();
    let event = event();
    let mut group = criterion.benchmark_group("append");
    group.throughput(Throughput::Elements(1));
    group.bench_function("grouped", |bencher| {
        bencher.iter(|| {
            trail
                .append(black_box(&event), Durability::Grouped)
                .unwrap()
        });
    });
    group.sample_size(10);
    group.bench_function("durable", |bencher| {
        bencher.iter(|| {
            trail
                .append(black_box(&event), Durability::Durable)
                .unwrap()
        });
    });
    group.bench_function("durable from 64 threads", |bencher| {
        bencher.iter_custom(|count| {
            let begun = Instant::now();
            let left = AtomicU64::new(count);
            std::thread::scope(|scope| {
                for _ in 0..64 {
                    scope.spawn(|| {
                        let take = |left: u64| left.checked_sub(1);
                        while left
                            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take)
                            .is_ok()
                        {
                            trail.append(&event, Durability::Durable).unwrap();
                        }
                    });
                }
            });
            begun.elapsed()
        });
    });
    group.finish();
}

fn verifying(criterion: &mut Criterion) {
    const RECORDS: u64 = 100_000;
    let folder = tempfile::tempdir_in(".").unwrap();
    let trail = FileTrail::open(folder.path(), Options::default()).unwrap();
    for _ in 0..RECORDS {
        trail.append(&event(), Durability::Grouped).unwrap();
    }
    drop(trail);
    let mut group = criterion.benchmark_group("verify");
    group.throughput(Throughput::Elements(RECORDS));
    group.sample_size(10);
    group.bench_function("records", |bencher| {
        bencher.iter(|| {
            let verification = Verification {
                directory: folder.path(),
                key: None,
                archived: false,
                progress: &|_| {},
            };
            assert!(verification.run().unwrap().is_sound());
        });
    });
    group.finish();
}

criterion_group!(benches, appending, verifying);
criterion_main!(benches);
