//! Errors: what went wrong as a `CK_RV`, and what a refusal of the daemon means to the call that met it.

use cryptoki_sys as ck;
use kmip::{ResultReason, client::CallError};

/// A return value of the C interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rv(pub(crate) ck::CK_RV);

/// The result of everything below the C functions.
pub(crate) type Result<T> = std::result::Result<T, Rv>;

macro_rules! return_values {
    ($($name:ident = $value:ident;)*) => {
        impl Rv {
            $(pub(crate) const $name: Self = Self(ck::$value);)*

            /// The name without its prefix, for the log.
            pub(crate) fn name(self) -> &'static str {
                match self.0 { $(ck::$value => stringify!($name),)* _ => "unnamed" }
            }
        }
    };
}

return_values! {
    OK = CKR_OK;
    ACTION_PROHIBITED = CKR_ACTION_PROHIBITED;
    ARGUMENTS_BAD = CKR_ARGUMENTS_BAD;
    ATTRIBUTE_READ_ONLY = CKR_ATTRIBUTE_READ_ONLY;
    ATTRIBUTE_SENSITIVE = CKR_ATTRIBUTE_SENSITIVE;
    ATTRIBUTE_TYPE_INVALID = CKR_ATTRIBUTE_TYPE_INVALID;
    ATTRIBUTE_VALUE_INVALID = CKR_ATTRIBUTE_VALUE_INVALID;
    BUFFER_TOO_SMALL = CKR_BUFFER_TOO_SMALL;
    CANT_LOCK = CKR_CANT_LOCK;
    CRYPTOKI_ALREADY_INITIALIZED = CKR_CRYPTOKI_ALREADY_INITIALIZED;
    CRYPTOKI_NOT_INITIALIZED = CKR_CRYPTOKI_NOT_INITIALIZED;
    CURVE_NOT_SUPPORTED = CKR_CURVE_NOT_SUPPORTED;
    DATA_LEN_RANGE = CKR_DATA_LEN_RANGE;
    DEVICE_ERROR = CKR_DEVICE_ERROR;
    DEVICE_MEMORY = CKR_DEVICE_MEMORY;
    DEVICE_REMOVED = CKR_DEVICE_REMOVED;
    ENCRYPTED_DATA_INVALID = CKR_ENCRYPTED_DATA_INVALID;
    ENCRYPTED_DATA_LEN_RANGE = CKR_ENCRYPTED_DATA_LEN_RANGE;
    FUNCTION_FAILED = CKR_FUNCTION_FAILED;
    FUNCTION_NOT_PARALLEL = CKR_FUNCTION_NOT_PARALLEL;
    FUNCTION_NOT_SUPPORTED = CKR_FUNCTION_NOT_SUPPORTED;
    FUNCTION_REJECTED = CKR_FUNCTION_REJECTED;
    GENERAL_ERROR = CKR_GENERAL_ERROR;
    KEY_FUNCTION_NOT_PERMITTED = CKR_KEY_FUNCTION_NOT_PERMITTED;
    KEY_HANDLE_INVALID = CKR_KEY_HANDLE_INVALID;
    KEY_TYPE_INCONSISTENT = CKR_KEY_TYPE_INCONSISTENT;
    MECHANISM_INVALID = CKR_MECHANISM_INVALID;
    MECHANISM_PARAM_INVALID = CKR_MECHANISM_PARAM_INVALID;
    NO_EVENT = CKR_NO_EVENT;
    OBJECT_HANDLE_INVALID = CKR_OBJECT_HANDLE_INVALID;
    OPERATION_ACTIVE = CKR_OPERATION_ACTIVE;
    OPERATION_NOT_INITIALIZED = CKR_OPERATION_NOT_INITIALIZED;
    PIN_INCORRECT = CKR_PIN_INCORRECT;
    RANDOM_SEED_NOT_SUPPORTED = CKR_RANDOM_SEED_NOT_SUPPORTED;
    SAVED_STATE_INVALID = CKR_SAVED_STATE_INVALID;
    SESSION_ASYNC_NOT_SUPPORTED = CKR_SESSION_ASYNC_NOT_SUPPORTED;
    SESSION_HANDLE_INVALID = CKR_SESSION_HANDLE_INVALID;
    SESSION_PARALLEL_NOT_SUPPORTED = CKR_SESSION_PARALLEL_NOT_SUPPORTED;
    SESSION_READ_ONLY = CKR_SESSION_READ_ONLY;
    SESSION_READ_ONLY_EXISTS = CKR_SESSION_READ_ONLY_EXISTS;
    SESSION_READ_WRITE_SO_EXISTS = CKR_SESSION_READ_WRITE_SO_EXISTS;
    SIGNATURE_INVALID = CKR_SIGNATURE_INVALID;
    SIGNATURE_LEN_RANGE = CKR_SIGNATURE_LEN_RANGE;
    SLOT_ID_INVALID = CKR_SLOT_ID_INVALID;
    STATE_UNSAVEABLE = CKR_STATE_UNSAVEABLE;
    TEMPLATE_INCOMPLETE = CKR_TEMPLATE_INCOMPLETE;
    TEMPLATE_INCONSISTENT = CKR_TEMPLATE_INCONSISTENT;
    USER_ALREADY_LOGGED_IN = CKR_USER_ALREADY_LOGGED_IN;
    USER_ANOTHER_ALREADY_LOGGED_IN = CKR_USER_ANOTHER_ALREADY_LOGGED_IN;
    USER_NOT_LOGGED_IN = CKR_USER_NOT_LOGGED_IN;
    USER_TYPE_INVALID = CKR_USER_TYPE_INVALID;
}

