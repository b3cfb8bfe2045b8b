//! The module as a host sees it: the function list, and calls that a test would otherwise spell out each time.

use std::{path::Path, ptr::null_mut};

use cryptoki_sys as ck;

/// A `CK_RV`.
pub type Rv = ck::CK_RV;

/// Calls a function of the list.
macro_rules! call {
    ($api:expr, $function:ident($($arg:expr),* $(,)?)) => {
        // SAFETY: the test passes pointers to its own memory, or such as the function must refuse.
        unsafe { ($api.list.$function.unwrap())($($arg),*) }
    };
}

/// The loaded module.
pub struct Api {
    pub list: &'static ck::CK_FUNCTION_LIST_3_2,
    pub exports: ck::Pkcs11,
}

/// An attribute of a template: its type and its value in C.
pub type Attribute = (ck::CK_ATTRIBUTE_TYPE, Vec<u8>);

pub fn flag(kind: ck::CK_ATTRIBUTE_TYPE, value: bool) -> Attribute {
    (kind, vec![u8::from(value)])
}

pub fn number(kind: ck::CK_ATTRIBUTE_TYPE, value: ck::CK_ULONG) -> Attribute {
    (kind, value.to_ne_bytes().to_vec())
}

pub fn bytes(kind: ck::CK_ATTRIBUTE_TYPE, value: &[u8]) -> Attribute {
    (kind, value.to_vec())
}

/// The template as C has it; it borrows the values.
pub fn raw(template: &[Attribute]) -> Vec<ck::CK_ATTRIBUTE> {
    template
        .iter()
        .map(|(kind, value)| ck::CK_ATTRIBUTE {
            type_: *kind,
            pValue: value.as_ptr().cast_mut().cast(),
            ulValueLen: value.len() as ck::CK_ULONG,
        })
        .collect()
}

/// A mechanism with a parameter of any structure.
pub fn mechanism<T>(kind: ck::CK_MECHANISM_TYPE, parameter: Option<&mut T>) -> ck::CK_MECHANISM {
    let length = if parameter.is_some() {
        size_of::<T>()
    } else {
        0
    };
    ck::CK_MECHANISM {
        mechanism: kind,
        pParameter: parameter.map_or(null_mut(), |own| (&raw mut *own).cast()),
        ulParameterLen: length as ck::CK_ULONG,
    }
}

pub fn plain(kind: ck::CK_MECHANISM_TYPE) -> ck::CK_MECHANISM {
    mechanism::<u8>(kind, None)
}

impl Api {
    pub fn load(path: &Path) -> Self {
        Self::with(path, 0)
    }

    /// The module by its fork-safe interface.
    pub fn fork_safe() -> Self {
        Self::with(&super::module_path(), ck::CKF_INTERFACE_FORK_SAFE)
    }

    fn with(path: &Path, flags: ck::CK_FLAGS) -> Self {
        // SAFETY: the library is the one under test.
        let exports = unsafe { ck::Pkcs11::new(path) }.unwrap();
        let mut interface = null_mut();
        // SAFETY: null means the preferred interface.
        let rv =
            unsafe { exports.C_GetInterface(null_mut(), null_mut(), &raw mut interface, flags) };
        assert_eq!(rv, ck::CKR_OK);
        // SAFETY: the module's interface and list are statics, and the preferred version is 3.2.
        let list = unsafe {
            &*(*interface)
                .pFunctionList
                .cast::<ck::CK_FUNCTION_LIST_3_2>()
        };
        assert_eq!((list.version.major, list.version.minor), (3, 2));
        Self { list, exports }
    }

    pub fn initialise(&self) {
        assert_eq!(call!(self, C_Initialize(null_mut())), ck::CKR_OK);
    }

    pub fn open(&self, read_write: bool) -> ck::CK_SESSION_HANDLE {
        let flags = ck::CKF_SERIAL_SESSION | if read_write { ck::CKF_RW_SESSION } else { 0 };
        let mut session = 0;
        let rv = call!(
            self,
            C_OpenSession(0, flags, null_mut(), None, &raw mut session)
        );
        assert_eq!(rv, ck::CKR_OK);
        session
    }

    pub fn login(&self, session: ck::CK_SESSION_HANDLE, user: ck::CK_USER_TYPE, pin: &[u8]) -> Rv {
        call!(
            self,
            C_Login(
                session,
                user,
                pin.as_ptr().cast_mut(),
                pin.len() as ck::CK_ULONG
            )
        )
    }

