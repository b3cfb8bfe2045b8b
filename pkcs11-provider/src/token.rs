//! The token as the daemon has it: what it says of itself, and what changes it. These are calls of PKCS #11 over KMIP
//! (KMIP 2.1 §6.1.37), each by an application that is there for one message.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use kmip::{
    PKCS11Function, PKCS11ReturnCode, Secret,
    client::{incoming, outgoing},
    message::{OutgoingItem, ResponseItem},
    payload::pkcs11::{PKCS11, PKCS11Request, PKCS11Response},
};
use pkcs11::{Result, Rv, UNAVAILABLE, Ulong};
use zeroize::Zeroizing;

use crate::{
    deadline::Deadline,
    error::{Failure, Names},
    remote::{Again, Remote, VERSION},
    run::ENCODING,
};

/// The length of a label (PKCS #11 3.2 §3.2, CK_TOKEN_INFO).
pub(crate) const LABEL_BYTES: usize = 32;

/// The slot of an application there: the vault.
const SLOT: u64 = 0;

/// The handle of the one session of an application: the first that it is given.
const SESSION: u64 = 1;

/// How long what a token says of itself is repeated unasked. Programs ask many times while they look for their token, and
/// p11tool 141 times for one list.
const REPEATED_FOR: Duration = Duration::from_secs(1);

/// What a token says of itself, as far as only the daemon knows it.
#[derive(Clone, Copy)]
pub(crate) struct Told {
    /// Its label, filled up with blanks.
    pub(crate) label: [u8; LABEL_BYTES],
    /// `CKF_…`.
    pub(crate) flags: Ulong,
    /// The longest and the shortest PIN, in bytes.
    pub(crate) pin_bytes: (Ulong, Ulong),
}

/// What a token said last, which is repeated for a while.
#[derive(Default)]
pub(crate) struct Last(Mutex<Option<(Deadline, Told)>>);

impl Last {
    /// What the token says of itself, or said a moment ago; `None` when the daemon is not reached.
    pub(crate) fn told(&self, remote: &Remote) -> Option<Told> {
        let fresh = |(until, told): (Deadline, Told)| until.rest().is_ok().then_some(told);
        self.held().and_then(fresh).or_else(|| self.asked(remote))
    }

    /// What the token says now.
    pub(crate) fn asked(&self, remote: &Remote) -> Option<Told> {
        let told = info(remote).ok()?;
        self.hold(Some((Deadline::after(REPEATED_FOR), told)));
        Some(told)
    }

    /// Nothing is repeated that may have changed.
    pub(crate) fn forget(&self) {
        self.hold(None);
    }

    fn held(&self) -> Option<(Deadline, Told)> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hold(&self, last: Option<(Deadline, Told)>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = last;
    }
}

/// A call of a function with its parameters.
struct Call {
    function: PKCS11Function,
    input: Zeroizing<Vec<u8>>,
}

impl Call {
    fn new(function: PKCS11Function) -> Self {
        Self {
            function,
            input: Zeroizing::default(),
        }
    }

    fn raw(mut self, bytes: &[u8]) -> Self {
        self.input.extend_from_slice(bytes);
        self
    }

    fn number(self, number: u64) -> Self {
        self.raw(&number.to_be_bytes())
    }

    /// Bytes behind their count.
    fn bytes(self, bytes: &[u8]) -> Result<Self> {
        let count = u32::try_from(bytes.len()).map_err(|_| Rv::PIN_LEN_RANGE)?;
        Ok(self.raw(&count.to_be_bytes()).raw(bytes))
    }

    fn item(&self) -> OutgoingItem {
        let request = PKCS11Request {
            pkcs11_interface: None,
            pkcs11_function: self.function,
            correlation_value: None,
            pkcs11_input_parameters: (!self.input.is_empty())
                .then(|| Secret::from(self.input.as_slice())),
        };
        outgoing::<PKCS11>(&request, VERSION)
    }
}

/// The items of an application that makes these calls. The daemon takes later calls of a batch that name no application
/// to be of the one that the batch began.
fn items(calls: &[Call]) -> Vec<OutgoingItem> {
    let first = Call::new(PKCS11Function::CInitialize).raw(&[ENCODING]);
    let last = Call::new(PKCS11Function::CFinalize);
    let all = std::iter::once(&first).chain(calls).chain([&last]);
    all.map(Call::item).collect()
}

