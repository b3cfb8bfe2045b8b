//! What a connection was let in by, asked again as long as it lasts.

use std::{sync::Arc, time::Duration};

use kmip::ttlv::Timestamp;
use rustls::{
    CertificateError, Error, ServerConnection,
    pki_types::{CertificateDer, UnixTime},
};

use super::{Terms, Tls, facts};

/// The certificates of a client, and the terms under which they were found good.
pub(crate) struct Trust {
    tls: Arc<Tls>,
    terms: Arc<Terms>,
    chain: Vec<CertificateDer<'static>>,
    /// When the client's own certificate ends.
    ends: Timestamp,
}

impl Trust {
    /// Of a finished handshake.
    pub(crate) fn of(
        tls: Arc<Tls>,
        terms: Arc<Terms>,
        connection: &ServerConnection,
    ) -> Result<Self, Error> {
        let chain = connection.peer_certificates().unwrap_or_default();
        let first = chain.first().ok_or(Error::NoCertificatesPresented)?;
        let ends = facts::parse(first)?.validity().not_after.timestamp();
        Ok(Self {
            tls,
            terms,
            chain: chain.iter().map(|own| own.clone().into_owned()).collect(),
            ends: Timestamp(ends),
        })
    }

    /// Whether the client would be let in now: its certificate ends, and a reload brings other authorities and lists.
    pub(crate) fn check(&mut self, now: Timestamp) -> Result<(), Error> {
        if self.ends < now {
            return Err(CertificateError::Expired.into());
        }
        if self.tls.has(&self.terms) {
            return Ok(());
        }
        let terms = self.tls.terms();
        let (first, others) = self
            .chain
            .split_first()
            .ok_or(Error::NoCertificatesPresented)?;
        let seconds = u64::try_from(now.0).unwrap_or_default();
        let time = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
        terms.verifier.verify(first, others, time)?;
        self.terms = terms;
        Ok(())
    }
}
