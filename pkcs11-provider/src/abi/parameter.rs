//! Mechanism parameters: the C structures and the pointers in them become values.

use cryptoki_sys as ck;

use super::pointer::In;
use crate::{
    attribute::{Ulong, size},
    error::{Result, Rv},
};

/// Which structure a mechanism's parameter is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// There is none.
    None,
    /// The counter block of AES-CTR.
    Counter,
    /// The context of Ed25519, which may be left out.
    Eddsa,
    /// IV, additional data and tag length of AES-GCM.
    Gcm,
    /// The 16 bytes of an IV.
    Iv,
    /// One number.
    Number,
    /// RSAES-OAEP's.
    Oaep,
    /// RSASSA-PSS's.
    Pss,
}

/// A parameter's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Parameter {
    /// None was needed.
    None,
    /// Bits that count, and the first block.
    Counter(Ulong, Vec<u8>),
    /// IV, additional data, tag length in bits.
    Gcm(Vec<u8>, Vec<u8>, Ulong),
    /// An IV.
    Iv(Vec<u8>),
    /// A number.
    Number(Ulong),
    /// Hash, mask generation function, label.
    Oaep(Ulong, Ulong, Vec<u8>),
    /// Hash, mask generation function, salt length.
    Pss(Ulong, Ulong, Ulong),
}

/// The first form of the GCM parameter, without the IV's length in bits (PKCS #11 2.40, before its errata).
#[repr(C)]
#[derive(Clone, Copy)]
struct GcmParametersShort {
    iv: *mut u8,
    iv_length: Ulong,
    additional: *mut u8,
    additional_length: Ulong,
    tag_bits: Ulong,
}

/// The longest label, context or additional data read.
const BYTES_MAX: Ulong = 1 << 16;

/// Reads a parameter of this shape.
pub(crate) fn read(shape: Shape, parameter: In<'_>) -> Result<Parameter> {
    let bytes = parameter.bytes().map_err(|_| Rv::MECHANISM_PARAM_INVALID)?;
    match shape {
        // Callers pass rubbish where nothing is expected only by mistake: a length alone tells.
        Shape::None if bytes.is_empty() => Ok(Parameter::None),
        Shape::Iv if bytes.len() == 16 => Ok(Parameter::Iv(bytes.to_vec())),
        Shape::Number => structure::<Ulong>(bytes).map(Parameter::Number),
        Shape::Counter => structure::<ck::CK_AES_CTR_PARAMS>(bytes)
            .map(|ctr| Parameter::Counter(ctr.ulCounterBits, ctr.cb.to_vec())),
        Shape::Pss => structure::<ck::CK_RSA_PKCS_PSS_PARAMS>(bytes)
            .map(|pss| Parameter::Pss(pss.hashAlg, pss.mgf, pss.sLen)),
        Shape::Oaep => oaep(bytes),
        Shape::Gcm => gcm(bytes),
        Shape::Eddsa if bytes.is_empty() => Ok(Parameter::None),
        Shape::Eddsa => {
            // Neither Ed25519ph nor a context is served; the bare structure asks for neither.
            let eddsa = structure::<ck::CK_EDDSA_PARAMS>(bytes)?;
            let plain = eddsa.phFlag == ck::CK_FALSE && eddsa.ulContextDataLen == 0;
            plain
                .then_some(Parameter::None)
                .ok_or(Rv::MECHANISM_PARAM_INVALID)
        }
        Shape::None | Shape::Iv => Err(Rv::MECHANISM_PARAM_INVALID),
    }
}

fn oaep(bytes: &[u8]) -> Result<Parameter> {
    let oaep = structure::<ck::CK_RSA_PKCS_OAEP_PARAMS>(bytes)?;
    // A caller that names no source has no label.
    if oaep.source != ck::CKZ_DATA_SPECIFIED && (oaep.source != 0 || oaep.ulSourceDataLen != 0) {
        return Err(Rv::MECHANISM_PARAM_INVALID);
    }
    let label = pointed(oaep.pSourceData.cast(), oaep.ulSourceDataLen)?;
    Ok(Parameter::Oaep(oaep.hashAlg, oaep.mgf, label))
}

