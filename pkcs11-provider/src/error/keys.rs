//! What refusals mean to functions that handle keys with keys, where it is more than to others.

use kmip::ResultReason;
use pkcs11::Rv;

use super::Names;

/// The value for a reason, to a function that was given this.
pub(super) fn of_keys(reason: ResultReason, names: Names) -> Option<Rv> {
    let mut rows = OF_KEYS.iter();
    let row = rows.find(|(all, own, _)| *own == names && all.contains(&reason));
    row.map(|(_, _, rv)| *rv)
}

/// Reasons, what the function was given, and the value.
const OF_KEYS: &[(&[ResultReason], Names, Rv)] = &[
    (GONE, Names::Wrapping, Rv::KEY_HANDLE_INVALID),
    (GONE, Names::Unwrapping, Rv::UNWRAPPING_KEY_HANDLE_INVALID),
    (GONE, Names::Deriving, Rv::KEY_HANDLE_INVALID),
    (
        WRAPPING_GONE,
        Names::Wrapping,
        Rv::WRAPPING_KEY_HANDLE_INVALID,
    ),
    (
        WRAPPING_GONE,
        Names::Unwrapping,
        Rv::UNWRAPPING_KEY_HANDLE_INVALID,
    ),
    (
        &[
            ResultReason::NotExtractable,
            ResultReason::KeyValueNotPresent,
        ],
        Names::Wrapping,
        Rv::KEY_UNEXTRACTABLE,
    ),
    (
        &[
            ResultReason::Sensitive,
            ResultReason::PermissionDenied,
            ResultReason::NotAuthorised,
            ResultReason::IncompatibleCryptographicUsageMask,
            ResultReason::ConstraintViolation,
        ],
        Names::Wrapping,
        Rv::KEY_NOT_WRAPPABLE,
    ),
    (
        &[ResultReason::CryptographicFailure],
        Names::Wrapping,
        Rv::KEY_SIZE_RANGE,
    ),
    (PARAMETERS, Names::Wrapping, Rv::MECHANISM_PARAM_INVALID),
    (PARAMETERS, Names::Unwrapping, Rv::MECHANISM_PARAM_INVALID),
    (PARAMETERS, Names::Deriving, Rv::MECHANISM_PARAM_INVALID),
    (
        &[
            ResultReason::CryptographicFailure,
            ResultReason::InvalidField,
        ],
        Names::Unwrapping,
        Rv::WRAPPED_KEY_INVALID,
    ),
    (
        &[ResultReason::CryptographicFailure],
        Names::Deriving,
        Rv::MECHANISM_PARAM_INVALID,
    ),
    (
        &[ResultReason::IncompatibleCryptographicUsageMask],
        Names::Unwrapping,
        Rv::TEMPLATE_INCONSISTENT,
    ),
    (
        &[ResultReason::IncompatibleCryptographicUsageMask],
        Names::Deriving,
        Rv::TEMPLATE_INCONSISTENT,
    ),
];

pub(super) const GONE: &[ResultReason] = &[
    ResultReason::ItemNotFound,
    ResultReason::ObjectNotFound,
    ResultReason::ObjectDestroyed,
    ResultReason::ObjectArchived,
];

const WRAPPING_GONE: &[ResultReason] = &[
    ResultReason::WrappingObjectNotFound,
    ResultReason::WrappingObjectDestroyed,
    ResultReason::WrappingObjectArchived,
];

pub(super) const PARAMETERS: &[ResultReason] = &[
    ResultReason::BadCryptographicParameters,
    ResultReason::UnsupportedCryptographicParameters,
    ResultReason::MissingInitializationVector,
];
