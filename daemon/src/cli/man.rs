//! `keyhold man`: the manual pages.

use std::{fs, path::PathBuf};

use clap::{Args, CommandFactory};
use clap_mangen::Man as Page;

use super::{Arguments, Failure, Output};

/// `keyhold man [--out DIR]`.
#[derive(Args)]
pub(super) struct Man {
    /// Write the pages of all commands into this directory instead
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

impl Man {
    pub(super) fn run(self, output: &Output) -> Result<(), Failure> {
        let command = Arguments::command();
        let Some(directory) = self.out else {
            let mut page = Vec::new();
            Page::new(command)
                .render(&mut page)
                .map_err(Failure::failed)?;
            return output.line(String::from_utf8_lossy(&page).trim_end());
        };
        let failed = |error| Failure::failed(format!("{}: {error}", directory.display()));
        fs::create_dir_all(&directory).map_err(failed)?;
        clap_mangen::generate_to(command, &directory).map_err(failed)
    }
}
