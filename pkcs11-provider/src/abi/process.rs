//! What belongs to this process: the module's state, which a child of `fork` does not touch, and of which it sees at most a
//! copy.

use std::{
    os::fd::{BorrowedFd, RawFd},
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicPtr, AtomicU64, Ordering},
    },
};

use pkcs11::{Result, Rv};

use super::host::{is_privileged, process_number};
use crate::{
    config::Environment,
    descriptors,
    module::{Fork, Module},
};

/// The state of one process. It is never freed: a child must be able to leave its parent's untouched, locks and all.
pub(super) struct Process {
    /// Zero until a child knows its own.
    number: AtomicU64,
    module: RwLock<Option<Arc<Module>>>,
    /// Held while the module is initialised or finalised.
    turn: Mutex<()>,
}

impl Process {
    fn new(number: u64, module: Option<Arc<Module>>) -> Self {
        Self {
            number: AtomicU64::new(number),
            module: RwLock::new(module),
            turn: Mutex::new(()),
        }
    }
}

static CURRENT: AtomicPtr<Process> = AtomicPtr::new(std::ptr::null_mut());

/// This process's state, if it has initialised the module before.
fn current() -> Option<&'static Process> {
    // SAFETY: the pointer is null or comes from `Box::leak` in `own`, so what it points to lives and is shared for ever.
    let process = unsafe { CURRENT.load(Ordering::Acquire).as_ref() };
    process.filter(|process| process.number.load(Ordering::Relaxed) == process_number())
}

/// This process's state, made when there is none.
fn own() -> &'static Process {
    if let Some(process) = current() {
        return process;
    }
    let inherited = CURRENT.load(Ordering::Acquire);
    let fresh = Box::into_raw(Box::new(Process::new(process_number(), None)));
    let placed = CURRENT.compare_exchange(inherited, fresh, Ordering::AcqRel, Ordering::Acquire);
    match placed {
        Ok(_) => {
            if !inherited.is_null() {
                close_inherited_sockets();
            }
            // SAFETY: just made, and placed for ever.
            unsafe { &*fresh }
        }
        Err(other) => {
            // SAFETY: `fresh` was not placed, so nobody else knows it; `other` was placed by a thread of this process.
            unsafe {
                drop(Box::from_raw(fresh));
                &*other
            }
        }
    }
}

/// The module, if this process has initialised it.
pub(super) fn module() -> Result<Arc<Module>> {
    current()
        .and_then(|process| {
            let module = process
                .module
                .read()
                .unwrap_or_else(PoisonError::into_inner);
            module.clone()
        })
        .ok_or(Rv::CRYPTOKI_NOT_INITIALIZED)
}

/// Initialises the module for this process, with what `fork` is to mean to it.
pub(super) fn initialise(fork: Fork) -> Result<()> {
    let process = own();
    let _turn = process.turn.lock().unwrap_or_else(PoisonError::into_inner);
    if module().is_ok() {
        return Err(Rv::CRYPTOKI_ALREADY_INITIALIZED);
    }
    let environment = if is_privileged() {
        Environment::Foreign
    } else {
        Environment::Own
    };
    let module = Module::of_process(environment, fork)?;
    *process
        .module
        .write()
        .unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(module));
    Ok(())
}

/// Finalises the module of this process.
pub(super) fn finalise() -> Result<()> {
    let process = current().ok_or(Rv::CRYPTOKI_NOT_INITIALIZED)?;
    let _turn = process.turn.lock().unwrap_or_else(PoisonError::into_inner);
    let module = process
        .module
        .write()
        .unwrap_or_else(PoisonError::into_inner)
        .take();
    module.ok_or(Rv::CRYPTOKI_NOT_INITIALIZED)?.finalise();
    Ok(())
}

/// The state that a child of `fork` goes on with, where the module was initialised to go on there. It is made before the
/// `fork`, of copies, so that no lock is held in between, and waits for its process.
pub(super) fn for_child() -> Option<Box<Process>> {
    let module = module().ok()?;
    let copy = (module.fork == Fork::GoesOn).then(|| module.forked())?;
    Some(Box::new(Process::new(0, Some(Arc::new(copy)))))
}

/// Makes a state that was made for a child this process's own.
pub(super) fn adopt(child: Box<Process>) {
    child.number.store(process_number(), Ordering::Relaxed);
    CURRENT.store(Box::into_raw(child), Ordering::Release);
    close_inherited_sockets();
}

/// Closes the parent's connections in a child, without a word on them: they are the parent's.
fn close_inherited_sockets() {
    for (descriptor, socket) in descriptors::take_all() {
        close_if_still(descriptor, socket);
    }
}

fn close_if_still(descriptor: RawFd, socket: u64) {
    // SAFETY: the descriptor is only asked what it is, and `fstat` of one that is closed is an error and nothing worse.
    let borrowed = unsafe { BorrowedFd::borrow_raw(descriptor) };
    let same = rustix::fs::fstat(borrowed).is_ok_and(|stat| stat.st_ino == socket);
    if same {
        // SAFETY: it is the socket that this library opened before the fork, and the copy of the table's owner, the
        // parent's connection, is never used in this process.
        unsafe { rustix::io::close(descriptor) };
    }
}
