//! A session, and what it is in the middle of.

use std::collections::VecDeque;

use kmip::{
    Secret,
    mechanism::{Hash, KeySpec},
};
use pkcs11::{
    Ulong,
    mechanism::{Authentication, CipherUse},
};

/// What a session can be in the middle of, one of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Decrypt,
    Digest,
    Encrypt,
    Sign,
    Verify,
}

/// How an operation works.
#[derive(Clone)]
pub(crate) enum Use {
    /// With the context of a signature that has one.
    Authentication(Authentication, KeySpec, Vec<u8>),
    Cipher(CipherUse),
    Digest(Hash),
}

/// An operation that was begun.
#[derive(Clone)]
pub(crate) struct Active {
    pub(crate) kind: Kind,
    pub(crate) usage: Use,
    /// The key; none of a digest.
    pub(crate) key: Option<String>,
    /// Whether it waits for a login of its own, because its key asks for one at each use.
    pub(crate) is_unproven: bool,
    /// The parts so far; none before the first one.
    pub(crate) parts: Option<Vec<Secret>>,
    /// What came out for which input, kept until the caller's buffer is large enough.
    pub(crate) kept: Option<(Secret, Secret)>,
}

impl Active {
    fn bytes(&self) -> usize {
        let parts = self.parts.iter().flatten().map(Secret::len).sum::<usize>();
        let kept = self.kept.as_ref();
        parts + kept.map_or(0, |(input, output)| input.len() + output.len())
    }
}

/// One session.
#[derive(Clone)]
pub(crate) struct Session {
    pub(crate) is_read_write: bool,
    /// What a search has found and not told yet.
    pub(crate) found: Option<VecDeque<Ulong>>,
    active: Vec<Active>,
}

impl Session {
    pub(crate) const fn new(is_read_write: bool) -> Self {
        Self {
            is_read_write,
            found: None,
            active: Vec::new(),
        }
    }

    pub(crate) fn active(&self, kind: Kind) -> Option<&Active> {
        self.active.iter().find(|active| active.kind == kind)
    }

    /// Takes an operation out, which ends it unless it is begun again.
    pub(crate) fn take(&mut self, kind: Kind) -> Option<Active> {
        let place = self.active.iter().position(|own| own.kind == kind)?;
        Some(self.active.swap_remove(place))
    }

    /// Notes the login that operations wait for: whether any did.
    pub(crate) fn prove(&mut self) -> bool {
        let waiting = self.active.iter_mut().filter(|own| own.is_unproven);
        waiting.map(|own| own.is_unproven = false).count() > 0
    }

    /// Whether an operation waits for a login of its own.
    pub(crate) fn is_unproven(&self) -> bool {
        self.active.iter().any(|own| own.is_unproven)
    }

    /// Ends operations that are in progress: whether there was any.
    pub(crate) fn cancel(&mut self, kinds: &[Kind]) -> bool {
        let before = self.active.len();
        self.active.retain(|own| !kinds.contains(&own.kind));
        self.active.len() < before
    }

    pub(crate) fn begin(&mut self, active: Active) {
        self.active.push(active);
    }

    /// What the operations keep.
    pub(crate) fn bytes(&self) -> usize {
        self.active.iter().map(Active::bytes).sum()
    }
}
