//! Changes of objects and of their copies: what may change, and what that is in KMIP.

use cryptoki_sys as ck;
use kmip::attribute::Attribute;

use crate::{
    Facts, Result, Rv, Template, Ulong,
    attribute::{Given, Kept, Row, vendor},
    class,
};

/// Attributes that a copy may have otherwise than its original (PKCS #11 3.1 §5.7.2), beside those that may change.
const CHANGED_IN_COPIES: &[Ulong] = &[
    ck::CKA_TOKEN,
    ck::CKA_PRIVATE,
    ck::CKA_MODIFIABLE,
    ck::CKA_DESTROYABLE,
    ck::CKA_COPYABLE,
];

/// Whether an object may be copied by this template.
pub fn check_copy(facts: &Facts, template: &Template<'_>) -> Result<()> {
    if !facts.flag(ck::CKA_COPYABLE) {
        return Err(Rv::ACTION_PROHIBITED);
    }
    for (row, value) in template.iter() {
        belongs(facts, row)?;
        let same = facts.value(row.kind) == Some(value);
        // What is trusted, the security officer says of the key itself.
        let may_change = row.given == Given::Always && row.kind != ck::CKA_TRUSTED;
        let may_differ = may_change || CHANGED_IN_COPIES.contains(&row.kind);
        if !same && (!may_differ || lowers_protection(row.kind, value)) {
            return Err(Rv::ATTRIBUTE_READ_ONLY);
        }
    }
    // PKCS #11 3.2 §4.10: what asks for a login before each use is hidden before the first.
    if facts.flag(ck::CKA_ALWAYS_AUTHENTICATE) && template.flag(ck::CKA_PRIVATE) == Some(false) {
        return Err(Rv::TEMPLATE_INCONSISTENT);
    }
    Ok(())
}

/// Refuses an attribute that such objects do not have: it would be kept, and mean nothing.
pub fn belongs(facts: &Facts, row: &Row) -> Result<()> {
    if class::has(facts.class, Some(facts.key_type), row.kind) {
        Ok(())
    } else {
        Err(Rv::ATTRIBUTE_TYPE_INVALID)
    }
}

/// Whether an attribute may get this value; whoever is no security officer says not what is trusted.
pub fn check(row: &Row, value: &[u8], by_officer: bool) -> Result<()> {
    let is_trust = row.kind == ck::CKA_TRUSTED && !by_officer;
    if row.given != Given::Always || lowers_protection(row.kind, value) || is_trust {
        return Err(Rv::ATTRIBUTE_READ_ONLY);
    }
    Ok(())
}

/// Attributes that go only one way (PKCS #11 3.1 §4.4, §4.9).
fn lowers_protection(kind: Ulong, value: &[u8]) -> bool {
    let flag = value == [1];
    match kind {
        ck::CKA_SENSITIVE | ck::CKA_WRAP_WITH_TRUSTED => !flag,
        ck::CKA_EXTRACTABLE | ck::CKA_COPYABLE => flag,
        _ => false,
    }
}

/// The attribute of KMIP that gets another value, and whether the object has it already; none where it is not kept.
#[must_use]
pub fn attribute(facts: &Facts, row: &Row, value: &[u8]) -> Option<(Attribute, bool)> {
    let flag = value == [1];
    match (row.kept, row.kind) {
        (Kept::Vendor(name), _) => Some((
            vendor(name, row.form.to_kmip(value)),
            facts.vendor.contains(&name),
        )),
        (_, ck::CKA_SENSITIVE) => Some((Attribute::Sensitive(flag), true)),
        (_, ck::CKA_EXTRACTABLE) => Some((Attribute::Extractable(flag), true)),
        _ => None,
    }
}
