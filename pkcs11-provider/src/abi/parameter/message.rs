//! Parameters of single messages: structures that lead to the caller's nonce and tag, which may be written as well.

use std::{ffi::c_void, marker::PhantomData};

use cryptoki_sys as ck;
use pkcs11::{
    Result, Rv, Ulong,
    mechanism::{Ccm, Parameter, Shape},
    ulong,
};

use super::{Plain, pointed, structure};
use crate::abi::pointer::In;

impl Plain for ck::CK_CCM_MESSAGE_PARAMS {}
impl Plain for ck::CK_GCM_MESSAGE_PARAMS {}
impl Plain for ck::CK_SALSA20_CHACHA20_POLY1305_MSG_PARAMS {}

/// The bytes of Poly1305's tag, whose structure does not say them.
const POLY1305_BYTES: Ulong = 16;

/// The parameter of a message as it was passed, unread until it is known which structure it is.
#[derive(Clone, Copy)]
pub(crate) struct MessageArgument<'a> {
    structure: In<'a>,
    caller: PhantomData<&'a mut [u8]>,
}

impl<'a> MessageArgument<'a> {
    /// # Safety
    /// Unless null, the pointer leads to `length` bytes; where these are a structure, its pointers are null or lead to as
    /// many bytes as it says, which may be written during the call.
    pub(crate) const unsafe fn new(pointer: *const c_void, length: Ulong) -> Self {
        Self {
            // SAFETY: the caller vouches for the same.
            structure: unsafe { In::new(pointer.cast(), length) },
            caller: PhantomData,
        }
    }

    /// That there is none, as mechanisms want it whose messages need nothing of their own.
    pub(crate) fn none(self) -> Result<()> {
        match self.structure.bytes() {
            Ok([]) => Ok(()),
            _ => Err(Rv::MECHANISM_PARAM_INVALID),
        }
    }

    /// Reads the structure that goes with mechanisms whose own parameter has this shape.
    pub(crate) fn read(self, shape: Shape) -> Result<MessageParameter<'a>> {
        let bytes = self
            .structure
            .bytes()
            .map_err(|_| Rv::MECHANISM_PARAM_INVALID)?;
        let read = match shape {
            Shape::Gcm => {
                let own = structure::<ck::CK_GCM_MESSAGE_PARAMS>(bytes)?;
                MessageParameter {
                    shape,
                    nonce: own.pIv,
                    nonce_bytes: own.ulIvLen,
                    fixed_bits: own.ulIvFixedBits,
                    generator: own.ivGenerator,
                    tag: own.pTag,
                    // The tag is whole bytes of every length that is served.
                    tag_bytes: own.ulTagBits / 8,
                    tag_bits: own.ulTagBits,
                    data_bytes: None,
                    caller: PhantomData,
                }
            }
            Shape::Ccm => {
                let own = structure::<ck::CK_CCM_MESSAGE_PARAMS>(bytes)?;
                MessageParameter {
                    shape,
                    nonce: own.pNonce,
                    nonce_bytes: own.ulNonceLen,
                    fixed_bits: own.ulNonceFixedBits,
                    generator: own.nonceGenerator,
                    tag: own.pMAC,
                    tag_bytes: own.ulMACLen,
                    tag_bits: own.ulMACLen.saturating_mul(8),
                    data_bytes: Some(own.ulDataLen),
                    caller: PhantomData,
                }
            }
            Shape::Poly1305 => {
                let own = structure::<ck::CK_SALSA20_CHACHA20_POLY1305_MSG_PARAMS>(bytes)?;
                MessageParameter {
                    shape,
                    nonce: own.pNonce,
                    nonce_bytes: own.ulNonceLen,
                    // The nonce is the caller's, always.
                    fixed_bits: own.ulNonceLen.saturating_mul(8),
                    generator: ck::CKG_NO_GENERATE,
                    tag: own.pTag,
                    tag_bytes: POLY1305_BYTES,
                    tag_bits: POLY1305_BYTES * 8,
                    data_bytes: None,
                    caller: PhantomData,
                }
            }
            _ => return Err(Rv::MECHANISM_PARAM_INVALID),
        };
        if read.tag.is_null() || (read.nonce.is_null() && read.nonce_bytes > 0) {
            return Err(Rv::MECHANISM_PARAM_INVALID);
        }
        Ok(read)
    }
}

