//! How much work a message is, so that the connection knows where it is answered.

use kmip::{
    attribute::UniqueIdentifier,
    message::{Bounds, Request, RequestItem},
};
use store::{Custody, ObjectId, Record};

use super::{
    Service,
    deferred::{Manner, may_be_late},
};
use crate::{identity::Caller, ops};

/// How much work a message is, so that cheap ones are answered where they were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// Microseconds: symmetric cryptography, cached reads.
    Light,
    /// Microseconds, and then a wait for the disk, which needs no thread.
    Commit,
    /// A part of a millisecond: little more than it takes to hand it to a worker and to be told.
    Brief,
    /// Milliseconds, or a wait for a disk or an HSM.
    Heavy,
}

impl Weight {
    /// The weight of items so far, and of one more.
    const fn and(self, one: Self) -> Self {
        match (self, one) {
            (Self::Light, Self::Light) => Self::Light,
            (Self::Light, Self::Brief) | (Self::Brief, Self::Light) => Self::Brief,
            _ => Self::Heavy,
        }
    }
}

/// The most items of a message that is cheap, whatever they are.
const LIGHT_ITEMS_MAX: usize = 8;

impl Service {
    /// How much work the message is. A guess that is wrong costs time only.
    #[must_use]
    pub fn weight(&self, caller: &Caller, bytes: &[u8]) -> Weight {
        let bounds = Bounds {
            items_max: LIGHT_ITEMS_MAX,
            ..self.limits.of_a_message()
        };
        let Ok(request) = Request::read(bytes, bounds) else {
            return Weight::Light;
        };
        if !caller.has_proven(request.header.authentication.as_ref()) {
            return Weight::Heavy;
        }
        let manner = Manner::of(&request, self.conformance.is_some());
        let later = manner == Manner::Later;
        let mut weights = request.items.iter().map(|item| {
            if later && may_be_late(item.operation) {
                Weight::Light
            } else {
                self.weigh(item)
            }
        });
        let first = weights.next().unwrap_or(Weight::Light);
        if first == Weight::Commit && manner == Manner::AtOnce && request.items.len() == 1 {
            return first;
        }
        weights.fold(Weight::Light.and(first), Weight::and)
    }

    /// How much work an item is.
    fn weigh(&self, item: &RequestItem<'_>) -> Weight {
        ops::find(item.operation).map_or(Weight::Heavy, |route| (route.weight)(self, item.payload))
    }

    /// Whether every HSM makes secret keys in microseconds. A group copies each to all of its members.
    pub(crate) fn has_light_backends(&self) -> bool {
        self.groups.is_empty() && self.backends.values().all(|hsm| !hsm.keeps_keys())
    }

    /// Whether an item is answered in microseconds.
    pub(super) fn is_light(&self, item: &RequestItem<'_>) -> bool {
        self.weigh(item) == Weight::Light
    }

    /// Whether a record is at hand, so that reading it is light. Without an identifier it is the one that an item before
    /// has found.
    pub(crate) fn has_record(&self, id: Option<&UniqueIdentifier>) -> bool {
        matches!(id, None | Some(UniqueIdentifier::Text(_)))
    }

    /// Whether a key is at hand in an HSM that answers in microseconds, and `also` holds for its record.
    pub(crate) fn has_light_key(
        &self,
        id: Option<&UniqueIdentifier>,
        also: impl Fn(&Record) -> bool,
    ) -> bool {
        let Some(UniqueIdentifier::Text(id)) = id else {
            return false;
        };
        // Whoever weighs a message reads for everybody, and waits for nobody.
        let record = match self.store.record_at_once(&ObjectId(id.clone())) {
            Ok(Some(record)) => record,
            Ok(None) => return true,
            Err(_) => return false,
        };
        let light = match &record.custody {
            Custody::Hsm { backend, .. }
            | Custody::Sealed { backend, .. }
            | Custody::Unopened { backend, .. } => self
                .backends
                .get(backend)
                .is_none_or(|hsm| !hsm.keeps_keys()),
            Custody::Absent(_)
            | Custody::Archived
            | Custody::Doomed { .. }
            | Custody::Gone
            | Custody::Public(_) => true,
        };
        light && also(&record)
    }
}
