//! Import and Export: objects with their identifiers and all their attributes, from server to server.

use kmip::{
    KeyWrapType, ObjectType, OperationCode, State,
    attribute::{
        Attribute, AttributeKind, AttributeList, Attributes, UniqueIdentifier, VendorAttribute,
    },
    object::ManagedObject,
    payload::{
        get::GetRequest,
        import::{Export, ExportRequest, ExportResponse, Import, ImportRequest, ImportResponse},
    },
};
use store::{Custody, ObjectId, Record};

use super::{Handler, get, get_attributes, register};
use crate::{
    context::{Authorized, Context},
    error::{Error, Result},
    fault::Fault,
    marks,
    policy::{self, Access, Decision},
    template,
};

/// The longest identifier that a client may bring, in bytes.
const IDENTIFIER_BYTES_MAX: usize = 128;

impl Handler for Import {
    const ACCESS: Access = Access::Create;

    fn handle(context: &mut Context<'_>, request: ImportRequest) -> Result<ImportResponse> {
        let id = identifier(request.unique_identifier)?;
        let replaced = replaced(context, &id, request.replace_existing == Some(true))?;
        let given = given(&request.attributes)?;
        let object_type = object_type(request.object.as_ref(), request.object_type, &given)?;
        if replaced
            .as_ref()
            .is_some_and(|old| old.object_type != object_type)
        {
            return Err(Error::invalid_field(
                "an object is replaced by one of its own type",
            ));
        }
        let incoming = Incoming {
            id,
            object_type,
            given,
            replaced,
            keeps_wrapped: keeps_wrapped(request.key_wrap_type)?,
        };
        let is_destroyed = matches!(
            incoming.given.state,
            Some(State::Destroyed | State::DestroyedCompromised)
        );
        let unique_identifier = match request.object {
            object if is_destroyed => incoming.tombstone(context, object.as_ref())?,
            Some(object) => register::import(context, object, incoming)?,
            None => return Err(Error::new(Fault::MissingData, "the object is missing")),
        };
        Ok(ImportResponse { unique_identifier })
    }
}

/// Whether a value that comes wrapped is to stay so; without a word it is unwrapped.
fn keeps_wrapped(wrap: Option<KeyWrapType>) -> Result<bool> {
    match wrap {
        None | Some(KeyWrapType::NotWrapped) => Ok(false),
        Some(KeyWrapType::AsRegistered) => Ok(true),
        Some(_) => Err(Error::new(
            Fault::KeyWrapNotServed,
            "this key wrap type is not served",
        )),
    }
}

/// The identifier that the object is to have.
fn identifier(id: UniqueIdentifier) -> Result<ObjectId> {
    match id {
        UniqueIdentifier::Text(id)
            if !id.is_empty()
                && id.len() <= IDENTIFIER_BYTES_MAX
                && !id.chars().any(char::is_control) =>
        {
            Ok(ObjectId(id))
        }
        _ => Err(Error::invalid_field(
            "the identifier is a text of 1 to 128 bytes",
        )),
    }
}

/// The object with the identifier, which is to be replaced: that destroys its value, so the principal must be allowed
/// to destroy it as well.
fn replaced(context: &mut Context<'_>, id: &ObjectId, may: bool) -> Result<Option<Record>> {
    if context.tx.record(id)?.is_none() {
        return Ok(None);
    }
    if !may {
        return Err(Error::new(
            Fault::ObjectAlreadyExists,
            "there is an object with this identifier",
        ));
    }
    let old = context.object(Some(UniqueIdentifier::Text(id.0.clone())))?;
    let destroys = policy::decide(
        context.principal,
        OperationCode::Destroy,
        Access::Destroy,
        old.record(),
    );
    match destroys {
        Decision::Allow => {
            marks::check_end(old.record(), context.principal.officer)?;
            Ok(Some(old.to_changed()))
        }
        Decision::Deny { .. } => Err(Error::not_permitted()),
    }
}

/// All attributes as they are given: who may set them does not matter here (KMIP 2.1 §6.1.25).
fn given(list: &AttributeList) -> Result<Attributes> {
    let mut given = Attributes::default();
    for attribute in list.iter() {
        match attribute {
            Attribute::Vendor(vendor) => template::check_vendor(vendor)?,
            other => template::check_value(other)?,
        }
        given.add(attribute.clone())?;
    }
    // Where it was archived, or how it was protected, is not how it is here.
    given.archive_date = None;
    given.protection_storage_mask = None;
    Ok(given)
}

