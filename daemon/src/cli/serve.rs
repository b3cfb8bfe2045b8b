//! `keyhold serve`: the appliance that a configuration describes.

use std::path::PathBuf;

use clap::Args;

use super::Failure;
use crate::{
    config::{Config, DEFAULT_FILE},
    server::Appliance,
};

/// `keyhold serve --config FILE`.
#[derive(Args)]
pub(super) struct Serve {
    /// The configuration
    #[arg(long, value_name = "FILE", default_value = DEFAULT_FILE, env = "KEYHOLD_CONFIG")]
    config: PathBuf,
}

impl Serve {
    pub(super) fn run(self) -> Result<(), Failure> {
        let config = Config::load(&self.config).map_err(Failure::failed)?;
        let appliance = Appliance::open(config, None).map_err(Failure::failed)?;
        appliance.serve(|_| Ok(())).map_err(Failure::failed)
    }
}
