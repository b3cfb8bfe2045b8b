//! Administration, against a service in this process: what is done, what is refused, and what the trail says of it.

use std::{collections::BTreeMap, fs, os::unix::fs::PermissionsExt, path::Path, sync::Arc};

use hsm::soft::{Master, SoftHsm};
use keyhold::{
    admin::{
        Admin, BackupFile, Parts,
        manifest::Entry,
        protocol::{
            Answer, BackupCreate, Call, Class, ClientEnroll, ClientIssue, ClientList, ClientRevoke,
            Command, KeyActivate, KeyCreate, KeyDestroy, KeyList, KeyRevoke, KeyShow, PinChange,
            Profile, Refused, SecretText, Status, VaultCreate, VaultFacts, VaultList, VaultSet,
            VaultShow,
        },
    },
    audit::{FileTrail, Options, Tail, Verification},
    clock::Clock,
    directory::Directory,
    identity::{Admissions, Caller, CertificateFacts, Peer},
    pki::Authority,
    policy::Policy,
    service::{Limits, Service},
};
use kmip::{Secret, ttlv::Timestamp};
use store::{SqliteStore, Store};

/// An appliance without a network.
struct Appliance {
    folder: tempfile::TempDir,
    admin: Admin,
    service: Arc<Service>,
    trail: Arc<FileTrail>,
}

const ADMINISTRATOR: u32 = 4_242;

fn appliance() -> Appliance {
    let folder = tempfile::tempdir().unwrap();
    let now = Timestamp(1_700_000_000);
    let options = store::Options::default();
    let store = SqliteStore::open(&folder.path().join("keyhold.db"), &options).unwrap();
    let store: Arc<dyn Store> = Arc::new(store);
    let trail = FileTrail::open(&folder.path().join("audit"), Options::default());
    let trail = Arc::new(trail.unwrap());
    let clock = Arc::new(Clock::fixed(now));
    let soft = SoftHsm::new(Master::ephemeral().unwrap(), 100);
    let backends: BTreeMap<String, Arc<dyn hsm::Hsm>> =
        BTreeMap::from([("embedded".to_owned(), Arc::new(soft) as Arc<dyn hsm::Hsm>)]);
    let service = Arc::new(Service::new(keyhold::service::Parts {
        directory: Arc::new(Directory::load(store.clone()).unwrap()),
        store,
        backends,
        trail: trail.clone(),
        clock: clock.clone(),
        policy: Policy::default(),
        admissions: Admissions::default(),
        limits: Limits::default(),
    }));
    fs::write(folder.path().join("master.key"), "sealed").unwrap();
    let admin = Admin::new(Parts {
        service: service.clone(),
        trail: trail.clone(),
        clock,
        authority: Some(Authority::create(folder.path(), "test", now).unwrap()),
        administrators: vec![ADMINISTRATOR],
        files: vec![
            BackupFile {
                name: "keys/master.key".to_owned(),
                path: folder.path().join("master.key"),
                is_optional: false,
            },
            BackupFile {
                name: "ca.crl".to_owned(),
                path: folder.path().join("ca.crl"),
                is_optional: true,
            },
        ],
        left_out: vec!["other.key".to_owned()],
        store_file: "keyhold.db".to_owned(),
    });
    Appliance {
        folder,
        admin,
        service,
        trail,
    }
}

impl Appliance {
    fn ask_as<C: Command>(&self, uid: u32, command: C) -> Result<C::Reply, Refused> {
        let call = Call {
            command: C::NAME.to_owned(),
            arguments: command,
        };
        let line = serde_json::to_string(&call).unwrap();
        let answer = self.admin.answer(uid, &line);
        assert!(!answer.contains('\n'), "one line");
        match serde_json::from_str(&answer).unwrap() {
            Answer::Done(reply) => Ok(reply),
            Answer::Refused(refused) => Err(refused),
        }
    }

    fn ask<C: Command>(&self, command: C) -> Result<C::Reply, Refused> {
        self.ask_as(ADMINISTRATOR, command)
    }

    fn vault(&self, name: &str, class: Class) -> VaultFacts {
        self.ask(VaultCreate {
            name: name.to_owned(),
            backend: None,
            class,
            profile: Profile::Compatible,
            user_pin: Some(SecretText(Secret::from(&b"1234"[..]))),
            so_pin: None,
        })
        .unwrap()
    }

    fn key(&self, name: &str, spec: &str) -> KeyCreate {
        KeyCreate {
            vault: "dev".to_owned(),
            name: name.to_owned(),
            spec: spec.to_owned(),
            class: None,
            usage: Vec::new(),
            active: false,
        }
    }

