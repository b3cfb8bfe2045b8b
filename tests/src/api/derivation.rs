//! The parameters of mechanisms that derive, of which one gives handles.

use std::{
    ptr::null_mut,
    sync::{Arc, Mutex},
};

use cryptoki_sys as ck;

use super::{
    Attribute, Mechanism, Parameter, Ulong,
    calls::ulong,
    mechanism::{pointer, with},
    template::raw,
};

/// The parameter of SP 800-108.
#[derive(Clone, Debug)]
pub struct Kdf {
    /// The pseudorandom function.
    pub prf: Ulong,
    /// What goes into each block.
    pub parts: Vec<Part>,
    /// What stands for the block before the first; only feedback mode has it.
    pub iv: Option<Vec<u8>>,
    /// The keys that are derived besides.
    pub further: Further,
}

/// A part of what goes into a block of SP 800-108.
#[derive(Clone, Debug)]
pub enum Part {
    /// What the mode iterates over, with the width of the counter in counter mode.
    Iteration(Option<Ulong>),
    /// A counter of this many bits.
    Counter(Ulong),
    /// The length of all keys, or of all their blocks, in so many bits.
    Length(ck::CK_SP800_108_DKM_LENGTH_METHOD, Ulong),
    /// Bytes as they are.
    Bytes(Vec<u8>),
    /// A key's value, by its handle.
    Key(Ulong),
    /// A number whose last byte is the first.
    LittleEndian(Box<Self>),
}

/// Keys that a derivation gives besides: their templates, and where their handles come.
#[derive(Clone, Debug, Default)]
pub struct Further {
    templates: Vec<Vec<Attribute>>,
    handles: Arc<Mutex<Vec<Ulong>>>,
}

impl Further {
    /// Keys by these templates.
    #[must_use]
    pub fn by(templates: Vec<Vec<Attribute>>) -> Self {
        Self {
            handles: Arc::new(Mutex::new(vec![Ulong::MAX; templates.len()])),
            templates,
        }
    }

    /// The handles that came, or stood there before.
    ///
    /// # Panics
    /// When a call has panicked.
    #[must_use]
    pub fn handles(&self) -> Vec<Ulong> {
        self.handles.lock().unwrap().clone()
    }

    fn with<T>(&self, call: impl FnOnce(Ulong, *mut ck::CK_DERIVED_KEY) -> T) -> T {
        let mut templates: Vec<_> = self.templates.iter().map(|own| raw(own)).collect();
        let mut handles = self.handles.lock().unwrap();
        let mut keys: Vec<_> = templates
            .iter_mut()
            .zip(handles.iter_mut())
            .map(|(template, handle)| ck::CK_DERIVED_KEY {
                pTemplate: template.as_mut_ptr(),
                ulAttributeCount: ulong(template.len()),
                phKey: handle,
            })
            .collect();
        let first = if keys.is_empty() {
            null_mut()
        } else {
            keys.as_mut_ptr()
        };
        call(ulong(keys.len()), first)
    }
}

/// Calls with a mechanism that derives.
pub(super) fn with_derivation<T>(
    mechanism: &Mechanism,
    call: impl FnOnce(*mut ck::CK_MECHANISM) -> T,
) -> T {
    let kind = mechanism.kind;
    match &mechanism.parameter {
        Parameter::Ecdh(kdf, shared, public) => {
            let own = ck::CK_ECDH1_DERIVE_PARAMS {
                kdf: *kdf,
                ulSharedDataLen: ulong(shared.len()),
                pSharedData: pointer(shared),
                ulPublicDataLen: ulong(public.len()),
                pPublicData: pointer(public),
            };
            with(kind, own, call)
        }
        Parameter::Hkdf(extract, expand, hash, salt, info) => {
            let bytes = salt.as_deref().unwrap_or_default();
            let mut own = hkdf((*extract, *expand), *hash, info);
            if salt.is_some() {
                own.ulSaltType = ck::CKF_HKDF_SALT_DATA;
                (own.pSalt, own.ulSaltLen) = (pointer(bytes), ulong(bytes.len()));
            }
            with(kind, own, call)
        }
        Parameter::HkdfKey(extract, expand, hash, salt, info) => {
            let mut own = hkdf((*extract, *expand), *hash, info);
            (own.ulSaltType, own.hSaltKey) = (ck::CKF_HKDF_SALT_KEY, *salt);
            with(kind, own, call)
        }
        Parameter::Pbkdf2(prf, salt, iterations, password) => {
            let own = ck::CK_PKCS5_PBKD2_PARAMS2 {
                saltSource: ck::CKZ_SALT_SPECIFIED,
                pSaltSourceData: pointer(salt).cast(),
                ulSaltSourceDataLen: ulong(salt.len()),
                iterations: *iterations,
                prf: *prf,
                pPrfData: null_mut(),
                ulPrfDataLen: 0,
                pPassword: pointer(password),
                ulPasswordLen: ulong(password.len()),
            };
            with(kind, own, call)
        }
        Parameter::Kdf(how) => with_kdf(kind, how, call),
        other => panic!("{other:?} is no derivation's"),
    }
}

