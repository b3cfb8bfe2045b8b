//! A message told in an older version of the same major version: what a response has that the version lacks is left out, a
//! request that needs it cannot be told.

use super::Untold;
use crate::{convert, play, standard::STANDARD, words::WORDS, xml::Element};

/// Where an element stands.
#[derive(Clone, Default)]
struct Place<'a> {
    version: &'a str,
    is_request: bool,
    /// The operation of the item, in which an element is.
    operation: String,
    /// The tables' name of the structure that it is a field of.
    structure: String,
    /// The tag whose words it uses, which in 1.x an attribute's name tells.
    meaning: Option<u32>,
}

/// An exchange in another version.
pub(super) fn exchange(
    (request, response): &(Element, Element),
    version: &str,
) -> Result<(Element, Element), Untold> {
    let mut told = message(response, version)?;
    let items = told.children.iter_mut().skip(1);
    for (asked, item) in play::items(request).into_iter().zip(items) {
        add_object_type(asked, item, version);
    }
    Ok((message(request, version)?, told))
}

/// What 1.2 says first of what it split or joined, and no version after it (KMIP 1.2 §4.38, §4.39).
fn add_object_type(asked: &Element, item: &mut Element, version: &str) {
    let asked_type = asked
        .child("RequestPayload")
        .and_then(|payload| payload.child("ObjectType"));
    let object_type = match (version, play::operation(asked).as_str()) {
        ("1.2", "CreateSplitKey") => "SplitKey",
        ("1.2", "JoinSplitKey") => asked_type.map_or("", Element::value),
        _ => return,
    };
    let payload = item.children.iter_mut();
    if let Some(payload) = payload.rev().find(|child| child.name == "ResponsePayload") {
        let told = Element::leaf("ObjectType", "Enumeration", object_type);
        payload.children.insert(0, told);
    }
}

/// A message in another version.
fn message(message: &Element, version: &str) -> Result<Element, Untold> {
    let place = Place {
        version,
        is_request: message.name == "RequestMessage",
        ..Place::default()
    };
    let side = if place.is_request {
        "Request"
    } else {
        "Response"
    };
    let mut out = message.clone();
    out.children.clear();
    for child in &message.children {
        let mut place = place.clone();
        place.structure = match child.name.as_str() {
            "BatchItem" => format!("{side} Batch Item"),
            _ => format!("{side} Header"),
        };
        place.operation = play::operation(child);
        let told = structure(child, &place)?;
        asks_for_something(child, &told)?;
        out.children.push(told);
    }
    Ok(out)
}

/// A request that named what it wants, and of all that nothing is left, would now ask for everything.
fn asks_for_something(before: &Element, after: &Element) -> Result<(), Untold> {
    for name in ["QueryFunction", "AttributeName", "AttributeReference"] {
        let count = |item: &Element| {
            let payload = item.child("RequestPayload");
            payload.is_some_and(|payload| payload.child(name).is_some())
        };
        if count(before) && !count(after) {
            return Err("asks only for what came later".to_owned());
        }
    }
    Ok(())
}

/// A structure, with what the version has of it.
fn structure(element: &Element, place: &Place<'_>) -> Result<Element, Untold> {
    let mut out = element.clone();
    out.children.clear();
    let meaning = convert::attribute_meaning(element);
    for child in &element.children {
        let mut inner = place.clone();
        inner.meaning = meaning.filter(|_| convert::is_attribute_value(child));
        let told = match lacks(child, element, &inner) {
            Some(_) if is_dispensable(child, element, &inner) => continue,
            Some(lack) => return Err(lack),
            None if is_version_of_message(child, element) => protocol_version(place.version),
            None if child.is_structure() => {
                inner.structure = table(child, &inner);
                let told = structure(child, &inner)?;
                // A profile without its name is none.
                if told.name == "ProfileInformation" && told.child("ProfileName").is_none() {
                    continue;
                }
                told
            }
            None => leaf(child, &inner),
        };
        out.children.push(told);
    }
    Ok(out)
}

/// The tables' name of a structure.
fn table(element: &Element, place: &Place<'_>) -> String {
    match (element.name.as_str(), place.meaning) {
        ("RequestPayload", _) => format!("{} request", place.operation),
        ("ResponsePayload", _) => format!("{} response", place.operation),
        ("AttributeValue", Some(meaning)) => WORDS.name(meaning),
        // The place of an attribute in lists of them is no structure of the tables.
        (name, _) => name.to_owned(),
    }
}

