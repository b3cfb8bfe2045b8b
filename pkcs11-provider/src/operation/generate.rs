//! Key generation, always by the daemon.

use cryptoki_sys as ck;
use kmip::{
    ObjectType,
    attribute::{Attribute, AttributeList},
    mechanism::KeySpec,
    payload::create::{Create, CreateKeyPair, CreateKeyPairRequest, CreateRequest},
};

use super::{
    brought::{curve_of, shown_key_type},
    create::{marks_of_generation, spec_attributes, text},
};
use crate::{
    abi::{parameter, pointer::MechanismArgument},
    attribute::{Entry, Form, Ulong, number, size, vendor},
    error::{Names, Result, Rv},
    mechanism::{self, Meaning, Row},
    remote::Again,
    session::Session,
    template::Template,
};

fn row(mechanism: Option<&MechanismArgument<'_>>, function: Ulong) -> Result<&'static Row> {
    let mechanism = mechanism.ok_or(Rv::ARGUMENTS_BAD)?;
    let row = mechanism::row(mechanism.kind, function)?;
    parameter::read(row.shape, mechanism.parameter)?;
    Ok(row)
}

/// The number of bits that a template's number of bytes is.
fn bits(bytes: Ulong) -> Result<u16> {
    size(bytes)
        .checked_mul(8)
        .and_then(|bits| u16::try_from(bits).ok())
        .ok_or(Rv::ATTRIBUTE_VALUE_INVALID)
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
        let bytes = template.number(ck::CKA_VALUE_LEN);
        let (spec, key_type, mut more) = match row.meaning {
            Meaning::GenerateAes => {
                let bits = bits(bytes.ok_or(Rv::TEMPLATE_INCOMPLETE)?)?;
                if ![128, 192, 256].contains(&bits) {
                    return Err(Rv::ATTRIBUTE_VALUE_INVALID);
                }
                (KeySpec::Aes { bits }, ck::CKK_AES, Vec::new())
            }
            Meaning::GenerateSecret(hash, key_type) => {
                let of_hash = crate::attribute::ulong(hash.digest_bytes());
                let bits = bits(bytes.unwrap_or(of_hash))?;
                if !(8..=8192).contains(&bits) {
                    return Err(Rv::ATTRIBUTE_VALUE_INVALID);
                }
                let shown = shown_key_type(key_type);
                (KeySpec::Hmac { hash, bits }, key_type, vec![shown])
            }
            _ => return Err(Rv::MECHANISM_INVALID),
        };
        template.agrees(ck::CKA_KEY_TYPE, key_type)?;
        refuse(&template, &[ck::CKA_VALUE])?;
        self.may_create(&template, ck::CKO_SECRET_KEY)?;
        more.extend(spec_attributes(spec));
        more.extend(marks_of_generation(row.kind));
        more.extend(self.key_attributes(&template, ck::CKO_SECRET_KEY, spec));
        let request = CreateRequest {
            object_type: ObjectType::SymmetricKey,
            attributes: AttributeList::from_iter(more),
            protection_storage_masks: None,
        };
        let response = self
            .slot
            .remote
            .call::<Create>(&request, Again::MustNot)
            .map_err(|failure| failure.seen_by(Names::Template))?;
        let id = text(response.unique_identifier)?;
        let handles = self.adopt_new(&[id], &[template.is_token()])?;
        handles.first().copied().ok_or(Rv::DEVICE_ERROR)
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
        let (spec, key_type) = pair_spec(row.meaning, &public)?;
        for template in [&public, &private] {
            template.agrees(ck::CKA_KEY_TYPE, key_type)?;
            refuse(
                template,
                &[ck::CKA_MODULUS, ck::CKA_EC_POINT, ck::CKA_VALUE],
            )?;
        }
        self.may_create(&public, ck::CKO_PUBLIC_KEY)?;
        self.may_create(&private, ck::CKO_PRIVATE_KEY)?;
        let mut of_public = self.key_attributes(&public, ck::CKO_PUBLIC_KEY, spec);
        let mut of_private = self.key_attributes(&private, ck::CKO_PRIVATE_KEY, spec);
        // Both halves show one CKA_ID, also where only one template has it.
        match (public.bytes(ck::CKA_ID), private.bytes(ck::CKA_ID)) {
            (Some(id), None) => of_private.push(id_attribute(id)),
            (None, Some(id)) => of_public.push(id_attribute(id)),
            _ => {}
        }
        of_public.extend(marks_of_generation(row.kind));
        of_private.extend(marks_of_generation(row.kind));
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
            .map_err(|failure| failure.seen_by(Names::Template))?;
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

fn id_attribute(id: &[u8]) -> Attribute {
    vendor("pkcs11-id", Form::Bytes.to_kmip(id))
}

/// Refuses attributes that only a brought key has.
fn refuse(template: &Template<'_>, kinds: &[Ulong]) -> Result<()> {
    if kinds.iter().any(|kind| template.bytes(*kind).is_some()) {
        return Err(Rv::TEMPLATE_INCONSISTENT);
    }
    Ok(())
}

fn pair_spec(meaning: Meaning, public: &Template<'_>) -> Result<(KeySpec, Ulong)> {
    match meaning {
        Meaning::GenerateRsa => {
            let bits = number(public.needed(ck::CKA_MODULUS_BITS)?).map(size);
            let bits = bits.and_then(|bits| u16::try_from(bits).ok());
            let exponent = public.bytes(ck::CKA_PUBLIC_EXPONENT);
            // Every key has the exponent 65537, which is also the only one that the standard's profiles still allow.
            let usual = exponent.is_none_or(|own| crate::der::unsigned(own) == [1, 0, 1]);
            match bits {
                Some(bits @ 2048..=4096) if bits.is_multiple_of(8) && usual => {
                    Ok((KeySpec::Rsa { bits }, ck::CKK_RSA))
                }
                _ => Err(Rv::ATTRIBUTE_VALUE_INVALID),
            }
        }
        Meaning::GenerateEdwards => {
            let curve = curve_of(public, ck::CKK_EC_EDWARDS)?;
            Ok((KeySpec::Ec(curve), ck::CKK_EC_EDWARDS))
        }
        Meaning::GenerateEc => {
            let curve = curve_of(public, ck::CKK_EC).or_else(|rv| {
                // OpenSC asks for Ed25519 through the mechanism of the other curves.
                match curve_of(public, ck::CKK_EC_EDWARDS) {
                    Ok(curve) if public.number(ck::CKA_KEY_TYPE) == Some(ck::CKK_EC_EDWARDS) => {
                        Ok(curve)
                    }
                    _ => Err(rv),
                }
            })?;
            Ok((KeySpec::Ec(curve), crate::curve::key_type(curve)))
        }
        _ => Err(Rv::MECHANISM_INVALID),
    }
}
