//! Users and what proves them: passwords, devices, one-time passwords, hashed passwords; and what proves nothing.

mod credentials;
mod users;

use keyhold::identity::{Caller, NewCredential, NewUser};
use kmip::{
    ObjectType, ResultReason, Secret,
    attribute::Attribute,
    client::{incoming, outgoing},
    message::{
        Authentication, Credential, OneTimePassword, Password, RequestHeader, Response,
        UsernameAndPassword,
    },
    payload::{
        create::CreateRequest,
        query::{Query, QueryRequest},
    },
    ttlv::Timestamp,
};
use store::Store;

use crate::fixture::{Fixture, peer};

pub(crate) fn password(text: &str) -> Password {
    Password(Secret::from(text.as_bytes()))
}

pub(crate) fn login(username: &str, secret: &str) -> Credential {
    Credential::UsernameAndPassword(UsernameAndPassword {
        username: username.to_owned(),
        password: Some(password(secret)),
    })
}

pub(crate) fn one_time(username: &str, fixed: Option<&str>, once: &str) -> Credential {
    Credential::OneTimePassword(OneTimePassword {
        username: username.to_owned(),
        password: fixed.map(password),
        one_time_password: password(once),
    })
}

impl Fixture {
    /// Makes a user of the vault `one`.
    pub(crate) fn user(&self, name: &str, role: &str, credentials: Vec<NewCredential>) {
        let user = NewUser {
            name: name.to_owned(),
            role: role.to_owned(),
            credentials,
        };
        self.service.accounts().add("one", &user).unwrap();
    }

    /// One operation of a message with credentials.
    pub(crate) fn say<O: kmip::payload::Operation>(
        &mut self,
        credentials: Vec<Credential>,
        request: &O::Request,
    ) -> Result<O::Response, ResultReason> {
        let response = self.said(credentials, &[outgoing::<O>(request, self.version)]);
        incoming::<O>(&response.items[0], self.version)
            .map_err(|_| response.items[0].result_reason.unwrap())
    }

    fn said(
        &mut self,
        credentials: Vec<Credential>,
        items: &[kmip::message::OutgoingItem],
    ) -> Response {
        let header = RequestHeader {
            authentication: Some(Authentication {
                credential: credentials,
            }),
            ..self.header()
        };
        self.send(&header, items)
    }

    fn ask(&mut self, credentials: Vec<Credential>) -> Result<(), ResultReason> {
        let query = QueryRequest {
            query_function: vec![],
        };
        self.say::<Query>(credentials, &query).map(drop)
    }

    pub(crate) fn store_record(&self, id: &str) -> std::sync::Arc<store::Record> {
        let id = store::ObjectId(id.to_owned());
        self.store.record(&id).unwrap().unwrap()
    }

    /// Lets time pass.
    pub(crate) fn pass(&self, seconds: i64) {
        let now = self.clock.now().0 + seconds;
        self.clock.advance_to(Timestamp(now));
    }

    fn reconnect(&mut self) {
        self.caller = Caller::new(peer(1));
    }
}

fn secret(text: &str) -> Secret {
    Secret::from(text.as_bytes())
}

pub(crate) fn aes() -> CreateRequest {
    CreateRequest {
        object_type: ObjectType::SymmetricKey,
        attributes: [
            Attribute::CryptographicAlgorithm(kmip::CryptographicAlgorithm::AES),
            Attribute::CryptographicLength(128),
            Attribute::CryptographicUsageMask(kmip::CryptographicUsageMask(0xC)),
        ]
        .into_iter()
        .collect(),
        protection_storage_masks: None,
    }
}

const NO: Result<(), ResultReason> = Err(ResultReason::AuthenticationNotSuccessful);
