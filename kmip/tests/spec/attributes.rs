//! The rules of every attribute.

use std::collections::BTreeSet;

use kmip::attribute::{AttributeKind, SetBy};
use serde_json::Value;

use super::{SPEC, versions};

/// Attributes of the data that are no attribute here, and why.
const NOT_ATTRIBUTES: &[&str] = &[
    // The x- and y- attributes of 1.x, which are `Attribute::Vendor`.
    "Custom Attribute",
    // One table for the 24 parts of a certificate's names; each has its own row here.
    "Certificate Attributes",
    // 3.0's, which are `Attribute::Link` as in the other versions.
    "Links",
    // As the custom attributes.
    "Vendor Attribute",
];

/// The data's name of an attribute's rules.
fn standard_name(kind: AttributeKind) -> &'static str {
    let name = kind.rule().name;
    let part = name.starts_with("Certificate Subject ") || name.starts_with("Certificate Issuer ");
    if part {
        "Certificate Attributes"
    } else if name.ends_with(" Counter") && name != "OTP Counter" {
        // Nor have the counters of 3.0 a table each.
        "Counters"
    } else {
        name
    }
}

fn yes(rule: &Value) -> bool {
    rule["value"] == "yes"
}

#[test]
fn every_attribute_keeps_the_standards_rules() {
    for kind in AttributeKind::ALL {
        let own = kind.rule();
        let standard = versions()
            .filter_map(|version| {
                SPEC["attribute_rules"][version.to_string()].get(standard_name(*kind))
            })
            .last()
            .unwrap_or_else(|| panic!("{} has no rules", own.name));
        let set_by = match standard["initially_set_by"]["value"]
            .as_array()
            .unwrap()
            .as_slice()
        {
            [one] if one == "client" => SetBy::Client,
            [one] if one == "server" => SetBy::Server,
            [_, _] => SetBy::Either,
            other => panic!("{}: {other:?}", own.name),
        };
        assert_eq!(own.set_by, set_by, "{}", own.name);
        assert_eq!(
            own.client_changes,
            yes(&standard["modifiable_by_client"]),
            "{}",
            own.name
        );
        assert_eq!(
            own.client_deletes,
            yes(&standard["deletable_by_client"]),
            "{}",
            own.name
        );
        assert_eq!(
            own.multiple,
            yes(&standard["multiple_instances"]),
            "{}",
            own.name
        );
    }
}

#[test]
fn every_attribute_is_in_its_versions() {
    for version in versions() {
        let standard: BTreeSet<_> = SPEC["attribute_rules"][version.to_string()]
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .filter(|name| !NOT_ATTRIBUTES.contains(name))
            .collect();
        let ours: BTreeSet<_> = AttributeKind::ALL
            .iter()
            .filter(|kind| kind.rule().applies_to(version))
            .map(|kind| standard_name(*kind))
            .filter(|name| !NOT_ATTRIBUTES.contains(name))
            .collect();
        assert_eq!(ours, standard, "{version}");
    }
}

#[test]
fn every_attribute_is_found_by_its_name_and_its_tag() {
    for kind in AttributeKind::ALL {
        let rule = kind.rule();
        assert_eq!(AttributeKind::from_name(rule.name), Some(*kind));
        assert_eq!(AttributeKind::from_tag(kind.tag()), Some(*kind));
        assert_eq!(kind.tag().name(), Some(rule.name));
        // The tag came with the attribute or before.
        assert!(kind.tag().since().unwrap() <= rule.since, "{}", rule.name);
    }
}
