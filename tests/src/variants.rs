//! Appliances and clients out of the ordinary: with more in their configuration, and posting over HTTPS.

use std::fs;

use kmip::{Version, text::Encoding};
use rustix::process::Signal;
use rustls::{ClientConnection, StreamOwned, pki_types::ServerName};

use crate::{Appliance, Client, Https, pki};

impl Appliance {
    /// Puts one more line into the first `[[backend]]`, and starts the daemon again.
    pub fn reconfigure(&mut self, more: &str) {
        self.stop(Signal::TERM);
        let path = self.file("keyhold.toml");
        let text = fs::read_to_string(&path).unwrap();
        let changed = text.replacen("[[backend]]\n", &format!("[[backend]]\n{more}\n"), 1);
        assert_ne!(text, changed);
        fs::write(&path, changed).unwrap();
        self.restart();
    }

    /// The processes of the daemon's HSMs: those that it started and that still are.
    #[must_use]
    pub fn hosts(&self) -> Vec<u32> {
        let tasks = format!("/proc/{}/task", self.pid());
        let children = fs::read_dir(tasks).unwrap().filter_map(|task| {
            // A thread may have ended meanwhile.
            fs::read_to_string(task.unwrap().path().join("children")).ok()
        });
        let all: Vec<String> = children.collect();
        let numbers = all.iter().flat_map(|text| text.split_whitespace());
        numbers.map(|number| number.parse().unwrap()).collect()
    }

    /// A client that posts its messages over HTTPS, with the user's identity.
    #[must_use]
    pub fn posting(&self, version: Version, encoding: Option<Encoding>) -> Client {
        let config = pki::client_config(&self.file("ca.pem"), Some(&self.identity()));
        let name = ServerName::try_from("localhost").unwrap();
        let connection = ClientConnection::new(config, name).unwrap();
        let stream = StreamOwned::new(connection, self.tcp());
        Client::over(Https::over(stream, encoding), version)
    }
}
