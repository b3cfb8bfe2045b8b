//! What has changed of an object, by whom it may concern, in the words of a version.

use kmip::{
    State, Version,
    attribute::{Attribute, AttributeKind, AttributeReference, Attributes},
    payload::notify::NotifyRequest,
    ttlv::Timestamp,
};
use store::Record;

/// What has changed of an object.
pub(crate) struct Change {
    record: Record,
    new: Vec<(u32, Attribute)>,
    gone: Vec<AttributeReference>,
}

impl Change {
    /// What differs between two records of an object.
    pub(crate) fn between(before: &Attributes, after: &Record) -> Self {
        let (mut new, mut gone) = (Vec::new(), Vec::new());
        for kind in AttributeKind::ALL {
            let (old, own) = (before.of(*kind), after.attributes.of(*kind));
            if own.is_empty() && !old.is_empty() {
                gone.push(AttributeReference::Standard(*kind));
            }
            // The same second is a change all the same.
            let is_date = *kind == AttributeKind::LastChangeDate;
            new.extend(own.into_iter().filter(|own| is_date || !old.contains(own)));
        }
        let vendors = &after.attributes.vendor;
        let changed = vendors.iter().filter(|own| !before.vendor.contains(own));
        new.extend(changed.map(|(index, own)| (*index, Attribute::Vendor(own.clone()))));
        let lost = before
            .vendor
            .iter()
            .filter(|(_, old)| !vendors.iter().any(|(_, own)| own.is_same_attribute(old)));
        gone.extend(lost.map(|(_, own)| AttributeReference::Vendor {
            vendor_identification: own.vendor_identification.clone(),
            attribute_name: own.attribute_name.clone(),
        }));
        Self {
            record: after.clone(),
            new,
            gone,
        }
    }

    /// What one of its dates has done to an object by itself; nothing where a client did it, who was told then.
    pub(crate) fn by_date(record: &Record, kind: AttributeKind, now: Timestamp) -> Option<Self> {
        let mut new = record.attributes.of(kind);
        let state = record.state_at(now);
        let is_state = matches!(
            kind,
            AttributeKind::ActivationDate | AttributeKind::DeactivationDate
        );
        if is_state {
            // The state stands in the record as of its last change.
            let turned = state.filter(|own| Some(*own) != record.attributes.state)?;
            new.push((0, Attribute::State(turned)));
        } else {
            let is_active = state == Some(State::Active);
            let was_told = record.attributes.last_change_date >= date_of(record, kind);
            if !is_active || was_told {
                return None;
            }
        }
        Some(Self {
            record: record.clone(),
            new,
            gone: Vec::new(),
        })
    }

    /// The object as it is now.
    pub(crate) const fn record(&self) -> &Record {
        &self.record
    }

    /// The message, in the words of a version.
    pub(super) fn request(&self, version: Version) -> NotifyRequest {
        let is_known = |attribute: &Attribute| {
            attribute
                .kind()
                .is_none_or(|kind| kind.rule().applies_to(version))
        };
        let new = self.new.iter().filter(|(_, own)| is_known(own));
        let gone = self.gone.iter().filter(|reference| match reference {
            AttributeReference::Standard(kind) => kind.rule().applies_to(version),
            _ => true,
        });
        NotifyRequest {
            unique_identifier: self.record.id.0.as_str().into(),
            attributes: new
                .map(|(index, own)| (Some(*index), own.clone()))
                .collect(),
            attribute_reference: gone.cloned().collect(),
        }
    }
}

/// The dates within the life of an active key.
fn date_of(record: &Record, kind: AttributeKind) -> Option<Timestamp> {
    match kind {
        AttributeKind::ProcessStartDate => record.attributes.process_start_date,
        AttributeKind::ProtectStopDate => record.attributes.protect_stop_date,
        _ => None,
    }
}
