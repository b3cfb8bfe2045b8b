//! Every operation of the protocol: its code, its names, the version it came with (KMIP 2.1 §11.36).

use super::{Version, table::open_enum};

open_enum! {
    /// Operation Enumeration.
    OperationCode {
        Create = 0x1, "Create", "Create", V1_0;
        CreateKeyPair = 0x2, "CreateKeyPair", "Create Key Pair", V1_0;
        Register = 0x3, "Register", "Register", V1_0;
        ReKey = 0x4, "ReKey", "Re-key", V1_0;
        DeriveKey = 0x5, "DeriveKey", "Derive Key", V1_0;
        Certify = 0x6, "Certify", "Certify", V1_0;
        ReCertify = 0x7, "ReCertify", "Re-certify", V1_0;
        Locate = 0x8, "Locate", "Locate", V1_0;
        Check = 0x9, "Check", "Check", V1_0;
        Get = 0xA, "Get", "Get", V1_0;
        GetAttributes = 0xB, "GetAttributes", "Get Attributes", V1_0;
        GetAttributeList = 0xC, "GetAttributeList", "Get Attribute List", V1_0;
        AddAttribute = 0xD, "AddAttribute", "Add Attribute", V1_0;
        ModifyAttribute = 0xE, "ModifyAttribute", "Modify Attribute", V1_0;
        DeleteAttribute = 0xF, "DeleteAttribute", "Delete Attribute", V1_0;
        ObtainLease = 0x10, "ObtainLease", "Obtain Lease", V1_0;
        GetUsageAllocation = 0x11, "GetUsageAllocation", "Get Usage Allocation", V1_0;
        Activate = 0x12, "Activate", "Activate", V1_0;
        Revoke = 0x13, "Revoke", "Revoke", V1_0;
        Destroy = 0x14, "Destroy", "Destroy", V1_0;
        Archive = 0x15, "Archive", "Archive", V1_0;
        Recover = 0x16, "Recover", "Recover", V1_0;
        Validate = 0x17, "Validate", "Validate", V1_0;
        Query = 0x18, "Query", "Query", V1_0;
        Cancel = 0x19, "Cancel", "Cancel", V1_0;
        Poll = 0x1A, "Poll", "Poll", V1_0;
        Notify = 0x1B, "Notify", "Notify", V1_0;
        Put = 0x1C, "Put", "Put", V1_0;
        ReKeyKeyPair = 0x1D, "ReKeyKeyPair", "Re-key Key Pair", V1_1;
        DiscoverVersions = 0x1E, "DiscoverVersions", "Discover Versions", V1_1;
        Encrypt = 0x1F, "Encrypt", "Encrypt", V1_2;
        Decrypt = 0x20, "Decrypt", "Decrypt", V1_2;
        Sign = 0x21, "Sign", "Sign", V1_2;
        SignatureVerify = 0x22, "SignatureVerify", "Signature Verify", V1_2;
        MAC = 0x23, "MAC", "MAC", V1_2;
        MACVerify = 0x24, "MACVerify", "MAC Verify", V1_2;
        RNGRetrieve = 0x25, "RNGRetrieve", "RNG Retrieve", V1_2;
        RNGSeed = 0x26, "RNGSeed", "RNG Seed", V1_2;
        Hash = 0x27, "Hash", "Hash", V1_2;
        CreateSplitKey = 0x28, "CreateSplitKey", "Create Split Key", V1_2;
        JoinSplitKey = 0x29, "JoinSplitKey", "Join Split Key", V1_2;
        Import = 0x2A, "Import", "Import", V1_4;
        Export = 0x2B, "Export", "Export", V1_4;
        Log = 0x2C, "Log", "Log", V2_0;
        Login = 0x2D, "Login", "Login", V2_0;
        Logout = 0x2E, "Logout", "Logout", V2_0;
        DelegatedLogin = 0x2F, "DelegatedLogin", "Delegated Login", V2_0;
        AdjustAttribute = 0x30, "AdjustAttribute", "Adjust Attribute", V2_0;
        SetAttribute = 0x31, "SetAttribute", "Set Attribute", V2_0;
        SetEndpointRole = 0x32, "SetEndpointRole", "Set Endpoint Role", V2_0;
        PKCS11 = 0x33, "PKCS_11", "PKCS#11", V2_0;
        Interop = 0x34, "Interop", "Interop", V2_0;
        ReProvision = 0x35, "ReProvision", "Re-Provision", V2_0;
        SetDefaults = 0x36, "SetDefaults", "Set Defaults", V2_1;
        SetConstraints = 0x37, "SetConstraints", "Set Constraints", V2_1;
        GetConstraints = 0x38, "GetConstraints", "Get Constraints", V2_1;
        QueryAsynchronousRequests = 0x39, "QueryAsynchronousRequests", "Query Asynchronous Requests", V2_1;
        Process = 0x3A, "Process", "Process", V2_1;
        Ping = 0x3B, "Ping", "Ping", V2_1;
        CreateGroup = 0x3C, "CreateGroup", "Create Group", V3_0;
        Obliterate = 0x3D, "Obliterate", "Obliterate", V3_0;
        CreateUser = 0x3E, "CreateUser", "Create User", V3_0;
        CreateCredential = 0x3F, "CreateCredential", "Create Credential", V3_0;
        Deactivate = 0x40, "Deactivate", "Deactivate", V3_0;
        // Experimental: only working draft 19 of 3.0 has these, and the codes may change until it is final.
        Encapsulate = 0x41, "Encapsulate", "Encapsulate", V3_0;
        Decapsulate = 0x42, "Decapsulate", "Decapsulate", V3_0;
    }
}
