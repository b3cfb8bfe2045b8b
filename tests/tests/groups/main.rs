//! A vault on two SoftHSM2 tokens that have the same keys: one of them fails under load, loses keys, is replaced; keys come
//! wrapped, and are adopted; and what is in the tokens beside that is told.

mod brought;
mod orphans;

use std::{
    fs,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::{scope, sleep},
    time::{Duration, Instant},
};

use keyhold_tests::{
    Appliance, Client, Token,
    objects::*,
    programs::{output, succeed},
};
use kmip::{
    HashingAlgorithm, KeyFormatType, PaddingMethod, RecommendedCurve, SecretDataType, V2_1,
    ValidityIndicator,
    attribute::CryptographicParameters,
    payload::{
        create::{Create, CreateRequest},
        get::Get,
        sign::{Sign, SignRequest, SignatureVerify, SignatureVerifyRequest},
    },
    ttlv::Bytes,
};
use rustix::process::Signal;

const MESSAGE: &[u8] = b"right or not at all";
const SECOND: &str = Appliance::SECOND;
const P256: Pair = Pair::Ec(RecommendedCurve::P256, 256);

/// How long the left member's process may take to answer.
const WAIT: Duration = Duration::from_secs(2);
/// How soon a member is to be back.
const HEALED: Duration = Duration::from_secs(5);

fn appliance() -> Appliance {
    Appliance::on_a_group(WAIT)
}

/// The same for what has no hurry: on a busy machine a pair of RSA takes long to be made.
fn patient() -> Appliance {
    Appliance::on_a_group(Duration::from_secs(30))
}

fn signs(client: &mut Client, key: &(String, String)) {
    signs_by(client, key, Some(PaddingMethod::PKCS1V15));
}

fn signs_by(
    client: &mut Client,
    (private, public): &(String, String),
    padding_method: Option<PaddingMethod>,
) {
    let parameters = Some(CryptographicParameters {
        padding_method,
        hashing_algorithm: Some(HashingAlgorithm::SHA256),
        ..CryptographicParameters::default()
    });
    let signed = client.call::<Sign>(&SignRequest {
        unique_identifier: id(private),
        cryptographic_parameters: parameters.clone(),
        data: Some(MESSAGE.into()),
        ..SignRequest::default()
    });
    let verified = client.call::<SignatureVerify>(&SignatureVerifyRequest {
        unique_identifier: id(public),
        cryptographic_parameters: parameters,
        data: Some(MESSAGE.into()),
        signature_data: Some(Bytes(signed.signature_data.unwrap().0)),
        ..SignatureVerifyRequest::default()
    });
    assert_eq!(verified.validity_indicator, Some(ValidityIndicator::Valid));
}

/// What `keyhold group list` says of a member.
fn state(appliance: &Appliance, member: &str) -> Option<String> {
    let told = succeed(&mut appliance.keyhold(&["group", "list", "--json"]));
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    let members = told[0]["members"].as_array().unwrap();
    let own = members.iter().find(|own| own["name"] == member).unwrap();
    own["problem"].as_str().map(str::to_owned)
}

fn until(what: &str, is_so: impl Fn() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(
            began.elapsed() < HEALED,
            "{what} takes longer than {HEALED:?}"
        );
        sleep(Duration::from_millis(50));
    }
}

fn metric(appliance: &Appliance, name: &str, member: &str) -> u64 {
    let (_, page) = appliance.page("/metrics");
    let line = page
        .lines()
        .find(|line| line.starts_with(name) && line.contains(&format!("member={member:?}")));
    let number = line.and_then(|line| line.split(' ').next_back());
    number.map_or(0, |number| number.parse::<f64>().unwrap() as u64)
}

