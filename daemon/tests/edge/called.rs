//! A client that listens at an address of its own, which the daemon connects to.

use std::{
    fs,
    net::{TcpListener, TcpStream},
    sync::Arc,
    time::Duration,
};

use kmip::{
    OperationCode, V1_2, V1_4, V2_1, Version,
    attribute::UniqueIdentifier,
    client::Client,
    payload::{
        activate::{Activate, ActivateRequest},
        create::Create,
    },
};
use rcgen::{CertificateParams, ExtendedKeyUsagePurpose};
use rustls::{
    RootCertStore, ServerConfig, ServerConnection, StreamOwned,
    crypto::aws_lc_rs::default_provider,
    pki_types::{CertificateDer, pem::PemObject},
    server::WebPkiClientVerifier,
};

use crate::{
    harness::{BOTH, Daemon, eventually, keyhold},
    trust::issued,
    turned::{answer, create, operation, read_request},
};

/// What a client listens with.
struct Ear {
    socket: TcpListener,
    config: Arc<ServerConfig>,
}

type Heard = StreamOwned<ServerConnection, TcpStream>;

impl Ear {
    /// A client of the daemon's own authority, which lets in whom that has signed.
    fn of(daemon: &Daemon) -> Self {
        let mut roots = RootCertStore::empty();
        let authority = fs::read(daemon.dir.join("ca.pem")).unwrap();
        roots
            .add(CertificateDer::from_pem_slice(&authority).unwrap())
            .unwrap();
        let provider = Arc::new(default_provider());
        let verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone());
        let mut params = CertificateParams::new(vec!["array.example".to_owned()]).unwrap();
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let own = issued(daemon, &params);
        let config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(BOTH)
            .unwrap()
            .with_client_cert_verifier(verifier.build().unwrap())
            .with_single_cert(own.chain, own.key)
            .unwrap();
        Self {
            socket: TcpListener::bind("127.0.0.1:0").unwrap(),
            config: Arc::new(config),
        }
    }

    /// The entry of the configuration that has the daemon connect here.
    fn entry(&self, more: &str) -> String {
        format!(
            "\n[[notify]]\nclient = \"dev\"\nvault = \"dev\"\naddress = \"{}\"\n\
             server_name = \"array.example\"\nauthorities = [\"ca.pem\"]\n{more}",
            self.socket.local_addr().unwrap()
        )
    }

    fn accepted(&self) -> TcpStream {
        self.socket.set_nonblocking(true).unwrap();
        let accepted = std::cell::OnceCell::new();
        eventually("a connection", || {
            self.socket
                .accept()
                .is_ok_and(|(stream, _)| accepted.set(stream).is_ok())
        });
        let stream = accepted.into_inner().unwrap();
        stream.set_nonblocking(false).unwrap();
        stream
    }

    /// The next connection of the daemon.
    fn accept(&self) -> Heard {
        let stream = self.accepted();
        let patience = Some(Duration::from_secs(20));
        stream.set_read_timeout(patience).unwrap();
        StreamOwned::new(ServerConnection::new(self.config.clone()).unwrap(), stream)
    }

    /// The next connection, with its questions answered.
    fn told(&self, version: Version) -> Heard {
        let mut heard = self.accept();
        for wanted in [
            OperationCode::DiscoverVersions,
            OperationCode::Query,
            OperationCode::Query,
        ] {
            if wanted == OperationCode::Query || version >= V1_4 {
                expect(&mut heard, wanted, version);
            }
        }
        heard
    }
}

/// The next message, which is of this operation, answered.
fn expect(heard: &mut Heard, wanted: OperationCode, version: Version) -> Vec<u8> {
    let message = read_request(heard);
    assert_eq!(operation(&message), wanted);
    answer(heard, wanted, version);
    message
}

/// Makes a key, and its identifier.
fn make(daemon: &Daemon) -> (Client<crate::harness::Stream>, UniqueIdentifier, String) {
    let stream = daemon.ask(Some(&daemon.identity()), BOTH).unwrap();
    let mut client = Client::new(stream, V2_1, 1024 * 1024);
    let made = client.call::<Create>(&create()).unwrap().unique_identifier;
    let UniqueIdentifier::Text(id) = &made else {
        panic!("an identifier is a text");
    };
    let id = id.clone();
    (client, made, id)
}

