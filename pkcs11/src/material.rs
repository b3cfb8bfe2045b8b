//! An object's value as PKCS #11 attributes: public keys, certificates, data, and keys that may be told.

use cryptoki_sys as ck;
use kmip::{
    KeyFormatType,
    der::{self, Element},
    mechanism::{Curve, KeySpec, PostQuantum},
    object::{KeyBlock, KeyMaterial, KeyValue, ManagedObject},
};

use crate::{Facts, Ulong, attribute::RSA_PRIVATE, dsa};

/// What stands in an object's value.
#[derive(Default)]
pub struct Material {
    values: Vec<(Ulong, zeroize::Zeroizing<Vec<u8>>)>,
    /// The public key in it.
    pub public: Option<Public>,
}

/// A public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Public {
    /// RSA's modulus and exponent.
    Rsa(Vec<u8>, Vec<u8>),
    /// A point on a curve.
    Point(Curve, Vec<u8>),
}

/// The format in which an object's value is asked for.
#[must_use]
pub fn format_wanted(class: Ulong) -> Option<KeyFormatType> {
    match class {
        ck::CKO_PUBLIC_KEY => Some(KeyFormatType::X509),
        ck::CKO_PRIVATE_KEY => Some(KeyFormatType::PKCS8),
        ck::CKO_SECRET_KEY => Some(KeyFormatType::Raw),
        _ => None,
    }
}

impl Material {
    /// Takes a value apart; what cannot be read has no attributes.
    pub fn of(object: &ManagedObject, facts: &Facts) -> Self {
        let mut material = Self::default();
        match object {
            ManagedObject::Certificate(certificate) => {
                material.put(ck::CKA_VALUE, &certificate.certificate_value.0);
                material.take_certificate(&certificate.certificate_value.0);
            }
            ManagedObject::OpaqueObject(opaque) => {
                material.put(ck::CKA_VALUE, opaque.opaque_data_value.expose());
            }
            ManagedObject::SecretData(data) => {
                if let Some(bytes) = bytes_of(&data.key_block) {
                    material.put(ck::CKA_VALUE, bytes);
                }
            }
            ManagedObject::SymmetricKey(key) => {
                if let Some(bytes) = bytes_of(&key.key_block) {
                    material.put(ck::CKA_VALUE, bytes);
                }
            }
            ManagedObject::PublicKey(key) => material.take_public(&key.key_block, facts.spec),
            ManagedObject::PrivateKey(key) => {
                if let Some(bytes) = bytes_of(&key.key_block) {
                    material.take_pkcs8(bytes);
                }
            }
            // PKCS #11 has no such objects.
            ManagedObject::CertificateRequest(_)
            | ManagedObject::PGPKey(_)
            | ManagedObject::SplitKey(_)
            | ManagedObject::Template(_) => {}
        }
        material
    }

    /// What SubjectPublicKeyInfo says, where there is one.
    pub fn of_public(spki: Option<&[u8]>, spec: Option<KeySpec>) -> Self {
        let mut material = Self::default();
        if let Some(spki) = spki {
            material.take_spki(spki, spec);
        }
        material
    }

    /// The material of a public key that only the module holds.
    pub fn of_local(values: &[(Ulong, Vec<u8>)], spec: Option<KeySpec>) -> Self {
        let mut material = Self::default();
        let of = |kind| {
            values
                .iter()
                .find(|(own, _)| *own == kind)
                .map(|(_, value)| value.as_slice())
        };
        for (kind, value) in values {
            material.put(*kind, value);
        }
        if let Some(certificate) = of(ck::CKA_VALUE) {
            material.take_certificate(certificate);
        }
        match spec {
            Some(KeySpec::Rsa { .. }) => {
                if let (Some(n), Some(e)) = (of(ck::CKA_MODULUS), of(ck::CKA_PUBLIC_EXPONENT)) {
                    material.take_rsa(n, e);
                }
            }
            Some(KeySpec::Ec(curve)) => {
                let point = of(ck::CKA_EC_POINT).and_then(|own| der::only(der::OCTET_STRING, own));
                material.public = point.map(|point| Public::Point(curve, point.to_vec()));
            }
            _ => {}
        }
        material
    }

