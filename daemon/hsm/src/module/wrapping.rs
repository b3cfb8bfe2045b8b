//! Locked keys that the store keeps: wrapped under a key that lives in the token, and unwrapped there into a session.
//!
//! A wrapped key must be one that may be wrapped, so while it is made it is an extractable object of one session, which
//! nothing but C_WrapKey takes out; the copies that are used never are. Whoever has the store and a login of the token has
//! what it takes to unwrap a key as an extractable one: that is the price of a key that is in no token.

use cryptoki::{
    error::Error as ModuleError,
    object::{Attribute, AttributeType, ObjectHandle},
};
use cryptoki_sys as ck;
use kmip::{CryptographicUsageMask as Usage, mechanism::KeySpec};

use super::{
    error::{Cure, Fault, Result},
    make,
    own::{self, Name},
    random,
    raw::{Mechanism, Parameter},
    reference::WrappedKey,
    seat::Seat,
    template::{self, Home},
};
use crate::Error;

/// How a key is wrapped. Those that authenticate come first; a tag of ours stands over all of them besides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    /// RFC 5649 by its name of PKCS #11 3.0.
    Kwp = 1,
    /// RFC 5649 by the name before, under which some modules pad in another way.
    Padded = 2,
    /// RFC 3394, which takes whole blocks.
    Plain = 3,
    /// CBC with padding and a random IV.
    Cbc = 4,
}

impl Method {
    /// Each, the best first.
    pub(super) const ALL: [Self; 4] = [Self::Kwp, Self::Padded, Self::Plain, Self::Cbc];

    /// By its number.
    pub(super) fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|method| *method as u8 == byte)
    }

    /// Its CKM_.
    pub(super) const fn number(self) -> ck::CK_MECHANISM_TYPE {
        match self {
            Self::Kwp => ck::CKM_AES_KEY_WRAP_KWP,
            Self::Padded => ck::CKM_AES_KEY_WRAP_PAD,
            Self::Plain => ck::CKM_AES_KEY_WRAP,
            Self::Cbc => ck::CKM_AES_CBC_PAD,
        }
    }

    const fn iv_bytes(self) -> usize {
        match self {
            Self::Cbc => 16,
            _ => 0,
        }
    }

    fn mechanism(self, iv: &[u8]) -> Mechanism<'_> {
        Mechanism {
            number: self.number(),
            parameter: match self {
                Self::Cbc => Parameter::Iv(iv),
                _ => Parameter::None,
            },
        }
    }
}

/// How a kind of key is wrapped by a module that was found to: one RSA modulus and one generic secret stand for all.
pub(super) fn method(found: &[(KeySpec, Method)], spec: KeySpec) -> Option<Method> {
    let is_alike = |row: KeySpec| match (row, spec) {
        (KeySpec::Rsa { .. }, KeySpec::Rsa { .. })
        | (KeySpec::Hmac { .. }, KeySpec::Hmac { .. }) => true,
        (row, spec) => row == spec,
    };
    let row = found.iter().find(|(row, _)| is_alike(*row));
    row.map(|(_, method)| *method)
}

/// Finds the token's wrapping key, or makes it on first use: it wraps and unwraps, and nothing else.
pub(super) fn establish(seat: &Seat) -> Result<Name> {
    own::establish(seat, LABEL, |seat, name| {
        let id = own::id(name);
        let home = Home::Token {
            id: &id,
            label: LABEL,
        };
        make::secret(seat, own::aes(&id).spec, USAGE, home).map(drop)
    })
}

/// What a wrapping key is for.
pub(super) const USAGE: Usage = Usage(Usage::WrapKey.0 | Usage::UnwrapKey.0);

/// Takes a key of the session out, wrapped. It is gone from the session then, whatever came of it.
pub(super) fn take_out(
    seat: &Seat,
    under: ObjectHandle,
    method: Method,
    spec: KeySpec,
    key: ObjectHandle,
) -> Result<Vec<u8>> {
    let wrapped = wrap(seat, under, method, spec, key);
    if let Err(error) = seat.session.destroy_object(key) {
        // It may be wrapped by whoever shares the session: it goes with that.
        let error = Fault::from(error).error;
        return Err(Fault::lost(format!("an extractable key stays: {error}")));
    }
    wrapped
}

fn wrap(
    seat: &Seat,
    under: ObjectHandle,
    method: Method,
    spec: KeySpec,
    key: ObjectHandle,
) -> Result<Vec<u8>> {
    let iv = random(method.iv_bytes())?;
    let out_max = match spec {
        // Eight numbers of which three are as long as the modulus, or nearly, and five half as long.
        KeySpec::Rsa { bits } => usize::from(bits) / 8 * 5 + 128,
        _ => spec.secret_bytes() + 512,
    };
    let raw = &seat.library.raw;
    let wrapped = raw.wrap(&seat.session, method.mechanism(&iv), under, key, out_max)?;
    Ok([iv, wrapped].concat())
}

/// Unwraps a key into the session, where nothing takes it out again unless it is to leave.
pub(super) fn unwrap(
    seat: &Seat,
    under: ObjectHandle,
    key: &WrappedKey<'_>,
    home: Home<'_>,
) -> std::result::Result<ObjectHandle, ModuleError> {
    let (iv, wrapped) = key
        .wrapped
        .split_at_checked(key.method.iv_bytes())
        .unwrap_or_default();
    seat.library.raw.unwrap(
        &seat.session,
        key.method.mechanism(iv),
        under,
        wrapped,
        &template::locked(key.spec, key.usage, home),
    )
}

/// What it means that a key is not unwrapped whose tag was right.
pub(super) fn not_unwrapped(error: ModuleError) -> Fault {
    let mut fault = Fault::from(error);
    if matches!(fault.cure, Cure::None | Cure::Doubt) {
        fault.error = Error::Corrupt;
    }
    fault
}

/// Whether a key of the session can neither be read nor leave, as it was asked for.
pub(super) fn is_locked(seat: &Seat, key: ObjectHandle) -> Result<bool> {
    let wanted = [AttributeType::Sensitive, AttributeType::Extractable];
    let found = seat.session.get_attributes(key, &wanted)?;
    Ok(found.contains(&Attribute::Sensitive(true))
        && found.contains(&Attribute::Extractable(false)))
}

const LABEL: &str = "keyhold-wrapping";
