//! What is recorded of each operation, and the trail that keeps it.

mod file;
mod files;
mod heads;
mod options;
mod promises;
mod record;
mod recovery;
mod stream;
mod tail;
mod turn;
mod verify;

use std::borrow::Cow;

pub use self::{
    file::FileTrail,
    heads::Head,
    options::Options,
    record::{APPLIANCE, Record, is_unsafe_to_show, rfc3339},
    tail::{Tail, last},
    verify::{Finding, Report, StreamReport, Verification},
};
use kmip::{Version, ttlv::Timestamp};

/// One operation, allowed or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event<'a> {
    /// When.
    pub time: Timestamp,
    /// In which vault; empty before a principal is known, and for what concerns the appliance as a whole.
    pub vault: &'a str,
    /// Who, or the peer's description where no principal is known.
    pub principal: &'a str,
    /// From where: a certificate's subject, a uid.
    pub peer: &'a str,
    /// What: the operation's name in the route table, or an administrator's command.
    pub operation: &'static str,
    /// On which object.
    pub object: Option<String>,
    /// `Success` or the fault's name.
    pub outcome: &'static str,
    /// What else matters: `caller iv`, `released`, the number of an internal error.
    pub note: Option<Cow<'static, str>>,
    /// In which version of the protocol; absent of an administrator's command.
    pub version: Option<Version>,
}

/// When an event is on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Handed to the kernel when `append` returns, on the disk within 100 ms.
    Grouped,
    /// On the disk when `append` returns.
    Durable,
}

/// Where events are kept. What cannot be recorded is not served.
pub trait Trail: Send + Sync {
    /// Appends an event. Concurrent durable events share one write to the disk.
    fn append(&self, event: &Event<'_>, durability: Durability) -> Result<(), TrailError>;

    /// Tells when every event appended before this call is on the disk, or cannot be: to those who have better to do than
    /// to wait. It is told by a thread of the trail's own, so that what is done then must be short.
    fn when_durable(&self, then: Box<dyn FnOnce(Result<(), TrailError>) + Send>);

    /// Whether events can be appended now.
    fn health(&self) -> Result<(), TrailError>;
}

/// The trail cannot be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrailError(pub String);

impl std::fmt::Display for TrailError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the audit trail cannot be written: {}", self.0)
    }
}

impl std::error::Error for TrailError {}
