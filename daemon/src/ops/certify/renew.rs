//! Re-certify: a new certificate in a certificate's place.

use kmip::{
    LinkType, ObjectType, V1_4,
    attribute::{Attribute, AttributeKind, AttributeList, Attributes, Link, Many, SetBy},
    payload::certify::{ReCertify, ReCertifyRequest, ReCertifyResponse},
    ttlv::{Interval, Timestamp},
};
use store::{Custody, Record};

use super::{
    Access, Asked, Authorized, Context, Error, Extension, Fault, Handler, Requested, Result,
    SUBJECT_ALTERNATIVE_NAME, brought, issue, keep, kept, link_keys, link_to, linked, mask, named,
    subject::{self, Wanted},
};
use crate::{certificate, lifecycle, ops::rekey::dated_once};

impl Handler for ReCertify {
    const ACCESS: Access = Access::Create;

    fn handle(context: &mut Context<'_>, request: ReCertifyRequest) -> Result<ReCertifyResponse> {
        let old = context.object(request.unique_identifier.clone())?;
        dated_once(context.version, request.offset, [&request.attributes])?;
        let before = Before::of(&old)?;
        let requested = requested(context, &request)?;
        if requested
            .as_ref()
            .is_some_and(|own| own.spki != before.spki)
        {
            return Err(Error::invalid_field(
                "the certificate request is for another key than the certificate",
            ));
        }
        let mut attributes = request.attributes.clone();
        let wanted = subject::taken(&mut attributes)?;
        inherit(&mut attributes, &old.record().attributes);
        if let Some(offset) = request.offset {
            shift(
                &mut attributes,
                &old.record().attributes,
                context.now,
                offset,
            );
        }
        let mut attributes = context.with_defaults(attributes, ObjectType::Certificate)?;
        let made = make(context, before, requested, &wanted, &attributes)?;
        let names = give_up_names(context, &old)?;
        attributes
            .items
            .extend(names.into_iter().map(|name| (None, name)));
        let replaced = link_to(LinkType::ReplacedObjectLink, &old.record().id);
        attributes.items.push((None, replaced));
        let key = linked(&old.record().attributes, LinkType::PublicKeyLink);
        if let Some(key) = &key {
            attributes
                .items
                .push((None, link_to(LinkType::PublicKeyLink, key)));
        }
        let unique_identifier = keep(context, made, &attributes)?;
        let new = unique_identifier.clone();
        change(context, &old, |record| {
            let links = &mut record.attributes.link;
            links.retain(|link| link.link_type != LinkType::ReplacementObjectLink);
            links.push(Link {
                link_type: LinkType::ReplacementObjectLink,
                linked_object_identifier: new,
            });
        })?;
        if let Some(key) = &key {
            link_keys(context, key, &unique_identifier)?;
        }
        context.note("certified");
        Ok(ReCertifyResponse { unique_identifier })
    }
}

/// The new certificate: what the request asks for, or what the old one says, but with the subject that attributes name.
fn make(
    context: &mut Context<'_>,
    before: Before,
    requested: Option<Requested>,
    wanted: &Wanted,
    attributes: &AttributeList,
) -> Result<Vec<u8>> {
    let spki = before.spki.clone();
    let (name, requested) = match requested {
        Some(requested) => {
            let asked = Asked {
                public_key: None,
                requested: Some(requested.clone()),
            };
            (asked.subject(wanted)?, requested)
        }
        None => {
            let named = wanted.subject.clone();
            (named.unwrap_or(before.subject), before.requested)
        }
    };
    let usage = mask(attributes);
    issue(
        context,
        &name,
        &spki,
        wanted,
        Some(&requested),
        (attributes, usage),
    )
}

/// What the certificate that is replaced says.
struct Before {
    subject: Vec<u8>,
    spki: Vec<u8>,
    /// What a request would say that asks for the same.
    requested: Requested,
}

impl Before {
    fn of(old: &Authorized) -> Result<Self> {
        let record = old.record();
        if record.is_destroyed() {
            return Err(lifecycle::destroyed());
        }
        let (ObjectType::Certificate, Custody::Public(der)) = (record.object_type, &record.custody)
        else {
            return Err(Error::new(
                Fault::WrongObjectType,
                "only certificates are certified again",
            ));
        };
        let certificate = certificate::parse(der)?;
        let subject = certificate.subject().as_raw().to_vec();
        let spki = certificate.public_key().raw.to_vec();
        let names = certificate
            .extensions()
            .iter()
            .find(|own| own.oid.as_bytes() == SUBJECT_ALTERNATIVE_NAME);
        let extensions = names.map(|own| Extension {
            oid: SUBJECT_ALTERNATIVE_NAME.to_vec(),
            is_critical: own.critical,
            value: own.value.to_vec(),
        });
        Ok(Self {
            requested: Requested {
                subject: subject.clone(),
                spki: spki.clone(),
                extensions: extensions.into_iter().collect(),
                // Who asks is known already, and proves nothing again.
                signing: kmip::mechanism::Signing::Eddsa,
            },
            subject,
            spki,
        })
    }
}

