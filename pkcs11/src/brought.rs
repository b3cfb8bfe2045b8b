//! Objects that a caller brings: from a template's values to what Register takes.

use cryptoki_sys as ck;
use kmip::{
    CertificateType, KeyFormatType, ObjectType, OpaqueDataType, Secret,
    attribute::Attribute,
    der,
    mechanism::{Curve, Hash, KeySpec, parameters::key_attributes},
    object::{
        Certificate, KeyBlock, KeyMaterial, KeyObject, KeyValue, ManagedObject, OpaqueObject,
    },
    ttlv::Bytes,
};

use crate::{
    Result, Rv, Template, Ulong,
    attribute::{Form, RSA_PRIVATE, number_bytes, vendor},
    curve, dsa,
    material::{ec_spki, post_quantum_spki, rsa_spki},
    new::NewSecret,
    post_quantum, ulong,
};

/// An object as the caller brings it.
pub struct Brought {
    /// Its kind.
    pub object_type: ObjectType,
    /// Its value.
    pub object: ManagedObject,
    /// What kind of key, of keys.
    pub spec: Option<KeySpec>,
    /// Attributes that only this kind has.
    pub attributes: Vec<Attribute>,
    /// What its value shows in PKCS #11.
    pub shown: Vec<(Ulong, Vec<u8>)>,
}

impl Brought {
    /// Reads the template of an object of this class.
    pub fn read(template: &Template<'_>, class: Ulong) -> Result<Self> {
        match class {
            ck::CKO_DATA => Ok(Self::data(template)),
            ck::CKO_CERTIFICATE => Self::certificate(template),
            ck::CKO_PUBLIC_KEY => Self::public_key(template),
            ck::CKO_PRIVATE_KEY => Self::private_key(template),
            ck::CKO_SECRET_KEY => Self::secret_key(template),
            _ => Err(Rv::ATTRIBUTE_VALUE_INVALID),
        }
    }

    fn data(template: &Template<'_>) -> Self {
        let value = template.bytes(ck::CKA_VALUE).unwrap_or_default();
        Self {
            object_type: ObjectType::OpaqueObject,
            object: ManagedObject::OpaqueObject(OpaqueObject {
                opaque_data_type: OpaqueDataType(OPAQUE_DATA_TYPE),
                opaque_data_value: Secret::from(value),
            }),
            spec: None,
            attributes: Vec::new(),
            shown: vec![(ck::CKA_VALUE, value.to_vec())],
        }
    }

    fn certificate(template: &Template<'_>) -> Result<Self> {
        let kind = template.number(ck::CKA_CERTIFICATE_TYPE);
        if kind.ok_or(Rv::TEMPLATE_INCOMPLETE)? != ck::CKC_X_509 {
            return Err(Rv::ATTRIBUTE_VALUE_INVALID);
        }
        let value = template.needed(ck::CKA_VALUE)?;
        template.needed(ck::CKA_SUBJECT)?;
        der::only(der::SEQUENCE, value).ok_or(Rv::ATTRIBUTE_VALUE_INVALID)?;
        Ok(Self {
            object_type: ObjectType::Certificate,
            object: ManagedObject::Certificate(Certificate {
                certificate_type: CertificateType::X509,
                certificate_value: Bytes(value.to_vec()),
            }),
            spec: None,
            attributes: Vec::new(),
            shown: vec![(ck::CKA_VALUE, value.to_vec())],
        })
    }

    fn public_key(template: &Template<'_>) -> Result<Self> {
        let (spec, spki, shown) = match needed_key_type(template)? {
            ck::CKK_RSA => {
                let n = template.needed(ck::CKA_MODULUS)?;
                let e = template.needed(ck::CKA_PUBLIC_EXPONENT)?;
                let shown = vec![
                    (ck::CKA_MODULUS, n.to_vec()),
                    (ck::CKA_PUBLIC_EXPONENT, e.to_vec()),
                ];
                let spec = rsa_spec(n)?;
                template.agrees(ck::CKA_MODULUS_BITS, spec.bits().into())?;
                (spec, rsa_spki(n, e), shown)
            }
            ck::CKK_DSA => {
                let shown = [ck::CKA_PRIME, ck::CKA_SUBPRIME, ck::CKA_BASE, ck::CKA_VALUE]
                    .map(|kind| template.needed(kind).map(|value| (kind, value.to_vec())));
                let shown = shown.into_iter().collect::<Result<_>>()?;
                (dsa::spec(template)?, dsa::spki(template)?, shown)
            }
            kind @ (ck::CKK_EC | ck::CKK_EC_EDWARDS | ck::CKK_EC_MONTGOMERY) => {
                let curve = curve_of(template, kind)?;
                let point = curve::point(curve, template.needed(ck::CKA_EC_POINT)?)
                    .ok_or(Rv::ATTRIBUTE_VALUE_INVALID)?;
                let wrapped = der::element(der::OCTET_STRING, &[point]);
                let shown = vec![(ck::CKA_EC_POINT, wrapped)];
                (KeySpec::Ec(curve), ec_spki(curve, point), shown)
            }
            kind => {
                let algorithm = post_quantum::of_template(template, kind)?;
                let value = template.needed(ck::CKA_VALUE)?;
                if value.len() != algorithm.public_bytes() {
                    return Err(Rv::ATTRIBUTE_VALUE_INVALID);
                }
                let shown = vec![(ck::CKA_VALUE, value.to_vec())];
                let spki = post_quantum_spki(algorithm, value);
                (KeySpec::PostQuantum(algorithm), spki, shown)
            }
        };
        let block = key_block(KeyFormatType::X509, Secret::new(spki.clone()), spec);
        let mut shown = shown;
        shown.push((ck::CKA_PUBLIC_KEY_INFO, spki));
        Ok(Self {
            object_type: ObjectType::PublicKey,
            object: ManagedObject::PublicKey(KeyObject { key_block: block }),
            spec: Some(spec),
            attributes: Vec::new(),
            shown,
        })
    }

