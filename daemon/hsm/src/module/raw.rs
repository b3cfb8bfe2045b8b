//! The calls `cryptoki` cannot say: any mechanism by its number, one call per result, and every mechanism listed.
#![expect(
    unsafe_code,
    reason = "the module is C; every call into it past `cryptoki` is in this file"
)]

use std::{ffi::c_void, path::Path, ptr};

use cryptoki::{
    context::Function,
    error::{Error, Result, Rv, RvError},
    object::{Attribute, ObjectHandle},
    session::Session,
    slot::{Slot, TokenInfo},
};
use cryptoki_sys::{
    CK_AES_CTR_PARAMS, CK_ATTRIBUTE, CK_BYTE, CK_FUNCTION_LIST, CK_GCM_PARAMS, CK_MECHANISM,
    CK_MECHANISM_INFO, CK_MECHANISM_TYPE, CK_OBJECT_HANDLE, CK_RSA_PKCS_MGF_TYPE,
    CK_RSA_PKCS_OAEP_PARAMS, CK_RSA_PKCS_PSS_PARAMS, CK_RV, CK_SESSION_HANDLE, CK_TOKEN_INFO,
    CK_ULONG, CKF_CLOCK_ON_TOKEN, CKR_BUFFER_TOO_SMALL, CKR_OK, CKZ_DATA_SPECIFIED,
};

/// The function table of a loaded module.
pub(super) struct Raw {
    list: CK_FUNCTION_LIST,
    /// Keeps the module mapped while the table points into it.
    _library: cryptoki_sys::Pkcs11,
}

/// A mechanism by its number, with its parameter.
#[derive(Clone, Copy)]
pub(super) struct Mechanism<'a> {
    /// A `CKM_` number.
    pub(super) number: CK_MECHANISM_TYPE,
    /// What goes with it.
    pub(super) parameter: Parameter<'a>,
}

/// The parameter of a mechanism.
#[derive(Clone, Copy)]
pub(super) enum Parameter<'a> {
    None,
    Iv(&'a [u8]),
    Counter([u8; 16]),
    Gcm {
        iv: &'a [u8],
        associated: &'a [u8],
        tag_bytes: u8,
    },
    Pss {
        hash: CK_MECHANISM_TYPE,
        mask: CK_RSA_PKCS_MGF_TYPE,
        salt_bytes: u16,
    },
    Oaep {
        hash: CK_MECHANISM_TYPE,
        mask: CK_RSA_PKCS_MGF_TYPE,
        label: &'a [u8],
    },
}

/// A one-shot operation: its initialisation and the call that gives the result.
#[derive(Clone, Copy)]
pub(super) enum Step {
    Sign,
    Encrypt,
    Decrypt,
}

/// `C_…Init` of a [`Step`].
type Begin = unsafe extern "C" fn(CK_SESSION_HANDLE, *mut CK_MECHANISM, CK_OBJECT_HANDLE) -> CK_RV;

/// The call of a [`Step`] that gives the result.
type Finish = unsafe extern "C" fn(
    CK_SESSION_HANDLE,
    *mut CK_BYTE,
    CK_ULONG,
    *mut CK_BYTE,
    *mut CK_ULONG,
) -> CK_RV;

impl Raw {
    /// The table of a module that `cryptoki` has loaded from the same path.
    pub(super) fn load(path: &Path) -> Result<Self> {
        // SAFETY: loading runs the module's constructors; `cryptoki` has loaded the same file, so they have run.
        let library = unsafe { cryptoki_sys::Pkcs11::new(path) }.map_err(Error::LibraryLoading)?;
        let Ok(function) = &library.C_GetFunctionList else {
            return Err(Error::MissingSymbol("C_GetFunctionList"));
        };
        let mut list = ptr::null_mut();
        // SAFETY: the symbol has the type PKCS #11 §5.4 gives it, and the pointer is to a local.
        let code = unsafe { function(&raw mut list) };
        Rv::from(code).into_result(Function::GetFunctionList)?;
        if list.is_null() {
            return Err(Error::NullFunctionPointer);
        }
        // SAFETY: PKCS #11 §5.4: a successful call leaves a pointer to the module's own, constant table.
        let list = unsafe { *list };
        Ok(Self {
            list,
            _library: library,
        })
    }

    /// What a token says of itself, but for its time: openCryptoki tells one that is none, and `cryptoki` then takes nothing.
    pub(super) fn token_info(&self, slot: Slot) -> Result<TokenInfo> {
        let call = self.list.C_GetTokenInfo.ok_or(Error::NullFunctionPointer)?;
        let mut info = CK_TOKEN_INFO::default();
        // SAFETY: the pointer is to a local of the right type.
        let code = unsafe { call(CK_ULONG::try_from(slot.id())?, &raw mut info) };
        Rv::from(code).into_result(Function::GetTokenInfo)?;
        info.flags &= !CKF_CLOCK_ON_TOKEN;
        TokenInfo::try_from(info)
    }

