//! Where messages are answered: cheap ones where they were read, the others by workers.

use keyhold::service::Weight;
use kmip::{
    CryptographicAlgorithm, CryptographicUsageMask, ObjectType, V2_1,
    attribute::{Attribute, AttributeList, Name, UniqueIdentifier},
    client::outgoing,
    message::{OutgoingItem, write_request},
    payload::{
        create::{CreateKeyPair, CreateKeyPairRequest},
        get_attributes::{GetAttributes, GetAttributesRequest},
        locate::{Locate, LocateRequest},
        sign::{Sign, SignRequest},
    },
};

use pkcs11::attribute::{Form, vendor};

use crate::{fixture::Fixture, objects::list};

fn weight(fixture: &Fixture, items: &[OutgoingItem]) -> Weight {
    let mut header = fixture.header();
    header.batch_count = i32::try_from(items.len()).unwrap();
    let message = write_request(&header, items, V2_1);
    fixture.service.weight(&fixture.caller, message.bytes())
}

/// The private key of a new pair.
fn private_key(
    fixture: &mut Fixture,
    algorithm: CryptographicAlgorithm,
    bits: i32,
) -> UniqueIdentifier {
    let usage = |mask| AttributeList::from_iter([Attribute::CryptographicUsageMask(mask)]);
    let request = CreateKeyPairRequest {
        common_attributes: list([
            Attribute::CryptographicAlgorithm(algorithm),
            Attribute::CryptographicLength(bits),
        ]),
        private_key_attributes: usage(CryptographicUsageMask::Sign),
        public_key_attributes: usage(CryptographicUsageMask::Verify),
        common_protection_storage_masks: None,
        private_protection_storage_masks: None,
        public_protection_storage_masks: None,
    };
    let made = fixture.call::<CreateKeyPair>(&request).unwrap();
    made.private_key_unique_identifier
}

#[test]
fn a_signature_is_weighed_by_what_it_takes() {
    let mut fixture = Fixture::new();
    for (algorithm, bits, expected) in [
        (CryptographicAlgorithm::EC, 256, Weight::Light),
        (CryptographicAlgorithm::RSA, 2048, Weight::Brief),
        (CryptographicAlgorithm::RSA, 3072, Weight::Heavy),
    ] {
        let key = private_key(&mut fixture, algorithm, bits);
        let request = SignRequest {
            unique_identifier: Some(key),
            data: Some(vec![0xA5; 32].into()),
            ..SignRequest::default()
        };
        let sign = || outgoing::<Sign>(&request, V2_1);
        let one = weight(&fixture, &[sign()]);
        assert_eq!(one, expected, "{algorithm:?} {bits}");
        let expected = match expected {
            Weight::Light => Weight::Light,
            _ => Weight::Heavy,
        };
        let two = weight(&fixture, &[sign(), sign()]);
        assert_eq!(two, expected, "{algorithm:?} {bits}");
    }
}

/// A search of the PKCS #11 module: what is found by a label, and what it is.
#[test]
fn what_was_found_is_described_where_it_was_asked_for() {
    let fixture = Fixture::new();
    let find = |attribute| {
        let request = LocateRequest {
            attributes: list([Attribute::ObjectType(ObjectType::SymmetricKey), attribute]),
            ..LocateRequest::default()
        };
        outgoing::<Locate>(&request, V2_1)
    };
    let describe = || {
        let request = GetAttributesRequest {
            unique_identifier: None,
            attribute_reference: Vec::new(),
        };
        outgoing::<GetAttributes>(&request, V2_1)
    };
    let by_name = || find(Attribute::Name(Name::text("own")));
    let by = |name| find(vendor(name, Form::Text.to_kmip(b"own")));
    let found = [by_name(), describe()];
    assert_eq!(weight(&fixture, &found), Weight::Light);
    let found = [by("pkcs11-label"), describe(), by_name(), describe()];
    assert_eq!(weight(&fixture, &found), Weight::Brief);
    // Two searches of which either may find many take longer.
    let found = [by("pkcs11-label"), by("pkcs11-id")];
    assert_eq!(weight(&fixture, &found), Weight::Heavy);
    assert_eq!(weight(&fixture, &[by("colour")]), Weight::Heavy);
}
