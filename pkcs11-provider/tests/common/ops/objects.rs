//! The responder's objects: made, kept, found and given.

use kmip::{
    KeyFormatType, LinkType, ObjectType, ResultReason, Secret,
    attribute::{Attribute, AttributeList, Link},
    mechanism::{KeySpec, parameters::key_spec},
    object::{KeyBlock, KeyMaterial, KeyObject, KeyValue, ManagedObject},
    payload::{create::*, get::*, locate::*, register::*},
};

use super::super::{
    fake::{State, Stored},
    keys,
};

use super::*;

pub(super) fn spec_of(stored: &Stored) -> Outcome<KeySpec> {
    let (mut algorithm, mut length, mut domain) = (None, None, None);
    for own in &stored.attributes {
        match own {
            Attribute::CryptographicAlgorithm(own) => algorithm = Some(*own),
            Attribute::CryptographicLength(own) => length = Some(*own),
            Attribute::CryptographicDomainParameters(own) => domain = Some(own.clone()),
            _ => {}
        }
    }
    key_spec(
        algorithm.ok_or(ResultReason::InvalidObjectType)?,
        length,
        domain.as_ref(),
    )
    .map_err(|_| ResultReason::UnsupportedCryptographicParameters)
}

pub(super) fn create(
    state: &mut State,
    who: &str,
    request: CreateRequest,
    placeholder: &mut Option<String>,
) -> Outcome<CreateResponse> {
    if !is_user(who) {
        return Err(ResultReason::PermissionDenied);
    }
    let id = put(
        state,
        request.object_type,
        attributes(&request.attributes),
        None,
    );
    *placeholder = Some(id.clone());
    Ok(CreateResponse {
        object_type: request.object_type,
        unique_identifier: id.into(),
    })
}

pub(super) fn create_key_pair(
    state: &mut State,
    who: &str,
    request: CreateKeyPairRequest,
    placeholder: &mut Option<String>,
) -> Outcome<CreateKeyPairResponse> {
    if !is_user(who) {
        return Err(ResultReason::PermissionDenied);
    }
    let both =
        |list: &AttributeList| [attributes(&request.common_attributes), attributes(list)].concat();
    let private = put(
        state,
        ObjectType::PrivateKey,
        both(&request.private_key_attributes),
        None,
    );
    let public = put(
        state,
        ObjectType::PublicKey,
        both(&request.public_key_attributes),
        None,
    );
    let link = |link_type, id: &str| {
        Attribute::Link(Link {
            link_type,
            linked_object_identifier: id.into(),
        })
    };
    let stored = state.objects.get_mut(&private).unwrap();
    stored
        .attributes
        .push(link(LinkType::PublicKeyLink, &public));
    let stored = state.objects.get_mut(&public).unwrap();
    stored
        .attributes
        .push(link(LinkType::PrivateKeyLink, &private));
    stored.seed = private.clone();
    *placeholder = Some(private.clone());
    Ok(CreateKeyPairResponse {
        private_key_unique_identifier: private.into(),
        public_key_unique_identifier: public.into(),
    })
}

pub(super) fn register(
    state: &mut State,
    who: &str,
    request: RegisterRequest,
    placeholder: &mut Option<String>,
) -> Outcome<RegisterResponse> {
    if who == "public" {
        return Err(ResultReason::PermissionDenied);
    }
    let object = request.object.clone().ok_or(ResultReason::InvalidField)?;
    let object = unwrapped(state, who, &request, object)?;
    let mut all = attributes(&request.attributes);
    if let Some(block) = object.key_block() {
        all.extend(
            block
                .cryptographic_algorithm
                .map(Attribute::CryptographicAlgorithm),
        );
        all.extend(
            block
                .cryptographic_length
                .map(Attribute::CryptographicLength),
        );
    }
    let id = put(state, request.object_type, all, Some(object));
    *placeholder = Some(id.clone());
    Ok(RegisterResponse {
        unique_identifier: id.into(),
    })
}

pub(super) fn locate(
    state: &mut State,
    who: &str,
    request: LocateRequest,
    placeholder: &mut Option<String>,
) -> Outcome<LocateResponse> {
    let wanted = attributes(&request.attributes);
    let found: Vec<String> = state
        .objects
        .iter()
        .filter(|(_, stored)| {
            is_visible(stored, who) && wanted.iter().all(|one| stored.attributes.contains(one))
        })
        .map(|(id, _)| id.clone())
        .collect();
    *placeholder = found.first().filter(|_| found.len() == 1).cloned();
    // Pages of fifty, so that the module has to turn them.
    let offset = request.offset_items.unwrap_or(0) as usize;
    let page = found
        .iter()
        .skip(offset)
        .take(50)
        .map(|id| id.as_str().into())
        .collect();
    Ok(LocateResponse {
        located_items: Some(found.len() as i32),
        unique_identifier: page,
    })
}

pub(super) fn get(
    state: &mut State,
    who: &str,
    request: GetRequest,
    placeholder: &mut Option<String>,
) -> Outcome<GetResponse> {
    let (id, stored) = find(state, who, request.unique_identifier, placeholder)?;
    let kind = object_type(stored);
    if let Some(how) = &request.key_wrapping_specification {
        let stored = stored.clone();
        return Ok(GetResponse {
            object_type: kind,
            unique_identifier: id.into(),
            object: wrapped(state, who, &stored, how)?,
        });
    }
    assert_ne!(
        kind,
        ObjectType::PrivateKey,
        "nobody asked for a private key"
    );
    if stored.attributes.contains(&Attribute::Sensitive(true)) {
        return Err(ResultReason::Sensitive);
    }
    let object = match (&stored.value, kind) {
        (Some(value), _) => value.clone(),
        (None, ObjectType::PublicKey) => {
            let spki = keys::spki(spec_of(stored)?, &stored.seed);
            ManagedObject::PublicKey(KeyObject {
                key_block: block(KeyFormatType::X509, spki),
            })
        }
        (None, _) => {
            let key = keys::secret(spec_of(stored)?, &stored.seed);
            ManagedObject::SymmetricKey(KeyObject {
                key_block: block(KeyFormatType::Raw, key),
            })
        }
    };
    Ok(GetResponse {
        object_type: kind,
        unique_identifier: id.into(),
        object,
    })
}

pub(super) fn block(format: KeyFormatType, key: Vec<u8>) -> KeyBlock {
    KeyBlock {
        key_format_type: format,
        key_compression_type: None,
        key_value: Some(KeyValue::plain(KeyMaterial::Bytes(Secret::new(key)))),
        cryptographic_algorithm: None,
        cryptographic_length: None,
        key_wrapping_data: None,
    }
}

pub(super) fn attributes(list: &AttributeList) -> Vec<Attribute> {
    list.iter().cloned().collect()
}
