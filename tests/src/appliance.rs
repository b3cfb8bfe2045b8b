//! A daemon process of a test's own: started, found, stopped, killed, started again on the same data.

use std::{
    fs::{self, File},
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use kmip::Version;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::{
    Client, PIN, Token,
    pki::{self, Identity},
    programs::{self, peer},
};

/// What the appliance's vault stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// The embedded HSM.
    Embedded,
    /// A SoftHSM2 token through its PKCS#11 module.
    SoftHsm,
    /// The same, whose locked keys are kept in the store, wrapped.
    Wrapped,
    /// A token of Kryoptic through its PKCS#11 module.
    Kryoptic,
}

/// An appliance that `keyhold dev` set up.
pub struct Appliance {
    folder: TempDir,
    token: Option<Token>,
    arguments: Vec<String>,
    wrapper: Vec<String>,
    running: Option<Running>,
}

struct Running {
    child: Child,
    kmip: SocketAddr,
    metrics: SocketAddr,
}

impl Appliance {
    /// Starts an appliance on one of the backends.
    #[must_use]
    pub fn start(backend: Backend) -> Self {
        match backend {
            Backend::Embedded => Self::start_with(None, &[]),
            Backend::SoftHsm => Self::start_with(Some(Token::new()), &[]),
            Backend::Wrapped => Self::start_with(Some(Token::new()), &[WRAPPED]),
            Backend::Kryoptic => Self::start_with(Some(Token::kryoptic()), &[]),
        }
    }

    /// Starts an appliance with further arguments of `keyhold dev`.
    #[must_use]
    pub fn start_with(token: Option<Token>, arguments: &[&str]) -> Self {
        let mut own = Self::prepare(token, arguments);
        own.restart();
        own
    }

    /// An appliance whose folder is not set up yet, and whose daemon does not run yet.
    #[must_use]
    pub fn prepare(token: Option<Token>, arguments: &[&str]) -> Self {
        Self {
            folder: tempfile::Builder::new().prefix("kh").tempdir().unwrap(),
            token,
            arguments: arguments.iter().map(ToString::to_string).collect(),
            wrapper: Vec::new(),
            running: None,
        }
    }

    /// Starts the daemon through another program from now on, which becomes the daemon.
    pub fn wrap(&mut self, wrapper: &[&str]) {
        self.wrapper = wrapper.iter().map(ToString::to_string).collect();
    }

    /// The command that starts the daemon, on ports that the system chooses.
    #[must_use]
    pub fn command(&self) -> Command {
        let mut command = match self.wrapper.split_first() {
            None => Command::new(programs::keyhold()),
            Some((program, arguments)) => {
                let mut command = Command::new(program);
                command.args(arguments).arg(programs::keyhold());
                command
            }
        };
        command.arg("dev").arg("--dir").arg(self.data());
        command.args(["--kmip", "127.0.0.1:0", "--metrics", "127.0.0.1:0"]);
        if let Some(token) = &self.token {
            command.arg("--module").arg(token.module());
            command.args(["--token", Token::LABEL, "--token-pin", Token::PIN]);
            token.environment(&mut command);
        }
        command.args(&self.arguments).stdin(Stdio::null());
        command
    }

    /// Starts the daemon, again or for the first time, and waits until it serves.
    pub fn restart(&mut self) {
        self.end();
        let (printed, complained) = (self.log("out"), self.log("err"));
        let mut child = self
            .command()
            .stdout(File::create(&printed).unwrap())
            .stderr(
                File::options()
                    .create(true)
                    .append(true)
                    .open(&complained)
                    .unwrap(),
            )
            .spawn()
            .unwrap();
        let started = Instant::now();
        let text = loop {
            let text = fs::read_to_string(&printed).unwrap();
            if text.lines().any(|line| line == "keyhold ready") {
                break text;
            }
            let ended = child.try_wait().unwrap();
            let late = started.elapsed() > Duration::from_secs(60);
            assert!(
                ended.is_none() && !late,
                "the daemon does not get ready ({ended:?})\n--- printed\n{text}--- complained\n{}",
                fs::read_to_string(&complained).unwrap()
            );
            sleep(Duration::from_millis(5));
        };
        self.running = Some(Running {
            child,
            kmip: address(&text, "kmip"),
            metrics: address(&text, "metrics"),
        });
    }

    fn running(&self) -> &Running {
        self.running.as_ref().expect("the daemon runs")
    }

    /// Where KMIP is served.
    #[must_use]
    pub fn kmip(&self) -> SocketAddr {
        self.running().kmip
    }

    /// Where metrics and health are served.
    #[must_use]
    pub fn metrics(&self) -> SocketAddr {
        self.running().metrics
    }

