//! Arguments to a command, and the command to an exit code.
#![forbid(unsafe_code)]

use std::{alloc::System, process::ExitCode};

use clap::Parser;
use keyhold::cli::Arguments;
use zeroizing_alloc::ZeroAlloc;

/// Memory that is given back is zeroed first, because any buffer may have held a key on its way: those of TLS, of texts
/// and of sockets are other crates'.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);

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
