//! The secure heap, where the master and private numbers are: OpenSSL's, in memory that the kernel itself cannot read where
//! it has such.

use std::{
    ops::Range,
    sync::{
        OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::ffi::{hide_secure_heap, make_secure_heap, secure_heap_used_bytes, start_openssl};
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

/// For people.
impl std::fmt::Display for SecureHeap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Secret => "memfd_secret",
            Self::Locked => "locked",
            Self::Unlocked => "unlocked",
            Self::Absent => "ordinary",
        })
    }
}

/// Starts OpenSSL without its configuration file, and with a heap for private numbers of so many bytes, rounded up to a
/// power of two; none with zero.
///
/// Must come before anything else of this crate. When the heap is three quarters full, an embedded HSM forgets half of
/// its unsealed keys; so it should fit the number that is kept. A second call changes nothing and answers what the first did.
pub fn start(heap_bytes: usize) -> Result<SecureHeap> {
    STARTED
        .get_or_init(|| {
            if !start_openssl() {
                return Err(Error::Unavailable("OpenSSL does not start".to_owned()));
            }
            openssl::init();
            heap(heap_bytes)
        })
        .clone()
}

/// What became of this process's secure heap.
#[must_use]
pub fn memory() -> SecureHeap {
    let started = STARTED.get().and_then(|started| started.as_ref().ok());
    started.copied().unwrap_or(SecureHeap::Absent)
}

static STARTED: OnceLock<Result<SecureHeap>> = OnceLock::new();

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
    let made = make_secure_heap(bytes, BLOCK_BYTES_MIN);
    if made.is_some() {
        HEAP_BYTES.store(bytes, Ordering::Relaxed);
    }
    Ok(match made {
        Some(_) if hide_secure_heap(bytes) => SecureHeap::Secret,
        Some(true) => SecureHeap::Locked,
        Some(false) => SecureHeap::Unlocked,
        None => SecureHeap::Absent,
    })
}

/// The mapping of this process that holds an address.
pub(super) fn mapping(address: usize) -> Option<Range<usize>> {
    let maps = std::fs::read_to_string("/proc/self/maps").ok()?;
    maps.lines().find_map(|line| {
        let (start, rest) = line.split_once('-')?;
        let (end, _) = rest.split_once(' ')?;
        let number = |text| usize::from_str_radix(text, 16).ok();
        Some(number(start)?..number(end)?).filter(|own| own.contains(&address))
    })
}

/// Whether the secure heap is so full that the next signature might find no room for its work.
pub(super) fn secure_heap_is_tight() -> bool {
    let bytes = HEAP_BYTES.load(Ordering::Relaxed);
    bytes > 0 && secure_heap_used_bytes() > bytes / 4 * 3
}

static HEAP_BYTES: AtomicUsize = AtomicUsize::new(0);

/// The least that a block of the secure heap has.
pub(super) const BLOCK_BYTES_MIN: usize = 64;
const HEAP_BYTES_MAX: usize = 1 << 30;

#[cfg(test)]
mod tests {
    use kmip::mechanism::KeySpec;

    use super::*;
    use crate::soft::{PlainKey, ffi::SecureBytes};

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
            let place = mapping(SecureBytes::expose(&blocks[7]).as_ptr().addr()).unwrap();
            let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
            let own = maps
                .lines()
                .find(|line| line.starts_with(&format!("{:x}-", place.start)));
            assert!(own.unwrap().contains("secretmem"), "{own:?}");
        }
    }
}
