//! What a call that failed returns: the code that the standard has for it, by what the call names.

use kmip::PKCS11ReturnCode as Code;
use pkcs11::{Rv, pages::Unfinished};

use crate::{
    context::Context,
    cryptoki::Garbled,
    error::{Error, Result},
    fault::Fault,
};

/// What a call names, which decides what it may return (PKCS #11 3.1 §5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Names {
    /// Only a session, with data.
    Session,
    /// Only a session, with a ciphertext.
    Ciphertext,
    /// A key.
    Key,
    /// An object.
    Object,
    /// A key and one that wraps it.
    Wrapping,
    /// A wrapped key, and a template for what comes of it.
    Unwrapping,
    /// A template.
    Template,
}

/// Why a call failed.
pub(super) enum Failure {
    /// The function says so.
    Code(Code),
    /// The parameters cannot be read.
    Garbled,
    /// The operation that it is was refused.
    Refused(Error, Names),
    /// The function refuses, and the trail says why.
    Denied(Error, Code),
}

/// How a call ends.
pub(super) type Outcome = std::result::Result<(), Failure>;

impl From<Code> for Failure {
    fn from(code: Code) -> Self {
        Self::Code(code)
    }
}

impl From<Rv> for Failure {
    fn from(rv: Rv) -> Self {
        Self::Code(u32::try_from(rv.0).map_or(Code::GENERALERROR, Code))
    }
}

impl From<Garbled> for Failure {
    fn from(_: Garbled) -> Self {
        Self::Garbled
    }
}

impl From<Unfinished> for Failure {
    fn from(why: Unfinished) -> Self {
        Self::Code(match why {
            Unfinished::Lost => Code::FUNCTIONFAILED,
            Unfinished::TooMany => Code::DEVICEMEMORY,
        })
    }
}

impl Failure {
    /// The same of a call that has done something before, of which nothing is to stay.
    pub(super) fn undone(self) -> Self {
        match self {
            Self::Code(code) => {
                let error = Error::new(Fault::InvalidField, "a part of the call is not served");
                Self::Denied(error, code)
            }
            other => other,
        }
    }

    /// The code to return. What was refused is recorded as such, and nothing of it is committed.
    pub(super) fn into_code(self, context: &mut Context<'_>) -> Result<Code> {
        match self {
            Self::Code(code) => Ok(code),
            Self::Garbled => Err(Error::new(
                Fault::PKCS11Codec,
                "the input parameters are not what the function takes",
            )),
            Self::Refused(error, names) => {
                let code = code(error.fault, names);
                context.refusal = Some(error);
                Ok(code)
            }
            Self::Denied(error, code) => {
                context.refusal = Some(error);
                Ok(code)
            }
        }
    }
}

fn code(fault: Fault, names: Names) -> Code {
    match (fault, names) {
        (Fault::NoSuchObject | Fault::ObjectDestroyed, Names::Key) => Code::KEYHANDLEINVALID,
        (Fault::NoSuchObject | Fault::ObjectDestroyed, Names::Object) => Code::OBJECTHANDLEINVALID,
        (
            Fault::NotPermitted | Fault::WrongState | Fault::WrongUsage | Fault::LimitSpent,
            Names::Key,
        ) => Code::KEYFUNCTIONNOTPERMITTED,
        (Fault::NotPermitted | Fault::WrongState, Names::Object) => Code::ACTIONPROHIBITED,
        (Fault::NotPermitted | Fault::WrongState | Fault::WrongUsage | Fault::LimitSpent, _) => {
            Code::FUNCTIONREJECTED
        }
        (Fault::NoSuchObject | Fault::ObjectDestroyed, Names::Wrapping) => Code::KEYHANDLEINVALID,
        (Fault::WrappingObjectNotFound | Fault::WrappingObjectDestroyed, Names::Unwrapping) => {
            Code::UNWRAPPINGKEYHANDLEINVALID
        }
        (Fault::WrappingObjectNotFound | Fault::WrappingObjectDestroyed, _) => {
            Code::WRAPPINGKEYHANDLEINVALID
        }
        (Fault::KeyValueAbsent, Names::Wrapping) => Code::KEYUNEXTRACTABLE,
        (Fault::CryptoFailed | Fault::InvalidField, Names::Unwrapping) => Code::WRAPPEDKEYINVALID,
        (Fault::Sensitive | Fault::NotExtractable, Names::Object) => Code::ATTRIBUTESENSITIVE,
        (Fault::Sensitive | Fault::NotExtractable, _) => Code::KEYUNEXTRACTABLE,
        (Fault::WrongObjectType, Names::Key) => Code::KEYTYPEINCONSISTENT,
        (Fault::BadParameters | Fault::BadTagLength | Fault::MissingIV, _) => {
            Code::MECHANISMPARAMINVALID
        }
        (Fault::UnsupportedParameters, _) => Code::MECHANISMINVALID,
        // The value that was brought is no key.
        (Fault::CryptoFailed, Names::Template) => Code::ATTRIBUTEVALUEINVALID,
        (Fault::CryptoFailed, Names::Ciphertext) => Code::ENCRYPTEDDATAINVALID,
        (
            Fault::InvalidAttribute
            | Fault::InvalidAttributeValue
            | Fault::AttributeReadOnly
            | Fault::AttributeSingleValued
            | Fault::UnsupportedAlgorithm
            | Fault::MissingData
            | Fault::NameTaken
            | Fault::InvalidField,
            Names::Template | Names::Unwrapping,
        ) => Code::TEMPLATEINCONSISTENT,
        (Fault::TooLarge, _) => Code::DATALENRANGE,
        (Fault::Busy, _) => Code::DEVICEMEMORY,
        (Fault::Internal | Fault::HsmAway | Fault::Unanswered, _) => Code::DEVICEERROR,
        _ => Code::FUNCTIONFAILED,
    }
}