#[test]
fn a_member_that_dies_or_hangs_under_load_costs_no_client_an_answer() {
    let appliance = appliance();
    let key = create_pair(&mut appliance.client(V2_1), Pair::Rsa(2048), locked());
    let is_over = AtomicBool::new(false);
    let (done, longest) = (AtomicUsize::new(0), Mutex::new(Duration::ZERO));
    let left_out = || metric(&appliance, "keyhold_group_left_out_total", "left");
    scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut client = appliance.client(V2_1);
                while !is_over.load(Ordering::SeqCst) {
                    let began = Instant::now();
                    signs(&mut client, &key);
                    let mut longest = longest.lock().unwrap();
                    *longest = longest.max(began.elapsed());
                    done.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        // Whatever fails in here ends the others too.
        let _ended = Ended(&is_over);
        let serves = || {
            let before = done.load(Ordering::SeqCst);
            until("service", || done.load(Ordering::SeqCst) > before + 20);
        };
        serves();
        for fault in ["crash", "hang once", "code 48"] {
            let before = left_out();
            appliance.token().fail(Some(&format!("C_Sign {fault}")));
            until("leaving it out", || left_out() > before);
            serves();
            appliance.token().fail(None);
            until("taking it back", || state(&appliance, "left").is_none());
            serves();
        }
        // A wrong signature is held back, and the other makes a right one.
        appliance.token().fail(Some("C_Sign flip"));
        serves();
        appliance.token().fail(None);
    });
    let longest = *longest.lock().unwrap();
    assert!(longest < WAIT * 2, "{longest:?}");
    assert!(metric(&appliance, "keyhold_group_taken_back_total", "left") >= 3);
    assert_eq!(
        metric(&appliance, "keyhold_group_left_out_total", "right"),
        0
    );
    until("measuring", || {
        metric(&appliance, "keyhold_group_member_up", "left") == 1
            && metric(&appliance, "keyhold_group_calls_total", "right") > 60
    });
    let logged = appliance.logged();
    assert!(
        logged.contains("a member of the group is left out"),
        "{logged}"
    );
    let told = succeed(&mut appliance.keyhold(&["status"]));
    assert!(told.contains("hsm pair/left"), "{told}");
}

#[test]
fn what_a_member_does_not_take_is_made_nowhere() {
    let appliance = appliance();
    let client = &mut appliance.client(V2_1);
    let count = |label: &str| {
        let secrets = ["--list-objects", "--type", "secrkey"];
        let mut tool = appliance.token().tool_on(label, &secrets);
        succeed(&mut tool).matches("Object;").count()
    };
    let objects = || [Token::LABEL, SECOND].map(count);
    let keys = || {
        let list = ["key", "list", "--vault", "dev"];
        succeed(&mut appliance.keyhold(&list)).lines().count()
    };
    let create = |client: &mut Client| {
        client.try_call::<Create>(&CreateRequest {
            object_type: kmip::ObjectType::SymmetricKey,
            attributes: list(aes(256, CIPHER).into_iter().chain(locked())),
            protection_storage_masks: None,
        })
    };
    // The members' own keys are there from the first ones on.
    for _ in 0..4 {
        create(client).unwrap();
    }
    let before = (objects(), keys());
    for (fault, tries) in [
        ("C_UnwrapKey code 5", 2),
        ("C_WrapKey code 5", 2),
        ("C_UnwrapKey crash", 2),
        ("C_WrapKey hang once", 1),
    ] {
        appliance.token().fail(Some(fault));
        // Whoever has its turn begins.
        for _ in 0..tries {
            let made = create(client);
            assert!(made.is_err(), "{fault}");
        }
        appliance.token().fail(None);
        until("taking it back", || state(&appliance, "left").is_none());
        // What a member was at when it was left out is undone once it is back.
        until(&format!("{fault} to leave nothing"), || {
            (objects(), keys()) == before
        });
    }
    create(client).unwrap();
    assert_eq!(objects(), before.0);
}

#[test]
fn an_empty_member_is_filled_though_the_daemon_is_killed() {
    let mut appliance = patient();
    let client = &mut appliance.client(V2_1);
    let pair = create_pair(client, Pair::Rsa(2048), locked());
    for _ in 0..KEYS {
        create(client, aes(256, CIPHER).into_iter().chain(locked()));
    }
    let open = create_active(client, aes(128, CIPHER));
    let secret = secret_object(SecretDataType::Password, KeyFormatType::Raw, b"a secret");
    let data = register(client, secret, []);
    let values = [&open, &data].map(|own| client.call::<Get>(&get(own)));
    let are_given = |client: &mut Client| {
        let now = [&open, &data].map(|own| client.call::<Get>(&get(own)));
        assert!(now == values);
    };
    let (code, told) = drift(&appliance);
    assert_eq!(code, Some(0), "{told}");
    // The pair's private key, the locked keys, the one that may leave, the data, and the authority's key.
    let all = u64::try_from(KEYS).unwrap() + 4;
    assert_eq!(told["compared"], all, "{told}");

    appliance.stop(Signal::TERM);
    appliance.token().replace(SECOND);
    appliance.restart();
    let client = &mut appliance.client(V2_1);
    for _ in 0..4 {
        signs(client, &pair);
        are_given(client);
    }
    is_missing_in_the_right(&appliance, all);

    let mut repairing = appliance.keyhold(&["group", "repair", "pair"]);
    let mut repairing = repairing.spawn().unwrap();
    // The trail is told before the store is.
    while repaired(&appliance) < 3 {
        sleep(Duration::from_millis(5));
    }
    appliance.kill();
    let _ = repairing.wait().unwrap();
    appliance.restart();
    let client = &mut appliance.client(V2_1);
    signs(client, &pair);
    let (_, told) = drift(&appliance);
    let left = told["drifted_count"].as_u64().unwrap();
    assert!((1..all).contains(&left), "{left} of {all}");
    let repair = ["group", "repair", "pair", "--from", "left"];
    let told = succeed(&mut appliance.keyhold(&repair));
    assert!(told.contains("are repaired"), "{told}");
    let (code, told) = drift(&appliance);
    assert_eq!(code, Some(0), "{told}");
    tells_what_belongs_to_no_object(&appliance, &told);

    // What was filled serves alone.
    appliance.token().fail(Some("C_Sign crash"));
    for _ in 0..4 {
        signs(client, &pair);
    }
    for _ in 0..2 {
        certify(client, &pair.1);
    }
    assert!(state(&appliance, "left").is_some());
    are_given(client);
    appliance.token().fail(None);
    succeed(&mut appliance.keyhold(&["audit", "verify"]));
}

