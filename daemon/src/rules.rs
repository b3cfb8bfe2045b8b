//! What a vault asks of its new objects: constraints, defaults, and that what is called quantum-safe is (KMIP 2.1 §7.6, §7.13).

use kmip::{
    CryptographicAlgorithm, ObjectType, ProtectionStorageMask, StorageStatusMask, Tag, V2_1,
    attribute::{Attribute, AttributeList, Attributes, Link, UniqueIdentifier},
    mechanism::KeySpec,
    payload::{
        constraint::{Constraint, Constraints, DefaultsInformation, ObjectDefaults, ObjectGroups},
        create::ProtectionStorageMasks,
    },
    ttlv::{Reader, Structure, Timestamp},
};
use store::{Filter, Record, Vault};

use crate::{
    context::Context,
    error::{Error, Result},
    fault::Fault,
    halves, marks, policy,
};

impl Context<'_> {
    /// The vault's constraints.
    pub(crate) fn constraints(&self) -> Result<Constraints> {
        stored(self.vault()?.rules.constraints.as_deref())
    }

    /// The vault's defaults.
    pub(crate) fn defaults(&self) -> Result<DefaultsInformation> {
        stored(self.vault()?.rules.defaults.as_deref())
    }

    /// Adds the vault's defaults where the client said nothing: those of the object's groups before those of any. Tells
    /// what was added.
    pub(crate) fn add_defaults(
        &self,
        into: &mut Attributes,
        object_type: ObjectType,
    ) -> Result<Vec<Attribute>> {
        let defaults = self.defaults()?.object_defaults;
        let is_of = |own: &&ObjectDefaults| {
            let types = own.object_types.iter().flat_map(|own| &own.object_type);
            own.object_type
                .iter()
                .chain(types)
                .any(|own| *own == object_type)
        };
        let (grouped, general): (Vec<_>, Vec<_>) = defaults
            .iter()
            .filter(is_of)
            .filter(|own| is_in(own.object_groups.as_ref(), into))
            .partition(|own| own.object_groups.is_some());
        let said = into.clone();
        let mut added = Vec::new();
        for attribute in grouped
            .into_iter()
            .chain(general)
            .flat_map(|own| own.attributes.iter())
        {
            let is_said = match attribute.kind() {
                Some(kind) => {
                    let single = !kind.rule().multiple && !into.of(kind).is_empty();
                    single || !said.of(kind).is_empty()
                }
                None => false,
            };
            // An instance that is there already is there once.
            if !is_said && into.add(attribute.clone()).is_ok() {
                added.push(attribute.clone());
            }
        }
        Ok(added)
    }

    /// A request's attributes and, where they say nothing, the vault's defaults, for what is decided before the object is.
    pub(crate) fn with_defaults(
        &mut self,
        mut list: AttributeList,
        object_type: ObjectType,
    ) -> Result<AttributeList> {
        let mut said = Attributes::default();
        self.fold(&mut said, &list)?;
        let added = self.add_defaults(&mut said, object_type)?;
        list.items.extend(added.into_iter().map(|own| (None, own)));
        Ok(list)
    }

    /// Whether the vault takes this new object from its principal.
    pub(crate) fn admit(&self, record: &mut Record) -> Result<()> {
        let by_officer = self.principal.officer;
        marks::admit(&mut record.attributes, self.route.code, by_officer)?;
        halves::note_public(record)?;
        if self.service.conformance.is_none() {
            marks::say_origin(record, self.route.code)?;
        }
        if self.principal.public_only && !policy::is_public(record) {
            return Err(Error::not_permitted());
        }
        if store::is_account(record.object_type) || record.object_type == ObjectType::Template {
            return Ok(());
        }
        meets(self.vault()?.as_ref(), record, self.now)
    }

    /// Says how the object is protected; a client may name the ways that it accepts (KMIP 2.1 §7.36).
    pub(crate) fn protect(
        &self,
        attributes: &mut Attributes,
        accepted: Option<&ProtectionStorageMasks>,
        otherwise: Fault,
    ) -> Result<()> {
        let backend = self.vault()?.backend.clone();
        let in_hardware =
            self.backend(&backend)?.keeps_keys() && attributes.extractable == Some(false);
        let own = if in_hardware {
            ProtectionStorageMask::Hardware
        } else {
            ProtectionStorageMask::Software
        };
        let accepted = accepted.map_or(&[][..], |masks| &masks.protection_storage_mask);
        if !accepted.is_empty() && !accepted.iter().any(|mask| mask.intersects(own)) {
            return Err(Error::new(
                otherwise,
                "the vault's HSM protects objects in no way that is accepted",
            ));
        }
        attributes.protection_storage_mask = Some(own);
        Ok(())
    }

    /// Says how both halves of a pair are protected: as is accepted of each, else of both.
    pub(crate) fn protect_pair(
        &self,
        private: &mut Attributes,
        public: &mut Attributes,
        [common, of_private, of_public]: [Option<&ProtectionStorageMasks>; 3],
    ) -> Result<()> {
        let otherwise = Fault::PrivateStorageUnavailable;
        self.protect(private, of_private.or(common), otherwise)?;
        let otherwise = Fault::PublicStorageUnavailable;
        self.protect(public, of_public.or(common), otherwise)
    }
}

