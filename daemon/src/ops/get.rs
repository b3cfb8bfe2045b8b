//! Get.

use hsm::Material;
use kmip::{
    KeyCompressionType, KeyFormatType, KeyWrapType, ObjectType, Secret,
    mechanism::KeySpec,
    object::{
        Certificate, KeyBlock, KeyObject, ManagedObject, OpaqueObject, PGPKey, SecretData,
        SplitKey, Template,
    },
    payload::get::{Get, GetRequest, GetResponse},
    ttlv::Bytes,
};
use store::{Custody, Record};

use super::{Handler, query::is_known_in, split, wrapping};
use crate::{
    context::{Authorized, Context},
    custody::Value,
    error::{Error, Result},
    fault::Fault,
    lifecycle, marks, material, pkcs12,
    policy::{Access, is_secret},
    secret_data,
    service::Service,
    templates, whole,
};

impl Handler for Get {
    const ACCESS: Access = Access::Release;

    fn is_light(service: &Service, request: &GetRequest) -> bool {
        // The first Get of an object writes that it is no longer fresh.
        service.has_light_key(request.unique_identifier.as_ref(), |record| {
            record.attributes.fresh != Some(true)
        })
    }

    fn handle(context: &mut Context<'_>, request: GetRequest) -> Result<GetResponse> {
        let object = context.object(request.unique_identifier.clone())?;
        let value = release(context, &object, &request)?;
        serve_fresh(context, &object)?;
        Ok(GetResponse {
            object_type: object.record().object_type,
            unique_identifier: object.identifier(),
            object: value,
        })
    }
}

/// An object's value in the form that is asked for, if it may leave.
pub(super) fn release(
    context: &mut Context<'_>,
    object: &Authorized,
    request: &GetRequest,
) -> Result<ManagedObject> {
    let mut request = request.clone();
    if request.key_wrap_type == Some(KeyWrapType::AsRegistered)
        && request.key_wrapping_specification.is_none()
    {
        request.key_wrapping_specification = wrapping::as_registered(object.record())?;
    }
    let unopened = context.unopened(object.record())?;
    let is_encrypted = match &unopened {
        // Under which key it came is not known here.
        Some(_) if marks::wants_trusted(object.record()) => false,
        Some(kept) => kept.key_block().is_some_and(wrapping::is_encrypted),
        None => {
            let how = request.key_wrapping_specification.as_ref();
            how.is_some_and(|how| wrapping::encrypts(how.wrapping_method))
        }
    };
    may_leave(object.record(), is_encrypted)?;
    check_form(&request, object.record())?;
    let value = match unopened {
        Some(kept) => wrapping::as_it_came(kept, &request)?,
        None => value(context, object, &request)?,
    };
    if is_secret(object.record().object_type) {
        context.note("released");
    }
    Ok(value)
}

/// Whether an object's value may leave: this is the one gate in front of every release (KMIP 2.1 §4.22, §4.56).
pub(super) fn may_leave(record: &Record, wrapped: bool) -> Result<()> {
    if record.is_destroyed() {
        return Err(lifecycle::destroyed());
    }
    // What is public by nature is kept back only when somebody said so.
    let is_open = !is_secret(record.object_type);
    let sensitive = record.attributes.sensitive.unwrap_or(!is_open);
    let extractable = record.attributes.extractable.unwrap_or(is_open);
    if marks::wants_trusted(record) && !wrapped {
        return Err(wants_trusted());
    }
    if sensitive && !wrapped {
        return Err(Error::new(Fault::Sensitive, "the object is sensitive"));
    }
    if !extractable {
        return Err(Error::new(
            Fault::NotExtractable,
            "the object is not extractable",
        ));
    }
    Ok(())
}

/// The refusal of a key that leaves only under one that is trusted (PKCS #11 3.2 §4.9, CKA_WRAP_WITH_TRUSTED).
pub(super) fn wants_trusted() -> Error {
    Error::new(
        Fault::NotExtractable,
        "the key leaves only under a key that the security officer trusts",
    )
}

fn check_form(request: &GetRequest, record: &Record) -> Result<()> {
    if request
        .key_wrap_type
        .is_some_and(|wrap| wrap != KeyWrapType::NotWrapped && wrap != KeyWrapType::AsRegistered)
    {
        return Err(Error::new(
            Fault::KeyWrapNotServed,
            "this key wrap type is not served",
        ));
    }
    let served = match request.key_compression_type {
        Some(KeyCompressionType::ECPublicKeyTypeX962CompressedPrime) => record
            .spec
            .is_some_and(|spec| matches!(spec, KeySpec::Ec(curve) if curve.is_weierstrass())),
        other => other.is_none_or(|own| own == KeyCompressionType::ECPublicKeyTypeUncompressed),
    };
    if !served && record.object_type == ObjectType::PublicKey {
        return Err(Error::new(
            Fault::KeyCompressionNotServed,
            "points of prime curves are served uncompressed or compressed, others as they are",
        ));
    }
    Ok(())
}

