//! Where everything of an appliance is, for people and for programs.

use std::{
    fmt::Write,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use serde::Serialize;

use super::{CONFIGURATION, Dev, VAULT};
use crate::server::Bound;

/// Where everything is.
#[derive(Serialize)]
pub(super) struct Whereabouts {
    directory: PathBuf,
    configuration: PathBuf,
    kmip: Vec<SocketAddr>,
    metrics: Vec<SocketAddr>,
    socket: PathBuf,
    authority: PathBuf,
    client_certificate: PathBuf,
    client_key: PathBuf,
    pkcs11_configuration: PathBuf,
    pkcs11_module: PathBuf,
    vault: &'static str,
    conformance: bool,
}

impl Dev {
    /// What a person is told, with commands to paste.
    pub(super) fn words(&self, places: &Whereabouts) -> String {
        let mut text = String::new();
        let kmip = places
            .kmip
            .first()
            .map_or_else(String::new, ToString::to_string);
        let metrics = places
            .metrics
            .first()
            .map_or_else(String::new, ToString::to_string);
        let pins = match (&self.pin, &self.so_pin) {
            (None, None) => {
                "unless you chose others: user PIN 1234, security officer's PIN 12345678"
            }
            _ => "with the PINs that you chose",
        };
        let rows = [
            ("configuration", places.configuration.display().to_string()),
            ("KMIP", format!("{kmip} (mutual TLS)")),
            ("authority", places.authority.display().to_string()),
            ("client", places.client_certificate.display().to_string()),
            ("client's key", places.client_key.display().to_string()),
            ("vault", format!("{VAULT} ({pins})")),
            ("local socket", places.socket.display().to_string()),
            ("PKCS#11", places.pkcs11_configuration.display().to_string()),
            ("metrics", format!("http://{metrics}/metrics")),
        ];
        let _ = writeln!(
            text,
            "Keyhold keeps everything in {}\n",
            places.directory.display()
        );
        for (what, place) in rows {
            let _ = writeln!(text, "  {what:<14} {place}");
        }
        if self.conformance {
            let _ = writeln!(
                text,
                "\nUnder test (--conformance): any client may empty the vault with Interop; the second client is dev2"
            );
        }
        let port = places.kmip.first().map_or(0, SocketAddr::port);
        let pin = self.pin.as_deref().map_or("--pin 1234", |_| "");
        let _ = write!(
            text,
            "\nTo paste into another terminal:\n\n\
             {python} -c 'from kmip.pie.client import ProxyKmipClient as C; from kmip.core.enums import CryptographicAlgorithm as A\n\
             with C(\"127.0.0.1\", {port}, cert=\"{cert}\", key=\"{key}\", ca=\"{ca}\") as c: print(c.create(A.AES, 256))'\n\n\
             KEYHOLD_PKCS11_CONFIG={pkcs11} pkcs11-tool --module {module} --token-label {VAULT} --login {pin} --keygen --key-type aes:32 --label first\n\n\
             {own} status --config {configuration}\n",
            python = self.python.display(),
            cert = places.client_certificate.display(),
            key = places.client_key.display(),
            ca = places.authority.display(),
            pkcs11 = places.pkcs11_configuration.display(),
            module = places.pkcs11_module.display(),
            own = program().display(),
            configuration = places.configuration.display(),
        );
        text
    }
}

impl Whereabouts {
    pub(super) fn of(dir: &Path, bound: &Bound, conformance: bool) -> Self {
        Self {
            directory: dir.to_owned(),
            configuration: dir.join(CONFIGURATION),
            kmip: bound.kmip.clone(),
            metrics: bound.metrics.clone(),
            socket: bound.socket.clone(),
            authority: dir.join("ca.pem"),
            client_certificate: dir.join("clients").join("dev.pem"),
            client_key: dir.join("clients").join("dev.key"),
            pkcs11_configuration: dir.join("pkcs11.toml"),
            pkcs11_module: program().with_file_name("libkeyhold_pkcs11.so"),
            vault: VAULT,
            conformance,
        }
    }
}

/// This program; the PKCS#11 module is built and installed beside it.
fn program() -> PathBuf {
    std::env::current_exe().unwrap_or_else(|_| PathBuf::from("keyhold"))
}
