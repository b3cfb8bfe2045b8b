//! What the safe crates cannot say to OpenSSL and to the system: the variants of a signature, and where memory is.
#![expect(
    unsafe_code,
    reason = "OpenSSL functions and system calls that the safe crates do not offer"
)]

use std::{
    ffi::{CStr, c_char, c_int, c_uint, c_void},
    os::fd::{FromRawFd, OwnedFd},
    ptr::{NonNull, null, null_mut},
};

use foreign_types::{ForeignType, ForeignTypeRef};
use openssl::{
    pkey::{HasPrivate, HasPublic, PKeyRef, Private},
    pkey_ctx::PkeyCtx,
};
use openssl_sys as sys;
use rustix::mm::{MapFlags, MremapFlags, ProtFlags, mmap, mremap_fixed};

use super::secure;
use crate::{Error, Result};

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

/// Whether the halves of a key pair belong together.
pub(super) fn agrees(key: &PKeyRef<Private>) -> bool {
    let Ok(context) = PkeyCtx::new(key) else {
        return false;
    };
    // SAFETY: the context lives during the call and has a key.
    let agrees = unsafe { EVP_PKEY_pairwise_check(context.as_ptr()) == 1 };
    if !agrees {
        drop(openssl::error::ErrorStack::get());
    }
    agrees
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

/// Starts OpenSSL without its configuration file, with memory that is zeroed when it is given back; `false` where it does
/// not start. Where somebody has used OpenSSL before, its memory stays as it is.
pub(super) fn start_openssl() -> bool {
    // SAFETY: the functions keep the contract of `malloc`, `realloc` and `free`; a null `settings` means none.
    unsafe {
        CRYPTO_set_mem_functions(allocate, reallocate, release);
        OPENSSL_init_crypto(INIT_NO_LOAD_CONFIG, null()) == 1
    }
}

/// OpenSSL's `malloc`.
///
/// # Safety
///
/// As of `malloc`.
unsafe extern "C" fn allocate(bytes: usize, _: *const c_char, _: c_int) -> *mut c_void {
    // SAFETY: takes a plain value.
    unsafe { libc::malloc(bytes) }
}

/// OpenSSL's `realloc`: what does not fit any more is zeroed where it was.
///
/// # Safety
///
/// As of `realloc`.
unsafe extern "C" fn reallocate(
    block: *mut c_void,
    bytes: usize,
    _: *const c_char,
    _: c_int,
) -> *mut c_void {
    // SAFETY: the block is null, which has no bytes, or came from `malloc`; a new one is apart from it and longer.
    unsafe {
        let own = libc::malloc_usable_size(block);
        if !block.is_null() && bytes <= own {
            return block;
        }
        let new = libc::malloc(bytes);
        if !new.is_null() {
            block.copy_to_nonoverlapping(new, own);
            release(block, null(), 0);
        }
        new
    }
}

/// OpenSSL's `free`, which zeroes.
///
/// # Safety
///
/// As of `free`.
unsafe extern "C" fn release(block: *mut c_void, _: *const c_char, _: c_int) {
    // SAFETY: the block is null, which has no bytes, or came from `malloc`, whose usable bytes are its owner's.
    unsafe {
        libc::explicit_bzero(block, libc::malloc_usable_size(block));
        libc::free(block);
    }
}

/// Makes the secure heap, of a power of two of bytes in blocks of at least another: whether there is one, and whether it
/// could be locked.
pub(super) fn make_secure_heap(bytes: usize, block_bytes_min: usize) -> Option<bool> {
    // SAFETY: takes two plain values.
    match unsafe { CRYPTO_secure_malloc_init(bytes, block_bytes_min) } {
        1 => Some(true),
        2 => Some(false),
        _ => None,
    }
}

/// How many bytes of the secure heap are in use.
#[must_use]
pub fn secure_heap_used_bytes() -> usize {
    // SAFETY: takes no arguments and reads one word.
    unsafe { CRYPTO_secure_used() }
}

/// Puts the empty heap of so many bytes into memory of memfd_secret(2); `false` where the kernel has none.
pub(super) fn hide_secure_heap(bytes: usize) -> bool {
    let Ok(block) = SecureBytes::new(&[0]) else {
        return false;
    };
    let start = block.start.as_ptr();
    let place = secure::mapping(start.addr());
    drop(block);
    let Some(place) = place.filter(|place| place.len() == bytes && secure_heap_used_bytes() == 0)
    else {
        return false;
    };
    let start: *mut c_void = start.with_addr(place.start).cast();
    let Ok(hidden) = secret_memory(bytes) else {
        return false;
    };
    // OpenSSL has its list of free blocks at the start of the first.
    let mut list = [0_u8; secure::BLOCK_BYTES_MIN];
    // SAFETY: the heap is mapped and longer than a block, and nobody else knows of it yet.
    unsafe { start.cast::<u8>().copy_to(list.as_mut_ptr(), list.len()) };
    let how = MremapFlags::MAYMOVE;
    // SAFETY: both mappings are whole, ours alone and of one length; what the heap's held stands in `list`.
    let moved = unsafe { mremap_fixed(hidden, bytes, bytes, how, start) };
    if moved.is_err() {
        return false;
    }
    // SAFETY: as above; the mapping that took the heap's place can be written to.
    unsafe { start.cast::<u8>().copy_from(list.as_ptr(), list.len()) };
    true
}

/// New memory of memfd_secret(2).
fn secret_memory(bytes: usize) -> rustix::io::Result<*mut c_void> {
    // SAFETY: takes one plain value.
    let made = unsafe { libc::syscall(libc::SYS_memfd_secret, libc::O_CLOEXEC) };
    let made = i32::try_from(made).ok().filter(|made| *made >= 0);
    let made = made.ok_or(rustix::io::Errno::NOSYS)?;
    // SAFETY: the descriptor is new and nobody else's.
    let file = unsafe { OwnedFd::from_raw_fd(made) };
    let length = u64::try_from(bytes).map_err(|_| rustix::io::Errno::INVAL)?;
    rustix::fs::ftruncate(&file, length)?;
    let (rights, kind) = (ProtFlags::READ | ProtFlags::WRITE, MapFlags::SHARED);
    // SAFETY: a new mapping at a place that the kernel chooses.
    unsafe { mmap(null_mut(), bytes, rights, kind, &file, 0) }
}

/// Bytes in the secure heap.
pub(super) struct SecureBytes {
    start: NonNull<u8>,
    length: usize,
}

// SAFETY: the bytes have one owner, are not changed while they are here, and may be read and freed by any thread.
unsafe impl Send for SecureBytes {}
// SAFETY: as above.
unsafe impl Sync for SecureBytes {}

impl SecureBytes {
    /// A copy of these bytes.
    pub(super) fn new(bytes: &[u8]) -> Result<Self> {
        // SAFETY: takes plain values; where there is no heap, ordinary memory comes back.
        let start = unsafe { CRYPTO_secure_malloc(bytes.len().max(1), c"".as_ptr(), 0) };
        let start = NonNull::new(start.cast::<u8>())
            .ok_or_else(|| Error::Unavailable("the secure heap is full".to_owned()))?;
        // SAFETY: the new block is as long as the bytes, and apart from them.
        unsafe {
            start
                .as_ptr()
                .copy_from_nonoverlapping(bytes.as_ptr(), bytes.len())
        };
        Ok(Self {
            start,
            length: bytes.len(),
        })
    }

    /// The bytes.
    pub(super) const fn expose(&self) -> &[u8] {
        // SAFETY: so many bytes were written there, and stay as long as `self`.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.length) }
    }
}

impl Drop for SecureBytes {
    fn drop(&mut self) {
        // SAFETY: the block came from `CRYPTO_secure_malloc` with at least this length, and is freed once.
        unsafe {
            CRYPTO_secure_clear_free(self.start.as_ptr().cast(), self.length, c"".as_ptr(), 0);
        }
    }
}

type Allocate = unsafe extern "C" fn(usize, *const c_char, c_int) -> *mut c_void;
type Reallocate = unsafe extern "C" fn(*mut c_void, usize, *const c_char, c_int) -> *mut c_void;
type Release = unsafe extern "C" fn(*mut c_void, *const c_char, c_int);

// SAFETY: the signatures are those of OpenSSL 3.5 `openssl/crypto.h` and `openssl/evp.h`; `openssl-sys` declares none.
unsafe extern "C" {
    fn CRYPTO_set_mem_functions(make: Allocate, change: Reallocate, free: Release) -> c_int;
    fn OPENSSL_init_crypto(options: u64, settings: *const c_void) -> c_int;
    fn CRYPTO_secure_malloc_init(bytes: usize, block_bytes_min: usize) -> c_int;
    fn CRYPTO_secure_used() -> usize;
    fn CRYPTO_secure_malloc(bytes: usize, file: *const c_char, line: c_int) -> *mut c_void;
    fn EVP_PKEY_pairwise_check(context: *mut sys::EVP_PKEY_CTX) -> c_int;
    fn CRYPTO_secure_clear_free(block: *mut c_void, bytes: usize, file: *const c_char, line: c_int);
}

const INIT_NO_LOAD_CONFIG: u64 = 0x80;