fn gcm(bytes: &[u8]) -> Result<Parameter> {
    let short = if bytes.len() == size_of::<GcmParametersShort>() {
        structure::<GcmParametersShort>(bytes)?
    } else {
        let long = structure::<ck::CK_GCM_PARAMS>(bytes)?;
        GcmParametersShort {
            iv: long.pIv,
            iv_length: long.ulIvLen,
            additional: long.pAAD,
            additional_length: long.ulAADLen,
            tag_bits: long.ulTagBits,
        }
    };
    Ok(Parameter::Gcm(
        pointed(short.iv, short.iv_length)?,
        pointed(short.additional, short.additional_length)?,
        short.tag_bits,
    ))
}

/// A marker for the C structures that any bytes may fill.
trait Plain: Copy {}
impl Plain for Ulong {}
impl Plain for GcmParametersShort {}
impl Plain for ck::CK_AES_CTR_PARAMS {}
impl Plain for ck::CK_EDDSA_PARAMS {}
impl Plain for ck::CK_GCM_PARAMS {}
impl Plain for ck::CK_RSA_PKCS_OAEP_PARAMS {}
impl Plain for ck::CK_RSA_PKCS_PSS_PARAMS {}

/// The structure that the bytes are.
fn structure<T: Plain>(bytes: &[u8]) -> Result<T> {
    if bytes.len() != size_of::<T>() {
        return Err(Rv::MECHANISM_PARAM_INVALID);
    }
    // SAFETY: the bytes are as many as the structure has, and it is made of numbers and pointers, which any bytes are.
    Ok(unsafe { bytes.as_ptr().cast::<T>().read_unaligned() })
}

/// The bytes that a pointer inside a structure leads to.
fn pointed(pointer: *const u8, length: Ulong) -> Result<Vec<u8>> {
    if length > BYTES_MAX || size(length) > size(BYTES_MAX) {
        return Err(Rv::MECHANISM_PARAM_INVALID);
    }
    // SAFETY: the standard makes the caller vouch for the pointers in a parameter as for the parameter itself.
    let bytes = unsafe { In::new(pointer, length) }.bytes();
    bytes
        .map(<[u8]>::to_vec)
        .map_err(|_| Rv::MECHANISM_PARAM_INVALID)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of<T: Copy>(shape: Shape, value: &T) -> Result<Parameter> {
        // SAFETY: a value of our own, as long as it is.
        let bytes = unsafe {
            In::new(
                (&raw const *value).cast(),
                crate::attribute::ulong(size_of::<T>()),
            )
        };
        read(shape, bytes)
    }

    #[test]
    fn both_forms_of_the_gcm_parameter_mean_the_same() {
        let (mut iv, mut additional) = ([1_u8; 12], [2_u8; 3]);
        let long = ck::CK_GCM_PARAMS {
            pIv: iv.as_mut_ptr(),
            ulIvLen: 12,
            ulIvBits: 0,
            pAAD: additional.as_mut_ptr(),
            ulAADLen: 3,
            ulTagBits: 128,
        };
        let short = GcmParametersShort {
            iv: iv.as_mut_ptr(),
            iv_length: 12,
            additional: additional.as_mut_ptr(),
            additional_length: 3,
            tag_bits: 128,
        };
        let expected = Parameter::Gcm(vec![1; 12], vec![2; 3], 128);
        assert_eq!(of(Shape::Gcm, &long), Ok(expected.clone()));
        assert_eq!(of(Shape::Gcm, &short), Ok(expected));
        assert_eq!(
            of(Shape::Gcm, &[0_u8; 41]),
            Err(Rv::MECHANISM_PARAM_INVALID)
        );
    }

    #[test]
    fn a_parameter_of_another_length_is_refused() {
        assert_eq!(of(Shape::None, &7_u64), Err(Rv::MECHANISM_PARAM_INVALID));
        assert_eq!(of(Shape::Iv, &[0_u8; 15]), Err(Rv::MECHANISM_PARAM_INVALID));
        assert_eq!(of(Shape::Iv, &[5_u8; 16]), Ok(Parameter::Iv(vec![5; 16])));
        assert_eq!(
            of(Shape::Pss, &[0_u8; 23]),
            Err(Rv::MECHANISM_PARAM_INVALID)
        );
    }
}
