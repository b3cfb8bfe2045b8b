//! Keys after their end, operations after a logout, and sessions that are another's.

use cryptoki_sys as ck;
use keyhold_tests::{
    PIN,
    api::{Act, Api, Mechanism, Ulong, flag},
};

use crate::{keys::made, on_module};

const USES: [Ulong; 4] = [
    ck::CKA_ENCRYPT,
    ck::CKA_DECRYPT,
    ck::CKA_SIGN,
    ck::CKA_VERIFY,
];

fn key(api: &Api, session: Ulong, on_token: bool) -> Ulong {
    let mut template: Vec<_> = USES.iter().map(|kind| flag(*kind, true)).collect();
    template.push(flag(ck::CKA_TOKEN, on_token));
    made(api, session, &template).unwrap()
}

/// Begins one of each operation, each in a session of its own.
fn begun(api: &Api, key: Ulong) -> Vec<(Act, Ulong)> {
    let acts = [
        (Act::Encrypt, ck::CKM_AES_ECB),
        (Act::Decrypt, ck::CKM_AES_ECB),
        (Act::Sign, ck::CKM_AES_CMAC),
    ];
    let mut all = Vec::new();
    for (act, kind) in acts {
        let session = api.open(true).unwrap();
        api.init(act, session, &Mechanism::from(kind), key).unwrap();
        all.push((act, session));
    }
    all
}

#[test]
fn operations_end_with_the_logout() {
    on_module(|api| {
        let session = api.ready();
        let key = key(api, session, true);
        let begun = begun(api, key);
        let verifies = api.open(true).unwrap();
        api.verify_init(verifies, &Mechanism::from(ck::CKM_AES_CMAC), key)
            .unwrap();
        api.logout(session).unwrap();
        let ended = Err(ck::CKR_OPERATION_NOT_INITIALIZED);
        for (act, session) in &begun {
            let answer = api.whole(*act, *session, &[0; 16], Some(64));
            assert_eq!(answer.rv(), ended, "{act:?}");
        }
        assert_eq!(api.verify_whole(verifies, &[0; 16], &[0; 16]), ended);
        // Nor does another login bring them back.
        api.login(session, ck::CKU_USER, PIN.as_bytes()).unwrap();
        for (act, session) in &begun {
            let answer = api.whole(*act, *session, &[0; 16], Some(64));
            assert_eq!(answer.rv(), ended, "{act:?}");
        }
        let stale = api.init(
            Act::Encrypt,
            session,
            &Mechanism::from(ck::CKM_AES_ECB),
            key,
        );
        assert_eq!(stale, Err(ck::CKR_KEY_HANDLE_INVALID));
    });
}

#[test]
fn keys_are_not_used_after_their_end() {
    on_module(|api| {
        let session = api.ready();
        for on_token in [false, true] {
            let key = key(api, session, on_token);
            let copy = api
                .copy(session, key, &[flag(ck::CKA_TOKEN, false)])
                .unwrap();
            let begun = begun(api, key);
            api.destroy(session, key).unwrap();
            for (act, own) in begun {
                let answer = api.whole(act, own, &[0; 16], Some(64));
                assert!(answer.rv().is_err(), "{act:?} goes on with a destroyed key");
                api.close(own).unwrap();
            }
            let ecb = Mechanism::from(ck::CKM_AES_ECB);
            let stale = api.init(Act::Encrypt, session, &ecb, key);
            assert_eq!(stale, Err(ck::CKR_KEY_HANDLE_INVALID));
            // The copy was a further handle of the same key.
            let used = api.once(Act::Encrypt, session, &ecb, copy, &[0; 16]);
            assert!(used.is_err(), "a copy outlives its key");
            let again = api.destroy(session, key);
            assert_eq!(again, Err(ck::CKR_OBJECT_HANDLE_INVALID));
        }
    });
}

#[test]
fn handles_are_not_guessed() {
    on_module(|api| {
        let session = api.ready();
        let ecb = Mechanism::from(ck::CKM_AES_ECB);
        let own = key(api, session, false);
        for wrong in [0, own + 1, own ^ 1, Ulong::MAX] {
            if wrong == own {
                continue;
            }
            let refused = api.init(Act::Encrypt, session, &ecb, wrong);
            assert_eq!(refused, Err(ck::CKR_KEY_HANDLE_INVALID), "{wrong}");
        }
        let closed = api.open(true).unwrap();
        api.close(closed).unwrap();
        let refused = api.init(Act::Encrypt, closed, &ecb, own);
        assert_eq!(refused, Err(ck::CKR_SESSION_HANDLE_INVALID));
    });
}
