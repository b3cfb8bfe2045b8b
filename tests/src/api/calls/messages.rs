//! Messages and wrapped keys of GCM, whose parameter leads to a nonce and a tag of their own.

use cryptoki_sys as ck;

use super::{Api, outcome, start, ulong, with_room};
use crate::api::{Attribute, Mechanism, Result, Ulong, template::raw};

/// The nonce and the tag of one message, which whoever encrypts it may write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gcm {
    /// The nonce.
    pub nonce: Vec<u8>,
    /// How many of its first bits the caller has set.
    pub fixed_bits: Ulong,
    /// `CKG_`: where the others come from.
    pub generator: Ulong,
    /// The tag.
    pub tag: Vec<u8>,
}

impl Gcm {
    /// A nonce of the caller's, and room for a tag of 16 bytes.
    #[must_use]
    pub fn given(nonce: &[u8]) -> Self {
        Self {
            nonce: nonce.to_vec(),
            fixed_bits: 0,
            generator: ck::CKG_NO_GENERATE,
            tag: vec![0; 16],
        }
    }

    /// Room for a nonce of 12 bytes that is made by this generator, and for a tag.
    #[must_use]
    pub fn made(generator: Ulong) -> Self {
        Self {
            generator,
            ..Self::given(&[0; 12])
        }
    }

    fn structure(&mut self) -> ck::CK_GCM_MESSAGE_PARAMS {
        ck::CK_GCM_MESSAGE_PARAMS {
            pIv: self.nonce.as_mut_ptr(),
            ulIvLen: ulong(self.nonce.len()),
            ulIvFixedBits: self.fixed_bits,
            ivGenerator: self.generator,
            pTag: self.tag.as_mut_ptr(),
            ulTagBits: ulong(self.tag.len() * 8),
        }
    }

    /// The mechanism with the structure, as long as the call lasts.
    fn with<T>(&mut self, call: impl FnOnce(*mut ck::CK_MECHANISM) -> T) -> T {
        let mut own = self.structure();
        let mut mechanism = ck::CK_MECHANISM {
            mechanism: ck::CKM_AES_GCM,
            pParameter: (&raw mut own).cast(),
            ulParameterLen: ulong(size_of_val(&own)),
        };
        call(&raw mut mechanism)
    }
}

impl Api {
    /// `C_MessageEncryptInit` or `C_MessageDecryptInit`.
    pub fn message_init(&self, encrypts: bool, session: Ulong, key: Ulong) -> Result<()> {
        Mechanism::from(ck::CKM_AES_GCM).with(|own| {
            if encrypts {
                call!(self, C_MessageEncryptInit(session, own, key))
            } else {
                call!(self, C_MessageDecryptInit(session, own, key))
            }
        })
    }

    /// `C_EncryptMessage` or `C_DecryptMessage`.
    pub fn message(
        &self,
        encrypts: bool,
        session: Ulong,
        gcm: &mut Gcm,
        additional: &[u8],
        data: &[u8],
    ) -> Result<Vec<u8>> {
        let mut own = gcm.structure();
        let (own, size) = ((&raw mut own).cast(), ulong(size_of_val(&own)));
        let (aad, n) = (start(additional), ulong(additional.len()));
        let (data, m) = (start(data), ulong(data.len()));
        let answer = with_room(Some(4096), |out, length| {
            if encrypts {
                call!(
                    self,
                    C_EncryptMessage(session, own, size, aad, n, data, m, out, length)
                )
            } else {
                call!(
                    self,
                    C_DecryptMessage(session, own, size, aad, n, data, m, out, length)
                )
            }
        });
        answer.rv().map(|()| answer.bytes)
    }

    /// `C_WrapKeyAuthenticated`, with a buffer of so many bytes or without one: the wrapped key, or its length.
    pub fn wrap_authenticated(
        &self,
        session: Ulong,
        gcm: &mut Gcm,
        (by, of): (Ulong, Ulong),
        additional: &[u8],
        room: Option<usize>,
    ) -> super::Answer {
        let (aad, n) = (start(additional), ulong(additional.len()));
        gcm.with(|own| {
            with_room(room, |out, length| {
                call!(
                    self,
                    C_WrapKeyAuthenticated(session, own, by, of, aad, n, out, length)
                )
            })
        })
    }

    /// `C_UnwrapKeyAuthenticated`.
    pub fn unwrap_authenticated(
        &self,
        session: Ulong,
        gcm: &mut Gcm,
        by: Ulong,
        (wrapped, additional): (&[u8], &[u8]),
        template: &[Attribute],
    ) -> Result<Ulong> {
        let (mut template, mut key) = (raw(template), 0);
        let (entries, count) = (template.as_mut_ptr(), ulong(template.len()));
        let (wrapped, n) = (start(wrapped), ulong(wrapped.len()));
        let (aad, m) = (start(additional), ulong(additional.len()));
        let place = &raw mut key;
        gcm.with(|own| {
            call!(
                self,
                C_UnwrapKeyAuthenticated(
                    session, own, by, wrapped, n, entries, count, aad, m, place
                )
            )
        })?;
        Ok(key)
    }
}
