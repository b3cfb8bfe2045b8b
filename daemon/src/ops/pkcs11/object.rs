//! Objects: found, described, destroyed.

use std::collections::{HashMap, VecDeque};

use cryptoki_sys as ck;
use kmip::{
    KeyFormatType, ObjectType, PKCS11ReturnCode as Code, RevocationReasonCode, State,
    attribute::{Attribute, RevocationReason, UniqueIdentifier, VendorAttribute},
    mechanism::{Curve, KeySpec},
    object::{KeyMaterial, KeyValue, ManagedObject},
    payload::{
        destroy::{Destroy, DestroyRequest},
        get::{Get, GetRequest},
        get_attributes::{GetAttributes, GetAttributesRequest},
        locate::{Locate, LocateRequest},
        revoke::{Revoke, RevokeRequest},
    },
};
use store::{ObjectId, Record};

use super::{
    Call,
    failure::{Failure, Names, Outcome},
};
use crate::{
    cryptoki::{Entry, Kept, Ulong, id_bytes, id_of_bytes, kept, oid, ulong, usage},
    policy::is_public,
};

type Result<T> = std::result::Result<T, Failure>;

/// The values of an object: numbers are big-endian.
type Values = HashMap<Ulong, Vec<u8>>;

pub(super) fn number(number: Ulong) -> Vec<u8> {
    crate::cryptoki::number_bytes(number).to_vec()
}

pub(super) const fn flag(flag: bool) -> &'static [u8] {
    if flag { &[1] } else { &[0] }
}

/// The class of a kind of object; none of kinds that PKCS #11 has no class for.
const fn class(object_type: ObjectType) -> Option<Ulong> {
    Some(match object_type {
        ObjectType::Certificate => ck::CKO_CERTIFICATE,
        ObjectType::SymmetricKey => ck::CKO_SECRET_KEY,
        ObjectType::PublicKey => ck::CKO_PUBLIC_KEY,
        ObjectType::PrivateKey => ck::CKO_PRIVATE_KEY,
        ObjectType::OpaqueObject | ObjectType::SecretData => ck::CKO_DATA,
        _ => return None,
    })
}

/// The type of keys of a kind; of those that no mechanism here takes, a vendor's.
pub(super) fn key_type(spec: KeySpec) -> Ulong {
    let types = [
        (matches!(spec, KeySpec::Aes { .. }), ck::CKK_AES),
        (matches!(spec, KeySpec::Rsa { .. }), ck::CKK_RSA),
        (spec == KeySpec::Ec(Curve::Ed25519), ck::CKK_EC_EDWARDS),
        (matches!(spec, KeySpec::Ec(_)), ck::CKK_EC),
        (matches!(spec, KeySpec::Hmac { .. }), ck::CKK_GENERIC_SECRET),
    ];
    let found = types.iter().find(|(is_it, _)| *is_it);
    found.map_or(ck::CKK_VENDOR_DEFINED, |(_, key_type)| *key_type)
}

/// The value of the module's vendor attribute with this name.
fn vendor<'a>(record: &'a Record, name: &'a str) -> Option<&'a [u8]> {
    record
        .attributes
        .vendor_of(VendorAttribute::CLIENT, name)
        .next()
        .map(|(_, own)| own.value.body.as_slice())
}