    /// A read-write session of the user's.
    pub fn ready(&self) -> ck::CK_SESSION_HANDLE {
        self.initialise();
        let session = self.open(true);
        assert_eq!(self.login(session, ck::CKU_USER, super::PIN), ck::CKR_OK);
        session
    }

    pub fn find(
        &self,
        session: ck::CK_SESSION_HANDLE,
        template: &[Attribute],
    ) -> Vec<ck::CK_OBJECT_HANDLE> {
        let mut template = raw(template);
        let count = template.len() as ck::CK_ULONG;
        assert_eq!(
            call!(
                self,
                C_FindObjectsInit(session, template.as_mut_ptr(), count)
            ),
            ck::CKR_OK
        );
        let mut all = Vec::new();
        loop {
            let (mut some, mut count) = ([0; 7], 0);
            let rv = call!(
                self,
                C_FindObjects(session, some.as_mut_ptr(), 7, &raw mut count)
            );
            assert_eq!(rv, ck::CKR_OK);
            if count == 0 {
                break;
            }
            all.extend(&some[..count as usize]);
        }
        assert_eq!(call!(self, C_FindObjectsFinal(session)), ck::CKR_OK);
        all
    }

    /// An attribute by the two calls.
    pub fn get(
        &self,
        session: ck::CK_SESSION_HANDLE,
        object: ck::CK_OBJECT_HANDLE,
        kind: ck::CK_ATTRIBUTE_TYPE,
    ) -> Result<Vec<u8>, Rv> {
        let mut entry = ck::CK_ATTRIBUTE {
            type_: kind,
            pValue: null_mut(),
            ulValueLen: 0,
        };
        match call!(
            self,
            C_GetAttributeValue(session, object, &raw mut entry, 1)
        ) {
            ck::CKR_OK => {}
            rv => return Err(rv),
        }
        let mut value = vec![0; entry.ulValueLen as usize];
        entry.pValue = value.as_mut_ptr().cast();
        match call!(
            self,
            C_GetAttributeValue(session, object, &raw mut entry, 1)
        ) {
            ck::CKR_OK => Ok(value),
            rv => Err(rv),
        }
    }

    pub fn create(
        &self,
        session: ck::CK_SESSION_HANDLE,
        template: &[Attribute],
    ) -> Result<ck::CK_OBJECT_HANDLE, Rv> {
        let (mut template, mut object) = (raw(template), 0);
        let count = template.len() as ck::CK_ULONG;
        match call!(
            self,
            C_CreateObject(session, template.as_mut_ptr(), count, &raw mut object)
        ) {
            ck::CKR_OK => Ok(object),
            rv => Err(rv),
        }
    }

    pub fn set(
        &self,
        session: ck::CK_SESSION_HANDLE,
        object: ck::CK_OBJECT_HANDLE,
        template: &[Attribute],
    ) -> Rv {
        let mut template = raw(template);
        let count = template.len() as ck::CK_ULONG;
        call!(
            self,
            C_SetAttributeValue(session, object, template.as_mut_ptr(), count)
        )
    }

    pub fn copy(
        &self,
        session: ck::CK_SESSION_HANDLE,
        object: ck::CK_OBJECT_HANDLE,
        template: &[Attribute],
    ) -> Result<ck::CK_OBJECT_HANDLE, Rv> {
        let (mut template, mut copy) = (raw(template), 0);
        let count = template.len() as ck::CK_ULONG;
        match call!(
            self,
            C_CopyObject(session, object, template.as_mut_ptr(), count, &raw mut copy)
        ) {
            ck::CKR_OK => Ok(copy),
            rv => Err(rv),
        }
    }

    pub fn generate(
        &self,
        session: ck::CK_SESSION_HANDLE,
        kind: ck::CK_MECHANISM_TYPE,
        template: &[Attribute],
    ) -> Result<ck::CK_OBJECT_HANDLE, Rv> {
        let (mut mechanism, mut template, mut key) = (plain(kind), raw(template), 0);
        let count = template.len() as ck::CK_ULONG;
        match call!(
            self,
            C_GenerateKey(
                session,
                &raw mut mechanism,
                template.as_mut_ptr(),
                count,
                &raw mut key
            )
        ) {
            ck::CKR_OK => Ok(key),
            rv => Err(rv),
        }
    }

