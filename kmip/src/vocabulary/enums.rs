//! Every enumeration of the protocol, open: unknown values travel and are refused where they are used (KMIP 2.1 §11).

use super::{Version, table::open_enum};

open_enum! {
    /// Adjustment Type Enumeration.
    AdjustmentType {
        Increment = 0x1, "Increment", "Increment", V2_0;
        Decrement = 0x2, "Decrement", "Decrement", V2_0;
        Negate = 0x3, "Negate", "Negate", V2_0;
    }
}

open_enum! {
    /// Alternative Name Type Enumeration.
    AlternativeNameType {
        UninterpretedTextString = 0x1, "UninterpretedTextString", "Uninterpreted Text String", V1_2;
        URI = 0x2, "URI", "URI", V1_2;
        ObjectSerialNumber = 0x3, "ObjectSerialNumber", "Object Serial Number", V1_2;
        EmailAddress = 0x4, "EmailAddress", "Email Address", V1_2;
        DNSName = 0x5, "DNSName", "DNS Name", V1_2;
        X500DistinguishedName = 0x6, "X_500DistinguishedName", "X.500 Distinguished Name", V1_2;
        IPAddress = 0x7, "IPAddress", "IP Address", V1_2;
    }
}

open_enum! {
    /// Asynchronous Indicator Enumeration.
    AsynchronousIndicator {
        Mandatory = 0x1, "Mandatory", "Mandatory", V2_0;
        Optional = 0x2, "Optional", "Optional", V2_0;
        Prohibited = 0x3, "Prohibited", "Prohibited", V2_0;
    }
}

open_enum! {
    /// Attestation Type Enumeration.
    AttestationType {
        TPMQuote = 0x1, "TPMQuote", "TPM Quote", V1_2;
        TCGIntegrityReport = 0x2, "TCGIntegrityReport", "TCG Integrity Report", V1_2;
        SAMLAssertion = 0x3, "SAMLAssertion", "SAML Assertion", V1_2;
    }
}

open_enum! {
    /// Batch Error Continuation Option Enumeration.
    BatchErrorContinuationOption {
        Continue = 0x1, "Continue", "Continue", V1_0;
        Stop = 0x2, "Stop", "Stop", V1_0;
        Undo = 0x3, "Undo", "Undo", V1_0;
    }
}

open_enum! {
    /// Block Cipher Mode Enumeration.
    BlockCipherMode {
        CBC = 0x1, "CBC", "CBC", V1_0;
        ECB = 0x2, "ECB", "ECB", V1_0;
        PCBC = 0x3, "PCBC", "PCBC", V1_0;
        CFB = 0x4, "CFB", "CFB", V1_0;
        OFB = 0x5, "OFB", "OFB", V1_0;
        CTR = 0x6, "CTR", "CTR", V1_0;
        CMAC = 0x7, "CMAC", "CMAC", V1_0;
        CCM = 0x8, "CCM", "CCM", V1_0;
        GCM = 0x9, "GCM", "GCM", V1_0;
        CBCMAC = 0xA, "CBC_MAC", "CBC-MAC", V1_0;
        XTS = 0xB, "XTS", "XTS", V1_0;
        AESKeyWrapPadding = 0xC, "AESKeyWrapPadding", "AESKeyWrapPadding", V1_0;
        NISTKeyWrap = 0xD, "NISTKeyWrap", "NISTKeyWrap", V1_0;
        X9102AESKW = 0xE, "X9_102AESKW", "X9.102 AESKW", V1_0;
        X9102TDKW = 0xF, "X9_102TDKW", "X9.102 TDKW", V1_0;
        X9102AKW1 = 0x10, "X9_102AKW1", "X9.102 AKW1", V1_0;
        X9102AKW2 = 0x11, "X9_102AKW2", "X9.102 AKW2", V1_0;
        AEAD = 0x12, "AEAD", "AEAD", V1_4;
    }
}

open_enum! {
    /// Cancellation Result Enumeration.
    CancellationResult {
        Canceled = 0x1, "Canceled", "Canceled", V1_0;
        UnableToCancel = 0x2, "UnableToCancel", "Unable to Cancel", V1_0;
        Completed = 0x3, "Completed", "Completed", V1_0;
        Failed = 0x4, "Failed", "Failed", V1_0;
        Unavailable = 0x5, "Unavailable", "Unavailable", V1_0;
    }
}

open_enum! {
    /// Certificate Request Type Enumeration.
    CertificateRequestType {
        CRMF = 0x1, "CRMF", "CRMF", V1_0;
        PKCS10 = 0x2, "PKCS_10", "PKCS#10", V1_0;
        PEM = 0x3, "PEM", "PEM", V1_0;
        PGP = 0x4, "PGP", "PGP", V1_0;
    }
}

open_enum! {
    /// Certificate Type Enumeration.
    CertificateType {
        X509 = 0x1, "X_509", "X.509", V1_0;
        PGP = 0x2, "PGP", "PGP", V1_0;
    }
}

open_enum! {
    /// Client Registration Method Enumeration.
    ClientRegistrationMethod {
        Unspecified = 0x1, "Unspecified", "Unspecified", V1_3;
        ServerPreGenerated = 0x2, "ServerPreGenerated", "Server Pre-Generated", V1_3;
        ServerOnDemand = 0x3, "ServerOnDemand", "Server On-Demand", V1_3;
        ClientGenerated = 0x4, "ClientGenerated", "Client Generated", V1_3;
        ClientRegistered = 0x5, "ClientRegistered", "Client Registered", V1_3;
    }
}

open_enum! {
    /// Credential Type Enumeration.
    CredentialType {
        UsernameAndPassword = 0x1, "UsernameAndPassword", "Username and Password", V1_0;
        Device = 0x2, "Device", "Device", V1_1;
        Attestation = 0x3, "Attestation", "Attestation", V1_2;
        OneTimePassword = 0x4, "OneTimePassword", "One Time Password", V2_0;
        HashedPassword = 0x5, "HashedPassword", "Hashed Password", V2_0;
        Ticket = 0x6, "Ticket", "Ticket", V2_0;
        Password = 0x7, "Password", "Password", V3_0;
        Certificate = 0x8, "Certificate", "Certificate", V3_0;
    }
}

open_enum! {
    /// Cryptographic Algorithm Enumeration.
    CryptographicAlgorithm {
        DES = 0x1, "DES", "DES", V1_0;
        DES3 = 0x2, "DES3", "3DES", V1_0;
        AES = 0x3, "AES", "AES", V1_0;
        RSA = 0x4, "RSA", "RSA", V1_0;
        DSA = 0x5, "DSA", "DSA", V1_0;
        ECDSA = 0x6, "ECDSA", "ECDSA", V1_0;
        HMACSHA1 = 0x7, "HMAC_SHA1", "HMAC-SHA1", V1_0;
        HMACSHA224 = 0x8, "HMAC_SHA224", "HMAC-SHA224", V1_0;
        HMACSHA256 = 0x9, "HMAC_SHA256", "HMAC-SHA256", V1_0;
        HMACSHA384 = 0xA, "HMAC_SHA384", "HMAC-SHA384", V1_0;
        HMACSHA512 = 0xB, "HMAC_SHA512", "HMAC-SHA512", V1_0;
        HMACMD5 = 0xC, "HMAC_MD5", "HMAC-MD5", V1_0;
        DH = 0xD, "DH", "DH", V1_0;
        ECDH = 0xE, "ECDH", "ECDH", V1_0;
        ECMQV = 0xF, "ECMQV", "ECMQV", V1_0;
        Blowfish = 0x10, "Blowfish", "Blowfish", V1_0;
        Camellia = 0x11, "Camellia", "Camellia", V1_0;
        CAST5 = 0x12, "CAST5", "CAST5", V1_0;
        IDEA = 0x13, "IDEA", "IDEA", V1_0;
        MARS = 0x14, "MARS", "MARS", V1_0;
        RC2 = 0x15, "RC2", "RC2", V1_0;
        RC4 = 0x16, "RC4", "RC4", V1_0;
        RC5 = 0x17, "RC5", "RC5", V1_0;
        SKIPJACK = 0x18, "SKIPJACK", "SKIPJACK", V1_0;
        Twofish = 0x19, "Twofish", "Twofish", V1_0;
        EC = 0x1A, "EC", "EC", V1_2;
        OneTimePad = 0x1B, "OneTimePad", "One Time Pad", V1_3;
        ChaCha20 = 0x1C, "ChaCha20", "ChaCha20", V1_4;
        Poly1305 = 0x1D, "Poly1305", "Poly1305", V1_4;
        ChaCha20Poly1305 = 0x1E, "ChaCha20Poly1305", "ChaCha20Poly1305", V1_4;
        SHA3224 = 0x1F, "SHA3_224", "SHA3-224", V1_4;
        SHA3256 = 0x20, "SHA3_256", "SHA3-256", V1_4;
        SHA3384 = 0x21, "SHA3_384", "SHA3-384", V1_4;
        SHA3512 = 0x22, "SHA3_512", "SHA3-512", V1_4;
        HMACSHA3224 = 0x23, "HMAC_SHA3_224", "HMAC-SHA3-224", V1_4;
        HMACSHA3256 = 0x24, "HMAC_SHA3_256", "HMAC-SHA3-256", V1_4;
        HMACSHA3384 = 0x25, "HMAC_SHA3_384", "HMAC-SHA3-384", V1_4;
        HMACSHA3512 = 0x26, "HMAC_SHA3_512", "HMAC-SHA3-512", V1_4;
        SHAKE128 = 0x27, "SHAKE_128", "SHAKE-128", V1_4;
        SHAKE256 = 0x28, "SHAKE_256", "SHAKE-256", V1_4;
        ARIA = 0x29, "ARIA", "ARIA", V2_0;
        SEED = 0x2A, "SEED", "SEED", V2_0;
        SM2 = 0x2B, "SM2", "SM2", V2_0;
        SM3 = 0x2C, "SM3", "SM3", V2_0;
        SM4 = 0x2D, "SM4", "SM4", V2_0;
        GOSTR34102012 = 0x2E, "GOSTR34_10_2012", "GOST R 34.10-2012", V2_0;
        GOSTR34112012 = 0x2F, "GOSTR34_11_2012", "GOST R 34.11-2012", V2_0;
        GOSTR34132015 = 0x30, "GOSTR34_13_2015", "GOST R 34.13-2015", V2_0;
        GOST2814789 = 0x31, "GOST28147_89", "GOST 28147-89", V2_0;
        XMSS = 0x32, "XMSS", "XMSS", V2_0;
        SPHINCS256 = 0x33, "SPHINCS_256", "SPHINCS-256", V2_0;
        McEliece = 0x34, "McEliece", "McEliece", V2_0;
        McEliece6960119 = 0x35, "McEliece_6960119", "McEliece-6960119", V2_0;
        McEliece8192128 = 0x36, "McEliece_8192128", "McEliece-8192128", V2_0;
        Ed25519 = 0x37, "Ed25519", "Ed25519", V2_0;
        Ed448 = 0x38, "Ed448", "Ed448", V2_0;
        MLKEM512 = 0x39, "ML_KEM_512", "ML-KEM-512", V3_0;
        MLKEM768 = 0x3A, "ML_KEM_768", "ML-KEM-768", V3_0;
        MLKEM1024 = 0x3B, "ML_KEM_1024", "ML-KEM-1024", V3_0;
        MLDSA44 = 0x3C, "ML_DSA_44", "ML-DSA-44", V3_0;
        MLDSA65 = 0x3D, "ML_DSA_65", "ML-DSA-65", V3_0;
        MLDSA87 = 0x3E, "ML_DSA_87", "ML-DSA-87", V3_0;
        SLHDSASHA2128s = 0x3F, "SLH_DSA_SHA2_128s", "SLH-DSA-SHA2-128s", V3_0;
        SLHDSASHA2128f = 0x40, "SLH_DSA_SHA2_128f", "SLH-DSA-SHA2-128f", V3_0;
        SLHDSASHA2192s = 0x41, "SLH_DSA_SHA2_192s", "SLH-DSA-SHA2-192s", V3_0;
        SLHDSASHA2192f = 0x42, "SLH_DSA_SHA2_192f", "SLH-DSA-SHA2-192f", V3_0;
        SLHDSASHA2256s = 0x43, "SLH_DSA_SHA2_256s", "SLH-DSA-SHA2-256s", V3_0;
        SLHDSASHA2256f = 0x44, "SLH_DSA_SHA2_256f", "SLH-DSA-SHA2-256f", V3_0;
        SLHDSASHAKE128s = 0x45, "SLH_DSA_SHAKE_128s", "SLH-DSA-SHAKE-128s", V3_0;
        SLHDSASHAKE128f = 0x46, "SLH_DSA_SHAKE_128f", "SLH-DSA-SHAKE-128f", V3_0;
        SLHDSASHAKE192s = 0x47, "SLH_DSA_SHAKE_192s", "SLH-DSA-SHAKE-192s", V3_0;
        SLHDSASHAKE192f = 0x48, "SLH_DSA_SHAKE_192f", "SLH-DSA-SHAKE-192f", V3_0;
        SLHDSASHAKE256s = 0x49, "SLH_DSA_SHAKE_256s", "SLH-DSA-SHAKE-256s", V3_0;
        SLHDSASHAKE256f = 0x4A, "SLH_DSA_SHAKE_256f", "SLH-DSA-SHAKE-256f", V3_0;
    }
}

open_enum! {
    /// DRBG Algorithm Enumeration.
    DRBGAlgorithm {
        Unspecified = 0x1, "Unspecified", "Unspecified", V1_3;
        DualEC = 0x2, "Dual_EC", "Dual-EC", V1_3;
        Hash = 0x3, "Hash", "Hash", V1_3;
        HMAC = 0x4, "HMAC", "HMAC", V1_3;
        CTR = 0x5, "CTR", "CTR", V1_3;
    }
}

open_enum! {
    /// Data Enumeration.
    DataEnumeration {
        Decrypt = 0x1, "Decrypt", "Decrypt", V2_0;
        Encrypt = 0x2, "Encrypt", "Encrypt", V2_0;
        Hash = 0x3, "Hash", "Hash", V2_0;
        MACMACData = 0x4, "MACMACData", "MAC MAC Data", V2_0;
        RNGRetrieve = 0x5, "RNGRetrieve", "RNG Retrieve", V2_0;
        SignSignatureData = 0x6, "SignSignatureData", "Sign Signature Data", V2_0;
        SignatureVerify = 0x7, "SignatureVerify", "Signature Verify", V2_0;
    }
}

