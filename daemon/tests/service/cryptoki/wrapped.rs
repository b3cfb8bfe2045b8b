//! Keys wrapped by mechanisms whose parameters say more: RSA with an AES key between, and GCM whose IV is made here.

use cryptoki_sys as ck;
use keyhold::pin;
use kmip::{
    ObjectType, PKCS11Function as F, PKCS11ReturnCode as Rv, Secret, State,
    attribute::{Attribute, SingleAttribute},
    client::outgoing,
    message::{Authentication, Credential, Password, RequestHeader, UsernameAndPassword},
    payload::{
        attribute::{AddAttribute, AddAttributeRequest},
        locate::{Locate, LocateRequest},
    },
};

use super::{Application, In, P256, keys::Template};
use crate::{fixture::read, trust::mark};

type Handle = ck::CK_ULONG;

/// An AES key of so many bits between, by OAEP with SHA-256.
fn between(bits: Handle) -> In {
    In::default()
        .ulong(bits)
        .byte(1)
        .ulong(ck::CKM_SHA256)
        .ulong(ck::CKG_MGF1_SHA256)
        .ulong(ck::CKZ_DATA_SPECIFIED)
        .bytes(b"")
}

/// GCM with an IV, how it is made, and a tag of 128 bits.
fn gcm(iv: &[u8], generator: Handle) -> In {
    In::default()
        .bytes(iv)
        .ulong(0)
        .ulong(generator)
        .bytes(b"additional")
        .ulong(128)
}

type Mechanism<'a> = (Handle, &'a In);

impl Application {
    fn wraps(
        &mut self,
        (kind, parameter): Mechanism<'_>,
        (by, of): (Handle, Handle),
        room: Option<usize>,
    ) -> Result<super::Out, Rv> {
        let session = self.open();
        let input = In::default()
            .ulong(session)
            .mechanism(kind, Some(&parameter.0))
            .ulong(by)
            .ulong(of)
            .room(room);
        self.call(F::CWrapKey, &input)
    }

    /// A wrapped key, and what stands behind it.
    fn wrapped(
        &mut self,
        mechanism: Mechanism<'_>,
        keys: (Handle, Handle),
    ) -> Result<(Vec<u8>, Vec<u8>), Rv> {
        let mut out = self.wraps(mechanism, keys, Some(4096))?;
        Ok((out.buffer().0.unwrap(), out.0))
    }

    fn unwraps(
        &mut self,
        (kind, parameter): Mechanism<'_>,
        by: Handle,
        wrapped: &[u8],
        template: &Template,
    ) -> Result<Handle, Rv> {
        let session = self.open();
        let input = In::default()
            .ulong(session)
            .mechanism(kind, Some(&parameter.0))
            .ulong(by)
            .bytes(wrapped)
            .count(template.0)
            .raw(&template.1.0);
        Ok(self.call(F::CUnwrapKey, &input)?.ulong())
    }

    /// An RSA pair that wraps and unwraps.
    fn wrapping_pair(&mut self) -> (Handle, Handle) {
        let session = self.open();
        let input = In::default()
            .ulong(session)
            .mechanism(ck::CKM_RSA_PKCS_KEY_PAIR_GEN, None)
            .count(2)
            .number(ck::CKA_MODULUS_BITS, 2048)
            .flag(ck::CKA_WRAP, true)
            .count(1)
            .flag(ck::CKA_UNWRAP, true);
        let mut made = self.call(F::CGenerateKeyPair, &input).unwrap();
        (made.ulong(), made.ulong())
    }

    /// An AES key that may leave, sensitive or not.
    fn leaving(&mut self, is_sensitive: bool) -> Handle {
        let session = self.open();
        let input = In::default()
            .ulong(session)
            .mechanism(ck::CKM_AES_KEY_GEN, None)
            .count(3)
            .number(ck::CKA_VALUE_LEN, 32)
            .flag(ck::CKA_EXTRACTABLE, true)
            .flag(ck::CKA_SENSITIVE, is_sensitive);
        self.call(F::CGenerateKey, &input).unwrap().ulong()
    }

