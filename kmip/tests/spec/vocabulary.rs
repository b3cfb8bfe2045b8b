//! Tags, enumerations, masks, operations and result reasons.

use std::collections::{BTreeMap, BTreeSet};

use kmip::*;
use serde_json::Value;

use super::{SPEC, exceptions::EXPERIMENTAL, number, rows, text};

/// Number, full name, XML name and first version of a value.
type Row = (u32, String, String, String);

/// The rows of the standard, by their number.
fn standard(table: &Value) -> Vec<Row> {
    let mut standard: Vec<_> = rows(table)
        .iter()
        .map(|row| {
            let [name, xml, since] = ["name", "xml", "since"].map(|field| text(row, field).into());
            (number(row, "number"), name, xml, since)
        })
        .collect();
    standard.sort();
    standard
}

/// The rows of a type that are not to be found in the standard.
fn of_no_standard(
    table: &'static str,
) -> impl Iterator<Item = &'static (&'static str, u32, &'static str)> {
    EXPERIMENTAL.iter().filter(move |(own, ..)| *own == table)
}

macro_rules! compare {
    ($type:ident, $table:expr) => {{
        let mut ours: Vec<Row> = $type::ALL
            .iter()
            .map(|value| {
                let [name, xml] = [value.name(), value.xml_name()].map(|name| name.unwrap());
                assert_eq!($type::from_name(name), Some(*value));
                assert_eq!($type::from_name(xml), Some(*value));
                let since = value.since().unwrap().to_string();
                (value.0, name.into(), xml.into(), since)
            })
            .collect();
        ours.sort();
        for (_, experimental, _) in of_no_standard(stringify!($type)) {
            let at = ours.iter().position(|(number, ..)| number == experimental);
            ours.remove(at.expect("the exception is needed"));
        }
        assert_eq!(ours, standard($table), stringify!($type));
        assert_eq!($type(0x8BAD_F00D).name(), None);
    }};
}

#[test]
fn every_tag_is_the_standards() {
    compare!(Tag, &SPEC["tags"]);
}

#[test]
fn every_operation_is_the_standards() {
    compare!(OperationCode, &SPEC["operations"]);
}

#[test]
fn every_result_reason_and_status_is_the_standards() {
    compare!(ResultReason, &SPEC["result_reasons"]);
    compare!(ResultStatus, &SPEC["result_status"]);
}

macro_rules! compare_enumerations {
    ($($type:ident = $name:literal)*) => {{
        $(compare!($type, &SPEC["enumerations"][$name]["values"]);)*
        BTreeSet::from([$($name),*])
    }};
}

