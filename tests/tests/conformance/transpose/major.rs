//! A message of 1.4 told in 2.0: attributes stand under their own tags, without names and indices, in structures for them.

use crate::{convert, standard::STANDARD, words::WORDS, xml::Element};

/// The message in the words of 2.0. What 2.0 lacks is still in it.
pub(super) fn message(message: &Element) -> Element {
    let items = message
        .children
        .iter()
        .map(|child| match child.name.as_str() {
            "BatchItem" => item(child),
            _ => child.clone(),
        });
    with(message, items)
}

fn item(item: &Element) -> Element {
    let operation = item.child("Operation").map_or("", Element::value);
    let parts = item.children.iter().map(|child| match child.name.as_str() {
        "RequestPayload" => request(operation, child),
        "ResponsePayload" => response(operation, child),
        "ResultReason" => reason(child),
        _ => child.clone(),
    });
    with(item, parts)
}

/// 2.0 tells objects that are not there from other things that are not.
fn reason(element: &Element) -> Element {
    match element.value() {
        "ItemNotFound" => Element::leaf("ResultReason", "Enumeration", "ObjectNotFound"),
        _ => element.clone(),
    }
}

fn request(operation: &str, payload: &Element) -> Element {
    let fields = payload.children.iter();
    match operation {
        "Locate" => {
            let others = fields.clone().filter(|field| field.name != "Attribute");
            let others = others.cloned();
            with(payload, others.chain([list("Attributes", payload)]))
        }
        "AddAttribute" | "ModifyAttribute" => with(
            payload,
            fields.map(|field| match field.name.as_str() {
                "Attribute" => with(&named("NewAttribute"), [attribute(field)]),
                _ => inner(field),
            }),
        ),
        _ => {
            let mut told = with(payload, fields.map(inner));
            // In 2.x new objects have a list of attributes, if an empty one.
            if operation == "Create" && told.child("Attributes").is_none() {
                told.children.push(named("Attributes"));
            }
            if operation == "Register" && told.child("Attributes").is_none() {
                told.children.insert(1, named("Attributes"));
            }
            told
        }
    }
}

fn response(operation: &str, payload: &Element) -> Element {
    let fields = payload.children.iter();
    match operation {
        "AddAttribute" | "ModifyAttribute" | "DeleteAttribute" => with(
            payload,
            fields.filter(|field| field.name != "Attribute").cloned(),
        ),
        "GetAttributes" => {
            let others = fields.filter(|field| field.name != "Attribute");
            let others = others.cloned();
            with(payload, others.chain([list("Attributes", payload)]))
        }
        _ => with(
            payload,
            fields
                .filter(|field| !field.name.ends_with("TemplateAttribute"))
                .map(inner),
        ),
    }
}

/// A field, with what is below it.
fn inner(field: &Element) -> Element {
    match field.name.as_str() {
        "AttributeName" => reference(field.value()),
        // It names attributes in every version.
        "KeyWrappingSpecification" => field.clone(),
        name if name.ends_with("TemplateAttribute") => {
            let name = name.replace("TemplateAttribute", "Attributes");
            list(&name, field)
        }
        // A key value has attributes of its own.
        "KeyValue" if field.child("Attribute").is_some() => {
            let material = field.children.iter().filter(|own| own.name != "Attribute");
            let material = material.cloned();
            with(field, material.chain([list("Attributes", field)]))
        }
        "CertificateRequest" if !field.is_structure() => Element {
            name: "CertificateRequestValue".to_owned(),
            ..field.clone()
        },
        _ => with(field, field.children.iter().map(inner)),
    }
}

/// The attributes in a structure of 1.x, as one of 2.x.
fn list(name: &str, of: &Element) -> Element {
    let attributes = of.children.iter().filter(|own| own.name == "Attribute");
    let told = attributes.filter(|own| {
        let name = own.child("AttributeName").map_or("", Element::value);
        is_custom(name)
            || WORDS
                .tag(name)
                .is_some_and(|tag| STANDARD.has_tag(tag, "2.0"))
    });
    with(&named(name), told.map(attribute))
}

fn attribute(element: &Element) -> Element {
    let name = element.child("AttributeName").map_or("", Element::value);
    let value = element.child("AttributeValue").cloned().unwrap_or_default();
    if is_custom(name) {
        let vendor = Element::leaf("VendorIdentification", "TextString", &name[..1]);
        let name = Element::leaf("AttributeName", "TextString", &name[2..]);
        return with(&named("Attribute"), [vendor, name, value]);
    }
    let tag = convert::attribute_meaning(element);
    Element {
        name: tag.map_or_else(|| name.to_owned(), |tag| WORDS.name(tag)),
        ..value
    }
}

fn reference(name: &str) -> Element {
    if is_custom(name) {
        let vendor = Element::leaf("VendorIdentification", "TextString", &name[..1]);
        let name = Element::leaf("AttributeName", "TextString", &name[2..]);
        return with(&named("AttributeReference"), [vendor, name]);
    }
    let tag = WORDS
        .tag(name)
        .map_or_else(|| name.to_owned(), |tag| WORDS.name(tag));
    Element::leaf("AttributeReference", "Enumeration", &tag)
}

fn is_custom(name: &str) -> bool {
    name.starts_with("x-") || name.starts_with("y-")
}

fn named(name: &str) -> Element {
    Element {
        name: name.to_owned(),
        ..Element::default()
    }
}

fn with(element: &Element, children: impl IntoIterator<Item = Element>) -> Element {
    Element {
        children: children.into_iter().collect(),
        name: element.name.clone(),
        attributes: element.attributes.clone(),
    }
}
