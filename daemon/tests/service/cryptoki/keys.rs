//! Keys that are brought, copied, changed, derived, wrapped and unwrapped, and the attacks on them.

use cryptoki_sys as ck;
use kmip::{PKCS11Function as F, PKCS11ReturnCode as Rv};

use super::{Application, In, P256};

type Handle = ck::CK_ULONG;

/// How many entries a template has, and what they are.
pub(super) type Template = (usize, In);

impl Application {
    /// A key of so many bytes with these flags.
    pub(super) fn made(&mut self, mechanism: Handle, bytes: Handle, flags: &[Handle]) -> Handle {
        let session = self.open();
        let mut input = In::default()
            .ulong(session)
            .mechanism(mechanism, None)
            .count(1 + flags.len())
            .number(ck::CKA_VALUE_LEN, bytes);
        for flag in flags {
            input = input.flag(*flag, true);
        }
        self.call(F::CGenerateKey, &input).unwrap().ulong()
    }

    pub(super) fn brought(&mut self, value: &[u8], flags: &[Handle]) -> Handle {
        let session = self.open();
        let mut input = In::default()
            .ulong(session)
            .count(3 + flags.len())
            .number(ck::CKA_CLASS, ck::CKO_SECRET_KEY)
            .number(ck::CKA_KEY_TYPE, ck::CKK_AES)
            .array(ck::CKA_VALUE, value);
        for flag in flags {
            input = input.flag(*flag, true);
        }
        self.call(F::CCreateObject, &input).unwrap().ulong()
    }

    fn wrap(&mut self, mechanism: Handle, by: Handle, of: Handle) -> Result<Vec<u8>, Rv> {
        let session = self.open();
        let input = In::default()
            .ulong(session)
            .mechanism(mechanism, None)
            .ulong(by)
            .ulong(of)
            .room(Some(4096));
        Ok(self.call(F::CWrapKey, &input)?.buffer().0.unwrap())
    }

    fn unwrap(&mut self, by: Handle, wrapped: &[u8], template: &Template) -> Result<Handle, Rv> {
        let session = self.open();
        let input = In::default()
            .ulong(session)
            .mechanism(ck::CKM_AES_KEY_WRAP, None)
            .ulong(by)
            .bytes(wrapped)
            .count(template.0)
            .raw(&template.1.0);
        Ok(self.call(F::CUnwrapKey, &input)?.ulong())
    }

    pub(super) fn derive(
        &mut self,
        mechanism: (Handle, &[u8]),
        base: Handle,
        template: &Template,
    ) -> Result<Handle, Rv> {
        let session = self.open();
        let input = In::default()
            .ulong(session)
            .mechanism(mechanism.0, Some(mechanism.1))
            .ulong(base)
            .count(template.0)
            .raw(&template.1.0);
        Ok(self.call(F::CDeriveKey, &input)?.ulong())
    }

    /// The value of an attribute that is an array.
    pub(super) fn told(&mut self, object: Handle, kind: Handle) -> Result<Vec<u8>, Rv> {
        let mut output = self.asked(object, kind)?;
        let count = output.count();
        Ok(output.take(count))
    }

    /// What follows the attribute and its two marks.
    fn asked(&mut self, object: Handle, kind: Handle) -> Result<super::Out, Rv> {
        let session = self.open();
        let input = In::default()
            .ulong(session)
            .ulong(object)
            .count(1)
            .ask(kind);
        let mut output = self.call(F::CGetAttributeValue, &input)?;
        assert_eq!((output.count(), output.ulong()), (1, kind));
        output.take(2);
        Ok(output)
    }

    fn set(&mut self, object: Handle, entry: &In) -> Rv {
        let session = self.open();
        let input = In::default()
            .ulong(session)
            .ulong(object)
            .count(1)
            .raw(&entry.0);
        self.code(F::CSetAttributeValue, &input)
    }

