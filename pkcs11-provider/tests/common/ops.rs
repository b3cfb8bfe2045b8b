//! The responder's operations.

use kmip::{
    BlockCipherMode, KeyFormatType, LinkType, ObjectType, OperationCode, PaddingMethod,
    ResultReason, Secret, State as KeyState, V2_1, ValidityIndicator,
    attribute::{
        Attribute, AttributeList, AttributeReference, CryptographicParameters, Link,
        UniqueIdentifier, VendorAttribute,
    },
    mechanism::{
        Cipher, KeySpec, Mac, Padding,
        parameters::{cipher, key_spec, mac, signing},
    },
    message::ProtocolVersion,
    object::{KeyBlock, KeyMaterial, KeyObject, KeyValue, ManagedObject},
    payload::{
        Operation, attribute::*, create::*, destroy::*, discover::*, encrypt::*, get::*,
        get_attributes::*, locate::*, mac::*, register::*, revoke::*, rng::*, sign::*,
    },
    ttlv::{Bytes, Reader, Structure, Writer},
};

use super::{
    fake::{State, Stored},
    keys,
};

type Outcome<T> = Result<T, ResultReason>;

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
        DiscoverVersions => |_, _, _, _| Ok(DiscoverVersionsResponse { protocol_version: vec![ProtocolVersion::from(V2_1)] });
        Create => create;
        CreateKeyPair => create_key_pair;
        Register => register;
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

