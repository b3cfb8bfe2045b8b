//! New objects: what every kind needs, and those that the caller brings (`C_CreateObject`).

use cryptoki_sys as ck;
use kmip::{
    attribute::{Attribute, AttributeList, UniqueIdentifier},
    mechanism::{KeySpec, parameters::key_attributes},
    payload::register::{Register, RegisterRequest},
    ttlv::Timestamp,
};

use super::{brought::Brought, find::describe};
use crate::{
    attribute::{Entry, Form, Kept, SESSION, Ulong, flag_bytes, number_bytes, row, vendor},
    error::{Names, Result, Rv},
    facts::Facts,
    log::seconds_since_1970,
    material::Material,
    remote::Again,
    session::Session,
    slot::User,
    template::Template,
};

/// Usage flags that hold where a template is silent: what a key of the kind is for.
pub(crate) fn usage_defaults(class: Ulong, spec: KeySpec) -> &'static [Ulong] {
    match (class, spec) {
        (ck::CKO_PUBLIC_KEY, KeySpec::Rsa { .. }) => &[ck::CKA_VERIFY, ck::CKA_ENCRYPT],
        (ck::CKO_PRIVATE_KEY, KeySpec::Rsa { .. }) => &[ck::CKA_SIGN, ck::CKA_DECRYPT],
        (ck::CKO_PUBLIC_KEY, KeySpec::Ec(curve)) if curve.is_montgomery() => &[],
        (ck::CKO_PUBLIC_KEY, _) => &[ck::CKA_VERIFY],
        (ck::CKO_PRIVATE_KEY, KeySpec::Ec(curve)) if curve.is_montgomery() => &[ck::CKA_DERIVE],
        (ck::CKO_PRIVATE_KEY, KeySpec::Ec(curve)) if curve.is_edwards() => &[ck::CKA_SIGN],
        (ck::CKO_PRIVATE_KEY, _) => &[ck::CKA_SIGN, ck::CKA_DERIVE],
        (_, KeySpec::Hmac { .. }) => &[ck::CKA_SIGN, ck::CKA_VERIFY],
        _ => &[ck::CKA_ENCRYPT, ck::CKA_DECRYPT],
    }
}

impl Session {
    /// Whether an object of this class may be made here by this template.
    pub(crate) fn may_create(&self, template: &Template<'_>, class: Ulong) -> Result<()> {
        template.agrees(ck::CKA_CLASS, class)?;
        let secret = [ck::CKO_PRIVATE_KEY, ck::CKO_SECRET_KEY].contains(&class);
        let is_private = template.flag(ck::CKA_PRIVATE).unwrap_or(secret);
        // PKCS #11 3.1 §4.6: only the security officer says what is trusted.
        let trusts = template.flag(ck::CKA_TRUSTED) == Some(true);
        if trusts && self.slot.standing().user != Some(User::SecurityOfficer) {
            return Err(Rv::ATTRIBUTE_READ_ONLY);
        }
        if template.flag(ck::CKA_ALWAYS_AUTHENTICATE) == Some(true) {
            return Err(Rv::ATTRIBUTE_VALUE_INVALID);
        }
        self.may_write(template.is_token(), is_private)
    }

    /// The attributes that a new object takes with it, of whatever kind.
    pub(crate) fn common_attributes(
        &self,
        template: &Template<'_>,
        class: Ulong,
    ) -> Vec<Attribute> {
        let own_of_value: &[Ulong] = match class {
            ck::CKO_CERTIFICATE => &[ck::CKA_SUBJECT, ck::CKA_ISSUER, ck::CKA_SERIAL_NUMBER],
            ck::CKO_PUBLIC_KEY => &[ck::CKA_PUBLIC_KEY_INFO],
            _ => &[],
        };
        let named = |kind: Ulong| {
            row(kind).is_some_and(|row| match row.kept {
                Kept::Vendor(_) => kind != ck::CKA_KEY_TYPE && !own_of_value.contains(&kind),
                _ => false,
            })
        };
        let mut attributes: Vec<Attribute> = template
            .iter()
            .filter(|(row, _)| named(row.kind))
            .filter_map(|(row, value)| match row.kept {
                Kept::Vendor(name) => Some(vendor(name, row.form.to_kmip(value))),
                _ => None,
            })
            .collect();
        if !template.is_token() {
            attributes.push(vendor(
                SESSION,
                Form::Text.to_kmip(self.slot.run.as_bytes()),
            ));
        }
        attributes
    }

