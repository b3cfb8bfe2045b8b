//! A daemon in a folder of its own, and clients for it.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned, SupportedProtocolVersion,
    client::Resumption,
    crypto::{CryptoProvider, aws_lc_rs::sign::any_supported_type},
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject},
    sign::{CertifiedKey, SingleCertAndKey},
    version::{TLS12, TLS13},
};
use tempfile::TempDir;

pub(crate) type Stream = StreamOwned<ClientConnection, TcpStream>;

pub(crate) const BOTH: &[&SupportedProtocolVersion] = &[&TLS13, &TLS12];

/// The program under test.
pub(crate) fn keyhold() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keyhold"));
    command
        .env_remove("NOTIFY_SOCKET")
        .env_remove("LISTEN_FDS")
        .env_remove("KEYHOLD_CONFIG");
    command
}

/// A running `keyhold dev`, ended with its value.
pub(crate) struct Daemon {
    pub(crate) child: Child,
    pub(crate) kmip: SocketAddr,
    pub(crate) metrics: SocketAddr,
    pub(crate) dir: PathBuf,
}

impl Daemon {
    /// Starts `keyhold dev` in a directory.
    pub(crate) fn start(dir: &Path) -> Self {
        Self::start_with(dir, keyhold().arg("dev"))
    }

    /// Starts `keyhold dev` in a directory, by a command that may be prepared further.
    pub(crate) fn start_with(dir: &Path, command: &mut Command) -> Self {
        let mut child = command
            .args([
                "--json",
                "--kmip",
                "127.0.0.1:0",
                "--metrics",
                "127.0.0.1:0",
                "--dir",
            ])
            .arg(dir)
            .stdout(Stdio::piped())
            .stderr(fs::File::create(dir.with_extension("log")).unwrap())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut next = || {
            let log = || fs::read_to_string(dir.with_extension("log")).unwrap();
            lines
                .next()
                .unwrap_or_else(|| panic!("no more lines: {}", log()))
                .unwrap()
        };
        let places: serde_json::Value = serde_json::from_str(&next()).unwrap();
        assert_eq!(next(), "keyhold ready");
        let address = |key: &str| places[key][0].as_str().unwrap().parse().unwrap();
        Self {
            kmip: address("kmip"),
            metrics: address("metrics"),
            dir: dir.to_owned(),
            child,
        }
    }

    /// A daemon in a new folder.
    pub(crate) fn fresh() -> (TempDir, Self) {
        let folder = tempfile::tempdir().unwrap();
        let own = Self::start(&folder.path().join("dev"));
        (folder, own)
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    /// Tells it to stop, and how it ended.
    pub(crate) fn stop(mut self) -> ExitStatus {
        self.signal(Signal::TERM);
        self.child.wait().unwrap()
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.dir.with_extension("log")).unwrap()
    }

    /// Waits until the log says something.
    pub(crate) fn wait_for_log(&self, text: &str) {
        eventually(&format!("{text:?} in the log"), || {
            self.log().contains(text)
        });
    }

    /// Reads the configuration anew after it was changed.
    pub(crate) fn reload(&self, change: impl FnOnce(String) -> String) {
        let path = self.dir.join("keyhold.toml");
        let text = change(fs::read_to_string(&path).unwrap());
        fs::write(&path, text).unwrap();
        self.signal(Signal::HUP);
    }

    /// The identity that `dev` made.
    pub(crate) fn identity(&self) -> Identity {
        let clients = self.dir.join("clients");
        Identity::of_pem(
            &fs::read(clients.join("dev.pem")).unwrap(),
            &fs::read(clients.join("dev.key")).unwrap(),
        )
    }

