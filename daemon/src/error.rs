//! The error of the daemon's core: a fault, words for the client, and a cause that only the log sees.

use std::borrow::Cow;

use kmip::{
    DecodeError, DecodeErrorKind, Tag, Version,
    attribute::Refusal,
    mechanism::parameters::Unfit,
    ttlv::{Structure, Writer},
};

use crate::fault::Fault;

/// Why an operation failed.
#[derive(Debug)]
pub struct Error {
    /// What it means to the protocol.
    pub fault: Fault,
    message: Cow<'static, str>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
    payload: Option<Vec<u8>>,
}

impl Error {
    /// A failure with words that are safe to show to any client.
    #[must_use]
    pub fn new(fault: Fault, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            fault,
            message: message.into(),
            source: None,
            payload: None,
        }
    }

    /// A failure of ours, whose cause stays in the log.
    #[must_use]
    pub fn internal(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self {
            fault: Fault::Internal,
            message: Cow::Borrowed("internal error"),
            source: Some(source.into()),
            payload: None,
        }
    }

    /// The same failure with its cause for the log.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The same failure with a payload, of the few operations that say in it what was refused.
    #[must_use]
    pub fn answering(mut self, payload: &impl Structure, version: Version) -> Self {
        let mut writer = Writer::new(version);
        payload.write_fields(&mut writer);
        self.payload = Some(writer.bytes().to_vec());
        self
    }

    /// The payload of the failed item's answer.
    #[must_use]
    pub fn payload(&self) -> Option<&[u8]> {
        self.payload.as_deref()
    }

    /// The words for the client.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The cause, for the log alone.
    #[must_use]
    pub fn cause(&self) -> Option<&(dyn std::error::Error + Send + Sync)> {
        self.source.as_deref()
    }

    /// Whether somebody else has changed a record since it was read, so that the same succeeds when it is tried again.
    pub(crate) fn is_conflict(&self) -> bool {
        let cause = self.source.as_ref().and_then(|cause| cause.downcast_ref());
        cause == Some(&store::Error::Conflict)
    }

    /// Why a message cannot be read as a request, of whose items there may be too many.
    #[must_use]
    pub(crate) fn of_message(error: DecodeError) -> Self {
        if error.kind == DecodeErrorKind::TooMany && error.path == [Tag::BatchItem] {
            return Self::new(Fault::TooManyItems, error.to_string()).because(error);
        }
        if error.kind == DecodeErrorKind::Missing {
            // Without what every message has, it is none (KMIP 1.4 §11.1).
            return Self::new(Fault::Unreadable, error.to_string()).because(error);
        }
        Self::from(error)
    }

    /// No such object, or none that the principal may know of.
    #[must_use]
    pub fn no_such_object() -> Self {
        Self::new(Fault::NoSuchObject, "no such object")
    }

    /// Not permitted.
    #[must_use]
    pub fn not_permitted() -> Self {
        Self::new(Fault::NotPermitted, "not permitted")
    }

    /// A field that is not acceptable.
    #[must_use]
    pub fn invalid_field(message: &'static str) -> Self {
        Self::new(Fault::InvalidField, message)
    }
}

/// The result of the daemon's core.
pub type Result<T> = std::result::Result<T, Error>;

impl From<DecodeError> for Error {
    fn from(error: DecodeError) -> Self {
        let fault = match error.kind {
            DecodeErrorKind::AttributeUnknown(_) => Fault::InvalidAttribute,
            DecodeErrorKind::Missing => Fault::MissingData,
            DecodeErrorKind::TooDeep => Fault::TooDeep,
            // What stands outside everything is no message.
            DecodeErrorKind::Unexpected if error.path.len() > 1 => Fault::FieldMisplaced,
            _ => Fault::Unreadable,
        };
        // The path has the standard's names only; the client is helped by seeing it.
        Self::new(fault, error.to_string()).because(error)
    }
}

impl From<hsm::Error> for Error {
    fn from(error: hsm::Error) -> Self {
        let (fault, message) = match &error {
            hsm::Error::BadInput(_) => {
                (Fault::CryptoFailed, "the input does not fit the mechanism")
            }
            hsm::Error::BadKey(_) => (Fault::CryptoFailed, "the key is not valid"),
            hsm::Error::Failed(_) => (Fault::CryptoFailed, "the cryptographic operation failed"),
            hsm::Error::KeyTypeMismatch => {
                (Fault::BadParameters, "the mechanism does not fit the key")
            }
            hsm::Error::NotExportable => (Fault::NotExtractable, "the key may not leave its HSM"),
            hsm::Error::Unsupported => (
                Fault::UnsupportedParameters,
                "the HSM does not support this",
            ),
            hsm::Error::Refused(_) => (
                Fault::HsmAway,
                "the HSM refuses the login; whoever runs the server must look at it",
            ),
            hsm::Error::Broken(_) => (
                Fault::HsmAway,
                "the HSM has failed a test of itself; whoever runs the server must look at it",
            ),
            hsm::Error::Unavailable(_) => {
                (Fault::HsmAway, "the HSM does not answer now; try again")
            }
            hsm::Error::Corrupt | hsm::Error::KeyNotFound => return Self::internal(error),
        };
        Self::new(fault, message).because(error)
    }
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::NameTaken(_) => {
                Self::new(Fault::NameTaken, "another object has this name").because(error)
            }
            store::Error::Unanswered => Self::new(
                Fault::Unanswered,
                "the disk does not answer: it is not known whether this is done; look before it is tried again",
            )
            .because(error),
            other => Self::internal(other),
        }
    }
}

impl From<Unfit> for Error {
    fn from(unfit: Unfit) -> Self {
        match unfit {
            Unfit::Bad(message) => Self::new(Fault::BadParameters, message),
            Unfit::TagLength(message) => Self::new(Fault::BadTagLength, message),
            Unfit::Unsupported(message) => Self::new(Fault::UnsupportedParameters, message),
        }
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::SingleValued => Self::new(
                Fault::AttributeSingleValued,
                "the attribute has a single value",
            ),
            Refusal::NoSuchInstance => Self::new(
                Fault::AttributeInstanceNotFound,
                "there is no such instance of the attribute",
            ),
            Refusal::AlreadyThere => Self::new(
                Fault::InvalidAttributeValue,
                "the attribute has this value already",
            ),
        }
    }
}
