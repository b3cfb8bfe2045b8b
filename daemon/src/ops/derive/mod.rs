//! Derive Key.

mod bases;

use hsm::{Base, Deriving, KeyRef, Material, Target, Terms};
use kmip::{
    CryptographicUsageMask as Mask, KeyFormatType, LinkType, ObjectType, Secret, SecretDataType,
    attribute::{Attribute, Attributes, Link, UniqueIdentifier},
    mechanism::{Block, Derivation, KeySpec, parameters},
    payload::derive::{DeriveKey, DeriveKeyRequest, DeriveKeyResponse},
};
use store::{Custody, ObjectId};

use self::bases::Bases;
use super::{Handler, create::digest_what_may_leave, key_parameters};
use crate::{
    context::{Authorized, Context},
    custody::Value,
    error::{Error, Result},
    fault::Fault,
    marks,
    policy::{Access, is_secret},
    profile, secret_data, template,
};

impl Handler for DeriveKey {
    const ACCESS: Access = Access::Create;

    fn handle(context: &mut Context<'_>, request: DeriveKeyRequest) -> Result<DeriveKeyResponse> {
        let bases = Bases::of(context, &request)?;
        let given = request.derivation_parameters.cryptographic_parameters;
        let parameters = match bases.base.record().spec {
            // What is agreed on is hashed only where the request says so.
            Some(_) if !request.derivation_method.agrees() => key_parameters(&bases.base, given)?.1,
            _ => given.unwrap_or_default(),
        };
        let how = parameters::derivation(
            request.derivation_method,
            bases.base.record().spec,
            &parameters,
            request.derivation_parameters.iteration_count,
        )?;
        let given = &request.derivation_parameters.derivation_data;
        let data = bases.data(context, given)?;
        let block = request.derivation_parameters.block.as_ref();
        let block = block.map(|said| block_of(&said.0, &how, given, &bases));
        let block = block.transpose()?;
        let mut new = New::described(context, &request.attributes, request.object_type)?;
        // What two agree on is not one's alone to keep: the other side has it as well.
        let is_shared = how.is_agreement() && !context.vault()?.strict;
        for base in bases.all() {
            new.inherit(base, is_shared)?;
        }
        template::decide_class(&mut new.attributes, context.vault()?.as_ref());
        new.remember(&bases);
        let sensitive = new.attributes.sensitive != Some(false);
        if context.service.conformance.is_none() {
            check(context, &how, &bases, sensitive)?;
        }
        let skipped_bytes = skipped(&how, request.derivation_parameters.skipped_bytes)?;
        let salt = request.derivation_parameters.salt;
        let keys = bases.key_refs(context, salt.is_some())?;
        let salt = salt.unwrap_or_default();
        let iv = request.derivation_parameters.initialization_vector;
        let deriving = Deriving {
            mechanism: &how,
            data: &data,
            iv: iv.as_ref().map(|iv| iv.0.as_slice()),
            salt: &salt.0,
            keys: &keys,
            block: block.as_ref(),
            skipped_bytes,
            peer: bases
                .peer()
                .or_else(|| bases.agrees_with_data().then_some(&data[..])),
        };
        let custody = new.derive(context, &bases, &deriving)?;
        let id = new.id.clone();
        new.insert(context, custody)?;
        bases.remember(context, &id, data.len())?;
        // The placeholder is the new object, whatever was changed after it.
        context.set_placeholder(Some(id.clone()));
        context.note(if how.is_agreement() {
            "agreed"
        } else {
            "derived"
        });
        Ok(DeriveKeyResponse {
            unique_identifier: UniqueIdentifier::Text(id.0),
        })
    }
}

/// Whether the vault derives so from these.
fn check(context: &Context<'_>, how: &Derivation, bases: &Bases, sensitive: bool) -> Result<()> {
    let vault = context.vault()?;
    profile::check_derivation(&vault, how, known(&bases.base), sensitive)?;
    // What HKDF extracts is a MAC under the salt; what goes into a block is what a MAC under the base is of, and no key.
    match bases.keys() {
        [salt] if !how.has_blocks() => profile::check_salt(known(salt), sensitive),
        _ => Ok(()),
    }
}

/// What goes into a block, as the request says it.
fn block_of(said: &[u8], how: &Derivation, data: &[Secret], bases: &Bases) -> Result<Block> {
    let lengths: Vec<_> = data.iter().map(Secret::len).collect();
    let block = parameters::block(said, how, &lengths, bases.keys().len());
    Ok(block?)
}

