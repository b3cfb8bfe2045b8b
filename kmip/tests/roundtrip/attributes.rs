//! Attributes: between versions, and in the stored form with their indices.

use kmip::{
    Tag, V1_1, V1_4, V2_1, Version,
    attribute::{Attribute, AttributeKind, AttributeList, Attributes},
    payload::get_attributes::GetAttributesResponse,
    ttlv::{Reader, Structure, Writer},
};
use proptest::prelude::*;

use super::choices;
use crate::samples::{Make, Source, attribute};

/// The list written in a version and read back.
fn through(list: &AttributeList, version: Version) -> AttributeList {
    let response = GetAttributesResponse {
        unique_identifier: "id".into(),
        attributes: list.clone(),
    };
    let mut writer = Writer::new(version);
    response.write_fields(&mut writer);
    let reader = Reader::new(writer.bytes(), Tag::ResponsePayload, version);
    GetAttributesResponse::read_fields(reader)
        .unwrap()
        .attributes
}

/// A record of some attributes of which some were removed, so that indices have gaps.
fn record(source: &mut Source<'_>) -> Attributes {
    let mut record = Attributes::default();
    for _ in 0..source.below(12) {
        // A second value of a single-instance attribute is refused, and that is fine.
        let _ = record.add(Make::make(source));
    }
    for _ in 0..source.below(3) {
        let _ = record.remove(Make::make(source), u32::try_from(source.below(2)).unwrap());
    }
    record
}

proptest! {
    #[test]
    fn a_list_means_the_same_in_both_encodings(bytes in choices()) {
        // Samples of 1.x have no values that only 2.x can say.
        let list = AttributeList::make(&mut Source::chosen(&bytes, V1_4));
        prop_assert_eq!(&through(&list, V1_4), &list);
        let newer = through(&list, V2_1);
        prop_assert!(newer.iter().eq(list.iter()));
        let back = through(&newer, V1_4);
        prop_assert!(back.iter().eq(list.iter()));
    }

    #[test]
    fn a_stored_record_comes_back(bytes in choices()) {
        let record = record(&mut Source::chosen(&bytes, V2_1));
        let stored = record.to_stored();
        let back = Attributes::from_stored(&stored).unwrap();
        prop_assert_eq!(&back, &record);
        prop_assert_eq!(back.to_stored(), stored);
    }

    #[test]
    fn each_tells_every_instance_with_its_index(bytes in choices()) {
        let record = record(&mut Source::chosen(&bytes, V1_4));
        for version in Version::SPOKEN {
            let list = record.each(*version);
            let back = through(&list, *version);
            prop_assert!(back.iter().map(Attribute::kind).eq(list.iter().map(Attribute::kind)));
            // Versions before lack fields of Cryptographic Parameters, versions after have no types of names.
            prop_assert!(*version < V1_4 || version.is_3() || back.iter().eq(list.iter()));
            for (index, attribute) in &list.items {
                let applies = attribute.kind().is_none_or(|kind| kind.rule().applies_to(*version));
                let applies = applies || attribute.kind() == Some(AttributeKind::Link);
                prop_assert!(applies);
                prop_assert!(index.is_some());
            }
        }
    }
}

#[test]
fn every_attribute_comes_back_by_name_and_by_tag() {
    for kind in AttributeKind::ALL {
        for version in Version::SPOKEN {
            let one = attribute(*kind, &mut Source::full(*version));
            assert_eq!(one.kind(), Some(*kind));
            let list: AttributeList = [one].into_iter().collect();
            let back = through(&list, *version);
            assert_eq!(through(&back, *version), back, "{kind:?} in {version}");
            let whole = *version >= V1_4 || *kind != AttributeKind::CryptographicParameters;
            let whole = whole && (*version >= V1_1 || *kind != AttributeKind::Digest);
            assert_eq!(back == list, whole, "{kind:?} in {version}");
        }
    }
}

#[test]
fn an_index_lasts_through_removal_and_storing() {
    let mut record = Attributes::default();
    for group in ["a", "b", "c", "d"] {
        record.add(Attribute::ObjectGroup(group.into())).unwrap();
    }
    record.remove(AttributeKind::ObjectGroup, 1).unwrap();
    let mut back = Attributes::from_stored(&record.to_stored()).unwrap();
    let indices: Vec<_> = back
        .of(AttributeKind::ObjectGroup)
        .iter()
        .map(|(index, _)| *index)
        .collect();
    assert_eq!(indices, [0, 2, 3]);
    assert_eq!(back.add(Attribute::ObjectGroup("e".into())), Ok(4));
}
