//! The functions of the module: the one place in which the tests of the whole system call C.
#![expect(
    unsafe_code,
    reason = "a C interface is tested through its C functions"
)]

use std::{path::Path, ptr::null_mut};

use cryptoki_sys as ck;

use super::{Attribute, Mechanism, Result, Ulong, template::raw};

/// The loaded module.
pub struct Api(ck::Pkcs11);

/// What a key, or none, does to data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// `C_Encrypt` and its parts.
    Encrypt,
    /// `C_Decrypt` and its parts.
    Decrypt,
    /// `C_Sign` and its parts.
    Sign,
    /// `C_Digest` and its parts.
    Digest,
}

impl Act {
    /// Whether a part gives something.
    pub(super) const fn updates_give(self) -> bool {
        matches!(self, Self::Encrypt | Self::Decrypt)
    }
}

/// What came of a call with a buffer.
#[derive(Debug)]
pub struct Answer {
    rv: Ulong,
    /// The length that was told.
    pub length: usize,
    /// What was written.
    pub bytes: Vec<u8>,
}

impl Answer {
    /// Whether it succeeded.
    pub const fn rv(&self) -> Result<()> {
        outcome(self.rv)
    }
}

const fn outcome(rv: Ulong) -> Result<()> {
    match rv {
        ck::CKR_OK => Ok(()),
        rv => Err(rv),
    }
}

/// A length or count as C has it.
pub(super) fn ulong(length: usize) -> Ulong {
    Ulong::try_from(length).unwrap()
}

/// Calls a function of the module.
macro_rules! call {
    ($api:expr, $function:ident($($argument:expr),* $(,)?)) => {
        // SAFETY: every pointer leads to memory of this call's own, as long as is said beside it, or is null.
        outcome(unsafe { $api.0.$function($($argument),*) })
    };
}

mod begin;
mod keys;
mod messages;

pub use self::messages::Gcm;

/// Calls with a buffer of so many bytes, or without one; what stands behind its end must stay.
fn with_room(room: Option<usize>, call: impl FnOnce(*mut u8, *mut Ulong) -> Result<()>) -> Answer {
    const GUARD: [u8; 16] = [0xE7; 16];
    let mut buffer = vec![0xE7; room.unwrap_or(0) + GUARD.len()];
    let mut length = ulong(room.unwrap_or(0));
    let place = if room.is_some() {
        buffer.as_mut_ptr()
    } else {
        null_mut()
    };
    let rv = call(place, &raw mut length).err().unwrap_or(ck::CKR_OK);
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    let written = match (rv, room) {
        (ck::CKR_OK, Some(room)) => length.min(room),
        _ => 0,
    };
    assert!(
        buffer[written..].iter().all(|byte| *byte == 0xE7),
        "something was written where no answer is"
    );
    buffer.truncate(written);
    Answer {
        rv,
        length,
        bytes: buffer,
    }
}

fn start(bytes: &[u8]) -> *mut u8 {
    bytes.as_ptr().cast_mut()
}

impl Api {
    pub(super) fn load(path: &Path) -> Self {
        // SAFETY: the library is the one under test; what it does when it is loaded is what is tested.
        Self(unsafe { ck::Pkcs11::new(path) }.unwrap())
    }

    /// `C_Initialize` without arguments.
    pub fn initialize(&self) -> Result<()> {
        call!(self, C_Initialize(null_mut()))
    }

    /// `C_Finalize`.
    pub fn finalize(&self) -> Result<()> {
        call!(self, C_Finalize(null_mut()))
    }

    /// `C_OpenSession` on the first slot.
    pub fn open(&self, read_write: bool) -> Result<Ulong> {
        let more = if read_write { ck::CKF_RW_SESSION } else { 0 };
        let flags = ck::CKF_SERIAL_SESSION | more;
        let mut session = 0;
        let place = &raw mut session;
        call!(self, C_OpenSession(0, flags, null_mut(), None, place))?;
        Ok(session)
    }

    /// `C_CloseSession`.
    pub fn close(&self, session: Ulong) -> Result<()> {
        call!(self, C_CloseSession(session))
    }

    /// `C_Login`.
    pub fn login(&self, session: Ulong, user: Ulong, pin: &[u8]) -> Result<()> {
        call!(self, C_Login(session, user, start(pin), ulong(pin.len())))
    }

    /// `C_Logout`.
    pub fn logout(&self, session: Ulong) -> Result<()> {
        call!(self, C_Logout(session))
    }

    /// `C_InitToken` of the first slot.
    pub fn init_token(&self, pin: &[u8], label: &[u8; 32]) -> Result<()> {
        let (pin, n) = (start(pin), ulong(pin.len()));
        call!(self, C_InitToken(0, pin, n, start(label)))
    }

