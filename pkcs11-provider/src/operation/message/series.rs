//! Messages one after the other under one key, each of which begins from the same.

use pkcs11::{Result, Rv};

use super::finish;
use crate::abi::parameter::MessageArgument;

/// A message-based operation whose messages need nothing of their own.
#[derive(Clone)]
pub(crate) struct Series<T> {
    /// An operation on nothing yet, from which each begins.
    fresh: T,
    /// The message that came in part.
    begun: Option<T>,
}

impl<T: Clone> Series<T> {
    pub(super) const fn new(fresh: T) -> Self {
        Self { fresh, begun: None }
    }

    /// A copy for a child process, by a copy of each operation.
    pub(crate) fn forked(&self, copy: impl Fn(&T) -> T) -> Self {
        Self {
            fresh: copy(&self.fresh),
            begun: self.begun.as_ref().map(copy),
        }
    }

    /// What works on a message that comes whole.
    pub(super) fn whole(place: Option<&Self>, argument: MessageArgument<'_>) -> Result<T> {
        let own = place.ok_or(Rv::OPERATION_NOT_INITIALIZED)?;
        if own.begun.is_some() {
            return Err(Rv::OPERATION_ACTIVE);
        }
        argument.none()?;
        Ok(own.fresh.clone())
    }

    /// Begins a message that comes in parts.
    pub(super) fn begin(place: Option<&mut Self>, argument: MessageArgument<'_>) -> Result<()> {
        let own = place.ok_or(Rv::OPERATION_NOT_INITIALIZED)?;
        own.begun = Some(Self::whole(Some(own), argument)?);
        Ok(())
    }

    /// Where the message is that comes in parts.
    pub(super) fn begun(place: Option<&mut Self>) -> Result<&mut Option<T>> {
        place
            .map(|own| &mut own.begun)
            .ok_or(Rv::OPERATION_NOT_INITIALIZED)
    }

    /// Ends the series, unless it is in the middle of a message.
    pub(super) fn finish(place: &mut Option<Self>) -> Result<()> {
        finish(place, |own| own.begun.is_some())
    }
}
