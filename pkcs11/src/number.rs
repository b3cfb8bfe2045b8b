//! The number of the C interface, which is as wide as the machine has it.

use cryptoki_sys as ck;

/// The number of the C interface.
pub type Ulong = ck::CK_ULONG;

/// What stands where a length or a number is not known.
pub const UNAVAILABLE: Ulong = Ulong::MAX;

/// A length as the C interface's number.
#[must_use]
pub fn ulong(length: usize) -> Ulong {
    Ulong::try_from(length).unwrap_or(UNAVAILABLE)
}

/// A number of the C interface as a length.
#[must_use]
pub fn size(number: Ulong) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