    /// `C_GetMechanismList` of the first slot.
    #[must_use]
    pub fn mechanisms(&self) -> Vec<Ulong> {
        let mut count = 0;
        call!(self, C_GetMechanismList(0, null_mut(), &raw mut count)).unwrap();
        let mut list = vec![0; usize::try_from(count).unwrap()];
        let place = list.as_mut_ptr();
        call!(self, C_GetMechanismList(0, place, &raw mut count)).unwrap();
        list
    }

    /// `C_GetMechanismInfo` of the first slot.
    pub fn mechanism_info(&self, kind: Ulong) -> Result<ck::CK_MECHANISM_INFO> {
        let mut info = ck::CK_MECHANISM_INFO::default();
        call!(self, C_GetMechanismInfo(0, kind, &raw mut info))?;
        Ok(info)
    }

    /// `C_CreateObject`.
    pub fn create(&self, session: Ulong, template: &[Attribute]) -> Result<Ulong> {
        let (mut template, mut object) = (raw(template), 0);
        let (entries, count) = (template.as_mut_ptr(), ulong(template.len()));
        call!(
            self,
            C_CreateObject(session, entries, count, &raw mut object)
        )?;
        Ok(object)
    }

    /// `C_CopyObject`.
    pub fn copy(&self, session: Ulong, object: Ulong, template: &[Attribute]) -> Result<Ulong> {
        let (mut template, mut copy) = (raw(template), 0);
        let (entries, count) = (template.as_mut_ptr(), ulong(template.len()));
        call!(
            self,
            C_CopyObject(session, object, entries, count, &raw mut copy)
        )?;
        Ok(copy)
    }

    /// `C_DestroyObject`.
    pub fn destroy(&self, session: Ulong, object: Ulong) -> Result<()> {
        call!(self, C_DestroyObject(session, object))
    }

    /// An attribute of an object, by two calls of `C_GetAttributeValue`.
    pub fn get(&self, session: Ulong, object: Ulong, kind: Ulong) -> Result<Vec<u8>> {
        let mut entry = ck::CK_ATTRIBUTE {
            type_: kind,
            pValue: null_mut(),
            ulValueLen: 0,
        };
        let place = &raw mut entry;
        call!(self, C_GetAttributeValue(session, object, place, 1))?;
        let mut value = vec![0; usize::try_from(entry.ulValueLen).unwrap()];
        entry.pValue = value.as_mut_ptr().cast();
        let place = &raw mut entry;
        call!(self, C_GetAttributeValue(session, object, place, 1))?;
        Ok(value)
    }

    /// `C_SetAttributeValue`.
    pub fn set(&self, session: Ulong, object: Ulong, template: &[Attribute]) -> Result<()> {
        let mut template = raw(template);
        let (entries, count) = (template.as_mut_ptr(), ulong(template.len()));
        call!(self, C_SetAttributeValue(session, object, entries, count))
    }

    /// A search, from beginning to end.
    pub fn find(&self, session: Ulong, template: &[Attribute]) -> Result<Vec<Ulong>> {
        self.find_init(session, template)?;
        let mut all = Vec::new();
        loop {
            let some = self.find_some(session, 16)?;
            if some.is_empty() {
                break;
            }
            all.extend(some);
        }
        self.find_final(session)?;
        Ok(all)
    }

    /// `C_FindObjectsInit`.
    pub fn find_init(&self, session: Ulong, template: &[Attribute]) -> Result<()> {
        let mut template = raw(template);
        let (entries, count) = (template.as_mut_ptr(), ulong(template.len()));
        call!(self, C_FindObjectsInit(session, entries, count))
    }

    /// `C_FindObjects`, of so many at most.
    pub fn find_some(&self, session: Ulong, most: usize) -> Result<Vec<Ulong>> {
        let (mut some, mut count) = (vec![0; most], 0);
        let place = some.as_mut_ptr();
        call!(
            self,
            C_FindObjects(session, place, ulong(most), &raw mut count)
        )?;
        some.truncate(usize::try_from(count).unwrap());
        Ok(some)
    }

    /// `C_FindObjectsFinal`.
    pub fn find_final(&self, session: Ulong) -> Result<()> {
        call!(self, C_FindObjectsFinal(session))
    }

    /// `C_GenerateKey`.
    pub fn generate(
        &self,
        session: Ulong,
        mechanism: &Mechanism,
        template: &[Attribute],
    ) -> Result<Ulong> {
        let (mut template, mut key) = (raw(template), 0);
        let (entries, count) = (template.as_mut_ptr(), ulong(template.len()));
        mechanism.with(|own| {
            call!(
                self,
                C_GenerateKey(session, own, entries, count, &raw mut key)
            )
        })?;
        Ok(key)
    }

