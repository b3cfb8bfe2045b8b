//! The secure heap, where the master and private numbers are: OpenSSL's, in memory that the kernel itself cannot read where
//! it has such.
#![expect(
    unsafe_code,
    reason = "OpenSSL functions and system calls that the safe crates do not offer"
)]

use std::{
    ffi::{c_char, c_int, c_void},
    ops::Range,
    os::fd::{FromRawFd, OwnedFd},
    ptr::{NonNull, null, null_mut},
    sync::{
        OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
};

use rustix::{
    mm::{MapFlags, MremapFlags, ProtFlags, mmap, mremap_fixed},
    process::{Resource, Rlimit, getrlimit, setrlimit},
};

use crate::{Error, Result};

/// What became of the secure heap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecureHeap {
    /// Private numbers live between guard pages, in memory that the kernel has given up itself (memfd_secret(2)): it is
    /// neither swapped nor dumped, and no other process reads it, whoever runs it.
    Secret,
    /// As above, in memory that is neither swapped nor dumped.
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
            if unsafe { OPENSSL_init_crypto(INIT_NO_LOAD_CONFIG, null()) } != 1 {
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
        1 | 2 if hide(bytes) => Ok(SecureHeap::Secret),
        1 => Ok(SecureHeap::Locked),
        2 => Ok(SecureHeap::Unlocked),
        _ => Ok(SecureHeap::Absent),
    }
}

/// Puts the empty heap of so many bytes into memory of memfd_secret(2); `false` where the kernel has none.
fn hide(bytes: usize) -> bool {
    // SAFETY: the heap was made; the block is freed on the next line and tells but its place.
    let block = unsafe { CRYPTO_secure_malloc(BLOCK_BYTES_MIN, c"".as_ptr(), 0) };
    let place = mapping(block.addr());
    // SAFETY: the block came from this heap and is not used any more; null would be ignored.
    unsafe { CRYPTO_secure_free(block, c"".as_ptr(), 0) };
    let Some(place) = place.filter(|place| place.len() == bytes && secure_heap_used_bytes() == 0)
    else {
        return false;
    };
    let start = block.with_addr(place.start);
    let Ok(hidden) = secret_memory(bytes) else {
        return false;
    };
    // OpenSSL has its list of free blocks at the start of the first.
    let mut list = [0_u8; BLOCK_BYTES_MIN];
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

/// The mapping of this process that holds an address.
fn mapping(address: usize) -> Option<Range<usize>> {
    let maps = std::fs::read_to_string("/proc/self/maps").ok()?;
    maps.lines().find_map(|line| {
        let (start, rest) = line.split_once('-')?;
        let (end, _) = rest.split_once(' ')?;
        let number = |text| usize::from_str_radix(text, 16).ok();
        Some(number(start)?..number(end)?).filter(|own| own.contains(&address))
    })
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
    fn CRYPTO_secure_malloc(bytes: usize, file: *const c_char, line: c_int) -> *mut c_void;
    fn CRYPTO_secure_free(block: *mut c_void, file: *const c_char, line: c_int);
    fn CRYPTO_secure_clear_free(block: *mut c_void, bytes: usize, file: *const c_char, line: c_int);
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

    #[test]
    fn what_is_in_the_secure_heap_is_read_and_written_as_elsewhere() {
        let heap = start(1 << 20).unwrap();
        let blocks: Vec<_> = (0..200_u8)
            .map(|byte| SecureBytes::new(&vec![byte; usize::from(byte) * 16]).unwrap())
            .collect();
        for (byte, block) in (0..).zip(&blocks) {
            assert!(SecureBytes::expose(block).iter().all(|own| *own == byte));
        }
        if heap == SecureHeap::Secret {
            let place = mapping(blocks[7].start.as_ptr().addr()).unwrap();
            let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
            let own = maps
                .lines()
                .find(|line| line.starts_with(&format!("{:x}-", place.start)));
            assert!(own.unwrap().contains("secretmem"), "{own:?}");
        }
    }
}
