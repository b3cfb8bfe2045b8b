//! What the configured revocation lists say is what Validate says, from the next reload on.

use keyhold::{
    pki::{Authority, Revocation},
    tls::certificate_facts,
};
use kmip::{
    CertificateType, V2_1, ValidityIndicator,
    client::Client,
    object::Certificate,
    payload::validate::{Validate, ValidateRequest},
    ttlv::{Bytes, Timestamp},
};
use rustls::pki_types::{CertificateDer, pem::PemObject};
use time::OffsetDateTime;

use crate::{
    harness::{BOTH, Daemon},
    trust::{issued, params},
};

#[test]
fn a_list_that_is_configured_makes_a_certificate_invalid() {
    let (_folder, daemon) = Daemon::fresh();
    let stranger = issued(&daemon, &params("stranger")).chain[0].to_vec();
    let root = CertificateDer::from_pem_file(daemon.dir.join("ca.pem")).unwrap();
    let request = ValidateRequest {
        certificate: [stranger.as_slice(), &root]
            .map(|value| Certificate {
                certificate_type: CertificateType::X509,
                certificate_value: Bytes(value.to_vec()),
            })
            .to_vec(),
        unique_identifier: Vec::new(),
        validity_date: None,
    };
    let stream = daemon.ask(Some(&daemon.identity()), BOTH).unwrap();
    let mut client = Client::new(stream, V2_1, 1024 * 1024);
    let mut validity = || {
        let answer = client.call::<Validate>(&request).unwrap();
        answer.validity_indicator
    };
    assert_eq!(
        validity(),
        ValidityIndicator::Unknown,
        "nobody knows the root"
    );

    let revocation = Revocation {
        serial: certificate_facts(&CertificateDer::from(stranger.as_slice()))
            .unwrap()
            .serial,
        time: Timestamp(OffsetDateTime::now_utc().unix_timestamp()),
    };
    let authority = Authority::load(&daemon.dir).unwrap();
    authority
        .write_revocations(std::slice::from_ref(&revocation), revocation.time)
        .unwrap();
    daemon.reload(|text| {
        let before = "client_authorities";
        text.replace(
            before,
            &format!("revocation_lists = [\"ca.crl\"]\n{before}"),
        )
    });
    daemon.wait_for_log("the configuration is reloaded");
    assert_eq!(validity(), ValidityIndicator::Invalid);
}
