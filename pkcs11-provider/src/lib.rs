//! The PKCS#11 module: vaults of a Keyhold daemon as tokens. It speaks KMIP to the daemon, starts no threads, writes
//! nothing to its host's output and survives `fork`.
//!
//! From the top: `abi` (C functions and pointers), `module` and `slot`, `session`, `operation`; below them `object`,
//! `attribute` and `mechanism`, which say the one language in the other; at the bottom `remote` and `connect`.

pub mod abi;
mod attribute;
mod config;
mod connect;
mod curve;
mod der;
mod descriptors;
mod error;
mod facts;
mod handle;
mod hasher;
mod log;
mod material;
mod mechanism;
mod module;
mod object;
mod operation;
mod public_key;
mod remote;
mod session;
mod slot;
mod template;
