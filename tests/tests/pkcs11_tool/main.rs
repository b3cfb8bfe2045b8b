//! OpenSC's pkcs11-tool on the PKCS#11 module: over the local socket and mutual TLS, on both backends.

mod adopt;
mod handling;
mod keys;
mod pins;
mod tokens;

use std::{fs, path::PathBuf, process::Command};

use keyhold_tests::{
    Appliance, Backend, PIN,
    programs::{module, peer, succeed, words},
};

/// pkcs11-tool for one token.
struct Tool {
    configuration: PathBuf,
    folder: PathBuf,
}

impl Tool {
    fn new(appliance: &Appliance, configuration: PathBuf) -> Self {
        Self {
            configuration,
            folder: appliance.scratch(),
        }
    }

    fn local(appliance: &Appliance) -> Self {
        Self::new(appliance, appliance.file("pkcs11.toml"))
    }

    fn command(&self, line: &str) -> Command {
        let mut command = peer("pkcs11-tool");
        command
            .env("KEYHOLD_PKCS11_CONFIG", &self.configuration)
            .current_dir(&self.folder);
        command.arg("--module").arg(module()).args(words(line));
        command
    }

    fn logged_in(&self, line: &str) -> Command {
        self.command(&format!("--token-label dev --login --pin {PIN} {line}"))
    }

    fn run(&self, line: &str) -> String {
        succeed(&mut self.logged_in(line))
    }

    fn write(&self, file: &str, bytes: &[u8]) {
        fs::write(self.folder.join(file), bytes).unwrap();
    }

    fn read(&self, file: &str) -> Vec<u8> {
        fs::read(self.folder.join(file)).unwrap()
    }

    fn openssl(&self, line: &str) -> String {
        succeed(peer("openssl").args(words(line)).current_dir(&self.folder))
    }
}

/// Every way to an appliance's token.
fn on_each_way(test: fn(&Appliance, &Tool)) {
    for backend in [Backend::Embedded, Backend::SoftHsm] {
        let appliance = Appliance::start(backend);
        test(&appliance, &Tool::local(&appliance));
        test(
            &appliance,
            &Tool::new(&appliance, appliance.network_pkcs11_config()),
        );
    }
}
