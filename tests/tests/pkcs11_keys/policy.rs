//! What keys do not do to keys: no sensitive one is read by way of another, in either profile of a vault.

use cryptoki::{
    error::RvError,
    mechanism::{
        Mechanism, MechanismType,
        aead::GcmParams,
        elliptic_curve::{EcKdf, Ecdh1DeriveParams},
        hkdf::{HkdfParams, HkdfSalt},
    },
    object::{Attribute, AttributeType, KeyType},
    session::Session,
};

use super::{alone, brought, generated, open, refused, secret, value};

const LEAVES: Attribute = Attribute::Extractable(true);

fn kek(session: &Session) -> cryptoki::object::ObjectHandle {
    generated(
        session,
        32,
        &[Attribute::Wrap(true), Attribute::Unwrap(true)],
    )
}

#[test]
fn a_sensitive_key_is_not_read_by_coming_back() {
    alone(
        "policy::a_sensitive_key_is_not_read_by_coming_back",
        &[],
        |session| {
            let by = kek(session);
            let hidden = generated(session, 32, &[LEAVES]);
            let wrapped = session
                .wrap_key(&Mechanism::AesKeyWrap, by, hidden)
                .unwrap();
            let back =
                |more: &[Attribute]| session.unwrap_key(&Mechanism::AesKeyWrap, by, &wrapped, more);
            assert_eq!(
                refused(back(&open(secret(KeyType::AES, None)))),
                RvError::TemplateInconsistent
            );
            // Nor as a key of another type.
            assert_eq!(
                refused(back(&open(secret(KeyType::GENERIC_SECRET, None)))),
                RvError::TemplateInconsistent
            );
            let back = back(&secret(KeyType::AES, None)).unwrap();
            assert!(
                session
                    .get_attributes(back, &[AttributeType::Value])
                    .unwrap()
                    .is_empty()
            );
        },
    );
}

/// Clulow's attack in two steps: a wrapping key leaves, and comes back as one that decrypts what it has wrapped.
#[test]
fn a_wrapping_key_does_not_come_back_for_another_use() {
    alone(
        "policy::a_wrapping_key_does_not_come_back_for_another_use",
        &[],
        |session| {
            let by = kek(session);
            let hidden = generated(session, 32, &[LEAVES]);
            let inner = generated(session, 32, &[Attribute::Wrap(true), LEAVES]);
            let blob = session.wrap_key(&Mechanism::AesKeyWrap, by, inner).unwrap();
            let mut decrypts = secret(KeyType::AES, None);
            decrypts.push(Attribute::Decrypt(true));
            session
                .unwrap_key(&Mechanism::AesKeyWrap, by, &blob, &decrypts)
                .unwrap();
            let wrapped = session.wrap_key(&Mechanism::AesKeyWrap, inner, hidden);
            assert_eq!(refused(wrapped), RvError::KeyNotWrappable);
            // Nor does it help to lock it afterwards: it may have left before.
            session
                .update_attributes(inner, &[Attribute::Extractable(false)])
                .unwrap();
            let wrapped = session.wrap_key(&Mechanism::AesKeyWrap, inner, hidden);
            assert_eq!(refused(wrapped), RvError::KeyNotWrappable);
            // What may be read it wraps as before.
            let open = generated(session, 32, &open(Vec::new()));
            session
                .wrap_key(&Mechanism::AesKeyWrap, inner, open)
                .unwrap();
        },
    );
}

#[test]
fn a_key_is_not_one_of_another_length_by_its_type() {
    alone(
        "policy::a_key_is_not_one_of_another_length_by_its_type",
        &[],
        |session| {
            let by = kek(session);
            let short = generated(session, 16, &[LEAVES]);
            let wrapped = session.wrap_key(&Mechanism::AesKeyWrap, by, short).unwrap();
            let back = session.unwrap_key(
                &Mechanism::AesKeyWrap,
                by,
                &wrapped,
                &secret(KeyType::DES3, None),
            );
            assert_eq!(refused(back), RvError::WrappedKeyInvalid);
        },
    );
}