    /// Every mechanism of a slot; `cryptoki` drops those it has no name for.
    pub(super) fn mechanisms(&self, slot: Slot) -> Result<Vec<CK_MECHANISM_TYPE>> {
        let call = self
            .list
            .C_GetMechanismList
            .ok_or(Error::NullFunctionPointer)?;
        let slot = CK_ULONG::try_from(slot.id())?;
        let mut count: CK_ULONG = 0;
        // SAFETY: a null list asks for the count (§5.2).
        let code = unsafe { call(slot, ptr::null_mut(), &raw mut count) };
        Rv::from(code).into_result(Function::GetMechanismList)?;
        let mut list = vec![0; usize::try_from(count)?.min(MECHANISMS_MAX)];
        count = CK_ULONG::try_from(list.len())?;
        // SAFETY: the list has room for `count` numbers.
        let code = unsafe { call(slot, list.as_mut_ptr(), &raw mut count) };
        Rv::from(code).into_result(Function::GetMechanismList)?;
        list.truncate(usize::try_from(count)?);
        Ok(list)
    }

    /// What a slot says about a mechanism.
    pub(super) fn mechanism_info(
        &self,
        slot: Slot,
        number: CK_MECHANISM_TYPE,
    ) -> Result<CK_MECHANISM_INFO> {
        let call = self
            .list
            .C_GetMechanismInfo
            .ok_or(Error::NullFunctionPointer)?;
        let mut info = CK_MECHANISM_INFO::default();
        // SAFETY: the pointer is to a local of the right type.
        let code = unsafe { call(CK_ULONG::try_from(slot.id())?, number, &raw mut info) };
        Rv::from(code).into_result(Function::GetMechanismInfo)?;
        Ok(info)
    }

    /// Runs a one-shot operation whose result has at most `out_max` bytes: two calls, without a length query.
    pub(super) fn run(
        &self,
        session: &Session,
        step: Step,
        mechanism: Mechanism<'_>,
        key: ObjectHandle,
        input: &[u8],
        out_max: usize,
    ) -> Result<Vec<u8>> {
        let (begin, finish, began, finished) = self.step(step)?;
        mechanism.with(|mechanism| {
            // SAFETY: the mechanism and all it points to outlive the call.
            let code = unsafe { begin(session.handle(), mechanism, key.handle()) };
            Rv::from(code).into_result(began)
        })?;
        let input_len = CK_ULONG::try_from(input.len())?;
        filled(out_max, finished, |out, len| {
            // SAFETY: the module reads `input_len` bytes of the input, which no module writes to (§5.2), and writes
            // at most `*len` bytes to `out`.
            unsafe {
                finish(
                    session.handle(),
                    input.as_ptr().cast_mut(),
                    input_len,
                    out,
                    len,
                )
            }
        })
    }

    /// C_WrapKey.
    pub(super) fn wrap(
        &self,
        session: &Session,
        mechanism: Mechanism<'_>,
        wrapping: ObjectHandle,
        key: ObjectHandle,
        out_max: usize,
    ) -> Result<Vec<u8>> {
        let call = self.list.C_WrapKey.ok_or(Error::NullFunctionPointer)?;
        mechanism.with(|mechanism| {
            filled(out_max, Function::WrapKey, |out, len| {
                // SAFETY: the mechanism outlives the call; the module writes at most `*len` bytes to `out`.
                unsafe {
                    call(
                        session.handle(),
                        mechanism,
                        wrapping.handle(),
                        key.handle(),
                        out,
                        len,
                    )
                }
            })
        })
    }

    /// C_UnwrapKey.
    pub(super) fn unwrap(
        &self,
        session: &Session,
        mechanism: Mechanism<'_>,
        unwrapping: ObjectHandle,
        wrapped: &[u8],
        template: &[Attribute],
    ) -> Result<ObjectHandle> {
        let call = self.list.C_UnwrapKey.ok_or(Error::NullFunctionPointer)?;
        let mut attributes: Vec<CK_ATTRIBUTE> = template.iter().map(Into::into).collect();
        let count = CK_ULONG::try_from(attributes.len())?;
        let wrapped_len = CK_ULONG::try_from(wrapped.len())?;
        let mut handle: CK_OBJECT_HANDLE = 0;
        mechanism.with(|mechanism| {
            // SAFETY: mechanism, template and wrapped key outlive the call, and the module only reads them.
            let code = unsafe {
                call(
                    session.handle(),
                    mechanism,
                    unwrapping.handle(),
                    wrapped.as_ptr().cast_mut(),
                    wrapped_len,
                    attributes.as_mut_ptr(),
                    count,
                    &raw mut handle,
                )
            };
            Rv::from(code).into_result(Function::UnwrapKey)
        })?;
        // SAFETY: the module has just made this handle for this session.
        Ok(unsafe { ObjectHandle::new_from_raw(handle) })
    }

