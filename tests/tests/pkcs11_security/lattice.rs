//! The lattice of the security attributes: every pair of them, from each value to each value, on each class of objects,
//! by `C_SetAttributeValue` and by `C_CopyObject`.
//!
//! The standard lets a token allow less than it does (PKCS #11 3.2 §4.1.3). Here protection only grows: what a key is for
//! stays as it was made, so that no key gets a second use that undoes the first.

use cryptoki_sys as ck;
use keyhold_tests::api::{Api, Attribute, Result, Ulong, bytes, flag, number};

use crate::{
    keys::{made, pair},
    on_module,
};

/// A security attribute, with the classes that have it.
struct Row {
    kind: Ulong,
    classes: &'static [Ulong],
    change: Change,
}

/// How an attribute may change.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Change {
    /// Not at all.
    Never,
    /// From false to true.
    Up,
    /// From true to false.
    Down,
    /// Not at all, but a copy may have it otherwise.
    InCopies,
}

const SECRETS: &[Ulong] = &[ck::CKO_SECRET_KEY, ck::CKO_PRIVATE_KEY];
const KEYS: &[Ulong] = &[ck::CKO_SECRET_KEY, ck::CKO_PRIVATE_KEY, ck::CKO_PUBLIC_KEY];
const ALL: &[Ulong] = &[
    ck::CKO_SECRET_KEY,
    ck::CKO_PRIVATE_KEY,
    ck::CKO_PUBLIC_KEY,
    ck::CKO_DATA,
];
const OUTWARD: &[Ulong] = &[ck::CKO_SECRET_KEY, ck::CKO_PUBLIC_KEY];

const fn row(kind: Ulong, classes: &'static [Ulong], change: Change) -> Row {
    Row {
        kind,
        classes,
        change,
    }
}

const ROWS: &[Row] = &[
    row(ck::CKA_TOKEN, ALL, Change::InCopies),
    row(ck::CKA_PRIVATE, ALL, Change::InCopies),
    row(ck::CKA_MODIFIABLE, ALL, Change::InCopies),
    row(ck::CKA_COPYABLE, ALL, Change::Down),
    row(ck::CKA_DESTROYABLE, ALL, Change::InCopies),
    row(ck::CKA_SENSITIVE, SECRETS, Change::Up),
    row(ck::CKA_EXTRACTABLE, SECRETS, Change::Down),
    row(ck::CKA_WRAP_WITH_TRUSTED, SECRETS, Change::Up),
    row(ck::CKA_ALWAYS_SENSITIVE, SECRETS, Change::Never),
    row(ck::CKA_NEVER_EXTRACTABLE, SECRETS, Change::Never),
    row(ck::CKA_LOCAL, KEYS, Change::Never),
    // Of users; the security officer says what is trusted.
    row(ck::CKA_TRUSTED, OUTWARD, Change::Never),
    row(ck::CKA_ENCRYPT, OUTWARD, Change::Never),
    row(ck::CKA_DECRYPT, SECRETS, Change::Never),
    row(ck::CKA_SIGN, SECRETS, Change::Never),
    row(ck::CKA_VERIFY, OUTWARD, Change::Never),
    row(ck::CKA_WRAP, OUTWARD, Change::Never),
    row(ck::CKA_UNWRAP, SECRETS, Change::Never),
    row(ck::CKA_DERIVE, KEYS, Change::Never),
];

/// What a change of one attribute comes to.
fn allowed(row: &Row, class: Ulong, from: Option<bool>, to: bool, copies: bool) -> Result<()> {
    // What nobody may say is refused even where it is so.
    if [
        ck::CKA_ALWAYS_SENSITIVE,
        ck::CKA_NEVER_EXTRACTABLE,
        ck::CKA_LOCAL,
    ]
    .contains(&row.kind)
    {
        return Err(ck::CKR_ATTRIBUTE_READ_ONLY);
    }
    if !row.classes.contains(&class) {
        return Err(ck::CKR_ATTRIBUTE_TYPE_INVALID);
    }
    let may = match row.change {
        _ if from == Some(to) => true,
        Change::Never => false,
        Change::Up => to,
        Change::Down => !to,
        Change::InCopies => copies,
    };
    if may {
        Ok(())
    } else {
        Err(ck::CKR_ATTRIBUTE_READ_ONLY)
    }
}

/// A fresh object of a class: a session's, of which nothing is protected, or the token's with all protection.
fn fresh(api: &Api, session: Ulong, class: Ulong, is_guarded: bool) -> Ulong {
    let secret = [
        flag(ck::CKA_TOKEN, is_guarded),
        flag(ck::CKA_SENSITIVE, is_guarded),
        flag(ck::CKA_EXTRACTABLE, !is_guarded),
        flag(ck::CKA_WRAP_WITH_TRUSTED, is_guarded),
    ];
    let token = [flag(ck::CKA_TOKEN, is_guarded)];
    match class {
        ck::CKO_SECRET_KEY => made(api, session, &secret).unwrap(),
        ck::CKO_PRIVATE_KEY => pair(api, session, &token, &secret).unwrap().1,
        ck::CKO_PUBLIC_KEY => pair(api, session, &token, &secret).unwrap().0,
        _ => {
            let data = [
                number(ck::CKA_CLASS, ck::CKO_DATA),
                bytes(ck::CKA_VALUE, b"data"),
                flag(ck::CKA_TOKEN, is_guarded),
            ];
            api.create(session, &data).unwrap()
        }
    }
}

