//! The bit masks of the protocol; unknown bits travel (KMIP 2.1 §12).

use super::{Version, table::mask};

mask! {
    /// Cryptographic Usage Mask.
    CryptographicUsageMask {
        Sign = 0x00000001, "Sign", "Sign", V1_0;
        Verify = 0x00000002, "Verify", "Verify", V1_0;
        Encrypt = 0x00000004, "Encrypt", "Encrypt", V1_0;
        Decrypt = 0x00000008, "Decrypt", "Decrypt", V1_0;
        WrapKey = 0x00000010, "WrapKey", "Wrap Key", V1_0;
        UnwrapKey = 0x00000020, "UnwrapKey", "Unwrap Key", V1_0;
        Export = 0x00000040, "Export", "Export", V1_0;
        MACGenerate = 0x00000080, "MACGenerate", "MAC Generate", V1_0;
        MACVerify = 0x00000100, "MACVerify", "MAC Verify", V1_0;
        DeriveKey = 0x00000200, "DeriveKey", "Derive Key", V1_0;
        ContentCommitmentNonRepudiation = 0x00000400, "ContentCommitmentNonRepudiation", "Content Commitment (Non Repudiation)", V1_0;
        KeyAgreement = 0x00000800, "KeyAgreement", "Key Agreement", V1_0;
        CertificateSign = 0x00001000, "CertificateSign", "Certificate Sign", V1_0;
        CRLSign = 0x00002000, "CRLSign", "CRL Sign", V1_0;
        GenerateCryptogram = 0x00004000, "GenerateCryptogram", "Generate Cryptogram", V1_0;
        ValidateCryptogram = 0x00008000, "ValidateCryptogram", "Validate Cryptogram", V1_0;
        TranslateEncrypt = 0x00010000, "TranslateEncrypt", "Translate Encrypt", V1_0;
        TranslateDecrypt = 0x00020000, "TranslateDecrypt", "Translate Decrypt", V1_0;
        TranslateWrap = 0x00040000, "TranslateWrap", "Translate Wrap", V1_0;
        TranslateUnwrap = 0x00080000, "TranslateUnwrap", "Translate Unwrap", V1_0;
        Authenticate = 0x00100000, "Authenticate", "Authenticate", V2_0;
        Unrestricted = 0x00200000, "Unrestricted", "Unrestricted", V2_0;
        FPEEncrypt = 0x00400000, "FPEEncrypt", "FPE Encrypt", V2_0;
        FPEDecrypt = 0x00800000, "FPEDecrypt", "FPE Decrypt", V2_0;
    }
}

/// Uses of working draft 19 of KMIP 3.0, which gives the bits of a use that nobody has to new ones. Experimental: they are
/// spelled by their older names until the draft is final.
#[expect(non_upper_case_globals, reason = "the standard's own spelling")]
impl CryptographicUsageMask {
    /// Encapsulate.
    pub const Encapsulate: Self = Self::TranslateWrap;
    /// Decapsulate.
    pub const Decapsulate: Self = Self::TranslateUnwrap;
}

mask! {
    /// Object Class Mask.
    ObjectClassMask {
        User = 0x00000001, "User", "User", V3_0;
        System = 0x00000002, "System", "System", V3_0;
    }
}

mask! {
    /// Protection Storage Mask.
    ProtectionStorageMask {
        Software = 0x00000001, "Software", "Software", V2_0;
        Hardware = 0x00000002, "Hardware", "Hardware", V2_0;
        OnProcessor = 0x00000004, "OnProcessor", "On Processor", V2_0;
        OnSystem = 0x00000008, "OnSystem", "On System", V2_0;
        OffSystem = 0x00000010, "OffSystem", "Off System", V2_0;
        Hypervisor = 0x00000020, "Hypervisor", "Hypervisor", V2_0;
        OperatingSystem = 0x00000040, "OperatingSystem", "Operating System", V2_0;
        Container = 0x00000080, "Container", "Container", V2_0;
        OnPremises = 0x00000100, "OnPremises", "On Premises", V2_0;
        OffPremises = 0x00000200, "OffPremises", "Off Premises", V2_0;
        SelfManaged = 0x00000400, "SelfManaged", "Self Managed", V2_0;
        Outsourced = 0x00000800, "Outsourced", "Outsourced", V2_0;
        Validated = 0x00001000, "Validated", "Validated", V2_0;
        SameJurisdiction = 0x00002000, "SameJurisdiction", "Same Jurisdiction", V2_0;
    }
}

mask! {
    /// Storage Status Mask.
    StorageStatusMask {
        OnLineStorage = 0x00000001, "OnLineStorage", "On-line storage", V1_0;
        ArchivalStorage = 0x00000002, "ArchivalStorage", "Archival storage", V1_0;
        DestroyedStorage = 0x00000004, "DestroyedStorage", "Destroyed storage", V2_0;
    }
}
