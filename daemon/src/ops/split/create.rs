//! Create Split Key.

use hsm::{
    Material,
    split::{self, Method},
};
use kmip::{
    CryptographicAlgorithm, KeyFormatType, ObjectType, OperationCode, Secret,
    UniqueIdentifierEnumeration, V1_3,
    attribute::{Attribute, Attributes, Many, UniqueIdentifier},
    object::{KeyBlock, KeyMaterial, KeyValue, ManagedObject, SplitKey},
    payload::split::{CreateSplitKey, CreateSplitKeyRequest, CreateSplitKeyResponse},
};
use store::Record;

use super::{describe, mark, method, number, unfit};
use crate::{
    context::Context,
    custody::Value,
    error::{Error, Result},
    fault::Fault,
    marks,
    ops::{Handler, get::may_leave},
    policy::Access,
    profile, secret_data, template, whole,
};

impl Handler for CreateSplitKey {
    const ACCESS: Access = Access::Create;

    fn handle(
        context: &mut Context<'_>,
        request: CreateSplitKeyRequest,
    ) -> Result<CreateSplitKeyResponse> {
        if request.object_type != ObjectType::SplitKey {
            return Err(Error::new(
                Fault::WrongObjectType,
                "Create Split Key makes split keys",
            ));
        }
        let mut attributes = Attributes::default();
        context.fold(&mut attributes, &request.attributes)?;
        let describes_key = attributes.cryptographic_algorithm.is_some();
        context.add_defaults(&mut attributes, ObjectType::SplitKey)?;
        let whole = match &request.unique_identifier {
            Some(id) => Whole::of(context, id)?,
            // KMIP 2.1 §6.1.10: without a base key a new one is made; what describes none means the placeholder.
            None if describes_key => Whole::new(context, &attributes)?,
            None => Whole::of(context, &PLACEHOLDER)?,
        };
        let parts = number(request.split_key_parts)?;
        let threshold = number(request.split_key_threshold)?;
        let method = method(request.split_key_method, request.prime_field_size.as_ref())?;
        if method == Method::Xor && parts != threshold {
            return Err(Error::new(
                Fault::BadParameters,
                "of parts that are added up, all are needed",
            ));
        }
        let made = split::split(&whole.bytes, parts, threshold, &method, &mut |out| {
            context
                .random(out)
                .map_err(|_| hsm::Error::Unavailable("no random bytes".to_owned()))
        })
        .map_err(unfit)?;
        let identifiers = whole.keep(context, &attributes, &request, made)?;
        context.note("split");
        Ok(CreateSplitKeyResponse {
            object_type: (context.version < V1_3).then_some(ObjectType::SplitKey),
            unique_identifier: identifiers,
        })
    }
}

const PLACEHOLDER: UniqueIdentifier =
    UniqueIdentifier::Enumeration(UniqueIdentifierEnumeration::IDPlaceholder);

/// A key to be split.
struct Whole {
    bytes: Secret,
    format: KeyFormatType,
    algorithm: Option<CryptographicAlgorithm>,
    length: Option<i32>,
    is_sensitive: bool,
}

impl Whole {
    /// An object of the vault. Who splits it could read it, and a key that never leaves is never split.
    fn of(context: &mut Context<'_>, id: &UniqueIdentifier) -> Result<Self> {
        let object = context.another_object(id, OperationCode::Get, Access::Release)?;
        let record = object.record();
        // Parts are wrapped under any keys, one by one.
        may_leave(record, !marks::wants_trusted(record))?;
        let (bytes, format) = match (context.value(record)?, record.object_type) {
            (Value::Key(Material::Secret { bytes, .. }), _) => (bytes, KeyFormatType::Raw),
            (Value::Key(Material::Private { pkcs8, .. }), _) => (pkcs8, KeyFormatType::PKCS8),
            (Value::Bytes(joined), ObjectType::SecretData) => {
                (secret_data::split(&joined)?.1, KeyFormatType::Raw)
            }
            (Value::Bytes(_) | Value::PublicKey { .. }, _) => {
                return Err(Error::new(
                    Fault::WrongObjectType,
                    "only secret and private keys and secret data are split",
                ));
            }
        };
        Ok(Self {
            length: record
                .attributes
                .cryptographic_length
                .or_else(|| bits(&bytes)),
            algorithm: record.attributes.cryptographic_algorithm,
            is_sensitive: record.attributes.sensitive != Some(false),
            bytes,
            format,
        })
    }

