//! PKCS#11: calls of C functions, each done as the KMIP operation that it is.

mod cipher;
mod create;
mod derive;
mod failure;
mod feature;
mod functions;
mod general;
mod generate;
mod object;
mod sign;
mod tokens;
mod wrap;

use std::borrow::Cow;

use kmip::{
    OperationCode, PKCS11Function, PKCS11ReturnCode, Secret,
    payload::pkcs11::{PKCS11, PKCS11Request, PKCS11Response},
    ttlv::Bytes,
};
use pkcs11::Ulong;

pub use self::functions::NOT_SERVED as PKCS11_NOT_SERVED;
pub use self::functions::pkcs11_functions;
use self::{
    failure::{Failure, Names, Outcome},
    functions::{FUNCTIONS, NOT_SERVED},
};
use super::Handler;
use crate::{
    context::Context,
    cryptoki::{Application, Arguments, Output, Session, User, run_of},
    error::{Error, Result},
    fault::Fault,
    pending::Mark,
    policy::Access,
    returned::Batch,
    service::Service,
};

/// The name of the standard's own interface.
const INTERFACE: &str = "PKCS 11";

/// The version of the encoding, which `C_Initialize` says.
const ENCODING: u8 = 1;

impl Handler for PKCS11 {
    /// What a call does to objects is held to the operation that it is.
    const ACCESS: Access = Access::None;

    fn is_light(service: &Service, request: &PKCS11Request) -> bool {
        let named = || request.correlation_value.as_ref();
        let named = || named().map(|own| own.0.as_slice());
        let function = request.pkcs11_function;
        LIGHT.contains(&function)
            || (ENDING.contains(&function) && !service.applications.owns_any(named()))
    }

    fn handle(context: &mut Context<'_>, request: PKCS11Request) -> Result<PKCS11Response> {
        let function = request.pkcs11_function;
        let interface = request.pkcs11_interface;
        if interface.as_ref().is_some_and(|own| own != INTERFACE) {
            return Err(Error::new(
                Fault::PKCS11Interface,
                "there is no such PKCS #11 interface",
            ));
        }
        if !PKCS11Function::ALL.contains(&function) {
            return Err(Error::new(
                Fault::PKCS11Function,
                "there is no such PKCS #11 function",
            ));
        }
        context.note = function.name().map(Cow::Borrowed);
        let input = request.pkcs11_input_parameters.unwrap_or_default();
        let mut output = Output::default();
        let correlation = request.correlation_value.as_ref();
        let (correlation_value, outcome) = if function == PKCS11Function::CInitialize {
            initialize(context, correlation, input.expose())?
        } else {
            let outcome = called(context, function, correlation, input.expose(), &mut output);
            (None, outcome)
        };
        Ok(PKCS11Response {
            pkcs11_interface: interface,
            pkcs11_function: function,
            correlation_value,
            pkcs11_output_parameters: (!output.is_empty()).then(|| Secret::from(output.bytes())),
            pkcs11_return_code: match outcome {
                Ok(()) => PKCS11ReturnCode::OK,
                Err(failure) => failure.into_code(context)?,
            },
        })
    }
}

/// Functions that need neither a key nor a disk.
const LIGHT: &[PKCS11Function] = &[
    PKCS11Function::CGetInfo,
    PKCS11Function::CGetSlotList,
    PKCS11Function::CGetSlotInfo,
    PKCS11Function::CGetTokenInfo,
    PKCS11Function::CGetMechanismList,
    PKCS11Function::CGetMechanismInfo,
    PKCS11Function::COpenSession,
    PKCS11Function::CGetSessionInfo,
    PKCS11Function::CFindObjects,
    PKCS11Function::CFindObjectsFinal,
];

/// Functions that end sessions: with those, their objects.
const ENDING: &[PKCS11Function] = &[
    PKCS11Function::CFinalize,
    PKCS11Function::CCloseSession,
    PKCS11Function::CCloseAllSessions,
];

