//! Where the structures here differ from the standard's tables, and why.

use kmip::{OperationCode, Tag};

use crate::samples::{
    Case,
    Table::{self, Request, Response, Structure},
};

/// A table, one of its fields, and why it is an exception.
pub(super) type Exception = (&'static str, Table, &'static str, &'static str);

/// Fields that are not read or written here.
pub(super) const ABSENT: &[Exception] = &[
    (
        "Query",
        Request,
        "Object Groups",
        "2.1: no answer here depends on a group",
    ),
    (
        "Query",
        Response,
        "Validation Information",
        "no validation is claimed",
    ),
    (
        "Create",
        Response,
        "Template-Attribute",
        "1.x: what the server chose; Get Attributes tells it",
    ),
    (
        "Create Key Pair",
        Response,
        "Private Key Template-Attribute",
        "as of Create",
    ),
    (
        "Create Key Pair",
        Response,
        "Public Key Template-Attribute",
        "as of Create",
    ),
    ("Derive Key", Response, "Template-Attribute", "as of Create"),
    ("Register", Response, "Template-Attribute", "as of Create"),
    ("Re-key", Response, "Template-Attribute", "as of Create"),
    (
        "Re-key Key Pair",
        Response,
        "Private Key Template-Attribute",
        "as of Create",
    ),
    (
        "Re-key Key Pair",
        Response,
        "Public Key Template-Attribute",
        "as of Create",
    ),
    ("Certify", Response, "Template-Attribute", "as of Create"),
    ("Re-certify", Response, "Template-Attribute", "as of Create"),
    (
        "Create Split Key",
        Response,
        "Template-Attribute",
        "as of Create",
    ),
    (
        "Join Split Key",
        Response,
        "Template-Attribute",
        "as of Create",
    ),
    (
        "Profile Information",
        Structure,
        "Profile Version",
        "optional",
    ),
    ("Profile Information", Structure, "Server URI", "optional"),
    ("Profile Information", Structure, "Server Port", "optional"),
    (
        "Extension Information",
        Structure,
        "Extension Enumeration",
        "optional",
    ),
    (
        "Extension Information",
        Structure,
        "Extension Attribute",
        "optional",
    ),
    (
        "Extension Information",
        Structure,
        "Extension Parent Structure Tag",
        "optional",
    ),
    (
        "Extension Information",
        Structure,
        "Extension Description",
        "optional",
    ),
    (
        "Server Information",
        Structure,
        "Server Serial Number",
        "optional",
    ),
    ("Server Information", Structure, "Server Load", "optional"),
    ("Server Information", Structure, "Build Level", "optional"),
    ("Server Information", Structure, "Build Date", "optional"),
    ("Server Information", Structure, "Cluster Info", "optional"),
    (
        "Server Information",
        Structure,
        "Alternate Failover Endpoints",
        "optional",
    ),
    (
        "Server Information",
        Structure,
        "Vendor-Specific",
        "optional",
    ),
];

/// Fields that the standard does not have there, and why they are here.
pub(super) const OURS: &[(&str, Tag, &str)] = &[
    (
        "Derivation Parameters",
        Tag::OffsetItems,
        "what belongs to the keys before, where PKCS #11 has several of one derivation",
    ),
    (
        "PBKDF2 Derivation Parameters",
        Tag::OffsetItems,
        "as of Derivation Parameters",
    ),
    (
        "Derivation Parameters",
        Tag::PKCS11InputParameters,
        "what goes into a block of SP 800-108, which PKCS #11 leaves to the caller",
    ),
    (
        "PBKDF2 Derivation Parameters",
        Tag::PKCS11InputParameters,
        "as of Derivation Parameters",
    ),
    (
        "Key Wrapping Data",
        Tag::AuthenticatedEncryptionAdditionalData,
        "what GCM authenticates besides; PKCS #11 has it",
    ),
    (
        "Key Wrapping Specification",
        Tag::AuthenticatedEncryptionAdditionalData,
        "as of Key Wrapping Data",
    ),
    (
        "Key Wrapping Specification",
        Tag::IVCounterNonce,
        "the IV of clients that bring it, as PKCS #11 lets them",
    ),
];

/// Required fields whose absence is read as something.
pub(super) const LOOSER: &[Exception] = &[
    (
        "Derive Key",
        Request,
        "Unique Identifier",
        "a request without a base is refused by the operation, in its own words",
    ),
    (
        "Derive Key",
        Request,
        "Template-Attribute",
        "as of Create: what is missing then is missing in particular",
    ),
    (
        "Derive Key",
        Request,
        "Attributes",
        "as of Create: what is missing then is missing in particular",
    ),
    (
        "PBKDF2 Derivation Parameters",
        Structure,
        "Salt",
        "one structure serves every method",
    ),
    (
        "PBKDF2 Derivation Parameters",
        Structure,
        "Iteration Count",
        "one structure serves every method",
    ),
    (
        "Create",
        Request,
        "Attributes",
        "none is an empty list; what is missing is the operation's to say",
    ),
    ("Create", Request, "Template-Attribute", "as of Attributes"),
    ("Register", Request, "Attributes", "as of Create"),
    (
        "Credential Information",
        Structure,
        "Credential Type",
        "none is an empty list; a server that knows none says nothing of credentials",
    ),
    (
        "Re-key Key Pair",
        Request,
        "Unique Identifier",
        "one type for 3.0 and before, where it is another field and optional",
    ),
    ("Create Group", Request, "Attributes", "as of Create"),
    ("Create User", Request, "Attributes", "as of Create"),
    ("Create Credential", Request, "Attributes", "as of Create"),
    ("Register", Request, "Template-Attribute", "as of Create"),
    ("Create Split Key", Request, "Attributes", "as of Create"),
    (
        "Create Split Key",
        Request,
        "Template-Attribute",
        "as of Create",
    ),
    (
        "Create Split Key",
        Response,
        "Object Type",
        "1.2 alone has it, and its name says what was made",
    ),
    (
        "Create Split Key",
        Response,
        "Unique Identifier",
        "none is an empty list",
    ),
    (
        "Join Split Key",
        Request,
        "Unique Identifier",
        "none is an empty list, and too few parts",
    ),
    (
        "Join Split Key",
        Response,
        "Object Type",
        "as of Create Split Key",
    ),
    ("Template", Structure, "Attribute", "none is an empty list"),
    (
        "Locate",
        Request,
        "Attributes",
        "none is an empty list: everything",
    ),
    ("Import", Request, "Object Type", "1.4 has none"),
    ("Import", Request, "Attribute", "as of Create"),
    ("Import", Request, "Attributes", "as of Create"),
    ("Import", Request, "ANY", "absent of what is destroyed"),
    ("Export", Response, "Attribute", "as of Get Attributes"),
    ("Export", Response, "Attributes", "as of Get Attributes"),
    ("Export", Response, "ANY", "absent of what is destroyed"),
    (
        "Set Constraints",
        Request,
        "Constraints",
        "none is an empty list: the constraints go",
    ),
    (
        "Query",
        Request,
        "Query Function",
        "none is an empty list: nothing is asked",
    ),
    (
        "Delete Attribute",
        Request,
        "Attribute Name",
        "one type for 1.x and 2.x, where it is optional",
    ),
    (
        "Add Attribute",
        Response,
        "Attribute",
        "one type for 1.x and 2.x, where it is gone",
    ),
    (
        "Modify Attribute",
        Response,
        "Attribute",
        "as of Add Attribute",
    ),
    (
        "Delete Attribute",
        Response,
        "Attribute",
        "as of Add Attribute",
    ),
    (
        "Get Attributes",
        Response,
        "Attributes",
        "none is an empty list, and that is 1.x's form of it",
    ),
    (
        "Get Attribute List",
        Response,
        "Attribute Name",
        "none is an empty list",
    ),
    (
        "Get Attribute List",
        Response,
        "Attribute Reference",
        "none is an empty list",
    ),
    (
        "Authentication Structure in Message Header",
        Structure,
        "Credential",
        "none holds as none is sent",
    ),
    (
        "Notify",
        Request,
        "Attribute",
        "1.x: one type for 2.x, where references may stand alone",
    ),
    (
        "Usage Limits",
        Structure,
        "Usage Limits Count",
        "a client does not set it (1.4 §3.21)",
    ),
    (
        "Usage limits",
        Structure,
        "Usage Limits Count",
        "a client does not set it (2.1 §4.59)",
    ),
];

/// Fields that must be there although the standard does not always say so.
pub(super) const STRICTER: &[Exception] = &[(
    "Attribute",
    Structure,
    "Attribute Value",
    "absent only in Notify of 1.x, where the date of the last change tells of what is gone",
)];

/// Rows that the standard as data does not have: their table, their number, and why they are here.
pub(super) const EXPERIMENTAL: &[(&str, u32, &str)] = &[
    (
        "KeyFormatType",
        0x18,
        "Seed Private Key: of working draft 19",
    ),
    ("OperationCode", 0x41, "Encapsulate: of working draft 19"),
    ("OperationCode", 0x42, "Decapsulate: of working draft 19"),
    ("Tag", 0x0042_01C3, "KEM Algorithm: of working draft 19"),
];

/// Whether a case is the payload of an operation that the standard as data does not have.
pub(super) fn is_experimental(case: &Case) -> bool {
    let code = OperationCode::from_name(case.name);
    matches!(case.table, Request | Response)
        && EXPERIMENTAL.iter().any(|(table, number, _)| {
            *table == "OperationCode" && code == Some(OperationCode(*number))
        })
}

/// The exception of a list for a field.
pub(super) fn exception(list: &'static [Exception], case: &Case, field: &str) -> Option<Exception> {
    list.iter()
        .find(|(name, table, own, _)| *name == case.name && *table == case.table && *own == field)
        .copied()
}

/// The exceptions of a list that were not needed.
pub(super) fn unneeded(list: &'static [Exception], needed: &[Exception]) -> Vec<Exception> {
    list.iter()
        .filter(|own| !needed.contains(own))
        .copied()
        .collect()
}
