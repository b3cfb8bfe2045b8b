//! KMIP's PKCS#11 operation: locked keys as objects of a token, which are read, wrapped, copied and unlocked.

use cryptoki_sys as ck;
use keyhold_tests::{Appliance, Backend, Client, api::PARTS_OF_KEYS, canary::Canaries};
use kmip::{
    PKCS11Function as F, PKCS11ReturnCode as Rv, Secret,
    payload::pkcs11::{PKCS11, PKCS11Request},
    ttlv::Bytes,
};

use crate::{keys, operations::VERSION};

type Number = ck::CK_ULONG;

/// An application that calls by the operation, and sees that no key is in any answer.
struct Application<'a> {
    client: Client,
    canaries: &'a Canaries,
    mark: Option<Bytes>,
    session: Number,
}

/// Arguments in the encoding of the profile.
#[derive(Clone, Default)]
struct Arguments(Vec<u8>);

impl Arguments {
    fn raw(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    fn number(self, number: Number) -> Self {
        self.raw(&number.to_be_bytes())
    }

    fn count(self, count: u32) -> Self {
        self.raw(&count.to_be_bytes())
    }

    fn mechanism(self, kind: Number) -> Self {
        self.number(kind).raw(&[0])
    }

    fn flag(self, kind: Number, value: bool) -> Self {
        self.number(kind).raw(&[1, 1, u8::from(value)])
    }

    /// A buffer of so many bytes.
    fn room(self, length: u32) -> Self {
        self.raw(&[1]).count(length)
    }
}

/// The number that an answer begins with.
fn first(output: &[u8]) -> Number {
    Number::from_be_bytes(output[..8].try_into().unwrap())
}

impl<'a> Application<'a> {
    fn new(client: Client, canaries: &'a Canaries) -> Self {
        let mut own = Self {
            client,
            canaries,
            mark: None,
            session: 0,
        };
        own.call(F::CInitialize, &Arguments::default().raw(&[1]))
            .unwrap();
        let flags = ck::CKF_SERIAL_SESSION | ck::CKF_RW_SESSION;
        let opened = own.call(
            F::COpenSession,
            &Arguments::default().number(0).number(flags),
        );
        own.session = first(&opened.unwrap());
        own
    }

    fn call(&mut self, function: F, arguments: &Arguments) -> Result<Vec<u8>, Rv> {
        let response = self.client.call::<PKCS11>(&PKCS11Request {
            pkcs11_interface: None,
            pkcs11_function: function,
            correlation_value: self.mark.clone(),
            pkcs11_input_parameters: Some(Secret::from(&arguments.0[..])),
        });
        self.mark = response.correlation_value.or_else(|| self.mark.take());
        let output = response.pkcs11_output_parameters.unwrap_or_default();
        self.canaries
            .assert_none_in(output.expose(), &format!("{function:?}"));
        match response.pkcs11_return_code {
            Rv::OK => Ok(output.expose().to_vec()),
            code => Err(code),
        }
    }

    fn begin(&self) -> Arguments {
        Arguments::default().number(self.session)
    }

    /// Every object of a class.
    fn all(&mut self, class: Number) -> Vec<Number> {
        let by_class = self.begin().count(1).number(ck::CKA_CLASS).raw(&[1, 1]);
        self.call(F::CFindObjectsInit, &by_class.number(class))
            .unwrap();
        let found = self.call(F::CFindObjects, &self.begin().count(500));
        self.call(F::CFindObjectsFinal, &self.begin()).unwrap();
        let handles = found.unwrap();
        handles[4..].chunks_exact(8).map(first).collect()
    }

    fn kek(&mut self) -> Number {
        let made = self
            .begin()
            .mechanism(ck::CKM_AES_KEY_GEN)
            .count(3)
            .number(ck::CKA_VALUE_LEN)
            .raw(&[1, 1])
            .number(32)
            .flag(ck::CKA_WRAP, true)
            .flag(ck::CKA_UNWRAP, true);
        first(&self.call(F::CGenerateKey, &made).unwrap())
    }

    /// Tries to have the key's value, and to have a key like it that is not locked.
    fn besieges(&mut self, key: Number, kek: Number) {
        for part in PARTS_OF_KEYS {
            let told = self.begin().number(key).count(1);
            let told = self.call(F::CGetAttributeValue, &told.number(*part).raw(&[0, 0]));
            let allowed = [Rv::ATTRIBUTESENSITIVE, Rv::ATTRIBUTETYPEINVALID];
            assert!(told.is_err_and(|code| allowed.contains(&code)), "{part:#x}");
        }
        for kind in WRAPPING {
            for by in [kek, key] {
                let wrapped = self.begin().mechanism(*kind).number(by).number(key);
                let wrapped = self.call(F::CWrapKey, &wrapped.room(8192));
                let refusal = wrapped.expect_err("a locked key is not wrapped");
                assert!(NOT_WRAPPED.contains(&refusal), "{kind:#x}: {refusal:?}");
            }
        }
        for free in [
            self.begin()
                .number(key)
                .count(1)
                .flag(ck::CKA_SENSITIVE, false),
            self.begin()
                .number(key)
                .count(1)
                .flag(ck::CKA_EXTRACTABLE, true),
        ] {
            for function in [F::CSetAttributeValue, F::CCopyObject] {
                let refusal = self.call(function, &free);
                assert_eq!(refusal, Err(Rv::ATTRIBUTEREADONLY), "{function:?}");
            }
        }
    }
}

const WRAPPING: &[Number] = &[
    ck::CKM_AES_KEY_WRAP,
    ck::CKM_AES_KEY_WRAP_KWP,
    ck::CKM_AES_KEY_WRAP_PAD,
    ck::CKM_AES_ECB,
    ck::CKM_RSA_PKCS,
];

/// It may not leave, or is not wrapped so by anything.
const NOT_WRAPPED: &[Rv] = &[
    Rv::KEYUNEXTRACTABLE,
    Rv::WRAPPINGKEYTYPEINCONSISTENT,
    Rv::MECHANISMINVALID,
];

fn no_key_leaves(appliance: &Appliance) {
    let known = keys::known();
    let mut canaries = Canaries::default();
    let mut registered = 0;
    for key in &known {
        key.add_to(&mut canaries);
        registered += usize::from(key.lock_in(&mut appliance.client(VERSION)).is_ok());
    }
    let mut application = Application::new(appliance.client(VERSION), &canaries);
    let classes = [ck::CKO_SECRET_KEY, ck::CKO_PRIVATE_KEY];
    let keys = classes.map(|class| application.all(class)).concat();
    // What is no key of PKCS #11 is no object there.
    assert!(
        keys.len() + 8 > registered,
        "{} of {registered}",
        keys.len()
    );
    let kek = application.kek();
    for key in keys {
        application.besieges(key, kek);
    }
}

#[test]
fn no_key_of_the_embedded_hsm_leaves() {
    no_key_leaves(&Appliance::start(Backend::Embedded));
}

#[test]
fn no_key_of_a_token_leaves() {
    no_key_leaves(&Appliance::start(Backend::SoftHsm));
}
