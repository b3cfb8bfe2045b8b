//! Derived keys, always by the daemon.

use cryptoki_sys as ck;
use kmip::payload::derive::DeriveKey;
use pkcs11::{Entry, Result, Rv, Template, Ulong, derive, nested};

use super::{
    create::{now, text},
    used_key,
};
use crate::{abi::pointer::MechanismArgument, error::Names, remote::Again, session::Session};

impl Session {
    /// `C_DeriveKey`.
    pub(crate) fn derive_key(
        &self,
        mechanism: Option<&MechanismArgument<'_>>,
        base: Ulong,
        entries: &[Entry<'_>],
    ) -> Result<Ulong> {
        let mechanism = mechanism.ok_or(Rv::ARGUMENTS_BAD)?;
        let base = used_key(self, mechanism, base, ck::CKF_DERIVE, ck::CKA_DERIVE)?;
        let added = nested::of(&base.facts, ck::CKA_DERIVE_TEMPLATE)?;
        let template = Template::read(entries)?.with(&added)?;
        self.may_create(&template, ck::CKO_SECRET_KEY)?;
        let mark = self.mark(&template)?;
        let request = derive::request(
            &base.facts,
            base.row.meaning,
            base.parameter,
            &template,
            mark.as_deref(),
            now(),
        )?;
        let response = self
            .slot
            .remote
            .call::<DeriveKey>(&request, Again::MustNot)
            .map_err(|failure| failure.seen_by(Names::Deriving))?;
        self.adopt_one(text(response.unique_identifier)?, &template)
    }
}