/// What is known of an object without its value.
fn known(record: &Record) -> Option<Values> {
    let class = class(record.object_type)?;
    let attributes = &record.attributes;
    let mut values = Values::from([
        (ck::CKA_CLASS, number(class)),
        (ck::CKA_TOKEN, flag(true).to_vec()),
        (
            ck::CKA_PRIVATE,
            flag(!is_public(record.object_type)).to_vec(),
        ),
        (ck::CKA_MODIFIABLE, flag(false).to_vec()),
        (ck::CKA_COPYABLE, flag(false).to_vec()),
        (ck::CKA_DESTROYABLE, flag(true).to_vec()),
        (ck::CKA_UNIQUE_ID, record.id.0.clone().into_bytes()),
    ]);
    let name = attributes.name.first().map(|own| own.name_value.as_bytes());
    let label = vendor(record, "pkcs11-label").or(name).unwrap_or_default();
    values.insert(ck::CKA_LABEL, label.to_vec());
    let id = vendor(record, "pkcs11-id").map(<[u8]>::to_vec);
    values.insert(ck::CKA_ID, id.unwrap_or_else(|| id_bytes(&record.id.0)));
    if class == ck::CKO_CERTIFICATE {
        values.insert(ck::CKA_CERTIFICATE_TYPE, number(ck::CKC_X_509));
    }
    if let Some(spec) = record.spec {
        let is_secret = class == ck::CKO_SECRET_KEY;
        values.insert(ck::CKA_KEY_TYPE, number(key_type(spec)));
        let mask = attributes.cryptographic_usage_mask.unwrap_or_default();
        for (kind, bits) in usage(is_secret) {
            values.insert(kind, flag(mask.intersects(bits)).to_vec());
        }
        match spec {
            KeySpec::Ec(curve) => _ = values.insert(ck::CKA_EC_PARAMS, oid(curve).to_vec()),
            KeySpec::Rsa { bits } => {
                values.insert(ck::CKA_MODULUS_BITS, number(Ulong::from(bits)));
            }
            _ => {
                let bytes = usize::from(spec.bits().div_ceil(8));
                values.insert(ck::CKA_VALUE_LEN, number(ulong(bytes)));
            }
        }
    }
    if !is_public(record.object_type) {
        for (kind, own) in [
            (ck::CKA_SENSITIVE, attributes.sensitive),
            (ck::CKA_EXTRACTABLE, attributes.extractable),
            (ck::CKA_ALWAYS_SENSITIVE, attributes.always_sensitive),
            (ck::CKA_NEVER_EXTRACTABLE, attributes.never_extractable),
        ] {
            let default = kind == ck::CKA_SENSITIVE;
            values.insert(kind, flag(own.unwrap_or(default)).to_vec());
        }
    }
    Some(values)
}

/// `C_FindObjectsInit`: what the vault has is asked for by an index where there is one; the rest is compared here.
pub(super) fn find_init(call: &mut Call<'_, '_>) -> Outcome {
    let (handle, mut session) = call.session()?;
    let template = call.arguments.template()?;
    call.arguments.end()?;
    if session.found.is_some() {
        return Err(Code::OPERATIONACTIVE.into());
    }
    let limits = call.context.service.applications.limits;
    let mut found = VecDeque::new();
    for id in located(call, &template)? {
        let own = call.application(|own| own.handle(&id, &limits))?;
        found.push_back(own.ok_or(Code::DEVICEMEMORY)?);
    }
    session.found = Some(found);
    call.put_back(handle, session);
    Ok(())
}

