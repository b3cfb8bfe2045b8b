//! The configuration read anew, by the server, which has what is replaced.

use super::{
    Admin, Deed, Execute, invalid,
    protocol::{Reload, ReloadFacts},
};
use crate::error::Result;

/// Reads the configuration anew and waits until it counts. The error is for the administrator: the old one stays.
pub type Reloader = Box<dyn Fn() -> std::result::Result<ReloadFacts, String> + Send + Sync>;

impl Execute for Reload {
    fn prepare(self, admin: &Admin, _: u32) -> Result<Deed<'_, ReloadFacts>> {
        Ok(Deed::new(|| (admin.parts.reloader)().map_err(invalid)))
    }
}