    fn encrypts_alike(&mut self, keys: [Handle; 2]) -> bool {
        let [one, other] = keys.map(|key| {
            let session = self.open();
            let mechanism = (ck::CKM_AES_ECB, None);
            assert_eq!(self.init(F::CEncryptInit, session, mechanism, key), Rv::OK);
            self.whole(F::CEncrypt, session, &[7; 16]).unwrap()
        });
        one == other
    }

    /// How many secret keys of the vault are active.
    fn active_keys(&mut self) -> usize {
        let request = LocateRequest {
            attributes: crate::objects::list([
                Attribute::ObjectType(ObjectType::SymmetricKey),
                Attribute::State(State::Active),
            ]),
            ..LocateRequest::default()
        };
        let found = self.fixture.call::<Locate>(&request).unwrap();
        found.unique_identifier.len()
    }

    /// Lets the security officer trust a key, by KMIP.
    fn trust(&mut self, key: Handle) {
        let directory = self.fixture.service.directory();
        let mut vault = directory.vault("one").unwrap().as_ref().clone();
        vault.so_pin = pin::verifier(&Secret::from(&b"12345678"[..])).ok();
        directory.put_vault(&vault).unwrap();
        let officer = Credential::UsernameAndPassword(UsernameAndPassword {
            username: "so".to_owned(),
            password: Some(Password(Secret::from(&b"12345678"[..]))),
        });
        let header = RequestHeader {
            authentication: Some(Authentication {
                credential: vec![officer],
            }),
            ..self.fixture.header()
        };
        let id = String::from_utf8(self.told(key, ck::CKA_UNIQUE_ID).unwrap()).unwrap();
        let request = AddAttributeRequest {
            unique_identifier: Some(id.as_str().into()),
            new_attribute: SingleAttribute {
                index: None,
                attribute: mark("pkcs11-trusted", true),
            },
        };
        let version = self.fixture.version;
        let items = [outgoing::<AddAttribute>(&request, version)];
        let response = self.fixture.send(&header, &items);
        read::<AddAttribute>(&response.items[0], version).unwrap();
    }

    fn says(&mut self, key: Handle, kind: Handle) -> bool {
        let session = self.open();
        let input = In::default().ulong(session).ulong(key).count(1).ask(kind);
        let told = self.call(F::CGetAttributeValue, &input).unwrap();
        told.0.last() == Some(&1)
    }
}

fn aes() -> In {
    In::default().number(ck::CKA_KEY_TYPE, ck::CKK_AES)
}

#[test]
fn a_key_leaves_with_an_aes_key_between_and_comes_back() {
    let mut own = Application::new();
    let (public, private) = own.wrapping_pair();
    let of = own.leaving(false);
    for bits in [128, 192, 256] {
        let parameter = between(bits);
        let mechanism = (ck::CKM_RSA_AES_KEY_WRAP, &parameter);
        // Its length is told before anything is made.
        let events = own.fixture.trail.events.lock().unwrap().len();
        let mut asked = own.wraps(mechanism, (public, of), None).unwrap();
        assert_eq!(asked.buffer(), (None, 256 + 40));
        let short = own.wraps(mechanism, (public, of), Some(295)).err();
        assert_eq!(short, Some(Rv::BUFFERTOOSMALL));
        let more = own.fixture.trail.events.lock().unwrap().split_off(events);
        assert!(more.iter().all(|(operation, ..)| operation != "Get"));
        let (wrapped, rest) = own.wrapped(mechanism, (public, of)).unwrap();
        assert_eq!((wrapped.len(), rest.len()), (296, 0));
        let (operation, object, _) = own.last_event();
        let id = own.told(of, ck::CKA_UNIQUE_ID).unwrap();
        assert_eq!(
            (operation.as_str(), object),
            ("Get", String::from_utf8(id).ok())
        );
        let back = own
            .unwraps(mechanism, private, &wrapped, &(1, aes()))
            .unwrap();
        let (operation, object, _) = own.last_event();
        let id = own.told(back, ck::CKA_UNIQUE_ID).unwrap();
        assert_eq!(
            (operation.as_str(), object),
            ("Register", String::from_utf8(id).ok())
        );
        assert!(own.encrypts_alike([of, back]));
    }
    // The keys between are gone.
    assert_eq!(own.active_keys(), 4);
}

