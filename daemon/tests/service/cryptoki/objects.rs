//! Objects: made, found, described and destroyed.

use cryptoki_sys as ck;
use kmip::{
    PKCS11Function as F, PKCS11ReturnCode as Rv,
    attribute::{Attribute, Name},
};

use super::{Application, In, P256};
use crate::fixture::Fixture;
use keyhold::service::Limits;

#[test]
fn keys_are_generated_found_and_destroyed() {
    let mut own = Application::new();
    let session = own.open();
    let key = own.aes_key(session);
    let (operation, id, outcome) = own.last_event();
    assert_eq!((operation.as_str(), outcome), ("Create", "Success"));
    let find = |template: &In, count| In::default().ulong(session).count(count).raw(&template.0);
    let labelled = In::default()
        .number(ck::CKA_CLASS, ck::CKO_SECRET_KEY)
        .array(ck::CKA_LABEL, b"the key");
    own.call(F::CFindObjectsInit, &find(&labelled, 2)).unwrap();
    assert_eq!(own.last_event().0, "Locate");
    assert_eq!(
        own.code(F::CFindObjectsInit, &find(&labelled, 2)),
        Rv::OPERATIONACTIVE
    );
    let next = In::default().ulong(session).count(10);
    let mut found = own.call(F::CFindObjects, &next).unwrap();
    assert_eq!((found.count(), found.ulong()), (1, key));
    let wide = In::default().ulong(session).ulong(10);
    assert_eq!(own.call(F::CFindObjects, &wide).unwrap().count(), 0);
    let done = In::default().ulong(session);
    own.call(F::CFindObjectsFinal, &done).unwrap();
    assert_eq!(
        own.code(F::CFindObjects, &next),
        Rv::OPERATIONNOTINITIALIZED
    );
    let other = In::default().array(ck::CKA_LABEL, b"another");
    own.call(F::CFindObjectsInit, &find(&other, 1)).unwrap();
    assert_eq!(own.call(F::CFindObjects, &next).unwrap().count(), 0);
    own.call(F::CFindObjectsFinal, &done).unwrap();

    let destroy = In::default().ulong(session).ulong(key);
    assert_eq!(own.code(F::CDestroyObject, &destroy), Rv::OK);
    assert_eq!(own.last_event(), ("Destroy".to_owned(), id, "Success"));
    assert_eq!(
        own.code(F::CDestroyObject, &destroy),
        Rv::OBJECTHANDLEINVALID
    );
    own.call(F::CFindObjectsInit, &find(&labelled, 2)).unwrap();
    assert_eq!(own.call(F::CFindObjects, &next).unwrap().count(), 0);
}

#[test]
fn a_search_goes_on_past_what_one_locate_tells() {
    for most in [1, 4, 10] {
        let mut own = Application::of(Fixture::with_limits(Limits {
            locate_items_max: most,
            ..Limits::default()
        }));
        let session = own.open();
        let mut keys: Vec<_> = (0..10).map(|_| own.aes_key(session)).collect();
        let everything = In::default().ulong(session).count(0);
        let of_class = In::default()
            .ulong(session)
            .count(1)
            .number(ck::CKA_CLASS, ck::CKO_SECRET_KEY);
        for template in [&everything, &of_class] {
            own.call(F::CFindObjectsInit, template).unwrap();
            let next = In::default().ulong(session).count(20);
            let mut told = own.call(F::CFindObjects, &next).unwrap();
            let mut found: Vec<_> = (0..told.count()).map(|_| told.ulong()).collect();
            found.sort_unstable();
            keys.sort_unstable();
            assert_eq!(found, keys, "by {most}");
            let done = In::default().ulong(session);
            own.call(F::CFindObjectsFinal, &done).unwrap();
        }
    }
}