/// Checks what a message-based operation begins with: no parameter, or the structure of its messages, of which nothing is
/// needed yet (PKCS #11 3.2 §6.13.2).
pub(crate) fn check_first(shape: Shape, parameter: In<'_>) -> Result<()> {
    let bytes = parameter.bytes().map_err(|_| Rv::MECHANISM_PARAM_INVALID)?;
    let whole = match shape {
        Shape::Gcm => size_of::<ck::CK_GCM_MESSAGE_PARAMS>(),
        Shape::Ccm => size_of::<ck::CK_CCM_MESSAGE_PARAMS>(),
        Shape::Poly1305 => size_of::<ck::CK_SALSA20_CHACHA20_POLY1305_MSG_PARAMS>(),
        _ => return Err(Rv::MECHANISM_INVALID),
    };
    if bytes.is_empty() || bytes.len() == whole {
        Ok(())
    } else {
        Err(Rv::MECHANISM_PARAM_INVALID)
    }
}

/// What one message's parameter says, and where its nonce and its tag are.
pub(crate) struct MessageParameter<'a> {
    shape: Shape,
    nonce: *mut u8,
    nonce_bytes: Ulong,
    /// How many of the nonce's first bits the caller has set.
    pub(crate) fixed_bits: Ulong,
    /// `CKG_`: where the other bits come from.
    pub(crate) generator: Ulong,
    tag: *mut u8,
    tag_bytes: Ulong,
    tag_bits: Ulong,
    /// The length that the caller said the message has, where it must say one.
    pub(crate) data_bytes: Option<Ulong>,
    caller: PhantomData<&'a mut [u8]>,
}

impl MessageParameter<'_> {
    /// The nonce as the caller has set it.
    pub(crate) fn nonce(&self) -> Result<Vec<u8>> {
        pointed(self.nonce, self.nonce_bytes)
    }

    /// Whether the whole nonce is left to the token, to make it as it likes.
    pub(crate) const fn leaves_nonce(&self) -> bool {
        self.fixed_bits == 0 && matches!(self.generator, ck::CKG_GENERATE | ck::CKG_GENERATE_RANDOM)
    }

    /// Tells the caller the nonce that was made, which is as long as its own.
    pub(crate) fn set_nonce(&self, nonce: &[u8]) {
        write(nonce, self.nonce, self.nonce_bytes);
    }

    /// The tag of a message to decrypt.
    pub(crate) fn tag(&self) -> Result<Vec<u8>> {
        pointed(self.tag, self.tag_bytes)
    }

    /// Tells the caller the tag of a message that was encrypted.
    pub(crate) fn set_tag(&self, tag: &[u8]) {
        write(tag, self.tag, self.tag_bytes);
    }

    /// As the parameter of one encryption with this nonce.
    pub(crate) fn with_nonce(&self, nonce: Vec<u8>, additional: Vec<u8>) -> Parameter {
        match self.shape {
            Shape::Ccm => Parameter::Ccm(Ccm {
                data_bytes: self.data_bytes.unwrap_or_default(),
                nonce,
                additional,
                mac_bytes: self.tag_bytes,
            }),
            Shape::Poly1305 => Parameter::Poly1305(nonce, additional),
            _ => Parameter::Gcm(nonce, additional, self.tag_bits),
        }
    }
}

/// Writes bytes to a place that has so many.
fn write(bytes: &[u8], place: *mut u8, room: Ulong) {
    if place.is_null() || ulong(bytes.len()) > room {
        return;
    }
    // SAFETY: not null, and `MessageArgument::new`'s caller vouches for `room` writable bytes, which are enough.
    unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), place, bytes.len()) };
}
