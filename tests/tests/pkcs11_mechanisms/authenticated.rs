//! Keys wrapped with a tag of their own (`C_WrapKeyAuthenticated`): another implementation opens what comes out, and the
//! other way round.

use cryptoki_sys as ck;
use keyhold_tests::api::{Api, Attribute, Gcm, Mechanism, Ulong, flag, number};
use serde_json::json;

use crate::{keys::secret, on_module, oracle::Oracle, sample};

const TAG_BYTES: usize = 16;
const WITH: &[u8] = b"what is authenticated with it";

fn readable(key_type: Ulong) -> Vec<Attribute> {
    vec![
        number(ck::CKA_CLASS, ck::CKO_SECRET_KEY),
        number(ck::CKA_KEY_TYPE, key_type),
        flag(ck::CKA_SENSITIVE, false),
        flag(ck::CKA_EXTRACTABLE, true),
    ]
}

/// A wrapping key whose bytes are known, and a key of these bytes to wrap.
fn keys(api: &Api, session: Ulong, kek: &[u8], value: &[u8]) -> (Ulong, Ulong) {
    let uses = [ck::CKA_WRAP, ck::CKA_UNWRAP, ck::CKA_DECRYPT];
    let by = secret(api, session, ck::CKK_AES, kek, &uses).unwrap();
    let template = [
        &readable(ck::CKK_GENERIC_SECRET)[..],
        &[(ck::CKA_VALUE, value.to_vec())],
    ];
    let of = api.create(session, &template.concat()).unwrap();
    (by, of)
}

/// What another implementation makes of a key: what is wrapped, and the tag behind it.
fn elsewhere(oracle: &mut Oracle, kek: &[u8], nonce: &[u8], value: &[u8]) -> Vec<u8> {
    let how = json!({ "mode": "gcm", "tag": TAG_BYTES, "aad": hex::encode(WITH) });
    let own = json!({
        "key": hex::encode(kek),
        "iv": hex::encode(nonce),
        "data": hex::encode(value),
    });
    oracle.bytes("encrypt", &how, &own)
}

#[test]
fn keys_with_tags_are_those_of_another_implementation() {
    on_module(|api| {
        let session = api.ready();
        let mut oracle = Oracle::start();
        for (kek_bytes, bytes) in [(16, 16), (32, 16), (32, 32), (32, 100)] {
            let (kek, value) = (sample(kek_bytes), sample(bytes));
            let (by, of) = keys(api, session, &kek, &value);
            for mut gcm in [
                Gcm::given(&[9; 12]),
                Gcm::given(&[9; 16]),
                Gcm::made(ck::CKG_GENERATE),
                Gcm::made(ck::CKG_GENERATE_RANDOM),
            ] {
                // Asking for the length makes nothing.
                let before = gcm.clone();
                let asked = api.wrap_authenticated(session, &mut gcm, (by, of), WITH, None);
                assert_eq!((asked.rv(), asked.length), (Ok(()), bytes));
                let short =
                    api.wrap_authenticated(session, &mut gcm, (by, of), WITH, Some(bytes - 1));
                assert_eq!(short.rv(), Err(ck::CKR_BUFFER_TOO_SMALL));
                assert_eq!((short.length, &gcm), (bytes, &before));
                let room = Some(bytes + 1);
                let wrapped = api.wrap_authenticated(session, &mut gcm, (by, of), WITH, room);
                wrapped.rv().unwrap();
                let both = [&wrapped.bytes[..], &gcm.tag].concat();
                assert_eq!(both, elsewhere(&mut oracle, &kek, &gcm.nonce, &value));
                let template = readable(ck::CKK_GENERIC_SECRET);
                let back = api.unwrap_authenticated(
                    session,
                    &mut gcm,
                    by,
                    (&wrapped.bytes, WITH),
                    &template,
                );
                let told = api.get(session, back.unwrap(), ck::CKA_VALUE);
                assert_eq!(told.unwrap(), value);
            }
        }
    });
}