    fn encrypted(&mut self, key: Handle) -> Vec<u8> {
        let session = self.open();
        let mechanism = (ck::CKM_AES_ECB, None);
        assert_eq!(self.init(F::CEncryptInit, session, mechanism, key), Rv::OK);
        self.whole(F::CEncrypt, session, &[7; 16]).unwrap()
    }
}

fn aes() -> In {
    In::default().number(ck::CKA_KEY_TYPE, ck::CKK_AES)
}

const WRAPS: [Handle; 2] = [ck::CKA_WRAP, ck::CKA_UNWRAP];

#[test]
fn a_key_leaves_under_another_and_comes_back() {
    let mut own = Application::new();
    let by = own.made(ck::CKM_AES_KEY_GEN, 32, &WRAPS);
    let flags = [ck::CKA_EXTRACTABLE, ck::CKA_ENCRYPT];
    let of = own.made(ck::CKM_AES_KEY_GEN, 16, &flags);
    let wrapped = own.wrap(ck::CKM_AES_KEY_WRAP, by, of).unwrap();
    assert_eq!(wrapped.len(), 24);
    assert_eq!(own.last_event().0, "Get");
    let back = own.unwrap(by, &wrapped, &(1, aes())).unwrap();
    assert_eq!(own.last_event().0, "Register");
    assert_eq!(own.encrypted(of), own.encrypted(back));
    // It was outside, and says so.
    let mut always = own.asked(back, ck::CKA_ALWAYS_SENSITIVE).unwrap();
    assert_eq!(always.take(1), [0]);
    let mut wrong = wrapped;
    wrong[3] ^= 1;
    assert_eq!(
        own.unwrap(by, &wrong, &(1, aes())),
        Err(Rv::WRAPPEDKEYINVALID)
    );
}

#[test]
fn what_would_show_a_sensitive_key_is_refused() {
    let mut own = Application::new();
    let kw = ck::CKM_AES_KEY_WRAP;
    let by = own.made(ck::CKM_AES_KEY_GEN, 32, &WRAPS);
    let of = own.made(ck::CKM_AES_KEY_GEN, 32, &[ck::CKA_EXTRACTABLE]);
    // A key that is not extractable leaves under nothing.
    let locked = own.made(ck::CKM_AES_KEY_GEN, 32, &[]);
    assert_eq!(own.wrap(kw, by, locked), Err(Rv::KEYUNEXTRACTABLE));
    // Not under a key that somebody knows, nor one that also decrypts, nor a shorter one.
    let known = own.brought(&[5; 32], &WRAPS);
    assert_eq!(own.wrap(kw, known, of), Err(Rv::KEYNOTWRAPPABLE));
    let flags = [ck::CKA_WRAP, ck::CKA_DECRYPT];
    let reads = own.made(ck::CKM_AES_KEY_GEN, 32, &flags);
    assert!(own.wrap(kw, reads, of).is_err());
    let short = own.made(ck::CKM_AES_KEY_GEN, 16, &WRAPS);
    assert_eq!(own.wrap(kw, short, of), Err(Rv::WRAPPINGKEYSIZERANGE));
    // Not by a key that is for something else, nor by a mechanism that does not authenticate.
    let other = own.made(ck::CKM_AES_KEY_GEN, 32, &[ck::CKA_ENCRYPT]);
    assert_eq!(own.wrap(kw, other, of), Err(Rv::KEYFUNCTIONNOTPERMITTED));
    let refused = own.wrap(ck::CKM_AES_ECB, by, of);
    assert_eq!(refused, Err(Rv::MECHANISMINVALID));
    // A key that wants trust gets it only from the security officer.
    let wants = [ck::CKA_EXTRACTABLE, ck::CKA_WRAP_WITH_TRUSTED];
    let careful = own.made(ck::CKM_AES_KEY_GEN, 32, &wants);
    assert_eq!(own.wrap(kw, by, careful), Err(Rv::KEYNOTWRAPPABLE));
    let trusted = In::default().flag(ck::CKA_TRUSTED, true);
    assert_eq!(own.set(by, &trusted), Rv::ATTRIBUTEREADONLY);
    // And none comes back less protected than it left.
    let wrapped = own.wrap(kw, by, of).unwrap();
    let open = (2, aes().flag(ck::CKA_SENSITIVE, false));
    let refused = own.unwrap(by, &wrapped, &open);
    assert_eq!(refused, Err(Rv::TEMPLATEINCONSISTENT));
}

