//! Add, Modify and Delete Attribute, and what all changes of attributes have in common.

use kmip::{
    Version,
    attribute::{Attribute, AttributeKind, AttributeReference, Attributes, SetBy, SingleAttribute},
    payload::attribute::{
        AddAttribute, AddAttributeRequest, AddAttributeResponse, DeleteAttribute,
        DeleteAttributeRequest, DeleteAttributeResponse, ModifyAttribute, ModifyAttributeRequest,
        ModifyAttributeResponse,
    },
};
use store::Record;

use super::Handler;
use crate::{
    context::{Authorized, Context},
    error::{Error, Result},
    fault::Fault,
    lifecycle,
    policy::Access,
    service::Service,
    template,
};

mod change;
mod circle;
mod set;

use change::check_change;

impl Handler for AddAttribute {
    const ACCESS: Access = Access::Manage;

    fn is_light_to_commit(service: &Service, request: &AddAttributeRequest) -> bool {
        service.has_light_key(request.unique_identifier.as_ref(), |_| true)
    }

    fn handle(
        context: &mut Context<'_>,
        request: AddAttributeRequest,
    ) -> Result<AddAttributeResponse> {
        let object = context.object(request.unique_identifier)?;
        let SingleAttribute { index, attribute } = request.new_attribute;
        if index.is_some_and(|index| index != 0) {
            // KMIP 1.4 §4.14: the server gives the index.
            return Err(Error::invalid_field(
                "an attribute is added without an index",
            ));
        }
        let mut record = changeable(&object)?;
        let attribute = context.resolve_links(attribute)?;
        settable(&attribute)?;
        let attribute = template::completed(attribute);
        template::check_value(&attribute)?;
        if let Some(kind) = attribute.kind()
            && !kind.rule().multiple
            && !record.attributes.of(kind).is_empty()
        {
            return Err(Error::new(
                Fault::AttributeSingleValued,
                "the attribute has a single value",
            ));
        }
        if matches!(&attribute, Attribute::Name(name) if record.attributes.name.iter().any(|own| own == name))
        {
            return Err(Error::new(
                Fault::NameTaken,
                "the object has this name already",
            ));
        }
        let attribute = check_change(context, &mut record, attribute)?;
        let index = match linked_already(&record, &attribute) {
            Some(index) => index,
            None => record.attributes.add(attribute.clone())?,
        };
        context.save_linked(object.record(), record)?;
        Ok(AddAttributeResponse {
            unique_identifier: object.identifier(),
            attribute: Some(SingleAttribute {
                index: Some(index),
                attribute,
            }),
        })
    }
}

impl Handler for ModifyAttribute {
    const ACCESS: Access = Access::Manage;

    fn is_light_to_commit(service: &Service, request: &ModifyAttributeRequest) -> bool {
        service.has_light_key(request.unique_identifier.as_ref(), |_| true)
    }

    fn handle(
        context: &mut Context<'_>,
        request: ModifyAttributeRequest,
    ) -> Result<ModifyAttributeResponse> {
        let object = context.object(request.unique_identifier)?;
        let SingleAttribute { index, attribute } = request.new_attribute;
        let mut record = changeable(&object)?;
        let attribute = context.resolve_links(attribute)?;
        modifiable(&attribute)?;
        let attribute = template::completed(attribute);
        template::check_value(&attribute)?;
        // KMIP 1.4 §4.15: the first is meant where no index is said.
        let index = index.or_else(|| (!context.version.is_2()).then_some(0));
        let instances = record
            .attributes
            .named(&reference_to(&attribute, context.version));
        let index = instance(&instances, request.current_attribute.as_ref(), index)?;
        let attribute = check_change(context, &mut record, attribute)?;
        record.attributes.replace(index, attribute.clone())?;
        context.save_linked(object.record(), record)?;
        Ok(ModifyAttributeResponse {
            unique_identifier: object.identifier(),
            attribute: Some(SingleAttribute {
                index: Some(index),
                attribute,
            }),
        })
    }
}

impl Handler for DeleteAttribute {
    const ACCESS: Access = Access::Manage;

    fn is_light_to_commit(service: &Service, request: &DeleteAttributeRequest) -> bool {
        service.has_light_key(request.unique_identifier.as_ref(), |_| true)
    }

    fn handle(
        context: &mut Context<'_>,
        request: DeleteAttributeRequest,
    ) -> Result<DeleteAttributeResponse> {
        let object = context.object(request.unique_identifier)?;
        let mut record = changeable(&object)?;
        let deleted = match (request.current_attribute, request.attribute_reference) {
            (Some(current), _) => {
                let reference = reference_to(&current.attribute, context.version);
                let instances = record.attributes.named(&reference);
                let index = instance(&instances, Some(&current), None)?;
                remove(&mut record.attributes, &reference, index)?
            }
            (None, Some(reference)) if context.version.is_2() => {
                delete_all(&mut record.attributes, &reference)?
            }
            (None, Some(reference)) => {
                let index = u32::try_from(request.attribute_index.unwrap_or(0))
                    .map_err(|_| Error::invalid_field("an attribute index is not negative"))?;
                remove(&mut record.attributes, &reference, index)?
            }
            (None, None) => return Err(Error::new(Fault::MissingData, "no attribute is named")),
        };
        context.save_linked(object.record(), record)?;
        Ok(DeleteAttributeResponse {
            unique_identifier: object.identifier(),
            attribute: Some(deleted),
        })
    }
}

