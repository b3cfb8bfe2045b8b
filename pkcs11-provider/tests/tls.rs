//! The way over the network: TLS with certificates on both sides.

use std::{
    fs,
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use cryptoki_sys as ck;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::{
    RootCertStore, ServerConfig, ServerConnection, StreamOwned,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::WebPkiClientVerifier,
};

use crate::common::{Fake, alone, api::plain, fake::serve, host::in_child, with_patience};

const CONFIG: &str = "version = 1\ntimeout_seconds = 3\n[[token]]\nvault = \"dev\"\naddress = \"127.0.0.1:PORT\"\n\
    server_name = \"localhost\"\nca = \"ca.pem\"\ncertificate = \"client.pem\"\nkey = \"client.key\"\n";

/// A client's certificate and its key, as they stand in files.
type Client = (String, String);

/// A certificate authority, a server and a client, as files beside the configuration; and the server's configuration.
fn pki(folder: &Path) -> ServerConfig {
    pki_with_successor(folder).0
}

/// The same, and what the client's files are renewed with.
fn pki_with_successor(folder: &Path) -> (ServerConfig, Client) {
    let ca_key = KeyPair::generate().unwrap();
    let mut ca = CertificateParams::new(Vec::<String>::new()).unwrap();
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca_pem = ca.self_signed(&ca_key).unwrap().pem();
    let issuer = Issuer::new(ca, ca_key);
    let issue = |name: &str| {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        (
            params.signed_by(&key, &issuer).unwrap().pem(),
            key.serialize_pem(),
        )
    };
    let (server, server_key) = issue("localhost");
    let (client, client_key) = issue("client");
    fs::write(folder.join("ca.pem"), &ca_pem).unwrap();
    fs::write(folder.join("client.pem"), client).unwrap();
    fs::write(folder.join("client.key"), client_key).unwrap();
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(ca_pem.as_bytes()).unwrap())
        .unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier.build().unwrap())
        .with_single_cert(
            vec![CertificateDer::from_pem_slice(server.as_bytes()).unwrap()],
            PrivateKeyDer::from_pem_slice(server_key.as_bytes()).unwrap(),
        )
        .unwrap();
    (config, issue("successor"))
}

/// The module's configuration file.
fn config_file() -> PathBuf {
    std::env::var_os("KEYHOLD_PKCS11_CONFIG").unwrap().into()
}

/// The folder of the module's configuration, where its certificates lie.
fn folder() -> PathBuf {
    config_file().parent().unwrap().to_owned()
}

/// Listens with this configuration, which the module's file then names, and hands each connection to `answer`.
fn listen(
    config: ServerConfig,
    answer: impl Fn(StreamOwned<ServerConnection, TcpStream>) + Send + 'static,
) {
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let text = with_patience(CONFIG).replace("PORT", &port);
    fs::write(config_file(), text).unwrap();
    #[expect(
        clippy::disallowed_methods,
        reason = "the responder is a server of the test's own"
    )]
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let tls = ServerConnection::new(Arc::clone(&config)).unwrap();
            answer(StreamOwned::new(tls, stream.unwrap()));
        }
    });
}

/// Has the module reach the responder over TLS from now on.
pub fn over_tls(fake: &Fake) {
    let state = Arc::clone(&fake.state);
    listen(pki(&folder()), move |stream| {
        let state = Arc::clone(&state);
        #[expect(
            clippy::disallowed_methods,
            reason = "the responder is a server of the test's own"
        )]
        std::thread::spawn(move || serve(stream, &state, usize::MAX));
    });
}

#[test]
fn a_token_is_used_over_tls() {
    alone("tls::a_token_is_used_over_tls", CONFIG, |fake, api| {
        over_tls(fake);
        let session = api.ready();
        let (public, private) = api.p384(session, "k");
        let mut mechanism = plain(ck::CKM_ECDSA_SHA384);
        for _ in 0..3 {
            let signature = api
                .sign(session, &mut mechanism, private, b"message")
                .unwrap();
            let rv = api.verify(session, &mut mechanism, public, b"message", &signature);
            assert_eq!(rv, ck::CKR_OK);
        }
        fake.state.lock().unwrap().hang_ups = 1;
        assert!(
            api.sign(session, &mut mechanism, private, b"message")
                .is_ok()
        );
        assert_eq!(
            api.login(session, ck::CKU_USER, b"1234"),
            ck::CKR_USER_ALREADY_LOGGED_IN
        );
    });
}

#[test]
fn a_server_that_proves_nothing_gets_nothing() {
    alone(
        "tls::a_server_that_proves_nothing_gets_nothing",
        CONFIG,
        |fake, api| {
            let impostor = pki(&folder());
            // A second authority takes the first one's place in the module's files.
            pki(&folder());
            let state = Arc::clone(&fake.state);
            listen(impostor, move |stream| serve(stream, &state, usize::MAX));
            api.initialise();
            let session = api.open(false);
            assert_eq!(
                api.login(session, ck::CKU_USER, b"1234"),
                ck::CKR_DEVICE_REMOVED
            );
            assert!(fake.take_requests().is_empty(), "no PIN was sent");
        },
    );
}

