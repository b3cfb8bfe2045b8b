//! Tells the linker that the library stays loaded once it was loaded, and that it is its own master.

fn main() {
    // A host may dlclose a module while its threads still run thread-exit code that the TLS library registered.
    println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
    // The lists of functions hold the module's own, whatever the host has of the same names: other modules have them all.
    println!("cargo:rustc-cdylib-link-arg=-Wl,-Bsymbolic");
    println!("cargo:rerun-if-changed=build.rs");
}