/// The index of a link that is there already: the server added it when the other object was linked to this one.
fn linked_already(record: &Record, attribute: &Attribute) -> Option<u32> {
    let links = record.attributes.of(AttributeKind::Link);
    let mut same = links.into_iter().filter(|(_, own)| own == attribute);
    same.next().map(|(index, _)| index)
}

/// A copy of the record to change; the attributes of a destroyed object stay as they are.
fn changeable(object: &Authorized) -> Result<Record> {
    if object.record().is_destroyed() {
        return Err(lifecycle::destroyed());
    }
    Ok(object.to_changed())
}

fn read_only(kind: AttributeKind) -> Error {
    Error::new(
        Fault::AttributeReadOnly,
        format!("{} is read-only", kind.rule().name),
    )
}

fn settable(attribute: &Attribute) -> Result<()> {
    match (attribute, attribute.kind()) {
        (Attribute::Vendor(vendor), _) => template::check_vendor(vendor),
        (_, Some(kind)) if kind.rule().set_by == SetBy::Server => Err(read_only(kind)),
        _ => Ok(()),
    }
}

fn modifiable(attribute: &Attribute) -> Result<()> {
    match (attribute, attribute.kind()) {
        (Attribute::Vendor(vendor), _) => template::check_vendor(vendor),
        (_, Some(kind)) if !kind.rule().client_changes => Err(read_only(kind)),
        _ => Ok(()),
    }
}

/// The attribute that a value is of. In 3.0 links of each type are one of their own.
fn reference_to(attribute: &Attribute, version: Version) -> AttributeReference {
    match (attribute, attribute.kind()) {
        (Attribute::Link(link), _) if version.is_3() => AttributeReference::Link(link.link_type),
        (Attribute::Vendor(vendor), _) => AttributeReference::Vendor {
            vendor_identification: vendor.vendor_identification.clone(),
            attribute_name: vendor.attribute_name.clone(),
        },
        (_, Some(kind)) => AttributeReference::Standard(kind),
        (_, None) => AttributeReference::Unknown(kmip::Tag(0)),
    }
}

/// The index of the instance meant: that of the current value in 2.x or the only one, and the one named in 1.x.
fn instance(
    instances: &[(u32, Attribute)],
    current: Option<&SingleAttribute>,
    index: Option<u32>,
) -> Result<u32> {
    if instances.is_empty() {
        return Err(Error::new(
            Fault::AttributeNotFound,
            "the object does not have the attribute",
        ));
    }
    let found = match (current, index, instances) {
        (Some(current), ..) => instances
            .iter()
            .find(|(_, value)| *value == current.attribute)
            .map(|(index, _)| *index),
        (None, Some(index), _) => Some(index),
        (None, None, [(only, _)]) => Some(*only),
        // KMIP 2.1 §6.1.33: which of several is meant cannot be told.
        (None, None, _) => None,
    };
    found.ok_or_else(|| {
        Error::new(
            Fault::AttributeInstanceNotFound,
            "there is no such instance of the attribute",
        )
    })
}

/// Removes one instance of an attribute that clients may delete.
fn remove(
    attributes: &mut Attributes,
    reference: &AttributeReference,
    index: u32,
) -> Result<SingleAttribute> {
    let missing = || {
        Error::new(
            Fault::AttributeNotFound,
            "the object does not have the attribute",
        )
    };
    let attribute = match reference {
        AttributeReference::Standard(kind) if !kind.rule().client_deletes => {
            return Err(read_only(*kind));
        }
        AttributeReference::Standard(kind) => {
            if attributes.of(*kind).is_empty() {
                return Err(missing());
            }
            spent_limits_stay(attributes, *kind)?;
            attributes.remove(*kind, index)?
        }
        AttributeReference::Link(_) => {
            let is_there = attributes
                .named(reference)
                .iter()
                .any(|(own, _)| *own == index);
            if !is_there {
                return Err(missing());
            }
            attributes.remove(AttributeKind::Link, index)?
        }
        AttributeReference::Unknown(_) => return Err(missing()),
        AttributeReference::Vendor {
            vendor_identification,
            attribute_name,
        } => {
            if vendor_identification == kmip::attribute::VendorAttribute::SERVER {
                return Err(Error::new(
                    Fault::AttributeReadOnly,
                    "attributes of the vendor \"y\" are the server's",
                ));
            }
            if attributes
                .vendor_of(vendor_identification, attribute_name)
                .next()
                .is_none()
            {
                return Err(missing());
            }
            attributes.remove_vendor(vendor_identification, attribute_name, index)?
        }
    };
    Ok(SingleAttribute {
        index: Some(index),
        attribute,
    })
}

/// Removes every instance, as a reference in 2.x means it (KMIP 2.1 §6.1.11).
fn delete_all(
    attributes: &mut Attributes,
    reference: &AttributeReference,
) -> Result<SingleAttribute> {
    let indices: Vec<u32> = attributes
        .named(reference)
        .into_iter()
        .map(|(index, _)| index)
        .collect();
    let mut deleted = remove(attributes, reference, indices.first().copied().unwrap_or(0))?;
    for index in indices.into_iter().skip(1) {
        deleted = remove(attributes, reference, index)?;
    }
    Ok(deleted)
}

/// Usage limits that were drawn on cannot be deleted (KMIP 2.1 §4.59).
fn spent_limits_stay(attributes: &Attributes, kind: AttributeKind) -> Result<()> {
    let spent = attributes
        .usage_limits
        .as_ref()
        .is_some_and(|limits| limits.usage_limits_count != Some(limits.usage_limits_total));
    if kind == AttributeKind::UsageLimits && spent {
        Err(read_only(kind))
    } else {
        Ok(())
    }
}