    /// The trail's records: stream, operation, object, outcome.
    fn records(&self) -> Vec<(String, String, String, String)> {
        let mut records = Vec::new();
        let mut tail = Tail::new(self.trail.directory(), None);
        let own =
            |text: Option<std::borrow::Cow<'static, str>>| text.unwrap_or_default().into_owned();
        tail.read(|record| {
            records.push((
                own(Some(record.stream)),
                own(Some(record.operation)),
                own(record.object),
                own(Some(record.outcome)),
            ));
        })
        .unwrap();
        records
    }

    fn count(&self, stream: &str, operation: &str, outcome: &str) -> usize {
        self.records()
            .iter()
            .filter(|(own, op, _, out)| own == stream && op == operation && out == outcome)
            .count()
    }
}

impl Drop for Appliance {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        self.trail.sync().unwrap();
        let text = fs::read_dir(self.trail.directory())
            .unwrap()
            .map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap())
            .collect::<String>();
        for secret in ["1234\"", "97531", "PRIVATE KEY"] {
            assert!(!text.contains(secret), "{secret} is in the trail");
        }
        let verification = Verification {
            directory: self.trail.directory(),
            key: None,
            archived: false,
            progress: &|_| {},
        };
        let report = verification.run().unwrap();
        assert!(report.is_sound(), "{report:?}");
    }
}

#[test]
fn vaults_are_made_changed_and_told() {
    let own = appliance();
    let made = own.vault("dev", Class::Locked);
    assert_eq!(
        (made.backend.as_str(), made.class),
        ("embedded", Class::Locked)
    );
    assert!(made.has_user_pin && !made.has_so_pin);
    assert_eq!(made.created, "2023-11-14T22:13:20Z");
    let pin = |text: &[u8]| Some(PinChange::Set(SecretText(Secret::from(text))));
    let changed = own
        .ask(VaultSet {
            name: "dev".to_owned(),
            class: Some(Class::Releasable),
            profile: Some(Profile::Strict),
            user_pin: Some(PinChange::Clear),
            so_pin: pin(b"97531246"),
        })
        .unwrap();
    assert_eq!(
        (changed.class, changed.profile),
        (Class::Releasable, Profile::Strict)
    );
    assert!(!changed.has_user_pin && changed.has_so_pin);
    let right = Secret::from(&b"97531246"[..]);
    let now = Timestamp(0);
    own.service
        .directory()
        .verify_pin("dev", "so", &right, now)
        .unwrap();
    assert_eq!(own.ask(VaultList {}).unwrap(), [changed.clone()]);
    let shown = own
        .ask(VaultShow {
            name: "dev".to_owned(),
        })
        .unwrap();
    assert_eq!(shown.objects, Some(0));
    assert_eq!(own.count("appliance", "vault.create", "Success"), 1);
    assert_eq!(own.count("dev", "vault.set", "Success"), 1);
}

#[test]
fn unfit_vaults_are_refused_and_recorded() {
    let own = appliance();
    own.vault("dev", Class::Releasable);
    let create = |name: &str, backend: Option<&str>, pin: &[u8]| {
        own.ask(VaultCreate {
            name: name.to_owned(),
            backend: backend.map(str::to_owned),
            class: Class::Releasable,
            profile: Profile::Compatible,
            user_pin: Some(SecretText(Secret::from(pin))),
            so_pin: None,
        })
        .unwrap_err()
    };
    assert_eq!(create("dev", None, b"1234").fault, "NameTaken");
    for name in ["", "appliance", "a/b", ".x", "a\nb", " a", &"x".repeat(33)] {
        assert_eq!(
            create(name, None, b"1234").fault,
            "InvalidField",
            "{name:?}"
        );
    }
    let refused = create("new", Some("luna"), b"1234");
    assert!(
        refused.message.contains("there is: embedded"),
        "{refused:?}"
    );
    let refused = create("new", None, b"12");
    assert!(refused.message.contains("4 to 255"), "{refused:?}");
    assert_eq!(own.count("appliance", "vault.create", "InvalidField"), 9);
    assert_eq!(own.count("appliance", "vault.create", "NameTaken"), 1);
    assert_eq!(own.ask(VaultList {}).unwrap().len(), 1);
}