fn contains(message: &[u8], text: &str) -> bool {
    message
        .windows(text.len())
        .any(|bytes| bytes == text.as_bytes())
}

fn put(daemon: &Daemon, arguments: &[&str]) -> std::process::Output {
    keyhold()
        .args(["key", "put"])
        .args(arguments)
        .args(["--vault", "dev", "--to", "dev", "--config"])
        .arg(daemon.dir.join("keyhold.toml"))
        .output()
        .unwrap()
}

#[test]
fn the_daemon_connects_tells_and_comes_back() {
    let (_folder, daemon) = Daemon::fresh();
    let ear = Ear::of(&daemon);
    daemon.reload(|text| text + &ear.entry("new_objects = true\n"));
    let mut heard = ear.told(V1_4);
    let (mut client, made, id) = make(&daemon);
    let given = expect(&mut heard, OperationCode::Put, V1_4);
    assert!(contains(&given, &id));

    // The connection ends before the answer: what was sent comes again, on another.
    client
        .call::<Activate>(&ActivateRequest {
            unique_identifier: Some(made),
        })
        .unwrap();
    assert_eq!(operation(&read_request(&mut heard)), OperationCode::Notify);
    drop(heard);
    let mut heard = ear.told(V1_4);
    let told = expect(&mut heard, OperationCode::Notify, V1_4);
    assert!(contains(&told, &id));

    // An operator gives it again, and is told that it was taken.
    std::thread::scope(|scope| {
        let told = scope.spawn(|| put(&daemon, &[&id]));
        expect(&mut heard, OperationCode::Put, V1_4);
        let told = told.join().unwrap();
        let said = String::from_utf8_lossy(&told.stdout).into_owned();
        assert!(told.status.success(), "{told:?}");
        assert_eq!(said.trim(), format!("dev has taken {id}"));
    });
    let status = keyhold()
        .args(["status", "--json", "--config"])
        .arg(daemon.dir.join("keyhold.toml"))
        .output()
        .unwrap();
    let status: serde_json::Value = serde_json::from_slice(&status.stdout).unwrap();
    let listener = &status["listeners"][0];
    assert_eq!(listener["is_connected"], true, "{status}");
    assert_eq!(listener["version"], "1.4");

    // Another configuration ends the connection and begins one.
    daemon.reload(|text| text.replace("new_objects = true", "version = \"1.2\""));
    let mut heard = ear.accept();
    expect(&mut heard, OperationCode::DiscoverVersions, V1_2);
    expect(&mut heard, OperationCode::Query, V1_2);
    assert!(daemon.stop().success());
}

#[test]
fn whoever_is_not_the_client_is_told_nothing() {
    let (_folder, daemon) = Daemon::fresh();
    let ear = Ear::of(&daemon);
    let entry = ear.entry("").replace("array.example", "other.example");
    daemon.reload(|text| text + &entry);
    let stream = ear.accepted();
    let mut refused = StreamOwned::new(ServerConnection::new(ear.config).unwrap(), stream);
    let mut byte = [0];
    assert!(std::io::Read::read_exact(&mut refused, &mut byte).is_err());
    daemon.wait_for_log("a client that listens is not reached");
    let page = || {
        let mut stream = TcpStream::connect(daemon.metrics).unwrap();
        std::io::Write::write_all(&mut stream, b"GET /metrics HTTP/1.0\r\n\r\n").unwrap();
        std::io::read_to_string(stream).unwrap()
    };
    eventually("a failed call is counted", || {
        page().contains("keyhold_calls_failed_total 1")
    });
    let unheard = put(&daemon, &["nothing"]);
    assert_eq!(unheard.status.code(), Some(1));
    let said = String::from_utf8_lossy(&unheard.stderr).into_owned();
    assert!(said.contains("keyhold key list"), "{said}");
    assert!(daemon.stop().success());
}
