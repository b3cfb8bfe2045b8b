//! PKCS #11 over KMIP: applications, sessions, logins, objects, and the cryptography, by the encoding of the profile.

use cryptoki_sys as ck;
use keyhold::{cryptoki, service::Limits};
use kmip::{
    PKCS11Function as F, PKCS11ReturnCode as Rv, ResultReason, Secret, V2_0, V2_1,
    payload::pkcs11::{PKCS11, PKCS11Request, PKCS11Response},
    ttlv::{Bytes, Timestamp},
};

use crate::fixture::{Fixture, NOON};

/// Arguments as a client encodes them.
#[derive(Clone, Default)]
struct In(Vec<u8>);

impl In {
    fn raw(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    fn byte(self, byte: u8) -> Self {
        self.raw(&[byte])
    }

    fn ulong(self, number: ck::CK_ULONG) -> Self {
        self.raw(&number.to_be_bytes())
    }

    fn count(self, count: usize) -> Self {
        self.raw(&u32::try_from(count).unwrap().to_be_bytes())
    }

    fn bytes(self, bytes: &[u8]) -> Self {
        self.count(bytes.len()).raw(bytes)
    }

    /// A buffer of so many bytes, or none.
    fn room(self, length: Option<usize>) -> Self {
        self.byte(u8::from(length.is_some()))
            .count(length.unwrap_or(0))
    }

    fn mechanism(self, kind: ck::CK_ULONG, parameter: Option<&[u8]>) -> Self {
        let own = self.ulong(kind).byte(u8::from(parameter.is_some()));
        match parameter {
            Some(parameter) => own.bytes(parameter),
            None => own,
        }
    }

    fn number(self, kind: ck::CK_ULONG, value: ck::CK_ULONG) -> Self {
        self.ulong(kind).raw(&[1, 1]).ulong(value)
    }

    fn flag(self, kind: ck::CK_ULONG, value: bool) -> Self {
        self.ulong(kind).raw(&[1, 1, u8::from(value)])
    }

    fn array(self, kind: ck::CK_ULONG, value: &[u8]) -> Self {
        self.ulong(kind).raw(&[1, 1]).bytes(value)
    }

    /// An attribute that is asked for.
    fn ask(self, kind: ck::CK_ULONG) -> Self {
        self.ulong(kind).raw(&[0, 0])
    }
}

/// What came out, read one after the other.
struct Out(Vec<u8>);

impl Out {
    fn take(&mut self, count: usize) -> Vec<u8> {
        self.0.drain(..count).collect()
    }

    fn ulong(&mut self) -> ck::CK_ULONG {
        ck::CK_ULONG::from_be_bytes(self.take(8).try_into().unwrap())
    }

    fn count(&mut self) -> usize {
        usize::try_from(u32::from_be_bytes(self.take(4).try_into().unwrap())).unwrap()
    }

    /// What is in the buffer, and how long it should be.
    fn buffer(&mut self) -> (Option<Vec<u8>>, usize) {
        let is_there = self.take(1) == [1];
        let length = self.count();
        (is_there.then(|| self.take(length)), length)
    }
}

/// An application at a service.
struct Application {
    fixture: Fixture,
    mark: Option<Bytes>,
}

impl Application {
    fn new() -> Self {
        Self::of(Fixture::new())
    }

    fn of(fixture: Fixture) -> Self {
        let mut own = Self {
            fixture,
            mark: None,
        };
        let response = own.respond(F::CInitialize, &In::default().byte(1)).unwrap();
        assert_eq!(response.pkcs11_return_code, Rv::OK);
        own.mark = Some(response.correlation_value.unwrap());
        own
    }

    fn respond(&mut self, function: F, input: &In) -> Result<PKCS11Response, ResultReason> {
        let request = PKCS11Request {
            pkcs11_interface: None,
            pkcs11_function: function,
            correlation_value: self.mark.clone(),
            pkcs11_input_parameters: (!input.0.is_empty()).then(|| Secret::new(input.0.clone())),
        };
        let response = self.fixture.call::<PKCS11>(&request)?;
        assert_eq!(response.pkcs11_function, function);
        Ok(response)
    }

