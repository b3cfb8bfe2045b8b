//! New keys: what a template asks for, and how it is made.

use cryptoki_sys as ck;
use kmip::{
    CryptographicUsageMask as Mask, ObjectType, PKCS11ReturnCode as Code,
    attribute::{Attribute, AttributeList, UniqueIdentifier, VendorAttribute},
    mechanism::{KeySpec, parameters::key_attributes},
    payload::create::{Create, CreateKeyPair, CreateKeyPairRequest, CreateRequest},
    ttlv::{AnyValue, ItemType},
};

use super::{
    Call,
    failure::{Failure, Names, Outcome},
    object::{flag, key_type, number},
};
use crate::cryptoki::{
    Entry, Meaning, Ulong, curve_of, kept, key_spec_of, read_parameter, row, usage,
};

type Result<T> = std::result::Result<T, Failure>;

/// A template for a new key.
struct Template<'a>(Vec<Entry<'a>>);

impl<'a> Template<'a> {
    fn value(&self, kind: Ulong) -> Option<&'a [u8]> {
        let entry = self.0.iter().find(|entry| entry.kind == kind);
        entry.and_then(|entry| entry.value)
    }

    fn flag(&self, kind: Ulong) -> Option<bool> {
        self.value(kind).map(|value| value == [1])
    }

    /// That nothing stands in it which this daemon cannot give, or which contradicts what is made.
    fn check(&self, class: Ulong, key_type: Ulong) -> Outcome {
        for entry in &self.0 {
            let agrees = match (entry.kind, entry.value) {
                (ck::CKA_CLASS, value) => value == Some(number(class).as_slice()),
                (ck::CKA_KEY_TYPE, value) => value == Some(number(key_type).as_slice()),
                // Every key is a key of the token, and kept until it is destroyed.
                (ck::CKA_TOKEN, value) => value == Some(flag(true)),
                (ck::CKA_PRIVATE, value) => value == Some(flag(class != ck::CKO_PUBLIC_KEY)),
                (ck::CKA_VALUE | ck::CKA_MODULUS | ck::CKA_EC_POINT, _) => false,
                (kind, _) if kept(kind).is_none() => {
                    return Err(Code::ATTRIBUTETYPEINVALID.into());
                }
                _ => true,
            };
            if !agrees {
                return Err(Code::TEMPLATEINCONSISTENT.into());
            }
        }
        Ok(())
    }

    /// What the new key takes with it.
    fn attributes(&self, call: &Call<'_, '_>, class: Ulong, defaults: Mask) -> Vec<Attribute> {
        let is_secret = class == ck::CKO_SECRET_KEY;
        let asked: Vec<_> = usage(is_secret)
            .filter_map(|(kind, bits)| Some((self.flag(kind)?, bits)))
            .collect();
        // Where a template says nothing of use, the key is good for what its kind is good for.
        let mask = if asked.is_empty() {
            defaults
        } else {
            let given = asked.iter().filter(|(given, _)| *given);
            given.fold(Mask::default(), |all, (_, bits)| all | *bits)
        };
        let mut attributes = vec![
            Attribute::CryptographicUsageMask(mask),
            Attribute::ActivationDate(call.context.now),
        ];
        for (kind, name, item_type) in [
            (ck::CKA_LABEL, "pkcs11-label", ItemType::TextString),
            (ck::CKA_ID, "pkcs11-id", ItemType::ByteString),
        ] {
            let value = self.value(kind).filter(|value| {
                item_type != ItemType::TextString || std::str::from_utf8(value).is_ok()
            });
            attributes.extend(value.map(|value| {
                Attribute::Vendor(VendorAttribute {
                    vendor_identification: VendorAttribute::CLIENT.to_owned(),
                    attribute_name: name.to_owned(),
                    value: AnyValue {
                        item_type,
                        body: value.to_vec(),
                    },
                })
            }));
        }
        if class != ck::CKO_PUBLIC_KEY {
            // Keys made over this way are locked unless the template says otherwise.
            let sensitive = self.flag(ck::CKA_SENSITIVE).unwrap_or(true);
            let extractable = self.flag(ck::CKA_EXTRACTABLE).unwrap_or(false);
            attributes.push(Attribute::Sensitive(sensitive));
            attributes.push(Attribute::Extractable(extractable));
        }
        attributes
    }
}

fn spec_attributes(spec: KeySpec) -> Vec<Attribute> {
    let (algorithm, length, domain) = key_attributes(spec, None);
    let mut attributes = vec![
        Attribute::CryptographicAlgorithm(algorithm),
        Attribute::CryptographicLength(length),
    ];
    attributes.extend(domain.map(Attribute::CryptographicDomainParameters));
    attributes
}