/// How many bytes belong to keys that were derived before, of a derivation that gives several.
fn skipped(how: &Derivation, bytes: Option<i32>) -> Result<usize> {
    let Some(bytes) = bytes else {
        return Ok(0);
    };
    let bytes = usize::try_from(bytes).ok().filter(|_| how.has_blocks());
    bytes.ok_or_else(|| Error::invalid_field("this derivation gives one key"))
}

fn too_free() -> Error {
    Error::new(
        Fault::InvalidAttributeValue,
        "what is derived may not leave more freely than its base object",
    )
}

/// Secret data in the clear: the backend that opened it, and its bytes.
fn opened(context: &Context<'_>, record: &store::Record) -> Result<(String, Secret)> {
    match (context.value(record)?, &record.custody) {
        (Value::Bytes(joined), Custody::Sealed { backend, .. }) => {
            Ok((backend.clone(), secret_data::split(&joined)?.1))
        }
        _ => Err(Error::internal("secret data is stored as a key")),
    }
}

/// An object on its way.
pub(super) struct New {
    pub(super) id: ObjectId,
    object_type: ObjectType,
    spec: Option<KeySpec>,
    pub(super) bytes: usize,
    pub(super) attributes: Attributes,
    /// Whether it is to be sensitive and extractable, where the client said so.
    said: (Option<bool>, Option<bool>),
}

impl New {
    pub(super) fn described(
        context: &mut Context<'_>,
        list: &kmip::attribute::AttributeList,
        object_type: ObjectType,
    ) -> Result<Self> {
        let mut attributes = Attributes::default();
        context.fold(&mut attributes, list)?;
        let said = (attributes.sensitive, attributes.extractable);
        context.add_defaults(&mut attributes, object_type)?;
        let (spec, bytes) = match object_type {
            ObjectType::SymmetricKey => {
                let spec = template::key_spec(&attributes)?;
                if spec.is_asymmetric() {
                    return Err(Error::new(
                        Fault::InvalidAttributeValue,
                        "the algorithm is not that of a symmetric key",
                    ));
                }
                let vault = context.vault()?;
                profile::check_new_key(&vault, spec, template::usage(&attributes)?)?;
                template::describe(&mut attributes, spec);
                (Some(spec), spec.secret_bytes())
            }
            ObjectType::SecretData => (None, data_bytes(&attributes)?),
            _ => {
                return Err(Error::new(
                    Fault::WrongObjectType,
                    "symmetric keys and secret data are derived",
                ));
            }
        };
        // Short prefixes of one derivation would give its longer ones away bit by bit.
        if bytes < BYTES_MIN {
            return Err(Error::new(
                Fault::InvalidAttributeValue,
                "nothing shorter than 112 bits is derived",
            ));
        }
        let id = context.new_id();
        template::complete(&mut attributes, &id, object_type, context.now);
        attributes.key_format_type = Some(KeyFormatType::Raw);
        attributes.original_creation_date = Some(context.now);
        Ok(Self {
            id,
            object_type,
            spec,
            bytes,
            attributes,
            said,
        })
    }

    /// What comes from a secret is kept no less than it; what is shared with somebody is, too, unless the client says
    /// otherwise.
    pub(super) fn inherit(&mut self, base: &Authorized, is_shared: bool) -> Result<()> {
        let record = base.record();
        if !is_secret(record.object_type) {
            return Ok(());
        }
        let (own, of) = (&mut self.attributes, &record.attributes);
        let (sensitive, extractable) = self.said;
        let weaker = (of.sensitive != Some(false) && sensitive == Some(false))
            || (of.extractable != Some(true) && extractable == Some(true));
        if weaker && !is_shared {
            return Err(too_free());
        }
        if marks::wants_trusted(record) && !is_shared {
            marks::want_trusted(own)?;
        }
        if of.sensitive != Some(false) && sensitive != Some(false) {
            own.sensitive = Some(true);
        }
        if of.extractable != Some(true) && extractable != Some(true) {
            own.extractable = Some(false);
        }
        Ok(())
    }

    /// Keeps it whatever it comes from: a secret for two, in a vault that tells none.
    pub(super) fn lock(&mut self) -> Result<()> {
        if self.said.0 == Some(false) || self.said.1 == Some(true) {
            return Err(too_free());
        }
        self.attributes.sensitive = Some(true);
        self.attributes.extractable = Some(false);
        Ok(())
    }

