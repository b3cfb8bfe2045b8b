//! Keys handled with keys through the PKCS#11 module and a daemon: wrapped, unwrapped, derived, agreed on; what comes out is
//! computed once more by Python's `cryptography` and OpenSSL's own program.

mod deriving;
mod kem;
mod policy;
mod tde;
mod wrapping;

use std::{env, process::Command};

use cryptoki::{
    context::{CInitializeArgs, CInitializeFlags, Pkcs11},
    error::{Error, RvError},
    mechanism::Mechanism,
    object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle},
    session::{Session, UserType},
    types::AuthPin,
};
use keyhold_tests::{
    Appliance, Backend, PIN,
    programs::{module, run_python, succeed},
};

/// The test that runs in this process, where the environment names an appliance of its own.
const CHILD: &str = "KEYHOLD_TEST_CHILD";

/// Runs the body in a process of its own, whose environment says where the module finds its daemon.
fn alone(test: &str, arguments: &[&str], body: impl FnOnce(&Session)) {
    if env::var_os(CHILD).is_none_or(|name| name != test) {
        let appliance = if arguments.is_empty() {
            Appliance::start(Backend::Embedded)
        } else {
            Appliance::start_with(None, arguments)
        };
        let mut command = Command::new(env::current_exe().unwrap());
        command
            .args([test, "--exact", "--nocapture", "--test-threads=1"])
            .env(CHILD, test)
            .env("KEYHOLD_PKCS11_CONFIG", appliance.file("pkcs11.toml"))
            .env("KEYHOLD_PKCS11_LOG", appliance.file("module.log"))
            .current_dir(appliance.scratch());
        let said = succeed(&mut command);
        assert!(said.contains("1 passed"), "{test} has run: {said}");
        return;
    }
    let pkcs11 = Pkcs11::new(module()).unwrap();
    pkcs11
        .initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK))
        .unwrap();
    let slots = pkcs11.get_slots_with_token().unwrap();
    let session = pkcs11.open_rw_session(slots[0]).unwrap();
    session
        .login(UserType::User, Some(&AuthPin::new(PIN.into())))
        .unwrap();
    body(&session);
}

/// The value of a key that may be told.
fn value(session: &Session, key: ObjectHandle) -> Vec<u8> {
    match session
        .get_attributes(key, &[AttributeType::Value])
        .unwrap()[..]
    {
        [Attribute::Value(ref value)] => value.clone(),
        ref other => panic!("{other:?} is no value"),
    }
}

/// What a call was refused with.
fn refused<T: std::fmt::Debug>(outcome: Result<T, Error>) -> RvError {
    match outcome.unwrap_err() {
        Error::Pkcs11(rv, _) => rv,
        other => panic!("{other} is no refusal"),
    }
}

fn secret(key_type: KeyType, bytes: Option<u64>) -> Vec<Attribute> {
    let mut template = vec![
        Attribute::Class(ObjectClass::SECRET_KEY),
        Attribute::KeyType(key_type),
    ];
    template.extend(bytes.map(|bytes| Attribute::ValueLen(bytes.into())));
    template
}

/// A template for what may be read back.
fn open(mut template: Vec<Attribute>) -> Vec<Attribute> {
    template.extend([Attribute::Sensitive(false), Attribute::Extractable(true)]);
    template
}

/// A key with these bytes.
fn brought(session: &Session, key_type: KeyType, bytes: &[u8], more: &[Attribute]) -> ObjectHandle {
    let mut template = secret(key_type, None);
    template.push(Attribute::Value(bytes.to_vec()));
    template.extend_from_slice(more);
    session.create_object(&template).unwrap()
}

fn generated(session: &Session, bytes: u64, more: &[Attribute]) -> ObjectHandle {
    let mut template = vec![Attribute::ValueLen(bytes.into())];
    template.extend_from_slice(more);
    session
        .generate_key(&Mechanism::AesKeyGen, &template)
        .unwrap()
}

/// What a Python program makes of hexadecimal arguments, in hexadecimal.
fn python(program: &str, arguments: &[&[u8]]) -> Vec<u8> {
    let arguments: Vec<String> = arguments.iter().map(hex::encode).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    hex::decode(run_python(program, &arguments)).unwrap()
}