    /// The attributes of a new key besides: what it is for, and that it may be used at once.
    pub(crate) fn key_attributes(
        &self,
        template: &Template<'_>,
        class: Ulong,
        spec: KeySpec,
    ) -> Vec<Attribute> {
        let secret = class == ck::CKO_SECRET_KEY;
        let usage = template.usage(secret, usage_defaults(class, spec));
        let mut attributes = self.common_attributes(template, class);
        attributes.push(Attribute::CryptographicUsageMask(usage));
        attributes.push(Attribute::ActivationDate(Timestamp(seconds_since_1970())));
        if class != ck::CKO_PUBLIC_KEY {
            // Keys made through the module are locked unless the template says otherwise.
            let sensitive = template.flag(ck::CKA_SENSITIVE).unwrap_or(true);
            let extractable = template.flag(ck::CKA_EXTRACTABLE).unwrap_or(false);
            attributes.push(Attribute::Sensitive(sensitive));
            attributes.push(Attribute::Extractable(extractable));
        }
        attributes
    }

    /// Handles for objects just made at the daemon.
    pub(crate) fn adopt_new(&self, ids: &[String], is_token: &[bool]) -> Result<Vec<Ulong>> {
        let mut found = describe(&self.slot.remote, ids, None)
            .map_err(|failure| failure.seen_by(Names::Template))?;
        ids.iter()
            .zip(is_token)
            .map(|(id, is_token)| {
                let located = found.remove(id).ok_or(Rv::DEVICE_ERROR)?;
                let owner = (!is_token).then_some(self.handle);
                Ok(self.slot.objects.adopt(located.facts, owner).0)
            })
            .collect()
    }

    /// `C_CreateObject`.
    pub(crate) fn create_object(&self, entries: &[Entry<'_>]) -> Result<Ulong> {
        let template = Template::read(entries)?;
        let class = template
            .number(ck::CKA_CLASS)
            .ok_or(Rv::TEMPLATE_INCOMPLETE)?;
        let brought = Brought::read(&template, class)?;
        self.may_create(&template, class)?;
        if let Some(handle) = self.keep_here(&template, class, &brought) {
            return Ok(handle);
        }
        let mut attributes = match brought.spec {
            Some(spec) => self.key_attributes(&template, class, spec),
            None => self.common_attributes(&template, class),
        };
        attributes.extend(brought.attributes);
        let request = RegisterRequest {
            object_type: brought.object_type,
            attributes: AttributeList::from_iter(attributes),
            object: Some(brought.object),
            protection_storage_masks: None,
        };
        let response = self
            .slot
            .remote
            .call::<Register>(&request, Again::MustNot)
            .map_err(|failure| failure.seen_by(Names::Template))?;
        let id = text(response.unique_identifier)?;
        let handles = self.adopt_new(&[id], &[template.is_token()])?;
        handles.first().copied().ok_or(Rv::DEVICE_ERROR)
    }

    /// A public session object whose work can be done here never goes to the daemon.
    fn keep_here(&self, template: &Template<'_>, class: Ulong, brought: &Brought) -> Option<Ulong> {
        let is_public = matches!(
            class,
            ck::CKO_CERTIFICATE | ck::CKO_PUBLIC_KEY | ck::CKO_DATA
        );
        if template.is_token() || !is_public {
            return None;
        }
        let material = Material::of_local(&brought.shown, brought.spec);
        if class == ck::CKO_PUBLIC_KEY && material.public.is_none() {
            return None;
        }
        let mut facts = Facts::local(class, brought.spec, Vec::new());
        for (row, value) in template
            .iter()
            .filter(|(row, _)| row.kept != Kept::Material)
        {
            facts.set(row.kind, value.to_vec());
        }
        facts.is_private = template.flag(ck::CKA_PRIVATE).unwrap_or(false);
        let (handle, object) = self.slot.objects.insert(facts, Some(self.handle));
        let mut facts = (*object.facts()).clone();
        facts.set(ck::CKA_UNIQUE_ID, format!("session-{handle}").into_bytes());
        object.learn(facts);
        object.keep(material);
        Some(handle)
    }
}

/// The identifier that a response names.
pub(crate) fn text(id: UniqueIdentifier) -> Result<String> {
    match id {
        UniqueIdentifier::Text(id) => Ok(id),
        UniqueIdentifier::Enumeration(_)
        | UniqueIdentifier::Integer(_)
        | UniqueIdentifier::Name(_) => Err(Rv::DEVICE_ERROR),
    }
}

/// The attributes that describe a key to be made.
pub(crate) fn spec_attributes(spec: KeySpec) -> Vec<Attribute> {
    let (algorithm, length, domain) = key_attributes(spec, None);
    let mut attributes = vec![
        Attribute::CryptographicAlgorithm(algorithm),
        Attribute::CryptographicLength(length),
    ];
    attributes.extend(domain.map(Attribute::CryptographicDomainParameters));
    attributes
}

/// The marks of a key that was generated and not brought.
pub(crate) fn marks_of_generation(mechanism: Ulong) -> Vec<Attribute> {
    vec![
        vendor("pkcs11-local", Form::Flag.to_kmip(&flag_bytes(true))),
        vendor(
            "pkcs11-key-gen-mechanism",
            Form::Number.to_kmip(&number_bytes(mechanism)),
        ),
    ]
}
