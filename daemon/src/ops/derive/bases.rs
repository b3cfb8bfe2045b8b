//! What a key is derived from: the base object, and what is mixed into it.

use hsm::KeyRef;
use kmip::{
    CryptographicUsageMask as Mask, DerivationMethod, LinkType, ObjectType, OperationCode, Secret,
    UniqueIdentifierEnumeration, attribute::UniqueIdentifier, payload::derive::DeriveKeyRequest,
};
use store::{Custody, ObjectId};
use zeroize::Zeroizing;

use super::{link, opened};
use crate::{
    context::{Authorized, Context},
    error::{Error, Result},
    fault::Fault,
};

/// What is derived from.
pub(super) struct Bases {
    pub(super) base: Authorized,
    /// Secret data to mix in, or the public key to agree with.
    second: Option<Authorized>,
    /// The key that is the salt, or the keys that go into a block, each as often as it goes in.
    keys: Vec<Authorized>,
}

impl Bases {
    pub(super) fn of(context: &mut Context<'_>, request: &DeriveKeyRequest) -> Result<Self> {
        let placeholder = UniqueIdentifierEnumeration::IDPlaceholder;
        if request
            .unique_identifier
            .contains(&UniqueIdentifier::Enumeration(placeholder))
        {
            // KMIP 2.1 §6.1.13: the base object is named, always.
            return Err(Error::invalid_field(
                "the placeholder is never a base object",
            ));
        }
        let mut objects = Vec::new();
        for id in request.unique_identifier.iter().take(OBJECTS_MAX + 1) {
            let object = context.second_object(id, OperationCode::DeriveKey, Mask::DeriveKey)?;
            context.permitted(&object, Mask::DeriveKey)?;
            objects.push(object);
        }
        // Either order of the two keys of an agreement means the same.
        if request.derivation_method.agrees() {
            objects.sort_by_key(|object| object.record().object_type == ObjectType::PublicKey);
        }
        let mut objects = objects.into_iter();
        let Some(base) = objects.next() else {
            return Err(Error::new(Fault::MissingData, "no base object is named"));
        };
        let is_key = |own: &Authorized| own.record().object_type == ObjectType::SymmetricKey;
        let (keys, mut others): (Vec<_>, Vec<_>) = objects.partition(is_key);
        // What is said of blocks says how many keys go in (`parameters::block`).
        let has_blocks = request.derivation_parameters.block.is_some();
        if others.len() + keys.len() > 1 && !(has_blocks && others.is_empty()) {
            return Err(Error::invalid_field("more than two base objects are named"));
        }
        let bases = Self {
            base,
            second: others.pop(),
            keys,
        };
        let data = &request.derivation_parameters.derivation_data;
        bases.check(request.derivation_method, has_blocks, !data.is_empty())?;
        Ok(bases)
    }

