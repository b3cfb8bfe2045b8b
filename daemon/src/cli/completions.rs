//! `keyhold completions`: what a shell needs to complete commands.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::{Arguments, Failure, Output};

/// `keyhold completions SHELL`.
#[derive(Args)]
pub(super) struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    pub(super) fn run(self, output: &Output) -> Result<(), Failure> {
        let mut script = Vec::new();
        clap_complete::generate(
            self.shell,
            &mut Arguments::command(),
            "keyhold",
            &mut script,
        );
        output.line(String::from_utf8_lossy(&script).trim_end())
    }
}
