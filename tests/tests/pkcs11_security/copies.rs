//! Copies and changes as ways around the rules that a key was made with: which mechanisms it takes, what it wraps, what comes
//! of it, and who may use it. Each rule is tried on an object of the session and of the token, and on copies of both.

use cryptoki_sys as ck;
use keyhold_tests::{
    PIN,
    api::{
        Act, Api, Attribute, Mechanism, Parameter, Result, Ulong, bytes, flag, nested, number,
        numbers,
    },
};

use crate::{
    keys::{flags, made, pair},
    on_module,
};

const READ_ONLY: Ulong = ck::CKR_ATTRIBUTE_READ_ONLY;

/// An object of a class with a rule, and its copies: of a session's object one more of the session and the token's that it
/// becomes, of a token's object one of the session.
fn each_copy(
    api: &Api,
    session: Ulong,
    make: impl Fn(&[Attribute]) -> Ulong,
    mut check: impl FnMut(Ulong, &str),
) {
    let copy = |object, on_token| {
        let template = [flag(ck::CKA_TOKEN, on_token)];
        api.copy(session, object, &template).unwrap()
    };
    let of_session = make(&[flag(ck::CKA_TOKEN, false)]);
    check(of_session, "a session's object");
    check(copy(of_session, false), "a session's copy of it");
    check(copy(of_session, true), "the token's object that it became");
    check(of_session, "what it became that of");
    let of_token = make(&[flag(ck::CKA_TOKEN, true)]);
    check(of_token, "a token's object");
    check(copy(of_token, false), "a session's copy of that");
    check(
        copy(copy(of_token, false), false),
        "a copy of a copy of that",
    );
}

/// Tries to give an object another value of an attribute, by a change and by a copy.
fn stays(api: &Api, session: Ulong, object: Ulong, other: &Attribute, said: &str) {
    let template = [other.clone()];
    let changed = api.set(session, object, &template);
    assert_eq!(changed, Err(READ_ONLY), "{said}: {:#x}", other.0);
    for on_token in [false, true] {
        let template = [other.clone(), flag(ck::CKA_TOKEN, on_token)];
        let copied = api.copy(session, object, &template);
        assert_eq!(copied, Err(READ_ONLY), "{said}: {:#x}", other.0);
    }
}

fn begins(api: &Api, session: Ulong, act: Act, kind: Ulong, key: Ulong) -> Result<()> {
    let mechanism = match kind {
        ck::CKM_AES_CBC => Mechanism::new(kind, Parameter::Bytes(vec![0; 16])),
        _ => Mechanism::from(kind),
    };
    api.once(act, session, &mechanism, key, &[0; 16]).map(drop)
}

#[test]
fn copies_take_no_other_mechanisms() {
    on_module(|api| {
        let session = api.ready();
        let make = |more: &[Attribute]| {
            let own = [
                flag(ck::CKA_ENCRYPT, true),
                numbers(ck::CKA_ALLOWED_MECHANISMS, &[ck::CKM_AES_ECB]),
            ];
            made(api, session, &[&own, more].concat()).unwrap()
        };
        each_copy(api, session, make, |key, said| {
            let wider = [ck::CKM_AES_ECB, ck::CKM_AES_CBC];
            stays(
                api,
                session,
                key,
                &numbers(ck::CKA_ALLOWED_MECHANISMS, &wider),
                said,
            );
            stays(
                api,
                session,
                key,
                &numbers(ck::CKA_ALLOWED_MECHANISMS, &[]),
                said,
            );
            let begins = |kind| begins(api, session, Act::Encrypt, kind, key);
            assert_eq!(begins(ck::CKM_AES_ECB), Ok(()), "{said}");
            assert_eq!(
                begins(ck::CKM_AES_CBC),
                Err(ck::CKR_MECHANISM_INVALID),
                "{said}"
            );
        });
    });
}

