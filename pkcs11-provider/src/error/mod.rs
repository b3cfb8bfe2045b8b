//! Failures: why a request brought no answer, and what a refusal of the daemon means to the call that met it.

mod keys;

use std::io;

use kmip::{ResultReason, client::CallError};
use pkcs11::{Rv, pages::Unfinished};
use rustix::io::Errno;

use self::keys::{GONE, PARAMETERS, of_keys};

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
    /// A key and one that wraps it.
    Wrapping,
    /// A wrapped key, the key that it is under, and a template for what comes of it.
    Unwrapping,
    /// A key and a template for what is derived of it.
    Deriving,
}

/// Why a request brought no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// No connection can be made.
    Unreachable,
    /// This process, or its machine, has no room for another connection.
    NoRoom,
    /// The connection broke after the request was sent; whether it was executed is not known.
    Lost,
    /// The daemon did not answer in time.
    Late,
    /// What came back is no answer.
    Unreadable,
    /// There is more than one search takes.
    TooMany,
    /// The daemon refused.
    Refused(Option<ResultReason>),
}

impl From<Unfinished> for Failure {
    fn from(why: Unfinished) -> Self {
        match why {
            Unfinished::Lost => Self::Unreadable,
            Unfinished::TooMany => Self::TooMany,
        }
    }
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Io(error) => match error.kind() {
                io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => Self::Late,
                _ => Self::Lost,
            },
            CallError::Unreadable(_) | CallError::NotKmip => Self::Unreadable,
            CallError::Refused { reason, .. } => Self::Refused(reason),
        }
    }
}

/// Whether an error says that this process or its machine has no room for what was wanted: too many open files, or no
/// memory. The daemon may well be there.
pub(crate) fn is_lack_of_room(error: &io::Error) -> bool {
    [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM]
        .iter()
        .any(|lack| error.raw_os_error() == Some(lack.raw_os_error()))
}

impl Failure {
    /// Why connecting failed.
    pub(crate) fn of_connecting(error: &io::Error) -> Self {
        if is_lack_of_room(error) {
            Self::NoRoom
        } else {
            Self::Unreachable
        }
    }

    /// Whether the way to the daemon failed, and not what was asked of it.
    pub(crate) const fn is_of_transport(self) -> bool {
        !matches!(self, Self::Refused(_) | Self::TooMany)
    }

    /// Whether the daemon said that there is no such object, or none at hand.
    pub(crate) fn is_of_absence(self) -> bool {
        matches!(self, Self::Refused(Some(reason)) if GONE.contains(&reason))
    }

    /// Whether the daemon said that this caller may not.
    pub(crate) const fn is_of_permission(self) -> bool {
        matches!(
            self,
            Self::Refused(Some(
                ResultReason::PermissionDenied | ResultReason::NotAuthorised
            ))
        )
    }

    /// The return value for a function that was given this.
    pub(crate) fn seen_by(self, names: Names) -> Rv {
        match self {
            Self::Unreachable | Self::Lost => Rv::DEVICE_REMOVED,
            Self::NoRoom => Rv::HOST_MEMORY,
            Self::Late | Self::Unreadable => Rv::DEVICE_ERROR,
            Self::TooMany => Rv::DEVICE_MEMORY,
            Self::Refused(reason) => refusal(reason, names),
        }
    }
}

/// One row a meaning: the reasons, then the value for each of [`Names`] in the order of its variants.
type Row = (&'static [ResultReason], [Rv; 5]);

const REFUSALS: &[Row] = &[
    (
        GONE,
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
        PARAMETERS,
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
            // The value that was brought is no key.
            Rv::ATTRIBUTE_VALUE_INVALID,
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
        Names::Session | Names::Wrapping => 1,
        Names::Ciphertext => 2,
        Names::Template | Names::Unwrapping | Names::Deriving => 3,
        Names::Ending => 4,
    };
    if let Some(rv) = reason.and_then(|reason| of_keys(reason, names)) {
        return rv;
    }
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
    }
}
