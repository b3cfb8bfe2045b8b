//! What fails, and how: one line of a file, which a test may change while the module is in use.

use std::{env, fs, path::PathBuf, thread::sleep, time::Duration};

use cryptoki_sys::{CK_BYTE, CK_RV, CK_ULONG};

/// How a function fails.
#[derive(Clone, Copy)]
pub(crate) enum Fault {
    /// It does nothing and gives this code.
    Code(CK_RV),
    /// It does its work and gives this code.
    After(CK_RV),
    /// It does its work so much later.
    Late(Duration),
    /// It never comes back.
    Hang,
    /// It does its work and never comes back.
    HangAfter,
    /// It takes its process along.
    Crash,
    /// It does its work and takes its process along.
    CrashAfter,
    /// It gives other bytes than the right ones.
    Flip,
    /// It gives one byte less than there are.
    Short,
    /// It gives nothing but zeros.
    Stuck,
}

/// How a function fails now, if it is to: `FUNCTION FAULT [NUMBER] [once]` stands in the file that `KEYHOLD_FAULTS` names.
/// What happens once happens to whoever takes the file away.
pub(crate) fn due(function: &str) -> Option<Fault> {
    let path = env::var_os("KEYHOLD_FAULTS")?;
    let text = fs::read_to_string(&path).ok()?;
    let mut words = text.split_whitespace();
    if words.next()? != function {
        return None;
    }
    let kind = words.next()?;
    let number = || text.split_whitespace().nth(2)?.parse::<u32>().ok();
    let fault = match kind {
        "code" => Fault::Code(CK_RV::from(number()?)),
        "after" => Fault::After(CK_RV::from(number()?)),
        "late" => Fault::Late(Duration::from_millis(number()?.into())),
        "hang" => Fault::Hang,
        "hang-after" => Fault::HangAfter,
        "crash-after" => Fault::CrashAfter,
        "crash" => Fault::Crash,
        "flip" => Fault::Flip,
        "short" => Fault::Short,
        "stuck" => Fault::Stuck,
        _ => return None,
    };
    let is_once = text.split_whitespace().last() == Some("once");
    (!is_once || fs::remove_file(&path).is_ok()).then_some(fault)
}

impl Fault {
    /// Fails around a call; `lie` and `stick` change what it wrote, where that has a place.
    pub(crate) fn around(
        self,
        call: impl FnOnce() -> CK_RV,
        lie: impl FnOnce(fn(&mut CK_BYTE, &mut CK_ULONG)),
        stick: impl FnOnce(),
    ) -> CK_RV {
        match self {
            Self::Code(code) => code,
            Self::After(code) => {
                call();
                code
            }
            Self::Late(wait) => {
                sleep(wait);
                call()
            }
            Self::Hang => hang(),
            Self::HangAfter => {
                call();
                say_done();
                hang()
            }
            Self::Crash => std::process::abort(),
            Self::CrashAfter => {
                call();
                say_done();
                std::process::abort()
            }
            Self::Flip => {
                let code = call();
                lie(|first, _| *first ^= 1);
                code
            }
            Self::Stuck => {
                let code = call();
                stick();
                code
            }
            Self::Short => {
                let code = call();
                lie(|_, length| *length = length.saturating_sub(1));
                code
            }
        }
    }
}

/// Leaves a file beside the one of the faults: whoever waits for the work need not look into the token, which disturbs it.
fn say_done() {
    let place = env::var_os("KEYHOLD_FAULTS").map(PathBuf::from);
    if let Some(place) = place {
        // A test that waits for it says so.
        drop(fs::write(place.with_extension("done"), ""));
    }
}

fn hang() -> ! {
    loop {
        sleep(Duration::from_secs(3600));
    }
}
