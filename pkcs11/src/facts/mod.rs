//! What is known of an object: its KMIP attributes as PKCS #11 attributes in their C form.

mod found;
mod identifier;

use std::collections::BTreeMap;

use cryptoki_sys as ck;
use kmip::{
    CryptographicUsageMask, LinkType, ObjectType,
    attribute::{Attribute, AttributeList, VendorAttribute},
    mechanism::KeySpec,
};

pub use identifier::{id_bytes, id_of_bytes};

use self::found::Found;
use crate::{
    UNAVAILABLE, Ulong,
    attribute::{self, Kept, SECRET, SESSION, VENDOR, flag_bytes, number_bytes},
    class, curve, post_quantum, ulong,
};

/// An object as the module shows it.
#[derive(Clone)]
pub struct Facts {
    /// The Unique Identifier at the daemon; empty of an object that only the module holds.
    pub id: String,
    /// `CKA_CLASS`.
    pub class: Ulong,
    /// `CKA_KEY_TYPE`, of keys.
    pub key_type: Ulong,
    /// What kind of key, where it is one that can be used.
    pub spec: Option<KeySpec>,
    /// Hidden until a login.
    pub is_private: bool,
    /// The mark of the run whose session the object belongs to.
    pub session: Option<String>,
    /// Whether it is data that may not be told.
    is_secret_data: bool,
    /// The other half of a key pair.
    pub other_half: Option<String>,
    /// What the daemon keeps in vendor attributes.
    pub vendor: Vec<&'static str>,
    values: BTreeMap<Ulong, Vec<u8>>,
}

impl Facts {
    /// Reads an object's attributes; `None` of one that is destroyed, or of a kind that PKCS #11 has no class for.
    pub fn of(id: &str, attributes: &AttributeList) -> Option<Self> {
        let mut facts = Self::empty(id);
        let mut found = Found::default();
        for attribute in attributes.iter() {
            if let Attribute::Vendor(vendor) = attribute {
                facts.take_vendor(vendor);
            } else {
                found.take(attribute);
            }
        }
        if found.is_destroyed {
            return None;
        }
        facts.class = match found.object_type? {
            ObjectType::Certificate => ck::CKO_CERTIFICATE,
            ObjectType::SymmetricKey => ck::CKO_SECRET_KEY,
            ObjectType::PublicKey => ck::CKO_PUBLIC_KEY,
            ObjectType::PrivateKey => ck::CKO_PRIVATE_KEY,
            ObjectType::OpaqueObject | ObjectType::SecretData => ck::CKO_DATA,
            _ => return None,
        };
        facts.describe(&found);
        Some(facts)
    }

