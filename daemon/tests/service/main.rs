//! The service in process: messages in, messages out, against the embedded HSM and a store in memory.

mod attributes;
mod batch;
mod envelope;
mod fixture;
mod lifecycle;
mod locked;
mod policy;
mod values;
