//! The parameters of derivations.

use cryptoki_sys as ck;
use pkcs11::{
    Result, Rv, Ulong,
    mechanism::{Hkdf, Kdf, Parameter, Part},
    size,
};

use super::{pointed, structure};

pub(super) fn ecdh(own: ck::CK_ECDH1_DERIVE_PARAMS) -> Result<Parameter> {
    Ok(Parameter::Ecdh(
        own.kdf,
        pointed(own.pSharedData, own.ulSharedDataLen)?,
        pointed(own.pPublicData, own.ulPublicDataLen)?,
    ))
}

pub(super) fn hkdf(own: ck::CK_HKDF_PARAMS) -> Result<Parameter> {
    Ok(Parameter::Hkdf(Hkdf {
        extracts: own.bExtract != ck::CK_FALSE,
        expands: own.bExpand != ck::CK_FALSE,
        hash: own.prfHashMechanism,
        salt_kind: own.ulSaltType,
        salt: pointed(own.pSalt, own.ulSaltLen)?,
        info: pointed(own.pInfo, own.ulInfoLen)?,
    }))
}

pub(super) fn kdf(own: ck::CK_SP800_108_KDF_PARAMS) -> Result<Parameter> {
    Ok(Parameter::Kdf(Kdf {
        prf: own.prfType,
        parts: parts(own.pDataParams, own.ulNumberOfDataParams)?,
        iv: Vec::new(),
        more_keys: own.ulAdditionalDerivedKeys,
    }))
}

pub(super) fn feedback(own: ck::CK_SP800_108_FEEDBACK_KDF_PARAMS) -> Result<Parameter> {
    Ok(Parameter::Kdf(Kdf {
        prf: own.prfType,
        parts: parts(own.pDataParams, own.ulNumberOfDataParams)?,
        iv: pointed(own.pIV, own.ulIVLen)?,
        more_keys: own.ulAdditionalDerivedKeys,
    }))
}

/// The most parts of a block; callers have three or four.
const PARTS_MAX: Ulong = 64;

fn parts(first: *const ck::CK_PRF_DATA_PARAM, count: Ulong) -> Result<Vec<Part>> {
    let each = size_of::<ck::CK_PRF_DATA_PARAM>();
    if count > PARTS_MAX {
        return Err(Rv::MECHANISM_PARAM_INVALID);
    }
    let bytes = pointed(first.cast(), pkcs11::ulong(each * size(count)))?;
    bytes.chunks_exact(each).map(part).collect()
}

fn part(bytes: &[u8]) -> Result<Part> {
    let own = structure::<ck::CK_PRF_DATA_PARAM>(bytes)?;
    let value = pointed(own.pValue.cast(), own.ulValueLen)?;
    match own.type_ {
        ck::CK_SP800_108_ITERATION_VARIABLE if value.is_empty() => Ok(Part::Iteration(None)),
        ck::CK_SP800_108_ITERATION_VARIABLE => width(&value).map(|own| Part::Iteration(Some(own))),
        ck::CK_SP800_108_COUNTER => width(&value).map(Part::Counter),
        ck::CK_SP800_108_DKM_LENGTH => {
            let own = structure::<ck::CK_SP800_108_DKM_LENGTH_FORMAT>(&value)?;
            let of_blocks = match own.dkmLengthMethod {
                ck::CK_SP800_108_DKM_LENGTH_SUM_OF_KEYS => false,
                ck::CK_SP800_108_DKM_LENGTH_SUM_OF_SEGMENTS => true,
                _ => return Err(Rv::MECHANISM_PARAM_INVALID),
            };
            big_endian(own.bLittleEndian)?;
            Ok(Part::Length {
                of_blocks,
                width: own.ulWidthInBits,
            })
        }
        ck::CK_SP800_108_BYTE_ARRAY => Ok(Part::Bytes(value)),
        _ => Err(Rv::MECHANISM_PARAM_INVALID),
    }
}

fn width(value: &[u8]) -> Result<Ulong> {
    let own = structure::<ck::CK_SP800_108_COUNTER_FORMAT>(value)?;
    big_endian(own.bLittleEndian)?;
    Ok(own.ulWidthInBits)
}

fn big_endian(little: ck::CK_BBOOL) -> Result<()> {
    if little == ck::CK_FALSE {
        Ok(())
    } else {
        Err(Rv::MECHANISM_PARAM_INVALID)
    }
}
