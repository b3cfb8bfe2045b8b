//! What the safe crates cannot say to OpenSSL: the variants of a signature.
#![expect(
    unsafe_code,
    reason = "OpenSSL functions that the safe crates do not offer"
)]

use std::{
    ffi::{CStr, c_int, c_uint, c_void},
    ptr::{null, null_mut},
};

use foreign_types::ForeignTypeRef;
use openssl::pkey::{HasPrivate, HasPublic, PKeyRef};
use openssl_sys as sys;

/// One setting of a signature, under OpenSSL's name for it.
pub(super) enum Setting<'a> {
    /// A word.
    Text(&'static CStr, &'static CStr),
    /// Bytes.
    Bytes(&'static CStr, &'a [u8]),
    /// A number.
    Number(&'static CStr, c_int),
}

/// The signature of a whole message; `None` where OpenSSL makes none.
pub(super) fn sign_with<T: HasPrivate>(
    key: &PKeyRef<T>,
    settings: &[Setting<'_>],
    message: &[u8],
) -> Option<Vec<u8>> {
    let context = DigestContext::new()?;
    let mut inner = null_mut();
    // SAFETY: the context and the key live during the call, which takes its own reference to the key; null stands for no
    // hash function and no engine.
    let begun = unsafe {
        sys::EVP_DigestSignInit(context.0, &raw mut inner, null(), null_mut(), key.as_ptr())
    };
    if begun != 1 || !set(inner, settings) {
        return None;
    }
    let mut length = 0;
    // SAFETY: without a place for the signature only its length is written; the message's length is its own.
    let asked = unsafe {
        sys::EVP_DigestSign(
            context.0,
            null_mut(),
            &raw mut length,
            message.as_ptr(),
            message.len(),
        )
    };
    let mut signature = vec![0; if asked == 1 { length } else { return None }];
    // SAFETY: the place has the length that OpenSSL has just asked for, and is told so.
    let made = unsafe {
        sys::EVP_DigestSign(
            context.0,
            signature.as_mut_ptr(),
            &raw mut length,
            message.as_ptr(),
            message.len(),
        )
    };
    signature.truncate(length);
    (made == 1).then_some(signature)
}

/// Whether a signature of a whole message is right; `None` where OpenSSL cannot tell.
pub(super) fn verifies_with<T: HasPublic>(
    key: &PKeyRef<T>,
    settings: &[Setting<'_>],
    message: &[u8],
    signature: &[u8],
) -> Option<bool> {
    let context = DigestContext::new()?;
    let mut inner = null_mut();
    // SAFETY: as in `sign_with`.
    let begun = unsafe {
        sys::EVP_DigestVerifyInit(context.0, &raw mut inner, null(), null_mut(), key.as_ptr())
    };
    if begun != 1 || !set(inner, settings) {
        return None;
    }
    // SAFETY: both slices are passed with their own lengths.
    let verdict = unsafe {
        sys::EVP_DigestVerify(
            context.0,
            signature.as_ptr(),
            signature.len(),
            message.as_ptr(),
            message.len(),
        )
    };
    if verdict != 1 {
        // What a wrong signature leaves on the queue of errors is nobody's.
        drop(openssl::error::ErrorStack::get());
    }
    Some(verdict == 1)
}

/// Settles how a signature begun is made; the settings are read during the call.
fn set(context: *mut sys::EVP_PKEY_CTX, settings: &[Setting<'_>]) -> bool {
    let mut numbers: Vec<c_int> = settings
        .iter()
        .map(|setting| match setting {
            Setting::Number(_, number) => *number,
            _ => 0,
        })
        .collect();
    let mut all: Vec<_> = settings
        .iter()
        .zip(&mut numbers)
        .map(|(setting, number)| match setting {
            Setting::Text(name, text) => {
                parameter(name, UTF8_STRING, text.as_ptr().cast(), text.count_bytes())
            }
            Setting::Bytes(name, bytes) => {
                parameter(name, OCTET_STRING, bytes.as_ptr().cast(), bytes.len())
            }
            Setting::Number(name, _) => parameter(
                name,
                INTEGER,
                (&raw const *number).cast(),
                size_of::<c_int>(),
            ),
        })
        .collect();
    all.push(sys::OSSL_PARAM {
        key: null(),
        ..parameter(c"", 0, null(), 0)
    });
    // SAFETY: the context was begun by the caller; the parameters and what they point to live during the call, which only
    // reads them, and end with the one without a name.
    unsafe { sys::EVP_PKEY_CTX_set_params(context, all.as_ptr()) == 1 }
}

const fn parameter(
    name: &'static CStr,
    data_type: c_uint,
    data: *const c_void,
    data_size: usize,
) -> sys::OSSL_PARAM {
    sys::OSSL_PARAM {
        key: name.as_ptr(),
        data_type,
        data: data.cast_mut(),
        data_size,
        return_size: usize::MAX,
    }
}

/// A context of OpenSSL's for signatures, freed when it is dropped.
struct DigestContext(*mut sys::EVP_MD_CTX);

impl DigestContext {
    fn new() -> Option<Self> {
        // SAFETY: takes no arguments; null, which it gives when there is no memory, goes no further.
        let context = unsafe { sys::EVP_MD_CTX_new() };
        (!context.is_null()).then_some(Self(context))
    }
}

impl Drop for DigestContext {
    fn drop(&mut self) {
        // SAFETY: the context came from `EVP_MD_CTX_new` and is freed once.
        unsafe { sys::EVP_MD_CTX_free(self.0) };
    }
}

// `openssl/core.h`.
const INTEGER: c_uint = 1;
const UTF8_STRING: c_uint = 4;
const OCTET_STRING: c_uint = 5;
