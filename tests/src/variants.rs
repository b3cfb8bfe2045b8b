//! Appliances and clients out of the ordinary: with more in their configuration, and posting over HTTPS.

use std::fs;

use kmip::{Version, text::Encoding};
use rustix::process::Signal;

use crate::{Appliance, Backend, Client, Https, client::shake_hands, pki, programs::succeed};

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

    /// Starts an appliance whose vault is on a group of two embedded HSMs.
    #[must_use]
    pub fn on_group() -> Self {
        // An HSM's master is made where it is set up.
        let other = Self::start(Backend::Embedded);
        let mut own = Self::start(Backend::Embedded);
        fs::copy(other.file("master.key"), own.file("right.key")).unwrap();
        drop(other);
        let member = |name: &str, master: &str| {
            format!(
                "[[backend]]\nname = {name:?}\nkind = \"embedded\"\nmaster = {master:?}\nkeys_may_move = true\n"
            )
        };
        let (left, right) = (member("left", "master.key"), member("right", "right.key"));
        let group = "name = \"pair\"\nkind = \"group\"\nmembers = [\"left\", \"right\"]";
        own.reconfigure(&format!(
            "{group}\n{left}{right}[[backend]]\nkeys_may_move = true"
        ));
        let moving = ["vault", "move", "dev", "--to", "pair"];
        succeed(&mut own.keyhold(&moving));
        own
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
        let stream = shake_hands(self.tcp(), config).unwrap();
        Client::over(Https::over(stream, encoding), version)
    }
}
