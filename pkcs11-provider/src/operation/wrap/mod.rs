//! Keys that leave under other keys, and come back: Get and Register, by the daemon.

mod authenticated;
mod between;

use cryptoki_sys as ck;
use kmip::payload::{
    get::{Get, GetRequest, GetResponse},
    register::{Register, RegisterRequest},
};
use pkcs11::{
    Entry, Facts, Result, Rv, Template, Ulong,
    mechanism::{CipherUse, Parameter, wrapping},
    nested, wrap,
};

use super::{
    PermittedKey,
    create::{now, text},
    permitted_key,
};
use crate::{
    abi::{
        parameter,
        pointer::{In, MechanismArgument, Offer, Out},
    },
    error::Names,
    remote::Again,
    session::Session,
};

impl Session {
    /// `C_WrapKey`. How long a secret key is under another can be told before it has left; how long a private one is tells
    /// only its encoding, and there are hosts that take the length told first for the length of the answer.
    pub(crate) fn wrap_key(
        &self,
        mechanism: Option<&MechanismArgument<'_>>,
        by: Ulong,
        of: Ulong,
        mut out: Out<'_>,
    ) -> Result<()> {
        let mechanism = mechanism.ok_or(Rv::ARGUMENTS_BAD)?;
        out.room()?;
        let PermittedKey { facts: by, row, .. } =
            permitted_key(self, mechanism, by, ck::CKF_WRAP, ck::CKA_WRAP)
                .map_err(wrap::of_wrapping_key)?;
        let (parameter, place) = parameter::wrapping::read(row.shape, mechanism.parameter)?;
        let of = self.object(of, Rv::KEY_HANDLE_INVALID)?.facts();
        wrap::check(&by, &of)?;
        if let Parameter::RsaAes(bits, oaep) = parameter {
            return self.wrap_between(&by, &of, (bits, oaep), out);
        }
        let how = wrapping(row.meaning, parameter)?;
        wrap::check_hidden(&by, &of, &how.cipher)?;
        let bytes = wrap::wrapped_bytes(&by, &of, &how.cipher)?;
        if let Some(bytes) = bytes
            && out.lacks(bytes)?
        {
            return out.offer(bytes).map(drop);
        }
        let response = self.get_wrapped(&wrap::get_request(&by, &of, &how))?;
        match place {
            _ if out.give(&wrapped(&response)?)? == Offer::SizeOnly => Ok(()),
            Some(place) => place.set(&wrap::iv(&response).ok_or(Rv::DEVICE_ERROR)?),
            None => Ok(()),
        }
    }

    fn get_wrapped(&self, request: &GetRequest) -> Result<GetResponse> {
        self.slot
            .remote
            .call::<Get>(request, Again::May)
            .map_err(|failure| failure.seen_by(Names::Wrapping))
    }

    /// `C_UnwrapKey`.
    pub(crate) fn unwrap_key(
        &self,
        mechanism: Option<&MechanismArgument<'_>>,
        by: Ulong,
        wrapped: In<'_>,
        entries: &[Entry<'_>],
    ) -> Result<Ulong> {
        let mechanism = mechanism.ok_or(Rv::ARGUMENTS_BAD)?;
        let wrapped = wrapped.bytes()?;
        let PermittedKey { facts: by, row, .. } =
            permitted_key(self, mechanism, by, ck::CKF_UNWRAP, ck::CKA_UNWRAP)
                .map_err(wrap::of_unwrapping_key)?;
        let parameter = parameter::wrapping::read_to_unwrap(row.shape, mechanism.parameter)?;
        let added = nested::of(&by, ck::CKA_UNWRAP_TEMPLATE)?;
        let template = Template::read(entries)?.with(&added)?;
        let class = template.number(ck::CKA_CLASS).unwrap_or(ck::CKO_SECRET_KEY);
        self.may_create(&template, class)?;
        if let Parameter::RsaAes(_, oaep) = parameter {
            return self.unwrap_between(&by, oaep, wrapped, &template);
        }
        let how = wrapping(row.meaning, parameter)?;
        self.unwrap_by(&by, &how, wrapped, &template)
    }

    fn unwrap_by(
        &self,
        by: &Facts,
        how: &CipherUse,
        wrapped: &[u8],
        template: &Template<'_>,
    ) -> Result<Ulong> {
        wrap::check_wrapped(by, wrapped, &how.cipher)?;
        let mark = self.mark(template)?;
        let mark = mark.as_deref();
        let request = wrap::register_request(by, how, wrapped, template, mark, now())?;
        let id = self.register_wrapped(&request)?;
        self.adopt_one(id, template)
    }

    fn register_wrapped(&self, request: &RegisterRequest) -> Result<String> {
        let response = self
            .slot
            .remote
            .call::<Register>(request, Again::MustNot)
            .map_err(|failure| self.failed(failure, Names::Unwrapping))?;
        text(response.unique_identifier)
    }
}

fn wrapped(response: &GetResponse) -> Result<Vec<u8>> {
    wrap::wrapped(response).ok_or(Rv::DEVICE_ERROR)
}
