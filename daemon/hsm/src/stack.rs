//! The stack below a call, wiped: libraries leave there what they read of a key.

use std::hint::black_box;

/// More than libraries use while they read a key.
const WIPED_BYTES: usize = 128 * 1024;

/// Does something, and leaves nothing of it on the stack.
pub fn wiped<T>(work: impl FnOnce() -> T) -> T {
    let done = below(work);
    wipe();
    done
}

/// Never inline, so that whatever the work uses is below the caller, where [`wipe`] writes.
#[inline(never)]
fn below<T>(work: impl FnOnce() -> T) -> T {
    black_box(work())
}

#[inline(never)]
fn wipe() {
    // Zeros that somebody might change stand on the stack; others would stand among the program's constants.
    let mut zeros = [0_u8; WIPED_BYTES];
    black_box(&mut zeros);
}
