//! Keys wrapped with a tag of their own, and data that is authenticated with them (PKCS #11 3.2 §5.18.6).

use cryptoki_sys as ck;
use pkcs11::{Entry, Result, Rv, Template, Ulong, mechanism::wrapping, nested, wrap};

use super::wrapped;
use crate::{
    abi::{
        parameter::wrapping::read_apart,
        pointer::{In, MechanismArgument, Offer, Out},
    },
    operation::{PermittedKey, permitted_key},
    session::Session,
};

impl Session {
    /// `C_WrapKeyAuthenticated`.
    pub(crate) fn wrap_key_authenticated(
        &self,
        mechanism: Option<&MechanismArgument<'_>>,
        (by, of): (Ulong, Ulong),
        additional: In<'_>,
        mut out: Out<'_>,
    ) -> Result<()> {
        let mechanism = mechanism.ok_or(Rv::ARGUMENTS_BAD)?;
        out.room()?;
        let additional = additional.bytes()?.to_vec();
        let PermittedKey { facts: by, row, .. } =
            permitted_key(self, mechanism, by, ck::CKF_WRAP, ck::CKA_WRAP)
                .map_err(wrap::of_wrapping_key)?;
        let apart = read_apart(row.shape, mechanism.parameter, additional, true)?;
        let of = self.object(of, Rv::KEY_HANDLE_INVALID)?.facts();
        wrap::check(&by, &of)?;
        let how = wrapping(row.meaning, apart.parameter)?;
        wrap::check_hidden(&by, &of, &how.cipher)?;
        let tag_bytes = apart.tag.len();
        let both = wrap::wrapped_bytes(&by, &of, &how.cipher)?;
        if let Some(bytes) = both.map(|both| both.saturating_sub(tag_bytes))
            && out.lacks(bytes)?
        {
            return out.offer(bytes).map(drop);
        }
        let response = self.get_wrapped(&wrap::get_request(&by, &of, &how))?;
        let both = wrapped(&response)?;
        let at = both.len().checked_sub(tag_bytes).ok_or(Rv::DEVICE_ERROR)?;
        let (key, tag) = both.split_at_checked(at).ok_or(Rv::DEVICE_ERROR)?;
        if out.give(key)? == Offer::SizeOnly {
            return Ok(());
        }
        apart.tag.copy_from_slice(tag);
        match apart.iv {
            Some(place) => place.set(&wrap::iv(&response).ok_or(Rv::DEVICE_ERROR)?),
            None => Ok(()),
        }
    }

    /// `C_UnwrapKeyAuthenticated`.
    pub(crate) fn unwrap_key_authenticated(
        &self,
        mechanism: Option<&MechanismArgument<'_>>,
        by: Ulong,
        (wrapped, additional): (In<'_>, In<'_>),
        entries: &[Entry<'_>],
    ) -> Result<Ulong> {
        let mechanism = mechanism.ok_or(Rv::ARGUMENTS_BAD)?;
        let (wrapped, additional) = (wrapped.bytes()?, additional.bytes()?.to_vec());
        let PermittedKey { facts: by, row, .. } =
            permitted_key(self, mechanism, by, ck::CKF_UNWRAP, ck::CKA_UNWRAP)
                .map_err(wrap::of_unwrapping_key)?;
        let apart = read_apart(row.shape, mechanism.parameter, additional, false)?;
        let added = nested::of(&by, ck::CKA_UNWRAP_TEMPLATE)?;
        let template = Template::read(entries)?.with(&added)?;
        let class = template.number(ck::CKA_CLASS).unwrap_or(ck::CKO_SECRET_KEY);
        self.may_create(&template, class)?;
        let how = wrapping(row.meaning, apart.parameter)?;
        let both = [wrapped, apart.tag].concat();
        self.unwrap_by(&by, &how, &both, &template)
    }
}
