//! Re-key and Re-key Key Pair.

use kmip::{
    CryptographicAlgorithm, CryptographicUsageMask as Mask, LinkType, ResultReason, State,
    UsageLimitsUnit, V1_0, V1_4, V2_0, V2_1,
    attribute::{Attribute, Attributes, Link, Name, UniqueIdentifier, UsageLimits},
    payload::{
        create::{CreateKeyPair, CreateKeyPairRequest},
        destroy::{Destroy, DestroyRequest},
        get::{Get, GetRequest},
        get_attributes::{GetAttributes, GetAttributesRequest},
        locate::{Locate, LocateRequest},
        rekey::{ReKey, ReKeyKeyPair, ReKeyKeyPairRequest, ReKeyRequest},
    },
    ttlv::{Interval, Timestamp},
};

use crate::{
    fixture::{Fixture, NOON, text},
    objects::list,
};

pub(crate) fn rekey(
    fixture: &mut Fixture,
    id: &str,
    offset: Option<u32>,
    attributes: impl IntoIterator<Item = Attribute>,
) -> Result<String, ResultReason> {
    fixture
        .call::<ReKey>(&ReKeyRequest {
            unique_identifier: Some(id.into()),
            offset: offset.map(Interval),
            attributes: list(attributes),
            protection_storage_masks: None,
        })
        .map(|answer| text(&answer.unique_identifier))
}

/// The attributes of an object as a typed record.
pub(crate) fn attributes(fixture: &mut Fixture, id: &str) -> Attributes {
    let before = std::mem::replace(&mut fixture.version, V2_1);
    let answer = fixture.call::<GetAttributes>(&GetAttributesRequest {
        unique_identifier: Some(id.into()),
        attribute_reference: vec![],
    });
    fixture.version = before;
    let mut all = Attributes::default();
    for attribute in answer.unwrap().attributes.iter() {
        all.add(attribute.clone()).unwrap();
    }
    all
}

pub(crate) fn linked(attributes: &Attributes, link_type: LinkType) -> Option<UniqueIdentifier> {
    let is_of = |link: &&Link| link.link_type == link_type;
    let link = attributes.link.iter().find(is_of)?;
    Some(link.linked_object_identifier.clone())
}

pub(crate) fn named(name: &str) -> Attribute {
    Attribute::Name(Name::text(name))
}

/// TC-REKEY-1: names move, and the new one's own name comes behind.
#[test]
fn names_move_and_links_go_both_ways() {
    let mut fixture = Fixture::new();
    let mut id = fixture.aes_key([named("original")]);
    let mut names = vec![Name::text("original")];
    for (n, version) in [V1_0, V1_4, V2_0, V2_1].into_iter().enumerate() {
        fixture.version = version;
        let name = format!("rekey {n}");
        let new = rekey(&mut fixture, &id, None, [named(&name)]).unwrap();
        names.push(Name::text(&name));
        let (before, after) = (
            attributes(&mut fixture, &id),
            attributes(&mut fixture, &new),
        );
        assert!(before.name.is_empty());
        assert_eq!(after.name.iter().cloned().collect::<Vec<_>>(), names);
        assert_eq!(
            linked(&before, LinkType::ReplacementObjectLink),
            Some(new.as_str().into())
        );
        assert_eq!(
            linked(&after, LinkType::ReplacedObjectLink),
            Some(id.as_str().into())
        );
        assert_eq!(
            (before.state, after.state),
            (Some(State::Active), Some(State::Active))
        );
        assert_ne!(before.digest.first(), after.digest.first());
        id = new;
    }
    fixture.version = V2_1;
    let found = fixture
        .call::<Locate>(&LocateRequest {
            attributes: list([named("original")]),
            ..LocateRequest::default()
        })
        .unwrap();
    assert_eq!(found.unique_identifier, [UniqueIdentifier::from(id)]);
}