/// What the C function that met a refusal had been given: the standard allows each function only some codes. Functions
/// that begin an operation are not among them: they ask the daemon nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Names {
    /// An object: reading and changing attributes, destroying.
    Object,
    /// Only a session: the functions that carry an operation on.
    Session,
    /// A session, and ciphertext to decrypt.
    Ciphertext,
    /// A session, and a template for a new object.
    Template,
    /// An object that is to end.
    Ending,
}

/// Why a request brought no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// No connection can be made.
    Unreachable,
    /// The connection broke after the request was sent; whether it was executed is not known.
    Lost,
    /// The daemon did not answer in time.
    Late,
    /// What came back is no answer.
    Unreadable,
    /// The daemon refused.
    Refused(Option<ResultReason>),
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Io(error) => match error.kind() {
                std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut => Self::Late,
                _ => Self::Lost,
            },
            CallError::Unreadable(_) | CallError::NotKmip => Self::Unreadable,
            CallError::Refused { reason, .. } => Self::Refused(reason),
        }
    }
}

impl Failure {
    /// Whether the way to the daemon failed, and not what was asked of it.
    pub(crate) const fn is_of_transport(self) -> bool {
        !matches!(self, Self::Refused(_))
    }

    /// The return value for a function that was given this.
    pub(crate) fn seen_by(self, names: Names) -> Rv {
        match self {
            Self::Unreachable | Self::Lost => Rv::DEVICE_REMOVED,
            Self::Late | Self::Unreadable => Rv::DEVICE_ERROR,
            Self::Refused(reason) => refusal(reason, names),
        }
    }
}

