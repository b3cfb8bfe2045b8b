//! Get Attributes and Get Attribute List.

use std::collections::BTreeSet;

use kmip::{
    ObjectClass, V1_1, Version,
    attribute::{AttributeKind, AttributeList, AttributeReference, Attributes},
    payload::get_attributes::{
        GetAttributeList, GetAttributeListRequest, GetAttributeListResponse, GetAttributes,
        GetAttributesRequest, GetAttributesResponse,
    },
};

use super::Handler;
use crate::{
    context::{Authorized, Context},
    error::{Error, Result},
    fault::Fault,
    policy::Access,
    service::Service,
};

impl Handler for GetAttributes {
    const ACCESS: Access = Access::Read;

    fn is_light(service: &Service, request: &GetAttributesRequest) -> bool {
        service.has_record(request.unique_identifier.as_ref())
    }

    fn handle(
        context: &mut Context<'_>,
        request: GetAttributesRequest,
    ) -> Result<GetAttributesResponse> {
        once_each(context.version, &request.attribute_reference)?;
        let object = context.object(request.unique_identifier)?;
        let attributes = attributes(context, &object);
        let attributes = if request.attribute_reference.is_empty() {
            attributes.each(context.version)
        } else {
            named(&attributes, request.attribute_reference, context.version)
        };
        Ok(GetAttributesResponse {
            unique_identifier: object.identifier(),
            attributes,
        })
    }
}

impl Handler for GetAttributeList {
    const ACCESS: Access = Access::Read;

    fn is_light(service: &Service, request: &GetAttributeListRequest) -> bool {
        service.has_record(request.unique_identifier.as_ref())
    }

    fn handle(
        context: &mut Context<'_>,
        request: GetAttributeListRequest,
    ) -> Result<GetAttributeListResponse> {
        let object = context.object(request.unique_identifier)?;
        let attributes = attributes(context, &object);
        let standard = AttributeKind::ALL
            .iter()
            .filter(|kind| {
                kind.rule().applies_to(context.version) && !attributes.of(**kind).is_empty()
            })
            .map(|kind| AttributeReference::Standard(*kind));
        let vendor = attributes
            .vendor
            .iter()
            .filter(|(index, _)| *index == 0)
            .map(|(_, own)| AttributeReference::Vendor {
                vendor_identification: own.vendor_identification.clone(),
                attribute_name: own.attribute_name.clone(),
            });
        Ok(GetAttributeListResponse {
            unique_identifier: object.identifier(),
            attribute_reference: standard
                .chain(links(&attributes, context.version))
                .chain(vendor)
                .collect(),
        })
    }
}

/// Refuses an attribute that is named twice, as 1.x asks since 1.1 (KMIP 1.4 §11.13).
fn once_each(version: Version, references: &[AttributeReference]) -> Result<()> {
    let named: BTreeSet<_> = references.iter().collect();
    if named.len() < references.len() && version >= V1_1 && !version.is_2() {
        return Err(Error::new(
            Fault::FieldsContradict,
            "an attribute is named more than once",
        ));
    }
    Ok(())
}

/// The types of links, which are attributes of their own in 3.0.
fn links(attributes: &Attributes, version: Version) -> BTreeSet<AttributeReference> {
    let links = attributes.link.iter().filter(|_| version.is_3());
    links
        .map(|link| AttributeReference::Link(link.link_type))
        .collect()
}

/// The attributes with the state and the counters as of now, and with the class that objects have unless another was
/// given.
pub(super) fn attributes(context: &Context<'_>, object: &Authorized) -> Attributes {
    let mut attributes = object.record().attributes.clone();
    context.service.uses.tell(object.record(), &mut attributes);
    attributes.state = object.state_at(context.now);
    attributes.object_class.get_or_insert(ObjectClass::User);
    attributes
}

/// Those that are asked for and that the version knows; what the object lacks is left out (KMIP 2.1 §6.1.20).
fn named(
    attributes: &Attributes,
    references: Vec<AttributeReference>,
    version: Version,
) -> AttributeList {
    let known = references.into_iter().filter(|reference| match reference {
        // The draft calls the links by one name where it means all of them.
        AttributeReference::Standard(AttributeKind::Link) => true,
        AttributeReference::Standard(kind) => kind.rule().applies_to(version),
        AttributeReference::Link(_) => version.is_3(),
        AttributeReference::Unknown(_) | AttributeReference::Vendor { .. } => true,
    });
    known
        .flat_map(|reference| attributes.named(&reference))
        .map(|(index, attribute)| (Some(index), attribute))
        .collect()
}
