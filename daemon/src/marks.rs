//! The attributes of PKCS #11 that are rules here: vendor attributes to KMIP, so that any client could give them, but for
//! what this file says.

use cryptoki_sys as ck;
use kmip::{
    CryptographicUsageMask as Mask, ObjectType, OperationCode,
    attribute::{Attribute, Attributes, VendorAttribute},
    mechanism::Hash,
    ttlv::{AnyValue, ItemType},
};
use pkcs11::{
    Ulong,
    attribute::{Form, Kept, SESSION, flag_bytes, number_bytes, row, vendor},
};
use store::Record;

use crate::{
    error::{Error, Result},
    fault::Fault,
};

/// Who may say another value of an attribute once the object is there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Later {
    /// Nobody.
    Nobody,
    /// Whoever protects the object more by it.
    Raised,
    /// Whoever takes it away.
    Gone,
    /// The security officer, who alone says it of a new object, too.
    Officer,
}

/// The rules: one row for each attribute, by its name in KMIP.
fn rules() -> impl Iterator<Item = (&'static str, Later)> {
    let by_kind = [
        (ck::CKA_TRUSTED, Later::Officer),
        (ck::CKA_PRIVATE, Later::Nobody),
        (ck::CKA_ALWAYS_AUTHENTICATE, Later::Nobody),
        (ck::CKA_WRAP_WITH_TRUSTED, Later::Raised),
        (ck::CKA_LOCAL, Later::Nobody),
        (ck::CKA_KEY_GEN_MECHANISM, Later::Nobody),
    ];
    let by_kind = by_kind.into_iter();
    by_kind
        .filter_map(|(kind, later)| Some((name(kind)?, later)))
        .chain([(SESSION, Later::Gone)])
}

/// The vendor attribute in which an attribute of PKCS #11 is kept.
fn name(kind: Ulong) -> Option<&'static str> {
    match row(kind)?.kept {
        Kept::Vendor(name) => Some(name),
        _ => None,
    }
}

fn values<'a>(
    attributes: &'a Attributes,
    name: &'a str,
) -> impl Iterator<Item = &'a VendorAttribute> {
    let all = attributes.vendor_of(VendorAttribute::CLIENT, name);
    all.map(|(_, own)| own)
}

fn is_true(own: &VendorAttribute) -> bool {
    own.value.body.iter().any(|byte| *byte != 0)
}

/// What a flag says of an object, where it has one.
fn flag(record: &Record, kind: Ulong) -> Option<bool> {
    values(&record.attributes, name(kind)?).next().map(is_true)
}

/// Whether the object may be destroyed by whoever speaks PKCS #11.
pub(crate) fn is_destroyable(record: &Record) -> bool {
    flag(record, ck::CKA_DESTROYABLE) != Some(false)
}

/// Whether a key was generated here.
pub(crate) fn is_made_here(record: &Record) -> bool {
    flag(record, ck::CKA_LOCAL) == Some(true)
}

/// Whether a key was derived, so that it can be derived again. Its links say so as well, but those a client may delete.
pub(crate) fn is_derived(record: &Record) -> bool {
    flag(record, ck::CKA_LOCAL) == Some(false)
}

/// Whether nobody can have a second key of this value, to do something else with it: it is secret, was made here, was
/// never told, and never left.
pub(crate) fn is_alone(record: &Record) -> bool {
    record.object_type == ObjectType::SymmetricKey
        && is_made_here(record)
        && record.attributes.always_sensitive == Some(true)
        && record.attributes.never_extractable == Some(true)
}

/// Whether sensitive keys may go under a key: it is alone, the security officer trusts it, or it goes between them and
/// one that he trusts.
pub(crate) fn keeps(record: &Record) -> bool {
    is_alone(record) || is_trusted(record) || is_between(record)
}

/// Whether a key does nothing but wrap, was made here, and leaves only under one that is trusted. So that nobody makes a
/// second key of it here, that one is a public key.
pub(crate) fn is_between(record: &Record) -> bool {
    record.object_type == ObjectType::SymmetricKey
        && is_made_here(record)
        && record.attributes.always_sensitive == Some(true)
        && record.attributes.cryptographic_usage_mask == Some(Mask::WrapKey)
        && wants_trusted(record)
}

