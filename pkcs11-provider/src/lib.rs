//! The PKCS#11 module: vaults of a Keyhold daemon as tokens. It speaks KMIP to the daemon, starts no threads, writes
//! nothing to its host's output and survives `fork`.
//!
//! From the top: `abi` (C functions and pointers), `module` and `slot`, `session`, `operation`; below them `object`, and
//! the crate `pkcs11`, which says the one language in the other; at the bottom `remote` and `connect`.

pub mod abi;
mod config;
mod connect;
mod deadline;
mod descriptors;
mod error;
mod features;
mod handle;
mod hasher;
mod log;
mod module;
mod object;
mod operation;
mod pool;
mod public_key;
mod random;
mod remote;
mod run;
mod session;
mod slot;
mod tls;
mod token;
mod watch;
mod wire;
