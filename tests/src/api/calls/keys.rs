//! Keys under keys, keys derived of keys, and secrets encapsulated for them.

use super::{Answer, Api, outcome, start, ulong, with_room};
use crate::api::{Attribute, Mechanism, Result, Ulong, template::raw};

impl Api {
    /// `C_WrapKey`, with a buffer of so many bytes or without one.
    #[must_use]
    pub fn wrap_into(
        &self,
        session: Ulong,
        mechanism: &Mechanism,
        by: Ulong,
        of: Ulong,
        room: Option<usize>,
    ) -> Answer {
        with_room(room, |out, length| {
            mechanism.with(|own| call!(self, C_WrapKey(session, own, by, of, out, length)))
        })
    }

    /// `C_UnwrapKey`.
    pub fn unwrap(
        &self,
        session: Ulong,
        mechanism: &Mechanism,
        by: Ulong,
        wrapped: &[u8],
        template: &[Attribute],
    ) -> Result<Ulong> {
        let (mut template, mut key) = (raw(template), 0);
        let (entries, count) = (template.as_mut_ptr(), ulong(template.len()));
        let (wrapped, n) = (start(wrapped), ulong(wrapped.len()));
        let place = &raw mut key;
        mechanism.with(|own| {
            call!(
                self,
                C_UnwrapKey(session, own, by, wrapped, n, entries, count, place)
            )
        })?;
        Ok(key)
    }

    /// `C_DeriveKey`.
    pub fn derive(
        &self,
        session: Ulong,
        mechanism: &Mechanism,
        base: Ulong,
        template: &[Attribute],
    ) -> Result<Ulong> {
        let (mut template, mut key) = (raw(template), 0);
        let (entries, count) = (template.as_mut_ptr(), ulong(template.len()));
        let place = &raw mut key;
        mechanism
            .with(|own| call!(self, C_DeriveKey(session, own, base, entries, count, place)))?;
        Ok(key)
    }

    /// `C_EncapsulateKey`: the ciphertext and the secret key; the buffer is as long as any ciphertext.
    pub fn encapsulate(
        &self,
        session: Ulong,
        mechanism: &Mechanism,
        public: Ulong,
        template: &[Attribute],
    ) -> Result<(Vec<u8>, Ulong)> {
        let (mut template, mut key) = (raw(template), 0);
        let (entries, count) = (template.as_mut_ptr(), ulong(template.len()));
        let place = &raw mut key;
        let answer = with_room(Some(4096), |out, length| {
            mechanism.with(|own| {
                call!(
                    self,
                    C_EncapsulateKey(session, own, public, entries, count, out, length, place)
                )
            })
        });
        answer.rv()?;
        Ok((answer.bytes, key))
    }

    /// `C_DecapsulateKey`.
    pub fn decapsulate(
        &self,
        session: Ulong,
        mechanism: &Mechanism,
        private: Ulong,
        ciphertext: &[u8],
        template: &[Attribute],
    ) -> Result<Ulong> {
        let (mut template, mut key) = (raw(template), 0);
        let (entries, count) = (template.as_mut_ptr(), ulong(template.len()));
        let (ciphertext, n) = (start(ciphertext), ulong(ciphertext.len()));
        let place = &raw mut key;
        mechanism.with(|own| {
            call!(
                self,
                C_DecapsulateKey(session, own, private, entries, count, ciphertext, n, place)
            )
        })?;
        Ok(key)
    }
}
