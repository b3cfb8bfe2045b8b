//! Which part of its data a request brings: what three fields say that all operations with data in parts have.

use kmip::{
    payload::{
        encrypt::{DecryptRequest, EncryptRequest},
        hash::HashRequest,
        mac::{MACRequest, MACVerifyRequest},
        sign::{SignRequest, SignatureVerifyRequest},
    },
    ttlv::Bytes,
};

use crate::error::{Error, Result};

/// Which part of its data a request brings.
pub(crate) enum Step {
    /// All of it.
    Whole,
    /// The first of several.
    First,
    /// Another of a stream.
    Next {
        /// The stream.
        correlation: Bytes,
        /// Whether it is the last.
        last: bool,
    },
}

/// A request whose data may come in parts.
pub(crate) trait InParts {
    /// Correlation Value, Init Indicator and Final Indicator.
    fn part(&self) -> (Option<&Bytes>, Option<bool>, Option<bool>);
}

macro_rules! in_parts {
    ($($request:ty),* $(,)?) => {
        $(impl InParts for $request {
            fn part(&self) -> (Option<&Bytes>, Option<bool>, Option<bool>) {
                (self.correlation_value.as_ref(), self.init_indicator, self.final_indicator)
            }
        })*
    };
}

in_parts!(
    EncryptRequest,
    DecryptRequest,
    SignRequest,
    SignatureVerifyRequest,
    MACRequest,
    MACVerifyRequest,
    HashRequest,
);

impl Step {
    /// The part that a request brings.
    pub(crate) fn of(request: &impl InParts) -> Result<Self> {
        let (correlation, init, last) = request.part();
        let (init, last) = (init == Some(true), last == Some(true));
        match correlation {
            None if init && !last => Ok(Self::First),
            None => Ok(Self::Whole),
            Some(_) if init => Err(Error::invalid_field(
                "the first part has no correlation value yet",
            )),
            Some(correlation) => Ok(Self::Next {
                correlation: correlation.clone(),
                last,
            }),
        }
    }

    /// Whether a request has all of its data.
    pub(crate) fn is_whole(request: &impl InParts) -> bool {
        let (correlation, init, _) = request.part();
        correlation.is_none() && init != Some(true)
    }
}
