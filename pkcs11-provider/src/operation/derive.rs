//! Derived keys, always by the daemon.

use std::sync::Arc;

use cryptoki_sys as ck;
use kmip::payload::derive::DeriveKey;
use pkcs11::{
    Entry, Facts, Result, Rv, Template, Ulong,
    derive::{self, Bases, Refused, Wanted},
    nested,
};

use super::{
    create::{now, text},
    permitted_of_any_size, used_key,
};
use crate::{abi::pointer::MechanismArgument, error::Names, session::Session};

impl Session {
    /// `C_DeriveKey`, for as many keys as there are templates: all of them, or none.
    pub(crate) fn derive_keys(
        &self,
        mechanism: Option<&MechanismArgument<'_>>,
        base: Ulong,
        templates: &[Vec<Entry<'_>>],
    ) -> std::result::Result<Vec<Ulong>, Refused> {
        let mechanism = mechanism.ok_or(Rv::ARGUMENTS_BAD)?;
        let base = used_key(self, mechanism, base, ck::CKF_DERIVE, ck::CKA_DERIVE)?;
        let beside = base.parameter.keys().into_iter();
        let beside = beside.map(|handle| self.beside(mechanism, handle));
        let beside = beside.collect::<Result<Vec<_>>>()?;
        let added = nested::of(&base.facts, ck::CKA_DERIVE_TEMPLATE)?;
        let class = derive::class(base.row.meaning);
        let read = templates.iter().enumerate().map(|(which, entries)| {
            let read = Template::read(entries).and_then(|own| own.with(&added));
            let read = read.and_then(|own| self.may_create(&own, class).map(|()| own));
            read.map_err(|rv| Refused::by_template(rv, which))
        });
        let templates = read.collect::<std::result::Result<Vec<_>, _>>()?;
        let marks = templates.iter().map(|own| self.mark(own));
        let marks = marks.collect::<Result<Vec<_>>>()?;
        let wanted: Vec<_> = templates
            .iter()
            .zip(&marks)
            .map(|(template, mark)| Wanted {
                template,
                session: mark.as_deref(),
            })
            .collect();
        let bases = Bases {
            base: &base.facts,
            beside: &beside.iter().map(Arc::as_ref).collect::<Vec<_>>(),
        };
        let meaning = base.row.meaning;
        let requests = derive::requests(bases, meaning, base.parameter, &wanted, now())?;
        let answers = self.slot.remote.together::<DeriveKey>(&requests);
        let answers = answers.map_err(|(which, failure)| Refused {
            rv: self.failed(failure, Names::Deriving),
            template: (!failure.is_of_transport()).then_some(which),
        })?;
        let ids = answers.into_iter().map(|own| text(own.unique_identifier));
        let ids = ids.collect::<Result<Vec<_>>>()?;
        let of_token: Vec<_> = templates.iter().map(Template::is_token).collect();
        Ok(self.adopt_new(&ids, &of_token)?)
    }

    /// A key that goes in beside the base, which must be one to derive from, too.
    fn beside(&self, mechanism: &MechanismArgument<'_>, handle: Ulong) -> Result<Arc<Facts>> {
        let key = permitted_of_any_size(self, mechanism, handle, ck::CKF_DERIVE, ck::CKA_DERIVE);
        match key {
            // The handle that the caller may have confused is in the parameter.
            Err(Rv::KEY_HANDLE_INVALID) => Err(Rv::MECHANISM_PARAM_INVALID),
            other => Ok(other?.facts),
        }
    }
}
