//! What hosts do beside calling functions: load and unload, fork, look at what a module leaves in their process.

use std::{
    ffi::{CString, c_char, c_void},
    os::unix::ffi::OsStrExt,
    path::Path,
};

unsafe extern "C" {
    fn dlopen(path: *const c_char, flags: i32) -> *mut c_void;
    fn dlsym(library: *mut c_void, name: *const c_char) -> *mut c_void;
    fn dlclose(library: *mut c_void) -> i32;
    fn fork() -> i32;
    fn waitpid(pid: i32, status: *mut i32, options: i32) -> i32;
    fn _exit(status: i32) -> !;
}

const RTLD_NOW: i32 = 2;

/// A library that is loaded, and unloaded in the end.
pub struct Library(*mut c_void);

impl Library {
    pub fn open(path: &Path) -> Self {
        let path = CString::new(path.as_os_str().as_bytes()).unwrap();
        // SAFETY: the path is a string that ends.
        let library = unsafe { dlopen(path.as_ptr(), RTLD_NOW) };
        assert!(!library.is_null());
        Self(library)
    }

    /// The address of a function.
    pub fn symbol(&self, name: &str) -> usize {
        let name = CString::new(name).unwrap();
        // SAFETY: the library is loaded and the name is a string that ends.
        let symbol = unsafe { dlsym(self.0, name.as_ptr()) };
        assert!(!symbol.is_null(), "{name:?}");
        symbol as usize
    }
}

impl Drop for Library {
    fn drop(&mut self) {
        // SAFETY: the library was loaded by `open`.
        assert_eq!(unsafe { dlclose(self.0) }, 0);
    }
}

/// Runs the body in a forked child and tells whether it held.
pub fn in_child(body: impl FnOnce() -> bool) -> bool {
    // SAFETY: the child does nothing but call the module and end.
    let pid = unsafe { fork() };
    if pid == 0 {
        let held = std::panic::catch_unwind(std::panic::AssertUnwindSafe(body)).unwrap_or(false);
        // SAFETY: ends the child without the test harness's own ending.
        unsafe { _exit(i32::from(!held)) };
    }
    let mut status = -1;
    // SAFETY: the child is this process's own.
    assert_eq!(unsafe { waitpid(pid, &raw mut status, 0) }, pid);
    status == 0
}

/// The descriptors that are open, as what they lead to.
pub fn descriptors() -> Vec<String> {
    std::fs::read_dir("/proc/self/fd")
        .unwrap()
        .filter_map(|entry| std::fs::read_link(entry.unwrap().path()).ok())
        .map(|link| link.to_string_lossy().into_owned())
        .filter(|link| !link.starts_with("/proc/"))
        .collect()
}

/// A number of `/proc/self/status`, which has it in kilobytes or bare.
pub fn status(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let number = line.unwrap().trim_start_matches(':');
    number.split_whitespace().next().unwrap().parse().unwrap()
}