#[test]
fn a_farewell_while_a_connection_lay_idle_is_heard() {
    alone(
        "tls::a_farewell_while_a_connection_lay_idle_is_heard",
        CONFIG,
        |fake, api| {
            let state = Arc::clone(&fake.state);
            listen(pki(&folder()), move |mut stream| {
                serve(&mut stream, &state, 1);
                stream.conn.send_close_notify();
                drop(std::io::Write::flush(&mut stream));
            });
            let session = api.ready();
            for round in 0..3 {
                // What makes something is not sent twice, so that it only succeeds on a connection known to be open.
                std::thread::sleep(std::time::Duration::from_millis(20));
                api.p384(session, &format!("{round}"));
            }
            assert_eq!(fake.state.lock().unwrap().objects.len(), 6);
        },
    );
}

#[test]
fn renewed_certificates_are_used_by_the_next_connection() {
    alone(
        "tls::renewed_certificates_are_used_by_the_next_connection",
        CONFIG,
        |fake, api| {
            let (state, folder) = (Arc::clone(&fake.state), folder());
            let (config, (certificate, key)) = pki_with_successor(&folder);
            let shown: Arc<Mutex<Vec<u8>>> = Arc::default();
            let last = Arc::clone(&shown);
            listen(config, move |mut stream| {
                // Each connection is for one answer, so that each call connects.
                serve(&mut stream, &state, 1);
                let chain = stream.conn.peer_certificates().unwrap_or_default();
                *last.lock().unwrap() = chain
                    .first()
                    .map(|first| first.to_vec())
                    .unwrap_or_default();
            });
            let der = |pem: &str| {
                CertificateDer::from_pem_slice(pem.as_bytes())
                    .unwrap()
                    .to_vec()
            };
            let first = der(&fs::read_to_string(folder.join("client.pem")).unwrap());
            api.initialise();
            let session = api.open(false);
            let works_with = |expected: &[u8], when: &str| {
                let mut random = [0; 8];
                let rv = call!(api, C_GenerateRandom(session, random.as_mut_ptr(), 8));
                assert_eq!(rv, ck::CKR_OK, "{when}");
                // The responder notes the certificate after its answer.
                for _ in 0..500 {
                    if *shown.lock().unwrap() == expected {
                        return;
                    }
                    std::thread::sleep(std::time::Duration::from_millis(2));
                }
                panic!("{when}: another certificate was shown");
            };
            let write = |name: &str, text: &str| fs::write(folder.join(name), text).unwrap();
            works_with(&first, "at first");
            write("client.pem", &certificate);
            works_with(&first, "while the key is the old one");
            write("client.key", "");
            works_with(&first, "while the key is being written");
            write("client.key", &key[..key.len() / 2]);
            works_with(&first, "while half of the key is written");
            write("client.key", &key);
            works_with(&der(&certificate), "when both are new");
            fs::remove_file(folder.join("client.pem")).unwrap();
            works_with(&der(&certificate), "when one is missing");
        },
    );
}

#[test]
fn a_child_says_nothing_on_its_parents_connection() {
    alone(
        "tls::a_child_says_nothing_on_its_parents_connection",
        CONFIG,
        |fake, api| {
            let (state, made) = (Arc::clone(&fake.state), Arc::new(AtomicUsize::new(0)));
            let count = Arc::clone(&made);
            listen(pki(&folder()), move |stream| {
                count.fetch_add(1, Ordering::AcqRel);
                let state = Arc::clone(&state);
                #[expect(
                    clippy::disallowed_methods,
                    reason = "the responder is a server of the test's own"
                )]
                std::thread::spawn(move || serve(stream, &state, usize::MAX));
            });
            let session = api.ready();
            let random =
                |session| call!(api, C_GenerateRandom(session, [0; 8].as_mut_ptr(), 8)) == 0;
            assert!(random(session));
            assert_eq!(made.load(Ordering::Acquire), 1);
            for _ in 0..3 {
                assert!(in_child(|| {
                    let ends_at_once = in_child(|| true);
                    api.initialise();
                    let own = api.open(true);
                    let works = api.login(own, ck::CKU_USER, b"1234") == ck::CKR_OK && random(own);
                    let ends = call!(api, C_Finalize(std::ptr::null_mut())) == ck::CKR_OK;
                    ends_at_once && works && ends
                }));
                assert!(random(session));
            }
            assert_eq!(
                made.load(Ordering::Acquire),
                4,
                "the parent's own is still the first"
            );
        },
    );
}
