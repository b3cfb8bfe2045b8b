//! A program that has the module loaded, in a process of its own, and does with it what it is told line by line.

use std::{
    env,
    io::{BufRead, BufReader, Lines, Write, stdin},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use super::{Api, CHILD, Result, name_of_test};
use crate::programs;

/// Stands before what a host says, among what the program of the tests says.
const SAYS: &str = "> ";

/// A host, until it is dropped.
pub struct Host {
    child: Child,
    asks: Option<ChildStdin>,
    says: Lines<BufReader<ChildStdout>>,
}

/// Runs the body, which starts hosts by their configurations; `serve` is what they do. The function in which the body is
/// written must be a test, as for [`super::with_module`].
pub fn with_hosts<F: FnOnce(&dyn Fn(&Path) -> Host)>(serve: fn(&Api), body: F) {
    let test = name_of_test::<F>();
    if env::var(CHILD).is_ok_and(|name| name == test) {
        serve(&Api::load(&programs::module()));
        return;
    }
    body(&|configuration| Host::start(test, configuration));
}

/// Does what each line asks for, and says what came of it; at first, whether the host is ready.
pub fn obey(ready: Result<()>, mut does: impl FnMut(&str) -> Result<()>) {
    say(ready);
    for line in stdin().lines() {
        say(does(&line.unwrap()));
    }
}

fn say(result: Result<()>) {
    println!("\n{SAYS}{}", result.err().unwrap_or(0));
}

impl Host {
    fn start(test: &str, configuration: &Path) -> Self {
        let mut child = Command::new(env::current_exe().unwrap())
            .args([test, "--exact", "--nocapture", "--test-threads=1"])
            .env(CHILD, test)
            .env("KEYHOLD_PKCS11_CONFIG", configuration)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let says = BufReader::new(child.stdout.take().unwrap()).lines();
        let asks = child.stdin.take();
        let mut host = Self { child, asks, says };
        assert_eq!(host.hear(), Ok(()), "the host is not ready");
        host
    }

    /// What came of doing what a line says.
    pub fn ask(&mut self, line: &str) -> Result<()> {
        writeln!(self.asks.as_mut().unwrap(), "{line}").unwrap();
        self.hear()
    }

    fn hear(&mut self) -> Result<()> {
        loop {
            let line = self.says.next().expect("the host goes on").unwrap();
            match line.strip_prefix(SAYS).map(|said| said.parse().unwrap()) {
                Some(0) => return Ok(()),
                Some(rv) => return Err(rv),
                None => {}
            }
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        drop(self.asks.take());
        // It may be gone already, because it failed.
        let _ = self.child.wait();
    }
}
