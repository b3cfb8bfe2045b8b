//! RSA with an AES key between: that key is made by the daemon for one wrapping, and is gone after it.

use cryptoki_sys as ck;
use kmip::{
    ObjectType,
    attribute::AttributeList,
    mechanism::Cipher,
    payload::create::{Create, CreateRequest},
};
use pkcs11::{
    Entry, Facts, Result, Rv, Template, Ulong,
    attribute::{flag_bytes, number_bytes},
    mechanism::{CipherUse, Meaning, Oaep, Parameter, wrapping},
    new::{self, NewSecret, marks_of_generation},
    size, wrap,
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

/// What the key between does with the other one (PKCS #11 3.2 §6.1.20).
const PADDED: CipherUse = CipherUse {
    cipher: Cipher::AesKeyWrapPadded,
    iv: Vec::new(),
    additional: Vec::new(),
    blocks_max: None,
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
        let outer = wrapping(Meaning::Oaep, Parameter::Oaep(oaep))?;
        let spec = NewSecret::of_type(ck::CKK_AES, size(bits) / 8)?.spec;
        let front = wrap::secret_bytes(by, spec, &outer.cipher)?;
        let back = wrap::wrapped_bytes(by, of, &PADDED.cipher)?;
        if let Some(back) = back
            && out.lacks(front + back)?
        {
            return out.offer(front + back).map(drop);
        }
        let between = self.make_between(size(bits) / 8, by)?;
        let first = self.get_wrapped(&wrap::get_request(by, &between.facts, &outer))?;
        let second = self.get_wrapped(&wrap::get_request(&between.facts, of, &PADDED))?;
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
        let outer = wrapping(Meaning::Oaep, Parameter::Oaep(oaep))?;
        let modulus = usize::from(by.spec.map_or(0, |spec| spec.bits().div_ceil(8)));
        let (first, second) = wrapped
            .split_at_checked(modulus)
            .ok_or(Rv::WRAPPED_KEY_LEN_RANGE)?;
        wrap::check_wrapped(by, first, &outer.cipher)?;
        wrap::check_wrapped(by, second, &PADDED.cipher)?;
        // The daemon sees it in any case, and so unwraps by it what the HSM may have no mechanism for.
        let values = [
            (ck::CKA_KEY_TYPE, number_bytes(ck::CKK_AES)),
            (ck::CKA_UNWRAP, flag_bytes(true)),
            (ck::CKA_SENSITIVE, flag_bytes(true)),
            (ck::CKA_EXTRACTABLE, flag_bytes(true)),
        ];
        let entries = values.each_ref().map(entry);
        let own = Template::read(&entries)?;
        let mark = self.mark(&own)?;
        let mark = mark.as_deref();
        let request = wrap::register_request(by, &outer, first, &own, mark, now())?;
        let between = self.between(self.register_wrapped(&request)?)?;
        self.unwrap_by(&between.facts, &PADDED, second, template)
    }

    /// Under a key that is trusted it may carry a sensitive key, and is as much of a secret as that; under another it carries
    /// only what could be read in any case.
    fn make_between(&self, bytes: usize, by: &Facts) -> Result<Between<'_>> {
        let is_kept = by.flag(ck::CKA_TRUSTED);
        let new = NewSecret::of_type(ck::CKK_AES, bytes)?;
        let values = [
            (ck::CKA_WRAP, flag_bytes(true)),
            (ck::CKA_EXTRACTABLE, flag_bytes(true)),
            (ck::CKA_SENSITIVE, flag_bytes(is_kept)),
            (ck::CKA_WRAP_WITH_TRUSTED, flag_bytes(is_kept)),
        ];
        let entries = values.each_ref().map(entry);
        let own = Template::read(&entries)?;
        let mut attributes = new.attributes();
        attributes.extend(marks_of_generation(ck::CKM_AES_KEY_GEN));
        let mark = self.mark(&own)?;
        attributes.extend(new::key_attributes_of(
            &own,
            ck::CKO_SECRET_KEY,
            new.spec,
            mark.as_deref(),
            now(),
        ));
        let request = CreateRequest {
            object_type: ObjectType::SymmetricKey,
            attributes: AttributeList::from_iter(attributes),
            protection_storage_masks: None,
        };
        let response = self
            .slot
            .remote
            .call::<Create>(&request, Again::MustNot)
            .map_err(|failure| failure.seen_by(Names::Wrapping))?;
        self.between(text(response.unique_identifier)?)
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

fn entry((kind, value): &(Ulong, Vec<u8>)) -> Entry<'_> {
    Entry { kind: *kind, value }
}