    /// Connects, shakes hands and asks once: a refusal in TLS 1.3 is seen only then.
    pub(crate) fn ask(
        &self,
        identity: Option<&Identity>,
        versions: &[&'static SupportedProtocolVersion],
    ) -> Result<Stream, String> {
        let mut stream = connect(self.kmip, self.client(identity, versions));
        exchange(&mut stream).map_err(|error| error.to_string())?;
        Ok(stream)
    }

    pub(crate) fn client(
        &self,
        identity: Option<&Identity>,
        versions: &[&'static SupportedProtocolVersion],
    ) -> Arc<ClientConfig> {
        self.client_of(
            rustls::crypto::aws_lc_rs::default_provider(),
            identity,
            versions,
        )
    }

    /// A client that can do no more than a provider.
    pub(crate) fn client_of(
        &self,
        provider: CryptoProvider,
        identity: Option<&Identity>,
        versions: &[&'static SupportedProtocolVersion],
    ) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        let ca = fs::read(self.dir.join("ca.pem")).unwrap();
        roots
            .add(CertificateDer::from_pem_slice(&ca).unwrap())
            .unwrap();
        let builder = ClientConfig::builder_with_provider(Arc::new(provider))
            .with_protocol_versions(versions)
            .unwrap()
            .with_root_certificates(roots);
        let mut config = match identity {
            None => builder.with_no_client_auth(),
            // Not checked here: what is wrong with it is for the daemon to say.
            Some(own) => {
                let signer = any_supported_type(&own.key).unwrap();
                let key = CertifiedKey::new(own.chain.clone(), signer);
                builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(key)))
            }
        };
        config.resumption = Resumption::in_memory_sessions(8);
        Arc::new(config)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have been stopped already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A certificate and its key.
pub(crate) struct Identity {
    pub(crate) chain: Vec<CertificateDer<'static>>,
    pub(crate) key: PrivateKeyDer<'static>,
}

impl Identity {
    pub(crate) fn of_pem(certificate: &[u8], key: &[u8]) -> Self {
        Self {
            chain: vec![CertificateDer::from_pem_slice(certificate).unwrap()],
            key: PrivateKeyDer::from_pem_slice(key).unwrap(),
        }
    }
}

pub(crate) fn connect(address: SocketAddr, config: Arc<ClientConfig>) -> Stream {
    let name = ServerName::try_from("localhost").unwrap();
    let socket = TcpStream::connect(address).unwrap();
    socket
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    socket.set_nodelay(true).unwrap();
    StreamOwned::new(ClientConnection::new(config, name).unwrap(), socket)
}

/// What [`exchange`] says when the handshake was good and the answer was not.
pub(crate) const REFUSED_IN_KMIP: &str = "refused in KMIP";

/// Discover Versions and its answer.
pub(crate) fn exchange(stream: &mut (impl Read + Write)) -> std::io::Result<Vec<u8>> {
    stream.write_all(&discover_versions(b"one"))?;
    stream.flush()?;
    let answer = read_message(stream)?;
    if is_success(&answer) {
        Ok(answer)
    } else {
        Err(std::io::Error::other(REFUSED_IN_KMIP))
    }
}

/// One whole message.
pub(crate) fn read_message(stream: &mut impl Read) -> std::io::Result<Vec<u8>> {
    let mut message = vec![0; 8];
    stream.read_exact(&mut message)?;
    assert_eq!(message[..4], [0x42, 0x00, 0x7B, 0x01], "a response message");
    let length = u32::from_be_bytes(message[4..8].try_into().unwrap());
    message.resize(8 + usize::try_from(length).unwrap(), 0);
    stream.read_exact(&mut message[8..])?;
    Ok(message)
}

/// Whether the (only) item of a response says Success.
pub(crate) fn is_success(message: &[u8]) -> bool {
    let status = [0x42, 0x00, 0x7F, 0x05, 0, 0, 0, 4, 0, 0, 0, 0];
    message.windows(status.len()).any(|bytes| bytes == status)
}

/// A request of KMIP 1.2 whose item has this Unique Batch Item ID.
pub(crate) fn discover_versions(id: &[u8]) -> Vec<u8> {
    let version = [integer(0x42_006A, 0x02, 1), integer(0x42_006B, 0x02, 2)].concat();
    let header = [structure(0x42_0069, &version), integer(0x42_000D, 0x02, 1)].concat();
    let item = [
        integer(0x42_005C, 0x05, 0x1E),
        item(0x42_0093, 0x08, id),
        structure(0x42_0079, &[]),
    ]
    .concat();
    let message = [structure(0x42_0077, &header), structure(0x42_000F, &item)].concat();
    structure(0x42_0078, &message)
}

fn structure(tag: u32, contents: &[u8]) -> Vec<u8> {
    item(tag, 0x01, contents)
}

fn integer(tag: u32, kind: u8, value: u32) -> Vec<u8> {
    item(tag, kind, &value.to_be_bytes())
}

fn item(tag: u32, kind: u8, contents: &[u8]) -> Vec<u8> {
    let mut bytes = tag.to_be_bytes()[1..].to_vec();
    bytes.push(kind);
    bytes.extend(u32::try_from(contents.len()).unwrap().to_be_bytes());
    bytes.extend(contents);
    bytes.resize(bytes.len().next_multiple_of(8), 0);
    bytes
}

/// Waits for something to become true, ten seconds at most.
pub(crate) fn eventually(what: &str, mut is_true: impl FnMut() -> bool) {
    let began = now();
    while !is_true() {
        assert!(began.elapsed() < Duration::from_secs(10), "never: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The time, for measuring.
#[expect(clippy::disallowed_methods, reason = "a test measures for itself")]
pub(crate) fn now() -> Instant {
    Instant::now()
}
