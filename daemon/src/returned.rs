//! What the items of a batch hand on: the placeholder, and the identifiers that they returned (KMIP 2.1 §4.58).

use kmip::{
    OperationCode, Tag, UniqueIdentifierEnumeration, Version, message::ResponseItem, ttlv::Reader,
};
use store::ObjectId;

use crate::{pending::Mark, streams::Parts};

/// More identifiers than these are not remembered of one batch: nobody counts so far.
const IDENTIFIERS_MAX: usize = 10_000;

/// What the items of a batch hand on.
#[derive(Default)]
pub(crate) struct Batch {
    pub(crate) placeholder: Option<ObjectId>,
    /// The application of PKCS #11 that the batch began, which its later calls mean when they name none.
    pub(crate) application: Option<Mark>,
    /// What the items do to streams.
    pub(crate) parts: Parts,
    /// In the order of the answers.
    returned: Vec<Returned>,
}

/// One identifier of an answer.
struct Returned {
    /// Which answer.
    item: usize,
    operation: OperationCode,
    tag: Tag,
    id: ObjectId,
}

impl Batch {
    /// Remembers the identifiers that an answer returns.
    pub(crate) fn answered(&mut self, answer: &ResponseItem, version: Version) {
        let (Some(operation), Some(payload)) = (answer.operation, &answer.payload) else {
            return;
        };
        let item = self.returned.last().map_or(0, |last| last.item + 1);
        let mut reader = Reader::new(payload, Tag::ResponsePayload, version);
        // What is read here was written here.
        while let Ok(Some(found)) = reader.next_item() {
            if self.returned.len() < IDENTIFIERS_MAX
                && IDENTIFIERS.contains(&found.tag)
                && let Ok(id) = found.identifier()
            {
                self.returned.push(Returned {
                    item,
                    operation,
                    tag: found.tag,
                    id: ObjectId(id.to_owned()),
                });
            }
        }
    }

    /// The identifier that the last item of an operation returned: the first of several, and of a pair the one named.
    pub(crate) fn returned_by(&self, which: UniqueIdentifierEnumeration) -> Option<ObjectId> {
        let name = which.name()?;
        let half = |suffix, tag| Some((name.strip_suffix(suffix)?, Some(tag)));
        let (name, tag) = half(" Private Key", Tag::PrivateKeyUniqueIdentifier)
            .or_else(|| half(" Public Key", Tag::PublicKeyUniqueIdentifier))
            .unwrap_or((name, None));
        let operation = OperationCode::from_name(name)?;
        let is_of = |own: &&Returned| own.operation == operation;
        let last = self.returned.iter().rfind(is_of)?.item;
        self.returned
            .iter()
            .find(|own| own.item == last && tag.is_none_or(|tag| own.tag == tag))
            .map(|own| own.id.clone())
    }

    /// The n-th identifier of the answers before; a negative number counts backwards from here.
    pub(crate) fn returned_at(&self, position: i32) -> Option<ObjectId> {
        let at = match usize::try_from(position) {
            Ok(at) => at,
            Err(_) => self
                .returned
                .len()
                .checked_sub(usize::try_from(position.unsigned_abs()).ok()?)?,
        };
        self.returned.get(at).map(|own| own.id.clone())
    }
}

/// The fields of answers that hold identifiers.
const IDENTIFIERS: &[Tag] = &[
    Tag::UniqueIdentifier,
    Tag::PrivateKeyUniqueIdentifier,
    Tag::PublicKeyUniqueIdentifier,
];