#[test]
fn nothing_comes_out_of_what_was_changed() {
    on_module(|api| {
        let session = api.ready();
        let mut oracle = Oracle::start();
        let (kek, value) = (sample(32), sample(32));
        let (by, _) = keys(api, session, &kek, &value);
        let both = elsewhere(&mut oracle, &kek, &[9; 12], &value);
        let (wrapped, tag) = both.split_at(value.len());
        let unwrap = |wrapped: &[u8], tag: &[u8], nonce: &[u8], with: &[u8]| {
            let mut gcm = Gcm {
                tag: tag.to_vec(),
                ..Gcm::given(nonce)
            };
            let template = readable(ck::CKK_AES);
            let key = api.unwrap_authenticated(session, &mut gcm, by, (wrapped, with), &template);
            key.map(drop)
        };
        let changed = |bytes: &[u8]| {
            let mut own = bytes.to_vec();
            own[3] ^= 1;
            own
        };
        assert_eq!(unwrap(wrapped, tag, &[9; 12], WITH), Ok(()));
        let invalid = Err(ck::CKR_WRAPPED_KEY_INVALID);
        assert_eq!(unwrap(&changed(wrapped), tag, &[9; 12], WITH), invalid);
        assert_eq!(unwrap(wrapped, &changed(tag), &[9; 12], WITH), invalid);
        assert_eq!(unwrap(wrapped, tag, &changed(&[9; 12]), WITH), invalid);
        assert_eq!(unwrap(wrapped, tag, &[9; 12], &changed(WITH)), invalid);
        assert_eq!(unwrap(&wrapped[1..], tag, &[9; 12], WITH), invalid);
        assert!(
            unwrap(wrapped, &tag[..8], &[9; 12], WITH).is_err(),
            "a short tag"
        );
        assert!(unwrap(b"", tag, &[9; 12], WITH).is_err());
    });
}

#[test]
fn what_does_not_fit_is_refused_before() {
    on_module(|api| {
        let session = api.ready();
        let (by, of) = keys(api, session, &sample(32), &sample(32));
        let wrap = |gcm: &mut Gcm, by, of| {
            let outcome = api.wrap_authenticated(session, gcm, (by, of), WITH, Some(64));
            outcome.rv()
        };
        let given = || Gcm::given(&[9; 12]);
        let bad = Err(ck::CKR_MECHANISM_PARAM_INVALID);
        // A counter has nothing to count here, and what is made is whole.
        assert_eq!(wrap(&mut Gcm::made(ck::CKG_GENERATE_COUNTER), by, of), bad);
        let mut part = Gcm {
            fixed_bits: 32,
            ..Gcm::made(ck::CKG_GENERATE)
        };
        assert_eq!(wrap(&mut part, by, of), bad);
        let mut long = Gcm {
            tag: vec![0; 17],
            ..given()
        };
        assert_eq!(wrap(&mut long, by, of), bad);
        assert_eq!(
            wrap(&mut given(), Ulong::MAX, of),
            Err(ck::CKR_WRAPPING_KEY_HANDLE_INVALID)
        );
        assert_eq!(
            wrap(&mut given(), by, Ulong::MAX),
            Err(ck::CKR_KEY_HANDLE_INVALID)
        );
        let makes = Mechanism::from(ck::CKM_AES_KEY_GEN);
        let locked = [number(ck::CKA_VALUE_LEN, 32)];
        let locked = api.generate(session, &makes, &locked).unwrap();
        assert_eq!(
            wrap(&mut given(), by, locked),
            Err(ck::CKR_KEY_UNEXTRACTABLE)
        );
        let other = secret(api, session, ck::CKK_AES, &sample(32), &[ck::CKA_ENCRYPT]).unwrap();
        assert_eq!(
            wrap(&mut given(), other, of),
            Err(ck::CKR_KEY_FUNCTION_NOT_PERMITTED)
        );
        // A key that somebody knows wraps nothing that is sensitive.
        let sensitive = [
            number(ck::CKA_VALUE_LEN, 32),
            flag(ck::CKA_EXTRACTABLE, true),
        ];
        let sensitive = api.generate(session, &makes, &sensitive).unwrap();
        assert_eq!(
            wrap(&mut given(), by, sensitive),
            Err(ck::CKR_KEY_NOT_WRAPPABLE)
        );
    });
}
