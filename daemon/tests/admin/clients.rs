//! Clients issued, enrolled and revoked.

use keyhold::{
    admin::protocol::{
        Class, ClientEnroll, ClientFacts, ClientIssue, ClientIssued, ClientList, ClientRevoke,
        Refused,
    },
    identity::{Caller, CertificateFacts, Peer},
    pki::Authority,
};
use kmip::ttlv::Timestamp;

use super::harness::{Appliance, appliance};

fn issue(
    own: &Appliance,
    name: &str,
    role: &str,
    days: Option<u32>,
) -> Result<ClientIssued, Refused> {
    own.ask(ClientIssue {
        name: name.to_owned(),
        vault: "dev".to_owned(),
        role: role.to_owned(),
        days,
    })
}

fn list(own: &Appliance) -> Vec<ClientFacts> {
    let vault = Some("dev".to_owned());
    own.ask(ClientList { vault }).unwrap()
}

#[test]
fn clients_are_issued() {
    let own = appliance();
    own.vault("dev", Class::Releasable);
    let issued = issue(&own, "pg", "user", Some(30)).unwrap();
    assert!(
        issued
            .certificate
            .starts_with("-----BEGIN CERTIFICATE-----")
    );
    let key = issued.key.0.expose();
    assert!(key.starts_with(b"-----BEGIN PRIVATE KEY-----"));
    assert!(issued.authority.contains("BEGIN CERTIFICATE"));
    assert_eq!(issued.client.expires, "2023-12-14T22:13:20Z");
    let why = |result: Result<ClientIssued, Refused>| result.err().unwrap();
    assert_eq!(why(issue(&own, "pg", "user", None)).fault, "NameTaken");
    let refused = why(issue(&own, "x", "king", None));
    assert!(refused.message.contains("no role \"king\""), "{refused:?}");
    for days in [0, 99_999] {
        let refused = why(issue(&own, "x", "user", Some(days)));
        assert!(refused.message.contains("days"), "{refused:?}");
    }
    assert_eq!(list(&own), [issued.client]);
    assert_eq!(own.count("dev", "client.issue", "Success"), 1);
}

#[test]
fn clients_of_another_authority_are_enrolled() {
    let own = appliance();
    own.vault("dev", Class::Releasable);
    let enroll = |name: &str, certificate: &str| {
        own.ask(ClientEnroll {
            name: name.to_owned(),
            vault: "dev".to_owned(),
            role: "user".to_owned(),
            certificate: certificate.to_owned(),
        })
    };
    let elsewhere = tempfile::tempdir().unwrap();
    let now = Timestamp(1_700_000_000);
    let other = Authority::create(elsewhere.path(), "other", now).unwrap();
    let theirs = other.issue_client("theirs", 9, now).unwrap();
    let enrolled = enroll("theirs", &theirs.certificate_pem).unwrap();
    assert_eq!(enrolled.key_sha256, hex::encode(theirs.spki_sha256));
    assert_eq!(enrolled.serial, theirs.serial);
    let twin = enroll("twin", &theirs.certificate_pem).unwrap_err();
    assert_eq!(twin.fault, "NameTaken");
    assert!(twin.message.contains("\"theirs\""), "{twin:?}");
    let old = other
        .issue_client("old", 9, Timestamp(1_600_000_000))
        .unwrap();
    let refused = enroll("old", &old.certificate_pem).unwrap_err();
    assert!(refused.message.contains("ended 2020-09-22"), "{refused:?}");
    let refused = enroll("none", "nonsense").unwrap_err();
    assert_eq!(refused.fault, "InvalidField");
    assert_eq!(list(&own).len(), 1);
}

#[test]
fn revoked_clients_are_refused_at_once() {
    let own = appliance();
    own.vault("dev", Class::Releasable);
    let issued = issue(&own, "pg", "user", None).unwrap();
    let key = hex::decode(&issued.client.key_sha256).unwrap();
    let mut caller = Caller::new(Peer::Certificate(CertificateFacts {
        sha256: [0; 32],
        spki_sha256: key.try_into().unwrap(),
        subject: "CN=pg".to_owned(),
        issuer: String::new(),
        alternative_names: Vec::new(),
    }));
    own.service.respond(&mut caller, &discover());
    assert_eq!(own.count("dev", "DiscoverVersions", "Success"), 1);
    let revoke = || {
        own.ask(ClientRevoke {
            name: "pg".to_owned(),
            vault: "dev".to_owned(),
        })
    };
    assert!(revoke().unwrap().revoked.is_some());
    assert!(revoke().unwrap_err().message.contains("was revoked"));
    assert!(own.folder.path().join("ca.crl").exists());
    own.service.respond(&mut caller, &discover());
    let refused = own.count("appliance", "DiscoverVersions", "NotAuthenticated");
    assert_eq!(refused, 1);
    let again = issue(&own, "pg", "user", None).err().unwrap();
    assert_eq!(again.fault, "NameTaken", "the trail knows clients by name");
    assert_eq!(own.count("dev", "client.revoke", "Success"), 1);
}

/// A Discover Versions of KMIP 1.4.
fn discover() -> Vec<u8> {
    hex::decode(concat!(
        "4200780100000060",
        "4200770100000038",
        "4200690100000020",
        "42006a02000000040000000100000000",
        "42006b02000000040000000400000000",
        "42000d02000000040000000100000000",
        "42000f0100000018",
        "42005c05000000040000001e00000000",
        "4200790100000000",
    ))
    .unwrap()
}