/// All that an object shows of the lattice.
fn shown(api: &Api, session: Ulong, object: Ulong) -> Vec<Option<bool>> {
    let one = |row: &Row| api.flag(session, object, row.kind).ok();
    ROWS.iter().map(one).collect()
}

/// Each pair of attributes with each pair of values, and each attribute alone.
fn each_pair(mut step: impl FnMut(&[(usize, bool)])) {
    for first in 0..ROWS.len() {
        for to in [false, true] {
            step(&[(first, to)]);
            for second in first + 1..ROWS.len() {
                for other in [false, true] {
                    step(&[(first, to), (second, other)]);
                }
            }
        }
    }
}

fn template(changes: &[(usize, bool)]) -> Vec<Attribute> {
    let one = |(at, to): &(usize, bool)| flag(ROWS[*at].kind, *to);
    changes.iter().map(one).collect()
}

/// The codes that a refusal may have: of any entry that is wrong, because the standard does not say which comes first.
fn outcomes(
    changes: &[(usize, bool)],
    class: Ulong,
    before: &[Option<bool>],
    copies: bool,
) -> Vec<Result<()>> {
    let one = |(at, to): &(usize, bool)| allowed(&ROWS[*at], class, before[*at], *to, copies);
    let refused: Vec<_> = changes.iter().map(one).filter(Result::is_err).collect();
    if refused.is_empty() {
        vec![Ok(())]
    } else {
        refused
    }
}

fn check_changes(api: &Api, session: Ulong, class: Ulong, is_guarded: bool) {
    let mut object = fresh(api, session, class, is_guarded);
    let mut before = shown(api, session, object);
    each_pair(|changes| {
        let said = format!(
            "class {class}, guarded {is_guarded}: {:x?}",
            template(changes)
        );
        let expected = outcomes(changes, class, &before, false);
        let outcome = api.set(session, object, &template(changes));
        assert!(
            expected.contains(&outcome),
            "{said}: {outcome:x?}, not {expected:x?}"
        );
        let after = shown(api, session, object);
        let mut wanted = before.clone();
        if outcome.is_ok() {
            for (at, to) in changes {
                wanted[*at] = Some(*to);
            }
        }
        assert_eq!(after, wanted, "{said}");
        if after != before {
            // What was changed cannot be changed back: the next pair begins anew.
            api.destroy(session, object).unwrap();
            object = fresh(api, session, class, is_guarded);
            before = shown(api, session, object);
        }
    });
    api.destroy(session, object).unwrap();
}

#[test]
fn protection_of_keys_only_grows() {
    on_module(|api| {
        let session = api.ready();
        for class in SECRETS {
            for is_guarded in [false, true] {
                check_changes(api, session, *class, is_guarded);
            }
        }
    });
}

#[test]
fn what_public_objects_are_stays() {
    on_module(|api| {
        let session = api.ready();
        for class in [ck::CKO_PUBLIC_KEY, ck::CKO_DATA] {
            for is_guarded in [false, true] {
                check_changes(api, session, class, is_guarded);
            }
        }
    });
}

/// A copy is no way around: it has at most the rights of what it was copied from.
#[test]
fn copies_are_protected_no_less() {
    on_module(|api| {
        let session = api.ready();
        for class in ALL {
            for is_guarded in [false, true] {
                let object = fresh(api, session, *class, is_guarded);
                let before = shown(api, session, object);
                each_pair(|changes| {
                    let said = format!(
                        "class {class}, guarded {is_guarded}: {:x?}",
                        template(changes)
                    );
                    let mut template = template(changes);
                    // Copies of keys are the session's; one more key on the token is another matter.
                    if changes
                        .iter()
                        .all(|(at, _)| ROWS[*at].kind != ck::CKA_TOKEN)
                    {
                        template.push(flag(ck::CKA_TOKEN, false));
                    } else if changes.contains(&(0, true)) {
                        return;
                    }
                    let expected = outcomes(changes, *class, &before, true);
                    let outcome = api.copy(session, object, &template);
                    let code = outcome.map(drop);
                    assert!(
                        expected.contains(&code),
                        "{said}: {code:x?}, not {expected:x?}"
                    );
                    assert_eq!(shown(api, session, object), before, "{said}");
                    let Ok(copy) = outcome else { return };
                    let mut wanted = before.clone();
                    wanted[0] = Some(false);
                    for (at, to) in changes {
                        wanted[*at] = Some(*to);
                    }
                    assert_eq!(shown(api, session, copy), wanted, "{said}");
                    if wanted[4] == Some(true) {
                        api.destroy(session, copy).unwrap();
                    }
                });
            }
        }
    });
}

/// What says so when it is made cannot be changed, copied or destroyed; a copy may say so, too, but not the contrary.
#[test]
fn what_is_not_to_be_changed_copied_or_destroyed_is_not() {
    on_module(|api| {
        let session = api.ready();
        let prohibited = ck::CKR_ACTION_PROHIBITED;
        let fixed = made(api, session, &[flag(ck::CKA_MODIFIABLE, false)]).unwrap();
        let label = [bytes(ck::CKA_LABEL, b"other")];
        assert_eq!(api.set(session, fixed, &label), Err(prohibited));
        let single = made(api, session, &[flag(ck::CKA_COPYABLE, false)]).unwrap();
        assert_eq!(api.copy(session, single, &[]), Err(prohibited));
        let lasting = made(api, session, &[flag(ck::CKA_DESTROYABLE, false)]).unwrap();
        assert_eq!(api.destroy(session, lasting), Err(prohibited));
        assert_eq!(api.flag(session, lasting, ck::CKA_DESTROYABLE), Ok(false));
    });
}