fn requested(context: &mut Context<'_>, request: &ReCertifyRequest) -> Result<Option<Requested>> {
    let by_value = request
        .certificate_request_value
        .as_ref()
        .map(|value| brought(request.certificate_request_type, value))
        .transpose()?;
    match (&request.certificate_request_unique_identifier, by_value) {
        (None, by_value) => Ok(by_value),
        (Some(id), None) => {
            let object = named(context, id)?;
            if object.record().object_type != ObjectType::CertificateRequest {
                return Err(Error::new(
                    Fault::WrongObjectType,
                    "the object is no certificate request",
                ));
            }
            kept(context, &object).map(Some)
        }
        (Some(_), Some(_)) => Err(Error::invalid_field("a certificate request is given twice")),
    }
}

/// Adds what clients said of the old certificate and say nothing of now. Names and links are dealt with apart, and dates
/// are the new certificate's own (KMIP 1.4 §4.8, table 172).
fn inherit(attributes: &mut AttributeList, old: &Attributes) {
    let is_own = |kind: AttributeKind| {
        kind.rule().set_by != SetBy::Server
            && !matches!(
                kind,
                AttributeKind::Name
                    | AttributeKind::Link
                    | AttributeKind::ActivationDate
                    | AttributeKind::DeactivationDate
                    | AttributeKind::ProcessStartDate
                    | AttributeKind::ProtectStopDate
                    | AttributeKind::Fresh
                    | AttributeKind::OriginalCreationDate
                    | AttributeKind::Sensitive
                    | AttributeKind::Extractable
                    | AttributeKind::RandomNumberGenerator
            )
    };
    let said: Vec<_> = attributes.iter().filter_map(Attribute::kind).collect();
    let kept: Vec<_> = old
        .each(kmip::V2_1)
        .items
        .into_iter()
        .chain(old.each(V1_4).items)
        .map(|(_, attribute)| attribute)
        .filter(|own| {
            own.kind()
                .is_some_and(|kind| is_own(kind) && !said.contains(&kind))
        })
        .collect();
    for attribute in kept {
        if !attributes.iter().any(|own| *own == attribute) {
            attributes.items.push((None, attribute));
        }
    }
}

/// The dates of the new certificate, as far after now as is asked, and as far from each other as they were.
fn shift(attributes: &mut AttributeList, old: &Attributes, now: Timestamp, offset: Interval) {
    let begins = Timestamp(now.0.saturating_add(i64::from(offset.0)));
    let ends = match (old.activation_date, old.deactivation_date) {
        (Some(began), Some(ended)) => Some(Timestamp(
            begins.0.saturating_add(ended.0.saturating_sub(began.0)),
        )),
        _ => None,
    };
    attributes.items.retain(|(_, own)| {
        !matches!(own, Attribute::ActivationDate(_))
            && (ends.is_none() || !matches!(own, Attribute::DeactivationDate(_)))
    });
    attributes
        .items
        .push((None, Attribute::ActivationDate(begins)));
    attributes
        .items
        .extend(ends.map(|ends| (None, Attribute::DeactivationDate(ends))));
}

/// The names of the old certificate, which are the new one's from now on.
fn give_up_names(context: &mut Context<'_>, old: &Authorized) -> Result<Vec<Attribute>> {
    let names: Vec<_> = old
        .record()
        .attributes
        .name
        .iter()
        .map(|name| Attribute::Name(name.clone()))
        .collect();
    if !names.is_empty() {
        change(context, old, |record| {
            record.attributes.name = Many::default()
        })?;
    }
    Ok(names)
}

/// Changes the old certificate's record, as this item sees it now.
fn change(
    context: &mut Context<'_>,
    old: &Authorized,
    change: impl FnOnce(&mut Record),
) -> Result<()> {
    let now = context.tx.record(&old.record().id)?;
    let mut record = (*now.ok_or_else(Error::no_such_object)?).clone();
    change(&mut record);
    context.save(record)
}