fn value(
    context: &mut Context<'_>,
    object: &Authorized,
    request: &GetRequest,
) -> Result<ManagedObject> {
    let record = object.record();
    if matches!(record.custody, Custody::Absent(_)) {
        return description(record, request);
    }
    let value = context.value(record)?;
    if !is_known_in(record.object_type, context.version) {
        return Err(Error::new(
            Fault::WrongObjectType,
            "the version of the request has no objects of this type",
        ));
    }
    match record.object_type {
        ObjectType::CertificateRequest | ObjectType::PGPKey | ObjectType::SplitKey => {
            kept_whole(context, record, &value, request)
        }
        ObjectType::Template => {
            refuse_wrapping(request)?;
            Ok(ManagedObject::Template(Template {
                attributes: templates::content(&record.attributes),
            }))
        }
        ObjectType::Certificate => certificate(record, &value, request),
        ObjectType::OpaqueObject => opaque(record, value, request),
        ObjectType::SecretData => secret(context, record, &value, request),
        ObjectType::SymmetricKey => {
            key(context, record, &value, request).map(ManagedObject::SymmetricKey)
        }
        ObjectType::PrivateKey => {
            key(context, record, &value, request).map(ManagedObject::PrivateKey)
        }
        ObjectType::PublicKey => {
            key(context, record, &value, request).map(ManagedObject::PublicKey)
        }
        _ => Err(Error::internal(
            "a stored object is of no type that is served",
        )),
    }
}

/// What is there of an object that was registered without its value.
pub(super) fn description(record: &Record, request: &GetRequest) -> Result<ManagedObject> {
    if request.key_wrapping_specification.is_some() {
        return Err(lifecycle::absent());
    }
    if let Custody::Absent(kept) = &record.custody
        && !kept.is_empty()
    {
        return whole::decoded(&Secret::from(&kept[..]));
    }
    let own = &record.attributes;
    let key_block = KeyBlock {
        key_format_type: own.key_format_type.unwrap_or(KeyFormatType::Raw),
        key_compression_type: None,
        key_value: None,
        cryptographic_algorithm: own.cryptographic_algorithm,
        cryptographic_length: own.cryptographic_length,
        key_wrapping_data: None,
    };
    let key = KeyObject { key_block };
    match record.object_type {
        ObjectType::SymmetricKey => Ok(ManagedObject::SymmetricKey(key)),
        ObjectType::PrivateKey => Ok(ManagedObject::PrivateKey(key)),
        ObjectType::PublicKey => Ok(ManagedObject::PublicKey(key)),
        _ => Err(Error::internal(
            "the object has neither value nor description",
        )),
    }
}

fn key(
    context: &mut Context<'_>,
    record: &Record,
    value: &Value,
    request: &GetRequest,
) -> Result<KeyObject> {
    if request.key_format_type == Some(KeyFormatType::PKCS12) {
        refuse_wrapping(request)?;
        let key_block = pkcs12::close(context, record, value)?;
        return Ok(KeyObject { key_block });
    }
    let own = record
        .attributes
        .key_format_type
        .filter(|own| *own != KeyFormatType::Opaque);
    let default = || {
        record
            .spec
            .map(|spec| material::default_format(spec, record.object_type))
    };
    // KMIP 1.4 §4.11: a key is returned in the format it was registered in, unless another is asked for.
    let format = request
        .key_format_type
        .or(own)
        .or_else(default)
        .unwrap_or(KeyFormatType::Raw);
    let mut plain = material::key_block(value, format, context.version)?;
    if request.key_compression_type == Some(KeyCompressionType::ECPublicKeyTypeX962CompressedPrime)
        && let Value::PublicKey { spki, .. } = value
    {
        material::compress(&mut plain, spki)?;
    }
    let key_block = match &request.key_wrapping_specification {
        Some(how) => wrapping::wrap(context, &plain, how, record)?,
        None => plain,
    };
    Ok(KeyObject { key_block })
}

