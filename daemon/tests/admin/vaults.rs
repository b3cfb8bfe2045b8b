//! Vaults, and who may ask at all.

use keyhold::admin::protocol::{
    Class, Custody, InitToken, PinChange, Profile, SecretText, VaultCreate, VaultList, VaultSet,
    VaultShow,
};
use kmip::{Secret, ttlv::Timestamp};

use super::harness::{ADMINISTRATOR, appliance};

#[test]
fn vaults_are_made_changed_and_told() {
    let own = appliance();
    let made = own.vault("dev", Class::Locked);
    assert_eq!(
        (made.backend.as_str(), made.class),
        ("embedded", Class::Locked)
    );
    assert!(made.has_user_pin && !made.has_so_pin);
    assert_eq!(made.custody, Custody::Wrapped);
    assert_eq!(made.created, "2023-11-14T22:13:20Z");
    let pin = |text: &[u8]| Some(PinChange::Set(SecretText(Secret::from(text))));
    let changed = own
        .ask(VaultSet {
            name: "dev".to_owned(),
            custody: None,
            class: Some(Class::Releasable),
            profile: Some(Profile::Strict),
            user_pin: Some(PinChange::Clear),
            so_pin: pin(b"97531246"),
            init_token: Some(InitToken::Allowed),
        })
        .unwrap();
    assert_eq!(
        (changed.class, changed.profile),
        (Class::Releasable, Profile::Strict)
    );
    assert!(!changed.has_user_pin && changed.has_so_pin);
    assert_eq!(made.init_token, InitToken::Refused);
    assert_eq!(
        (changed.token_label.as_str(), changed.init_token),
        ("dev", InitToken::Allowed)
    );
    let right = Secret::from(&b"97531246"[..]);
    let now = Timestamp(0);
    own.service
        .directory()
        .verify_pin("dev", "so", &right, now)
        .unwrap();
    assert_eq!(own.ask(VaultList {}).unwrap(), [changed]);
    let shown = own
        .ask(VaultShow {
            name: "dev".to_owned(),
        })
        .unwrap();
    assert_eq!(shown.objects, Some(0));
    assert_eq!(own.count("appliance", "vault.create", "Success"), 1);
    assert_eq!(own.count("dev", "vault.set", "Success"), 1);
}

#[test]
fn unfit_vaults_are_refused_and_recorded() {
    let own = appliance();
    own.vault("dev", Class::Releasable);
    let create = |name: &str, backend: Option<&str>, pin: &[u8]| {
        own.ask(VaultCreate {
            name: name.to_owned(),
            backend: backend.map(str::to_owned),
            custody: None,
            class: Class::Releasable,
            profile: Profile::Compatible,
            user_pin: Some(SecretText(Secret::from(pin))),
            so_pin: None,
            init_token: InitToken::Refused,
        })
        .unwrap_err()
    };
    assert_eq!(create("dev", None, b"1234").fault, "NameTaken");
    for name in ["", "appliance", "a/b", ".x", "a\nb", " a", &"x".repeat(33)] {
        assert_eq!(
            create(name, None, b"1234").fault,
            "InvalidField",
            "{name:?}"
        );
    }
    let refused = create("new", Some("luna"), b"1234");
    assert!(
        refused.message.contains("there is: embedded"),
        "{refused:?}"
    );
    let refused = own
        .ask(VaultSet {
            name: "dev".to_owned(),
            custody: Some(Custody::Resident),
            class: None,
            profile: None,
            user_pin: None,
            so_pin: None,
            init_token: None,
        })
        .unwrap_err();
    assert!(refused.message.contains("keeps no keys"), "{refused:?}");
    let refused = create("new", None, b"12");
    assert!(refused.message.contains("4 to 255"), "{refused:?}");
    assert_eq!(own.count("appliance", "vault.create", "InvalidField"), 9);
    assert_eq!(own.count("appliance", "vault.create", "NameTaken"), 1);
    assert_eq!(own.ask(VaultList {}).unwrap().len(), 1);
}

#[test]
fn only_administrators_are_answered() {
    let own = appliance();
    for uid in [0, 1_000] {
        let refused = own.ask_as(uid, VaultList {}).unwrap_err();
        assert_eq!(refused.fault, "NotPermitted");
        assert!(
            refused.message.contains(&format!("user {uid} ")),
            "{refused:?}"
        );
    }
    assert_eq!(own.count("appliance", "Administration", "NotPermitted"), 2);
    let nonsense = [
        "{",
        "{}",
        "[]",
        "{\"command\":\"vault.list\"}",
        "{\"command\":\"vault.list\",\"arguments\":{\"x\":1}}",
        "{\"command\":\"rm\",\"arguments\":{}}",
        "{\"command\":\"vault.create\",\"arguments\":{\"name\":7}}",
    ];
    for line in nonsense {
        let answer = own.admin.answer(ADMINISTRATOR, line);
        assert!(
            answer.starts_with("{\"refused\":{\"fault\":\"InvalidField\""),
            "{line}: {answer:?}"
        );
    }
    let long = format!("{{\"command\":\"{}\"}}", "x".repeat(1 << 20));
    let answer = own.admin.answer(ADMINISTRATOR, &long);
    assert!(answer.contains("1 MiB"), "{answer:?}");
    let secret =
        "{\"command\":\"vault.create\",\"arguments\":{\"name\":\"v\",\"user_pin\":97531246}}";
    let answer = own.admin.answer(ADMINISTRATOR, secret);
    assert!(!answer.contains("97531246"), "{answer:?}");
    let refused = own
        .records()
        .iter()
        .filter(|record| record.3 == "InvalidField")
        .count();
    assert_eq!(refused, nonsense.len() + 2);
}
