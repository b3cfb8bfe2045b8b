//! What an object tells of itself: its attributes and their list, in the words of each version.

use keyhold_tests::{Appliance, VERSIONS, objects::*};
use kmip::{
    LinkType, ObjectType, V1_1, V1_4, V2_0,
    attribute::{Attribute, AttributeKind, AttributeReference, Link},
    payload::{
        create::CreateKeyPair,
        get_attributes::{GetAttributeList, GetAttributeListRequest},
    },
};

on_each_backend!(a_key_tells_what_it_is, halves_of_a_pair_know_each_other);

fn a_key_tells_what_it_is(appliance: &Appliance) {
    for version in VERSIONS {
        let client = &mut appliance.client(version);
        let key = create(
            client,
            aes(192, CIPHER)
                .into_iter()
                .chain([name(&format!("it {version}"))]),
        );
        let all = attributes(client, &key, &[]);
        for expected in [
            Attribute::UniqueIdentifier(key.as_str().into()),
            Attribute::ObjectType(ObjectType::SymmetricKey),
            Attribute::CryptographicLength(192),
            Attribute::CryptographicUsageMask(CIPHER),
            name(&format!("it {version}")),
        ] {
            assert!(all.contains(&expected), "{expected:?} is not in {all:?}");
        }
        let kinds: Vec<_> = all.iter().filter_map(Attribute::kind).collect();
        assert!(
            kinds.iter().all(|kind| kind.rule().applies_to(version)),
            "{kinds:?}"
        );
        assert_eq!(kinds.contains(&AttributeKind::Fresh), version >= V1_1);
        assert_eq!(kinds.contains(&AttributeKind::Extractable), version >= V1_4);
        assert_eq!(
            kinds.contains(&AttributeKind::KeyFormatType),
            version >= V2_0
        );

        let list = client.call::<GetAttributeList>(&GetAttributeListRequest {
            unique_identifier: id(&key),
        });
        let mut listed: Vec<_> = list
            .attribute_reference
            .into_iter()
            .map(|reference| match reference {
                AttributeReference::Standard(kind) => kind,
                other => panic!("{other:?} was never set"),
            })
            .collect();
        let mut kinds = kinds;
        kinds.dedup();
        listed.sort();
        kinds.sort();
        assert_eq!(listed, kinds, "the list is what there is");
        // What the object does not have is left out, and no failure.
        let some = attributes(
            client,
            &key,
            &[AttributeKind::Link, AttributeKind::CryptographicLength],
        );
        assert_eq!(some, [Attribute::CryptographicLength(192)]);
    }
}

fn halves_of_a_pair_know_each_other(appliance: &Appliance) {
    for version in VERSIONS {
        let client = &mut appliance.client(version);
        let made = client.call::<CreateKeyPair>(&pair(
            Pair::Rsa(2048),
            [name(&format!("private {version}"))],
            [name(&format!("public {version}"))],
        ));
        let (private, public) = (
            made.private_key_unique_identifier,
            made.public_key_unique_identifier,
        );
        for (own, other, link_type, object_type) in [
            (
                &private,
                &public,
                LinkType::PublicKeyLink,
                ObjectType::PrivateKey,
            ),
            (
                &public,
                &private,
                LinkType::PrivateKeyLink,
                ObjectType::PublicKey,
            ),
        ] {
            let all = attributes(client, &text(own), &[]);
            let link = Attribute::Link(Link {
                link_type,
                linked_object_identifier: other.clone(),
            });
            assert!(all.contains(&link), "{all:?}");
            assert!(all.contains(&Attribute::ObjectType(object_type)));
            assert!(all.contains(&Attribute::CryptographicLength(2048)));
        }
        assert_eq!(
            locate(client, [name(&format!("private {version}"))]),
            [text(&private)]
        );
        assert_eq!(
            locate(client, [name(&format!("public {version}"))]),
            [text(&public)]
        );
    }
}
