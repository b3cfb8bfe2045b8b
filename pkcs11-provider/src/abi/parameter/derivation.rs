//! The parameters of derivations.

use cryptoki_sys as ck;
use pkcs11::{
    Entry, Result, Rv, Ulong,
    derive::Refused,
    mechanism::{
        self, FURTHER_KEYS_MAX, Hkdf, Kdf, PARTS_MAX, Parameter, Part, Salt, Shape, Width,
    },
    size,
};

use super::{
    super::{
        pointer::{MechanismArgument, Place},
        template::{Given, template},
    },
    pointed, structure,
};

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
        salt: salt(&own)?,
        info: pointed(own.pInfo, own.ulInfoLen)?,
    }))
}

/// What is no salt is not looked at.
fn salt(own: &ck::CK_HKDF_PARAMS) -> Result<Salt> {
    if own.bExtract == ck::CK_FALSE {
        return Ok(Salt::None);
    }
    let bytes = match own.ulSaltType {
        ck::CKF_HKDF_SALT_DATA => pointed(own.pSalt, own.ulSaltLen)?,
        _ => Vec::new(),
    };
    Salt::of_kind(own.ulSaltType, bytes, own.hSaltKey)
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

/// A key that SP 800-108 derives besides, as the parameter asks for it.
pub(crate) struct FurtherKey<'a> {
    /// By which template; what is wrong with that is said when the others are looked at, too.
    pub(crate) template: Result<Given<'a>>,
    /// Where its handle goes.
    pub(crate) place: Place<ck::CK_OBJECT_HANDLE>,
}

/// The keys that a mechanism's parameter asks for besides.
///
/// # Safety
/// The caller vouches for the pointers in a parameter as for the parameter itself.
pub(crate) unsafe fn further_keys<'a>(
    mechanism: &MechanismArgument<'a>,
) -> Result<Vec<FurtherKey<'a>>> {
    let shape = mechanism::row(mechanism.kind, ck::CKF_DERIVE).map(|row| row.shape);
    let bytes = mechanism.parameter.bytes();
    let (Ok(shape @ (Shape::Kdf | Shape::Feedback)), Ok(bytes)) = (shape, bytes) else {
        return Ok(Vec::new());
    };
    let (first, count) = if shape == Shape::Kdf {
        let own = structure::<ck::CK_SP800_108_KDF_PARAMS>(bytes)?;
        (own.pAdditionalDerivedKeys, own.ulAdditionalDerivedKeys)
    } else {
        let own = structure::<ck::CK_SP800_108_FEEDBACK_KDF_PARAMS>(bytes)?;
        (own.pAdditionalDerivedKeys, own.ulAdditionalDerivedKeys)
    };
    let each = size_of::<ck::CK_DERIVED_KEY>();
    if size(count) > FURTHER_KEYS_MAX {
        return Err(Rv::MECHANISM_PARAM_INVALID);
    }
    let all = pointed(first.cast(), pkcs11::ulong(each * size(count)))?;
    let keys = all.chunks_exact(each).map(|bytes| {
        let own = structure::<ck::CK_DERIVED_KEY>(bytes)?;
        // SAFETY: the caller vouches for the pointers in the parameter.
        let place = unsafe { Place::new(own.phKey) };
        Ok(FurtherKey {
            // SAFETY: as above.
            template: unsafe { template(own.pTemplate, own.ulAttributeCount) },
            place: place.map_err(|_| Rv::MECHANISM_PARAM_INVALID)?,
        })
    });
    keys.collect()
}

/// Derives by a first template and by those of further keys, and gives the handles of these: that of the first is
/// returned. A further key whose template is wrong gets the handle that is none (PKCS #11 3.2 §6.42.8).
pub(crate) fn derived(
    first: &Given<'_>,
    further: Vec<FurtherKey<'_>>,
    derive: impl FnOnce(&[Vec<Entry<'_>>]) -> std::result::Result<Vec<Ulong>, Refused>,
) -> Result<Ulong> {
    let read = further.iter().enumerate().map(|(which, key)| {
        let template = key.template.as_ref();
        let entries = template.map(Given::entries);
        entries.map_err(|rv| Refused::by_template(*rv, which + 1))
    });
    let all = [Ok(first.entries())].into_iter().chain(read);
    let all = all.collect::<std::result::Result<Vec<_>, _>>();
    let handles = all.and_then(|templates| derive(&templates));
    let mut places = further.into_iter().map(|key| key.place);
    match handles {
        Ok(handles) => {
            let (first, handles) = handles.split_first().ok_or(Rv::DEVICE_ERROR)?;
            for (place, handle) in places.zip(handles) {
                place.set(*handle);
            }
            Ok(*first)
        }
        Err(refused) => {
            let which = refused.template.and_then(|which| which.checked_sub(1));
            if let Some(place) = which.and_then(|which| places.nth(which)) {
                place.set(ck::CK_INVALID_HANDLE);
            }
            Err(refused.rv)
        }
    }
}

fn parts(first: *const ck::CK_PRF_DATA_PARAM, count: Ulong) -> Result<Vec<Part>> {
    let each = size_of::<ck::CK_PRF_DATA_PARAM>();
    if size(count) > PARTS_MAX {
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
            let width = Width {
                bits: own.ulWidthInBits,
                is_little_endian: own.bLittleEndian != ck::CK_FALSE,
            };
            Part::length(own.dkmLengthMethod, width)
        }
        ck::CK_SP800_108_BYTE_ARRAY => Ok(Part::Bytes(value)),
        ck::CK_SP800_108_KEY_HANDLE => structure(&value).map(Part::Key),
        _ => Err(Rv::MECHANISM_PARAM_INVALID),
    }
}

fn width(value: &[u8]) -> Result<Width> {
    let own = structure::<ck::CK_SP800_108_COUNTER_FORMAT>(value)?;
    Ok(Width {
        bits: own.ulWidthInBits,
        is_little_endian: own.bLittleEndian != ck::CK_FALSE,
    })
}
