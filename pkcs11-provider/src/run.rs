//! The run of this module at a daemon: session objects end with it. The daemon knows that it goes on as long as one
//! connection stays open, which is kept for nothing else, so that a program may rest for as long as it wants and leaves
//! nothing when it is killed.

use std::sync::{Mutex, MutexGuard, PoisonError};

use kmip::{
    PKCS11Function, PKCS11ReturnCode, Secret,
    client::{incoming, outgoing},
    mechanism::Hash,
    message::Credential,
    payload::pkcs11::{PKCS11, PKCS11Request, PKCS11Response},
    ttlv::Bytes,
};
use pkcs11::attribute::run_name;

use crate::{
    error::Failure,
    hasher::digest,
    pool::{Connection, Identity, Pool, VERSION},
};

/// The version of the encoding, which `C_Initialize` says.
pub(crate) const ENCODING: u8 = 1;

/// A token's run, if it has begun: before the first session object there is none.
pub(crate) struct Run {
    begun: Mutex<Option<Begun>>,
    /// Its calls need no login, and must not end with one.
    public: Identity,
}

struct Begun {
    /// What `C_Initialize` returned at the daemon.
    mark: Bytes,
    /// The connection that says that the run goes on.
    held: Connection,
}

impl Run {
    pub(crate) fn new(public: Option<Credential>) -> Self {
        Self {
            begun: Mutex::default(),
            public: Identity {
                number: 0,
                credential: public,
            },
        }
    }

    /// A run of a child process: its own, which has not begun.
    pub(crate) fn forked(&self) -> Self {
        Self::new(self.public.credential.clone())
    }

    fn lock(&self) -> MutexGuard<'_, Option<Begun>> {
        self.begun.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The name that session objects are marked with. It begins the run where there is none, and takes it up again where
    /// its connection was lost.
    pub(crate) fn name(&self, pool: &Pool) -> Result<String, Failure> {
        let mut run = self.lock();
        let deadline = pool.endpoint.deadline();
        if run.as_mut().is_none_or(|own| !own.held.is_open(deadline)) {
            let before = run.as_ref().map(|own| own.mark.clone());
            *run = Some(self.begin(pool, before)?);
        }
        let mark = run.as_ref().map(|own| own.mark.0.as_slice());
        Ok(run_name(&digest(Hash::Sha256, &[mark.unwrap_or_default()])))
    }

    /// Takes a run up again whose connection was lost, or is another's since the certificate was renewed. What cannot be done now is done with the next request.
    pub(crate) fn keep(&self, pool: &Pool) {
        let mut run = self.lock();
        let Some(begun) = run.as_mut() else {
            return;
        };
        let is_open = begun.held.is_open(pool.endpoint.deadline());
        if is_open && pool.is_current(&mut begun.held) {
            return;
        }
        let mark = begun.mark.clone();
        if let Ok(again) = self.begin(pool, Some(mark)) {
            *run = Some(again);
        }
    }

    /// Ends the run; what is left of its session objects ends with it.
    pub(crate) fn end(&self, pool: &Pool) {
        if let Some(Begun { mark, mut held }) = self.lock().take() {
            // Should the daemon not hear it, it hears that the connection ends.
            let _ = self.call(
                pool,
                &mut held,
                (PKCS11Function::CFinalize, Some(mark), None),
            );
        }
    }

    /// Begins a run, or takes one up again by its mark. A daemon that does not know it any more begins another.
    fn begin(&self, pool: &Pool, before: Option<Bytes>) -> Result<Begun, Failure> {
        let mut held = pool.connect(pool.endpoint.deadline())?;
        let input = Some(Secret::from(&[ENCODING][..]));
        let function = PKCS11Function::CInitialize;
        let response = self.call(pool, &mut held, (function, before.clone(), input))?;
        let goes_on = PKCS11ReturnCode::CRYPTOKIALREADYINITIALIZED;
        let mark = match response.pkcs11_return_code {
            PKCS11ReturnCode::OK => response.correlation_value,
            code if code == goes_on => before,
            _ => None,
        };
        let mark = mark.ok_or(Failure::Unreadable)?;
        Ok(Begun { mark, held })
    }

    fn call(
        &self,
        pool: &Pool,
        held: &mut Connection,
        (function, mark, input): (PKCS11Function, Option<Bytes>, Option<Secret>),
    ) -> Result<PKCS11Response, Failure> {
        let request = PKCS11Request {
            pkcs11_interface: None,
            pkcs11_function: function,
            correlation_value: mark,
            pkcs11_input_parameters: input,
        };
        held.begin(&self.public, pool.endpoint.deadline());
        let answers = held.client.send(&[outgoing::<PKCS11>(&request, VERSION)])?;
        let answer = answers.first().ok_or(Failure::Unreadable)?;
        Ok(incoming::<PKCS11>(answer, VERSION)?)
    }
}