    /// The length of all values together.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.values.iter().map(|(_, value)| value.len()).sum()
    }

    /// Adds what another reading brought.
    pub fn merge(&mut self, other: Self) {
        for (kind, value) in other.values {
            self.put(kind, &value);
        }
        self.public = self.public.take().or(other.public);
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// A value in C.
    pub fn value(&self, kind: Ulong) -> Option<&[u8]> {
        self.values
            .iter()
            .find(|(own, _)| *own == kind)
            .map(|(_, value)| value.as_slice())
    }

    fn put(&mut self, kind: Ulong, value: &[u8]) {
        if self.value(kind).is_none() {
            self.values.push((kind, value.to_vec().into()));
        }
    }

    fn take_public(&mut self, block: &KeyBlock, spec: Option<KeySpec>) {
        match key_material(block) {
            Some(KeyMaterial::Bytes(bytes)) => {
                let bytes = bytes.expose();
                if block.key_format_type == KeyFormatType::PKCS1 {
                    self.take_pkcs1_public(bytes);
                } else {
                    self.take_spki(bytes, spec);
                }
            }
            Some(KeyMaterial::RSAPublic(key)) => {
                let (n, e) = (key.modulus.to_unsigned(), key.public_exponent.to_unsigned());
                if let (Some(n), Some(e)) = (n, e) {
                    self.take_rsa(n.expose(), e.expose());
                }
            }
            Some(KeyMaterial::ECPublic(key)) => self.take_point(&key.q_string.0, spec),
            _ => {}
        }
    }

    /// SubjectPublicKeyInfo (RFC 5280 §4.1).
    fn take_spki(&mut self, spki: &[u8], spec: Option<KeySpec>) {
        let Some([algorithm, key]) = sequence::<2>(spki) else {
            return;
        };
        let Some(key) = key
            .contents
            .strip_prefix(&[0])
            .filter(|_| key.tag == der::BIT_STRING)
        else {
            return;
        };
        self.put(ck::CKA_PUBLIC_KEY_INFO, spki);
        match spec {
            Some(KeySpec::Rsa { .. }) => self.take_pkcs1_public(key),
            Some(KeySpec::Ec(_)) => self.take_point(key, spec),
            // PKCS #11 3.2: the bytes of the public key, as FIPS 203 to 205 have them.
            Some(KeySpec::PostQuantum(_)) => self.put(ck::CKA_VALUE, key),
            Some(KeySpec::Dsa { .. }) => {
                self.take_dsa_parameters(algorithm.contents);
                self.take_number(ck::CKA_VALUE, key);
            }
            _ => {}
        }
    }

    /// Dss-Parms behind the name of the algorithm.
    fn take_dsa_parameters(&mut self, algorithm: &[u8]) {
        let parameters = der::split(algorithm).and_then(|(_, rest)| sequence::<3>(rest));
        for (kind, number) in dsa::PARAMETERS.into_iter().zip(parameters.iter().flatten()) {
            self.put(kind, der::unsigned(number.contents));
        }
    }

    fn take_number(&mut self, kind: Ulong, integer: &[u8]) {
        if let Some(number) = der::only(der::INTEGER, integer) {
            self.put(kind, der::unsigned(number));
        }
    }

    fn take_pkcs1_public(&mut self, key: &[u8]) {
        if let Some([n, e]) = sequence::<2>(key) {
            self.take_rsa(n.contents, e.contents);
        }
    }

    fn take_rsa(&mut self, modulus: &[u8], exponent: &[u8]) {
        self.put(ck::CKA_MODULUS, der::unsigned(modulus));
        self.put(ck::CKA_PUBLIC_EXPONENT, der::unsigned(exponent));
        self.public = Some(Public::Rsa(modulus.to_vec(), exponent.to_vec()));
    }

    fn take_point(&mut self, point: &[u8], spec: Option<KeySpec>) {
        let wrapped = der::element(der::OCTET_STRING, &[point]);
        self.put(ck::CKA_EC_POINT, &wrapped);
        if let Some(KeySpec::Ec(curve)) = spec {
            self.public = Some(Public::Point(curve, point.to_vec()));
        }
    }

    /// A certificate's names, serial number and key (RFC 5280 §4.1).
    fn take_certificate(&mut self, certificate: &[u8]) {
        let Some(fields) = der::only(der::SEQUENCE, certificate)
            .and_then(der::split)
            .filter(|(body, _)| body.tag == der::SEQUENCE)
            .and_then(|(body, _)| der::elements(body.contents))
        else {
            return;
        };
        // The version stands in front since X.509 v3.
        let skipped = usize::from(fields.first().is_some_and(|field| field.tag == 0xA0));
        let mut fields = fields.iter().skip(skipped);
        for kind in [
            Some(ck::CKA_SERIAL_NUMBER),
            None,
            Some(ck::CKA_ISSUER),
            None,
            Some(ck::CKA_SUBJECT),
            Some(ck::CKA_PUBLIC_KEY_INFO),
        ] {
            let Some(field) = fields.next() else { return };
            if let Some(kind) = kind {
                self.put(kind, field.whole);
            }
        }
    }

    /// PrivateKeyInfo (RFC 5958), of keys that may be told.
    fn take_pkcs8(&mut self, key: &[u8]) {
        let fields = der::only(der::SEQUENCE, key).and_then(der::elements);
        let Some(inner) = fields.as_ref().and_then(|fields| fields.get(2)) else {
            return;
        };
        if let Some(numbers) = der::only(der::SEQUENCE, inner.contents).and_then(der::elements) {
            match numbers.get(1).map(|second| second.tag) {
                // RSAPrivateKey (RFC 8017 §A.1.2).
                Some(der::INTEGER) => {
                    for (kind, number) in RSA_PRIVATE.into_iter().zip(numbers.iter().skip(1)) {
                        self.put(kind, der::unsigned(number.contents));
                    }
                }
                // ECPrivateKey (RFC 5915).
                Some(der::OCTET_STRING) => {
                    let value = numbers.get(1).map(|second| second.contents);
                    self.put(ck::CKA_VALUE, value.unwrap_or_default());
                }
                _ => {}
            }
        } else if let Some(seed) = der::only(der::OCTET_STRING, inner.contents) {
            // CurvePrivateKey (RFC 8410 §7).
            self.put(ck::CKA_VALUE, seed);
        } else {
            // DSAPrivateKey is the number alone, and the parameters stand before it.
            let algorithm = fields.as_ref().and_then(|fields| fields.get(1));
            self.take_dsa_parameters(algorithm.map_or(&[], |algorithm| algorithm.contents));
            self.take_number(ck::CKA_VALUE, inner.contents);
        }
    }
}

