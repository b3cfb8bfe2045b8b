//! What the process gives up before it holds a secret: core dumps, debuggers of its own user, files open to others.

use rustix::{
    fs::Mode,
    process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit, umask},
};

/// Hardens the process, or says what the system did not allow.
pub(crate) fn process() -> std::io::Result<()> {
    umask(Mode::RWXG | Mode::RWXO);
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    setrlimit(Resource::Core, none)?;
    // Also keeps other processes of the same user from reading this one's memory.
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    Ok(())
}