    fn call(&mut self, function: F, input: &In) -> Result<Out, Rv> {
        let response = self.respond(function, input).unwrap();
        let output = response.pkcs11_output_parameters.unwrap_or_default();
        match response.pkcs11_return_code {
            Rv::OK => Ok(Out(output.expose().to_vec())),
            code => Err(code),
        }
    }

    fn code(&mut self, function: F, input: &In) -> Rv {
        self.call(function, input).err().unwrap_or(Rv::OK)
    }

    fn open(&mut self) -> ck::CK_ULONG {
        let flags = ck::CKF_SERIAL_SESSION | ck::CKF_RW_SESSION;
        let input = In::default().ulong(0).ulong(flags);
        self.call(F::COpenSession, &input).unwrap().ulong()
    }

    fn aes_key(&mut self, session: ck::CK_ULONG) -> ck::CK_ULONG {
        let input = In::default()
            .ulong(session)
            .mechanism(ck::CKM_AES_KEY_GEN, None)
            .count(2)
            .number(ck::CKA_VALUE_LEN, 32)
            .array(ck::CKA_LABEL, b"the key");
        self.call(F::CGenerateKey, &input).unwrap().ulong()
    }

    /// A pair of keys: the public and the private one.
    fn pair(
        &mut self,
        session: ck::CK_ULONG,
        mechanism: ck::CK_ULONG,
        public: &In,
    ) -> (ck::CK_ULONG, ck::CK_ULONG) {
        let input = In::default()
            .ulong(session)
            .mechanism(mechanism, None)
            .count(1)
            .raw(&public.0)
            .count(0);
        let mut output = self.call(F::CGenerateKeyPair, &input).unwrap();
        (output.ulong(), output.ulong())
    }

    fn init(
        &mut self,
        function: F,
        session: ck::CK_ULONG,
        mechanism: (ck::CK_ULONG, Option<&[u8]>),
        key: ck::CK_ULONG,
    ) -> Rv {
        let input = In::default()
            .ulong(session)
            .mechanism(mechanism.0, mechanism.1)
            .ulong(key);
        self.code(function, &input)
    }

    /// `C_Sign` and its like with room enough.
    fn whole(&mut self, function: F, session: ck::CK_ULONG, data: &[u8]) -> Result<Vec<u8>, Rv> {
        let input = In::default().ulong(session).bytes(data).room(Some(4096));
        Ok(self.call(function, &input)?.buffer().0.unwrap())
    }

    fn verify(&mut self, session: ck::CK_ULONG, data: &[u8], signature: &[u8]) -> Rv {
        let input = In::default().ulong(session).bytes(data).bytes(signature);
        self.code(F::CVerify, &input)
    }