    fn step(&self, step: Step) -> Result<(Begin, Finish, Function, Function)> {
        let list = &self.list;
        let (begin, finish, began, finished) = match step {
            Step::Sign => (
                list.C_SignInit,
                list.C_Sign,
                Function::SignInit,
                Function::Sign,
            ),
            Step::Encrypt => (
                list.C_EncryptInit,
                list.C_Encrypt,
                Function::EncryptInit,
                Function::Encrypt,
            ),
            Step::Decrypt => (
                list.C_DecryptInit,
                list.C_Decrypt,
                Function::DecryptInit,
                Function::Decrypt,
            ),
        };
        match (begin, finish) {
            (Some(begin), Some(finish)) => Ok((begin, finish, began, finished)),
            _ => Err(Error::NullFunctionPointer),
        }
    }
}

impl Mechanism<'_> {
    /// Lays the mechanism out as C wants it, for the time of one call.
    fn with<T>(&self, call: impl FnOnce(*mut CK_MECHANISM) -> Result<T>) -> Result<T> {
        match self.parameter {
            Parameter::None => self.pass(ptr::null_mut(), 0, call),
            Parameter::Iv(iv) => self.pass(iv.as_ptr().cast_mut().cast(), iv.len(), call),
            Parameter::Counter(block) => self.pass_struct(
                CK_AES_CTR_PARAMS {
                    ulCounterBits: 128,
                    cb: block,
                },
                call,
            ),
            Parameter::Gcm {
                iv,
                associated,
                tag_bytes,
            } => self.pass_struct(
                CK_GCM_PARAMS {
                    pIv: iv.as_ptr().cast_mut(),
                    ulIvLen: CK_ULONG::try_from(iv.len())?,
                    ulIvBits: CK_ULONG::try_from(iv.len().saturating_mul(8))?,
                    pAAD: associated.as_ptr().cast_mut(),
                    ulAADLen: CK_ULONG::try_from(associated.len())?,
                    ulTagBits: CK_ULONG::from(tag_bytes) * 8,
                },
                call,
            ),
            Parameter::Pss {
                hash,
                mask,
                salt_bytes,
            } => self.pass_struct(
                CK_RSA_PKCS_PSS_PARAMS {
                    hashAlg: hash,
                    mgf: mask,
                    sLen: CK_ULONG::from(salt_bytes),
                },
                call,
            ),
            Parameter::Oaep { hash, mask, label } => self.pass_struct(
                CK_RSA_PKCS_OAEP_PARAMS {
                    hashAlg: hash,
                    mgf: mask,
                    source: CKZ_DATA_SPECIFIED,
                    // Modules read an empty label as absent only when its pointer is null.
                    pSourceData: if label.is_empty() {
                        ptr::null_mut()
                    } else {
                        label.as_ptr().cast_mut().cast()
                    },
                    ulSourceDataLen: CK_ULONG::try_from(label.len())?,
                },
                call,
            ),
        }
    }

    fn pass_struct<P, T>(
        &self,
        mut parameter: P,
        call: impl FnOnce(*mut CK_MECHANISM) -> Result<T>,
    ) -> Result<T> {
        self.pass((&raw mut parameter).cast(), size_of::<P>(), call)
    }

    fn pass<T>(
        &self,
        parameter: *mut c_void,
        len: usize,
        call: impl FnOnce(*mut CK_MECHANISM) -> Result<T>,
    ) -> Result<T> {
        let mut mechanism = CK_MECHANISM {
            mechanism: self.number,
            pParameter: parameter,
            ulParameterLen: CK_ULONG::try_from(len)?,
        };
        call(&raw mut mechanism)
    }
}

/// Calls with a buffer of `out_max` bytes, and once more when the module wants up to twice that.
fn filled(
    out_max: usize,
    function: Function,
    mut call: impl FnMut(*mut CK_BYTE, *mut CK_ULONG) -> CK_RV,
) -> Result<Vec<u8>> {
    let mut out = vec![0; out_max];
    let mut len = CK_ULONG::try_from(out_max)?;
    let mut code = call(out.as_mut_ptr(), &raw mut len);
    if code == CKR_BUFFER_TOO_SMALL {
        // §5.2: the operation stays active and `len` says what it needs.
        let needed = usize::try_from(len)?;
        if needed > out_max.saturating_mul(2).saturating_add(ROUNDING_MAX) {
            return Err(Error::Pkcs11(RvError::BufferTooSmall, function));
        }
        out = vec![0; needed];
        code = call(out.as_mut_ptr(), &raw mut len);
    }
    if code != CKR_OK {
        // What a failed decryption left in the buffer is nobody's business.
        zeroize::Zeroize::zeroize(&mut out);
    }
    Rv::from(code).into_result(function)?;
    out.truncate(usize::try_from(len)?);
    Ok(out)
}

/// More mechanisms than any module has; the standard lists fewer than 500.
const MECHANISMS_MAX: usize = 4096;

/// What a module may ask for beyond twice the true size: blocks, tags and its own caution.
const ROUNDING_MAX: usize = 1024;