/// HKDF's parameter without a salt.
fn hkdf((extract, expand): (bool, bool), hash: Ulong, info: &[u8]) -> ck::CK_HKDF_PARAMS {
    ck::CK_HKDF_PARAMS {
        bExtract: ck::CK_BBOOL::from(extract),
        bExpand: ck::CK_BBOOL::from(expand),
        prfHashMechanism: hash,
        ulSaltType: ck::CKF_HKDF_SALT_NULL,
        pSalt: null_mut(),
        ulSaltLen: 0,
        hSaltKey: 0,
        pInfo: pointer(info),
        ulInfoLen: ulong(info.len()),
    }
}

fn with_kdf<T>(kind: Ulong, how: &Kdf, call: impl FnOnce(*mut ck::CK_MECHANISM) -> T) -> T {
    let formats: Vec<_> = how.parts.iter().map(Format::of).collect();
    let mut parts: Vec<_> = how.parts.iter().zip(&formats).map(data_parameter).collect();
    let count = ulong(parts.len());
    how.further.with(|more, keys| match &how.iv {
        None => {
            let own = ck::CK_SP800_108_KDF_PARAMS {
                prfType: how.prf,
                ulNumberOfDataParams: count,
                pDataParams: parts.as_mut_ptr(),
                ulAdditionalDerivedKeys: more,
                pAdditionalDerivedKeys: keys,
            };
            with(kind, own, call)
        }
        Some(iv) => {
            let own = ck::CK_SP800_108_FEEDBACK_KDF_PARAMS {
                prfType: how.prf,
                ulNumberOfDataParams: count,
                pDataParams: parts.as_mut_ptr(),
                ulIVLen: ulong(iv.len()),
                pIV: pointer(iv),
                ulAdditionalDerivedKeys: more,
                pAdditionalDerivedKeys: keys,
            };
            with(kind, own, call)
        }
    })
}

/// The structure that a part's value is, where it is one.
enum Format {
    None,
    Counter(ck::CK_SP800_108_COUNTER_FORMAT),
    Length(ck::CK_SP800_108_DKM_LENGTH_FORMAT),
    Key(Ulong),
}

impl Format {
    fn of(part: &Part) -> Self {
        match part {
            Part::Iteration(Some(width)) | Part::Counter(width) => {
                Self::Counter(ck::CK_SP800_108_COUNTER_FORMAT {
                    bLittleEndian: ck::CK_FALSE,
                    ulWidthInBits: *width,
                })
            }
            Part::Length(method, width) => Self::Length(ck::CK_SP800_108_DKM_LENGTH_FORMAT {
                dkmLengthMethod: *method,
                bLittleEndian: ck::CK_FALSE,
                ulWidthInBits: *width,
            }),
            Part::Key(handle) => Self::Key(*handle),
            Part::LittleEndian(part) => match Self::of(part) {
                Self::Counter(own) => Self::Counter(ck::CK_SP800_108_COUNTER_FORMAT {
                    bLittleEndian: ck::CK_TRUE,
                    ..own
                }),
                Self::Length(own) => Self::Length(ck::CK_SP800_108_DKM_LENGTH_FORMAT {
                    bLittleEndian: ck::CK_TRUE,
                    ..own
                }),
                other => other,
            },
            Part::Iteration(None) | Part::Bytes(_) => Self::None,
        }
    }
}

const fn kind(part: &Part) -> ck::CK_PRF_DATA_TYPE {
    match part {
        Part::Iteration(_) => ck::CK_SP800_108_ITERATION_VARIABLE,
        Part::Counter(_) => ck::CK_SP800_108_COUNTER,
        Part::Length(..) => ck::CK_SP800_108_DKM_LENGTH,
        Part::Bytes(_) => ck::CK_SP800_108_BYTE_ARRAY,
        Part::Key(_) => ck::CK_SP800_108_KEY_HANDLE,
        Part::LittleEndian(part) => kind(part),
    }
}

fn data_parameter((part, format): (&Part, &Format)) -> ck::CK_PRF_DATA_PARAM {
    let (value, length) = match (part, format) {
        (Part::Bytes(own), _) => (pointer(own).cast(), own.len()),
        (_, Format::Counter(own)) => place(own),
        (_, Format::Length(own)) => place(own),
        (_, Format::Key(own)) => place(own),
        (_, Format::None) => (null_mut(), 0),
    };
    ck::CK_PRF_DATA_PARAM {
        type_: kind(part),
        pValue: value,
        ulValueLen: ulong(length),
    }
}

fn place<T>(own: &T) -> (*mut std::ffi::c_void, usize) {
    (std::ptr::from_ref(own).cast_mut().cast(), size_of::<T>())
}
