//! Encapsulated keys: a secret for two, by the daemon, where one has a public key and the other its private half.

use cryptoki_sys as ck;
use kmip::{
    ObjectType,
    attribute::AttributeList,
    mechanism::{KeySpec, PostQuantum},
    payload::kem::{DecapsulateRequest, EncapsulateRequest, OwnDecapsulate, OwnEncapsulate},
    ttlv::Bytes,
};
use pkcs11::{
    Entry, Result, Rv, Template, Ulong, nested,
    new::{self, NewSecret},
};

use super::{
    UsedKey,
    create::{now, text},
    used_key,
};
use crate::{
    abi::pointer::{In, MechanismArgument, Offer, Out},
    error::Names,
    remote::Again,
    session::Session,
};

/// FIPS 203 §3.3: the secret has 32 bytes.
const SECRET_BYTES: usize = 32;

impl Session {
    /// `C_EncapsulateKey`: nothing is made before there is room for the ciphertext.
    pub(crate) fn encapsulate_key(
        &self,
        mechanism: Option<&MechanismArgument<'_>>,
        public: Ulong,
        entries: &[Entry<'_>],
        mut out: Out<'_>,
    ) -> Result<Option<Ulong>> {
        let mechanism = mechanism.ok_or(Rv::ARGUMENTS_BAD)?;
        out.room()?;
        let usage = (ck::CKF_ENCAPSULATE, ck::CKA_ENCAPSULATE);
        let key = used_key(self, mechanism, public, usage.0, usage.1)?;
        let added = nested::of(&key.facts, ck::CKA_ENCAPSULATE_TEMPLATE)?;
        let template = Template::read(entries)?.with(&added)?;
        let attributes = self.of_secret(&template)?;
        if out.offer(ciphertext_bytes(&key)?)? == Offer::SizeOnly {
            return Ok(None);
        }
        let request = EncapsulateRequest {
            unique_identifier: Some(key.facts.id.as_str().into()),
            cryptographic_parameters: None,
            object_type: Some(ObjectType::SymmetricKey),
            attributes,
        };
        let response = self
            .slot
            .remote
            .call::<OwnEncapsulate>(&request, Again::MustNot)
            .map_err(|failure| self.failed(failure, Names::Deriving))?;
        let handle = self.adopt_one(text(response.unique_identifier)?, &template)?;
        out.give(&response.data.0)?;
        Ok(Some(handle))
    }

    /// `C_DecapsulateKey`.
    pub(crate) fn decapsulate_key(
        &self,
        mechanism: Option<&MechanismArgument<'_>>,
        private: Ulong,
        entries: &[Entry<'_>],
        ciphertext: In<'_>,
    ) -> Result<Ulong> {
        let mechanism = mechanism.ok_or(Rv::ARGUMENTS_BAD)?;
        let ciphertext = ciphertext.bytes()?;
        let usage = (ck::CKF_DECAPSULATE, ck::CKA_DECAPSULATE);
        let key = used_key(self, mechanism, private, usage.0, usage.1)
            .map_err(pkcs11::wrap::of_unwrapping_key)?;
        let added = nested::of(&key.facts, ck::CKA_DECAPSULATE_TEMPLATE)?;
        let template = Template::read(entries)?.with(&added)?;
        let attributes = self.of_secret(&template)?;
        if ciphertext.len() != ciphertext_bytes(&key)? {
            return Err(Rv::WRAPPED_KEY_LEN_RANGE);
        }
        let request = DecapsulateRequest {
            unique_identifier: Some(key.facts.id.as_str().into()),
            cryptographic_parameters: None,
            data: Bytes(ciphertext.to_vec()),
            object_type: Some(ObjectType::SymmetricKey),
            attributes,
        };
        let response = self
            .slot
            .remote
            .call::<OwnDecapsulate>(&request, Again::MustNot)
            .map_err(|failure| self.failed(failure, Names::Unwrapping))?;
        self.adopt_one(text(response.unique_identifier)?, &template)
    }

    /// The attributes of the new key, which is locked unless the template says otherwise.
    fn of_secret(&self, template: &Template<'_>) -> Result<AttributeList> {
        self.may_create(template, ck::CKO_SECRET_KEY)?;
        let new = NewSecret::described(template, Some(SECRET_BYTES))?;
        if new.spec.secret_bytes() != SECRET_BYTES {
            return Err(Rv::TEMPLATE_INCONSISTENT);
        }
        let mut attributes = new.attributes();
        let mark = self.mark(template)?;
        attributes.extend(new::key_attributes_of(
            template,
            ck::CKO_SECRET_KEY,
            new.spec,
            mark.as_deref(),
            now(),
        ));
        Ok(AttributeList::from_iter(attributes))
    }
}

/// FIPS 203 §8, table 3.
fn ciphertext_bytes(key: &UsedKey) -> Result<usize> {
    match key.facts.spec {
        Some(KeySpec::PostQuantum(PostQuantum::MlKem512)) => Ok(768),
        Some(KeySpec::PostQuantum(PostQuantum::MlKem768)) => Ok(1088),
        Some(KeySpec::PostQuantum(PostQuantum::MlKem1024)) => Ok(1568),
        _ => Err(Rv::KEY_TYPE_INCONSISTENT),
    }
}
