//! Every mechanism that the module lists, for every function that it lists it for, against independent implementations.

mod authenticated;
mod blocks;
mod ciphers;
mod completeness;
mod derivations;
mod derived_together;
mod digests;
mod families;
mod generation;
mod kem;
mod keys;
mod macs;
mod oracle;
mod refused;
mod rsa;
mod signatures;
mod sizes;
mod wrapping;

use cryptoki_sys as ck;
use keyhold_tests::{
    Appliance, Backend,
    api::{Api, Ulong, with_module},
};

/// Runs a test's body against the real module and the real daemon.
fn on_module<F: FnOnce(&Api)>(body: F) {
    with_module(|| Appliance::start(Backend::Embedded), body);
}

/// The mechanisms that the module lists for a function.
fn listed(api: &Api, function: Ulong) -> Vec<(Ulong, ck::CK_MECHANISM_INFO)> {
    let of = |kind| (kind, api.mechanism_info(kind).unwrap());
    let all = api.mechanisms().into_iter().map(of);
    all.filter(|(_, info)| info.flags & function != 0).collect()
}

/// Bytes that are the same in each run and in no two places.
fn sample(length: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64 ^ u64::try_from(length).unwrap();
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    (0..length).map(|_| next()).collect()
}