#[test]
fn protection_goes_one_way() {
    let mut own = Application::new();
    let session = own.open();
    let key = own.aes_key(session);
    for (kind, value) in [
        (ck::CKA_SENSITIVE, false),
        (ck::CKA_EXTRACTABLE, true),
        (ck::CKA_DECRYPT, false),
    ] {
        let entry = In::default().flag(kind, value);
        assert_eq!(own.set(key, &entry), Rv::ATTRIBUTEREADONLY);
    }
    let label = In::default().array(ck::CKA_LABEL, b"another");
    assert_eq!(own.set(key, &label), Rv::OK);
    assert_eq!(own.told(key, ck::CKA_LABEL).unwrap(), b"another");
    assert_eq!(own.told(key, ck::CKA_VALUE), Err(Rv::ATTRIBUTESENSITIVE));
    let copy = In::default().ulong(session).ulong(key).count(0);
    assert_eq!(own.code(F::CCopyObject, &copy), Rv::ACTIONPROHIBITED);
    let size = In::default().ulong(session).ulong(key);
    let told = own.call(F::CGetObjectSize, &size).unwrap().ulong();
    assert_eq!(told, ck::CK_UNAVAILABLE_INFORMATION);
}

#[test]
fn what_may_be_told_is_brought_and_copied() {
    let mut own = Application::new();
    let session = own.open();
    let data = In::default()
        .ulong(session)
        .count(3)
        .number(ck::CKA_CLASS, ck::CKO_DATA)
        .array(ck::CKA_LABEL, b"note")
        .array(ck::CKA_VALUE, b"the data");
    let object = own.call(F::CCreateObject, &data).unwrap().ulong();
    let copy = In::default()
        .ulong(session)
        .ulong(object)
        .count(1)
        .array(ck::CKA_LABEL, b"copy");
    let copy = own.call(F::CCopyObject, &copy).unwrap().ulong();
    assert_ne!(object, copy);
    assert_eq!(own.told(copy, ck::CKA_VALUE).unwrap(), b"the data");
    assert_eq!(own.told(copy, ck::CKA_LABEL).unwrap(), b"copy");
    let nothing = In::default().ulong(session).count(0);
    let incomplete = own.code(F::CCreateObject, &nothing);
    assert_eq!(incomplete, Rv::TEMPLATEINCOMPLETE);
}