/// The outcome of the last call but `C_Finalize`; any before that failed is the outcome too.
fn outcome(answers: &[ResponseItem]) -> std::result::Result<(PKCS11ReturnCode, Secret), Failure> {
    let mut last = (PKCS11ReturnCode::GENERALERROR, Secret::default());
    let Some((_, answers)) = answers.split_last() else {
        return Err(Failure::Unreadable);
    };
    for answer in answers {
        let response: PKCS11Response = incoming::<PKCS11>(answer, VERSION)?;
        last.0 = response.pkcs11_return_code;
        last.1 = response.pkcs11_output_parameters.unwrap_or_default();
        if last.0 != PKCS11ReturnCode::OK {
            break;
        }
    }
    Ok(last)
}

/// What a function returns that the daemon was asked to do.
fn returned(answers: std::result::Result<Vec<ResponseItem>, Failure>) -> Result<Secret> {
    let outcome = answers.and_then(|answers| outcome(&answers));
    match outcome.map_err(|failure| failure.seen_by(Names::Session))? {
        (PKCS11ReturnCode::OK, output) => Ok(output),
        (code, _) => Err(Rv(Ulong::from(code.0))),
    }
}

/// `C_GetTokenInfo`, as far as the daemon is reached.
fn info(remote: &Remote) -> Result<Told> {
    let call = Call::new(PKCS11Function::CGetTokenInfo).number(SLOT);
    let output = returned(remote.batch(&items(&[call]), Again::May))?;
    read(output.expose()).ok_or(Rv::DEVICE_ERROR)
}

/// Reads the structure without its pointers: texts, the flags, then numbers.
fn read(bytes: &[u8]) -> Option<Told> {
    let (label, rest) = bytes.split_first_chunk::<LABEL_BYTES>()?;
    let (_, rest) = rest.split_at_checked(32 + 16 + 16)?;
    let mut numbers = rest.chunks_exact(8).map(|one| {
        let wide = one.first_chunk().map(|own| u64::from_be_bytes(*own));
        wide.and_then(|wide| Ulong::try_from(wide).ok())
            .unwrap_or(UNAVAILABLE)
    });
    let flags = numbers.next()?;
    let mut pins = numbers.skip(4);
    Some(Told {
        label: *label,
        flags,
        pin_bytes: (pins.next()?, pins.next()?),
    })
}

/// An application with one read-write session makes a call.
fn in_session(call: Call) -> [Call; 2] {
    let flags = cryptoki_sys::CKF_SERIAL_SESSION | cryptoki_sys::CKF_RW_SESSION;
    #[allow(
        clippy::useless_conversion,
        reason = "the number is narrower on some machines"
    )]
    let open = Call::new(PKCS11Function::COpenSession)
        .number(SLOT)
        .number(u64::from(flags));
    [open, call]
}

/// `C_SetPIN`: of whoever is logged in, else the user's. The credential that is held goes on with the new PIN.
pub(crate) fn set_pin(remote: &Remote, old: &[u8], new: &[u8]) -> Result<()> {
    let call = Call::new(PKCS11Function::CSetPIN)
        .number(SESSION)
        .bytes(old)?
        .bytes(new)?;
    let items = items(&in_session(call));
    remote.change_secret(new, |change| returned(change(&items)).map(drop))
}

/// `C_InitPIN`.
pub(crate) fn init_pin(remote: &Remote, pin: &[u8]) -> Result<()> {
    let call = Call::new(PKCS11Function::CInitPIN)
        .number(SESSION)
        .bytes(pin)?;
    returned(remote.batch(&items(&in_session(call)), Again::MustNot)).map(drop)
}

/// `C_InitToken`.
pub(crate) fn init_token(remote: &Remote, pin: &[u8], label: &[u8]) -> Result<()> {
    let call = Call::new(PKCS11Function::CInitToken)
        .number(SLOT)
        .bytes(pin)?
        .raw(label);
    returned(remote.batch(&items(&[call]), Again::MustNot)).map(drop)
}
