//! The house's own rules: arrows, first lines, sizes, who may see secrets, where `unsafe` stands, samples that load.

mod arrows;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use keyhold_tests::programs::{keyhold, module, output, peer, root, text};

/// Every Rust file of the project below some folders, by its path from the root.
fn sources(folders: &[&str]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for folder in folders {
        collect(&root().join(folder), &mut found);
    }
    assert!(found.len() > 5, "{folders:?} hold hardly anything");
    found.sort();
    let relative = |path: PathBuf| path.strip_prefix(root()).unwrap().display().to_string();
    found
        .into_iter()
        .map(|path| (relative(path.clone()), fs::read_to_string(path).unwrap()))
        .collect()
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && path.file_name().is_some_and(|name| name != "target") {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

const SOURCES: &[&str] = &[
    "daemon/src",
    "daemon/hsm/src",
    "daemon/store/src",
    "kmip/src",
    "pkcs11/src",
    "pkcs11-provider/src",
];
const EVERYTHING: &[&str] = &["daemon", "kmip", "pkcs11", "pkcs11-provider", "tests"];

/// Fails with all that is wrong, not only with the first.
fn none(wrong: &[String], rule: &str) {
    assert!(wrong.is_empty(), "{rule}\n{}", wrong.join("\n"));
}

#[test]
fn each_file_says_its_one_job_first() {
    let silent = sources(EVERYTHING).into_iter().filter(|(_, text)| {
        let mut first = text.lines().take_while(|line| line.starts_with("//! "));
        !first.any(|line| line.ends_with(['.', ':', '?']))
    });
    let silent: Vec<_> = silent.map(|(path, _)| path).collect();
    none(
        &silent,
        "the first line of a file is a sentence after `//!` that says its one job; these have none:",
    );
}

/// Files that are tables, which are as long as what they list.
const TABLES: &[&str] = &[
    "daemon/hsm/tests/contract/vectors.rs",
    "kmip/src/vocabulary/enums.rs",
    "kmip/src/vocabulary/tag.rs",
    "kmip/tests/samples/fields.rs",
    "pkcs11-provider/src/abi/functions.rs",
];

/// Tests that are longer than they should be. This list only shrinks.
const LONG_TESTS: &[&str] = &["pkcs11-provider/tests/abi.rs"];

#[test]
fn files_are_no_longer_than_four_hundred_lines() {
    let mut excused: BTreeSet<_> = TABLES
        .iter()
        .chain(LONG_TESTS)
        .map(ToString::to_string)
        .collect();
    let mut long = Vec::new();
    for (path, text) in sources(EVERYTHING) {
        let lines = text.lines().count();
        if lines > 400 && !excused.remove(&path) {
            long.push(format!("{path}: {lines} lines"));
        }
    }
    none(&long, "files longer than 400 lines do more than one job:");
    let spare: Vec<_> = excused.into_iter().collect();
    none(&spare, "these are not long any more; forget them here:");
}

/// Files that may look into a `Secret`.
const EXPOSING: &[&str] = &[
    "daemon/hsm/src/derivation.rs",
    "daemon/hsm/src/encoding/ec.rs",
    "daemon/hsm/src/encoding/mod.rs",
    "daemon/hsm/src/encoding/pkcs12.rs",
    "daemon/hsm/src/encoding/post_quantum.rs",
    "daemon/hsm/src/encoding/prime.rs",
    "daemon/hsm/src/encoding/rsa.rs",
    "daemon/hsm/src/host/remote.rs",
    "daemon/hsm/src/host/wire.rs",
    "daemon/hsm/src/module/adopt.rs",
    "daemon/hsm/src/module/login.rs",
    "daemon/hsm/src/module/oaep.rs",
    "daemon/hsm/src/module/pairwise.rs",
    "daemon/hsm/src/module/probe/pairs.rs",
    "daemon/hsm/src/module/probe/secrets.rs",
    "daemon/hsm/src/module/reference.rs",
    "daemon/hsm/src/module/reject.rs",
    "daemon/hsm/src/module/sealing.rs",
    "daemon/hsm/src/module/template.rs",
    "daemon/hsm/src/padding.rs",
    "daemon/hsm/src/soft/aes.rs",
    "daemon/hsm/src/soft/chacha.rs",
    "daemon/hsm/src/soft/check.rs",
    "daemon/hsm/src/soft/derive.rs",
    "daemon/hsm/src/soft/hmac.rs",
    "daemon/hsm/src/soft/known/pairs.rs",
    "daemon/hsm/src/soft/known/secrets.rs",
    "daemon/hsm/src/soft/master/mod.rs",
    "daemon/hsm/src/soft/named.rs",
    "daemon/hsm/src/soft/pairwise.rs",
    "daemon/hsm/src/soft/plain.rs",
    "daemon/hsm/src/soft/seal.rs",
    "daemon/hsm/src/soft/triple_des.rs",
    "daemon/hsm/src/split/binary.rs",
    "daemon/hsm/src/split/mod.rs",
    "daemon/hsm/src/split/prime.rs",
    "daemon/hsm/src/transport.rs",
    "daemon/src/admin/protocol/words.rs",
    "daemon/src/audit/heads.rs",
    "daemon/src/cli/client.rs",
    "daemon/src/cli/setup.rs",
    "daemon/src/cli/user.rs",
    "daemon/src/directory.rs",
    "daemon/src/files.rs",
    "daemon/src/identity/otp.rs",
    "daemon/src/identity/ticket.rs",
    "daemon/src/identity/verifier.rs",
    "daemon/src/material/import.rs",
    "daemon/src/material/release.rs",
    "daemon/src/ops/account.rs",
    "daemon/src/ops/create.rs",
    "daemon/src/ops/derive/bases.rs",
    "daemon/src/ops/encrypt.rs",
    "daemon/src/ops/get.rs",
    "daemon/src/ops/hash.rs",
    "daemon/src/ops/mac.rs",
    "daemon/src/ops/parts/encrypt.rs",
    "daemon/src/ops/parts/hash.rs",
    "daemon/src/ops/parts/mac.rs",
    "daemon/src/ops/parts/sign.rs",
    "daemon/src/ops/pkcs11/cipher.rs",
    "daemon/src/ops/pkcs11/general.rs",
    "daemon/src/ops/pkcs11/mod.rs",
    "daemon/src/ops/pkcs11/sign.rs",
    "daemon/src/ops/pkcs11/tokens.rs",
    "daemon/src/ops/register/kinds.rs",
    "daemon/src/ops/register/mod.rs",
    "daemon/src/ops/sign.rs",
    "daemon/src/ops/split/create.rs",
    "daemon/src/ops/split/join.rs",
    "daemon/src/ops/split/mod.rs",
    "daemon/src/ops/wrapping/authentic.rs",
    "daemon/src/ops/wrapping/delivery.rs",
    "daemon/src/ops/wrapping/encryption.rs",
    "daemon/src/ops/wrapping/mod.rs",
    "daemon/src/pin.rs",
    "daemon/src/pki.rs",
    "daemon/src/secret_data.rs",
    "daemon/src/streams/stream.rs",
    "daemon/src/tls/material.rs",
    "daemon/src/whole.rs",
    "kmip/src/message/credential.rs",
    "kmip/src/ttlv/value.rs",
    "pkcs11-provider/src/operation/random.rs",
    "pkcs11-provider/src/operation/trip.rs",
    "pkcs11-provider/src/token.rs",
    "pkcs11/src/material.rs",
    "pkcs11/src/wrap.rs",
];

#[test]
fn secrets_are_exposed_only_where_they_must_be() {
    let exposing = sources(SOURCES).into_iter().filter(|(path, text)| {
        !path.ends_with("/tests.rs") && path != "kmip/src/secret.rs" && text.contains(".expose()")
    });
    let exposing: BTreeSet<_> = exposing.map(|(path, _)| path).collect();
    let listed: BTreeSet<_> = EXPOSING.iter().map(ToString::to_string).collect();
    let more: Vec<_> = exposing.difference(&listed).cloned().collect();
    none(
        &more,
        "these files open secrets with `expose()` and are not listed here; is there no other way?",
    );
    let fewer: Vec<_> = listed.difference(&exposing).cloned().collect();
    none(
        &fewer,
        "these files are listed and expose nothing any more:",
    );
}

/// Where `unsafe` may stand: at the C boundary, in what two libraries cannot say, and where tests call C.
const UNSAFE: &[&str] = &[
    "daemon/hsm/src/module/raw.rs",
    "daemon/hsm/src/soft/ffi.rs",
    "pkcs11-provider/src/abi/",
    "pkcs11-provider/tests/",
    "tests/faults/src/lib.rs",
    "tests/src/api/calls/",
];

#[test]
fn unsafe_stands_in_its_places_and_says_why() {
    let mut wrong = Vec::new();
    for (path, text) in sources(EVERYTHING) {
        let lines: Vec<_> = text.lines().map(str::trim).collect();
        for (at, line) in lines.iter().enumerate() {
            let code = line.split("//").next().unwrap();
            let forms = [
                "unsafe {",
                "unsafe fn",
                "unsafe impl",
                "unsafe extern",
                "unsafe trait",
                "unsafe(",
            ];
            // This very file names the forms.
            if path == "tests/tests/tidy/main.rs" || !forms.iter().any(|form| code.contains(form)) {
                continue;
            }
            if !UNSAFE.iter().any(|place| path.starts_with(place)) {
                wrong.push(format!("{path}:{}: {line}", at + 1));
            }
        }
    }
    none(&wrong, "`unsafe` stands outside of its places:");
}

#[test]
fn samples_load() {
    for entry in fs::read_dir(root().join("config")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        match name.as_str() {
            "keyhold.toml" => {
                let mut check = peer("env");
                check.arg(keyhold()).args(["check", "--config"]).arg(&path);
                // The files that it names are not on this machine; but every key in it must be known.
                let said = text(&output(&mut check).stderr);
                assert!(!said.contains("keyhold.toml:"), "{said}");
            }
            "pkcs11.toml" => {
                let mut tool = peer("pkcs11-tool");
                tool.env("KEYHOLD_PKCS11_CONFIG", &path)
                    .arg("--module")
                    .arg(module())
                    .arg("--show-info");
                keyhold_tests::programs::succeed(&mut tool);
            }
            // The daemon's own tests read it, and compare it with the policy that is built in.
            "policy.toml" => {}
            other => panic!("nothing tests the sample config/{other}"),
        }
    }
}
