//! Arguments to a command, and the command to an exit code.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use clap::Parser;
use keyhold::cli::Arguments;

fn main() -> ExitCode {
    match Arguments::try_parse() {
        Ok(arguments) => arguments.run(),
        // Help and the version are answers, not mistakes.
        Err(error) => match error.print() {
            Ok(()) if !error.use_stderr() => ExitCode::SUCCESS,
            _ => ExitCode::from(2),
        },
    }
}
