//! `keyhold hsm-host`: the process of one HSM, which the daemon starts.

use std::{
    io::ErrorKind,
    os::{fd::AsFd, unix::net::UnixStream},
    path::PathBuf,
    process::abort,
};

use clap::Args;
use hsm::host;

use super::Failure;
use crate::{
    confine::{self, Confinement},
    harden,
    hosts::{self, start_engine},
};

/// `keyhold hsm-host NAME`.
#[derive(Args)]
pub(super) struct HsmHost {
    /// The backend, for whoever lists processes
    #[arg(value_name = "NAME")]
    _name: String,
    /// A foreign module runs here
    #[arg(long)]
    module: bool,
    /// The module may use the network
    #[arg(long, requires = "module")]
    network: bool,
    /// The module may write beneath these, and nowhere else
    #[arg(long, value_name = "PATH", requires = "module")]
    writable: Option<Vec<PathBuf>>,
}

impl HsmHost {
    pub(super) fn run(self) -> Result<(), Failure> {
        if let Err(error) = harden::process() {
            tracing::warn!(%error, "the process cannot be hardened");
        }
        let control = std::io::stdin().as_fd().try_clone_to_owned();
        let control = control.map(UnixStream::from).map_err(Failure::failed)?;
        let Some(opening) = host::asked(&control).map_err(|error| {
            Failure::usage(format!(
                "the daemon starts this by itself, with a socket as standard input: {error}"
            ))
        })?
        else {
            return Ok(());
        };
        let confinement = self.confinement();
        let opened = start_engine()
            .and_then(|()| hosts::open(&opening))
            .inspect(|_| confine::process(&confinement));
        match host::serve(&control, opened) {
            Err(error) if error.kind() == ErrorKind::TimedOut => {
                tracing::error!(
                    "the HSM does not finish what it is at; its process ends without it"
                );
                // A module that notices the end takes itself apart, under the thread that is in it.
                abort();
            }
            served => served.map_err(Failure::failed),
        }
    }

    fn confinement(self) -> Confinement {
        if self.module {
            Confinement::Module {
                network: self.network,
                writable: self.writable,
            }
        } else {
            Confinement::Keys
        }
    }
}
