//! Tells the linker that the library stays loaded once it was loaded.

fn main() {
    // A host may dlclose a module while its threads still run thread-exit code that the TLS library registered.
    println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
    println!("cargo:rerun-if-changed=build.rs");
}