/// So many objects are in the left member alone, the key of the vault's authority among them.
fn is_missing_in_the_right(appliance: &Appliance, all: u64) {
    let (code, told) = drift(appliance);
    assert_eq!((code, &told["drifted_count"]), (Some(1), &all.into()));
    let drifted = told["drifted"].as_array().unwrap();
    for own in drifted {
        assert_eq!(own["members"], serde_json::json!(["same", "missing"]));
        assert_eq!(own["vault"], "dev");
    }
    assert!(drifted.iter().any(|own| own["name"] == "authority"));
}

/// A key that somebody else makes in a member's token.
fn tells_what_belongs_to_no_object(appliance: &Appliance, told: &serde_json::Value) {
    assert!(told["orphans"].as_array().unwrap().is_empty(), "{told}");
    let stray = ["--keygen", "--key-type", "AES:32", "--label", "stray"];
    let mut tool = appliance.token().tool_on(SECOND, &stray);
    succeed(tool.args(["--id", "0102", "--sensitive"]));
    let (_, told) = drift(appliance);
    let orphans = serde_json::json!([
        { "member": "right", "id": "0102", "label": "stray", "kind": "aes-256" }
    ]);
    assert_eq!(told["orphans"], orphans);
}

/// What `keyhold group drift` says, and how it ends.
fn drift(appliance: &Appliance) -> (Option<i32>, serde_json::Value) {
    let found = output(&mut appliance.keyhold(&["group", "drift", "pair", "--json"]));
    let told = serde_json::from_slice(&found.stdout).unwrap();
    (found.status.code(), told)
}

/// How many objects were repaired by now, as the trail has it.
fn repaired(appliance: &Appliance) -> usize {
    let trail = fs::read_dir(appliance.file("audit")).unwrap();
    let texts = trail.map(|file| fs::read_to_string(file.unwrap().path()).unwrap_or_default());
    let repairs = texts.map(|text| text.matches("group.repair.object").count());
    repairs.sum()
}

#[test]
fn a_member_has_no_vaults_and_a_group_no_objects_of_a_token() {
    let mut appliance = patient();
    for (arguments, why) in [
        (
            &["vault", "create", "v", "--backend", "left"][..],
            "there is no backend \"left\"",
        ),
        (
            &["vault", "set", "dev", "--custody", "resident"],
            "keep no keys as objects of their own",
        ),
        (
            &["group", "drift", "left"],
            "there is no group \"left\"; there is: pair",
        ),
        (
            &["group", "repair", "pair", "--from", "middle"],
            "has no member \"middle\"",
        ),
    ] {
        let refused = output(&mut appliance.keyhold(arguments));
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert_eq!(refused.status.code(), Some(1), "{arguments:?}: {said}");
        assert!(said.contains(why), "{arguments:?}: {said}");
    }
    let checked = succeed(&mut appliance.keyhold(&["check"]));
    assert!(checked.contains("group pair can:"), "{checked}");

    // One that is not there when the daemon starts is left out, and the other serves.
    let client = &mut appliance.client(V2_1);
    let pair = create_pair(client, P256, locked());
    appliance.stop(Signal::TERM);
    appliance.token().fail(Some("C_OpenSession code 48"));
    appliance.restart();
    let client = &mut appliance.client(V2_1);
    signs_by(client, &pair, None);
    assert!(state(&appliance, "left").is_some());
    assert_eq!(appliance.page("/readyz").0, 200);
    let status = output(&mut appliance.keyhold(&["status"]));
    assert_eq!(status.status.code(), Some(1), "somebody must look at it");
    appliance.token().fail(None);
    until("taking it in", || state(&appliance, "left").is_none());
    create(client, aes(256, CIPHER).into_iter().chain(locked()));
}

const KEYS: usize = 40;

/// Ends the load when it goes.
struct Ended<'a>(&'a AtomicBool);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}
