//! Keys in the members' tokens that belong to no object: told, and destroyed only where they were this Keyhold's.

use keyhold_tests::programs::{fail, run_python};
use kmip::payload::encrypt::Encrypt;
use serde_json::{Value, json};

use super::*;

/// An appliance on a group, whose left token is also an HSM by itself, with a vault of objects of the token.
fn with_residents() -> Appliance {
    let mut appliance = patient();
    appliance.stop(Signal::TERM);
    let path = appliance.file("keyhold.toml");
    let before = fs::read_to_string(&path).unwrap();
    let own = format!(
        "{before}\n[[backend]]\nname = \"own\"\nkind = \"module\"\npath = {:?}\ntoken = {:?}\npin_file = \"token.pin\"\n",
        Token::library(),
        Token::LABEL
    );
    fs::write(&path, own).unwrap();
    appliance.restart();
    let create = ["vault", "create", "residents", "--backend", "own"];
    succeed(&mut appliance.keyhold(&create));
    appliance
}

fn told(appliance: &Appliance, words: &str) -> Value {
    let words = format!("--json {words}");
    let words: Vec<_> = words.split(' ').collect();
    serde_json::from_str(&succeed(&mut appliance.keyhold(&words))).unwrap()
}

fn resident(appliance: &Appliance, name: &str) -> String {
    let words = format!("key create {name} --vault residents --type aes-256 --locked --active");
    let made = told(appliance, &words);
    made[0]["id"].as_str().unwrap().to_owned()
}

/// Waits until the daemon has looked at every key that it was making: what comes under the identifier of one that is destroyed
/// meanwhile is taken for what is left of that.
fn looked_at(appliance: &Appliance) {
    const LEFT: &str = "import sqlite3, sys
store = sqlite3.connect('file:' + sys.argv[1] + '?mode=ro', uri=True)
print(store.execute('SELECT count(*) FROM doubt').fetchone()[0])";
    let store = appliance.file("keyhold.db").display().to_string();
    let began = Instant::now();
    while run_python(LEFT, &[&store]) != "0" {
        assert!(began.elapsed() < Duration::from_secs(30));
        sleep(Duration::from_millis(200));
    }
}

/// Puts a key into the left token, as from a backup of the token's own.
fn put(appliance: &Appliance, kind: &str, id: &str, label: &str) {
    let words = ["--keygen", "--key-type", kind, "--label", label];
    let mut tool = appliance.token().tool_on(Token::LABEL, &words);
    succeed(tool.args(["--id", &hex::encode(id), "--sensitive"]));
}

fn labels(appliance: &Appliance) -> Vec<&'static str> {
    let list = ["--list-objects", "--type", "secrkey"];
    let told = succeed(&mut appliance.token().tool_on(Token::LABEL, &list));
    let known = ["back", "moved", "shorter", "stranger", "living"];
    let is_there = |label: &&str| told.contains(&format!("label:      {label}\n"));
    known.into_iter().filter(is_there).collect()
}

#[test]
fn what_was_this_keyholds_is_destroyed_and_nothing_else() {
    let appliance = with_residents();
    let client = &mut appliance.client(V2_1);
    resident(&appliance, "living");
    let [back, shorter] = ["back", "shorter"].map(|name| {
        let id = resident(&appliance, name);
        told(&appliance, &format!("key revoke {name} --vault residents"));
        told(&appliance, &format!("key destroy {name} --vault residents"));
        id
    });
    let moved = create_active(client, aes(256, CIPHER).into_iter().chain(locked()));
    looked_at(&appliance);
    put(&appliance, "AES:32", &back, "back");
    put(&appliance, "AES:32", &moved, "moved");
    // No such key was ever this daemon's.
    put(&appliance, "AES:16", &shorter, "shorter");
    put(&appliance, "AES:32", "somebody else's", "stranger");
    let everything = ["back", "moved", "shorter", "stranger", "living"];
    assert_eq!(labels(&appliance), everything);

    let found = told(&appliance, "group repair pair --orphans");
    let mut why: Vec<_> = found
        .as_array()
        .unwrap()
        .iter()
        .map(|own| (own["label"].clone(), own["was_own"].clone()))
        .collect();
    why.sort_by_key(|(label, _)| label.to_string());
    let expected = [
        (json!("back"), json!("its object is destroyed")),
        (json!("moved"), json!("its object's key is kept elsewhere")),
        (json!("shorter"), Value::Null),
        (json!("stranger"), Value::Null),
    ];
    assert_eq!(why, expected);
    let (_, drifted) = drift(&appliance);
    assert_eq!(drifted["orphans"], found);

    // Nobody is there to be asked.
    let words = ["group", "repair", "pair", "--orphans"];
    let said = fail(&mut appliance.keyhold(&words));
    assert!(said.contains("say --yes"), "{said}");
    assert_eq!(labels(&appliance), everything);

    let gone = told(&appliance, "group repair pair --orphans --yes");
    assert_eq!(gone.as_array().unwrap().len(), 2, "{gone}");
    assert_eq!(labels(&appliance), ["shorter", "stranger", "living"]);
    let again = told(&appliance, "group repair pair --orphans --yes");
    assert_eq!(again, json!([]));
    client.call::<Encrypt>(&encryption(&moved, b"still there"));
    let trail = fs::read_dir(appliance.file("audit")).unwrap();
    let texts = trail.map(|file| fs::read_to_string(file.unwrap().path()).unwrap_or_default());
    let all: String = texts.collect();
    assert_eq!(all.matches("\"group.orphan.destroy\"").count(), 2);
    assert!(all.contains("in left of pair: its object is destroyed"));
    succeed(&mut appliance.keyhold(&["audit", "verify"]));
}

#[test]
fn a_repair_that_was_killed_leaves_nothing_in_the_token() {
    let mut appliance = patient();
    let mut client = appliance.client(V2_1);
    let key = create_active(&mut client, aes(256, CIPHER).into_iter().chain(locked()));
    appliance.stop(Signal::TERM);
    appliance.token().replace(Token::LABEL);
    appliance.restart();
    // The left member's pair for what comes, the key between, and the key itself: each is made, and nobody is told.
    for function in ["C_GenerateKeyPair", "C_UnwrapKey", "C_WrapKey"] {
        let fault = format!("{function} hang-after once");
        appliance.token().fail(Some(&fault));
        let mut repairing = appliance.keyhold(&["group", "repair", "pair"]);
        let mut repairing = repairing.spawn().unwrap();
        until(function, || appliance.token().has_done());
        appliance.kill();
        let _ = repairing.wait().unwrap();
        appliance.restart();
        let (code, told) = drift(&appliance);
        assert_eq!(
            (code, &told["orphans"]),
            (Some(1), &json!([])),
            "{function}"
        );
    }
    succeed(&mut appliance.keyhold(&["group", "repair", "pair"]));
    let (code, told) = drift(&appliance);
    assert_eq!((code, &told["orphans"]), (Some(0), &json!([])), "{told}");
    // Its keys for sealing and for wrapping, and the pair.
    assert_eq!(appliance.token().count(), 3);
    let mut client = appliance.client(V2_1);
    for _ in 0..4 {
        client.call::<Encrypt>(&encryption(&key, b"still there"));
    }
}