    fn private_key(template: &Template<'_>) -> Result<Self> {
        let kind = needed_key_type(template)?;
        let (spec, pkcs8, spki) = match kind {
            ck::CKK_RSA => rsa_private(template)?,
            ck::CKK_DSA => (dsa::spec(template)?, dsa::private(template)?, None),
            ck::CKK_EC | ck::CKK_EC_EDWARDS | ck::CKK_EC_MONTGOMERY => ec_private(template, kind)?,
            _ => return Err(Rv::ATTRIBUTE_VALUE_INVALID),
        };
        // The public half goes with the private one, so that it can be shown although the value is locked away.
        let given = template.bytes(ck::CKA_PUBLIC_KEY_INFO).is_some();
        let attributes = spki
            .filter(|_| !given)
            .map(|spki| vendor("pkcs11-public-key-info", Form::Bytes.to_kmip(&spki)))
            .into_iter()
            .collect();
        let block = key_block(KeyFormatType::PKCS8, pkcs8, spec);
        Ok(Self {
            object_type: ObjectType::PrivateKey,
            object: ManagedObject::PrivateKey(KeyObject { key_block: block }),
            spec: Some(spec),
            attributes,
            shown: Vec::new(),
        })
    }

    fn secret_key(template: &Template<'_>) -> Result<Self> {
        let value = template.needed(ck::CKA_VALUE)?;
        let kind = needed_key_type(template)?;
        template.agrees(ck::CKA_VALUE_LEN, ulong(value.len()))?;
        let new = NewSecret::of_type(kind, value.len())?;
        let block = key_block(KeyFormatType::Raw, Secret::from(value), new.spec);
        Ok(Self {
            object_type: ObjectType::SymmetricKey,
            object: ManagedObject::SymmetricKey(KeyObject { key_block: block }),
            spec: Some(new.spec),
            attributes: new.shown(),
            shown: Vec::new(),
        })
    }
}

/// The client-defined Opaque Data Type of `CKO_DATA` objects (KMIP 2.1 §11.33 leaves 8XXXXXXX to extensions).
const OPAQUE_DATA_TYPE: u32 = 0x8000_0001;

/// The attribute that keeps a secret key's type where the algorithm does not tell it.
pub(crate) fn shown_key_type(kind: Ulong) -> Attribute {
    vendor("pkcs11-key-type", Form::Number.to_kmip(&number_bytes(kind)))
}

/// The hash function that a key type is for.
pub(crate) const fn hmac_hash(key_type: Ulong) -> Option<Hash> {
    Some(match key_type {
        ck::CKK_GENERIC_SECRET | ck::CKK_HKDF | ck::CKK_SHA256_HMAC => Hash::Sha256,
        ck::CKK_SHA_1_HMAC => Hash::Sha1,
        ck::CKK_SHA224_HMAC => Hash::Sha224,
        ck::CKK_SHA384_HMAC => Hash::Sha384,
        ck::CKK_SHA512_HMAC => Hash::Sha512,
        ck::CKK_SHA512_224_HMAC => Hash::Sha512_224,
        ck::CKK_SHA512_256_HMAC => Hash::Sha512_256,
        ck::CKK_SHA3_224_HMAC => Hash::Sha3_224,
        ck::CKK_SHA3_256_HMAC => Hash::Sha3_256,
        ck::CKK_SHA3_384_HMAC => Hash::Sha3_384,
        ck::CKK_SHA3_512_HMAC => Hash::Sha3_512,
        _ => return None,
    })
}

