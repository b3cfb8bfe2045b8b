//! The configuration file and its place: which vaults are tokens, and how their daemon is reached.

use std::{
    fmt,
    path::{Path, PathBuf},
    time::Duration,
};

use serde::Deserialize;

/// The configuration as the module uses it: paths resolved, defaults filled in.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Config {
    /// Whether the tokens ask for a PIN.
    pub(crate) login: Login,
    /// How long connecting, sending or waiting for an answer may take.
    pub(crate) timeout: Duration,
    /// The module's own log.
    pub(crate) log: Option<PathBuf>,
    /// The tokens in the order of their slots.
    pub(crate) tokens: Vec<Token>,
}

/// Whether private objects need a login.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Login {
    /// The uid or the client certificate is enough.
    None,
    /// A PIN, through `C_Login`.
    #[default]
    Pin,
}

/// One token: a vault and the way to it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Token {
    /// The vault, which is the token's label.
    pub(crate) vault: String,
    /// Whether it is shown as hardware.
    pub(crate) is_hardware: bool,
    /// The way to the daemon.
    pub(crate) route: Route,
}

/// How a daemon is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// The local socket, whose peer is known by its uid.
    Socket(PathBuf),
    /// TLS with a client certificate.
    Tls {
        /// Host and port.
        address: String,
        /// The name in the server's certificate.
        server_name: String,
        /// Certificates and the key.
        files: Files,
    },
}

/// The files that TLS needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Files {
    /// Who signs the server's certificate.
    pub(crate) ca: PathBuf,
    /// The client's certificate chain.
    pub(crate) certificate: PathBuf,
    /// Its private key.
    pub(crate) key: PathBuf,
}

/// A configuration that cannot be used: the file, the line where it is known, and what is wrong there.
#[derive(Debug)]
pub(crate) struct ConfigError {
    file: PathBuf,
    line: Option<usize>,
    what: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {}", self.what)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    #[serde(default)]
    login: Login,
    #[serde(default = "timeout_seconds_default")]
    timeout_seconds: u64,
    log: Option<PathBuf>,
    #[serde(default)]
    token: Vec<toml::Spanned<FileToken>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileToken {
    vault: String,
    #[serde(default = "hardware_default")]
    hardware: bool,
    socket: Option<PathBuf>,
    address: Option<String>,
    server_name: Option<String>,
    ca: Option<PathBuf>,
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
}

/// Whose word the environment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Environment {
    /// That of whoever the process runs as.
    Own,
    /// That of somebody with fewer rights, who is not to say which files are read and written.
    Foreign,
}

impl Environment {
    /// A variable; none of somebody else's, and no empty one.
    pub(crate) fn variable(self, name: &str) -> Option<std::ffi::OsString> {
        std::env::var_os(name).filter(|value| self == Self::Own && !value.is_empty())
    }
}

const fn timeout_seconds_default() -> u64 {
    10
}

const fn hardware_default() -> bool {
    true
}

impl Config {
    /// The configuration of this process. Without any file there are no tokens, which is no error: module loaders offer
    /// every installed module to every program.
    pub(crate) fn of_process(environment: Environment) -> Result<Self, ConfigError> {
        if let Some(path) = environment.variable("KEYHOLD_PKCS11_CONFIG") {
            return Self::load(Path::new(&path));
        }
        let home = environment
            .variable("HOME")
            .map(|home| Path::new(&home).join(".config/keyhold/pkcs11.toml"));
        let system = Some(PathBuf::from("/etc/keyhold/pkcs11.toml"));
        home.into_iter()
            .chain(system)
            .find(|path| path.exists())
            .map_or_else(|| Ok(Self::empty()), |path| Self::load(&path))
    }

    fn empty() -> Self {
        Self {
            login: Login::Pin,
            timeout: Duration::from_secs(timeout_seconds_default()),
            log: None,
            tokens: Vec::new(),
        }
    }

    /// Reads a file; paths in it are relative to its folder.
    pub(crate) fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|error| ConfigError {
            file: path.to_owned(),
            line: None,
            what: error.to_string(),
        })?;
        Self::parse(path, &text)
    }

    fn parse(path: &Path, text: &str) -> Result<Self, ConfigError> {
        let fault = |at: Option<usize>, what: String| ConfigError {
            file: path.to_owned(),
            line: at.map(|at| text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1),
            what,
        };
        let file: File = toml::from_str(text).map_err(|error| {
            fault(
                error.span().map(|span| span.start),
                error.message().to_owned(),
            )
        })?;
        if file.version != 1 {
            return Err(fault(
                text.find("version"),
                format!(
                    "version {} is not known, this module reads version 1",
                    file.version
                ),
            ));
        }
        if !(1..=600).contains(&file.timeout_seconds) {
            return Err(fault(
                text.find("timeout_seconds"),
                "timeout_seconds must be 1 to 600".to_owned(),
            ));
        }
        let base = path.parent().unwrap_or_else(|| Path::new("."));
        let token = |token: toml::Spanned<FileToken>| {
            let at = token.span().start;
            token
                .into_inner()
                .checked(base)
                .map_err(|what| fault(Some(at), what))
        };
        Ok(Self {
            login: file.login,
            timeout: Duration::from_secs(file.timeout_seconds),
            log: file.log.map(|log| base.join(log)),
            tokens: file
                .token
                .into_iter()
                .map(token)
                .collect::<Result<_, _>>()?,
        })
    }
}