/// What the version lacks of an element, without what is below it.
fn lacks(element: &Element, parent: &Element, place: &Place<'_>) -> Option<Untold> {
    let version = place.version;
    let Ok(tag) = convert::tag_of(element) else {
        return None;
    };
    if !STANDARD.has_tag(tag, version) || !STANDARD.has_field(&place.structure, tag, version) {
        return Some(format!("{} in {}", element.name, place.structure));
    }
    if let Some(name) = named_attribute(element, parent, place)
        && !STANDARD.has_attribute(&name, version)
    {
        return Some(format!("the attribute {name}"));
    }
    lacks_word(element, tag, place)
}

/// The attribute that an element is, or names; not one that vendors and users made.
fn named_attribute(element: &Element, parent: &Element, place: &Place<'_>) -> Option<String> {
    let name = match element.name.as_str() {
        "AttributeName" if place.version.starts_with('1') => element.value(),
        "Attribute" if place.version.starts_with('1') => element.child("AttributeName")?.value(),
        "AttributeReference" if !element.is_structure() => element.value(),
        "Attribute" | "AttributeReference" => return None,
        name if LISTS.contains(&parent.name.as_str()) => name,
        _ => return None,
    };
    let is_custom = name.starts_with("x-") || name.starts_with("y-");
    (!is_custom).then(|| name.to_owned())
}

/// Structures of 2.x whose fields are attributes.
const LISTS: &[&str] = &[
    "Attributes",
    "CommonAttributes",
    "PrivateKeyAttributes",
    "PublicKeyAttributes",
    "CurrentAttribute",
    "NewAttribute",
];

/// A value that came later.
fn lacks_word(element: &Element, tag: u32, place: &Place<'_>) -> Option<Untold> {
    let tag = place.meaning.unwrap_or(tag);
    let has = |value| STANDARD.has_word(tag, value, place.version);
    let is_known = match element.attribute("type") {
        Some("Enumeration") if element.name == "ResultReason" => true,
        Some("Enumeration") => WORDS.enumerated(tag, element.value()).is_none_or(has),
        Some("Integer") if WORDS.kind(tag).is_some() => {
            let bits = WORDS.integer(tag, element.value());
            bits.is_none_or(|bits| (0..32).all(|bit| bits & (1 << bit) == 0 || has(1 << bit)))
        }
        _ => true,
    };
    (!is_known).then(|| format!("{} {}", element.name, element.value()))
}

/// Whether a message says the same to an older version without an element: all that a response tells, and in a request what
/// only lists what is asked for or only marks it for a log.
fn is_dispensable(element: &Element, parent: &Element, place: &Place<'_>) -> bool {
    let is_leaf = !element.is_structure();
    if !place.is_request {
        return !is_leaf
            || place.operation == "Query"
            || lacks_word(element, convert::tag_of(element).unwrap_or_default(), place).is_none();
    }
    match element.name.as_str() {
        "ClientCorrelationValue" | "ServerCorrelationValue" => true,
        "AttributeName" | "AttributeReference" | "QueryFunction" => parent.name == "RequestPayload",
        _ => false,
    }
}

fn leaf(element: &Element, place: &Place<'_>) -> Element {
    let mut out = element.clone();
    let is_reason = element.name == "ResultReason";
    let told = REASONS.iter().find(|(version, reason, _)| {
        is_reason && place.version == *version && element.value() == *reason
    });
    if let Some((_, _, reason)) = told {
        for (name, value) in &mut out.attributes {
            if name == "value" {
                (*reason).clone_into(value);
            }
        }
    }
    out
}

/// What older versions say instead of a reason. 2.0 has most reasons of 2.1, but its test cases say of states what 1.x says.
const REASONS: &[(&str, &str, &str)] = &[("2.0", "WrongKeyLifecycleState", "PermissionDenied")];

fn is_version_of_message(element: &Element, parent: &Element) -> bool {
    element.name == "ProtocolVersion" && parent.name.ends_with("Header")
}

fn protocol_version(version: &str) -> Element {
    let (major, minor) = version.split_once('.').unwrap();
    Element {
        name: "ProtocolVersion".to_owned(),
        children: vec![
            Element::leaf("ProtocolVersionMajor", "Integer", major),
            Element::leaf("ProtocolVersionMinor", "Integer", minor),
        ],
        ..Element::default()
    }
}
