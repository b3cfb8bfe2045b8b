//! What the safe crates cannot say to OpenSSL: how it starts, and its secure heap.
#![expect(
    unsafe_code,
    reason = "three C functions without arguments that could be wrong"
)]

use std::ffi::{c_int, c_void};

use rustix::process::{Resource, getrlimit};

use crate::{Error, Result};

/// What became of the secure heap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecureHeap {
    /// Private keys live between guard pages, in memory that is neither swapped nor dumped.
    Locked,
    /// As above, but the system would not lock the memory: raise `LimitMEMLOCK=` of the unit.
    Unlocked,
}

/// Starts OpenSSL without its configuration file, and with a heap for private numbers of so many bytes, rounded up to a
/// power of two. Must come before anything else that uses OpenSSL; a second call changes nothing.
pub fn start(heap_bytes: usize) -> Result<SecureHeap> {
    // SAFETY: takes two plain values; a null `settings` means none.
    if unsafe { OPENSSL_init_crypto(INIT_NO_LOAD_CONFIG, std::ptr::null()) } != 1 {
        return Err(Error::Unavailable("OpenSSL does not start".to_owned()));
    }
    openssl::init();
    let heap_bytes = heap_bytes
        .checked_next_power_of_two()
        .ok_or(Error::BadInput("no such amount of secure memory"))?;
    // SAFETY: takes no arguments and reads one word.
    let is_there = unsafe { CRYPTO_secure_malloc_initialized() } == 1;
    // SAFETY: takes two plain values, both powers of two as the function demands.
    let made = is_there || unsafe { CRYPTO_secure_malloc_init(heap_bytes, HEAP_BYTES_MIN) } != 0;
    if !made {
        return Err(Error::Unavailable(format!(
            "no secure heap of {heap_bytes} bytes; give the process more memory or configure a smaller one"
        )));
    }
    let limit = getrlimit(Resource::Memlock).current;
    let fits =
        limit.is_none_or(|limit| u64::try_from(heap_bytes).is_ok_and(|bytes| bytes <= limit));
    Ok(if fits {
        SecureHeap::Locked
    } else {
        SecureHeap::Unlocked
    })
}

/// How many bytes of the secure heap are in use.
#[must_use]
pub fn secure_heap_used_bytes() -> usize {
    // SAFETY: takes no arguments and reads one word under the heap's own lock.
    unsafe { CRYPTO_secure_used() }
}

// OpenSSL 3.5 `openssl/crypto.h`; `openssl-sys` declares none of them.
// SAFETY: the signatures are those of the header.
unsafe extern "C" {
    fn OPENSSL_init_crypto(options: u64, settings: *const c_void) -> c_int;
    fn CRYPTO_secure_malloc_init(bytes: usize, bytes_min: usize) -> c_int;
    fn CRYPTO_secure_malloc_initialized() -> c_int;
    fn CRYPTO_secure_used() -> usize;
}

const INIT_NO_LOAD_CONFIG: u64 = 0x80;
const HEAP_BYTES_MIN: usize = 16;
