//! Every structure of the crate under the name of its table in the standard.

use kmip::{attribute::*, message::*, object::*, payload, payload::Operation, ttlv::*, *};

use super::{Make, Source};

/// Which table of the standard a case belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Table {
    /// The request payload of an operation.
    Request,
    /// The response payload of an operation.
    Response,
    /// A header.
    Message,
    /// A structure of its own.
    Structure,
}

/// One structure of the crate, with what the tests do to it.
pub(crate) struct Case {
    /// The name in the standard's table.
    pub(crate) name: &'static str,
    pub(crate) table: Table,
    /// The first version that has it.
    pub(crate) since: Version,
    /// The items of a value.
    pub(crate) encode: fn(&mut Source<'_>) -> Vec<u8>,
    /// Reads the items and writes them again.
    pub(crate) recode: fn(&[u8], Version) -> Result<Vec<u8>>,
    /// Asserts that a value comes back, and tells whether it came back equal.
    pub(crate) round_trip: fn(&mut Source<'_>) -> bool,
}

fn write<T: Structure>(value: &T, version: Version) -> Vec<u8> {
    let mut writer = Writer::new(version);
    value.write_fields(&mut writer);
    writer.bytes().to_vec()
}

fn read<T: Structure>(bytes: &[u8], version: Version) -> Result<T> {
    T::read_fields(Reader::new(bytes, Tag::RequestPayload, version))
}

fn round_trip<T: Structure + Make + PartialEq>(source: &mut Source<'_>) -> bool {
    let (value, version) = (T::make(source), source.version);
    let bytes = write(&value, version);
    let back: T = read(&bytes, version)
        .unwrap_or_else(|error| panic!("{version}: {error}: {}", hex::encode(&bytes)));
    let again = write(&back, version);
    assert_eq!(hex::encode(&again), hex::encode(&bytes), "{version}");
    // Fields that the version does not have are lost once, and never again.
    assert!(
        read::<T>(&again, version).unwrap() == back,
        "{version}: {}",
        hex::encode(&bytes)
    );
    back == value
}

fn case<T: Structure + Make + PartialEq>(name: &'static str, table: Table, since: Version) -> Case {
    Case {
        name,
        table,
        since,
        encode: |source| write(&T::make(source), source.version),
        recode: |bytes, version| read::<T>(bytes, version).map(|value| write(&value, version)),
        round_trip: round_trip::<T>,
    }
}

fn structure<T: Structure + Make + PartialEq>(name: &'static str, since: Version) -> Case {
    case::<T>(name, Table::Structure, since)
}

fn operation<O: Operation>() -> [Case; 2]
where
    O::Request: Make + PartialEq,
    O::Response: Make + PartialEq,
{
    let name = O::CODE.name().unwrap();
    [
        case::<O::Request>(name, Table::Request, O::SINCE),
        case::<O::Response>(name, Table::Response, O::SINCE),
    ]
}

/// Operations whose responses have no table: what is answered is another operation's, or nothing.
const WITHOUT_RESPONSE: &[OperationCode] = &[
    OperationCode::Poll,
    OperationCode::Notify,
    OperationCode::Put,
];

macro_rules! payloads_of {
    ($($operation:path)*) => {
        /// Both payloads of every operation that has payload types.
        pub(crate) fn payloads() -> Vec<Case> {
            let mut cases: Vec<_> = [$(operation::<$operation>()),*].into_iter().flatten().collect();
            cases.retain(|case| {
                let answered = |code: &OperationCode| code.name() == Some(case.name);
                case.table == Table::Request || !WITHOUT_RESPONSE.iter().any(answered)
            });
            cases
        }
    };
}

kmip::each_operation!(payloads_of);

/// The headers and what stands in messages.
fn messages() -> Vec<Case> {
    vec![
        case::<RequestHeader>("Request Header", Table::Message, V1_0),
        case::<ResponseHeader>("Response Header", Table::Message, V1_0),
        structure::<ProtocolVersion>("Protocol Version Structure in Message Header", V1_0),
        structure::<Authentication>("Authentication Structure in Message Header", V1_0),
        structure::<MessageExtension>("Message Extension Structure in Batch Item", V1_0),
        structure::<UsernameAndPassword>(
            "Credential Value Structure for the Username and Password Credential",
            V1_0,
        ),
        structure::<Device>("Credential Value Structure for the Device Credential", V1_1),
        structure::<Attestation>(
            "Credential Value Structure for the Attestation Credential",
            V1_2,
        ),
        structure::<OneTimePassword>(
            "Credential Value Structure for the One Time Password Credential",
            V2_0,
        ),
        structure::<HashedPassword>(
            "Credential Value Structure for the Hashed Password Credential",
            V2_0,
        ),
        structure::<TicketCredential>("Credential Value Structure for the Ticket", V2_0),
        structure::<Ticket>("Ticket", V2_0),
        structure::<payload::login::Rights>("Rights", V2_0),
        structure::<payload::query::CredentialInformation>("Credential Information", V3_0),
        structure::<payload::login::Objects>("Objects", V2_0),
        structure::<payload::login::Operations>("Operations", V2_0),
        structure::<PasswordCredential>("Password Credential", V3_0),
        structure::<DeviceCredential>("Device Credential", V3_0),
        structure::<OTPCredential>("OTP Credential", V3_0),
        structure::<HashedPasswordCredential>("Hashed Password Credential", V3_0),
        structure::<DeactivationReason>("Deactivation Reason", V3_0),
        structure::<payload::login::Right>("Right", V2_0),
        structure::<payload::derive::DerivationParameters>("PBKDF2 Derivation Parameters", V1_0),
        structure::<payload::derive::DerivationParameters>("Derivation Parameters", V2_0),
        structure::<Nonce>("Nonce", V1_2),
        structure::<payload::query::ExtensionInformation>("Extension Information", V1_1),
        structure::<payload::query::ProfileInformation>("Profile Information", V1_3),
        structure::<payload::query::CapabilityInformation>("Capability Information", V1_3),
        structure::<payload::query::ServerInformation>("Server Information", V2_0),
        structure::<payload::poll::Operations>("Operations", V2_0),
        structure::<payload::poll::AsynchronousRequest>("Asynchronous Request", V2_1),
        structure::<payload::poll::AsynchronousCorrelationValues>(
            "Asynchronous Correlation Values",
            V2_1,
        ),
    ]
}

/// Objects and key material.
fn objects() -> Vec<Case> {
    const MATERIAL: [&str; 11] = [
        "Key Material Object Structure for Transparent Symmetric Keys",
        "Key Material Object Structure for Transparent RSA Private Keys",
        "Key Material Object Structure for Transparent RSA Public Keys",
        "Key Material Object Structure for Transparent DSA Private Keys",
        "Key Material Object Structure for Transparent DSA Public Keys",
        "Key Material Object Structure for Transparent DH Private Keys",
        "Key Material Object Structure for Transparent DH Public Keys",
        "Key Material Object Structure for Transparent EC Private Keys",
        "Key Material Object Structure for Transparent EC Public Keys",
        "Key Material Object Structure for Transparent ECDSA Private Keys",
        "Key Material Object Structure for Transparent ECMQV Public Keys",
    ];
    vec![
        structure::<Certificate>("Certificate", V1_0),
        structure::<KeyObject>("Symmetric Key", V1_0),
        structure::<KeyObject>("Public Key", V1_0),
        structure::<KeyObject>("Private Key", V1_0),
        structure::<SecretData>("Secret Data", V1_0),
        structure::<OpaqueObject>("Opaque", V1_0),
        structure::<SplitKey>("Split Key", V1_0),
        structure::<Template>("Template", V1_0),
        structure::<PGPKey>("PGP Key", V1_2),
        structure::<CertificateRequest>("Certificate Request", V2_0),
        structure::<KeyBlock>("Key Block", V1_0),
        structure::<KeyWrappingData>("Key Wrapping Data", V1_0),
        structure::<EncryptionKeyInformation>("Encryption Key Information", V1_0),
        structure::<MACSignatureKeyInformation>("MAC/Signature Key Information", V1_0),
        structure::<KeyWrappingSpecification>("Key Wrapping Specification", V1_0),
        structure::<TransparentSymmetricKey>(MATERIAL[0], V1_0),
        structure::<TransparentRSAPrivateKey>(MATERIAL[1], V1_0),
        structure::<TransparentRSAPublicKey>(MATERIAL[2], V1_0),
        structure::<TransparentDSAPrivateKey>(MATERIAL[3], V1_0),
        structure::<TransparentDSAPublicKey>(MATERIAL[4], V1_0),
        structure::<TransparentDHPrivateKey>(MATERIAL[5], V1_0),
        structure::<TransparentDHPublicKey>(MATERIAL[6], V1_0),
        structure::<TransparentECPrivateKey>(MATERIAL[7], V1_3),
        structure::<TransparentECPublicKey>(MATERIAL[8], V1_3),
        structure::<TransparentECPrivateKey>(MATERIAL[9], V1_0),
        structure::<TransparentECPublicKey>(MATERIAL[10], V1_0),
    ]
}

/// The structures that attributes hold.
fn attributes() -> Vec<Case> {
    vec![
        structure::<Name>("Name", V1_0),
        structure::<CryptographicParameters>("Cryptographic Parameters", V1_0),
        structure::<CryptographicDomainParameters>("Cryptographic Domain Parameters", V1_0),
        structure::<CertificateIdentifier>("Certificate Identifier", V1_0),
        structure::<CertificateSubject>("Certificate Subject", V1_0),
        structure::<CertificateIssuer>("Certificate Issuer", V1_0),
        structure::<Digest>("Digest", V1_0),
        structure::<UsageLimits>("Usage Limits", V1_0),
        structure::<UsageLimits>("Usage limits", V2_0),
        structure::<RevocationReason>("Revocation Reason", V1_0),
        structure::<Link>("Link", V1_0),
        structure::<ApplicationSpecificInformation>("Application Specific Information", V1_0),
        structure::<VendorAttribute>("Attribute", V2_0),
        structure::<X509CertificateIdentifier>("X.509 Certificate Identifier", V1_1),
        structure::<X509CertificateSubject>("X.509 Certificate Subject", V1_1),
        structure::<X509CertificateIssuer>("X.509 Certificate Issuer", V1_1),
        structure::<AlternativeName>("Alternative Name", V1_2),
        structure::<KeyValueLocation>("Key Value Location", V1_2),
        structure::<RNGParameters>("RNG Parameters", V1_3),
        structure::<RotateName>("Rotate Name", V2_1),
        structure::<payload::constraint::ObjectGroups>("Object Groups", V2_1),
        structure::<payload::constraint::DefaultsInformation>("Defaults Information", V2_0),
        structure::<payload::constraint::Constraint>("Constraint", V2_1),
        structure::<payload::constraint::Constraints>("Constraints", V2_1),
    ]
}

/// Every other structure that has a table of its own.
pub(crate) fn structures() -> Vec<Case> {
    [messages(), objects(), attributes()]
        .into_iter()
        .flatten()
        .collect()
}
