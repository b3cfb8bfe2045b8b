//! Who may know whom: crates by their manifests, modules by what they name.

use std::{collections::BTreeSet, fs};

use keyhold_tests::programs::root;

use crate::{none, sources};

/// The modules of a crate from the top to the bottom. A module uses its own row and those below.
struct Layers {
    folder: &'static str,
    rows: &'static [&'static [&'static str]],
    /// Arrows that point up, each with what it is good for.
    upward: &'static [(&'static str, &'static str, &'static str)],
}

const DAEMON: Layers = Layers {
    folder: "daemon/src",
    rows: &[
        &["main"],
        &["cli"],
        &["server"],
        &["listener", "probes", "jobs", "rotation", "healths"],
        &["connection"],
        &["admin"],
        &["tls", "hosts"],
        &["config"],
        &["drift"],
        &["moving"],
        &["service"],
        &["ops"],
        &[
            "authority",
            "certificate",
            "links",
            "pkcs12",
            "rules",
            "templates",
        ],
        &["material"],
        &[
            "context", "custody", "doubts", "effects", "pending", "returned", "streams",
            "cryptoki", "notices", "turns", "uses",
        ],
        &["identity", "policy"],
        &[
            "directory",
            "lifecycle",
            "profile",
            "template",
            "halves",
            "marks",
            "secret_data",
            "whole",
            "audit",
            "telemetry",
        ],
        &[
            "clock",
            "confine",
            "conformance",
            "der",
            "error",
            "files",
            "harden",
            "lock",
            "names",
            "pin",
            "pki",
        ],
        &["fault"],
    ],
    upward: &[
        (
            "context",
            "ops",
            "a second object is authorised by its own operation's access",
        ),
        (
            "context",
            "service",
            "a context is what one item sees of the service",
        ),
        (
            "custody",
            "service",
            "a deletion still owed is paid by the service's own store and HSMs",
        ),
        (
            "doubts",
            "service",
            "what is in doubt is asked of the service's own store and HSMs",
        ),
        (
            "effects",
            "service",
            "what is made, broken or told is the service's own",
        ),
        (
            "ops",
            "service",
            "how heavy a request is depends on the service's caches",
        ),
        (
            "policy",
            "ops",
            "the policy file may name each operation that is served",
        ),
        (
            "streams",
            "service",
            "what an item did to a stream is kept or undone in the service's own streams",
        ),
    ],
};

const PROVIDER: Layers = Layers {
    folder: "pkcs11-provider/src",
    rows: &[
        &["abi"],
        &["module"],
        &["session", "operation"],
        &["slot"],
        &["object", "token", "features"],
        &["handle"],
        &["remote"],
        &["run"],
        &["pool"],
        &["connect"],
        &["tls", "wire"],
        &["config", "public_key"],
        &[
            "deadline",
            "descriptors",
            "error",
            "hasher",
            "log",
            "random",
            "watch",
        ],
    ],
    upward: &[(
        "operation",
        "abi",
        "the caller's buffers are lent by the one place that knows pointers",
    )],
};

/// The modules that a file of a module names.
fn used(text: &str) -> BTreeSet<String> {
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    let mut used = BTreeSet::new();
    for rest in code.split("crate::").skip(1) {
        match rest.strip_prefix('{') {
            None => {
                used.insert(word(rest));
            }
            Some(list) => {
                let mut depth = 0_u32;
                let mut starts = true;
                for (at, letter) in list.char_indices() {
                    match letter {
                        '{' => depth += 1,
                        '}' if depth == 0 => break,
                        '}' => depth -= 1,
                        ',' if depth == 0 => starts = true,
                        _ if starts && letter.is_alphabetic() => {
                            used.insert(word(&list[at..]));
                            starts = false;
                        }
                        _ => {}
                    }
                }
            }
        }
    }
    used
}

fn word(text: &str) -> String {
    text.chars()
        .take_while(|letter| letter.is_alphanumeric() || *letter == '_')
        .collect()
}

#[test]
fn arrows_point_down() {
    for layers in [DAEMON, PROVIDER] {
        let row = |module: &str| layers.rows.iter().position(|row| row.contains(&module));
        let (mut wrong, mut taken) = (Vec::new(), BTreeSet::new());
        for (path, text) in sources(&[layers.folder]) {
            let relative = path
                .strip_prefix(layers.folder)
                .unwrap()
                .trim_start_matches('/');
            let own = relative.split(['/', '.']).next().unwrap().to_owned();
            if own == "lib" || path.ends_with("/tests.rs") {
                continue;
            }
            let Some(own_row) = row(&own) else {
                wrong.push(format!("{own} has no row in tidy.rs"));
                continue;
            };
            for other in used(&text) {
                let Some(other_row) = row(&other).filter(|_| other != own) else {
                    continue;
                };
                let excused = layers
                    .upward
                    .iter()
                    .find(|(from, to, _)| *from == own && *to == other);
                match excused {
                    Some((from, to, _)) => _ = taken.insert((*from, *to)),
                    None if other_row < own_row => {
                        wrong.push(format!("{path} uses {other}, which lies above it"))
                    }
                    None => {}
                }
            }
        }
        none(&wrong, "a module uses what is beside it or below it:");
        let spare = layers
            .upward
            .iter()
            .filter(|(from, to, _)| !taken.contains(&(*from, *to)));
        none(
            &spare.map(|arrow| format!("{arrow:?}")).collect::<Vec<_>>(),
            "these arrows up are gone; forget them here:",
        );
    }
}

#[test]
fn crates_know_only_those_below() {
    for (manifest, stranger) in [
        ("kmip", "hsm"),
        ("kmip", "store"),
        ("kmip", "keyhold"),
        ("daemon/hsm", "store"),
        ("daemon/hsm", "keyhold"),
        ("daemon/store", "hsm"),
        ("daemon/store", "keyhold"),
        ("pkcs11", "hsm"),
        ("pkcs11", "store"),
        ("pkcs11", "keyhold"),
        ("pkcs11-provider", "hsm"),
        ("pkcs11-provider", "store"),
        ("pkcs11-provider", "openssl"),
    ] {
        let text = fs::read_to_string(root().join(manifest).join("Cargo.toml")).unwrap();
        let (_, needs) = text.split_once("[dependencies]").unwrap();
        let needs = needs.split("\n[").next().unwrap();
        let knows = needs.lines().any(|line| word(line) == stranger);
        assert!(!knows, "{manifest} depends on {stranger}");
    }
}