fn validity(valid: bool) -> ValidityIndicator {
    if valid {
        ValidityIndicator::Valid
    } else {
        ValidityIndicator::Invalid
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

fn is_visible(stored: &Stored, who: &str) -> bool {
    let public = [
        ObjectType::PublicKey,
        ObjectType::Certificate,
        ObjectType::OpaqueObject,
    ];
    who == "user" || public.contains(&object_type(stored))
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

fn attributes(list: &AttributeList) -> Vec<Attribute> {
    list.iter().cloned().collect()
}

fn spec_of(stored: &Stored) -> Outcome<KeySpec> {
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

fn create(
    state: &mut State,
    who: &str,
    request: CreateRequest,
    placeholder: &mut Option<String>,
) -> Outcome<CreateResponse> {
    if who != "user" {
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

fn create_key_pair(
    state: &mut State,
    who: &str,
    request: CreateKeyPairRequest,
    placeholder: &mut Option<String>,
) -> Outcome<CreateKeyPairResponse> {
    if who != "user" {
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

fn register(
    state: &mut State,
    who: &str,
    request: RegisterRequest,
    placeholder: &mut Option<String>,
) -> Outcome<RegisterResponse> {
    if who != "user" {
        return Err(ResultReason::PermissionDenied);
    }
    let object = request.object.ok_or(ResultReason::InvalidField)?;
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

fn locate(
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

fn get(
    state: &mut State,
    who: &str,
    request: GetRequest,
    placeholder: &mut Option<String>,
) -> Outcome<GetResponse> {
    let (id, stored) = find(state, who, request.unique_identifier, placeholder)?;
    let kind = object_type(stored);
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
            let bytes = usize::from(spec_of(stored)?.bits() / 8);
            let key = keys::sha256(&[stored.seed.as_bytes()])[..bytes].to_vec();
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

fn block(format: KeyFormatType, key: Vec<u8>) -> KeyBlock {
    KeyBlock {
        key_format_type: format,
        key_compression_type: None,
        key_value: Some(KeyValue::plain(KeyMaterial::Bytes(Secret::new(key)))),
        cryptographic_algorithm: None,
        cryptographic_length: None,
        key_wrapping_data: None,
    }
}

fn get_attributes(
    state: &mut State,
    who: &str,
    request: GetAttributesRequest,
    placeholder: &mut Option<String>,
) -> Outcome<GetAttributesResponse> {
    let (id, stored) = find(state, who, request.unique_identifier, placeholder)?;
    Ok(GetAttributesResponse {
        unique_identifier: id.into(),
        attributes: stored.attributes.iter().cloned().collect(),
    })
}

fn is_same(one: &Attribute, other: &Attribute) -> bool {
    match (one, other) {
        (Attribute::Vendor(one), Attribute::Vendor(other)) => one.is_same_attribute(other),
        _ => one.kind().is_some() && one.kind() == other.kind(),
    }
}

fn add_attribute(
    state: &mut State,
    who: &str,
    request: AddAttributeRequest,
    placeholder: &mut Option<String>,
) -> Outcome<AddAttributeResponse> {
    let (id, stored) = find(state, who, request.unique_identifier, placeholder)?;
    if stored
        .attributes
        .iter()
        .any(|own| is_same(own, &request.new_attribute.attribute))
    {
        return Err(ResultReason::AttributeSingleValued);
    }
    stored.attributes.push(request.new_attribute.attribute);
    Ok(AddAttributeResponse {
        unique_identifier: id.into(),
        attribute: None,
    })
}

fn modify_attribute(
    state: &mut State,
    who: &str,
    request: ModifyAttributeRequest,
    placeholder: &mut Option<String>,
) -> Outcome<ModifyAttributeResponse> {
    let (id, stored) = find(state, who, request.unique_identifier, placeholder)?;
    let new = request.new_attribute.attribute;
    let own = stored.attributes.iter_mut().find(|own| is_same(own, &new));
    *own.ok_or(ResultReason::AttributeNotFound)? = new;
    Ok(ModifyAttributeResponse {
        unique_identifier: id.into(),
        attribute: None,
    })
}

fn delete_attribute(
    state: &mut State,
    who: &str,
    request: DeleteAttributeRequest,
    placeholder: &mut Option<String>,
) -> Outcome<DeleteAttributeResponse> {
    let (id, stored) = find(state, who, request.unique_identifier, placeholder)?;
    let Some(AttributeReference::Vendor {
        vendor_identification,
        attribute_name,
    }) = request.attribute_reference
    else {
        return Err(ResultReason::InvalidField);
    };
    let named = |own: &VendorAttribute| {
        own.vendor_identification == vendor_identification && own.attribute_name == attribute_name
    };
    stored
        .attributes
        .retain(|own| !matches!(own, Attribute::Vendor(own) if named(own)));
    Ok(DeleteAttributeResponse {
        unique_identifier: id.into(),
        attribute: None,
    })
}

fn sign(
    state: &mut State,
    who: &str,
    request: SignRequest,
    placeholder: &mut Option<String>,
) -> Outcome<SignResponse> {
    let (id, stored) = find(state, who, request.unique_identifier, placeholder)?;
    let spec = spec_of(stored)?;
    let how = signing(spec, &request.cryptographic_parameters.unwrap())
        .map_err(|_| ResultReason::BadCryptographicParameters)?;
    let input = request
        .digested_data
        .map(|own| own.0)
        .or_else(|| request.data.map(|own| own.expose().to_vec()));
    let signature = keys::sign(
        spec,
        &stored.seed,
        how,
        &input.ok_or(ResultReason::InvalidField)?,
    );
    Ok(SignResponse {
        unique_identifier: id.into(),
        signature_data: Some(Bytes(signature)),
        correlation_value: None,
    })
}

fn signature_verify(
    state: &mut State,
    who: &str,
    request: SignatureVerifyRequest,
    placeholder: &mut Option<String>,
) -> Outcome<SignatureVerifyResponse> {
    let (id, stored) = find(state, who, request.unique_identifier, placeholder)?;
    let spec = spec_of(stored)?;
    let how = signing(spec, &request.cryptographic_parameters.unwrap())
        .map_err(|_| ResultReason::BadCryptographicParameters)?;
    let input = request
        .digested_data
        .map(|own| own.0)
        .or_else(|| request.data.map(|own| own.expose().to_vec()));
    let expected = keys::sign(spec, &stored.seed, how, &input.unwrap());
    let valid = request.signature_data == Some(Bytes(expected));
    Ok(SignatureVerifyResponse {
        unique_identifier: id.into(),
        validity_indicator: Some(validity(valid)),
        data: None,
        correlation_value: None,
    })
}

fn mac_of(
    state: &mut State,
    who: &str,
    id: Option<UniqueIdentifier>,
    parameters: Option<CryptographicParameters>,
    data: Option<Secret>,
    placeholder: &Option<String>,
) -> Outcome<(UniqueIdentifier, Vec<u8>)> {
    let (id, stored) = find(state, who, id, placeholder)?;
    let Mac::Hmac(hash) = mac(spec_of(stored)?, &parameters.unwrap())
        .map_err(|_| ResultReason::BadCryptographicParameters)?
    else {
        return Err(ResultReason::UnsupportedCryptographicParameters);
    };
    let once = keys::sha256(&[stored.seed.as_bytes(), data.unwrap().expose()]);
    Ok((
        id.into(),
        once.iter()
            .cycle()
            .take(hash.digest_bytes())
            .copied()
            .collect(),
    ))
}

fn cipher_of(stored: &Stored, parameters: &CryptographicParameters) -> Outcome<Cipher> {
    assert!(
        parameters.block_cipher_mode != Some(BlockCipherMode::CBC)
            || parameters
                .padding_method
                .is_some_and(|own| own != PaddingMethod::PKCS1V15)
    );
    cipher(spec_of(stored)?, parameters).map_err(|_| ResultReason::BadCryptographicParameters)
}

fn encrypt(
    state: &mut State,
    who: &str,
    request: EncryptRequest,
    placeholder: &mut Option<String>,
) -> Outcome<EncryptResponse> {
    let (id, stored) = find(state, who, request.unique_identifier, placeholder)?;
    let how = cipher_of(stored, &request.cryptographic_parameters.unwrap())?;
    let key = stored.seed.as_bytes();
    let mut data = request.data.unwrap().expose().to_vec();
    let iv = request
        .iv_counter_nonce
        .map(|own| own.0)
        .unwrap_or_default();
    let additional = request
        .authenticated_encryption_additional_data
        .map(|own| own.0)
        .unwrap_or_default();
    if let Cipher::AesCbc(Padding::Pkcs5) = how {
        let fill = 16 - data.len() % 16;
        data.extend(vec![fill as u8; fill]);
    }
    let (output, tag) = match how {
        Cipher::AesEcb(_) => (
            data.chunks(16)
                .flat_map(|one| keys::block(key, one))
                .collect(),
            None,
        ),
        Cipher::AesCbc(_) => {
            let mut last = iv;
            let chain = |one: &[u8]| {
                let mixed: Vec<u8> = one.iter().zip(&last).map(|(a, b)| a ^ b).collect();
                last = keys::block(key, &mixed);
                last.clone()
            };
            (data.chunks(16).flat_map(chain).collect(), None)
        }
        Cipher::AesCtr => (stream(key, &iv, &data), None),
        Cipher::AesGcm { tag_bytes } => {
            let output = stream(key, &keys::sha256(&[&iv])[..16], &data);
            let tag =
                keys::sha256(&[key, &iv, &additional, &output])[..usize::from(tag_bytes)].to_vec();
            (output, Some(Bytes(tag)))
        }
        other => panic!("{other:?} is public-key work"),
    };
    Ok(EncryptResponse {
        unique_identifier: id.into(),
        data: Some(Bytes(output)),
        iv_counter_nonce: None,
        correlation_value: None,
        authenticated_encryption_tag: tag,
    })
}

fn decrypt(
    state: &mut State,
    who: &str,
    request: DecryptRequest,
    placeholder: &mut Option<String>,
) -> Outcome<DecryptResponse> {
    let (id, stored) = find(state, who, request.unique_identifier, placeholder)?;
    let how = cipher_of(stored, &request.cryptographic_parameters.unwrap())?;
    let key = stored.seed.as_bytes();
    let data = request.data.unwrap().0;
    let iv = request
        .iv_counter_nonce
        .map(|own| own.0)
        .unwrap_or_default();
    let additional = request
        .authenticated_encryption_additional_data
        .map(|own| own.0)
        .unwrap_or_default();
    let failed = ResultReason::CryptographicFailure;
    let output = match how {
        Cipher::AesEcb(_) => data
            .chunks(16)
            .flat_map(|one| keys::block(key, one))
            .collect(),
        Cipher::AesCbc(padding) => {
            let mut last = iv;
            let chain = |one: &[u8]| {
                let plain: Vec<u8> = keys::block(key, one)
                    .iter()
                    .zip(&last)
                    .map(|(a, b)| a ^ b)
                    .collect();
                last = one.to_vec();
                plain
            };
            let mut plain: Vec<u8> = data.chunks(16).flat_map(chain).collect();
            if padding == Padding::Pkcs5 {
                let fill = usize::from(*plain.last().ok_or(failed)?);
                if fill == 0 || fill > 16 || !plain.ends_with(&vec![fill as u8; fill]) {
                    return Err(failed);
                }
                plain.truncate(plain.len() - fill);
            }
            plain
        }
        Cipher::AesCtr => stream(key, &iv, &data),
        Cipher::AesGcm { tag_bytes } => {
            let tag =
                keys::sha256(&[key, &iv, &additional, &data])[..usize::from(tag_bytes)].to_vec();
            if request.authenticated_encryption_tag != Some(Bytes(tag)) {
                return Err(failed);
            }
            stream(key, &keys::sha256(&[&iv])[..16], &data)
        }
        Cipher::RsaPkcs1 => keys::rsa_decrypted(&data).ok_or(failed)?,
        Cipher::RsaOaep { label, .. } => keys::oaep_decrypted(&data, &label).ok_or(failed)?,
        other => panic!("{other:?} was not asked for"),
    };
    Ok(DecryptResponse {
        unique_identifier: id.into(),
        data: Some(Secret::new(output)),
        correlation_value: None,
    })
}

/// A key stream that counts over the whole block.
fn stream(key: &[u8], first: &[u8], data: &[u8]) -> Vec<u8> {
    let first = u128::from_be_bytes(first.try_into().unwrap());
    (0_u128..)
        .zip(data.chunks(16))
        .flat_map(|(n, one)| {
            let pad = keys::sha256(&[key, &first.wrapping_add(n).to_be_bytes()]);
            one.iter().zip(pad).map(|(a, b)| a ^ b).collect::<Vec<u8>>()
        })
        .collect()
}