    /// `C_GenerateKeyPair`: the public and the private key.
    pub fn generate_pair(
        &self,
        session: Ulong,
        mechanism: &Mechanism,
        public: &[Attribute],
        private: &[Attribute],
    ) -> Result<(Ulong, Ulong)> {
        let (mut public, mut private) = (raw(public), raw(private));
        let (n, m) = (ulong(public.len()), ulong(private.len()));
        let (first, second) = (public.as_mut_ptr(), private.as_mut_ptr());
        let (mut of_public, mut of_private) = (0, 0);
        let (place, other) = (&raw mut of_public, &raw mut of_private);
        mechanism.with(|own| {
            call!(
                self,
                C_GenerateKeyPair(session, own, first, n, second, m, place, other)
            )
        })?;
        Ok((of_public, of_private))
    }

    /// `C_EncryptInit` and its like.
    pub fn init(&self, act: Act, session: Ulong, mechanism: &Mechanism, key: Ulong) -> Result<()> {
        mechanism.with(|own| match act {
            Act::Encrypt => call!(self, C_EncryptInit(session, own, key)),
            Act::Decrypt => call!(self, C_DecryptInit(session, own, key)),
            Act::Sign => call!(self, C_SignInit(session, own, key)),
            Act::Digest => call!(self, C_DigestInit(session, own)),
        })
    }

    /// `C_Encrypt` and its like, with a buffer of so many bytes or without one.
    #[must_use]
    pub fn whole(&self, act: Act, session: Ulong, data: &[u8], room: Option<usize>) -> Answer {
        let (data, n) = (start(data), ulong(data.len()));
        with_room(room, |out, length| match act {
            Act::Encrypt => call!(self, C_Encrypt(session, data, n, out, length)),
            Act::Decrypt => call!(self, C_Decrypt(session, data, n, out, length)),
            Act::Sign => call!(self, C_Sign(session, data, n, out, length)),
            Act::Digest => call!(self, C_Digest(session, data, n, out, length)),
        })
    }

    /// `C_EncryptUpdate` and its like; signatures and digests take no buffer.
    #[must_use]
    pub fn update(&self, act: Act, session: Ulong, part: &[u8], room: Option<usize>) -> Answer {
        let (part, n) = (start(part), ulong(part.len()));
        with_room(room, |out, length| match act {
            Act::Encrypt => call!(self, C_EncryptUpdate(session, part, n, out, length)),
            Act::Decrypt => call!(self, C_DecryptUpdate(session, part, n, out, length)),
            Act::Sign => call!(self, C_SignUpdate(session, part, n)),
            Act::Digest => call!(self, C_DigestUpdate(session, part, n)),
        })
    }

    /// `C_EncryptFinal` and its like.
    #[must_use]
    pub fn last(&self, act: Act, session: Ulong, room: Option<usize>) -> Answer {
        with_room(room, |out, length| match act {
            Act::Encrypt => call!(self, C_EncryptFinal(session, out, length)),
            Act::Decrypt => call!(self, C_DecryptFinal(session, out, length)),
            Act::Sign => call!(self, C_SignFinal(session, out, length)),
            Act::Digest => call!(self, C_DigestFinal(session, out, length)),
        })
    }

    /// `C_DigestKey`.
    pub fn digest_key(&self, session: Ulong, key: Ulong) -> Result<()> {
        call!(self, C_DigestKey(session, key))
    }

    /// `C_VerifyInit`.
    pub fn verify_init(&self, session: Ulong, mechanism: &Mechanism, key: Ulong) -> Result<()> {
        mechanism.with(|own| call!(self, C_VerifyInit(session, own, key)))
    }

    /// `C_Verify`.
    pub fn verify_whole(&self, session: Ulong, data: &[u8], signature: &[u8]) -> Result<()> {
        let (data, n) = (start(data), ulong(data.len()));
        let (signature, m) = (start(signature), ulong(signature.len()));
        call!(self, C_Verify(session, data, n, signature, m))
    }

    /// `C_VerifyUpdate`.
    pub fn verify_update(&self, session: Ulong, part: &[u8]) -> Result<()> {
        call!(
            self,
            C_VerifyUpdate(session, start(part), ulong(part.len()))
        )
    }

    /// `C_VerifyFinal`.
    pub fn verify_last(&self, session: Ulong, signature: &[u8]) -> Result<()> {
        let (signature, n) = (start(signature), ulong(signature.len()));
        call!(self, C_VerifyFinal(session, signature, n))
    }

    /// The version of the interface that the module prefers.
    #[must_use]
    pub fn preferred_version(&self) -> (u8, u8) {
        let mut interface = null_mut();
        let place = &raw mut interface;
        call!(self, C_GetInterface(null_mut(), null_mut(), place, 0)).unwrap();
        // SAFETY: the module's interfaces and lists are statics, and every list begins with its version.
        let version = unsafe { *(*interface).pFunctionList.cast::<ck::CK_VERSION>() };
        (version.major, version.minor)
    }
}
