//! Every way to fail, with the reason that each version of the protocol has for it.

use kmip::{OperationCode, ResultReason, V2_0, Version};

macro_rules! faults {
    ($($(#[$meta:meta])* $name:ident: $v1:ident | $v2:ident;)*) => {
        /// What a failure means to the protocol.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Fault {
            $($(#[$meta])* $name,)*
        }

        impl Fault {
            /// Every fault, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The name in the audit trail and in metrics.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)* }
            }

            /// The reasons in 1.x and in 2.x.
            const fn reasons(self) -> (ResultReason, ResultReason) {
                match self { $(Self::$name => (ResultReason::$v1, ResultReason::$v2),)* }
            }
        }
    };
}

// 1.x has few reasons and the field's clients look for them; 2.x has one for each cause (KMIP 1.4 §11, KMIP 2.1 §11.49).
faults! {
    /// What the client attests is not believed.
    AttestationFailed: AttestationFailed | AttestationFailed;
    /// The attribute instance named does not exist.
    AttributeInstanceNotFound: ItemNotFound | AttributeInstanceNotFound;
    /// The object has several instances of an attribute, and the operation means one.
    AttributeMultiValued: InvalidField | MultiValuedAttribute;
    /// The object does not have the attribute.
    AttributeNotFound: ItemNotFound | AttributeNotFound;
    /// A client may not set, change or delete the attribute.
    AttributeReadOnly: PermissionDenied | AttributeReadOnly;
    /// A second value for an attribute that has one.
    AttributeSingleValued: IndexOutOfBounds | AttributeSingleValued;
    /// A tag that is no attribute served here.
    AttributeUnsupported: InvalidField | UnsupportedAttribute;
    /// A certificate request that cannot be read, or whose signature is not that of its key.
    BadCertificateRequest: InvalidField | InvalidCSR;
    /// A new object that the vault's constraints do not allow.
    ConstraintViolated: InvalidField | ConstraintViolation;
    /// Cryptographic parameters that contradict the key or themselves.
    BadParameters: CryptographicFailure | BadCryptographicParameters;
    /// A tag of an authenticating mode whose length does not exist.
    BadTagLength: GeneralFailure | GeneralFailure;
    /// Limits of the server or the HSM are reached for now.
    Busy: GeneralFailure | ServerLimitExceeded;
    /// The request was canceled before it was done.
    Canceled: OperationCanceledByRequester | OperationCanceledByRequester;
    /// A link that leads back to its own object.
    CircularLink: InvalidField | CircularLinkError;
    /// The cryptographic operation failed: a tag, a padding, a key that is not valid.
    CryptoFailed: CryptographicFailure | CryptographicFailure;
    /// An earlier item of the batch failed, so this one was not done.
    EarlierItemFailed: GeneralFailure | GeneralFailure;
    /// The encoding option does not fit the wrapping.
    EncodingOption: EncodingOptionError | EncodingOptionError;
    /// A feature of the protocol that is not served.
    FeatureNotServed: FeatureNotSupported | FeatureNotSupported;
    /// A field that has no place where it stands.
    FieldMisplaced: InvalidField | InvalidMessage;
    /// Fields that may not stand together, or that may not be repeated.
    FieldsContradict: InvalidMessage | InvalidField;
    /// The HSM does not answer now: a later try may succeed.
    HsmAway: GeneralFailure | InternalServerError;
    /// Something of ours failed; the log has the cause under the number in the message.
    Internal: GeneralFailure | InternalServerError;
    /// An attribute that makes no sense for the object.
    InvalidAttribute: InvalidField | InvalidAttribute;
    /// An attribute value that is not acceptable.
    InvalidAttributeValue: InvalidField | InvalidAttributeValue;
    /// A field of the payload that is not acceptable.
    InvalidField: InvalidField | InvalidField;
    /// The ticket is not known, has ended, or is another's.
    InvalidTicket: AuthenticationNotSuccessful | InvalidTicket;
    /// The key compression type is not served.
    KeyCompressionNotServed: KeyCompressionTypeNotSupported | KeyCompressionTypeNotSupported;
    /// The key format type is not served for the object.
    KeyFormatNotServed: KeyFormatTypeNotSupported | KeyFormatTypeNotSupported;
    /// The object was registered without its value.
    KeyValueAbsent: KeyValueNotPresent | KeyValueNotPresent;
    /// The key wrap type is not served.
    KeyWrapNotServed: FeatureNotSupported | KeyWrapTypeNotSupported;
    /// The usage limits of the key leave less than is asked for.
    LimitExceeded: PermissionDenied | UsageLimitExceeded;
    /// The usage limits of the key are spent, so it may not be used.
    LimitSpent: PermissionDenied | PermissionDenied;
    /// The message is longer than messages may be.
    MessageTooLarge: InvalidMessage | ServerLimitExceeded;
    /// A field or attribute that is needed is absent.
    MissingData: MissingData | InvalidField;
    /// The mode needs an IV, counter or nonce.
    MissingIV: InvalidMessage | InvalidMessage;
    /// Another object of the vault has the name.
    NameTaken: InvalidField | NonUniqueNameAttribute;
    /// The server makes no data for the application namespace.
    NamespaceNotServed: ApplicationNamespaceNotSupported | ApplicationNamespaceNotSupported;
    /// Who asks could not be established.
    NotAuthenticated: AuthenticationNotSuccessful | AuthenticationNotSuccessful;
    /// The key may not leave in any form.
    NotExtractable: NotExtractable | NotExtractable;
    /// The policy does not allow it.
    NotPermitted: PermissionDenied | PermissionDenied;
    /// The operation is not served.
    NotServed: OperationNotSupported | OperationNotSupported;
    /// A key that is called quantum-safe, and is not.
    NotQuantumSafe: GeneralFailure | GeneralFailure;
    /// The attribute that is to be adjusted is not there.
    NothingToAdjust: ItemNotFound | ItemNotFound;
    /// The object has no usage limits to allocate from.
    NoUsageLimits: IllegalOperation | AttributeNotFound;
    /// A number is adjusted beyond its range.
    NumericRange: InvalidField | NumericRange;
    /// There is no such object, or the principal may not know of it.
    NoSuchObject: ItemNotFound | ObjectNotFound;
    /// No request with this mark waits for its answer, or none that the principal may know of.
    NoSuchRequest: ItemNotFound | InvalidAsynchronousCorrelationValue;
    /// A correlation value that names no operation in parts of this client.
    NoSuchStream: InvalidField | InvalidCorrelationValue;
    /// There is an object with the identifier already.
    ObjectAlreadyExists: ObjectAlreadyExists | ObjectAlreadyExists;
    /// The object is archived, and has to be recovered first.
    ObjectArchived: ObjectArchived | ObjectArchived;
    /// The object is destroyed; its attributes remain.
    ObjectDestroyed: ItemNotFound | ObjectDestroyed;
    /// The parameters of a PKCS #11 function cannot be read.
    PKCS11Codec: GeneralFailure | PKCS11CodecError;
    /// There is no such PKCS #11 function.
    PKCS11Function: GeneralFailure | PKCS11InvalidFunction;
    /// There is no such PKCS #11 interface.
    PKCS11Interface: GeneralFailure | PKCS11InvalidInterface;
    /// The request is being done already.
    RequestInProcess: GeneralFailure | DuplicateProcessRequest;
    /// No way of protecting a private key that the client accepts.
    PrivateStorageUnavailable: GeneralFailure | PrivateProtectionStorageUnavailable;
    /// No way of protecting a public key that the client accepts.
    PublicStorageUnavailable: GeneralFailure | PublicProtectionStorageUnavailable;
    /// A client may not set or adjust the attribute.
    ReadOnlyAttribute: PermissionDenied | ReadOnlyAttribute;
    /// The key may leave wrapped only.
    Sensitive: Sensitive | Sensitive;
    /// The requests or the usage that a ticket allows are spent.
    TicketSpent: PermissionDenied | UsageLimitExceeded;
    /// No way of protecting the object that the client accepts.
    StorageUnavailable: GeneralFailure | ProtectionStorageUnavailable;
    /// Structures of the message are nested deeper than they may be.
    TooDeep: InvalidMessage | ServerLimitExceeded;
    /// The message has more items than a batch may have.
    TooManyItems: InvalidMessage | ServerLimitExceeded;
    /// The response is longer than the client takes.
    TooLarge: ResponseTooLarge | ResponseTooLarge;
    /// The bytes cannot be read as a request.
    Unreadable: InvalidMessage | InvalidMessage;
    /// The disk has not answered in time: nobody knows whether it is done.
    Unanswered: GeneralFailure | InternalServerError;
    /// The algorithm, curve or size is not served.
    UnsupportedAlgorithm: CryptographicFailure | CryptographicFailure;
    /// Cryptographic parameters that make sense but are not served.
    UnsupportedParameters: CryptographicFailure | UnsupportedCryptographicParameters;
    /// A message extension that must be understood is not.
    UnknownExtension: FeatureNotSupported | UnknownMessageExtension;
    /// The protocol version is not spoken.
    VersionNotSpoken: InvalidMessage | UnsupportedProtocolVersion;
    /// The wrapping key is archived.
    WrappingObjectArchived: ObjectArchived | WrappingObjectArchived;
    /// The wrapping key is destroyed.
    WrappingObjectDestroyed: ItemNotFound | WrappingObjectDestroyed;
    /// There is no such wrapping key.
    WrappingObjectNotFound: ItemNotFound | WrappingObjectNotFound;
    /// A value whose type does not fit what is to be done with it.
    WrongDataType: InvalidField | InvalidDataType;
    /// An operation on a kind of object that it does not apply to.
    WrongObjectType: InvalidField | InvalidObjectType;
    /// The key's state or dates do not allow it.
    WrongState: PermissionDenied | WrongKeyLifecycleState;
    /// The key's usage mask does not allow it.
    WrongUsage: PermissionDenied | IncompatibleCryptographicUsageMask;
}

impl Fault {
    /// The fault that a reason of a version stands for. Where several share it, it is the policy's, or the first of the
    /// table.
    #[must_use]
    pub fn of(reason: Option<ResultReason>, version: Version) -> Self {
        let mut all = std::iter::once(Self::NotPermitted).chain(Self::ALL.iter().copied());
        all.find(|own| Some(own.reason(version)) == reason)
            .unwrap_or(Self::Internal)
    }

    /// The reason that an operation gives in a version. In 1.x each has a table of its own, where some faults are called
    /// otherwise than elsewhere.
    #[must_use]
    pub fn reason_of(self, operation: Option<OperationCode>, version: Version) -> ResultReason {
        let first = operation.filter(|_| !version.is_2());
        first
            .and_then(|operation| self.tabled(operation))
            .unwrap_or_else(|| self.reason(version))
    }

    /// The reason in an operation's own table (KMIP 1.4 §11.2 to §11.43).
    const fn tabled(self, operation: OperationCode) -> Option<ResultReason> {
        use OperationCode as Op;
        Some(match (operation, self) {
            (Op::AddAttribute, Self::AttributeSingleValued | Self::NameTaken)
            | (Op::ModifyAttribute, Self::NameTaken)
            | (
                Op::Activate
                | Op::Check
                | Op::Export
                | Op::Get
                | Op::GetUsageAllocation
                | Op::Revoke,
                Self::WrongObjectType,
            ) => ResultReason::IllegalOperation,
            (Op::DeriveKey, Self::WrongState | Self::WrongUsage)
            | (Op::ModifyAttribute, Self::AttributeNotFound) => ResultReason::InvalidField,
            (Op::CreateKeyPair | Op::GetUsageAllocation, Self::MissingData)
            | (Op::Validate, Self::InvalidField | Self::WrongObjectType) => {
                ResultReason::InvalidMessage
            }
            (Op::Activate | Op::Destroy, Self::ObjectDestroyed)
            | (Op::AddAttribute, Self::InvalidAttribute)
            | (
                Op::Certify
                | Op::Decrypt
                | Op::Encrypt
                | Op::MAC
                | Op::MACVerify
                | Op::ReCertify
                | Op::ReKey
                | Op::ReKeyKeyPair
                | Op::Sign
                | Op::SignatureVerify,
                Self::WrongObjectType,
            ) => ResultReason::PermissionDenied,
            _ => return None,
        })
    }

    /// The reason in a version. A reason that is younger than the version gives way to what old clients know.
    #[must_use]
    pub fn reason(self, version: Version) -> ResultReason {
        let (v1, v2) = self.reasons();
        // 2.0 has a reason for states, which its Modify Attribute does not list, and its test cases never use
        // (KMIP 2.0 §11.49; SKLC-M-2-20).
        let is_of_2 = version.is_2() && !(version == V2_0 && self == Self::WrongState);
        let reason = if is_of_2 { v2 } else { v1 };
        if reason.since().is_some_and(|since| since <= version) {
            return reason;
        }
        match self {
            Self::Sensitive | Self::NotExtractable => ResultReason::PermissionDenied,
            Self::KeyValueAbsent => ResultReason::ItemNotFound,
            Self::CircularLink if version.is_2() => ResultReason::InvalidAttributeValue,
            Self::AttestationFailed => ResultReason::AuthenticationNotSuccessful,
            _ => ResultReason::InvalidField,
        }
    }
}
