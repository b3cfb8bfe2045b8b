//! `cryptoki!`: each row becomes an exported symbol, a guard around its body, and its place in the function lists.

use std::{
    cell::Cell,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::atomic::{AtomicBool, Ordering},
};

use pkcs11::{Result, Rv};

use super::process;
use crate::module::Module;

thread_local! {
    /// Whether the thread is in a C function. It has no destructor, which could run after the library is gone.
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// Runs the body of a C function: a panic ends here, and is not printed to the host's output.
pub(super) fn guarded(body: impl FnOnce() -> Result<()>) -> Rv {
    // No `Once`: a child of `fork` would wait for ever for a thread that is not there.
    static IS_QUIET: AtomicBool = AtomicBool::new(false);
    if !IS_QUIET.load(Ordering::Relaxed) && !IS_QUIET.swap(true, Ordering::Relaxed) {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if !INSIDE.get() {
                usual(panic);
            }
        }));
    }
    let outer = INSIDE.replace(true);
    let outcome = catch_unwind(AssertUnwindSafe(body));
    INSIDE.set(outer);
    match outcome {
        Ok(Ok(())) => Rv::OK,
        Ok(Err(rv)) => rv,
        Err(_) => Rv::GENERAL_ERROR,
    }
}

/// Runs the body of a C function that needs the module initialised; what fails is logged by its name.
pub(super) fn inside(name: &str, body: impl FnOnce(&Module) -> Result<()>) -> Rv {
    guarded(|| {
        let module = process::module()?;
        let rv = guarded(|| body(&module));
        if rv == Rv::OK {
            return Ok(());
        }
        if module.is_over() {
            return Err(Rv::CRYPTOKI_NOT_INITIALIZED);
        }
        // The second of two calls follows; nothing has failed.
        if rv == Rv::BUFFER_TOO_SMALL {
            return Err(rv);
        }
        module.log.line(format_args!("{name}: {}", rv.name()));
        Err(rv)
    })
}

/// Declares the C functions. A row is `name(arguments) |module| { body };`, `name(arguments) = { body };` for those that
/// do not need the module initialised, or `name(arguments) unsupported "reason";`.
macro_rules! cryptoki {
    (
        first { $($old:ident($($old_arg:ident: $old_type:ty),* $(,)?)
            $(|$old_module:ident| $old_body:block)? $(= $old_whole:block)? $(unsupported $old_reason:literal)?;)* }
        since 3.0 { $($new:ident($($new_arg:ident: $new_type:ty),* $(,)?)
            $(|$new_module:ident| $new_body:block)? $(= $new_whole:block)? $(unsupported $new_reason:literal)?;)* }
        since 3.2 { $($last:ident($($last_arg:ident: $last_type:ty),* $(,)?)
            $(|$last_module:ident| $last_body:block)? $(= $last_whole:block)? $(unsupported $last_reason:literal)?;)* }
    ) => {
        $(cryptoki!(@function $old($($old_arg: $old_type),*)
            $(|$old_module| $old_body)? $(= $old_whole)? $(unsupported $old_reason)?);)*
        $(cryptoki!(@function $new($($new_arg: $new_type),*)
            $(|$new_module| $new_body)? $(= $new_whole)? $(unsupported $new_reason)?);)*
        $(cryptoki!(@function $last($($last_arg: $last_type),*)
            $(|$last_module| $last_body)? $(= $last_whole)? $(unsupported $last_reason)?);)*

        /// The functions of version 2.40.
        pub(super) static LIST_2_40: ck::CK_FUNCTION_LIST = ck::CK_FUNCTION_LIST {
            version: ck::CK_VERSION { major: 2, minor: 40 },
            $($old: Some($old),)*
        };

        /// The functions of version 3.0.
        pub(super) static LIST_3_0: ck::CK_FUNCTION_LIST_3_0 = ck::CK_FUNCTION_LIST_3_0 {
            version: ck::CK_VERSION { major: 3, minor: 0 },
            $($old: Some($old),)*
            $($new: Some($new),)*
        };

        /// The functions of version 3.2.
        pub(super) static LIST_3_2: ck::CK_FUNCTION_LIST_3_2 = ck::CK_FUNCTION_LIST_3_2 {
            version: ck::CK_VERSION { major: 3, minor: 2 },
            $($old: Some($old),)*
            $($new: Some($new),)*
            $($last: Some($last),)*
        };

        /// Every function: its name, and its arguments with their types.
        pub const FUNCTIONS: &[(&str, &[(&str, &str)])] = &[
            $((stringify!($old), &[$((stringify!($old_arg), stringify!($old_type))),*]),)*
            $((stringify!($new), &[$((stringify!($new_arg), stringify!($new_type))),*]),)*
            $((stringify!($last), &[$((stringify!($last_arg), stringify!($last_type))),*]),)*
        ];

        /// The functions that are not served, each with the reason.
        pub const NOT_SERVED: &[(&str, &str)] = &[
            $($((stringify!($old), $old_reason),)?)*
            $($((stringify!($new), $new_reason),)?)*
            $($((stringify!($last), $last_reason),)?)*
        ];
    };
    (@function $name:ident($($arg:ident: $type:ty),*) $($body:tt)*) => {
        #[doc = concat!("`", stringify!($name), "` of the standard.")]
        ///
        /// # Safety
        /// The pointers are as the standard asks of a caller: null where that is allowed, and otherwise to as much
        /// memory as the lengths beside them say.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name($($arg: $type),*) -> ck::CK_RV {
            cryptoki!(@body $name($($arg),*) $($body)*).0
        }
    };
    (@body $name:ident($($arg:ident),*) |$module:ident| $body:block) => {
        inside(stringify!($name), |$module| {
            // SAFETY: the caller vouches for the pointers, as the function's own contract says.
            #[allow(unused_unsafe, reason = "some rows have no pointer")]
            unsafe { $body }
        })
    };
    (@body $name:ident($($arg:ident),*) = $body:block) => {
        guarded(|| {
            // SAFETY: the caller vouches for the pointers, as the function's own contract says.
            #[allow(unused_unsafe, reason = "some rows have no pointer")]
            unsafe { $body }
        })
    };
    (@body $name:ident($($arg:ident),*) unsupported $reason:literal) => {
        inside(stringify!($name), |_| {
            $(let _ = $arg;)*
            Err(Rv::FUNCTION_NOT_SUPPORTED)
        })
    };
}

pub(super) use cryptoki;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_a_general_error_and_goes_no_further() {
        assert_eq!(guarded(|| panic!("deliberate")), Rv::GENERAL_ERROR);
        assert_eq!(guarded(|| Err(Rv::NO_EVENT)), Rv::NO_EVENT);
        assert!(!INSIDE.get());
    }

    #[test]
    fn nothing_is_served_before_initialisation() {
        assert_eq!(inside("test", |_| Ok(())), Rv::CRYPTOKI_NOT_INITIALIZED);
    }
}