#[test]
#[expect(clippy::too_many_lines, reason = "one line an enumeration")]
fn every_enumeration_is_the_standards() {
    let ours = compare_enumerations! {
        AdjustmentType = "Adjustment Type"
        AlternativeNameType = "Alternative Name Type"
        AsynchronousIndicator = "Asynchronous Indicator"
        AttestationType = "Attestation Type"
        BatchErrorContinuationOption = "Batch Error Continuation Option"
        BlockCipherMode = "Block Cipher Mode"
        CancellationResult = "Cancellation Result"
        CertificateRequestType = "Certificate Request Type"
        CertificateType = "Certificate Type"
        ClientRegistrationMethod = "Client Registration Method"
        CredentialType = "Credential Type"
        CryptographicAlgorithm = "Cryptographic Algorithm"
        DRBGAlgorithm = "DRBG Algorithm"
        DataEnumeration = "Data"
        DeactivationReasonCode = "Deactivation Reason Code"
        DerivationMethod = "Derivation Method"
        DestroyAction = "Destroy Action"
        DigitalSignatureAlgorithm = "Digital Signature Algorithm"
        EncodingOption = "Encoding Option"
        EndpointRole = "Endpoint Role"
        Ephemeral = "Ephemeral"
        FIPS186Variation = "FIPS186 Variation"
        HashingAlgorithm = "Hashing Algorithm"
        InteropFunction = "Interop Function"
        ItemType = "Item Type"
        KeyCompressionType = "Key Compression Type"
        KeyFormatType = "Key Format Type"
        KeyRoleType = "Key Role Type"
        KeyValueLocationType = "Key Value Location Type"
        KeyWrapType = "Key Wrap Type"
        LinkType = "Link Type"
        MaskGenerator = "Mask Generator"
        NISTKeyType = "NIST Key Type"
        NameType = "Name Type"
        OTPAlgorithm = "OTP Algorithm"
        ObjectClass = "Object Class"
        ObjectGroupMember = "Object Group Member"
        ObjectType = "Object Type"
        PKCS11Function = "PKCS#11 Function"
        PKCS11ReturnCode = "PKCS#11 Return Code"
        PaddingMethod = "Padding Method"
        ProcessingStage = "Processing Stage"
        ProfileName = "Profile Name"
        ProtectionLevel = "Protection Level"
        PutFunction = "Put Function"
        QueryFunction = "Query Function"
        RNGAlgorithm = "RNG Algorithm"
        RNGMode = "RNG Mode"
        RecommendedCurve = "Recommended Curve"
        RevocationReasonCode = "Revocation Reason Code"
        RotateNameType = "Rotate Name Type"
        SecretDataType = "Secret Data Type"
        ShreddingAlgorithm = "Shredding Algorithm"
        SplitKeyMethod = "Split Key Method"
        SplitKeyPolynomial = "Split Key Polynomial"
        State = "State"
        TicketType = "Ticket Type"
        UniqueIdentifierEnumeration = "Unique Identifier"
        UnwrapMode = "Unwrap Mode"
        UsageLimitsUnit = "Usage Limits Unit"
        ValidationAuthorityType = "Validation Authority Type"
        ValidationType = "Validation Type"
        ValidityIndicator = "Validity Indicator"
        WrappingMethod = "Wrapping Method"
    };
    let standard: BTreeSet<_> = SPEC["enumerations"]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    // These have a table of their own here.
    let elsewhere = BTreeSet::from(["Operation", "Result Reason", "Result Status"]);
    let missing: Vec<_> = standard
        .difference(&(&ours | &elsewhere))
        .copied()
        .collect();
    assert_eq!(missing, [""; 0]);
    // A type that the standard leaves to vendors has no values.
    assert!(OpaqueDataType::ALL.is_empty());
}

macro_rules! compare_masks {
    ($($type:ident = $name:literal)*) => {{
        $(
            let mut ours: Vec<Row> = $type::ALL
                .iter()
                .map(|(bit, xml, name, since)| {
                    (bit.0, (*name).into(), (*xml).into(), since.to_string())
                })
                .collect();
            ours.sort();
            assert_eq!(ours, standard(&SPEC["masks"][$name]["values"]), $name);
        )*
        BTreeSet::from([$($name),*])
    }};
}

#[test]
fn every_mask_is_the_standards() {
    let ours = compare_masks! {
        CryptographicUsageMask = "Cryptographic Usage Mask"
        ObjectClassMask = "Object Class Mask"
        ProtectionStorageMask = "Protection Storage Mask"
        StorageStatusMask = "Storage Status Mask"
    };
    let standard: BTreeSet<_> = SPEC["masks"]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(ours, standard);
}

#[test]
fn every_item_type_is_the_standards() {
    let standard: BTreeMap<_, _> = SPEC["item_types"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, number)| {
            (
                u8::try_from(number.as_u64().unwrap()).unwrap(),
                name.as_str(),
            )
        })
        .collect();
    for byte in 0..=255 {
        let ours = ttlv::ItemType::from_byte(byte).map(|own| format!("{own:?}"));
        assert_eq!(ours.as_deref(), standard.get(&byte).copied(), "{byte:#x}");
    }
}
