//! Key generation, always by the daemon.

use cryptoki_sys as ck;
use kmip::{
    ObjectType,
    attribute::AttributeList,
    payload::create::{Create, CreateKeyPair, CreateKeyPairRequest, CreateRequest},
    ttlv::Timestamp,
};
use pkcs11::{
    Entry, Result, Rv, Template, Ulong,
    mechanism::{self, Row},
    new::{NewSecret, marks_of_generation, pair, pair_attributes, spec_attributes},
};

use super::create::text;
use crate::{
    abi::{parameter, pointer::MechanismArgument},
    error::Names,
    log::seconds_since_1970,
    remote::Again,
    session::Session,
};

fn row(mechanism: Option<&MechanismArgument<'_>>, function: Ulong) -> Result<&'static Row> {
    let mechanism = mechanism.ok_or(Rv::ARGUMENTS_BAD)?;
    let row = mechanism::row(mechanism.kind, function)?;
    parameter::read(row.shape, mechanism.parameter)?;
    Ok(row)
}

impl Session {
    /// `C_GenerateKey`.
    pub(crate) fn generate_key(
        &self,
        mechanism: Option<&MechanismArgument<'_>>,
        entries: &[Entry<'_>],
    ) -> Result<Ulong> {
        let row = row(mechanism, ck::CKF_GENERATE)?;
        let template = Template::read(entries)?;
        let new = NewSecret::generated(row, &template)?;
        let said = new.said();
        let template = template.with(&said)?;
        self.may_create(&template, ck::CKO_SECRET_KEY)?;
        let mut attributes = new.attributes();
        attributes.extend(marks_of_generation(row.kind));
        attributes.extend(self.key_attributes(&template, ck::CKO_SECRET_KEY, new.spec)?);
        let request = CreateRequest {
            object_type: ObjectType::SymmetricKey,
            attributes: AttributeList::from_iter(attributes),
            protection_storage_masks: None,
        };
        let response = self
            .slot
            .remote
            .call::<Create>(&request, Again::MustNot)
            .map_err(|failure| self.failed(failure, Names::Template))?;
        self.adopt_one(text(response.unique_identifier)?, &template)
    }

    /// `C_GenerateKeyPair`: the handles of the public and the private key.
    pub(crate) fn generate_key_pair(
        &self,
        mechanism: Option<&MechanismArgument<'_>>,
        public: &[Entry<'_>],
        private: &[Entry<'_>],
    ) -> Result<(Ulong, Ulong)> {
        let row = row(mechanism, ck::CKF_GENERATE_KEY_PAIR)?;
        let (public, private) = (Template::read(public)?, Template::read(private)?);
        let (spec, _) = pair(row.meaning, &public, &private)?;
        self.may_create(&public, ck::CKO_PUBLIC_KEY)?;
        self.may_create(&private, ck::CKO_PRIVATE_KEY)?;
        let marks = (self.mark(&public)?, self.mark(&private)?);
        let (of_public, of_private) = pair_attributes(
            (&public, &private),
            spec,
            row.kind,
            (marks.0.as_deref(), marks.1.as_deref()),
            Timestamp(seconds_since_1970()),
        );
        let request = CreateKeyPairRequest {
            common_attributes: AttributeList::from_iter(spec_attributes(spec)),
            private_key_attributes: AttributeList::from_iter(of_private),
            public_key_attributes: AttributeList::from_iter(of_public),
            common_protection_storage_masks: None,
            private_protection_storage_masks: None,
            public_protection_storage_masks: None,
        };
        let response = self
            .slot
            .remote
            .call::<CreateKeyPair>(&request, Again::MustNot)
            .map_err(|failure| self.failed(failure, Names::Template))?;
        let ids = [
            text(response.public_key_unique_identifier)?,
            text(response.private_key_unique_identifier)?,
        ];
        let handles = self.adopt_new(&ids, &[public.is_token(), private.is_token()])?;
        match handles.as_slice() {
            [public, private] => Ok((*public, *private)),
            _ => Err(Rv::DEVICE_ERROR),
        }
    }
}
