//! The fork-safe interfaces: their function lists, which differ in how the module is initialised, and what happens at a
//! `fork` from then on.

use std::{cell::Cell, ffi::c_void, ptr::null_mut, sync::Once};

use cryptoki_sys as ck;
use pkcs11::Rv;

use super::{
    functions::{LIST_2_40, LIST_3_0, LIST_3_2},
    information,
    process::{self, Process},
    shim::guarded,
};
use crate::module::Fork;

/// As [`LIST_3_2`].
pub(super) static FORK_SAFE_3_2: ck::CK_FUNCTION_LIST_3_2 = ck::CK_FUNCTION_LIST_3_2 {
    C_Initialize: Some(initialise),
    ..LIST_3_2
};

/// As [`LIST_3_0`].
pub(super) static FORK_SAFE_3_0: ck::CK_FUNCTION_LIST_3_0 = ck::CK_FUNCTION_LIST_3_0 {
    C_Initialize: Some(initialise),
    ..LIST_3_0
};

/// As [`LIST_2_40`].
pub(super) static FORK_SAFE_2_40: ck::CK_FUNCTION_LIST = ck::CK_FUNCTION_LIST {
    C_Initialize: Some(initialise),
    ..LIST_2_40
};

/// `C_Initialize` of the fork-safe interfaces (PKCS #11 3.2 §3.6, `CKF_INTERFACE_FORK_SAFE`).
///
/// # Safety
/// As for `C_Initialize`.
unsafe extern "C" fn initialise(args: *mut c_void) -> ck::CK_RV {
    guarded(|| {
        // SAFETY: the caller's contract is the same.
        unsafe { information::check_initialize_arguments(args.cast()) }?;
        watch_forks();
        process::initialise(Fork::GoesOn)
    })
    .0
}

unsafe extern "C" {
    fn pthread_atfork(
        prepare: Option<extern "C" fn()>,
        parent: Option<extern "C" fn()>,
        child: Option<extern "C" fn()>,
    ) -> i32;
}

/// Asks the system to tell of each `fork`. Should it refuse, a child is not initialised, as by the other interfaces.
fn watch_forks() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: the library stays loaded (see build.rs), so that its functions can be called as long as there are forks.
        unsafe { pthread_atfork(Some(before), Some(in_parent), Some(in_child)) };
    });
}

thread_local! {
    /// What the child will go on with, between the moments before and after a `fork` of this thread. It has no destructor,
    /// which could run after the library is gone.
    static PENDING: Cell<*mut Process> = const { Cell::new(null_mut()) };
}

/// Copies the state, in the thread that forks and before it does.
extern "C" fn before() {
    let outcome = guarded(|| {
        let child = process::for_child().ok_or(Rv::CRYPTOKI_NOT_INITIALIZED)?;
        PENDING.set(Box::into_raw(child));
        Ok(())
    });
    if outcome != Rv::OK {
        PENDING.set(null_mut());
    }
}

fn pending() -> Option<Box<Process>> {
    let pending = PENDING.replace(null_mut());
    // SAFETY: the pointer is null or comes from `Box::into_raw` in `before`, and was just taken out of its place.
    (!pending.is_null()).then(|| unsafe { Box::from_raw(pending) })
}

/// The parent needs no copy.
extern "C" fn in_parent() {
    guarded(|| {
        drop(pending());
        Ok(())
    });
}

/// The child goes on with it.
extern "C" fn in_child() {
    guarded(|| {
        if let Some(child) = pending() {
            process::adopt(child);
        }
        Ok(())
    });
}
