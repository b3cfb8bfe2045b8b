//! The module as an API: what its calls allow together, tried as an attacker tries it who may call everything.

mod copies;
mod destroyed;
mod keys;
mod lattice;
mod oracles;
mod reading;
mod strict;
mod trusted;

use keyhold_tests::{
    Appliance, Backend,
    api::{Api, with_module},
};

/// Runs a test's body against the real module and the real daemon.
fn on_module<F: FnOnce(&Api)>(body: F) {
    with_module(|| Appliance::start(Backend::Embedded), body);
}
