//! Facts of objects that other clients made.

use kmip::{
    CryptographicAlgorithm,
    attribute::{Link, Name},
};

use super::*;

const PRIVATE: &str = "0a0b0c0d-0102-0304-0506-0708090a0b0c";

#[test]
fn an_object_of_another_client_shows_its_name_and_its_identifier() {
    let attributes = [
        Attribute::ObjectType(ObjectType::PublicKey),
        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::EC),
        Attribute::CryptographicLength(384),
        Attribute::CryptographicUsageMask(CryptographicUsageMask::Verify),
        Attribute::Name(Name::text("web")),
        Attribute::Name(Name::text("second")),
        Attribute::Link(Link {
            link_type: LinkType::PrivateKeyLink,
            linked_object_identifier: PRIVATE.into(),
        }),
    ];
    let facts = Facts::of("other", &attributes.into_iter().collect()).unwrap();
    assert_eq!(facts.value(ck::CKA_LABEL), Some(b"web".as_slice()));
    let id = facts.value(ck::CKA_ID).unwrap();
    assert_eq!(id, [10, 11, 12, 13, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    assert_eq!(id_of_bytes(id).as_deref(), Some(PRIVATE));
    assert!(facts.flag(ck::CKA_VERIFY) && !facts.flag(ck::CKA_ENCRYPT));
    assert!(!facts.is_private && !facts.is_secret());
    assert_eq!(facts.key_type, ck::CKK_EC);
    assert_eq!(facts.value(ck::CKA_SIGN), None);
}

#[test]
fn a_private_key_hides_its_value_unless_the_daemon_says_it_may_be_told() {
    let key = |more: Vec<Attribute>| {
        let mut all = vec![
            Attribute::ObjectType(ObjectType::SymmetricKey),
            Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
            Attribute::CryptographicLength(256),
        ];
        all.extend(more);
        Facts::of(PRIVATE, &all.into_iter().collect()).unwrap()
    };
    assert!(key(Vec::new()).hides(ck::CKA_VALUE));
    assert!(key(Vec::new()).is_private);
    let open = key(vec![
        Attribute::Sensitive(false),
        Attribute::Extractable(true),
    ]);
    assert!(!open.hides(ck::CKA_VALUE));
    // What is said of it later counts at once.
    for (kind, value) in [
        (ck::CKA_SENSITIVE, true),
        (ck::CKA_EXTRACTABLE, false),
        (ck::CKA_WRAP_WITH_TRUSTED, true),
    ] {
        let mut closed = open.clone();
        closed.set(kind, flag_bytes(value));
        assert!(closed.hides(ck::CKA_VALUE), "{kind:#x}");
    }
    let locked = key(vec![
        Attribute::Sensitive(false),
        Attribute::Extractable(false),
    ]);
    assert!(locked.hides(ck::CKA_VALUE));
    assert_eq!(
        open.value(ck::CKA_VALUE_LEN).and_then(attribute::number),
        Some(32)
    );
}
