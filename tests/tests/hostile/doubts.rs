//! Keys that nobody gets to know of, because the HSM's process and the daemon are killed while one is being made: none stays
//! in the token, and none goes that somebody was told of.

use std::{
    thread::{self, sleep},
    time::{Duration, Instant},
};

use keyhold_tests::{Appliance, Client, Token, objects::*, programs::succeed};
use kmip::{
    V2_1,
    payload::{
        archive::{Archive, ArchiveRequest, Recover, RecoverRequest},
        create::{Create, CreateKeyPair, CreateRequest},
        encrypt::Encrypt,
        register::Register,
    },
};

/// How soon the token must have no key too many.
const SETTLED: Duration = Duration::from_secs(10);

struct World {
    appliance: Appliance,
    /// The objects of the token before anything is made.
    objects: usize,
}

/// Makes a key, if nothing comes between.
type Deed = fn(&mut Client);

impl World {
    fn new() -> Self {
        let mut appliance = Appliance::start_with(Some(Token::failing()), &[]);
        appliance.reconfigure("wait_seconds = 5");
        let objects = objects(&appliance);
        Self { appliance, objects }
    }

    /// Lets a function fail while something is made.
    fn fails(&self, fault: &str, deed: Deed) -> thread::JoinHandle<()> {
        self.appliance.token().fail(Some(&format!("{fault} once")));
        let mut client = self.appliance.client(V2_1);
        thread::spawn(move || deed(&mut client))
    }

    fn kill(&mut self, maker: thread::JoinHandle<()>) {
        self.appliance.kill();
        // Its connection broke, or it was refused.
        let _ = maker.join();
        self.appliance.restart();
    }

    fn has_no_key_too_many(&self, what: &str) {
        let began = Instant::now();
        while objects(&self.appliance) != self.objects {
            let found = objects(&self.appliance);
            assert!(
                began.elapsed() < SETTLED,
                "{what}: {found}, not {}",
                self.objects
            );
            sleep(Duration::from_millis(100));
        }
    }
}

/// The objects in the token, by the token's own list.
fn objects(appliance: &Appliance) -> usize {
    let told = succeed(&mut appliance.token().tool(&["--list-objects"]));
    told.matches("Object;").count()
}

fn waits_until(what: &str, reached: impl Fn() -> bool) {
    let began = Instant::now();
    while !reached() {
        assert!(began.elapsed() < SETTLED, "{what}");
        sleep(Duration::from_millis(20));
    }
}

fn creates(client: &mut Client) {
    drop(client.try_call::<Create>(&creation()));
}

fn creation() -> CreateRequest {
    CreateRequest {
        object_type: kmip::ObjectType::SymmetricKey,
        attributes: list(aes(128, CIPHER).into_iter().chain(locked())),
        protection_storage_masks: None,
    }
}

fn creates_a_pair(client: &mut Client) {
    drop(client.try_call::<CreateKeyPair>(&pair(Pair::Rsa(2048), locked(), [])));
}

fn registers(client: &mut Client) {
    let attributes = aes(128, CIPHER).into_iter().chain(locked());
    drop(client.try_call::<Register>(&registration(aes_object(&[7; 16]), attributes)));
}

const MAKERS: &[(&str, Deed)] = &[
    ("C_GenerateKey", creates),
    ("C_GenerateKeyPair", creates_a_pair),
    ("C_CreateObject", registers),
];

#[test]
fn a_key_made_when_the_daemon_was_killed_does_not_stay() {
    let mut world = World::new();
    for (function, deed) in MAKERS {
        let maker = world.fails(&format!("{function} hang-after"), *deed);
        waits_until("the key is made", || {
            objects(&world.appliance) > world.objects
        });
        world.kill(maker);
        world.has_no_key_too_many(function);
    }
}

#[test]
fn a_key_made_when_both_processes_were_killed_does_not_stay() {
    let mut world = World::new();
    for (function, deed) in MAKERS {
        let maker = world.fails(&format!("{function} crash-after"), *deed);
        waits_until("the module fails", || !world.appliance.token().is_to_fail());
        waits_until("the key is made", || {
            objects(&world.appliance) > world.objects
        });
        world.kill(maker);
        world.has_no_key_too_many(function);
    }
}

#[test]
fn a_key_made_when_the_hsm_ended_does_not_stay_whichever_way_it_was_made() {
    let world = World::new();
    for (function, deed) in MAKERS {
        let maker = world.fails(&format!("{function} crash-after"), *deed);
        maker.join().unwrap();
        assert!(
            !world.appliance.token().is_to_fail(),
            "{function} is not called"
        );
        world.has_no_key_too_many(function);
    }
}

#[test]
fn a_key_that_somebody_was_told_of_stays_though_the_daemon_is_killed_at_once() {
    let mut world = World::new();
    for archived in [false, true] {
        let mut client = world.appliance.client(V2_1);
        let made = client.call::<Create>(&creation());
        let key = text(&made.unique_identifier);
        if archived {
            client.call::<Archive>(&ArchiveRequest {
                unique_identifier: id(&key),
            });
        }
        world.appliance.kill();
        world.appliance.restart();
        // Doubts are looked at once this long.
        sleep(Duration::from_secs(5));
        let mut client = world.appliance.client(V2_1);
        if archived {
            client.call::<Recover>(&RecoverRequest {
                unique_identifier: id(&key),
            });
        }
        activate(&mut client, &key);
        client.call::<Encrypt>(&encryption(&key, b"still there"));
    }
    assert_eq!(objects(&world.appliance), world.objects + 2);
}
