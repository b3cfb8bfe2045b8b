//! The responder's operations.

mod attributes;
mod cryptography;
mod handling;
mod objects;
mod tokens;

use kmip::{
    ObjectType, OperationCode, ResultReason, Secret, State as KeyState, V2_1,
    attribute::{Attribute, UniqueIdentifier},
    message::ProtocolVersion,
    object::ManagedObject,
    payload::{
        Operation, attribute::*, create::*, derive::*, destroy::*, discover::*, encrypt::*, get::*,
        get_attributes::*, locate::*, mac::*, pkcs11::*, register::*, revoke::*, rng::*, sign::*,
    },
    ttlv::{Bytes, Reader, Structure, Writer},
};

use super::{
    fake::{State, Stored},
    keys,
};

type Outcome<T> = Result<T, ResultReason>;

use self::{attributes::*, cryptography::*, handling::*, objects::*};

fn payload<O: Operation>(response: O::Response) -> Vec<u8> {
    let mut writer = Writer::new(V2_1);
    response.write_fields(&mut writer);
    writer.bytes().to_vec()
}

fn read<O: Operation>(reader: Reader<'_>) -> O::Request {
    O::Request::read_fields(reader).unwrap_or_else(|error| panic!("{:?}: {error}", O::CODE))
}

/// Performs one item.
pub fn perform(
    state: &mut State,
    who: &str,
    code: OperationCode,
    reader: Reader<'_>,
    placeholder: &mut Option<String>,
) -> Outcome<Vec<u8>> {
    macro_rules! serve {
        ($($operation:ident => $function:expr;)*) => {
            match code {
                $(OperationCode::$operation => {
                    let request = read::<$operation>(reader);
                    let function: fn(&mut State, &str, <$operation as Operation>::Request, &mut Option<String>)
                        -> Outcome<<$operation as Operation>::Response> = $function;
                    function(state, who, request, placeholder).map(payload::<$operation>)
                })*
                _ => Err(ResultReason::OperationNotSupported),
            }
        };
    }
    serve! {
        PKCS11 => tokens::call;
        DiscoverVersions => |_, _, _, _| Ok(DiscoverVersionsResponse { protocol_version: vec![ProtocolVersion::from(V2_1)] });
        Create => create;
        CreateKeyPair => create_key_pair;
        Register => register;
        DeriveKey => derive;
        Locate => locate;
        Get => get;
        GetAttributes => get_attributes;
        AddAttribute => add_attribute;
        ModifyAttribute => modify_attribute;
        DeleteAttribute => delete_attribute;
        Revoke => |state, who, request, placeholder| {
            let id = find(state, who, request.unique_identifier, placeholder)?.0;
            Ok(RevokeResponse { unique_identifier: id.into() })
        };
        Destroy => |state, who, request, placeholder| {
            let id = find(state, who, request.unique_identifier, placeholder)?.0;
            state.objects.remove(&id);
            Ok(DestroyResponse { unique_identifier: id.into() })
        };
        Sign => sign;
        SignatureVerify => signature_verify;
        MAC => |state, who, request, placeholder| {
            let (id, mac) = mac_of(state, who, request.unique_identifier, request.cryptographic_parameters, request.data, placeholder)?;
            Ok(MACResponse { unique_identifier: id, mac_data: Some(Bytes(mac)), correlation_value: None })
        };
        MACVerify => |state, who, request, placeholder| {
            let (id, mac) = mac_of(state, who, request.unique_identifier, request.cryptographic_parameters, request.data, placeholder)?;
            let valid = request.mac_data == Some(Bytes(mac));
            Ok(MACVerifyResponse { unique_identifier: id, validity_indicator: Some(validity(valid)), correlation_value: None })
        };
        Encrypt => encrypt;
        Decrypt => decrypt;
        RNGRetrieve => |state, _, request, _| {
            state.made += 1;
            let bytes = (0..request.data_length).map(|n| keys::sha256(&[&state.made.to_be_bytes(), &n.to_be_bytes()])[0]);
            Ok(RNGRetrieveResponse { data: Secret::new(bytes.collect()) })
        };
    }
}

fn object_type(stored: &Stored) -> ObjectType {
    stored
        .attributes
        .iter()
        .find_map(|own| match own {
            Attribute::ObjectType(own) => Some(*own),
            _ => None,
        })
        .unwrap()
}

/// Whether the user's PIN or a user's own password was given.
fn is_user(who: &str) -> bool {
    !["public", "so"].contains(&who)
}

fn is_visible(stored: &Stored, who: &str) -> bool {
    let public = [
        ObjectType::PublicKey,
        ObjectType::Certificate,
        ObjectType::OpaqueObject,
    ];
    is_user(who) || public.contains(&object_type(stored))
}

fn find<'a>(
    state: &'a mut State,
    who: &str,
    id: Option<UniqueIdentifier>,
    placeholder: &Option<String>,
) -> Outcome<(String, &'a mut Stored)> {
    let id = match id {
        Some(UniqueIdentifier::Text(id)) => id,
        _ => placeholder.clone().ok_or(ResultReason::InvalidField)?,
    };
    match state.objects.get_mut(&id) {
        Some(stored) if is_visible(stored, who) => Ok((id, stored)),
        _ => Err(ResultReason::ObjectNotFound),
    }
}

/// Puts an object in under a new identifier.
pub fn put(
    state: &mut State,
    kind: ObjectType,
    attributes: Vec<Attribute>,
    value: Option<ManagedObject>,
) -> String {
    state.made += 1;
    let id = format!("0a0b0c0d-0000-4000-8000-{:012x}", state.made);
    let active = attributes
        .iter()
        .any(|own| matches!(own, Attribute::ActivationDate(_)));
    let mut all = vec![
        Attribute::UniqueIdentifier(id.as_str().into()),
        Attribute::ObjectType(kind),
        Attribute::State(if active {
            KeyState::Active
        } else {
            KeyState::PreActive
        }),
    ];
    let sensitive = attributes.contains(&Attribute::Sensitive(true));
    all.push(Attribute::AlwaysSensitive(sensitive));
    all.push(Attribute::NeverExtractable(
        !attributes.contains(&Attribute::Extractable(true)),
    ));
    all.extend(attributes);
    state.objects.insert(
        id.clone(),
        Stored {
            attributes: all,
            value,
            seed: id.clone(),
        },
    );
    id
}