    /// A new symmetric key, which is nowhere but in its parts.
    fn new(context: &Context<'_>, attributes: &Attributes) -> Result<Self> {
        let spec = template::key_spec(attributes)?;
        if spec.is_asymmetric() {
            return Err(Error::new(
                Fault::InvalidAttributeValue,
                "the algorithm is not that of a symmetric key",
            ));
        }
        let usage = attributes.cryptographic_usage_mask.unwrap_or_default();
        profile::check_new_key(context.vault()?.as_ref(), spec, usage)?;
        let mut bytes = zeroize::Zeroizing::new(vec![0; usize::from(spec.bits() / 8)]);
        context.random(&mut bytes)?;
        Ok(Self {
            bytes: Secret::new(std::mem::take(&mut *bytes)),
            format: KeyFormatType::Raw,
            algorithm: attributes.cryptographic_algorithm,
            length: Some(i32::from(spec.bits())),
            is_sensitive: false,
        })
    }

    /// Keeps the parts, each as an object; tells them in their order.
    fn keep(
        &self,
        context: &mut Context<'_>,
        attributes: &Attributes,
        request: &CreateSplitKeyRequest,
        made: Vec<Secret>,
    ) -> Result<Vec<UniqueIdentifier>> {
        let set = uuid::Uuid::new_v4().to_string();
        let mut identifiers = Vec::with_capacity(made.len());
        let numbered: Vec<_> = (1..=request.split_key_parts).zip(made).collect();
        // KMIP 1.4 §4.38: the placeholder becomes the first part, which is therefore inserted last.
        for (key_part_identifier, bytes) in numbered.into_iter().rev() {
            let key = SplitKey {
                split_key_parts: request.split_key_parts,
                key_part_identifier,
                split_key_threshold: request.split_key_threshold,
                split_key_method: request.split_key_method,
                prime_field_size: request.prime_field_size.clone(),
                key_block: self.block(&bytes, &set),
            };
            let record = self.record(context, attributes.clone(), key, &bytes)?;
            identifiers.push(context.insert(record)?);
        }
        identifiers.reverse();
        Ok(identifiers)
    }

    fn record(
        &self,
        context: &Context<'_>,
        mut attributes: Attributes,
        key: SplitKey,
        bytes: &Secret,
    ) -> Result<Record> {
        // A name is one object's; the first part stands for all.
        if key.key_part_identifier != 1 {
            attributes.name = Many::default();
        }
        describe(&mut attributes, &key)?;
        attributes.cryptographic_algorithm = self.algorithm;
        attributes.cryptographic_length = self.length;
        if self.is_sensitive {
            attributes.sensitive = Some(true);
        }
        template::decide_class(&mut attributes, context.vault()?.as_ref());
        let id = context.new_id();
        template::complete(&mut attributes, &id, ObjectType::SplitKey, context.now);
        template::generated(&mut attributes, self.format, context.now);
        attributes
            .digest
            .push(template::digest(bytes.expose(), Some(self.format))?);
        let kept = whole::encoded(&ManagedObject::SplitKey(key));
        let custody = context.seal(&id, &kept)?;
        Ok(context.new_record(id, ObjectType::SplitKey, None, attributes, custody))
    }

    fn block(&self, bytes: &Secret, set: &str) -> KeyBlock {
        KeyBlock {
            key_format_type: self.format,
            key_compression_type: None,
            key_value: Some(KeyValue::Plain {
                key_material: KeyMaterial::Bytes(bytes.clone()),
                attributes: [Attribute::Vendor(mark(set))].into_iter().collect(),
            }),
            cryptographic_algorithm: self.algorithm,
            cryptographic_length: self.length,
            key_wrapping_data: None,
        }
    }
}

fn bits(bytes: &Secret) -> Option<i32> {
    i32::try_from(bytes.len().saturating_mul(8)).ok()
}
