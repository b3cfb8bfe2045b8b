//! Certificate authorities of vaults.

use keyhold::{
    admin::protocol::{CaCreate, CaShow, Class},
    authority::Purpose,
};

use super::harness::{Appliance, appliance};

fn create(
    own: &Appliance,
    vault: &str,
    change: impl FnOnce(&mut CaCreate),
) -> Result<String, String> {
    let mut command = CaCreate {
        vault: vault.to_owned(),
        subject: Some("CN=Example,O=Example\\, Inc,C=AU".to_owned()),
        key: "ec-p384".to_owned(),
        days: 100,
        issue_days: 10,
        purposes: vec![Purpose::ClientAuth],
    };
    change(&mut command);
    own.ask(command)
        .map(|facts| facts.certificate)
        .map_err(|refused| refused.message)
}

#[test]
fn an_authority_is_made_once_and_told() {
    let own = appliance();
    own.vault("dev", Class::Releasable);
    let show = || {
        own.ask(CaShow {
            vault: "dev".to_owned(),
        })
    };
    let message = show().unwrap_err().message;
    assert!(
        message.contains("keyhold ca create --vault dev"),
        "{message}"
    );
    let certificate = create(&own, "dev", |_| {}).unwrap();
    let facts = show().unwrap();
    assert_eq!(facts.certificate, certificate);
    assert!(certificate.starts_with("-----BEGIN CERTIFICATE-----"));
    assert_eq!(facts.subject, "CN=Example,O=Example\\, Inc,C=AU");
    assert_eq!((facts.key.as_str(), facts.issue_days), ("ec-p384", 10));
    assert_eq!(facts.purposes, [Purpose::ClientAuth]);
    assert_eq!(facts.ends, "2024-02-22T22:13:20Z");
    let again = create(&own, "dev", |_| {}).unwrap_err();
    assert!(again.contains("already"), "{again}");
    assert_eq!(own.count("dev", "ca.create", "Success"), 2);
    assert_eq!(own.count("dev", "ca.create", "NotCommitted"), 1);
}

#[test]
fn unfit_authorities_are_refused() {
    let own = appliance();
    own.vault("dev", Class::Releasable);
    assert!(create(&own, "nothing", |_| {}).is_err());
    for change in [
        (|own| own.key = "nonsense".to_owned()) as fn(&mut CaCreate),
        |own| own.key = "aes-256".to_owned(),
        |own| own.key = "ec-secp256k1".to_owned(),
        |own| own.subject = Some("nonsense".to_owned()),
        |own| own.days = 0,
        |own| own.issue_days = 100_000,
    ] {
        assert!(create(&own, "dev", change).is_err());
    }
    let usual = create(&own, "dev", |own| own.subject = None).unwrap();
    assert!(!usual.is_empty());
}