open_enum! {
    /// Deactivation Reason Code Enumeration.
    DeactivationReasonCode {
        Unspecified = 0x1, "Unspecified", "Unspecified", V3_0;
        DeactivationDate = 0x2, "DeactivationDate", "Deactivation Date", V3_0;
        ProtectStopDate = 0x3, "ProtectStopDate", "Protect Stop Date", V3_0;
        UsageLimit = 0x4, "UsageLimit", "Usage Limit", V3_0;
    }
}

open_enum! {
    /// Derivation Method Enumeration.
    DerivationMethod {
        PBKDF2 = 0x1, "PBKDF2", "PBKDF2", V1_0;
        HASH = 0x2, "HASH", "HASH", V1_0;
        HMAC = 0x3, "HMAC", "HMAC", V1_0;
        ENCRYPT = 0x4, "ENCRYPT", "ENCRYPT", V1_0;
        NIST800108C = 0x5, "NIST800_108_C", "NIST800-108-C", V1_0;
        NIST800108F = 0x6, "NIST800_108_F", "NIST800-108-F", V1_0;
        NIST800108DPI = 0x7, "NIST800_108_DPI", "NIST800-108-DPI", V1_0;
        AsymmetricKey = 0x8, "AsymmetricKey", "Asymmetric Key", V1_4;
        AWSSignatureVersion4 = 0x9, "AWSSignatureVersion4", "AWS Signature Version 4", V2_0;
        HKDF = 0xA, "HKDF", "HKDF", V2_0;
    }
}

open_enum! {
    /// Destroy Action Enumeration.
    DestroyAction {
        Unspecified = 0x1, "Unspecified", "Unspecified", V1_3;
        KeyMaterialDeleted = 0x2, "KeyMaterialDeleted", "Key Material Deleted", V1_3;
        KeyMaterialShredded = 0x3, "KeyMaterialShredded", "Key Material Shredded", V1_3;
        MetaDataDeleted = 0x4, "MetaDataDeleted", "Meta Data Deleted", V1_3;
        MetaDataShredded = 0x5, "MetaDataShredded", "Meta Data Shredded", V1_3;
        Deleted = 0x6, "Deleted", "Deleted", V1_3;
        Shredded = 0x7, "Shredded", "Shredded", V1_3;
    }
}

open_enum! {
    /// Digital Signature Algorithm Enumeration.
    DigitalSignatureAlgorithm {
        MD2WithRSAEncryption = 0x1, "MD2WithRSAEncryption", "MD2 with RSA Encryption", V1_1;
        MD5WithRSAEncryption = 0x2, "MD5WithRSAEncryption", "MD5 with RSA Encryption", V1_1;
        SHA1WithRSAEncryption = 0x3, "SHA_1WithRSAEncryption", "SHA-1 with RSA Encryption", V1_1;
        SHA224WithRSAEncryption = 0x4, "SHA_224WithRSAEncryption", "SHA-224 with RSA Encryption", V1_1;
        SHA256WithRSAEncryption = 0x5, "SHA_256WithRSAEncryption", "SHA-256 with RSA Encryption", V1_1;
        SHA384WithRSAEncryption = 0x6, "SHA_384WithRSAEncryption", "SHA-384 with RSA Encryption", V1_1;
        SHA512WithRSAEncryption = 0x7, "SHA_512WithRSAEncryption", "SHA-512 with RSA Encryption", V1_1;
        RSASSAPSS = 0x8, "RSASSA_PSS", "RSASSA-PSS", V1_1;
        DSAWithSHA1 = 0x9, "DSAWithSHA_1", "DSA with SHA-1", V1_1;
        DSAWithSHA224 = 0xA, "DSAWithSHA224", "DSA with SHA224", V1_1;
        DSAWithSHA256 = 0xB, "DSAWithSHA256", "DSA with SHA256", V1_1;
        ECDSAWithSHA1 = 0xC, "ECDSAWithSHA_1", "ECDSA with SHA-1", V1_1;
        ECDSAWithSHA224 = 0xD, "ECDSAWithSHA224", "ECDSA with SHA224", V1_1;
        ECDSAWithSHA256 = 0xE, "ECDSAWithSHA256", "ECDSA with SHA256", V1_1;
        ECDSAWithSHA384 = 0xF, "ECDSAWithSHA384", "ECDSA with SHA384", V1_1;
        ECDSAWithSHA512 = 0x10, "ECDSAWithSHA512", "ECDSA with SHA512", V1_1;
        SHA3256WithRSAEncryption = 0x11, "SHA3_256WithRSAEncryption", "SHA3-256 with RSA Encryption", V1_4;
        SHA3384WithRSAEncryption = 0x12, "SHA3_384WithRSAEncryption", "SHA3-384 with RSA Encryption", V1_4;
        SHA3512WithRSAEncryption = 0x13, "SHA3_512WithRSAEncryption", "SHA3-512 with RSA Encryption", V1_4;
    }
}

open_enum! {
    /// Encoding Option Enumeration.
    EncodingOption {
        NoEncoding = 0x1, "NoEncoding", "No Encoding", V1_1;
        TTLVEncoding = 0x2, "TTLVEncoding", "TTLV Encoding", V1_1;
    }
}

open_enum! {
    /// Endpoint Role Enumeration.
    EndpointRole {
        Client = 0x1, "Client", "Client", V2_0;
        Server = 0x2, "Server", "Server", V2_0;
    }
}

open_enum! {
    /// Ephemeral Enumeration.
    Ephemeral {
        Data = 0x1, "Data", "Data", V3_0;
        Empty = 0x2, "Empty", "Empty", V3_0;
        UniqueIdentifier = 0x3, "UniqueIdentifier", "Unique Identifier", V3_0;
    }
}

open_enum! {
    /// FIPS186 Variation Enumeration.
    FIPS186Variation {
        Unspecified = 0x1, "Unspecified", "Unspecified", V1_3;
        GPXOriginal = 0x2, "GPXOriginal", "GP x-Original", V1_3;
        GPXChangeNotice = 0x3, "GPXChangeNotice", "GP x-Change Notice", V1_3;
        XOriginal = 0x4, "XOriginal", "x-Original", V1_3;
        XChangeNotice = 0x5, "XChangeNotice", "x-Change Notice", V1_3;
        KOriginal = 0x6, "KOriginal", "k-Original", V1_3;
        KChangeNotice = 0x7, "KChangeNotice", "k-Change Notice", V1_3;
    }
}

open_enum! {
    /// Hashing Algorithm Enumeration.
    HashingAlgorithm {
        MD2 = 0x1, "MD2", "MD2", V1_0;
        MD4 = 0x2, "MD4", "MD4", V1_0;
        MD5 = 0x3, "MD5", "MD5", V1_0;
        SHA1 = 0x4, "SHA_1", "SHA-1", V1_0;
        SHA224 = 0x5, "SHA_224", "SHA-224", V1_0;
        SHA256 = 0x6, "SHA_256", "SHA-256", V1_0;
        SHA384 = 0x7, "SHA_384", "SHA-384", V1_0;
        SHA512 = 0x8, "SHA_512", "SHA-512", V1_0;
        RIPEMD160 = 0x9, "RIPEMD_160", "RIPEMD-160", V1_0;
        Tiger = 0xA, "Tiger", "Tiger", V1_0;
        Whirlpool = 0xB, "Whirlpool", "Whirlpool", V1_0;
        SHA512224 = 0xC, "SHA_512_224", "SHA-512/224", V1_2;
        SHA512256 = 0xD, "SHA_512_256", "SHA-512/256", V1_2;
        SHA3224 = 0xE, "SHA3_224", "SHA3-224", V1_4;
        SHA3256 = 0xF, "SHA3_256", "SHA3-256", V1_4;
        SHA3384 = 0x10, "SHA3_384", "SHA3-384", V1_4;
        SHA3512 = 0x11, "SHA3_512", "SHA3-512", V1_4;
    }
}

open_enum! {
    /// Interop Function Enumeration.
    InteropFunction {
        Begin = 0x1, "Begin", "Begin", V2_0;
        End = 0x2, "End", "End", V2_0;
        Reset = 0x3, "Reset", "Reset", V2_0;
    }
}

open_enum! {
    /// Item Type Enumeration.
    ItemType {
        Structure = 0x1, "Structure", "Structure", V2_0;
        Integer = 0x2, "Integer", "Integer", V2_0;
        LongInteger = 0x3, "LongInteger", "Long Integer", V2_0;
        BigInteger = 0x4, "BigInteger", "Big Integer", V2_0;
        Enumeration = 0x5, "Enumeration", "Enumeration", V2_0;
        Boolean = 0x6, "Boolean", "Boolean", V2_0;
        TextString = 0x7, "TextString", "Text String", V2_0;
        ByteString = 0x8, "ByteString", "Byte String", V2_0;
        DateTime = 0x9, "DateTime", "Date Time", V2_0;
        Interval = 0xA, "Interval", "Interval", V2_0;
        DateTimeExtended = 0xB, "DateTimeExtended", "Date Time Extended", V2_0;
        Identifier = 0xC, "Identifier", "Identifier", V3_0;
        Reference = 0xD, "Reference", "Reference", V3_0;
        NameReference = 0xE, "NameReference", "Name Reference", V3_0;
    }
}

open_enum! {
    /// KEM Algorithm Enumeration. Experimental: only working draft 19 of 3.0 has it.
    KEMAlgorithm {
        RSASVE = 0x1, "RSASVE", "RSASVE", V3_0;
        DHKEM = 0x2, "DHKEM", "DHKEM", V3_0;
        MLKEM = 0x3, "MLKEM", "MLKEM", V3_0;
    }
}

open_enum! {
    /// Key Compression Type Enumeration.
    KeyCompressionType {
        ECPublicKeyTypeUncompressed = 0x1, "ECPublicKeyTypeUncompressed", "EC Public Key Type Uncompressed", V1_0;
        ECPublicKeyTypeX962CompressedPrime = 0x2, "ECPublicKeyTypeX9_62CompressedPrime", "EC Public Key Type X9.62 Compressed Prime", V1_0;
        ECPublicKeyTypeX962CompressedChar2 = 0x3, "ECPublicKeyTypeX9_62CompressedChar2", "EC Public Key Type X9.62 Compressed Char2", V1_0;
        ECPublicKeyTypeX962Hybrid = 0x4, "ECPublicKeyTypeX9_62Hybrid", "EC Public Key Type X9.62 Hybrid", V1_0;
    }
}

open_enum! {
    /// Key Format Type Enumeration.
    KeyFormatType {
        Raw = 0x1, "Raw", "Raw", V1_0;
        Opaque = 0x2, "Opaque", "Opaque", V1_0;
        PKCS1 = 0x3, "PKCS_1", "PKCS#1", V1_0;
        PKCS8 = 0x4, "PKCS_8", "PKCS#8", V1_0;
        X509 = 0x5, "X_509", "X.509", V1_0;
        ECPrivateKey = 0x6, "ECPrivateKey", "ECPrivateKey", V1_0;
        TransparentSymmetricKey = 0x7, "TransparentSymmetricKey", "Transparent Symmetric Key", V1_0;
        TransparentDSAPrivateKey = 0x8, "TransparentDSAPrivateKey", "Transparent DSA Private Key", V1_0;
        TransparentDSAPublicKey = 0x9, "TransparentDSAPublicKey", "Transparent DSA Public Key", V1_0;
        TransparentRSAPrivateKey = 0xA, "TransparentRSAPrivateKey", "Transparent RSA Private Key", V1_0;
        TransparentRSAPublicKey = 0xB, "TransparentRSAPublicKey", "Transparent RSA Public Key", V1_0;
        TransparentDHPrivateKey = 0xC, "TransparentDHPrivateKey", "Transparent DH Private Key", V1_0;
        TransparentDHPublicKey = 0xD, "TransparentDHPublicKey", "Transparent DH Public Key", V1_0;
        TransparentECDSAPrivateKey = 0xE, "TransparentECDSAPrivateKey", "Transparent ECDSA Private Key", V1_0;
        TransparentECDSAPublicKey = 0xF, "TransparentECDSAPublicKey", "Transparent ECDSA Public Key", V1_0;
        TransparentECDHPrivateKey = 0x10, "TransparentECDHPrivateKey", "Transparent ECDH Private Key", V1_0;
        TransparentECDHPublicKey = 0x11, "TransparentECDHPublicKey", "Transparent ECDH Public Key", V1_0;
        TransparentECMQVPrivateKey = 0x12, "TransparentECMQVPrivateKey", "Transparent ECMQV Private Key", V1_0;
        TransparentECMQVPublicKey = 0x13, "TransparentECMQVPublicKey", "Transparent ECMQV Public Key", V1_0;
        TransparentECPrivateKey = 0x14, "TransparentECPrivateKey", "Transparent EC Private Key", V1_3;
        TransparentECPublicKey = 0x15, "TransparentECPublicKey", "Transparent EC Public Key", V1_3;
        PKCS12 = 0x16, "PKCS_12", "PKCS#12", V1_4;
        PKCS10 = 0x17, "PKCS_10", "PKCS#10", V2_0;
        // Experimental: of working draft 19.
        SeedPrivateKey = 0x18, "SeedPrivateKey", "Seed Private Key", V3_0;
    }
}