fn secret(
    context: &mut Context<'_>,
    record: &Record,
    value: &Value,
    request: &GetRequest,
) -> Result<ManagedObject> {
    let Value::Bytes(joined) = value else {
        return Err(Error::internal("secret data is stored as a key"));
    };
    let (secret_data_type, bytes) = secret_data::split(joined)?;
    let format = request
        .key_format_type
        .or(record.attributes.key_format_type)
        .unwrap_or(KeyFormatType::Raw);
    if !matches!(format, KeyFormatType::Raw | KeyFormatType::Opaque) {
        return Err(Error::new(
            Fault::KeyFormatNotServed,
            "secret data is served raw or opaque",
        ));
    }
    let plain = material::key_block(&Value::Bytes(bytes), format, context.version)?;
    let key_block = match &request.key_wrapping_specification {
        Some(how) => wrapping::wrap(context, &plain, how, record)?,
        None => plain,
    };
    Ok(ManagedObject::SecretData(SecretData {
        secret_data_type,
        key_block,
    }))
}

/// An object that is kept as it came; its key block may be wrapped.
fn kept_whole(
    context: &mut Context<'_>,
    record: &Record,
    value: &Value,
    request: &GetRequest,
) -> Result<ManagedObject> {
    let Value::Bytes(kept) = value else {
        return Err(Error::internal("an object kept whole is stored as a key"));
    };
    Ok(match whole::decoded(kept)? {
        ManagedObject::CertificateRequest(object) => {
            refuse_wrapping(request)?;
            ManagedObject::CertificateRequest(object)
        }
        ManagedObject::PGPKey(key) => ManagedObject::PGPKey(PGPKey {
            key_block: as_asked(context, record, key.key_block, request)?,
            ..key
        }),
        ManagedObject::SplitKey(key) => ManagedObject::SplitKey(SplitKey {
            key_block: as_asked(context, record, split::bare(key.key_block), request)?,
            ..key
        }),
        _ => return Err(Error::internal("an object of another kind is stored")),
    })
}

fn as_asked(
    context: &mut Context<'_>,
    record: &Record,
    block: KeyBlock,
    request: &GetRequest,
) -> Result<KeyBlock> {
    check_own_format(&block, request)?;
    match &request.key_wrapping_specification {
        Some(how) => wrapping::wrap(context, &block, how, record),
        None => Ok(block),
    }
}

pub(super) fn check_own_format(block: &KeyBlock, request: &GetRequest) -> Result<()> {
    match request.key_format_type {
        Some(format) if format != block.key_format_type => Err(Error::new(
            Fault::KeyFormatNotServed,
            "this object is served as it came",
        )),
        _ => Ok(()),
    }
}

fn opaque(record: &Record, value: Value, request: &GetRequest) -> Result<ManagedObject> {
    refuse_wrapping(request)?;
    match (value, record.attributes.opaque_data_type) {
        (Value::Bytes(opaque_data_value), Some(opaque_data_type)) => {
            Ok(ManagedObject::OpaqueObject(OpaqueObject {
                opaque_data_type,
                opaque_data_value,
            }))
        }
        (
            Value::Bytes(_)
            | Value::Key(Material::Secret { .. } | Material::Private { .. })
            | Value::PublicKey { .. },
            _,
        ) => Err(Error::internal(
            "an opaque object is stored as something else",
        )),
    }
}

fn certificate(record: &Record, value: &Value, request: &GetRequest) -> Result<ManagedObject> {
    refuse_wrapping(request)?;
    if request
        .key_format_type
        .is_some_and(|format| format != KeyFormatType::X509)
    {
        return Err(Error::new(
            Fault::KeyFormatNotServed,
            "certificates are served as X.509",
        ));
    }
    match (value, record.attributes.certificate_type) {
        (Value::Bytes(der), Some(certificate_type)) => {
            Ok(ManagedObject::Certificate(Certificate {
                certificate_type,
                certificate_value: Bytes(der.expose().to_vec()),
            }))
        }
        _ => Err(Error::internal("a certificate is stored as something else")),
    }
}

fn refuse_wrapping(request: &GetRequest) -> Result<()> {
    match &request.key_wrapping_specification {
        None => Ok(()),
        Some(_) => Err(Error::new(
            Fault::WrongObjectType,
            "only keys and secret data are wrapped",
        )),
    }
}

/// Once served, an object is no longer fresh (KMIP 2.1 §4.24).
pub(super) fn serve_fresh(context: &mut Context<'_>, object: &Authorized) -> Result<()> {
    // Fresh is what no client has got by Get; what is put to one was not asked for (KMIP 1.4 §3.34).
    if context.is_unasked || object.record().attributes.fresh != Some(true) {
        return Ok(());
    }
    let mut record = object.to_changed();
    record.attributes.fresh = Some(false);
    // The standard does not count this as a change of the object.
    context.save_quietly(record)
}
