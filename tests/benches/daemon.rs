//! What an operation costs the daemon: processor time of its process per operation, and how many it does in a second.
//!
//! `make bench` runs it against the daemon in release mode. Time by the wall depends on the machine and on what else it
//! does; the processor's time hardly does, and ratios within one run even less.

use std::{
    fs,
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::{Duration, Instant},
};

use keyhold_tests::{Appliance, Backend, Batch, Client, objects::*};
use kmip::{
    HashingAlgorithm, ObjectType, RecommendedCurve, V2_1,
    attribute::CryptographicParameters,
    payload::{
        Operation,
        create::{Create, CreateRequest},
        discover::{DiscoverVersions, DiscoverVersionsRequest},
        encrypt::Encrypt,
        get::Get,
        locate::{Locate, LocateRequest},
        sign::{Sign, SignRequest},
    },
};

/// Processor time that a process has had.
fn processor(pid: u32) -> Duration {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let nanoseconds = threads.filter_map(|thread| {
        // A thread may end while it is looked at.
        let text = fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(nanoseconds.sum())
}

fn row(what: &str, operations: u32, processor: Duration, wall: Duration) {
    let each = processor.as_secs_f64() * 1e6 / f64::from(operations);
    let took = wall.as_secs_f64() * 1e6 / f64::from(operations);
    let rate = f64::from(operations) / wall.as_secs_f64();
    println!("{what:<44} {each:>9.1} us {took:>9.1} us {rate:>9.0} /s");
}

/// Does something until two seconds are over.
fn measure(appliance: &Appliance, what: &str, mut once: impl FnMut()) {
    for _ in 0..50 {
        once();
    }
    let (started, before, mut operations) = (Instant::now(), processor(appliance.pid()), 0);
    while started.elapsed() < Duration::from_secs(2) {
        once();
        operations += 1;
    }
    row(
        what,
        operations,
        processor(appliance.pid()) - before,
        started.elapsed(),
    );
}

fn call<O: Operation>(client: &mut Client, message: &[u8]) {
    let answer = client.exchange(message).unwrap();
    let response = kmip::message::Response::read(&answer).unwrap();
    keyhold_tests::answer::<O>(&response.items[0], V2_1)
        .unwrap_or_else(|refused| panic!("{refused}"));
}

fn message<O: Operation>(request: &O::Request) -> Vec<u8> {
    let mut batch = Batch::new(V2_1);
    batch.add::<O>(request);
    batch.encode()
}

fn creating() -> CreateRequest {
    CreateRequest {
        object_type: ObjectType::SymmetricKey,
        attributes: list(aes(256, CIPHER)),
        protection_storage_masks: None,
    }
}

fn signing(key: &str) -> SignRequest {
    SignRequest {
        unique_identifier: id(key),
        cryptographic_parameters: Some(CryptographicParameters {
            hashing_algorithm: Some(HashingAlgorithm::SHA256),
            ..CryptographicParameters::default()
        }),
        data: Some(vec![0xA5; 32].into()),
        ..SignRequest::default()
    }
}

fn on_one_connection(appliance: &Appliance) {
    let client = &mut appliance.client(V2_1);
    let key = create_active(
        client,
        aes(256, CIPHER).into_iter().chain([name("the one")]),
    );
    let (rsa, _) = create_pair(client, Pair::Rsa(2048), locked());
    let (curve, _) = create_pair(client, Pair::Ec(RecommendedCurve::P256, 256), locked());
    let discover = message::<DiscoverVersions>(&DiscoverVersionsRequest {
        protocol_version: Vec::new(),
    });
    measure(appliance, "Discover Versions", || {
        call::<DiscoverVersions>(client, &discover)
    });
    let get = message::<Get>(&get(&key));
    measure(appliance, "Get", || call::<Get>(client, &get));
    let encrypt = message::<Encrypt>(&encryption(&key, &[0xA5; 1024]));
    measure(appliance, "Encrypt AES-256-GCM, 1 KiB", || {
        call::<Encrypt>(client, &encrypt)
    });
    let sign = message::<Sign>(&signing(&curve));
    measure(appliance, "Sign ECDSA P-256", || {
        call::<Sign>(client, &sign)
    });
    let sign = message::<Sign>(&signing(&rsa));
    measure(appliance, "Sign RSA-2048", || call::<Sign>(client, &sign));
    measure(appliance, "a new connection and one Get", || {
        call::<Get>(&mut appliance.client(V2_1), &get);
    });
    let create = message::<Create>(&creating());
    measure(appliance, "Create, durable, one connection", || {
        call::<Create>(client, &create)
    });
}

fn on_many_connections(appliance: &Appliance, connections: u32) {
    let (create, operations) = (message::<Create>(&creating()), AtomicU32::new(0));
    let mut clients: Vec<_> = (0..connections).map(|_| appliance.client(V2_1)).collect();
    let (started, before) = (Instant::now(), processor(appliance.pid()));
    thread::scope(|scope| {
        for client in &mut clients {
            scope.spawn(|| {
                while started.elapsed() < Duration::from_secs(4) {
                    call::<Create>(client, &create);
                    operations.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    let what = format!("Create, durable, {connections} connections");
    row(
        &what,
        operations.into_inner(),
        processor(appliance.pid()) - before,
        started.elapsed(),
    );
}

fn main() {
    let mut appliance = Appliance::start(Backend::Embedded);
    println!(
        "{:<44} {:>12} {:>12} {:>12}",
        "", "processor", "wall", "rate"
    );
    on_one_connection(&appliance);
    for _ in 0..5 {
        on_many_connections(&appliance, 64);
    }
    let client = &mut appliance.client(V2_1);
    let count = locate(client, [name("the one")]).len();
    assert_eq!(count, 1);
    let request = message::<Locate>(&LocateRequest {
        attributes: list([name("the one")]),
        ..LocateRequest::default()
    });
    measure(&appliance, "Locate by name, after all these", || {
        call::<Locate>(client, &request)
    });
    let started = Instant::now();
    appliance.restart();
    println!(
        "start to ready, with all these keys: {:?}",
        started.elapsed()
    );
}
