//! Objects of sessions: whose they are, and when they end.

use cryptoki_sys as ck;
use keyhold::pin;
use kmip::{
    PKCS11Function as F, PKCS11ReturnCode as Rv, Secret,
    attribute::{Attribute, VendorAttribute},
    payload::locate::{Locate, LocateRequest},
    ttlv::{AnyValue, ItemType, Timestamp},
};

use super::{Application, In};
use crate::fixture::{Fixture, NOON};

/// How long an application rests that no connection holds.
const REST: i64 = 600;

fn key_of_session(own: &mut Application, session: ck::CK_ULONG) -> ck::CK_ULONG {
    let input = In::default()
        .ulong(session)
        .mechanism(ck::CKM_AES_KEY_GEN, None)
        .count(1)
        .number(ck::CKA_VALUE_LEN, 32);
    own.call(F::CGenerateKey, &input).unwrap().ulong()
}

fn found(own: &mut Application, session: ck::CK_ULONG) -> usize {
    let find = In::default().ulong(session).count(0);
    own.call(F::CFindObjectsInit, &find).unwrap();
    let next = In::default().ulong(session).count(10);
    let count = own.call(F::CFindObjects, &next).unwrap().count();
    let last = In::default().ulong(session);
    own.call(F::CFindObjectsFinal, &last).unwrap();
    count
}

/// How many objects KMIP finds.
fn kept(fixture: &mut Fixture) -> usize {
    let found = fixture.call::<Locate>(&LocateRequest::default());
    found.unwrap().unique_identifier.len()
}

fn encrypts(own: &mut Application, session: ck::CK_ULONG, key: ck::CK_ULONG) -> Rv {
    own.init(F::CEncryptInit, session, (ck::CKM_AES_ECB, None), key)
}

#[test]
fn an_object_of_a_session_is_its_applications_alone() {
    let mut own = Application::new();
    let (first, second) = (own.open(), own.open());
    let key = key_of_session(&mut own, first);
    assert_eq!(found(&mut own, second), 1, "other sessions see it");
    assert_eq!(encrypts(&mut own, second, key), Rv::OK);
    let mark = own.mark.take();
    let mut other = Application::of(own.fixture);
    let session = other.open();
    assert_eq!(found(&mut other, session), 0);
    let mut own = Application {
        fixture: other.fixture,
        mark,
    };
    // It ends with the session that made it.
    let close = In::default().ulong(first);
    assert_eq!(own.code(F::CCloseSession, &close), Rv::OK);
    assert_eq!(kept(&mut own.fixture), 0);
    assert_eq!(
        own.init(F::CDecryptInit, second, (ck::CKM_AES_ECB, None), key),
        Rv::KEYHANDLEINVALID
    );
}

#[test]
fn every_end_of_a_session_ends_its_objects() {
    for ending in [F::CCloseSession, F::CCloseAllSessions, F::CFinalize] {
        let mut own = Application::new();
        let session = own.open();
        own.aes_key(session);
        key_of_session(&mut own, session);
        assert_eq!(kept(&mut own.fixture), 2);
        let input = match ending {
            F::CCloseSession => In::default().ulong(session),
            F::CCloseAllSessions => In::default().ulong(0),
            _ => In::default(),
        };
        assert_eq!(own.code(ending, &input), Rv::OK);
        assert_eq!(kept(&mut own.fixture), 1, "{ending:?}");
    }
}

#[test]
fn an_application_that_rests_too_long_leaves_nothing() {
    let mut own = Application::new();
    let session = own.open();
    key_of_session(&mut own, session);
    for (later, left) in [(REST, 1), (REST + 1, 0)] {
        own.fixture.clock.advance_to(Timestamp(NOON.0 + later));
        own.fixture.service.end_sessions();
        assert_eq!(kept(&mut own.fixture), left, "after {later} seconds");
    }
    let info = In::default().ulong(session);
    assert_eq!(
        own.code(F::CGetSessionInfo, &info),
        Rv::CRYPTOKINOTINITIALIZED
    );
}

/// As of a program that was there before the daemon started anew, and does not come back.
#[test]
fn what_nobody_claims_is_waited_for_and_ends() {
    let mut fixture = Fixture::new();
    fixture.aes_key([Attribute::Vendor(VendorAttribute {
        vendor_identification: VendorAttribute::CLIENT.to_owned(),
        attribute_name: VendorAttribute::SESSION.to_owned(),
        value: AnyValue {
            item_type: ItemType::TextString,
            body: b"of another life".to_vec(),
        },
    })]);
    fixture.aes_key([]);
    for (later, left) in [(0, 2), (REST, 2), (REST + 1, 1)] {
        fixture.clock.advance_to(Timestamp(NOON.0 + later));
        fixture.service.end_sessions();
        assert_eq!(kept(&mut fixture), left, "after {later} seconds");
    }
    let events = fixture.trail.events.lock().unwrap();
    let ended = events.iter().filter(|(name, ..)| name == "Destroy");
    assert_eq!(ended.count(), 1, "and the trail says so");
}