fn object_type(
    object: Option<&ManagedObject>,
    named: Option<ObjectType>,
    given: &Attributes,
) -> Result<ObjectType> {
    let told = [
        object.map(ManagedObject::object_type),
        named,
        given.object_type,
    ];
    let mut told = told.into_iter().flatten();
    let first = told
        .next()
        .ok_or_else(|| Error::new(Fault::MissingData, "the object type is missing"))?;
    if store::is_account(first) || given.credential_type.is_some() {
        return Err(Error::new(
            Fault::WrongObjectType,
            "objects of this type are not imported",
        ));
    }
    if told.all(|other| other == first) {
        Ok(first)
    } else {
        Err(Error::invalid_field(
            "the object is not of the object type named",
        ))
    }
}

/// An object on its way in, as another server had it.
pub(super) struct Incoming {
    pub(super) id: ObjectId,
    pub(super) object_type: ObjectType,
    pub(super) given: Attributes,
    replaced: Option<Record>,
    /// Whether a value that comes wrapped stays so.
    pub(super) keeps_wrapped: bool,
}

impl Incoming {
    /// Puts the given attributes in the place of those that a new object would have, and stores the record.
    pub(super) fn finish(
        self,
        context: &mut Context<'_>,
        mut record: Record,
    ) -> Result<UniqueIdentifier> {
        let contradicts = |own: &kmip::attribute::Digest| {
            self.given.digest.iter().any(|given| {
                given.hashing_algorithm == own.hashing_algorithm
                    && given.key_format_type == own.key_format_type
                    && given.digest_value != own.digest_value
            })
        };
        if record.attributes.digest.iter().any(contradicts) {
            return Err(Error::new(
                Fault::InvalidAttributeValue,
                "Digest is not that of the value",
            ));
        }
        for kind in AttributeKind::ALL {
            let given = self.given.of(*kind);
            let is_own = matches!(
                kind,
                AttributeKind::UniqueIdentifier | AttributeKind::ObjectType
            );
            if given.is_empty() || is_own {
                continue;
            }
            for (index, _) in record.attributes.of(*kind) {
                record.attributes.remove(*kind, index)?;
            }
            for (_, attribute) in given {
                record.attributes.add(attribute)?;
            }
        }
        let Some(old) = self.replaced else {
            return context.insert(record);
        };
        record.owner.clone_from(&old.owner);
        record.revision = old.revision;
        context.replace(old, record)
    }

    /// A destroyed object: its attributes alone.
    fn tombstone(
        self,
        context: &mut Context<'_>,
        object: Option<&ManagedObject>,
    ) -> Result<UniqueIdentifier> {
        let has_value = object.is_some_and(|object| {
            object
                .key_block()
                .is_none_or(|block| block.key_value.is_some())
        });
        if has_value {
            return Err(Error::invalid_field("a destroyed object has no value"));
        }
        let mut attributes = self.given.clone();
        template::complete(&mut attributes, &self.id, self.object_type, context.now);
        let spec = template::key_spec(&self.given).ok();
        let record = context.new_record(
            self.id.clone(),
            self.object_type,
            spec,
            attributes,
            Custody::Gone,
        );
        self.finish(context, record)
    }
}

impl Handler for Export {
    const ACCESS: Access = Access::Release;

    fn handle(context: &mut Context<'_>, request: ExportRequest) -> Result<ExportResponse> {
        let object = context.object(request.unique_identifier)?;
        let form = GetRequest {
            unique_identifier: None,
            key_format_type: request.key_format_type,
            key_wrap_type: request.key_wrap_type,
            key_compression_type: request.key_compression_type,
            key_wrapping_specification: request.key_wrapping_specification,
        };
        let value = exported(context, &object, &form)?;
        let mut attributes = get_attributes::attributes(context, &object);
        // What this server remembers for itself means nothing to another.
        attributes
            .vendor
            .retain(|(_, own)| own.vendor_identification != VendorAttribute::SERVER);
        // KMIP 2.1 §6.1.22: the placeholder becomes the object.
        context.set_placeholder(Some(object.record().id.clone()));
        Ok(ExportResponse {
            object_type: object.record().object_type,
            unique_identifier: object.identifier(),
            attributes: attributes.each(context.version),
            object: value,
        })
    }
}

/// The value through the same gate as Get; of what is destroyed the description of its key, if it was one.
fn exported(
    context: &mut Context<'_>,
    object: &Authorized,
    form: &GetRequest,
) -> Result<Option<ManagedObject>> {
    if !object.record().is_destroyed() {
        let value = get::release(context, object, form)?;
        get::serve_fresh(context, object)?;
        return Ok(Some(value));
    }
    let is_key = matches!(
        object.record().object_type,
        ObjectType::SymmetricKey | ObjectType::PrivateKey | ObjectType::PublicKey
    );
    is_key
        .then(|| get::description(object.record(), &GetRequest::default()))
        .transpose()
}