#[test]
fn keys_are_derived() {
    let mut own = Application::new();
    let base = own.made(ck::CKM_GENERIC_SECRET_KEY_GEN, 32, &[ck::CKA_DERIVE]);
    let counter = In::default()
        .ulong(ck::CKM_SHA256_HMAC)
        .count(2)
        .ulong(ck::CK_SP800_108_ITERATION_VARIABLE)
        .bytes(&In::default().byte(0).ulong(32).0)
        .ulong(ck::CK_SP800_108_BYTE_ARRAY)
        .bytes(b"label")
        .ulong(0);
    let template = || (2, aes().number(ck::CKA_VALUE_LEN, 32));
    let counter = (ck::CKM_SP800_108_COUNTER_KDF, counter.0.as_slice());
    let first = own.derive(counter, base, &template()).unwrap();
    assert_eq!(own.last_event().0, "DeriveKey");
    let second = own.derive(counter, base, &template()).unwrap();
    assert_eq!(own.encrypted(first), own.encrypted(second));
    let hkdf = In::default()
        .raw(&[1, 1])
        .ulong(ck::CKM_SHA256)
        .ulong(ck::CKF_HKDF_SALT_NULL)
        .bytes(b"")
        .ulong(0)
        .bytes(b"info");
    let hkdf = (ck::CKM_HKDF_DERIVE, hkdf.0.as_slice());
    let third = own.derive(hkdf, base, &template()).unwrap();
    assert_ne!(own.encrypted(first), own.encrypted(third));
    // A base that is shorter than the mechanisms say, and the shortest one.
    for (bytes, outcome) in [(13, Some(Rv::KEYSIZERANGE)), (14, None)] {
        let base = own.made(ck::CKM_GENERIC_SECRET_KEY_GEN, bytes, &[ck::CKA_DERIVE]);
        for mechanism in [counter, hkdf] {
            let derived = own.derive(mechanism, base, &template());
            assert_eq!(derived.err(), outcome, "{bytes}");
        }
    }
    // Nothing short, and nothing that may be read, comes of a sensitive key.
    let short = (1, In::default().number(ck::CKA_VALUE_LEN, 2));
    assert!(own.derive(hkdf, base, &short).is_err());
    let open = (3, template().1.flag(ck::CKA_SENSITIVE, false));
    let refused = own.derive(hkdf, base, &open);
    assert_eq!(refused, Err(Rv::TEMPLATEINCONSISTENT));
}

#[test]
fn both_sides_agree_on_one_secret() {
    let mut own = Application::new();
    let session = own.open();
    let curve = In::default().array(ck::CKA_EC_PARAMS, P256);
    let pairs = [(); 2].map(|()| own.pair(session, ck::CKM_EC_KEY_PAIR_GEN, &curve));
    let points = pairs.map(|(public, _)| own.told(public, ck::CKA_EC_POINT).unwrap());
    for kdf in [ck::CKD_NULL, ck::CKD_SHA256_KDF] {
        let mut encrypted = Vec::new();
        for ((_, private), point) in pairs.iter().zip(points.iter().rev()) {
            let parameter = In::default().ulong(kdf).bytes(b"").bytes(point).0;
            let ecdh = (ck::CKM_ECDH1_DERIVE, parameter.as_slice());
            let key = own.derive(ecdh, *private, &(1, aes())).unwrap();
            encrypted.push(own.encrypted(key));
        }
        assert_eq!(encrypted[0], encrypted[1], "{kdf}");
    }
    let point = In::default().ulong(ck::CKD_NULL).bytes(b"").bytes(&[4; 65]);
    let off = (ck::CKM_ECDH1_DERIVE, point.0.as_slice());
    assert!(own.derive(off, pairs[0].1, &(1, aes())).is_err());
}

#[test]
fn a_name_at_login_is_the_callers_own() {
    let mut own = Application::new();
    let session = own.open();
    let input = In::default()
        .ulong(session)
        .ulong(ck::CKU_USER)
        .bytes(b"1234")
        .bytes(b"somebody else");
    assert_eq!(own.code(F::CLoginUser, &input), Rv::PININCORRECT);
    let block = In::default().ulong(0);
    let refused = own.code(F::CWaitForSlotEvent, &block);
    assert_eq!(refused, Rv::FUNCTIONNOTSUPPORTED);
    let event = In::default().ulong(ck::CKF_DONT_BLOCK);
    assert_eq!(own.code(F::CWaitForSlotEvent, &event), Rv::NOEVENT);
}

#[test]
fn a_canceled_operation_has_ended() {
    let mut own = Application::new();
    let session = own.open();
    let key = own.aes_key(session);
    let mechanism = (ck::CKM_AES_ECB, None);
    assert_eq!(own.init(F::CEncryptInit, session, mechanism, key), Rv::OK);
    let cancel = In::default().ulong(session).ulong(ck::CKF_ENCRYPT);
    assert_eq!(own.code(F::CSessionCancel, &cancel), Rv::OK);
    assert_eq!(
        own.whole(F::CEncrypt, session, &[0; 16]).err(),
        Some(Rv::OPERATIONNOTINITIALIZED)
    );
}