open_enum! {
    /// Key Role Type Enumeration.
    KeyRoleType {
        BDK = 0x1, "BDK", "BDK", V1_0;
        CVK = 0x2, "CVK", "CVK", V1_0;
        DEK = 0x3, "DEK", "DEK", V1_0;
        MKAC = 0x4, "MKAC", "MKAC", V1_0;
        MKSMC = 0x5, "MKSMC", "MKSMC", V1_0;
        MKSMI = 0x6, "MKSMI", "MKSMI", V1_0;
        MKDAC = 0x7, "MKDAC", "MKDAC", V1_0;
        MKDN = 0x8, "MKDN", "MKDN", V1_0;
        MKCP = 0x9, "MKCP", "MKCP", V1_0;
        MKOTH = 0xA, "MKOTH", "MKOTH", V1_0;
        KEK = 0xB, "KEK", "KEK", V1_0;
        MAC16609 = 0xC, "MAC16609", "MAC16609", V1_0;
        MAC97971 = 0xD, "MAC97971", "MAC97971", V1_0;
        MAC97972 = 0xE, "MAC97972", "MAC97972", V1_0;
        MAC97973 = 0xF, "MAC97973", "MAC97973", V1_0;
        MAC97974 = 0x10, "MAC97974", "MAC97974", V1_0;
        MAC97975 = 0x11, "MAC97975", "MAC97975", V1_0;
        ZPK = 0x12, "ZPK", "ZPK", V1_0;
        PVKIBM = 0x13, "PVKIBM", "PVKIBM", V1_0;
        PVKPVV = 0x14, "PVKPVV", "PVKPVV", V1_0;
        PVKOTH = 0x15, "PVKOTH", "PVKOTH", V1_0;
        DUKPT = 0x16, "DUKPT", "DUKPT", V1_4;
        IV = 0x17, "IV", "IV", V1_4;
        TRKBK = 0x18, "TRKBK", "TRKBK", V1_4;
    }
}

open_enum! {
    /// Key Value Location Type Enumeration.
    KeyValueLocationType {
        UninterpretedTextString = 0x1, "UninterpretedTextString", "Uninterpreted Text String", V1_2;
        URI = 0x2, "URI", "URI", V1_2;
    }
}

open_enum! {
    /// Key Wrap Type Enumeration.
    KeyWrapType {
        NotWrapped = 0x1, "NotWrapped", "Not Wrapped", V1_4;
        AsRegistered = 0x2, "AsRegistered", "As Registered", V1_4;
    }
}

open_enum! {
    /// Link Type Enumeration.
    LinkType {
        CertificateLink = 0x101, "CertificateLink", "Certificate Link", V1_0;
        PublicKeyLink = 0x102, "PublicKeyLink", "Public Key Link", V1_0;
        PrivateKeyLink = 0x103, "PrivateKeyLink", "Private Key Link", V1_0;
        DerivationBaseObjectLink = 0x104, "DerivationBaseObjectLink", "Derivation Base Object Link", V1_0;
        DerivedKeyLink = 0x105, "DerivedKeyLink", "Derived Key Link", V1_0;
        ReplacementObjectLink = 0x106, "ReplacementObjectLink", "Replacement Object Link", V1_0;
        ReplacedObjectLink = 0x107, "ReplacedObjectLink", "Replaced Object Link", V1_0;
        ParentLink = 0x108, "ParentLink", "Parent Link", V1_2;
        ChildLink = 0x109, "ChildLink", "Child Link", V1_2;
        PreviousLink = 0x10A, "PreviousLink", "Previous Link", V1_2;
        NextLink = 0x10B, "NextLink", "Next Link", V1_2;
        PKCS12CertificateLink = 0x10C, "PKCS_12CertificateLink", "PKCS#12 Certificate Link", V1_4;
        PKCS12PasswordLink = 0x10D, "PKCS_12PasswordLink", "PKCS#12 Password Link", V1_4;
        WrappingKeyLink = 0x10E, "WrappingKeyLink", "Wrapping Key Link", V2_0;
    }
}

open_enum! {
    /// Mask Generator Enumeration.
    MaskGenerator {
        MFG1 = 0x1, "MFG1", "MFG1", V1_4;
    }
}

open_enum! {
    /// NIST Key Type Enumeration.
    NISTKeyType {
        PrivateSignatureKey = 0x1, "PrivateSignatureKey", "Private signature key", V2_0;
        PublicSignatureVerificationKey = 0x2, "PublicSignatureVerificationKey", "Public signature verification key", V2_0;
        SymmetricAuthenticationKey = 0x3, "SymmetricAuthenticationKey", "Symmetric authentication key", V2_0;
        PrivateAuthenticationKey = 0x4, "PrivateAuthenticationKey", "Private authentication key", V2_0;
        PublicAuthenticationKey = 0x5, "PublicAuthenticationKey", "Public authentication key", V2_0;
        SymmetricDataEncryptionKey = 0x6, "SymmetricDataEncryptionKey", "Symmetric data encryption key", V2_0;
        SymmetricKeyWrappingKey = 0x7, "SymmetricKeyWrappingKey", "Symmetric key wrapping key", V2_0;
        SymmetricRandomNumberGenerationKey = 0x8, "SymmetricRandomNumberGenerationKey", "Symmetric random number generation key", V2_0;
        SymmetricMasterKey = 0x9, "SymmetricMasterKey", "Symmetric master key", V2_0;
        PrivateKeyTransportKey = 0xA, "PrivateKeyTransportKey", "Private key transport key", V2_0;
        PublicKeyTransportKey = 0xB, "PublicKeyTransportKey", "Public key transport key", V2_0;
        SymmetricKeyAgreementKey = 0xC, "SymmetricKeyAgreementKey", "Symmetric key agreement key", V2_0;
        PrivateStaticKeyAgreementKey = 0xD, "PrivateStaticKeyAgreementKey", "Private static key agreement key", V2_0;
        PublicStaticKeyAgreementKey = 0xE, "PublicStaticKeyAgreementKey", "Public static key agreement key", V2_0;
        PrivateEphemeralKeyAgreementKey = 0xF, "PrivateEphemeralKeyAgreementKey", "Private ephemeral key agreement key", V2_0;
        PublicEphemeralKeyAgreementKey = 0x10, "PublicEphemeralKeyAgreementKey", "Public ephemeral key agreement key", V2_0;
        SymmetricAuthorizationKey = 0x11, "SymmetricAuthorizationKey", "Symmetric authorization key", V2_0;
        PrivateAuthorizationKey = 0x12, "PrivateAuthorizationKey", "Private authorization key", V2_0;
        PublicAuthorizationKey = 0x13, "PublicAuthorizationKey", "Public authorization key", V2_0;
    }
}

open_enum! {
    /// Name Type Enumeration.
    NameType {
        UninterpretedTextString = 0x1, "UninterpretedTextString", "Uninterpreted Text String", V1_0;
        URI = 0x2, "URI", "URI", V1_0;
    }
}

open_enum! {
    /// OTP Algorithm Enumeration.
    OTPAlgorithm {
        HOTP = 0x1, "HOTP", "HOTP", V3_0;
        TOTP = 0x2, "TOTP", "TOTP", V3_0;
    }
}

open_enum! {
    /// Object Class Enumeration.
    ObjectClass {
        User = 0x1, "User", "User", V3_0;
        System = 0x2, "System", "System", V3_0;
    }
}

open_enum! {
    /// Object Group Member Enumeration.
    ObjectGroupMember {
        GroupMemberFresh = 0x1, "GroupMemberFresh", "Group Member Fresh", V1_1;
        GroupMemberDefault = 0x2, "GroupMemberDefault", "Group Member Default", V1_1;
    }
}

open_enum! {
    /// Object Type Enumeration.
    ObjectType {
        Certificate = 0x1, "Certificate", "Certificate", V1_0;
        SymmetricKey = 0x2, "SymmetricKey", "Symmetric Key", V1_0;
        PublicKey = 0x3, "PublicKey", "Public Key", V1_0;
        PrivateKey = 0x4, "PrivateKey", "Private Key", V1_0;
        SplitKey = 0x5, "SplitKey", "Split Key", V1_0;
        Template = 0x6, "Template", "Template", V1_0;
        SecretData = 0x7, "SecretData", "Secret Data", V1_0;
        OpaqueObject = 0x8, "OpaqueObject", "Opaque Object", V1_0;
        PGPKey = 0x9, "PGPKey", "PGP Key", V1_2;
        CertificateRequest = 0xA, "CertificateRequest", "Certificate Request", V2_0;
        User = 0xB, "User", "User", V3_0;
        Group = 0xC, "Group", "Group", V3_0;
        PasswordCredential = 0xD, "PasswordCredential", "Password Credential", V3_0;
        DeviceCredential = 0xE, "DeviceCredential", "Device Credential", V3_0;
        OneTimePasswordCredential = 0xF, "OneTimePasswordCredential", "One Time Password Credential", V3_0;
        HashedPasswordCredential = 0x10, "HashedPasswordCredential", "Hashed Password Credential", V3_0;
    }
}

open_enum! {
    /// PKCS#11 Function Enumeration.
    PKCS11Function {
        CInitialize = 0x1, "C_Initialize", "C_Initialize", V2_0;
        CFinalize = 0x2, "C_Finalize", "C_Finalize", V2_0;
        CGetInfo = 0x3, "C_GetInfo", "C_GetInfo", V2_0;
        CGetFunctionList = 0x4, "C_GetFunctionList", "C_GetFunctionList", V2_0;
        CGetSlotList = 0x5, "C_GetSlotList", "C_GetSlotList", V2_0;
        CGetSlotInfo = 0x6, "C_GetSlotInfo", "C_GetSlotInfo", V2_0;
        CGetTokenInfo = 0x7, "C_GetTokenInfo", "C_GetTokenInfo", V2_0;
        CGetMechanismList = 0x8, "C_GetMechanismList", "C_GetMechanismList", V2_0;
        CGetMechanismInfo = 0x9, "C_GetMechanismInfo", "C_GetMechanismInfo", V2_0;
        CInitToken = 0xA, "C_InitToken", "C_InitToken", V2_0;
        CInitPIN = 0xB, "C_InitPIN", "C_InitPIN", V2_0;
        CSetPIN = 0xC, "C_SetPIN", "C_SetPIN", V2_0;
        COpenSession = 0xD, "C_OpenSession", "C_OpenSession", V2_0;
        CCloseSession = 0xE, "C_CloseSession", "C_CloseSession", V2_0;
        CCloseAllSessions = 0xF, "C_CloseAllSessions", "C_CloseAllSessions", V2_0;
        CGetSessionInfo = 0x10, "C_GetSessionInfo", "C_GetSessionInfo", V2_0;
        CGetOperationState = 0x11, "C_GetOperationState", "C_GetOperationState", V2_0;
        CSetOperationState = 0x12, "C_SetOperationState", "C_SetOperationState", V2_0;
        CLogin = 0x13, "C_Login", "C_Login", V2_0;
        CLogout = 0x14, "C_Logout", "C_Logout", V2_0;
        CCreateObject = 0x15, "C_CreateObject", "C_CreateObject", V2_0;
        CCopyObject = 0x16, "C_CopyObject", "C_CopyObject", V2_0;
        CDestroyObject = 0x17, "C_DestroyObject", "C_DestroyObject", V2_0;
        CGetObjectSize = 0x18, "C_GetObjectSize", "C_GetObjectSize", V2_0;
        CGetAttributeValue = 0x19, "C_GetAttributeValue", "C_GetAttributeValue", V2_0;
        CSetAttributeValue = 0x1A, "C_SetAttributeValue", "C_SetAttributeValue", V2_0;
        CFindObjectsInit = 0x1B, "C_FindObjectsInit", "C_FindObjectsInit", V2_0;
        CFindObjects = 0x1C, "C_FindObjects", "C_FindObjects", V2_0;
        CFindObjectsFinal = 0x1D, "C_FindObjectsFinal", "C_FindObjectsFinal", V2_0;
        CEncryptInit = 0x1E, "C_EncryptInit", "C_EncryptInit", V2_0;
        CEncrypt = 0x1F, "C_Encrypt", "C_Encrypt", V2_0;
        CEncryptUpdate = 0x20, "C_EncryptUpdate", "C_EncryptUpdate", V2_0;
        CEncryptFinal = 0x21, "C_EncryptFinal", "C_EncryptFinal", V2_0;
        CDecryptInit = 0x22, "C_DecryptInit", "C_DecryptInit", V2_0;
        CDecrypt = 0x23, "C_Decrypt", "C_Decrypt", V2_0;
        CDecryptUpdate = 0x24, "C_DecryptUpdate", "C_DecryptUpdate", V2_0;
        CDecryptFinal = 0x25, "C_DecryptFinal", "C_DecryptFinal", V2_0;
        CDigestInit = 0x26, "C_DigestInit", "C_DigestInit", V2_0;
        CDigest = 0x27, "C_Digest", "C_Digest", V2_0;
        CDigestUpdate = 0x28, "C_DigestUpdate", "C_DigestUpdate", V2_0;
        CDigestKey = 0x29, "C_DigestKey", "C_DigestKey", V2_0;
        CDigestFinal = 0x2A, "C_DigestFinal", "C_DigestFinal", V2_0;
        CSignInit = 0x2B, "C_SignInit", "C_SignInit", V2_0;
        CSign = 0x2C, "C_Sign", "C_Sign", V2_0;
        CSignUpdate = 0x2D, "C_SignUpdate", "C_SignUpdate", V2_0;
        CSignFinal = 0x2E, "C_SignFinal", "C_SignFinal", V2_0;
        CSignRecoverInit = 0x2F, "C_SignRecoverInit", "C_SignRecoverInit", V2_0;
        CSignRecover = 0x30, "C_SignRecover", "C_SignRecover", V2_0;
        CVerifyInit = 0x31, "C_VerifyInit", "C_VerifyInit", V2_0;
        CVerify = 0x32, "C_Verify", "C_Verify", V2_0;
        CVerifyUpdate = 0x33, "C_VerifyUpdate", "C_VerifyUpdate", V2_0;
        CVerifyFinal = 0x34, "C_VerifyFinal", "C_VerifyFinal", V2_0;
        CVerifyRecoverInit = 0x35, "C_VerifyRecoverInit", "C_VerifyRecoverInit", V2_0;
        CVerifyRecover = 0x36, "C_VerifyRecover", "C_VerifyRecover", V2_0;
        CDigestEncryptUpdate = 0x37, "C_DigestEncryptUpdate", "C_DigestEncryptUpdate", V2_0;
        CDecryptDigestUpdate = 0x38, "C_DecryptDigestUpdate", "C_DecryptDigestUpdate", V2_0;
        CSignEncryptUpdate = 0x39, "C_SignEncryptUpdate", "C_SignEncryptUpdate", V2_0;
        CDecryptVerifyUpdate = 0x3A, "C_DecryptVerifyUpdate", "C_DecryptVerifyUpdate", V2_0;
        CGenerateKey = 0x3B, "C_GenerateKey", "C_GenerateKey", V2_0;
        CGenerateKeyPair = 0x3C, "C_GenerateKeyPair", "C_GenerateKeyPair", V2_0;
        CWrapKey = 0x3D, "C_WrapKey", "C_WrapKey", V2_0;
        CUnwrapKey = 0x3E, "C_UnwrapKey", "C_UnwrapKey", V2_0;
        CDeriveKey = 0x3F, "C_DeriveKey", "C_DeriveKey", V2_0;
        CSeedRandom = 0x40, "C_SeedRandom", "C_SeedRandom", V2_0;
        CGenerateRandom = 0x41, "C_GenerateRandom", "C_GenerateRandom", V2_0;
        CGetFunctionStatus = 0x42, "C_GetFunctionStatus", "C_GetFunctionStatus", V2_0;
        CCancelFunction = 0x43, "C_CancelFunction", "C_CancelFunction", V2_0;
        CWaitForSlotEvent = 0x44, "C_WaitForSlotEvent", "C_WaitForSlotEvent", V2_0;
        CGetInterfaceList = 0x45, "C_GetInterfaceList", "C_GetInterfaceList", V2_0;
        CGetInterface = 0x46, "C_GetInterface", "C_GetInterface", V2_0;
        CLoginUser = 0x47, "C_LoginUser", "C_LoginUser", V2_0;
        CSessionCancel = 0x48, "C_SessionCancel", "C_SessionCancel", V2_0;
        CMessageEncryptInit = 0x49, "C_MessageEncryptInit", "C_MessageEncryptInit", V2_0;
        CEncryptMessage = 0x4A, "C_EncryptMessage", "C_EncryptMessage", V2_0;
        CEncryptMessageBegin = 0x4B, "C_EncryptMessageBegin", "C_EncryptMessageBegin", V2_0;
        CEncryptMessageNext = 0x4C, "C_EncryptMessageNext", "C_EncryptMessageNext", V2_0;
        CMessageEncryptFinal = 0x4D, "C_MessageEncryptFinal", "C_MessageEncryptFinal", V2_0;
        CMessageDecryptInit = 0x4E, "C_MessageDecryptInit", "C_MessageDecryptInit", V2_0;
        CDecryptMessage = 0x4F, "C_DecryptMessage", "C_DecryptMessage", V2_0;
        CDecryptMessageBegin = 0x50, "C_DecryptMessageBegin", "C_DecryptMessageBegin", V2_0;
        CDecryptMessageNext = 0x51, "C_DecryptMessageNext", "C_DecryptMessageNext", V2_0;
        CMessageDecryptFinal = 0x52, "C_MessageDecryptFinal", "C_MessageDecryptFinal", V2_0;
        CMessageSignInit = 0x53, "C_MessageSignInit", "C_MessageSignInit", V2_0;
        CSignMessage = 0x54, "C_SignMessage", "C_SignMessage", V2_0;
        CSignMessageBegin = 0x55, "C_SignMessageBegin", "C_SignMessageBegin", V2_0;
        CSignMessageNext = 0x56, "C_SignMessageNext", "C_SignMessageNext", V2_0;
        CMessageSignFinal = 0x57, "C_MessageSignFinal", "C_MessageSignFinal", V2_0;
        CMessageVerifyInit = 0x58, "C_MessageVerifyInit", "C_MessageVerifyInit", V2_0;
        CVerifyMessage = 0x59, "C_VerifyMessage", "C_VerifyMessage", V2_0;
        CVerifyMessageBegin = 0x5A, "C_VerifyMessageBegin", "C_VerifyMessageBegin", V2_0;
        CVerifyMessageNext = 0x5B, "C_VerifyMessageNext", "C_VerifyMessageNext", V2_0;
        CMessageVerifyFinal = 0x5C, "C_MessageVerifyFinal", "C_MessageVerifyFinal", V2_0;
    }
}