fn needed_key_type(template: &Template<'_>) -> Result<Ulong> {
    template
        .number(ck::CKA_KEY_TYPE)
        .ok_or(Rv::TEMPLATE_INCOMPLETE)
}

/// How many bits a number has.
pub(crate) fn bits(number: &[u8]) -> Option<u16> {
    let digits = der::unsigned(number);
    let leading = digits.first().map_or(0, |byte| byte.leading_zeros());
    let bits = digits.len() * 8 - usize::try_from(leading).unwrap_or(0);
    u16::try_from(bits).ok()
}

fn rsa_spec(modulus: &[u8]) -> Result<KeySpec> {
    bits(modulus)
        .filter(|bits| (1024..=8192).contains(bits))
        .map(|bits| KeySpec::Rsa { bits })
        .ok_or(Rv::ATTRIBUTE_VALUE_INVALID)
}

/// The curve that a template names, which must be of the key type.
pub(crate) fn curve_of(template: &Template<'_>, key_type: Ulong) -> Result<Curve> {
    let curve = curve::of_parameters(template.needed(ck::CKA_EC_PARAMS)?)?;
    if curve::key_type(curve) == key_type {
        Ok(curve)
    } else {
        Err(Rv::TEMPLATE_INCONSISTENT)
    }
}

/// A private key as PKCS #8, with the public half where the template has it.
type Private = (KeySpec, Secret, Option<Vec<u8>>);

fn rsa_private(template: &Template<'_>) -> Result<Private> {
    let modulus = template.needed(ck::CKA_MODULUS)?;
    let exponent = template.needed(ck::CKA_PUBLIC_EXPONENT)?;
    let mut numbers = vec![zeroize::Zeroizing::new(der::integer(&[0]))];
    for kind in RSA_PRIVATE {
        numbers.push(der::integer(template.needed(kind)?).into());
    }
    let parts: Vec<&[u8]> = numbers.iter().map(|number| number.as_slice()).collect();
    let key = zeroize::Zeroizing::new(der::element(der::SEQUENCE, &parts));
    let oid: &[u8] = &[6, 9, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 1];
    let pkcs8 = pkcs8(&[oid, &[5, 0]], &key);
    Ok((rsa_spec(modulus)?, pkcs8, Some(rsa_spki(modulus, exponent))))
}

fn ec_private(template: &Template<'_>, key_type: Ulong) -> Result<Private> {
    let curve = curve_of(template, key_type)?;
    let value = template.needed(ck::CKA_VALUE)?;
    let name = curve.oid();
    let (key, pkcs8) = if !curve.is_weierstrass() {
        let key = zeroize::Zeroizing::new(der::element(der::OCTET_STRING, &[value]));
        let pkcs8 = pkcs8(&[name], &key);
        (value.len() == curve.field_bytes(), pkcs8)
    } else {
        // RFC 5915 §3: the scalar is as long as the order, and callers leave leading zeros out.
        let digits = der::unsigned(value);
        let zeros = curve
            .field_bytes()
            .checked_sub(digits.len())
            .ok_or(Rv::ATTRIBUTE_VALUE_INVALID)?;
        let scalar =
            zeroize::Zeroizing::new(der::element(der::OCTET_STRING, &[&vec![0; zeros], digits]));
        let key =
            zeroize::Zeroizing::new(der::element(der::SEQUENCE, &[&der::integer(&[1]), &scalar]));
        let oid: &[u8] = &[6, 7, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 2, 1];
        (!digits.is_empty(), pkcs8(&[oid, name], &key))
    };
    if !key {
        return Err(Rv::ATTRIBUTE_VALUE_INVALID);
    }
    let point = template
        .bytes(ck::CKA_EC_POINT)
        .and_then(|point| curve::point(curve, point));
    Ok((
        KeySpec::Ec(curve),
        pkcs8,
        point.map(|point| ec_spki(curve, point)),
    ))
}

/// PrivateKeyInfo (RFC 5958).
pub(crate) fn pkcs8(algorithm: &[&[u8]], key: &[u8]) -> Secret {
    let algorithm = der::element(der::SEQUENCE, algorithm);
    let key = zeroize::Zeroizing::new(der::element(der::OCTET_STRING, &[key]));
    Secret::new(der::element(
        der::SEQUENCE,
        &[&der::integer(&[0]), &algorithm, &key],
    ))
}

fn key_block(format: KeyFormatType, key: Secret, spec: KeySpec) -> KeyBlock {
    let (algorithm, length, _) = key_attributes(spec, None);
    KeyBlock {
        key_format_type: format,
        key_compression_type: None,
        key_value: Some(KeyValue::plain(KeyMaterial::Bytes(key))),
        cryptographic_algorithm: Some(algorithm),
        cryptographic_length: Some(length),
        key_wrapping_data: None,
    }
}