#[test]
fn an_object_tells_its_attributes_and_no_secret() {
    let mut own = Application::new();
    let session = own.open();
    let key = own.aes_key(session);
    let ask = In::default()
        .ulong(session)
        .ulong(key)
        .count(3)
        .ask(ck::CKA_KEY_TYPE)
        .ask(ck::CKA_LABEL)
        .ask(ck::CKA_ENCRYPT);
    let mut told = own.call(F::CGetAttributeValue, &ask).unwrap();
    assert_eq!(told.count(), 3);
    assert_eq!(told.ulong(), ck::CKA_KEY_TYPE);
    assert_eq!((told.take(2), told.ulong()), (vec![1, 1], ck::CKK_AES));
    assert_eq!(told.ulong(), ck::CKA_LABEL);
    assert_eq!((told.take(2), told.count()), (vec![1, 1], 7));
    assert_eq!(told.take(7), b"the key");
    assert_eq!(
        (told.ulong(), told.take(3)),
        (ck::CKA_ENCRYPT, vec![1, 1, 1])
    );
    let secret = In::default()
        .ulong(session)
        .ulong(key)
        .count(1)
        .ask(ck::CKA_VALUE);
    assert_eq!(
        own.code(F::CGetAttributeValue, &secret),
        Rv::ATTRIBUTESENSITIVE
    );
}

#[test]
fn templates_that_make_no_sense_are_refused() {
    let mut own = Application::new();
    let session = own.open();
    let mut generate = |count, template: In| {
        let input = In::default()
            .ulong(session)
            .mechanism(ck::CKM_AES_KEY_GEN, None)
            .count(count)
            .raw(&template.0);
        own.code(F::CGenerateKey, &input)
    };
    let bytes = |bytes| In::default().number(ck::CKA_VALUE_LEN, bytes);
    assert_eq!(generate(0, In::default()), Rv::TEMPLATEINCOMPLETE);
    assert_eq!(generate(1, bytes(17)), Rv::ATTRIBUTEVALUEINVALID);
    let inconsistent = Rv::TEMPLATEINCONSISTENT;
    assert_eq!(
        generate(2, bytes(16).number(ck::CKA_KEY_TYPE, ck::CKK_RSA)),
        inconsistent
    );
    assert_eq!(
        generate(2, bytes(16).flag(ck::CKA_ALWAYS_AUTHENTICATE, true)),
        inconsistent
    );
    assert_eq!(
        generate(2, bytes(16).array(ck::CKA_VALUE, &[0; 16])),
        inconsistent
    );
    assert_eq!(
        generate(2, bytes(16).array(0x8000_0001, b"?")),
        Rv::ATTRIBUTETYPEINVALID
    );
    assert_eq!(store::Store::count(&*own.fixture.store).unwrap(), 0);
}

#[test]
fn what_is_public_of_a_key_is_told() {
    let mut own = Application::new();
    let session = own.open();
    let curve = In::default().array(ck::CKA_EC_PARAMS, P256);
    let (public, private) = own.pair(session, ck::CKM_EC_KEY_PAIR_GEN, &curve);
    let ask = |key| {
        In::default()
            .ulong(session)
            .ulong(key)
            .count(1)
            .ask(ck::CKA_EC_POINT)
    };
    let mut told = own.call(F::CGetAttributeValue, &ask(public)).unwrap();
    told.take(4 + 8 + 2);
    let length = told.count();
    assert_eq!(length, 67);
    assert_eq!(told.take(3), [4, 65, 4]);
    // Its other half shows it too, as the field's callers ask there first.
    let mut same = own.call(F::CGetAttributeValue, &ask(private)).unwrap();
    same.take(4 + 8 + 2);
    assert_eq!((same.count(), same.take(3)), (67, vec![4, 65, 4]));
    let short = In::default()
        .ulong(session)
        .ulong(public)
        .count(1)
        .ulong(ck::CKA_EC_POINT)
        .raw(&[0, 1])
        .count(10);
    assert_eq!(own.code(F::CGetAttributeValue, &short), Rv::BUFFERTOOSMALL);
    let bits = In::default().number(ck::CKA_MODULUS_BITS, 2048);
    let (public, _) = own.pair(session, ck::CKM_RSA_PKCS_KEY_PAIR_GEN, &bits);
    let ask = In::default()
        .ulong(session)
        .ulong(public)
        .count(2)
        .ask(ck::CKA_MODULUS)
        .ask(ck::CKA_PUBLIC_EXPONENT);
    let mut told = own.call(F::CGetAttributeValue, &ask).unwrap();
    told.take(4 + 8 + 2);
    assert_eq!(told.count(), 256);
    told.take(256 + 8 + 2);
    assert_eq!(told.count(), 3);
    assert_eq!(told.take(3), [1, 0, 1]);
}

