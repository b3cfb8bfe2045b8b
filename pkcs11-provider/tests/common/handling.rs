//! Functions that handle keys with keys, as a host calls them.

use cryptoki_sys as ck;

use super::api::{Api, Attribute, Rv, raw};

impl Api {
    pub fn wrap(
        &self,
        session: ck::CK_SESSION_HANDLE,
        mechanism: &mut ck::CK_MECHANISM,
        by: ck::CK_OBJECT_HANDLE,
        key: ck::CK_OBJECT_HANDLE,
    ) -> Result<Vec<u8>, Rv> {
        self.two_calls(|out, length| {
            call!(
                self,
                C_WrapKey(session, &raw mut *mechanism, by, key, out, length)
            )
        })
    }

    pub fn unwrap(
        &self,
        session: ck::CK_SESSION_HANDLE,
        mechanism: &mut ck::CK_MECHANISM,
        by: ck::CK_OBJECT_HANDLE,
        wrapped: &[u8],
        template: &[Attribute],
    ) -> Result<ck::CK_OBJECT_HANDLE, Rv> {
        let (mut template, mut key) = (raw(template), 0);
        let count = template.len() as ck::CK_ULONG;
        match call!(
            self,
            C_UnwrapKey(
                session,
                &raw mut *mechanism,
                by,
                wrapped.as_ptr().cast_mut(),
                wrapped.len() as ck::CK_ULONG,
                template.as_mut_ptr(),
                count,
                &raw mut key
            )
        ) {
            ck::CKR_OK => Ok(key),
            rv => Err(rv),
        }
    }

    pub fn derive(
        &self,
        session: ck::CK_SESSION_HANDLE,
        mechanism: &mut ck::CK_MECHANISM,
        base: ck::CK_OBJECT_HANDLE,
        template: &[Attribute],
    ) -> Result<ck::CK_OBJECT_HANDLE, Rv> {
        let (mut template, mut key) = (raw(template), 0);
        let count = template.len() as ck::CK_ULONG;
        match call!(
            self,
            C_DeriveKey(
                session,
                &raw mut *mechanism,
                base,
                template.as_mut_ptr(),
                count,
                &raw mut key
            )
        ) {
            ck::CKR_OK => Ok(key),
            rv => Err(rv),
        }
    }
}
