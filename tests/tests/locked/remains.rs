//! What remains of locked keys once they were registered and used: nothing in any file, log, page or memory.

use std::{collections::BTreeMap, fs, path::Path};

use keyhold_tests::{
    Appliance, Client,
    canary::Canaries,
    memory::{core_image, each_piece, is_readable},
    programs::{output, succeed, text},
};
use kmip::text::Encoding;
use rustix::process::Signal;

use crate::{
    keys::{self, Known, Victim},
    operations::VERSION,
    uses,
};

/// An appliance that logs everything, and what must not be seen in it.
struct World {
    appliance: Appliance,
    canaries: Canaries,
    known: Vec<Known>,
}

/// Longer than any piece of a canary.
const OVERLAP: usize = 64;

/// Where the keys are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// In the process of the embedded HSM.
    Helper,
    /// In the daemon, which has no such process.
    Daemon,
    /// In a token, whose module has a process.
    Token,
    /// In the store, wrapped, and in a token while they are used.
    Wrapped,
}

impl World {
    fn new(place: Place) -> Self {
        let token = matches!(place, Place::Token | Place::Wrapped).then(keyhold_tests::Token::new);
        let known = keys::known();
        let mut canaries = Canaries::default();
        for key in &known {
            key.add_to(&mut canaries);
        }
        let more: &[&str] = match place {
            Place::Wrapped => &["--log", "trace", "--wrapped"],
            _ => &["--log", "trace"],
        };
        let mut appliance = Appliance::start_with(token, more);
        if place == Place::Daemon {
            appliance.reconfigure("isolated = false");
        }
        Self {
            appliance,
            canaries,
            known,
        }
    }

    /// Registers every key over every face, and uses it there.
    fn fill(&self) -> Vec<Victim> {
        let own = &self.appliance;
        let mut victims = Vec::new();
        self.fill_by(own.client(VERSION), &mut victims);
        self.fill_by(own.local(VERSION), &mut victims);
        for encoding in [Encoding::Xml, Encoding::Json] {
            self.fill_by(own.posting(VERSION, Some(encoding)), &mut victims);
        }
        victims
    }

    fn fill_by(&self, mut face: Client, victims: &mut Vec<Victim>) {
        for known in &self.known {
            let Ok(victim) = known.lock_in(&mut face) else {
                continue;
            };
            uses::everything(&mut face, &victim);
            known.spoil_in(&mut face);
            victims.push(victim);
        }
    }

    fn assert_no_file_has_any(&self, folder: &Path) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                self.assert_no_file_has_any(&path);
            } else if path.is_file() {
                let bytes = fs::read(&path).unwrap();
                self.canaries
                    .assert_none_in(&bytes, &path.display().to_string());
            }
        }
    }

    /// What stands in the memory of a process, and where.
    fn found_in_memory(&self, process: u32) -> BTreeMap<&str, String> {
        let mut found = BTreeMap::new();
        each_piece(process, OVERLAP, |line, piece| {
            let names = self.canaries.found_in(piece).into_iter();
            found.extend(names.map(|name| (name, line.to_owned())));
        });
        found
    }

    fn says_nothing(&self, command: &[&str]) {
        for json in [&[][..], &["--json"]] {
            let said = output(&mut self.appliance.keyhold(&[command, json].concat()));
            let complained = text(&said.stderr);
            assert!(said.status.success(), "{command:?}: {complained}");
            let said = [said.stdout, said.stderr].concat();
            self.canaries.assert_none_in(&said, &command.join(" "));
        }
    }

    fn assert_memory_has_none(&self, process: u32, but: impl Fn(&str) -> bool) {
        if !is_readable() {
            eprintln!("only root can look into these processes: nothing to be seen here");
            return;
        }
        let mut found = self.found_in_memory(process);
        found.retain(|name, _| !but(name));
        assert!(found.is_empty(), "{process}: {found:#?}");
        self.assert_core_image_has_none(process, but);
    }

    fn assert_core_image_has_none(&self, process: u32, but: impl Fn(&str) -> bool) {
        let Some(image) = core_image(process, &self.appliance.scratch()) else {
            eprintln!("there is no gdb, which writes core images: none is looked at");
            return;
        };
        let bytes = fs::read(&image).unwrap();
        fs::remove_file(&image).unwrap();
        // An image without memory would have no key either.
        assert!(bytes.len() > 1 << 20, "an image of {} bytes", bytes.len());
        let found = self.canaries.found_in(&bytes).into_iter();
        let found: Vec<_> = found.filter(|name| !but(name)).collect();
        assert!(found.is_empty(), "the core image of {process}: {found:?}");
    }
}

/// What the commands of the operator say of keys, with every word that there is.
const COMMANDS: &[&[&str]] = &[
    &["key", "list", "--vault", "dev"],
    &["status"],
    &["vault", "list"],
    &["audit", "verify"],
];

/// What libraries keep of keys in use in memory of their own: AES has its schedule, which begins with the key, and of pairs
/// there are the forms that are computed with.
fn is_in_use(name: &str) -> bool {
    let by_schedule = ["key of aes-128", "key of aes-192", "key of aes-256"];
    by_schedule.contains(&name) || name.contains(" of ") && !name.starts_with("key of")
}

fn nothing_remains(place: Place) {
    let mut world = World::new(place);
    let victims = world.fill();
    // A token wraps fewer kinds than it keeps.
    let least = if place == Place::Wrapped { 48 } else { 60 };
    assert!(victims.len() >= least, "{}", victims.len());
    let appliance = &world.appliance;
    for command in COMMANDS {
        world.says_nothing(command);
    }
    // What is told of one kind over one face is told of all.
    for victim in victims.iter().step_by(7) {
        world.says_nothing(&["key", "show", "--vault", "dev", &victim.id]);
    }
    let backup = appliance.scratch().join("backup");
    succeed(&mut appliance.keyhold(&["backup", &backup.display().to_string()]));
    let is_here = |name: &str| place == Place::Daemon && is_in_use(name);
    world.assert_memory_has_none(appliance.pid(), is_here);
    for host in appliance.hosts() {
        world.assert_memory_has_none(host, is_in_use);
    }
    world.assert_no_file_has_any(&backup);
    world.assert_no_file_has_any(&appliance.data());
    for page in ["/metrics", "/health/ready"] {
        let (_, page) = appliance.page(page);
        world.canaries.assert_none_in(page.as_bytes(), "a page");
    }
    world.appliance.stop(Signal::TERM);
    world.assert_no_file_has_any(&world.appliance.data());
    let said = [world.appliance.printed(), world.appliance.logged()].concat();
    assert!(said.contains("DEBUG"), "little is logged:\n{said}");
    world.canaries.assert_none_in(said.as_bytes(), "the log");
}

#[test]
fn nothing_remains_of_keys_of_the_embedded_hsm() {
    nothing_remains(Place::Helper);
}

#[test]
fn nothing_remains_of_keys_of_an_hsm_in_the_daemon() {
    nothing_remains(Place::Daemon);
}

#[test]
fn nothing_remains_of_keys_of_a_token() {
    nothing_remains(Place::Token);
}

#[test]
fn nothing_remains_of_keys_that_a_token_has_wrapped() {
    nothing_remains(Place::Wrapped);
}
