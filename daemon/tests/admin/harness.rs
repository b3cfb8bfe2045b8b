//! An appliance without a network, and questions to it.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use hsm::soft::{Master, SoftHsm};
use keyhold::{
    admin::{
        Admin, BackupFile, Belongings, Inventory, Parts,
        protocol::{
            Answer, Call, Class, Command, InitToken, KeyCreate, Profile, Refused, SecretText,
            VaultCreate, VaultFacts,
        },
    },
    audit::{FileTrail, Options, Tail, Verification},
    clock::Clock,
    directory::Directory,
    identity::Admissions,
    pki::Authority,
    policy::Policy,
    service::{Limits, Service},
};
use kmip::{Secret, ttlv::Timestamp};
use store::{SqliteStore, Store};

/// An appliance without a network.
pub(super) struct Appliance {
    pub(super) folder: tempfile::TempDir,
    pub(super) admin: Admin,
    pub(super) service: Arc<Service>,
    pub(super) store: Arc<dyn Store>,
    trail: Arc<FileTrail>,
}

pub(super) const ADMINISTRATOR: u32 = 4_242;

pub(super) fn appliance() -> Appliance {
    appliance_with(&[("embedded", false)])
}

/// An appliance with HSMs by name, each of which may let locked keys go.
pub(super) fn appliance_with(hsms: &[(&str, bool)]) -> Appliance {
    let folder = tempfile::tempdir().unwrap();
    let now = Timestamp(1_700_000_000);
    let options = store::Options::default();
    let store = SqliteStore::open(&folder.path().join("keyhold.db"), &options).unwrap();
    let store: Arc<dyn Store> = Arc::new(store);
    let trail = FileTrail::open(&folder.path().join("audit"), Options::default());
    let trail = Arc::new(trail.unwrap());
    let clock = Arc::new(Clock::fixed(now));
    let backends: BTreeMap<String, Arc<dyn hsm::Hsm>> = hsms
        .iter()
        .map(|(name, may_move)| {
            let soft = SoftHsm::new(Master::ephemeral().unwrap(), 100);
            let soft: Arc<dyn hsm::Hsm> = Arc::new(soft.with_keys_that_may_move(*may_move));
            ((*name).to_owned(), soft)
        })
        .collect();
    let service = Arc::new(Service::new(keyhold::service::Parts {
        directory: Arc::new(Directory::load(store.clone()).unwrap()),
        store: store.clone(),
        backends,
        groups: BTreeMap::new(),
        trail: trail.clone(),
        clock: clock.clone(),
        policy: Policy::default(),
        admissions: Admissions::default(),
        limits: Limits::default(),
        conformance: None,
        experimental: false,
    }));
    fs::write(folder.path().join("master.key"), "sealed").unwrap();
    let admin = Admin::new(Parts {
        service: service.clone(),
        trail: trail.clone(),
        clock,
        authority: Some(Authority::create(folder.path(), "test", now).unwrap()),
        administrators: vec![ADMINISTRATOR],
        belongings: inventory(folder.path()),
        store_file: "keyhold.db".to_owned(),
        reloader: Box::new(|| Err("there is no configuration here".to_owned())),
    });
    Appliance {
        folder,
        admin,
        service,
        store,
        trail,
    }
}

/// A sealed master, and a list of revoked certificates that is not there.
fn inventory(folder: &Path) -> Inventory {
    let file = |name: &str, path: PathBuf, is_optional| BackupFile {
        name: name.to_owned(),
        path,
        is_optional,
    };
    let folder = folder.to_owned();
    Box::new(move || {
        Ok(Belongings {
            files: vec![
                file("keys/master.key", folder.join("master.key"), false),
                file("ca.crl", folder.join("ca.crl"), true),
            ],
            left_out: vec!["other.key".to_owned()],
        })
    })
}

impl Appliance {
    pub(super) fn ask_as<C: Command>(&self, uid: u32, command: C) -> Result<C::Reply, Refused> {
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

    pub(super) fn ask<C: Command>(&self, command: C) -> Result<C::Reply, Refused> {
        self.ask_as(ADMINISTRATOR, command)
    }

    pub(super) fn vault(&self, name: &str, class: Class) -> VaultFacts {
        self.ask(VaultCreate {
            name: name.to_owned(),
            backend: None,
            custody: None,
            class,
            profile: Profile::Compatible,
            user_pin: Some(SecretText(Secret::from(&b"1234"[..]))),
            so_pin: None,
            init_token: InitToken::Refused,
        })
        .unwrap()
    }

    pub(super) fn key(&self, name: &str, spec: &str) -> KeyCreate {
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
    pub(super) fn records(&self) -> Vec<(String, String, String, String)> {
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

    pub(super) fn count(&self, stream: &str, operation: &str, outcome: &str) -> usize {
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
            // The heads are written to a file that takes their place, and may be gone since.
            .filter_map(|entry| fs::read_to_string(entry.unwrap().path()).ok())
            .collect::<String>();
        for secret in ["1234\"", "97531246", "PRIVATE KEY"] {
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
