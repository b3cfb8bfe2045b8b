//! `keyhold dev`: a ready appliance for one person.

mod places;
mod users;

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use clap::Args;
use hsm::{host::Opening, soft::MasterSource};
use rustls::pki_types::{CertificateDer, pem::PemObject};
use store::{Client, Vault};

use self::places::Whereabouts;
use super::{Failure, Output, setup};
use crate::{
    authority::Options,
    config::{Config, Given},
    conformance::{Conformance, Seeding},
    error::Error,
    files::{self, Audience},
    pin,
    pki::CLIENT_DAYS,
    policy::Policy,
    server::{Appliance, Bound},
    tls,
};

/// `keyhold dev`.
#[derive(Args)]
pub(super) struct Dev {
    /// Where everything is kept
    #[arg(long, value_name = "DIR", default_value = "./var/dev")]
    dir: PathBuf,
    /// Where KMIP clients connect to [default: 127.0.0.1:5696]; port 0 takes a free one
    #[arg(long, value_name = "ADDR:PORT")]
    kmip: Option<SocketAddr>,
    /// Where metrics and health are served [default: 127.0.0.1:9464]; port 0 takes a free one
    #[arg(long, value_name = "ADDR:PORT")]
    metrics: Option<SocketAddr>,
    /// Put the vault on this PKCS#11 module instead of the embedded HSM
    #[arg(long, value_name = "PATH", requires = "token", requires = "token_pin")]
    module: Option<PathBuf>,
    /// The label of the module's token
    #[arg(long, value_name = "LABEL", requires = "module")]
    token: Option<String>,
    /// The PIN of the module's token
    #[arg(long, value_name = "PIN", requires = "module")]
    token_pin: Option<String>,
    /// Keep locked keys in the store, wrapped under a key of the token
    #[arg(long, requires = "module")]
    wrapped: bool,
    /// The vault's user PIN [default: 1234]
    #[arg(long, value_name = "PIN")]
    pin: Option<String>,
    /// The vault's security officer's PIN [default: 12345678]
    #[arg(long, value_name = "PIN")]
    so_pin: Option<String>,
    /// Let the security officer initialize the vault's token anew, which destroys its objects
    #[arg(long)]
    init_token: bool,
    /// The Python that has PyKMIP, for the command to paste
    #[arg(
        long,
        value_name = "PATH",
        env = "KEYHOLD_PYTHON",
        default_value = "python3"
    )]
    python: PathBuf,
    /// Be tested for conformance: serve Interop, which empties the vault, and have a second client. Never for keys that
    /// matter
    #[arg(long)]
    conformance: bool,
    /// What RNG Seed makes of the bytes that clients offer
    #[arg(
        long,
        value_enum,
        value_name = "CHOICE",
        default_value = "whole",
        requires = "conformance"
    )]
    rng_seed: Seeding,
    /// Answer the first Poll of a request that is answered later with Operation Pending
    #[arg(long, requires = "conformance")]
    slow: bool,
}

impl Dev {
    pub(super) fn run(self, output: &Output) -> Result<(), Failure> {
        let dir = setup::absolute(&self.dir)?;
        setup::directory(&dir)?;
        setup::directory(&dir.join("clients"))?;
        if !dir.join(CONFIGURATION).exists() {
            self.make_configuration(&dir)?;
        }
        self.make_certificates(&dir)?;
        let text = "version = 1\n\n[[token]]\nvault = \"dev\"\nsocket = \"keyhold.sock\"\n";
        setup::file(
            &dir.join("pkcs11.toml"),
            text.as_bytes(),
            Audience::Everybody,
        )?;
        let config = Config::load(&dir.join(CONFIGURATION)).map_err(Failure::failed)?;
        self.check_module(&config)?;
        let config = config.with(Given {
            kmip: self.kmip,
            metrics: self.metrics,
        });
        let appliance = Appliance::open(config, self.conformance()).map_err(Failure::failed)?;
        self.furnish(&appliance, &dir)?;
        let ready = |bound: &Bound| {
            let places = Whereabouts::of(&dir, bound, self.conformance);
            output
                .say(&places, |places| self.words(places))
                .and_then(|()| output.line("keyhold ready"))
                .map_err(|failure| failure.message().to_owned())
        };
        appliance.serve(ready).map_err(Failure::failed)
    }

