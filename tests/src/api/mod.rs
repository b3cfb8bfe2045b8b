//! The module as C programs use it: loaded in a process of its own, with an appliance behind it.

mod calls;
mod derivation;
mod host;
mod mechanism;
mod template;
mod wrapping;

use std::{env, path::PathBuf, process::Command};

use cryptoki_sys as ck;

pub use self::{
    calls::{Act, Answer, Api, Gcm},
    derivation::{Further, Kdf, Part},
    host::{Host, obey, with_hosts},
    mechanism::{Mechanism, Parameter},
    template::{Attribute, PARTS_OF_KEYS, bytes, flag, nested, number, numbers},
    wrapping::Place,
};
use crate::{
    Appliance, PIN,
    programs::{self, text},
};

/// `CK_ULONG`.
pub type Ulong = ck::CK_ULONG;

/// What a function returned that is not `CKR_OK`.
pub type Rv = ck::CK_RV;

/// What a function gives.
pub type Result<T> = std::result::Result<T, Rv>;

const CHILD: &str = "KEYHOLD_TEST_CHILD";
const DATA: &str = "KEYHOLD_TEST_DATA";

/// Runs the body in a process of its own, whose environment leads the module to the appliance that is started for it.
/// The function in which the body is written must be a test, for the process is this program again, asked for that test
/// alone.
pub fn with_module<F: FnOnce(&Api)>(start: impl FnOnce() -> Appliance, body: F) {
    let test = name_of_test::<F>();
    if env::var(CHILD).is_ok_and(|name| name == test) {
        body(&Api::load(&programs::module()));
        return;
    }
    let appliance = start();
    let output = Command::new(env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture", "--test-threads=1"])
        .env(CHILD, test)
        .env(DATA, appliance.data())
        .env("KEYHOLD_PKCS11_CONFIG", appliance.file("pkcs11.toml"))
        .output()
        .unwrap();
    let (printed, complained) = (text(&output.stdout), text(&output.stderr));
    assert!(
        output.status.success() && printed.contains("1 passed"),
        "{printed}\n{complained}"
    );
}

/// The appliance's folder, in a process that was started for a test.
#[must_use]
pub fn data() -> PathBuf {
    env::var_os(DATA).unwrap().into()
}

/// The test that a closure is written in: its path without the program's name.
fn name_of_test<F>() -> &'static str {
    let path = std::any::type_name::<F>();
    let path = path.split_once("::").map_or(path, |(_, rest)| rest);
    path.trim_end_matches("::{{closure}}")
}

impl Api {
    /// A read-write session of the user's, of a module that nobody has initialised yet.
    pub fn ready(&self) -> Ulong {
        self.initialize().unwrap();
        let session = self.open(true).unwrap();
        self.login(session, ck::CKU_USER, PIN.as_bytes()).unwrap();
        session
    }

    /// Encrypts, decrypts, signs or digests in one part, by the rule of the two calls: the length is asked for, a buffer
    /// that is too short changes nothing, and what is enough is filled (PKCS #11 3.2 §5.2).
    pub fn once(
        &self,
        act: Act,
        session: Ulong,
        mechanism: &Mechanism,
        key: Ulong,
        data: &[u8],
    ) -> Result<Vec<u8>> {
        self.init(act, session, mechanism, key)?;
        two_calls(|room| self.whole(act, session, data, room))
    }

    /// The same in several parts of so many bytes.
    pub fn in_parts(
        &self,
        act: Act,
        session: Ulong,
        mechanism: &Mechanism,
        key: Ulong,
        (data, part_bytes): (&[u8], usize),
    ) -> Result<Vec<u8>> {
        self.init(act, session, mechanism, key)?;
        let mut output = Vec::new();
        for part in data.chunks(part_bytes) {
            if act.updates_give() {
                output.extend(two_calls(|room| self.update(act, session, part, room))?);
            } else {
                Answer::rv(&self.update(act, session, part, None))?;
            }
        }
        output.extend(two_calls(|room| self.last(act, session, room))?);
        Ok(output)
    }

    /// Verifies in one part.
    pub fn verify(
        &self,
        session: Ulong,
        mechanism: &Mechanism,
        key: Ulong,
        data: &[u8],
        signature: &[u8],
    ) -> Result<()> {
        self.verify_init(session, mechanism, key)?;
        self.verify_whole(session, data, signature)
    }

    /// Verifies in several parts of so many bytes.
    pub fn verify_in_parts(
        &self,
        session: Ulong,
        mechanism: &Mechanism,
        key: Ulong,
        (data, part_bytes): (&[u8], usize),
        signature: &[u8],
    ) -> Result<()> {
        self.verify_init(session, mechanism, key)?;
        for part in data.chunks(part_bytes) {
            self.verify_update(session, part)?;
        }
        self.verify_last(session, signature)
    }

    /// Wraps a key by the rule of the two calls.
    pub fn wrap(
        &self,
        session: Ulong,
        mechanism: &Mechanism,
        by: Ulong,
        of: Ulong,
    ) -> Result<Vec<u8>> {
        two_calls(|room| self.wrap_into(session, mechanism, by, of, room))
    }

    /// The flag that an object shows; an error where it has none.
    pub fn flag(&self, session: Ulong, object: Ulong, kind: Ulong) -> Result<bool> {
        self.get(session, object, kind).map(|value| value == [1])
    }
}

/// Asks for the length, then with a buffer that is too short by one byte, then with one that has more room than needed.
fn two_calls(mut call: impl FnMut(Option<usize>) -> Answer) -> Result<Vec<u8>> {
    let asked = call(None);
    asked.rv()?;
    if asked.length > 0 {
        // Where the length is not known before, what was told is the most it can be; nothing fits into nothing.
        let short = call(Some(0));
        match short.rv() {
            Ok(()) => {
                assert_eq!(short.length, 0, "more was told than there was room for");
                return Ok(Vec::new());
            }
            Err(ck::CKR_BUFFER_TOO_SMALL) => {}
            Err(rv) => return Err(rv),
        }
        assert!(short.length <= asked.length, "the length grew");
        let needed = short.length;
        if needed > 1 {
            let shorter = call(Some(1));
            match shorter.rv() {
                Ok(()) => return Ok(shorter.bytes),
                Err(ck::CKR_BUFFER_TOO_SMALL) => {}
                Err(rv) => return Err(rv),
            }
        }
    }
    let given = call(Some(asked.length + 8));
    given.rv()?;
    assert!(given.length <= asked.length, "more came than was told");
    Ok(given.bytes)
}
