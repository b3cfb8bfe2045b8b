//! Create User, Create Group and Create Credential.

use kmip::{
    CredentialType, CryptographicAlgorithm, HashingAlgorithm, OTPAlgorithm, ObjectType,
    attribute::{AttributeList, Attributes},
    message::Device,
    object::{DeviceCredential, HashedPasswordCredential, OTPCredential, PasswordCredential},
    payload::account::{
        CreateCredential, CreateCredentialRequest, CreateCredentialResponse, CreateGroup,
        CreateGroupRequest, CreateGroupResponse, CreateUser, CreateUserRequest, CreateUserResponse,
    },
    ttlv::Interval,
};
use store::Custody;

use super::{Handler, needed, register};
use crate::{
    context::Context,
    error::{Error, Result},
    fault::Fault,
    identity::{NewCredential, check_username},
    pin,
    policy::Access,
    template,
};

/// How users are recognised.
pub const CREDENTIALS: &[(CredentialType, &str)] = &[
    (
        CredentialType::UsernameAndPassword,
        "by the password in the message",
    ),
    (
        CredentialType::Device,
        "by all its identifiers in the message, and its password if it has one",
    ),
    (
        CredentialType::OneTimePassword,
        "by the next password of a list or a generator, and the user's own password if there is one",
    ),
    (
        CredentialType::HashedPassword,
        "by the password hashed with the time, newer each time",
    ),
    (
        CredentialType::Ticket,
        "by what Login and Delegated Login answered; no other operation makes tickets",
    ),
    (
        CredentialType::Password,
        "as Username and Password; the name that 3.0 has for the password alone",
    ),
    (
        CredentialType::Certificate,
        "by the certificate of the connection, where a rule admits it and no operator enrolled it",
    ),
];

/// Credentials by which nobody is recognised, and why.
pub const CREDENTIALS_NOT_SERVED: &[(CredentialType, &str)] = &[(
    CredentialType::Attestation,
    "the standard carries attestations and does not say how one is verified or what a good one is, and its Create \
     Credential has no field for what they would be held against",
)];

/// The role of a user that a client makes. It may never do more than the client that it comes through.
const ROLE: &str = "user";

impl Handler for CreateUser {
    const ACCESS: Access = Access::Administer;

    fn handle(context: &mut Context<'_>, request: CreateUserRequest) -> Result<CreateUserResponse> {
        let attributes = folded(&request.attributes)?;
        check_username(name(&attributes)?)?;
        let record = {
            let who = context.principal;
            let accounts = context.service.accounts_at(context.now);
            accounts.user_record(&who.vault, &who.name, attributes, ROLE)
        };
        Ok(CreateUserResponse {
            unique_identifier: context.insert(record)?,
        })
    }
}

impl Handler for CreateGroup {
    const ACCESS: Access = Access::Administer;

    fn handle(
        context: &mut Context<'_>,
        request: CreateGroupRequest,
    ) -> Result<CreateGroupResponse> {
        let attributes = folded(&request.attributes)?;
        name(&attributes)?;
        let who = context.principal;
        let record = context.service.accounts_at(context.now).account(
            &who.vault,
            &who.name,
            ObjectType::Group,
            attributes,
            Custody::Public(Vec::new()),
        );
        Ok(CreateGroupResponse {
            unique_identifier: context.insert(record)?,
        })
    }
}

impl Handler for CreateCredential {
    const ACCESS: Access = Access::Administer;

    fn handle(
        context: &mut Context<'_>,
        request: CreateCredentialRequest,
    ) -> Result<CreateCredentialResponse> {
        if request.credential_type == CredentialType::Certificate {
            let certificate = needed(request.certificate, MISSING)?;
            let unique_identifier =
                register::credential(context, certificate, &request.attributes)?;
            return Ok(CreateCredentialResponse { unique_identifier });
        }
        let mut attributes = folded(&request.attributes)?;
        attributes.credential_type = Some(request.credential_type);
        let new = credential(request)?;
        let who = context.principal;
        let accounts = context.service.accounts_at(context.now);
        let record = accounts.credential(&who.vault, &who.name, attributes, &new)?;
        Ok(CreateCredentialResponse {
            unique_identifier: context.insert(record)?,
        })
    }
}

fn folded(list: &AttributeList) -> Result<Attributes> {
    let mut attributes = Attributes::default();
    template::fold(&mut attributes, list)?;
    Ok(attributes)
}

fn name(attributes: &Attributes) -> Result<&str> {
    needed(attributes.name.first(), "a name is needed").map(|name| name.name_value.as_str())
}

const MISSING: &str = "the credential of the type is missing";

