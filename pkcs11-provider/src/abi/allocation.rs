//! How the TLS library allocates: by functions that a host may bring under these names, unless the library has none of them.
//!
//! A host that has another copy of the TLS library, or its own allocator, would give memory that this library's copy does not
//! know how to free. The names are weak and hidden here: no definition outside can be meant, and there is none inside, so
//! every linker makes them null. (To define them as zero is not the same: GNU ld then makes them the address at which the
//! library is loaded.)

use std::arch::global_asm;

macro_rules! absent {
    ($($name:literal),*) => {
        $(global_asm!(concat!(".weak ", $name, "\n.hidden ", $name));)*
    };
}

absent!(
    "OPENSSL_memory_alloc",
    "OPENSSL_memory_free",
    "OPENSSL_memory_get_size",
    "OPENSSL_memory_realloc",
    "sdallocx"
);
