//! What a module can do, found out by doing it once with keys of the session.
//!
//! Mechanism lists promise what modules refuse in the next call (a hash of OAEP, a curve, an order of parameters), so
//! nothing is served that did not just give the right answer.

mod names;
mod notes;
mod pairs;
mod secrets;
mod wrapped;

use cryptoki::object::ObjectHandle;
use cryptoki_sys as ck;
use kmip::{
    CryptographicUsageMask as Usage, Secret,
    mechanism::{Cipher, Curve, KeySpec},
};

use self::notes::Notes;
use super::{
    cipher::Settings,
    error::{Cure, Fault, Result},
    make, random,
    seat::Seat,
    template::Home,
};
use crate::{Capabilities, Material, Outcome};

/// A look at a module through one session.
pub(super) struct Probe<'a> {
    seat: &'a Seat,
    notes: Notes,
    found: Capabilities,
    settings: Settings,
    /// An RSA pair, which takes long to make.
    rsa: Option<wrapped::Pair>,
}

impl<'a> Probe<'a> {
    /// Tries everything.
    pub(super) fn run(
        seat: &'a Seat,
        disabled: &[ck::CK_MECHANISM_TYPE],
    ) -> Result<(Capabilities, Settings)> {
        let slot = seat.session.get_session_info()?.slot_id();
        let info = seat.library.raw.token_info(slot)?;
        let firmware = info.firmware_version();
        let mut probe = Self {
            seat,
            notes: Notes::new(&seat.library.raw, slot, disabled)?,
            found: Capabilities {
                description: format!(
                    "{} {}, firmware {}.{}, token \"{}\" (serial {})",
                    info.manufacturer_id(),
                    info.model(),
                    firmware.major(),
                    firmware.minor(),
                    info.label(),
                    info.serial_number()
                ),
                ..Capabilities::default()
            },
            settings: Settings {
                wrap_padded: ck::CKM_AES_KEY_WRAP_KWP,
                raw_rsa: false,
                wrapped: Vec::new(),
                rejection: Secret::new(random(32)?),
            },
            rsa: None,
        };
        probe.aes()?;
        probe.triple_des()?;
        probe.hmac()?;
        probe.rsa()?;
        for curve in Curve::ALL {
            probe.curve(*curve)?;
        }
        probe.wrapped()?;
        probe.found.trials = probe.notes.whole();
        Ok((probe.found, probe.settings))
    }

    /// Tries something by a mechanism and notes what came of it; whether it may be served.
    fn tries(
        &mut self,
        what: impl std::fmt::Display,
        number: ck::CK_MECHANISM_TYPE,
        attempt: impl FnOnce(&Self) -> Result<bool>,
    ) -> Result<bool> {
        let outcome = match self.notes.refusal(number) {
            Some(refusal) => refusal,
            None => outcome(attempt(self))?,
        };
        let works = outcome == Outcome::Works;
        self.notes.add(what.to_string(), number, outcome);
        Ok(works)
    }

    /// Generates a secret key, and notes whether that went well.
    fn makes(
        &mut self,
        spec: KeySpec,
        usage: Usage,
        number: ck::CK_MECHANISM_TYPE,
    ) -> Result<Option<ObjectHandle>> {
        let mut made = None;
        self.tries(format!("generate {spec}"), number, |own| {
            made = Some(make::secret(own.seat, spec, usage, Home::Session)?);
            Ok(true)
        })?;
        Ok(made)
    }

    /// Takes a key over, and notes whether that went well.
    fn takes(&mut self, material: &Material, usage: Usage) -> Result<Option<ObjectHandle>> {
        let mut taken = None;
        let outcome = outcome(make::import(self.seat, material, usage, Home::Session).map(
            |handle| {
                taken = Some(handle);
                true
            },
        ))?;
        let what = format!("import {}", material.spec());
        self.notes.add_call(what, "C_CreateObject", outcome);
        Ok(taken)
    }

    /// A trial key that stays is gone with the session.
    fn discard(&self, handle: ObjectHandle) {
        drop(self.seat.session.destroy_object(handle));
    }
}

/// What an answer means. A lost token is no answer.
fn outcome(answer: Result<bool>) -> Result<Outcome> {
    match answer {
        Ok(true) => Ok(Outcome::Works),
        Ok(false) => Ok(Outcome::WrongAnswer),
        Err(fault) if fault.cure == Cure::Reconnect => Err(fault),
        Err(fault) => Ok(fails(&fault)),
    }
}

fn fails(fault: &Fault) -> Outcome {
    Outcome::Fails(fault.words())
}

/// A cipher's name with what tells the trials of its family apart.
fn named(cipher: &Cipher) -> String {
    match cipher {
        Cipher::AesGcm { tag_bytes } => format!("encrypt {cipher}, tag of {tag_bytes} bytes"),
        Cipher::AesKeyWrap | Cipher::AesKeyWrapPadded => format!("wrap {cipher}"),
        Cipher::RsaPkcs1 => format!("decrypt {cipher}"),
        Cipher::RsaOaep {
            hash, mask_hash, ..
        } if hash != mask_hash => format!("decrypt {cipher}, mask {}", mask_hash.name()),
        Cipher::RsaOaep { .. } => format!("decrypt {cipher}"),
        _ => format!("encrypt {cipher}"),
    }
}

const PLAIN: &[u8] = b"thirty-two bytes for every mode.";
