//! The life of objects in 3.0: Deactivate, Obliterate, their class.

use kmip::{
    DeactivationReasonCode, ObjectClass, ObjectClassMask, ResultReason, RevocationReasonCode,
    State, StorageStatusMask, V2_1,
    attribute::{Attribute, AttributeReference, DeactivationReason, Name},
    payload::{
        activate::{Activate, ActivateRequest},
        create::{Create, CreateRequest},
        deactivate::{Deactivate, DeactivateRequest},
        destroy::{Destroy, DestroyRequest},
        get_attributes::{GetAttributes, GetAttributesRequest},
        locate::{Locate, LocateRequest},
        obliterate::{Obliterate, ObliterateRequest},
        revoke::{Revoke, RevokeRequest},
    },
    ttlv::Timestamp,
};

use super::*;
use crate::{
    accounts::aes,
    fixture::{Fixture, NOON},
};

#[test]
fn deactivate_acts_now_or_at_its_date() {
    let mut fixture = draft();
    let id = fixture.aes_key([]);
    let state = |fixture: &mut Fixture| {
        let only = AttributeReference::Standard(kmip::attribute::AttributeKind::State);
        fixture.attributes(&id, vec![only])
    };
    let reason = DeactivationReason {
        deactivation_reason_code: DeactivationReasonCode::UsageLimit,
        deactivation_message: Some("enough".to_owned()),
    };
    let later = DeactivateRequest {
        unique_identifier: id.as_str().into(),
        deactivation_reason: Some(reason.clone()),
        deactivation_date: Some(Timestamp(NOON.0 + 60)),
    };
    fixture.call::<Deactivate>(&later).unwrap();
    assert_eq!(state(&mut fixture), [Attribute::State(State::Active)]);
    fixture.pass(60);
    assert_eq!(state(&mut fixture), [Attribute::State(State::Deactivated)]);
    let told = fixture.attributes(&id, vec![]);
    assert!(told.contains(&Attribute::DeactivationReason(reason)));
    let again = fixture.call::<Deactivate>(&later).err();
    assert_eq!(again, Some(ResultReason::WrongKeyLifecycleState));
}

#[test]
fn what_is_obliterated_was_never_there() {
    let mut fixture = draft();
    let id = fixture.aes_key([Attribute::Name(Name::text("gone"))]);
    let obliterate = ObliterateRequest {
        unique_identifier: id.as_str().into(),
    };
    let active = fixture.call::<Obliterate>(&obliterate).err();
    assert_eq!(active, Some(ResultReason::WrongKeyLifecycleState));
    let revoke = RevokeRequest {
        unique_identifier: Some(id.as_str().into()),
        revocation_reason: None,
        compromise_occurrence_date: None,
    };
    fixture.call::<Revoke>(&revoke).unwrap();
    let told = fixture.attributes(&id, vec![]);
    assert!(
        told.iter()
            .any(|own| matches!(own, Attribute::RevocationReason(reason)
        if reason.revocation_reason_code == RevocationReasonCode::Unspecified))
    );
    fixture.call::<Obliterate>(&obliterate).unwrap();
    let all = GetAttributesRequest {
        unique_identifier: Some(id.as_str().into()),
        attribute_reference: vec![],
    };
    let missing = Some(ResultReason::ObjectNotFound);
    assert_eq!(fixture.call::<GetAttributes>(&all).err(), missing);
    assert_eq!(fixture.call::<Obliterate>(&obliterate).err(), missing);
    let everywhere = LocateRequest {
        storage_status_mask: Some(StorageStatusMask(u32::MAX >> 1)),
        ..LocateRequest::default()
    };
    assert!(
        fixture
            .call::<Locate>(&everywhere)
            .unwrap()
            .unique_identifier
            .is_empty()
    );
    fixture.aes_key([Attribute::Name(Name::text("gone"))]);
}

/// What a key says of its origin for as long as it is there does not keep it there.
#[test]
fn a_key_that_says_where_it_was_made_is_obliterated_too() {
    let mut fixture = draft();
    let mut attributes: Vec<_> = aes().attributes.iter().cloned().collect();
    attributes[2] = Attribute::CryptographicUsageMask(CryptographicUsageMask::WrapKey);
    attributes.extend([Attribute::Sensitive(true), Attribute::Extractable(false)]);
    let id = fixture.create(attributes).unwrap();
    let told = fixture.attributes(&id, vec![]);
    let is_mark = |own: &Attribute| matches!(own, Attribute::Vendor(own) if own.attribute_name == "pkcs11-local");
    assert!(told.iter().any(is_mark));
    let obliterate = ObliterateRequest {
        unique_identifier: id.as_str().into(),
    };
    fixture.call::<Obliterate>(&obliterate).unwrap();
}

#[test]
fn objects_have_a_class() {
    let mut fixture = draft();
    let user = fixture.aes_key([]);
    let system = fixture.aes_key([Attribute::ObjectClass(ObjectClass::System)]);
    let only = |class| Some(class);
    assert_eq!(
        fixture.locate(vec![], only(ObjectClassMask::User)),
        std::slice::from_ref(&user)
    );
    assert_eq!(
        fixture.locate(vec![], only(ObjectClassMask::System)),
        std::slice::from_ref(&system)
    );
    let both = ObjectClassMask::User | ObjectClassMask::System;
    assert_eq!(fixture.locate(vec![], only(both)), [system, user]);
}

#[test]
fn a_key_lives_its_life_in_the_draft() {
    let mut fixture = draft();
    let made = fixture.call::<Create>(&CreateRequest { ..aes() }).unwrap();
    let id = made.unique_identifier;
    let activate = ActivateRequest {
        unique_identifier: Some(id.clone()),
    };
    fixture.call::<Activate>(&activate).unwrap();
    let destroy = DestroyRequest {
        unique_identifier: Some(id.clone()),
    };
    let active = fixture.call::<Destroy>(&destroy).err();
    assert_eq!(active, Some(ResultReason::WrongKeyLifecycleState));
    let revoke = RevokeRequest {
        unique_identifier: Some(id),
        revocation_reason: None,
        compromise_occurrence_date: None,
    };
    fixture.call::<Revoke>(&revoke).unwrap();
    fixture.call::<Destroy>(&destroy).unwrap();
    fixture.version = V2_1;
    let refused = fixture.call::<Revoke>(&revoke).err();
    assert_eq!(
        refused,
        Some(ResultReason::InvalidField),
        "2.1 wants a reason"
    );
}
