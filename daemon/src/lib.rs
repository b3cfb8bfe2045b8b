//! Keyhold's daemon: KMIP over mutual TLS and a local socket in front, HSMs and a store behind.
//!
//! A message travels [`service`] → [`ops`] → [`context`] → policy, lifecycle, custody → HSM and store, and each module
//! is entered once on its way down.
#![forbid(unsafe_code)]

pub mod admin;
pub mod audit;
pub mod authority;
mod certificate;
pub mod cli;
pub mod clock;
pub mod config;
pub mod confine;
pub mod conformance;
mod connection;
pub mod context;
pub mod cryptoki;
mod custody;
mod der;
pub mod directory;
mod doubts;
mod drift;
mod effects;
pub mod error;
pub mod fault;
pub mod files;
mod halves;
mod harden;
mod healths;
mod hosts;
pub mod identity;
pub mod jobs;
pub mod lifecycle;
mod links;
pub mod listener;
pub mod lock;
mod marks;
mod material;
mod moving;
mod names;
pub mod notices;
pub mod ops;
pub mod pending;
pub mod pin;
mod pkcs12;
pub mod pki;
pub mod policy;
mod probes;
mod profile;
mod returned;
pub mod rotation;
mod rules;
mod secret_data;
pub mod server;
pub mod service;
pub mod streams;
pub mod telemetry;
mod template;
mod templates;
pub mod tls;
mod turns;
mod uses;
mod whole;
