//! The service in process: messages in, messages out, against the embedded HSM and a store in memory.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a fixture that fails is a failed test"
)]

mod accounts;
mod adjust;
mod archive;
mod attributes;
mod batch;
mod certify;
mod commit;
mod conformance;
mod cryptoki;
mod defaults;
mod derive;
mod draft;
mod envelope;
mod fixture;
mod halves;
mod header;
mod import;
mod kept;
mod kinds;
mod later;
mod leases;
mod lifecycle;
mod limits;
mod locked;
mod notices;
mod objects;
mod parts;
mod pkcs12;
mod policy;
mod provision;
mod rekey;
mod rotation;
mod rules;
mod split;
mod symmetric;
mod text;
mod tickets;
mod trust;
mod unanswered;
mod values;
mod weight;
mod words;
mod wrapped;