    /// The first start: the HSM and the configuration, which comes last, so that a start that was cut short is begun
    /// anew.
    fn make_configuration(&self, dir: &Path) -> Result<(), Failure> {
        setup::audit_key(&dir.join("audit.key"))?;
        let backend = match (&self.module, &self.token, &self.token_pin) {
            (Some(module), Some(token), Some(pin)) => {
                let path = dir.join("token.pin");
                files::replace(&path, pin.as_bytes(), Audience::Owner).map_err(Failure::failed)?;
                let module = setup::absolute(module)?;
                format!(
                    "name = \"hsm\"\nkind = \"module\"\npath = {}\ntoken = {}\npin_file = \"token.pin\"\n",
                    quoted(&module.display().to_string()),
                    quoted(token)
                )
            }
            _ => {
                let path = dir.join("master.key");
                setup::master(&MasterSource::File(path.clone()), &path)?;
                "name = \"embedded\"\nkind = \"embedded\"\nmaster = \"master.key\"\n".to_owned()
            }
        };
        let text = format!("{CONFIGURATION_HEAD}\n[[backend]]\n{backend}{CONFIGURATION_TAIL}");
        setup::file(
            &dir.join(CONFIGURATION),
            text.as_bytes(),
            Audience::Everybody,
        )
    }

    /// A directory keeps the HSM it was set up with: the keys are there.
    fn check_module(&self, config: &Config) -> Result<(), Failure> {
        let Some(module) = &self.module else {
            return Ok(());
        };
        let module = setup::absolute(module)?;
        let is_same = config.backends.iter().any(|own| match &*own.opening {
            Opening::Module { config, .. } => config.path == module,
            Opening::Embedded { .. } => false,
        });
        if is_same {
            return Ok(());
        }
        Err(Failure::failed(format!(
            "{}: was set up with another HSM, and its keys are there; choose another --dir for {}",
            config.file.display(),
            module.display()
        )))
    }

    /// The vault and its client.
    fn furnish(&self, appliance: &Appliance, dir: &Path) -> Result<(), Failure> {
        let directory = &appliance.directory;
        let verifier = |given: Option<&String>, fallback: Option<String>, usual: &str| {
            match (given, fallback) {
                (None, Some(known)) => Ok(known),
                (given, _) => pin::verifier(&setup::secret(given.map_or(usual, String::as_str))),
            }
            .map(Some)
            .map_err(Failure::failed)
        };
        let known = directory.vault(VAULT);
        let is_changed = self.pin.is_some() || self.so_pin.is_some() || self.init_token;
        if known.is_none() || is_changed {
            let backend = appliance
                .config
                .backends
                .first()
                .map_or_else(String::new, |own| own.name.clone());
            let old = known.as_deref().cloned();
            let pins = old
                .as_ref()
                .map(|own| (own.user_pin.clone(), own.so_pin.clone()));
            let (user, so) = pins.unwrap_or_default();
            let mut token = old
                .as_ref()
                .map(|own| own.token.clone())
                .unwrap_or_default();
            token.may_be_initialized |= self.init_token;
            let vault = Vault {
                token,
                user_pin: verifier(self.pin.as_ref(), user, "1234")?,
                so_pin: verifier(self.so_pin.as_ref(), so, "12345678")?,
                ..old.unwrap_or_else(|| Vault {
                    name: VAULT.to_owned(),
                    backend,
                    locked_by_default: false,
                    wrapped: self.wrapped,
                    strict: false,
                    created: appliance.clock.now(),
                    user_pin: None,
                    so_pin: None,
                    token: store::Token::default(),
                    rules: store::Rules::default(),
                })
            };
            directory.put_vault(&vault).map_err(Failure::failed)?;
        }
        furnish_authority(appliance)?;
        for client in self.clients() {
            enrol(appliance, client, &certificate_file(dir, client))?;
        }
        if self.conformance {
            users::furnish(appliance, VAULT)?;
        }
        Ok(())
    }