#[test]
fn only_administrators_are_answered() {
    let own = appliance();
    for uid in [0, 1_000] {
        let refused = own.ask_as(uid, VaultList {}).unwrap_err();
        assert_eq!(refused.fault, "NotPermitted");
        assert!(
            refused.message.contains(&format!("user {uid} ")),
            "{refused:?}"
        );
    }
    assert_eq!(own.count("appliance", "Administration", "NotPermitted"), 2);
    let nonsense = [
        "{",
        "{}",
        "[]",
        "{\"command\":\"vault.list\"}",
        "{\"command\":\"vault.list\",\"arguments\":{\"x\":1}}",
        "{\"command\":\"rm\",\"arguments\":{}}",
        "{\"command\":\"vault.create\",\"arguments\":{\"name\":7}}",
    ];
    for line in nonsense {
        let answer = own.admin.answer(ADMINISTRATOR, line);
        assert!(
            answer.starts_with("{\"refused\":{\"fault\":\"InvalidField\""),
            "{line}: {answer:?}"
        );
    }
    let long = format!("{{\"command\":\"{}\"}}", "x".repeat(1 << 20));
    let answer = own.admin.answer(ADMINISTRATOR, &long);
    assert!(answer.contains("1 MiB"), "{answer:?}");
    let secret = "{\"command\":\"vault.create\",\"arguments\":{\"name\":\"v\",\"user_pin\":97531}}";
    let answer = own.admin.answer(ADMINISTRATOR, secret);
    assert!(!answer.contains("97531"), "{answer:?}");
    let refused = own
        .records()
        .iter()
        .filter(|record| record.3 == "InvalidField")
        .count();
    assert_eq!(refused, nonsense.len() + 2);
}

#[test]
fn clients_are_issued_enrolled_and_revoked() {
    let own = appliance();
    own.vault("dev", Class::Releasable);
    let issue = |name: &str, role: &str, days| {
        own.ask(ClientIssue {
            name: name.to_owned(),
            vault: "dev".to_owned(),
            role: role.to_owned(),
            days,
        })
    };
    let issued = issue("pg", "user", Some(30)).unwrap();
    assert!(
        issued
            .certificate
            .starts_with("-----BEGIN CERTIFICATE-----")
    );
    assert!(
        issued
            .key
            .0
            .expose()
            .starts_with(b"-----BEGIN PRIVATE KEY-----")
    );
    assert!(issued.authority.contains("BEGIN CERTIFICATE"));
    assert_eq!(issued.client.expires, "2023-12-14T22:13:20Z");
    assert_eq!(issue("pg", "user", None).err().unwrap().fault, "NameTaken");
    assert!(
        issue("x", "king", None)
            .err()
            .unwrap()
            .message
            .contains("no role \"king\"")
    );
    assert!(issue("x", "user", Some(0)).is_err() && issue("x", "user", Some(99_999)).is_err());

    let enroll = |name: &str, certificate: &str| {
        own.ask(ClientEnroll {
            name: name.to_owned(),
            vault: "dev".to_owned(),
            role: "user".to_owned(),
            certificate: certificate.to_owned(),
        })
    };
    assert_eq!(
        enroll("twin", &issued.certificate).unwrap_err().fault,
        "NameTaken"
    );
    assert_eq!(
        enroll("none", "nonsense").unwrap_err().fault,
        "InvalidField"
    );
    let elsewhere = tempfile::tempdir().unwrap();
    let other = Authority::create(elsewhere.path(), "other", Timestamp(1_700_000_000)).unwrap();
    let theirs = other
        .issue_client("theirs", 9, Timestamp(1_700_000_000))
        .unwrap();
    let enrolled = enroll("theirs", &theirs.certificate_pem).unwrap();
    assert_eq!(enrolled.key_sha256, hex::encode(theirs.spki_sha256));
    assert_eq!(enrolled.serial, theirs.serial);

    let list = || {
        own.ask(ClientList {
            vault: Some("dev".to_owned()),
        })
        .unwrap()
    };
    assert_eq!(list().len(), 2);
    let revoke = || {
        own.ask(ClientRevoke {
            name: "pg".to_owned(),
            vault: "dev".to_owned(),
        })
    };
    assert!(revoke().unwrap().revoked.is_some());
    assert!(revoke().unwrap_err().message.contains("was revoked"));
    assert!(own.folder.path().join("ca.crl").exists());
    assert_eq!(issue("pg", "user", None).err().unwrap().fault, "NameTaken");
    let key = list()
        .into_iter()
        .find(|client| client.name == "pg")
        .unwrap()
        .key_sha256;
    let peer = Peer::Certificate(CertificateFacts {
        spki_sha256: hex::decode(key).unwrap().try_into().unwrap(),
        subject: "CN=pg".to_owned(),
        issuer: String::new(),
        alternative_names: Vec::new(),
    });
    own.service.respond(&mut Caller::new(peer), &discover());
    assert_eq!(
        own.count("appliance", "DiscoverVersions", "NotAuthenticated"),
        1
    );
    assert_eq!(own.count("dev", "client.issue", "Success"), 1);
    assert_eq!(own.count("dev", "client.revoke", "Success"), 1);
}