#[test]
fn copies_wrap_what_their_original_wraps() {
    on_module(|api| {
        let session = api.ready();
        let demanded = [bytes(ck::CKA_LABEL, b"may go")];
        let make = |more: &[Attribute]| {
            let own = [
                flag(ck::CKA_WRAP, true),
                nested(ck::CKA_WRAP_TEMPLATE, &demanded),
            ];
            made(api, session, &[&own, more].concat()).unwrap()
        };
        let leaves = flag(ck::CKA_EXTRACTABLE, true);
        let fits = made(api, session, &[&[leaves.clone()][..], &demanded].concat()).unwrap();
        let other = made(api, session, &[leaves]).unwrap();
        each_copy(api, session, make, |by, said| {
            stays(api, session, by, &nested(ck::CKA_WRAP_TEMPLATE, &[]), said);
            let wrap = |of| {
                let how = Mechanism::from(ck::CKM_AES_KEY_WRAP);
                api.wrap(session, &how, by, of).map(drop)
            };
            assert_eq!(wrap(fits), Ok(()), "{said}");
            assert_eq!(wrap(other), Err(ck::CKR_KEY_HANDLE_INVALID), "{said}");
        });
    });
}

#[test]
fn what_comes_of_copies_is_as_of_their_original() {
    on_module(|api| {
        let session = api.ready();
        let added = [flag(ck::CKA_ENCRYPT, false), bytes(ck::CKA_LABEL, b"of it")];
        let make = |more: &[Attribute]| {
            let own = [
                number(ck::CKA_KEY_TYPE, ck::CKK_GENERIC_SECRET),
                number(ck::CKA_VALUE_LEN, 32),
                flag(ck::CKA_DERIVE, true),
                nested(ck::CKA_DERIVE_TEMPLATE, &added),
            ];
            let makes = Mechanism::from(ck::CKM_GENERIC_SECRET_KEY_GEN);
            api.generate(session, &makes, &[&own, more].concat())
                .unwrap()
        };
        each_copy(api, session, make, |base, said| {
            stays(
                api,
                session,
                base,
                &nested(ck::CKA_DERIVE_TEMPLATE, &[]),
                said,
            );
            let derive = |more: &[Attribute]| {
                let hkdf = Parameter::Hkdf(true, true, ck::CKM_SHA256, None, b"own".to_vec());
                let how = Mechanism::new(ck::CKM_HKDF_DERIVE, hkdf);
                let own = [
                    number(ck::CKA_KEY_TYPE, ck::CKK_AES),
                    number(ck::CKA_VALUE_LEN, 32),
                ];
                api.derive(session, &how, base, &[&own, more].concat())
            };
            let key = derive(&[]).unwrap();
            assert_eq!(api.get(session, key, ck::CKA_LABEL).unwrap(), b"of it");
            let inconsistent = Err(ck::CKR_TEMPLATE_INCONSISTENT);
            assert_eq!(
                derive(&[flag(ck::CKA_ENCRYPT, true)]),
                inconsistent,
                "{said}"
            );
            // Nor does it come out freer than its base.
            let free = [
                flag(ck::CKA_SENSITIVE, false),
                flag(ck::CKA_EXTRACTABLE, true),
            ];
            assert!(derive(&free).is_err(), "{said}");
        });
    });
}

#[test]
fn copies_leave_only_under_what_is_trusted_where_their_original_does() {
    on_module(|api| {
        let session = api.ready();
        let by = made(api, session, &[flag(ck::CKA_WRAP, true)]).unwrap();
        let make = |more: &[Attribute]| {
            let own = flags(&[ck::CKA_EXTRACTABLE, ck::CKA_WRAP_WITH_TRUSTED]);
            made(api, session, &[&own, more].concat()).unwrap()
        };
        each_copy(api, session, make, |of, said| {
            stays(
                api,
                session,
                of,
                &flag(ck::CKA_WRAP_WITH_TRUSTED, false),
                said,
            );
            // It is not the user who says what is trusted, of the wrapping key or of its copies.
            stays(api, session, by, &flag(ck::CKA_TRUSTED, true), said);
            let how = Mechanism::from(ck::CKM_AES_KEY_WRAP);
            let wrapped = api.wrap(session, &how, by, of);
            assert_eq!(wrapped, Err(ck::CKR_KEY_NOT_WRAPPABLE), "{said}");
        });
    });
}

