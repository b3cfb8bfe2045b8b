//! Keys that the security officer trusts to wrap others, and keys that leave under nothing else.

use cryptoki_sys as ck;
use keyhold_tests::{
    PIN,
    api::{Api, Attribute, Mechanism, Parameter, Ulong, bytes, flag, number},
};

use crate::{
    keys::{flags, known, made},
    on_module,
};

/// The security officer's PIN that `keyhold dev` sets.
const SO_PIN: &[u8] = b"12345678";

/// Lets the security officer say what is trusted, and comes back as the user.
fn as_officer(api: &Api, session: Ulong, label: &[u8], trusted: bool) {
    api.logout(session).unwrap();
    api.login(session, ck::CKU_SO, SO_PIN).unwrap();
    let found = api.find(session, &[bytes(ck::CKA_LABEL, label)]).unwrap();
    assert_eq!(found.len(), 1);
    let say = [flag(ck::CKA_TRUSTED, trusted)];
    api.set(session, found[0], &say).unwrap();
    api.logout(session).unwrap();
    api.login(session, ck::CKU_USER, PIN.as_bytes()).unwrap();
}

fn named(api: &Api, session: Ulong, label: &[u8]) -> Ulong {
    let found = api.find(session, &[bytes(ck::CKA_LABEL, label)]).unwrap();
    assert_eq!(found.len(), 1, "{label:?}");
    found[0]
}

/// On the token, where both users see it.
fn shown(label: &[u8], more: &[Attribute]) -> Vec<Attribute> {
    let own = [
        flag(ck::CKA_TOKEN, true),
        flag(ck::CKA_PRIVATE, false),
        bytes(ck::CKA_LABEL, label),
    ];
    [&own, more].concat()
}

fn on_token(label: &[u8], more: &[Attribute]) -> Vec<Attribute> {
    let own = [flag(ck::CKA_TOKEN, true), bytes(ck::CKA_LABEL, label)];
    [&own, more].concat()
}

fn wraps(api: &Api, session: Ulong, by: Ulong, of: Ulong) -> Result<usize, Ulong> {
    let how = Mechanism::from(ck::CKM_AES_KEY_WRAP);
    api.wrap(session, &how, by, of).map(|wrapped| wrapped.len())
}

const NOT: Result<usize, Ulong> = Err(ck::CKR_KEY_NOT_WRAPPABLE);

#[test]
fn what_wants_a_trusted_key_leaves_under_no_other() {
    on_module(|api| {
        let session = api.ready();
        let both = flags(&[ck::CKA_WRAP, ck::CKA_UNWRAP]);
        made(api, session, &shown(b"kek", &both)).unwrap();
        // Generated here and never told, it is as good as the other, but nobody trusts it.
        made(api, session, &on_token(b"other", &both)).unwrap();
        let asks = flags(&[ck::CKA_EXTRACTABLE, ck::CKA_WRAP_WITH_TRUSTED]);
        made(api, session, &on_token(b"guarded", &asks)).unwrap();
        let key = |label: &[u8]| named(api, session, label);
        let may = |by: &[u8]| wraps(api, session, key(by), key(b"guarded"));
        assert_eq!((may(b"kek"), may(b"other")), (NOT, NOT));
        as_officer(api, session, b"kek", true);
        assert_eq!(api.flag(session, key(b"kek"), ck::CKA_TRUSTED), Ok(true));
        assert_eq!((may(b"kek"), may(b"other")), (Ok(40), NOT));
        // What came back is no less guarded, and sensitive.
        let how = Mechanism::from(ck::CKM_AES_KEY_WRAP);
        let wrapped = api
            .wrap(session, &how, key(b"kek"), key(b"guarded"))
            .unwrap();
        let template = [
            number(ck::CKA_CLASS, ck::CKO_SECRET_KEY),
            number(ck::CKA_KEY_TYPE, ck::CKK_AES),
        ];
        let unwraps = |more: &[Attribute]| {
            let template = [&template, more].concat();
            api.unwrap(session, &how, key(b"kek"), &wrapped, &template)
        };
        let freed = unwraps(&[flag(ck::CKA_WRAP_WITH_TRUSTED, false)]);
        assert_eq!(freed, Err(ck::CKR_TEMPLATE_INCONSISTENT));
        let back = unwraps(&[]).unwrap();
        let guards = [ck::CKA_SENSITIVE, ck::CKA_WRAP_WITH_TRUSTED];
        assert_eq!(
            guards.map(|own| api.flag(session, back, own)),
            [Ok(true); 2]
        );
        assert_eq!(wraps(api, session, key(b"other"), back), NOT);
        assert_eq!(wraps(api, session, key(b"kek"), back), Ok(40));
        // The copy of a trusted key is that key; trust that was taken away is gone from the copy, too.
        let copy = [flag(ck::CKA_TOKEN, false), bytes(ck::CKA_LABEL, b"copy")];
        let copy = api.copy(session, key(b"kek"), &copy).unwrap();
        assert_eq!(wraps(api, session, copy, key(b"guarded")), Ok(40));
        as_officer(api, session, b"kek", false);
        assert_eq!(may(b"kek"), NOT);
        assert!(wraps(api, session, copy, key(b"guarded")).is_err());
    });
}