#[test]
fn dates_keep_their_distance_from_the_activation() {
    let mut fixture = Fixture::new();
    let at = |seconds| Timestamp(NOON.0 + seconds);
    let key = [
        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
        Attribute::CryptographicLength(128),
        Attribute::CryptographicUsageMask(Mask::Encrypt),
        Attribute::ActivationDate(at(-100)),
        Attribute::ProcessStartDate(at(-50)),
        Attribute::ProtectStopDate(at(500)),
        Attribute::DeactivationDate(at(1_000)),
    ];
    let id = fixture.create(key.to_vec()).unwrap();
    let copied = rekey(&mut fixture, &id, None, []).unwrap();
    let copied = attributes(&mut fixture, &copied);
    assert_eq!(copied.activation_date, Some(at(-100)));
    assert_eq!(copied.deactivation_date, Some(at(1_000)));
    let shifted = rekey(&mut fixture, &id, Some(60), []).unwrap();
    let shifted = attributes(&mut fixture, &shifted);
    assert_eq!(shifted.state, Some(State::PreActive));
    assert_eq!(shifted.activation_date, Some(at(60)));
    assert_eq!(shifted.process_start_date, Some(at(110)));
    assert_eq!(shifted.protect_stop_date, Some(at(660)));
    assert_eq!(shifted.deactivation_date, Some(at(1_160)));
    let own = [Attribute::DeactivationDate(at(7))];
    let own = rekey(&mut fixture, &id, None, own).unwrap();
    assert_eq!(
        attributes(&mut fixture, &own).deactivation_date,
        Some(at(7))
    );
}

#[test]
fn what_is_taken_over_and_what_begins_anew() {
    let mut fixture = Fixture::new();
    let limits = |count| UsageLimits {
        usage_limits_total: 10,
        usage_limits_count: count,
        usage_limits_unit: UsageLimitsUnit::Object,
    };
    let id = fixture.aes_key([
        Attribute::UsageLimits(limits(None)),
        Attribute::ObjectGroup("group".into()),
        Attribute::OperationPolicyName("default".into()),
        Attribute::Comment("old".into()),
    ]);
    crate::lifecycle::encrypt(&mut fixture, &id).unwrap();
    let get = GetRequest {
        unique_identifier: Some(id.as_str().into()),
        ..GetRequest::default()
    };
    fixture.call::<Get>(&get).unwrap();
    fixture.version = V1_4;
    let new = rekey(&mut fixture, &id, None, [Attribute::Comment("new".into())]).unwrap();
    let after = attributes(&mut fixture, &new);
    assert_eq!(after.usage_limits, Some(limits(Some(10))));
    assert_eq!(
        after.object_group.first().map(String::as_str),
        Some("group")
    );
    assert_eq!(
        (after.fresh, after.comment.as_deref()),
        (Some(true), Some("new"))
    );
    assert_eq!(after.rotate_generation, Some(1));
    let policy = fixture.call::<GetAttributes>(&GetAttributesRequest {
        unique_identifier: Some(new.as_str().into()),
        attribute_reference: vec![kmip::attribute::AttributeReference::from_v1_name(
            "Operation Policy Name",
        )],
    });
    assert_eq!(policy.unwrap().attributes.items.len(), 1);
}

#[test]
fn a_locked_key_has_a_locked_successor() {
    let mut fixture = Fixture::new();
    let locked = [Attribute::Sensitive(true), Attribute::Extractable(false)];
    let id = fixture.aes_key(locked);
    let new = rekey(&mut fixture, &id, None, []).unwrap();
    let after = attributes(&mut fixture, &new);
    assert_eq!(
        (after.always_sensitive, after.never_extractable),
        (Some(true), Some(true))
    );
    let get = GetRequest {
        unique_identifier: Some(new.as_str().into()),
        ..GetRequest::default()
    };
    assert_eq!(
        fixture.call::<Get>(&get).err(),
        Some(ResultReason::Sensitive)
    );
    for loose in [
        Attribute::Sensitive(false),
        Attribute::Extractable(true),
        Attribute::CryptographicLength(128),
    ] {
        assert_eq!(
            rekey(&mut fixture, &id, None, [loose]),
            Err(ResultReason::InvalidAttributeValue)
        );
    }
}