/// `C_Initialize`: a new application, unless the call names one. Either lives as long as the connection from now on, where
/// that lasts. One that the daemon knew before it started anew is taken up again while there are objects of its sessions.
fn initialize(
    context: &mut Context<'_>,
    correlation: Option<&Bytes>,
    input: &[u8],
) -> Result<(Option<Bytes>, Outcome)> {
    let applications = &context.service.applications;
    if !matches!(input, [] | [ENCODING]) {
        return Ok((None, Err(Failure::Code(PKCS11ReturnCode::ARGUMENTSBAD))));
    }
    let known = correlation.and_then(|named| {
        applications.find(context.principal, Some(named.0.as_slice()), context.now)
    });
    if let Some(mark) = known {
        hold(context, &mark);
        let code = PKCS11ReturnCode::CRYPTOKIALREADYINITIALIZED;
        return Ok((None, Err(Failure::Code(code))));
    }
    let begun = match correlation
        .map(|own| taken_up(context, &own.0))
        .transpose()?
    {
        Some(Some(mark)) => applications.begin_as(mark, context.principal, context.now),
        _ => applications.begin(context.principal, context.now),
    };
    let mark =
        begun.ok_or_else(|| Error::new(Fault::Busy, "too many applications are initialized"))?;
    hold(context, &mark);
    context.batch.application = Some(mark);
    Ok((Some(Bytes(mark.to_vec())), Ok(())))
}

/// The mark of an application of an earlier life of the daemon, of whose sessions there are objects.
fn taken_up(context: &Context<'_>, named: &[u8]) -> Result<Option<Mark>> {
    let Ok(mark) = Mark::try_from(named) else {
        return Ok(None);
    };
    let run = run_of(&mark);
    let vault = &context.principal.vault;
    let objects = context.service.store.of_session_run(vault, &run, 1)?;
    Ok((!objects.is_empty()).then_some(mark))
}

fn hold(context: &Context<'_>, mark: &Mark) {
    if let Some(connection) = context.connection {
        let applications = &context.service.applications;
        applications.hold(mark, connection, context.now);
    }
}

fn called(
    context: &mut Context<'_>,
    function: PKCS11Function,
    correlation: Option<&Bytes>,
    input: &[u8],
    output: &mut Output,
) -> Outcome {
    let begun = context.batch.application;
    let named = correlation
        .map(|own| own.0.as_slice())
        .or_else(|| begun.as_ref().map(<[u8; 16]>::as_slice));
    let applications = &context.service.applications;
    let application = applications
        .find(context.principal, named, context.now)
        .ok_or(PKCS11ReturnCode::CRYPTOKINOTINITIALIZED)?;
    let Some((_, served)) = FUNCTIONS.iter().find(|(own, _)| *own == function) else {
        let listed = NOT_SERVED.iter().find(|(own, _)| own.contains(&function));
        if let (Some((_, why)), Some(name)) = (listed, function.name()) {
            context.note = Some(format!("{name}: {why}").into());
        }
        return Err(PKCS11ReturnCode::FUNCTIONNOTSUPPORTED.into());
    };
    served(&mut Call {
        context,
        application,
        origin: None,
        arguments: Arguments::new(input),
        output,
    })
}

/// One call of a function.
struct Call<'c, 'x> {
    context: &'c mut Context<'x>,
    application: Mark,
    /// The session that calls, and whether it may write.
    origin: Option<(Ulong, bool)>,
    arguments: Arguments<'c>,
    output: &'c mut Output,
}

impl Call<'_, '_> {
    /// Looks at the application, or changes it.
    fn application<R>(
        &self,
        look: impl FnOnce(&mut Application) -> R,
    ) -> std::result::Result<R, Failure> {
        let applications = &self.context.service.applications;
        let found = applications.with(&self.application, self.context.now, look);
        Ok(found.ok_or(PKCS11ReturnCode::CRYPTOKINOTINITIALIZED)?)
    }

    /// Who is logged in: at the application's token, or with the message itself.
    fn user(&self) -> std::result::Result<Option<User>, Failure> {
        let by_call = self.application(|own| own.user)?;
        let by_message = self.context.principal.officer;
        Ok(by_call.or_else(|| by_message.then_some(User::SecurityOfficer)))
    }

