//! Deny by default: every operation against every role, and vaults that do not see each other.

use keyhold::{conformance::Seeding, ops::ROUTES, policy::Policy};
use kmip::{
    OperationCode, ResultReason, V3_0,
    attribute::Attribute,
    message::OutgoingItem,
    payload::{
        get::{Get, GetRequest},
        get_attributes::{GetAttributes, GetAttributesRequest},
        locate::{Locate, LocateRequest},
    },
};

use crate::fixture::Fixture;

/// Operations that anybody who is authenticated may ask for.
const FREE: &[OperationCode] = &[
    OperationCode::Query,
    OperationCode::DiscoverVersions,
    OperationCode::Hash,
    OperationCode::RNGRetrieve,
    OperationCode::RNGSeed,
    OperationCode::PKCS11,
    OperationCode::SetEndpointRole,
    OperationCode::Cancel,
    OperationCode::Poll,
    OperationCode::QueryAsynchronousRequests,
    OperationCode::Process,
    OperationCode::Log,
    OperationCode::Ping,
    OperationCode::Login,
    OperationCode::Logout,
    OperationCode::DelegatedLogin,
];

/// For each operation A, a role that may do A alone is refused every other operation B.
#[test]
fn an_operation_allowed_allows_no_other() {
    for allowed in ROUTES {
        let text = format!(
            "version = 1\n[role.special]\nallow = [\"{}\"]\n",
            allowed.name()
        );
        let policy = Policy::parse(&text).unwrap();
        let mut fixture = Fixture::under_test(policy, Seeding::None);
        fixture.as_client(6);
        fixture.version = V3_0;
        for asked in ROUTES.iter().filter(|route| !FREE.contains(&route.code)) {
            let item = OutgoingItem {
                operation: asked.code,
                payload: vec![].into(),
            };
            let items = fixture.batch(None, &[item]);
            let denied = items[0].result_reason == Some(ResultReason::PermissionDenied);
            assert_eq!(
                denied,
                asked.code != allowed.code,
                "{} of a role for {}",
                asked.name(),
                allowed.name()
            );
        }
    }
}

#[test]
fn another_vaults_objects_do_not_exist() {
    let mut fixture = Fixture::new();
    let id = fixture.aes_key([]);
    fixture.as_client(9);
    let get = GetRequest {
        unique_identifier: Some(id.as_str().into()),
        ..GetRequest::default()
    };
    assert_eq!(
        fixture.call::<Get>(&get).err(),
        Some(ResultReason::ObjectNotFound)
    );
    let everything = LocateRequest::default();
    assert!(
        fixture
            .call::<Locate>(&everything)
            .unwrap()
            .unique_identifier
            .is_empty()
    );
    let by_id = LocateRequest {
        attributes: [Attribute::UniqueIdentifier(id.as_str().into())]
            .into_iter()
            .collect(),
        ..LocateRequest::default()
    };
    assert!(
        fixture
            .call::<Locate>(&by_id)
            .unwrap()
            .unique_identifier
            .is_empty()
    );
    let events = fixture.trail.events.lock().unwrap();
    assert!(
        events
            .iter()
            .any(|(_, object, outcome)| object.as_ref() == Some(&id) && *outcome == "NoSuchObject")
    );
}

#[test]
fn what_a_role_may_not_read_is_hidden() {
    let policy = Policy::parse(
        "version = 1\n[role.special]\nallow = [\"Get\", \"Create\", \"Locate\"]\nown_objects_only = true\n",
    );
    let mut fixture = Fixture::with_policy(policy.unwrap());
    let theirs = fixture.aes_key([]);
    fixture.as_client(6);
    let get = GetRequest {
        unique_identifier: Some(theirs.as_str().into()),
        ..GetRequest::default()
    };
    assert_eq!(
        fixture.call::<Get>(&get).err(),
        Some(ResultReason::ObjectNotFound)
    );
    let everything = LocateRequest::default();
    assert!(
        fixture
            .call::<Locate>(&everything)
            .unwrap()
            .unique_identifier
            .is_empty()
    );
    let attributes = GetAttributesRequest {
        unique_identifier: Some(theirs.as_str().into()),
        attribute_reference: vec![],
    };
    assert_eq!(
        fixture.call::<GetAttributes>(&attributes).err(),
        Some(ResultReason::PermissionDenied)
    );
}

#[test]
fn a_policy_with_a_mistake_is_refused_by_name() {
    for (text, named) in [
        ("version = 2\n", "version 2"),
        ("version = 1\n[role.a]\nallow = [\"Gets\"]\n", "\"Gets\""),
        ("version = 1\n[role.a]\nalow = [\"Get\"]\n", "alow"),
        ("version = 1\n[roles]\n", "roles"),
    ] {
        let error = Policy::parse(text).unwrap_err().to_string();
        assert!(error.contains(named), "{error}");
    }
}

#[test]
fn every_operation_of_the_standard_is_served_or_listed() {
    for code in OperationCode::ALL
        .iter()
        .filter(|code| code.since().is_some_and(|since| since <= V3_0))
    {
        let served = keyhold::ops::find(*code).is_some();
        let listed = keyhold::ops::NOT_SERVED.iter().any(|(own, _)| own == code);
        assert!(
            served != listed,
            "{code:?}: served {served}, listed {listed}"
        );
    }
    let codes: Vec<_> = ROUTES.iter().map(|route| route.code).collect();
    assert!(
        codes.is_sorted(),
        "routes stand in the order of their codes"
    );
}
