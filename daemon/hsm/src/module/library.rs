//! A module as the process loads it: initialised once per path, and started afresh when a token is gone from it.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use cryptoki::{
    context::{CInitializeArgs, CInitializeFlags, Pkcs11},
    error::{Error as ModuleError, RvError},
    slot::{Slot, TokenInfo},
};

use super::{
    error::{self, Fault, Result},
    raw::Raw,
};
use crate::Error;

/// An initialised module, shared by all who use one of its tokens.
pub(super) struct Library {
    /// The module through `cryptoki`.
    pub(super) module: Pkcs11,
    /// The module past `cryptoki`.
    pub(super) raw: Raw,
    /// Whether we initialised it: what another part of the process initialised is not ours to restart.
    ours: bool,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    /// How many threads are inside the module.
    users: usize,
    /// Counts the initialisations: handles of an earlier one mean nothing, or something else.
    epoch: u64,
    /// A thread waits for the others to leave, or initialises.
    restarting: bool,
    /// The last initialisation worked.
    up: bool,
}

/// Leave to call the module; while it lives the module is not restarted.
pub(super) struct Use {
    library: Arc<Library>,
    epoch: u64,
}

/// Every module of the process by its real path: PKCS #11 §5.4 allows one initialisation.
static LIBRARIES: Mutex<BTreeMap<PathBuf, Arc<Library>>> = Mutex::new(BTreeMap::new());

impl Library {
    /// Loads and initialises a module, or finds it loaded.
    pub(super) fn open(path: &Path) -> std::result::Result<Arc<Self>, Error> {
        let real = std::fs::canonicalize(path).map_err(|e| {
            Error::Unavailable(format!(
                "the PKCS#11 module {} cannot be read: {e}; install it or correct its path",
                path.display()
            ))
        })?;
        let mut libraries = LIBRARIES.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(library) = libraries.get(&real) {
            return Ok(Arc::clone(library));
        }
        let refused = |e: ModuleError| {
            Error::Unavailable(format!(
                "the PKCS#11 module {}: {}",
                path.display(),
                error::text(&e)
            ))
        };
        let module = Pkcs11::new(&real).map_err(refused)?;
        let raw = Raw::load(&real).map_err(refused)?;
        let ours = match module.initialize(arguments()) {
            Ok(()) => true,
            Err(ModuleError::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => false,
            Err(e) => return Err(refused(e)),
        };
        let library = Arc::new(Self {
            module,
            raw,
            ours,
            state: Mutex::new(State {
                users: 0,
                epoch: 0,
                restarting: false,
                up: true,
            }),
            changed: Condvar::new(),
        });
        libraries.insert(real, Arc::clone(&library));
        Ok(library)
    }

    /// The present initialisation.
    pub(super) fn epoch(&self) -> u64 {
        self.state().epoch
    }

    /// Enters the module; waits while it is being restarted.
    pub(super) fn enter(self: &Arc<Self>) -> Result<Use> {
        let mut state = self
            .changed
            .wait_while(self.state(), |state| state.restarting)
            .unwrap_or_else(PoisonError::into_inner);
        if !state.up {
            return Err(Fault::lost("the PKCS#11 module does not initialise"));
        }
        state.users += 1;
        Ok(Use {
            epoch: state.epoch,
            library: Arc::clone(self),
        })
    }

    /// Finalises and initialises the module once nobody is inside, unless that happened since `epoch`.
    ///
    /// Modules look for tokens when they start, and some never again: this is how a token that came back is seen.
    pub(super) fn restart(&self, epoch: u64, wait: Duration) -> Result<()> {
        if !self.ours {
            return Ok(());
        }
        let mut state = self
            .changed
            .wait_while(self.state(), |state| state.restarting)
            .unwrap_or_else(PoisonError::into_inner);
        if epoch != state.epoch {
            return Ok(());
        }
        state.restarting = true;
        let (left, _) = self
            .changed
            .wait_timeout_while(state, wait, |state| state.users > 0)
            .unwrap_or_else(PoisonError::into_inner);
        state = left;
        let result = if state.users > 0 {
            Err(Fault::lost(
                "the PKCS#11 module is still busy with a lost token",
            ))
        } else {
            let result = self.start_afresh(state.up);
            state.up = result.is_ok();
            state.epoch += 1;
            result
        };
        state.restarting = false;
        drop(state);
        self.changed.notify_all();
        result
    }

    fn start_afresh(&self, up: bool) -> Result<()> {
        if up {
            // A module that lost its device may fail to say goodbye; the initialisation decides.
            drop(self.module.clone().finalize());
        }
        match self.module.initialize(arguments()) {
            Ok(()) | Err(ModuleError::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => Ok(()),
            Err(e) => Err(Fault::lost(error::text(&e))),
        }
    }

    /// The initialised tokens present.
    pub(super) fn tokens(&self) -> Result<Vec<(Slot, TokenInfo)>> {
        let mut tokens = Vec::new();
        for slot in self.module.get_slots_with_token()? {
            // A slot may empty between the two calls.
            if let Ok(info) = self.raw.token_info(slot)
                && info.token_initialized()
            {
                tokens.push((slot, info));
            }
        }
        Ok(tokens)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Use {
    /// The initialisation in which this leave was given.
    pub(super) fn epoch(&self) -> u64 {
        self.epoch
    }
}

impl Drop for Use {
    fn drop(&mut self) {
        self.library.state().users -= 1;
        self.library.changed.notify_all();
    }
}

fn arguments() -> CInitializeArgs {
    CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)
}
