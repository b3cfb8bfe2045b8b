//! Operations whose data comes in parts: the same as at once, from the first part to the last.

mod encrypt;
mod hash;
mod mac;
mod sign;

use store::ObjectId;

pub(super) use self::{
    encrypt::{decrypt, encrypt},
    hash::hash,
    mac::{mac, mac_verify},
    sign::{sign, signature_verify},
};
use crate::{
    context::{Authorized, Context},
    error::Result,
    streams::{Engine, Part, Stream},
};

/// A computation that the HSM does part by part, or that waits until its data is whole.
fn begun<R: std::any::Any + Send>(
    context: &Context<'_>,
    key: &Authorized,
    said: R,
    begun: Option<hsm::Begun>,
) -> Stream {
    let object: ObjectId = key.record().id.clone();
    match begun {
        Some(begun) => Stream::new(Some(object), said, Engine::Hsm(begun.stream)).with_iv(begun.iv),
        None => Stream::new(
            Some(object),
            said,
            context.service.streams.holding(context.principal),
        ),
    }
}

/// Counts a part against the usage limits: the first as a use, each with its bytes. What is held is counted at its end.
fn spend(context: &mut Context<'_>, key: &Authorized, part: &Part, bytes: usize) -> Result<()> {
    if part.is_first {
        context.spend(key, bytes)
    } else {
        context.spend_further(key, bytes)
    }
}