open_enum! {
    /// PKCS#11 Return Code Enumeration.
    PKCS11ReturnCode {
        OK = 0x0, "OK", "OK", V2_0;
        CANCEL = 0x1, "CANCEL", "CANCEL", V2_0;
        HOSTMEMORY = 0x2, "HOST_MEMORY", "HOST_MEMORY", V2_0;
        SLOTIDINVALID = 0x3, "SLOT_ID_INVALID", "SLOT_ID_INVALID", V2_0;
        GENERALERROR = 0x5, "GENERAL_ERROR", "GENERAL_ERROR", V2_0;
        FUNCTIONFAILED = 0x6, "FUNCTION_FAILED", "FUNCTION_FAILED", V2_0;
        ARGUMENTSBAD = 0x7, "ARGUMENTS_BAD", "ARGUMENTS_BAD", V2_0;
        NOEVENT = 0x8, "NO_EVENT", "NO_EVENT", V2_0;
        NEEDTOCREATETHREADS = 0x9, "NEED_TO_CREATE_THREADS", "NEED_TO_CREATE_THREADS", V2_0;
        CANTLOCK = 0xA, "CANT_LOCK", "CANT_LOCK", V2_0;
        ATTRIBUTEREADONLY = 0x10, "ATTRIBUTE_READ_ONLY", "ATTRIBUTE_READ_ONLY", V2_0;
        ATTRIBUTESENSITIVE = 0x11, "ATTRIBUTE_SENSITIVE", "ATTRIBUTE_SENSITIVE", V2_0;
        ATTRIBUTETYPEINVALID = 0x12, "ATTRIBUTE_TYPE_INVALID", "ATTRIBUTE_TYPE_INVALID", V2_0;
        ATTRIBUTEVALUEINVALID = 0x13, "ATTRIBUTE_VALUE_INVALID", "ATTRIBUTE_VALUE_INVALID", V2_0;
        ACTIONPROHIBITED = 0x1B, "ACTION_PROHIBITED", "ACTION_PROHIBITED", V2_0;
        DATAINVALID = 0x20, "DATA_INVALID", "DATA_INVALID", V2_0;
        DATALENRANGE = 0x21, "DATA_LEN_RANGE", "DATA_LEN_RANGE", V2_0;
        DEVICEERROR = 0x30, "DEVICE_ERROR", "DEVICE_ERROR", V2_0;
        DEVICEMEMORY = 0x31, "DEVICE_MEMORY", "DEVICE_MEMORY", V2_0;
        DEVICEREMOVED = 0x32, "DEVICE_REMOVED", "DEVICE_REMOVED", V2_0;
        ENCRYPTEDDATAINVALID = 0x40, "ENCRYPTED_DATA_INVALID", "ENCRYPTED_DATA_INVALID", V2_0;
        ENCRYPTEDDATALENRANGE = 0x41, "ENCRYPTED_DATA_LEN_RANGE", "ENCRYPTED_DATA_LEN_RANGE", V2_0;
        AEADDECRYPTFAILED = 0x42, "AEAD_DECRYPT_FAILED", "AEAD_DECRYPT_FAILED", V2_0;
        FUNCTIONCANCELED = 0x50, "FUNCTION_CANCELED", "FUNCTION_CANCELED", V2_0;
        FUNCTIONNOTPARALLEL = 0x51, "FUNCTION_NOT_PARALLEL", "FUNCTION_NOT_PARALLEL", V2_0;
        FUNCTIONNOTSUPPORTED = 0x54, "FUNCTION_NOT_SUPPORTED", "FUNCTION_NOT_SUPPORTED", V2_0;
        KEYHANDLEINVALID = 0x60, "KEY_HANDLE_INVALID", "KEY_HANDLE_INVALID", V2_0;
        KEYSIZERANGE = 0x62, "KEY_SIZE_RANGE", "KEY_SIZE_RANGE", V2_0;
        KEYTYPEINCONSISTENT = 0x63, "KEY_TYPE_INCONSISTENT", "KEY_TYPE_INCONSISTENT", V2_0;
        KEYNOTNEEDED = 0x64, "KEY_NOT_NEEDED", "KEY_NOT_NEEDED", V2_0;
        KEYCHANGED = 0x65, "KEY_CHANGED", "KEY_CHANGED", V2_0;
        KEYNEEDED = 0x66, "KEY_NEEDED", "KEY_NEEDED", V2_0;
        KEYINDIGESTIBLE = 0x67, "KEY_INDIGESTIBLE", "KEY_INDIGESTIBLE", V2_0;
        KEYFUNCTIONNOTPERMITTED = 0x68, "KEY_FUNCTION_NOT_PERMITTED", "KEY_FUNCTION_NOT_PERMITTED", V2_0;
        KEYNOTWRAPPABLE = 0x69, "KEY_NOT_WRAPPABLE", "KEY_NOT_WRAPPABLE", V2_0;
        KEYUNEXTRACTABLE = 0x6A, "KEY_UNEXTRACTABLE", "KEY_UNEXTRACTABLE", V2_0;
        MECHANISMINVALID = 0x70, "MECHANISM_INVALID", "MECHANISM_INVALID", V2_0;
        MECHANISMPARAMINVALID = 0x71, "MECHANISM_PARAM_INVALID", "MECHANISM_PARAM_INVALID", V2_0;
        OBJECTHANDLEINVALID = 0x82, "OBJECT_HANDLE_INVALID", "OBJECT_HANDLE_INVALID", V2_0;
        OPERATIONACTIVE = 0x90, "OPERATION_ACTIVE", "OPERATION_ACTIVE", V2_0;
        OPERATIONNOTINITIALIZED = 0x91, "OPERATION_NOT_INITIALIZED", "OPERATION_NOT_INITIALIZED", V2_0;
        PININCORRECT = 0xA0, "PIN_INCORRECT", "PIN_INCORRECT", V2_0;
        PININVALID = 0xA1, "PIN_INVALID", "PIN_INVALID", V2_0;
        PINLENRANGE = 0xA2, "PIN_LEN_RANGE", "PIN_LEN_RANGE", V2_0;
        PINEXPIRED = 0xA3, "PIN_EXPIRED", "PIN_EXPIRED", V2_0;
        PINLOCKED = 0xA4, "PIN_LOCKED", "PIN_LOCKED", V2_0;
        SESSIONCLOSED = 0xB0, "SESSION_CLOSED", "SESSION_CLOSED", V2_0;
        SESSIONCOUNT = 0xB1, "SESSION_COUNT", "SESSION_COUNT", V2_0;
        SESSIONHANDLEINVALID = 0xB3, "SESSION_HANDLE_INVALID", "SESSION_HANDLE_INVALID", V2_0;
        SESSIONPARALLELNOTSUPPORTED = 0xB4, "SESSION_PARALLEL_NOT_SUPPORTED", "SESSION_PARALLEL_NOT_SUPPORTED", V2_0;
        SESSIONREADONLY = 0xB5, "SESSION_READ_ONLY", "SESSION_READ_ONLY", V2_0;
        SESSIONEXISTS = 0xB6, "SESSION_EXISTS", "SESSION_EXISTS", V2_0;
        SESSIONREADONLYEXISTS = 0xB7, "SESSION_READ_ONLY_EXISTS", "SESSION_READ_ONLY_EXISTS", V2_0;
        SESSIONREADWRITESOEXISTS = 0xB8, "SESSION_READ_WRITE_SO_EXISTS", "SESSION_READ_WRITE_SO_EXISTS", V2_0;
        SIGNATUREINVALID = 0xC0, "SIGNATURE_INVALID", "SIGNATURE_INVALID", V2_0;
        SIGNATURELENRANGE = 0xC1, "SIGNATURE_LEN_RANGE", "SIGNATURE_LEN_RANGE", V2_0;
        TEMPLATEINCOMPLETE = 0xD0, "TEMPLATE_INCOMPLETE", "TEMPLATE_INCOMPLETE", V2_0;
        TEMPLATEINCONSISTENT = 0xD1, "TEMPLATE_INCONSISTENT", "TEMPLATE_INCONSISTENT", V2_0;
        TOKENNOTPRESENT = 0xE0, "TOKEN_NOT_PRESENT", "TOKEN_NOT_PRESENT", V2_0;
        TOKENNOTRECOGNIZED = 0xE1, "TOKEN_NOT_RECOGNIZED", "TOKEN_NOT_RECOGNIZED", V2_0;
        TOKENWRITEPROTECTED = 0xE2, "TOKEN_WRITE_PROTECTED", "TOKEN_WRITE_PROTECTED", V2_0;
        UNWRAPPINGKEYHANDLEINVALID = 0xF0, "UNWRAPPING_KEY_HANDLE_INVALID", "UNWRAPPING_KEY_HANDLE_INVALID", V2_0;
        UNWRAPPINGKEYSIZERANGE = 0xF1, "UNWRAPPING_KEY_SIZE_RANGE", "UNWRAPPING_KEY_SIZE_RANGE", V2_0;
        UNWRAPPINGKEYTYPEINCONSISTENT = 0xF2, "UNWRAPPING_KEY_TYPE_INCONSISTENT", "UNWRAPPING_KEY_TYPE_INCONSISTENT", V2_0;
        USERALREADYLOGGEDIN = 0x100, "USER_ALREADY_LOGGED_IN", "USER_ALREADY_LOGGED_IN", V2_0;
        USERNOTLOGGEDIN = 0x101, "USER_NOT_LOGGED_IN", "USER_NOT_LOGGED_IN", V2_0;
        USERPINNOTINITIALIZED = 0x102, "USER_PIN_NOT_INITIALIZED", "USER_PIN_NOT_INITIALIZED", V2_0;
        USERTYPEINVALID = 0x103, "USER_TYPE_INVALID", "USER_TYPE_INVALID", V2_0;
        USERANOTHERALREADYLOGGEDIN = 0x104, "USER_ANOTHER_ALREADY_LOGGED_IN", "USER_ANOTHER_ALREADY_LOGGED_IN", V2_0;
        USERTOOMANYTYPES = 0x105, "USER_TOO_MANY_TYPES", "USER_TOO_MANY_TYPES", V2_0;
        WRAPPEDKEYINVALID = 0x110, "WRAPPED_KEY_INVALID", "WRAPPED_KEY_INVALID", V2_0;
        WRAPPEDKEYLENRANGE = 0x112, "WRAPPED_KEY_LEN_RANGE", "WRAPPED_KEY_LEN_RANGE", V2_0;
        WRAPPINGKEYHANDLEINVALID = 0x113, "WRAPPING_KEY_HANDLE_INVALID", "WRAPPING_KEY_HANDLE_INVALID", V2_0;
        WRAPPINGKEYSIZERANGE = 0x114, "WRAPPING_KEY_SIZE_RANGE", "WRAPPING_KEY_SIZE_RANGE", V2_0;
        WRAPPINGKEYTYPEINCONSISTENT = 0x115, "WRAPPING_KEY_TYPE_INCONSISTENT", "WRAPPING_KEY_TYPE_INCONSISTENT", V2_0;
        RANDOMSEEDNOTSUPPORTED = 0x120, "RANDOM_SEED_NOT_SUPPORTED", "RANDOM_SEED_NOT_SUPPORTED", V2_0;
        RANDOMNORNG = 0x121, "RANDOM_NO_RNG", "RANDOM_NO_RNG", V2_0;
        DOMAINPARAMSINVALID = 0x130, "DOMAIN_PARAMS_INVALID", "DOMAIN_PARAMS_INVALID", V2_0;
        CURVENOTSUPPORTED = 0x140, "CURVE_NOT_SUPPORTED", "CURVE_NOT_SUPPORTED", V2_0;
        BUFFERTOOSMALL = 0x150, "BUFFER_TOO_SMALL", "BUFFER_TOO_SMALL", V2_0;
        SAVEDSTATEINVALID = 0x160, "SAVED_STATE_INVALID", "SAVED_STATE_INVALID", V2_0;
        INFORMATIONSENSITIVE = 0x170, "INFORMATION_SENSITIVE", "INFORMATION_SENSITIVE", V2_0;
        STATEUNSAVEABLE = 0x180, "STATE_UNSAVEABLE", "STATE_UNSAVEABLE", V2_0;
        CRYPTOKINOTINITIALIZED = 0x190, "CRYPTOKI_NOT_INITIALIZED", "CRYPTOKI_NOT_INITIALIZED", V2_0;
        CRYPTOKIALREADYINITIALIZED = 0x191, "CRYPTOKI_ALREADY_INITIALIZED", "CRYPTOKI_ALREADY_INITIALIZED", V2_0;
        MUTEXBAD = 0x1A0, "MUTEX_BAD", "MUTEX_BAD", V2_0;
        MUTEXNOTLOCKED = 0x1A1, "MUTEX_NOT_LOCKED", "MUTEX_NOT_LOCKED", V2_0;
        NEWPINMODE = 0x1B0, "NEW_PIN_MODE", "NEW_PIN_MODE", V2_0;
        NEXTOTP = 0x1B1, "NEXT_OTP", "NEXT_OTP", V2_0;
        EXCEEDEDMAXITERATIONS = 0x1B5, "EXCEEDED_MAX_ITERATIONS", "EXCEEDED_MAX_ITERATIONS", V2_0;
        FIPSSELFTESTFAILED = 0x1B6, "FIPS_SELF_TEST_FAILED", "FIPS_SELF_TEST_FAILED", V2_0;
        LIBRARYLOADFAILED = 0x1B7, "LIBRARY_LOAD_FAILED", "LIBRARY_LOAD_FAILED", V2_0;
        PINTOOWEAK = 0x1B8, "PIN_TOO_WEAK", "PIN_TOO_WEAK", V2_0;
        PUBLICKEYINVALID = 0x1B9, "PUBLIC_KEY_INVALID", "PUBLIC_KEY_INVALID", V2_0;
        FUNCTIONREJECTED = 0x200, "FUNCTION_REJECTED", "FUNCTION_REJECTED", V2_0;
        TOKENRESOURCEEXCEEDED = 0x201, "TOKEN_RESOURCE_EXCEEDED", "TOKEN_RESOURCE_EXCEEDED", V2_0;
        OPERATIONCANCELFAILED = 0x202, "OPERATION_CANCEL_FAILED", "OPERATION_CANCEL_FAILED", V2_0;
        VENDORDEFINED = 0x80000000, "VENDOR_DEFINED", "VENDOR_DEFINED", V2_0;
    }
}

