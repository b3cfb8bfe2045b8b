//! Tells the linker that the library stays loaded once it was loaded, and that it is its own master.

const HOOKS: [&str; 5] = [
    "OPENSSL_memory_alloc",
    "OPENSSL_memory_free",
    "OPENSSL_memory_get_size",
    "OPENSSL_memory_realloc",
    "sdallocx",
];

fn main() {
    // A host may dlclose a module while its threads still run thread-exit code that the TLS library registered.
    println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
    // The lists of functions hold the module's own, whatever the host has of the same names: other modules have them all.
    println!("cargo:rustc-cdylib-link-arg=-Wl,-Bsymbolic");
    // The TLS library would allocate by functions of its host's that have these names: those of another copy of itself.
    for symbol in HOOKS {
        println!("cargo:rustc-cdylib-link-arg=-Wl,--defsym={symbol}=0");
    }
    println!("cargo:rerun-if-changed=build.rs");
}
