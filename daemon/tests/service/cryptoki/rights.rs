//! What a key, a role and a failure allow of a call.

use cryptoki_sys as ck;
use kmip::{PKCS11Function as F, PKCS11ReturnCode as Rv};

use super::{Application, In};
use crate::fixture::Fixture;

#[test]
fn keys_are_held_to_what_they_are_and_may() {
    let mut own = Application::new();
    let session = own.open();
    let key = own.aes_key(session);
    assert_eq!(
        own.init(F::CSignInit, session, (ck::CKM_SHA256_HMAC, None), key),
        Rv::KEYTYPEINCONSISTENT
    );
    assert_eq!(
        own.init(F::CEncryptInit, session, (ck::CKM_AES_ECB, None), 4711),
        Rv::KEYHANDLEINVALID
    );
    assert_eq!(
        own.init(F::CEncryptInit, session, (ck::CKM_SHA256, None), key),
        Rv::MECHANISMINVALID
    );
    assert_eq!(
        own.init(F::CEncryptInit, session, (ck::CKM_AES_CBC, None), key),
        Rv::MECHANISMPARAMINVALID
    );
    let input = In::default()
        .ulong(session)
        .mechanism(ck::CKM_AES_KEY_GEN, None)
        .count(2)
        .number(ck::CKA_VALUE_LEN, 16)
        .flag(ck::CKA_ENCRYPT, false);
    let decrypts = own.call(F::CGenerateKey, &input).unwrap().ulong();
    assert_eq!(
        own.init(F::CEncryptInit, session, (ck::CKM_AES_ECB, None), decrypts),
        Rv::KEYFUNCTIONNOTPERMITTED
    );
    assert_eq!(own.last_event().2, "WrongUsage");
}

/// The policy counts as it does for the operations that the calls are.
#[test]
fn a_call_is_held_to_the_policy_of_what_it_is() {
    let mut administrator = Application::new();
    let session = administrator.open();
    administrator.aes_key(session);
    let Application { mut fixture, .. } = administrator;
    // An auditor may find and read, and nothing else.
    fixture.as_client(5);
    let mut own = Application::of(fixture);
    let session = own.open();
    let find = In::default().ulong(session).count(0);
    own.call(F::CFindObjectsInit, &find).unwrap();
    let next = In::default().ulong(session).count(10);
    let mut found = own.call(F::CFindObjects, &next).unwrap();
    assert_eq!(found.count(), 1);
    let key = found.ulong();
    assert_eq!(
        own.init(F::CEncryptInit, session, (ck::CKM_AES_ECB, None), key),
        Rv::KEYFUNCTIONNOTPERMITTED
    );
    assert_eq!(own.last_event().2, "NotPermitted");
    let generate = In::default()
        .ulong(session)
        .mechanism(ck::CKM_AES_KEY_GEN, None)
        .count(1)
        .number(ck::CKA_VALUE_LEN, 16);
    assert_eq!(own.code(F::CGenerateKey, &generate), Rv::FUNCTIONREJECTED);
    let (operation, _, outcome) = own.last_event();
    assert_eq!((operation.as_str(), outcome), ("Create", "NotPermitted"));
    let destroy = In::default().ulong(session).ulong(key);
    assert_eq!(own.code(F::CDestroyObject, &destroy), Rv::ACTIONPROHIBITED);
    // Another vault's objects are not found at all.
    let Application { mut fixture, .. } = own;
    fixture.as_client(9);
    let mut own = Application::of(fixture);
    let session = own.open();
    let find = In::default().ulong(session).count(0);
    own.call(F::CFindObjectsInit, &find).unwrap();
    let next = In::default().ulong(session).count(10);
    assert_eq!(own.call(F::CFindObjects, &next).unwrap().count(), 0);
}

/// A destruction that fails half-way leaves nothing of itself behind.
#[test]
fn what_is_refused_half_way_is_not_done_by_half() {
    let policy = keyhold::policy::Policy::parse(
        "version = 1\n[role.special]\nallow = [\"create\", \"read\", \"use\", \"manage\"]\n",
    );
    let mut fixture = Fixture::with_policy(policy.unwrap());
    fixture.as_client(6);
    let mut own = Application::of(fixture);
    let session = own.open();
    let key = own.aes_key(session);
    let destroy = In::default().ulong(session).ulong(key);
    assert_eq!(own.code(F::CDestroyObject, &destroy), Rv::ACTIONPROHIBITED);
    let mechanism = (ck::CKM_AES_ECB, None);
    assert_eq!(
        own.init(F::CEncryptInit, session, mechanism, key),
        Rv::OK,
        "it was revoked before, and that was not committed"
    );
}