open_enum! {
    /// Padding Method Enumeration.
    PaddingMethod {
        None = 0x1, "None", "None", V1_0;
        OAEP = 0x2, "OAEP", "OAEP", V1_0;
        PKCS5 = 0x3, "PKCS5", "PKCS5", V1_0;
        SSL3 = 0x4, "SSL3", "SSL3", V1_0;
        Zeros = 0x5, "Zeros", "Zeros", V1_0;
        ANSIX923 = 0x6, "ANSIX9_23", "ANSI X9.23", V1_0;
        ISO10126 = 0x7, "ISO10126", "ISO 10126", V1_0;
        PKCS1V15 = 0x8, "PKCS1V1_5", "PKCS1 v1.5", V1_0;
        X931 = 0x9, "X9_31", "X9.31", V1_0;
        PSS = 0xA, "PSS", "PSS", V1_0;
    }
}

open_enum! {
    /// Processing Stage Enumeration.
    ProcessingStage {
        Submitted = 0x1, "Submitted", "Submitted", V2_1;
        InProcess = 0x2, "InProcess", "In Process", V2_1;
        Completed = 0x3, "Completed", "Completed", V2_1;
    }
}

open_enum! {
    /// Profile Name Enumeration.
    ProfileName {
        BaselineServerBasicKMIPV12 = 0x1, "BaselineServerBasicKMIPV1_2", "Baseline Server Basic KMIP v1.2", V1_3;
        BaselineServerTLSV12KMIPV12 = 0x2, "BaselineServerTLSV1_2KMIPV1_2", "Baseline Server TLS v1.2 KMIP v1.2", V1_3;
        BaselineClientBasicKMIPV12 = 0x3, "BaselineClientBasicKMIPV1_2", "Baseline Client Basic KMIP v1.2", V1_3;
        BaselineClientTLSV12KMIPV12 = 0x4, "BaselineClientTLSV1_2KMIPV1_2", "Baseline Client TLS v1.2 KMIP v1.2", V1_3;
        CompleteServerBasicKMIPV12 = 0x5, "CompleteServerBasicKMIPV1_2", "Complete Server Basic KMIP v1.2", V1_3;
        CompleteServerTLSV12KMIPV12 = 0x6, "CompleteServerTLSV1_2KMIPV1_2", "Complete Server TLS v1.2 KMIP v1.2", V1_3;
        TapeLibraryClientKMIPV10 = 0x7, "TapeLibraryClientKMIPV1_0", "Tape Library Client KMIP v1.0", V1_3;
        TapeLibraryClientKMIPV11 = 0x8, "TapeLibraryClientKMIPV1_1", "Tape Library Client KMIP v1.1", V1_3;
        TapeLibraryClientKMIPV12 = 0x9, "TapeLibraryClientKMIPV1_2", "Tape Library Client KMIP v1.2", V1_3;
        TapeLibraryServerKMIPV10 = 0xA, "TapeLibraryServerKMIPV1_0", "Tape Library Server KMIP v1.0", V1_3;
        TapeLibraryServerKMIPV11 = 0xB, "TapeLibraryServerKMIPV1_1", "Tape Library Server KMIP v1.1", V1_3;
        TapeLibraryServerKMIPV12 = 0xC, "TapeLibraryServerKMIPV1_2", "Tape Library Server KMIP v1.2", V1_3;
        SymmetricKeyLifecycleClientKMIPV10 = 0xD, "SymmetricKeyLifecycleClientKMIPV1_0", "Symmetric Key Lifecycle Client KMIP v1.0", V1_3;
        SymmetricKeyLifecycleClientKMIPV11 = 0xE, "SymmetricKeyLifecycleClientKMIPV1_1", "Symmetric Key Lifecycle Client KMIP v1.1", V1_3;
        SymmetricKeyLifecycleClientKMIPV12 = 0xF, "SymmetricKeyLifecycleClientKMIPV1_2", "Symmetric Key Lifecycle Client KMIP v1.2", V1_3;
        SymmetricKeyLifecycleServerKMIPV10 = 0x10, "SymmetricKeyLifecycleServerKMIPV1_0", "Symmetric Key Lifecycle Server KMIP v1.0", V1_3;
        SymmetricKeyLifecycleServerKMIPV11 = 0x11, "SymmetricKeyLifecycleServerKMIPV1_1", "Symmetric Key Lifecycle Server KMIP v1.1", V1_3;
        SymmetricKeyLifecycleServerKMIPV12 = 0x12, "SymmetricKeyLifecycleServerKMIPV1_2", "Symmetric Key Lifecycle Server KMIP v1.2", V1_3;
        AsymmetricKeyLifecycleClientKMIPV10 = 0x13, "AsymmetricKeyLifecycleClientKMIPV1_0", "Asymmetric Key Lifecycle Client KMIP v1.0", V1_3;
        AsymmetricKeyLifecycleClientKMIPV11 = 0x14, "AsymmetricKeyLifecycleClientKMIPV1_1", "Asymmetric Key Lifecycle Client KMIP v1.1", V1_3;
        AsymmetricKeyLifecycleClientKMIPV12 = 0x15, "AsymmetricKeyLifecycleClientKMIPV1_2", "Asymmetric Key Lifecycle Client KMIP v1.2", V1_3;
        AsymmetricKeyLifecycleServerKMIPV10 = 0x16, "AsymmetricKeyLifecycleServerKMIPV1_0", "Asymmetric Key Lifecycle Server KMIP v1.0", V1_3;
        AsymmetricKeyLifecycleServerKMIPV11 = 0x17, "AsymmetricKeyLifecycleServerKMIPV1_1", "Asymmetric Key Lifecycle Server KMIP v1.1", V1_3;
        AsymmetricKeyLifecycleServerKMIPV12 = 0x18, "AsymmetricKeyLifecycleServerKMIPV1_2", "Asymmetric Key Lifecycle Server KMIP v1.2", V1_3;
        BasicCryptographicClientKMIPV12 = 0x19, "BasicCryptographicClientKMIPV1_2", "Basic Cryptographic Client KMIP v1.2", V1_3;
        BasicCryptographicServerKMIPV12 = 0x1A, "BasicCryptographicServerKMIPV1_2", "Basic Cryptographic Server KMIP v1.2", V1_3;
        AdvancedCryptographicClientKMIPV12 = 0x1B, "AdvancedCryptographicClientKMIPV1_2", "Advanced Cryptographic Client KMIP v1.2", V1_3;
        AdvancedCryptographicServerKMIPV12 = 0x1C, "AdvancedCryptographicServerKMIPV1_2", "Advanced Cryptographic Server KMIP v1.2", V1_3;
        RNGCryptographicClientKMIPV12 = 0x1D, "RNGCryptographicClientKMIPV1_2", "RNG Cryptographic Client KMIP v1.2", V1_3;
        RNGCryptographicServerKMIPV12 = 0x1E, "RNGCryptographicServerKMIPV1_2", "RNG Cryptographic Server KMIP v1.2", V1_3;
        BasicSymmetricKeyFoundryClientKMIPV10 = 0x1F, "BasicSymmetricKeyFoundryClientKMIPV1_0", "Basic Symmetric Key Foundry Client KMIP v1.0", V1_3;
        IntermediateSymmetricKeyFoundryClientKMIPV10 = 0x20, "IntermediateSymmetricKeyFoundryClientKMIPV1_0", "Intermediate Symmetric Key Foundry Client KMIP v1.0", V1_3;
        AdvancedSymmetricKeyFoundryClientKMIPV10 = 0x21, "AdvancedSymmetricKeyFoundryClientKMIPV1_0", "Advanced Symmetric Key Foundry Client KMIP v1.0", V1_3;
        BasicSymmetricKeyFoundryClientKMIPV11 = 0x22, "BasicSymmetricKeyFoundryClientKMIPV1_1", "Basic Symmetric Key Foundry Client KMIP v1.1", V1_3;
        IntermediateSymmetricKeyFoundryClientKMIPV11 = 0x23, "IntermediateSymmetricKeyFoundryClientKMIPV1_1", "Intermediate Symmetric Key Foundry Client KMIP v1.1", V1_3;
        AdvancedSymmetricKeyFoundryClientKMIPV11 = 0x24, "AdvancedSymmetricKeyFoundryClientKMIPV1_1", "Advanced Symmetric Key Foundry Client KMIP v1.1", V1_3;
        BasicSymmetricKeyFoundryClientKMIPV12 = 0x25, "BasicSymmetricKeyFoundryClientKMIPV1_2", "Basic Symmetric Key Foundry Client KMIP v1.2", V1_3;
        IntermediateSymmetricKeyFoundryClientKMIPV12 = 0x26, "IntermediateSymmetricKeyFoundryClientKMIPV1_2", "Intermediate Symmetric Key Foundry Client KMIP v1.2", V1_3;
        AdvancedSymmetricKeyFoundryClientKMIPV12 = 0x27, "AdvancedSymmetricKeyFoundryClientKMIPV1_2", "Advanced Symmetric Key Foundry Client KMIP v1.2", V1_3;
        SymmetricKeyFoundryServerKMIPV10 = 0x28, "SymmetricKeyFoundryServerKMIPV1_0", "Symmetric Key Foundry Server KMIP v1.0", V1_3;
        SymmetricKeyFoundryServerKMIPV11 = 0x29, "SymmetricKeyFoundryServerKMIPV1_1", "Symmetric Key Foundry Server KMIP v1.1", V1_3;
        SymmetricKeyFoundryServerKMIPV12 = 0x2A, "SymmetricKeyFoundryServerKMIPV1_2", "Symmetric Key Foundry Server KMIP v1.2", V1_3;
        OpaqueManagedObjectStoreClientKMIPV10 = 0x2B, "OpaqueManagedObjectStoreClientKMIPV1_0", "Opaque Managed Object Store Client KMIP v1.0", V1_3;
        OpaqueManagedObjectStoreClientKMIPV11 = 0x2C, "OpaqueManagedObjectStoreClientKMIPV1_1", "Opaque Managed Object Store Client KMIP v1.1", V1_3;
        OpaqueManagedObjectStoreClientKMIPV12 = 0x2D, "OpaqueManagedObjectStoreClientKMIPV1_2", "Opaque Managed Object Store Client KMIP v1.2", V1_3;
        OpaqueManagedObjectStoreServerKMIPV10 = 0x2E, "OpaqueManagedObjectStoreServerKMIPV1_0", "Opaque Managed Object Store Server KMIP v1.0", V1_3;
        OpaqueManagedObjectStoreServerKMIPV11 = 0x2F, "OpaqueManagedObjectStoreServerKMIPV1_1", "Opaque Managed Object Store Server KMIP v1.1", V1_3;
        OpaqueManagedObjectStoreServerKMIPV12 = 0x30, "OpaqueManagedObjectStoreServerKMIPV1_2", "Opaque Managed Object Store Server KMIP v1.2", V1_3;
        SuiteBMinLOS128ClientKMIPV10 = 0x31, "SuiteBMinLOS_128ClientKMIPV1_0", "Suite B minLOS_128 Client KMIP v1.0", V1_3;
        SuiteBMinLOS128ClientKMIPV11 = 0x32, "SuiteBMinLOS_128ClientKMIPV1_1", "Suite B minLOS_128 Client KMIP v1.1", V1_3;
        SuiteBMinLOS128ClientKMIPV12 = 0x33, "SuiteBMinLOS_128ClientKMIPV1_2", "Suite B minLOS_128 Client KMIP v1.2", V1_3;
        SuiteBMinLOS128ServerKMIPV10 = 0x34, "SuiteBMinLOS_128ServerKMIPV1_0", "Suite B minLOS_128 Server KMIP v1.0", V1_3;
        SuiteBMinLOS128ServerKMIPV11 = 0x35, "SuiteBMinLOS_128ServerKMIPV1_1", "Suite B minLOS_128 Server KMIP v1.1", V1_3;
        SuiteBMinLOS128ServerKMIPV12 = 0x36, "SuiteBMinLOS_128ServerKMIPV1_2", "Suite B minLOS_128 Server KMIP v1.2", V1_3;
        SuiteBMinLOS192ClientKMIPV10 = 0x37, "SuiteBMinLOS_192ClientKMIPV1_0", "Suite B minLOS_192 Client KMIP v1.0", V1_3;
        SuiteBMinLOS192ClientKMIPV11 = 0x38, "SuiteBMinLOS_192ClientKMIPV1_1", "Suite B minLOS_192 Client KMIP v1.1", V1_3;
        SuiteBMinLOS192ClientKMIPV12 = 0x39, "SuiteBMinLOS_192ClientKMIPV1_2", "Suite B minLOS_192 Client KMIP v1.2", V1_3;
        SuiteBMinLOS192ServerKMIPV10 = 0x3A, "SuiteBMinLOS_192ServerKMIPV1_0", "Suite B minLOS_192 Server KMIP v1.0", V1_3;
        SuiteBMinLOS192ServerKMIPV11 = 0x3B, "SuiteBMinLOS_192ServerKMIPV1_1", "Suite B minLOS_192 Server KMIP v1.1", V1_3;
        SuiteBMinLOS192ServerKMIPV12 = 0x3C, "SuiteBMinLOS_192ServerKMIPV1_2", "Suite B minLOS_192 Server KMIP v1.2", V1_3;
        StorageArrayWithSelfEncryptingDriveClientKMIPV10 = 0x3D, "StorageArrayWithSelfEncryptingDriveClientKMIPV1_0", "Storage Array with Self Encrypting Drive Client KMIP v1.0", V1_3;
        StorageArrayWithSelfEncryptingDriveClientKMIPV11 = 0x3E, "StorageArrayWithSelfEncryptingDriveClientKMIPV1_1", "Storage Array with Self Encrypting Drive Client KMIP v1.1", V1_3;
        StorageArrayWithSelfEncryptingDriveClientKMIPV12 = 0x3F, "StorageArrayWithSelfEncryptingDriveClientKMIPV1_2", "Storage Array with Self Encrypting Drive Client KMIP v1.2", V1_3;
        StorageArrayWithSelfEncryptingDriveServerKMIPV10 = 0x40, "StorageArrayWithSelfEncryptingDriveServerKMIPV1_0", "Storage Array with Self Encrypting Drive Server KMIP v1.0", V1_3;
        StorageArrayWithSelfEncryptingDriveServerKMIPV11 = 0x41, "StorageArrayWithSelfEncryptingDriveServerKMIPV1_1", "Storage Array with Self Encrypting Drive Server KMIP v1.1", V1_3;
        StorageArrayWithSelfEncryptingDriveServerKMIPV12 = 0x42, "StorageArrayWithSelfEncryptingDriveServerKMIPV1_2", "Storage Array with Self Encrypting Drive Server KMIP v1.2", V1_3;
        HTTPSClientKMIPV10 = 0x43, "HTTPSClientKMIPV1_0", "HTTPS Client KMIP v1.0", V1_3;
        HTTPSClientKMIPV11 = 0x44, "HTTPSClientKMIPV1_1", "HTTPS Client KMIP v1.1", V1_3;
        HTTPSClientKMIPV12 = 0x45, "HTTPSClientKMIPV1_2", "HTTPS Client KMIP v1.2", V1_3;
        HTTPSServerKMIPV10 = 0x46, "HTTPSServerKMIPV1_0", "HTTPS Server KMIP v1.0", V1_3;
        HTTPSServerKMIPV11 = 0x47, "HTTPSServerKMIPV1_1", "HTTPS Server KMIP v1.1", V1_3;
        HTTPSServerKMIPV12 = 0x48, "HTTPSServerKMIPV1_2", "HTTPS Server KMIP v1.2", V1_3;
        JSONClientKMIPV10 = 0x49, "JSONClientKMIPV1_0", "JSON Client KMIP v1.0", V1_3;
        JSONClientKMIPV11 = 0x4A, "JSONClientKMIPV1_1", "JSON Client KMIP v1.1", V1_3;
        JSONClientKMIPV12 = 0x4B, "JSONClientKMIPV1_2", "JSON Client KMIP v1.2", V1_3;
        JSONServerKMIPV10 = 0x4C, "JSONServerKMIPV1_0", "JSON Server KMIP v1.0", V1_3;
        JSONServerKMIPV11 = 0x4D, "JSONServerKMIPV1_1", "JSON Server KMIP v1.1", V1_3;
        JSONServerKMIPV12 = 0x4E, "JSONServerKMIPV1_2", "JSON Server KMIP v1.2", V1_3;
        XMLClientKMIPV10 = 0x4F, "XMLClientKMIPV1_0", "XML Client KMIP v1.0", V1_3;
        XMLClientKMIPV11 = 0x50, "XMLClientKMIPV1_1", "XML Client KMIP v1.1", V1_3;
        XMLClientKMIPV12 = 0x51, "XMLClientKMIPV1_2", "XML Client KMIP v1.2", V1_3;
        XMLServerKMIPV10 = 0x52, "XMLServerKMIPV1_0", "XML Server KMIP v1.0", V1_3;
        XMLServerKMIPV11 = 0x53, "XMLServerKMIPV1_1", "XML Server KMIP v1.1", V1_3;
        XMLServerKMIPV12 = 0x54, "XMLServerKMIPV1_2", "XML Server KMIP v1.2", V1_3;
        BaselineServerBasicKMIPV13 = 0x55, "BaselineServerBasicKMIPV1_3", "Baseline Server Basic KMIP v1.3", V1_3;
        BaselineServerTLSV12KMIPV13 = 0x56, "BaselineServerTLSV1_2KMIPV1_3", "Baseline Server TLS v1.2 KMIP v1.3", V1_3;
        BaselineClientBasicKMIPV13 = 0x57, "BaselineClientBasicKMIPV1_3", "Baseline Client Basic KMIP v1.3", V1_3;
        BaselineClientTLSV12KMIPV13 = 0x58, "BaselineClientTLSV1_2KMIPV1_3", "Baseline Client TLS v1.2 KMIP v1.3", V1_3;
        CompleteServerBasicKMIPV13 = 0x59, "CompleteServerBasicKMIPV1_3", "Complete Server Basic KMIP v1.3", V1_3;
        CompleteServerTLSV12KMIPV13 = 0x5A, "CompleteServerTLSV1_2KMIPV1_3", "Complete Server TLS v1.2 KMIP v1.3", V1_3;
        TapeLibraryClientKMIPV13 = 0x5B, "TapeLibraryClientKMIPV1_3", "Tape Library Client KMIP v1.3", V1_3;
        TapeLibraryServerKMIPV13 = 0x5C, "TapeLibraryServerKMIPV1_3", "Tape Library Server KMIP v1.3", V1_3;
        SymmetricKeyLifecycleClientKMIPV13 = 0x5D, "SymmetricKeyLifecycleClientKMIPV1_3", "Symmetric Key Lifecycle Client KMIP v1.3", V1_3;
        SymmetricKeyLifecycleServerKMIPV13 = 0x5E, "SymmetricKeyLifecycleServerKMIPV1_3", "Symmetric Key Lifecycle Server KMIP v1.3", V1_3;
        AsymmetricKeyLifecycleClientKMIPV13 = 0x5F, "AsymmetricKeyLifecycleClientKMIPV1_3", "Asymmetric Key Lifecycle Client KMIP v1.3", V1_3;
        AsymmetricKeyLifecycleServerKMIPV13 = 0x60, "AsymmetricKeyLifecycleServerKMIPV1_3", "Asymmetric Key Lifecycle Server KMIP v1.3", V1_3;
        BasicCryptographicClientKMIPV13 = 0x61, "BasicCryptographicClientKMIPV1_3", "Basic Cryptographic Client KMIP v1.3", V1_3;
        BasicCryptographicServerKMIPV13 = 0x62, "BasicCryptographicServerKMIPV1_3", "Basic Cryptographic Server KMIP v1.3", V1_3;
        AdvancedCryptographicClientKMIPV13 = 0x63, "AdvancedCryptographicClientKMIPV1_3", "Advanced Cryptographic Client KMIP v1.3", V1_3;
        AdvancedCryptographicServerKMIPV13 = 0x64, "AdvancedCryptographicServerKMIPV1_3", "Advanced Cryptographic Server KMIP v1.3", V1_3;
        RNGCryptographicClientKMIPV13 = 0x65, "RNGCryptographicClientKMIPV1_3", "RNG Cryptographic Client KMIP v1.3", V1_3;
        RNGCryptographicServerKMIPV13 = 0x66, "RNGCryptographicServerKMIPV1_3", "RNG Cryptographic Server KMIP v1.3", V1_3;
        BasicSymmetricKeyFoundryClientKMIPV13 = 0x67, "BasicSymmetricKeyFoundryClientKMIPV1_3", "Basic Symmetric Key Foundry Client KMIP v1.3", V1_3;
        IntermediateSymmetricKeyFoundryClientKMIPV13 = 0x68, "IntermediateSymmetricKeyFoundryClientKMIPV1_3", "Intermediate Symmetric Key Foundry Client KMIP v1.3", V1_3;
        AdvancedSymmetricKeyFoundryClientKMIPV13 = 0x69, "AdvancedSymmetricKeyFoundryClientKMIPV1_3", "Advanced Symmetric Key Foundry Client KMIP v1.3", V1_3;
        SymmetricKeyFoundryServerKMIPV13 = 0x6A, "SymmetricKeyFoundryServerKMIPV1_3", "Symmetric Key Foundry Server KMIP v1.3", V1_3;
        OpaqueManagedObjectStoreClientKMIPV13 = 0x6B, "OpaqueManagedObjectStoreClientKMIPV1_3", "Opaque Managed Object Store Client KMIP v1.3", V1_3;
        OpaqueManagedObjectStoreServerKMIPV13 = 0x6C, "OpaqueManagedObjectStoreServerKMIPV1_3", "Opaque Managed Object Store Server KMIP v1.3", V1_3;
        SuiteBMinLOS128ClientKMIPV13 = 0x6D, "SuiteBMinLOS_128ClientKMIPV1_3", "Suite B minLOS_128 Client KMIP v1.3", V1_3;
        SuiteBMinLOS128ServerKMIPV13 = 0x6E, "SuiteBMinLOS_128ServerKMIPV1_3", "Suite B minLOS_128 Server KMIP v1.3", V1_3;
        SuiteBMinLOS192ClientKMIPV13 = 0x6F, "SuiteBMinLOS_192ClientKMIPV1_3", "Suite B minLOS_192 Client KMIP v1.3", V1_3;
        SuiteBMinLOS192ServerKMIPV13 = 0x70, "SuiteBMinLOS_192ServerKMIPV1_3", "Suite B minLOS_192 Server KMIP v1.3", V1_3;
        StorageArrayWithSelfEncryptingDriveClientKMIPV13 = 0x71, "StorageArrayWithSelfEncryptingDriveClientKMIPV1_3", "Storage Array with Self Encrypting Drive Client KMIP v1.3", V1_3;
        StorageArrayWithSelfEncryptingDriveServerKMIPV13 = 0x72, "StorageArrayWithSelfEncryptingDriveServerKMIPV1_3", "Storage Array with Self Encrypting Drive Server KMIP v1.3", V1_3;
        HTTPSClientKMIPV13 = 0x73, "HTTPSClientKMIPV1_3", "HTTPS Client KMIP v1.3", V1_3;
        HTTPSServerKMIPV13 = 0x74, "HTTPSServerKMIPV1_3", "HTTPS Server KMIP v1.3", V1_3;
        JSONClientKMIPV13 = 0x75, "JSONClientKMIPV1_3", "JSON Client KMIP v1.3", V1_3;
        JSONServerKMIPV13 = 0x76, "JSONServerKMIPV1_3", "JSON Server KMIP v1.3", V1_3;
        XMLClientKMIPV13 = 0x77, "XMLClientKMIPV1_3", "XML Client KMIP v1.3", V1_3;
        XMLServerKMIPV13 = 0x78, "XMLServerKMIPV1_3", "XML Server KMIP v1.3", V1_3;
        BaselineServerBasicKMIPV14 = 0x79, "BaselineServerBasicKMIPV1_4", "Baseline Server Basic KMIP v1.4", V1_4;
        BaselineServerTLSV12KMIPV14 = 0x7A, "BaselineServerTLSV1_2KMIPV1_4", "Baseline Server TLS v1.2 KMIP v1.4", V1_4;
        BaselineClientBasicKMIPV14 = 0x7B, "BaselineClientBasicKMIPV1_4", "Baseline Client Basic KMIP v1.4", V1_4;
        BaselineClientTLSV12KMIPV14 = 0x7C, "BaselineClientTLSV1_2KMIPV1_4", "Baseline Client TLS v1.2 KMIP v1.4", V1_4;
        CompleteServerBasicKMIPV14 = 0x7D, "CompleteServerBasicKMIPV1_4", "Complete Server Basic KMIP v1.4", V1_4;
        CompleteServerTLSV12KMIPV14 = 0x7E, "CompleteServerTLSV1_2KMIPV1_4", "Complete Server TLS v1.2 KMIP v1.4", V1_4;
        TapeLibraryClientKMIPV14 = 0x7F, "TapeLibraryClientKMIPV1_4", "Tape Library Client KMIP v1.4", V1_4;
        TapeLibraryServerKMIPV14 = 0x80, "TapeLibraryServerKMIPV1_4", "Tape Library Server KMIP v1.4", V1_4;
        SymmetricKeyLifecycleClientKMIPV14 = 0x81, "SymmetricKeyLifecycleClientKMIPV1_4", "Symmetric Key Lifecycle Client KMIP v1.4", V1_4;
        SymmetricKeyLifecycleServerKMIPV14 = 0x82, "SymmetricKeyLifecycleServerKMIPV1_4", "Symmetric Key Lifecycle Server KMIP v1.4", V1_4;
        AsymmetricKeyLifecycleClientKMIPV14 = 0x83, "AsymmetricKeyLifecycleClientKMIPV1_4", "Asymmetric Key Lifecycle Client KMIP v1.4", V1_4;
        AsymmetricKeyLifecycleServerKMIPV14 = 0x84, "AsymmetricKeyLifecycleServerKMIPV1_4", "Asymmetric Key Lifecycle Server KMIP v1.4", V1_4;
        BasicCryptographicClientKMIPV14 = 0x85, "BasicCryptographicClientKMIPV1_4", "Basic Cryptographic Client KMIP v1.4", V1_4;
        BasicCryptographicServerKMIPV14 = 0x86, "BasicCryptographicServerKMIPV1_4", "Basic Cryptographic Server KMIP v1.4", V1_4;
        AdvancedCryptographicClientKMIPV14 = 0x87, "AdvancedCryptographicClientKMIPV1_4", "Advanced Cryptographic Client KMIP v1.4", V1_4;
        AdvancedCryptographicServerKMIPV14 = 0x88, "AdvancedCryptographicServerKMIPV1_4", "Advanced Cryptographic Server KMIP v1.4", V1_4;
        RNGCryptographicClientKMIPV14 = 0x89, "RNGCryptographicClientKMIPV1_4", "RNG Cryptographic Client KMIP v1.4", V1_4;
        RNGCryptographicServerKMIPV14 = 0x8A, "RNGCryptographicServerKMIPV1_4", "RNG Cryptographic Server KMIP v1.4", V1_4;
        BasicSymmetricKeyFoundryClientKMIPV14 = 0x8B, "BasicSymmetricKeyFoundryClientKMIPV1_4", "Basic Symmetric Key Foundry Client KMIP v1.4", V1_4;
        IntermediateSymmetricKeyFoundryClientKMIPV14 = 0x8C, "IntermediateSymmetricKeyFoundryClientKMIPV1_4", "Intermediate Symmetric Key Foundry Client KMIP v1.4", V1_4;
        AdvancedSymmetricKeyFoundryClientKMIPV14 = 0x8D, "AdvancedSymmetricKeyFoundryClientKMIPV1_4", "Advanced Symmetric Key Foundry Client KMIP v1.4", V1_4;
        SymmetricKeyFoundryServerKMIPV14 = 0x8E, "SymmetricKeyFoundryServerKMIPV1_4", "Symmetric Key Foundry Server KMIP v1.4", V1_4;
        OpaqueManagedObjectStoreClientKMIPV14 = 0x8F, "OpaqueManagedObjectStoreClientKMIPV1_4", "Opaque Managed Object Store Client KMIP v1.4", V1_4;
        OpaqueManagedObjectStoreServerKMIPV14 = 0x90, "OpaqueManagedObjectStoreServerKMIPV1_4", "Opaque Managed Object Store Server KMIP v1.4", V1_4;
        SuiteBMinLOS128ClientKMIPV14 = 0x91, "SuiteBMinLOS_128ClientKMIPV1_4", "Suite B minLOS_128 Client KMIP v1.4", V1_4;
        SuiteBMinLOS128ServerKMIPV14 = 0x92, "SuiteBMinLOS_128ServerKMIPV1_4", "Suite B minLOS_128 Server KMIP v1.4", V1_4;
        SuiteBMinLOS192ClientKMIPV14 = 0x93, "SuiteBMinLOS_192ClientKMIPV1_4", "Suite B minLOS_192 Client KMIP v1.4", V1_4;
        SuiteBMinLOS192ServerKMIPV14 = 0x94, "SuiteBMinLOS_192ServerKMIPV1_4", "Suite B minLOS_192 Server KMIP v1.4", V1_4;
        StorageArrayWithSelfEncryptingDriveClientKMIPV14 = 0x95, "StorageArrayWithSelfEncryptingDriveClientKMIPV1_4", "Storage Array with Self Encrypting Drive Client KMIP v1.4", V1_4;
        StorageArrayWithSelfEncryptingDriveServerKMIPV14 = 0x96, "StorageArrayWithSelfEncryptingDriveServerKMIPV1_4", "Storage Array with Self Encrypting Drive Server KMIP v1.4", V1_4;
        HTTPSClientKMIPV14 = 0x97, "HTTPSClientKMIPV1_4", "HTTPS Client KMIP v1.4", V1_4;
        HTTPSServerKMIPV14 = 0x98, "HTTPSServerKMIPV1_4", "HTTPS Server KMIP v1.4", V1_4;
        JSONClientKMIPV14 = 0x99, "JSONClientKMIPV1_4", "JSON Client KMIP v1.4", V1_4;
        JSONServerKMIPV14 = 0x9A, "JSONServerKMIPV1_4", "JSON Server KMIP v1.4", V1_4;
        XMLClientKMIPV14 = 0x9B, "XMLClientKMIPV1_4", "XML Client KMIP v1.4", V1_4;
        XMLServerKMIPV14 = 0x9C, "XMLServerKMIPV1_4", "XML Server KMIP v1.4", V1_4;
        CompleteServerBasic = 0x104, "CompleteServerBasic", "Complete Server Basic", V2_0;
        CompleteServerTLSV12 = 0x105, "CompleteServerTLSV1_2", "Complete Server TLS v1.2", V2_0;
        TapeLibraryClient = 0x106, "TapeLibraryClient", "Tape Library Client", V2_0;
        TapeLibraryServer = 0x107, "TapeLibraryServer", "Tape Library Server", V2_0;
        SymmetricKeyLifecycleClient = 0x108, "SymmetricKeyLifecycleClient", "Symmetric Key Lifecycle Client", V2_0;
        SymmetricKeyLifecycleServer = 0x109, "SymmetricKeyLifecycleServer", "Symmetric Key Lifecycle Server", V2_0;
        AsymmetricKeyLifecycleClient = 0x10A, "AsymmetricKeyLifecycleClient", "Asymmetric Key Lifecycle Client", V2_0;
        AsymmetricKeyLifecycleServer = 0x10B, "AsymmetricKeyLifecycleServer", "Asymmetric Key Lifecycle Server", V2_0;
        BasicCryptographicClient = 0x10C, "BasicCryptographicClient", "Basic Cryptographic Client", V2_0;
        BasicCryptographicServer = 0x10D, "BasicCryptographicServer", "Basic Cryptographic Server", V2_0;
        AdvancedCryptographicClient = 0x10E, "AdvancedCryptographicClient", "Advanced Cryptographic Client", V2_0;
        AdvancedCryptographicServer = 0x10F, "AdvancedCryptographicServer", "Advanced Cryptographic Server", V2_0;
        RNGCryptographicClient = 0x110, "RNGCryptographicClient", "RNG Cryptographic Client", V2_0;
        RNGCryptographicServer = 0x111, "RNGCryptographicServer", "RNG Cryptographic Server", V2_0;
        BasicSymmetricKeyFoundryClient = 0x112, "BasicSymmetricKeyFoundryClient", "Basic Symmetric Key Foundry Client", V2_0;
        IntermediateSymmetricKeyFoundryClient = 0x113, "IntermediateSymmetricKeyFoundryClient", "Intermediate Symmetric Key Foundry Client", V2_0;
        AdvancedSymmetricKeyFoundryClient = 0x114, "AdvancedSymmetricKeyFoundryClient", "Advanced Symmetric Key Foundry Client", V2_0;
        SymmetricKeyFoundryServer = 0x115, "SymmetricKeyFoundryServer", "Symmetric Key Foundry Server", V2_0;
        OpaqueManagedObjectStoreClient = 0x116, "OpaqueManagedObjectStoreClient", "Opaque Managed Object Store Client", V2_0;
        OpaqueManagedObjectStoreServer = 0x117, "OpaqueManagedObjectStoreServer", "Opaque Managed Object Store Server", V2_0;
        StorageArrayWithSelfEncryptingDriveClient = 0x11C, "StorageArrayWithSelfEncryptingDriveClient", "Storage Array with Self Encrypting Drive Client", V2_0;
        StorageArrayWithSelfEncryptingDriveServer = 0x11D, "StorageArrayWithSelfEncryptingDriveServer", "Storage Array with Self Encrypting Drive Server", V2_0;
        HTTPSClient = 0x11E, "HTTPSClient", "HTTPS Client", V2_0;
        HTTPSServer = 0x11F, "HTTPSServer", "HTTPS Server", V2_0;
        JSONClient = 0x120, "JSONClient", "JSON Client", V2_0;
        JSONServer = 0x121, "JSONServer", "JSON Server", V2_0;
        XMLClient = 0x122, "XMLClient", "XML Client", V2_0;
        XMLServer = 0x123, "XMLServer", "XML Server", V2_0;
        AESXTSClient = 0x124, "AESXTSClient", "AES XTS Client", V2_0;
        AESXTSServer = 0x125, "AESXTSServer", "AES XTS Server", V2_0;
        QuantumSafeClient = 0x126, "QuantumSafeClient", "Quantum Safe Client", V2_0;
        QuantumSafeServer = 0x127, "QuantumSafeServer", "Quantum Safe Server", V2_0;
        PKCS11Client = 0x128, "PKCS_11Client", "PKCS#11 Client", V2_0;
        PKCS11Server = 0x129, "PKCS_11Server", "PKCS#11 Server", V2_0;
        BaselineClient = 0x12A, "BaselineClient", "Baseline Client", V2_0;
        BaselineServer = 0x12B, "BaselineServer", "Baseline Server", V2_0;
        CompleteServer = 0x12C, "CompleteServer", "Complete Server", V2_0;
    }
}

