//! The parameters of mechanisms that wrap, of which some take the IV and others give it.

use cryptoki_sys as ck;
use pkcs11::{
    Result, Rv,
    mechanism::{Oaep, Parameter, Shape, initial_value},
    size,
};

use super::{oaep, pointed, structure};
use crate::abi::pointer::{In, bytes_mut};

/// The caller's place for an IV that is made where the key is.
pub(crate) struct IvPlace<'a>(&'a mut [u8]);

impl IvPlace<'_> {
    /// Tells the IV.
    pub(crate) fn set(self, iv: &[u8]) -> Result<()> {
        if iv.len() != self.0.len() {
            return Err(Rv::DEVICE_ERROR);
        }
        self.0.copy_from_slice(iv);
        Ok(())
    }
}

/// The parameter of a mechanism that is to wrap, and where its IV goes, if that is made inside.
pub(crate) fn read<'a>(
    shape: Shape,
    parameter: In<'a>,
) -> Result<(Parameter, Option<IvPlace<'a>>)> {
    let Some(own) = of_gcm(shape, parameter)? else {
        return Ok((super::read(shape, parameter)?, None));
    };
    if own.ivGenerator == ck::CKG_NO_GENERATE {
        return Ok((with_iv(&own)?, None));
    }
    let place = iv_place(own.pIv, own.ulIvLen, own.ulIvFixedBits, own.ivGenerator)?;
    let additional = pointed(own.pAAD, own.ulAADLen)?;
    let parameter = Parameter::GcmWithoutIv(additional, own.ulTagBits);
    Ok((parameter, Some(place)))
}

/// What GCM takes and gives beside the wrapped key where that is apart from its tag (PKCS #11 3.2 §6.13.3).
pub(crate) struct Apart<'a> {
    pub(crate) parameter: Parameter,
    /// Where the IV goes, if it is made inside.
    pub(crate) iv: Option<IvPlace<'a>>,
    /// The tag, to be told or to be read.
    pub(crate) tag: &'a mut [u8],
}

/// The parameter with a tag of its own, with additional data that came apart; `generates` where an IV can be made.
pub(crate) fn read_apart<'a>(
    shape: Shape,
    parameter: In<'a>,
    additional: Vec<u8>,
    generates: bool,
) -> Result<Apart<'a>> {
    if shape != Shape::Gcm {
        return Err(Rv::MECHANISM_INVALID);
    }
    let bytes = parameter.bytes().map_err(|_| Rv::MECHANISM_PARAM_INVALID)?;
    let own: ck::CK_GCM_MESSAGE_PARAMS = structure(bytes)?;
    let bits = own.ulTagBits;
    if own.pTag.is_null() || !bits.is_multiple_of(8) || bits > 128 {
        return Err(Rv::MECHANISM_PARAM_INVALID);
    }
    // SAFETY: the caller vouches for the pointers in a parameter, and for their memory during the call.
    let tag = unsafe { bytes_mut(own.pTag, bits / 8) };
    let tag = tag.map_err(|_| Rv::MECHANISM_PARAM_INVALID)?;
    if !generates || own.ivGenerator == ck::CKG_NO_GENERATE {
        let iv = pointed(own.pIv, own.ulIvLen)?;
        let parameter = Parameter::Gcm(iv, additional, bits);
        return Ok(Apart {
            parameter,
            iv: None,
            tag,
        });
    }
    let iv = iv_place(own.pIv, own.ulIvLen, own.ulIvFixedBits, own.ivGenerator)?;
    Ok(Apart {
        parameter: Parameter::GcmWithoutIv(additional, bits),
        iv: Some(iv),
        tag,
    })
}

/// Where an IV goes that is made where the key is. Every module generates in a way of its own; what is asked for besides
/// is not served.
fn iv_place<'a>(
    iv: *mut u8,
    length: ck::CK_ULONG,
    fixed_bits: ck::CK_ULONG,
    generator: ck::CK_GENERATOR_FUNCTION,
) -> Result<IvPlace<'a>> {
    let generates = [ck::CKG_GENERATE, ck::CKG_GENERATE_RANDOM].contains(&generator);
    if !generates || fixed_bits != 0 || size(length) != IV_BYTES {
        return Err(Rv::MECHANISM_PARAM_INVALID);
    }
    // SAFETY: the caller vouches for the pointers in a parameter, and for their memory during the call.
    let place = unsafe { bytes_mut(iv, length) };
    place.map(IvPlace).map_err(|_| Rv::MECHANISM_PARAM_INVALID)
}

/// The parameter of a mechanism that is to unwrap, for which the IV is always there.
pub(crate) fn read_to_unwrap(shape: Shape, parameter: In<'_>) -> Result<Parameter> {
    match of_gcm(shape, parameter)? {
        Some(own) => with_iv(&own),
        None => super::read(shape, parameter),
    }
}

/// The IV that is made where the key is, as GCM wants it (SP 800-38D §8.2).
const IV_BYTES: usize = 12;

fn of_gcm(shape: Shape, parameter: In<'_>) -> Result<Option<ck::CK_GCM_WRAP_PARAMS>> {
    let bytes = parameter.bytes().map_err(|_| Rv::MECHANISM_PARAM_INVALID)?;
    let is_own = shape == Shape::Gcm && bytes.len() == size_of::<ck::CK_GCM_WRAP_PARAMS>();
    is_own.then(|| structure(bytes)).transpose()
}

fn with_iv(own: &ck::CK_GCM_WRAP_PARAMS) -> Result<Parameter> {
    Ok(Parameter::Gcm(
        pointed(own.pIv, own.ulIvLen)?,
        pointed(own.pAAD, own.ulAADLen)?,
        own.ulTagBits,
    ))
}

/// The initial value of AES key wrap, which is the standard's or none.
pub(super) fn initial(bytes: &[u8], length: usize) -> Result<Parameter> {
    let is_usual = bytes.is_empty() || bytes == initial_value(length);
    is_usual
        .then_some(Parameter::None)
        .ok_or(Rv::MECHANISM_PARAM_INVALID)
}

pub(super) fn rsa_aes(own: ck::CK_RSA_AES_KEY_WRAP_PARAMS) -> Result<Parameter> {
    let bytes = pointed(
        own.pOAEPParams.cast_const().cast(),
        pkcs11::ulong(size_of::<ck::CK_RSA_PKCS_OAEP_PARAMS>()),
    )?;
    let oaep: Oaep = oaep(structure(&bytes)?)?;
    if ![128, 192, 256].contains(&own.ulAESKeyBits) {
        return Err(Rv::MECHANISM_PARAM_INVALID);
    }
    Ok(Parameter::RsaAes(own.ulAESKeyBits, oaep))
}