    fn empty(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            class: 0,
            key_type: UNAVAILABLE,
            spec: None,
            is_private: false,
            session: None,
            is_secret_data: false,
            other_half: None,
            vendor: Vec::new(),
            values: BTreeMap::new(),
        }
    }

    /// An object that only the module holds: these values are all there is.
    pub fn local(
        class: Ulong,
        spec: Option<KeySpec>,
        values: impl IntoIterator<Item = (Ulong, Vec<u8>)>,
    ) -> Self {
        let mut facts = Self::empty("");
        facts.class = class;
        facts.spec = spec;
        let found = Found {
            usage: CryptographicUsageMask(u32::MAX),
            ..Found::default()
        };
        facts.describe(&found);
        facts.values.extend(values);
        facts.set(ck::CKA_TOKEN, flag_bytes(false));
        facts
    }

    /// Whether it is a key.
    #[must_use]
    pub const fn is_key(&self) -> bool {
        matches!(
            self.class,
            ck::CKO_PRIVATE_KEY | ck::CKO_PUBLIC_KEY | ck::CKO_SECRET_KEY
        )
    }

    /// A value in C, when it is known without the object's own value.
    pub fn value(&self, kind: Ulong) -> Option<&[u8]> {
        self.values.get(&kind).map(Vec::as_slice)
    }

    /// The length of all values together.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.values.values().map(Vec::len).sum()
    }

    /// A flag; false when there is none.
    pub fn flag(&self, kind: Ulong) -> bool {
        self.value(kind) == Some(&[1])
    }

    /// Notes another value.
    pub fn set(&mut self, kind: Ulong, value: Vec<u8>) {
        self.values.insert(kind, value);
    }

    /// Whether the value may not be told: that of a key that is sensitive, may not leave, or leaves only under one that is
    /// trusted.
    #[must_use]
    pub fn is_secret(&self) -> bool {
        match self.class {
            ck::CKO_PRIVATE_KEY | ck::CKO_SECRET_KEY => {
                self.flag(ck::CKA_SENSITIVE)
                    || !self.flag(ck::CKA_EXTRACTABLE)
                    || self.flag(ck::CKA_WRAP_WITH_TRUSTED)
            }
            _ => self.is_secret_data,
        }
    }

    /// Whether the object's list of mechanisms, if it has one, names this one.
    #[must_use]
    pub fn allows(&self, mechanism: Ulong) -> bool {
        self.value(ck::CKA_ALLOWED_MECHANISMS).is_none_or(|list| {
            list.chunks_exact(size_of::<Ulong>())
                .any(|one| attribute::number(one) == Some(mechanism))
        })
    }

    /// Whether objects of the class have the attribute in their value.
    #[must_use]
    pub fn has_in_value(&self, kind: Ulong) -> bool {
        let of_key = || {
            let is_material = attribute::row(kind).is_some_and(|row| row.kept == Kept::Material);
            kind == ck::CKA_PUBLIC_KEY_INFO
                || (is_material && class::has(self.class, Some(self.key_type), kind))
        };
        match self.class {
            ck::CKO_CERTIFICATE => [
                ck::CKA_VALUE,
                ck::CKA_SUBJECT,
                ck::CKA_ISSUER,
                ck::CKA_SERIAL_NUMBER,
                ck::CKA_PUBLIC_KEY_INFO,
            ]
            .contains(&kind),
            ck::CKO_PUBLIC_KEY | ck::CKO_PRIVATE_KEY => of_key(),
            ck::CKO_SECRET_KEY | ck::CKO_DATA => kind == ck::CKA_VALUE,
            _ => false,
        }
    }

    /// Whether the attribute would give a secret away.
    pub fn hides(&self, kind: Ulong) -> bool {
        self.is_secret() && SECRET.contains(&kind)
    }

    fn take_vendor(&mut self, vendor: &VendorAttribute) {
        if vendor.vendor_identification != VENDOR {
            return;
        }
        if vendor.attribute_name == SESSION {
            self.session = Some(String::from_utf8_lossy(&vendor.value.body).into_owned());
        }
        let Some(row) = attribute::row_of_vendor(&vendor.attribute_name) else {
            return;
        };
        if let (Some(value), Kept::Vendor(name)) = (row.form.to_c(&vendor.value), row.kept) {
            self.values.insert(row.kind, value);
            self.vendor.push(name);
        }
    }

    /// Fills in everything that follows from what the object is.
    fn describe(&mut self, found: &Found) {
        self.set(ck::CKA_CLASS, number_bytes(self.class));
        self.set(ck::CKA_TOKEN, flag_bytes(self.session.is_none()));
        self.set(ck::CKA_UNIQUE_ID, self.id.clone().into_bytes());
        for kind in [ck::CKA_MODIFIABLE, ck::CKA_COPYABLE, ck::CKA_DESTROYABLE] {
            self.default(kind, || flag_bytes(true));
        }
        self.default(ck::CKA_LABEL, || {
            found.name.clone().unwrap_or_default().into_bytes()
        });
        let secret_data = found.object_type == Some(ObjectType::SecretData);
        let holds_secret = [ck::CKO_PRIVATE_KEY, ck::CKO_SECRET_KEY].contains(&self.class);
        // As the daemon hides them before a login; data that PKCS #11 has made says for itself.
        let is_hidden = holds_secret || self.class == ck::CKO_DATA;
        self.default(ck::CKA_PRIVATE, || flag_bytes(is_hidden));
        self.is_private = self.flag(ck::CKA_PRIVATE);
        if self.is_key() {
            self.describe_key(found);
        }
        if holds_secret {
            self.describe_secret(found);
        }
        match self.class {
            ck::CKO_CERTIFICATE => self.describe_certificate(),
            ck::CKO_DATA => {
                self.default(ck::CKA_APPLICATION, Vec::new);
                self.default(ck::CKA_OBJECT_ID, Vec::new);
                self.is_secret_data = secret_data && found.sensitive == Some(true);
            }
            _ => {}
        }
    }

    fn describe_key(&mut self, found: &Found) {
        if self.spec.is_none() {
            self.spec = found.spec();
        }
        let shown = self.spec.map_or(ck::CKK_VENDOR_DEFINED, key_type);
        self.default(ck::CKA_KEY_TYPE, || number_bytes(shown));
        self.key_type = self
            .value(ck::CKA_KEY_TYPE)
            .and_then(attribute::number)
            .unwrap_or(shown);
        let wanted = if self.class == ck::CKO_PUBLIC_KEY {
            LinkType::PrivateKeyLink
        } else {
            LinkType::PublicKeyLink
        };
        self.other_half = found
            .links
            .iter()
            .find(|(link, _)| *link == wanted)
            .map(|(_, id)| id.clone());
        // Both halves of a pair show one CKA_ID: where nobody gave one, it is made of the private key's identifier.
        let of_private = self
            .other_half
            .clone()
            .filter(|_| self.class == ck::CKO_PUBLIC_KEY);
        let id = of_private.unwrap_or_else(|| self.id.clone());
        self.default(ck::CKA_ID, || id_bytes(&id));
        for kind in [ck::CKA_START_DATE, ck::CKA_END_DATE] {
            self.default(kind, Vec::new);
        }
        self.default(ck::CKA_LOCAL, || flag_bytes(false));
        self.default(ck::CKA_KEY_GEN_MECHANISM, || number_bytes(UNAVAILABLE));
        if self.class != ck::CKO_SECRET_KEY {
            self.default(ck::CKA_SUBJECT, Vec::new);
        }
        self.describe_usage(found.usage);
        match self.spec {
            Some(KeySpec::Ec(curve)) => self.set(ck::CKA_EC_PARAMS, curve.oid().to_vec()),
            Some(KeySpec::Rsa { bits }) if self.class == ck::CKO_PUBLIC_KEY => {
                self.set(ck::CKA_MODULUS_BITS, number_bytes(Ulong::from(bits)));
            }
            Some(KeySpec::PostQuantum(algorithm)) => {
                let set = post_quantum::parameter_set(algorithm);
                self.set(ck::CKA_PARAMETER_SET, number_bytes(set));
            }
            Some(spec) if self.class == ck::CKO_SECRET_KEY => {
                self.set(ck::CKA_VALUE_LEN, number_bytes(ulong(spec.secret_bytes())));
            }
            _ => {}
        }
    }

    /// The usage flags that the key's class has.
    fn describe_usage(&mut self, usage: CryptographicUsageMask) {
        for kind in class::uses(self.class) {
            let Some(Kept::Usage(asymmetric, symmetric)) =
                attribute::row(*kind).map(|row| row.kept)
            else {
                self.default(*kind, || flag_bytes(false));
                continue;
            };
            let mask = if self.class == ck::CKO_SECRET_KEY {
                symmetric
            } else {
                asymmetric
            };
            self.set(*kind, flag_bytes(usage.intersects(mask)));
        }
        self.default(ck::CKA_TRUSTED, || flag_bytes(false));
    }

    fn describe_secret(&mut self, found: &Found) {
        // A daemon that says nothing is taken to hide the value; asking for it then costs no refusal.
        let sensitive = found.sensitive.unwrap_or(true);
        let extractable = found.extractable.unwrap_or(false);
        self.default(ck::CKA_WRAP_WITH_TRUSTED, || flag_bytes(false));
        // PKCS #11 3.1 §4.9: both are false of a key that was brought from outside; a derived one has them of its base, and
        // says that it was not made here.
        let local = self.vendor.contains(&"pkcs11-local");
        let (always, never) = (found.always_sensitive, found.never_extractable);
        self.set(ck::CKA_SENSITIVE, flag_bytes(sensitive));
        self.set(ck::CKA_EXTRACTABLE, flag_bytes(extractable));
        self.set(ck::CKA_ALWAYS_SENSITIVE, flag_bytes(local && always));
        self.set(ck::CKA_NEVER_EXTRACTABLE, flag_bytes(local && never));
        if self.class == ck::CKO_PRIVATE_KEY {
            self.default(ck::CKA_ALWAYS_AUTHENTICATE, || flag_bytes(false));
            self.values.remove(&ck::CKA_TRUSTED);
        }
    }

    fn describe_certificate(&mut self) {
        self.set(ck::CKA_CERTIFICATE_TYPE, number_bytes(ck::CKC_X_509));
        self.default(ck::CKA_CERTIFICATE_CATEGORY, || number_bytes(0));
        self.default(ck::CKA_TRUSTED, || flag_bytes(false));
        let id = id_bytes(&self.id);
        self.default(ck::CKA_ID, || id);
        for kind in [ck::CKA_START_DATE, ck::CKA_END_DATE, ck::CKA_URL] {
            self.default(kind, Vec::new);
        }
        self.default(ck::CKA_JAVA_MIDP_SECURITY_DOMAIN, || number_bytes(0));
        // These stand in the certificate itself, which alone is believed.
        for kind in [ck::CKA_SUBJECT, ck::CKA_ISSUER, ck::CKA_SERIAL_NUMBER] {
            self.values.remove(&kind);
        }
    }

    fn default(&mut self, kind: Ulong, value: impl FnOnce() -> Vec<u8>) {
        self.values.entry(kind).or_insert_with(value);
    }
}

/// The type of keys of a kind, where nothing else was said.
const fn key_type(spec: KeySpec) -> Ulong {
    match spec {
        KeySpec::Aes { bits: 512 } => ck::CKK_AES_XTS,
        KeySpec::Aes { .. } => ck::CKK_AES,
        KeySpec::TripleDes { bits: 112 } => ck::CKK_DES2,
        KeySpec::TripleDes { .. } => ck::CKK_DES3,
        KeySpec::ChaCha20 | KeySpec::ChaCha20Poly1305 => ck::CKK_CHACHA20,
        KeySpec::Kept { .. } | KeySpec::Hmac { .. } => ck::CKK_GENERIC_SECRET,
        KeySpec::Rsa { .. } => ck::CKK_RSA,
        KeySpec::Ec(curve) => curve::key_type(curve),
        KeySpec::Dsa { .. } => ck::CKK_DSA,
        KeySpec::Dh { .. } => ck::CKK_DH,
        KeySpec::PostQuantum(algorithm) => post_quantum::key_type(algorithm),
    }
}

#[cfg(test)]
mod tests;