#[test]
fn copies_ask_for_the_pin_before_each_use_where_their_original_does() {
    on_module(|api| {
        let session = api.ready();
        let make = |more: &[Attribute]| {
            let own = flags(&[ck::CKA_SIGN, ck::CKA_ALWAYS_AUTHENTICATE]);
            let template = [&own, more].concat();
            pair(api, session, &[], &template).unwrap().1
        };
        each_copy(api, session, make, |key, said| {
            stays(
                api,
                session,
                key,
                &flag(ck::CKA_ALWAYS_AUTHENTICATE, false),
                said,
            );
            // A key that is shown before a login cannot ask for another one.
            let shown = [flag(ck::CKA_PRIVATE, false)];
            let copied = api.copy(session, key, &shown);
            assert_eq!(copied, Err(ck::CKR_TEMPLATE_INCONSISTENT), "{said}");
            let how = Mechanism::from(ck::CKM_ECDSA_SHA256);
            api.init(Act::Sign, session, &how, key).unwrap();
            let unproven = api.whole(Act::Sign, session, b"x", Some(128)).rv();
            assert_eq!(unproven, Err(ck::CKR_USER_NOT_LOGGED_IN), "{said}");
            api.init(Act::Sign, session, &how, key).unwrap();
            api.login(session, ck::CKU_CONTEXT_SPECIFIC, PIN.as_bytes())
                .unwrap();
            let proven = api.whole(Act::Sign, session, b"x", Some(128)).rv();
            assert_eq!(proven, Ok(()), "{said}");
        });
    });
}

/// What a copy on the token is to be otherwise must be so, or there is none, and the original is the session's as before.
#[test]
fn a_copy_that_cannot_be_as_asked_for_is_none() {
    on_module(|api| {
        let session = api.ready();
        let key = made(api, session, &[]).unwrap();
        let template = [flag(ck::CKA_TOKEN, true), flag(ck::CKA_PRIVATE, false)];
        assert!(api.copy(session, key, &template).is_err());
        assert_eq!(api.flag(session, key, ck::CKA_TOKEN), Ok(false));
        let of_token = [
            flag(ck::CKA_TOKEN, true),
            number(ck::CKA_CLASS, ck::CKO_SECRET_KEY),
        ];
        assert_eq!(api.find(session, &of_token), Ok(Vec::new()));
        let hidden = [flag(ck::CKA_TOKEN, true), bytes(ck::CKA_LABEL, b"kept")];
        let kept = api.copy(session, key, &hidden).unwrap();
        assert_eq!(api.get(session, kept, ck::CKA_LABEL).unwrap(), b"kept");
        assert_eq!(api.find(session, &of_token), Ok(vec![kept]));
    });
}

/// Marks that a copy may have otherwise are the copy's alone.
#[test]
fn a_copy_frees_nothing_but_itself() {
    on_module(|api| {
        let session = api.ready();
        let prohibited = Err(ck::CKR_ACTION_PROHIBITED);
        for on_token in [false, true] {
            let own = [
                flag(ck::CKA_TOKEN, on_token),
                flag(ck::CKA_MODIFIABLE, false),
                flag(ck::CKA_DESTROYABLE, false),
                flag(ck::CKA_ENCRYPT, true),
            ];
            let key = made(api, session, &own).unwrap();
            let free = [
                flag(ck::CKA_TOKEN, false),
                flag(ck::CKA_MODIFIABLE, true),
                flag(ck::CKA_DESTROYABLE, true),
            ];
            let copy = api.copy(session, key, &free).unwrap();
            let label = [bytes(ck::CKA_LABEL, b"other")];
            api.set(session, copy, &label).unwrap();
            assert_eq!(api.get(session, key, ck::CKA_LABEL).unwrap(), b"");
            api.destroy(session, copy).unwrap();
            assert_eq!(api.set(session, key, &label), prohibited);
            assert_eq!(api.destroy(session, key), prohibited);
            assert_eq!(
                begins(api, session, Act::Encrypt, ck::CKM_AES_ECB, key),
                Ok(())
            );
        }
    });
}
