//! The sockets that are open, kept without locks, so that a child process can close what it inherited.

use std::{
    os::fd::{AsFd, AsRawFd, RawFd},
    sync::atomic::{AtomicI32, AtomicU64, Ordering},
};

/// More open sockets than this are not remembered; a child then inherits the rest, as it does without this table.
const PLACES: usize = 1024;

/// A descriptor with the socket's own number: by the time a child looks, the descriptor may be something else's.
struct Place {
    descriptor: AtomicI32,
    socket: AtomicU64,
}

static OPEN: [Place; PLACES] = [const {
    Place {
        descriptor: AtomicI32::new(-1),
        socket: AtomicU64::new(0),
    }
}; PLACES];

/// Notes a socket just opened, with its number.
pub(crate) fn remember(socket: impl AsFd, number: u64) {
    let descriptor = socket.as_fd().as_raw_fd();
    for place in &OPEN {
        let free =
            place
                .descriptor
                .compare_exchange(-1, descriptor, Ordering::AcqRel, Ordering::Relaxed);
        if free.is_ok() {
            place.socket.store(number, Ordering::Release);
            return;
        }
    }
}

/// Strikes a socket off before it is closed.
pub(crate) fn forget(socket: impl AsFd, number: u64) {
    let descriptor = socket.as_fd().as_raw_fd();
    for place in &OPEN {
        if place.descriptor.load(Ordering::Acquire) == descriptor
            && place.socket.load(Ordering::Acquire) == number
        {
            place.socket.store(0, Ordering::Release);
            place.descriptor.store(-1, Ordering::Release);
            return;
        }
    }
}

/// Empties the table: each descriptor with its socket's number.
pub(crate) fn take_all() -> impl Iterator<Item = (RawFd, u64)> {
    OPEN.iter().filter_map(|place| {
        let socket = place.socket.swap(0, Ordering::AcqRel);
        let descriptor = place.descriptor.swap(-1, Ordering::AcqRel);
        (descriptor >= 0 && socket != 0).then_some((descriptor, socket))
    })
}
