//! Disks that do not answer: clients and probes are told in time, and the daemon goes on by itself.

use std::fs::File;

use kmip::{
    CryptographicAlgorithm, CryptographicUsageMask, ObjectType, V2_1,
    attribute::{Attribute, AttributeList, Name},
    client::{CallError, Client},
    payload::{
        create::{Create, CreateRequest},
        locate::{Locate, LocateRequest},
    },
};
use rusqlite::Connection;
use rustix::fs::{CWD, FileType, Mode, mknodat};

use crate::{
    harness::{BOTH, Daemon, eventually, keyhold},
    pages::get,
};

const READY: &str = "GET /readyz HTTP/1.1\r\n\r\n";
const METRICS: &str = "GET /metrics HTTP/1.1\r\n\r\n";

fn create(name: &str) -> CreateRequest {
    CreateRequest {
        object_type: ObjectType::SymmetricKey,
        attributes: AttributeList::from_iter(vec![
            Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
            Attribute::CryptographicLength(256),
            Attribute::CryptographicUsageMask(CryptographicUsageMask::Encrypt),
            Attribute::Name(Name::text(name)),
        ]),
        protection_storage_masks: None,
    }
}

#[test]
fn a_store_that_hangs_is_told_and_what_was_begun_is_done_when_it_answers() {
    let (_folder, daemon) = Daemon::fresh();
    let stream = daemon.ask(Some(&daemon.identity()), BOTH).unwrap();
    let mut client = Client::new(stream, V2_1, 1024 * 1024);
    client.call::<Create>(&create("before")).unwrap();
    // A lock that another program holds keeps the daemon's commits for up to ten seconds, as a disk may.
    let other = Connection::open(daemon.dir.join("keyhold.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let Err(CallError::Refused { message, .. }) = client.call::<Create>(&create("meanwhile"))
    else {
        panic!("it is not known what came of it");
    };
    let message = message.unwrap();
    assert!(message.contains("it is not known whether"), "{message}");
    eventually("the store is told to hang", || {
        let ready = get(daemon.metrics, READY);
        ready.contains(" 503 ") && ready.contains("store failed")
    });
    other.execute_batch("ROLLBACK").unwrap();

    eventually("the store is ready again", || {
        get(daemon.metrics, READY).contains("store ok")
            && get(daemon.metrics, METRICS).contains("keyhold_part_works{part=\"store\"} 1")
    });
    daemon.wait_for_log("what was not known of is done");
    let named = LocateRequest {
        attributes: AttributeList::from_iter(vec![Attribute::Name(Name::text("meanwhile"))]),
        ..LocateRequest::default()
    };
    let found = client.call::<Locate>(&named).unwrap();
    assert_eq!(found.unique_identifier.len(), 1);
    client.call::<Create>(&create("after")).unwrap();
}

#[test]
fn a_trail_that_hangs_is_told_and_keeps_no_other_vault() {
    let (_folder, daemon) = Daemon::fresh();
    // A pipe in the place of a vault's first file: who opens it waits until somebody reads it.
    let pipe = daemon.dir.join("audit/late.000001.jsonl");
    mknodat(CWD, &pipe, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    let asked = |arguments: &[&str]| {
        let mut command = keyhold();
        command.args(arguments).arg("--dir").arg(&daemon.dir);
        command
    };
    let made = asked(&["vault", "create", "late"]).output().unwrap();
    assert!(made.status.success(), "{made:?}");
    let mut stuck = asked(&["key", "create", "k", "--vault", "late", "--type", "aes-256"])
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    eventually("the trail is told to hang", || {
        let ready = get(daemon.metrics, READY);
        let told = ready.contains(" 503 ") && ready.contains("audit failed");
        told && get(daemon.metrics, METRICS).contains("keyhold_part_works{part=\"audit\"} 0")
    });
    let stream = daemon.ask(Some(&daemon.identity()), BOTH).unwrap();
    let mut client = Client::new(stream, V2_1, 1024 * 1024);
    client.call::<Create>(&create("elsewhere")).unwrap();
    // Whoever waits is let go; a pipe cannot be synced, so that no more can be asked of it.
    let _read = File::open(&pipe).unwrap();
    stuck.wait().unwrap();
}