/// A Discover Versions of KMIP 1.4.
fn discover() -> Vec<u8> {
    hex::decode(concat!(
        "4200780100000060",
        "4200770100000038",
        "4200690100000020",
        "42006a02000000040000000100000000",
        "42006b02000000040000000400000000",
        "42000d02000000040000000100000000",
        "42000f0100000018",
        "42005c05000000040000001e00000000",
        "4200790100000000",
    ))
    .unwrap()
}

#[test]
fn keys_live_as_kmip_says() {
    let own = appliance();
    own.vault("dev", Class::Locked);
    let made = own.ask(own.key("disk", "aes-256")).unwrap();
    let [made] = made.as_slice() else {
        panic!("{made:?}")
    };
    assert_eq!(
        (made.state.as_str(), made.algorithm.as_str()),
        ("PreActive", "AES-256")
    );
    assert_eq!(made.class, Some(Class::Locked), "the vault's default");
    assert_eq!(made.usage, ["encrypt", "decrypt", "wrap-key", "unwrap-key"]);
    assert_eq!(
        own.ask(own.key("disk", "aes-128")).unwrap_err().fault,
        "NameTaken"
    );

    let on = |key: &str| ("dev".to_owned(), key.to_owned());
    let (vault, key) = on("disk");
    let active = own.ask(KeyActivate { vault, key }).unwrap();
    assert_eq!(active.state, "Active");
    let (vault, key) = on(&made.id);
    let refused = own.ask(KeyDestroy { vault, key }).unwrap_err();
    assert_eq!(refused.fault, "WrongState");
    assert!(
        refused.message.contains("keyhold key revoke"),
        "{refused:?}"
    );
    let revoke = |reason: &str| {
        let (vault, key) = on("disk");
        own.ask(KeyRevoke {
            vault,
            key,
            reason: reason.to_owned(),
            message: Some("lost".to_owned()),
        })
    };
    assert!(
        revoke("boredom")
            .unwrap_err()
            .message
            .contains("key-compromise")
    );
    assert_eq!(revoke("superseded").unwrap().state, "Deactivated");
    let (vault, key) = on("disk");
    assert_eq!(
        own.ask(KeyDestroy { vault, key }).unwrap().state,
        "Destroyed"
    );
    let list = |destroyed| {
        let vault = "dev".to_owned();
        own.ask(KeyList {
            vault,
            limit: 10,
            offset: 0,
            destroyed,
        })
        .unwrap()
    };
    assert_eq!(list(false).total, 0);
    assert_eq!(list(true).keys[0].id, made.id);
    for operation in ["Create", "Activate", "Revoke", "Destroy"] {
        assert_eq!(own.count("dev", operation, "Success"), 1, "{operation}");
    }
    assert_eq!(own.count("dev", "Destroy", "WrongState"), 1);
    assert_eq!(
        own.count("dev", "key.create", "Success"),
        0,
        "recorded once"
    );
}

#[test]
fn keys_of_every_kind_are_made() {
    let own = appliance();
    own.vault("dev", Class::Releasable);
    for spec in [
        "aes-128",
        "hmac-sha256-256",
        "ec-p256",
        "ec-p384",
        "ed25519",
        "rsa-2048",
    ] {
        let mut command = own.key(spec, spec);
        command.active = true;
        command.class = Some(Class::Locked);
        let made = own
            .ask(command)
            .unwrap_or_else(|refused| panic!("{spec}: {refused:?}"));
        assert_eq!(made[0].names, [spec]);
        assert!(made.iter().all(|key| key.state == "Active"), "{made:?}");
        assert_eq!(made[0].class, Some(Class::Locked));
        if let Some(public) = made.get(1) {
            assert_eq!(public.names, [format!("{spec}.public")]);
            assert_eq!(public.usage, ["verify"]);
            assert_eq!(made[0].usage, ["sign"]);
        }
    }
    let mut wrapping = own.key("wrap", "rsa-2048");
    wrapping.usage = vec!["unwrap-key".to_owned()];
    let made = own.ask(wrapping).unwrap();
    assert_eq!(
        (&made[0].usage[..], &made[1].usage[..]),
        (&["unwrap-key".to_owned()][..], &["wrap-key".to_owned()][..])
    );
    for (spec, usage) in [("des-56", "encrypt"), ("aes-256", "dance")] {
        let mut unfit = own.key("unfit", spec);
        unfit.usage = vec![usage.to_owned()];
        assert_eq!(own.ask(unfit).unwrap_err().fault, "InvalidField");
    }
    let shown = own
        .ask(KeyShow {
            vault: "dev".to_owned(),
            key: "ec-p256".to_owned(),
        })
        .unwrap();
    let value = |name: &str| {
        let found = shown.attributes.iter().find(|(own, _)| own == name);
        found.map(|(_, value)| value.as_str()).unwrap_or_default()
    };
    assert_eq!(value("Name"), "ec-p256");
    assert_eq!(value("Extractable"), "false");
    assert_eq!(value("Initial Date"), "2023-11-14T22:13:20Z");
    assert_eq!(value("Cryptographic Usage Mask"), "sign");
    assert!(
        value("Link").starts_with("PublicKeyLink: "),
        "{}",
        value("Link")
    );
    let page = |limit, offset| {
        let vault = "dev".to_owned();
        own.ask(KeyList {
            vault,
            limit,
            offset,
            destroyed: false,
        })
    };
    let all = page(1_000, 0).unwrap();
    assert_eq!((all.total, all.keys.len()), (12, 12));
    let some = page(5, 5).unwrap();
    assert_eq!((some.total, &some.keys[..]), (12, &all.keys[5..10]));
    assert!(page(0, 0).is_err() && page(5_000, 0).is_err());
}