pub(crate) fn pair(
    fixture: &mut Fixture,
    more: impl IntoIterator<Item = Attribute>,
) -> (String, String) {
    let private = [
        Attribute::CryptographicUsageMask(Mask::Sign),
        named("private"),
    ];
    let public = [
        Attribute::CryptographicUsageMask(Mask::Verify),
        named("public"),
    ];
    let answer = fixture.call::<CreateKeyPair>(&CreateKeyPairRequest {
        common_attributes: list([
            Attribute::CryptographicAlgorithm(CryptographicAlgorithm::EC),
            Attribute::CryptographicLength(256),
            Attribute::ActivationDate(NOON),
        ]),
        private_key_attributes: list(private.into_iter().chain(more)),
        public_key_attributes: list(public),
        common_protection_storage_masks: None,
        private_protection_storage_masks: None,
        public_protection_storage_masks: None,
    });
    let answer = answer.unwrap();
    (
        text(&answer.private_key_unique_identifier),
        text(&answer.public_key_unique_identifier),
    )
}

#[test]
fn both_halves_of_a_pair_are_replaced() {
    let mut fixture = Fixture::new();
    let (private, public) = pair(&mut fixture, []);
    let answer = fixture
        .call::<ReKeyKeyPair>(&ReKeyKeyPairRequest {
            private_key_unique_identifier: Some(private.as_str().into()),
            ..ReKeyKeyPairRequest::default()
        })
        .unwrap();
    let new_private = text(&answer.private_key_unique_identifier);
    let new_public = text(&answer.public_key_unique_identifier);
    for (old, new, other, link, name) in [
        (
            &private,
            &new_private,
            &new_public,
            LinkType::PublicKeyLink,
            "private",
        ),
        (
            &public,
            &new_public,
            &new_private,
            LinkType::PrivateKeyLink,
            "public",
        ),
    ] {
        let (before, after) = (attributes(&mut fixture, old), attributes(&mut fixture, new));
        assert_eq!(after.name.first(), Some(&Name::text(name)));
        assert!(before.name.is_empty());
        assert_eq!(linked(&after, link), Some(other.as_str().into()));
        assert_eq!(
            linked(&before, LinkType::ReplacementObjectLink),
            Some(new.as_str().into())
        );
        assert_eq!(
            linked(&after, LinkType::ReplacedObjectLink),
            Some(old.as_str().into())
        );
    }
    let of_public = ReKeyKeyPairRequest {
        private_key_unique_identifier: Some(new_public.as_str().into()),
        ..ReKeyKeyPairRequest::default()
    };
    assert_eq!(
        fixture.call::<ReKeyKeyPair>(&of_public).err(),
        Some(ResultReason::InvalidObjectType)
    );
}

#[test]
fn what_cannot_be_replaced_is_refused() {
    let mut fixture = Fixture::new();
    let (private, _) = pair(&mut fixture, []);
    assert_eq!(
        rekey(&mut fixture, &private, None, []),
        Err(ResultReason::InvalidObjectType)
    );
    let id = fixture.aes_key([Attribute::DeactivationDate(NOON)]);
    fixture
        .call::<Destroy>(&DestroyRequest {
            unique_identifier: Some(id.as_str().into()),
        })
        .unwrap();
    assert_eq!(
        rekey(&mut fixture, &id, None, []),
        Err(ResultReason::ObjectDestroyed)
    );
    let id = fixture.aes_key([]);
    fixture.as_client(4);
    assert_eq!(
        rekey(&mut fixture, &id, None, []),
        Err(ResultReason::PermissionDenied)
    );
}
