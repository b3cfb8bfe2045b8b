//! Certificates that are credentials: whose a connection is that shows one (KMIP 3.0 §6.1, Create Credential).

use std::sync::Arc;

use kmip::{
    CredentialType, HashingAlgorithm, ObjectType, StorageStatusMask,
    attribute::{Attribute, Digest},
    ttlv::Bytes,
};
use store::{Filter, Record};

use super::{
    account::{Accounts, counts},
    admission::Standing,
    not_authenticated,
};
use crate::error::Result;

impl Accounts<'_> {
    /// Who asks, by what else was proven and by the certificate of the connection, which must be of one user.
    pub(super) fn with_certificate(
        &self,
        proven: Option<Arc<Record>>,
        standing: &Standing,
    ) -> Result<Option<Arc<Record>>> {
        let shown = standing.certificate.as_ref();
        let shown = shown.map_or(Ok(None), |own| self.certified(&standing.vault, own))?;
        match (proven, shown) {
            (Some(one), Some(other)) if one.id != other.id => Err(not_authenticated()),
            (proven, shown) => Ok(proven.or(shown)),
        }
    }

    /// The user whose credential a certificate is, if it is one. As long as the credential is not destroyed, the
    /// certificate is good for its user and for nothing else, archived and revoked too.
    fn certified(&self, vault: &str, sha256: &[u8; 32]) -> Result<Option<Arc<Record>>> {
        let filter = Filter {
            attributes: vec![
                Attribute::ObjectType(ObjectType::Certificate),
                Attribute::CredentialType(CredentialType::Certificate),
                Attribute::Digest(Digest {
                    hashing_algorithm: HashingAlgorithm::SHA256,
                    digest_value: Some(Bytes(sha256.to_vec())),
                    key_format_type: None,
                }),
            ],
            storage_status: Some(
                StorageStatusMask::OnLineStorage | StorageStatusMask::ArchivalStorage,
            ),
            ..Filter::default()
        };
        let credentials = self.located(vault, &filter)?;
        if credentials.is_empty() {
            return Ok(None);
        }
        let mut users = Vec::new();
        for credential in credentials.iter().filter(|own| counts(own, self.now)) {
            users.extend(self.holders(vault, &credential.id)?);
        }
        users.retain(|user| counts(user, self.now));
        match users.as_slice() {
            [user] => Ok(Some(user.clone())),
            _ => Err(not_authenticated()),
        }
    }
}
