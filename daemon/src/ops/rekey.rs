//! Re-key and Re-key Key Pair: new keys in the place of others (KMIP 2.1 §6.1.43, §6.1.44).

use kmip::{
    LinkType, ObjectType, Version,
    attribute::{Attribute, AttributeKind, AttributeList, Attributes, UniqueIdentifier},
    payload::rekey::{
        ReKey, ReKeyKeyPair, ReKeyKeyPairRequest, ReKeyKeyPairResponse, ReKeyRequest, ReKeyResponse,
    },
    ttlv::{Interval, Timestamp},
};
use store::{Custody, ObjectId, Record};

use super::{
    Handler,
    create::{describe, digest_what_may_leave, link},
};
use crate::{
    context::{Authorized, Context},
    error::{Error, Result},
    fault::Fault,
    lifecycle, marks,
    policy::Access,
    profile, template,
    uses::begin_anew,
};

impl Handler for ReKey {
    const ACCESS: Access = Access::Create;

    fn handle(context: &mut Context<'_>, request: ReKeyRequest) -> Result<ReKeyResponse> {
        let object = context.object(request.unique_identifier)?;
        dated_once(context.version, request.offset, [&request.attributes])?;
        let mut change = Replacement::begin(&object, ObjectType::SymmetricKey, context)?;
        change.shift(request.offset, context.now);
        change.overlay(context, &request.attributes)?;
        let spec = change.finish(context)?;
        let masks = request.protection_storage_masks.as_ref();
        context.protect(&mut change.new, masks, Fault::StorageUnavailable)?;
        let custody = context.generate_secret(spec, &change.id, &mut change.new)?;
        let unique_identifier = change.save(context, custody)?;
        Ok(ReKeyResponse { unique_identifier })
    }
}

impl Handler for ReKeyKeyPair {
    const ACCESS: Access = Access::Create;

    fn handle(
        context: &mut Context<'_>,
        request: ReKeyKeyPairRequest,
    ) -> Result<ReKeyKeyPairResponse> {
        let object = context.object(
            request
                .unique_identifier
                .or(request.private_key_unique_identifier),
        )?;
        let lists = [
            &request.common_attributes,
            &request.private_key_attributes,
            &request.public_key_attributes,
        ];
        dated_once(context.version, request.offset, lists)?;
        let mut private = Replacement::begin(&object, ObjectType::PrivateKey, context)?;
        let half = other_half(context, object.record())?;
        let mut public = Replacement::begin(&half, ObjectType::PublicKey, context)?;
        for (half, own) in [
            (&mut private, &request.private_key_attributes),
            (&mut public, &request.public_key_attributes),
        ] {
            half.shift(request.offset, context.now);
            half.overlay(context, &request.common_attributes)?;
            half.overlay(context, own)?;
        }
        let spec = private.finish(context)?;
        public.finish(context)?;
        let masks = [
            request.common_protection_storage_masks.as_ref(),
            request.private_protection_storage_masks.as_ref(),
            request.public_protection_storage_masks.as_ref(),
        ];
        context.protect_pair(&mut private.new, &mut public.new, masks)?;
        link(&mut private.new, LinkType::PublicKeyLink, &public.id)?;
        link(&mut public.new, LinkType::PrivateKeyLink, &private.id)?;
        let (custody, spki) = context.generate_pair(spec, &private.id, &mut private.new)?;
        let public_key_unique_identifier = public.save(context, Custody::Public(spki))?;
        // The placeholder becomes the private key, which is therefore saved last.
        let private_key_unique_identifier = private.save(context, custody)?;
        Ok(ReKeyKeyPairResponse {
            private_key_unique_identifier,
            public_key_unique_identifier,
        })
    }
}

/// Refuses dates beside an offset, which says them all: so does 1.x (KMIP 1.4 §11.5, §11.6, §11.9).
pub(super) fn dated_once<const N: usize>(
    version: Version,
    offset: Option<Interval>,
    lists: [&AttributeList; N],
) -> Result<()> {
    let is_date = |own: &Attribute| {
        matches!(
            own,
            Attribute::ActivationDate(_)
                | Attribute::ProcessStartDate(_)
                | Attribute::ProtectStopDate(_)
                | Attribute::DeactivationDate(_)
        )
    };
    if !version.is_2() && offset.is_some() && lists.iter().any(|list| list.iter().any(is_date)) {
        return Err(Error::new(
            Fault::FieldsContradict,
            "an offset and dates do not stand together",
        ));
    }
    Ok(())
}

/// The public key that belongs to a private one.
fn other_half(context: &mut Context<'_>, private: &Record) -> Result<Authorized> {
    let id = private
        .attributes
        .link
        .iter()
        .find(|link| link.link_type == LinkType::PublicKeyLink)
        .map(|link| link.linked_object_identifier.clone())
        .ok_or_else(|| {
            Error::new(
                Fault::NoSuchObject,
                "the private key has no link to its public key",
            )
        })?;
    context.another_object(&id, context.route.code, Access::Create)
}

/// A key being replaced by a new one.
struct Replacement {
    old: Record,
    id: ObjectId,
    new: Attributes,
}

