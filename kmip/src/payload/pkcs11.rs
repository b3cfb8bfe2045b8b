//! PKCS#11 (KMIP 2.1 §6.1.37): a call of a C function, carried to the server.

use super::operation;
use crate::{
    PKCS11Function, PKCS11ReturnCode, Secret,
    ttlv::{Bytes, structure},
};

operation! {
    /// PKCS#11: call a function of PKCS #11.
    PKCS11 since V2_0: PKCS11Request -> PKCS11Response;
}

structure! {
    /// PKCS#11, request.
    pub struct PKCS11Request {
        /// The interface that the function belongs to; that of the standard when absent.
        pkcs11_interface: Option<String> = PKCS11Interface;
        /// The function.
        pkcs11_function: PKCS11Function = PKCS11Function;
        /// Whose call it is: what `C_Initialize` returned.
        correlation_value: Option<Bytes> = CorrelationValue;
        /// What goes in; it may be a PIN.
        pkcs11_input_parameters: Option<Secret> = PKCS11InputParameters;
    }
}

structure! {
    /// PKCS#11, response.
    pub struct PKCS11Response {
        /// The interface, as it was asked for.
        pkcs11_interface: Option<String> = PKCS11Interface;
        /// The function.
        pkcs11_function: PKCS11Function = PKCS11Function;
        /// Whose calls are to follow.
        correlation_value: Option<Bytes> = CorrelationValue;
        /// What comes out; it may be a plaintext.
        pkcs11_output_parameters: Option<Secret> = PKCS11OutputParameters;
        /// What the function returned.
        pkcs11_return_code: PKCS11ReturnCode = PKCS11ReturnCode;
    }
}