#[test]
fn private_keys_of_any_length_leave_so() {
    let mut own = Application::new();
    let (public, private) = own.wrapping_pair();
    let session = own.open();
    let generate = In::default()
        .ulong(session)
        .mechanism(ck::CKM_EC_KEY_PAIR_GEN, None)
        .count(1)
        .array(ck::CKA_EC_PARAMS, P256)
        .count(2)
        .flag(ck::CKA_EXTRACTABLE, true)
        .flag(ck::CKA_SENSITIVE, false);
    let mut made = own.call(F::CGenerateKeyPair, &generate).unwrap();
    let (verifies, signs) = (made.ulong(), made.ulong());
    let parameter = between(256);
    let mechanism = (ck::CKM_RSA_AES_KEY_WRAP, &parameter);
    let mut asked = own.wraps(mechanism, (public, signs), None).unwrap();
    let (wrapped, _) = own.wrapped(mechanism, (public, signs)).unwrap();
    assert_eq!(asked.buffer(), (None, wrapped.len()));
    let template = In::default()
        .number(ck::CKA_CLASS, ck::CKO_PRIVATE_KEY)
        .number(ck::CKA_KEY_TYPE, ck::CKK_EC);
    let back = own
        .unwraps(mechanism, private, &wrapped, &(2, template))
        .unwrap();
    let ecdsa = (ck::CKM_ECDSA, None);
    assert_eq!(own.init(F::CSignInit, session, ecdsa, back), Rv::OK);
    let signature = own.whole(F::CSign, session, &[7; 32]).unwrap();
    assert_eq!(own.init(F::CVerifyInit, session, ecdsa, verifies), Rv::OK);
    assert_eq!(own.verify(session, &[7; 32], &signature), Rv::OK);
    assert_eq!(own.active_keys(), 0);
}

#[test]
fn a_call_that_fails_leaves_no_key_between_behind() {
    let mut own = Application::new();
    let (public, private) = own.wrapping_pair();
    let of = own.leaving(false);
    let parameter = between(256);
    let mechanism = (ck::CKM_RSA_AES_KEY_WRAP, &parameter);
    let (wrapped, _) = own.wrapped(mechanism, (public, of)).unwrap();
    let before = own.active_keys();
    let open = (2, aes().flag(ck::CKA_SENSITIVE, false));
    let refused = own.unwraps(mechanism, private, &wrapped, &open);
    assert_eq!(refused, Err(Rv::TEMPLATEINCONSISTENT));
    let mut inner = wrapped.clone();
    *inner.last_mut().unwrap() ^= 1;
    let mut front = wrapped.clone();
    front[100] ^= 1;
    for (bytes, code) in [
        (&inner[..], Rv::WRAPPEDKEYINVALID),
        (&front[..], Rv::WRAPPEDKEYINVALID),
        (&wrapped[..100], Rv::WRAPPEDKEYLENRANGE),
        (&wrapped[..291], Rv::WRAPPEDKEYLENRANGE),
    ] {
        let refused = own.unwraps(mechanism, private, bytes, &(1, aes()));
        assert_eq!(refused, Err(code));
    }
    assert_eq!(own.active_keys(), before);
    for garbled in [
        between(100),
        In::default().ulong(256).byte(0),
        In::default(),
        between(256).byte(0),
    ] {
        let mechanism = (ck::CKM_RSA_AES_KEY_WRAP, &garbled);
        let refused = own.wrapped(mechanism, (public, of)).err();
        assert_eq!(refused, Some(Rv::MECHANISMPARAMINVALID));
    }
}