#[test]
fn a_session_that_reads_makes_objects_of_its_own() {
    let mut own = Application::new();
    let input = In::default().ulong(0).ulong(ck::CKF_SERIAL_SESSION);
    let session = own.call(F::COpenSession, &input).unwrap().ulong();
    let key = key_of_session(&mut own, session);
    let set = In::default()
        .ulong(session)
        .ulong(key)
        .count(1)
        .array(ck::CKA_LABEL, b"named");
    assert_eq!(own.code(F::CSetAttributeValue, &set), Rv::OK);
    let destroy = In::default().ulong(session).ulong(key);
    assert_eq!(own.code(F::CDestroyObject, &destroy), Rv::OK);
    assert_eq!(kept(&mut own.fixture), 0);
}

#[test]
fn a_logout_takes_private_objects_and_operations_away() {
    let mut own = Application::new();
    let directory = own.fixture.service.directory();
    let mut vault = directory.vault("one").unwrap().as_ref().clone();
    vault.user_pin = pin::verifier(&Secret::from(&b"1234"[..])).ok();
    directory.put_vault(&vault).unwrap();
    let session = own.open();
    let login = In::default()
        .ulong(session)
        .ulong(ck::CKU_USER)
        .bytes(b"1234");
    assert_eq!(own.code(F::CLogin, &login), Rv::OK);
    let token = own.aes_key(session);
    let gone = key_of_session(&mut own, session);
    assert_eq!(encrypts(&mut own, session, token), Rv::OK);
    let logout = In::default().ulong(session);
    assert_eq!(own.code(F::CLogout, &logout), Rv::OK);
    assert_eq!(kept(&mut own.fixture), 1, "the session's key is gone");
    assert_eq!(
        own.whole(F::CEncrypt, session, &[0; 16]),
        Err(Rv::OPERATIONNOTINITIALIZED)
    );
    for key in [token, gone] {
        assert_eq!(encrypts(&mut own, session, key), Rv::KEYHANDLEINVALID);
    }
}

#[test]
fn a_key_may_ask_for_a_login_before_each_use() {
    let mut own = Application::new();
    let directory = own.fixture.service.directory();
    let mut vault = directory.vault("one").unwrap().as_ref().clone();
    vault.user_pin = pin::verifier(&Secret::from(&b"1234"[..])).ok();
    directory.put_vault(&vault).unwrap();
    let session = own.open();
    let login = |user, pin: &[u8]| In::default().ulong(session).ulong(user).bytes(pin);
    let again = login(ck::CKU_CONTEXT_SPECIFIC, b"1234");
    let generate = In::default()
        .ulong(session)
        .mechanism(ck::CKM_EC_KEY_PAIR_GEN, None)
        .count(1)
        .array(ck::CKA_EC_PARAMS, super::P256)
        .count(1)
        .flag(ck::CKA_ALWAYS_AUTHENTICATE, true);
    let mut made = own.call(F::CGenerateKeyPair, &generate).unwrap();
    let (_, key) = (made.ulong(), made.ulong());
    let mechanism = (ck::CKM_ECDSA, None);
    // The client's certificate alone is not its user.
    assert_eq!(
        own.init(F::CSignInit, session, mechanism, key),
        Rv::KEYFUNCTIONNOTPERMITTED
    );
    assert_eq!(own.code(F::CLogin, &login(ck::CKU_USER, b"1234")), Rv::OK);
    assert_eq!(own.code(F::CLogin, &again), Rv::OPERATIONNOTINITIALIZED);
    assert_eq!(own.init(F::CSignInit, session, mechanism, key), Rv::OK);
    let sign = |own: &mut Application| own.whole(F::CSign, session, &[7; 32]).err();
    assert_eq!(sign(&mut own), Some(Rv::USERNOTLOGGEDIN));
    assert_eq!(sign(&mut own), Some(Rv::OPERATIONNOTINITIALIZED));
    for _ in ["each", "use"] {
        assert_eq!(own.init(F::CSignInit, session, mechanism, key), Rv::OK);
        let wrong = login(ck::CKU_CONTEXT_SPECIFIC, b"4321");
        assert_eq!(own.code(F::CLogin, &wrong), Rv::PININCORRECT);
        assert_eq!(own.code(F::CLogin, &again), Rv::OK);
        assert_eq!(sign(&mut own), None);
    }
}