#[test]
fn nobody_but_the_officer_says_what_is_trusted() {
    on_module(|api| {
        let session = api.ready();
        let read_only = ck::CKR_ATTRIBUTE_READ_ONLY;
        let trusted = [flag(ck::CKA_TRUSTED, true)];
        let uses = flags(&[ck::CKA_WRAP, ck::CKA_UNWRAP]);
        let by = made(api, session, &uses).unwrap();
        assert_eq!(made(api, session, &trusted), Err(read_only));
        assert_eq!(known(api, session, &[5; 32], &trusted), Err(read_only));
        assert_eq!(api.set(session, by, &trusted), Err(read_only));
        for on_token in [false, true] {
            let template = [flag(ck::CKA_TOKEN, on_token), trusted[0].clone()];
            assert_eq!(api.copy(session, by, &template), Err(read_only));
        }
        let of = made(api, session, &flags(&[ck::CKA_EXTRACTABLE])).unwrap();
        let how = Mechanism::from(ck::CKM_AES_KEY_WRAP);
        let wrapped = api.wrap(session, &how, by, of).unwrap();
        let template = [
            number(ck::CKA_CLASS, ck::CKO_SECRET_KEY),
            number(ck::CKA_KEY_TYPE, ck::CKK_AES),
            trusted[0].clone(),
        ];
        let back = api.unwrap(session, &how, by, &wrapped, &template);
        assert_eq!(back, Err(read_only));
        let makes = Mechanism::from(ck::CKM_GENERIC_SECRET_KEY_GEN);
        let base = [number(ck::CKA_VALUE_LEN, 32), flag(ck::CKA_DERIVE, true)];
        let base = api.generate(session, &makes, &base).unwrap();
        let hkdf = Parameter::Hkdf(true, true, ck::CKM_SHA256, None, Vec::new());
        let hkdf = Mechanism::new(ck::CKM_HKDF_DERIVE, hkdf);
        let template = [
            number(ck::CKA_KEY_TYPE, ck::CKK_AES),
            number(ck::CKA_VALUE_LEN, 32),
            trusted[0].clone(),
        ];
        assert_eq!(api.derive(session, &hkdf, base, &template), Err(read_only));
    });
}

/// What comes of a key is no way to tell what leaves only under one that is trusted.
#[test]
fn what_is_derived_is_guarded_as_its_base() {
    on_module(|api| {
        let session = api.ready();
        let own = [
            number(ck::CKA_VALUE_LEN, 32),
            flag(ck::CKA_SENSITIVE, false),
        ];
        let asks = flags(&[
            ck::CKA_DERIVE,
            ck::CKA_EXTRACTABLE,
            ck::CKA_WRAP_WITH_TRUSTED,
        ]);
        let makes = Mechanism::from(ck::CKM_GENERIC_SECRET_KEY_GEN);
        let base = api
            .generate(session, &makes, &[&own[..], &asks].concat())
            .unwrap();
        let derives = |kind, more: &[Attribute]| {
            let hkdf = Parameter::Hkdf(true, true, ck::CKM_SHA256, None, Vec::new());
            let hkdf = Mechanism::new(kind, hkdf);
            api.derive(session, &hkdf, base, &[&own[..1], more].concat())
        };
        let open = [
            flag(ck::CKA_SENSITIVE, false),
            flag(ck::CKA_EXTRACTABLE, true),
        ];
        let derived = derives(ck::CKM_HKDF_DERIVE, &open).unwrap();
        assert_eq!(
            api.flag(session, derived, ck::CKA_WRAP_WITH_TRUSTED),
            Ok(true)
        );
        assert!(api.get(session, derived, ck::CKA_VALUE).is_err());
        let freed = derives(
            ck::CKM_HKDF_DERIVE,
            &[flag(ck::CKA_WRAP_WITH_TRUSTED, false)],
        );
        assert_eq!(freed, Err(ck::CKR_TEMPLATE_INCONSISTENT));
        let told = derives(ck::CKM_HKDF_DATA, &[]);
        assert_eq!(told, Err(ck::CKR_KEY_FUNCTION_NOT_PERMITTED));
    });
}

/// Trust is for what somebody else holds: a public key, or one that was brought.
#[test]
fn sensitive_keys_leave_under_what_is_trusted() {
    on_module(|api| {
        let session = api.ready();
        let makes = Mechanism::from(ck::CKM_RSA_PKCS_KEY_PAIR_GEN);
        let own = [number(ck::CKA_MODULUS_BITS, 2048), flag(ck::CKA_WRAP, true)];
        let public = shown(b"public", &own);
        api.generate_pair(session, &makes, &public, &[flag(ck::CKA_UNWRAP, true)])
            .unwrap();
        let brought = shown(b"brought", &[flag(ck::CKA_WRAP, true)]);
        known(api, session, &[5; 32], &brought).unwrap();
        let sensitive = on_token(b"sensitive", &flags(&[ck::CKA_EXTRACTABLE]));
        made(api, session, &sensitive).unwrap();
        let key = |label: &[u8]| named(api, session, label);
        let oaep = Parameter::Oaep(ck::CKM_SHA256, ck::CKG_MGF1_SHA256, vec![]);
        let oaep = Mechanism::new(ck::CKM_RSA_PKCS_OAEP, oaep);
        let under_public = || {
            let wrapped = api.wrap(session, &oaep, key(b"public"), key(b"sensitive"));
            wrapped.map(|wrapped| wrapped.len())
        };
        let under_brought = || wraps(api, session, key(b"brought"), key(b"sensitive"));
        assert_eq!((under_public(), under_brought()), (NOT, NOT));
        as_officer(api, session, b"public", true);
        assert_eq!((under_public(), under_brought()), (Ok(256), NOT));
        as_officer(api, session, b"brought", true);
        assert_eq!((under_public(), under_brought()), (Ok(256), Ok(40)));
    });
}
