//! Keys that nobody gets to know of, because the HSM's process and the daemon are killed while one is being made: none stays
//! in the token, and none goes that somebody was told of.

use std::{
    fs,
    process::Stdio,
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

use crate::isolation::host;

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
        let objects = appliance.token().count();
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

    /// Kills the daemon when a command has made a key of which it has not been told.
    fn kills_when(&mut self, function: &str, words: &str) {
        let fault = format!("{function} hang-after once");
        self.appliance.token().fail(Some(&fault));
        let words: Vec<_> = words.split(' ').collect();
        let mut command = self.appliance.keyhold(&words);
        let mut command = command.stderr(Stdio::null()).spawn().unwrap();
        waits_until("the key is made", || self.appliance.token().has_done());
        self.appliance.kill();
        assert!(!command.wait().unwrap().success(), "{words:?}");
        self.appliance.restart();
    }

    fn has_no_key_too_many(&self, what: &str) {
        let began = Instant::now();
        while self.appliance.token().count() != self.objects {
            assert!(
                began.elapsed() < SETTLED,
                "{what}: not {} objects but\n{}\n{}",
                self.objects,
                succeed(&mut self.appliance.token().tool(&["--list-objects"])),
                self.appliance.logged()
            );
            sleep(Duration::from_millis(100));
        }
    }
}

/// Whether a process runs; one that has ended may wait for its parent yet.
fn runs(process: i32) -> bool {
    let status = fs::read_to_string(format!("/proc/{process}/status"));
    status.is_ok_and(|status| !status.contains("State:\tZ"))
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
        waits_until("the key is made", || world.appliance.token().has_done());
        world.kill(maker);
        world.has_no_key_too_many(function);
    }
}

#[test]
fn a_key_made_when_both_processes_were_killed_does_not_stay() {
    let mut world = World::new();
    for (function, deed) in MAKERS {
        let maker = world.fails(&format!("{function} crash-after"), *deed);
        waits_until("the key is made", || world.appliance.token().has_done());
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

/// Half an object in a token is found by nobody, and a key that comes after the next daemon has looked is looked for no more.
#[test]
fn what_an_hsm_is_at_is_done_before_the_next_daemon_opens_it() {
    let mut world = World::new();
    for is_restarted_at_once in [false, true] {
        let helper = host(&world.appliance);
        let runs = || runs(helper);
        let maker = world.fails("C_GenerateKey late 700", creates);
        waits_until("the module is called", || {
            !world.appliance.token().is_to_fail()
        });
        world.appliance.kill();
        assert!(runs(), "it left the module in the middle of a call");
        if !is_restarted_at_once {
            waits_until("the module's process ends", || !runs());
            assert_eq!(world.appliance.token().count(), world.objects + 1);
        }
        world.appliance.restart();
        assert!(!runs(), "two processes are at the token");
        drop(maker.join());
        world.has_no_key_too_many("a call that was done late");
    }
}

#[test]
fn an_hsm_that_does_not_finish_is_left_so_that_the_next_daemon_starts() {
    let mut world = World::new();
    let helper = host(&world.appliance);
    let maker = world.fails("C_GenerateKey hang", creates);
    waits_until("the module is called", || {
        !world.appliance.token().is_to_fail()
    });
    world.kill(maker);
    assert!(!runs(helper), "two processes are at the token");
    creates(&mut world.appliance.client(V2_1));
    assert_eq!(world.appliance.token().count(), world.objects + 1);
}

#[test]
fn a_key_that_an_administrator_asked_for_does_not_stay_either() {
    let mut world = World::new();
    let create = ["vault", "create", "other"];
    succeed(&mut world.appliance.keyhold(&create));
    for words in [
        "ca create --vault other",
        "key transport kek --vault dev --out kek.pem",
    ] {
        world.kills_when("C_GenerateKeyPair", words);
        world.has_no_key_too_many(words);
        // What is taken up again is done.
        let words: Vec<_> = words.split(' ').collect();
        let mut again = world.appliance.keyhold(&words);
        succeed(again.current_dir(world.appliance.scratch()));
        world.objects += 1;
        assert_eq!(world.appliance.token().count(), world.objects, "{words:?}");
    }
}

#[test]
fn a_move_into_the_token_that_nobody_takes_up_again_leaves_nothing_there() {
    let appliance = Appliance::start_with(Some(Token::failing()), &["--wrapped"]);
    let mut client = appliance.client(V2_1);
    let key = create_active(&mut client, aes(128, CIPHER).into_iter().chain(locked()));
    let objects = appliance.token().count();
    let mut world = World { appliance, objects };
    let words = "vault move dev --custody resident";
    world.kills_when("C_UnwrapKey", words);
    world.has_no_key_too_many(words);
    let encrypts = |world: &World| {
        let mut client = world.appliance.client(V2_1);
        client.call::<Encrypt>(&encryption(&key, b"still there"));
    };
    encrypts(&world);
    let words: Vec<_> = words.split(' ').collect();
    succeed(&mut world.appliance.keyhold(&words));
    assert!(world.appliance.token().count() > world.objects);
    // What is there by now stays, however often doubts are looked at.
    world.appliance.kill();
    world.appliance.restart();
    sleep(Duration::from_secs(5));
    encrypts(&world);
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
    assert_eq!(world.appliance.token().count(), world.objects + 2);
}
