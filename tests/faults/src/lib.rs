//! A PKCS#11 module that stands before another and fails as a test says: with a code, late, never, for good, by a lie.
#![expect(unsafe_code, reason = "a PKCS#11 module is called by C, and calls it")]

mod fault;

use std::{env, sync::OnceLock};

use cryptoki_sys::{
    CK_ATTRIBUTE, CK_BBOOL, CK_BYTE, CK_FUNCTION_LIST, CK_MECHANISM, CK_MECHANISM_INFO,
    CK_MECHANISM_TYPE, CK_NOTIFY, CK_OBJECT_HANDLE, CK_RV, CK_SESSION_HANDLE, CK_SESSION_INFO,
    CK_SLOT_ID, CK_TOKEN_INFO, CK_ULONG, CK_USER_TYPE, CKF_CLOCK_ON_TOKEN, CKR_ARGUMENTS_BAD,
    CKR_FUNCTION_FAILED, CKR_FUNCTION_NOT_SUPPORTED, CKR_OK,
};

/// The module behind, which `KEYHOLD_FAULTS_MODULE` names.
fn behind() -> Option<&'static CK_FUNCTION_LIST> {
    static BEHIND: OnceLock<Option<CK_FUNCTION_LIST>> = OnceLock::new();
    BEHIND.get_or_init(load).as_ref()
}

fn load() -> Option<CK_FUNCTION_LIST> {
    type GetFunctionList = unsafe extern "C" fn(*mut *mut CK_FUNCTION_LIST) -> CK_RV;
    let path = env::var_os("KEYHOLD_FAULTS_MODULE")?;
    // SAFETY: a PKCS#11 module may be loaded at any time.
    let library = unsafe { libloading::Library::new(path) }.ok()?;
    // SAFETY: the standard gives this symbol this type.
    let get = unsafe { library.get::<GetFunctionList>(b"C_GetFunctionList\0") }.ok()?;
    let mut list = std::ptr::null_mut();
    // SAFETY: the pointer is this function's own.
    if unsafe { get(&raw mut list) } != CKR_OK {
        return None;
    }
    // SAFETY: the module says that its list is there, and keeps it for as long as it is loaded.
    let list = unsafe { list.as_ref() }.copied();
    // Its functions are in use from now on.
    std::mem::forget(library);
    list
}

