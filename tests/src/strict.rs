//! What the field's strictest parsers take: nothing in a response that its version does not know.

use kmip::{
    ResultReason, Tag, Version,
    attribute::AttributeKind,
    ttlv::{ItemType, Reader},
};

/// Fails the test when a response says something that its version has no word for.
pub fn check(response: &[u8], version: Version) {
    check_items(
        Reader::new(response, Tag::ResponseMessage, version),
        version,
    );
}

fn check_items(mut items: Reader<'_>, version: Version) {
    while let Some(item) = items.next_item().expect("a response that can be read") {
        let since = item.tag.since();
        assert!(
            since.is_some_and(|since| since <= version),
            "{:?}, which came with {since:?}, stands in a response in {version}",
            item.tag
        );
        let old_forms = [Tag::TemplateAttribute, Tag::AttributeIndex];
        assert!(
            !(version.is_2() && old_forms.contains(&item.tag)),
            "{:?} in {version}",
            item.tag
        );
        if item.tag == Tag::ResultReason {
            let reason = ResultReason(item.enumeration().unwrap());
            let since = reason.since();
            assert!(
                since.is_some_and(|since| since <= version),
                "{reason:?} in {version}"
            );
        }
        if item.tag == Tag::AttributeName
            && !version.is_2()
            && let Ok(name) = item.text()
            && let Some(kind) = AttributeKind::from_name(name)
        {
            assert!(
                kind.rule().applies_to(version),
                "the attribute {name} in {version}"
            );
        }
        if item.item_type == ItemType::Structure {
            check_items(item.structure().unwrap(), version);
        }
    }
}