    /// Says that it was always kept only if its base was (PKCS #11 3.1 §5.18.5), which nobody knows of one that was brought.
    fn was_kept_as(&mut self, base: &Authorized) {
        let is_known = !marks::is_made_here(base.record()) && !marks::is_derived(base.record());
        let (own, of) = (&mut self.attributes, &base.record().attributes);
        let is_kept = |said: Option<bool>| !is_known && said == Some(true);
        own.always_sensitive = Some(own.sensitive == Some(true) && is_kept(of.always_sensitive));
        own.never_extractable =
            Some(own.extractable == Some(false) && is_kept(of.never_extractable));
    }

    /// Says what it came from.
    fn remember(&mut self, bases: &Bases) {
        self.was_kept_as(&bases.base);
        for base in bases.all() {
            let id = &base.record().id.0;
            // Of a key that goes in twice one link is enough.
            let _ = self
                .attributes
                .add(link(LinkType::DerivationBaseObjectLink, id));
            if base.record().object_type == ObjectType::PrivateKey {
                break;
            }
        }
    }

    /// What the HSM is to make of it.
    pub(super) fn target<'a>(&'a self, terms: &'a Terms) -> Target<'a> {
        match self.spec {
            Some(spec) => Target::Key { spec, terms },
            None => Target::Data {
                bytes: self.bytes,
                prefix: &SEED,
                label: self.id.0.as_bytes(),
            },
        }
    }

    /// Keeps a secret that was made here.
    pub(super) fn keep(&self, context: &mut Context<'_>, bytes: Secret) -> Result<Custody> {
        match self.spec {
            Some(spec) => {
                let terms = context.terms(&self.id, &self.attributes)?;
                context.import(&Material::Secret { spec, bytes }, &terms)
            }
            None => context.seal(&self.id, &secret_data::join(SecretDataType::Seed, &bytes)),
        }
    }

    fn derive(
        &self,
        context: &mut Context<'_>,
        bases: &Bases,
        how: &Deriving<'_>,
    ) -> Result<Custody> {
        let terms = context.terms(&self.id, &self.attributes)?;
        let target = self.target(&terms);
        if bases.base.record().object_type == ObjectType::SecretData {
            let (backend, bytes) = opened(context, bases.base.record())?;
            return context.derive(&backend, Base::Bytes(&bytes), how, &target);
        }
        let (backend, key): (String, KeyRef) = context.key_for(&bases.base, Mask::DeriveKey)?;
        context.derive(&backend, Base::Key(&key), how, &target)
    }

    pub(super) fn insert(self, context: &mut Context<'_>, custody: Custody) -> Result<()> {
        let mut record = context.new_record(
            self.id,
            self.object_type,
            self.spec,
            self.attributes,
            custody,
        );
        digest_what_may_leave(context, &mut record)?;
        context.insert(record).map(drop)
    }
}

/// What the vault's rules ask of a base. A key that was brought whole has a second one only for who knows it anyhow.
fn known(base: &Authorized) -> profile::Base {
    let attributes = &base.record().attributes;
    profile::Base {
        mask: attributes.cryptographic_usage_mask.unwrap_or_default(),
        has_twins: attributes.never_extractable != Some(true) || marks::is_derived(base.record()),
    }
}

fn data_bytes(attributes: &Attributes) -> Result<usize> {
    let bits = attributes
        .cryptographic_length
        .ok_or_else(|| Error::new(Fault::MissingData, "Cryptographic Length is missing"))?;
    usize::try_from(bits)
        .ok()
        .filter(|bits| bits.is_multiple_of(8))
        .map(|bits| bits / 8)
        .ok_or_else(|| {
            Error::new(
                Fault::InvalidAttributeValue,
                "secret data is derived in whole bytes",
            )
        })
}

fn link(link_type: LinkType, to: &str) -> Attribute {
    Attribute::Link(Link {
        link_type,
        linked_object_identifier: UniqueIdentifier::Text(to.to_owned()),
    })
}

/// SP 800-57: nothing weaker than 112 bits.
const BYTES_MIN: usize = 14;
/// What stands in front of secret data that was derived, as `secret_data` joins it.
const SEED: [u8; 4] = SecretDataType::Seed.0.to_be_bytes();