/// One row a meaning: the reasons, then the value for each of [`Names`] in the order of its variants.
type Row = (&'static [ResultReason], [Rv; 5]);

const REFUSALS: &[Row] = &[
    (
        &[
            ResultReason::ItemNotFound,
            ResultReason::ObjectNotFound,
            ResultReason::ObjectDestroyed,
            ResultReason::ObjectArchived,
        ],
        [
            Rv::OBJECT_HANDLE_INVALID,
            Rv::FUNCTION_FAILED,
            Rv::FUNCTION_FAILED,
            Rv::FUNCTION_FAILED,
            Rv::OBJECT_HANDLE_INVALID,
        ],
    ),
    (
        &[ResultReason::AuthenticationNotSuccessful],
        [Rv::USER_NOT_LOGGED_IN; 5],
    ),
    (
        &[
            ResultReason::PermissionDenied,
            ResultReason::NotAuthorised,
            ResultReason::WrongKeyLifecycleState,
            ResultReason::IncompatibleCryptographicUsageMask,
            ResultReason::UsageLimitExceeded,
            ResultReason::ConstraintViolation,
        ],
        [
            Rv::ACTION_PROHIBITED,
            Rv::FUNCTION_REJECTED,
            Rv::FUNCTION_REJECTED,
            Rv::FUNCTION_FAILED,
            Rv::ACTION_PROHIBITED,
        ],
    ),
    (
        &[
            ResultReason::Sensitive,
            ResultReason::NotExtractable,
            ResultReason::KeyValueNotPresent,
        ],
        [
            Rv::ACTION_PROHIBITED,
            Rv::FUNCTION_FAILED,
            Rv::FUNCTION_FAILED,
            Rv::TEMPLATE_INCONSISTENT,
            Rv::ACTION_PROHIBITED,
        ],
    ),
    (
        &[
            ResultReason::InvalidObjectType,
            ResultReason::IllegalObjectType,
        ],
        [
            Rv::ATTRIBUTE_TYPE_INVALID,
            Rv::FUNCTION_FAILED,
            Rv::FUNCTION_FAILED,
            Rv::TEMPLATE_INCONSISTENT,
            Rv::FUNCTION_FAILED,
        ],
    ),
    (
        &[
            ResultReason::BadCryptographicParameters,
            ResultReason::UnsupportedCryptographicParameters,
            ResultReason::MissingInitializationVector,
        ],
        [
            Rv::FUNCTION_FAILED,
            Rv::FUNCTION_FAILED,
            Rv::FUNCTION_FAILED,
            Rv::TEMPLATE_INCONSISTENT,
            Rv::FUNCTION_FAILED,
        ],
    ),
    (
        &[ResultReason::CryptographicFailure],
        [
            Rv::FUNCTION_FAILED,
            Rv::FUNCTION_FAILED,
            Rv::ENCRYPTED_DATA_INVALID,
            Rv::FUNCTION_FAILED,
            Rv::FUNCTION_FAILED,
        ],
    ),
    (
        &[
            ResultReason::InvalidField,
            ResultReason::InvalidAttribute,
            ResultReason::InvalidAttributeValue,
            ResultReason::InvalidDataType,
            ResultReason::NumericRange,
            ResultReason::KeyFormatTypeNotSupported,
        ],
        [
            Rv::ATTRIBUTE_VALUE_INVALID,
            Rv::FUNCTION_FAILED,
            Rv::ENCRYPTED_DATA_INVALID,
            Rv::ATTRIBUTE_VALUE_INVALID,
            Rv::FUNCTION_FAILED,
        ],
    ),
    (
        &[
            ResultReason::AttributeReadOnly,
            ResultReason::ReadOnlyAttribute,
        ],
        [
            Rv::ATTRIBUTE_READ_ONLY,
            Rv::FUNCTION_FAILED,
            Rv::FUNCTION_FAILED,
            Rv::ATTRIBUTE_READ_ONLY,
            Rv::FUNCTION_FAILED,
        ],
    ),
    (
        &[
            ResultReason::AttributeSingleValued,
            ResultReason::MultiValuedAttribute,
            ResultReason::NonUniqueNameAttribute,
            ResultReason::ObjectAlreadyExists,
        ],
        [
            Rv::TEMPLATE_INCONSISTENT,
            Rv::FUNCTION_FAILED,
            Rv::FUNCTION_FAILED,
            Rv::TEMPLATE_INCONSISTENT,
            Rv::FUNCTION_FAILED,
        ],
    ),
    (
        &[
            ResultReason::AttributeNotFound,
            ResultReason::AttributeInstanceNotFound,
            ResultReason::UnsupportedAttribute,
        ],
        [
            Rv::ATTRIBUTE_TYPE_INVALID,
            Rv::FUNCTION_FAILED,
            Rv::FUNCTION_FAILED,
            Rv::ATTRIBUTE_TYPE_INVALID,
            Rv::FUNCTION_FAILED,
        ],
    ),
    (
        &[ResultReason::ResponseTooLarge],
        [
            Rv::DEVICE_MEMORY,
            Rv::DEVICE_MEMORY,
            Rv::DEVICE_MEMORY,
            Rv::DEVICE_MEMORY,
            Rv::DEVICE_MEMORY,
        ],
    ),
    (
        &[ResultReason::OperationNotSupported],
        [
            Rv::FUNCTION_FAILED,
            Rv::FUNCTION_FAILED,
            Rv::FUNCTION_FAILED,
            Rv::FUNCTION_FAILED,
            Rv::FUNCTION_FAILED,
        ],
    ),
];

/// Everything else is a fault of the daemon's and not of the application's.
fn refusal(reason: Option<ResultReason>, names: Names) -> Rv {
    let column = match names {
        Names::Object => 0,
        Names::Session => 1,
        Names::Ciphertext => 2,
        Names::Template => 3,
        Names::Ending => 4,
    };
    reason
        .and_then(|reason| REFUSALS.iter().find(|(all, _)| all.contains(&reason)))
        .and_then(|(_, values)| values.get(column))
        .copied()
        .unwrap_or(Rv::DEVICE_ERROR)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_reads_as_the_function_may_say_it() {
        let seen = |reason, names| Failure::Refused(Some(reason)).seen_by(names);
        assert_eq!(
            seen(ResultReason::ObjectNotFound, Names::Session),
            Rv::FUNCTION_FAILED
        );
        assert_eq!(
            seen(ResultReason::ObjectNotFound, Names::Object),
            Rv::OBJECT_HANDLE_INVALID
        );
        assert_eq!(
            seen(ResultReason::WrongKeyLifecycleState, Names::Session),
            Rv::FUNCTION_REJECTED
        );
        assert_eq!(
            seen(ResultReason::CryptographicFailure, Names::Ciphertext),
            Rv::ENCRYPTED_DATA_INVALID
        );
        assert_eq!(
            seen(ResultReason::GeneralFailure, Names::Template),
            Rv::DEVICE_ERROR
        );
        assert_eq!(
            Failure::Refused(None).seen_by(Names::Object),
            Rv::DEVICE_ERROR
        );
        assert_eq!(Rv::KEY_HANDLE_INVALID.name(), "KEY_HANDLE_INVALID");
    }
}