/// Whether an object is as its vault wants new ones, whoever brings it.
pub(crate) fn meets(vault: &Vault, record: &Record, now: Timestamp) -> Result<()> {
    quantum_safe(record)?;
    let all: Constraints = stored(vault.rules.constraints.as_deref())?;
    let (grouped, general): (Vec<_>, Vec<_>) = all
        .constraint
        .iter()
        .filter(|own| applies(own, record))
        .partition(|own| own.object_groups.is_some());
    // What is said of the object's groups goes before what is said of any, and one alternative is enough.
    let alternatives = if grouped.is_empty() { general } else { grouped };
    if alternatives.is_empty() || alternatives.iter().any(|own| is_met(own, record, now)) {
        return Ok(());
    }
    Err(Error::new(
        Fault::ConstraintViolated,
        "the object is not as the vault's constraints want it",
    ))
}

/// An object is as a constraint wants it when Locate would find it so.
fn is_met(constraint: &Constraint, record: &Record, now: Timestamp) -> bool {
    let filter = Filter {
        attributes: constraint.attributes.iter().cloned().collect(),
        storage_status: Some(
            StorageStatusMask::OnLineStorage
                | StorageStatusMask::ArchivalStorage
                | StorageStatusMask::DestroyedStorage,
        ),
        ..Filter::default()
    };
    filter.matches(record, now)
}

/// Reads what the vault keeps in the encoding of KMIP 2.1.
fn stored<T: Structure + Default>(bytes: Option<&[u8]>) -> Result<T> {
    match bytes {
        Some(bytes) => T::read_fields(Reader::new(bytes, Tag::Constraints, V2_1))
            .map_err(|error| Error::internal(error.to_string())),
        None => Ok(T::default()),
    }
}

fn applies(constraint: &Constraint, record: &Record) -> bool {
    let types = constraint.object_types.as_ref();
    types.is_none_or(|own| own.object_type.contains(&record.object_type))
        && is_in(constraint.object_groups.as_ref(), &record.attributes)
}

/// Whether the object is in one of the groups, or none is named.
fn is_in(groups: Option<&ObjectGroups>, attributes: &Attributes) -> bool {
    let linked = attributes.link.iter().filter_map(|link| {
        let id = &link.linked_object_identifier;
        Some(id).filter(|_| link.link_type == Link::GROUP)
    });
    groups.is_none_or(|groups| {
        let mut own = attributes.object_group.iter();
        own.any(|own| groups.object_group.contains(own))
            || linked.into_iter().any(|id| match id {
                UniqueIdentifier::Text(group) | UniqueIdentifier::Name(group) => {
                    groups.object_group.contains(group)
                }
                _ => false,
            })
    })
}

/// Whether an object that is called quantum-safe is (KMIP 2.1 §4.46), and its security category its own (KMIP 3.0).
pub(crate) fn quantum_safe(record: &Record) -> Result<()> {
    let own = &record.attributes;
    let is_key = own.cryptographic_algorithm.is_some();
    if own.quantum_safe == Some(true) && is_key && !is_quantum_safe(record) {
        return Err(Error::new(
            Fault::NotQuantumSafe,
            "the key is not safe against quantum computers",
        ));
    }
    let category = record.spec.and_then(KeySpec::nist_security_category);
    let said = own.nist_security_category.zip(category);
    if said.is_some_and(|(said, own)| said != own) {
        return Err(Error::new(
            Fault::InvalidAttributeValue,
            "NIST Security Category is not that of the algorithm",
        ));
    }
    Ok(())
}

/// ML-KEM, ML-DSA and SLH-DSA, which stand together in the enumeration.
fn is_post_quantum(algorithm: CryptographicAlgorithm) -> bool {
    (CryptographicAlgorithm::MLKEM512.0..=CryptographicAlgorithm::SLHDSASHAKE256f.0)
        .contains(&algorithm.0)
}

/// Grover's search halves the strength of symmetric keys; Shor's algorithm leaves nothing of RSA and elliptic curves.
fn is_quantum_safe(record: &Record) -> bool {
    match record.spec {
        Some(KeySpec::Rsa { .. } | KeySpec::Ec(_) | KeySpec::TripleDes { .. }) => false,
        Some(spec) if spec.is_asymmetric() => record
            .attributes
            .cryptographic_algorithm
            .is_some_and(is_post_quantum),
        Some(spec) => spec.bits() >= 256,
        None => {
            let own = &record.attributes;
            own.cryptographic_algorithm.is_some_and(is_post_quantum)
                || (own.cryptographic_algorithm == Some(CryptographicAlgorithm::AES)
                    && own.cryptographic_length >= Some(256))
        }
    }
}
