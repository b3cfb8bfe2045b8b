//! What was acknowledged is there after the daemon was killed, a hundred times, at any point, under load.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Barrier, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use keyhold_tests::{Appliance, Backend, Client, objects::*, programs::succeed};
use kmip::{
    ObjectType, State, V2_1,
    attribute::Attribute,
    payload::{
        activate::{Activate, ActivateRequest},
        create::{Create, CreateRequest},
        destroy::{Destroy, DestroyRequest},
        get::Get,
    },
};

/// How often the daemon is killed; ten times as often in a long run.
fn kills() -> u64 {
    if std::env::var_os("KEYHOLD_TEST_LONG").is_some() {
        1_000
    } else {
        100
    }
}

const CLIENTS: usize = 4;

/// What a client was told of its keys; the state in which the last change, not acknowledged, may have left one.
#[derive(Default)]
struct Acknowledged {
    states: BTreeMap<String, State>,
    since_start: BTreeSet<String>,
    materials: BTreeMap<String, Vec<u8>>,
    in_flight: Option<(String, State)>,
}

#[test]
fn nothing_acknowledged_is_lost_by_a_hundred_kills() {
    let mut appliance = Appliance::start(Backend::Embedded);
    let known: Vec<_> = (0..CLIENTS)
        .map(|_| Mutex::new(Acknowledged::default()))
        .collect();
    let kills = kills();
    for kill in 0..kills {
        let stop = AtomicBool::new(false);
        let started = Barrier::new(CLIENTS + 1);
        thread::scope(|scope| {
            for own in &known {
                let (appliance, stop, started) = (&appliance, &stop, &started);
                scope.spawn(move || {
                    let mut client = appliance.client(V2_1);
                    started.wait();
                    let mut own = own.lock().unwrap();
                    while !stop.load(Ordering::Relaxed) && change_something(&mut client, &mut own) {
                    }
                });
            }
            started.wait();
            // Another moment each time, from at once to well into the work.
            thread::sleep(Duration::from_micros(kill * 977 % 40_000));
            appliance.signal(rustix::process::Signal::KILL);
            stop.store(true, Ordering::Relaxed);
        });
        appliance.restart();
        let mut client = appliance.client(V2_1);
        for own in &known {
            is_all_there(
                &mut client,
                &mut own.lock().unwrap(),
                kill,
                kill + 1 == kills,
            );
        }
    }
    let changes: usize = known
        .iter()
        .map(|own| own.lock().unwrap().states.len())
        .sum();
    assert!(
        changes > 50,
        "only {changes} keys were made: there was no load"
    );
    appliance.stop(rustix::process::Signal::TERM);
    let said = succeed(&mut appliance.keyhold(&["audit", "verify"]));
    assert!(!said.is_empty());
}

/// One change; false once the daemon is gone.
fn change_something(client: &mut Client, own: &mut Acknowledged) -> bool {
    own.in_flight = None;
    let living = own
        .states
        .iter()
        .find(|(_, state)| **state == State::PreActive);
    let living = living.map(|(id, _)| id.clone());
    match living {
        Some(key) if own.states.len().is_multiple_of(3) => {
            own.in_flight = Some((key.clone(), State::Destroyed));
            let request = DestroyRequest {
                unique_identifier: id(&key),
            };
            acknowledged::<Destroy>(client, &request) && told(own, key, State::Destroyed)
        }
        Some(key) => {
            own.in_flight = Some((key.clone(), State::Active));
            let request = ActivateRequest {
                unique_identifier: id(&key),
            };
            acknowledged::<Activate>(client, &request) && told(own, key, State::Active)
        }
        None => create_one(client, own),
    }
}

fn told(own: &mut Acknowledged, key: String, state: State) -> bool {
    own.since_start.insert(key.clone());
    own.states.insert(key, state);
    own.in_flight = None;
    true
}

fn create_one(client: &mut Client, own: &mut Acknowledged) -> bool {
    let request = CreateRequest {
        object_type: ObjectType::SymmetricKey,
        attributes: list(
            aes(256, CIPHER)
                .into_iter()
                .chain([Attribute::ObjectGroup("load".to_owned())]),
        ),
        protection_storage_masks: None,
    };
    let Some(response) = call::<Create>(client, &request) else {
        return false;
    };
    let key = text(&response.unique_identifier);
    own.since_start.insert(key.clone());
    own.states.insert(key.clone(), State::PreActive);
    if let Some(got) = call::<Get>(client, &get(&key)) {
        own.materials.insert(key, bytes(&got.object));
        return true;
    }
    false
}

fn acknowledged<O: kmip::payload::Operation>(client: &mut Client, request: &O::Request) -> bool {
    call::<O>(client, request).is_some()
}

/// The answer, or nothing when the daemon was killed before it came. A refusal fails the test.
fn call<O: kmip::payload::Operation>(
    client: &mut Client,
    request: &O::Request,
) -> Option<O::Response> {
    let mut batch = keyhold_tests::Batch::new(client.version);
    batch.add::<O>(request);
    let bytes = client.exchange(&batch.encode()).ok()?;
    let response = kmip::message::Response::read(&bytes).unwrap();
    let answered = keyhold_tests::answer::<O>(&response.items[0], client.version);
    Some(answered.unwrap_or_else(|refused| panic!("{:?}: {refused}", O::CODE)))
}

fn is_all_there(client: &mut Client, own: &mut Acknowledged, kill: u64, last: bool) {
    if let Some((key, perhaps)) = own.in_flight.take() {
        let found = state(client, &key);
        let before = own.states[&key];
        assert!(
            found == before || found == perhaps,
            "kill {kill}: {key} is {found:?}"
        );
        own.states.insert(key, found);
    }
    // What was just in the making each time, and everything now and then.
    let all = kill % 20 == 19 || last;
    let recent = std::mem::take(&mut own.since_start);
    for (key, expected) in own
        .states
        .iter()
        .filter(|(key, _)| all || recent.contains(*key))
    {
        assert_eq!(state(client, key), *expected, "kill {kill}: {key}");
        if let (Some(material), State::PreActive | State::Active) =
            (own.materials.get(key), *expected)
        {
            assert!(
                bytes(&client.call::<Get>(&get(key)).object) == *material,
                "kill {kill}: {key} is another key"
            );
        }
    }
}
