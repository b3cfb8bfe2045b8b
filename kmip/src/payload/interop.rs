//! Interop (KMIP 2.1 §6.1.26).

use super::operation;
use crate::{InteropFunction, ttlv::structure};

operation! {
    /// Interop: marks where tests begin and end, and has a server under test forget what they left.
    Interop since V2_0: InteropRequest -> InteropResponse;
}

structure! {
    /// Interop, request.
    pub struct InteropRequest {
        /// Begin, End or Reset.
        interop_function: InteropFunction = InteropFunction;
        /// Which test.
        interop_identifier: String = InteropIdentifier;
    }
}

structure! {
    /// Interop, response.
    pub struct InteropResponse {}
}