    /// The public and the private key.
    pub fn generate_pair(
        &self,
        session: ck::CK_SESSION_HANDLE,
        kind: ck::CK_MECHANISM_TYPE,
        public: &[Attribute],
        private: &[Attribute],
    ) -> Result<(ck::CK_OBJECT_HANDLE, ck::CK_OBJECT_HANDLE), Rv> {
        let mut mechanism = plain(kind);
        let (mut public, mut private) = (raw(public), raw(private));
        let (mut of_public, mut of_private) = (0, 0);
        let (n, m) = (public.len() as ck::CK_ULONG, private.len() as ck::CK_ULONG);
        let rv = call!(
            self,
            C_GenerateKeyPair(
                session,
                &raw mut mechanism,
                public.as_mut_ptr(),
                n,
                private.as_mut_ptr(),
                m,
                &raw mut of_public,
                &raw mut of_private,
            )
        );
        if rv == ck::CKR_OK {
            Ok((of_public, of_private))
        } else {
            Err(rv)
        }
    }

    /// A token key pair on P-384, which the responder really has.
    pub fn p384(
        &self,
        session: ck::CK_SESSION_HANDLE,
        label: &str,
    ) -> (ck::CK_OBJECT_HANDLE, ck::CK_OBJECT_HANDLE) {
        let both = [
            flag(ck::CKA_TOKEN, true),
            bytes(ck::CKA_LABEL, label.as_bytes()),
            bytes(ck::CKA_ID, label.as_bytes()),
        ];
        let mut public = both.to_vec();
        public.push(bytes(ck::CKA_EC_PARAMS, &[6, 5, 0x2B, 0x81, 4, 0, 0x22]));
        self.generate_pair(session, ck::CKM_EC_KEY_PAIR_GEN, &public, &both)
            .unwrap()
    }

    /// One call with a buffer, by the rule: length, too short, enough.
    pub fn two_calls(
        &self,
        mut function: impl FnMut(*mut u8, *mut ck::CK_ULONG) -> Rv,
    ) -> Result<Vec<u8>, Rv> {
        let mut length = 0;
        match function(null_mut(), &raw mut length) {
            ck::CKR_OK => {}
            rv => return Err(rv),
        }
        let asked = length as usize;
        let mut buffer = vec![0xEE; asked + 8];
        if asked > 0 {
            // An answer of unknown length may fit into less than was said at first; nothing fits into nothing.
            length = 0;
            let rv = function(buffer.as_mut_ptr(), &raw mut length);
            if rv == ck::CKR_OK {
                assert_eq!(length, 0);
                return Ok(Vec::new());
            }
            if rv != ck::CKR_BUFFER_TOO_SMALL {
                return Err(rv);
            }
            assert!(length as usize <= asked);
            assert!(
                buffer.iter().all(|byte| *byte == 0xEE),
                "nothing is written"
            );
        }
        length = buffer.len() as ck::CK_ULONG;
        match function(buffer.as_mut_ptr(), &raw mut length) {
            ck::CKR_OK => {}
            rv => return Err(rv),
        }
        assert!(length as usize <= asked);
        assert!(buffer[length as usize..].iter().all(|byte| *byte == 0xEE));
        buffer.truncate(length as usize);
        Ok(buffer)
    }

    pub fn sign(
        &self,
        session: ck::CK_SESSION_HANDLE,
        mechanism: &mut ck::CK_MECHANISM,
        key: ck::CK_OBJECT_HANDLE,
        data: &[u8],
    ) -> Result<Vec<u8>, Rv> {
        match call!(self, C_SignInit(session, &raw mut *mechanism, key)) {
            ck::CKR_OK => {}
            rv => return Err(rv),
        }
        self.two_calls(|out, length| {
            call!(
                self,
                C_Sign(
                    session,
                    data.as_ptr().cast_mut(),
                    data.len() as ck::CK_ULONG,
                    out,
                    length
                )
            )
        })
    }

    pub fn verify(
        &self,
        session: ck::CK_SESSION_HANDLE,
        mechanism: &mut ck::CK_MECHANISM,
        key: ck::CK_OBJECT_HANDLE,
        data: &[u8],
        signature: &[u8],
    ) -> Rv {
        match call!(self, C_VerifyInit(session, &raw mut *mechanism, key)) {
            ck::CKR_OK => {}
            rv => return rv,
        }
        call!(
            self,
            C_Verify(
                session,
                data.as_ptr().cast_mut(),
                data.len() as ck::CK_ULONG,
                signature.as_ptr().cast_mut(),
                signature.len() as ck::CK_ULONG
            )
        )
    }
}