/// Functions that may fail; after `lies`, where one writes its output and how long that is; after `sticks`, where one writes
/// randomness and how much of it.
macro_rules! functions {
    ($($name:ident($($argument:ident: $type:ty),*) $(lies $out:ident $length:ident)? $(sticks $place:ident $count:ident)?;)*) => {
        $(
            /// The function of this name, or its failure.
            ///
            /// # Safety
            ///
            /// As the standard says of its arguments.
            #[expect(non_snake_case, reason = "the standard names it so")]
            unsafe extern "C" fn $name($($argument: $type),*) -> CK_RV {
                let call = || match behind().and_then(|own| own.$name) {
                    Some(own) => {
                        // SAFETY: the caller's arguments, as they are, for the function that they are meant for.
                        unsafe { own($($argument),*) }
                    }
                    None => CKR_FUNCTION_NOT_SUPPORTED,
                };
                let lie = |_how: fn(&mut CK_BYTE, &mut CK_ULONG)| {
                    $(
                        // SAFETY: the caller's own place for the output, which is null where it only asks for the length.
                        if let (Some(first), Some(length)) = unsafe { ($out.as_mut(), $length.as_mut()) } {
                            _how(first, length);
                        }
                    )?
                };
                let stick = || {
                    $(
                        if let (false, Ok(count)) = ($place.is_null(), usize::try_from($count)) {
                            // SAFETY: the caller's own place for so many bytes.
                            unsafe { $place.write_bytes(0, count) };
                        }
                    )?
                };
                match fault::due(stringify!($name)) {
                    None => call(),
                    Some(fault) => fault.around(call, lie, stick),
                }
            }
        )*

        fn failing(mut list: CK_FUNCTION_LIST) -> CK_FUNCTION_LIST {
            $(list.$name = Some($name);)*
            list
        }
    };
}
functions! {
    C_GetSlotList(present: CK_BBOOL, slots: *mut CK_SLOT_ID, count: *mut CK_ULONG);
    C_GetTokenInfo(slot: CK_SLOT_ID, info: *mut CK_TOKEN_INFO);
    C_GetMechanismList(slot: CK_SLOT_ID, list: *mut CK_MECHANISM_TYPE, count: *mut CK_ULONG);
    C_GetMechanismInfo(slot: CK_SLOT_ID, mechanism: CK_MECHANISM_TYPE, info: *mut CK_MECHANISM_INFO);
    C_OpenSession(
        slot: CK_SLOT_ID, flags: CK_ULONG, application: *mut std::ffi::c_void, notify: CK_NOTIFY,
        session: *mut CK_SESSION_HANDLE
    );
    C_GetSessionInfo(session: CK_SESSION_HANDLE, info: *mut CK_SESSION_INFO);
    C_Login(session: CK_SESSION_HANDLE, user: CK_USER_TYPE, pin: *mut CK_BYTE, bytes: CK_ULONG);
    C_CreateObject(
        session: CK_SESSION_HANDLE, template: *mut CK_ATTRIBUTE, count: CK_ULONG,
        object: *mut CK_OBJECT_HANDLE
    );
    C_DestroyObject(session: CK_SESSION_HANDLE, object: CK_OBJECT_HANDLE);
    C_GetAttributeValue(
        session: CK_SESSION_HANDLE, object: CK_OBJECT_HANDLE, template: *mut CK_ATTRIBUTE,
        count: CK_ULONG
    );
    C_FindObjectsInit(session: CK_SESSION_HANDLE, template: *mut CK_ATTRIBUTE, count: CK_ULONG);
    C_FindObjects(
        session: CK_SESSION_HANDLE, objects: *mut CK_OBJECT_HANDLE, most: CK_ULONG,
        count: *mut CK_ULONG
    );
    C_FindObjectsFinal(session: CK_SESSION_HANDLE);
    C_EncryptInit(session: CK_SESSION_HANDLE, mechanism: *mut CK_MECHANISM, key: CK_OBJECT_HANDLE);
    C_Encrypt(
        session: CK_SESSION_HANDLE, data: *mut CK_BYTE, bytes: CK_ULONG, out: *mut CK_BYTE,
        length: *mut CK_ULONG
    ) lies out length;
    C_DecryptInit(session: CK_SESSION_HANDLE, mechanism: *mut CK_MECHANISM, key: CK_OBJECT_HANDLE);
    C_Decrypt(
        session: CK_SESSION_HANDLE, data: *mut CK_BYTE, bytes: CK_ULONG, out: *mut CK_BYTE,
        length: *mut CK_ULONG
    ) lies out length;
    C_SignInit(session: CK_SESSION_HANDLE, mechanism: *mut CK_MECHANISM, key: CK_OBJECT_HANDLE);
    C_Sign(
        session: CK_SESSION_HANDLE, data: *mut CK_BYTE, bytes: CK_ULONG, out: *mut CK_BYTE,
        length: *mut CK_ULONG
    ) lies out length;
    C_GenerateKey(
        session: CK_SESSION_HANDLE, mechanism: *mut CK_MECHANISM, template: *mut CK_ATTRIBUTE,
        count: CK_ULONG, key: *mut CK_OBJECT_HANDLE
    );
    C_GenerateKeyPair(
        session: CK_SESSION_HANDLE, mechanism: *mut CK_MECHANISM, public: *mut CK_ATTRIBUTE,
        public_count: CK_ULONG, private: *mut CK_ATTRIBUTE, private_count: CK_ULONG,
        public_key: *mut CK_OBJECT_HANDLE, private_key: *mut CK_OBJECT_HANDLE
    );
    C_WrapKey(
        session: CK_SESSION_HANDLE, mechanism: *mut CK_MECHANISM, under: CK_OBJECT_HANDLE,
        key: CK_OBJECT_HANDLE, out: *mut CK_BYTE, length: *mut CK_ULONG
    ) lies out length;
    C_UnwrapKey(
        session: CK_SESSION_HANDLE, mechanism: *mut CK_MECHANISM, under: CK_OBJECT_HANDLE,
        wrapped: *mut CK_BYTE, bytes: CK_ULONG, template: *mut CK_ATTRIBUTE, count: CK_ULONG,
        key: *mut CK_OBJECT_HANDLE
    );
    C_GenerateRandom(session: CK_SESSION_HANDLE, out: *mut CK_BYTE, bytes: CK_ULONG) sticks out bytes;
}

/// What this module always does in a way of its own.
fn odd(mut list: CK_FUNCTION_LIST) -> CK_FUNCTION_LIST {
    list.C_GetTokenInfo = Some(token_info);
    list
}

/// `C_GetTokenInfo`, with a time as openCryptoki tells it: the standard's has sixteen digits.
///
/// # Safety
///
/// As the standard says of its arguments.
unsafe extern "C" fn token_info(slot: CK_SLOT_ID, info: *mut CK_TOKEN_INFO) -> CK_RV {
    // SAFETY: the caller's arguments, as they are.
    let code = unsafe { C_GetTokenInfo(slot, info) };
    // SAFETY: the caller's own place, which the module behind has written when it was content.
    if let (CKR_OK, Some(info)) = (code, unsafe { info.as_mut() }) {
        info.flags |= CKF_CLOCK_ON_TOKEN;
        info.utcTime = *b"05:15:57        ";
    }
    code
}

/// The functions of this module.
///
/// # Safety
///
/// As the standard says: `list` is null or a place for a pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_GetFunctionList(list: *mut *mut CK_FUNCTION_LIST) -> CK_RV {
    static OWN: OnceLock<CK_FUNCTION_LIST> = OnceLock::new();
    let Some(behind) = behind() else {
        return CKR_FUNCTION_FAILED;
    };
    // SAFETY: the caller's promise.
    let Some(place) = (unsafe { list.as_mut() }) else {
        return CKR_ARGUMENTS_BAD;
    };
    *place = std::ptr::from_ref(OWN.get_or_init(|| odd(failing(*behind)))).cast_mut();
    CKR_OK
}