#[test]
fn objects_made_by_others_are_found_by_their_identifiers() {
    let mut fixture = Fixture::new();
    let id = fixture.aes_key([]);
    let bytes = uuid_bytes(&id);
    let mut own = Application::of(fixture);
    let session = own.open();
    let find = In::default()
        .ulong(session)
        .count(1)
        .array(ck::CKA_ID, &bytes);
    own.call(F::CFindObjectsInit, &find).unwrap();
    let next = In::default().ulong(session).count(10);
    assert_eq!(own.call(F::CFindObjects, &next).unwrap().count(), 1);
}

/// By what an index leads to, and by nothing less: a label that was given, a name that stands for one, an identifier, and
/// that of a private key, which its public half has too.
#[test]
fn labels_and_identifiers_lead_to_what_has_them() {
    let mut fixture = Fixture::new();
    let named = fixture.aes_key([Attribute::Name(Name::text("the key"))]);
    let mut own = Application::of(fixture);
    let session = own.open();
    let labelled = own.aes_key(session);
    let other = In::default()
        .ulong(session)
        .mechanism(ck::CKM_AES_KEY_GEN, None)
        .count(3)
        .number(ck::CKA_VALUE_LEN, 32)
        .array(ck::CKA_LABEL, b"another")
        .array(ck::CKA_ID, b"mine");
    let other = own.call(F::CGenerateKey, &other).unwrap().ulong();
    let curve = In::default().array(ck::CKA_EC_PARAMS, P256);
    let (public, private) = own.pair(session, ck::CKM_EC_KEY_PAIR_GEN, &curve);
    let by_bytes = |kind, value: &[u8]| In::default().array(kind, value);

    let mut by_label = found(&mut own, session, 1, &by_bytes(ck::CKA_LABEL, b"the key"));
    let by_id = by_bytes(ck::CKA_ID, &uuid_bytes(&named));
    let by_id = found(&mut own, session, 1, &by_id);
    by_label.retain(|handle| *handle != labelled);
    assert_eq!((by_id.len(), &by_label), (1, &by_id));
    for (kind, value) in [(ck::CKA_LABEL, &b"another"[..]), (ck::CKA_ID, b"mine")] {
        assert_eq!(found(&mut own, session, 1, &by_bytes(kind, value)), [other]);
        let secret = by_bytes(kind, value).number(ck::CKA_CLASS, ck::CKO_SECRET_KEY);
        assert_eq!(found(&mut own, session, 2, &secret), [other]);
        let public = by_bytes(kind, value).number(ck::CKA_CLASS, ck::CKO_PUBLIC_KEY);
        assert!(found(&mut own, session, 2, &public).is_empty());
    }
    let id = own.told(private, ck::CKA_ID).unwrap();
    let mut halves = found(&mut own, session, 1, &by_bytes(ck::CKA_ID, &id));
    halves.sort_unstable();
    let mut pair = [public, private];
    pair.sort_unstable();
    assert_eq!(halves, pair);
    // An empty label is that of whatever has none.
    let empty = found(&mut own, session, 1, &by_bytes(ck::CKA_LABEL, b""));
    assert_eq!(empty.len(), 2);
    let unknown = by_bytes(ck::CKA_LABEL, b"?").number(ck::CKA_CLASS, ck::CKO_VENDOR_DEFINED);
    assert!(found(&mut own, session, 2, &unknown).is_empty());
}