    fn check(&self, method: DerivationMethod, has_blocks: bool, has_data: bool) -> Result<()> {
        let second = self
            .second
            .as_ref()
            .map(|object| object.record().object_type);
        let fits = match (method, self.base.record().object_type) {
            (method, ObjectType::PrivateKey) if method.agrees() => {
                // The other side's public key need not be an object: the data may be its SubjectPublicKeyInfo.
                self.keys.is_empty()
                    && second.map_or(has_data, |second| second == ObjectType::PublicKey)
            }
            (method, _) if method.agrees() => false,
            (method, ObjectType::SymmetricKey | ObjectType::SecretData) => match second {
                None => self.keys.is_empty() || has_blocks || is_salted(method),
                Some(second) => second == ObjectType::SecretData && !has_blocks,
            },
            _ => false,
        };
        let base = &self.base.record().id;
        let mut beside = self.second.iter().chain(&self.keys);
        let same = beside.any(|own| own.record().id == *base);
        if fits && !same {
            return Ok(());
        }
        Err(Error::new(
            Fault::WrongObjectType,
            "keys are derived from a symmetric key or secret data, or agreed on by a private and a public key",
        ))
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Authorized> {
        [&self.base]
            .into_iter()
            .chain(&self.second)
            .chain(&self.keys)
    }

    /// What is mixed in: what the request says, or the second object's bytes.
    pub(super) fn data(
        &self,
        context: &Context<'_>,
        given: &[Secret],
    ) -> Result<Zeroizing<Vec<u8>>> {
        let second = self.second.as_ref().map(Authorized::record);
        let Some(record) = second.filter(|record| record.object_type == ObjectType::SecretData)
        else {
            let parts: Vec<&[u8]> = given.iter().map(Secret::expose).collect();
            return Ok(Zeroizing::new(parts.concat()));
        };
        if !given.is_empty() {
            return Err(Error::invalid_field(
                "derivation data is given, and named as an object too",
            ));
        }
        let (_, bytes) = opened(context, record)?;
        Ok(Zeroizing::new(bytes.expose().to_vec()))
    }

    /// Keys beside the base: the salt, KMIP's own being in the clear, or those of a block.
    pub(super) fn keys(&self) -> &[Authorized] {
        &self.keys
    }

    /// Those keys in the HSM of the base.
    pub(super) fn key_refs(&self, context: &Context<'_>, has_salt: bool) -> Result<Vec<KeyRef>> {
        if has_salt && !self.keys.is_empty() {
            return Err(Error::invalid_field(
                "a salt is given, and named as an object too",
            ));
        }
        let refs = self.keys.iter().map(|key| {
            let (own, key) = context.key_for(key, Mask::DeriveKey)?;
            match &self.base.record().custody {
                Custody::Hsm { backend, .. } | Custody::Sealed { backend, .. }
                    if *backend == own =>
                {
                    Ok(key)
                }
                _ => Err(Error::new(
                    Fault::WrongObjectType,
                    "a key beside the base object is one of another HSM",
                )),
            }
        });
        refs.collect()
    }

    /// Whether the data is the public key to agree with.
    pub(super) fn agrees_with_data(&self) -> bool {
        self.second.is_none() && self.base.record().object_type == ObjectType::PrivateKey
    }

    pub(super) fn peer(&self) -> Option<&[u8]> {
        match &self.second.as_ref()?.record().custody {
            Custody::Public(spki) => Some(spki),
            _ => None,
        }
    }

    /// Counts the use, and says in the bases what was derived from them.
    pub(super) fn remember(
        &self,
        context: &mut Context<'_>,
        new: &ObjectId,
        bytes: usize,
    ) -> Result<()> {
        // The new object's own link has changed the bases since they were read.
        for used in [&self.base].into_iter().chain(&self.keys) {
            let id = used.identifier();
            let used = context.second_object(&id, OperationCode::DeriveKey, Mask::DeriveKey)?;
            context.spend(&used, bytes)?;
        }
        for base in self.all() {
            let id = base.identifier();
            let base = context.second_object(&id, OperationCode::DeriveKey, Mask::DeriveKey)?;
            let mut record = base.to_changed();
            // A base of very many keys does not grow with each of them; they all know it.
            // Where the new object's own link was answered, it stands there already.
            let derived = link(LinkType::DerivedKeyLink, &new.0);
            if record.attributes.link.iter().count() < LINKS_MAX
                && record.attributes.add(derived).is_ok()
            {
                context.save(record)?;
            }
        }
        Ok(())
    }
}

/// Whether a method has a salt that may be a key.
fn is_salted(method: DerivationMethod) -> bool {
    [DerivationMethod::HKDF, DerivationMethod::HKDF_EXTRACT].contains(&method)
}

/// The base object, and as many keys as a block has parts in PKCS #11.
const OBJECTS_MAX: usize = 65;
/// So many links an object has, and no more by derivations.
const LINKS_MAX: usize = 1_000;