impl FileToken {
    fn checked(self, base: &Path) -> Result<Token, String> {
        // PKCS #11 3.1 §3.2: a token's label has 32 bytes.
        if self.vault.is_empty() || self.vault.len() > 32 {
            return Err("vault must be a name of 1 to 32 bytes".to_owned());
        }
        let route = match (self.socket, self.address) {
            (Some(socket), None) => {
                if self.server_name.is_some()
                    || self.ca.is_some()
                    || self.certificate.is_some()
                    || self.key.is_some()
                {
                    return Err(
                        "server_name, ca, certificate and key belong to address, not to socket"
                            .to_owned(),
                    );
                }
                Route::Socket(base.join(socket))
            }
            (None, Some(address)) => {
                let Some((host, _)) = address.rsplit_once(':') else {
                    return Err("address must be host:port".to_owned());
                };
                let host = host.trim_matches(['[', ']']).to_owned();
                let needed = |path: Option<PathBuf>, name: &str| {
                    path.map(|path| base.join(path))
                        .ok_or_else(|| format!("a token with an address needs {name}"))
                };
                Route::Tls {
                    server_name: self.server_name.unwrap_or(host),
                    files: Files {
                        ca: needed(self.ca, "ca")?,
                        certificate: needed(self.certificate, "certificate")?,
                        key: needed(self.key, "key")?,
                    },
                    address,
                }
            }
            _ => return Err("a token needs either socket or address".to_owned()),
        };
        Ok(Token {
            vault: self.vault,
            is_hardware: self.hardware,
            route,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Config, String> {
        Config::parse(Path::new("/etc/keyhold/pkcs11.toml"), text)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn paths_are_relative_to_the_file_and_defaults_hold() {
        let config = parse("version = 1\n[[token]]\nvault = \"dev\"\nsocket = \"keyhold.sock\"\n");
        let config = config.unwrap();
        assert_eq!(config.login, Login::Pin);
        assert_eq!(config.timeout, Duration::from_secs(10));
        assert_eq!(
            config.tokens[0].route,
            Route::Socket("/etc/keyhold/keyhold.sock".into())
        );
    }

    #[test]
    fn mistakes_name_file_and_line() {
        let unknown = parse("version = 1\n[[token]]\nvault = \"dev\"\nsokcet = \"x\"\n");
        let unknown = unknown.unwrap_err();
        assert!(
            unknown.starts_with("/etc/keyhold/pkcs11.toml:4: "),
            "{unknown}"
        );
        assert!(unknown.contains("sokcet"), "{unknown}");
        let neither = parse("version = 1\n\n[[token]]\nvault = \"dev\"\n").unwrap_err();
        assert!(
            neither.starts_with("/etc/keyhold/pkcs11.toml:3: a token needs"),
            "{neither}"
        );
        let version = parse("version = 2\n").unwrap_err();
        assert!(version.contains(":1: version 2 is not known"), "{version}");
        let tls = parse("version = 1\n[[token]]\nvault = \"v\"\naddress = \"h:1\"\nca = \"ca\"\n");
        assert!(tls.unwrap_err().contains("needs certificate"));
        let login = parse("version = 1\nlogin = \"perhaps\"\n").unwrap_err();
        assert!(login.contains(":2: "), "{login}");
    }

    #[test]
    fn the_sample_shows_the_defaults_and_loads() {
        let sample = include_str!("../../config/pkcs11.toml");
        let config = parse(sample).unwrap();
        let bare = parse("version = 1\n").unwrap();
        assert_eq!(
            (config.login, config.timeout, config.log),
            (bare.login, bare.timeout, bare.log)
        );
        assert_eq!(config.tokens.len(), 1);
        // What is commented out loads too.
        let whole: String = sample
            .lines()
            .map(|line| match line.strip_prefix("# ") {
                Some(hidden) if hidden.contains(" = ") || hidden == "[[token]]" => hidden,
                _ => line,
            })
            .map(|line| format!("{line}\n"))
            .collect();
        let whole = parse(&whole).unwrap();
        assert_eq!(whole.tokens.len(), 2);
        assert!(whole.tokens.iter().all(|token| token.is_hardware));
        assert!(matches!(whole.tokens[1].route, Route::Tls { .. }));
    }
}
