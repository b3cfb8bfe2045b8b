//! A message of 2.1 told in 3.0: without counts, with types of their own for identifiers, names as texts, links and groups as
//! attributes of their own, and the placeholder by its name.

use std::collections::BTreeSet;

use super::Untold;
use crate::{convert, play, standard::STANDARD, xml::Element};

/// An exchange in 3.0.
pub(super) fn exchange(
    (request, response): &(Element, Element),
) -> Result<(Element, Element), Untold> {
    let links: BTreeSet<_> = response
        .all()
        .into_iter()
        .filter(|element| element.name == "LinkType")
        .map(|element| link_name(element.value()))
        .collect();
    let mut request = told(request)?;
    for item in request.children.iter_mut().skip(1) {
        name_placeholder(item);
        name_links(item, &links);
    }
    Ok((request, told(response)?))
}

/// An element in 3.0.
fn told(element: &Element) -> Result<Element, Untold> {
    let mut out = element.clone();
    out.children.clear();
    for child in &element.children {
        if GONE.contains(&child.name.as_str()) {
            continue;
        }
        out.children.push(match child.name.as_str() {
            "ProtocolVersion" if element.name.ends_with("Header") => version(),
            "Name" | "RotateName" if child.is_structure() => {
                Element::leaf(&child.name, "TextString", part(child, "NameValue")?)
            }
            "Link" if child.is_structure() => {
                let name = link_name(part(child, "LinkType")?);
                Element::leaf(&name, "Reference", part(child, "LinkedObjectIdentifier")?)
            }
            "ObjectGroup" => Element::leaf("GroupLink", "NameReference", child.value()),
            // Re-key Key Pair names its key as every other operation does.
            "PrivateKeyUniqueIdentifier" if element.name == "RequestPayload" => {
                Element::leaf("UniqueIdentifier", "Identifier", child.value())
            }
            "UniqueIdentifier" | "PrivateKeyUniqueIdentifier" | "PublicKeyUniqueIdentifier"
                if child.attribute("type") == Some("TextString") =>
            {
                Element::leaf(&child.name, "Identifier", child.value())
            }
            "AttributeReference" if child.value() == "ObjectGroup" => {
                Element::leaf(&child.name, "Enumeration", "GroupLink")
            }
            _ if child.is_structure() => told(child)?,
            _ => kept(child)?,
        });
    }
    Ok(out)
}

/// What 3.0 has no more: messages are not counted, and items have no names.
const GONE: &[&str] = &["BatchCount", "BatchOrderOption", "UniqueBatchItemID"];

/// A value that is in 3.0 as it was, if 3.0 has its tag.
fn kept(element: &Element) -> Result<Element, Untold> {
    match convert::tag_of(element) {
        Ok(tag) if !STANDARD.has_tag(tag, "3.0") => Err(format!("{} in 3.0", element.name)),
        _ => Ok(element.clone()),
    }
}

fn version() -> Element {
    Element {
        name: "ProtocolVersion".to_owned(),
        children: vec![
            Element::leaf("ProtocolVersionMajor", "Integer", "3"),
            Element::leaf("ProtocolVersionMinor", "Integer", "0"),
        ],
        ..Element::default()
    }
}

fn part<'a>(element: &'a Element, name: &str) -> Result<&'a str, Untold> {
    let own = element.children.iter().find(|own| own.name.ends_with(name));
    own.map(Element::value)
        .ok_or_else(|| format!("a {} without its {name}", element.name))
}

/// The attribute of a type of link, of which two have other names in 3.0.
fn link_name(link_type: &str) -> String {
    match link_type {
        "DerivationBaseObjectLink" => "DerivationObjectLink",
        "DerivedKeyLink" => "DerivedObjectLink",
        other => other,
    }
    .to_owned()
}

/// An identifier that was left out is named, where 3.0 wants one.
fn name_placeholder(item: &mut Element) {
    let operation = play::operation(item);
    let Some(tag) = convert::tag_of(&Element::leaf("UniqueIdentifier", "", "")).ok() else {
        return;
    };
    let payload = item.children.iter_mut();
    let Some(payload) = payload.rev().find(|own| own.name == "RequestPayload") else {
        return;
    };
    if STANDARD.requires(&format!("{operation} request"), tag, "3.0")
        && payload.child("UniqueIdentifier").is_none()
    {
        let placeholder = Element::leaf("UniqueIdentifier", "Enumeration", "IDPlaceholder");
        payload.children.insert(0, placeholder);
    }
}

/// Who asked for all links asks for those types that the answer tells.
fn name_links(item: &mut Element, links: &BTreeSet<String>) {
    let payload = item.children.iter_mut();
    let Some(payload) = payload.rev().find(|own| own.name == "RequestPayload") else {
        return;
    };
    let children = std::mem::take(&mut payload.children);
    payload.children = children
        .into_iter()
        .flat_map(|child| {
            let is_link = child.name == "AttributeReference" && child.value() == "Link";
            let named = links.iter().filter(|_| is_link);
            let named = named.map(|name| Element::leaf("AttributeReference", "Enumeration", name));
            let named: Vec<_> = named.collect();
            if is_link { named } else { vec![child] }
        })
        .collect();
}
