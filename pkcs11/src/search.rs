//! A search as the caller says it, and as the daemon is asked.

use cryptoki_sys as ck;
use kmip::{
    ObjectType,
    attribute::{Attribute, Name},
};

use crate::{
    Entry, Ulong,
    attribute::{Form, number, row, vendor},
    facts::id_of_bytes,
    features,
};

/// A search as the caller's template says it.
pub struct Search<'a> {
    /// Each attribute and its value.
    pub entries: Vec<(Ulong, &'a [u8])>,
    /// `CKA_CLASS`, where one is meant.
    pub class: Option<Ulong>,
}

impl<'a> Search<'a> {
    /// Reads a template; `None` when nothing can have all that it asks for.
    pub fn read(entries: &[Entry<'a>]) -> Option<Self> {
        let entries: Vec<_> = entries
            .iter()
            .map(|entry| (entry.kind, entry.value))
            .collect();
        // Attributes that other modules made up are searched for as a matter of course.
        if entries.iter().any(|(kind, _)| row(*kind).is_none()) {
            return None;
        }
        let class = entries.iter().find(|(kind, _)| *kind == ck::CKA_CLASS);
        let class = match class {
            Some((_, value)) => Some(number(value)?),
            None => None,
        };
        Some(Self { entries, class })
    }

    /// A value searched for, unless it is an empty one.
    #[must_use]
    pub fn value(&self, kind: Ulong) -> Option<&'a [u8]> {
        self.entries
            .iter()
            .find(|(own, _)| *own == kind)
            .map(|(_, value)| *value)
            .filter(|value| !value.is_empty())
    }

    /// What the daemon is asked for: objects that fit one of these, and one object by its identifier.
    pub fn queries(&self) -> (Vec<Vec<Attribute>>, Option<String>) {
        let by_class = self.object_types();
        let typed = |more: Option<Attribute>| -> Vec<Vec<Attribute>> {
            let alternatives: Vec<Option<ObjectType>> = if by_class.is_empty() {
                vec![None]
            } else {
                by_class.iter().copied().map(Some).collect()
            };
            alternatives
                .into_iter()
                .map(|object_type| {
                    object_type
                        .map(Attribute::ObjectType)
                        .into_iter()
                        .chain(more.clone())
                        .collect()
                })
                .collect()
        };
        let label = self
            .value(ck::CKA_LABEL)
            .and_then(|label| std::str::from_utf8(label).ok());
        if let Some(label) = label {
            let own = vendor("pkcs11-label", Form::Text.to_kmip(label.as_bytes()));
            let mut queries = typed(Some(own));
            queries.extend(typed(Some(Attribute::Name(Name::text(label)))));
            return (queries, None);
        }
        if let Some(id) = self.value(ck::CKA_ID) {
            // The other half of a pair is found by the half that carries the identifier, of whichever class that is.
            let own = vendor("pkcs11-id", Form::Bytes.to_kmip(id));
            return (vec![vec![own]], id_of_bytes(id));
        }
        (typed(None), None)
    }

    /// The daemon's kinds of objects for the class; none when no class is named or it has none.
    pub fn object_types(&self) -> Vec<ObjectType> {
        match self.class {
            Some(ck::CKO_CERTIFICATE) => vec![ObjectType::Certificate],
            Some(ck::CKO_PUBLIC_KEY) => vec![ObjectType::PublicKey],
            Some(ck::CKO_PRIVATE_KEY) => vec![ObjectType::PrivateKey],
            Some(ck::CKO_SECRET_KEY) => vec![ObjectType::SymmetricKey],
            Some(ck::CKO_DATA) => vec![ObjectType::OpaqueObject, ObjectType::SecretData],
            _ => Vec::new(),
        }
    }

    /// Whether a class is meant that the daemon has no objects of.
    #[must_use]
    pub fn is_of_unknown_class(&self) -> bool {
        self.class.is_some() && self.object_types().is_empty()
    }

    /// Which objects are meant that tell what the module serves.
    pub fn features(&self) -> Option<Ulong> {
        features::meant(self.class, |kind| self.value(kind).is_some())
    }

    /// Whether the search goes by `CKA_ID` alone, which the daemon answers with objects of every class.
    pub fn is_by_id(&self) -> bool {
        self.value(ck::CKA_ID).is_some() && self.value(ck::CKA_LABEL).is_none()
    }

    /// The class whose values are read at once: everyone does so, and they are public. The value of an object that may
    /// be a private key is never asked for unless the application asks.
    pub fn class_with_value(&self) -> Option<Ulong> {
        self.class
            .filter(|class| [ck::CKO_CERTIFICATE, ck::CKO_PUBLIC_KEY].contains(class))
            .filter(|_| !self.is_by_id())
    }
}
