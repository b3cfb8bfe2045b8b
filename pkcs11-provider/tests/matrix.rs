//! Who may do what with which objects: the states of sessions and the kinds of objects, as a table
//! (PKCS #11 3.2 §5.6, session states).

use cryptoki_sys as ck;

use crate::common::{
    Api, CONFIG, PIN, SO_PIN, alone,
    api::{Attribute, Rv, bytes, flag, number, plain},
};

/// The state of a session: its name, whether it writes, who is logged in.
type State = (
    &'static str,
    bool,
    Option<(ck::CK_USER_TYPE, &'static [u8])>,
);

const STATES: [State; 5] = [
    ("R/O public", false, None),
    ("R/W public", true, None),
    ("R/O user", false, Some((ck::CKU_USER, PIN))),
    ("R/W user", true, Some((ck::CKU_USER, PIN))),
    ("R/W SO", true, Some((ck::CKU_SO, SO_PIN))),
];

const OK: Rv = ck::CKR_OK;
const READ_ONLY: Rv = ck::CKR_SESSION_READ_ONLY;
const NOT_LOGGED_IN: Rv = ck::CKR_USER_NOT_LOGGED_IN;
/// What is not shown has no handle.
const HIDDEN: Rv = ck::CKR_OBJECT_HANDLE_INVALID;

/// A kind of object: its name, whether it is the token's, whether it is private; what making one comes to, and what changing
/// and destroying one that is there, in the order of the states.
type Kind = (&'static str, bool, bool, [Rv; 5], [Rv; 5]);

const KINDS: [Kind; 4] = [
    ("public session", false, false, [OK; 5], [OK; 5]),
    (
        "private session",
        false,
        true,
        [NOT_LOGGED_IN, NOT_LOGGED_IN, OK, OK, NOT_LOGGED_IN],
        [HIDDEN, HIDDEN, OK, OK, HIDDEN],
    ),
    (
        "public token",
        true,
        false,
        [READ_ONLY, NOT_LOGGED_IN, READ_ONLY, OK, OK],
        [READ_ONLY, NOT_LOGGED_IN, READ_ONLY, OK, OK],
    ),
    (
        "private token",
        true,
        true,
        [READ_ONLY, NOT_LOGGED_IN, READ_ONLY, OK, NOT_LOGGED_IN],
        [HIDDEN, HIDDEN, READ_ONLY, OK, HIDDEN],
    ),
];

fn data(label: &str, is_token: bool, is_private: bool) -> Vec<Attribute> {
    vec![
        number(ck::CKA_CLASS, ck::CKO_DATA),
        flag(ck::CKA_TOKEN, is_token),
        flag(ck::CKA_PRIVATE, is_private),
        bytes(ck::CKA_LABEL, label.as_bytes()),
        bytes(ck::CKA_VALUE, b"value"),
    ]
}

/// Goes into a state from none, and tells its session.
fn enter(api: &Api, (_, writes, user): State) -> ck::CK_SESSION_HANDLE {
    assert_eq!(call!(api, C_CloseAllSessions(0)), OK);
    let session = api.open(writes);
    if let Some((user, pin)) = user {
        assert_eq!(api.login(session, user, pin), OK);
    }
    session
}

#[test]
fn objects_are_made_changed_and_ended_by_the_table() {
    alone(
        "matrix::objects_are_made_changed_and_ended_by_the_table",
        CONFIG,
        |_, api| {
            api.initialise();
            for (at, state) in STATES.into_iter().enumerate() {
                for (kind, is_token, is_private, made, changed) in KINDS {
                    let case = format!("{}, {kind}", state.0);
                    let label = format!("{kind} of {}", state.0);
                    // What is there already: the token's of another time, a session's of this one.
                    if is_token {
                        let before = enter(api, STATES[3]);
                        api.create(before, &data(&label, true, is_private)).unwrap();
                    }
                    let session = enter(api, state);
                    let own = format!("own {label}");
                    let created = api.create(session, &data(&own, is_token, is_private));
                    assert_eq!(created.err().unwrap_or(OK), made[at], "{case}: create");
                    let label = if is_token { label } else { own };
                    let found = api.find(session, &[bytes(ck::CKA_LABEL, label.as_bytes())]);
                    let is_shown = changed[at] != HIDDEN;
                    assert_eq!(found.len(), usize::from(is_shown), "{case}: find");
                    let Some(object) = found.first().copied() else {
                        continue;
                    };
                    assert_eq!(
                        api.get(session, object, ck::CKA_VALUE),
                        Ok(b"value".to_vec()),
                        "{case}: read"
                    );
                    let new = [bytes(ck::CKA_LABEL, b"another")];
                    assert_eq!(api.set(session, object, &new), changed[at], "{case}: set");
                    assert_eq!(
                        call!(api, C_DestroyObject(session, object)),
                        changed[at],
                        "{case}: destroy"
                    );
                }
            }
        },
    );
}

#[test]
fn keys_are_used_by_the_table() {
    alone("matrix::keys_are_used_by_the_table", CONFIG, |_, api| {
        let session = api.ready();
        api.p384(session, "k");
        let class = |class| [number(ck::CKA_CLASS, class), bytes(ck::CKA_LABEL, b"k")];
        for (at, state) in STATES.into_iter().enumerate() {
            let session = enter(api, state);
            let public = api.find(session, &class(ck::CKO_PUBLIC_KEY));
            assert_eq!(public.len(), 1, "{}", state.0);
            let mut mechanism = plain(ck::CKM_ECDSA);
            let verified = api.verify(session, &mut mechanism, public[0], &[7; 48], &[7; 96]);
            assert_eq!(verified, ck::CKR_SIGNATURE_INVALID, "{}", state.0);
            let private = api.find(session, &class(ck::CKO_PRIVATE_KEY));
            let is_user = [2, 3].contains(&at);
            assert_eq!(private.len(), usize::from(is_user), "{}", state.0);
            for key in private {
                api.sign(session, &mut mechanism, key, &[7; 48]).unwrap();
            }
        }
    });
}

/// A logout takes from every session what the user had: handles, operations, and private session objects.
#[test]
fn a_logout_leaves_what_is_public() {
    alone(
        "matrix::a_logout_leaves_what_is_public",
        CONFIG,
        |fake, api| {
            let session = api.ready();
            let mut objects = Vec::new();
            for (kind, is_token, is_private, ..) in KINDS {
                let object = api
                    .create(session, &data(kind, is_token, is_private))
                    .unwrap();
                objects.push((kind, is_private, object));
            }
            let secret = [number(ck::CKA_VALUE_LEN, 32)];
            let key = api.generate(session, ck::CKM_AES_KEY_GEN, &secret).unwrap();
            assert_eq!(fake.state.lock().unwrap().objects.len(), 3);
            assert_eq!(call!(api, C_Logout(session)), OK);
            assert_eq!(
                fake.state.lock().unwrap().objects.len(),
                2,
                "the session's key is gone, and the token's objects are not"
            );
            assert_eq!(api.get(session, key, ck::CKA_CLASS).err(), Some(HIDDEN));
            for (kind, is_private, object) in objects {
                let told = api.get(session, object, ck::CKA_LABEL).err();
                assert_eq!(told, is_private.then_some(HIDDEN), "{kind}");
            }
        },
    );
}