open_enum! {
    /// Protection Level Enumeration.
    ProtectionLevel {
        High = 0x1, "High", "High", V2_0;
        Low = 0x2, "Low", "Low", V2_0;
    }
}

open_enum! {
    /// Put Function Enumeration.
    PutFunction {
        New = 0x1, "New", "New", V1_0;
        Replace = 0x2, "Replace", "Replace", V1_0;
    }
}

open_enum! {
    /// Query Function Enumeration.
    QueryFunction {
        QueryOperations = 0x1, "QueryOperations", "Query Operations", V1_0;
        QueryObjects = 0x2, "QueryObjects", "Query Objects", V1_0;
        QueryServerInformation = 0x3, "QueryServerInformation", "Query Server Information", V1_0;
        QueryApplicationNamespaces = 0x4, "QueryApplicationNamespaces", "Query Application Namespaces", V1_0;
        QueryExtensionList = 0x5, "QueryExtensionList", "Query Extension List", V1_1;
        QueryExtensionMap = 0x6, "QueryExtensionMap", "Query Extension Map", V1_1;
        QueryAttestationTypes = 0x7, "QueryAttestationTypes", "Query Attestation Types", V1_2;
        QueryRNGs = 0x8, "QueryRNGs", "Query RNGs", V1_3;
        QueryValidations = 0x9, "QueryValidations", "Query Validations", V1_3;
        QueryProfiles = 0xA, "QueryProfiles", "Query Profiles", V1_3;
        QueryCapabilities = 0xB, "QueryCapabilities", "Query Capabilities", V1_3;
        QueryClientRegistrationMethods = 0xC, "QueryClientRegistrationMethods", "Query Client Registration Methods", V1_3;
        QueryDefaultsInformation = 0xD, "QueryDefaultsInformation", "Query Defaults Information", V2_0;
        QueryStorageProtectionMasks = 0xE, "QueryStorageProtectionMasks", "Query Storage Protection Masks", V2_0;
        QueryCredentialInformation = 0xF, "QueryCredentialInformation", "Query Credential Information", V3_0;
    }
}

