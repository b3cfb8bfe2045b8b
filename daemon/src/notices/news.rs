//! What a client that listens is told, and what became of it.

use std::sync::{Arc, mpsc::SyncSender};

use kmip::{
    OperationCode, Version,
    client::outgoing,
    message::OutgoingItem,
    payload::notify::{Notify, Put, PutRequest},
};

use super::change::Change;

/// What a client is told.
pub(crate) enum What {
    /// Attributes have changed.
    Notify(Arc<Change>),
    /// An object is given to it.
    Put(Box<PutRequest>),
}

/// What waits to be told.
pub(super) struct News {
    pub(super) what: What,
    pub(super) object: String,
    pub(super) bytes: usize,
    pub(super) tries: u32,
    /// Whoever waits for what the client says; he is told by its end when the message is forgotten.
    pub(super) receipt: Option<SyncSender<Delivery>>,
}

/// What became of a message.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// What was sent.
    pub operation: OperationCode,
    /// About which object.
    pub object: String,
    /// In which version.
    pub version: Version,
    /// Why the client does not take it, if it does not.
    pub refusal: Option<&'static str>,
}

impl What {
    pub(crate) const fn operation(&self) -> OperationCode {
        match self {
            Self::Notify(_) => OperationCode::Notify,
            Self::Put(_) => OperationCode::Put,
        }
    }

    /// The request, in the words of a version.
    pub(super) fn item(&self, version: Version) -> OutgoingItem {
        match self {
            Self::Notify(change) => outgoing::<Notify>(&change.request(version), version),
            Self::Put(put) => {
                let known = put.attributes.items.iter().filter(|(_, own)| {
                    own.kind()
                        .is_none_or(|kind| kind.rule().applies_to(version))
                });
                let put = PutRequest {
                    attributes: known.cloned().collect(),
                    ..(**put).clone()
                };
                outgoing::<Put>(&put, version)
            }
        }
    }
}
