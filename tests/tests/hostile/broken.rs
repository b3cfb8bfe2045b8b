//! An embedded HSM in whose memory a bit has turned: it gives no wrong signature, serves nothing any more until the daemon is
//! started again, and says so wherever somebody looks; what does not need it goes on.

use std::{
    fs,
    thread::sleep,
    time::{Duration, Instant},
};

use hsm::soft::{Master, MasterSource};
use keyhold_tests::{
    Appliance, Backend, Client,
    memory::{is_readable, strike},
    objects::*,
    pki::Identity,
    programs::{output, succeed, text as said},
};
use kmip::{
    HashingAlgorithm, KeyFormatType, PaddingMethod, ResultReason, V1_4, V2_1, Version,
    attribute::CryptographicParameters,
    payload::{
        encrypt::Encrypt,
        get::{Get, GetRequest},
        sign::{Sign, SignRequest},
    },
};
use openssl::rsa::Rsa;
use rustix::process::Signal;

/// How soon the log and the metrics must tell it.
const TOLD: Duration = Duration::from_secs(20);

/// Two embedded HSMs, each with a vault and a client.
struct World {
    appliance: Appliance,
    other: Identity,
}

impl World {
    fn new(more: &str) -> Self {
        let mut appliance = Appliance::start(Backend::Embedded);
        appliance.stop(Signal::TERM);
        let master = appliance.file("other.key");
        Master::create(&MasterSource::File(master)).unwrap();
        let path = appliance.file("keyhold.toml");
        let text = fs::read_to_string(&path).unwrap();
        let text = text.replacen("[[backend]]\n", &format!("[[backend]]\n{more}\n"), 1);
        let other = "[[backend]]\nname = \"other\"\nkind = \"embedded\"\nmaster = \"other.key\"\n";
        fs::write(&path, format!("{text}\n{other}")).unwrap();
        appliance.restart();
        succeed(&mut appliance.keyhold(&["vault", "create", "other", "--backend", "other"]));
        let out = appliance.scratch();
        let place = out.display().to_string();
        let issue = [
            "client", "issue", "them", "--vault", "other", "--out", &place,
        ];
        succeed(&mut appliance.keyhold(&issue));
        let other = Identity::read(&out.join("them.pem"), &out.join("them.key"));
        Self { appliance, other }
    }

    fn other(&self) -> Client {
        self.appliance.client_as(Some(&self.other), V2_1).unwrap()
    }

    /// Turns a bit of the modulus in the memory of whichever process has the key.
    fn strike(&self, modulus: &[u8]) {
        let mut processes = self.appliance.hosts();
        processes.push(self.appliance.pid());
        // OpenSSL has numbers as words, the lowest first.
        let words: Vec<u8> = modulus.iter().rev().copied().collect();
        let struck: usize = processes.into_iter().map(|own| strike(own, &words)).sum();
        assert_ne!(struck, 0, "the key is in no memory");
    }

    /// Waits until a page or the log says something.
    fn is_told(&self, what: &str, look: impl Fn(&Appliance) -> bool) {
        let asked = Instant::now();
        while !look(&self.appliance) {
            assert!(asked.elapsed() < TOLD, "nobody is told: {what}");
            sleep(Duration::from_millis(50));
        }
    }
}

fn signing(key: &str) -> SignRequest {
    SignRequest {
        unique_identifier: id(key),
        cryptographic_parameters: Some(CryptographicParameters {
            padding_method: Some(PaddingMethod::PKCS1V15),
            hashing_algorithm: Some(HashingAlgorithm::SHA256),
            ..CryptographicParameters::default()
        }),
        data: Some(b"right or not at all".as_slice().into()),
        ..SignRequest::default()
    }
}

fn modulus(client: &mut Client, public: &str) -> Vec<u8> {
    let request = GetRequest {
        key_format_type: Some(KeyFormatType::PKCS1),
        ..get(public)
    };
    let key = bytes(&client.call::<Get>(&request).object);
    Rsa::public_key_from_der_pkcs1(&key).unwrap().n().to_vec()
}

/// Why something that needs the HSM is refused.
fn refusal(client: &mut Client, key: &str) -> (Option<ResultReason>, String) {
    let refused = client.try_call::<Encrypt>(&encryption(key, b"nothing"));
    let refused = refused.err().expect("the HSM serves nothing any more");
    (refused.reason, refused.message)
}

fn ends_its_service(more: &str) {
    if !is_readable() {
        eprintln!("only root can write into these processes: no fault can be made here");
        return;
    }
    let mut world = World::new(more);
    let client = &mut world.appliance.client(V2_1);
    let (private, public) = create_pair(client, Pair::Rsa(2048), locked());
    let aes_key = create_active(client, aes(256, CIPHER));
    let theirs = create_active(&mut world.other(), aes(256, CIPHER));
    client.call::<Sign>(&signing(&private));

    world.strike(&modulus(client, &public));
    let refused = client.try_call::<Sign>(&signing(&private));
    let refused = refused.err().expect("no wrong signature is given out");
    assert!(
        refused.message.contains("failed a test of itself"),
        "{refused}"
    );

    // Other keys of this HSM are served no more, in any version, and it is said why.
    let reason = |version: Version| {
        let (reason, message) = refusal(&mut world.appliance.client(version), &aes_key);
        assert!(message.contains("whoever runs the server"), "{message}");
        reason.unwrap()
    };
    assert_eq!(reason(V2_1), ResultReason::InternalServerError);
    assert_eq!(reason(V1_4), ResultReason::GeneralFailure);
    // What needs no HSM is answered, and so is what needs another.
    assert_eq!(state(client, &aes_key), kmip::State::Active);
    let mut them = world.other();
    them.call::<Encrypt>(&encryption(&theirs, b"served as before"));

    let (status, body) = world.appliance.page("/readyz");
    assert_eq!(status, 503, "{body}");
    assert!(
        body.contains("hsm/embedded failed") && body.contains("hsm/other ok"),
        "{body}"
    );
    assert_eq!(world.appliance.page("/healthz").0, 200);
    let shown = output(&mut world.appliance.keyhold(&["status"]));
    assert!(!shown.status.success());
    let shown = [said(&shown.stdout), said(&shown.stderr)].concat();
    for wanted in [
        "a signature did not verify",
        "until it is started again",
        "not working: hsm embedded",
    ] {
        assert!(shown.contains(wanted), "{wanted}: {shown}");
    }
    world.is_told("metrics", |own| {
        let (_, metrics) = own.page("/metrics");
        metrics.contains("keyhold_hsm_works{backend=\"embedded\"} 0")
            && metrics.contains("keyhold_hsm_works{backend=\"other\"} 1")
    });
    world.is_told("log", |own| {
        let logged = own.logged();
        let mut lines = logged.lines();
        lines.any(|line| line.contains("the HSM does not work") && line.contains("did not verify"))
    });

    // A start is the way out.
    world.appliance.restart();
    let client = &mut world.appliance.client(V2_1);
    client.call::<Sign>(&signing(&private));
    client.call::<Encrypt>(&encryption(&aes_key, b"served again"));
    assert_eq!(world.appliance.page("/readyz").0, 200);
    succeed(&mut world.appliance.keyhold(&["status"]));
}

#[test]
fn an_hsm_that_signed_wrongly_serves_nothing_any_more() {
    ends_its_service("");
}

#[test]
fn an_hsm_in_the_daemon_that_signed_wrongly_serves_nothing_any_more() {
    ends_its_service("isolated = false");
}
