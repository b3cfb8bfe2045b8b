//! What a failed call of a module means: the error for the caller, and the cure for the session it happened in.

use cryptoki::error::{Error as ModuleError, RvError};

use crate::{Error, soft::engine::decryption_failed};

/// A failed call.
#[derive(Debug)]
pub(super) struct Fault {
    /// What the caller is told if nothing cures it.
    pub(super) error: Error,
    /// What may cure it.
    pub(super) cure: Cure,
    /// The function that refused, and its code.
    pub(super) said: Option<String>,
}

/// What to do about a failed call before its error is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cure {
    /// Nothing; the session is sound and the answer final.
    None,
    /// Look the key up again: its handle is stale, or the key is gone.
    Resolve,
    /// Ask the token for an object that must exist: modules answer so both to bad input and to a lost token.
    Doubt,
    /// Drop the session, connect and log in again.
    Reconnect,
}

/// The result of work in a session.
pub(super) type Result<T> = std::result::Result<T, Fault>;

impl Fault {
    /// What was said, for people.
    pub(super) fn words(&self) -> String {
        let said = self.said.clone();
        said.unwrap_or_else(|| self.error.to_string())
    }

    /// A lost token or session.
    pub(super) fn lost(what: impl Into<String>) -> Self {
        Self {
            error: Error::Unavailable(what.into()),
            cure: Cure::Reconnect,
            said: None,
        }
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self {
            error,
            cure: Cure::None,
            said: None,
        }
    }
}

impl From<ModuleError> for Fault {
    fn from(error: ModuleError) -> Self {
        let text = text(&error);
        let ModuleError::Pkcs11(code, _) = error else {
            return Error::Failed(text).into();
        };
        let cure = cure(code);
        let error = match cure {
            Cure::Reconnect => Error::Unavailable(text.clone()),
            Cure::Resolve => Error::KeyNotFound,
            Cure::None | Cure::Doubt => meaning(code, text.clone()),
        };
        Self {
            error,
            cure,
            said: Some(text),
        }
    }
}

/// What a failed decryption means: the lengths were right, so it is the contents, and in which way nobody learns.
pub(super) fn of_decryption(error: ModuleError) -> Fault {
    let mut fault = Fault::from(error);
    if matches!(fault.error, Error::BadInput(_) | Error::Failed(_)) {
        fault.error = decryption_failed();
    }
    fault
}

/// What it means that a key is not unwrapped that somebody brings: as of a decryption. Some modules say of bytes that are
/// wrong that the device is (Kryoptic), which the token is asked about before it is believed.
pub(super) fn of_unwrapping(error: ModuleError) -> Fault {
    let says_device = matches!(error, ModuleError::Pkcs11(RvError::DeviceError, _));
    let mut fault = of_decryption(error);
    if says_device {
        fault.error = decryption_failed();
        fault.cure = Cure::Doubt;
    }
    fault
}

/// The error for the log, with the name of the C function, which a vendor's support asks for.
pub(super) fn text(error: &ModuleError) -> String {
    match error {
        ModuleError::Pkcs11(RvError::VendorDefined(code), function) => {
            format!("C_{function:?}: vendor's error {code:#x}")
        }
        ModuleError::Pkcs11(code, function) => format!("C_{function:?}: {code:?}"),
        other => other.to_string(),
    }
}

fn cure(code: RvError) -> Cure {
    match code {
        RvError::DeviceError
        | RvError::DeviceMemory
        | RvError::DeviceRemoved
        | RvError::TokenNotPresent
        | RvError::TokenNotRecognized
        | RvError::SlotIdInvalid
        | RvError::SessionClosed
        | RvError::SessionHandleInvalid
        | RvError::UserNotLoggedIn
        | RvError::CryptokiNotInitialized
        | RvError::OperationActive
        | RvError::OperationNotInitialized
        | RvError::BufferTooSmall => Cure::Reconnect,
        RvError::KeyHandleInvalid
        | RvError::ObjectHandleInvalid
        | RvError::KeyChanged
        | RvError::WrappingKeyHandleInvalid
        | RvError::UnwrappingKeyHandleInvalid => Cure::Resolve,
        RvError::GeneralError
        | RvError::FunctionFailed
        | RvError::HostMemory
        | RvError::VendorDefined(_)
        | RvError::UnknownErrorCode(_) => Cure::Doubt,
        _ => Cure::None,
    }
}

fn meaning(code: RvError, text: String) -> Error {
    match code {
        RvError::DataLenRange
        | RvError::DataInvalid
        | RvError::EncryptedDataLenRange
        | RvError::KeySizeRange
        | RvError::WrappedKeyLenRange => Error::BadInput("the module refuses the length or form"),
        RvError::KeyTypeInconsistent
        | RvError::WrappingKeyTypeInconsistent
        | RvError::UnwrappingKeyTypeInconsistent => Error::KeyTypeMismatch,
        RvError::ArgumentsBad
        | RvError::CurveNotSupported
        | RvError::DomainParamsInvalid
        | RvError::FunctionNotSupported
        | RvError::FunctionRejected
        | RvError::KeyFunctionNotPermitted
        | RvError::MechanismInvalid
        | RvError::MechanismParamInvalid
        | RvError::RandomSeedNotSupported => Error::Unsupported,
        RvError::PinExpired
        | RvError::PinIncorrect
        | RvError::PinInvalid
        | RvError::PinLenRange
        | RvError::PinLocked
        | RvError::SessionCount
        | RvError::UserPinNotInitialized => Error::Unavailable(text),
        _ => Error::Failed(text),
    }
}

#[cfg(test)]
mod tests {
    use cryptoki::context::Function;

    use super::*;

    #[test]
    fn the_function_is_named_and_the_cure_fits() {
        let fault = Fault::from(ModuleError::Pkcs11(RvError::DeviceRemoved, Function::Sign));
        assert_eq!(fault.cure, Cure::Reconnect);
        let Error::Unavailable(text) = fault.error else {
            panic!("a removed device is unavailable");
        };
        assert!(text.contains("C_Sign"), "{text}");

        let fault = Fault::from(ModuleError::Pkcs11(
            RvError::GeneralError,
            Function::Decrypt,
        ));
        assert_eq!(fault.cure, Cure::Doubt);
        assert!(matches!(fault.error, Error::Failed(text) if text == "C_Decrypt: GeneralError"));

        let fault = Fault::from(ModuleError::Pkcs11(
            RvError::KeyHandleInvalid,
            Function::SignInit,
        ));
        assert_eq!(
            (fault.cure, fault.error),
            (Cure::Resolve, Error::KeyNotFound)
        );
    }
}