/// What a mechanism for new keys means, in a session that may write.
fn generation(call: &mut Call<'_, '_>, function: Ulong) -> Result<Meaning> {
    let (_, session) = call.session()?;
    let (mechanism, parameter) = call.arguments.mechanism()?;
    let row = row(mechanism, function).ok_or(Code::MECHANISMINVALID)?;
    read_parameter(row.meaning, parameter).ok_or(Code::MECHANISMPARAMINVALID)?;
    if session.is_read_write {
        Ok(row.meaning)
    } else {
        Err(Code::SESSIONREADONLY.into())
    }
}

/// The handle of a new object.
fn adopt(call: &Call<'_, '_>, id: &UniqueIdentifier) -> Result<Ulong> {
    let limits = call.context.service.applications.limits;
    let UniqueIdentifier::Text(id) = id else {
        return Err(Code::DEVICEERROR.into());
    };
    let handle = call.application(|own| own.handle(id, &limits))?;
    Ok(handle.ok_or(Code::DEVICEMEMORY)?)
}

pub(super) fn generate_key(call: &mut Call<'_, '_>) -> Outcome {
    let meaning = generation(call, ck::CKF_GENERATE)?;
    let template = Template(call.arguments.template()?);
    call.arguments.end()?;
    let length = template
        .value(ck::CKA_VALUE_LEN)
        .ok_or(Code::TEMPLATEINCOMPLETE)?;
    let spec = key_spec_of(meaning, length).ok_or(Code::ATTRIBUTEVALUEINVALID)?;
    template.check(ck::CKO_SECRET_KEY, key_type(spec))?;
    let defaults = match meaning {
        Meaning::GenerateAes => Mask::Encrypt | Mask::Decrypt,
        _ => Mask::MACGenerate | Mask::MACVerify,
    };
    let mut attributes = template.attributes(call, ck::CKO_SECRET_KEY, defaults);
    attributes.extend(spec_attributes(spec));
    let request = CreateRequest {
        object_type: ObjectType::SymmetricKey,
        attributes: AttributeList::from_iter(attributes),
        protection_storage_masks: None,
    };
    let response = call.perform::<Create>(request, Names::Template)?;
    let handle = adopt(call, &response.unique_identifier)?;
    call.output.ulong(handle);
    Ok(())
}

pub(super) fn generate_key_pair(call: &mut Call<'_, '_>) -> Outcome {
    let meaning = generation(call, ck::CKF_GENERATE_KEY_PAIR)?;
    let public = Template(call.arguments.template()?);
    let private = Template(call.arguments.template()?);
    call.arguments.end()?;
    let spec = pair_spec(meaning, &public)?;
    public.check(ck::CKO_PUBLIC_KEY, key_type(spec))?;
    private.check(ck::CKO_PRIVATE_KEY, key_type(spec))?;
    let (of_public, of_private) = match spec {
        KeySpec::Rsa { .. } => (Mask::Verify | Mask::Encrypt, Mask::Sign | Mask::Decrypt),
        _ => (Mask::Verify, Mask::Sign),
    };
    let request = CreateKeyPairRequest {
        common_attributes: AttributeList::from_iter(spec_attributes(spec)),
        private_key_attributes: AttributeList::from_iter(private.attributes(
            call,
            ck::CKO_PRIVATE_KEY,
            of_private,
        )),
        public_key_attributes: AttributeList::from_iter(public.attributes(
            call,
            ck::CKO_PUBLIC_KEY,
            of_public,
        )),
        common_protection_storage_masks: None,
        private_protection_storage_masks: None,
        public_protection_storage_masks: None,
    };
    let response = call.perform::<CreateKeyPair>(request, Names::Template)?;
    // The order of the function's own parameters: the public key comes first.
    for id in [
        &response.public_key_unique_identifier,
        &response.private_key_unique_identifier,
    ] {
        let handle = adopt(call, id)?;
        call.output.ulong(handle);
    }
    Ok(())
}

fn pair_spec(meaning: Meaning, public: &Template<'_>) -> Result<KeySpec> {
    if meaning == Meaning::GenerateRsa {
        let bits = public
            .value(ck::CKA_MODULUS_BITS)
            .ok_or(Code::TEMPLATEINCOMPLETE)?;
        let bits = crate::cryptoki::number(bits).and_then(|bits| u16::try_from(bits).ok());
        let exponent = public.value(ck::CKA_PUBLIC_EXPONENT);
        // Every key has the exponent 65537.
        let is_usual = exponent.is_none_or(|own| matches!(own, [1, 0, 1] | [0, 1, 0, 1]));
        return match bits {
            Some(bits @ 2048..=4096) if bits.is_multiple_of(8) && is_usual => {
                Ok(KeySpec::Rsa { bits })
            }
            _ => Err(Code::ATTRIBUTEVALUEINVALID.into()),
        };
    }
    let parameters = public
        .value(ck::CKA_EC_PARAMS)
        .ok_or(Code::TEMPLATEINCOMPLETE)?;
    let curve = curve_of(parameters).ok_or(Code::CURVENOTSUPPORTED)?;
    Ok(KeySpec::Ec(curve))
}
