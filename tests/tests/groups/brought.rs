//! Keys that were elsewhere before: brought wrapped for a transport key that all members have, and adopted where all have them.

use std::fs;

use keyhold_tests::programs::{fail, peer};
use kmip::payload::encrypt::Encrypt;
use serde_json::Value;

use super::*;

fn json(appliance: &Appliance, words: &str) -> Value {
    let words = format!("--json {words}");
    let words: Vec<_> = words.split(' ').collect();
    serde_json::from_str(&succeed(&mut appliance.keyhold(&words))).unwrap()
}

fn refused(appliance: &Appliance, words: &str) -> String {
    let words: Vec<_> = words.split(' ').collect();
    fail(&mut appliance.keyhold(&words))
}

/// Wraps a new RSA key, by OpenSSL, and takes it over.
fn brings(appliance: &Appliance, name: &str, hash: &str) -> (String, String) {
    let script = format!(
        "openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out own.pem
         openssl pkcs8 -topk8 -nocrypt -in own.pem -outform DER -out own
         openssl rand 32 >between
         openssl pkeyutl -encrypt -pubin -inkey kek.pem -in between -pkeyopt rsa_padding_mode:oaep \
           -pkeyopt rsa_oaep_md:{hash} -pkeyopt rsa_mgf1_md:{hash} -out wrapped
         openssl enc -id-aes256-wrap-pad -iv A65959A6 -K $(od -An -v -tx1 between | tr -d ' \\n') \
           -in own >>wrapped"
    );
    let mut bash = peer("bash");
    succeed(
        bash.args(["-e", "-c", &script])
            .current_dir(appliance.scratch()),
    );
    let wrapped = appliance.scratch().join("wrapped");
    let made = json(
        appliance,
        &format!(
            "key import {name} --vault dev --type rsa-2048 --wrapped {} --with kek --active --hash {hash}",
            wrapped.display()
        ),
    );
    let of = |place: usize| made[place]["id"].as_str().unwrap().to_owned();
    (of(0), of(1))
}

/// So many objects are the same in both members, and the authority's key.
fn is_whole(appliance: &Appliance, objects: u64) {
    let (code, told) = drift(appliance);
    assert_eq!(
        (code, &told["compared"]),
        (Some(0), &(objects + 1).into()),
        "{told}"
    );
    assert!(told["orphans"].as_array().unwrap().is_empty(), "{told}");
}

#[test]
fn a_transport_key_is_in_all_members_and_is_copied_to_one_that_was_replaced() {
    let mut appliance = patient();
    let public = appliance.scratch().join("kek.pem");
    let kek = json(
        &appliance,
        &format!("key transport kek --vault dev --out {}", public.display()),
    );
    let hash = kek["hashes"][0].as_str().unwrap();
    let first = brings(&appliance, "first", hash);
    signs(&mut appliance.client(V2_1), &first);
    is_whole(&appliance, 2);

    for (label, member) in [(SECOND, "right"), (Token::LABEL, "left")] {
        appliance.stop(Signal::TERM);
        appliance.token().replace(label);
        appliance.restart();
        // What comes meanwhile comes by the other.
        let name = format!("while {member} is empty").replace(' ', "-");
        let key = brings(&appliance, &name, hash);
        signs(&mut appliance.client(V2_1), &key);
        let (code, told) = drift(&appliance);
        // The transport key, the first key and the authority's.
        assert_eq!(
            (code, &told["drifted_count"]),
            (Some(1), &3.into()),
            "{told}"
        );
        succeed(&mut appliance.keyhold(&["group", "repair", "pair"]));
        let (code, told) = drift(&appliance);
        assert_eq!(code, Some(0), "{told}");
        // The objects so far all are in this one only now.
        let revoked = json(&appliance, &format!("key revoke {name} --vault dev"));
        assert_eq!(revoked[0]["state"], "Deactivated", "{revoked}");
        json(&appliance, &format!("key destroy {name} --vault dev"));
    }
    is_whole(&appliance, 2);
    signs(&mut appliance.client(V2_1), &first);
    let last = brings(&appliance, "last", hash);
    signs(&mut appliance.client(V2_1), &last);
    json(&appliance, "key revoke kek --vault dev");
    json(&appliance, "key destroy kek --vault dev");
    is_whole(&appliance, 2);
    succeed(&mut appliance.keyhold(&["audit", "verify"]));
}

#[test]
fn a_transport_key_that_a_member_does_not_take_is_in_none() {
    let appliance = patient();
    for fault in ["C_UnwrapKey code 5", "C_WrapKey code 5"] {
        appliance.token().fail(Some(fault));
        // Whoever has its turn begins.
        for _ in 0..2 {
            refused(&appliance, "key transport kek --vault dev");
        }
        appliance.token().fail(None);
        until("taking it back", || state(&appliance, "left").is_none());
    }
    let keys = json(&appliance, "key list --vault dev");
    assert_eq!(keys["total"], 0, "{keys}");
    is_whole(&appliance, 0);
}

