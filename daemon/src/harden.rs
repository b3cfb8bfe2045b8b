//! What the process gives up before it holds a secret, and what it takes: dumps, neighbours, descriptors.

use rustix::{
    fs::Mode,
    process::{
        DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit, umask,
    },
};

/// Hardens the process, or says what the system did not allow.
pub(crate) fn process() -> std::io::Result<()> {
    umask(Mode::RWXG | Mode::RWXO);
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    let limited = setrlimit(Resource::Core, none);
    // Before the process's files are root's alone. Who may take a core image of it all the same gets no memory in it.
    let filtered = std::fs::write("/proc/self/coredump_filter", "0");
    // Also keeps other processes of the same user from reading this one's memory.
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    limited?;
    filtered
}

/// Allows as many descriptors as the system lets this process have: a client needs one, and shells start with few.
pub(crate) fn raise_descriptors() -> std::io::Result<()> {
    let own = getrlimit(Resource::Nofile);
    let most = Rlimit {
        current: own.maximum,
        ..own
    };
    Ok(setrlimit(Resource::Nofile, most)?)
}