    /// The session whose handle comes next, as earlier items of the batch left it.
    fn session(&mut self) -> std::result::Result<(Ulong, Session), Failure> {
        let handle = self.arguments.ulong()?;
        let key = (self.application, handle);
        let kept = self.context.effects.session(&key).cloned();
        let session = match kept {
            Some(session) => Some(session),
            None => self.application(|own| own.session(handle).cloned())?,
        };
        let session = session.ok_or(PKCS11ReturnCode::SESSIONHANDLEINVALID)?;
        self.origin = Some((handle, session.is_read_write));
        Ok((handle, session))
    }

    /// Whether the session may make, change or end an object (PKCS #11 3.2 §5.6, tables of session states).
    fn may_write(&self, is_token: bool, is_private: bool) -> Outcome {
        if is_token && !self.origin.is_some_and(|(_, writes)| writes) {
            return Err(PKCS11ReturnCode::SESSIONREADONLY.into());
        }
        let is_hidden = match self.user()? {
            Some(User::User) => false,
            Some(User::SecurityOfficer) => true,
            None => self.context.principal.public_only,
        };
        if is_private && is_hidden {
            return Err(PKCS11ReturnCode::USERNOTLOGGEDIN.into());
        }
        Ok(())
    }

    /// The mark of an object that ends with the session.
    fn mark(&self, is_token: bool) -> std::result::Result<Option<String>, Failure> {
        if is_token {
            return Ok(None);
        }
        self.application(|own| Some(own.run.clone()))
    }

    /// Puts the session back once the answer is sent.
    fn put_back(&mut self, handle: Ulong, session: Session) {
        let key = (self.application, handle);
        self.context.effects.put_back(key, session);
    }

    /// The object of a handle.
    fn object(
        &self,
        handle: Ulong,
        code: PKCS11ReturnCode,
    ) -> std::result::Result<String, Failure> {
        let id = self.application(|own| own.id(handle).map(str::to_owned))?;
        Ok(id.ok_or(code)?)
    }

    /// Does an operation of KMIP, held to the policy and recorded as what it is.
    fn perform<O: Handler>(
        &mut self,
        request: O::Request,
        names: Names,
    ) -> std::result::Result<O::Response, Failure> {
        let result = self.within(O::CODE, |inner| {
            inner.authorise_operation()?;
            O::handle(inner, request)
        })?;
        self.context.performed = O::CODE.xml_name();
        result.map_err(|error| Failure::Refused(error, names))
    }

    /// What an item of another operation would see.
    fn within<R>(
        &mut self,
        operation: OperationCode,
        see: impl FnOnce(&mut Context<'_>) -> R,
    ) -> std::result::Result<R, Failure> {
        // A login shows what is hidden before it.
        let proven = self.application(|own| own.user)?.map(|user| match user {
            User::User => self.context.principal.proven(),
            User::SecurityOfficer => self.context.principal.as_officer(),
        });
        let route = super::find(operation).ok_or(PKCS11ReturnCode::FUNCTIONNOTSUPPORTED)?;
        let mut batch = Batch::default();
        let own = &mut *self.context;
        let mut inner = Context {
            version: own.version,
            now: own.now,
            principal: proven.as_ref().unwrap_or(own.principal),
            connection: own.connection,
            is_unasked: own.is_unasked,
            service: own.service,
            route,
            tx: &mut *own.tx,
            batch: &mut batch,
            effects: &mut *own.effects,
            object: None,
            note: None,
            instead: None,
            performed: None,
            refusal: None,
        };
        let seen = see(&mut inner);
        let (object, note) = (inner.object.take(), inner.note.take());
        own.object = object.or_else(|| own.object.take());
        if let Some(note) = note {
            let own_note = own.note.take().unwrap_or_default();
            own.note = Some(format!("{own_note}, {note}").into());
        }
        Ok(seen)
    }
}
