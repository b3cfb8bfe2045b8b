//! Attributes as the responder tells and changes them.

use kmip::{
    ResultReason,
    attribute::{Attribute, AttributeReference, VendorAttribute},
    payload::{attribute::*, get_attributes::*},
};

use super::super::fake::State;

use super::*;

pub(super) fn get_attributes(
    state: &mut State,
    who: &str,
    request: GetAttributesRequest,
    placeholder: &mut Option<String>,
) -> Outcome<GetAttributesResponse> {
    let (id, stored) = find(state, who, request.unique_identifier, placeholder)?;
    Ok(GetAttributesResponse {
        unique_identifier: id.into(),
        attributes: stored.attributes.iter().cloned().collect(),
    })
}

pub(super) fn is_same(one: &Attribute, other: &Attribute) -> bool {
    match (one, other) {
        (Attribute::Vendor(one), Attribute::Vendor(other)) => one.is_same_attribute(other),
        _ => one.kind().is_some() && one.kind() == other.kind(),
    }
}

pub(super) fn add_attribute(
    state: &mut State,
    who: &str,
    request: AddAttributeRequest,
    placeholder: &mut Option<String>,
) -> Outcome<AddAttributeResponse> {
    let (id, stored) = find(state, who, request.unique_identifier, placeholder)?;
    if stored
        .attributes
        .iter()
        .any(|own| is_same(own, &request.new_attribute.attribute))
    {
        return Err(ResultReason::AttributeSingleValued);
    }
    stored.attributes.push(request.new_attribute.attribute);
    Ok(AddAttributeResponse {
        unique_identifier: id.into(),
        attribute: None,
    })
}

pub(super) fn modify_attribute(
    state: &mut State,
    who: &str,
    request: ModifyAttributeRequest,
    placeholder: &mut Option<String>,
) -> Outcome<ModifyAttributeResponse> {
    let (id, stored) = find(state, who, request.unique_identifier, placeholder)?;
    let new = request.new_attribute.attribute;
    let own = stored.attributes.iter_mut().find(|own| is_same(own, &new));
    *own.ok_or(ResultReason::AttributeNotFound)? = new;
    Ok(ModifyAttributeResponse {
        unique_identifier: id.into(),
        attribute: None,
    })
}

pub(super) fn delete_attribute(
    state: &mut State,
    who: &str,
    request: DeleteAttributeRequest,
    placeholder: &mut Option<String>,
) -> Outcome<DeleteAttributeResponse> {
    let (id, stored) = find(state, who, request.unique_identifier, placeholder)?;
    let Some(AttributeReference::Vendor {
        vendor_identification,
        attribute_name,
    }) = request.attribute_reference
    else {
        return Err(ResultReason::InvalidField);
    };
    let named = |own: &VendorAttribute| {
        own.vendor_identification == vendor_identification && own.attribute_name == attribute_name
    };
    stored
        .attributes
        .retain(|own| !matches!(own, Attribute::Vendor(own) if named(own)));
    Ok(DeleteAttributeResponse {
        unique_identifier: id.into(),
        attribute: None,
    })
}
