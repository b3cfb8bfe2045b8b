//! The slot, its token, sessions and logins.

use cryptoki_sys as ck;
use kmip::{PKCS11Function as F, PKCS11ReturnCode as Rv, Secret};

use super::{Application, In};

#[test]
fn the_slot_and_its_token_are_the_vault() {
    let mut own = Application::new();
    let ask = |room| In::default().byte(1).room(room);
    let mut list = own.call(F::CGetSlotList, &ask(None)).unwrap();
    assert_eq!((list.take(1), list.count()), (vec![0], 1));
    let mut list = own.call(F::CGetSlotList, &ask(Some(4))).unwrap();
    assert_eq!((list.take(1), list.count(), list.ulong()), (vec![1], 1, 0));
    assert_eq!(own.code(F::CGetSlotList, &ask(Some(0))), Rv::BUFFERTOOSMALL);
    let slot = own.call(F::CGetSlotInfo, &In::default().ulong(0)).unwrap();
    assert_eq!(slot.0.len(), 64 + 32 + 8 + 4);
    let mut token = own.call(F::CGetTokenInfo, &In::default().ulong(0)).unwrap();
    assert_eq!(token.0.len(), 32 + 32 + 16 + 16 + 11 * 8 + 4 + 16);
    assert_eq!(token.take(4), b"one ");
    assert_eq!(
        own.code(F::CGetTokenInfo, &In::default().ulong(1)),
        Rv::SLOTIDINVALID
    );
    let input = In::default().ulong(0).room(Some(1000));
    let mut mechanisms = own.call(F::CGetMechanismList, &input).unwrap();
    mechanisms.take(1);
    for _ in 0..mechanisms.count() {
        let input = In::default().ulong(0).ulong(mechanisms.ulong());
        let mut info = own.call(F::CGetMechanismInfo, &input).unwrap();
        let (least, most, flags) = (info.ulong(), info.ulong(), info.ulong());
        assert!(least <= most && flags != 0);
    }
    let input = In::default().ulong(0).ulong(0x1234);
    assert_eq!(own.code(F::CGetMechanismInfo, &input), Rv::MECHANISMINVALID);
}

#[test]
fn sessions_open_and_close() {
    let mut own = Application::new();
    let parallel = In::default().ulong(0).ulong(0);
    assert_eq!(
        own.code(F::COpenSession, &parallel),
        Rv::SESSIONPARALLELNOTSUPPORTED
    );
    let session = own.open();
    let info = In::default().ulong(session);
    let mut told = own.call(F::CGetSessionInfo, &info).unwrap();
    assert_eq!(told.ulong(), 0);
    assert_eq!(told.ulong(), ck::CKS_RW_USER_FUNCTIONS);
    assert_eq!(own.code(F::CCloseSession, &info), Rv::OK);
    for function in [F::CCloseSession, F::CGetSessionInfo, F::CFindObjectsFinal] {
        assert_eq!(own.code(function, &info), Rv::SESSIONHANDLEINVALID);
    }
    let other = own.open();
    assert_ne!(other, session, "a handle is not given twice");
    own.call(F::CCloseAllSessions, &In::default().ulong(0))
        .unwrap();
    assert_eq!(
        own.code(F::CGetSessionInfo, &In::default().ulong(other)),
        Rv::SESSIONHANDLEINVALID
    );
    for _ in 0..64 {
        own.open();
    }
    let one_more = In::default().ulong(0).ulong(ck::CKF_SERIAL_SESSION);
    assert_eq!(own.code(F::COpenSession, &one_more), Rv::SESSIONCOUNT);
}

#[test]
fn a_login_proves_the_vaults_pin() {
    let mut own = Application::new();
    let session = own.open();
    let login = |user, pin: &[u8]| In::default().ulong(session).ulong(user).bytes(pin);
    let user = ck::CKU_USER;
    assert_eq!(
        own.code(F::CLogin, &login(user, b"1234")),
        Rv::USERPINNOTINITIALIZED
    );
    let directory = own.fixture.service.directory();
    let mut vault = directory.vault("one").unwrap().as_ref().clone();
    vault.user_pin = Some(keyhold::pin::verifier(&Secret::from(&b"1234"[..])).unwrap());
    directory.put_vault(&vault).unwrap();
    assert_eq!(own.code(F::CLogin, &login(user, b"4321")), Rv::PININCORRECT);
    assert_eq!(
        own.code(F::CLogin, &login(77, b"1234")),
        Rv::USERTYPEINVALID
    );
    assert_eq!(own.code(F::CLogin, &login(user, b"1234")), Rv::OK);
    assert_eq!(
        own.code(F::CLogin, &login(user, b"1234")),
        Rv::USERALREADYLOGGEDIN
    );
    let logout = In::default().ulong(session);
    assert_eq!(own.code(F::CLogout, &logout), Rv::OK);
    assert_eq!(own.code(F::CLogout, &logout), Rv::USERNOTLOGGEDIN);
}

#[test]
fn a_session_that_only_reads_makes_and_destroys_nothing() {
    let mut own = Application::new();
    let writing = own.open();
    let key = own.aes_key(writing);
    let input = In::default().ulong(0).ulong(ck::CKF_SERIAL_SESSION);
    let session = own.call(F::COpenSession, &input).unwrap().ulong();
    let generate = In::default()
        .ulong(session)
        .mechanism(ck::CKM_AES_KEY_GEN, None)
        .count(2)
        .number(ck::CKA_VALUE_LEN, 16)
        .flag(ck::CKA_TOKEN, true);
    assert_eq!(own.code(F::CGenerateKey, &generate), Rv::SESSIONREADONLY);
    let destroy = In::default().ulong(session).ulong(key);
    assert_eq!(own.code(F::CDestroyObject, &destroy), Rv::SESSIONREADONLY);
}