    fn last_event(&self) -> (String, Option<String>, &'static str) {
        let events = self.fixture.trail.events.lock().unwrap();
        events.last().unwrap().clone()
    }
}

/// The handles of a public and a private key.
type Pair = (ck::CK_ULONG, ck::CK_ULONG);

/// A mechanism, its parameter, the data, and what else a test needs.
type Case<'a, T> = (ck::CK_ULONG, Option<&'a [u8]>, &'a [u8], T);

const P256: &[u8] = &[6, 8, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 3, 1, 7];

#[test]
fn an_application_begins_tells_of_itself_and_ends() {
    let mut own = Application::new();
    let mut info = own.call(F::CGetInfo, &In::default()).unwrap();
    assert_eq!(info.0.len(), 76, "as long as in the profile's own case");
    assert_eq!(info.take(2), [2, 40]);
    assert_eq!(own.code(F::CFinalize, &In::default()), Rv::OK);
    for function in [F::CGetInfo, F::CFinalize, F::CGetSlotList] {
        assert_eq!(
            own.code(function, &In::default()),
            Rv::CRYPTOKINOTINITIALIZED
        );
    }
}

#[test]
fn an_application_is_initialized_once() {
    let mut own = Application::new();
    assert_eq!(
        own.code(F::CInitialize, &In::default().byte(1)),
        Rv::CRYPTOKIALREADYINITIALIZED
    );
    own.mark = None;
    assert_eq!(
        own.code(F::CInitialize, &In::default().byte(2)),
        Rv::ARGUMENTSBAD,
        "another version of the encoding"
    );
    assert_eq!(
        own.code(F::CGetInfo, &In::default()),
        Rv::OK,
        "the only application needs no mark"
    );
}

#[test]
fn another_principals_application_does_not_exist() {
    let mut own = Application::new();
    for other in [2, 9] {
        own.fixture.as_client(other);
        assert_eq!(
            own.code(F::CGetInfo, &In::default()),
            Rv::CRYPTOKINOTINITIALIZED
        );
    }
}

#[test]
fn there_are_so_many_applications_and_they_grow_old() {
    let limits = Limits {
        cryptoki: cryptoki::Limits {
            per_client_max: 2,
            all_max: 3,
            ..cryptoki::Limits::default()
        },
        ..Limits::default()
    };
    let mut own = Application::of(Fixture::with_limits(limits));
    let first = own.mark.take();
    let begin = |own: &mut Application| {
        own.mark = None;
        own.respond(F::CInitialize, &In::default().byte(1)).err()
    };
    assert_eq!(begin(&mut own), None);
    let full = Some(ResultReason::ServerLimitExceeded);
    assert_eq!(begin(&mut own), full, "of one client");
    own.fixture.as_client(2);
    assert_eq!(begin(&mut own), None);
    assert_eq!(begin(&mut own), full, "in all");
    own.fixture.as_client(1);
    assert_eq!(
        own.code(F::CGetInfo, &In::default()),
        Rv::CRYPTOKINOTINITIALIZED,
        "which of two is meant?"
    );
    own.fixture.clock.advance_to(Timestamp(NOON.0 + 3601));
    assert_eq!(begin(&mut own), None);
    own.mark = first;
    assert_eq!(
        own.code(F::CGetInfo, &In::default()),
        Rv::CRYPTOKINOTINITIALIZED
    );
}

#[test]
fn what_is_no_function_or_interface_or_parameter_is_said() {
    let mut own = Application::new();
    let mut request = PKCS11Request {
        pkcs11_interface: Some("PKCS 11".into()),
        pkcs11_function: F::CGetInfo,
        correlation_value: own.mark.clone(),
        pkcs11_input_parameters: None,
    };
    assert!(own.fixture.call::<PKCS11>(&request).is_ok());
    request.pkcs11_interface = Some("Vendor ACME".into());
    assert_eq!(
        own.fixture.call::<PKCS11>(&request).err(),
        Some(ResultReason::PKCS11InvalidInterface)
    );
    request.pkcs11_interface = None;
    request.pkcs11_function = F(0x7777);
    assert_eq!(
        own.fixture.call::<PKCS11>(&request).err(),
        Some(ResultReason::PKCS11InvalidFunction)
    );
    let garbled = own.respond(F::CGetSlotList, &In::default().byte(7)).err();
    assert_eq!(garbled, Some(ResultReason::PKCS11CodecError));
    for function in [F::CWrapKey, F::CDeriveKey, F::CInitToken, F::CCreateObject] {
        assert_eq!(own.code(function, &In::default()), Rv::FUNCTIONNOTSUPPORTED);
    }
}

/// No bytes make any function do anything but answer.
#[test]
fn wild_parameters_are_answered() {
    let mut own = Application::new();
    let session = own.open();
    let mut state: u64 = 7;
    for function in F::ALL {
        if *function == F::CFinalize {
            continue;
        }
        for length in 0..48 {
            let mut input = In::default().ulong(session);
            for _ in 0..length {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                let byte = state.to_be_bytes()[0];
                input = input.byte(if byte < 200 { byte & 1 } else { byte });
            }
            // The answer can be read, whatever it is.
            let _ = own.respond(*function, &input);
        }
    }
}

#[test]
fn the_slot_and_its_token_are_the_vault() {
    let mut own = Application::new();
    let ask = |room| In::default().byte(1).room(room);
    let mut list = own.call(F::CGetSlotList, &ask(None)).unwrap();
    assert_eq!((list.take(1), list.count()), (vec![0], 1));
    let mut list = own.call(F::CGetSlotList, &ask(Some(4))).unwrap();
    assert_eq!((list.take(1), list.count(), list.ulong()), (vec![1], 1, 0));
    assert_eq!(own.code(F::CGetSlotList, &ask(Some(0))), Rv::BUFFERTOOSMALL);
    let slot = own.call(F::CGetSlotInfo, &In::default().ulong(0)).unwrap();
    assert_eq!(slot.0.len(), 64 + 32 + 8 + 4);
    let mut token = own.call(F::CGetTokenInfo, &In::default().ulong(0)).unwrap();
    assert_eq!(token.0.len(), 32 + 32 + 16 + 16 + 11 * 8 + 4 + 16);
    assert_eq!(token.take(4), b"one ");
    assert_eq!(
        own.code(F::CGetTokenInfo, &In::default().ulong(1)),
        Rv::SLOTIDINVALID
    );
    let input = In::default().ulong(0).room(Some(1000));
    let mut mechanisms = own.call(F::CGetMechanismList, &input).unwrap();
    mechanisms.take(1);
    for _ in 0..mechanisms.count() {
        let input = In::default().ulong(0).ulong(mechanisms.ulong());
        let mut info = own.call(F::CGetMechanismInfo, &input).unwrap();
        let (least, most, flags) = (info.ulong(), info.ulong(), info.ulong());
        assert!(least <= most && flags != 0);
    }
    let input = In::default().ulong(0).ulong(0x1234);
    assert_eq!(own.code(F::CGetMechanismInfo, &input), Rv::MECHANISMINVALID);
}

#[test]
fn sessions_open_and_close() {
    let mut own = Application::new();
    let parallel = In::default().ulong(0).ulong(0);
    assert_eq!(
        own.code(F::COpenSession, &parallel),
        Rv::SESSIONPARALLELNOTSUPPORTED
    );
    let session = own.open();
    let info = In::default().ulong(session);
    let mut told = own.call(F::CGetSessionInfo, &info).unwrap();
    assert_eq!(told.ulong(), 0);
    assert_eq!(told.ulong(), ck::CKS_RW_USER_FUNCTIONS);
    assert_eq!(own.code(F::CCloseSession, &info), Rv::OK);
    for function in [F::CCloseSession, F::CGetSessionInfo, F::CFindObjectsFinal] {
        assert_eq!(own.code(function, &info), Rv::SESSIONHANDLEINVALID);
    }
    let other = own.open();
    assert_ne!(other, session, "a handle is not given twice");
    own.call(F::CCloseAllSessions, &In::default().ulong(0))
        .unwrap();
    assert_eq!(
        own.code(F::CGetSessionInfo, &In::default().ulong(other)),
        Rv::SESSIONHANDLEINVALID
    );
    for _ in 0..64 {
        own.open();
    }
    let one_more = In::default().ulong(0).ulong(ck::CKF_SERIAL_SESSION);
    assert_eq!(own.code(F::COpenSession, &one_more), Rv::SESSIONCOUNT);
}

#[test]
fn a_login_proves_the_vaults_pin() {
    let mut own = Application::new();
    let session = own.open();
    let login = |user, pin: &[u8]| In::default().ulong(session).ulong(user).bytes(pin);
    let user = ck::CKU_USER;
    assert_eq!(
        own.code(F::CLogin, &login(user, b"1234")),
        Rv::USERPINNOTINITIALIZED
    );
    let directory = own.fixture.service.directory();
    let mut vault = directory.vault("one").unwrap().as_ref().clone();
    vault.user_pin = Some(keyhold::pin::verifier(&Secret::from(&b"1234"[..])).unwrap());
    directory.put_vault(&vault).unwrap();
    assert_eq!(own.code(F::CLogin, &login(user, b"4321")), Rv::PININCORRECT);
    assert_eq!(
        own.code(F::CLogin, &login(77, b"1234")),
        Rv::USERTYPEINVALID
    );
    assert_eq!(own.code(F::CLogin, &login(user, b"1234")), Rv::OK);
    assert_eq!(
        own.code(F::CLogin, &login(user, b"1234")),
        Rv::USERALREADYLOGGEDIN
    );
    let logout = In::default().ulong(session);
    assert_eq!(own.code(F::CLogout, &logout), Rv::OK);
    assert_eq!(own.code(F::CLogout, &logout), Rv::USERNOTLOGGEDIN);
}

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
fn a_session_that_only_reads_makes_and_destroys_nothing() {
    let mut own = Application::new();
    let writing = own.open();
    let key = own.aes_key(writing);
    let input = In::default().ulong(0).ulong(ck::CKF_SERIAL_SESSION);
    let session = own.call(F::COpenSession, &input).unwrap().ulong();
    let generate = In::default()
        .ulong(session)
        .mechanism(ck::CKM_AES_KEY_GEN, None)
        .count(1)
        .number(ck::CKA_VALUE_LEN, 16);
    assert_eq!(own.code(F::CGenerateKey, &generate), Rv::SESSIONREADONLY);
    let destroy = In::default().ulong(session).ulong(key);
    assert_eq!(own.code(F::CDestroyObject, &destroy), Rv::SESSIONREADONLY);
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
        generate(2, bytes(16).flag(ck::CKA_TOKEN, false)),
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
fn ciphers_go_there_and_back_and_are_recorded_as_what_they_are() {
    let mut own = Application::new();
    let session = own.open();
    let key = own.aes_key(session);
    let iv = In::default().bytes(&[7; 16]).0;
    let gcm = In::default()
        .bytes(&[9; 12])
        .ulong(96)
        .bytes(b"additional")
        .ulong(128)
        .0;
    let cases: [Case<'_, usize>; 3] = [
        (ck::CKM_AES_ECB, None, &[1; 32], 32),
        (ck::CKM_AES_CBC_PAD, Some(&iv), b"any length", 16),
        (ck::CKM_AES_GCM, Some(&gcm), b"secret", 6 + 16),
    ];
    for (mechanism, parameter, plain, length) in cases {
        let mechanism = (mechanism, parameter);
        assert_eq!(own.init(F::CEncryptInit, session, mechanism, key), Rv::OK);
        let cipher = own.whole(F::CEncrypt, session, plain).unwrap();
        assert_eq!(cipher.len(), length);
        assert_eq!(own.last_event().0, "Encrypt");
        assert_eq!(own.init(F::CDecryptInit, session, mechanism, key), Rv::OK);
        assert_eq!(own.whole(F::CDecrypt, session, &cipher).unwrap(), plain);
        assert_eq!(own.last_event().0, "Decrypt");
        // An operation ends with its result.
        assert_eq!(
            own.whole(F::CDecrypt, session, &cipher).err(),
            Some(Rv::OPERATIONNOTINITIALIZED)
        );
    }
    // What was changed on the way is refused, and that ends the operation too.
    let mechanism = (ck::CKM_AES_GCM, Some(gcm.as_slice()));
    own.init(F::CDecryptInit, session, mechanism, key);
    assert_eq!(
        own.whole(F::CDecrypt, session, &[0; 32]).err(),
        Some(Rv::ENCRYPTEDDATAINVALID)
    );
    assert_eq!(own.last_event().2, "CryptoFailed");
    assert_eq!(own.init(F::CDecryptInit, session, mechanism, key), Rv::OK);
    assert_eq!(
        own.whole(F::CDecrypt, session, &[0; 3]).err(),
        Some(Rv::ENCRYPTEDDATALENRANGE)
    );
}

#[test]
fn parts_are_as_good_as_the_whole() {
    let mut own = Application::new();
    let session = own.open();
    let key = own.aes_key(session);
    let iv = In::default().bytes(&[7; 16]).0;
    let mechanism = (ck::CKM_AES_CBC_PAD, Some(iv.as_slice()));
    own.init(F::CEncryptInit, session, mechanism, key);
    let whole = own.whole(F::CEncrypt, session, b"some parts").unwrap();
    own.init(F::CEncryptInit, session, mechanism, key);
    for part in [&b"some"[..], b" ", b"parts"] {
        let input = In::default().ulong(session).bytes(part).room(Some(64));
        let (given, length) = own.call(F::CEncryptUpdate, &input).unwrap().buffer();
        assert_eq!((given, length), (Some(vec![]), 0));
    }
    let data = In::default().ulong(session).bytes(b"x").room(Some(64));
    assert_eq!(
        own.code(F::CEncrypt, &data),
        Rv::OPERATIONACTIVE,
        "parts end by their own function"
    );
    let end = In::default().ulong(session).room(Some(64));
    let (given, _) = own.call(F::CEncryptFinal, &end).unwrap().buffer();
    assert_eq!(given.unwrap(), whole);
}

#[test]
fn a_buffer_that_is_absent_or_short_costs_nothing() {
    let mut own = Application::new();
    let session = own.open();
    let (public, private) = own.pair(
        session,
        ck::CKM_EC_KEY_PAIR_GEN,
        &In::default().array(ck::CKA_EC_PARAMS, P256),
    );
    let mechanism = (ck::CKM_ECDSA_SHA256, None);
    own.init(F::CSignInit, session, mechanism, private);
    let input = |room| In::default().ulong(session).bytes(b"data").room(room);
    let (given, length) = own.call(F::CSign, &input(None)).unwrap().buffer();
    assert_eq!((given, length), (None, 64));
    let signed = own.fixture.trail.events.lock().unwrap().len();
    assert_eq!(own.code(F::CSign, &input(Some(63))), Rv::BUFFERTOOSMALL);
    let (given, _) = own.call(F::CSign, &input(Some(64))).unwrap().buffer();
    let events = own.fixture.trail.events.lock().unwrap().clone();
    let more = &events[signed..];
    assert!(more.iter().all(|(operation, ..)| operation == "PKCS_11"));
    own.init(F::CVerifyInit, session, mechanism, public);
    assert_eq!(own.verify(session, b"data", &given.unwrap()), Rv::OK);
}

#[test]
fn signatures_and_macs_are_made_and_verified() {
    let mut own = Application::new();
    let session = own.open();
    let curve = In::default().array(ck::CKA_EC_PARAMS, P256);
    let ec = own.pair(session, ck::CKM_EC_KEY_PAIR_GEN, &curve);
    let edwards = In::default().array(ck::CKA_EC_PARAMS, &[6, 3, 0x2B, 0x65, 0x70]);
    let ed = own.pair(session, ck::CKM_EC_EDWARDS_KEY_PAIR_GEN, &edwards);
    let bits = In::default().number(ck::CKA_MODULUS_BITS, 2048);
    let rsa = own.pair(session, ck::CKM_RSA_PKCS_KEY_PAIR_GEN, &bits);
    let generate = In::default()
        .ulong(session)
        .mechanism(ck::CKM_GENERIC_SECRET_KEY_GEN, None)
        .count(1)
        .number(ck::CKA_VALUE_LEN, 32);
    let hmac = own.call(F::CGenerateKey, &generate).unwrap().ulong();
    let pss = In::default()
        .ulong(ck::CKM_SHA256)
        .ulong(ck::CKG_MGF1_SHA256)
        .ulong(32)
        .0;
    let cases: [Case<'_, (Pair, usize)>; 7] = [
        (ck::CKM_ECDSA_SHA256, None, b"data", (ec, 64)),
        (ck::CKM_ECDSA, None, &[3; 32], (ec, 64)),
        (ck::CKM_EDDSA, None, b"data", (ed, 64)),
        (ck::CKM_SHA256_RSA_PKCS, None, b"data", (rsa, 256)),
        (ck::CKM_SHA256_RSA_PKCS_PSS, Some(&pss), b"data", (rsa, 256)),
        (ck::CKM_RSA_PKCS_PSS, Some(&pss), &[3; 32], (rsa, 256)),
        (ck::CKM_SHA256_HMAC, None, b"data", ((hmac, hmac), 32)),
    ];
    for (kind, parameter, data, ((public, private), length)) in cases {
        let mechanism = (kind, parameter);
        assert_eq!(own.init(F::CSignInit, session, mechanism, private), Rv::OK);
        let signature = own.whole(F::CSign, session, data).unwrap();
        assert_eq!(signature.len(), length, "{kind:#x}");
        let operation = if length == 32 { "MAC" } else { "Sign" };
        assert_eq!(own.last_event().0, operation);
        assert_eq!(own.init(F::CVerifyInit, session, mechanism, public), Rv::OK);
        assert_eq!(own.verify(session, data, &signature), Rv::OK, "{kind:#x}");
        assert_eq!(own.init(F::CVerifyInit, session, mechanism, public), Rv::OK);
        let mut wrong = signature.clone();
        wrong[length - 1] ^= 1;
        assert_eq!(own.verify(session, data, &wrong), Rv::SIGNATUREINVALID);
    }
    own.init(F::CVerifyInit, session, (ck::CKM_ECDSA, None), ec.0);
    assert_eq!(
        own.verify(session, &[3; 32], &[1; 63]),
        Rv::SIGNATURELENRANGE
    );
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
    assert_eq!(
        own.code(F::CGetAttributeValue, &ask(private)),
        Rv::ATTRIBUTETYPEINVALID
    );
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
fn digests_and_random_bytes_need_no_key() {
    let mut own = Application::new();
    let session = own.open();
    let init = In::default().ulong(session).mechanism(ck::CKM_SHA256, None);
    own.call(F::CDigestInit, &init).unwrap();
    let whole = own.whole(F::CDigest, session, b"abc").unwrap();
    assert_eq!(&whole[..4], [0xBA, 0x78, 0x16, 0xBF]);
    own.call(F::CDigestInit, &init).unwrap();
    for part in [b"a", b"b", b"c"] {
        let input = In::default().ulong(session).bytes(part);
        own.call(F::CDigestUpdate, &input).unwrap();
    }
    let end = In::default().ulong(session).room(Some(32));
    let (given, _) = own.call(F::CDigestFinal, &end).unwrap().buffer();
    assert_eq!(given.unwrap(), whole);
    let random = In::default().ulong(session).count(24);
    assert_eq!(own.call(F::CGenerateRandom, &random).unwrap().0.len(), 24);
    assert_eq!(own.last_event().0, "RNGRetrieve");
}

#[test]
fn keys_are_held_to_what_they_are_and_may() {
    let mut own = Application::new();
    let session = own.open();
    let key = own.aes_key(session);
    assert_eq!(
        own.init(F::CSignInit, session, (ck::CKM_SHA256_HMAC, None), key),
        Rv::KEYTYPEINCONSISTENT
    );
    assert_eq!(
        own.init(F::CEncryptInit, session, (ck::CKM_AES_ECB, None), 4711),
        Rv::KEYHANDLEINVALID
    );
    assert_eq!(
        own.init(F::CEncryptInit, session, (ck::CKM_SHA256, None), key),
        Rv::MECHANISMINVALID
    );
    assert_eq!(
        own.init(F::CEncryptInit, session, (ck::CKM_AES_CBC, None), key),
        Rv::MECHANISMPARAMINVALID
    );
    let input = In::default()
        .ulong(session)
        .mechanism(ck::CKM_AES_KEY_GEN, None)
        .count(2)
        .number(ck::CKA_VALUE_LEN, 16)
        .flag(ck::CKA_DECRYPT, true);
    let decrypts = own.call(F::CGenerateKey, &input).unwrap().ulong();
    assert_eq!(
        own.init(F::CEncryptInit, session, (ck::CKM_AES_ECB, None), decrypts),
        Rv::KEYFUNCTIONNOTPERMITTED
    );
    assert_eq!(own.last_event().2, "WrongUsage");
}

/// The policy counts as it does for the operations that the calls are.
#[test]
fn a_call_is_held_to_the_policy_of_what_it_is() {
    let mut administrator = Application::new();
    let session = administrator.open();
    administrator.aes_key(session);
    let Application { mut fixture, .. } = administrator;
    // An auditor may find and read, and nothing else.
    fixture.as_client(5);
    let mut own = Application::of(fixture);
    let session = own.open();
    let find = In::default().ulong(session).count(0);
    own.call(F::CFindObjectsInit, &find).unwrap();
    let next = In::default().ulong(session).count(10);
    let mut found = own.call(F::CFindObjects, &next).unwrap();
    assert_eq!(found.count(), 1);
    let key = found.ulong();
    assert_eq!(
        own.init(F::CEncryptInit, session, (ck::CKM_AES_ECB, None), key),
        Rv::KEYFUNCTIONNOTPERMITTED
    );
    assert_eq!(own.last_event().2, "NotPermitted");
    let generate = In::default()
        .ulong(session)
        .mechanism(ck::CKM_AES_KEY_GEN, None)
        .count(1)
        .number(ck::CKA_VALUE_LEN, 16);
    assert_eq!(own.code(F::CGenerateKey, &generate), Rv::FUNCTIONREJECTED);
    let (operation, _, outcome) = own.last_event();
    assert_eq!((operation.as_str(), outcome), ("Create", "NotPermitted"));
    let destroy = In::default().ulong(session).ulong(key);
    assert_eq!(own.code(F::CDestroyObject, &destroy), Rv::ACTIONPROHIBITED);
    // Another vault's objects are not found at all.
    let Application { mut fixture, .. } = own;
    fixture.as_client(9);
    let mut own = Application::of(fixture);
    let session = own.open();
    let find = In::default().ulong(session).count(0);
    own.call(F::CFindObjectsInit, &find).unwrap();
    let next = In::default().ulong(session).count(10);
    assert_eq!(own.call(F::CFindObjects, &next).unwrap().count(), 0);
}

/// A destruction that fails half-way leaves nothing of itself behind.
#[test]
fn what_is_refused_half_way_is_not_done_by_half() {
    let policy = keyhold::policy::Policy::parse(
        "version = 1\n[role.special]\nallow = [\"create\", \"read\", \"use\", \"manage\"]\n",
    );
    let mut fixture = Fixture::with_policy(policy.unwrap());
    fixture.as_client(6);
    let mut own = Application::of(fixture);
    let session = own.open();
    let key = own.aes_key(session);
    let destroy = In::default().ulong(session).ulong(key);
    assert_eq!(own.code(F::CDestroyObject, &destroy), Rv::ACTIONPROHIBITED);
    let mechanism = (ck::CKM_AES_ECB, None);
    assert_eq!(
        own.init(F::CEncryptInit, session, mechanism, key),
        Rv::OK,
        "it was revoked before, and that was not committed"
    );
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

fn uuid_bytes(id: &str) -> Vec<u8> {
    let digits: String = id.chars().filter(|letter| *letter != '-').collect();
    hex::decode(digits).unwrap()
}

#[test]
fn the_operation_came_with_2_0() {
    for (version, is_there) in [(kmip::V1_4, false), (V2_0, true), (V2_1, true)] {
        let mut fixture = Fixture::new();
        fixture.version = version;
        let request = PKCS11Request {
            pkcs11_interface: None,
            pkcs11_function: F::CInitialize,
            correlation_value: None,
            pkcs11_input_parameters: None,
        };
        let response = fixture.call::<PKCS11>(&request);
        assert_eq!(response.is_ok(), is_there, "{version}");
    }
}