fn uuid_bytes(id: &str) -> Vec<u8> {
    let digits: String = id.chars().filter(|letter| *letter != '-').collect();
    hex::decode(digits).unwrap()
}

/// Objects that tell what is served: found by their class or their own attribute, told, and changed by nobody.
#[test]
fn profiles_and_mechanisms_are_objects_of_the_token() {
    let mut own = Application::new();
    let session = own.open();
    let key = own.aes_key(session);
    let of_class = |class| In::default().number(ck::CKA_CLASS, class);
    let profiles = found(&mut own, session, 1, &of_class(ck::CKO_PROFILE));
    let kinds: Vec<_> = profiles
        .iter()
        .map(|profile| told(&mut own, session, *profile, ck::CKA_PROFILE_ID))
        .collect();
    assert_eq!(
        kinds,
        [
            ck::CKP_BASELINE_PROVIDER,
            ck::CKP_EXTENDED_PROVIDER,
            ck::CKP_AUTHENTICATION_TOKEN
        ]
    );
    let by_id = In::default().number(ck::CKA_PROFILE_ID, ck::CKP_EXTENDED_PROVIDER);
    assert_eq!(found(&mut own, session, 1, &by_id), [profiles[1]]);
    let session_only = of_class(ck::CKO_PROFILE).flag(ck::CKA_TOKEN, false);
    assert_eq!(
        found(&mut own, session, 2, &session_only),
        Vec::<ck::CK_ULONG>::new()
    );
    assert_eq!(found(&mut own, session, 0, &In::default()), [key]);

    let list = In::default().ulong(0).room(Some(1000));
    let mut list = own.call(F::CGetMechanismList, &list).unwrap();
    assert_eq!(list.take(1), [1]);
    let listed: Vec<_> = (0..list.count()).map(|_| list.ulong()).collect();
    let mechanisms = found(&mut own, session, 1, &of_class(ck::CKO_MECHANISM));
    let kinds: Vec<_> = mechanisms
        .iter()
        .map(|own_mechanism| told(&mut own, session, *own_mechanism, ck::CKA_MECHANISM_TYPE))
        .collect();
    assert_eq!(kinds, listed);

    let profile = In::default().ulong(session).ulong(profiles[0]);
    let label = In::default().array(ck::CKA_LABEL, b"mine");
    for (function, input) in [
        (F::CDestroyObject, profile.clone()),
        (
            F::CSetAttributeValue,
            profile.clone().count(1).raw(&label.0),
        ),
        (F::CCopyObject, profile.count(1).raw(&label.0)),
    ] {
        assert_eq!(own.code(function, &input), Rv::ACTIONPROHIBITED);
    }
    let mechanism = (ck::CKM_SHA256_HMAC, None);
    let signs = own.init(F::CSignInit, session, mechanism, profiles[0]);
    assert_eq!(signs, Rv::KEYHANDLEINVALID);
}

/// The objects that a template finds.
fn found(
    own: &mut Application,
    session: ck::CK_ULONG,
    count: usize,
    template: &In,
) -> Vec<ck::CK_ULONG> {
    let find = In::default().ulong(session).count(count).raw(&template.0);
    own.call(F::CFindObjectsInit, &find).unwrap();
    let next = In::default().ulong(session).count(1000);
    let mut found = own.call(F::CFindObjects, &next).unwrap();
    own.call(F::CFindObjectsFinal, &In::default().ulong(session))
        .unwrap();
    (0..found.count()).map(|_| found.ulong()).collect()
}

/// An attribute that is a number.
fn told(
    own: &mut Application,
    session: ck::CK_ULONG,
    object: ck::CK_ULONG,
    kind: ck::CK_ULONG,
) -> ck::CK_ULONG {
    let ask = In::default()
        .ulong(session)
        .ulong(object)
        .count(1)
        .ask(kind);
    let mut told = own.call(F::CGetAttributeValue, &ask).unwrap();
    assert_eq!((told.count(), told.ulong()), (1, kind));
    told.take(2);
    told.ulong()
}
