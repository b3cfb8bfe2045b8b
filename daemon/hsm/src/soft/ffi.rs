//! What the safe crates cannot say to OpenSSL: how it starts, and its secure heap.
#![expect(
    unsafe_code,
    reason = "OpenSSL functions that the safe crates do not offer"
)]

use std::{
    ffi::{c_int, c_void},
    sync::{
        OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::{Error, Result};

/// What became of the secure heap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecureHeap {
    /// Private numbers live between guard pages, in memory that is neither swapped nor dumped.
    Locked,
    /// As above, but the system would not lock the memory: raise `LimitMEMLOCK=` of the unit.
    Unlocked,
    /// There is none; private numbers live in ordinary memory and are zeroed when freed.
    Absent,
}

/// Starts OpenSSL without its configuration file, and with a heap for private numbers of so many bytes, rounded up to a
/// power of two; none with zero.
///
/// Must come before anything else of this crate. When the heap is three quarters full, an embedded HSM forgets half of
/// its unsealed keys; so it should fit the number that is kept. A second call changes nothing and answers what the first did.
pub fn start(heap_bytes: usize) -> Result<SecureHeap> {
    static STARTED: OnceLock<Result<SecureHeap>> = OnceLock::new();
    STARTED
        .get_or_init(|| {
            // SAFETY: takes two plain values; a null `settings` means none.
            if unsafe { OPENSSL_init_crypto(INIT_NO_LOAD_CONFIG, std::ptr::null()) } != 1 {
                return Err(Error::Unavailable("OpenSSL does not start".to_owned()));
            }
            openssl::init();
            heap(heap_bytes)
        })
        .clone()
}

fn heap(bytes: usize) -> Result<SecureHeap> {
    if bytes == 0 {
        return Ok(SecureHeap::Absent);
    }
    let bytes = bytes
        .checked_next_power_of_two()
        .filter(|bytes| *bytes <= HEAP_BYTES_MAX)
        .ok_or(Error::BadInput("a secure heap of more than 1 GiB"))?;
    // What the hard limit allows, the soft one need not forbid. Without it the heap is merely not locked.
    let limit = getrlimit(Resource::Memlock);
    let _best_effort = setrlimit(
        Resource::Memlock,
        Rlimit {
            current: limit.maximum,
            maximum: limit.maximum,
        },
    );
    // SAFETY: takes two plain values, both powers of two as the function demands.
    let made = unsafe { CRYPTO_secure_malloc_init(bytes, BLOCK_BYTES_MIN) };
    if made != 0 {
        HEAP_BYTES.store(bytes, Ordering::Relaxed);
    }
    match made {
        1 => Ok(SecureHeap::Locked),
        2 => Ok(SecureHeap::Unlocked),
        _ => Ok(SecureHeap::Absent),
    }
}

/// Whether the secure heap is so full that the next signature might find no room for its work.
pub(super) fn secure_heap_is_tight() -> bool {
    let bytes = HEAP_BYTES.load(Ordering::Relaxed);
    bytes > 0 && secure_heap_used_bytes() > bytes / 4 * 3
}

/// How many bytes of the secure heap are in use.
#[must_use]
pub fn secure_heap_used_bytes() -> usize {
    // SAFETY: takes no arguments and reads one word.
    unsafe { CRYPTO_secure_used() }
}

// SAFETY: the signatures are those of OpenSSL 3.5 `openssl/crypto.h`; `openssl-sys` declares none of them.
unsafe extern "C" {
    fn OPENSSL_init_crypto(options: u64, settings: *const c_void) -> c_int;
    fn CRYPTO_secure_malloc_init(bytes: usize, block_bytes_min: usize) -> c_int;
    fn CRYPTO_secure_used() -> usize;
}

static HEAP_BYTES: AtomicUsize = AtomicUsize::new(0);

const INIT_NO_LOAD_CONFIG: u64 = 0x80;
const BLOCK_BYTES_MIN: usize = 64;
const HEAP_BYTES_MAX: usize = 1 << 30;

#[cfg(test)]
mod tests {
    use kmip::mechanism::KeySpec;

    use super::*;
    use crate::soft::PlainKey;

    #[test]
    fn private_numbers_go_to_the_secure_heap() {
        let heap = start(1 << 20).unwrap();
        assert_eq!(start(0), Ok(heap));
        if heap == SecureHeap::Absent {
            // The system gives none: nothing to be seen here.
            return;
        }
        let (material, _) = PlainKey::generate(KeySpec::Rsa { bits: 2048 }).unwrap();
        let before = secure_heap_used_bytes();
        // Many, because other tests use and free at the same time.
        let keys: Vec<_> = (0..100)
            .map(|_| PlainKey::from_validated(&material).unwrap())
            .collect();
        assert!(secure_heap_used_bytes() > before + 50 * 512);
        drop(keys);
    }
}