/// Whether the security officer trusts a key to wrap others.
pub(crate) fn is_trusted(record: &Record) -> bool {
    flag(record, ck::CKA_TRUSTED) == Some(true)
}

/// What the security officer says of a key that he trusts.
pub(crate) fn trusted() -> Attribute {
    let value = Form::Flag.to_kmip(&flag_bytes(true));
    vendor(name(ck::CKA_TRUSTED).unwrap_or_default(), value)
}

/// Whether a key leaves only under one that is trusted.
pub(crate) fn wants_trusted(record: &Record) -> bool {
    flag(record, ck::CKA_WRAP_WITH_TRUSTED) == Some(true)
}

/// Says of a new object that it leaves only under a key that is trusted, because what it is of does.
pub(crate) fn want_trusted(attributes: &mut Attributes) -> Result<()> {
    let name = name(ck::CKA_WRAP_WITH_TRUSTED).unwrap_or_default();
    let said = values(attributes, name).next().map(is_true);
    match said {
        Some(true) => Ok(()),
        Some(false) => Err(Error::new(
            Fault::WrongUsage,
            "what is of a key that leaves only under a trusted one leaves no more freely",
        )),
        None => {
            let value = Form::Flag.to_kmip(&flag_bytes(true));
            attributes.add(vendor(name, value))?;
            Ok(())
        }
    }
}

/// Whether a key is used only by whoever has proven to be its user.
pub(crate) fn wants_proof(record: &Record) -> bool {
    flag(record, ck::CKA_ALWAYS_AUTHENTICATE) == Some(true)
}

/// Whether an object is hidden before a login, where it says so itself (PKCS #11 3.2 §4.4, CKA_PRIVATE).
pub(crate) fn is_private(record: &Record) -> Option<bool> {
    flag(record, ck::CKA_PRIVATE)
}

/// What an object says that is hidden before a login, or shown, whatever is usual for its kind.
pub(crate) fn private(is_hidden: bool) -> Attribute {
    let value = Form::Flag.to_kmip(&flag_bytes(is_hidden));
    vendor(name(ck::CKA_PRIVATE).unwrap_or_default(), value)
}

/// Takes from a new object what is not true of it here, and refuses what is not the principal's to say.
pub(crate) fn admit(
    attributes: &mut Attributes,
    operation: OperationCode,
    by_officer: bool,
) -> Result<()> {
    if !makes_keys(operation) {
        forget(attributes, name(ck::CKA_LOCAL));
        forget(attributes, name(ck::CKA_KEY_GEN_MECHANISM));
    }
    if operation == OperationCode::Import {
        // An import says what its object was elsewhere.
        forget(attributes, Some(SESSION));
        if !by_officer {
            forget(attributes, name(ck::CKA_TRUSTED));
        }
    }
    for (name, later) in rules() {
        let mut all = values(attributes, name);
        let first = all.next();
        if all.next().is_some() {
            return Err(several());
        }
        if later == Later::Officer && first.is_some_and(is_true) {
            check_trust(first, by_officer)?;
        }
    }
    Ok(())
}

/// Whether an operation generates keys.
const fn makes_keys(operation: OperationCode) -> bool {
    matches!(
        operation,
        OperationCode::Create
            | OperationCode::CreateKeyPair
            | OperationCode::ReKey
            | OperationCode::ReKeyKeyPair
    )
}

/// Says where a new key is from, for as long as it is there.
pub(crate) fn say_origin(record: &mut Record, operation: OperationCode) -> Result<()> {
    if operation == OperationCode::DeriveKey {
        return say_local(record, false);
    }
    say_made_here(record, operation)
}

/// Says of a new secret key that locks others up that it was made here; the module says it of all keys that it asks for.
fn say_made_here(record: &mut Record, operation: OperationCode) -> Result<()> {
    let is_kek = record.object_type == ObjectType::SymmetricKey
        && record.attributes.never_extractable == Some(true)
        && record
            .attributes
            .cryptographic_usage_mask
            .is_some_and(|mask| mask.intersects(Mask::WrapKey));
    if is_kek && makes_keys(operation) && !is_made_here(record) {
        say_local(record, true)?;
    }
    Ok(())
}