impl Replacement {
    /// What the new key takes over, and what is taken from the old one.
    fn begin(object: &Authorized, object_type: ObjectType, context: &Context<'_>) -> Result<Self> {
        let now = context.now;
        let mut old = object.to_changed();
        if old.object_type != object_type {
            return Err(Error::new(
                Fault::WrongObjectType,
                "the object is not of the type that this operation replaces",
            ));
        }
        lifecycle::on_line(&old)?;
        if matches!(old.custody, Custody::Absent(_)) {
            return Err(lifecycle::absent());
        }
        let mut new = old.attributes.clone();
        // KMIP 2.1 §6.1.43, table "Re-key Attribute Requirements".
        old.attributes.name = Default::default();
        new.archive_date = None;
        new.compromise_date = None;
        new.compromise_occurrence_date = None;
        new.destroy_date = None;
        new.digest = Default::default();
        new.fresh = None;
        new.link = Default::default();
        begin_anew(&mut new);
        marks::forget_derivation(&old, &mut new);
        if !context.principal.officer {
            marks::forget_trust(&mut new);
        }
        if new.revocation_reason.take().is_some() {
            // Revoke set it, not the client.
            new.deactivation_date = None;
        }
        if let Some(limits) = &mut new.usage_limits {
            limits.usage_limits_count = Some(limits.usage_limits_total);
        }
        new.rotate_date = Some(now);
        new.rotate_generation = Some(new.rotate_generation.unwrap_or(0).saturating_add(1));
        new.rotate_latest = Some(true);
        old.attributes.rotate_latest = Some(false);
        Ok(Self {
            old,
            id: context.new_id(),
            new,
        })
    }

    /// With an offset, the activation comes that long after now, and the other dates keep their distance from it.
    fn shift(&mut self, offset: Option<Interval>, now: Timestamp) {
        let Some(offset) = offset else {
            return;
        };
        let activation = now.0.saturating_add(i64::from(offset.0));
        let before = self.new.activation_date.or(self.new.initial_date);
        let by = activation.saturating_sub(before.unwrap_or(now).0);
        for date in [
            &mut self.new.process_start_date,
            &mut self.new.protect_stop_date,
            &mut self.new.deactivation_date,
        ] {
            *date = date.map(|date| Timestamp(date.0.saturating_add(by)));
        }
        self.new.activation_date = Some(Timestamp(activation));
    }

    /// What the client asks for beside: single attributes in the place of what is taken over, others in addition.
    fn overlay(&mut self, context: &mut Context<'_>, list: &AttributeList) -> Result<()> {
        let mut asked = Attributes::default();
        context.fold(&mut asked, list)?;
        let standard = AttributeKind::ALL.iter().flat_map(|kind| asked.of(*kind));
        let vendor = asked
            .vendor
            .iter()
            .map(|(_, own)| Attribute::Vendor(own.clone()));
        for attribute in standard.map(|(_, own)| own).chain(vendor) {
            self.may_have(&attribute)?;
            if let Some(kind) = attribute.kind()
                && !kind.rule().multiple
                && !self.new.of(kind).is_empty()
            {
                self.new.replace(0, attribute)?;
            } else if let Err(refusal) = self.new.add(attribute)
                && refusal != kmip::attribute::Refusal::AlreadyThere
            {
                return Err(refusal.into());
            }
        }
        Ok(())
    }

    /// The new key is of the old one's kind, and no less locked.
    fn may_have(&self, attribute: &Attribute) -> Result<()> {
        let own = attribute.kind().map(|kind| self.new.of(kind));
        let is_same = own.is_some_and(|own| own.iter().any(|(_, own)| own == attribute));
        let is_loose = match attribute {
            Attribute::CryptographicAlgorithm(_)
            | Attribute::CryptographicLength(_)
            | Attribute::CryptographicDomainParameters(_)
            | Attribute::ObjectType(_) => !is_same,
            Attribute::Sensitive(sensitive) => !sensitive && self.new.sensitive == Some(true),
            Attribute::Extractable(extractable) => {
                *extractable && self.new.extractable == Some(false)
            }
            _ => false,
        };
        if is_loose {
            return Err(Error::new(
                Fault::InvalidAttributeValue,
                "the new key is of the kind and class of the one that it replaces",
            ));
        }
        Ok(())
    }

    /// What the server knows of the new key, and the links between both.
    fn finish(&mut self, context: &Context<'_>) -> Result<kmip::mechanism::KeySpec> {
        let spec = self.old.spec.ok_or_else(|| {
            Error::new(
                Fault::UnsupportedAlgorithm,
                "keys of this kind are kept, and not made here",
            )
        })?;
        let vault = context.vault()?;
        profile::check_new_key(&vault, spec, template::usage(&self.new)?)?;
        if self.old.object_type == ObjectType::PublicKey {
            template::decide_public(&mut self.new);
        } else {
            template::decide_class(&mut self.new, &vault);
        }
        describe(&mut self.new, spec, &self.id, self.old.object_type, context);
        let (old, id) = (&mut self.old, &self.id);
        link(&mut self.new, LinkType::ReplacedObjectLink, &old.id)?;
        link(&mut old.attributes, LinkType::ReplacementObjectLink, id)?;
        Ok(spec)
    }

    /// The old record gives its names up before the new one takes them.
    fn save(self, context: &mut Context<'_>, custody: Custody) -> Result<UniqueIdentifier> {
        let Self { old, id, new } = self;
        let (object_type, spec) = (old.object_type, old.spec);
        let mut record = context.new_record(id, object_type, spec, new, custody);
        record.owner.clone_from(&old.owner);
        if object_type == ObjectType::PublicKey {
            // The HSM told that of the other half.
            digest_what_may_leave(context, &mut record)?;
        }
        context.note = Some(format!("replaces {}", old.id).into());
        context.save(old)?;
        context.insert(record)
    }
}