#[test]
#[expect(clippy::too_many_lines, reason = "one sequence, told in its order")]
fn a_sensitive_key_leaves_under_no_key_that_somebody_knows_or_that_decrypts() {
    alone(
        "policy::a_sensitive_key_leaves_under_no_key_that_somebody_knows_or_that_decrypts",
        &[],
        |session| {
            let hidden = generated(session, 32, &[LEAVES]);
            let wrap = |by| session.wrap_key(&Mechanism::AesKeyWrap, by, hidden);
            // Brought from outside, so that whoever brought it knows it.
            let known = brought(session, KeyType::AES, &[5; 32], &[Attribute::Wrap(true)]);
            assert_eq!(refused(wrap(known)), RvError::KeyNotWrappable);
            // Unwrapped, so that whoever wrapped it knows it.
            let by = kek(session);
            let other = generated(session, 32, &[LEAVES]);
            let blob = session.wrap_key(&Mechanism::AesKeyWrap, by, other).unwrap();
            let mut template = secret(KeyType::AES, None);
            template.push(Attribute::Wrap(true));
            let unwrapped = session
                .unwrap_key(&Mechanism::AesKeyWrap, by, &blob, &template)
                .unwrap();
            assert_eq!(refused(wrap(unwrapped)), RvError::KeyNotWrappable);
            // Agreed on, so that the other side knows it.
            let oid = vec![6, 8, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 3, 1, 7];
            let (public, private) = session
                .generate_key_pair(
                    &Mechanism::EccKeyPairGen,
                    &[Attribute::EcParams(oid)],
                    &[Attribute::Derive(true)],
                )
                .unwrap();
            let point = session
                .get_attributes(public, &[AttributeType::EcPoint])
                .unwrap();
            let [Attribute::EcPoint(point)] = &point[..] else {
                panic!("{point:?} is no point");
            };
            let how = Ecdh1DeriveParams::new(EcKdf::null(), point);
            let mut template = secret(KeyType::AES, Some(32));
            template.push(Attribute::Wrap(true));
            let agreed = session
                .derive_key(&Mechanism::Ecdh1Derive(how), private, &template)
                .unwrap();
            assert_eq!(refused(wrap(agreed)), RvError::KeyNotWrappable);
            // It would show what it has wrapped.
            let decrypts = generated(
                session,
                32,
                &[Attribute::Wrap(true), Attribute::Decrypt(true)],
            );
            assert_eq!(refused(wrap(decrypts)), RvError::KeyNotWrappable);
            // A key stream undoes itself.
            let encrypts = generated(
                session,
                32,
                &[Attribute::Wrap(true), Attribute::Encrypt(true)],
            );
            let mut iv = [1; 12];
            let gcm = Mechanism::AesGcm(GcmParams::new(&mut iv, b"", 128.into()).unwrap());
            assert_eq!(
                refused(session.wrap_key(&gcm, encrypts, hidden)),
                RvError::KeyNotWrappable
            );
            // What a padding tells would tell the key.
            assert_eq!(
                refused(session.wrap_key(&Mechanism::AesCbcPad([0; 16]), by, hidden)),
                RvError::KeyNotWrappable
            );
        },
    );
}

#[test]
fn what_is_derived_is_kept_as_its_base() {
    alone(
        "policy::what_is_derived_is_kept_as_its_base",
        &[],
        |session| {
            let base = session
                .generate_key(
                    &Mechanism::GenericSecretKeyGen,
                    &[Attribute::ValueLen(32.into()), Attribute::Derive(true)],
                )
                .unwrap();
            let derive = |template: &[Attribute]| {
                let how = HkdfParams::new(
                    MechanismType::SHA256,
                    Some(HkdfSalt::Null),
                    Some(b"x".as_slice()),
                );
                session.derive_key(&Mechanism::HkdfDerive(how), base, template)
            };
            refused(derive(&open(secret(KeyType::AES, Some(32)))));
            let key = derive(&secret(KeyType::AES, Some(32))).unwrap();
            let asked = [
                AttributeType::Sensitive,
                AttributeType::Extractable,
                AttributeType::AlwaysSensitive,
                AttributeType::NeverExtractable,
                AttributeType::Local,
            ];
            assert_eq!(
                session.get_attributes(key, &asked).unwrap(),
                [
                    Attribute::Sensitive(true),
                    Attribute::Extractable(false),
                    Attribute::AlwaysSensitive(true),
                    Attribute::NeverExtractable(true),
                    Attribute::Local(false),
                ]
            );
        },
    );
}

/// As python-pkcs11's own suite wraps: a key for everything, and what may be read under it.
#[test]
fn a_key_for_everything_wraps_what_may_be_read() {
    alone(
        "policy::a_key_for_everything_wraps_what_may_be_read",
        &[],
        |session| {
            let by = generated(
                session,
                32,
                &[
                    Attribute::Encrypt(true),
                    Attribute::Decrypt(true),
                    Attribute::Wrap(true),
                    Attribute::Unwrap(true),
                ],
            );
            let key = generated(session, 16, &open(Vec::new()));
            let wrapped = session.wrap_key(&Mechanism::AesKeyWrap, by, key).unwrap();
            let back = session
                .unwrap_key(
                    &Mechanism::AesKeyWrap,
                    by,
                    &wrapped,
                    &open(secret(KeyType::AES, None)),
                )
                .unwrap();
            assert_eq!(value(session, key), value(session, back));
        },
    );
}

/// The copy is a further handle of what may be read, and yet leaves as what it says it is.
#[test]
fn a_copy_that_is_sensitive_leaves_as_a_sensitive_key_does() {
    alone(
        "policy::a_copy_that_is_sensitive_leaves_as_a_sensitive_key_does",
        &[],
        |session| {
            let shows = generated(
                session,
                32,
                &[Attribute::Decrypt(true), Attribute::Wrap(true)],
            );
            let hides = kek(session);
            let key = generated(session, 16, &open(Vec::new()));
            let hidden = [Attribute::Token(false), Attribute::Sensitive(true)];
            let copy = session.copy_object(key, &hidden).unwrap();
            let wrap = |by, key| session.wrap_key(&Mechanism::AesKeyWrap, by, key);
            assert_eq!(refused(wrap(shows, copy)), RvError::KeyNotWrappable);
            wrap(shows, key).unwrap();
            wrap(hides, copy).unwrap();
        },
    );
}
