//! PKCS #11 over KMIP: applications, sessions, logins, objects, and the cryptography, by the encoding of the profile.

mod applications;
mod cryptography;
mod derived;
mod keys;
mod lives;
mod objects;
mod rights;
mod sessions;
mod tokens;
mod wrapped;

use cryptoki_sys as ck;
use kmip::{
    PKCS11Function as F, PKCS11ReturnCode as Rv, ResultReason, Secret,
    payload::pkcs11::{PKCS11, PKCS11Request, PKCS11Response},
    ttlv::Bytes,
};

use crate::fixture::Fixture;

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
            .count(3)
            .number(ck::CKA_VALUE_LEN, 32)
            .flag(ck::CKA_TOKEN, true)
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

const P256: &[u8] = &[6, 8, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 3, 1, 7];