open_enum! {
    /// RNG Algorithm Enumeration.
    RNGAlgorithm {
        Unspecified = 0x1, "Unspecified", "Unspecified", V1_3;
        FIPS1862 = 0x2, "FIPS186_2", "FIPS 186-2", V1_3;
        DRBG = 0x3, "DRBG", "DRBG", V1_3;
        NRBG = 0x4, "NRBG", "NRBG", V1_3;
        ANSIX931 = 0x5, "ANSIX9_31", "ANSI X9.31", V1_3;
        ANSIX962 = 0x6, "ANSIX9_62", "ANSI X9.62", V1_3;
    }
}

open_enum! {
    /// RNG Mode Enumeration.
    RNGMode {
        Unspecified = 0x1, "Unspecified", "Unspecified", V1_3;
        SharedInstantiation = 0x2, "SharedInstantiation", "Shared Instantiation", V1_3;
        NonSharedInstantiation = 0x3, "NonSharedInstantiation", "Non-Shared Instantiation", V1_3;
    }
}

open_enum! {
    /// Recommended Curve Enumeration.
    RecommendedCurve {
        P192 = 0x1, "P_192", "P-192", V1_0;
        K163 = 0x2, "K_163", "K-163", V1_0;
        B163 = 0x3, "B_163", "B-163", V1_0;
        P224 = 0x4, "P_224", "P-224", V1_0;
        K233 = 0x5, "K_233", "K-233", V1_0;
        B233 = 0x6, "B_233", "B-233", V1_0;
        P256 = 0x7, "P_256", "P-256", V1_0;
        K283 = 0x8, "K_283", "K-283", V1_0;
        B283 = 0x9, "B_283", "B-283", V1_0;
        P384 = 0xA, "P_384", "P-384", V1_0;
        K409 = 0xB, "K_409", "K-409", V1_0;
        B409 = 0xC, "B_409", "B-409", V1_0;
        P521 = 0xD, "P_521", "P-521", V1_0;
        K571 = 0xE, "K_571", "K-571", V1_0;
        B571 = 0xF, "B_571", "B-571", V1_0;
        SECP112R1 = 0x10, "SECP112R1", "SECP112R1", V1_2;
        SECP112R2 = 0x11, "SECP112R2", "SECP112R2", V1_2;
        SECP128R1 = 0x12, "SECP128R1", "SECP128R1", V1_2;
        SECP128R2 = 0x13, "SECP128R2", "SECP128R2", V1_2;
        SECP160K1 = 0x14, "SECP160K1", "SECP160K1", V1_2;
        SECP160R1 = 0x15, "SECP160R1", "SECP160R1", V1_2;
        SECP160R2 = 0x16, "SECP160R2", "SECP160R2", V1_2;
        SECP192K1 = 0x17, "SECP192K1", "SECP192K1", V1_2;
        SECP224K1 = 0x18, "SECP224K1", "SECP224K1", V1_2;
        SECP256K1 = 0x19, "SECP256K1", "SECP256K1", V1_2;
        SECT113R1 = 0x1A, "SECT113R1", "SECT113R1", V1_2;
        SECT113R2 = 0x1B, "SECT113R2", "SECT113R2", V1_2;
        SECT131R1 = 0x1C, "SECT131R1", "SECT131R1", V1_2;
        SECT131R2 = 0x1D, "SECT131R2", "SECT131R2", V1_2;
        SECT163R1 = 0x1E, "SECT163R1", "SECT163R1", V1_2;
        SECT193R1 = 0x1F, "SECT193R1", "SECT193R1", V1_2;
        SECT193R2 = 0x20, "SECT193R2", "SECT193R2", V1_2;
        SECT239K1 = 0x21, "SECT239K1", "SECT239K1", V1_2;
        ANSIX9P192V2 = 0x22, "ANSIX9P192V2", "ANSIX9P192V2", V1_2;
        ANSIX9P192V3 = 0x23, "ANSIX9P192V3", "ANSIX9P192V3", V1_2;
        ANSIX9P239V1 = 0x24, "ANSIX9P239V1", "ANSIX9P239V1", V1_2;
        ANSIX9P239V2 = 0x25, "ANSIX9P239V2", "ANSIX9P239V2", V1_2;
        ANSIX9P239V3 = 0x26, "ANSIX9P239V3", "ANSIX9P239V3", V1_2;
        ANSIX9C2PNB163V1 = 0x27, "ANSIX9C2PNB163V1", "ANSIX9C2PNB163V1", V1_2;
        ANSIX9C2PNB163V2 = 0x28, "ANSIX9C2PNB163V2", "ANSIX9C2PNB163V2", V1_2;
        ANSIX9C2PNB163V3 = 0x29, "ANSIX9C2PNB163V3", "ANSIX9C2PNB163V3", V1_2;
        ANSIX9C2PNB176V1 = 0x2A, "ANSIX9C2PNB176V1", "ANSIX9C2PNB176V1", V1_2;
        ANSIX9C2TNB191V1 = 0x2B, "ANSIX9C2TNB191V1", "ANSIX9C2TNB191V1", V1_2;
        ANSIX9C2TNB191V2 = 0x2C, "ANSIX9C2TNB191V2", "ANSIX9C2TNB191V2", V1_2;
        ANSIX9C2TNB191V3 = 0x2D, "ANSIX9C2TNB191V3", "ANSIX9C2TNB191V3", V1_2;
        ANSIX9C2PNB208W1 = 0x2E, "ANSIX9C2PNB208W1", "ANSIX9C2PNB208W1", V1_2;
        ANSIX9C2TNB239V1 = 0x2F, "ANSIX9C2TNB239V1", "ANSIX9C2TNB239V1", V1_2;
        ANSIX9C2TNB239V2 = 0x30, "ANSIX9C2TNB239V2", "ANSIX9C2TNB239V2", V1_2;
        ANSIX9C2TNB239V3 = 0x31, "ANSIX9C2TNB239V3", "ANSIX9C2TNB239V3", V1_2;
        ANSIX9C2PNB272W1 = 0x32, "ANSIX9C2PNB272W1", "ANSIX9C2PNB272W1", V1_2;
        ANSIX9C2PNB304W1 = 0x33, "ANSIX9C2PNB304W1", "ANSIX9C2PNB304W1", V1_2;
        ANSIX9C2TNB359V1 = 0x34, "ANSIX9C2TNB359V1", "ANSIX9C2TNB359V1", V1_2;
        ANSIX9C2PNB368W1 = 0x35, "ANSIX9C2PNB368W1", "ANSIX9C2PNB368W1", V1_2;
        ANSIX9C2TNB431R1 = 0x36, "ANSIX9C2TNB431R1", "ANSIX9C2TNB431R1", V1_2;
        BRAINPOOLP160R1 = 0x37, "BRAINPOOLP160R1", "BRAINPOOLP160R1", V1_2;
        BRAINPOOLP160T1 = 0x38, "BRAINPOOLP160T1", "BRAINPOOLP160T1", V1_2;
        BRAINPOOLP192R1 = 0x39, "BRAINPOOLP192R1", "BRAINPOOLP192R1", V1_2;
        BRAINPOOLP192T1 = 0x3A, "BRAINPOOLP192T1", "BRAINPOOLP192T1", V1_2;
        BRAINPOOLP224R1 = 0x3B, "BRAINPOOLP224R1", "BRAINPOOLP224R1", V1_2;
        BRAINPOOLP224T1 = 0x3C, "BRAINPOOLP224T1", "BRAINPOOLP224T1", V1_2;
        BRAINPOOLP256R1 = 0x3D, "BRAINPOOLP256R1", "BRAINPOOLP256R1", V1_2;
        BRAINPOOLP256T1 = 0x3E, "BRAINPOOLP256T1", "BRAINPOOLP256T1", V1_2;
        BRAINPOOLP320R1 = 0x3F, "BRAINPOOLP320R1", "BRAINPOOLP320R1", V1_2;
        BRAINPOOLP320T1 = 0x40, "BRAINPOOLP320T1", "BRAINPOOLP320T1", V1_2;
        BRAINPOOLP384R1 = 0x41, "BRAINPOOLP384R1", "BRAINPOOLP384R1", V1_2;
        BRAINPOOLP384T1 = 0x42, "BRAINPOOLP384T1", "BRAINPOOLP384T1", V1_2;
        BRAINPOOLP512R1 = 0x43, "BRAINPOOLP512R1", "BRAINPOOLP512R1", V1_2;
        BRAINPOOLP512T1 = 0x44, "BRAINPOOLP512T1", "BRAINPOOLP512T1", V1_2;
        CURVE25519 = 0x45, "CURVE25519", "CURVE25519", V2_0;
        CURVE448 = 0x46, "CURVE448", "CURVE448", V2_0;
    }
}