/// Says of a secret key that it is one of PKCS #11's generic secrets, which are for HMAC with any hash function.
pub(crate) fn say_generic(attributes: &mut Attributes) -> Result<()> {
    let value = Form::Number.to_kmip(&number_bytes(ck::CKK_GENERIC_SECRET));
    let said = vendor(name(ck::CKA_KEY_TYPE).unwrap_or_default(), value);
    attributes.add(said)?;
    Ok(())
}

fn say_local(record: &mut Record, is_local: bool) -> Result<()> {
    let value = Form::Flag.to_kmip(&flag_bytes(is_local));
    let said = vendor(name(ck::CKA_LOCAL).unwrap_or_default(), value);
    record.attributes.add(said)?;
    Ok(())
}

/// Takes from what replaces a derived key that it was derived: it is generated.
pub(crate) fn forget_derivation(record: &Record, replacement: &mut Attributes) {
    if is_derived(record) {
        forget(replacement, name(ck::CKA_LOCAL));
    }
}

/// Says of a private key that it is one for keys on their way into this HSM, and by which hash functions it unwraps them.
pub(crate) fn say_transport(attributes: &mut Attributes, hashes: &[Hash]) -> Result<()> {
    let names: Vec<_> = hashes.iter().map(|own| own.name()).collect();
    let said = VendorAttribute {
        vendor_identification: VendorAttribute::SERVER.to_owned(),
        attribute_name: TRANSPORT.to_owned(),
        value: AnyValue {
            item_type: ItemType::TextString,
            body: names.join(" ").into_bytes(),
        },
    };
    attributes.add(Attribute::Vendor(said))?;
    Ok(())
}

/// The hash functions by which a transport key unwraps, in words; none of any other key.
pub(crate) fn transport(record: &Record) -> Option<&str> {
    let mut said = record
        .attributes
        .vendor_of(VendorAttribute::SERVER, TRANSPORT);
    said.next()
        .map(|(_, own)| std::str::from_utf8(&own.value.body).unwrap_or_default())
}

const TRANSPORT: &str = "Transport Key";

/// Takes trust from what replaces a trusted object: it is another.
pub(crate) fn forget_trust(attributes: &mut Attributes) {
    forget(attributes, name(ck::CKA_TRUSTED));
}

fn forget(attributes: &mut Attributes, name: Option<&str>) {
    let Some(name) = name else {
        return;
    };
    attributes.vendor.retain(|(_, own)| {
        own.vendor_identification != VendorAttribute::CLIENT || own.attribute_name != name
    });
}

/// Whether an object may change so.
pub(crate) fn check_change(
    before: &Attributes,
    after: &Attributes,
    by_officer: bool,
) -> Result<()> {
    if before.vendor == after.vendor {
        return Ok(());
    }
    for (name, later) in rules() {
        let mut now = values(after, name);
        let (was, is) = (values(before, name).next(), now.next());
        if now.next().is_some() {
            return Err(several());
        }
        if was.map(|own| &own.value) == is.map(|own| &own.value) {
            continue;
        }
        let is_allowed = match later {
            Later::Nobody => false,
            Later::Raised => is.is_some_and(is_true) || !was.is_some_and(is_true),
            Later::Gone => is.is_none(),
            Later::Officer => {
                check_trust(is, by_officer)?;
                true
            }
        };
        if !is_allowed {
            return Err(Error::new(
                Fault::AttributeReadOnly,
                "this attribute is said when the object is made",
            ));
        }
    }
    Ok(())
}

/// Whether an object may go without a trace of what it was: a destroyed one stays as trusted as it is.
pub(crate) fn check_end(record: &Record, by_officer: bool) -> Result<()> {
    if is_trusted(record) && !by_officer {
        return Err(not_the_officer());
    }
    Ok(())
}

/// Whether trust may be said so: by the officer, and in the one form in which what is trusted is found again.
fn check_trust(said: Option<&VendorAttribute>, by_officer: bool) -> Result<()> {
    if !by_officer {
        return Err(not_the_officer());
    }
    match said {
        Some(own) if own.value.item_type != ItemType::Boolean => Err(Error::new(
            Fault::InvalidAttributeValue,
            "what is trusted is a Boolean",
        )),
        _ => Ok(()),
    }
}

fn several() -> Error {
    Error::new(
        Fault::AttributeSingleValued,
        "the attribute has a single value",
    )
}

fn not_the_officer() -> Error {
    Error::new(
        Fault::NotPermitted,
        "only the vault's security officer says what is trusted",
    )
}
