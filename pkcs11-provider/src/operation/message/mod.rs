//! Messages: many under one key, each with a nonce, a tag or a signature of its own (PKCS #11 3.2 §5.9, §5.11, §5.14, §5.16).

pub(crate) mod cipher;
mod nonce;
mod series;
pub(crate) mod sign;
pub(crate) mod verify;

use pkcs11::{Result, Rv};

pub(crate) use self::series::Series;

/// Ends a message-based operation, unless it is in the middle of a message.
fn finish<T>(place: &mut Option<T>, is_in_message: impl Fn(&T) -> bool) -> Result<()> {
    match place {
        None => Err(Rv::OPERATION_NOT_INITIALIZED),
        Some(own) if is_in_message(own) => Err(Rv::OPERATION_ACTIVE),
        Some(_) => {
            *place = None;
            Ok(())
        }
    }
}
