//! Import and Export.

use keyhold::policy::Policy;
use kmip::{
    KeyWrapType, ObjectType, ResultReason, State, V1_4, V2_0, V2_1, Version,
    attribute::{Attribute, AttributeList, Name},
    object::ManagedObject,
    payload::{
        destroy::{Destroy, DestroyRequest},
        get::{Get, GetRequest},
        import::{Export, ExportRequest, ExportResponse, Import, ImportRequest},
        revoke::{Revoke, RevokeRequest},
    },
    ttlv::Timestamp,
};

use crate::{
    fixture::{Fixture, NOON, text},
    lifecycle::encrypt,
    rekey::attributes,
};

fn export(fixture: &mut Fixture, id: &str) -> Result<ExportResponse, ResultReason> {
    fixture.call::<Export>(&ExportRequest {
        unique_identifier: Some(id.into()),
        ..ExportRequest::default()
    })
}

fn import(
    fixture: &mut Fixture,
    id: &str,
    replace: Option<bool>,
    attributes: AttributeList,
    object: Option<ManagedObject>,
) -> Result<String, ResultReason> {
    fixture
        .call::<Import>(&ImportRequest {
            unique_identifier: id.into(),
            object_type: Some(ObjectType::SymmetricKey),
            replace_existing: replace,
            key_wrap_type: object.as_ref().map(|_| KeyWrapType::NotWrapped),
            attributes,
            object,
        })
        .map(|answer| text(&answer.unique_identifier))
}

fn destroy(fixture: &mut Fixture, id: &str) {
    fixture
        .call::<Revoke>(&RevokeRequest {
            unique_identifier: Some(id.into()),
            revocation_reason: Some(kmip::attribute::RevocationReason {
                revocation_reason_code: kmip::RevocationReasonCode::CessationOfOperation,
                revocation_message: None,
            }),
            compromise_occurrence_date: None,
        })
        .unwrap();
    fixture
        .call::<Destroy>(&DestroyRequest {
            unique_identifier: Some(id.into()),
        })
        .unwrap();
}

#[test]
fn what_is_exported_comes_in_as_it_was() {
    for version in [V1_4, V2_0, V2_1] {
        there_and_back(version);
    }
}

/// From one appliance to another, which has neither the key nor its time.
fn there_and_back(version: Version) {
    let mut from = Fixture::new();
    let id = from.aes_key([
        Attribute::Name(Name::text("mine")),
        Attribute::Comment("carried".into()),
    ]);
    from.version = version;
    let exported = export(&mut from, &id).unwrap();
    let mut to = Fixture::new();
    to.clock.advance_to(Timestamp(NOON.0 + 1_000));
    to.version = version;
    let same = import(
        &mut to,
        &id,
        None,
        exported.attributes.clone(),
        exported.object.clone(),
    );
    assert_eq!(same, Ok(id.clone()));
    let (before, after) = (attributes(&mut from, &id), attributes(&mut to, &id));
    assert_eq!(after.state, Some(State::Active));
    assert_eq!(after.initial_date, before.initial_date);
    assert_eq!(after.name, before.name);
    assert_eq!(after.digest, before.digest);
    assert_eq!(after.comment, before.comment);
    to.version = V2_1;
    encrypt(&mut to, &id).unwrap();
    let again = export(&mut to, &id).unwrap();
    assert!(again.object == exported.object);
}

#[test]
fn an_identifier_is_taken_once_unless_it_is_to_be_replaced() {
    let mut fixture = Fixture::new();
    let id = fixture.aes_key([]);
    let other = fixture.aes_key([]);
    let one = export(&mut fixture, &id).unwrap();
    let two = export(&mut fixture, &other).unwrap();
    for replace in [None, Some(false)] {
        let again = import(
            &mut fixture,
            &id,
            replace,
            one.attributes.clone(),
            one.object.clone(),
        );
        assert_eq!(again, Err(ResultReason::ObjectAlreadyExists));
    }
    let replaced = import(
        &mut fixture,
        &id,
        Some(true),
        two.attributes.clone(),
        two.object.clone(),
    );
    assert_eq!(replaced, Ok(id.clone()));
    let get = GetRequest {
        unique_identifier: Some(id.as_str().into()),
        ..GetRequest::default()
    };
    let got = fixture.call::<Get>(&get).unwrap();
    assert!(Some(got.object) == two.object);
    destroy(&mut fixture, &id);
    let revived = import(&mut fixture, &id, Some(true), one.attributes, one.object);
    assert_eq!(revived, Ok(id));
}

#[test]
fn a_destroyed_object_travels_without_its_value() {
    let mut fixture = Fixture::new();
    let id = fixture.aes_key([]);
    destroy(&mut fixture, &id);
    let exported = export(&mut fixture, &id).unwrap();
    let block = exported.object.as_ref().unwrap().key_block().unwrap();
    assert!(block.key_value.is_none());
    let mut to = Fixture::new();
    import(&mut to, &id, None, exported.attributes, exported.object).unwrap();
    let after = attributes(&mut to, &id);
    assert_eq!(after.state, Some(State::Destroyed));
    assert_eq!(
        encrypt(&mut to, &id).err(),
        Some(ResultReason::ObjectDestroyed)
    );
}

#[test]
fn what_may_not_leave_is_not_exported_either() {
    let mut fixture = Fixture::new();
    for (class, reason) in [
        (
            [Attribute::Sensitive(true), Attribute::Extractable(true)],
            ResultReason::Sensitive,
        ),
        (
            [Attribute::Sensitive(false), Attribute::Extractable(false)],
            ResultReason::NotExtractable,
        ),
    ] {
        let id = fixture.aes_key(class);
        assert_eq!(export(&mut fixture, &id).err(), Some(reason));
    }
}

#[test]
fn what_contradicts_itself_is_refused() {
    let mut fixture = Fixture::new();
    let id = fixture.aes_key([]);
    let other = fixture.aes_key([]);
    let one = export(&mut fixture, &id).unwrap();
    let two = export(&mut fixture, &other).unwrap();
    // The digest is the other key's.
    let mixed = import(
        &mut fixture,
        "new",
        None,
        one.attributes.clone(),
        two.object,
    );
    assert_eq!(mixed, Err(ResultReason::InvalidAttributeValue));
    for id in ["", "a\nb", &"x".repeat(129)] {
        let bad = import(
            &mut fixture,
            id,
            None,
            one.attributes.clone(),
            one.object.clone(),
        );
        assert_eq!(bad, Err(ResultReason::InvalidField));
    }
    let nothing = import(&mut fixture, "new", None, one.attributes.clone(), None);
    assert_eq!(nothing, Err(ResultReason::InvalidField));
    import(&mut fixture, "new", None, one.attributes, one.object).unwrap();
}

/// Cosmian 2026-003: who may import may not overwrite what it may not destroy, or not even see.
#[test]
fn nobody_replaces_what_it_may_not_destroy() {
    let policy = "version = 1\n[role.special]\nallow = [\"Import\", \"Export\", \"Create\"]\n";
    let mut fixture = Fixture::with_policy(Policy::parse(policy).unwrap());
    let id = fixture.aes_key([]);
    let exported = export(&mut fixture, &id).unwrap();
    for (client, reason) in [
        (6, ResultReason::PermissionDenied),
        (9, ResultReason::ObjectNotFound),
    ] {
        fixture.as_client(client);
        let done = import(
            &mut fixture,
            &id,
            Some(true),
            exported.attributes.clone(),
            exported.object.clone(),
        );
        assert_eq!(done, Err(reason));
    }
}