/// The identifiers of what matches a template.
fn located(call: &mut Call<'_, '_>, template: &[Entry<'_>]) -> Result<Vec<String>> {
    let wanted = |kind: Ulong| {
        let entry = template.iter().find(|entry| entry.kind == kind);
        entry.and_then(|entry| entry.value)
    };
    let mut attributes = Vec::new();
    match wanted(ck::CKA_CLASS).map(crate::cryptoki::number) {
        None => {}
        Some(Some(class)) => match object_type(class) {
            Some(object_type) => attributes.push(Attribute::ObjectType(object_type)),
            None if class == ck::CKO_DATA => {}
            None => return Ok(Vec::new()),
        },
        Some(None) => return Err(Code::ATTRIBUTEVALUEINVALID.into()),
    }
    let own_id = wanted(ck::CKA_ID).and_then(id_of_bytes);
    let request = LocateRequest {
        attributes: attributes.into_iter().collect(),
        ..LocateRequest::default()
    };
    let located = call.perform::<Locate>(request, Names::Session)?;
    let mut ids = Vec::new();
    for id in located.unique_identifier {
        let UniqueIdentifier::Text(id) = id else {
            continue;
        };
        // A search by an identifier's bytes need not read what has another.
        let Some(record) = call
            .context
            .tx
            .record(&ObjectId(id.clone()))
            .map_err(|error| Failure::Refused(error.into(), Names::Session))?
        else {
            continue;
        };
        let is_own = own_id.as_deref() == Some(id.as_str());
        let values = known(&record).filter(|_| !record.is_destroyed());
        let matches = values.is_some_and(|values| {
            template.iter().all(|entry| {
                let given = entry.value.unwrap_or_default();
                let known = values.get(&entry.kind).map(Vec::as_slice);
                known == Some(given) || (entry.kind == ck::CKA_ID && is_own)
            })
        });
        if matches {
            ids.push(id);
        }
    }
    Ok(ids)
}

const fn object_type(class: Ulong) -> Option<ObjectType> {
    Some(match class {
        ck::CKO_CERTIFICATE => ObjectType::Certificate,
        ck::CKO_SECRET_KEY => ObjectType::SymmetricKey,
        ck::CKO_PUBLIC_KEY => ObjectType::PublicKey,
        ck::CKO_PRIVATE_KEY => ObjectType::PrivateKey,
        _ => return None,
    })
}

pub(super) fn find(call: &mut Call<'_, '_>) -> Outcome {
    let (handle, mut session) = call.session()?;
    let most = call.arguments.count_or_number()?;
    let found = session
        .found
        .as_mut()
        .ok_or(Code::OPERATIONNOTINITIALIZED)?;
    let told = found.drain(..most.min(found.len())).collect::<Vec<_>>();
    call.output.count(told.len());
    for handle in told {
        call.output.ulong(handle);
    }
    call.put_back(handle, session);
    Ok(())
}

pub(super) fn find_final(call: &mut Call<'_, '_>) -> Outcome {
    let (handle, mut session) = call.session()?;
    call.arguments.end()?;
    session.found.take().ok_or(Code::OPERATIONNOTINITIALIZED)?;
    call.put_back(handle, session);
    Ok(())
}

/// `C_GetAttributeValue`: each value, or none of one that is not told, is too long, or does not exist.
pub(super) fn attribute_value(call: &mut Call<'_, '_>) -> Outcome {
    call.session()?;
    let object = call.arguments.ulong()?;
    let template = call.arguments.template()?;
    call.arguments.end()?;
    let id = call.object(object, Code::OBJECTHANDLEINVALID)?;
    let request = GetAttributesRequest {
        unique_identifier: Some(id.as_str().into()),
        attribute_reference: Vec::new(),
    };
    call.perform::<GetAttributes>(request, Names::Object)?;
    let record = call
        .context
        .tx
        .record(&ObjectId(id))
        .map_err(|error| Failure::Refused(error.into(), Names::Object))?
        .ok_or(Code::OBJECTHANDLEINVALID)?;
    let mut values = known(&record).ok_or(Code::OBJECTHANDLEINVALID)?;
    let asks_for_value = template
        .iter()
        .any(|entry| matches!(kept(entry.kind), Some(Kept::Public | Kept::Value)));
    let attributes = &record.attributes;
    let is_told = is_public(record.object_type)
        || (attributes.sensitive == Some(false) && attributes.extractable == Some(true));
    if asks_for_value && is_told {
        add_value(call, &record, &mut values)?;
    }
    let mut code = Code::OK;
    call.output.count(template.len());
    for entry in &template {
        let value = values.get(&entry.kind).map(Vec::as_slice);
        let is_short = match (entry.length, value) {
            (Some(length), Some(value)) => length < value.len(),
            _ => false,
        };
        let own = match (value, kept(entry.kind)) {
            (Some(_), _) if is_short => Code::BUFFERTOOSMALL,
            (Some(_), _) => Code::OK,
            (None, Some(Kept::Value)) if !is_told => Code::ATTRIBUTESENSITIVE,
            (None, _) => Code::ATTRIBUTETYPEINVALID,
        };
        call.output
            .attribute(entry.kind, value.filter(|_| own == Code::OK));
        if own != Code::OK {
            code = own;
        }
    }
    if code == Code::OK {
        Ok(())
    } else {
        Err(code.into())
    }
}

/// Adds what stands in the object's value, which is released like any other.
fn add_value(call: &mut Call<'_, '_>, record: &Record, values: &mut Values) -> Outcome {
    let key_format_type = match (record.object_type, record.spec) {
        (ObjectType::PublicKey, Some(KeySpec::Rsa { .. })) => {
            Some(KeyFormatType::TransparentRSAPublicKey)
        }
        (ObjectType::PublicKey, Some(KeySpec::Ec(_))) => {
            Some(KeyFormatType::TransparentECPublicKey)
        }
        (ObjectType::SymmetricKey, _) => Some(KeyFormatType::Raw),
        // What a private key is made of is told to nobody over this way.
        (ObjectType::PrivateKey, _) => return Ok(()),
        _ => None,
    };
    let request = GetRequest {
        unique_identifier: Some(record.id.0.as_str().into()),
        key_format_type,
        ..GetRequest::default()
    };
    let object = call.perform::<Get>(request, Names::Object)?.object;
    match &object {
        ManagedObject::Certificate(own) => {
            values.insert(ck::CKA_VALUE, own.certificate_value.0.clone());
        }
        ManagedObject::OpaqueObject(own) => {
            values.insert(ck::CKA_VALUE, own.opaque_data_value.expose().to_vec());
        }
        _ => {}
    }
    let material = object.key_block().and_then(|block| match &block.key_value {
        Some(KeyValue::Plain { key_material, .. }) => Some(key_material),
        _ => None,
    });
    match material {
        Some(KeyMaterial::Bytes(bytes)) => {
            values.insert(ck::CKA_VALUE, bytes.expose().to_vec());
        }
        Some(KeyMaterial::RSAPublic(key)) => {
            let unsigned =
                |own: &kmip::ttlv::BigInteger| own.to_unsigned().map(|own| own.expose().to_vec());
            values.extend(unsigned(&key.modulus).map(|own| (ck::CKA_MODULUS, own)));
            values.extend(unsigned(&key.public_exponent).map(|own| (ck::CKA_PUBLIC_EXPONENT, own)));
        }
        Some(KeyMaterial::ECPublic(key)) => {
            values.insert(ck::CKA_EC_POINT, octet_string(&key.q_string.0));
        }
        _ => {}
    }
    Ok(())
}

/// A point as PKCS #11 has it: a DER OCTET STRING.
fn octet_string(point: &[u8]) -> Vec<u8> {
    let mut der = vec![4];
    let length = u8::try_from(point.len()).unwrap_or(u8::MAX);
    if length > 127 {
        der.push(0x81);
    }
    der.push(length);
    der.extend_from_slice(point);
    der
}

/// `C_DestroyObject`: what is active is revoked before.
pub(super) fn destroy(call: &mut Call<'_, '_>) -> Outcome {
    let (_, session) = call.session()?;
    let object = call.arguments.ulong()?;
    call.arguments.end()?;
    let id = call.object(object, Code::OBJECTHANDLEINVALID)?;
    if !session.is_read_write {
        return Err(Code::SESSIONREADONLY.into());
    }
    let unique_identifier = Some(UniqueIdentifier::from(id.as_str()));
    let record = call
        .context
        .tx
        .record(&ObjectId(id))
        .map_err(|error| Failure::Refused(error.into(), Names::Object))?;
    let state = record.and_then(|record| record.state_at(call.context.now));
    if state == Some(State::Active) {
        let request = RevokeRequest {
            unique_identifier: unique_identifier.clone(),
            revocation_reason: Some(RevocationReason {
                revocation_reason_code: RevocationReasonCode::CessationOfOperation,
                revocation_message: None,
            }),
            compromise_occurrence_date: None,
        };
        call.perform::<Revoke>(request, Names::Object)?;
        call.context.note = Some("C_DestroyObject, revoked before".into());
    }
    let request = DestroyRequest { unique_identifier };
    call.perform::<Destroy>(request, Names::Object)?;
    call.application(|own| own.forget(object))
}