    /// How the server is tested, if it is.
    fn conformance(&self) -> Option<Conformance> {
        self.conformance.then_some(Conformance {
            seeding: self.rng_seed,
            is_slow: self.slow,
        })
    }

    /// The clients of the vault. Some test cases need two who know of each other's objects.
    fn clients(&self) -> &'static [&'static str] {
        if self.conformance {
            &[VAULT, SECOND_CLIENT]
        } else {
            &[VAULT]
        }
    }

    /// The authority, the server's certificate and the clients'; those that soon end are issued anew.
    fn make_certificates(&self, dir: &Path) -> Result<(), Failure> {
        let now = setup::now();
        let authority = setup::authority(dir, "Keyhold development authority", now)?;
        let names = ["localhost", "127.0.0.1", "::1"].map(ToOwned::to_owned);
        setup::certificate(
            &dir.join("server.pem"),
            &dir.join("server.key"),
            now,
            || authority.issue_server(&names, now),
        )?;
        for client in self.clients() {
            let certificate = certificate_file(dir, client);
            setup::certificate(
                &certificate,
                &certificate.with_extension("key"),
                now,
                || authority.issue_client(client, CLIENT_DAYS, now),
            )?;
        }
        Ok(())
    }
}

/// The vault's authority, so that Certify has one.
fn furnish_authority(appliance: &Appliance) -> Result<(), Failure> {
    let failed = |error: Error| {
        let cause = error.cause().map(ToString::to_string).unwrap_or_default();
        Failure::failed(format!(
            "the authority of the vault {VAULT:?}: {} {cause}",
            error.message()
        ))
    };
    let (service, vault) = (&appliance.service, appliance.directory.vault(VAULT));
    if let Some(vault) = vault
        && service.authority(VAULT).map_err(failed)?.is_none()
    {
        service
            .create_authority(&vault, &Options::usual(VAULT))
            .map_err(failed)?;
    }
    Ok(())
}

/// Where a client's certificate is; its key is beside it.
fn certificate_file(dir: &Path, client: &str) -> PathBuf {
    dir.join("clients").join(format!("{client}.pem"))
}

/// Enrols the client whose certificate is in a file, unless it is.
fn enrol(appliance: &Appliance, name: &str, path: &Path) -> Result<(), Failure> {
    let text = files::read_text(path).map_err(Failure::failed)?;
    let der = CertificateDer::from_pem_slice(text.as_bytes())
        .map_err(|error| Failure::failed(format!("{}: {error}", path.display())))?;
    let facts = tls::certificate_facts(&der)
        .map_err(|error| Failure::failed(format!("{}: {error}", path.display())))?;
    if appliance
        .directory
        .client_by_key(&facts.identity.spki_sha256)
        .is_some()
    {
        return Ok(());
    }
    let client = Client {
        name: name.to_owned(),
        vault: VAULT.to_owned(),
        role: Policy::ADMINISTRATOR.to_owned(),
        spki_sha256: facts.identity.spki_sha256,
        serial: facts.serial,
        issued: facts.begins,
        expires: facts.ends,
        revoked: None,
        successor: None,
    };
    appliance
        .directory
        .put_client(&client)
        .map_err(Failure::failed)
}

/// A text as TOML writes it.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

const VAULT: &str = "dev";
const SECOND_CLIENT: &str = "dev2";
const CONFIGURATION: &str = "keyhold.toml";
const CONFIGURATION_HEAD: &str = r#"# Written by `keyhold dev`. config/keyhold.toml shows every key with its default.
version = 1

[server]
kmip = ["127.0.0.1:5696"]
socket = "keyhold.sock"
metrics = "127.0.0.1:9464"

[tls]
certificate = "server.pem"
key = "server.key"
client_authorities = ["ca.pem"]

# The authority's key is the file ca.key: whoever reads it can make client certificates.
[authority]
directory = "."

[audit]
directory = "audit"
key_file = "audit.key"

[store]
path = "keyhold.db"

[admin]
uids = ["self", 0]
"#;
const CONFIGURATION_TAIL: &str = r#"
# Who may use the vault through the local socket, as the PKCS#11 module does.
[[local]]
uid = "self"
vault = "dev"
role = "user"

[[local]]
uid = 0
vault = "dev"
role = "user"
"#;
