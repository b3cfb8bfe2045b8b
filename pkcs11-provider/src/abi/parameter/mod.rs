//! Mechanism parameters: the C structures and the pointers in them become values.

pub(crate) mod derivation;
mod message;
pub(crate) mod wrapping;

use cryptoki_sys as ck;
use pkcs11::{
    Result, Rv, Ulong,
    mechanism::{Ccm, Context, Oaep, Parameter, Shape},
    size,
};

pub(crate) use self::message::{MessageArgument, MessageParameter, check_first};
use super::pointer::In;

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
        Shape::None | Shape::Context | Shape::Eddsa if bytes.is_empty() => Ok(Parameter::None),
        Shape::Iv(length) if bytes.len() == length => Ok(Parameter::Iv(bytes.to_vec())),
        Shape::None | Shape::Iv(_) => Err(Rv::MECHANISM_PARAM_INVALID),
        Shape::Default(length) => wrapping::initial(bytes, length),
        Shape::RsaAes => wrapping::rsa_aes(structure(bytes)?),
        Shape::Number => structure::<Ulong>(bytes).map(Parameter::Number),
        Shape::Counter => structure::<ck::CK_AES_CTR_PARAMS>(bytes)
            .map(|ctr| Parameter::Counter(ctr.ulCounterBits, ctr.cb.to_vec())),
        Shape::Pss => structure::<ck::CK_RSA_PKCS_PSS_PARAMS>(bytes)
            .map(|pss| Parameter::Pss(pss.hashAlg, pss.mgf, pss.sLen)),
        Shape::Oaep => oaep(structure(bytes)?).map(Parameter::Oaep),
        Shape::Gcm => gcm(bytes),
        Shape::Ccm => ccm(structure(bytes)?),
        Shape::ChaCha20 => chacha20(structure(bytes)?),
        Shape::Poly1305 => poly1305(structure(bytes)?),
        Shape::Eddsa => {
            let own = structure::<ck::CK_EDDSA_PARAMS>(bytes)?;
            Ok(Parameter::Context(Context {
                bytes: pointed(own.pContextData, own.ulContextDataLen)?,
                is_prehashed: own.phFlag != ck::CK_FALSE,
                is_deterministic: false,
                hash: None,
            }))
        }
        Shape::Context => {
            let own = structure::<ck::CK_SIGN_ADDITIONAL_CONTEXT>(bytes)?;
            let context = pointed(own.pContext, own.ulContextLen)?;
            Context::hedged(own.hedgeVariant, context, None).map(Parameter::Context)
        }
        Shape::HashContext => {
            let own = structure::<ck::CK_HASH_SIGN_ADDITIONAL_CONTEXT>(bytes)?;
            let context = pointed(own.pContext, own.ulContextLen)?;
            Context::hedged(own.hedgeVariant, context, Some(own.hash)).map(Parameter::Context)
        }
        Shape::Ecdh => derivation::ecdh(structure(bytes)?),
        Shape::Hkdf => derivation::hkdf(structure(bytes)?),
        Shape::Kdf => derivation::kdf(structure(bytes)?),
        Shape::Feedback => derivation::feedback(structure(bytes)?),
    }
}

fn oaep(oaep: ck::CK_RSA_PKCS_OAEP_PARAMS) -> Result<Oaep> {
    // A caller that names no source has no label.
    if oaep.source != ck::CKZ_DATA_SPECIFIED && (oaep.source != 0 || oaep.ulSourceDataLen != 0) {
        return Err(Rv::MECHANISM_PARAM_INVALID);
    }
    Ok(Oaep {
        hash: oaep.hashAlg,
        mask: oaep.mgf,
        label: pointed(oaep.pSourceData.cast(), oaep.ulSourceDataLen)?,
    })
}

fn ccm(own: ck::CK_CCM_PARAMS) -> Result<Parameter> {
    Ok(Parameter::Ccm(Ccm {
        data_bytes: own.ulDataLen,
        nonce: pointed(own.pNonce, own.ulNonceLen)?,
        additional: pointed(own.pAAD, own.ulAADLen)?,
        mac_bytes: own.ulMACLen,
    }))
}

/// Numbers of bits, which must be whole bytes.
fn chacha20(own: ck::CK_CHACHA20_PARAMS) -> Result<Parameter> {
    if !own.blockCounterBits.is_multiple_of(8) || !own.ulNonceBits.is_multiple_of(8) {
        return Err(Rv::MECHANISM_PARAM_INVALID);
    }
    Ok(Parameter::ChaCha20(
        pointed(own.pBlockCounter, own.blockCounterBits / 8)?,
        pointed(own.pNonce, own.ulNonceBits / 8)?,
    ))
}

fn poly1305(own: ck::CK_SALSA20_CHACHA20_POLY1305_PARAMS) -> Result<Parameter> {
    Ok(Parameter::Poly1305(
        pointed(own.pNonce, own.ulNonceLen)?,
        pointed(own.pAAD, own.ulAADLen)?,
    ))
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
impl Plain for ck::CK_CCM_PARAMS {}
impl Plain for ck::CK_CHACHA20_PARAMS {}
impl Plain for ck::CK_DERIVED_KEY {}
impl Plain for ck::CK_ECDH1_DERIVE_PARAMS {}
impl Plain for ck::CK_EDDSA_PARAMS {}
impl Plain for ck::CK_GCM_PARAMS {}
impl Plain for ck::CK_HASH_SIGN_ADDITIONAL_CONTEXT {}
impl Plain for ck::CK_GCM_WRAP_PARAMS {}
impl Plain for ck::CK_HKDF_PARAMS {}
impl Plain for ck::CK_PRF_DATA_PARAM {}
impl Plain for ck::CK_RSA_AES_KEY_WRAP_PARAMS {}
impl Plain for ck::CK_RSA_PKCS_OAEP_PARAMS {}
impl Plain for ck::CK_RSA_PKCS_PSS_PARAMS {}
impl Plain for ck::CK_SALSA20_CHACHA20_POLY1305_PARAMS {}
impl Plain for ck::CK_SIGN_ADDITIONAL_CONTEXT {}
impl Plain for ck::CK_SP800_108_COUNTER_FORMAT {}
impl Plain for ck::CK_SP800_108_DKM_LENGTH_FORMAT {}
impl Plain for ck::CK_SP800_108_FEEDBACK_KDF_PARAMS {}
impl Plain for ck::CK_SP800_108_KDF_PARAMS {}

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
        let bytes = unsafe { In::new((&raw const *value).cast(), pkcs11::ulong(size_of::<T>())) };
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
        assert_eq!(
            of(Shape::Iv(16), &[0_u8; 15]),
            Err(Rv::MECHANISM_PARAM_INVALID)
        );
        assert_eq!(
            of(Shape::Iv(16), &[5_u8; 16]),
            Ok(Parameter::Iv(vec![5; 16]))
        );
        assert_eq!(
            of(Shape::Pss, &[0_u8; 23]),
            Err(Rv::MECHANISM_PARAM_INVALID)
        );
    }
}
