//! OpenSSL's pkcs11 engine on the PKCS#11 module: a request, signatures, and a TLS server whose key lives in Keyhold.

use std::{
    fs,
    io::{BufRead, BufReader},
    net::TcpListener,
    process::{Child, Command, Stdio},
};

use keyhold_tests::{
    Appliance, Backend, PIN,
    programs::{library, locate, module, peer, succeed, succeed_saying},
};

/// An appliance, and OpenSSL configured to reach it through the engine.
struct Engine {
    appliance: Appliance,
}

impl Engine {
    fn start(backend: Backend) -> Self {
        let appliance = Appliance::start(backend);
        let text = format!(
            "openssl_conf = init\n[init]\nengines = engines\n[engines]\npkcs11 = pkcs11\n[pkcs11]\nengine_id = pkcs11\n\
             dynamic_path = {}\nMODULE_PATH = {}\nPIN = {PIN}\ninit = 0\n[req]\ndistinguished_name = dn\n[dn]\n",
            library("engines-3/pkcs11.so", "libengine-pkcs11-openssl").display(),
            module().display()
        );
        fs::write(appliance.scratch().join("openssl.cnf"), text).unwrap();
        Self { appliance }
    }

    fn configure<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        let folder = self.appliance.scratch();
        self.appliance
            .environment(command)
            .env("OPENSSL_CONF", folder.join("openssl.cnf"))
            .current_dir(folder)
    }

    fn openssl(&self, arguments: &[&str]) -> String {
        succeed_saying(self.configure(peer("openssl").args(arguments)))
    }

    fn generate(&self, kind: &str, id: &str, label: &str) {
        let mut command = peer("pkcs11-tool");
        command.arg("--module").arg(module()).args([
            "--token-label",
            "dev",
            "--login",
            "--pin",
            PIN,
        ]);
        command.args([
            "--keypairgen",
            "--key-type",
            kind,
            "--id",
            id,
            "--label",
            label,
        ]);
        succeed(self.configure(&mut command));
    }

    /// A self-signed certificate for localhost, and the URI of its key.
    fn certificate(&self, kind: &str, id: &str, label: &str) -> String {
        self.generate(kind, id, label);
        let uri = format!("pkcs11:token=dev;object={label};type=private");
        self.openssl(&[
            "req",
            "-new",
            "-x509",
            "-days",
            "2",
            "-subj",
            "/CN=localhost",
            "-engine",
            "pkcs11",
            "-keyform",
            "engine",
            "-key",
            &uri,
            "-out",
            "certificate.pem",
        ]);
        uri
    }
}

const KINDS: [(&str, &str, &str); 3] = [
    ("rsa:2048", "21", "engine-rsa"),
    ("EC:prime256v1", "22", "engine-p256"),
    ("EC:secp384r1", "23", "engine-p384"),
];

fn requests_and_signs(backend: Backend) {
    let engine = Engine::start(backend);
    fs::write(
        engine.appliance.scratch().join("message"),
        b"a message that is signed",
    )
    .unwrap();
    for (kind, id, label) in KINDS {
        engine.generate(kind, id, label);
        let uri = format!("pkcs11:token=dev;object={label};type=private");
        let engine_key = ["-engine", "pkcs11", "-keyform", "engine"];
        let request = [
            "req",
            "-new",
            "-sha256",
            "-subj",
            "/CN=www.example.org",
            "-key",
            &uri,
            "-out",
            "request.pem",
        ];
        engine.openssl(&[&request[..], &engine_key].concat());
        let said = engine.openssl(&["req", "-in", "request.pem", "-verify", "-noout", "-subject"]);
        assert!(
            said.contains("verify OK") && said.contains("www.example.org"),
            "{kind}: {said}"
        );

        engine.openssl(&[
            "req",
            "-in",
            "request.pem",
            "-pubkey",
            "-noout",
            "-out",
            "public.pem",
        ]);
        let sign = ["dgst", "-sha256", "-sign", &uri, "-out", "signature"];
        engine.openssl(&[&sign[..], &engine_key, &["message"]].concat());
        let verify = [
            "dgst",
            "-sha256",
            "-verify",
            "public.pem",
            "-signature",
            "signature",
            "message",
        ];
        let said = engine.openssl(&verify);
        assert!(said.contains("Verified OK"), "{kind}: {said}");
    }
}

#[test]
fn keys_sign_requests_and_messages() {
    requests_and_signs(Backend::Embedded);
}

#[test]
fn keys_in_softhsm_sign_requests_and_messages() {
    requests_and_signs(Backend::SoftHsm);
}

/// A process that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself, which the test has noticed otherwise.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts `openssl s_server` with the key and waits until it accepts.
fn serve(engine: &Engine, uri: &str) -> (Running, u16) {
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let mut command = Command::new(locate("openssl"));
    command.args([
        "s_server",
        "-www",
        "-accept",
        &format!("127.0.0.1:{port}"),
        "-cert",
        "certificate.pem",
    ]);
    command.args(["-engine", "pkcs11", "-keyform", "engine", "-key", uri]);
    let mut child = engine
        .configure(&mut command)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let accepts = lines.any(|line| line.unwrap() == "ACCEPT");
    // What it prints later must not stop it.
    let running = Running(child);
    std::thread::spawn(move || lines.count());
    assert!(accepts, "s_server ended before it accepted");
    (running, port)
}

#[test]
fn a_tls_server_keeps_its_key_in_keyhold() {
    let engine = Engine::start(Backend::Embedded);
    for (kind, id, label) in KINDS {
        let uri = engine.certificate(kind, id, label);
        let (_running, port) = serve(&engine, &uri);
        for version in ["-tls1_2", "-tls1_3"] {
            for _ in 0..3 {
                let mut client = peer("openssl");
                client.args([
                    "s_client",
                    "-connect",
                    &format!("127.0.0.1:{port}"),
                    version,
                    "-CAfile",
                    "certificate.pem",
                ]);
                client.args([
                    "-verify_return_error",
                    "-verify_hostname",
                    "localhost",
                    "-brief",
                ]);
                client.current_dir(engine.appliance.scratch());
                let said = succeed_saying(&mut client);
                assert!(
                    said.contains("Verification: OK"),
                    "{kind} {version}: {said}"
                );
            }
        }
    }
    let events = succeed(&mut engine.appliance.keyhold(&["status"]));
    assert!(events.contains("works"), "{events}");
}
