//! RSA with an AES key between: that key is made by the daemon for one wrapping, and is gone after it.

use kmip::payload::create::Create;
use pkcs11::{
    Facts, Result, Rv, Template, Ulong,
    between::{PADDED, create_request, outer, register_request, split, wrapped_bytes},
    mechanism::Oaep,
    wrap::get_request,
};

use super::wrapped;
use crate::{
    abi::pointer::Out,
    error::Names,
    object::destroy,
    operation::create::{now, text},
    operation::find::describe,
    remote::Again,
    session::Session,
};

/// The key between, until it is dropped.
struct Between<'a> {
    session: &'a Session,
    facts: Facts,
}

impl Drop for Between<'_> {
    fn drop(&mut self) {
        // It has no handle and wraps no other key; one that could not be destroyed ends as a session's that was lost.
        let remote = &self.session.slot.remote;
        let _ = destroy(remote, &remote.identity(), &self.facts.id);
    }
}

impl Session {
    pub(super) fn wrap_between(
        &self,
        by: &Facts,
        of: &Facts,
        (bits, oaep): (Ulong, Oaep),
        mut out: Out<'_>,
    ) -> Result<()> {
        let outer = outer(oaep)?;
        if let Some(bytes) = wrapped_bytes(by, of, bits, &outer)?
            && out.lacks(bytes)?
        {
            return out.offer(bytes).map(drop);
        }
        let mark = self.mark(&Template::read(&[])?)?;
        let request = create_request(by, bits, mark.as_deref(), now())?;
        let response = self
            .slot
            .remote
            .call::<Create>(&request, Again::MustNot)
            .map_err(|failure| failure.seen_by(Names::Wrapping))?;
        let between = self.between(text(response.unique_identifier)?)?;
        let first = self.get_wrapped(&get_request(by, &between.facts, &outer))?;
        let second = self.get_wrapped(&get_request(&between.facts, of, &PADDED))?;
        let both = [wrapped(&first)?, wrapped(&second)?].concat();
        out.give(&both).map(drop)
    }

    pub(super) fn unwrap_between(
        &self,
        by: &Facts,
        oaep: Oaep,
        wrapped: &[u8],
        template: &Template<'_>,
    ) -> Result<Ulong> {
        let outer = outer(oaep)?;
        let (first, second) = split(by, wrapped, &outer)?;
        let mark = self.mark(&Template::read(&[])?)?;
        let request = register_request(by, &outer, first, mark.as_deref(), now())?;
        let between = self.between(self.register_wrapped(&request)?)?;
        self.unwrap_by(&between.facts, &PADDED, second, template)
    }

    fn between(&self, id: String) -> Result<Between<'_>> {
        let ids = [id];
        let mut found = describe(&self.slot.remote, &ids, None)
            .map_err(|failure| failure.seen_by(Names::Wrapping))?;
        let [id] = ids;
        let located = found.remove(&id).ok_or(Rv::DEVICE_ERROR)?;
        Ok(Between {
            session: self,
            facts: located.facts,
        })
    }
}