/// SubjectPublicKeyInfo of an RSA key.
pub fn rsa_spki(modulus: &[u8], exponent: &[u8]) -> Vec<u8> {
    let key = der::element(
        der::SEQUENCE,
        &[&der::integer(modulus), &der::integer(exponent)],
    );
    // rsaEncryption (RFC 8017 §A.1), with its NULL.
    let oid: &[u8] = &[6, 9, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 1];
    spki(&[oid, &[5, 0]], &key)
}

/// SubjectPublicKeyInfo of a point on a curve.
pub fn ec_spki(curve: Curve, point: &[u8]) -> Vec<u8> {
    let name = curve.oid();
    if !curve.is_weierstrass() {
        return spki(&[name], point);
    }
    // id-ecPublicKey (RFC 5480 §2.1.1).
    let oid: &[u8] = &[6, 7, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 2, 1];
    spki(&[oid, name], point)
}

/// SubjectPublicKeyInfo of a post-quantum key.
pub(crate) fn post_quantum_spki(algorithm: PostQuantum, key: &[u8]) -> Vec<u8> {
    spki(&[&algorithm.oid()], key)
}

/// SubjectPublicKeyInfo (RFC 5280 §4.1).
pub(crate) fn spki(algorithm: &[&[u8]], key: &[u8]) -> Vec<u8> {
    let algorithm = der::element(der::SEQUENCE, algorithm);
    let key = der::element(der::BIT_STRING, &[&[0], key]);
    der::element(der::SEQUENCE, &[&algorithm, &key])
}

fn key_material(block: &KeyBlock) -> Option<&KeyMaterial> {
    match block.key_value.as_ref()? {
        KeyValue::Plain { key_material, .. } => Some(key_material),
        KeyValue::Wrapped(_) => None,
    }
}

fn bytes_of(block: &KeyBlock) -> Option<&[u8]> {
    match key_material(block)? {
        KeyMaterial::Bytes(bytes) => Some(bytes.expose()),
        KeyMaterial::Symmetric(key) => Some(key.key.expose()),
        _ => None,
    }
}

/// The elements of a sequence of `N`.
fn sequence<const N: usize>(bytes: &[u8]) -> Option<[Element<'_>; N]> {
    der::elements(der::only(der::SEQUENCE, bytes)?)?
        .try_into()
        .ok()
}