/// Why a credential of this type is none that clients make.
fn not_made(credential_type: CredentialType) -> Error {
    let mut all = CREDENTIALS_NOT_SERVED.iter().chain(CREDENTIALS);
    let known = all.find(|own| own.0 == credential_type);
    let why = known.map_or("there is no such credential", |own| own.1);
    Error::new(
        Fault::FeatureNotServed,
        format!("no credential that clients make: {why}"),
    )
}

/// The credential that a request describes: the one of its type.
fn credential(request: CreateCredentialRequest) -> Result<NewCredential> {
    match request.credential_type {
        CredentialType::Password | CredentialType::UsernameAndPassword => {
            password(needed(request.password_credential, MISSING)?)
        }
        CredentialType::Device => Ok(device(needed(request.device_credential, MISSING)?)),
        CredentialType::OneTimePassword => one_time(needed(request.otp_credential, MISSING)?),
        CredentialType::HashedPassword => {
            hashed(needed(request.hashed_password_credential, MISSING)?)
        }
        other => Err(not_made(other)),
    }
}

fn password(own: PasswordCredential) -> Result<NewCredential> {
    match own.password {
        Some(password) => Ok(NewCredential::Password(password.0)),
        None => salted(&own),
    }
}

/// The draft names a salt, an algorithm and a count of iterations, which is PBKDF2 (RFC 8018 §5.2).
fn salted(own: &PasswordCredential) -> Result<NewCredential> {
    const MISSING: &str =
        "the password is missing, or its salt, algorithm, hash and count of iterations";
    let salt = needed(own.password_salt.as_ref(), MISSING)?;
    let hash = needed(own.salted_password.as_ref(), MISSING)?;
    let function = hash_of(needed(own.password_salt_algorithm, MISSING)?);
    let rounds = u32::try_from(needed(own.iteration_count, MISSING)?).unwrap_or_default();
    let verifier = function.and_then(|own| pin::salted(own, rounds, &salt.0, hash.expose()));
    let refusal = || {
        Error::invalid_field(
            "passwords are salted with 8 to 64 bytes, hashed by HMAC-SHA1, -SHA256, -SHA384 or -SHA512 into 16 to 64, \
             1,000 to 2,000,000 times",
        )
    };
    verifier.map(NewCredential::Salted).ok_or_else(refusal)
}

/// The hash function of an HMAC.
fn hash_of(hmac: CryptographicAlgorithm) -> Option<HashingAlgorithm> {
    Some(match hmac {
        CryptographicAlgorithm::HMACSHA1 => HashingAlgorithm::SHA1,
        CryptographicAlgorithm::HMACSHA256 => HashingAlgorithm::SHA256,
        CryptographicAlgorithm::HMACSHA384 => HashingAlgorithm::SHA384,
        CryptographicAlgorithm::HMACSHA512 => HashingAlgorithm::SHA512,
        _ => return None,
    })
}

fn device(own: DeviceCredential) -> NewCredential {
    NewCredential::Device(Device {
        device_serial_number: own.device_serial_number,
        password: None,
        device_identifier: own.device_identifier,
        network_identifier: own.network_identifier,
        machine_identifier: own.machine_identifier,
        media_identifier: own.media_identifier,
    })
}

fn one_time(own: OTPCredential) -> Result<NewCredential> {
    let number = |number: Option<i32>, usual: u32| {
        number.map_or(Ok(usual), u32::try_from).map_err(|_| {
            Error::invalid_field("the numbers of a one-time password are not negative")
        })
    };
    if !matches!(own.otp_algorithm, OTPAlgorithm::HOTP | OTPAlgorithm::TOTP) {
        return Err(Error::new(
            Fault::FeatureNotServed,
            "one-time passwords are made by HOTP or TOTP",
        ));
    }
    Ok(NewCredential::Otp {
        algorithm: own.otp_algorithm,
        // The defaults of RFC 4226 and RFC 6238.
        digest: own.otp_digest.map_or(Ok(HashingAlgorithm::SHA1), |own| {
            hash_of(own).ok_or_else(|| Error::invalid_field("the digest is an HMAC"))
        })?,
        seed: needed(own.otp_seed, "the seed is missing")?,
        interval_seconds: own.otp_interval.unwrap_or(Interval(30)).0,
        digits: number(own.otp_digits, 6)?,
        counter: number(own.otp_counter, 0)?.into(),
    })
}

fn hashed(own: HashedPasswordCredential) -> Result<NewCredential> {
    Ok(NewCredential::Hashed {
        algorithm: own.hashing_algorithm.unwrap_or(HashingAlgorithm::SHA256),
        username_password: own.hashed_username_password,
        password_username: own.hashed_password_username,
    })
}