    /// The daemon's process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.running().child.id()
    }

    /// The appliance's folder.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("d")
    }

    /// A file of the appliance's folder.
    #[must_use]
    pub fn file(&self, relative: &str) -> PathBuf {
        self.data().join(relative)
    }

    /// A folder for what a test needs beside the appliance; it goes with it.
    #[must_use]
    pub fn scratch(&self) -> PathBuf {
        let path = self.folder.path().join("scratch");
        fs::create_dir_all(&path).unwrap();
        path
    }

    /// The token behind the vault.
    #[must_use]
    pub fn token(&self) -> &Token {
        self.token.as_ref().expect("the vault stands on a token")
    }

    /// What the vault stands on.
    #[must_use]
    pub fn backend(&self) -> Backend {
        match &self.token {
            None => Backend::Embedded,
            Some(_) if self.arguments.iter().any(|own| own == WRAPPED) => Backend::Wrapped,
            Some(token) if token.is_kryoptic() => Backend::Kryoptic,
            Some(_) => Backend::SoftHsm,
        }
    }

    /// What the daemon printed since its last start.
    #[must_use]
    pub fn printed(&self) -> String {
        fs::read_to_string(self.log("out")).unwrap()
    }

    /// What the daemon logged since its first start.
    #[must_use]
    pub fn logged(&self) -> String {
        fs::read_to_string(self.log("err")).unwrap()
    }

    fn log(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Sends the daemon a signal.
    pub fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.pid()).unwrap();
        kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
    }

    /// Asks the daemon to stop and waits until it is gone.
    pub fn stop(&mut self, signal: Signal) -> (ExitStatus, Duration) {
        let asked = Instant::now();
        self.signal(signal);
        let status = self.running.take().unwrap().child.wait().unwrap();
        (status, asked.elapsed())
    }

    /// Ends the daemon with no chance to finish anything.
    pub fn kill(&mut self) {
        self.signal(Signal::KILL);
        self.end();
    }

    fn end(&mut self) {
        if let Some(mut running) = self.running.take() {
            // It may be gone already, which is what is wanted.
            let _ = running.child.kill();
            running.child.wait().unwrap();
        }
    }

    /// Fails the test unless the daemon still runs.
    pub fn assert_alive(&mut self) {
        let ended = self.running.as_mut().unwrap().child.try_wait().unwrap();
        assert!(
            ended.is_none(),
            "the daemon ended, {ended:?}:\n{}",
            self.logged()
        );
    }

    /// The most memory that the daemon has had resident, in bytes.
    #[must_use]
    pub fn memory_bytes_peak(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status
            .lines()
            .find(|line| line.starts_with("VmHWM:"))
            .unwrap();
        let kilobytes = line.split_whitespace().nth(1).unwrap();
        kilobytes.parse::<u64>().unwrap() * 1024
    }

    /// The identity that `keyhold dev` made for its user.
    #[must_use]
    pub fn identity(&self) -> Identity {
        Identity::read(&self.file("clients/dev.pem"), &self.file("clients/dev.key"))
    }

    /// A client of the network, with the user's identity.
    #[must_use]
    pub fn client(&self, version: Version) -> Client {
        let identity = self.identity();
        self.client_as(Some(&identity), version)
            .unwrap_or_else(|error| panic!("no connection: {error}\n{}", self.logged()))
    }

    /// A client of the network with any identity, or none.
    pub fn client_as(
        &self,
        identity: Option<&Identity>,
        version: Version,
    ) -> std::io::Result<Client> {
        let stream = self.tcp();
        let config = pki::client_config(&self.file("ca.pem"), identity);
        Client::over_tls(stream, config, version)
    }

    /// A client of the local socket with the vault's PIN.
    #[must_use]
    pub fn local(&self, version: Version) -> Client {
        let mut client = Client::over_socket(&self.file("keyhold.sock"), version);
        client.authenticate("user", PIN);
        client
    }

    /// A bare connection to the port of KMIP.
    #[must_use]
    pub fn tcp(&self) -> TcpStream {
        let stream = TcpStream::connect(self.kmip()).unwrap();
        stream.set_nodelay(true).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(60)))
            .unwrap();
        stream
    }

    /// A page of the metrics port: its status and its body.
    #[must_use]
    pub fn page(&self, path: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(self.metrics()).unwrap();
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, body.to_owned())
    }

    /// A command of `keyhold` for this appliance, as its operator.
    #[must_use]
    pub fn keyhold(&self, arguments: &[&str]) -> Command {
        let mut command = peer("env");
        command.arg(programs::keyhold()).args(arguments);
        command.arg("--config").arg(self.file("keyhold.toml"));
        if let Some(token) = &self.token {
            token.environment(&mut command);
        }
        command
    }

    /// Lets a program find this appliance through the PKCS#11 module.
    pub fn environment<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command.env("KEYHOLD_PKCS11_CONFIG", self.file("pkcs11.toml"))
    }

    /// A PKCS#11 configuration that reaches this appliance over mutual TLS instead of the local socket.
    #[must_use]
    pub fn network_pkcs11_config(&self) -> PathBuf {
        let path = self.scratch().join("pkcs11-tls.toml");
        let place = |name: &str| self.file(name).display().to_string();
        let text = format!(
            "version = 1\n\n[[token]]\nvault = \"dev\"\naddress = \"{}\"\nserver_name = \"localhost\"\nca = \"{}\"\n\
             certificate = \"{}\"\nkey = \"{}\"\n",
            self.kmip(),
            place("ca.pem"),
            place("clients/dev.pem"),
            place("clients/dev.key")
        );
        fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Appliance {
    fn drop(&mut self) {
        self.end();
        if std::thread::panicking() {
            // What the daemon had to say is half of why a test failed.
            eprintln!(
                "--- the daemon of {} logged\n{}",
                self.data().display(),
                tail(&self.log("err"))
            );
        }
    }
}

fn tail(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(40)..].join("\n")
}

/// The address that a line about `what` names.
fn address(text: &str, what: &str) -> SocketAddr {
    text.lines()
        .filter(|line| line.to_lowercase().contains(what))
        .flat_map(|line| line.split(|c: char| c.is_whitespace() || "/,;()\"'".contains(c)))
        .find_map(|word| word.parse().ok())
        .unwrap_or_else(|| panic!("`keyhold dev` does not say where {what} is:\n{text}"))
}

/// The argument of `keyhold dev` that has locked keys wrapped.
const WRAPPED: &str = "--wrapped";