open_enum! {
    /// Revocation Reason Code Enumeration.
    RevocationReasonCode {
        Unspecified = 0x1, "Unspecified", "Unspecified", V1_0;
        KeyCompromise = 0x2, "KeyCompromise", "Key Compromise", V1_0;
        CACompromise = 0x3, "CACompromise", "CA Compromise", V1_0;
        AffiliationChanged = 0x4, "AffiliationChanged", "Affiliation Changed", V1_0;
        Superseded = 0x5, "Superseded", "Superseded", V1_0;
        CessationOfOperation = 0x6, "CessationOfOperation", "Cessation of Operation", V1_0;
        PrivilegeWithdrawn = 0x7, "PrivilegeWithdrawn", "Privilege Withdrawn", V1_0;
    }
}

open_enum! {
    /// Rotate Name Type Enumeration.
    RotateNameType {
        UninterpretedTextString = 0x1, "UninterpretedTextString", "Uninterpreted Text String", V2_1;
        URI = 0x2, "URI", "URI", V2_1;
    }
}

open_enum! {
    /// Secret Data Type Enumeration.
    SecretDataType {
        Password = 0x1, "Password", "Password", V1_0;
        Seed = 0x2, "Seed", "Seed", V1_0;
    }
}

open_enum! {
    /// Shredding Algorithm Enumeration.
    ShreddingAlgorithm {
        Unspecified = 0x1, "Unspecified", "Unspecified", V1_3;
        Cryptographic = 0x2, "Cryptographic", "Cryptographic", V1_3;
        Unsupported = 0x3, "Unsupported", "Unsupported", V1_3;
    }
}

open_enum! {
    /// Split Key Method Enumeration.
    SplitKeyMethod {
        XOR = 0x1, "XOR", "XOR", V1_0;
        PolynomialSharingGF216 = 0x2, "PolynomialSharingGF2_16", "Polynomial Sharing GF (2^16)", V1_0;
        PolynomialSharingPrimeField = 0x3, "PolynomialSharingPrimeField", "Polynomial Sharing Prime Field", V1_0;
        PolynomialSharingGF28 = 0x4, "PolynomialSharingGF2_8", "Polynomial Sharing GF (2^8)", V1_2;
    }
}

open_enum! {
    /// Split Key Polynomial Enumeration.
    SplitKeyPolynomial {
        Polynomial283 = 0x1, "Polynomial_283", "Polynomial-283", V3_0;
        Polynomial285 = 0x2, "Polynomial_285", "Polynomial-285", V3_0;
    }
}

open_enum! {
    /// State Enumeration.
    State {
        PreActive = 0x1, "PreActive", "Pre-Active", V1_0;
        Active = 0x2, "Active", "Active", V1_0;
        Deactivated = 0x3, "Deactivated", "Deactivated", V1_0;
        Compromised = 0x4, "Compromised", "Compromised", V1_0;
        Destroyed = 0x5, "Destroyed", "Destroyed", V1_0;
        DestroyedCompromised = 0x6, "DestroyedCompromised", "Destroyed Compromised", V1_0;
    }
}

open_enum! {
    /// Ticket Type Enumeration.
    TicketType {
        Login = 0x1, "Login", "Login", V2_0;
    }
}

open_enum! {
    /// Unique Identifier Enumeration.
    UniqueIdentifierEnumeration {
        IDPlaceholder = 0x1, "IDPlaceholder", "ID Placeholder", V2_0;
        Certify = 0x2, "Certify", "Certify", V2_0;
        Create = 0x3, "Create", "Create", V2_0;
        CreateKeyPair = 0x4, "CreateKeyPair", "Create Key Pair", V2_0;
        CreateKeyPairPrivateKey = 0x5, "CreateKeyPairPrivateKey", "Create Key Pair Private Key", V2_0;
        CreateKeyPairPublicKey = 0x6, "CreateKeyPairPublicKey", "Create Key Pair Public Key", V2_0;
        CreateSplitKey = 0x7, "CreateSplitKey", "Create Split Key", V2_0;
        DeriveKey = 0x8, "DeriveKey", "Derive Key", V2_0;
        Import = 0x9, "Import", "Import", V2_0;
        JoinSplitKey = 0xA, "JoinSplitKey", "Join Split Key", V2_0;
        Locate = 0xB, "Locate", "Locate", V2_0;
        Register = 0xC, "Register", "Register", V2_0;
        ReKey = 0xD, "ReKey", "Re-key", V2_0;
        ReCertify = 0xE, "ReCertify", "Re-certify", V2_0;
        ReKeyKeyPair = 0xF, "ReKeyKeyPair", "Re-key Key Pair", V2_0;
        ReKeyKeyPairPrivateKey = 0x10, "ReKeyKeyPairPrivateKey", "Re-key Key Pair Private Key", V2_0;
        ReKeyKeyPairPublicKey = 0x11, "ReKeyKeyPairPublicKey", "Re-key Key Pair Public Key", V2_0;
        ReProvision = 0x12, "ReProvision", "Re-Provision", V3_0;
        CreateUser = 0x13, "CreateUser", "Create User", V3_0;
        CreateGroup = 0x14, "CreateGroup", "Create Group", V3_0;
        CreateCredential = 0x15, "CreateCredential", "Create Credential", V3_0;
    }
}

open_enum! {
    /// Unwrap Mode Enumeration.
    UnwrapMode {
        Unspecified = 0x1, "Unspecified", "Unspecified", V1_3;
        Processed = 0x2, "Processed", "Processed", V1_3;
        NotProcessed = 0x3, "NotProcessed", "Not Processed", V1_3;
    }
}

open_enum! {
    /// Usage Limits Unit Enumeration.
    UsageLimitsUnit {
        Byte = 0x1, "Byte", "Byte", V1_0;
        Object = 0x2, "Object", "Object", V1_0;
    }
}

open_enum! {
    /// Validation Authority Type Enumeration.
    ValidationAuthorityType {
        Unspecified = 0x1, "Unspecified", "Unspecified", V1_3;
        NISTCMVP = 0x2, "NISTCMVP", "NIST CMVP", V1_3;
        CommonCriteria = 0x3, "CommonCriteria", "Common Criteria", V1_3;
    }
}

open_enum! {
    /// Validation Type Enumeration.
    ValidationType {
        Unspecified = 0x1, "Unspecified", "Unspecified", V1_3;
        Hardware = 0x2, "Hardware", "Hardware", V1_3;
        Software = 0x3, "Software", "Software", V1_3;
        Firmware = 0x4, "Firmware", "Firmware", V1_3;
        Hybrid = 0x5, "Hybrid", "Hybrid", V1_3;
    }
}

open_enum! {
    /// Validity Indicator Enumeration.
    ValidityIndicator {
        Valid = 0x1, "Valid", "Valid", V1_0;
        Invalid = 0x2, "Invalid", "Invalid", V1_0;
        Unknown = 0x3, "Unknown", "Unknown", V1_0;
    }
}

open_enum! {
    /// Wrapping Method Enumeration.
    WrappingMethod {
        Encrypt = 0x1, "Encrypt", "Encrypt", V1_0;
        MACSign = 0x2, "MACSign", "MAC/sign", V1_0;
        EncryptThenMACSign = 0x3, "EncryptThenMACSign", "Encrypt then MAC/sign", V1_0;
        MACSignThenEncrypt = 0x4, "MACSignThenEncrypt", "MAC/sign then encrypt", V1_0;
        TR31 = 0x5, "TR_31", "TR-31", V1_0;
    }
}

open_enum! {
    /// Opaque Data Type Enumeration: the standard names none, vendors do.
    OpaqueDataType {}
}