#[test]
fn keys_of_another_vault_are_not_there() {
    let own = appliance();
    own.vault("dev", Class::Releasable);
    own.vault("other", Class::Releasable);
    let made = own.ask(own.key("disk", "aes-256")).unwrap();
    for key in ["disk", &made[0].id] {
        let show = KeyShow {
            vault: "other".to_owned(),
            key: key.to_owned(),
        };
        assert_eq!(own.ask(show).unwrap_err().fault, "NoSuchObject", "{key}");
    }
    let show = KeyShow {
        vault: "nowhere".to_owned(),
        key: "disk".to_owned(),
    };
    let refused = own.ask(show).unwrap_err();
    assert!(
        refused.message.contains("keyhold vault list"),
        "{refused:?}"
    );
    assert_eq!(own.count("appliance", "key.show", "NoSuchObject"), 1);
}

#[test]
fn the_status_tells_what_works() {
    let own = appliance();
    own.vault("dev", Class::Releasable);
    own.ask(own.key("disk", "aes-256")).unwrap();
    let status = own.ask(Status {}).unwrap();
    assert_eq!((status.vaults, status.clients, status.objects), (1, 0, 1));
    let parts: Vec<_> = status.parts.iter().map(|part| part.part.as_str()).collect();
    assert_eq!(parts, ["store", "audit", "hsm embedded"]);
    assert!(
        status.parts.iter().all(|part| part.problem.is_none()),
        "{status:?}"
    );
    assert_eq!(status.pid, std::process::id());
    assert!(status.audit_heads.contains_key("dev"), "{status:?}");
}

#[test]
fn backups_are_whole_and_private() {
    let own = appliance();
    own.vault("dev", Class::Releasable);
    own.ask(own.key("disk", "aes-256")).unwrap();
    let directory = own.folder.path().join("backup");
    let backup = |directory: &Path| {
        own.ask(BackupCreate {
            directory: directory.to_owned(),
        })
    };
    let facts = backup(&directory).unwrap();
    let names: Vec<_> = facts
        .manifest
        .files
        .iter()
        .map(|entry| entry.name.as_str())
        .collect();
    assert_eq!(names, ["keyhold.db", "keys/master.key"]);
    for entry in &facts.manifest.files {
        assert_eq!(Entry::of(&directory, &entry.name).unwrap(), *entry);
        let mode = fs::metadata(directory.join(&entry.name))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o077, 0, "{}", entry.name);
    }
    let copy =
        SqliteStore::open(&directory.join("keyhold.db"), &store::Options::default()).unwrap();
    assert_eq!(copy.count().unwrap(), 1);
    drop(copy);
    assert_eq!(backup(&directory).unwrap_err().fault, "NameTaken");
    assert_eq!(
        backup(Path::new("relative")).unwrap_err().fault,
        "InvalidField"
    );
    fs::remove_file(own.folder.path().join("master.key")).unwrap();
    let failed = own.folder.path().join("failed");
    let refused = backup(&failed).unwrap_err();
    assert!(refused.message.contains("master.key"), "{refused:?}");
    assert!(!failed.exists(), "nothing unfinished stays");
    assert_eq!(own.count("appliance", "backup.create", "NotCommitted"), 1);
}
