//! What protects a key goes only one way: every pair of changes of its flags, by themselves and in copies.

use cryptoki_sys as ck;

use crate::common::{
    CONFIG, alone,
    api::{Api, Attribute, bytes, flag, number},
};

/// How a flag may change.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// To this value, by itself and in copies.
    To(bool),
    /// In copies alone.
    InCopies,
    /// Never.
    No,
}

/// A secret key's flags that a template may give (PKCS #11 3.2 §4.4, §4.7, §4.10, §5.7.2). What a token lets change beyond
/// the latches is its own choice: uses of keys are settled for good here.
const FLAGS: [(ck::CK_ATTRIBUTE_TYPE, Way); 13] = [
    (ck::CKA_SENSITIVE, Way::To(true)),
    (ck::CKA_EXTRACTABLE, Way::To(false)),
    (ck::CKA_WRAP_WITH_TRUSTED, Way::To(true)),
    (ck::CKA_COPYABLE, Way::To(false)),
    (ck::CKA_PRIVATE, Way::InCopies),
    (ck::CKA_MODIFIABLE, Way::InCopies),
    (ck::CKA_DESTROYABLE, Way::InCopies),
    (ck::CKA_ENCRYPT, Way::No),
    (ck::CKA_DECRYPT, Way::No),
    (ck::CKA_SIGN, Way::No),
    (ck::CKA_VERIFY, Way::No),
    (ck::CKA_WRAP, Way::No),
    (ck::CKA_UNWRAP, Way::No),
];

/// Two flags, what they are, and what they shall be.
type Change = [(ck::CK_ATTRIBUTE_TYPE, Way, bool); 2];

/// Every pair of flags with every pair of values to begin with.
fn changes() -> Vec<Change> {
    let mut all = Vec::new();
    for (position, (one, of_one)) in FLAGS.into_iter().enumerate() {
        for (other, of_other) in FLAGS.into_iter().skip(position + 1) {
            for bits in 0..4 {
                all.push([
                    (one, of_one, bits & 1 == 1),
                    (other, of_other, bits & 2 == 2),
                ]);
            }
        }
    }
    all
}

fn given(change: &Change) -> Vec<Attribute> {
    change.map(|(kind, _, is)| flag(kind, is)).to_vec()
}

fn wanted(change: &Change) -> Vec<Attribute> {
    change.map(|(kind, _, is)| flag(kind, !is)).to_vec()
}

fn begins(change: &Change, kind: ck::CK_ATTRIBUTE_TYPE, value: bool) -> bool {
    change
        .iter()
        .any(|(own, _, is)| *own == kind && *is == value)
}

fn key(api: &Api, session: ck::CK_SESSION_HANDLE, change: &Change) -> ck::CK_OBJECT_HANDLE {
    let mut template = given(change);
    template.push(number(ck::CKA_VALUE_LEN, 32));
    api.generate(session, ck::CKM_AES_KEY_GEN, &template)
        .unwrap()
}

#[test]
fn every_pair_of_changes_is_made_whole_or_not_at_all() {
    alone(
        "objects::latches::every_pair_of_changes_is_made_whole_or_not_at_all",
        CONFIG,
        |_, api| {
            let session = api.ready();
            for change in changes() {
                let key = key(api, session, &change);
                let allowed = change.iter().all(|(_, way, is)| *way == Way::To(!is));
                let expected = match allowed {
                    _ if begins(&change, ck::CKA_MODIFIABLE, false) => ck::CKR_ACTION_PROHIBITED,
                    true => ck::CKR_OK,
                    false => ck::CKR_ATTRIBUTE_READ_ONLY,
                };
                let names = change.map(|(kind, _, is)| (kind, is));
                assert_eq!(
                    api.set(session, key, &wanted(&change)),
                    expected,
                    "{names:X?}"
                );
                for (kind, _, is) in change {
                    let after = is ^ (expected == ck::CKR_OK);
                    let told = api.get(session, key, kind);
                    assert_eq!(told, Ok(vec![u8::from(after)]), "{names:X?}");
                }
                let same = api.set(session, key, &given(&change));
                assert!(
                    same == expected || same == ck::CKR_OK || expected == ck::CKR_OK,
                    "what it is already may be said: {names:X?}"
                );
            }
        },
    );
}

#[test]
fn every_pair_of_changes_in_a_copy_is_made_whole_or_not_at_all() {
    alone(
        "objects::latches::every_pair_of_changes_in_a_copy_is_made_whole_or_not_at_all",
        CONFIG,
        |_, api| {
            let session = api.ready();
            for change in changes() {
                let key = key(api, session, &change);
                let names = change.map(|(kind, _, is)| (kind, is));
                let allowed = change
                    .iter()
                    .all(|(_, way, is)| [Way::To(!is), Way::InCopies].contains(way));
                let copy = api.copy(session, key, &wanted(&change));
                let expected = match allowed {
                    _ if begins(&change, ck::CKA_COPYABLE, false) => Err(ck::CKR_ACTION_PROHIBITED),
                    true => Ok(()),
                    false => Err(ck::CKR_ATTRIBUTE_READ_ONLY),
                };
                assert_eq!(copy.map(drop), expected, "{names:X?}");
                for (kind, _, is) in change {
                    let told = api.get(session, key, kind);
                    assert_eq!(told, Ok(vec![u8::from(is)]), "of the original: {names:X?}");
                    if let Ok(copy) = copy {
                        let told = api.get(session, copy, kind);
                        assert_eq!(told, Ok(vec![u8::from(!is)]), "of the copy: {names:X?}");
                    }
                }
            }
        },
    );
}

#[test]
fn a_copy_that_is_locked_tells_nothing() {
    alone(
        "objects::latches::a_copy_that_is_locked_tells_nothing",
        CONFIG,
        |_, api| {
            let session = api.ready();
            let open = api
                .create(
                    session,
                    &[
                        number(ck::CKA_CLASS, ck::CKO_SECRET_KEY),
                        number(ck::CKA_KEY_TYPE, ck::CKK_AES),
                        flag(ck::CKA_SENSITIVE, false),
                        flag(ck::CKA_EXTRACTABLE, true),
                        bytes(ck::CKA_VALUE, &[7; 32]),
                    ],
                )
                .unwrap();
            assert_eq!(api.get(session, open, ck::CKA_VALUE), Ok(vec![7; 32]));
            for locked in [
                flag(ck::CKA_SENSITIVE, true),
                flag(ck::CKA_EXTRACTABLE, false),
            ] {
                let copy = api.copy(session, open, &[locked]).unwrap();
                let told = api.get(session, copy, ck::CKA_VALUE);
                assert_eq!(told, Err(ck::CKR_ATTRIBUTE_SENSITIVE));
            }
            assert_eq!(api.get(session, open, ck::CKA_VALUE), Ok(vec![7; 32]));
        },
    );
}

#[test]
fn what_the_daemon_lets_nobody_make_asks_for_a_login() {
    alone(
        "objects::latches::what_the_daemon_lets_nobody_make_asks_for_a_login",
        CONFIG,
        |_, api| {
            api.initialise();
            let session = api.open(true);
            let data = [
                number(ck::CKA_CLASS, ck::CKO_DATA),
                flag(ck::CKA_TOKEN, true),
                flag(ck::CKA_PRIVATE, false),
                bytes(ck::CKA_VALUE, b"public"),
            ];
            assert_eq!(api.create(session, &data), Err(ck::CKR_USER_NOT_LOGGED_IN));
        },
    );
}