#[test]
fn a_sensitive_key_leaves_with_a_key_between_under_a_trusted_one_alone() {
    let mut own = Application::new();
    let (public, private) = own.wrapping_pair();
    let of = own.leaving(true);
    let parameter = between(256);
    let mechanism = (ck::CKM_RSA_AES_KEY_WRAP, &parameter);
    let refused = own.wrapped(mechanism, (public, of)).err();
    assert_eq!(refused, Some(Rv::KEYNOTWRAPPABLE));
    own.trust(public);
    let (wrapped, _) = own.wrapped(mechanism, (public, of)).unwrap();
    // What comes back leaves no more freely than it came.
    let free = (2, aes().flag(ck::CKA_WRAP_WITH_TRUSTED, false));
    let refused = own.unwraps(mechanism, private, &wrapped, &free);
    assert!(refused.is_err());
    let back = own
        .unwraps(mechanism, private, &wrapped, &(1, aes()))
        .unwrap();
    assert!(own.says(back, ck::CKA_WRAP_WITH_TRUSTED));
    assert!(own.encrypts_alike([of, back]));
    assert_eq!(own.active_keys(), 2);
}

#[test]
fn the_iv_of_gcm_is_made_here_and_told() {
    let mut own = Application::new();
    let flags = [ck::CKA_WRAP, ck::CKA_UNWRAP];
    let by = own.made(ck::CKM_AES_KEY_GEN, 32, &flags);
    let of = own.leaving(true);
    let made = gcm(&[0; 12], ck::CKG_GENERATE);
    let mechanism = (ck::CKM_AES_GCM, &made);
    let mut asked = own.wraps(mechanism, (by, of), None).unwrap();
    assert_eq!(asked.buffer(), (None, 48));
    assert!(asked.0.is_empty());
    let mut ivs = Vec::new();
    for _ in 0..2 {
        let (wrapped, rest) = own.wrapped(mechanism, (by, of)).unwrap();
        assert_eq!((wrapped.len(), &rest[..4]), (48, &[0, 0, 0, 12][..]));
        let iv = rest[4..].to_vec();
        let given = gcm(&iv, ck::CKG_NO_GENERATE);
        let back = own
            .unwraps((ck::CKM_AES_GCM, &given), by, &wrapped, &(1, aes()))
            .unwrap();
        assert!(own.encrypts_alike([of, back]));
        // What generates takes the IV as well where it is there already.
        let told = gcm(&iv, ck::CKG_GENERATE_RANDOM);
        own.unwraps((ck::CKM_AES_GCM, &told), by, &wrapped, &(1, aes()))
            .unwrap();
        let wrong = gcm(&[9; 12], ck::CKG_NO_GENERATE);
        let refused = own.unwraps((ck::CKM_AES_GCM, &wrong), by, &wrapped, &(1, aes()));
        assert_eq!(refused, Err(Rv::WRAPPEDKEYINVALID));
        ivs.push(iv);
    }
    assert_ne!(ivs[0], ivs[1]);
    // Nobody chooses the IV of a key that keeps sensitive ones.
    let chosen = gcm(&[7; 12], ck::CKG_NO_GENERATE);
    assert!(own.wrapped((ck::CKM_AES_GCM, &chosen), (by, of)).is_err());
    for garbled in [
        gcm(&[0; 8], ck::CKG_GENERATE),
        gcm(&[0; 12], ck::CKG_GENERATE_COUNTER),
    ] {
        let refused = own.wrapped((ck::CKM_AES_GCM, &garbled), (by, of)).err();
        assert_eq!(refused, Some(Rv::MECHANISMPARAMINVALID));
    }
}