/// Puts a key of somebody else's into a member's token.
fn put(appliance: &Appliance, label: &str, id: &str, name: &str, bytes: &[u8]) {
    let file = appliance.scratch().join("own key");
    fs::write(&file, bytes).unwrap();
    let kind = ["--type", "secrkey", "--key-type", "AES:32", "--label", name];
    let mut tool = appliance.token().tool_on(label, &kind);
    tool.args(["--id", id, "--sensitive", "--usage-decrypt"]);
    succeed(tool.arg("--write-object").arg(&file));
}

/// Somebody puts another key in the place of an adopted one, in one member.
fn is_told_when_it_is_another(appliance: &mut Appliance) {
    appliance.stop(Signal::TERM);
    let gone = ["--delete-object", "--type", "secrkey", "--id", "a1"];
    succeed(&mut appliance.token().tool_on(SECOND, &gone));
    put(appliance, SECOND, "a1", "own", &[9; 32]);
    appliance.restart();
    let (code, told) = drift(appliance);
    assert_eq!((code, &told["drifted_count"]), (Some(1), &1.into()));
    let own = &told["drifted"][0];
    assert_eq!(
        own["members"],
        serde_json::json!(["different", "different"])
    );
    let repair = ["group", "repair", "pair", "--from", "left", "--json"];
    let repaired = output(&mut appliance.keyhold(&repair));
    let told: Value = serde_json::from_slice(&repaired.stdout).unwrap();
    assert_eq!(repaired.status.code(), Some(1), "{told}");
    let why = told["drifted"][0]["why"].as_str().unwrap();
    assert!(why.contains("may not leave"), "{why}");
}

#[test]
fn a_key_that_all_members_have_is_adopted_and_no_other() {
    let mut appliance = patient();
    for (label, other) in [(Token::LABEL, 3), (SECOND, 4)] {
        put(&appliance, label, "a1", "files", &[1; 32]);
        put(&appliance, label, "a2", "different", &[other; 32]);
    }
    put(&appliance, SECOND, "a3", "alone", &[5; 32]);
    let told = json(&appliance, "key adopt --vault dev --list");
    let trouble = |id: &str| {
        let mut all = told.as_array().unwrap().iter();
        let own = all.find(|own| own["id"] == id).unwrap();
        own["trouble"].as_str().map(str::to_owned)
    };
    assert_eq!((trouble("a1"), trouble("a2")), (None, None), "{told}");
    assert!(trouble("a3").unwrap().contains("left lacks it"), "{told}");
    let said = refused(&appliance, "key adopt --vault dev --label alone");
    assert!(said.contains("left lacks it"), "{said}");
    let said = refused(&appliance, "key adopt --vault dev --label different");
    assert!(said.contains("different keys"), "{said}");

    let made = json(
        &appliance,
        "key adopt --vault dev --label files --name own --relabel --active",
    );
    let key = made[0]["id"].as_str().unwrap();
    let said = refused(&appliance, "key adopt --vault dev --id a1");
    assert!(said.contains("adopted already"), "{said}");
    let encrypts = |appliance: &Appliance| {
        let client = &mut appliance.client(V2_1);
        for _ in 0..4 {
            client.call::<Encrypt>(&encryption(key, b"of a file"));
        }
    };
    encrypts(&appliance);
    let (code, told) = drift(&appliance);
    // The key and the authority's.
    assert_eq!((code, &told["compared"]), (Some(0), &2.into()), "{told}");
    // What was adopted is nobody's orphan, and the rest is told.
    let ids = |told: &Value| {
        let all = told["orphans"].as_array().unwrap().iter();
        let mut all: Vec<_> = all.map(|own| own["id"].clone()).collect();
        all.sort_by_key(Value::to_string);
        all
    };
    assert_eq!(ids(&told), ["a2", "a2", "a3"], "{told}");
    appliance.restart();
    encrypts(&appliance);
    is_told_when_it_is_another(&mut appliance);

    // What one member has lost, no other can give it.
    appliance.stop(Signal::TERM);
    appliance.token().replace(SECOND);
    appliance.restart();
    encrypts(&appliance);
    let repair = ["group", "repair", "pair", "--json"];
    let repaired = output(&mut appliance.keyhold(&repair));
    let told: Value = serde_json::from_slice(&repaired.stdout).unwrap();
    assert_eq!(repaired.status.code(), Some(1), "{told}");
    let why = told["drifted"][0]["why"].as_str().unwrap();
    assert!(why.contains("may not leave"), "{why}");
    json(&appliance, "key revoke own --vault dev");
    json(&appliance, "key destroy own --vault dev");
    let list = ["--list-objects", "--type", "secrkey"];
    let left = succeed(&mut appliance.token().tool_on(Token::LABEL, &list));
    assert!(!left.contains("label:      own"), "{left}");
}
