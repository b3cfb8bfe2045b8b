//! What the tests of the whole system share: appliances of their own, clients, tokens, certificates, other programs.
//!
//! A test starts an [`Appliance`], which is a real daemon process in a folder of its own with ports of its own, and talks
//! to it as its users do. Nothing is shared between tests, so they run in parallel and in any order.

pub mod api;
mod appliance;
pub mod canary;
mod client;
pub mod documents;
mod group;
mod https;
pub mod memory;
pub mod objects;
pub mod pki;
pub mod programs;
mod strict;
mod token;
mod variants;

pub use self::{
    appliance::{Appliance, Backend},
    client::{Batch, Client, Refused, answer},
    https::Https,
    token::Token,
};
use kmip::{V1_0, V1_1, V1_2, V1_3, V1_4, V2_0, V2_1, Version};

/// Every version of the protocol that the daemon speaks.
pub const VERSIONS: [Version; 7] = [V1_0, V1_1, V1_2, V1_3, V1_4, V2_0, V2_1];

/// The user's PIN of an appliance that `keyhold dev` set up.
pub const PIN: &str = "1234";
