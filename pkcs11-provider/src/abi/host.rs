//! What the process is that the module is in: which one, and with whose rights it runs.

use std::{
    ffi::c_ulong,
    sync::atomic::{AtomicPtr, AtomicU64, Ordering},
};

use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap_anonymous, munmap};

unsafe extern "C" {
    fn getauxval(kind: c_ulong) -> c_ulong;
}

/// Whether the process has more rights than whoever started it, by the bit or the capabilities of its file: then its
/// environment is not its own.
pub(super) fn is_privileged() -> bool {
    /// `AT_SECURE` of getauxval(3).
    const SECURE: c_ulong = 23;
    // SAFETY: the function takes any number and touches no memory of the caller's.
    unsafe { getauxval(SECURE) != 0 }
}

/// The size of the page; the system rounds it up to what it deals in.
const PAGE_BYTES: usize = 4096;

/// Stands for a page where the system has none that a child would find empty.
static NO_PAGE: AtomicU64 = AtomicU64::new(0);

/// A page that the system empties in a child of `fork`: this process's number stands in it.
static PAGE: AtomicPtr<AtomicU64> = AtomicPtr::new(std::ptr::null_mut());

/// The last number given, which a child inherits.
static LAST: AtomicU64 = AtomicU64::new(0);

/// A number that this process shares with no process that it descends from. Process identifiers are no such numbers: a
/// child in a namespace of its own may have its parent's. It costs no call of the system, and takes no lock, which a
/// child might find locked.
pub(super) fn process_number() -> u64 {
    let page = page();
    if std::ptr::eq(page, &raw const NO_PAGE) {
        return u64::from(std::process::id());
    }
    match page.load(Ordering::Acquire) {
        0 => {
            let number = LAST.fetch_add(1, Ordering::AcqRel) + 1;
            let placed = page.compare_exchange(0, number, Ordering::AcqRel, Ordering::Acquire);
            placed.map_or_else(|other| other, |_| number)
        }
        number => number,
    }
}

fn page() -> &'static AtomicU64 {
    let known = PAGE.load(Ordering::Acquire);
    let page = if known.is_null() { place_page() } else { known };
    // SAFETY: `place_page` leaves a page or a static there, and neither ever goes.
    unsafe { &*page }
}

#[cold]
fn place_page() -> *mut AtomicU64 {
    let none = (&raw const NO_PAGE).cast_mut();
    let fresh = map_page().unwrap_or(none);
    let placed = PAGE.compare_exchange(
        std::ptr::null_mut(),
        fresh,
        Ordering::AcqRel,
        Ordering::Acquire,
    );
    match placed {
        Ok(_) => fresh,
        Err(other) => {
            if !std::ptr::eq(fresh, none) {
                // SAFETY: another thread was first, so that nobody knows this page.
                let _ = unsafe { munmap(fresh.cast(), PAGE_BYTES) };
            }
            other
        }
    }
}

fn map_page() -> Option<*mut AtomicU64> {
    let protection = ProtFlags::READ | ProtFlags::WRITE;
    // SAFETY: new memory of no place that anybody asks for.
    let page = unsafe {
        mmap_anonymous(
            std::ptr::null_mut(),
            PAGE_BYTES,
            protection,
            MapFlags::PRIVATE,
        )
    }
    .ok()?;
    // SAFETY: the page was just mapped, and is zeroed, which is what is wanted, only in children.
    if unsafe { madvise(page, PAGE_BYTES, Advice::LinuxWipeOnFork) }.is_err() {
        // SAFETY: nobody else knows this page.
        let _ = unsafe { munmap(page, PAGE_BYTES) };
        return None;
    }
    Some(page.cast())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_keeps_its_number() {
        let number = process_number();
        assert_ne!(number, 0);
        let others = std::thread::scope(|scope| scope.spawn(process_number).join().unwrap());
        assert_eq!(number, others);
    }
}
